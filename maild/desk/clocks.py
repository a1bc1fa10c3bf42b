"""The clocks of a ticket as rows: what `policy.clockwork` computes from its history, kept so that what is due is found.

A row never says more than the history: it is written anew, in the same transaction, whenever something happens that
clocks follow, and once more before a rung fires, so that changed calendars and holidays count. What is added here is
which rungs have fired, and `next_at`, set only while a clock goes: a sweep costs what is due, not what is open (M12).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from maild.desk import timeline
from maild.desk.models import Clock, Ticket
from maild.desk.prepared import Insert
from maild.policy import clockwork, hours, sla
from maild.policy.clock import ClockRun
from maild.policy.clockwork import SOLVED, UNSOLVED
from maild.policy.hours import Calendar
from maild.policy.sla import Levels, Run

__all__ = ["SOLVED", "UNSOLVED"]

_CLOCKS = Insert(Clock)


def start(ticket: Ticket, levels: Levels, now: datetime, *, alone: bool = True) -> list[dict[str, Any]]:
    """Start what is promised when a ticket opens; the rows as they were written. `alone`: nothing else happened yet."""
    moments = timeline.opening(ticket) if alone else timeline.of(ticket)
    runs = clockwork.compute(moments, levels, now)
    rows = [{"ticket": ticket.id, "fired": [], **_facts(run), "next_at": _next_look(run, levels, 0)} for run in runs]
    _CLOCKS.rows(rows)
    return rows


@dataclass(frozen=True, slots=True)
class Moved:
    """A clock that goes on has another due time than before."""

    kind: str  # "line:L1" of a line
    before: datetime
    after: datetime


def follow(ticket: Ticket, levels: Levels, now: datetime) -> list[Moved]:
    """Bring the rows in line with the ticket's history; the clocks whose due time moved while they went."""
    moved = []
    pairs, left = _paired(ticket, runs(ticket, levels, now))
    for run, row in pairs:
        if row is None:
            _CLOCKS.row(ticket=ticket.id, fired=[], **_late(run, levels, now))
            continue
        if row.due_at != run.due_at and row.stopped_at is None and run.stopped_at is None and run.paused_at is None:
            moved.append(Moved(run.kind, row.due_at, run.due_at))
        _update(row, run, levels)
    for row in (row for row in left if row.stopped_at is None):
        # a promise that desk.yaml makes no more
        gone = {"stopped_at": now, "stopped_why": "policy", "paused_at": None, "next_at": None}
        Clock.update(**gone).where(Clock.id == row.id).execute()
    return moved


def _paired(ticket: Ticket, found: Sequence[ClockRun]) -> tuple[list[tuple[ClockRun, Clock | None]], list[Clock]]:
    """Each clock of the history with its row (None: it has none), and the rows that no clock has.

    Of one kind the row that started with the clock is its own; an older version may have kept another start, so what is
    left then is paired in order.
    """
    rows: dict[tuple[str, str | None], list[Clock]] = {}
    for row in of(ticket):
        rows.setdefault((row.kind, row.line), []).append(row)
    pairs: list[tuple[ClockRun, Clock | None]] = []
    for run in found:
        kind, _, line = run.kind.partition(":")
        known = rows.get((kind, line or None), [])
        starts = {one.started_at for one in found if one.kind == run.kind}
        own = next((row for row in known if row.started_at == run.started_at), None)
        own = own or next((row for row in known if row.started_at not in starts), None)
        if own is not None:
            known.remove(own)
        pairs.append((run, own))
    return pairs, [row for left in rows.values() for row in left]


def _late(run: ClockRun, levels: Levels, now: datetime) -> dict[str, Any]:
    """The row of a clock that history has and the rows lack: of a promise new in desk.yaml, the past is past."""
    due = sum(rung.due_at <= now for rung in run.rungs)
    broken = run.due_at < now and run.stopped_at is None
    facts = {**_facts(run), "breached_at": None, "rung": due}
    return {**facts, "next_at": _next_look(run, levels, due, breached=broken)}


def runs(ticket: Ticket, levels: Levels, now: datetime) -> tuple[ClockRun, ...]:
    """The clocks with all that happened to them, computed from the ticket's history."""
    moments = timeline.of(ticket)
    return clockwork.compute(moments, levels, max(now, moments[-1].at) if moments else now)


def told(ticket: Ticket, levels: Levels, now: datetime) -> tuple[ClockRun, ...]:
    """The same with what rows alone know: which rungs fired, and breaches that a calendar of today would not have."""
    pairs, _ = _paired(ticket, runs(ticket, levels, now))
    return tuple(_with_facts(run, row) if row is not None else run for run, row in pairs)


def _with_facts(run: ClockRun, row: Clock) -> ClockRun:
    """Rungs fired when the timers took them; below the one that was taken after a downtime none did (M11)."""
    fired = {text: datetime.fromisoformat(at) if at else None for text, _, at in row.fired}
    steps = [
        replace(step, by="timer", values={**step.values, "passed": fired[step.values["rung"]] is None})
        if step.what == "rung" and step.values["rung"] in fired
        else step
        for step in run.steps
    ]
    rungs = tuple(replace(rung, fired_at=fired.get(rung.text)) for rung in run.rungs)
    return replace(run, breached_at=row.breached_at or run.breached_at, rungs=rungs, steps=tuple(steps))


