"""The door by which a command of the same machine speaks to the running daemon: a question in, an answer out.

It is an abstract socket of Linux (unix(7)): no file that a crash could leave behind, there exactly as long as the
daemon is. Its name says which database and which machine it stands for. Who asks is who the kernel says (SO_PEERCRED):
root, or the user of the daemon; nobody else is heard.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from maild import stage
from maild.config import Settings
from maild.errors import MaildError, Unavailable

log = structlog.get_logger("door")

Question = Mapping[str, Any]
_PATIENCE = 5.0  # seconds that somebody who knocked may take to say what they want
_LONGEST = 1_000_000  # bytes of a question or an answer
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


def name(settings: Settings) -> str:
    """What the door of this database's daemon on this machine is called."""
    file = stage.database_file(settings)
    database = str(file.resolve()) if file is not None else settings.database
    of = [database, stage.owner().partition(":")[0]]
    return f"\0maild-{hashlib.sha256(json.dumps(of).encode()).hexdigest()[:32]}"


class Door:
    """The daemon's side. `answer` is called in a thread of the door's own, for one question at a time."""

    def __init__(self, at: str, answer: Callable[[Question], Mapping[str, Any]]) -> None:
        self._answer, self._at = answer, at
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to listen. A door that cannot be opened is said, and missed by nobody but `maild reload`."""
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            ours.bind(self._at)
            ours.listen(4)
        except OSError as e:
            ours.close()
            log.warning("`maild reload` will not find this maild; SIGHUP works", problem=e.strerror)
            return
        self._socket = ours
        self._thread = threading.Thread(target=self._serve, args=(ours,), name="door", daemon=True)
        self._thread.start()

    def close(self, patience: float) -> None:
        """Hear nobody any more; an answer that is being given is waited for."""
        if self._socket is None or self._thread is None:
            return
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join(patience)
        self._socket.close()

    def _serve(self, ours: socket.socket) -> None:
        while True:
            try:
                link, _ = ours.accept()
            except OSError:  # closed
                return
            with link:
                try:
                    link.settimeout(_PATIENCE)
                    self._hear(link)
                except (OSError, ValueError) as e:  # whoever it was went away, or talks nonsense
                    log.debug("not heard", problem=str(e))
                except Exception:  # the next one is heard all the same
                    log.exception("a question could not be answered")

    def _hear(self, link: socket.socket) -> None:
        user = _peer(link)
        if user not in (0, os.geteuid()):
            _say(link, {"refused": "only root and the user that maild runs as may ask"})
            return
        question = json.loads(_line(link))
        if not isinstance(question, dict):
            raise ValueError("a question is an object")  # noqa: TRY004 - as for any other nonsense
        _say(link, self._answer(question))


def ask(at: str, question: Question, seconds: float) -> dict[str, Any] | None:
    """What the daemon behind this door answers; None where there is no daemon.

    Raises Unavailable where it says nothing within `seconds`, and MaildError where it will not hear us.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(seconds)
        try:
            link.connect(at)
            user = _peer(link)
            if os.geteuid() not in (0, user) and user != 0:
                raise MaildError(f"that maild is run by the user {user}; ask as that user, or as root")
            _say(link, question)
            answer = json.loads(_line(link))
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except (OSError, ValueError) as e:
            raise Unavailable(f"maild runs, and does not answer: {getattr(e, 'strerror', None) or e}") from e
    if "refused" in answer:
        raise MaildError(str(answer["refused"]))
    return dict(answer)


def _peer(link: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    _, user, _ = _CREDENTIALS.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(user)


def _say(link: socket.socket, what: Mapping[str, Any]) -> None:
    link.sendall(json.dumps(what).encode() + b"\n")


def _line(link: socket.socket) -> bytes:
    with link.makefile("rb") as file:
        line = file.readline(_LONGEST)
    if not line.endswith(b"\n"):
        raise ValueError("it ended in the middle of a word")
    return line
