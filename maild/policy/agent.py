"""A mail of a proved agent: the text first (B33), then the commands, then who is told, then the receipt (B35)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maild.mail import quoting
from maild.policy import commanding, opening, orders, ticketless
from maild.policy.changes import Change, Changed, Noted, Notified
from maild.policy.commanding import Came
from maild.policy.decision import Commanded, Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Parsed, Say
from maild.policy.rules import Ruleset
from maild.policy.terms import Desk

_BROKEN = 20  # characters that what is left of a broken quoted line has at least
_SPEAKS = frozenset({"resolve", "close", "template", "reply-all", "merge", "spam", "status", "reopen"})


def writes(facts: Facts, desk: Desk, ruleset: Ruleset) -> Decision:
    """The decision for a mail of a proved agent."""
    parsed = orders.parse(facts.mail.reply, facts.verb)
    me = desk.people.get(facts.actor)
    if parsed.lines and me is not None and orders.signs(parsed.text, me.name):
        parsed = replace(parsed, text="")
    if opens_first(facts):
        return ticketless.opens_for(parsed, facts, desk, ruleset)
    if facts.ticket is not None:
        return _replies(parsed, facts, facts.ticket, desk)
    verbs = {line.verb for line in parsed.lines}
    if "on" in verbs and parsed.text:  # it was meant for a ticket that is not here
        key = next((line.words for line in parsed.lines if line.verb == "on"), "")
        return ticketless.refused_opening(parsed, facts, Say("no_ticket", {"key": key}) if key else Say("needs_ticket"))
    if verbs and not parsed.text:
        return ticketless.asks(parsed, facts, desk)
    if facts.about is not None:  # it answers a list or a receipt, and those belong to no ticket
        return ticketless.refused_opening(parsed, facts, Say("needs_ticket"))
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
    said = "\n\n".join(filter(None, (said, *commanding.prepared(parsed, ticket, desk))))
    if facts.since and not internal and _speaks(parsed, said, facts):
        return _stale(parsed, facts, said)
    if internal:  # the words after !resolve stay with all else of the mail (M9, B34)
        said = "\n\n".join(filter(None, (said, *(x.words for x in parsed.lines if x.verb == "resolve"))))
    came = commanding.commanded(parsed, facts, ticket, desk, "" if internal else said, held=internal)
    text = said
    if came.told and not internal and not text:  # the words after !resolve are what the requester reads
        text = next((x.words for x in parsed.lines if x.verb == "resolve" and not x.under_quote), "")
    changes = [*_story(facts, ticket, text, came, internal=internal, kept=kept), *came.changes]
    if came.results and commanding.wants_receipt(came, facts, desk):
        changes.append(commanding.receipt(came, text, internal=internal, kept=kept))
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


def _story(facts: Facts, ticket: TicketView, text: str, came: Came, *, internal: bool, kept: str) -> Sequence[Change]:
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
