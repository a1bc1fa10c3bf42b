"""The mails of the drills: who writes, and who answers what the sink got."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage

from tests.servers.sink import Received

_TEXTS = (
    "The printer on the second floor prints only half of each page since this morning. Can you help me, please?",
    "La stampante del secondo piano stampa solo metà di ogni pagina da stamattina. Mi potete aiutare, per favore?",
    "Printeren på anden sal udskriver kun halvdelen af hver side siden i morges. Kan I hjælpe mig med det?",
)


@dataclass(frozen=True, slots=True)
class Ours:
    """A mail that maild sent, as its recipient sees it."""

    recipient: str
    message_id: str
    reply_to: str
    subject: str
    text: str


def ours(mail: Received) -> Ours:
    """Read a mail of the sink."""
    said = email.message_from_bytes(mail.raw, policy=email.policy.default)
    body = said.get_body(("plain",))
    return Ours(
        recipient=mail.recipients[0],
        message_id=str(said["Message-ID"]),
        reply_to=str(said["Reply-To"] or said["From"]),
        subject=str(said["Subject"]),
        text=body.get_content() if body else "",
    )


def new(number: int) -> bytes:
    """A new request; every one by somebody else, in one of three languages."""
    text = f"{_TEXTS[number % len(_TEXTS)]}\n\nNr. {number}\n"
    sender = f"User {number} <user{number}@customer.example>"
    return _written(sender, "support@example.test", f"Printer {number}", text, f"<new-{number}@customer.example>")


def reply(number: int, to: Ours, text: str) -> bytes:
    """An answer to a mail of maild, as a mail program writes it."""
    mail_id = f"<reply-{number}@{to.recipient.partition('@')[2]}>"
    quote = "".join(f"> {line}\n" for line in to.text.splitlines())
    body = f"{text}\n\nOn Tue, 24 Nov 2026 at 10:00, Example Desk <support@example.test> wrote:\n{quote}"
    return _written(to.recipient, to.reply_to, f"Re: {to.subject}", body, mail_id, to.message_id)


def _written(sender: str, to: str, subject: str, text: str, message_id: str, answers: str | None = None) -> bytes:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, to, subject, message_id
    mail["Date"] = "Tue, 24 Nov 2026 10:00:00 +0000"
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(text)
    return mail.as_bytes()
