"""Which ticket does a mail belong to? The evidence, strongest first, each with the same proof (B1-B6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from maild.desk import fields, people
from maild.desk.models import Message, Outgoing, Person, Thread, Ticket
from maild.desk.prepared import Select
from maild.mail.message import Mail
from maild.mail.token import PATTERN, Mint, Token
from maild.outcome import Evidence
from maild.policy import orders, subject
from maild.policy.notices import NOTICES

# support+TOKEN-note@: a command for programs and people that cannot write one into the text
_VERB = re.compile(r"\+([a-z2-7]{44})-([a-z][a-z-]{1,20})@", re.IGNORECASE)
_REVISION = re.compile(r"([a-z2-7]{44})(?:\.r|\W{1,3}r)(\d{1,9})(?!\d)", re.IGNORECASE)
# The Message-IDs of notices that nobody is to answer, such as receipts
_ASIDE = re.compile(rf"(?:{'|'.join(sorted(n.name for n in NOTICES.values() if not n.answerable))})\.[0-9a-f]{{8}}@")
_GENERATIONS = 10  # of tickets that were merged into one another


@dataclass(frozen=True, slots=True)
class Found:
    """The ticket that a mail belongs to, and what says so."""

    ticket: Ticket | None = None
    evidence: Evidence = "none"
    person: int | None = None  # whose token it was
    internal: bool = False  # the token came with an internal note (B28)
    conflict: str | None = None  # weaker evidence that names another ticket (B5)
    merged: str | None = None  # the key of the ticket that was named, where it was merged into this one (B6)


def find(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> Found:
    """The strongest evidence in a mail; a ticket that does not exist (any more) is no evidence."""
    best: Found | None = None
    answered = next(iter((*mail.in_reply_to, *reversed(mail.references))), "")
    aside = bool(_ASIDE.match(answered))  # "ok, thanks" to a receipt is not meant for the requester
    for found in _evidence(mail, envelope_to, mint, today):
        if best is None:
            best = replace(found, internal=True) if aside else found
        elif found.ticket != best.ticket and found.ticket is not None:
            words = f"its {found.evidence} names {found.ticket.key}"
            return replace(best, conflict=words)
        elif found.internal and found.evidence == "message_id":
            best = replace(best, internal=True)  # B28: what it answers is a note, whatever the address line says
    return best or Found()


def named(mail: Mail) -> Found:
    """The ticket that a mail without other evidence names in a command, `!on KEY`: as good as a subject tag."""
    line = next((line for line in orders.parse(mail.reply).lines if line.verb == "on"), None)
    ticket = fields.by_key(line.words) if line else None
    return here(ticket, "subject") if ticket is not None else Found()


def verb(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date, person: int) -> str:
    """The command in the plus-address that a mail came to, beside a token of its sender's; "" where there is none.

    An outsider may have put a command beside a token of their own into the Cc that an agent answers to (M7).
    """
    for match in _VERB.finditer(" ".join(_addresses(mail, envelope_to))):
        token = mint.read(match[1].lower(), today)
        if token and token.person == person:
            return match[2].lower()
    return ""


def seen(mail: Mail, ticket: Ticket, mint: Mint, today: date) -> int | None:
    """The revision of the ticket that the answered notice told of; None where that is not known (B37).

    It stands in our Message-ID, and at the foot of the text for providers that write another.
    """
    for words in (*mail.in_reply_to, *reversed(mail.references), mail.text):
        for match in _REVISION.finditer(words):
            token = mint.read(match[1].lower(), today)
            if token and token.ticket == ticket.id:
                return int(match[2])
    return None


def about(mail: Mail) -> int | None:
    """The number of the mail in the ledger that the answered notice told of."""
    ids = (*mail.in_reply_to, *reversed(mail.references))[:4]
    told = Outgoing.select(Outgoing.message_id, Outgoing.incoming).where(Outgoing.message_id << ids)
    rows = {row.message_id: row.__data__["incoming"] for row in told}
    return next((rows[i] for i in ids if rows.get(i) is not None), None)


def said(ticket: Ticket) -> tuple[str, str]:
    """All that the ticket's internal notes say, and all that its public messages say; runs of blanks are one."""
    rows = list(Message.select(Message.visibility, Message.text).where(Message.ticket == ticket).order_by(Message.id))
    inside, outside = (
        "\n".join(" ".join(m.text.split()) for m in rows if m.visibility == v) for v in ("internal", "public")
    )
    return inside, outside


def _addresses(mail: Mail, envelope_to: tuple[str, ...]) -> Iterable[str]:
    everything = (*envelope_to, *mail.delivered_to, *(a.address for a in (*mail.to, *mail.cc)))
    return (a for a in everything if "+" in a)


