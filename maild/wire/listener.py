"""Taking mail in from an MTA, by LMTP (RFC 2033) or SMTP, on loopback.

What may be relied on: 250 is said only after `accept` has returned, that is after the commit (M2); until then the MTA
keeps the mail. Whatever else happens is "try again later", in our words and never in an exception's. `accept` and
`known` run on worker threads, never on the event loop.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from maild.errors import MaildError

log = logging.getLogger(__name__)

_RECIPIENTS = 100  # RFC 5321, 4.5.3.1.8: at least so many
_CONNECTIONS = 100  # each may hold a mail of max_size in memory
_LINE = 1_048_576  # bytes; longer than RFC 5321 allows, for a mail is not lost over a long line
_LATER = "451 4.3.0 try again later"


class TooLarge(MaildError):
    """The mail is over a limit of size: `accept` raises it to have the mail refused for good."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail for one or more recipients, as it came. `envelope_from` is empty for the null sender (bounces)."""

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes
    peer: str


class Listener:
    """The server, on a thread of its own between `start` and `stop`."""

    def __init__(
        self,
        host: str,
        port: int,
        protocol: Literal["lmtp", "smtp"],
        accept: Callable[[Delivery], None],
        max_size: int,
        hostname: str,
        known: Callable[[str], bool],
        *,
        idle: float = 300.0,
        workers: int = 4,
    ) -> None:
        """`accept` commits the mail, or raises. `known` says whether an address is ours. `idle`: seconds of silence
        after which a connection is closed, and the longest a single mail may take."""
        self.protocol, self.accept, self.known = protocol, accept, known
        self.max_size, self.hostname, self.idle = max_size, hostname, idle
        self._host, self._wanted, self._workers = host, port, workers
        self._controller: _Controller | None = None
        self.pool: ThreadPoolExecutor | None = None

    @property
    def port(self) -> int:
        """The port it listens on; the one the system chose, where 0 was wanted."""
        return self._controller.port if self._controller is not None else self._wanted

    def start(self) -> None:
        """Listen; raises OSError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # Bound here: aiosmtpd would find out only after ten seconds that the port is taken.
        bound = socket.create_server((self._host, self._wanted), family=family, backlog=128)
        self.pool = ThreadPoolExecutor(self._workers, thread_name_prefix="listener")
        self._controller = _Controller(self, bound)
        self._controller.start()

    def stop(self, grace: float = 10.0) -> None:
        """Take no new connections, let mails that are being committed end for `grace` seconds, then close all."""
        controller, self._controller = self._controller, None
        if controller is None or self.pool is None:
            return
        controller.refuse_new()
        controller.quiet.wait(grace)
        controller.stop()
        self.pool.shutdown(wait=False)


class _Controller(Controller):
    """aiosmtpd's thread and loop; knows the port the system chose and which sessions are at work."""

    def __init__(self, listener: Listener, bound: socket.socket) -> None:
        host, port = bound.getsockname()[:2]
        super().__init__(_Hooks(listener, self), hostname=host, port=port, ready_timeout=10.0)
        self.listener = listener
        self._bound = bound
        self.sessions = 0
        self.committing = 0
        self.quiet = threading.Event()
        self.quiet.set()

    def factory(self) -> _Session:
        return _Session(self, self.handler)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._bound)

    def refuse_new(self) -> None:
        closed = threading.Event()

        def close() -> None:
            if self.server is not None:
                self.server.close()
            closed.set()

        self.loop.call_soon_threadsafe(close)
        closed.wait(5)

    async def work(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run on a worker thread; `quiet` is set when nothing runs there, also if its client has gone away."""
        self.committing += 1
        self.quiet.clear()

        def run() -> Any:
            try:
                return call(*args)
            finally:
                with suppress(RuntimeError):  # the loop was closed meanwhile
                    self.loop.call_soon_threadsafe(self._ended)

        return await self.loop.run_in_executor(self.listener.pool, run)

    def _ended(self) -> None:
        self.committing -= 1
        self.loop.call_later(0.05, self._settle)  # until then its reply is written

    def _settle(self) -> None:
        if not self.committing:
            self.quiet.set()


class _Session(SMTP):
    """One connection. Answers per recipient where LMTP wants it, whoever it is that answers."""

    line_length_limit = _LINE

    def __init__(self, controller: _Controller, handler: _Hooks) -> None:
        listener = controller.listener
        self._controller, self._lmtp = controller, listener.protocol == "lmtp"
        self._owed: list[str] = []  # recipients that wait for the reply to the dot
        self._received = 0
        super().__init__(
            handler,
            data_size_limit=listener.max_size,
            enable_SMTPUTF8=True,
            hostname=listener.hostname,
            ident="maild",
            timeout=listener.idle,
            loop=controller.loop,
        )
        for greeting in ("LHLO",) if not self._lmtp else ("EHLO", "HELO"):  # RFC 2033, 4.1
            self._smtp_methods.pop(greeting, None)

    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks it up by this name
        """RFC 2033, 4.1: the greeting of LMTP."""
        await self.smtp_EHLO(arg)

    def connection_made(self, transport: Any) -> None:
        self._controller.sessions += 1
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._controller.sessions > _CONNECTIONS:
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._controller.sessions -= 1
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        # aiosmtpd keeps the pieces of a line that never ends, also when it has long decided to refuse the mail.
        self._received += len(data)
        if self._received > 2 * self._controller.listener.max_size + 4 * _LINE:
            self._writer.transport.abort()
            return
        super().data_received(data)

    def _set_post_data_state(self) -> None:
        self._received = 0
        super()._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd's is untyped

    async def push(self, status: str | bytes) -> None:
        """Write a reply; after the dot of LMTP once per accepted recipient, in their order (RFC 2033, 4.2)."""
        line = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        if line.startswith("552 "):
            line = f"552 5.3.4 a mail may have {self._controller.listener.max_size} bytes here"
        if line.startswith("354 "):
            self._owed = list(self.envelope.rcpt_tos) if self._lmtp and self.envelope else []
        elif self._owed:
            owed, self._owed = self._owed, []
            line = "\r\n".join([line] * len(owed))
        await super().push(line.encode("utf-8", "surrogateescape"))


class _Hooks:
    """What maild says at each step. aiosmtpd calls these by name."""

    def __init__(self, listener: Listener, controller: _Controller) -> None:
        self._listener, self._controller = listener, controller

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, lines: list[str]) -> list[str]:  # noqa: N802 - aiosmtpd looks it up by this name
        session.host_name = name
        return [*lines[:-1], "250-PIPELINING", *lines[-1:]]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd looks it up by this name
        if any("\ud800" <= c <= "\udfff" or not c.isprintable() for c in address):
            return "553 5.1.3 not an address"
        if len(envelope.rcpt_tos) >= _RECIPIENTS:
            return "452 4.5.3 too many recipients"
        try:
            known = await self._controller.work(self._listener.known, address)
        except Exception:
            log.exception("the listener cannot tell whether a recipient is known")
            return _LATER
        if not known:
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd looks it up by this name
        sender = (envelope.mail_from or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        peer = str(session.peer[0]) if isinstance(session.peer, tuple) else str(session.peer)
        delivery = Delivery(
            envelope_from="" if sender == "<>" else sender,
            recipients=tuple(envelope.rcpt_tos),
            raw=bytes(envelope.original_content),
            peer=peer,
        )
        try:
            await self._controller.work(self._listener.accept, delivery)
        except TooLarge:
            return "552 5.3.4 too large"
        except Exception as error:
            log.exception("the listener could not keep a mail; the sender tries again")
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                return "452 4.3.1 no room now"  # B66
            return _LATER
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd's own answer is a permanent 500 with the exception's text."""
        log.error("unexpected in the listener: %r", error)
        return _LATER