def due(now: datetime, limit: int) -> list[Clock]:
    """The clocks that must be looked at, the longest due first: their ids and since when."""
    return list(due_query(now, limit))


def due_query(now: datetime, limit: int) -> Any:
    """The look for what is due. Its order has no ties: two machines that lock all of a batch lock in one order."""
    rows = Clock.select(Clock.id, Clock.next_at).where(Clock.next_at <= now)
    return rows.order_by(Clock.next_at, Clock.id).limit(limit)


def postpone(number: int, until: datetime) -> None:
    """Look at a clock later: it could not be handled now, and others wait behind it."""
    Clock.update(next_at=until).where(Clock.id == number).execute()


def run_of(clock: Clock, levels: Levels) -> Run:
    """A row as a clock that goes."""
    over = (p for p in clock.pauses or () if p[1] is not None)
    pauses = tuple((datetime.fromisoformat(p[0]), datetime.fromisoformat(p[1])) for p in over)
    return Run(calendar_of(clock, levels), clock.started_at, timedelta(seconds=clock.target), pauses)


def calendar_of(clock: Clock, levels: Levels) -> Calendar:
    """The clock's calendar; where desk.yaml has it no more, the one that its policy names now."""
    return _calendar(clock.calendar, clock.policy, levels)


def _calendar(name: str, policy: str, levels: Levels) -> Calendar:
    known = levels.calendars.get(name)
    return known or levels.calendars[next(iter(levels.policy(policy).targets.values())).calendar]


def climb(clock: Clock, levels: Levels, now: datetime) -> sla.Climb | None:
    """Take what is due on one clock, once: None where another machine was first or nothing is due.

    The guarded UPDATE is part of the caller's transaction, so what is fired and what it caused stand or fall together.
    """
    ladder = levels.ladder(clock.kind)
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
    clock.next_at = sla.next_look(run, ladder, clock.rung, breached=clock.breached_at is not None)
    values = {
        Clock.fired: fired,
        Clock.rung: clock.rung,
        Clock.breached_at: clock.breached_at,
        Clock.next_at: clock.next_at,
    }
    mine = Clock.update(values).where((Clock.id == clock.id) & (Clock.rung == first) & (Clock.next_at <= now)).execute()
    return found if mine else None


def word_of(kind: str) -> str:
    """The word by which people are told of a kind of clock: that of a line is no line."""
    return "time_in_line" if kind == "line" else kind


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
        out.append(
            {
                "kind": f"{clock.kind}:{clock.line}" if clock.line else clock.kind,
                "policy": clock.policy,
                "target_minutes": clock.target / 60,
                "calendar": clock.calendar or None,
                "started_at": clock.started_at.isoformat(),
                "due_at": clock.due_at.isoformat(),
                "stopped_at": clock.stopped_at and clock.stopped_at.isoformat(),
                "breached_at": clock.breached_at and clock.breached_at.isoformat(),
                "elapsed_minutes": max(0.0, elapsed.total_seconds() / 60),
                "paused_minutes": clock.paused / 60,
                "rungs": [
                    {"at": r.text, "due_at": run.at(r).isoformat(), "fired_at": fired.get(r.text)}
                    for r in levels.ladder(clock.kind)
                ],
            }
        )
    return out


def _facts(run: ClockRun) -> dict[str, Any]:
    """What a row holds of a clock."""
    kind, _, line = run.kind.partition(":")
    pauses = [[p.since.isoformat(), p.until and p.until.isoformat(), _seconds(p.open), p.why] for p in run.pauses]
    return {
        "kind": kind,
        "line": line or None,
        "policy": run.policy,
        "calendar": run.calendar or "",
        "target": _seconds(run.target),
        "started_at": run.started_at,
        "due_at": run.due_at,
        "paused_at": run.paused_at,
        "paused": sum(_seconds(p.open) for p in run.pauses if p.until is not None),
        "pauses": pauses or None,
        "stopped_at": run.stopped_at,
        "stopped_why": run.stopped_why,
        # while it goes, the timers note a breach, with what it brings about
        "breached_at": run.breached_at if run.stopped_at is not None else None,
    }


def _update(row: Clock, run: ClockRun, levels: Levels) -> None:
    facts = _facts(run)
    facts["breached_at"] = row.breached_at or facts["breached_at"]  # B50: a breach is a fact that stays
    facts["next_at"] = _next_look(run, levels, row.rung, breached=facts["breached_at"] is not None)
    changed = {name: value for name, value in facts.items() if getattr(row, name) != value}
    if changed:
        Clock.update(**changed).where(Clock.id == row.id).execute()


def _next_look(run: ClockRun, levels: Levels, first: int, *, breached: bool = False) -> datetime | None:
    """When the timers must look at it: never while it stands."""
    if run.stopped_at is not None or run.paused_at is not None:
        return None
    if run.calendar is None:  # until when it is pending: plain time, and no ladder
        return run.due_at
    pauses = tuple((p.since, p.until) for p in run.pauses if p.until is not None)
    goes = Run(_calendar(run.calendar, run.policy, levels), run.started_at, run.target, pauses)
    return sla.next_look(goes, levels.ladder(run.kind), first, breached=breached)


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
