"""Sending one mail to one recipient over a kept SMTP connection, and saying exactly what came of it.

What may be relied on: `send` never raises for what a server or a network does; it returns a value. `Broken.doubt` is
true only when the final dot had left and no reply came, the one case in which the mail may have been taken (M3).
Certificates are verified. No line of a command contains anything but a checked address (M8). One thread uses a Sender.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from maild.errors import MaildError, Unavailable

_KEPT = 30.0  # seconds a connection is kept without work: many servers close after a minute, some after 30 s
_ONE_WRITE = 65_536  # bytes: up to here the text and its dot go out in one write
_NOT_IN_A_PATH = re.compile(r"[\x00-\x20\x7f<>\ud800-\udfff]")  # RFC 5321, 4.1.2; quoted blanks are not worth the risk


@dataclass(frozen=True, slots=True)
class SmtpLogin:
    """Where mail goes out. `password` is asked at each login. `hello` is our name in EHLO; None is the host's name."""

    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"]
    user: str | None = None
    password: Callable[[], str] | None = None
    timeout: float = 60.0
    final_timeout: float = 300.0  # for the reply to the dot, when the server scans the mail (RFC 5321, 4.5.3.2.6)
    hello: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has taken the mail; `text` is its reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no, to this mail or this recipient: 4xx may be tried again, 5xx is `permanent`."""

    code: int
    text: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Broken:
    """There was no answer. `doubt`: all of the mail had been sent, so it may have been taken."""

    text: str
    doubt: bool


Outcome = Sent | Refused | Broken


class _LinkLost(Exception):
    """The connection ended before any of the mail's text was sent: a kept one may have been stale."""


