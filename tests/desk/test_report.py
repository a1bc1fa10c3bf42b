"""The report by numbers, against a count by hand and a count that keeps everything and looks at each row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.config import Settings
from maild.desk import db, report
from maild.desk.models import Clock, Lease, Person, Ticket
from tests.databases import on_one_database
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA, GIULIA

HELP = "The payroll program does not start any more. Please help me today."
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def person(settings: Settings) -> Person:
    found: Person = Person.create(address="carla@customer.example", created_at=MONDAY)
    return found


def ticket(person: Person, **values: Any) -> Ticket:
    base = {"prefix": "INC", "type": "incident", "status": "open", "impact": "medium", "urgency": "medium"}
    more = {"priority": "medium", "line": "L1", "account": "support", "language": "en", "subject": "", "tags": []}
    found: Ticket = Ticket.create(**{**base, **more, "requester": person, "opened_at": MONDAY, **values})
    return found


def clock(of: Ticket, kind: str, started: datetime, **values: Any) -> None:
    base = {"policy": "standard", "calendar": "always", "target": 7200, "due_at": started + timedelta(hours=2)}
    Clock.create(**{**base, "ticket": of, "kind": kind, "started_at": started, "fired": [], **values})


def told(settings: Settings, since: datetime = MONDAY, until: datetime = MONDAY + WEEK) -> dict[str, Any]:
    return report.as_json(report.over(since, until, settings.desk.levels), "UTC")


# -- what stories make ------------------------------------------------------------------------------------------------


def test_what_was_promised_and_kept_is_counted_from_what_happened(desk: Conversation) -> None:
    """Two tickets: one answered and solved in time, one answered too late, and opened again after it was solved."""
    first = desk.says(CARLA, "Payroll", HELP)
    desk.now += timedelta(minutes=59)
    desk.answers(ADA, first.to(ADA), "I look into it now.\n!resolve\n!category network/vpn")  # an hour after the start
    second = desk.says(GIULIA, "Stampante", "La stampante del secondo piano non stampa più. Grazie.")
    desk.wait(hours=5)
    answered = desk.answers(ADA, second.to(ADA), "Ecco.\n!resolve")
    again = desk.answers(GIULIA, answered.to(GIULIA), "Non va ancora, la stampante è sempre ferma.")
    assert desk.ticket(second.ticket).status == "open"
    desk.answers(ADA, again.to(ADA), "Ora sì.\n!resolve")

    all_ = told(desk.settings, desk.now - timedelta(days=1), desk.now + MINUTE)["all"]
    late = 5 * 60 + 1  # and half of the time between
    assert all_["first_response"]["met"] == 1
    assert all_["first_response"]["breached"] == 1
    assert all_["first_response"]["average_minutes"] == all_["first_response"]["median_minutes"] == (60 + late) / 2
    assert all_["resolution"]["met"] == 2
    assert all_["resolution"]["ended"] == 2
    assert all_["reopened"] == 1
    by_line = told(desk.settings, desk.now - timedelta(days=1), desk.now + MINUTE)["line"]
    assert sum(row["first_response"]["breached"] for row in by_line) == 1


# -- what rows say ----------------------------------------------------------------------------------------------------


def test_the_time_is_half_open_and_weeks_add_up(settings: Settings, person: Person) -> None:
    one = ticket(person)
    for at in (MONDAY - MINUTE, MONDAY, MONDAY + WEEK - MINUTE, MONDAY + WEEK):
        clock(one, "first_response", at - MINUTE, stopped_at=at, stopped_why="replied")
        clock(one, "first_response", at - timedelta(hours=2), breached_at=at)
    weeks = [told(settings, MONDAY + n * WEEK, MONDAY + (n + 1) * WEEK)["all"]["first_response"] for n in (-1, 0, 1)]
    assert [(week["met"], week["breached"]) for week in weeks] == [(1, 1), (2, 2), (1, 1)]
    assert told(settings, MONDAY, MONDAY)["all"]["first_response"]["met"] == 0


def test_a_promise_counts_once_broken_when_it_broke_and_its_length_when_it_came_to_its_end(
    settings: Settings, person: Person
) -> None:
    """B50."""
    broken = MONDAY + timedelta(days=6)
    clock(ticket(person), "resolution", MONDAY, breached_at=broken, stopped_at=broken + WEEK, stopped_why="resolved")
    first, second = (told(settings, MONDAY + n * WEEK, MONDAY + (n + 1) * WEEK)["all"]["resolution"] for n in (0, 1))
    assert (first["met"], first["breached"], first["ended"]) == (0, 1, 0)
    assert (second["met"], second["breached"], second["ended"]) == (0, 0, 1)
    assert second["plain_average_minutes"] == 13 * 24 * 60


def test_what_was_merged_answered_nobody_and_junk_is_no_work(settings: Settings, person: Person) -> None:
    at = MONDAY + timedelta(hours=1)
    clock(ticket(person), "first_response", MONDAY, stopped_at=at, stopped_why="merged")
    clock(ticket(person), "resolution", MONDAY, stopped_at=at, stopped_why="merged")
    clock(ticket(person, tags=["spam"]), "resolution", MONDAY, stopped_at=at, stopped_why="closed")
    clock(ticket(person), "line", MONDAY, stopped_at=at, stopped_why="line", line="L1")
    assert report.over(MONDAY, MONDAY + WEEK, settings.desk.levels).empty


@on_one_database
def test_pauses_do_not_count_but_who_waited_has_waited(settings: Settings, person: Person) -> None:
    end = MONDAY + timedelta(hours=10)
    clock(ticket(person), "resolution", MONDAY, paused=4 * 3600, stopped_at=end, stopped_why="resolved")
    solved = told(settings)["all"]["resolution"]
    assert (solved["average_minutes"], solved["plain_average_minutes"]) == (360, 600)


@on_one_database
def test_only_the_tickets_of_some_lines(settings: Settings, person: Person) -> None:
    for line in ("L1", "L2", "L3"):
        clock(ticket(person, line=line), "first_response", MONDAY, breached_at=MONDAY)
    found = report.over(MONDAY, MONDAY + WEEK, settings.desk.levels, ("L1", "L3"))
    assert list(found.groups["line"]) == ["L1", "L3"]
    assert found.all.ended == 2


def test_any_rows_agree_with_a_count_that_keeps_them_all(
    settings: Settings, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages end within rows of one instant, and groups, medians and averages come out all the same."""
    monkeypatch.setattr(report, "_PAGE", 7)
    dice = random.Random(4)
    rows: list[tuple[Any, ...]] = []
    with db.transaction():
        for _ in range(120):
            about = {"priority": dice.choice(["low", "high"]), "category": dice.choice([None, "network/vpn"])}
            stars = dice.choice([None, "1", "5"])
            start = MONDAY + timedelta(hours=dice.randrange(-48, 24 * 7))
            stop = dice.choice([None, start + timedelta(minutes=dice.randrange(0, 600, 60))])
            broke = dice.choice([None, start + timedelta(minutes=120)])
            kind = dice.choice(report.KINDS)
            why = "resolved" if kind == "resolution" else "replied"
            of = ticket(person, satisfaction=stars, **about)
            clock(of, kind, start, stopped_at=stop, breached_at=broke, stopped_why=stop and why)
            rows.append((kind, start, stop, broke, stars, about))
    found = told(settings)
    for name, of_group in [(None, found["all"]), *(("high", g) for g in found["priority"] if g["name"] == "high")]:
        mine = [row for row in rows if name is None or row[5]["priority"] == name]
        for kind in report.KINDS:
            same = [row for row in mine if row[0] == kind]
            ended = [row for row in same if row[2] and _within(row[2])]
            minutes = [(stop - start).total_seconds() / 60 for _, start, stop, *_ in ended]
            assert of_group[kind]["met"] == sum(row[3] is None for row in ended)
            assert of_group[kind]["breached"] == sum(bool(row[3] and _within(row[3])) for row in same)
            assert of_group[kind]["median_minutes"] == (median(minutes) if minutes else None)
            assert of_group[kind]["average_minutes"] == pytest.approx(sum(minutes) / len(minutes), abs=0.01)
        given = [int(row[4]) for row in mine if row[0] == "resolution" and row[2] and _within(row[2]) and row[4]]
        assert of_group["satisfaction"]["count"] == len(given)
        assert of_group["satisfaction"]["average"] == round(sum(given) / len(given), 2)


