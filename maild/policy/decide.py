"""What one mail shall bring about: facts in, a decision out.

The one place where rules, commands and defaults meet, in this order of strength: what an agent commands, what a rule
says, what the desk does by default. It decides; `desk.tickets.apply` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from maild.mail import quoting
from maild.outcome import FateName, Result
from maild.policy import answers, commands, orders, priority, rules, subject
from maild.policy.changes import Change, Changed, Noted, Notified, Opened, Recorded, Tagged, TicketField
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Say
from maild.policy.terms import Desk

assert commands  # importing it registers the commands

_BROKEN = 20  # characters that what is left of a broken quoted line has at least
_SHOWN = 20  # commands of an unproved mail that are named in its fate: anybody can write any number


@dataclass(frozen=True, slots=True)
class Commanded:
    """What came of one command line."""

    line: str
    result: Result
    says: Say


@dataclass(frozen=True, slots=True)
class Decision:
    """The fate of a mail and what it changes. `opens` holds where the changes make a new ticket."""

    fate: FateName
    reason: str
    changes: tuple[Change, ...] = ()
    opens: bool = False
    commands: tuple[Commanded, ...] = ()


def decide(facts: Facts, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """The decision for one mail that is no duplicate. `facts.ticket` is None where it opens a ticket."""
    kind = facts.mail.kind
    if kind == "loop":
        return Decision("ignored", "a mail of our own came back")
    if kind in ("auto_reply", "mdn", "calendar_reply", "dsn_failed", "dsn_delayed"):
        return _automatic_answer(facts)
    if kind == "auto_generated" and facts.ticket is not None and (facts.to_staff or facts.from_staff):
        return _automatic_answer(facts)  # it answers a notice: whoever were told of it might have a machine too (M6)
    if facts.ticket is None:
        return _opening(facts, desk, ruleset)
    if facts.verdict == "stranger":
        return _opening(facts, desk, ruleset, link=facts.ticket)
    if kind in ("auto_generated", "list") or facts.verdict == "unverified":
        return _unproved(facts, facts.ticket)
    if facts.verdict == "agent":
        return _agent(facts, facts.ticket, desk)
    return _requester(facts, facts.ticket, desk, ruleset)


def _automatic_answer(facts: Facts) -> Decision:
    """An out-of-office, a read receipt and the like: noted, changing nothing, waking nobody (M6, B17)."""
    if facts.ticket is None:
        return Decision("ignored", f"{facts.mail.kind_why}; it answers nothing that is known here")
    changes: tuple[Change, ...] = (Noted(facts.mail.kind, facts.mail.kind_why, facts.actor or "unknown"),)
    if facts.mail.kind in ("auto_reply", "calendar_reply", "auto_generated"):
        changes = (_recorded(facts, facts.mail.reply or facts.mail.text, internal=True), *changes)
    bounce = facts.mail.bounce
    if bounce is not None and facts.mail.kind == "dsn_failed" and not facts.to_staff:
        address = ", ".join(bounce.recipients) or "unknown"
        told = {"address": address, "diagnostic": bounce.diagnostic, "action": bounce.action}
        changes = (*changes, Notified("undelivered", ("owner",), told))
    return Decision("filed", facts.mail.kind_why, changes)


# -- a new ticket ---------------------------------------------------------------------------------------------------


def _opening(facts: Facts, desk: Desk, ruleset: Sequence[rules.Rule], link: TicketView | None = None) -> Decision:
    """A mail that opens a ticket: rules over defaults, priority from the matrix."""
    ruled = rules.evaluate(ruleset, facts, desk.priority)
    if ruled.drop is not None:
        return Decision("ignored", ruled.drop)
    mail = facts.mail
    values: dict[TicketField, str | None] = {
        "type": "incident",
        "status": "new",
        "impact": desk.priority.impact,
        "urgency": desk.priority.urgency,
        "line": next(iter(desk.lines)),
        "subject": subject.clean(mail.subject) or _first_line(mail.text),
        "language": facts.language,
    }
    tags: set[str] = set()
    whys: list[str] = []
    for applied in ruled.applied:
        whys.append(f'rule "{applied.rule}"')
        for change in applied.changes:
            if isinstance(change, Changed):
                values[change.field] = change.value
            elif isinstance(change, Tagged):
                tags.add(change.tag)
    _follow_category(values, {c.field for a in ruled.applied for c in a.changes if isinstance(c, Changed)}, desk)
    values.setdefault("priority", priority.priority(desk.priority, values["impact"] or "", values["urgency"] or ""))
    why = ", ".join(whys) or "a new mail"
    silent = not (mail.kind == "human" and mail.answerable and facts.sender)
    changes: list[Change] = [
        Opened(
            facts.sender or "unknown@invalid",
            mail.sender.name if mail.sender else "",
            facts.account,
            facts.now,
            values,
            frozenset(tags),
            why,
            facts.actor or "unknown",
            silent=silent,
        ),
        _recorded(facts, mail.text),
    ]
    if link is not None:
        changes.append(Noted("linked", f"it refers to {link.key}", "maild"))
    if not silent and ruled.acknowledge != "never":
        changes.append(Notified("acknowledgement", ("requester",)))
    verified = facts.verdict != "unverified"
    changes.append(Notified("new_ticket", ("owner",), {"text": mail.text, "verified": verified}))
    return Decision("filed", why, tuple(changes), opens=True)


def _follow_category(values: dict[TicketField, str | None], ruled: set[TicketField], desk: Desk) -> None:
    """A category brings its line and service, where no rule said otherwise."""
    category = desk.categories.get(values.get("category") or "")
    if category is None:
        return
    if category.line and "line" not in ruled:
        values["line"] = category.line
    if category.service and "service" not in ruled:
        values["service"] = category.service


def _first_line(text: str) -> str:
    return next((line.strip()[:100] for line in text.splitlines() if line.strip()), "")


# -- a reply of an agent ----------------------------------------------------------------------------------------------


def _agent(facts: Facts, ticket: TicketView, desk: Desk) -> Decision:
    """A proved agent: the text first (B33), then the commands, then who is told."""
    parsed = orders.parse(facts.mail.reply)
    verbs = {line.verb for line in parsed.lines}
    own = {line.verb for line in parsed.lines if not line.under_quote}
    unknown = not verbs <= set(orders.COMMANDS)  # B34: it may have been meant to keep the text inside
    internal = unknown or "note" in verbs or (facts.internal and "public" not in own)
    said = parsed.text if internal else _public(parsed.text, facts)
    results, proposed = _commanded(parsed, facts, ticket, desk, "" if internal else said, held=unknown)
    told = any(isinstance(c, Notified) and c.notice == "resolution" for c in proposed)
    text = said
    if told and not internal and not text:  # the words after !resolve are what the requester reads
        text = next((x.words for x in parsed.lines if x.verb == "resolve" and not x.under_quote), "")
    attached = facts.mail.attachments
    if results and not text and not internal and not told and attached and all(a.inline for a in attached):
        said_now: list[Change] = [_recorded(facts, "", internal=True)]  # B33: the logo of a signature is no answer
    else:
        said_now = _said(facts, ticket, text, internal=internal, told=told)
    if unknown:  # the receipt tells its writer; nobody meant it as a note
        said_now = [change for change in said_now if not isinstance(change, Notified)]
    changes = [*said_now, *proposed]
    if results:
        solved = "resolution" if text else "solved"
        sent = "internal" if internal and text else solved if told else "public" if text else "nothing"
        changes.append(Notified("receipt", ("actor",), {"results": tuple(results), "sent": sent, "held": unknown}))
    if not changes:  # nothing new was found in it: that may be our mistake, so all of it is kept and its writer told
        kept = _recorded(facts, facts.mail.text, internal=True)
        changes = [kept, Notified("receipt", ("actor",), {"results": (), "sent": "nothing", "held": False})]
    return Decision("filed", "an agent's reply", tuple(changes), commands=tuple(results))


def _commanded(
    parsed: orders.Parsed, facts: Facts, ticket: TicketView, desk: Desk, text: str, *, held: bool
) -> tuple[list[Commanded], list[Change]]:
    """What each command line comes to, and all that they propose."""
    results: list[Commanded] = []
    proposed: list[Change] = []
    for line in parsed.lines:
        # B34: words after !resolve are held back like the rest of the text
        meant = replace(line, words="") if held and line.verb == "resolve" else line
        answer = orders.run(meant, facts, ticket, desk, text)
        if answer is not None and line.under_quote and line.verb != "note":
            results.append(Commanded(line.written, "refused", Say("under_quote")))
        elif isinstance(answer, orders.Done):
            results.append(Commanded(line.written, "done", answer.says))
            proposed += answer.changes
        elif answer is None:
            near = orders.nearest(line.verb) or "help"
            results.append(Commanded(line.written, "unknown", Say("unknown", {"near": near})))
        else:
            results.append(Commanded(line.written, "refused", answer.says))
    return results, proposed


def quotes(text: str) -> bool:
    """Whether lines of `text` are a quote, so that what the ticket says inside must be known to decide."""
    return any(quoting.QUOTED.match(row) for row in text.split("\n"))


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
        told = len(words) >= (3 if quoted else _BROKEN) and words in facts.inside and words not in facts.outside
        if not (under and told):
            kept.append(row)
        elif kept[-1:] != ["> [\u2026]"]:
            kept.append("> [\u2026]")
    return "\n".join(kept)


def _said(facts: Facts, ticket: TicketView, text: str, *, internal: bool, told: bool) -> list[Change]:
    """What an agent wrote, recorded and passed on to whom it is meant for."""
    if not text and not (facts.mail.attachments and not told):
        return []
    recorded = _recorded(facts, text, internal=internal, out=not internal)
    if internal:
        return [recorded, Notified("internal_note", ("owner",), {"text": text})]
    changes: list[Change] = [recorded]
    if ticket.status == "new":
        changes.append(Changed("status", "open", "an agent answered", facts.actor))
    if ticket.assignee is None and ticket.status != "closed":
        changes.append(Changed("assignee", facts.actor, "answered first", facts.actor))
    if not told:
        changes.append(Notified("public_reply", ("requester", "participants"), {"text": text}))
    return changes


# -- a reply of the requester -----------------------------------------------------------------------------------------


def _requester(facts: Facts, ticket: TicketView, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """The requester or a participant: their text joins the ticket, and may confirm, reopen, or rate."""
    text = facts.mail.reply or ("" if facts.mail.elided else facts.mail.text)
    recorded = _recorded(facts, text)
    files = [a for a in facts.mail.attachments if not a.inline]  # the logo of a signature says nothing
    meaning = answers.answer(text) if not files else "other"
    if ticket.status == "resolved" and meaning == "solved":
        closed = Changed("status", "closed", "the requester confirmed", facts.actor)
        return Decision("filed", "confirms the solution", (recorded, closed, Notified("closure", ("requester",))))
    if ticket.status in ("resolved", "closed"):
        score = answers.score(text)
        if score:
            rated = Changed("satisfaction", score, "the requester rated", facts.actor)
            return Decision("filed", "rates the solution", (recorded, rated))
        if meaning != "other":
            return Decision("filed", "thanks", (recorded, Noted("thanks", "a thank-you reopens nothing", facts.actor)))
        if ticket.status == "closed" and _too_late(ticket.closed_at, facts.now, desk):
            return _opening(facts, desk, ruleset, link=ticket)
        return _reopening(facts, recorded, text)
    changes: list[Change] = [recorded]
    if ticket.status == "pending":
        changes.append(Changed("status", "open", "the requester answered", facts.actor))
    changes.append(Notified("requester_reply", ("owner",), {"text": text}))
    return Decision("filed", "a reply", tuple(changes))


def _too_late(closed_at: datetime | None, now: datetime, desk: Desk) -> bool:
    return closed_at is not None and now - closed_at > desk.closing.reopen_within


def _reopening(facts: Facts, recorded: Recorded, text: str) -> Decision:
    changes = (
        recorded,
        Changed("status", "open", "the requester says it is not solved", facts.actor),
        Notified("reopened", ("requester",)),
        Notified("reopened_agent", ("owner",), {"text": text}),
    )
    return Decision("filed", "reopens the ticket", changes)


def _unproved(facts: Facts, ticket: TicketView) -> Decision:
    """A machine, or somebody who only claims to be an agent: a note that changes nothing; the owner is told (B40)."""
    recorded = _recorded(facts, facts.mail.reply or facts.mail.text, internal=True)
    if facts.verdict != "unverified":
        told = Notified("requester_reply", ("owner",), {"text": recorded.text})
        return Decision("filed", facts.mail.kind_why, (recorded, told))
    lines = orders.parse(facts.mail.reply).lines[:_SHOWN]
    refused = tuple(Commanded(x.written, "refused", Say("unproved")) for x in lines)
    why = "the sender did not prove to be who From says"
    # the real agent is told; where From names nobody at all, those who have the ticket are
    told = Notified(
        "unverified", ("actor",) if facts.actor else ("owner",), {"text": recorded.text, "claimed": facts.sender}
    )
    return Decision("filed", why, (recorded, Noted("unverified", why, "maild"), told), commands=refused)


def _recorded(facts: Facts, text: str, *, internal: bool = False, out: bool = False) -> Recorded:
    return Recorded(
        author=facts.actor or "unknown",
        author_name=facts.mail.sender.name if facts.mail.sender else "",
        text=text,
        visibility="internal" if internal else "public",
        at=facts.now,
        direction="out" if out else "in",
        verified=facts.verdict not in ("unverified", "stranger"),
    )
