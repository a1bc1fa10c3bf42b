"""What `!forget` does: a ticket loses all that people said and who they are, and keeps its bare facts (GDPR, art. 17).

What stays is for the reports: times, states, clocks, who of the staff did what. The row is still what its events tell
(M4), each mail keeps its one fate (M1), and the same mail is still known when it comes again (B11). Doing it twice
changes nothing more.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import peewee as pw

from maild.desk import db, search
from maild.desk.models import Event, Incoming, Message, Outgoing, Participant, Person, RawMail, Reminder, Ticket
from maild.policy.opening import NOBODY

MARK = "(forgotten)"
_GONE = "forgotten@invalid"  # RFC 2606, 2: no mail can go there
_FORGOTTEN = re.compile(rf"forgotten(?:-\d+)?@invalid|{re.escape(NOBODY)}")
_REASON = re.compile(r'(rule ".*?"): .*', re.DOTALL)
_VERB = re.compile(r"[!+][a-z-]{1,20}")
_AT_ONCE = 5_000  # values of one statement
_NEAR = 500  # events that other machines may write meanwhile
_NOTHING = zlib.compress(b"")
_NEVER = datetime.max.replace(tzinfo=UTC)


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Kinds of events whose values are the desk's own words: states, keys, ids of staff, times.
_PLAIN = _set_of(
    "type status priority impact urgency category service line assignee language satisfaction parent pending_until"
    " policy due silent business sla confidential tagged untagged first_response recorded breached linked unlinked"
    " watch reminder released"
    " forgotten unverified thanks merged_in opened subject resolution requester joined left"
)
_ADDRESSES = frozenset({"requester", "joined", "left"})  # those whose values are addresses
_WORDS = frozenset({"subject", "resolution"})  # those whose values people wrote
_TAGS = frozenset({"tags", "tagged", "untagged", "captured"})  # those whose values are tags
_CHANGED = _WORDS | {"requester", "tags"}  # of what a ticket was opened with


@dataclass(frozen=True, slots=True)
class _Traces:
    """What is looked for: the ticket's mails, and what takes the place of an address or of words."""

    ticket: Ticket
    mails: Any  # the ids, as a query
    instead: Mapping[str, str]  # by address; staff and who is kept are not in it
    words: tuple[str, ...]  # subject and names, the longest first
    tags: frozenset[str] = frozenset()  # those that rules made of words of its mails

    def address(self, address: str) -> str:
        return self.instead.get(address, address)

    def text(self, text: str) -> str:
        """`text` of another ticket, without what it says of this one."""
        for address, other in self.instead.items():
            text = text.replace(address, other)
        for words in self.words:
            text = text.replace(words, MARK)
        return text


def erase(ticket: Ticket, now: datetime, incoming: int | None = None) -> None:
    """Forget what was said on the ticket and who said it, in the caller's transaction.

    `incoming` is the mail that demands it, which is not the ticket's yet and quotes it: its bytes go as well. Whoever
    has another ticket, or is on one, stays known there; as requester of this one they stay, too. Staff are kept.
    """
    mails = _mails(ticket, incoming)
    known = _known(_addresses(ticket))
    alone = [person for person in known.values() if _is_alone(person, ticket)]
    traces = _traces(ticket, mails, known, alone)
    _elsewhere(traces, now)
    _messages(traces)
    _events(traces)
    _letters(Outgoing.ticket == ticket, traces, now)
    _ledger(traces, now)
    search.forget(ticket)
    Reminder.delete().where(Reminder.ticket == ticket).execute()
    Participant.delete().where(Participant.ticket == ticket).execute()
    for person in alone:
        _unname(person)
    if ticket.requester.address in traces.instead:
        ticket.requester = Person.get_by_id(ticket.requester.id)
    ticket.subject, ticket.resolution = MARK, _marked(ticket.resolution)
    ticket.answers = None if ticket.answers is None else _unsaid(ticket.answers)
    ticket.tags = _without(ticket.tags, traces)
    names = ("subject", "resolution", "answers", "tags")
    blank = {name: getattr(ticket, name) for name in names}
    Ticket.update(**blank).where(Ticket.id == ticket.id).execute()


def family(ticket: Ticket) -> list[Ticket]:
    """The ticket, then all that were merged into it: nothing leads to them any more but through it (B6)."""
    found = [ticket]
    for one in found:
        found.extend(Ticket.select().where((Ticket.parent == one) & Ticket.id.not_in([x.id for x in found])))
    return found


# -- who is to be forgotten -------------------------------------------------------------------------------------------


