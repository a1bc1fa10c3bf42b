"""A mail of a proved agent: the text first (B33), then the commands, then who is told, then the receipt (B35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from maild.mail import quoting
from maild.policy import commands, opening, orders, rules
from maild.policy.changes import Change, Changed, Joined, Left, Linked, Noted, Notified, Released, Tagged
from maild.policy.commands import parties
from maild.policy.decision import Commanded, Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Line, Parsed, Say
from maild.policy.terms import Desk

assert commands  # importing it registers the commands

_BROKEN = 20  # characters that what is left of a broken quoted line has at least
_ASKING = frozenset({"help", "list", "show", "on", "stop"})  # what can be asked without a ticket
_SPEAKS = frozenset({"resolve", "close", "template", "reply-all", "merge", "spam", "status", "reopen"})
# What is said about a ticket that does not exist yet
_AT_OPENING = frozenset(
    {
        *("take", "assign", "escalate", "line", "watch", "pending", "remind", "cc", "note", "template", "stop"),
        *("priority", "impact", "urgency", "category", "service", "type", "tag", "untag", "subject"),
    }
)


@dataclass(frozen=True, slots=True)
class _Came:
    """What the command lines of a mail came to."""

    results: tuple[Commanded, ...]
    changes: tuple[Change, ...]
    others: tuple[tuple[str, tuple[Change, ...]], ...]

    @property
    def told(self) -> bool:
        """Whether the requester is told of the solution."""
        return any(isinstance(c, Notified) and c.notice == "resolution" for c in self.changes)


def writes(facts: Facts, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """The decision for a mail of a proved agent."""
    parsed = orders.parse(facts.mail.reply, facts.verb)
    me = desk.people.get(facts.actor)
    if parsed.lines and me is not None and orders.signs(parsed.text, me.name):
        parsed = replace(parsed, text="")
    if opens_first(facts):
        return _opens_for(parsed, facts, desk, ruleset)
    if facts.ticket is not None:
        return _replies(parsed, facts, facts.ticket, desk)
    verbs = {line.verb for line in parsed.lines}
    if "on" in verbs and parsed.text:  # it was meant for a ticket that is not here
        key = next((line.words for line in parsed.lines if line.verb == "on"), "")
        return _refused_opening(parsed, facts, Say("no_ticket", {"key": key}) if key else Say("needs_ticket"))
    if verbs and not parsed.text:
        return _asks(parsed, facts, desk)
    if facts.about is not None:  # it answers a list or a receipt, and those belong to no ticket
        return _refused_opening(parsed, facts, Say("needs_ticket"))
    return opening.opens(facts, desk, ruleset)


def opens_first(facts: Facts) -> bool:
    """Whether an agent's mail begins with `!new`: then it is for another ticket than the one that it answers."""
    first = orders.parse(facts.mail.reply, facts.verb).lines[:1]
    return any(line.verb == "new" and not line.under_quote for line in first)


def quotes(text: str) -> bool:
    """Whether lines of `text` are a quote, so that what the ticket says inside must be known to decide."""
    return any(quoting.QUOTED.match(row) for row in text.split("\n"))


# -- a reply ----------------------------------------------------------------------------------------------------------


def _replies(parsed: Parsed, facts: Facts, ticket: TicketView, desk: Desk) -> Decision:
    kept = _kept(parsed, ticket)
    internal = bool(kept) or _inside(parsed, facts)
    said = parsed.text if internal else _public(parsed.text, facts)
    said = "\n\n".join(filter(None, (said, *_prepared(parsed, ticket, desk))))
    if facts.since and not internal and _speaks(parsed, said, facts):
        return _stale(parsed, facts, said)
    if internal:  # the words after !resolve stay with all else of the mail (M9, B34)
        said = "\n\n".join(filter(None, (said, *(x.words for x in parsed.lines if x.verb == "resolve"))))
    came = _commanded(parsed, facts, ticket, desk, "" if internal else said, held=internal)
    text = said
    if came.told and not internal and not text:  # the words after !resolve are what the requester reads
        text = next((x.words for x in parsed.lines if x.verb == "resolve" and not x.under_quote), "")
    changes = [*_story(facts, ticket, text, came, internal=internal, kept=kept), *came.changes]
    if came.results and _wants_receipt(came, facts, desk):
        changes.append(_receipt(came, text, internal=internal, kept=kept))
    if not (came.results or text or _files(facts)):
        # nothing new was found in it: that may be our mistake, so all of it is kept and its writer told
        empty = Notified("receipt", ("actor",), {"results": (), "sent": "nothing", "kept": ""})
        changes = [recorded(facts, facts.mail.text, internal=True), empty]
    return Decision("filed", "an agent's reply", tuple(changes), commands=came.results, others=came.others)


