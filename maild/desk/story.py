"""A ticket told whole: the *ticket* object of interface.md, and lists of tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from maild.config import Settings
from maild.desk import clocks, people
from maild.desk.models import Event, Link, Message, Ticket


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
    names = ("type", "status", "priority", "impact", "business", "urgency", "category", "service", "line", "assignee")
    later = ("opened_at", "first_response_at", "resolved_at", "closed_at")
    return {
        "key": ticket.key,
        **{name: getattr(ticket, name) for name in names},
        "requester": {"name": ticket.requester.name, "address": ticket.requester.address},
        "participants": [{"name": p.name, "address": p.address} for p in people.participants(ticket)],
        "language": ticket.language,
        "subject": ticket.subject,
        "tags": ticket.tags,
        "links": links(ticket),
        "parent": ticket.parent.key if ticket.__data__.get("parent") else None,
        "pending_until": _iso(ticket.pending_until),
        "confidential": bool(ticket.confidential),
        **{name: _iso(getattr(ticket, name)) for name in later},
        "resolution": ticket.resolution,
        "satisfaction": ticket.satisfaction,
        "sla": ticket.policy,
        "answers": ticket.answers or [],
        "messages": [_message(m) for m in Message.select().where(Message.ticket == ticket).order_by(Message.id)],
        "events": [_event(e) for e in Event.select().where(Event.ticket == ticket).order_by(Event.id)],
        "clocks": clocks.as_json(clocks.of(ticket), settings.desk.levels, now),
    }


def links(ticket: Ticket, *, told: bool = False) -> list[str]:
    """The keys of the tickets that it has to do with; those that few may know of are not `told` (M9)."""
    rows = Link.select().where((Link.ticket == ticket) | (Link.other == ticket)).order_by(Link.id)
    others = [row.other if row.__data__["ticket"] == ticket.id else row.ticket for row in rows]
    return [one.key for one in others if not (told and one.confidential)]


def caused_by(incoming: int) -> list[dict[str, Any]]:
    """The events of all tickets that one mail of the ledger caused. They are the newest: it was handled just now."""
    newest = Event.select(Event, Ticket).join(Ticket).order_by(Event.id.desc()).limit(_NEWEST)
    rows = [row for row in newest if row.__data__["incoming"] == incoming]
    return [{"ticket": row.ticket.key, **_event(row)} for row in reversed(rows)]


_NEWEST = 300  # events that one mail can cause, and more


def _message(row: Message) -> dict[str, Any]:
    names = ("id", "direction", "author", "visibility", "text", "message_id", "attachments")
    return {**{name: getattr(row, name) for name in names}, "at": _iso(row.at), "verified": row.verified}


def _event(row: Event) -> dict[str, Any]:
    told = {"at": _iso(row.at), "kind": row.kind, "by": row.by, "why": row.why}
    cause = {"mail": row.__data__["incoming"], "configuration": row.configuration}  # the version that was in force
    return {**told, "from": row.before, "to": row.after, **cause}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
