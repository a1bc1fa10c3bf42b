"""The ledger of a clock: all that made its due time, calendar cuts included, as values that words can be made of.

`as_json` has the shape of a ticket's clocks in interface.md, and more beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from maild.policy import hours
from maild.policy.clock import ClockRun, Step
from maild.policy.hours import ONE_DAY, Calendar
from maild.policy.sla import Levels

MOST = 400  # cuts of one clock: more than a year of working days, and nobody reads more


@dataclass(frozen=True, slots=True)
class FreeDay:
    """A whole day on which a calendar is not open."""

    day: date
    why: Literal["weekday", "holiday", "closed"]
    name: str | None = None  # of the holiday, as its country calls it


@dataclass(frozen=True, slots=True)
class Cut:
    """A time that does not count, because the calendar is not open."""

    since: datetime
    until: datetime
    days: tuple[FreeDay, ...]  # none: the hours alone say so


def cuts(calendar: Calendar, a: datetime, b: datetime) -> tuple[Cut, ...]:
    """What of the time between two instants does not count, in order."""
    if calendar.always or b <= a:
        return ()
    found: list[Cut] = []
    last = a.astimezone(UTC)
    for opens, closes in hours.windows(calendar, last):
        if opens > last:
            found.append(_cut(calendar, last, min(opens, b)))
        last = closes
        if closes >= b or len(found) >= MOST:
            return tuple(found)
    found.append(_cut(calendar, last, b))
    return tuple(found)


def _cut(calendar: Calendar, since: datetime, until: datetime) -> Cut:
    day, last = since.astimezone(calendar.zone).date(), until.astimezone(calendar.zone).date()
    days = []
    while day <= last:
        if not calendar.intervals(day):
            days.append(_free(calendar, day))
        day += ONE_DAY
    return Cut(since, until, tuple(days))


def _free(calendar: Calendar, day: date) -> FreeDay:
    if day in calendar.closed:
        return FreeDay(day, "closed")
    if not calendar.hours[day.weekday()]:
        return FreeDay(day, "weekday")
    name = hours.holiday_name(calendar.holidays, day) if calendar.holidays else None
    return FreeDay(day, "holiday", name)


def of(run: ClockRun, levels: Levels) -> tuple[Step, ...]:
    """Every step of a clock and every cut before it is due (or stopped), in the order of time."""
    calendar = levels.calendars.get(run.calendar or "")
    if calendar is None:
        return run.steps
    end = min(run.due_at, run.stopped_at or run.due_at)
    closed = [
        Step(cut.since, "closed", None, values={"until": cut.until, "days": cut.days})
        for cut in cuts(calendar, run.started_at, end)
    ]
    return tuple(sorted((*run.steps, *closed), key=lambda step: step.at))  # stable: steps keep their order


def as_json(run: ClockRun, levels: Levels) -> dict[str, Any]:
    """A clock in the shape of interface.md, with its pauses and its ledger."""
    return {
        "kind": run.kind,
        "policy": run.policy,
        "target_minutes": _minutes(run.target),
        "calendar": run.calendar,
        "started_at": run.started_at.isoformat(),
        "due_at": run.due_at.isoformat(),
        "stopped_at": _iso(run.stopped_at),
        "stopped_why": run.stopped_why,
        "paused_at": _iso(run.paused_at),
        "breached_at": _iso(run.breached_at),
        "elapsed_minutes": _minutes(run.elapsed),
        "paused_minutes": _minutes(run.paused),
        "pauses": [
            {"from": _iso(p.since), "to": _iso(p.until), "minutes": _minutes(p.open), "why": p.why} for p in run.pauses
        ],
        "rungs": [{"at": r.text, "due_at": _iso(r.due_at), "fired_at": _iso(r.fired_at)} for r in run.rungs],
        "steps": [_step(step) for step in of(run, levels)],
    }


def _step(step: Step) -> dict[str, Any]:
    told = {"at": _iso(step.at), "what": step.what, "due_at": _iso(step.due_at), "by": step.by, "why": step.why}
    return {**told, **_plain(step.values)}


def _plain(values: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, timedelta):
            found[f"{name}_minutes"] = _minutes(value)
        elif isinstance(value, datetime):
            found[name] = _iso(value)
        elif name == "days" and isinstance(value, tuple):
            found[name] = [{"day": str(d.day), "why": d.why, "name": d.name} for d in value]
        else:
            found[name] = value
    return found


def _minutes(time: timedelta) -> float:
    return time.total_seconds() / 60


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