def _kept(parsed: Parsed, ticket: TicketView) -> str:
    """Why the text is kept from the requester although nobody said so: a word was not understood (B34), or a guard."""
    if not {line.verb for line in parsed.lines} <= set(orders.COMMANDS):
        return "unknown"  # it may have been meant to keep the text inside
    if "new" in {line.verb for line in parsed.lines}:
        return "unknown"  # not the first, so it opens nothing; its words are for somebody else than this requester
    return "guard" if any(line.on not in ("", ticket.key) for line in parsed.lines) else ""


def _inside(parsed: Parsed, facts: Facts) -> bool:
    """Whether the mail is for agents alone: it says so, or it answers what is (B28)."""
    own = {line.verb for line in parsed.lines if not line.under_quote}
    return "note" in {line.verb for line in parsed.lines} or (facts.internal and not own & {"public", "reply-all"})


def _prepared(parsed: Parsed, ticket: TicketView, desk: Desk) -> list[str]:
    """The texts that `!template` names, in the requester's language."""
    named = [x.words for x in parsed.lines if x.verb == "template" and not x.under_quote and x.words in desk.replies]
    texts = [desk.replies[name] for name in named]
    return [text.get(ticket.language) or next(iter(text.values())) for text in texts]


def _speaks(parsed: Parsed, text: str, facts: Facts) -> bool:
    return bool(text) or _files(facts) or any(line.verb in _SPEAKS for line in parsed.lines)


def _files(facts: Facts) -> bool:
    """Whether something is attached that says something: the logo of a signature is no answer."""
    return any(not a.inline for a in facts.mail.attachments)


def _stale(parsed: Parsed, facts: Facts, text: str) -> Decision:
    """Others have acted since the notice was written that this answers: its writer decides once more (B37)."""
    why = "others have acted since the notice that it answers"
    shown = "\n".join(filter(None, (text, *(x.written for x in parsed.lines))))
    told = Notified("stale", ("actor",), {"since": facts.since, "text": shown})
    changes = (recorded(facts, text, internal=True), Noted("held", why, "maild"), told)
    refused = tuple(Commanded(x.written, "refused", Say("stale")) for x in parsed.lines)
    return Decision("held", why, changes, commands=refused)


def _commanded(parsed: Parsed, facts: Facts, ticket: TicketView, desk: Desk, text: str, *, held: bool) -> _Came:
    """What each command line comes to, each on the ticket as those before it leave it."""
    results: list[Commanded] = []
    proposed: list[Change] = []
    others: list[tuple[str, tuple[Change, ...]]] = []
    for line in parsed.lines[: orders.MOST]:
        answer = _answer(line, facts, ticket, desk, text, held=held)
        if isinstance(answer, orders.Done):
            results.append(Commanded(line.written, "done", answer.says))
            proposed += answer.changes
            others += answer.others
            ticket = _after(ticket, answer.changes)
        elif answer is None:
            results.append(_unknown(line))
        else:
            results.append(Commanded(line.written, "refused", answer.says))
    for line in parsed.lines[orders.MOST :][:1]:
        results.append(Commanded(line.written, "refused", Say("too_many", {"most": str(orders.MOST)})))
    return _Came(tuple(results), tuple(proposed), tuple(others))


def _unknown(line: Line) -> Commanded:
    says = Say("two") if line.verb == orders.TWO else Say("unknown", {"near": orders.nearest(line.verb) or "help"})
    return Commanded(line.written, "unknown", says)


def _refused(line: Line, says: Say) -> Commanded:
    return Commanded(line.written, "refused", says) if line.verb in orders.COMMANDS else _unknown(line)


def _answer(
    line: Line, facts: Facts, ticket: TicketView, desk: Desk, text: str, *, held: bool
) -> orders.Done | orders.Refused | None:
    # M9, B34: where the text stays inside, so do the words after !resolve
    meant = replace(line, words="") if held and line.verb == "resolve" else line
    answer = orders.run(meant, facts, ticket, desk, text)
    if answer is not None and line.under_quote and line.verb != "note":
        return orders.Refused(Say("under_quote"))
    if held and line.verb in ("public", "reply-all"):
        return orders.Refused(Say("stays_inside"))
    if answer is not None and line.verb != "on" and line.on not in ("", ticket.key):
        return orders.Refused(Say("not_on", {"key": line.on, "this": ticket.key}))
    return answer


