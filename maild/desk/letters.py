"""From a notice to finished mails: one for each recipient, with that person's language, rights and token (B27)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import structlog

from maild.config import Account
from maild.desk import audience, clocks, outbox
from maild.desk.models import Message, Outgoing, Ticket
from maild.desk.people import Reader
from maild.desk.prepared import Select
from maild.desk.tickets import Act, Applied
from maild.mail.address import canonical
from maild.mail.compose import Letter, compose
from maild.mail.templates import Templates
from maild.mail.token import Mint
from maild.policy.changes import Notified
from maild.policy.notices import NOTICES, Notice

log = structlog.get_logger("letters")

_FILES = 10_000_000  # bytes of attachments that a notice passes on; the rest is kept with the ticket


@dataclass(frozen=True, slots=True)
class Post:
    """What it takes to write a mail: the templates and the mint of this instance."""

    templates: Templates
    mint: Mint


def write(applied: Applied, act: Act, post: Post) -> list[dict[str, Any]]:
    """The outbox rows for the notices of one change, finished to the last byte (M3)."""
    return [
        row
        for notified in applied.notices
        for reader in audience.readers(notified.audience, applied.ticket, act, copies=notified.notice == "public_reply")
        if _allowed(notified, reader, applied, act)
        for row in _row(NOTICES[notified.notice], notified, reader, applied, act, post)
    ]


def _allowed(notified: Notified, reader: Reader, applied: Applied, act: Act) -> bool:
    """Whether this person may get this mail at all (B19, B21, B24, B25)."""
    ticket = applied.ticket
    notice = NOTICES[notified.notice]
    if _is_ours(reader.address, act):
        return False
    if not notice.automatic:  # a person's words always arrive; the bare question whether it works is for people
        return not ticket.silent or notice.name == "public_reply" or bool(notified.values.get("text"))
    if not applied.created and _storms(ticket, reader, act):
        log.error("too many automatic mails: a robot may be answering", ticket=ticket.key, to=reader.address)
        return False
    if reader.staff:
        return True
    if ticket.silent and reader.id == ticket.requester.id:
        return False
    if reader.bounced_until is not None and reader.bounced_until > act.now:
        return False
    if notice.name == "acknowledgement":
        quota = act.settings.limits.acknowledgements_per_sender
        since = Outgoing.created_at.db_value(act.now - quota.per)
        return len(_ACKNOWLEDGED.all(outbox.correspondent(reader.address), since, quota.count)) < quota.count
    return True


def _storms(ticket: Ticket, reader: Reader, act: Act) -> bool:
    """Whether this person got as many mails about this ticket as no conversation of people has (B21)."""
    since = Outgoing.created_at.db_value(act.now - _HOUR)
    return len(_RECENT.all(ticket.id, reader.address, since, _STORM)) >= _STORM


_HOUR = timedelta(hours=1)
_STORM = 30  # automatic mails to one person about one ticket within an hour
_RECENT = Select(
    Outgoing,
    lambda ticket, recipient, since, limit: (
        Outgoing.select(Outgoing.id)
        .where(
            (Outgoing.ticket == ticket)
            & (Outgoing.recipient == recipient)
            & (Outgoing.created_at > since)
            & Outgoing.automatic
        )
        .limit(limit)
    ),
    4,
)


def _is_ours(address: str, act: Act) -> bool:
    """Whether it is an address of this desk: a mail to it would come back as a new one (B12, B24)."""
    own = {canonical(x) for a in act.settings.accounts for x in (a.address, *a.aliases)}
    return outbox.correspondent(address) in own or address == canonical(act.settings.sending.sender.address)


_ACKNOWLEDGED = Select(
    Outgoing,
    lambda mailbox, since, limit: (
        Outgoing.select(Outgoing.id)
        .where(
            (Outgoing.correspondent == mailbox) & (Outgoing.created_at > since) & (Outgoing.notice == "acknowledgement")
        )
        .limit(limit)
    ),
    3,
)


def _row(
    notice: Notice, notified: Notified, reader: Reader, applied: Applied, act: Act, post: Post
) -> Iterator[dict[str, Any]]:
    ticket, settings = applied.ticket, act.settings
    account = account_of(ticket, act)
    token = post.mint.sign(ticket.id, reader.id, internal=notice.internal, today=act.now.date())
    tagged = _plus(account, token)
    reply_to = tagged if notice.answerable else account.address
    message_id = f"{token if notice.answerable else notice.name}.{secrets.token_hex(6)}@{settings.instance}"
    in_reply_to = _answered(ticket, reader, act)
    letter = replace(
        _addressed(notice, reader, message_id, act),
        reply_to=reply_to,
        in_reply_to=in_reply_to,
        # a root that is the same for all mails of a person on a ticket, so that any mail program keeps them together
        references=tuple(x for x in (f"{ticket.key}.{reader.id}.root@{settings.instance}", in_reply_to) if x),
        values=_values(notice, notified, reader, applied, act, post, reply_to, token),
        files=act.files if _passes_files(notice, applied) and sum(len(f.data) for f in act.files) <= _FILES else (),
    )
    # VERP: a bounce comes back to ticket and person; without plus-addressing automatic mail has no return path
    envelope_from = tagged if account.plus_addressing else "" if notice.automatic else account.address
    yield _finished(letter, envelope_from, ticket.id, act, post)


def _addressed(notice: Notice, reader: Reader, message_id: str, act: Act) -> Letter:
    """What all our letters have alike: who writes to whom, when."""
    settings = act.settings
    return Letter(
        notice=notice.name,
        language=reader.language,
        sender_name=settings.sending.sender.name or settings.desk.name,
        sender_address=settings.sending.sender.address,
        recipient_name=reader.name,
        recipient_address=reader.address,
        reply_to=None,
        message_id=message_id,
        in_reply_to=None,
        references=(),
        date=act.now,
        automatic=notice.automatic,
        instance=settings.instance,
        values={},
    )


def _finished(letter: Letter, envelope_from: str, ticket: int | None, act: Act, post: Post) -> dict[str, Any]:
    """The outbox row of a letter, finished to the last byte (M3)."""
    return {
        "ticket": ticket,
        "incoming": act.incoming,
        "notice": letter.notice,
        "automatic": letter.automatic,
        "recipient": letter.recipient_address,
        "envelope_from": envelope_from,
        "message_id": letter.message_id,
        "data": compose(letter, post.templates),
        "created_at": act.now,
        "not_before": act.now,
    }


def _passes_files(notice: Notice, applied: Applied) -> bool:
    """What came with an internal note goes to agents alone, whatever else the mail brought about (M9)."""
    return notice.files and (notice.automatic or not applied.internal)


def alarm(about: Mapping[str, str], act: Act, post: Post) -> list[dict[str, Any]]:
    """The outbox rows that tell the manager of something that only a person can mend."""
    settings, reader = act.settings, act.staff.get(act.settings.desk.manager)
    if reader is None:
        return []
    message_id = f"alarm.{secrets.token_hex(6)}@{settings.instance}"
    desk = {"name": settings.desk.name, "address": settings.accounts[0].address}
    letter = replace(_addressed(NOTICES["alarm"], reader, message_id, act), values={"desk": desk, **about})
    return [_finished(letter, "", None, act, post)]


def account_of(ticket: Ticket, act: Act) -> Account:
    """The account that the ticket's mails come from: its own, or the first where that one is gone."""
    accounts = act.settings.accounts
    return next((a for a in accounts if a.name == ticket.account), accounts[0])


