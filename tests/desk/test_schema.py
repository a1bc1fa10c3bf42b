"""The schema that migrations make is the one that the models describe, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playhouse.migrations import Runner

from maild.config import Settings
from maild.desk import db, models
from maild.errors import MaildError

MIGRATIONS = Path(db.__file__).parent / "migrations"
T = "2026-11-24T16:00:00.000000Z"


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two empty databases of one make."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db"
    else:
        server = request.getfixturevalue("postgres")
        yield server.database(), server.database()
    db.close()


def shape() -> dict[str, Any]:
    """All tables of the open database: columns, indexes, foreign keys."""
    out: dict[str, Any] = {}
    database = db.database.obj
    for table in database.get_tables():
        if table.startswith("schema_migration"):
            continue
        columns = [(c.name, c.data_type.lower(), c.null, c.primary_key) for c in database.get_columns(table)]
        indexes = sorted((i.name, tuple(i.columns), i.unique, _where(i.sql)) for i in database.get_indexes(table))
        keys = sorted((k.column, k.dest_table, k.dest_column) for k in database.get_foreign_keys(table))
        out[table] = {"columns": columns, "indexes": indexes, "keys": keys, "rules": _on_delete(table)}
    return out


def _where(sql: str | None) -> str:
    return "".join((sql or "").lower().partition(" where ")[2].split())


def _on_delete(table: str) -> list[Any]:
    if db.is_sqlite():
        return sorted(row[2:8] for row in db.database.execute_sql(f'PRAGMA foreign_key_list("{table}")').fetchall())
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass ORDER BY 1"
    return [row[0] for row in db.database.execute_sql(query, (f'"{table}"',)).fetchall()]


def test_the_migrated_schema_is_the_models_schema(urls: tuple[str, str]) -> None:
    db.open(urls[0])
    db.migrate()
    migrated = shape()
    db.close()
    db.open(urls[1])
    db.database.create_tables(models.ALL)
    assert shape() == migrated
    assert {model._meta.table_name for model in models.ALL} == set(migrated)


def test_migrating_twice_does_nothing_the_second_time(urls: tuple[str, str]) -> None:
    db.open(urls[0])
    assert db.migrate() != []
    assert db.migrate() == []


def test_a_database_in_use_is_migrated_as_it_stands(urls: tuple[str, str], tmp_path: Path) -> None:
    """Rows that refer to one another, as the first version left them; and the schema is the same as a fresh one."""
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(MIGRATIONS / "0001_initial.py", old)
    db.open(urls[0])
    _fill(old)
    db.close()
    db.open(urls[0])
    assert len(db.migrate()) == len(list(MIGRATIONS.glob("0*.py"))) - 1
    assert [(p.id, p.generation) for p in models.Person.select().order_by(models.Person.id)] == [(1, 0), (2, 0)]
    assert models.Ticket.get_by_id(1).requester.address == "p1@customer.example"
    assert models.Participant.get().person.id == 2
    assert models.Event.get().revision is None
    if db.is_sqlite():
        assert db.database.execute_sql("PRAGMA foreign_key_check").fetchall() == []
    migrated = shape()
    db.close()
    db.open(urls[1])
    db.migrate()
    assert shape() == migrated


def _fill(migrations: Path) -> None:
    """The schema of these migrations, with two people on a ticket."""
    run = Runner(db.database.obj, directory=str(migrations), table_name="schema_migration")
    with db.database.atomic():
        list(run.up())
        for table, values in (
            ("person", {"id": 1, "address": "p1@customer.example", "name": "P", "created_at": T, "proved": True}),
            ("person", {"id": 2, "address": "p2@customer.example", "name": "P", "created_at": T, "proved": False}),
            (
                "ticket",
                {
                    **dict.fromkeys(("prefix", "type", "status", "priority", "impact", "urgency", "line"), "x"),
                    "id": 1,
                    "requester_id": 1,
                    "account": "support",
                    "language": "en",
                    "subject": "s",
                    "tags": "[]",
                    "silent": False,
                    "opened_at": T,
                    "revision": 1,
                },
            ),
            ("participant", {"ticket_id": 1, "person_id": 2}),
            (
                "event",
                {"ticket_id": 1, "at": T, "kind": "opened", "by": "p1", "why": "a new mail", "configuration": "c"},
            ),
        ):
            names, marks = ", ".join(f'"{name}"' for name in values), ", ".join([db.database.param] * len(values))
            db.database.execute_sql(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(values.values()))


def test_the_waiting_and_the_due_are_found_by_partial_indexes(settings: Settings) -> None:
    """M12: what is done and sent costs nothing."""
    found = {name for table in shape().values() for name, _, _, where in table["indexes"] if where}
    assert {"incoming_waiting", "outgoing_waiting", "clock_due"} <= found


def test_a_sqlite_database_in_a_missing_folder_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(MaildError, match="does not exist"):
        db.open(f"sqlite:///{tmp_path}/nowhere/maild.db")
