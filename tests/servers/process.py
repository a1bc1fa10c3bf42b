"""Starting a server as a child: an ordinary user, a free port, gone when the test run is gone."""

from __future__ import annotations

import ctypes
import os
import pwd
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class NotHere(Exception):
    """The server's programs are not installed on this machine."""


def free_port() -> int:
    """A TCP port of loopback that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def account(name: str) -> pwd.struct_passwd:
    """Who the server runs as: `name` when we are root (these servers refuse root), else ourselves."""
    return pwd.getpwnam(name) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def identity(who: pwd.struct_passwd) -> dict[str, Any]:
    """Arguments of subprocess that make the child run as `who`."""
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def own(folder: Path, who: pwd.struct_passwd) -> None:
    """Give a folder and all in it to the one the server runs as."""
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, who.pw_uid, who.pw_gid)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind


def start(command: Sequence[str], folder: Path, who: pwd.struct_passwd, **more: Any) -> subprocess.Popen[bytes]:
    """Start the server; what it prints goes to `folder`/output."""
    with (folder / "output").open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            preexec_fn=_die_with_parent,
            process_group=0,
            **identity(who),
            **more,
        )


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, timeout: float = 20) -> None:
    """Wait until `ready()`; a server that ended or stays silent is an error with its log.

    A starting server offers no event to wait for, so its port is asked, with pauses that end when the child ends.
    """
    end = time.monotonic() + timeout
    watch = os.pidfd_open(process.pid)
    try:
        while not ready():
            ended, _, _ = select.select([watch], [], [], 0.02)
            if ended or time.monotonic() > end:
                said = log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""
                raise RuntimeError(f"{process.args!r} did not start: {said}")
    finally:
        os.close(watch)


def stop(process: subprocess.Popen[bytes] | None, how: signal.Signals = signal.SIGTERM) -> None:
    """End a server that `start` began and wait for it; what it leaves running (Dovecot's sessions) is killed."""
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