def _evidence(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> Iterator[Found]:
    known: _Known = {}
    yield from _proved(mint.find(" ".join(_addresses(mail, envelope_to)), today), "token", known)
    if mail.bounce is not None and mail.bounce.original_message_id:
        yield from _proved(mint.find(mail.bounce.original_message_id, today), "message_id", known)
    yield from _ids(mail.in_reply_to, mint, today, "message_id", known)
    yield from _ids(tuple(reversed(mail.references)), mint, today, "references", known)
    yield from _proved(mint.find(mail.text, today), "body", known)
    for prefix, number in subject.tags(mail.subject):
        ticket = Ticket.get_or_none((Ticket.id == number) & (Ticket.prefix == prefix)) if number < 2**31 else None
        if ticket is not None:
            yield here(ticket, "subject")
            return
    if not mail.in_reply_to and mail.message_id:  # B13: the answer to this mail came before it
        ticket = _known(mail.message_id)
        if ticket is not None:
            yield here(ticket, "references")


def _ids(ids: tuple[str, ...], mint: Mint, today: date, evidence: Evidence, known: _Known) -> Iterator[Found]:
    """Message-IDs: ours prove themselves by their token, others' are looked up."""
    for message_id in ids:
        token = mint.find(message_id, today)
        if token:
            yield from _proved(token, evidence, known)
            return
    for message_id in ids:
        ticket = _known(message_id)
        if ticket is not None:
            yield here(ticket, evidence)
            return


_Known = dict[Token, Found | None]


def _proved(token: Token | None, evidence: Evidence, known: _Known) -> Iterator[Found]:
    """What a token says; most mails bring the same one by every path, and it is looked up once."""
    if token is None:
        return
    if token not in known:
        ticket: Ticket | None = Ticket.get_or_none(id=token.ticket)
        known[token] = None
        if ticket is not None and people.holds(token):
            known[token] = replace(here(ticket, evidence), person=token.person, internal=token.internal)
    found = known[token]
    if found is not None:
        yield replace(found, evidence=evidence)


def here(ticket: Ticket, evidence: Evidence) -> Found:
    """The ticket itself, or the one that it was merged into (B6)."""
    named = ticket.key
    for _ in range(_GENERATIONS):
        if ticket.status != "merged" or ticket.__data__.get("parent") is None:
            break
        ticket = ticket.parent
    return Found(ticket, evidence, merged=named if named != ticket.key else None)


_KNOWN = Select(Ticket, lambda i: Ticket.select().join(Thread).where(Thread.message_id == i).limit(2), 1)


def _known(message_id: str) -> Ticket | None:
    """The one ticket that a foreign Message-ID belongs to; two are no evidence (B5)."""
    rows = _KNOWN.all(message_id)
    return rows[0] if len(rows) == 1 else None


def trail(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> list[dict[str, str | None]]:
    """All evidence in a mail, the strongest first: which ticket it names, and whose token that is (`maild explain`).

    Then what looks like evidence and is none, with the reason (`void`).
    """
    found = [
        {
            "evidence": one.evidence,
            "ticket": one.ticket.key if one.ticket is not None else None,
            "token_of": getattr(people.by_id(one.person), "address", None) if one.person is not None else None,
            "merged": one.merged,
            "void": None,
        }
        for one in _evidence(mail, envelope_to, mint, today)
    ]
    return [*found, *_void(mail, envelope_to, mint, today)]


def forget(mail: Mail, ticket: int) -> None:
    """Let the Message-ID of a mail lead to the ticket that it opened no more: as it was when the mail came.

    Only for a transaction that is given up (`maild explain`).
    """
    if mail.message_id:
        Thread.delete().where((Thread.message_id == mail.message_id) & (Thread.ticket == ticket)).execute()


_MANY = 20  # pieces of evidence without worth that are named: a mail may hold any number


def _void(mail: Mail, envelope_to: tuple[str, ...], mint: Mint, today: date) -> Iterator[dict[str, str | None]]:
    """What names no ticket, though it looks so: tokens that are void, Message-IDs and tags of nothing."""
    bounced = mail.bounce.original_message_id if mail.bounce is not None else None
    places: tuple[tuple[Evidence, str], ...] = (
        ("token", " ".join(_addresses(mail, envelope_to))),
        ("message_id", " ".join(filter(None, (bounced, *mail.in_reply_to)))),
        ("references", " ".join(mail.references)),
        ("body", mail.text),
    )
    told: dict[tuple[Evidence, str], dict[str, str | None]] = {}
    for evidence, words in places:
        for text in {m.group().lower(): None for m in islice(PATTERN.finditer(words), _MANY)}:
            void = _fault(text, mint, today)
            told.setdefault((evidence, text), {"ticket": None, "token_of": None, **void} if void else {})
    for prefix, number in subject.tags(mail.subject)[:_MANY]:
        if number >= 2**31 or not Ticket.select().where((Ticket.id == number) & (Ticket.prefix == prefix)).exists():
            told["subject", f"{prefix}-{number}"] = {"void": f"there is no ticket {prefix}-{number}"}
    bare = {"ticket": None, "token_of": None, "merged": None}
    yield from ({"evidence": name, **bare, **void} for (name, _), void in told.items() if void)


def _fault(text: str, mint: Mint, today: date) -> dict[str, str | None]:
    """Why a token proves nothing, and whose it is; nothing where it counts."""
    token, fault = mint.read(text, today), mint.fault(text, today)
    if token is None:
        of_another = "it is of another desk or another secret, or was changed"
        return {"void": "it has expired" if fault == "expired" else of_another}
    person, ticket = Person.get_or_none(id=token.person), Ticket.get_or_none(id=token.ticket)
    whose = {"ticket": ticket.key if ticket else None, "token_of": person.address if person else None}
    if person is None or ticket is None:
        return {**whose, "void": "it names what is not in this database"}
    return {} if people.holds(token) else {**whose, "void": "it was revoked"}
