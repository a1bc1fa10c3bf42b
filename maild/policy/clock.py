"""One clock of a ticket: what happened to it, and its facts as they are told.

Whoever keeps a `Clock` says what happens and lets time pass with `run_to`; due times and rungs are `policy.sla`'s sums.
A breach is the first due time that went by while it ran, and stays (B50), whatever moves the due time later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from maild.policy import hours
from maild.policy.hours import NOTHING, Calendar
from maild.policy.sla import Policy, Rung, reached

MomentKind = Literal[
    "opened",  # value: the priority
    "priority",
    "policy",  # value: its name
    "line",
    "status",
    "replied",  # a public answer of a human agent who is not the requester (B41)
    "wrote",  # a human mail of the requester or of a participant
    "pending_until",  # value: ISO 8601, or None
]
StepKind = Literal[
    "started", "priority", "policy", "paused", "resumed", "rung", "breached", "stopped", "reopened", "moved", "closed"
]


@dataclass(frozen=True, slots=True)
class Moment:
    """Something in a ticket's life that clocks follow."""

    at: datetime  # UTC
    kind: MomentKind
    value: str | None = None
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a clock stood still."""

    since: datetime
    until: datetime | None  # None: it still stands
    open: timedelta  # of the calendar's open time; of one that lasts, up to now
    why: str  # the status


@dataclass(frozen=True, slots=True)
class Step:
    """A line of a clock's ledger. `values` is what words need beside it; no sentence is made here."""

    at: datetime
    what: StepKind
    due_at: datetime | None  # as it was after this
    by: str = ""
    why: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RungTime:
    """When a rung of the ladder is due as things stand, and when it came to be due while the clock ran."""

    text: str
    due_at: datetime
    fired_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClockRun:
    """One clock: its facts as they stand."""

    kind: str  # "line:L1" for a line
    policy: str
    calendar: str | None  # None: plain time
    target: timedelta
    started_at: datetime
    due_at: datetime  # of one that stands still: if it went on now
    elapsed: timedelta  # open time, without pauses
    paused: timedelta  # open time of all pauses
    pauses: tuple[Pause, ...]
    paused_at: datetime | None
    stopped_at: datetime | None
    stopped_why: str | None  # replied, resolved, closed, merged, line, policy; pending_until: over, cleared, a status
    breached_at: datetime | None  # the first due time that went by
    rungs: tuple[RungTime, ...]
    steps: tuple[Step, ...]


def due_times(
    calendar: Calendar,
    start: datetime,
    pauses: Sequence[tuple[datetime, datetime]],
    target: timedelta,
    ladder: Iterable[Rung],
) -> tuple[datetime, tuple[datetime, ...]]:
    """When a clock is due, and each rung of its ladder."""
    times = tuple(reached(calendar, start, pauses, target * r.percent / 100 + r.offset) for r in ladder)
    return reached(calendar, start, pauses, target), times


def rungs(run: ClockRun, ladder: Iterable[Rung], calendar: Calendar, now: datetime) -> tuple[datetime, ...]:
    """When each rung of any ladder is due on a clock; of one that stands still, if it went on at `now`."""
    pauses = [(p.since, p.until or now) for p in run.pauses]
    return due_times(calendar, run.started_at, pauses, run.target, ladder)[1]


