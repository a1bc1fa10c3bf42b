"""Business hours are right to the second, also in the nights that have 23 or 25 hours (B43, B45)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maild.errors import UnknownThing
from maild.policy import hours
from maild.policy.hours import Calendar, Intervals, NoWorkingTime

H = 3600
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
NINE_TO_FIVE: Intervals = ((9 * H, 17 * H),)
OFFICE = Calendar("office", COPENHAGEN, (NINE_TO_FIVE,) * 5 + ((), ()), "DK")
ROME = Calendar("rome", ZoneInfo("Europe/Rome"), (((9 * H, 13 * H), (14 * H, 18 * H)),) * 5 + ((), ()), "IT")
ALWAYS = Calendar("always", ZoneInfo("UTC"), (((0, 24 * H),),) * 7)


def at(text: str, zone: ZoneInfo = COPENHAGEN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def local(t: datetime, zone: ZoneInfo = COPENHAGEN) -> str:
    return t.astimezone(zone).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-03-27 16:00", 4, "2026-03-30 12:00+02:00"),  # over the weekend in which summer time begins
        ("2026-04-01 16:00", 2, "2026-04-07 10:00+02:00"),  # over Easter: Thursday to Monday are holidays
        ("2026-10-23 16:30", 1, "2026-10-26 09:30+01:00"),  # over the weekend in which it ends
        ("2026-06-08 05:00", 1, "2026-06-08 10:00+02:00"),  # opened before hours
        ("2026-06-08 22:00", 1, "2026-06-09 10:00+02:00"),  # opened after hours
        ("2026-06-06 12:00", 8, "2026-06-08 17:00+02:00"),  # ends with the day, not with the next one's beginning
    ],
)
def test_time_is_added_while_the_calendar_is_open(start: str, amount: int, due: str) -> None:
    found = hours.add(OFFICE, at(start), timedelta(hours=amount))
    assert local(found) == due
    assert found.tzinfo is UTC


def test_the_lunch_break_does_not_count() -> None:
    zone = ZoneInfo("Europe/Rome")
    assert local(hours.add(ROME, at("2026-06-08 12:30", zone), timedelta(hours=1)), zone) == "2026-06-08 14:30+02:00"
    assert hours.between(ROME, at("2026-06-08 08:00", zone), at("2026-06-08 20:00", zone)) == timedelta(hours=8)


def test_sums_are_made_at_second_grain() -> None:
    start = at("2026-06-08 16:59:31")
    assert hours.add(OFFICE, start, timedelta(seconds=30)) == at("2026-06-09 09:00:01")


@pytest.mark.parametrize(("day", "length"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-08", 24)])
def test_a_day_around_the_clock_has_the_hours_it_has(day: str, length: int) -> None:
    begins = at(day)
    ends = datetime.combine(begins.date() + timedelta(days=1), begins.time(), COPENHAGEN)
    whole = Calendar("whole", COPENHAGEN, (((0, 24 * H),),) * 7, closed=frozenset({date(2000, 1, 1)}))
    assert not whole.always
    assert hours.between(whole, begins, ends) == timedelta(hours=length)


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 15), ("2026-10-25", 135), ("2026-06-08", 75)])
def test_opening_times_inside_a_night_of_change(day: str, minutes: int) -> None:
    night = Calendar("night", COPENHAGEN, (((2 * H + 900, 3 * H + 1800),),) * 7)
    begins = at(day)
    assert hours.between(night, begins, begins + timedelta(days=1)) == timedelta(minutes=minutes)


def test_an_opening_time_that_a_night_skips_counts_no_time_twice() -> None:
    """In the spring night 02:30 is read as 03:30: from 01:00 to 04:00 there are two hours, however they are cut."""
    split = Calendar("split", COPENHAGEN, (((H, 2 * H + 1800), (3 * H, 4 * H)),) * 7)
    assert hours.between(split, at("2026-03-29 00:00"), at("2026-03-30 00:00")) == timedelta(hours=2)


@pytest.mark.parametrize(
    ("zone", "night"),
    [("America/Havana", "2026-03-08"), ("Africa/Cairo", "2026-04-24"), ("America/Santiago", "2026-09-06")],
)
def test_a_night_of_change_at_midnight_has_23_hours(zone: str, night: str) -> None:
    where = ZoneInfo(zone)
    whole = Calendar("whole", where, (((0, 24 * H),),) * 7, closed=frozenset({date(2000, 1, 1)}))
    day = date.fromisoformat(night)
    a = datetime(day.year, day.month, day.day, tzinfo=where)
    b = datetime(day.year, day.month, day.day, 12, tzinfo=where)
    assert hours.between(whole, a, b) == b.astimezone(UTC) - a.astimezone(UTC) == timedelta(hours=11)


def test_a_holiday_lengthens_and_never_shortens() -> None:
    start = at("2026-12-23 16:00")
    plain = hours.add(Calendar("plain", COPENHAGEN, OFFICE.hours), start, timedelta(hours=10))
    with_holidays = hours.add(OFFICE, start, timedelta(hours=10))
    closed = Calendar("closed", COPENHAGEN, OFFICE.hours, "DK", frozenset({date(2026, 12, 24)}))
    assert plain < with_holidays < hours.add(closed, start, timedelta(hours=10))


def test_holidays_are_those_of_the_year() -> None:
    assert date(2023, 5, 5) in hours.holiday_dates("DK", 2023)  # Great Prayer Day, taken away after 2023
    assert date(2024, 4, 26) not in hours.holiday_dates("DK", 2024)
    assert date(2026, 10, 4) in hours.holiday_dates("IT", 2026)


@pytest.mark.parametrize("code", ["XX", "", "IT-XX", "it aly", "-"])
def test_a_country_that_is_not_known_is_told(code: str) -> None:
    with pytest.raises(UnknownThing, match="no holidays are known"):
        hours.holiday_dates(code, 2026)


def test_a_calendar_that_never_opens_ends_every_question() -> None:
    never = Calendar("never", COPENHAGEN, ((),) * 7)
    start = at("2026-06-08 12:00")
    with pytest.raises(NoWorkingTime, match='"never" has no working time') as caught:
        hours.add(never, start, timedelta(hours=1))
    assert caught.value.permanent
    with pytest.raises(NoWorkingTime):
        hours.next_open(never, start)
    assert hours.between(never, start, start + timedelta(days=30_000)) == timedelta(0)


def test_the_next_opening_is_now_while_it_is_open() -> None:
    assert hours.next_open(OFFICE, at("2026-06-08 12:00")) == at("2026-06-08 12:00")
    assert hours.next_open(OFFICE, at("2026-06-08 17:00")) == at("2026-06-09 09:00")
    assert hours.next_open(OFFICE, at("2026-06-05 17:00")) == at("2026-06-08 09:00")
    assert hours.is_open(OFFICE, at("2026-06-08 09:00"))
    assert not hours.is_open(OFFICE, at("2026-06-08 17:00"))


def test_nothing_added_is_the_start() -> None:
    start = at("2026-06-06 12:00")
    assert hours.add(OFFICE, start, timedelta(0)) == start
    assert hours.add(OFFICE, start, timedelta(hours=-1)) == start
    assert hours.between(OFFICE, start, start - timedelta(days=9)) == timedelta(0)


def test_around_the_clock_is_plain_time() -> None:
    assert ALWAYS.always
    start = at("2026-03-28 12:00")
    assert hours.add(ALWAYS, start, timedelta(hours=24)) == start.astimezone(UTC) + timedelta(hours=24)


# -- properties ------------------------------------------------------------------------------------------------------

# Nights in which clocks change, by zone: the days around them are where sums go wrong.
NIGHTS = {
    "Europe/Rome": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/Copenhagen": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),  # by half an hour
}


@st.composite
def _intervals(draw: st.DrawFn) -> Intervals:
    edges = sorted(draw(st.sets(st.integers(0, 96), min_size=0, max_size=6)))
    return tuple((a * 900, b * 900) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    name = draw(st.sampled_from(sorted(NIGHTS)))
    week = draw(st.lists(_intervals(), min_size=7, max_size=7).filter(lambda w: sum(map(bool, w)) > 2))
    night = draw(st.sampled_from(NIGHTS[name]))
    closed = frozenset({night + timedelta(days=draw(st.integers(-9, 9)))})
    seconds = draw(st.integers(-5 * 86400, 5 * 86400))
    start = datetime(night.year, night.month, night.day, tzinfo=UTC) + timedelta(seconds=seconds)
    return Calendar("any", ZoneInfo(name), tuple(week), closed=closed), start


AMOUNTS = st.timedeltas(timedelta(0), timedelta(days=6)).map(lambda t: timedelta(seconds=int(t.total_seconds())))


@given(_cases(), AMOUNTS)
@settings(max_examples=300, deadline=None)
def test_what_was_added_lies_between(case: tuple[Calendar, datetime], amount: timedelta) -> None:
    calendar, start = case
    assert hours.between(calendar, start, hours.add(calendar, start, amount)) == amount


@given(_cases(), AMOUNTS, AMOUNTS)
@settings(max_examples=300, deadline=None)
def test_more_time_is_never_due_earlier(case: tuple[Calendar, datetime], one: timedelta, other: timedelta) -> None:
    calendar, start = case
    first, second = sorted((one, other))
    assert hours.add(calendar, start, first) <= hours.add(calendar, start, second)


@given(_cases(), AMOUNTS, AMOUNTS)
@settings(max_examples=300, deadline=None)
def test_parts_of_a_time_sum_up(case: tuple[Calendar, datetime], one: timedelta, other: timedelta) -> None:
    calendar, start = case
    middle, end = start + one, start + one + other
    whole = hours.between(calendar, start, end)
    assert whole == hours.between(calendar, start, middle) + hours.between(calendar, middle, end)
    assert timedelta(0) <= whole <= end - start


@given(_cases(), AMOUNTS)
@settings(max_examples=200, deadline=None)
@example((OFFICE, datetime(2026, 4, 1, 14, tzinfo=UTC)), timedelta(hours=2))
def test_it_is_due_while_somebody_is_there(case: tuple[Calendar, datetime], amount: timedelta) -> None:
    calendar, start = case
    due = hours.add(calendar, start, amount + timedelta(seconds=1))
    assert hours.is_open(calendar, due - timedelta(seconds=1))
