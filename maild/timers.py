"""STORY 4: what is due now becomes changes. Deadlines live in rows; this looks at those that are due, each once.

Each clock is taken by a guarded UPDATE in the transaction of what it causes, so that neither a restart, nor a second
machine, nor a jump of the clock fires a rung twice (M11, B48). What is noticed late is told in digests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from maild import ruled
from maild.desk import clocks, contents, db, inbox, letters, outbox, promises, report, resting, tickets
from maild.desk.act import Act, Applied
from maild.desk.models import Clock, Reminder, Ticket
from maild.errors import Unavailable
from maild.policy import escalation, hours, priority, ruling
from maild.policy.changes import Audience, Breached, Change, Changed, Noted, Notified, Tagged
from maild.policy.rules import Rule, Ruleset
from maild.policy.sla import Climb, Rung
from maild.stage import Stage

log = structlog.get_logger("timers")

BATCH = 200
_RESTED = 50  # tickets of one idle rule: while they are written about, SQLite lets nobody else write
_AGAIN = timedelta(minutes=10)
_BACKLOG = 2000  # clocks that are caught up with together: while it lasts, SQLite lets nobody else write
_LATE = timedelta(minutes=15)  # later than any sweep of a daemon that runs


def all_due(stage: Stage, now: datetime) -> int:
    """All that is due, of every kind, a bounded number at a time; how many. 0: nothing is due."""
    jobs = (sweep, remind, idle, close_resolved, weekly)
    return sum(job(stage, now) for job in jobs)


def sweep(stage: Stage, now: datetime) -> int:
    """Fire what is due on the clocks, a bounded number at a time; how many were looked at.

    What was due long before now was due while nobody looked: of that each of the staff gets one digest (B48).
    """
    due = clocks.due(now, BATCH)
    late = [clock.id for clock in due if now - clock.next_at > _LATE]
    if late:  # the longest due come first
        return _catch_up(stage, now)
    for clock in due:
        with _one_by_one(clock.id, now), db.transaction():
            act = stage.act(now, actor="timer")
            _ring(stage, clock.id, act, partial(_put, stage, act))
    return len(due)


def _catch_up(stage: Stage, now: datetime) -> int:
    """All that is late, in one transaction of one machine: else each of the staff would get a digest for each batch."""
    with db.transaction():
        db.one_at_a_time("late clocks")
        late = [clock.id for clock in clocks.due(now - _LATE, _BACKLOG)]
        act = stage.act(now, actor="timer")
        digests = letters.Digests(act, stage.post)
        raised: set[int] = set()  # no line loses a ticket that it never saw
        for number in late:
            with _one_by_one(number, now), db.savepoint(), digests.stand_or_fall():
                _ring(stage, number, act, digests.add, raised)
        outbox.put(digests.rows())
    return max(1, len(late))  # another machine may have done it: then what is in time is left


def _put(stage: Stage, act: Act, told: Applied) -> None:
    outbox.put(letters.write(told, act, stage.post))


@contextmanager
def _one_by_one(number: int, now: datetime) -> Iterator[None]:
    """One clock that cannot be handled must not stop those behind it."""
    try:
        yield
    except (Unavailable, *db.GONE):  # also a deadlock with a mail of another machine: all is tried again
        raise
    except Exception:
        log.exception("a clock could not be handled", clock=number)
        with db.transaction():
            clocks.postpone(number, now + _AGAIN)


def _ring(
    stage: Stage, number: int, act: Act, write: Callable[[Applied], object], raised: set[int] | None = None
) -> None:
    """Do what is due on one clock; `write` is given what came of it, for the mails about it.

    Tickets in `raised` are not raised again; those that are raised now join them.
    """
    now, levels = act.now, stage.settings.desk.levels
    clock = Clock.get_by_id(number)
    ticket = tickets.lock(clock.__data__["ticket"])
    moved = clocks.follow(ticket, levels, now)  # calendars and holidays may be others than when it was set
    clock = Clock.get_by_id(number)  # now that nobody else changes the ticket
    if moved:
        tickets.tell_moved(ticket, moved, act)
    if clock.kind == "pending_until":
        if clock.stopped_at is None and clock.due_at <= now:
            changes = _end_of_waiting(ticket)
            write(tickets.apply(ticket, changes, act))
            _rules(stage, ticket, act, write, {"changed"}, changed=frozenset(ruling.moved(changes)))
        return
    climbed = clocks.climb(clock, levels, now)
    if climbed is None:
        return
    ladder = levels.ladder(clock.kind)
    rung = ladder[climbed.rung] if climbed.rung is not None else None
    log.info("clock", ticket=ticket.key, clock=clock.kind, rung=rung and rung.text, breached=climbed.breached)
    write(tickets.apply(ticket, _fallen_due(stage, ticket, clock, climbed, rung, now), act))
    if rung is not None:  # afterwards: the warning is for those who had the ticket, not for those who get it
        rungs = [ladder[i] for i in (*climbed.passed, climbed.rung or 0)]  # who is passed over tells nobody, but acts
        raises = any(one.raises for one in rungs) and ticket.id not in (raised or ())
        changes = [*_marked(ticket, clock, rungs), *_escalated(stage, ticket, clock, rung, raises=raises, now=now)]
        write(tickets.apply(ticket, changes, act))
        if raises and raised is not None:  # now that it is done: had it failed, the next clock may raise it
            raised.add(ticket.id)
    else:
        changes = []
    fields = frozenset(ruling.moved(changes))
    occasions = {name for name, came in (("breached", climbed.breached), ("changed", fields)) if came}
    _rules(stage, ticket, act, write, occasions, clock=clock.kind, changed=fields)


def _rules(
    stage: Stage,
    ticket: Ticket,
    act: Act,
    write: Callable[[Applied], object],
    occasions: AbstractSet[str],
    *,
    clock: str = "",
    changed: frozenset[str] = frozenset(),
) -> None:
    """What the administrator's rules add to what time has brought about."""
    applied = ruled.apply(ticket, stage.settings.rules, frozenset(occasions), act, clock=clock, changed=changed)
    if applied is not None:
        write(applied)