def _after(ticket: TicketView, changes: Sequence[Change]) -> TicketView:
    """The ticket as the next command finds it."""
    for change in changes:
        if isinstance(change, Changed) and hasattr(ticket, change.field):
            ticket = replace(ticket, **cast("Any", {change.field: change.value}))
        elif isinstance(change, Tagged):
            ticket = replace(ticket, tags=ticket.tags | {change.tag} if change.on else ticket.tags - {change.tag})
        elif isinstance(change, Joined):
            ticket = replace(ticket, participants=ticket.participants | {change.address})
        elif isinstance(change, Left):
            ticket = replace(ticket, participants=ticket.participants - {change.address})
    return ticket


def _story(facts: Facts, ticket: TicketView, text: str, came: _Came, *, internal: bool, kept: str) -> Sequence[Change]:
    attached = facts.mail.attachments
    bare = came.results and not text and not internal and not came.told
    if bare and attached and all(a.inline for a in attached):
        return [recorded(facts, "", internal=True)]  # B33: the logo of a signature is no answer
    story = _said(facts, ticket, text, internal=internal, told=came.told)
    # what was kept back the receipt tells its writer; nobody meant it as a note
    return [c for c in story if not isinstance(c, Notified)] if kept else story


def _said(facts: Facts, ticket: TicketView, text: str, *, internal: bool, told: bool) -> list[Change]:
    """What an agent wrote, recorded and passed on to whom it is meant for."""
    if not text and not (facts.mail.attachments and not told):
        return []
    changes: list[Change] = [recorded(facts, text, internal=internal, out=not internal)]
    if internal:
        return [*changes, Notified("internal_note", ("owner",), {"text": text})]
    if ticket.status == "new":
        changes.append(Changed("status", "open", "an agent answered", facts.actor))
    if ticket.assignee is None and ticket.status != "closed":
        changes.append(Changed("assignee", facts.actor, "answered first", facts.actor))
    if not told:
        changes.append(Notified("public_reply", ("requester", "participants"), {"text": text}))
    return [*changes, Notified("agent_reply", ("watchers",), {"text": text})]


def _wants_receipt(came: _Came, facts: Facts, desk: Desk) -> bool:
    """Failures always; successes unless the agent's setting says no (B35)."""
    me = desk.people.get(facts.actor)
    return any(r.result != "done" for r in came.results) or me is None or me.receipts == "all"


def _receipt(came: _Came, text: str, *, internal: bool, kept: str) -> Notified:
    solved = "resolution" if text else "solved"
    released = any(isinstance(c, Released) and c.how == "send" for c in came.changes)
    quiet = "" if released else "nothing"
    sent = "internal" if internal and text else solved if came.told else "public" if text else quiet
    undoes = any(isinstance(c, (Changed, Tagged, Joined, Left, Linked)) for c in came.changes)
    values = {"results": came.results, "sent": sent, "kept": kept if text else "", "undoes": undoes}
    return Notified("receipt", ("actor",), values)


def _public(text: str, facts: Facts) -> str:
    """What goes out, without the lines of internal notes that it quotes (M9, B29). A quote of public words stays."""
    if not facts.inside:
        return text
    kept: list[str] = []
    under = False
    for row in text.split("\n"):
        quoted = bool(quoting.QUOTED.match(row))
        under = quoted or (under and bool(row.strip()))
        words = " ".join(quoting.MARKS.sub("", row).split())
        # what follows a quote in its paragraph may be the rest of a broken line, or a short answer
        # a program may have altered what it quotes twice: of that, only words that are known to be public stay
        inside = words in facts.inside or (quoted and quoting.depth(row) > 1)
        told = len(words) >= (3 if quoted else _BROKEN) and inside and words not in facts.outside
        if not (under and told):
            kept.append(row)
        elif kept[-1:] != ["> [\u2026]"]:
            kept.append("> [\u2026]")
    own = [row for row in kept if row.strip() and row != "> [\u2026]"]
    return "\n".join(kept) if own else ""  # nothing but what may not go out is no answer (B41)


# -- without a ticket -------------------------------------------------------------------------------------------------


