"""What the tests of a mailbox share: letters, an event to come, a server that offers less."""

from __future__ import annotations

import threading
from collections.abc import Callable

from maild.wire import imap

Open = Callable[..., imap.Mailbox]


def letter(n: int, size: int = 0) -> bytes:
    return b"Subject: %d\r\n\r\n" % n + b"x" * size + b"\r\n"


def soon(call: Callable[[], object], seconds: float = 0.1) -> None:
    """Let it happen while the test waits for it."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def without(*words: bytes) -> Callable[[bytes], bytes]:
    """A server that does not offer these."""

    def rewrite(said: bytes) -> bytes:
        for word in words:
            said = said.replace(b" " + word, b"")
        return said

    return rewrite