def _mails(ticket: Ticket, incoming: int | None) -> Any:
    return Incoming.select(Incoming.id).where((Incoming.ticket == ticket) | (Incoming.id == (incoming or 0)))


def _addresses(ticket: Ticket) -> set[str]:
    """Every address that the ticket names."""
    found = {ticket.requester.address}
    on = Person.select(Person.address).join(Participant).where(Participant.ticket == ticket)
    found |= {person.address for person in on}
    for message in Message.select(Message.author, Message.copied).where(Message.ticket == ticket):
        found |= {message.author, *(message.copied or ())}
    found |= {row.sender or "" for row in Incoming.select(Incoming.sender).where(Incoming.ticket == ticket).distinct()}
    found |= {row.recipient for row in Outgoing.select(Outgoing.recipient).where(Outgoing.ticket == ticket).distinct()}
    for event in Event.select(Event.kind, Event.by, Event.before, Event.after).where(Event.ticket == ticket):
        found.add(event.by)
        if event.kind in _ADDRESSES:
            found |= {event.before, event.after}
        elif event.kind == "opened":
            found.add(event.after["requester"])
    return {address for address in found if isinstance(address, str) and "@" in address}


def _known(addresses: set[str]) -> dict[str, Person]:
    """Those of them who are people here, held until the transaction ends: whether they have another ticket stays so."""
    listed = sorted(addresses)
    found: dict[str, Person] = {}
    for start in range(0, len(listed), _AT_ONCE):
        rows = Person.select().where(Person.address << listed[start : start + _AT_ONCE]).order_by(Person.id)
        found |= {row.address: row for row in (rows if db.is_sqlite() else rows.for_update())}
    return found


def _is_alone(person: Person, ticket: Ticket) -> bool:
    """Whether this ticket is all that the desk knows them by."""
    if person.staff is not None or _FORGOTTEN.fullmatch(person.address):
        return False
    asked = Ticket.select().where((Ticket.requester == person) & (Ticket.id != ticket.id))
    on = Participant.select().where((Participant.person == person) & (Participant.ticket != ticket))
    return not asked.exists() and not on.exists()


def _traces(ticket: Ticket, mails: Any, known: Mapping[str, Person], alone: Iterable[Person]) -> _Traces:
    gone = {person.id for person in alone}
    instead = {}
    for address in _addresses(ticket):
        person = known.get(address)
        kept = person is not None and (person.staff or (person.id == ticket.requester.id and person.id not in gone))
        if not kept and not _FORGOTTEN.fullmatch(address):
            instead[address] = f"forgotten-{person.id}@invalid" if person else _GONE
    names = {known[address].name for address in instead if address in known}
    words = {ticket.subject, *names} - {MARK}
    longest_first = tuple(sorted((w for w in words if len(w) > 2), key=len, reverse=True))
    made = Event.select(Event.after).where((Event.ticket == ticket) & (Event.kind == "captured"))
    return _Traces(ticket, mails, instead, longest_first, frozenset(tag for row in made for tag in row.after or ()))


def _unname(person: Person) -> None:
    """A person becomes a number: their tokens are void, and nothing automatic is written to them."""
    Person.update(
        address=f"forgotten-{person.id}@invalid",
        name="",
        language=None,
        proved=False,
        generation=Person.generation + 1,
        bounced_until=_NEVER,
    ).where(Person.id == person.id).execute()


# -- what is forgotten ------------------------------------------------------------------------------------------------


def _marked(words: str | None) -> str | None:
    return None if words is None else MARK


def _messages(traces: _Traces) -> None:
    ours = Message.ticket == traces.ticket
    Message.update(text=MARK, author_name="", attachments=[], copied=None).where(ours).execute()
    for address, other in traces.instead.items():
        Message.update(author=other).where(ours & (Message.author == address)).execute()


def _events(traces: _Traces) -> None:
    """What was said goes; that it was said, when and by whom of the staff, stays, and still makes up the row (M4)."""
    for event in list(Event.select().where(Event.ticket == traces.ticket)):
        values = {
            "by": traces.address(event.by),
            # a server's or a mail's words; a rule's reason may hold what it took out of one
            "why": _REASON.sub(r"\1", event.why) if event.kind in _PLAIN else MARK,
            "before": _value(event.kind, event.before, traces),
            "after": _value(event.kind, event.after, traces),
        }
        if any(getattr(event, name) != value for name, value in values.items()):
            Event.update(**values).where(Event.id == event.id).execute()


