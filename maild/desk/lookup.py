"""What an agent's mail asks the desk about: the tickets that it names, what waits, what others did meanwhile.

Deciding is pure, so all that a command may need to know is looked up before, and only for mails that ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

import peewee as pw

from maild.config import Settings
from maild.desk import clocks, fields, held, people, tickets, timeline
from maild.desk.models import Event, Incoming, Message, RawMail, Ticket
from maild.mail.message import Mail
from maild.outcome import Verdict
from maild.policy import orders
from maild.policy.changes import TicketField
from maild.policy.facts import Earlier, HeldMail, Known, Past

_WAITING = frozenset({"accept", "split", "drop", "send"})
_CHANGING = frozenset({"merge", "undo"})  # commands that change other tickets than that of the mail
_UNDONE = (*get_args(TicketField), "tagged", "untagged", "joined", "left", "linked")
_HELD = 1_000  # mails of one ticket that wait: anybody may send so many, and none must be out of reach
_EARLIER = 1_000  # tickets of one requester that rules can count
_PAST = 200  # events that one mail can have caused, and that one look goes back


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, about which ticket, in a mail that answers a notice about which other mail."""

    mail: Mail
    verb: str
    ticket: Ticket | None
    actor: str
    about: int | None
    settings: Settings


def known(question: Question) -> Known:
    """What the commands of a mail need to know."""
    parsed = orders.parse(question.mail.reply, question.verb)
    verbs = {line.verb for line in parsed.lines}
    if not verbs:
        return Known()
    ticket = question.ticket
    keyed = [found for key in sorted(parsed.named()) if (found := fields.by_key(key)) is not None]
    named = [one for one in keyed if people.sees(question.actor, one, question.settings)]
    waits: tuple[HeldMail, ...] = ()
    split = None
    copied: dict[str, str] = {}
    done: tuple[Past, ...] = ()
    if ticket is not None and verbs & _WAITING:
        # what waits with a ticket that was merged into this one is decided here (B6)
        merged = [one.id for one in Ticket.select(Ticket.id).where(Ticket.parent == ticket)]
        waits = tuple(_held(row) for row in held.listed([ticket.id, *merged], _HELD))
        split = _to_split(ticket, question.about) if "split" in verbs else None
    if ticket is None and verbs & _WAITING:  # what a rule held before there was a ticket
        waits = tuple(_held(row) for row in held.loose(parsed.numbers()))
    if ticket is not None and "reply-all" in verbs:
        copied = _copied(ticket)
    if "undo" in verbs:
        words = next((line.words for line in parsed.lines if line.verb == "undo"), "")
        done, more = _to_undo(ticket, question.actor, words)
        named += more
    if verbs & _CHANGING:  # what one goes on in must not be merged itself meanwhile (B6)
        named = [tickets.lock(number) for number in sorted({one.id for one in named})]
    settled = _is_settled(question.about) if waits else False
    return Known({one.key: tickets.whole(one) for one in named}, waits, split, done, copied, settled)


def earlier(address: str, now: datetime) -> tuple[Earlier, ...]:
    """The newest tickets of somebody, a bounded number."""
    person = people.by_address(address)
    if person is None:
        return ()
    theirs = (Ticket.requester == person) & (Ticket.opened_at <= now)
    rows = Ticket.select(Ticket.id, Ticket.prefix, Ticket.opened_at, Ticket.status).where(theirs)
    newest = rows.order_by(Ticket.opened_at.desc()).limit(_EARLIER)
    return tuple(Earlier(row.opened_at, row.status in clocks.UNSOLVED, row.key) for row in newest)


def held_at(ticket: Ticket, incoming: int) -> int | None:
    """The revision of the ticket when a mail of the ledger was held on it last."""
    then = (Event.ticket == ticket) & (Event.kind == "held") & (Event.incoming == incoming)
    row = Event.select(Event.revision).where(then).order_by(Event.id.desc()).first()
    return row.revision if row else None


def since(ticket: Ticket, revision: int, actor: str) -> tuple[Past, ...]:
    """The public replies and changes of status that others made after a revision of the ticket (B37)."""
    given = ticket.assignee == actor  # who gave it to them opened it: that is no news
    rows = Event.select().where(
        (Event.ticket == ticket)
        & (Event.revision > revision)
        & (Event.by != actor)
        & ((Event.kind == "status") | ((Event.kind == "recorded") & (Event.why == timeline.REPLY)))
    )
    return tuple(
        _past(row, ticket.key)
        for row in rows.order_by(Event.id).limit(_PAST)
        if row.kind == "recorded" or not (given and row.before == "new")
    )