class Sender:
    """A connection to the server for outgoing mail, made when it is needed and kept while it is used."""

    def __init__(self, login: SmtpLogin) -> None:
        self.login = login
        self._link: smtplib.SMTP | None = None
        self._used = 0.0

    def __str__(self) -> str:
        return f"{self.login.host}:{self.login.port}"

    def send(self, envelope_from: str, recipient: str, data: bytes) -> Outcome:
        """Send finished bytes to one recipient. `envelope_from` may be empty: the null sender."""
        if not recipient or _NOT_IN_A_PATH.search(envelope_from + recipient):
            return Refused(553, "5.1.3 not an address that can stand in an SMTP command", permanent=True)
        kept = self._fresh()
        try:
            return self._transaction(envelope_from, recipient, data)
        except _LinkLost as lost:
            self._drop()
            if not kept:
                return Broken(f"{self}: {lost}", doubt=False)
        try:  # A kept connection that the server had given up is no failure of this mail.
            return self._transaction(envelope_from, recipient, data)
        except _LinkLost as lost:
            self._drop()
            return Broken(f"{self}: {lost}", doubt=False)

    def close(self) -> None:
        """Say QUIT and let go of the connection. Never raises."""
        if self._link is not None:
            with suppress(OSError, smtplib.SMTPException):
                if self._link.sock is not None:
                    self._link.sock.settimeout(2.0)
                self._link.quit()
        self._drop()

    def connection(self) -> smtplib.SMTP:
        """The connection, logged in, for whoever only asks. Raises Unavailable."""
        try:
            return self._connection()
        except _LinkLost as lost:
            raise Unavailable(f"{self}: {lost}") from lost

    # -- the connection ----------------------------------------------------------------------------------------------

    def _fresh(self) -> bool:
        """Whether a connection is kept that can still be used; a stale one is closed."""
        if self._link is None:
            return False
        if time.monotonic() - self._used > _KEPT or _speaks(self._link):  # a server that speaks unasked says goodbye
            self._drop()
            return False
        return True

    def _open(self) -> smtplib.SMTP:
        login = self.login
        hello = login.hello or socket.gethostname()  # not getfqdn: that may wait for a name server
        link: smtplib.SMTP
        if login.tls == "implicit":
            context = ssl.create_default_context()
            link = smtplib.SMTP_SSL(login.host, login.port, hello, timeout=login.timeout, context=context)
        else:
            link = smtplib.SMTP(login.host, login.port, hello, timeout=login.timeout)
        try:
            _sock(link).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if login.tls == "starttls":
                link.starttls(context=ssl.create_default_context())
            link.ehlo_or_helo_if_needed()
            if login.user is not None and login.password is not None:
                link.login(login.user, login.password())
        except BaseException:
            link.close()
            raise
        return link

    def _connection(self) -> smtplib.SMTP:
        if self._link is None:
            try:
                self._link = self._open()
            except smtplib.SMTPAuthenticationError as no:
                raise _LinkLost(f"login of {self.login.user} refused: {_said(no.smtp_code, no.smtp_error)}") from None
            except smtplib.SMTPResponseException as no:
                raise _LinkLost(f"no connection: {_said(no.smtp_code, no.smtp_error)}") from None
            except UnicodeEncodeError:  # its text would show a piece of the password
                raise _LinkLost("no login: smtplib takes only ASCII as user and password") from None
            except (OSError, smtplib.SMTPException, ValueError, MaildError) as error:
                raise _LinkLost(f"no connection: {_words(error)}") from error
        return self._link

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    # -- the dialogue ------------------------------------------------------------------------------------------------

    def _transaction(self, envelope_from: str, recipient: str, data: bytes) -> Outcome:
        """MAIL, RCPT, DATA, the text. Raises _LinkLost while nothing of the text can have arrived."""
        link = self._connection()
        data = _on_the_wire(data)
        international = not (envelope_from + recipient).isascii()
        if international and not link.has_extn("smtputf8"):
            return Refused(553, "5.6.7 the server does not take addresses beyond ASCII (SMTPUTF8)", permanent=True)
        mail = f"MAIL FROM:<{envelope_from}>" + _options(link, data, international)
        commands = [mail, f"RCPT TO:<{recipient}>", "DATA"]
        try:
            refused = self._commands(link, [command.encode() + b"\r\n" for command in commands])
        except (OSError, smtplib.SMTPException) as error:
            raise _LinkLost(_words(error)) from error
        if refused is not None:
            if refused.code == 421:  # RFC 5321, 3.8: the server closes, whatever we asked; it is not about this mail
                raise _LinkLost(refused.text)
            self._used = time.monotonic()
            return refused
        return self._text(link, data)

    def _commands(self, link: smtplib.SMTP, commands: list[bytes]) -> Refused | None:
        """The three commands, in one write where the server has PIPELINING (RFC 2920); None: the text may follow."""
        sock = _sock(link)
        if link.has_extn("pipelining"):
            sock.sendall(b"".join(commands))
            replies = [_reply(link)]
            if replies[0][0] == 421:
                return _refused(*replies[0])
            replies += [_reply(link), _reply(link)]
        else:
            replies = []
            for command in commands:
                sock.sendall(command)
                replies.append(_reply(link))
                if replies[-1][0] >= 400:
                    break
        bad = [reply for reply in replies if reply[0] >= 400]
        if not bad:
            if [code // 100 for code, _ in replies] != [2, 2, 3]:
                raise smtplib.SMTPException(f"answers that make no sense: {replies}")
            return None
        if len(replies) == 3 and replies[2][0] == 354:
            sock.sendall(b".\r\n")  # RFC 2920, 3.1: a server may say 354 without a recipient; nothing is delivered
            _reply(link)
        elif bad[0][0] != 421:
            sock.sendall(b"RSET\r\n")
            _reply(link)
        return _refused(*bad[0])

    def _text(self, link: smtplib.SMTP, data: bytes) -> Outcome:
        """The text and its dot. Until the write with the dot in it there is no doubt; after it, silence is doubt."""
        sock = _sock(link)
        try:
            if len(data) > _ONE_WRITE:
                sock.sendall(data)
                data = b""
            early = _speaks(link)  # closed, or has refused, before the dot: then the mail cannot have been taken
            if not early:
                sock.sendall(data + b".\r\n")
                sock.settimeout(self.login.final_timeout)
        except OSError as error:
            self._drop()
            return Broken(f"{self}: {_words(error)}", doubt=False)
        try:
            code, text = _reply(link)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Broken(f"{self}: {_words(error)}", doubt=not early)
        sock.settimeout(self.login.timeout)
        self._used = time.monotonic()
        if early or code == 421:
            self._drop()
        if code >= 400:
            return _refused(code, text)
        if early or not 200 <= code < 300:
            self._drop()
            return Broken(f"{self}: an answer that is none: {code} {text}", doubt=not early)
        return Sent(f"{code} {text}")


def _on_the_wire(data: bytes) -> bytes:
    """CRLF line ends, an end of line at the end, dots doubled (RFC 5321, 4.5.2). smtplib does this only for str."""
    if data.count(b"\n") != data.count(b"\r\n") or data.count(b"\r") != data.count(b"\r\n"):
        data = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    return (b"." + data if data.startswith(b".") else data).replace(b"\r\n.", b"\r\n..")


def _options(link: smtplib.SMTP, data: bytes, international: bool) -> str:
    options = f" SIZE={len(data)}" if link.has_extn("size") else ""
    if link.has_extn("8bitmime") and not data.isascii():
        options += " BODY=8BITMIME"
    return options + (" SMTPUTF8" if international else "")


def _sock(link: smtplib.SMTP) -> socket.socket:
    if link.sock is None:
        raise smtplib.SMTPServerDisconnected("the connection is closed")
    return link.sock


def _reply(link: smtplib.SMTP) -> tuple[int, str]:
    """One reply; what is no reply is an error, for nothing after it can be understood."""
    code, said = link.getreply()
    if not 200 <= code <= 599:
        raise smtplib.SMTPException(f"an answer that is none: {_said(code, said)}")
    return code, _clean(said)


def _speaks(link: smtplib.SMTP) -> bool:
    """Whether the server has said something unasked, or closed."""
    if link.sock is None:
        return True
    poll = select.poll()
    poll.register(link.sock, select.POLLIN)
    return bool(poll.poll(0))


def _refused(code: int, text: str) -> Refused:
    return Refused(code, text, permanent=code >= 500)


def _said(code: int, said: bytes | str) -> str:
    return f"{code} {_clean(said)}"


def _clean(said: bytes | str) -> str:
    """A server's words as one line (M8)."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return "".join(c if c.isprintable() else " " for c in text)[:500].strip()


def _words(error: BaseException) -> str:
    return "no answer in time" if isinstance(error, TimeoutError) else _clean(str(error) or type(error).__name__)
