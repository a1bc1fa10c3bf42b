"""A mail of the requester or a participant to their ticket, and of somebody who is not on it."""

from __future__ import annotations

from datetime import datetime

from maild.mail.message import Mail
from maild.policy import answers, opening, questions, subject, trick
from maild.policy.changes import Answered, Change, Changed, Joined, Noted, Notified
from maild.policy.decision import Decision, recorded
from maild.policy.facts import TRICK, Facts, TicketView
from maild.policy.rules import Ruleset
from maild.policy.terms import Desk


def replies(facts: Facts, ticket: TicketView, desk: Desk, ruleset: Ruleset) -> Decision:
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
    if asked and facts.mail.kind == "human":
        said += _answered(facts, ticket, desk, text)
    if ticket.status == "pending":
        said.append(Changed("status", "open", "the requester answered", facts.actor))
        said.append(Changed("pending_until", None, "the requester answered", facts.actor))
    told = {"text": text, "new_subject": _new_subject(facts.mail, ticket)}
    return Decision("filed", "a reply", (*said, Notified("requester_reply", ("owner",), told)))


def _answered(facts: Facts, ticket: TicketView, desk: Desk, text: str) -> list[Change]:
    """What the mail answers of the questions of the acknowledgement (P6)."""
    mail, name = facts.mail, facts.mail.sender.name if facts.mail.sender else ""
    known = ticket.answers
    if any(row["answer"] for row in known):
        found = questions.more(known, text, mail.text, name)
    else:
        asked = [questions.Question(row["field"] or "other", row["question"] or "") for row in known]
        category = desk.categories.get(ticket.category or "")
        if not asked and category is not None:  # it was opened before it was kept what was asked
            asked += questions.asked(category.questions, category.asks, ticket.language, desk.languages[0])
            asked = asked if questions.quotes(asked, mail.text) else []
        # who is asked by an agent, and waited for, answers the agent
        free = ticket.status != "pending" or questions.quotes(asked, mail.text)
        found = questions.answers(asked, text, mail.text, name) if free else ()
    return [Answered(found, "the requester answered", facts.actor)] if found else []


def stranger(facts: Facts, ticket: TicketView, desk: Desk, ruleset: Ruleset) -> Decision:
    """Somebody who is not on the ticket: held, or a ticket of its own that refers to it; a person may decide (B4)."""
    how = facts.said.how if facts.said else None
    tricked = trick.is_trick(facts.mail)
    if how == "accept" and facts.said is not None:
        text = facts.mail.reply or facts.mail.text
        if tricked or facts.mail.kind != "human":  # B26: whoever wrote to the ticket must never see it
            note = recorded(facts, text, internal=True)
            return Decision("filed", f"accepted by {facts.said.by}, for agents alone", (note,))
        name = facts.mail.sender.name if facts.mail.sender else ""
        joined = Joined(facts.sender, name, f"accepted by {facts.said.by}", facts.said.by)
        told = Notified("requester_reply", ("owner",), {"text": text, "verified": False})
        return Decision("filed", f"accepted by {facts.said.by}", (joined, recorded(facts, text), told))
    if how is None and (tricked or desk.strangers == "hold" or ticket.confidential):
        why = TRICK if tricked else f"{facts.sender} is not on the ticket"
        text = facts.mail.reply or facts.mail.text
        shown = {"text": text, "why": "trick" if tricked else "stranger", "through": facts.through}
        told = Notified("held", ("owner",), shown)
        changes = (recorded(facts, text, internal=True), Noted("held", why, "maild"), told)
        return Decision("held", why, changes)
    return opening.opens(facts, desk, ruleset, link=ticket)


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