def _plus(account: Account, token: str) -> str:
    local, _, domain = account.address.rpartition("@")
    return f"{local}+{token}@{domain}" if account.plus_addressing else account.address


def _answered(ticket: Ticket, reader: Reader, act: Act) -> str | None:
    """The last mail of this very person on the ticket: nobody is shown the Message-ID of another."""
    if act.actor in (reader.address, reader.staff):
        return act.mail.message_id if act.mail else None
    if reader.staff:
        return None
    last = (
        Message.select(Message.message_id)
        .where((Message.ticket == ticket) & (Message.author == reader.address) & (Message.direction == "in"))
        .order_by(Message.id.desc())
        .first()
    )
    return last.message_id if last else None


# -- what a template shows ------------------------------------------------------------------------------------------


def _values(
    notice: Notice,
    notified: Notified,
    reader: Reader,
    applied: Applied,
    act: Act,
    post: Post,
    reply_to: str,
    token: str,
) -> dict[str, Any]:
    ticket, settings = applied.ticket, act.settings
    assignee = settings.desk.people.get(ticket.assignee or "")
    words = post.templates.words(reader.language)
    values: dict[str, Any] = {
        "desk": {"name": settings.desk.name, "address": account_of(ticket, act).address},
        "ticket": {
            "key": ticket.key,
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "type": ticket.type,
            "category": ticket.category,
            "service": ticket.service,
            "line": ticket.line,
            "opened_at": ticket.opened_at,
            "requester": {"name": ticket.requester.name, "address": ticket.requester.address},
            "assignee": assignee.name if assignee else None,
            "resolution": ticket.resolution,
            "language": ticket.language,
        },
        "person": {"name": reader.name},
        "author": _author(act),
        "zone": zone(act),
        "ref": f"{ticket.key} · {token}" if notice.answerable else ticket.key,
        "links": _links(ticket, reader, reply_to, words),
        "files": [{"name": a.name, "size": a.size} for a in act.mail.attachments]
        if act.mail and _passes_files(notice, applied)
        else [],
        "clocks": _due(applied) if reader.staff else [],
        **notified.values,
    }
    more = _MORE.get(notice.name)
    if more:
        values |= more(notified, reader, applied, act, words)
    return values


