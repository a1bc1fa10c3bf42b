"""A million open tickets in SQLite: what the timers and a start cost follows what is due, not what is open (M12).

The figures are printed: pytest -m slow -s tests/desk/test_million.py
"""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild import timers
from maild.config import Settings
from maild.daemon import Daemon
from maild.desk import clocks, db
from maild.desk.models import Clock, Event, Outgoing, Ticket
from maild.stage import Stage
from tests.stories.conversation import START, Conversation, Tools
from tests.stories.letters import CARLA

FEW, MANY, DUE = 10_000, 1_000_000, 1_000
OPENED = START + timedelta(days=1)  # nearly all of them; the due ones an hour before
NOW = OPENED + timedelta(minutes=10)  # after half of two hours, of those


class World:
    """A desk with that many open tickets, all copies of one that was opened by mail."""

    def __init__(self, settings: Settings, tools: Tools, path: Path, count: int) -> None:
        self.settings = replace(settings, database=f"sqlite:///{path}")
        db.open(self.settings.database)
        db.database.execute_sql("PRAGMA synchronous=off")
        self.desk = Conversation(self.settings, tools)
        opened = self.desk.says(CARLA, "Printer", "It prints only half of each page since this morning.")
        self.first = self.desk.ticket(opened.ticket)
        with db.transaction():
            self._multiply(count - DUE, OPENED)
            self._multiply(DUE, OPENED - timedelta(hours=1))
            Clock.update(next_at=None).where(Clock.ticket == self.first).execute()  # the pattern has served
        db.close()  # with what SQLite holds in memory, and that pragma
        db.open(self.settings.database)

    def _multiply(self, count: int, at: datetime) -> None:
        first = db.database.execute_sql("SELECT max(id) FROM ticket").fetchone()[0]
        last = db.database.execute_sql("SELECT max(id) FROM person").fetchone()[0]
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        db.database.execute_sql(
            f"{numbers}INSERT INTO person (id, address, name, language, created_at, proved, generation) "
            f"SELECT {last} + i, 'p' || ({last} + i) || '@many.example', 'P', 'en', ?, 0, 0 FROM n",
            (_text(at),),
        )
        self._copies("ticket", Ticket, numbers, {"id": f"{first} + i", "requester_id": f"{last} + i"}, at)
        for table, model in (("event", Event), ("clock", Clock)):
            self._copies(table, model, numbers, {"ticket_id": f"{first} + i"}, at)

    def _copies(self, table: str, model: Any, numbers: str, values: dict[str, str], at: datetime) -> None:
        """The pattern's rows of a table, once for each number, as if all had happened that much later."""
        shift = at - self.first.opened_at
        mine = model.id == self.first.id if model is Ticket else model.ticket == self.first.id
        for row in model.select().where(mine).order_by(model.id):
            columns, terms, given = [], [], []
            for name, field in model._meta.fields.items():
                value = row.__data__[name]
                if name == "id" and "id" not in values:
                    continue
                columns.append(f'"{field.column_name}"')
                if field.column_name in values:
                    terms.append(values[field.column_name])
                    continue
                terms.append("?")
                moved = value + shift if isinstance(value, datetime) else value
                given.append(field.db_value(moved))
            db.database.execute_sql(
                f'{numbers}INSERT INTO "{table}" ({", ".join(columns)}) SELECT {", ".join(terms)} FROM n',
                tuple(given),
            )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _milliseconds(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000


def _start(settings: Settings) -> float:
    """How long a daemon takes until its database is ready for its threads."""
    db.close()
    daemons: list[Daemon] = []
    took = _milliseconds(lambda: daemons.append(Daemon(settings, lambda: OPENED)))
    daemons[0].stop()
    db.open(settings.database)
    return took


def _nothing_due(stage: Stage) -> dict[str, float]:
    found = {}
    for job in (timers.sweep, timers.remind, timers.close_resolved, timers.expire_raw):
        job(stage, OPENED - timedelta(hours=1))  # what is prepared once
        look = partial(job, stage, OPENED - timedelta(minutes=1))
        times = [_milliseconds(look) for _ in range(50)]
        found[f"{job.__name__}, nothing due"] = statistics.median(times)
        found[f"{job.__name__}, at most"] = max(times)  # what else this machine does is in it
    return found


@pytest.fixture
def made(loaded: Settings, tools: Tools, empty_sqlite: Path, tmp_path: Path) -> Iterator[Callable[[int], World]]:
    def make(count: int) -> World:
        path = tmp_path / f"{count}.db"
        shutil.copy(empty_sqlite, path)
        return World(loaded, tools, path, count)

    yield make
    db.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_million_open_tickets_cost_the_timers_nothing(
    made: Callable[[int], World], loaded: Settings, empty_sqlite: Path, tmp_path: Path
) -> None:
    shutil.copy(empty_sqlite, tmp_path / "empty.db")
    empty = replace(loaded, database=f"sqlite:///{tmp_path}/empty.db")
    _start(empty)
    figures: dict[int, dict[str, float]] = {0: {"start": statistics.median(_start(empty) for _ in range(5))}}
    for count in (FEW, MANY):
        began = time.perf_counter()
        world = made(count)
        stage = world.desk.stage
        print(f"{count} tickets, {Clock.select().count()} clocks, made in {time.perf_counter() - began:.0f} s")
        found = figures[count] = {"start": statistics.median(_start(world.settings) for _ in range(5))}
        found |= _nothing_due(stage)
        sql, values = clocks.due_query(NOW, timers.BATCH).sql()
        plan = [row[3] for row in db.database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
        print(plan)
        assert len(plan) == 1 and "INDEX clock_due (next_at<?)" in plan[0]
        handled: list[int] = []

        def sweep(handled: list[int] = handled, stage: Any = stage) -> None:
            while n := timers.sweep(stage, NOW):
                handled.append(n)

        found[f"{DUE} due"] = _milliseconds(sweep)
        assert sum(handled) == DUE
        assert Outgoing.select().where(Outgoing.notice == "sla_warning").count() == 2 * DUE  # both of L1
    for count, found in figures.items():
        print("FIGURES", count, {name: f"{value:.2f} ms" for name, value in found.items()})
    few, many = figures[FEW], figures[MANY]
    assert all(value <= 5 for name, value in many.items() if name.endswith("nothing due")), many
    assert many[f"{DUE} due"] < 1.5 * few[f"{DUE} due"]
    assert many["start"] < figures[0]["start"] + 20
