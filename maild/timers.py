"""STORY 4: what is due now becomes changes. Deadlines live in rows; this looks at those that are due, each once.

Each clock is taken by a guarded UPDATE in the transaction of what it causes, so that neither a restart, nor a second
machine, nor a jump of the clock fires a rung twice (M11, B48).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from maild.desk import clocks, contents, db, inbox, letters, outbox, tickets
from maild.desk.models import Clock, Reminder, Ticket
from maild.errors import Unavailable
from maild.policy import escalation, hours
from maild.policy.changes import Audience, Breached, Change, Changed, Noted, Notified
from maild.policy.sla import Climb, Rung
from maild.stage import Stage

log = structlog.get_logger("timers")

BATCH = 200
_AGAIN = timedelta(minutes=10)


def all_due(stage: Stage, now: datetime) -> int:
    """All that is due, of every kind, a bounded number at a time; how many. 0: nothing is due."""
    return sweep(stage, now) + remind(stage, now) + close_resolved(stage, now)


def sweep(stage: Stage, now: datetime) -> int:
    """Fire what is due on the clocks, a bounded number at a time; how many were looked at."""
    due = clocks.due(now, BATCH)
    for number in due:
        try:
            with db.transaction():
                _ring(stage, number, now)
        except Unavailable:
            raise
        except Exception:  # one clock that cannot be handled must not stop those behind it
            log.exception("a clock could not be handled", clock=number)
            with db.transaction():
                clocks.postpone(number, now + _AGAIN)
    return len(due)


def _ring(stage: Stage, number: int, now: datetime) -> None:
    clock = Clock.get_by_id(number)
    ticket = tickets.lock(clock.__data__["ticket"])
    clock = Clock.get_by_id(number)  # again, now that nobody else changes the ticket
    levels = stage.settings.desk.levels
    climbed = clocks.climb(clock, levels, now)
    if climbed is None:
        return
    rung = levels.ladders[clock.kind][climbed.rung] if climbed.rung is not None else None
    log.info("clock", ticket=ticket.key, clock=clock.kind, rung=rung and rung.text, breached=climbed.breached)
    act = stage.act(now, actor="timer")
    told = tickets.apply(ticket, _fallen_due(stage, ticket, clock, climbed, rung, now), act)
    outbox.put(letters.write(told, act, stage.post))
    if rung is not None:  # afterwards: the warning is for those who had the ticket, not for those who get it
        raised = tickets.apply(ticket, _escalated(stage, ticket, clock, rung, now), act)
        outbox.put(letters.write(raised, act, stage.post))


def _fallen_due(
    stage: Stage, ticket: Ticket, clock: Clock, climbed: Climb, rung: Rung | None, now: datetime
) -> list[Change]:
    """The breach as a fact, and those of the staff whom the rung names."""
    changes: list[Change] = []
    if climbed.breached:
        changes.append(Breached(clock.kind, clock.due_at, f"{clock.kind} was due"))
    if rung is None:
        return changes
    values = {"clock": _clock_values(stage, clock, rung, now), "waiting": contents.waiting(ticket, now)}
    staff: tuple[Audience, ...] = tuple(a for a in rung.notify if a not in ("requester", "participants"))
    notice = "sla_breach" if clock.breached_at is not None else "sla_warning"
    if staff:
        changes.append(Notified(notice, staff, values))
    return changes


def _escalated(stage: Stage, ticket: Ticket, clock: Clock, rung: Rung, now: datetime) -> Sequence[Change]:
    """The next line where the rung says so; the requester hears of that, or else of the delay."""
    desk = stage.settings.desk
    above = desk.line_after(ticket.line) if rung.raises else None
    if above is not None:
        values = _clock_values(stage, clock, rung, now)
        return escalation.raised(desk, tickets.view(ticket), above, f"{clock.kind} at {rung.text}", "timer", values)
    return [Notified("delayed", ("requester",), {})] if "requester" in rung.notify else []


def _clock_values(stage: Stage, clock: Clock, rung: Rung, now: datetime) -> dict[str, Any]:
    calendar = clocks.calendar_of(clock, stage.settings.desk.levels)
    elapsed = hours.between(calendar, clock.started_at, now) - timedelta(seconds=clock.paused)
    return {
        "kind": clock.kind,
        "due_at": clock.due_at,
        "target": timedelta(seconds=clock.target),
        "percent": rung.percent,
        "elapsed": elapsed,
        "overdue": max(timedelta(), elapsed - timedelta(seconds=clock.target)),
    }


def expire_raw(stage: Stage, now: datetime) -> int:
    """Remove the bytes of mails whose retention is over; how many, up to a bounded number at a time."""
    keep = stage.settings.retention.raw
    return inbox.expire(now - keep, BATCH) if keep is not None else 0


def remind(stage: Stage, now: datetime) -> int:
    """Send the reminders that agents asked for, and end what was pending until now; how many, a bounded number."""
    due = list(Reminder.select(Reminder.id).where((Reminder.at <= now) & Reminder.done_at.is_null()).limit(BATCH))
    over = list(Ticket.select(Ticket.id).where(Ticket.pending_until <= now).limit(BATCH))
    done = 0
    for work, what, rows in ((_remind, "reminder", due), (_end_waiting, "ticket", over)):
        for row in rows:
            try:
                with db.transaction():
                    done += work(stage, row.id, now)
            except Unavailable:
                raise
            except Exception:  # not counted, so that nobody asks again at once; the next minute tries it again
                log.exception("nobody could be reminded", **{what: row.id})
    return done


def _remind(stage: Stage, number: int, now: datetime) -> bool:
    ticket = tickets.lock(Reminder.get_by_id(number).__data__["ticket"])
    mine = Reminder.update(done_at=now).where((Reminder.id == number) & Reminder.done_at.is_null()).execute()
    if not mine:
        return False
    reminder = Reminder.get_by_id(number)
    act = stage.act(now, actor="timer")
    asked = Notified("reminder", (), {"text": reminder.text})
    applied = tickets.apply(ticket, [Noted("reminded", "an agent asked for it", "timer"), asked], act)
    outbox.put(letters.write_to(str(reminder.person.staff), applied, act, stage.post))
    return True


def _end_waiting(stage: Stage, number: int, now: datetime) -> bool:
    """The time is over until which a ticket was pending: it is open again, and its owner is told."""
    ticket = tickets.lock(number)
    if ticket.pending_until is None or ticket.pending_until > now:
        return False
    why = "the time until which it was pending is over"
    changes: list[Change] = [Changed("pending_until", None, why, "timer")]
    if ticket.status == "pending":
        changes += [Changed("status", "open", why, "timer"), Notified("waited", ("owner",))]
    act = stage.act(now, actor="timer")
    applied = tickets.apply(ticket, changes, act)
    outbox.put(letters.write(applied, act, stage.post))
    return True


def close_resolved(stage: Stage, now: datetime) -> int:
    """Close what was resolved long enough ago and not contradicted (P10), a bounded number at a time; how many."""
    limit = now - stage.settings.desk.closing.after_resolved
    old = Ticket.select(Ticket.id).where((Ticket.status == "resolved") & (Ticket.resolved_at <= limit)).limit(BATCH)
    closed = 0
    for number in [row.id for row in old]:
        try:
            with db.transaction():
                closed += _close(stage, number, limit, now)
        except Unavailable:
            raise
        except Exception:  # not counted, so that nobody asks again at once; the next minute tries it again
            log.exception("a ticket could not be closed", ticket=number)
    return closed


def _close(stage: Stage, number: int, limit: datetime, now: datetime) -> bool:
    ticket = tickets.lock(number)
    if ticket.status != "resolved" or ticket.resolved_at > limit:
        return False
    act = stage.act(now, actor="timer")
    closed = Changed("status", "closed", "resolved and not contradicted", "timer")
    applied = tickets.apply(ticket, [closed, Notified("closure", ("requester", "participants"))], act)
    outbox.put(letters.write(applied, act, stage.post))
    return True