class Clock:
    """A clock while its ticket's story is told."""

    due_at: datetime
    times: tuple[datetime, ...]  # of the rungs

    def __init__(
        self,
        kind: str,
        policy: str,
        calendar: Calendar | None,
        target: timedelta,
        since: datetime,
        ladder: tuple[Rung, ...] = (),
    ) -> None:
        self.kind, self.policy, self.calendar, self.target = kind, policy, calendar, target
        self.started_at = self.seen = since
        self.still: list[tuple[datetime, datetime, str]] = []  # pauses that are over
        self.paused_at: datetime | None = None
        self.paused_why = ""
        self.stopped_at: datetime | None = None
        self.stopped_why: str | None = None
        self.breached_at: datetime | None = None
        self.ladder = ladder
        self.first = 0  # the lowest rung that can still fire
        self.fired: dict[int, datetime] = {}
        self.steps: list[Step] = []
        self.aim()

    @property
    def goes(self) -> bool:
        return self.stopped_at is None

    def between(self, a: datetime, b: datetime) -> timedelta:
        return max(b - a, NOTHING) if self.calendar is None else hours.between(self.calendar, a, b)

    def paused(self) -> timedelta:
        return sum((self.between(a, b) for a, b, _ in self.still), NOTHING)

    def aim(self) -> None:
        """Count anew when it is due, and its rungs with it."""
        if self.calendar is None:
            self.due_at, self.times = self.started_at + self.target, ()
            return
        pauses = [(a, b) for a, b, _ in self.still]
        self.due_at, self.times = due_times(self.calendar, self.started_at, pauses, self.target, self.ladder)

    def note(self, at: datetime, what: StepKind, cause: Moment | None = None, **values: object) -> None:
        by, why = (cause.by, cause.why) if cause else ("", "")
        self.steps.append(Step(at, what, self.due_at, by, why, values))

    def run_to(self, at: datetime, *, last: bool = False) -> None:
        """Let time pass: rungs and the breach that came to be due before `at` (or at it, for the `last` time)."""
        since, self.seen = self.seen, at
        if not self.goes or self.calendar is None:
            return

        def over(time: datetime) -> bool:
            return time < at or (last and time == at)

        told = len(self.steps)
        used_up = self.paused_at is None or self.due_at <= self.paused_at  # before it came to stand still
        if self.breached_at is None and used_up and over(max(self.due_at, since)):
            self.breach(max(self.due_at, since))
        if self.paused_at is None:
            self._climb(since, over)
        self.steps[told:] = sorted(self.steps[told:], key=lambda step: step.at)

    def _climb(self, since: datetime, over: Callable[[datetime], bool]) -> None:
        found: list[tuple[datetime, int]] = []
        late = [i for i in range(self.first, len(self.times)) if self.times[i] <= since and over(since)]
        if late:  # a change made several due at once: the highest stands for all (M11)
            found.append((since, late[-1]))
        rest = range(late[-1] + 1 if late else self.first, len(self.times))
        found += [(self.times[i], i) for i in rest if since < self.times[i] and over(self.times[i])]
        for time, i in sorted(found):
            if i >= self.first:
                self.first, self.fired[i] = i + 1, time
                self.note(time, "rung", rung=self.ladder[i].text)

    def breach(self, noticed: datetime) -> None:
        self.breached_at = self.due_at
        self.note(noticed, "breached")

    def stop(self, at: datetime, why: str, cause: Moment | None) -> None:
        if self.paused_at is not None:
            self.resume(at, None)
        self.stopped_at, self.stopped_why = at, why
        if self.breached_at is None and self.calendar is not None and self.due_at < at:
            self.breach(at)
        self.note(at, "stopped", cause, ended=why)

    def pause(self, at: datetime, why: str, cause: Moment | None) -> None:
        self.paused_at, self.paused_why = at, why
        self.note(at, "paused", cause, status=why)

    def resume(self, at: datetime, cause: Moment | None) -> None:
        assert self.paused_at is not None
        self.still.append((self.paused_at, at, self.paused_why))
        self.paused_at = None
        self.aim()
        self.note(at, "resumed", cause, stood=self.between(*self.still[-1][:2]))

    def reopen(self, at: datetime, cause: Moment) -> None:
        """Go on without the time it stood solved (B46)."""
        assert self.stopped_at is not None
        self.still.append((self.stopped_at, at, self.stopped_why or ""))
        self.stopped_at = self.stopped_why = None
        self.seen = at
        self.aim()
        self.note(at, "reopened", cause, stood=self.between(*self.still[-1][:2]))

    def retarget(self, policy: Policy, calendar: Calendar, target: timedelta, ladder: tuple[Rung, ...]) -> None:
        self.policy, self.calendar, self.target, self.ladder = policy.name, calendar, target, ladder
        self.aim()

    def told(self, now: datetime) -> ClockRun:
        """The facts; of one that stands still, as if it went on now."""
        pauses = [Pause(a, b, self.between(a, b), why) for a, b, why in self.still]
        if self.paused_at is not None:
            pauses.append(Pause(self.paused_at, None, self.between(self.paused_at, now), self.paused_why))
        paused = sum((p.open for p in pauses), NOTHING)
        times, due_at = self.times, self.due_at
        if self.paused_at is not None and self.calendar is not None:
            spans = [(p.since, p.until or now) for p in pauses]
            due_at, times = due_times(self.calendar, self.started_at, spans, self.target, self.ladder)
        end = self.stopped_at or now
        return ClockRun(
            kind=self.kind,
            policy=self.policy,
            calendar=self.calendar.name if self.calendar else None,
            target=self.target,
            started_at=self.started_at,
            due_at=due_at,
            elapsed=max(self.between(self.started_at, end) - paused, NOTHING),
            paused=paused,
            pauses=tuple(pauses),
            paused_at=self.paused_at,
            stopped_at=self.stopped_at,
            stopped_why=self.stopped_why,
            breached_at=self.breached_at,
            rungs=tuple(
                RungTime(rung.text, time, self.fired.get(i))
                for i, (rung, time) in enumerate(zip(self.ladder, times, strict=False))
            ),
            steps=tuple(self.steps),
        )
