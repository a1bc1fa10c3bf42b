"""The one door: `apply` is the only writer of tickets.

It runs in the transaction that a story opened and writes the ticket, its events, messages, clocks and finished outgoing
mails together, so that all of them stand or none (M3, M4). What changes nothing leaves no trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.config import Settings
from maild.desk import clocks, db, people
from maild.desk.models import Event, Message, Participant, Thread, Ticket
from maild.desk.people import Staff
from maild.desk.prepared import Insert, Select
from maild.errors import UnknownThing
from maild.mail.message import File, Mail
from maild.policy.changes import Breached, Change, Changed, Joined, Noted, Notified, Opened, Recorded, Tagged
from maild.policy.facts import TicketView


@dataclass(frozen=True, slots=True)
class Act:
    """The surroundings of a change: under which settings, when, and because of which mail (if any)."""

    settings: Settings
    staff: Staff
    now: datetime
    actor: str = "maild"  # an agent's id, a canonical address, "timer", "maild"
    incoming: int | None = None
    mail: Mail | None = None
    files: tuple[File, ...] = ()


@dataclass(slots=True)
class Applied:
    """What `apply` did: the ticket as it is now, and the notices that are still to be written for it."""

    ticket: Ticket
    created: bool
    notices: list[Notified]
    clocks: list[dict[str, Any]]  # the rows of clocks that started
    internal: bool = False  # the mail that caused it is for agents alone


def apply(ticket: Ticket | None, changes: Sequence[Change], act: Act) -> Applied:
    """Carry out what was decided. `ticket` is None where the first change is `Opened`.

    The notices are given back, not sent: `letters.write` turns them into mails, in the same transaction.
    """
    events: list[dict[str, Any]] = []
    started: list[dict[str, Any]] = []
    created = ticket is None
    for change in changes:
        if isinstance(change, Opened):
            ticket = _open(change, act, events)
            started = clocks.start(ticket, act.settings.desk.levels, act.now)
    if ticket is None:
        raise ValueError("changes without a ticket")
    changed: dict[str, tuple[Any, Any]] = {}
    notices: list[Notified] = []
    for change in changes:
        if isinstance(change, Notified):
            notices.append(change)
        elif not isinstance(change, Opened):
            _carry_out(change, ticket, act, events, changed)
    if changed:
        values = {name: getattr(ticket, name) for name in changed}
        ticket.revision += 1
        Ticket.update(revision=Ticket.revision + 1, **values).where(Ticket.id == ticket.id).execute()
        if not created:
            clocks.follow(ticket, changed, act.settings.desk.levels, act.now)
    if events:
        _EVENTS.rows(_event(ticket, act, **event) for event in events)
    internal = any(isinstance(c, Recorded) and c.visibility == "internal" for c in changes)
    return Applied(ticket, created, notices, started, internal)


_TICKETS = Insert(Ticket, returning=True)
_EVENTS = Insert(Event)
_MESSAGES = Insert(Message)
_THREADS = Insert(Thread, ignore=True)
_KNOWN = Select(Thread, lambda i: Thread.select(Thread.id).where(Thread.message_id == i).limit(1), 1)


def lock(ticket_id: int) -> Ticket:
    """The ticket, held against other machines until the transaction ends."""
    query = Ticket.select().where(Ticket.id == ticket_id)
    ticket: Ticket = query.get() if db.is_sqlite() else query.for_update().get()
    return ticket


def by_key(key: str) -> Ticket:
    """The ticket that people call `key`."""
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9]*)-(\d{1,9})", key.strip())
    ticket = Ticket.get_or_none(id=int(match[2]), prefix=match[1].upper()) if match else None
    if ticket is None:
        raise UnknownThing(f"there is no ticket {key}")
    found: Ticket = ticket
    return found


def view(ticket: Ticket) -> TicketView:
    """A copy of the ticket for deciding."""
    return TicketView(
        key=ticket.key,
        type=ticket.type,
        status=ticket.status,
        priority=ticket.priority,
        impact=ticket.impact,
        urgency=ticket.urgency,
        category=ticket.category,
        service=ticket.service,
        line=ticket.line,
        assignee=ticket.assignee,
        requester=ticket.requester.address,
        language=ticket.language,
        subject=ticket.subject,
        tags=frozenset(ticket.tags),
        opened_at=ticket.opened_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        revision=ticket.revision,
    )


def stamps(status: str, at: datetime) -> dict[str, datetime | None]:
    """The times that a status brings with it."""
    if status == "resolved":
        return {"resolved_at": at, "closed_at": None}
    if status == "closed":
        return {"closed_at": at}
    return {"resolved_at": None, "closed_at": None}


def rebuild(events: Iterable[Event]) -> dict[str, Any]:
    """The ticket row as its events tell it (M4): the fold that `apply` keeps up to date."""
    row: dict[str, Any] = {}
    for event in events:
        if event.kind == "opened":
            row = {**event.after, "opened_at": event.at, **dict.fromkeys(_LATER)}
        elif event.kind == "first_response":
            row["first_response_at"] = event.at
        elif event.kind in ("tagged", "untagged"):
            row["tags"] = event.after
        elif event.kind in row:
            row[event.kind] = event.after
            if event.kind == "status":
                row.update(stamps(event.after, event.at))
    return row


_LATER = ("first_response_at", "resolved_at", "closed_at", "assignee", "resolution", "satisfaction")


def _event(
    ticket: Ticket, act: Act, kind: str, by: str, why: str, before: Any = None, after: Any = None
) -> dict[str, Any]:
    return {
        "ticket": ticket.id,
        "at": act.now,
        "kind": kind,
        "by": by,
        "why": why,
        "before": before,
        "after": after,
        "incoming": act.incoming,
        "configuration": act.settings.version,
    }


def _open(change: Opened, act: Act, events: list[dict[str, Any]]) -> Ticket:
    # only what was detected is kept for later mails; a guess would stay for ever
    language = act.mail.language if act.mail and act.mail.language in act.settings.desk.languages else None
    person = people.meet(change.requester, change.requester_name, language, act.now)
    values: dict[str, Any] = {
        **dict.fromkeys(("category", "service", "assignee")),
        **{str(name): value for name, value in change.values.items()},
        "prefix": act.settings.desk.prefix,
        "account": change.account,
        "tags": sorted(change.tags),
        "silent": change.silent,
    }
    number = _TICKETS.row(requester=person.id, opened_at=change.at, **values)
    ticket = Ticket(id=number, requester=person, opened_at=change.at, **values)
    events.append(
        {"kind": "opened", "by": change.by, "why": change.why, "after": {**values, "requester": person.address}}
    )
    return ticket


def _carry_out(
    change: Change, ticket: Ticket, act: Act, events: list[dict[str, Any]], changed: dict[str, tuple[Any, Any]]
) -> None:
    if isinstance(change, Changed):
        _set(ticket, change, act, events, changed)
    elif isinstance(change, Tagged):
        tags = sorted({*ticket.tags, change.tag} if change.on else {*ticket.tags} - {change.tag})
        if tags != ticket.tags:
            kind = "tagged" if change.on else "untagged"
            events.append({"kind": kind, "by": change.by, "why": change.why, "before": ticket.tags, "after": tags})
            changed["tags"] = (ticket.tags, tags)
            ticket.tags = tags
    elif isinstance(change, Recorded):
        _record(ticket, change, act, events, changed)
    elif isinstance(change, Joined):
        person = people.meet(change.address, change.name, None, act.now)
        if people.role(ticket, person) is None:
            Participant.create(ticket=ticket, person=person)
            events.append({"kind": "joined", "by": change.by, "why": change.why, "after": change.address})
    elif isinstance(change, Noted):
        events.append({"kind": change.what, "by": change.by, "why": change.why})
    elif isinstance(change, Breached):
        due = change.due_at.isoformat()
        events.append({"kind": "breached", "by": "timer", "why": change.why, "before": change.clock, "after": due})


def _set(
    ticket: Ticket, change: Changed, act: Act, events: list[dict[str, Any]], changed: dict[str, tuple[Any, Any]]
) -> None:
    before = getattr(ticket, change.field)
    if before == change.value:
        return
    events.append({"kind": change.field, "by": change.by, "why": change.why, "before": before, "after": change.value})
    values: Mapping[str, Any] = {change.field: change.value}
    if change.field == "status":
        values = {**values, **stamps(change.value or "", act.now)}
    for name, value in values.items():
        changed[name] = (changed[name][0] if name in changed else getattr(ticket, name), value)
        setattr(ticket, name, value)


def _record(
    ticket: Ticket, change: Recorded, act: Act, events: list[dict[str, Any]], changed: dict[str, tuple[Any, Any]]
) -> None:
    mail = act.mail
    _MESSAGES.row(
        ticket=ticket.id,
        incoming=act.incoming,
        direction=change.direction,
        author=change.author,
        author_name=change.author_name,
        verified=change.verified,
        visibility=change.visibility,
        at=change.at,
        text=change.text,
        message_id=mail.derived_id if mail else None,
        attachments=[_attachment(a) for a in mail.attachments] if mail else [],
    )
    if mail:
        # B13: with the mail's own id stand those it answers, so that a parent that comes late finds its ticket
        foreign = {i for i in mail.in_reply_to[:1] if not i.endswith(f"@{act.settings.instance}")}
        # an id that is known belongs where it is: a stranger who uses it must not make it ambiguous (B5)
        ids = {i for i in (mail.derived_id, *foreign) if not _KNOWN.all(i)}
        _THREADS.rows({"message_id": i, "ticket": ticket.id} for i in ids)
    why = f"{change.visibility} {'reply' if change.direction == 'out' else 'mail'}"
    events.append({"kind": "recorded", "by": change.author, "why": why})
    if change.direction == "out" and change.visibility == "public" and ticket.first_response_at is None:
        # B41: the first public answer of a human agent, and nothing else
        events.append({"kind": "first_response", "by": change.author, "why": "the first public answer"})
        changed["first_response_at"] = (None, act.now)
        ticket.first_response_at = act.now


def _attachment(attachment: Any) -> dict[str, Any]:
    names = ("name", "type", "size", "sha256", "content_id", "inline")
    return {name: getattr(attachment, name) for name in names}
