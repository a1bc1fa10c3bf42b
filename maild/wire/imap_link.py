"""The link to an IMAP server under `imap.Mailbox`: dialling, logging in, what the server says beside, how it ends.

What may be relied on: certificates are verified; every read and write ends after `ImapLogin.timeout` seconds; whatever
goes wrong comes out of `speaking` as `Unavailable` with one sentence for a person, never with the password.
"""

from __future__ import annotations

import os
import select
import socket
import ssl
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import imapclient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

from maild.errors import Unavailable


class LoginRefused(Unavailable):
    """The server does not take this user and password: only a person can help, though trying again does no harm."""


@dataclass(frozen=True, slots=True)
class ImapLogin:
    """Where a mailbox is, and how to get in. `password` is asked at each login, so that a changed secret is found."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str
    password: Callable[[], str]
    folder: str = "INBOX"
    processed: str | None = "Processed"
    failed: str | None = "Failed"
    timeout: float = 60.0
    max_size: int = 25_000_000  # bytes; of a bigger mail only the headers are taken
    linger: float = 2.0  # seconds; see Mailbox.wait


class Link:
    """One connection at a time. `news`: EXISTS came since somebody last set it to False."""

    def __init__(self, login: ImapLogin) -> None:
        self.login = login
        self.client: Any = None  # an IMAPClient; it ships no types
        self.news = False
        self.exists = -1  # the last EXISTS; -1 after an EXPUNGE, when any number is news
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._wake)

    def __str__(self) -> str:
        return f"{self.login.user} at {self.login.host}:{self.login.port}"

    # -- beginning and end -------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Dial and log in. Raises LoginRefused where the server says no to the password."""
        self.client = self._dial()
        self._log_in()

    def close(self) -> None:
        """Log out if the server still listens, and let go of the connection. Never raises."""
        if self.client is not None:
            with suppress(Exception):
                self.client.socket().settimeout(2.0)
                self.client.logout()
        self.drop()

    def drop(self) -> None:
        """Let go of the connection without a word. Never raises."""
        client, self.client = self.client, None
        if client is not None:
            with suppress(Exception):
                client.shutdown()

    def _dial(self) -> Any:
        login = self.login
        context = None if login.tls == "none" else ssl.create_default_context()
        implicit = login.tls == "implicit"
        client: Any = imapclient.IMAPClient(
            login.host, login.port, ssl=implicit, ssl_context=context if implicit else None, timeout=login.timeout
        )
        client._imap.debug = 0  # IMAPClient's 5 formats every line for its logger
        client.normalise_times = False  # aware times, not naive local ones
        try:
            sock = client.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3), ("TCP_NODELAY", 1)):
                if hasattr(socket, option):
                    sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
            if login.tls == "starttls":
                client.starttls(context)
        except BaseException:
            client.shutdown()
            raise
        return client

    def _log_in(self) -> None:
        password = self.login.password()
        try:
            if self.client.has_capability("AUTH=PLAIN"):
                self.client.plain_login(self.login.user, password)  # base64: any character may be in it
            elif any(not " " <= c <= "~" for c in self.login.user + password):
                raise LoginRefused(f"{self}: the server has no AUTH=PLAIN, so user and password must be plain ASCII")
            else:
                self.client.login(self.login.user, password)
        except LoginError as error:
            said = words(error)
        except IMAPClientAbortError:
            raise
        except IMAPClientError as error:  # plain_login raises the general one
            said = words(error)
        else:
            return
        said = said.replace(password, "***") if password else said
        if any(code in said.upper() for code in ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]")):  # RFC 5530: not its fault
            raise Unavailable(f"{self}: no login now: {said}")
        raise LoginRefused(f"{self}: login refused: {said}")

    # -- what goes wrong ---------------------------------------------------------------------------------------------

    @contextmanager
    def speaking(self, what: str) -> Iterator[None]:
        """Turn whatever goes wrong into Unavailable. A refusal (NO) leaves the link as it is, all else drops it."""
        if self.client is None and what != "connect":
            raise Unavailable(f"{self}: not connected")
        try:
            yield
        except Unavailable:
            self.drop()
            raise
        except (IMAPClientAbortError, ProtocolError, OSError, EOFError, ValueError, KeyError, AssertionError) as broken:
            self.drop()
            raise Unavailable(f"{self}: {what} failed: {words(broken)}") from broken
        except IMAPClientError as refused:
            if what == "connect":
                self.drop()
            raise Unavailable(f"{self}: {what} was refused: {words(refused)}") from refused

    def note(self) -> None:
        """Take in what the server said beside its answers: EXISTS is news, BYE is the end.

        imaplib collects these for all commands, whatever they were about. A server that repeats one number at every
        NOOP makes no news, so that no loop gets tight (B62).
        """
        said = self.client._imap.untagged_responses
        if said.pop("EXPUNGE", None):
            self.exists = -1
        numbers = said.pop("EXISTS", None)
        if numbers and int(numbers[-1]) != self.exists:
            self.exists, self.news = int(numbers[-1]), True
        if "BYE" in said:
            raise IMAPClientAbortError(f"the server ends the connection: {words(said['BYE'][-1])}")

    # -- waiting for bytes -------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """End a `sleep`, running or next. May be called from any thread."""
        os.eventfd_write(self._wake, 1)

    def sleep(self, seconds: float) -> bool:
        """Until the time is up or the server says something; True when `interrupt` ended it."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self.client.socket(), select.POLLIN)
        ready = {fd for fd, _ in poll.poll(max(seconds, 0.0) * 1000)}
        if self._wake in ready:
            os.eventfd_read(self._wake)
        return self._wake in ready

    def hear(self) -> bool:
        """Take in one line of the server if one has begun to come; False when there is none.

        Not `select`: it sees neither imaplib's nor TLS's own buffer, and the EXISTS that comes in one packet with the
        "+ idling" would lie there until the next mail.
        """
        sock = self.client.socket()
        sock.setblocking(False)
        try:
            here = bool(self.client._imap.file.peek(1)) or self._readable(sock)  # readable without bytes: the end
        except ssl.SSLWantReadError:
            here = False
        finally:
            sock.settimeout(self.login.timeout)
        if here:
            self.client._imap._get_response()
            self.note()
        return here

    def _readable(self, sock: socket.socket) -> bool:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))


def words(said: object) -> str:
    """What the server or the system said, as one line of text for a person (M8: no line of its own in a log)."""
    if isinstance(said, TimeoutError):
        return "no answer in time"
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said) or type(said).__name__
    text = text[2:-1] if text[:2] in ("b'", 'b"') else text
    return "".join(c if c.isprintable() else " " for c in text)[:300].strip()