def _fallen_due(
    stage: Stage, ticket: Ticket, clock: Clock, climbed: Climb, rung: Rung | None, now: datetime
) -> list[Change]:
    """The breach as a fact, and those of the staff whom the rung names."""
    changes: list[Change] = []
    if climbed.breached:
        changes.append(Breached(clock.kind, clock.due_at, f"{clock.kind} was due"))
    if rung is None:
        return changes
    values = {"clock": _clock_values(stage, clock, rung, now), "waiting": promises.waiting(ticket, now)}
    staff: tuple[Audience, ...] = tuple(a for a in rung.notify if a not in _OUTSIDE)
    notice = "sla_breach" if clock.breached_at is not None else "sla_warning"
    if staff or rung.addresses:
        changes.append(Notified(notice, staff, values, rung.addresses, rung.quiet))
    return changes


_OUTSIDE: tuple[Audience, ...] = ("requester", "participants")


def _marked(ticket: Ticket, clock: Clock, rungs: Sequence[Rung]) -> list[Change]:
    """The tags and the priority that rungs give."""
    changes: list[Change] = []
    wanted = ticket.priority
    for rung in rungs:
        if rung.tag is not None:
            changes.append(Tagged(rung.tag, _because(clock, rung), "timer"))
        if rung.priority is not None and priority.higher(rung.priority, wanted):  # time makes nothing less pressing
            wanted = rung.priority
            changes.append(Changed("priority", wanted, _because(clock, rung), "timer"))
    return changes


def _because(clock: Clock, rung: Rung) -> str:
    return f"{clock.kind} at {rung.text}"


def _escalated(
    stage: Stage, ticket: Ticket, clock: Clock, rung: Rung, *, raises: bool, now: datetime
) -> Sequence[Change]:
    """The next line where the rung, or one that was passed over, says so; the requester hears of that or the delay."""
    desk = stage.settings.desk
    above = desk.line_after(ticket.line) if raises else None
    if above is not None:
        values = _clock_values(stage, clock, rung, now)
        changes = escalation.raised(desk, tickets.view(ticket), above, _because(clock, rung), "timer", values)
        return [replace(one, quiet=rung.quiet) if isinstance(one, Notified) else one for one in changes]
    outside = tuple(a for a in rung.notify if a in _OUTSIDE)
    return [Notified("delayed", outside)] if outside else []


def _clock_values(stage: Stage, clock: Clock, rung: Rung, now: datetime) -> dict[str, Any]:
    calendar = clocks.calendar_of(clock, stage.settings.desk.levels)
    elapsed = hours.between(calendar, clock.started_at, now) - timedelta(seconds=clock.paused)
    return {
        "kind": clocks.word_of(clock.kind),
        "due_at": clock.due_at,
        "target": timedelta(seconds=clock.target),
        "percent": rung.percent,
        "elapsed": elapsed,
        "overdue": max(timedelta(), elapsed - timedelta(seconds=clock.target)) if clock.breached_at else None,
    }