def _past(row: Event, key: str) -> Past:
    text = ""
    if row.kind == "recorded":
        said = Message.get_or_none((Message.ticket == row.ticket) & (Message.incoming == row.__data__["incoming"]))
        text = said.text if said else ""
    return Past(key, row.kind, row.by, row.at, row.before, row.after, text)


def went_on(ticket: Ticket, number: int) -> bool:
    """Whether something else happened on a ticket after a mail, so that the same words once more answer that (B36).

    What the mail itself released is nothing else, nor is a notice of a timer.
    """
    here = Event.ticket == ticket
    last = Event.select(pw.fn.MAX(Event.id)).where(here & (Event.incoming == number)).scalar()
    later = list(Event.select().where(here & (Event.id > last)).order_by(Event.id).limit(_PAST)) if last else []
    if any(row.__data__["incoming"] is None and row.kind in ("status", "line", "assignee") for row in later):
        return True
    mails = {row.__data__["incoming"] for row in later} - {number, None}
    return any(not row.released for row in Incoming.select(Incoming.released).where(Incoming.id << sorted(mails)))


def _is_settled(about: int | None) -> bool:
    """Whether the mail that was answered waited once and does so no more: no other one is meant by that."""
    row = Incoming.get_or_none(id=about) if about is not None else None
    return row is not None and row.fate != "held" and (row.released is not None or row.fate in ("ignored", None))


def _held(row: Incoming) -> HeldMail:
    return HeldMail(row.id, row.sender or "", cast("Verdict", row.verdict), row.reason or "")


def _to_split(ticket: Ticket, about: int | None) -> int | None:
    """The mail of an outsider on this ticket that was answered, or else the last; never the one that opened it.

    Neither one that was split off before, nor one whose bytes retention has removed: nothing is left to handle again.
    """
    here = (Incoming.ticket == ticket) & (Incoming.fate == "filed") & ~Incoming.created
    rows = Incoming.select(Incoming.id).join(RawMail).where(here & (Incoming.verdict != "agent") & (RawMail.size > 0))
    rows = rows.join_from(Incoming, Message, on=(Message.incoming == Incoming.id) & (Message.ticket == ticket))
    last = (rows if about is None else rows.where(Incoming.id == about)).order_by(Incoming.id.desc()).first()
    return last.id if last is not None else None


def _copied(ticket: Ticket) -> dict[str, str]:
    """Whom the last mail of an outsider on the ticket went to as well."""
    said = (Message.ticket == ticket) & (Message.direction == "in") & (Message.visibility == "public")
    last = Message.select(Message.copied).where(said).order_by(Message.id.desc()).first()
    gone = Event.select(Event.after).where((Event.ticket == ticket) & (Event.kind == "left"))
    left = {row.after for row in gone}  # who was taken off comes back by their address alone, with `!cc`
    return {a: n for a, n in (last.copied or {}).items() if a not in left} if last else {}


def _to_undo(ticket: Ticket | None, actor: str, words: str) -> tuple[tuple[Past, ...], list[Ticket]]:
    """What a mail of this agent changed (by its number, or the last on this ticket), and which tickets."""
    mine = Event.select(Event, Ticket).join(Ticket).where((Event.by == actor) & Event.incoming.is_null(False))
    number = words.lstrip("#")
    if not number.isdecimal() or len(number) > 9:
        if number or ticket is None:
            return (), []
        last = mine.where((Event.ticket == ticket) & (Event.kind << _UNDONE)).order_by(Event.id.desc()).first()
        if last is None:
            return (), []
        number = last.__data__["incoming"]
    # an event has no index on its mail: those of the ticket, and from there those of its neighbours in time
    first = mine.where((Event.incoming == int(number)) & (Event.ticket == ticket)).order_by(Event.id).first()
    if first is None:
        return (), []
    near = mine.where((Event.incoming == int(number)) & Event.id.between(first.id - _PAST, first.id + _PAST))
    rows = list(near.where(Event.kind << _UNDONE).order_by(Event.id))
    found: dict[str, Ticket] = {row.ticket.key: row.ticket for row in rows}
    past = tuple(Past(row.ticket.key, row.kind, row.by, row.at, row.before, row.after) for row in rows)
    return past, list(found.values())