def _value(kind: str, value: Any, traces: _Traces) -> Any:
    if value is None:
        return None
    if kind == "opened":
        return {name: _value(name, of, traces) if name in _CHANGED else of for name, of in value.items()}
    if kind in _TAGS:
        return _without(value, traces)
    if kind in _ADDRESSES:
        return traces.address(value)
    if kind == "answers":
        return _unsaid(value)
    return value if kind in _PLAIN - _WORDS else MARK


def _without(tags: Any, traces: _Traces) -> Any:
    """Tags, but for those that are words of the mails."""
    return [tag for tag in tags if tag not in traces.tags]


def _unsaid(answers: Any) -> Any:
    """Which questions were answered stays."""
    return [{**one, "answer": MARK} for one in answers]


def _letters(which: Any, traces: _Traces, now: datetime) -> None:
    """The mails that were written: nothing is left that could be sent, or sent again."""
    free = {"owner": None, "lease_until": None, "started_at": None, "fence": Outgoing.fence + 1}
    undone = Outgoing.state << ("waiting", "doubtful", "held", "failed")
    Outgoing.update(state="cancelled", done_at=now, **free).where(which & undone).execute()
    Outgoing.update(data=b"", answer=None).where(which).execute()
    for address, other in traces.instead.items():
        Outgoing.update(recipient=other, correspondent=other).where(which & (Outgoing.recipient == address)).execute()


def _ledger(traces: _Traces, now: datetime) -> None:
    """The mails that came: their fates, Message-IDs and digests stay. What waits for a person's word is settled."""
    ours = Incoming.ticket == traces.ticket
    waits = Incoming.done_at.is_null() | (Incoming.fate == "held")
    # one that is being handled is lost to who handles it (`inbox.Lost`): it would bring its words back
    settled = {"fate": "ignored", "done_at": now, "owner": None, "lease_until": None}
    Incoming.update(**settled).where(ours & waits).execute()
    Incoming.update(envelope_from=None, envelope_to=[], reason=MARK).where(ours).execute()
    for address, other in traces.instead.items():
        Incoming.update(sender=other).where(ours & (Incoming.sender == address)).execute()
    for row in list(Incoming.select(Incoming.id, Incoming.commands).where(ours & Incoming.commands.is_null(False))):
        if row.commands:
            Incoming.update(commands=[_command(one) for one in row.commands]).where(Incoming.id == row.id).execute()
    other_mail = Incoming.alias()
    forgotten = other_mail.reason == MARK  # with another ticket that had the same mail
    shared = other_mail.select(other_mail.id).where(
        (other_mail.digest == RawMail.digest)
        & other_mail.id.not_in(traces.mails)
        & (other_mail.reason.is_null() | ~forgotten)
        & (other_mail.ticket.is_null(False) | other_mail.done_at.is_null() | (other_mail.fate == "quarantined"))
    )
    digests = Incoming.select(Incoming.digest).where(Incoming.id << traces.mails)
    RawMail.update(data=_NOTHING, size=0).where(
        (RawMail.digest << digests) & (RawMail.size > 0) & ~pw.fn.EXISTS(shared)
    ).execute()


def _command(one: Mapping[str, Any]) -> dict[str, Any]:
    """A command that was given: which, and whether it was done."""
    verb = str(one["line"]).partition(" ")[0]
    line = verb if one["result"] == "done" and _VERB.fullmatch(verb) else MARK
    return {"line": line, "result": one["result"], "message": ""}


def _elsewhere(traces: _Traces, now: datetime) -> None:
    """What the ticket's mails left with other tickets: notes of a merge or of a mail that referred to it, letters."""
    own, near = Event.alias(), Event.alias()
    # Events are not found by their mail. But those of one mail are written in one go, so their numbers are neighbours.
    beside = (near.incoming == own.incoming) & near.id.between(own.id - _NEAR, own.id + _NEAR)
    theirs = (own.ticket == traces.ticket) & (near.ticket != traces.ticket)
    events = list(near.select().join(own, on=beside).where(theirs).distinct())
    mine = Message.incoming << traces.mails
    messages = list(Message.select().where(mine & (Message.ticket != traces.ticket)))
    for event in events:
        why = traces.text(event.why)
        if why != event.why:
            Event.update(why=why).where(Event.id == event.id).execute()
    for message in messages:
        Message.update(text=traces.text(message.text)).where(Message.id == message.id).execute()
    for number in sorted({row.__data__["ticket"] for row in (*events, *messages)}):
        _letters((Outgoing.ticket == number) & (Outgoing.incoming << traces.mails), traces, now)
