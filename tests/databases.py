"""Fixtures for tests that run on both databases; the conftest files of `stories` and `desk` take them in.

The schema is made once for each database and worker, since that costs more than most tests: SQLite's is copied,
PostgreSQL's is emptied.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
import structlog

from maild import shipped
from maild.config import Settings
from maild.desk import db, models
from maild.mail.reading import ReadSettings
from maild.mail.sandbox import Reader
from maild.mail.templates import Templates
from tests import cast
from tests.stories.conversation import Conversation, Tools

BOTH = ("sqlite", "postgres")
on_one_database = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # where the database decides nothing


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """A traceback as Python prints it: the one with colours and all variables takes seconds."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the cast's desk; each test gets a copy with its own database."""
    return cast.settings(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    db.open(f"sqlite:///{path}")
    db.migrate()
    db.close()
    return path


@pytest.fixture(scope="session")
def empty_postgres(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres").database()
    db.open(url)
    db.migrate()
    db.close()
    return url


@lru_cache
def _emptying(url: str) -> str:
    """What empties the open PostgreSQL as TRUNCATE ... RESTART IDENTITY does, for a twentieth of its time.

    TRUNCATE makes the files of all tables and indexes anew, which is for large ones.
    """
    tables = [model._meta.table_name for model in models.ALL]
    owned = """
        SELECT s.oid::regclass::text FROM pg_class s
        JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')
        JOIN pg_class t ON t.oid = d.refobjid
        WHERE s.relkind = 'S' AND t.relname = ANY(%s)
    """
    sequences = [row[0] for row in db.database.execute_sql(owned, (tables,)).fetchall()]
    return "; ".join(
        [
            "SET LOCAL session_replication_role = replica",  # no foreign key minds the order
            *(f'DELETE FROM "{table}"' for table in tables),
            *(f"SELECT setval('{sequence}', 1, false)" for sequence in sequences),
        ]
    )


@pytest.fixture(params=BOTH)
def settings(request: pytest.FixtureRequest, loaded: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The desk's settings with an open, empty, migrated database: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "maild.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        url = f"sqlite:///{path}"
        db.open(url)
        # what a power cut leaves is not asked here; flushing each commit to disk would take half of the suite's time
        db.database.execute_sql("PRAGMA synchronous=off")
    else:
        url = request.getfixturevalue("empty_postgres")
        db.open(url)
        with db.database.atomic():
            db.database.execute_sql(_emptying(url))
    yield replace(loaded, database=url)
    db.close()


@pytest.fixture(scope="session")
def tools() -> Iterator[Tools]:
    problems: list[str] = []
    with Reader(ReadSettings(instance=cast.INSTANCE, languages=("en", "it", "da"))) as reader:
        yield Tools(reader, Templates([shipped.folder("templates")], problems.append), problems)


@pytest.fixture
def desk(settings: Settings, tools: Tools) -> Conversation:
    """A desk that nobody has written to yet."""
    tools.problems.clear()
    return Conversation(settings, tools)