def _asks(parsed: Parsed, facts: Facts, desk: Desk) -> Decision:
    """A question that belongs to no ticket is answered, and that is all."""
    asked = replace(parsed, lines=tuple(x for x in parsed.lines if x.verb in _ASKING))
    came = _commanded(asked, facts, _no_ticket(facts, desk), desk, "", held=False)
    done = iter(came.results)
    came = replace(
        came,
        results=tuple(next(done) if x.verb in _ASKING else _refused(x, Say("needs_ticket")) for x in parsed.lines),
    )
    answers = tuple(c for c in came.changes if isinstance(c, Notified))
    if any(r.result != "done" for r in came.results):
        answers = (*answers, _receipt(came, "", internal=False, kept=""))
    why = "an agent's question, answered by mail"
    return Decision("ignored", why, commands=came.results, others=came.others, answers=answers)


def _opens_for(parsed: Parsed, facts: Facts, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """`!new for ADDRESS`: a ticket of somebody else, with the agent's words and commands (B41)."""
    line, rest = parsed.lines[0], parsed.lines[1:]
    words = line.words.partition(" ")[2] if line.words.lower().startswith(("for ", "per ")) else line.words
    order = orders.Order(facts, _no_ticket(facts, desk), desk, words, "")
    found = parties.outsiders(order, words)
    allowed = tuple(one for one in rest if one.verb in _AT_OPENING)
    if isinstance(found, orders.Refused) or len(found) != 1 or len(allowed) < len(rest):
        refusal = found.says if isinstance(found, orders.Refused) else Say("new_first")
        refusal = Say("staff_opens", refusal.args) if refusal.key == "staff_address" else refusal
        return _refused_opening(parsed, facts, refusal)
    ((wanted, name),) = found
    opened = replace(
        opening.opened_by(facts, desk, rules.evaluate(ruleset, facts, desk.priority)),
        requester=wanted,
        requester_name=name,
        why=f"opened by {facts.actor}",
    )
    values: dict[str, Any] = {name: x for name, x in opened.values.items() if hasattr(order.ticket, name)}
    view = replace(order.ticket, **values)
    internal = "note" in {one.verb for one in rest}
    text = "\n\n".join(filter(None, (parsed.text, *_prepared(parsed, view, desk))))
    came = _commanded(Parsed(allowed, text), facts, view, desk, text, held=False)
    came = replace(came, results=(Commanded(line.written, "done", Say("opened_for", {"who": wanted})), *came.results))
    told = (
        Notified("acknowledgement", ("requester",))
        if internal
        else Notified("opened_for", ("requester",), {"text": text})
    )
    story: tuple[Change, ...] = (opened, recorded(facts, text, internal=internal), *came.changes)
    owner = Notified("new_ticket", ("owner",), {"text": text, "opened_by": desk.people[facts.actor].name})
    receipt = (_receipt(came, "" if internal else text, internal=internal, kept=""),)
    return Decision(
        "filed",
        f"{facts.actor} opened it for {wanted}",
        (*story, told, owner, *(receipt if _wants_receipt(came, facts, desk) else ())),
        opens=True,
        commands=came.results,
    )


def _refused_opening(parsed: Parsed, facts: Facts, says: Say) -> Decision:
    """Nothing is opened; the words stay where they were sent to, or with their writer."""
    first = Commanded(parsed.text.partition("\n")[0][:60], "refused", says)
    results = tuple(_refused(line, says) for line in parsed.lines) or (first,)
    receipt = Notified("receipt", ("actor",), {"results": results, "sent": "nothing", "kept": "unknown"})
    if facts.ticket is None:
        return Decision("ignored", "an agent's !new that could not be done", commands=results, answers=(receipt,))
    story = (recorded(facts, parsed.text, internal=True), receipt)
    return Decision("filed", "an agent's !new that could not be done", story, commands=results)


def _no_ticket(facts: Facts, desk: Desk) -> TicketView:
    """What commands see that are given before there is a ticket."""
    return TicketView(
        key="",
        type="incident",
        status="new",
        priority="",
        impact=desk.priority.impact,
        urgency=desk.priority.urgency,
        category=None,
        service=None,
        line=next(iter(desk.lines)),
        assignee=None,
        requester="",
        language=facts.language,
        subject="",
        tags=frozenset(),
        opened_at=facts.now,
        resolved_at=None,
        closed_at=None,
        revision=0,
    )