def _within(at: datetime) -> bool:
    return MONDAY <= at < MONDAY + WEEK


def test_the_index_on_the_time_is_used(settings: Settings, person: Person) -> None:
    if not db.is_sqlite():
        db.database.execute_sql("SET enable_seqscan = off")  # of a table that is empty no index is worth it
    for column, name in ((Clock.stopped_at, "clock_stopped"), (Clock.breached_at, "clock_breached")):
        plan = " ".join(_plan(column))
        assert name in plan, plan


def _plan(column: Any) -> Iterator[str]:
    wanted = Clock.select(Clock.id).join(Ticket).where((column >= MONDAY) & (column < MONDAY + WEEK))
    sql, values = wanted.order_by(column, Clock.id).limit(5_000).sql()
    words = "EXPLAIN QUERY PLAN" if db.is_sqlite() else "EXPLAIN"
    for row in db.database.execute_sql(f"{words} {sql}", values).fetchall():
        yield str(row)


# -- the week ---------------------------------------------------------------------------------------------------------

ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ((2026, 11, 23, 6, 59), (2026, 11, 9), (2026, 11, 16)),
        ((2026, 11, 23, 7, 0), (2026, 11, 16), (2026, 11, 23)),
        ((2026, 11, 29, 23, 59), (2026, 11, 16), (2026, 11, 23)),
        ((2026, 10, 26, 7, 0), (2026, 10, 19), (2026, 10, 26)),  # an hour longer
        ((2027, 1, 4, 8, 0), (2026, 12, 28), (2027, 1, 4)),
    ],
)
def test_a_week_is_from_monday_to_monday_of_the_zone(
    now: tuple[int, ...], since: tuple[int, ...], until: tuple[int, ...]
) -> None:
    def local(*parts: int) -> datetime:
        return datetime(*parts, tzinfo=ROME).astimezone(UTC)  # type: ignore[arg-type,misc]  # year to minute

    assert report.last_week(local(*now), ROME) == (local(*since), local(*until))


def test_a_week_is_claimed_once(settings: Settings) -> None:
    assert not report.claimed(MONDAY)
    with db.transaction():
        assert [report.claim(MONDAY, "a:boot"), report.claim(MONDAY, "b:boot")] == [True, False]
        assert report.claim(MONDAY + WEEK, "b:boot")
    assert report.claimed(MONDAY)
    assert Lease.select().count() == 2
