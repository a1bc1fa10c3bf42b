"""What the servers are like, for `maild doctor`: asked once, gently, and nothing is left behind.

What may be relied on: no mail is sent, fetched whole, moved or marked; a folder that is made to see whether it can be
made is removed again. What goes wrong is `Unavailable`, or a value that says so.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any, Literal

from imapclient.exceptions import IMAPClientError

from maild.errors import Unavailable
from maild.wire.imap_link import ImapLogin, Link, words
from maild.wire.smtp import Sender, SmtpLogin

Folder = Literal["there", "can be made", "missing"]
_FIELDS = "BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS TO DELIVERED-TO X-ORIGINAL-TO ENVELOPE-TO)]"


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a mail says of its way."""

    received_at: datetime  # the server's own time, UTC
    results: tuple[str, ...]  # raw Authentication-Results, topmost first
    to: str  # all that it was addressed to, as it stands


@dataclass(frozen=True, slots=True)
class ImapSeen:
    """A mailbox, looked at."""

    capabilities: frozenset[str]
    folders: tuple[tuple[str, Folder], ...]  # the watched one, those for what is done
    newest: tuple[Head, ...]  # of the watched folder and the one for what is filed, the newest first
    expires: datetime | None  # the certificate of the server; None without TLS


@dataclass(frozen=True, slots=True)
class SmtpSeen:
    """The way out, looked at."""

    extensions: frozenset[str]
    size: int | None  # the largest mail that the server takes, in bytes; None: it does not say
    sender: str  # why it does not take our sender; "" where it does
    recipients: tuple[tuple[str, str], ...]  # each that was asked about, and why it is not taken ("": it is)
    expires: datetime | None


def imap(login: ImapLogin, newest: int) -> ImapSeen:
    """Log in and look around. Raises LoginRefused or Unavailable."""
    link = Link(login)
    try:
        with link.speaking("connect"):
            link.open()
            client = link.client
            capabilities = frozenset(c.decode("ascii", "replace").upper() for c in client.capabilities())
            folders = (login.folder, login.processed, login.failed)
            seen = tuple((name, _folder(client, name, name != login.folder)) for name in folders if name is not None)
            heads = [h for name, how in seen[:2] if how == "there" for h in _newest(client, name, newest)]
            heads.sort(key=lambda head: head.received_at, reverse=True)
            return ImapSeen(capabilities, seen, tuple(heads[:newest]), _expires(client.socket()))
    finally:
        link.close()


def _folder(client: Any, name: str, make: bool) -> Folder:
    if client.folder_exists(name):
        return "there"
    if not make:
        return "missing"
    try:
        client.create_folder(name)
    except IMAPClientError:
        return "missing"
    with suppress(IMAPClientError):
        client.delete_folder(name)
    return "can be made"


def _newest(client: Any, folder: str, count: int) -> list[Head]:
    client.select_folder(folder, readonly=True)
    uids = sorted(client.search("ALL"))[-count:]
    answer = client.fetch(uids, [_FIELDS, "INTERNALDATE"]) if uids else {}
    return [_head(item) for item in answer.values() if b"INTERNALDATE" in item]


def _head(item: dict[bytes, Any]) -> Head:
    raw = next((value for key, value in item.items() if key.startswith(b"BODY[HEADER.FIELDS")), b"")
    mail = message_from_bytes(raw or b"", policy=policy.compat32)
    unfolded = [(name.lower(), str(value).replace("\r", "").replace("\n", "")) for name, value in mail.items()]
    results = tuple(value for name, value in unfolded if name == "authentication-results")
    to = " ".join(value for name, value in unfolded if name != "authentication-results")
    return Head(item[b"INTERNALDATE"].astimezone(UTC), results, to)


def smtp(login: SmtpLogin, sender: str, recipients: Sequence[str]) -> SmtpSeen:
    """Log in and ask whether these addresses are taken; no mail is sent. Raises Unavailable."""
    way = Sender(login)
    try:
        link = way.connection()
        extensions = frozenset(link.esmtp_features)
        size = link.esmtp_features.get("size", "").strip()
        refused, asked = _said(link.mail(sender)), []
        if not refused:
            asked = [(one, _said(link.rcpt(one))) for one in recipients]
            link.rset()
        limit = int(size) if size.isdigit() and int(size) else None
        return SmtpSeen(extensions, limit, refused, tuple(asked), _expires(link.sock))
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"{way}: {words(error)}") from error
    finally:
        way.close()


def _said(reply: tuple[int, bytes]) -> str:
    code, text = reply
    return "" if 200 <= code < 300 else f"{code} {words(text)}"


def _expires(sock: Any) -> datetime | None:
    if not isinstance(sock, ssl.SSLSocket):
        return None
    until = (sock.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None
