"""A desk at work that a test may do anything to: `maild run` as a process of its own, with a folder and a database.

desk = Live(tmp_path, account, sink.port)
desk.start(); desk.ready()
desk.kill()                 # SIGKILL, of the daemon alone; returns when all that it had started is gone too
desk.rows("select fate, count(*) from incoming group by fate")
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import pytest

from tests.servers import process
from tests.servers.dovecot import Account

T = TypeVar("T")

MAILD_YAML = """\
instance: desk.example.test
secret: {{file: secret}}
database: {database}
accounts:
  - name: support
    address: support@example.test
    imap: {{host: 127.0.0.1, port: {imap}, tls: none, user: {user}, password: {{file: password}}}}
    poll: 5s
sending:
  from: Example Desk <support@example.test>
  smtp: {{host: 127.0.0.1, port: {smtp}, tls: none}}
limits: {{size: {size}}}
"""

DESK_YAML = """\
name: Example Desk
languages: [en, it, da]
people:
  ada: {name: Ada Rossi, address: ada@example.org}
  cleo: {name: Cleo Jensen, address: cleo@example.org}
  dino: {name: Dino Conti, address: dino@example.org}
lines:
  L1: {agents: [ada], lead: ada}
  L2: {agents: [cleo], lead: cleo}
  L3: {agents: [dino], lead: dino}
manager: dino
priority:
  default: {impact: medium, urgency: medium}
  matrix:
    high:   {high: critical, medium: high,   low: medium}
    medium: {high: high,     medium: medium, low: low}
    low:    {high: medium,   medium: low,    low: low}
calendars:
  always: {zone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
sla:
  - name: standard
    targets:
      critical: {first_response: 1h, resolution: 8h, calendar: always}
      high: {first_response: 2h, resolution: 16h, calendar: always}
      medium: {first_response: 4h, resolution: 24h, calendar: always}
      low: {first_response: 8h, resolution: 48h, calendar: always}
escalation: {}
closing: {after_resolved: 3d, reopen_within: 7d, satisfaction: true}
"""


def until(what: Callable[[], T], limit: float = 30, said: Callable[[], object] = str) -> T:
    """The first true value of `what()`; what other processes do sends no event, so it is asked often."""
    end, pause = time.monotonic() + limit, threading.Event()
    while True:
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"not within {limit:g} s: {said()}"
        pause.wait(0.05)


def configure(folder: Path, account: Account, smtp_port: int, database: str, size: str) -> Path:
    """Write a configuration folder for one account of a test server."""
    folder.mkdir(exist_ok=True)
    yaml = MAILD_YAML.format(imap=account.port, user=account.user, smtp=smtp_port, database=database, size=size)
    (folder / "maild.yaml").write_text(yaml)
    (folder / "desk.yaml").write_text(DESK_YAML)
    (folder / "rules.yaml").write_text("rules: []\n")
    for name, secret in (("secret", "a secret of thirty-two characters"), ("password", account.password)):
        (folder / name).write_text(secret)
        (folder / name).chmod(0o600)
    return folder


class Live:
    """A configuration folder, and the daemon that runs from it again and again."""

    def __init__(
        self, folder: Path, account: Account, smtp_port: int, database: str = "sqlite:maild.db", size: str = "25MB"
    ) -> None:
        self.folder = configure(folder / "desk", account, smtp_port, database, size)
        self.database = database
        self.account = account
        self.log = self.folder / "output"
        self.process: subprocess.Popen[bytes] | None = None
        self.mark = f"MAILD_TEST={uuid.uuid4()}"
        self.starts = 0
        self.options: tuple[str, ...] = ()  # more words of `maild run`
        # abstract: no path that could be too long, gone with this socket
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(f"\0{self.mark}")
        self.states: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.kill()
        self.channel.close()

    def environment(self) -> dict[str, str]:
        name, _, value = self.mark.partition("=")
        return os.environ | {"NOTIFY_SOCKET": f"@{self.mark}", name: value, "MAILD_CONFIG": str(self.folder)}

    def start(self) -> None:
        """Start it; it is not ready yet."""
        self.starts += 1
        self.states = []
        command = [sys.executable, "-m", "maild", "run", *self.options]
        self.process = process.start(command, self.folder, process.account("root"), env=self.environment())

    def hears(self, state: str, limit: float = 30) -> None:
        """Wait until it told the service manager this state."""
        end = time.monotonic() + limit
        while state not in self.states:
            here, _, _ = select.select([self.channel], [], [], max(0.0, end - time.monotonic()))
            assert here, f"it never said {state}: {self.tail()}"
            self.states.append(self.channel.recv(4096).decode())

    def ready(self) -> None:
        """Wait until it is at work."""
        self.hears("READY=1")

    def kill(self) -> None:
        """SIGKILL to the daemon alone; what it had started must end by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None
        until(lambda: not self.family(), 10, lambda: f"orphans: {self.family()}")
        self.channel.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.channel.recv(4096)
        self.channel.setblocking(True)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not stop: {self.tail()}") from None
        self.process = None
        return code

    def family(self) -> list[str]:
        """All processes that run with the mark of this desk, in words."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with suppress(OSError):  # it ended meanwhile
                if self.mark.encode() in (entry / "environ").read_bytes():
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    found.append(f"{entry.name} {command}")
        return found

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, read beside the daemon."""
        if self.database.startswith("postgresql:"):
            psycopg = pytest.importorskip("psycopg")
            with psycopg.connect(self.database) as link:
                rows: list[tuple[Any, ...]] = link.execute(query, values).fetchall()
                return rows
        with closing(sqlite3.connect(f"file:{self.folder / 'maild.db'}?mode=ro", uri=True, timeout=20)) as link:
            return link.execute(query, values).fetchall()

    def number(self, query: str, *values: object) -> int:
        """The one number that the database answers; 0 while there is no such table yet."""
        try:
            return int(self.rows(query, *values)[0][0])
        except sqlite3.OperationalError:
            return 0

    def command(self, *words: str, code: int = 0) -> str:
        """Run `maild ...` beside the daemon; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "maild", *words], env=self.environment(), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def balance(self) -> list[dict[str, Any]]:
        """`maild balance`, which must be well."""
        return [json.loads(line) for line in self.command("balance", "--json").splitlines()]

    def tail(self) -> str:
        """The end of the daemon's log."""
        return self.log.read_text("utf-8", "replace")[-3000:] if self.log.exists() else "no log"
