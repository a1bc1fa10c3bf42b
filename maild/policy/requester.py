"""A mail of the requester or a participant to their ticket, and of somebody who is not on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from maild.mail.message import Mail
from maild.policy import answers, opening, rules, subject
from maild.policy.changes import Change, Changed, Joined, Noted, Notified
from maild.policy.decision import Decision, recorded
from maild.policy.facts import TRICK, Facts, TicketView
from maild.policy.terms import Desk

# What other services write to prove that somebody reads a mailbox: a code of its own, or a link to follow (B26)
_CODE = re.compile(
    # each part bounded, so that no mail keeps the desk busy
    r"(?m)^[^\w\n]{0,40}(?:\d[ -]?){4,10}[^\w\n]{0,40}$|\b(?:code|codice|kode|pin|otp|token)\b[^\n\d]{0,40}\d{4}",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://", re.IGNORECASE)


def replies(facts: Facts, ticket: TicketView, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """Their text joins the ticket, and may confirm, reopen, or rate."""
    text = facts.mail.reply or ("" if facts.mail.elided else facts.mail.text)
    said: list[Change] = [
        # M9: where the server says that From is forged, `!reply-all` brings nobody along either
        recorded(facts, text, copied=None if facts.forged else opening.copied(facts, desk)),
        *_joins(facts, ticket, desk),
    ]
    files = [a for a in facts.mail.attachments if not a.inline]  # the logo of a signature says nothing
    meaning = answers.answer(text) if not files else "other"
    asked = facts.verdict == "requester"  # whether it is solved is theirs to say, not a participant's
    if asked and ticket.status == "resolved" and meaning == "solved":
        closed = Changed("status", "closed", "the requester confirmed", facts.actor)
        return Decision("filed", "confirms the solution", (*said, closed, Notified("closure", ("requester",))))
    if ticket.status in ("resolved", "closed"):
        score = answers.score(text)
        if score and asked:
            rated = Changed("satisfaction", score, "the requester rated", facts.actor)
            return Decision("filed", "rates the solution", (*said, rated))
        if score or meaning != "other":  # a participant's rating counts for nothing, but reopens nothing either
            return Decision("filed", "thanks", (*said, Noted("thanks", "a thank-you reopens nothing", facts.actor)))
        if ticket.status == "closed" and _too_late(ticket.closed_at, facts.now, desk):
            return opening.opens(facts, desk, ruleset, link=ticket)
        return _reopening(facts, said, text)
    if ticket.status == "pending":
        said.append(Changed("status", "open", "the requester answered", facts.actor))
        said.append(Changed("pending_until", None, "the requester answered", facts.actor))
    told = {"text": text, "new_subject": _new_subject(facts.mail, ticket)}
    return Decision("filed", "a reply", (*said, Notified("requester_reply", ("owner",), told)))


def stranger(facts: Facts, ticket: TicketView, desk: Desk, ruleset: Sequence[rules.Rule]) -> Decision:
    """Somebody who is not on the ticket: held, or a ticket of its own that refers to it; a person may decide (B4)."""
    how = facts.said.how if facts.said else None
    trick = _is_trick(facts.mail)
    if how == "accept" and facts.said is not None:
        text = facts.mail.reply or facts.mail.text
        if trick or facts.mail.kind != "human":  # B26: whoever wrote to the ticket must never see it
            note = recorded(facts, text, internal=True)
            return Decision("filed", f"accepted by {facts.said.by}, for agents alone", (note,))
        name = facts.mail.sender.name if facts.mail.sender else ""
        joined = Joined(facts.sender, name, f"accepted by {facts.said.by}", facts.said.by)
        told = Notified("requester_reply", ("owner",), {"text": text, "verified": False})
        return Decision("filed", f"accepted by {facts.said.by}", (joined, recorded(facts, text), told))
    if how is None and (trick or desk.strangers == "hold"):
        why = TRICK if trick else f"{facts.sender} is not on the ticket"
        text = facts.mail.reply or facts.mail.text
        shown = {"text": text, "why": "trick" if trick else "stranger", "through": facts.through}
        told = Notified("held", ("owner",), shown)
        changes = (recorded(facts, text, internal=True), Noted("held", why, "maild"), told)
        return Decision("held", why, changes)
    return opening.opens(facts, desk, ruleset, link=ticket)


def _is_trick(mail: Mail) -> bool:
    """A support address was given to another service as one's own, and this is its proof of that ("Ticket Trick")."""
    machine = mail.kind in ("auto_generated", "list") or not mail.answerable
    return machine and bool(_WEB.search(mail.text) or _CODE.search(mail.text))


def _joins(facts: Facts, ticket: TicketView, desk: Desk) -> list[Change]:
    """Who comes along: the sender as a colleague, and those they wrote to as well, where it is proved that it is they.

    A forged From must not bring its forger onto the ticket (M9).
    """
    changes: list[Change] = []
    if facts.joins:
        name = facts.mail.sender.name if facts.mail.sender else ""
        changes.append(Joined(facts.sender, name, "a colleague of the requester", facts.actor))
    if facts.vouched and facts.mail.kind == "human":
        changes += opening.joined(facts, desk, frozenset({ticket.requester, *ticket.participants}))
    return changes


def _new_subject(mail: Mail, ticket: TicketView) -> str:
    """The subject of a mail that came under an old reference with a new one (B8); "" where it is the ticket's."""
    words = subject.clean(mail.subject)
    if subject.tags(mail.subject) or not words:
        return ""
    one, other = (" ".join(x.casefold().split()) for x in (words, ticket.subject))
    return "" if one in other or other in one else words


def _too_late(closed_at: datetime | None, now: datetime, desk: Desk) -> bool:
    return closed_at is not None and now - closed_at > desk.closing.reopen_within


def _reopening(facts: Facts, said: list[Change], text: str) -> Decision:
    who = "a participant" if facts.verdict == "participant" else "the requester"
    changes = (
        *said,
        Changed("status", "open", f"{who} says it is not solved", facts.actor),
        Notified("reopened", ("requester",)),
        Notified("reopened_agent", ("owner",), {"text": text}),
    )
    return Decision("filed", "reopens the ticket", changes)
