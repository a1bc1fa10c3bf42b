"""Who plays, and the mail program that each of them has: it shows what came for its owner, and writes and answers.

Nobody here knows the desk's database: all that a person can use is in the mails that were addressed to them.
"""

from __future__ import annotations

import imaplib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parsedate_to_datetime
from zoneinfo import ZoneInfo

from maild.wire.listener import Delivery

DESK = "support@example.org"
ZONE = ZoneInfo("Europe/Rome")


@dataclass(frozen=True, slots=True)
class Person:
    """One of the cast."""

    name: str
    address: str
    language: str
    role: str

    def as_forged(self) -> Person:
        """The same From, written by Mallory."""
        return replace(self, role="so says From; it is Mallory")


ADA = Person("Ada Rossi", "ada@example.org", "it", "agent, L1")
BEN = Person("Ben Holm", "ben@example.org", "en", "agent, L1")
CLEO = Person("Cleo Jensen", "cleo@example.org", "da", "agent, L2")
DINO = Person("Dino Conti", "dino@example.org", "it", "agent, L3")
MIA = Person("Mia Berg", "mia@example.org", "en", "manager")
DAN = Person("Dan Fox", "dan@example.org", "en", "data protection")
GIULIA = Person("Giulia Bianchi", "giulia@customer.example", "it", "user")
SOREN = Person("Søren Lund", "soren@customer.example", "da", "user")
CARLA = Person("Carla Smith", "carla@customer.example", "en", "user")
CAST = (ADA, BEN, CLEO, DINO, MIA, DAN, GIULIA, SOREN, CARLA)


@dataclass(frozen=True, slots=True)
class Came:
    """A mail that came for somebody, as their mail program has it."""

    mail: EmailMessage
    raw: bytes
    recipient: str

    def header(self, name: str) -> str:
        """A header's value, "" where the mail has none."""
        return str(self.mail.get(name, ""))

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.mail.get_body((subtype,))
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def came(delivery: Delivery) -> Came:
    """A delivered mail, opened."""
    mail = message_from_bytes(delivery.raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return Came(mail, delivery.raw, ", ".join(delivery.recipients))


def new(person: Person, subject: str, text: str, at: datetime, file: tuple[str, str] | None = None) -> EmailMessage:
    """A mail to the desk. `file` is a text file to attach: its name and what it says."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = formataddr((person.name, person.address))
    mail["To"] = DESK
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at.astimezone(ZONE))
    mail["Message-ID"] = f"<{secrets.token_hex(10)}@{person.address.partition('@')[2]}>"
    mail.set_content(text)
    if file is not None:
        mail.add_attachment(file[1], filename=file[0])
    return mail


def reply(person: Person, to: Came, text: str, at: datetime) -> EmailMessage:
    """What "reply" does in any mail program: the Reply-To address, the thread's headers, the old text quoted below."""
    subject = to.header("Subject")
    mail = new(person, subject if subject[:3].lower() == "re:" else f"Re: {subject}", "", at)
    mail.replace_header("To", to.header("Reply-To") or to.header("From"))
    mail["In-Reply-To"] = to.header("Message-ID")
    mail["References"] = f"{to.header('References')} {to.header('Message-ID')}".strip()
    quoted = "\n".join(f"> {line}".rstrip() for line in to.text.splitlines())
    mail.set_content(f"{text}\n\n{_attribution(person, to)}\n{quoted}\n")
    return mail


def _attribution(person: Person, to: Came) -> str:
    """The line above a quote, as mail programs write it in their owner's language."""
    at = parsedate_to_datetime(to.header("Date")).astimezone(ZONE)
    sender = to.header("From")
    if person.language == "it":
        return f"Il giorno {at:%d/%m/%Y} alle ore {at:%H:%M}, {sender} ha scritto:"
    if person.language == "da":
        return f"Den {at:%d.%m.%Y} kl. {at:%H.%M} skrev {sender}:"
    return f"On {at:%d/%m/%Y} at {at:%H:%M}, {sender} wrote:"


def absent(person: Person, to: Came, text: str, at: datetime) -> EmailMessage:
    """What a mailbox answers by itself while its owner is away (RFC 3834)."""
    mail = new(person, f"Autosvar: {to.header('Subject')}", text, at)
    mail.replace_header("To", to.header("Reply-To") or to.header("From"))
    mail["In-Reply-To"] = to.header("Message-ID")
    mail["Auto-Submitted"] = "auto-replied"
    return mail


class Postman:
    """Puts mails into the desk's INBOX by IMAP, as its mail server does with mail from outside."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self._link = imaplib.IMAP4(host, port, timeout=30)
        self._link.login(user, password)

    def deliver(self, mail: EmailMessage, at: datetime) -> None:
        """The mail is in the INBOX when this returns; `at` is its time of arrival."""
        self._link.append("INBOX", "", imaplib.Time2Internaldate(at), mail.as_bytes())

    def close(self) -> None:
        """Log out; never raises, for it may be called because the link broke."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._link.logout()


def for_person(deliveries: Sequence[Delivery], person: Person) -> list[Came]:
    """What came for one person, oldest first; they see nothing else."""
    return [came(d) for d in deliveries if person.address in d.recipients]
