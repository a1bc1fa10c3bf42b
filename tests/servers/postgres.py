"""A private PostgreSQL on loopback with a fresh, empty database for whoever asks.

with Postgres() as postgres:
    url = postgres.database()       # postgresql://postgres@127.0.0.1:PORT/NAME

Without fsync: it is for tests. It runs as the caller, or as postgres when the caller is root.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.servers import process

if TYPE_CHECKING:
    from types import TracebackType

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")


class Postgres:
    """The server; NotHere when it is not installed."""

    def __init__(self) -> None:
        path = os.environ.get("PATH", "")
        versions = Path("/usr/lib/postgresql").glob("*/bin")
        newest = sorted((str(p) for p in versions), key=lambda p: float(p.split("/")[4]), reverse=True)
        found = shutil.which("initdb", path=":".join([*newest, path]))
        if found is None:
            raise process.NotHere("PostgreSQL's server is not installed")
        self.programs = Path(found).resolve().parent
        try:
            self.who = process.account("postgres")
        except KeyError:
            self.who = process.account("nobody")
        self.port = process.free_port()
        self.names = itertools.count(1)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        process.own(self.folder, self.who)
        try:
            command = [str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-A", "trust", "-U", "postgres"]
            subprocess.run(
                [*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self.folder,
                **process.identity(self.who),
            )
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it (again: the databases and the port stay)."""
        settings = [word for setting in _FAST for word in ("-c", setting)]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        self.process = process.start(
            [*command, "-h", "127.0.0.1", "-k", str(self.folder), *settings], self.folder, self.who
        )
        process.until(self._answers, self.process, self.folder / "output")

    def stop(self) -> None:
        """Stop it at once; open connections end (fast shutdown)."""
        process.stop(self.process, signal.SIGINT)

    def database(self) -> str:
        """The URL of a new empty database."""
        name = f"desk{next(self.names)}"
        command = [str(self.programs / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name]
        subprocess.run(command, check=True, cwd=self.folder)
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        command = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0
