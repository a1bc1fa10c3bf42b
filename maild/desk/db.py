"""The database handle, its transactions, and its schema's version.

The one global of maild. SQLite runs in WAL with synchronous=FULL, one writer at a time: a lock of this process queues
our own threads, so that none of them waits in SQLite's own sleeping busy handler. PostgreSQL serialises by row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import peewee

from maild.errors import MaildError, Unavailable

database: Any = peewee.DatabaseProxy()  # Any: the proxy is either database, which its stubs cannot say

_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",  # M1: a commit that we told a source about outlives a power cut
    "foreign_keys": 1,
    "busy_timeout": 30_000,  # for `maild ticket list` and the like beside the daemon
    "cache_size": -32_000,
    "temp_store": "memory",
}
_MIGRATION_LOCK = 0x6D61696C64  # "maild", for pg_advisory_lock

GONE = (peewee.OperationalError, peewee.InterfaceError)  # what the drivers raise when the database is not there

_writer = threading.RLock()


def open(url: str) -> None:  # noqa: A001 - called as db.open, which says it best
    """Point the models at `sqlite:///PATH` or `postgresql://...`. Each thread connects when it first asks."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = Path("/" + parts.path.lstrip("/"))
        if not path.parent.is_dir():
            raise MaildError(f"the folder {path.parent} of the database does not exist: make it, or change `database`")
        database.initialize(peewee.SqliteDatabase(str(path), pragmas=_PRAGMAS, lock_type="IMMEDIATE"))
    elif parts.scheme in ("postgresql", "postgres"):
        database.initialize(_postgres(url))
    else:
        raise MaildError(f"database: {parts.scheme}: is not known; use sqlite: or postgresql:")


def _postgres(url: str, **more: Any) -> Any:
    try:
        from playhouse.postgres_ext import Psycopg3Database
    except ImportError as e:  # pragma: no cover - depends on what is installed
        raise MaildError("PostgreSQL needs the extra: pip install 'maild[postgres]'") from e
    try:
        return Psycopg3Database(url, **more)
    except peewee.ImproperlyConfigured as e:
        raise MaildError("PostgreSQL needs the extra: pip install 'maild[postgres]'") from e


def is_sqlite() -> bool:
    """Whether the open database is SQLite."""
    return isinstance(database.obj, peewee.SqliteDatabase)


@contextmanager
def transaction() -> Iterator[None]:
    """One transaction, committed at the end. A database that is locked, full or gone raises `Unavailable`."""
    with _writer if is_sqlite() else nullcontext(), translated(), database.atomic():
        yield


class _GivenUp(Exception):
    """Ends a transaction that was never meant to last."""


@contextmanager
def given_up() -> Iterator[None]:
    """A transaction of which nothing stays: what would happen can be looked at (`maild explain`)."""
    with suppress(_GivenUp), transaction():
        yield
        raise _GivenUp


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver says about a missing database into `Unavailable`, and drop the dead connection."""
    try:
        yield
    except GONE as e:
        if not database.in_transaction():
            database.close()
        raise _unavailable(e) from e


def _unavailable(problem: Exception) -> Unavailable:
    return Unavailable(f"the database does not answer: {str(problem).strip().partition(chr(10))[0]}")


def hold(url: str, name: str) -> Callable[[], object] | None:
    """Hold a name on PostgreSQL; how to let it go, or None where another holds it. A dead process holds nothing.

    The lock belongs to a connection of its own, which no thread closes when it starts afresh.
    """
    keeper = _postgres(url, thread_safe=False)
    try:
        keeper.connect()
        held = keeper.execute_sql("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()[0]
    except GONE as e:
        raise _unavailable(e) from e
    if held:
        return cast("Callable[[], object]", keeper.close)
    keeper.close()
    return None


def one_at_a_time(name: str) -> None:
    """Until the transaction ends nobody else goes on with this name. SQLite has one writer anyway."""
    if not is_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


def savepoint() -> Any:
    """A part of the running transaction that can be undone alone: one mail of a batch."""
    return database.savepoint()


@contextmanager
def quickly() -> Iterator[None]:
    """A transaction that outlives the death of this process, but perhaps not a power cut.

    For marks that are many and whose loss is looked for otherwise (see `outbox`).
    """
    if not is_sqlite():
        with transaction():
            database.execute_sql("SET LOCAL synchronous_commit TO off")
            yield
        return
    with _writer, translated():
        database.execute_sql("PRAGMA synchronous=normal")
        try:
            with database.atomic():
                yield
        finally:
            database.execute_sql("PRAGMA synchronous=full")


def migrate() -> list[str]:
    """Bring the schema up to date and return the names of what was applied. Several may call it at once."""
    with translated():
        runner = _runner()
        if is_sqlite():
            with _writer, database.atomic():
                return list(runner.up())
        # playhouse takes no lock: of three that start at once two would die
        with database.connection_context():
            database.execute_sql("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
            try:
                return list(runner.up())
            finally:
                database.execute_sql("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))


def pending() -> tuple[list[str], bool]:
    """The names of the migrations that wait, and whether any was ever applied. Changes nothing."""
    with translated():
        known = [m for m in _runner().status() if m.path is not None]
        return [m.name for m in known if not m.applied], any(m.applied for m in known)


def _runner() -> Any:
    from playhouse.migrations import Runner

    return Runner(database.obj, directory=str(Path(__file__).parent / "migrations"), table_name="schema_migration")


def facts() -> tuple[str, datetime | None]:
    """What the database is, in words, and its server's time (None: it has no clock of its own)."""
    with translated():
        if is_sqlite():
            return f"SQLite {database.execute_sql('SELECT sqlite_version()').fetchone()[0]}", None
        words, at = database.execute_sql("SELECT current_setting('server_version'), clock_timestamp()").fetchone()
        return f"PostgreSQL {words}", at.astimezone(UTC)


def back_up() -> Path | None:
    """Copy a SQLite database beside itself, and return where; None where there is nothing to copy."""
    if not is_sqlite() or not Path(database.obj.database).exists():
        return None
    source = Path(database.obj.database)
    target = source.with_suffix(f".before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    with translated():
        database.execute_sql("VACUUM INTO ?", (str(target),))
    return target


def close() -> None:
    """Close this thread's connection."""
    if database.obj is not None and not database.is_closed():
        database.close()
