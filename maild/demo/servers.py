"""The two servers around the demo's desk: an IMAP server (pymap, a child process) and an SMTP server that keeps mail.

Both listen on loopback only, and neither outlives this process.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from maild.errors import MaildError
from maild.wire.listener import Delivery, Listener

HOST, USER = "127.0.0.1", "support"
_START = 30.0  # seconds for a child to import what it needs, on a busy machine

# PR_SET_PDEATHSIG, asked for by the child itself; the parent may be gone already, so it looks once more.
_PYMAP = """
import os, sys
parent = int(sys.argv.pop(1))
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != parent:
    sys.exit(1)
from pymap.main import main
sys.exit(main())
"""


def have_pymap() -> bool:
    """Whether the IMAP server is installed (the extra `demo`)."""
    return importlib.util.find_spec("pymap") is not None


class ImapServer:
    """pymap with one empty mailbox in memory, between `with` and its end."""

    def __init__(self, folder: Path) -> None:
        self.password = secrets.token_hex(18)
        self.port = 0
        self._log = folder / "pymap.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = int(free.getsockname()[1])
        options = ["--host", HOST, "--port", str(self.port), "--no-tls"]
        options += ["--no-service", "admin", "--no-service", "managesieve"]
        login = ["dict", "--demo-user", USER, "--demo-password", self.password]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter with arguments of ours
                [sys.executable, "-c", _PYMAP, str(os.getpid()), *options, *login],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us: we end it when the daemon has logged out
            )
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._end()

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + _START
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(OSError):
                socket.create_connection((HOST, self.port), 5).close()
                return
            time.sleep(0.05)  # a server that starts offers no event to wait for
        said = self._log.read_text("utf-8", "replace").strip().splitlines()
        raise MaildError(
            f"the IMAP server of the demo (pymap) did not start: {said[-1] if said else 'it says nothing'}"
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class MailSink:
    """Takes every mail for everybody, as the world's mail servers would, and keeps it."""

    def __init__(self) -> None:
        self.kept: list[Delivery] = []  # only ever appended to, by the listener's threads
        self._listener = Listener(HOST, 0, "smtp", self.kept.append, 50_000_000, "mx.example", lambda address: True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    def __enter__(self) -> Self:
        try:
            self._listener.start()
        except OSError as e:
            raise MaildError(f"the demo cannot listen on {HOST}: {e.strerror}") from e
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._listener.stop(grace=1.0)