def _due(applied: Applied) -> list[dict[str, Any]]:
    """The promises that run: those that began with the ticket, or the rows of an older one."""
    if applied.created:
        return [{"kind": c["kind"], "due_at": c["due_at"]} for c in applied.clocks]
    running = [c for c in clocks.of(applied.ticket) if c.stopped_at is None and c.paused_at is None]
    return [{"kind": c.kind, "due_at": c.due_at} for c in running]


def zone(act: Act) -> str:
    """The zone in which times are told: that of the first calendar that has office hours."""
    calendars = act.settings.desk.levels.calendars.values()
    return next((c.zone.key for c in calendars if c.zone.key != "UTC"), "UTC")


def _author(act: Act) -> dict[str, str] | None:
    member = act.staff.get(act.actor)
    if member:
        return {"name": member.name, "address": member.address}
    if act.mail and act.mail.sender:
        return {"name": act.mail.sender.name or act.mail.sender.address, "address": act.mail.sender.address}
    return None


_quoted = lru_cache(maxsize=256)(quote)  # the same few words in every mail


def _links(ticket: Ticket, reader: Reader, reply_to: str, words: Mapping[str, str]) -> dict[str, str]:
    """Links that open a filled reply: for an agent the commands, for the requester the answer to "is it solved?"."""

    start = f"mailto:{quote(reply_to, safe='@+')}?subject={quote(f'Re: [{ticket.key}] {ticket.subject}'[:150])}&body="

    def link(body: str) -> str:
        return start + _quoted(body)

    if reader.staff:
        return {verb: link(f"!{verb}\n") for verb in ("take", "note", "resolve", "escalate")}
    scores = {f"rate{n}": link(str(n)) for n in range(1, 6)}
    return {"yes": link(words["say.yes"]), "no": link(words["say.no"] + "\n"), **scores}


def _acknowledgement(
    n: Notified, reader: Reader, applied: Applied, act: Act, words: Mapping[str, str]
) -> dict[str, Any]:
    ticket = applied.ticket
    category = act.settings.desk.categories.get(ticket.category or "")
    questions = category.questions if category else {}
    first = next((c for c in applied.clocks if c["kind"] == "first_response"), None)
    return {
        "questions": list(questions.get(reader.language) or questions.get(act.settings.desk.languages[0]) or ()),
        "expected": timedelta(seconds=first["target"]) if first else None,
        # B25: who never answered us could be anybody's address in a forger's From
        "quote_allowed": ticket.requester.proved or ticket.requester.staff is not None,
        "text": "",
    }


def _resolution(n: Notified, reader: Reader, applied: Applied, act: Act, words: Mapping[str, str]) -> dict[str, Any]:
    return {"closes_in": act.settings.desk.closing.after_resolved}


def _closure(n: Notified, reader: Reader, applied: Applied, act: Act, words: Mapping[str, str]) -> dict[str, Any]:
    closing = act.settings.desk.closing
    return {"reopen_within": closing.reopen_within, "satisfaction": closing.satisfaction}


def _receipt(n: Notified, reader: Reader, applied: Applied, act: Act, words: Mapping[str, str]) -> dict[str, Any]:
    """The lines of a receipt in the agent's language (B35)."""
    results = n.values["results"]
    return {
        "lines": [{"line": r.line, "result": r.result, "message": said(r.says, words)} for r in results],
        "errors": sum(r.result != "done" for r in results),
        "sent": (words[f"say.sent_{n.values['sent']}"],),
    }


def said(says: Any, words: Mapping[str, str]) -> str:
    """A sentence of the word list with its gaps filled. The pattern is ours; what fills it is data (M8)."""
    return words[f"say.{says.key}"].format_map({name: words.get(value, value) for name, value in says.args.items()})


def _story(n: Notified, reader: Reader, applied: Applied, act: Act, words: Mapping[str, str]) -> dict[str, Any]:
    """The whole story of the ticket, for a line that sees it for the first time (P7)."""
    ticket = applied.ticket
    rows = Message.select().where(Message.ticket == ticket).order_by(Message.id.desc()).limit(30)
    history = [
        {"author": m.author_name or m.author, "at": m.at, "text": m.text, "visibility": m.visibility}
        for m in reversed(list(rows))
    ]
    return {"history": history, "waiting": waiting(ticket, act.now)}


def waiting(ticket: Ticket, now: datetime) -> timedelta | None:
    """Since when the requester has had no answer; None where the last word was ours (B42)."""
    said_last = (
        Message.select(Message.at)
        .where((Message.ticket == ticket) & (Message.direction == "out"))
        .order_by(Message.id.desc())
        .first()
    )
    unanswered = Message.select(Message.at).where(
        (Message.ticket == ticket) & (Message.direction == "in") & (Message.visibility == "public")
    )
    if said_last:
        unanswered = unanswered.where(Message.at > said_last.at)
    oldest = unanswered.order_by(Message.id).first()
    return now - oldest.at if oldest else None


_MORE = {
    "acknowledgement": _acknowledgement,
    "resolution": _resolution,
    "closure": _closure,
    "receipt": _receipt,
    "escalation_line": _story,
    "assignment": _story,
}
