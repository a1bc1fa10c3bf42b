"""What lies on this machine: the secrets, the database and its disk, the address to listen at."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from maild.config import Listener, SecretPlace, Settings, needs
from maild.desk import db
from maild.doctor.finding import Finding, ok, problem, warning
from maild.errors import MaildError, Unavailable
from maild.stage import database_file, open_database

_FULL, _NARROW = 200_000_000, 2_000_000_000  # bytes free
_SKEW = timedelta(seconds=5)  # between our clock and the database server's
_PATIENCE = 5.0  # seconds


def named(settings: Settings) -> Iterator[tuple[str, SecretPlace]]:
    """The places of all secrets, each with what it is."""
    yield "secret", settings.secret
    if settings.sending.smtp.password is not None:
        yield "password for sending", settings.sending.smtp.password
    for account in settings.accounts:
        if account.imap is not None and account.imap.password is not None:
            yield f"password of {account.name}", account.imap.password


def secrets(settings: Settings) -> Iterator[Finding]:
    """Whether each can be read, and who else can read it."""
    for name, where in named(settings):
        try:
            text = where.reveal()
        except MaildError as e:
            yield problem(name, str(e), "put it there, or change its place in maild.yaml")
            continue
        if name == "secret" and len(text.encode()) < needs.SHORTEST:
            yield problem(
                name, f"it has fewer than {needs.SHORTEST} characters", "make another one; `maild init` shows how"
            )
            continue
        file = where.folder / where.name[0] if where.source == "file" else None
        mode = file.stat().st_mode & 0o777 if file is not None else 0
        if mode & 0o077:
            words = f"{where} can be read by others on this machine (mode {mode:04o})"
            yield problem(name, words, f"chmod 600 {file}")
        else:
            yield ok(name, f"{where} can be read" + (f" (mode {mode:04o})" if file is not None else ""))


def database(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Whether it can be reached and written, its schema, the disk below it."""
    file = database_file(settings)
    if file is not None:
        yield from _disk(file)
        if not file.exists():
            if file.parent.is_dir():
                yield ok("database", f"{file} is not there yet; `maild run` makes it")
            return
    try:
        open_database(settings, migrate=False)
        words, at = db.facts()
        waiting, used = db.pending()
    except MaildError as e:
        advice = "see that the server runs, and its name, user and ~/.pgpass are right"
        yield problem("database", str(e), advice if isinstance(e, Unavailable) else "change `database` in maild.yaml")
        return
    finally:
        db.close()
    if not waiting:
        yield ok("database", f"{words}, its schema is up to date")
    elif not used:
        yield ok("database", f"{words}, empty; `maild run` makes the schema")
    else:
        yield warning("database", f"{words}, migrations wait: {', '.join(waiting)}", "maild migrate")
    if at is not None and abs(at - now) > _SKEW:
        words = f"the database server's clock differs from ours by {abs(at - now).total_seconds():.0f} seconds"
        yield warning("clock", words, "let both follow a time server (chrony, systemd-timesyncd)")


def _disk(file: Path) -> Iterator[Finding]:
    folder = file.parent
    if not folder.is_dir():
        yield problem("disk", f"the folder {folder} does not exist", "make it, or change `database`")
        return
    locked = [
        str(p)
        for p in (folder, file, Path(f"{file}-wal"), Path(f"{file}-shm"))
        if p.exists() and not os.access(p, os.W_OK)
    ]
    if locked:
        yield problem("disk", f"{', '.join(locked)} cannot be written by this user", "chown to the user of maild")
        return
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:.1f} GB are free below {folder}, and it can be written"
    if free < _FULL:
        yield problem("disk", words, "make room: a full disk stops maild")
    elif free < _NARROW:
        yield warning("disk", words, "make room, or set retention.raw")
    else:
        yield ok("disk", words)


def listener(door: Listener, instance: str) -> Iterator[Finding]:
    """Whether its address is free, or maild's already."""
    about, address = "listener", f"{door.host}:{door.port}"
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    try:
        socket.create_server((door.host, door.port), family=family).close()
    except OSError as e:
        if instance in _greeting(door):
            yield ok(about, f"a maild listens at {address} already")
        else:
            yield problem(about, f"{address} cannot be had: {e.strerror}", "stop who has it, or change `listener`")
    else:
        yield ok(about, f"{address} is free")


def _greeting(door: Listener) -> str:
    try:
        with socket.create_connection((door.host, door.port), _PATIENCE) as link:
            return link.recv(500).decode("utf-8", "replace")
    except OSError:
        return ""
