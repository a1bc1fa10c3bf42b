"""Which ticket does a mail belong to? The evidence, strongest first, each with the same proof (B1-B6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from maild.desk.models import Message, Thread, Ticket
from maild.desk.prepared import Select
from maild.mail.message import Mail
from maild.mail.token import Mint, Token
from maild.outcome import Evidence
from maild.policy import subject


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket that a mail belongs to, and what says so."""

    ticket: Ticket | None = None
    evidence: Evidence = "none"
    person: int | None = None  # whose token it was
    internal: bool = False  # the token came with an internal note (B28)
    conflict: str | None = None  # weaker evidence that names another ticket (B5)


def find(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> Found:
    """The strongest evidence in a mail; a ticket that does not exist (any more) is no evidence."""
    best: Found | None = None
    for found in _evidence(mail, envelope_to, mint, today):
        if best is None:
            best = found
        elif found.ticket != best.ticket and found.ticket is not None:
            words = f"its {found.evidence} names {found.ticket.key}"
            return replace(best, conflict=words)
        elif found.internal and found.evidence == "message_id":
            best = replace(best, internal=True)  # B28: what it answers is a note, whatever the address line says
    return best or Found()


def said(ticket: Ticket) -> tuple[str, str]:
    """All that the ticket's internal notes say, and all that its public messages say; runs of blanks are one."""
    rows = list(Message.select(Message.visibility, Message.text).where(Message.ticket == ticket).order_by(Message.id))
    inside, outside = (
        "\n".join(" ".join(m.text.split()) for m in rows if m.visibility == v) for v in ("internal", "public")
    )
    return inside, outside


def _evidence(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> Iterator[Found]:
    addresses = (*envelope_to, *mail.delivered_to, *(a.address for a in (*mail.to, *mail.cc)))
    yield from _proved(mint.find(" ".join(a for a in addresses if "+" in a), today), "token")
    if mail.bounce is not None and mail.bounce.original_message_id:
        yield from _proved(mint.find(mail.bounce.original_message_id, today), "message_id")
    yield from _ids(mail.in_reply_to, mint, today, "message_id")
    yield from _ids(tuple(reversed(mail.references)), mint, today, "references")
    yield from _proved(mint.find(mail.text, today), "body")
    for prefix, number in subject.tags(mail.subject):
        ticket = Ticket.get_or_none((Ticket.id == number) & (Ticket.prefix == prefix)) if number < 2**31 else None
        if ticket is not None:
            yield Found(ticket, "subject")
            return
    if not mail.in_reply_to and mail.message_id:  # B13: the answer to this mail came before it
        ticket = _known(mail.message_id)
        if ticket is not None:
            yield Found(ticket, "references")


def _ids(ids: tuple[str, ...], mint: Mint, today: date, evidence: Evidence) -> Iterator[Found]:
    """Message-IDs: ours prove themselves by their token, others' are looked up."""
    for message_id in ids:
        token = mint.find(message_id, today)
        if token:
            yield from _proved(token, evidence)
            return
    for message_id in ids:
        ticket = _known(message_id)
        if ticket is not None:
            yield Found(ticket, evidence)
            return


def _proved(token: Token | None, evidence: Evidence) -> Iterator[Found]:
    ticket = Ticket.get_or_none(id=token.ticket) if token else None
    if token and ticket is not None:
        yield Found(ticket, evidence, token.person, token.internal)


_KNOWN = Select(Ticket, lambda i: Ticket.select().join(Thread).where(Thread.message_id == i).limit(2), 1)


def _known(message_id: str) -> Ticket | None:
    """The one ticket that a foreign Message-ID belongs to; two are no evidence (B5)."""
    rows = _KNOWN.all(message_id)
    return rows[0] if len(rows) == 1 else None
