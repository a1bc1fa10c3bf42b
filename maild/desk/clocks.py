"""The clocks of a ticket as rows: they follow its changes in the same transaction, and the timers climb what is due.

The arithmetic is `policy.sla`'s. A clock's facts stay when it has stopped; `next_at` is set only while it goes, so a
sweep costs what is due and not what is open (M12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from maild.desk.models import Clock, Ticket
from maild.desk.prepared import Insert
from maild.policy import hours, sla
from maild.policy.hours import Calendar
from maild.policy.sla import Levels, Policy, Run

_CLOCKS = Insert(Clock)
SOLVED = frozenset({"resolved", "closed", "merged"})


def start(ticket: Ticket, levels: Levels, now: datetime) -> list[dict[str, Any]]:
    """Start first response and resolution when a ticket opens; the rows as they were written."""
    policy = levels.policies[0]
    target = policy.targets[ticket.priority]
    rows = []
    for kind, amount in (("first_response", target.first_response), ("resolution", target.resolution)):
        run = Run(levels.calendars[target.calendar], now, amount, timedelta())
        rows.append(
            {
                "ticket": ticket.id,
                "kind": kind,
                "policy": policy.name,
                "calendar": target.calendar,
                "target": int(amount.total_seconds()),
                "started_at": now,
                "due_at": run.due(),
                "fired": [],
                "next_at": sla.next_look(run, levels.ladders.get(kind, ()), 0, breached=False),
            }
        )
    _CLOCKS.rows(rows)
    return rows


def follow(ticket: Ticket, changed: Mapping[str, tuple[Any, Any]], levels: Levels, now: datetime) -> None:
    """Let the clocks follow what changed (field -> before, after); `ticket` has the new values already."""
    answered = "first_response_at" in changed
    if not (answered or {"status", "priority"} & changed.keys()):
        return
    for clock in Clock.select().where(Clock.ticket == ticket):
        policy = _policy(clock, levels)
        before = dict(clock.__data__)
        over = clock.kind == "first_response" and clock.stopped_at is not None  # its facts stay; it never goes again
        if "priority" in changed and not over:
            _retarget(clock, policy.targets[ticket.priority], levels)
        if clock.kind == "first_response" and clock.stopped_at is None and (answered or ticket.status in SOLVED):
            _stop(clock, now)
        if clock.kind == "resolution" and "status" in changed:
            _follow_status(clock, ticket.status, policy, levels, now)
        if clock.__data__ != before:
            _look_again(clock, levels)
            clock.save()


def due(now: datetime, limit: int) -> list[int]:
    """The ids of clocks that must be looked at, the longest due first."""
    rows = Clock.select(Clock.id).where(Clock.next_at <= now).order_by(Clock.next_at).limit(limit)
    return [row.id for row in rows]


def postpone(number: int, until: datetime) -> None:
    """Look at a clock later: it could not be handled now, and others wait behind it."""
    Clock.update(next_at=until).where(Clock.id == number).execute()


def run_of(clock: Clock, levels: Levels) -> Run:
    """A row as a clock that goes."""
    seconds = timedelta(seconds=clock.paused)
    return Run(calendar_of(clock, levels), clock.started_at, timedelta(seconds=clock.target), seconds)


def calendar_of(clock: Clock, levels: Levels) -> Calendar:
    """The clock's calendar; where desk.yaml has it no more, the one that its policy names now."""
    known = levels.calendars.get(clock.calendar)
    return known or levels.calendars[next(iter(_policy(clock, levels).targets.values())).calendar]


