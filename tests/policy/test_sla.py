"""The arithmetic of one clock: due times and rungs, in the open time of a calendar, each once (B43, B48, M11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from maild.policy import sla
from maild.policy.hours import Calendar
from maild.policy.sla import Climb, Run, Rung

H = 3600
ALWAYS = Calendar("always", ZoneInfo("UTC"), (((0, 24 * H),),) * 7)
ROME = Calendar("rome", ZoneInfo("Europe/Rome"), (((9 * H, 13 * H), (14 * H, 18 * H)),) * 5 + ((), ()))
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Rome
HOUR = timedelta(hours=1)
LADDER = (
    Rung("50%", 50, timedelta(), ("line",), False),
    Rung("80%", 80, timedelta(), ("assignee",), False),
    Rung("100%", 100, timedelta(), ("lead",), True),
    Rung("100% + 4h", 100, 4 * HOUR, ("manager",), False),
)


def run(hours: float = 2, paused: timedelta = timedelta(), calendar: Calendar = ALWAYS) -> Run:
    return Run(calendar, START, timedelta(hours=hours), ((START, START + paused),) if paused else ())


def test_due_and_rungs_count_open_time() -> None:
    assert run().due() == START + 2 * HOUR
    assert [run().at(r) - START for r in LADDER] == [HOUR, 1.6 * HOUR, 2 * HOUR, 6 * HOUR]
    office = run(8, calendar=ROME)  # three hours until lunch, four after it, one the next morning
    assert office.due() == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert office.at(LADDER[3]) == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)


def test_a_pause_moves_all_of_them() -> None:
    paused = run(paused=HOUR)
    assert paused.due() == START + 3 * HOUR
    assert [paused.at(r) - START for r in LADDER] == [2 * HOUR, 2.6 * HOUR, 3 * HOUR, 7 * HOUR]


def climb(hours: float, first: int = 0, *, breached: bool = False) -> Climb | None:
    return sla.climb(run(), LADDER, first, breached=breached, now=START + hours * HOUR)


def test_what_is_due() -> None:
    assert climb(0.99) is None
    assert climb(1) == Climb(0, (), False)
    assert climb(1.5, 1) is None
    assert climb(1.7, 1) == Climb(1, (), False)
    assert climb(2, 2) == Climb(2, (), True)
    assert climb(3, 3, breached=True) is None
    assert climb(6, 3, breached=True) == Climb(3, (), False)
    assert climb(600, 4, breached=True) is None


def test_of_several_that_are_due_only_the_highest_fires() -> None:
    assert climb(100) == Climb(3, (0, 1, 2), True)
    assert climb(2.5, 1) == Climb(2, (1,), True)


def test_a_clock_without_a_ladder_still_breaches() -> None:
    assert sla.climb(run(), (), 0, breached=False, now=START + 2 * HOUR) == Climb(None, (), True)
    assert sla.climb(run(), (), 0, breached=True, now=START + 9 * HOUR) is None


def test_when_to_look_again() -> None:
    def look(first: int, *, breached: bool, ladder: tuple[Rung, ...] = LADDER) -> datetime | None:
        return sla.next_look(run(), ladder, first, breached=breached)

    assert look(0, breached=False) == START + HOUR
    assert look(3, breached=False) == START + 2 * HOUR  # the breach comes before the rung
    assert look(3, breached=True) == START + 6 * HOUR
    assert look(4, breached=True) is None
    assert look(0, breached=False, ladder=()) == START + 2 * HOUR


@given(st.lists(st.floats(0, 12), min_size=1, max_size=20))
def test_whenever_somebody_looks_each_rung_is_taken_once_and_the_breach_too(steps: list[float]) -> None:
    first, breached, fired, passed, breaches, now = 0, False, [], [], 0, START
    for step in steps:
        now += step * HOUR
        look = sla.next_look(run(), LADDER, first, breached=breached)
        found = sla.climb(run(), LADDER, first, breached=breached, now=now)
        assert (found is None) == (look is None or look > now)  # a sweep that looks finds something: no idle spinning
        if found:
            passed += found.passed
            breaches += found.breached
            breached = breached or found.breached
            if found.rung is not None:
                fired.append(found.rung)
                first = found.rung + 1
    assert len({*fired, *passed}) == len(fired) + len(passed)
    assert breaches == (now >= START + 2 * HOUR)
