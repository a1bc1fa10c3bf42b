"""Business hours: sums of time that count only while a calendar is open.

Every sum is made of UTC instants, never of wall-clock times: two datetimes with the same ZoneInfo subtract as if no
night had 23 or 25 hours. Opening times are local; each is turned into an instant once a day and kept. A wall time that
a spring night skips is read with the offset before the change, one that an autumn night shows twice is its first
showing (PEP 495, fold=0). Results are aware and UTC, as exact as what goes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from maild.errors import MaildError, UnknownThing

Intervals: TypeAlias = tuple[tuple[int, int], ...]

DAY = 24 * 60 * 60
WHOLE_DAY: Intervals = ((0, DAY),)
ONE_DAY = timedelta(days=1)
HORIZON = timedelta(days=5 * 366)  # the longest search for a calendar's next opening
NOTHING = timedelta(0)


class NoWorkingTime(MaildError):
    """A calendar is not open once within the next five years, so no time can be promised by it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody is at work: opening times by weekday, less holidays and closed days."""

    name: str
    zone: ZoneInfo
    hours: tuple[Intervals, ...]  # seven, Monday first: (start, end) in seconds of the local day, in order, disjoint
    holidays: str | None = None  # of a country ("IT") or of a part of one ("IT-BZ")
    closed: frozenset[date] = field(default=frozenset())
    special: tuple[tuple[date, Intervals], ...] = ()  # days with hours of their own, such as half days

    @property
    def always(self) -> bool:
        """Whether it never closes: then business time is plain time."""
        own_days = self.holidays is not None or self.closed or self.special
        return not own_days and all(day == WHOLE_DAY for day in self.hours)

    def intervals(self, day: date) -> Intervals:
        """The opening times of a day, in seconds of it. Hours of its own go before everything else."""
        for special, intervals in self.special:
            if special == day:
                return intervals
        if day in self.closed or (self.holidays is not None and day in holiday_dates(self.holidays, day.year)):
            return ()
        return self.hours[day.weekday()]


def add(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The instant at which `amount` of open time has passed since `start`; `start` itself for none (or less than none).

    Raises NoWorkingTime where the calendar stays closed for five years.
    """
    at = start.astimezone(UTC)
    if amount <= NOTHING:
        return at
    if calendar.always:
        return at + amount
    left = amount
    for opens, closes in windows(calendar, at):
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
    raise _never_open(calendar, at)


def between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """How much open time lies between two instants; none where `b` is not after `a`."""
    a, b = a.astimezone(UTC), b.astimezone(UTC)
    if b <= a:
        return NOTHING
    if calendar.always:
        return b - a
    total = NOTHING
    for opens, closes in windows(calendar, a):
        if opens >= b:
            break
        total += min(closes, b) - opens
    return total


def next_open(calendar: Calendar, t: datetime) -> datetime:
    """`t` itself where the calendar is open then, else its next opening. Raises NoWorkingTime after five years."""
    at = t.astimezone(UTC)
    if calendar.always:
        return at
    for opens, _ in windows(calendar, at):
        return opens
    raise _never_open(calendar, at)


def is_open(calendar: Calendar, t: datetime) -> bool:
    """Whether the calendar is open at an instant; at the very instant of closing it is not."""
    return calendar.always or next_open(calendar, t) == t.astimezone(UTC)


def holiday_dates(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country ("DK") or a part of one ("IT-BZ") in a year. Raises UnknownThing."""
    return _holiday_dates(code, year)


def holiday_name(code: str, day: date) -> str | None:
    """What the people of the country call a public holiday; None where the day is none. Raises UnknownThing."""
    return _holidays(code, day.year).get(day)


@lru_cache(maxsize=256)
def _holiday_dates(code: str, year: int) -> frozenset[date]:
    return frozenset(_holidays(code, year))


@lru_cache(maxsize=256)
def _holidays(code: str, year: int) -> Mapping[date, str]:
    import holidays  # here: slow to import, and not every calendar has holidays

    country, _, part = code.partition("-")
    try:
        own = holidays.country_holidays(country, subdiv=part or None)
        # said which language: else the names follow the environment
        named = holidays.country_holidays(country, subdiv=part or None, years=year, language=own.default_language)
        return dict(named.items())
    except NotImplementedError:
        raise UnknownThing(
            f'no holidays are known for "{code}"; use a country such as IT or DK, or a part of one such as IT-BZ'
        ) from None


def windows(calendar: Calendar, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Open intervals in UTC from `since` on, in order and disjoint, the first cut at `since`.

    Ends after `HORIZON` without an interval, so that a calendar that never opens ends every loop over it.
    """
    # One day early: where a night skips the last hour of a day, its opening time lies in the next.
    day = since.astimezone(calendar.zone).date() - ONE_DAY
    done = since
    idle = 0
    while idle <= HORIZON.days:
        idle += 1
        for opens, closes in _opening(calendar, day):
            if closes > done:
                yield max(opens, done), closes
                done, idle = closes, 0
        day += ONE_DAY


def _never_open(calendar: Calendar, since: datetime) -> NoWorkingTime:
    return NoWorkingTime(f'calendar "{calendar.name}" has no working time in the five years after {since:%Y-%m-%d}')


@lru_cache(maxsize=8192)
def _opening(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """The open intervals of one local day in UTC; none on a holiday or a closed day."""
    found = []
    last = datetime.min.replace(tzinfo=UTC)
    for start, end in calendar.intervals(day):
        opens, closes = max(_instant(calendar, day, start), last), _instant(calendar, day, end)
        if closes > opens:  # a spring night can skip an interval, or push it into the next
            found.append((opens, closes))
            last = closes
    return tuple(found)


def _instant(calendar: Calendar, day: date, second: int) -> datetime:
    midnight = datetime.combine(day, time())
    return (midnight + timedelta(seconds=second)).replace(tzinfo=calendar.zone).astimezone(UTC)
