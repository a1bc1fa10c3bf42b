"""What clocks would do: a ticket that is only told, without a desk, played through `clockwork`.

Nothing happens but what is given. Clocks are told as they stand at `now`, by default at the last time that is given:
what lies behind it is due, and not yet broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from maild.errors import MaildError
from maild.policy import clockwork
from maild.policy.clock import ClockRun, Moment
from maild.policy.forms import nearest
from maild.policy.sla import Levels, Policy


class Impossible(MaildError):
    """A story that cannot have happened, or that names what desk.yaml does not have."""


@dataclass(frozen=True, slots=True)
class Given:
    """The story of a ticket. All times are aware."""

    priority: str
    opened: datetime
    calendar: str | None = None  # instead of those of the targets
    policy: str | None = None  # instead of the first that matches a ticket of which the priority alone is known
    line: str = ""
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    priorities: tuple[tuple[datetime, str], ...] = ()
    lines: tuple[tuple[datetime, str], ...] = ()
    replies: tuple[datetime, ...] = ()
    writes: tuple[datetime, ...] = ()
    resolved: tuple[datetime, ...] = ()
    reopened: tuple[datetime, ...] = ()
    now: datetime | None = None

    def times(self) -> tuple[datetime, ...]:
        """All that are given, but for `now`."""
        pauses = (time for pause in self.pauses for time in pause if time is not None)
        changes = (time for time, _ in (*self.priorities, *self.lines))
        return (self.opened, *pauses, *changes, *self.replies, *self.writes, *self.resolved, *self.reopened)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The clocks of the story, with the levels that they were counted by."""

    clocks: tuple[ClockRun, ...]
    levels: Levels
    now: datetime


@dataclass(frozen=True, slots=True)
class _Ticket:
    """A ticket of which nothing is known but its priority."""

    priority: str
    type: str = "incident"
    category: str | None = None
    service: str | None = None
    requester: str = ""
    language: str = ""
    tags: frozenset[str] = frozenset()


def simulate(given: Given, levels: Levels) -> Simulated:
    """Play a story. Raises Impossible."""
    levels = _with_calendar(levels, given.calendar)
    if given.policy is not None:
        _known(given.policy, [policy.name for policy in levels.policies], "service level")
    now = given.now or max(given.times())
    for time in (*given.times(), now):
        if time < given.opened:
            raise Impossible(f"{time.isoformat()} is before the ticket was opened")
    return Simulated(clockwork.compute(_moments(given, levels), levels, now), levels, now)


def calendar_of(given: Given, levels: Levels) -> str:
    """The name of the calendar that the ticket opens with. Raises Impossible."""
    if given.calendar is not None:
        _known(given.calendar, levels.calendars, "calendar")
        return given.calendar
    return _policy(given, given.priority, levels).targets[given.priority].calendar


def _known(name: str, known: Iterable[str], kind: str) -> None:
    names = list(known)
    if name not in names:
        raise Impossible(f'there is no {kind} "{name}"{nearest(name, names)}')


def _with_calendar(levels: Levels, calendar: str | None) -> Levels:
    if calendar is None:
        return levels
    _known(calendar, levels.calendars, "calendar")
    policies = tuple(
        replace(policy, targets={p: replace(target, calendar=calendar) for p, target in policy.targets.items()})
        for policy in levels.policies
    )
    return replace(levels, policies=policies)


def _policy(given: Given, priority: str, levels: Levels) -> Policy:
    return levels.policy(given.policy) if given.policy else levels.policy_for(_Ticket(priority))


def _moments(given: Given, levels: Levels) -> list[Moment]:
    """The story in the order of time; at one instant what ends comes before what begins."""
    policy = first = _policy(given, given.priority, levels)
    found = [
        Moment(given.opened, "opened", given.priority),
        Moment(given.opened, "policy", policy.name),
        Moment(given.opened, "line", given.line),
    ]
    for at, priority in sorted(given.priorities, key=lambda change: change[0]):
        found.append(Moment(at, "priority", priority))
        if (other := _policy(given, priority, levels)) is not policy:
            policy = other
            found.append(Moment(at, "policy", policy.name))
    found += [Moment(at, "line", line) for at, line in given.lines]
    found += [Moment(at, "replied") for at in given.replies]
    found += [Moment(at, "wrote") for at in given.writes]
    return sorted((*found, *_statuses(given, first)), key=lambda m: m.at)  # stable


def _statuses(given: Given, policy: Policy) -> list[Moment]:
    """What the pauses, solutions and reopenings make of the status."""
    still = "pending" if "pending" in policy.pause or not policy.pause else min(policy.pause)
    marks: list[tuple[datetime, int, str, int]] = []
    for number, (since, until) in enumerate(given.pauses):
        if until is not None and until <= since:
            raise Impossible(f"the pause from {since.isoformat()} ends before it begins")
        marks.append((since, 2, still, number))
        if until is not None:
            marks.append((until, 0, "open", number))
    marks += [(at, 1, "reopened", -1) for at in given.reopened]
    marks += [(at, 3, "resolved", -1) for at in given.resolved]
    status, pause, found = "new", -1, []
    for at, _, what, number in sorted(marks):
        if what == "open" and number != pause:
            continue  # it was resolved before this pause was over
        solved, paused = status == "resolved", pause >= 0
        if what == "reopened" and not solved:
            raise Impossible(f"it cannot be reopened at {at.isoformat()}: it is not resolved then")
        if what in ("resolved", still) and solved:
            words = "resolved" if what == "resolved" else "paused"
            raise Impossible(f"it cannot be {words} at {at.isoformat()}: it is resolved already")
        if what == still and paused:
            raise Impossible(f"it cannot be paused at {at.isoformat()}: it stands still already")
        status, pause = ("open" if what == "reopened" else what), (number if what == still else -1)
        found.append(Moment(at, "status", status))
    return found
