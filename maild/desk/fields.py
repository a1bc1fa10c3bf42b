"""How the fields of a ticket stand in its history, and how in its row.

A change and an event name a requester by address, another ticket by its key, a time as ISO 8601: what people can read,
and what a JSON value can hold. The row holds the person, the ticket and the time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from maild.desk import people
from maild.desk.models import Ticket
from maild.policy.changes import TicketField

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9]*)-(\d{1,9})")


def shown(ticket: Ticket, field: TicketField) -> str | None:
    """The value of a field as history tells it."""
    if field == "requester":
        return str(ticket.requester.address)
    if field == "parent":
        return ticket.parent.key if ticket.__data__.get("parent") else None
    value = getattr(ticket, field)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, bool):
        return "yes" if value else None
    return None if value is None else str(value)


def stored(field: TicketField, value: str | None, now: datetime) -> Any:
    """The value of a field as the row holds it. A requester whom nobody knows yet is met."""
    if field == "requester":
        return people.meet(value or "", "", None, now)
    if field == "parent":
        return by_key(value) if value else None
    if field == "pending_until":
        return datetime.fromisoformat(value) if value else None
    return value == "yes" if field in ("silent", "confidential") else value


def by_key(key: str) -> Ticket | None:
    """The ticket that people call `key`."""
    match = _KEY.fullmatch(key.strip())
    found: Ticket | None = Ticket.get_or_none(id=int(match[2]), prefix=match[1].upper()) if match else None
    return found
