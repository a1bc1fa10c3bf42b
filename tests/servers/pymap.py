"""pymap on loopback: a second IMAP server, written in Python, without custom keywords and without CONDSTORE.

with Pymap() as pymap:
    pymap.host, pymap.port, pymap.user, pymap.password
    with pymap.client("INBOX") as link: ...
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import imapclient

from tests.servers import process

if TYPE_CHECKING:
    from types import TracebackType


class Pymap:
    """The server with one account in memory; NotHere when it is not installed."""

    host, user, password = "127.0.0.1", "support", "a pymap password"

    def __init__(self) -> None:
        if importlib.util.find_spec("pymap") is None:
            raise process.NotHere("pymap (the extra maild[demo]) is not installed")
        self.port = process.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="pymap-", dir="/tmp"))
        run = "import sys; from pymap.main import main; sys.exit(main())"
        options = ["--host", self.host, "--port", str(self.port), "--no-tls"]
        options += ["--no-service", "admin", "--no-service", "managesieve"]
        login = ["dict", "--demo-user", self.user, "--demo-password", self.password]
        # Nothing in it minds root, and its Python may stand where nobody else can read.
        who = process.account("root")
        self.process = process.start([sys.executable, "-c", run, *options, *login], self.folder, who)
        try:
            process.until(self._answers, self.process, self.folder / "output")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        process.stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, folder: str | None = None) -> imapclient.IMAPClient:
        """A second mail program, logged in."""
        link = imapclient.IMAPClient(self.host, self.port, ssl=False, timeout=20)
        link.login(self.user, self.password)
        if folder is not None:
            link.select_folder(folder)
        return link

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), 5).close()
        except OSError:
            return False
        return True
