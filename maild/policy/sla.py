"""Service levels: targets, ladders, and the arithmetic of one clock.

All durations are counted in the open time of a calendar, at second grain. Nothing here knows a ticket: `desk.clocks`
keeps the rows, `timers` fires what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

from maild.mail.address import domain
from maild.policy import hours
from maild.policy.changes import Audience
from maild.policy.hours import NOTHING, Calendar


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
    priority: str | None = None  # that it gets, where its own is lower
    tag: str | None = None  # that it gets
    addresses: tuple[str, ...] = ()  # told besides, of people who are not of the staff
    quiet: bool = False  # what the staff is told by it waits for their working hours


class About(Protocol):
    """What a policy asks of a ticket; a `TicketView` has it all."""

    @property
    def type(self) -> str: ...
    @property
    def priority(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def service(self) -> str | None: ...
    @property
    def requester(self) -> str: ...  # canonical address
    @property
    def language(self) -> str: ...
    @property
    def tags(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class When:
    """For which tickets a policy is: of each word that says something, one value must fit."""

    category: tuple[str, ...] = ()  # paths, with all below them
    service: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()  # of the requester, with its subdomains; in the form of `mail.address.domain`
    tag: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()

    def fits(self, ticket: About) -> bool:
        """Whether all that is said holds of a ticket."""
        place = "." + domain(ticket.requester)
        path = f"{ticket.category}/" if ticket.category else ""
        return (
            (not self.category or any(path.startswith(f"{wanted}/") for wanted in self.category))
            and (not self.service or ticket.service in self.service)
            and (not self.domain or any(place.endswith("." + wanted) for wanted in self.domain))
            and (not self.tag or not ticket.tags.isdisjoint(self.tag))
            and (not self.type or ticket.type in self.type)
            and (not self.language or ticket.language in self.language)
            and (not self.priority or ticket.priority in self.priority)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A service level agreement: targets by priority, and the statuses that stop its resolution clock."""

    name: str
    targets: Mapping[str, Target]
    pause: frozenset[str]
    next_response: timedelta | None = None
    keep_informed: timedelta | None = None
    lines: Mapping[str, timedelta] = field(default_factory=dict)  # how long each may have a ticket
    when: When | None = None  # None: for all tickets

    def matches(self, ticket: About) -> bool:
        """Whether it is for a ticket."""
        return self.when is None or self.when.fits(ticket)

    def promise(self, kind: str, priority: str) -> timedelta | None:
        """What a clock of a kind may take ("line:L1" for a line); None where nothing is promised."""
        target = self.targets[priority]
        if kind.startswith("line:"):
            return self.lines.get(kind.removeprefix("line:"))
        promised = {
            "first_response": target.first_response,
            "resolution": target.resolution,
            "next_response": self.next_response,
            "keep_informed": self.keep_informed,
        }
        return promised.get(kind)


@dataclass(frozen=True, slots=True)
class Levels:
    """All of desk.yaml that clocks need."""

    policies: tuple[Policy, ...]  # the first that matches
    ladders: Mapping[str, tuple[Rung, ...]]  # by kind of clock; "line" for all lines
    calendars: Mapping[str, Calendar]

    def policy_for(self, ticket: About) -> Policy:
        """The first that matches; a configuration ends with one that is for all."""
        return next((policy for policy in self.policies if policy.matches(ticket)), self.policies[-1])

    def policy(self, name: str) -> Policy:
        """The policy of a name; of one that desk.yaml has no more, the one that is for all."""
        return next((policy for policy in self.policies if policy.name == name), self.policies[-1])

    def ladder(self, kind: str) -> tuple[Rung, ...]:
        """The rungs of a clock."""
        return self.ladders.get(kind.partition(":")[0], ())


def reached(
    calendar: Calendar, start: datetime, pauses: Iterable[tuple[datetime, datetime]], amount: timedelta
) -> datetime:
    """When `amount` of open time has been used since `start`, leaving out pauses (in order, apart from each other).

    A pause that begins when the amount is used up already moves nothing: what was late stays as late as it was.
    """
    paused = NOTHING
    for since, until in pauses:
        if _between(calendar, start, since) - paused >= amount:
            break
        paused += _between(calendar, since, until)
    return hours.add(calendar, start, amount + paused)


_between = lru_cache(maxsize=8_192)(hours.between)  # of a ticket with many pauses each is asked for again and again


@dataclass(frozen=True, slots=True)
class Run:
    """A clock that goes: when it started, what it may take, and when it stood still so far."""

    calendar: Calendar
    started_at: datetime
    target: timedelta
    pauses: tuple[tuple[datetime, datetime], ...] = ()  # in order, apart from each other

    def due(self) -> datetime:
        """When the target is used up."""
        return self.after(self.target)

    def at(self, rung: Rung) -> datetime:
        """When a rung is due."""
        return self.after(self.target * rung.percent / 100 + rung.offset)

    def after(self, amount: timedelta) -> datetime:
        """When so much open time has been used."""
        return reached(self.calendar, self.started_at, self.pauses, amount)


@dataclass(frozen=True, slots=True)
class Climb:
    """What is due on a clock now."""

    rung: int | None  # the one to fire, the highest that is due (M11); None: only the breach is to be noted
    passed: tuple[int, ...]  # lower ones that tell nobody any more
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
