"""The report by numbers: how the promises were kept in a time, for all, and by policy, priority, line and category.

The facts are clock rows and their tickets. A promise that was broken counts when it broke, one that was kept when it
was kept, so a clock counts once, and weeks add up. Rows are read in pages by the index on that time; what is kept of
them are sums, and lengths counted by the minute for the medians: memory follows how long things took, not how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from maild.desk import clocks
from maild.desk.models import Clock, Lease, Ticket
from maild.policy import hours
from maild.policy.clockwork import SOLVED
from maild.policy.priority import PRIORITIES
from maild.policy.sla import Levels

KINDS = ("first_response", "next_response", "resolution")
GROUPS = ("policy", "priority", "line", "category")  # the last three as the ticket has them now
GOALS = {"first_response": (timedelta(hours=1), timedelta(hours=3)), "resolution": (None, timedelta(hours=24))}
MORNING = time(7)  # of Monday: when the report of the last week goes out

_PAGE = 5_000
_COLUMN = {"line": "of_line"}  # the ticket's: a clock's own line is another thing
_WEEK = timedelta(days=7)
_RATINGS = frozenset("12345")


@dataclass(slots=True)
class Lengths:
    """How long something took: the average to the second, the median to the minute."""

    count: int = 0
    seconds: float = 0.0
    minutes: Counter[int] = field(default_factory=Counter)

    def add(self, length: timedelta) -> None:
        """One more."""
        seconds = max(0.0, length.total_seconds())
        self.count += 1
        self.seconds += seconds
        self.minutes[round(seconds / 60)] += 1

    def average(self) -> timedelta | None:
        """None of nothing."""
        return timedelta(seconds=round(self.seconds / self.count)) if self.count else None

    def median(self) -> timedelta | None:
        """Of an even number the middle between the two in the middle."""
        passed, lower = 0, None
        for minutes in sorted(self.minutes):
            passed += self.minutes[minutes]
            if lower is None and passed > (self.count - 1) // 2:
                lower = minutes
            if lower is not None and passed > self.count // 2:
                return timedelta(minutes=(lower + minutes) / 2)
        return None


@dataclass(slots=True)
class Promise:
    """How often one kind of promise was kept, and how long it took where it came to its end."""

    met: int = 0
    breached: int = 0
    open: Lengths = field(default_factory=Lengths)  # in the open time of its calendar, without pauses
    plain: Lengths = field(default_factory=Lengths)  # from start to end, as who waited has lived it


@dataclass(slots=True)
class Figures:
    """All that is counted of some tickets."""

    promises: dict[str, Promise] = field(default_factory=lambda: {kind: Promise() for kind in KINDS})
    reopened: int = 0  # of those solved: how many had been opened again before
    ratings: int = 0
    stars: int = 0

    @property
    def met(self) -> int:
        """Promises kept, of all kinds."""
        return sum(promise.met for promise in self.promises.values())

    @property
    def ended(self) -> int:
        """Promises kept or broken."""
        return self.met + sum(promise.breached for promise in self.promises.values())


@dataclass(frozen=True, slots=True)
class Report:
    """What happened from `since` to before `until`."""

    since: datetime
    until: datetime
    lines: tuple[str, ...]  # only of these; none: of all
    all: Figures
    groups: Mapping[str, Mapping[str | None, Figures]]  # by each of GROUPS, by name; None: tickets without one

    @property
    def empty(self) -> bool:
        """Whether nothing is told."""
        return not self.all.ended and not any(promise.open.count for promise in self.all.promises.values())


def over(since: datetime, until: datetime, levels: Levels, lines: Collection[str] = ()) -> Report:
    """The figures of a half-open time; with `lines` of the tickets that are theirs now."""
    found: dict[str, dict[str | None, Figures]] = {by: {} for by in GROUPS}
    total = Figures()
    for column, count in ((Clock.breached_at, _broken), (Clock.stopped_at, _ended)):
        for row in _rows(column, since, until, lines):
            if "spam" in row.tags:
                continue
            length = _lengths(row, levels) if column is Clock.stopped_at else None
            count(total, row, length)
            for by, figures in found.items():
                count(figures.setdefault(getattr(row, _COLUMN.get(by, by)), Figures()), row, length)
    groups = {by: dict(sorted(figures.items(), key=lambda item: _place(by, item[0]))) for by, figures in found.items()}
    return Report(since, until, tuple(lines), total, groups)


def _place(by: str, name: str | None) -> tuple[int, str]:
    if by == "priority" and name in PRIORITIES:
        return PRIORITIES.index(name), ""
    return len(PRIORITIES) + (name is None), name or ""


def _rows(column: Any, since: datetime, until: datetime, lines: Collection[str]) -> Iterator[Any]:
    """Clocks whose `column` is within the time, a page at a time: neither database holds them all at once."""
    names = (Clock.id, Clock.kind, Clock.policy, Clock.calendar, Clock.started_at, Clock.paused, Clock.pauses)
    more = (Clock.stopped_at, Clock.stopped_why, Clock.breached_at)
    about = (Ticket.priority, Ticket.line.alias("of_line"), Ticket.category, Ticket.satisfaction, Ticket.tags)
    wanted = Clock.select(*names, *more, column.alias("at"), *about).join(Ticket)
    wanted = wanted.where((Clock.kind << KINDS) & (column < until)).order_by(column, Clock.id).limit(_PAGE)
    if lines:
        wanted = wanted.where(Ticket.line << tuple(lines))
    last, number = since, 0
    while page := list(wanted.where((column >= last) & ((column > last) | (Clock.id > number))).objects()):
        yield from page
        last, number = getattr(page[-1], column.name), page[-1].id


def _fulfilled(row: Any) -> bool:
    """Whether it ended by what was promised: a ticket that was merged or thrown away got no answer."""
    wanted = ("resolved", "closed") if row.kind == "resolution" else ("replied",)
    return row.stopped_why is None or row.stopped_why in wanted  # None: it stopped before reasons were kept


def _lengths(row: Any, levels: Levels) -> tuple[timedelta, timedelta] | None:
    if not _fulfilled(row):
        return None
    calendar = clocks.calendar_of(row, levels)
    used = hours.between(calendar, row.started_at, row.stopped_at) - timedelta(seconds=row.paused)
    return used, row.stopped_at - row.started_at


def _broken(figures: Figures, row: Any, length: tuple[timedelta, timedelta] | None) -> None:
    figures.promises[row.kind].breached += 1


def _ended(figures: Figures, row: Any, length: tuple[timedelta, timedelta] | None) -> None:
    if length is None:
        return
    promise = figures.promises[row.kind]
    promise.met += row.breached_at is None
    promise.open.add(length[0])
    promise.plain.add(length[1])
    if row.kind == "resolution":
        figures.reopened += any(pause[3] in SOLVED for pause in row.pauses or ())
        if row.satisfaction in _RATINGS:
            figures.ratings += 1
            figures.stars += int(row.satisfaction)


# -- told ------------------------------------------------------------------------------------------------------------


def as_json(report: Report, zone: str) -> dict[str, Any]:
    """All of it, for scripts."""
    goals = {kind: [_minutes(goal) for goal in pair if goal is not None] for kind, pair in GOALS.items()}
    return {
        "from": report.since.isoformat(),
        "to": report.until.isoformat(),
        "zone": zone,
        "goals_minutes": goals,
        "all": _figures(report.all),
        **{by: [{"name": name, **_figures(figures)} for name, figures in report.groups[by].items()] for by in GROUPS},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for kind, promise in figures.promises.items():
        told[kind] = {"met": promise.met, "breached": promise.breached, "ended": promise.open.count}
        for name, lengths in (("", promise.open), ("plain_", promise.plain)):
            told[kind] |= {
                f"{name}average_minutes": _minutes(lengths.average()),
                f"{name}median_minutes": _minutes(lengths.median()),
            }
    told["reopened"] = figures.reopened
    told["satisfaction"] = {"count": figures.ratings, "average": _score(figures)}
    return told


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds() / 60


def _score(figures: Figures) -> float | None:
    return round(figures.stars / figures.ratings, 2) if figures.ratings else None


def told(report: Report) -> dict[str, Any]:
    """The values of the weekly mail."""
    figures = report.all
    promises = [(kind, one) for kind, one in figures.promises.items() if one.met + one.breached]
    groups = [(by, groups) for by, groups in report.groups.items() if len(groups) > 1]
    score = _score(figures)
    return {
        "since": report.since,
        "until": report.until - timedelta(seconds=1),  # its day is the last one, not the one after it
        "scope": report.lines,
        "total": _bar(figures.met, figures.ended),
        "promises": tuple({"name": kind, **_bar(one.met, one.met + one.breached)} for kind, one in promises),
        "times": tuple(
            {
                "name": kind,
                "average": figures.promises[kind].open.average(),
                "median": figures.promises[kind].open.median(),
                "plain": figures.promises[kind].plain.average(),
                "good": (figures.promises[kind].open.average() or timedelta()) <= goal,
            }
            for kind, (_, goal) in GOALS.items()
            if figures.promises[kind].open.count
        ),
        "solved": figures.promises["resolution"].open.count,
        "reopened": figures.reopened,
        "ratings": figures.ratings,
        "score": "" if score is None else score,
        "sections": tuple(
            {"by": by, "rows": tuple({"name": name, **_bar(one.met, one.ended)} for name, one in rows.items())}
            for by, rows in groups
        ),
    }


def _bar(kept: int, ended: int) -> dict[str, int]:
    """`share` in percent; all of nothing is kept, and 100 is said of all alone."""
    return {"kept": kept, "ended": ended, "share": kept * 100 // ended if ended else 100}


# -- once a week -----------------------------------------------------------------------------------------------------


def last_week(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From Monday to before Monday, of the last week that can be reported: from its Monday's morning on."""
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    if local.weekday() == 0 and local.time() < MORNING:
        monday -= _WEEK
    return _midnight(monday - _WEEK, zone), _midnight(monday, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def claim(week: datetime, owner: str) -> bool:
    """Whether the report of a week is ours to write.

    A row for each week, written in the transaction of its mails: so neither two machines nor a restart nor a clock that
    jumped write it twice, or leave out a later one.
    """
    row = {"name": f"weekly report {week:%Y-%m-%d %H:%M}Z", "owner": owner, "until": week + 2 * _WEEK}
    return bool(Lease.insert(row).on_conflict_ignore().as_rowcount().execute())


def claimed(week: datetime) -> bool:
    """Whether somebody wrote it."""
    return Lease.get_or_none(Lease.name == f"weekly report {week:%Y-%m-%d %H:%M}Z") is not None
