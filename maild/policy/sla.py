"""Service levels: targets, ladders, and the arithmetic of one clock.

All durations are counted in the open time of a calendar, at second grain. Nothing here knows a ticket: `desk.clocks`
keeps the rows, `timers` fires what is due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.policy import hours
from maild.policy.changes import Audience
from maild.policy.hours import Calendar


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised for one priority, counted in the open time of a calendar."""

    first_response: timedelta
    resolution: timedelta
    calendar: str  # its name in desk.yaml


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder: at `percent` of the target, plus `offset` of open time."""

    text: str  # as desk.yaml writes it, such as "100% + 4h"
    percent: int
    offset: timedelta
    notify: tuple[Audience, ...]
    raises: bool  # to the next line


@dataclass(frozen=True, slots=True)
class Policy:
    """A service level agreement: targets by priority, and the statuses that stop its resolution clock."""

    name: str
    targets: Mapping[str, Target]
    pause: frozenset[str]
    next_response: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """All of desk.yaml that clocks need."""

    policies: tuple[Policy, ...]  # the first that matches
    ladders: Mapping[str, tuple[Rung, ...]]  # by kind of clock
    calendars: Mapping[str, Calendar]


@dataclass(frozen=True, slots=True)
class Run:
    """A clock that goes: when it started, what it may take, and how long it stood still so far (open time)."""

    calendar: Calendar
    started_at: datetime
    target: timedelta
    paused: timedelta

    def due(self) -> datetime:
        """When the target is used up."""
        return hours.add(self.calendar, self.started_at, self.target + self.paused)

    def at(self, rung: Rung) -> datetime:
        """When a rung is due."""
        return hours.add(self.calendar, self.started_at, self.target * rung.percent / 100 + rung.offset + self.paused)


@dataclass(frozen=True, slots=True)
class Climb:
    """What is due on a clock now."""

    rung: int | None  # the one to fire, the highest that is due (M11); None: only the breach is to be noted
    passed: tuple[int, ...]  # lower ones that are not fired any more
    breached: bool


def climb(run: Run, ladder: tuple[Rung, ...], first: int, *, breached: bool, now: datetime) -> Climb | None:
    """What is due at `now` of the rungs from `first` on; None where nothing is."""
    due = [i for i in range(first, len(ladder)) if run.at(ladder[i]) <= now]
    breach = not breached and run.due() <= now
    if not due and not breach:
        return None
    return Climb(due[-1] if due else None, tuple(due[:-1]), breach)


def next_look(run: Run, ladder: tuple[Rung, ...], first: int, *, breached: bool) -> datetime | None:
    """When the clock must be looked at again; None: never."""
    times = [run.at(rung) for rung in ladder[first : first + 1]]
    if not breached:
        times.append(run.due())
    return min(times, default=None)
