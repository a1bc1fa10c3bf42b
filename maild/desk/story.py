"""A ticket told whole: the *ticket* object of interface.md, and lists of tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from maild.config import Settings
from maild.desk import clocks, people
from maild.desk.models import Event, Message, Ticket


def listed(
    *, status: str | None, line: str | None, assignee: str | None, query: str | None, limit: int
) -> list[Ticket]:
    """Tickets that fit, the newest first. `query` is looked for in the subject, as it stands."""
    rows = Ticket.select().order_by(Ticket.id.desc()).limit(limit)
    for field, value in ((Ticket.status, status), (Ticket.line, line), (Ticket.assignee, assignee)):
        if value is not None:
            rows = rows.where(field == value)
    if query:
        rows = rows.where(Ticket.subject.contains(query))
    return list(rows)


def as_json(ticket: Ticket, settings: Settings, now: datetime) -> dict[str, Any]:
    """The *ticket* object."""
    names = ("type", "status", "priority", "impact", "urgency", "category", "service", "line", "assignee")
    later = ("opened_at", "first_response_at", "resolved_at", "closed_at")
    return {
        "key": ticket.key,
        **{name: getattr(ticket, name) for name in names},
        "requester": {"name": ticket.requester.name, "address": ticket.requester.address},
        "participants": [{"name": p.name, "address": p.address} for p in people.participants(ticket)],
        "language": ticket.language,
        "subject": ticket.subject,
        "tags": ticket.tags,
        "confidential": False,
        **{name: _iso(getattr(ticket, name)) for name in later},
        "resolution": ticket.resolution,
        "satisfaction": ticket.satisfaction,
        "messages": [_message(m) for m in Message.select().where(Message.ticket == ticket).order_by(Message.id)],
        "events": [_event(e) for e in Event.select().where(Event.ticket == ticket).order_by(Event.id)],
        "clocks": clocks.as_json(clocks.of(ticket), settings.desk.levels, now),
    }


def _message(row: Message) -> dict[str, Any]:
    names = ("id", "direction", "author", "visibility", "text", "message_id", "attachments")
    return {**{name: getattr(row, name) for name in names}, "at": _iso(row.at), "verified": row.verified}


def _event(row: Event) -> dict[str, Any]:
    told = {"at": _iso(row.at), "kind": row.kind, "by": row.by, "why": row.why}
    return {**told, "from": row.before, "to": row.after, "mail": row.__data__["incoming"]}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
