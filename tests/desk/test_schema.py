"""The schema that migrations make is the one that the models describe, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maild.config import Settings
from maild.desk import db, models
from maild.errors import MaildError


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


def test_the_waiting_and_the_due_are_found_by_partial_indexes(settings: Settings) -> None:
    """M12: what is done and sent costs nothing."""
    found = {name for table in shape().values() for name, _, _, where in table["indexes"] if where}
    assert {"incoming_waiting", "outgoing_waiting", "clock_due"} <= found


def test_a_sqlite_database_in_a_missing_folder_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(MaildError, match="does not exist"):
        db.open(f"sqlite:///{tmp_path}/nowhere/maild.db")
