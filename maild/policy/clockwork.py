"""All clocks of a ticket, computed from its timeline alone: the one truth that can be recomputed and explained.

`compute` is a fold over moments, and pure: the same timeline under the same levels gives the same clocks, and what was
known at an earlier time stays so when more is known (a breach above all, B50). Between two instants clocks only run;
what happens at one instant happens together, so a state that lasted no time breaks no promise. A new priority, policy
or calendar counts from the original start, with pauses cut anew (B44).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Literal

from maild.policy.clock import Clock, ClockRun, Moment
from maild.policy.hours import Calendar
from maild.policy.sla import Levels

SOLVED = frozenset({"resolved", "closed", "merged"})
UNSOLVED = ("new", "open", "pending")
STANDING = frozenset({"resolution", "keep_informed", "line"})  # in the statuses that pause; first response never (B43)


def compute(moments: Iterable[Moment], levels: Levels, now: datetime) -> tuple[ClockRun, ...]:
    """The clocks as they stand at `now`, in the order of their start; what is later than `now` is not known yet.

    Moments of one instant count in the order given; a policy, priority or line that comes at the instant of the
    opening is what the ticket opens with. Before `opened` there are no clocks.
    """
    known = sorted((m for m in moments if m.at <= now), key=lambda m: m.at)
    story = _Story(levels)
    for at, group in groupby(known, key=lambda m: m.at):
        story.instant(at, list(group))
    return story.told(now)


class _Story:
    """A ticket as its clocks see it, moment by moment."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.policy = levels.policy("")
        self.priority, self.line, self.status = "", "", ""
        self.opened = False
        self.given = False  # the first response
        self.waiting: datetime | None = None  # since the oldest mail that nobody answered (B42)
        self.late: datetime | None = None  # a mail to what was solved: it waits if it opens the ticket again
        self.clocks: list[Clock] = []
        self.live: dict[str, Clock] = {}  # by kind, all lines under "line"
        self.asleep: dict[str, Clock] = {}  # those that go on where the ticket is opened again

    def instant(self, at: datetime, moments: list[Moment]) -> None:
        """All that happened at one instant."""
        for clock in self.live.values():
            clock.run_to(at)
        opening = next((m for m in moments if m.kind == "opened" and not self.opened), None)
        if opening is not None:
            self._open(opening, moments)
            moments = [m for m in moments if m.kind not in ("policy", "priority", "line")]
        elif not self.opened:
            return
        for moment in moments:
            if (do := self._DO.get(moment.kind)) is not None:
                do(self, moment)

    def told(self, now: datetime) -> tuple[ClockRun, ...]:
        for clock in self.live.values():
            clock.run_to(now, last=True)
        return tuple(clock.told(now) for clock in self.clocks)

    def _open(self, opening: Moment, moments: Iterable[Moment]) -> None:
        said = {m.kind: m.value or "" for m in moments}
        self.opened, self.status = True, "new"
        self.priority = said.get("priority") or opening.value or ""
        self.policy = self.levels.policy(said.get("policy", ""))
        self.line = said.get("line", "")
        for kind in ("first_response", "resolution", "keep_informed", "line"):
            self._start(kind, opening.at, opening)

    def _terms(self, kind: str) -> tuple[Calendar, timedelta] | None:
        promised = self.policy.promise(kind, self.priority)
        return None if promised is None else (self._calendar(), promised)

    def _calendar(self) -> Calendar:
        return self.levels.calendars[self.policy.targets[self.priority].calendar]

    def _start(self, kind: str, since: datetime, cause: Moment) -> None:
        """A clock of a kind, where the policy promises it; the time before `cause` breaks nothing before it."""
        name = f"line:{self.line}" if kind == "line" else kind
        terms = self._terms(name)
        if terms is None or kind in self.live:
            return
        clock = Clock(name, self.policy.name, *terms, since, self.levels.ladder(kind))
        clock.seen = cause.at
        clock.note(cause.at, "started", cause, target=clock.target, priority=self.priority)
        self.live[kind] = clock
        self.clocks.append(clock)
        self._stand(cause)

    def _stop(self, kind: str, why: str, cause: Moment) -> None:
        if (clock := self.live.pop(kind, None)) is not None:
            clock.stop(cause.at, why, cause)

    def _stand(self, cause: Moment) -> None:
        """Pause and go on as the status and the policy say."""
        still = self.status in self.policy.pause
        for kind in STANDING & self.live.keys():
            clock = self.live[kind]
            if still and clock.paused_at is None:
                clock.pause(cause.at, self.status, cause)
            elif not still and clock.paused_at is not None:
                clock.resume(cause.at, cause)

    def _retarget(self, clock: Clock) -> bool:
        terms = self._terms(clock.kind)
        if terms is not None:
            clock.retarget(self.policy, *terms, self.levels.ladder(clock.kind))
        return terms is not None

    def _follow(self, what: Literal["priority", "policy"], moment: Moment) -> None:
        """B44: what goes is counted anew from its start."""
        for kind, clock in list(self.live.items()):
            if kind == "pending_until":
                continue
            if not self._retarget(clock):
                self._stop(kind, "policy", moment)
                continue
            elapsed = clock.between(clock.started_at, clock.paused_at or moment.at) - clock.paused()
            clock.note(moment.at, what, moment, to=moment.value, target=clock.target, elapsed=elapsed)
        if self.status not in SOLVED:
            self._stand(moment)
            self._promised(moment)

    def _promised(self, moment: Moment) -> None:
        """What is promised now and was not before: from now on, but who waits has waited."""
        self._start("keep_informed", moment.at, moment)
        self._start("line", moment.at, moment)
        if self.waiting is not None:
            self._start("next_response", self.waiting, moment)

    def _prioritised(self, moment: Moment) -> None:
        if moment.value and moment.value != self.priority:
            self.priority = moment.value
            self._follow("priority", moment)

    def _policed(self, moment: Moment) -> None:
        policy = self.levels.policy(moment.value or "")
        if policy is not self.policy:
            self.policy = policy
            self._follow("policy", moment)

    def _lined(self, moment: Moment) -> None:
        if (moment.value or "") == self.line:
            return
        self._stop("line", "line", moment)
        self.asleep.pop("line", None)
        self.line = moment.value or ""
        if self.status not in SOLVED:
            self._start("line", moment.at, moment)

    def _stated(self, moment: Moment) -> None:
        before, self.status = self.status, moment.value or ""
        if before == "pending" and self.status != before:
            self._stop("pending_until", self.status, moment)
        if self.status in SOLVED and before not in SOLVED:
            self._solved(moment)
        elif before in SOLVED and self.status not in SOLVED:
            self._reopened(moment)
        elif self.status not in SOLVED:
            self._stand(moment)

    def _solved(self, moment: Moment) -> None:
        # B46: the first response is not asked for again. One that went with a merge did not come: unmerged, it goes on.
        lasting = ("resolution", "line", *(("first_response",) if self.status == "merged" else ()))
        self.asleep = {kind: clock for kind, clock in self.live.items() if kind in lasting}
        self.given = self.given or "first_response" not in self.asleep
        for kind in list(self.live):
            self._stop(kind, self.status, moment)
        self.waiting = self.late = None

    def _reopened(self, moment: Moment) -> None:
        for kind, clock in self.asleep.items():
            if self._terms(clock.kind) is not None:
                self._retarget(clock)
                clock.reopen(moment.at, moment)
                self.live[kind] = clock
        self.asleep = {}
        if self.late == moment.at:
            self.waiting = self.late
        self._stand(moment)
        self._promised(moment)

    def _replied(self, moment: Moment) -> None:
        self.given, self.waiting = True, None
        self._stop("first_response", "replied", moment)
        self._stop("next_response", "replied", moment)
        self.asleep.pop("first_response", None)
        self._stop("keep_informed", "replied", moment)
        if self.status not in SOLVED:
            self._start("keep_informed", moment.at, moment)

    def _wrote(self, moment: Moment) -> None:
        if self.status in SOLVED:
            self.late = moment.at
        elif self.given and self.waiting is None:
            self.waiting = moment.at
            self._start("next_response", moment.at, moment)

    def _until(self, moment: Moment) -> None:
        """The time until which it waits is no promise: it cannot be broken, and has no ladder."""
        if moment.value is None:
            clock = self.live.get("pending_until")
            over = clock is not None and clock.due_at <= moment.at
            self._stop("pending_until", "over" if over else "cleared", moment)
            return
        until = datetime.fromisoformat(moment.value)
        until = until.astimezone(UTC) if until.tzinfo else until.replace(tzinfo=UTC)
        clock = self.live.get("pending_until")
        if clock is None:
            clock = Clock("pending_until", self.policy.name, None, until - moment.at, moment.at)
            self.live["pending_until"] = clock
            self.clocks.append(clock)
            clock.note(moment.at, "started", moment, target=clock.target, priority=self.priority)
        else:
            clock.target = until - clock.started_at
            clock.aim()
            clock.note(moment.at, "moved", moment, to=moment.value)

    _DO: Mapping[str, Callable[[_Story, Moment], None]] = {
        "priority": _prioritised,
        "policy": _policed,
        "line": _lined,
        "status": _stated,
        "replied": _replied,
        "wrote": _wrote,
        "pending_until": _until,
    }