def climb(clock: Clock, levels: Levels, now: datetime) -> sla.Climb | None:
    """Take what is due on one clock, once: None where another machine was first or nothing is due.

    The guarded UPDATE is part of the caller's transaction, so what is fired and what it caused stand or fall together.
    """
    ladder = levels.ladders.get(clock.kind, ())
    run = run_of(clock, levels)
    found = sla.climb(run, ladder, clock.rung, breached=clock.breached_at is not None, now=now)
    first = clock.rung
    fired = list(clock.fired)
    if found:
        fired += [[ladder[i].text, run.at(ladder[i]).isoformat(), None] for i in found.passed]
        if found.rung is not None:
            fired.append([ladder[found.rung].text, run.at(ladder[found.rung]).isoformat(), now.isoformat()])
            clock.rung = found.rung + 1
        if found.breached:
            clock.breached_at = clock.due_at  # as it was, not as it was noticed
    _look_again(clock, levels)
    values = {
        Clock.fired: fired,
        Clock.rung: clock.rung,
        Clock.breached_at: clock.breached_at,
        Clock.next_at: clock.next_at,
    }
    mine = Clock.update(values).where((Clock.id == clock.id) & (Clock.rung == first) & (Clock.next_at <= now)).execute()
    return found if mine else None


def _policy(clock: Clock, levels: Levels) -> Policy:
    return next((p for p in levels.policies if p.name == clock.policy), levels.policies[0])


def _retarget(clock: Clock, target: sla.Target, levels: Levels) -> None:
    """B44: a new priority counts from the original start and keeps what the clock stood still."""
    amount = target.first_response if clock.kind == "first_response" else target.resolution
    clock.target = int(amount.total_seconds())
    clock.calendar = target.calendar
    clock.due_at = run_of(clock, levels).due()


def _follow_status(clock: Clock, status: str, policy: Policy, levels: Levels, now: datetime) -> None:
    calendar = calendar_of(clock, levels)
    still_since = clock.stopped_at or clock.paused_at
    stops, pauses = status in SOLVED, status in policy.pause
    if still_since is not None and not stops and not pauses:
        # B46: the time it stood resolved is left out, like any pause
        clock.paused += int(hours.between(calendar, still_since, now).total_seconds())
        clock.stopped_at = clock.paused_at = None
        clock.due_at = run_of(clock, levels).due()
    elif stops and clock.stopped_at is None:
        if clock.paused_at is not None:
            clock.paused += int(hours.between(calendar, clock.paused_at, now).total_seconds())
            clock.paused_at = None
            clock.due_at = run_of(clock, levels).due()
        _stop(clock, now)
    elif pauses and clock.paused_at is None:
        clock.paused_at = now


def _stop(clock: Clock, now: datetime) -> None:
    clock.stopped_at = now
    if clock.breached_at is None and now > clock.due_at:
        clock.breached_at = clock.due_at  # a fact, also where no sweep came by (B50)


def _look_again(clock: Clock, levels: Levels) -> None:
    if clock.stopped_at is not None or clock.paused_at is not None:
        clock.next_at = None
        return
    ladder = levels.ladders.get(clock.kind, ())
    clock.next_at = sla.next_look(run_of(clock, levels), ladder, clock.rung, breached=clock.breached_at is not None)


def of(ticket: Ticket) -> Sequence[Clock]:
    """The clocks of a ticket, in the order of their start."""
    return list(Clock.select().where(Clock.ticket == ticket).order_by(Clock.id))


def as_json(clocks: Iterable[Clock], levels: Levels, now: datetime) -> list[dict[str, Any]]:
    """Clocks in the shape of interface.md."""
    out = []
    for clock in clocks:
        calendar = calendar_of(clock, levels)
        run = run_of(clock, levels)
        end = clock.stopped_at or clock.paused_at or now
        elapsed = hours.between(calendar, clock.started_at, end) - timedelta(seconds=clock.paused)
        fired = {text: at for text, _, at in clock.fired}
        ladder = levels.ladders.get(clock.kind, ())
        out.append(
            {
                "kind": clock.kind,
                "target_minutes": clock.target / 60,
                "calendar": clock.calendar,
                "started_at": clock.started_at.isoformat(),
                "due_at": clock.due_at.isoformat(),
                "stopped_at": clock.stopped_at and clock.stopped_at.isoformat(),
                "breached_at": clock.breached_at and clock.breached_at.isoformat(),
                "elapsed_minutes": max(0.0, elapsed.total_seconds() / 60),
                "paused_minutes": clock.paused / 60,
                "rungs": [
                    {"at": r.text, "due_at": run.at(r).isoformat(), "fired_at": fired.get(r.text)} for r in ladder
                ],
            }
        )
    return out
