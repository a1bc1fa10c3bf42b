"""What a requester can still expect: the next promise that can be kept, said so that it will hold when it is read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from maild.desk import clocks
from maild.desk.models import Clock, Message, Ticket
from maild.policy import hours
from maild.policy.sla import Levels

_HEARD = frozenset({"first_response", "next_response", "keep_informed", "resolution"})  # ends with a mail of ours
_LEAST = timedelta(minutes=30)  # who has waited is not told of less: nobody would keep it
_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)


def expected(ticket: Ticket, levels: Levels, now: datetime) -> dict[str, Any]:
    """Within what time the requester is to hear from us; None where nothing that is promised can be kept any more."""
    running = [c for c in clocks.of(ticket) if c.kind in _HEARD and c.stopped_at is None and c.paused_at is None]
    left = [(hours.between(clocks.calendar_of(c, levels), now, c.due_at), c) for c in running if c.due_at > now]
    time, clock = min(((t, c) for t, c in left if t >= _LEAST), key=lambda one: one[1].due_at, default=(None, None))
    if time is None or clock is None:
        return {"expected": None}
    grain = _HOUR if time > 4 * _HOUR else _QUARTER  # never more than what is left
    return {"expected": time // grain * grain, "in_hours": in_hours(clock, levels)}


def in_hours(clock: Clock, levels: Levels) -> bool:
    """Whether a promise counts in opening hours: by a calendar that closes at times."""
    return not clocks.calendar_of(clock, levels).always


def waiting(ticket: Ticket, now: datetime) -> timedelta | None:
    """Since when the requester has had no answer; None where the last word was ours (B42)."""
    said_last = (
        Message.select(Message.at)
        .where((Message.ticket == ticket) & (Message.direction == "out"))
        .order_by(Message.id.desc())
        .first()
    )
    unanswered = Message.select(Message.at).where(
        (Message.ticket == ticket) & (Message.direction == "in") & (Message.visibility == "public")
    )
    if said_last:
        unanswered = unanswered.where(Message.at > said_last.at)
    oldest = unanswered.order_by(Message.id).first()
    return now - oldest.at if oldest else None
