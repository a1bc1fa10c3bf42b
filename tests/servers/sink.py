"""An SMTP server that keeps what it gets and fails when it is told to.

    with Sink() as sink:
        sink.refuse("ben@example.org", "550 5.1.1 no such user")      # at RCPT, until clear()
        sink.defer(3, stage="rcpt")                                   # the next 3 mails get 451 (mail, rcpt, data, eom)
        sink.fail("accept-drop", count=1)                             # see `fail`
        sink.wait(2)                                                  # until 2 mails are here
        sink.mails[0].sender, .recipients, .raw

Own small asyncio server in a thread of the test's process; a `with` around it is all its life.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from types import TracebackType

Stage = Literal["mail", "rcpt", "data", "eom"]
Failure = Literal["accept-drop", "drop", "drop-before-dot", "drop-at-mail", "stall", "garbage"]


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came, with its envelope; `at` is time.monotonic()."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    at: float


@dataclass
class _Orders:
    refused: dict[str, str] = field(default_factory=dict)
    deferred: dict[Stage, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


class _Session(asyncio.Protocol):
    """One connection: lines, or in the data phase everything up to the lone dot."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.buffer, self.in_data, self.closed = sink, b"", False, False
        self.sender: str | None = None
        self.recipients: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sink.sessions.add(self)
        self.sink.connections += 1
        self.say("220 sink.example.test ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self.sink.sessions.discard(self)

    def say(self, line: str) -> None:
        self.transport.write(line.encode() + b"\r\n")

    def end(self) -> None:
        self.closed = True
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.closed:
            if self.in_data:
                before, dot, rest = self.buffer.partition(b"\r\n.\r\n")
                if not dot:
                    return
                self.buffer, self.in_data = rest, False
                # The buffer began with a CRLF of ours, so that an empty mail ends too.
                self.end_of_data((before + b"\r\n")[2:].replace(b"\r\n.", b"\r\n").removeprefix(b"."))
            else:
                line, end, rest = self.buffer.partition(b"\r\n")
                if not end:
                    return
                self.buffer = rest
                self.command(line.decode("utf-8", "surrogateescape"))

    def deferred(self, stage: Stage) -> bool:
        if self.sink.orders.deferred.get(stage, 0) <= 0:
            return False
        self.sink.orders.deferred[stage] -= 1
        self.say("451 4.3.0 try again later")
        return True

    def failing(self, *kinds: Failure) -> Failure | None:
        todo = self.sink.orders.failures
        return todo.pop(0) if todo and todo[0] in kinds else None

    def command(self, line: str) -> None:
        verb = line.upper()
        self.sink.commands.append(line)
        if verb.startswith("EHLO"):
            lines = ["sink.example.test", *self.sink.offers]
            self.transport.write("".join(f"250-{x}\r\n" for x in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode())
        elif verb.startswith("HELO"):
            self.say("250 sink.example.test")
        elif verb.startswith("AUTH PLAIN"):
            self.say("235 2.7.0 welcome" if self.sink.login_works else "535 5.7.8 wrong name or password")
        elif verb.startswith("MAIL FROM:"):
            self.mail(line)
        elif verb.startswith("RCPT TO:"):
            self.rcpt(line)
        elif verb == "DATA":
            self.data()
        elif verb == "RSET":
            self.sender, self.recipients = None, []
            self.say("250 2.0.0 forgotten")
        elif verb == "NOOP":
            self.say("250 2.0.0 yes")
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            self.closed = True
            self.transport.close()
        else:
            self.say("502 5.5.2 not understood")

    def mail(self, line: str) -> None:
        if self.failing("drop-at-mail"):
            return self.end()
        if self.deferred("mail"):
            return None
        match = re.search(r"<([^>]*)>", line)
        self.sender, self.recipients = match[1] if match else "", []
        return self.say("250 2.1.0 ok")

    def rcpt(self, line: str) -> None:
        if self.sender is None:
            return self.say("503 5.5.1 MAIL first")
        if self.deferred("rcpt"):
            return None
        match = re.search(r"<([^>]*)>", line)
        recipient = match[1] if match else ""
        if recipient in self.sink.orders.refused:
            return self.say(self.sink.orders.refused[recipient])
        self.recipients.append(recipient)
        return self.say("250 2.1.5 ok")

    def data(self) -> None:
        if not self.recipients and not self.sink.careless:
            return self.say("554 5.5.1 no valid recipients")
        if self.deferred("data"):
            return None
        self.say("354 go on")
        if self.failing("drop-before-dot"):
            self.closed = True
            return self.transport.close()
        self.in_data, self.buffer = True, b"\r\n" + self.buffer
        return None

    def end_of_data(self, raw: bytes) -> None:
        sender, recipients = self.sender or "", tuple(self.recipients)
        self.sender, self.recipients = None, []
        if not recipients:
            return self.say("554 5.5.1 no valid recipients")
        if self.deferred("eom"):
            return None
        failure = self.failing("accept-drop", "drop", "stall", "garbage")
        if failure in ("accept-drop", "stall", None):
            self.sink.keep(Received(sender, recipients, raw, time.monotonic()))
        if failure in ("accept-drop", "drop"):
            return self.end()
        if failure == "garbage":
            return self.say("what?")
        return None if failure == "stall" else self.say("250 2.0.0 kept")


class Sink:
    """The server. `mails` is what it kept, `commands` all lines it was sent, `offers` what EHLO answers."""

    host = "127.0.0.1"

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.tls, self.port = tls, port
        self.careless = False  # answers 354 without a recipient, as RFC 2920, 3.1 allows
        self.login_works = True
        self.mails: list[Received] = []
        self.commands: list[str] = []
        self.connections = 0
        self.sessions: set[_Session] = set()
        self.offers = ["PIPELINING", "SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH PLAIN"]
        self.orders = _Orders()
        self._news = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sink", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def keep(self, mail: Received) -> None:
        with self._news:
            self.mails.append(mail)
            self._news.notify_all()

    def wait(self, count: int, timeout: float = 10) -> list[Received]:
        """The mails, as soon as there are `count` of them; an assertion says what is here when time is up."""
        with self._news:
            here = self._news.wait_for(lambda: len(self.mails) >= count, timeout)
            assert here, f"{len(self.mails)} of {count} mails came: {[m.recipients for m in self.mails]}"
            return list(self.mails)

    def clear(self) -> None:
        """Forget mails, commands and orders."""
        with self._news:
            self.mails.clear()
        self.commands.clear()
        self.orders = _Orders()
        self.login_works, self.careless = True, False

    def refuse(self, recipient: str, reply: str = "550 5.1.1 no such user") -> None:
        """Answer this recipient so, until `clear`."""
        self.orders.refused[recipient] = reply

    def defer(self, count: int = 1, stage: Stage = "rcpt") -> None:
        """Answer 451 the next `count` times at this stage ("eom": after the final dot)."""
        self.orders.deferred[stage] = count

    def fail(self, how: Failure, count: int = 1) -> None:
        """The next `count` mails fail so.

        accept-drop: kept, then the connection is closed without a reply. drop: the same, not kept. drop-before-dot:
        closed after the 354. drop-at-mail: closed at MAIL. stall: kept, then silence. garbage: not kept, a reply that
        is none.
        """
        self.orders.failures += [how] * count

    def hang_up(self) -> None:
        """Close all connections, as a server does that has waited long enough; return when they are closed."""

        async def close() -> None:
            for session in list(self.sessions):
                session.end()
            while self.sessions:
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await self._loop.create_server(lambda: _Session(self), self.host, self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for session in list(self.sessions):
            session.end()
        await server.wait_closed()
        await asyncio.sleep(0)
