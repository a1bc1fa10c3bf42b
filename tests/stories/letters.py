"""Mails as people's programs write them: new ones, and replies to what they got."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import formataddr, parseaddr
from functools import cached_property

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody with a mailbox."""

    name: str
    address: str

    @property
    def mailbox(self) -> str:
        return formataddr((self.name, self.address))


ADA = Person("Ada Rossi", "ada@example.org")
BEN = Person("Ben Holm", "ben@example.org")
CLEO = Person("Cleo Jensen", "cleo@example.org")
DINO = Person("Dino Conti", "dino@example.org")
MIA = Person("Mia Berg", "mia@example.org")
CARLA = Person("Carla Webb", "carla@customer.example")
SOREN = Person("Søren Krag", "soren@customer.example")
GIULIA = Person("Giulia Neri", "giulia@customer.example")
MALLORY = Person("Mallory", "mallory@evil.example")


@dataclass(frozen=True)
class Sent:
    """A mail that goes out, as its recipient sees it."""

    recipient: str
    notice: str
    raw: bytes

    @cached_property
    def mail(self) -> EmailMessage:
        parsed = BytesParser(policy=policy.default).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def __getitem__(self, header: str) -> str:
        return str(self.mail[header] or "")

    @property
    def subject(self) -> str:
        return self["Subject"]

    @cached_property
    def text(self) -> str:
        part = self.mail.get_body(("plain",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""

    @cached_property
    def html(self) -> str:
        part = self.mail.get_body(("html",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""

    @property
    def reply_address(self) -> str:
        return parseaddr(self["Reply-To"] or self["From"])[1]

    @property
    def token(self) -> str:
        return self.reply_address.partition("@")[0].partition("+")[2]

    def has(self, words: str) -> bool:
        """Whether these words stand anywhere: subject, text, HTML, or the raw bytes."""
        return words in self.subject or words in self.text or words in self.html or words.encode() in self.raw


def message_id(who: Person) -> str:
    return f"<m{next(_numbers)}.letter@{who.address.partition('@')[2]}>"


def new(
    who: Person, subject: str, text: str, *, to: str = "support@example.org", mid: str = "", html: str = "", **more: str
) -> bytes:
    """A new mail. `more` are headers, with underscores for hyphens."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = who.mailbox, to, subject
    mail["Date"] = "Tue, 24 Nov 2026 08:59:30 +0000"
    mail["Message-ID"] = mid or message_id(who)
    for name, value in more.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail.as_bytes()


def attach(raw: bytes, name: str, data: bytes) -> bytes:
    mail = BytesParser(policy=policy.SMTP).parsebytes(raw)
    assert isinstance(mail, EmailMessage)
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


STYLES = ("gmail", "gmail-it", "outlook", "outlook-da", "apple", "bottom", "html")


def answer(
    who: Person,
    got: Sent,
    text: str,
    style: str = "gmail",
    *,
    to: str = "",
    mid: str = "",
    subject: str = "",
    references: Sequence[str] | None = None,
    **more: str,
) -> bytes:
    """A reply to what somebody got, with the whole of it quoted below (or above) as their program does."""
    mark = {"gmail-it": "R: ", "outlook-da": "SV: "}.get(style, "Re: ")
    ids = [*got["References"].split(), got["Message-ID"]] if references is None else list(references)
    headers = {"In_Reply_To": ids[-1], "References": " ".join(ids)} if ids else {}
    html = ""
    body = _body(got, text, style)
    if style == "html":
        inside = got.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
        lines = text.replace("\n", "<br>")
        html = (
            f'<div dir="ltr">{lines}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, Nov '
            f"24, 2026 at 9:00 AM Example Desk &lt;support@example.org&gt; wrote:<br></div>"
            f'<blockquote class="gmail_quote">{inside}</blockquote></div>'
        )
    return new(
        who,
        subject or mark + got.subject,
        body,
        to=to or got.reply_address,
        mid=mid,
        html=html,
        **{**headers, **more},
    )


def _body(got: Sent, text: str, style: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in got.text.splitlines())
    if style in ("gmail", "html"):
        return f"{text}\n\nOn Tue, Nov 24, 2026 at 9:00 AM Example Desk <support@example.org> wrote:\n\n{quoted}\n"
    if style == "gmail-it":
        start = "Il giorno mar 24 nov 2026 alle ore 09:00 Example Desk <support@example.org> ha scritto:"
        return f"{text}\n\n{start}\n\n{quoted}\n"
    if style == "outlook":
        sent = "Sent: Tuesday, November 24, 2026 9:00 AM"
        head = f"From: Example Desk <support@example.org>\n{sent}\nSubject: {got.subject}"
        return f"{text}\n\n________________________________\n{head}\n\n{got.text}\n"
    if style == "outlook-da":
        head = f"Fra: Example Desk <support@example.org>\nSendt: 24. november 2026 09:00\nEmne: {got.subject}"
        return f"{text}\n\n-----Oprindelig meddelelse-----\n{head}\n\n{got.text}\n"
    if style == "apple":
        return f"{text}\n\n> On 24 Nov 2026, at 09:00, Example Desk <support@example.org> wrote:\n>\n{quoted}\n"
    assert style == "bottom"
    return f"On 11/24/26 09:00, Example Desk wrote:\n{quoted}\n\n{text}\n"


def bounce(of: Sent, status: str = "5.1.1", action: str = "failed") -> bytes:
    """The report that a mail server sends back to the envelope sender (RFC 3464)."""
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.customer.example
To: {of.reply_address}
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn{next(_numbers)}@mx.customer.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your mail.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example

Final-Recipient: rfc822; {of.recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: text/rfc822-headers

From: support@example.org
To: {of.recipient}
Message-ID: {of["Message-ID"]}
Subject: something

--b--
""".replace("\n", "\r\n").encode()