def expire_raw(stage: Stage, now: datetime) -> int:
    """Remove the bytes of mails whose retention is over; how many, up to a bounded number at a time."""
    keep = stage.settings.retention.raw
    return inbox.expire(now - keep, BATCH) if keep is not None else 0


def remind(stage: Stage, now: datetime) -> int:
    """Send the reminders that agents asked for; how many, a bounded number."""
    due = list(Reminder.select(Reminder.id).where((Reminder.at <= now) & Reminder.done_at.is_null()).limit(BATCH))
    done = 0
    for row in due:
        try:
            with db.transaction():
                done += _remind(stage, row.id, now)
        except Unavailable:
            raise
        except Exception:  # not counted, so that nobody asks again at once; the next minute tries it again
            log.exception("nobody could be reminded", reminder=row.id)
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


def weekly(stage: Stage, now: datetime) -> int:
    """Write the report of the last week, on Monday morning or as soon after it as we run; how many mails, once.

    Each lead gets the figures of their lines, the manager those of the whole desk. Of a week in which no promise came
    to its end nothing is sent.
    """
    desk = stage.settings.desk
    if not desk.weekly_report:
        return 0
    since, until = report.last_week(now, ZoneInfo(contents.zone(stage.settings)))
    if report.claimed(since):
        return 0
    scopes: dict[str, tuple[str, ...]] = {}
    for name, line in desk.lines.items():
        scopes[line.lead] = (*scopes.get(line.lead, ()), name)
    scopes[desk.manager] = ()
    # before the transaction: to count takes long after a week of many tickets, and mail must not wait for it
    found = {member: report.over(since, until, desk.levels, lines) for member, lines in scopes.items()}
    told = {member: figures for member, figures in found.items() if not figures.empty}
    with db.transaction():
        if not report.claim(since, stage.owner):
            return 0
        rows = letters.weekly(told, stage.act(now, actor="timer"), stage.post)
        outbox.put(rows)
    log.info("weekly report", since=since.isoformat(), mails=len(rows))
    return len(rows)


def idle(stage: Stage, now: datetime) -> int:
    """Ask the rules `on: idle` about tickets that have rested so long, a bounded number at a time; how many.

    Each rule sees a ticket once each time that it comes to rest. Who is told of several tickets gets one digest.
    """
    return sum(_rested(stage, rule, alone, now) for rule, alone in stage.settings.rules.idle)


def _rested(stage: Stage, rule: Rule, alone: Ruleset, now: datetime) -> int:
    assert rule.idle is not None
    with db.transaction():
        found = resting.come_to(rule.name, now - rule.idle, _RESTED)
        act = stage.act(now, actor="timer")
        digests = letters.Digests(act, stage.post, rule.name)
        for number in found:
            with _apart(rule, number), db.savepoint(), digests.stand_or_fall():
                ticket = tickets.lock(number)
                if ticket.touched_at is not None and ticket.touched_at <= now - rule.idle:
                    applied = ruled.apply(ticket, alone, frozenset({"idle"}), act)
                    if applied is not None:
                        digests.add(applied)
        outbox.put(digests.rows())
    return len(found)


@contextmanager
def _apart(rule: Rule, number: int) -> Iterator[None]:
    """One ticket on which a rule fails must not keep the rule from the others."""
    try:
        yield
    except (Unavailable, *db.GONE):
        raise
    except Exception:
        log.exception("a rule failed on a ticket that rests", rule=rule.name, ticket=number)


def _end_of_waiting(ticket: Ticket) -> Sequence[Change]:
    """The time is over until which a ticket was pending: it is open again, and its owner is told."""
    why = "the time until which it was pending is over"
    changes: list[Change] = [Changed("pending_until", None, why, "timer")]
    if ticket.status == "pending":
        changes += [Changed("status", "open", why, "timer"), Notified("waited", ("owner",))]
    return changes


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
    put = partial(_put, stage, act)
    put(tickets.apply(ticket, [closed, Notified("closure", ("requester", "participants"))], act))
    _rules(stage, ticket, act, put, {"changed"}, changed=frozenset({"status"}))
    return True
