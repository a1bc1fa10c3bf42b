"""From a notice to finished mails: one for each recipient, with that person's language, rights and token (B27)."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import structlog

from maild.config import Account
from maild.desk import audience, caps, contents, page, report
from maild.desk.act import Act, Applied
from maild.desk.models import Message, Ticket
from maild.desk.people import Reader
from maild.desk.report import Report
from maild.mail.address import canonical
from maild.mail.compose import Letter, compose
from maild.mail.message import File
from maild.mail.templates import Templates
from maild.mail.token import Mint
from maild.policy import hours
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
    return write_all([applied], act, post)


def write_all(written: Sequence[Applied], act: Act, post: Post) -> list[dict[str, Any]]:
    """The same for all changes of one act. The receipt comes last: it says to whom the others went (B35)."""
    rows: list[dict[str, Any]] = []
    outsiders: list[str] = []
    told: set[str] = set()
    receipts: list[tuple[Applied, Notified]] = []
    for applied in written:
        for notified in applied.notices:
            if notified.notice == "receipt":
                receipts.append((applied, notified))
                continue
            for reader, row in _rows(notified, applied, act, post):
                if notified.notice == "rule_notice" and reader.address in told:
                    continue  # who hears of a new ticket anyway is told the rule's reason there (B27)
                rows.append(row)
                if notified.notice == "new_ticket":
                    told.add(reader.address)
                if reader.staff is None:
                    outsiders.append(reader.address)
    for applied, notified in receipts:
        values = {**notified.values, "recipients": tuple(dict.fromkeys(outsiders))}
        rows += [row for _, row in _rows(replace(notified, values=values), applied, act, post)]
    return rows


class Digests:
    """The mails about what was noticed late: who of the staff would get several gets one digest (B48).

    Or about what a `rule` did to several tickets at once.
    """

    def __init__(self, act: Act, post: Post, rule: str = "") -> None:
        self._act, self._post, self._rule = act, post, rule
        self._new: list[tuple[Reader, Applied, Notified, dict[str, Any]]] = []
        self._users: dict[tuple[int, int], dict[str, dict[str, Any]]] = {}
        self._answers: Counter[int] = Counter()
        self._each: dict[str, tuple[Reader, list[tuple[Applied, Notified]], list[dict[str, Any]]]] = {}

    def add(self, applied: Applied) -> None:
        """Write for what was done just now: who is told depends on the ticket as it is now."""
        for notified in applied.notices:
            for reader, row in _rows(notified, applied, self._act, self._post):
                self._new.append((reader, applied, notified, row))

    @contextmanager
    def stand_or_fall(self) -> Iterator[None]:
        """What is added within is told only where this ends well: else it was undone."""
        self._new = []
        yield
        for reader, applied, notified, row in self._new:
            if reader.staff is None and reader.id:
                self._answers[reader.id] += notified.notice == "rule_reply"
                if notified.notice == "rule_reply" and self._answers[reader.id] > caps.A_DAY:
                    continue  # what was written here waits yet, and nobody has counted it (B21)
                self._users.setdefault((reader.id, applied.ticket.id), {})[notified.notice] = row
                continue
            _, told, rows = self._each.setdefault(reader.address, (reader, [], []))
            told.append((applied, notified))
            rows.append(row)

    def rows(self) -> list[dict[str, Any]]:
        """The outbox rows."""
        # its users hear once of each thing that befell a ticket, and of a delay only where that is all
        users = self._users.values()
        found = [row for told in users for name, row in told.items() if name != "delayed" or len(told) == 1]
        for reader, told, rows in self._each.values():
            words = self._post.templates.words(reader.language)
            page = contents.Page(Notified("digest", ()), reader, None, self._act, words)
            values = {**contents.digest(page, told), "rule": self._rule}
            if len(values["rows"]) == 1:
                found += rows
                continue
            row = _loose(NOTICES["digest"], reader, values, self._act, self._post)
            # it waits for its reader's hours only where nothing in it is for now
            found.append({**row, "not_before": min(one["not_before"] for one in rows)})
        return found


def write_to(staff: str, applied: Applied, act: Act, post: Post) -> list[dict[str, Any]]:
    """The same for one member of staff alone, whoever else the notices are for."""
    reader = act.staff.get(staff)
    if reader is None:
        return []
    return [
        _row(NOTICES[notified.notice], notified, reader, applied, act, post)
        for notified in applied.notices
        if caps.allowed(notified, reader, applied, act)
    ]


def _rows(notified: Notified, applied: Applied, act: Act, post: Post) -> Iterator[tuple[Reader, dict[str, Any]]]:
    copies = notified.notice == "public_reply"
    for reader in audience.readers(notified.audience, applied.ticket, act, copies=copies, new=applied.created):
        if caps.allowed(notified, reader, applied, act):
            yield reader, _row(NOTICES[notified.notice], notified, reader, applied, act, post)
    for address in notified.addresses if not applied.ticket.confidential else ():
        outside = Reader(0, "", canonical(address), act.settings.desk.languages[0], None)
        if outside.address != applied.ticket.requester.address and caps.allowed(notified, outside, applied, act):
            notice = replace(NOTICES[notified.notice], answerable=False)
            yield outside, _row(notice, notified, outside, applied, act, post)


def _row(notice: Notice, notified: Notified, reader: Reader, applied: Applied, act: Act, post: Post) -> dict[str, Any]:
    ticket, settings = applied.ticket, act.settings
    account = account_of(ticket, act)
    token, tagged = "", account.address
    if reader.id:
        token = post.mint.sign(
            ticket.id, reader.id, internal=notice.internal, today=act.now.date(), generation=reader.generation
        )
        tagged = _plus(account, token)
    # the revision says what the reader had seen when they answer (B37)
    # it counts internal notes too, so no outsider is told (M9)
    seen = f"r{ticket.revision}" if reader.staff else ""
    local = ".".join(filter(None, (token, seen))) if notice.answerable else notice.name
    in_reply_to = _answered(ticket, reader, act)
    ref = " · ".join(filter(None, (ticket.key, token, seen))) if notice.answerable else ticket.key
    page = contents.Page(notified, reader, applied, act, post.templates.words(reader.language))
    letter = replace(
        _addressed(notice, reader, f"{local}.{secrets.token_hex(4)}@{settings.instance}", act),
        reply_to=tagged if notice.answerable else account.address,
        in_reply_to=in_reply_to,
        # a root that is the same for all mails of a person on a ticket, so that any mail program keeps them together
        references=tuple(x for x in (f"{ticket.key}.{reader.id}.root@{settings.instance}", in_reply_to) if x),
        values=contents.values(page, account.address, tagged, ref, files=_passes_files(notice, reader, applied)),
        files=_files(reader, act, post) if _passes_files(notice, reader, applied) else (),
    )
    # VERP: a bounce comes back to ticket and person; without plus-addressing automatic mail has no return path
    envelope_from = "" if not token else tagged if account.plus_addressing else "" if notice.automatic else tagged
    row = _finished(letter, envelope_from, ticket.id, act, post)
    return {**row, **_quiet(reader, act)} if notified.quiet else row


def _quiet(reader: Reader, act: Act) -> dict[str, Any]:
    """When somebody of the staff who has working hours may be told of what can wait (B49)."""
    desk = act.settings.desk
    person = desk.people.get(reader.staff or "")
    calendar = desk.levels.calendars.get(person.hours or "") if person else None
    if calendar is None:
        return {}
    at = hours.next_open(calendar, act.now)
    return {"not_before": at, "created_at": at}  # it is not older than that: failing at once is no reason to give it up


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


def _passes_files(notice: Notice, reader: Reader, applied: Applied) -> bool:
    """What came with an internal note goes to agents alone, whatever else the mail brought about (M9)."""
    return notice.files and (not applied.internal or (notice.automatic and reader.staff is not None))


def _files(reader: Reader, act: Act, post: Post) -> tuple[File, ...]:
    """What came with a mail, where it is not too much.

    Whom only a rule names gets no mail of ours, as programs attach what they answer: its token would be theirs (M7).
    """
    if sum(len(file.data) for file in act.files) > _FILES:
        return ()
    return tuple(file for file in act.files if reader.id or not post.mint.holds_one(file.data, act.now.date()))


def alarm(about: Mapping[str, str], act: Act, post: Post, to: Reader | None = None) -> list[dict[str, Any]]:
    """The outbox rows that tell the manager, or who is named, of something that only a person can mend."""
    reader = to or act.staff.get(act.settings.desk.manager)
    return [_loose(NOTICES["alarm"], reader, about, act, post)] if reader is not None else []


def held_new(number: int, why: str, act: Act, post: Post) -> list[dict[str, Any]]:
    """The outbox rows that ask the lead of the first line what becomes of a mail that a rule lets wait.

    None where the lead was asked too often lately: whoever sends thousands must not bury them.
    """
    desk = act.settings.desk
    first = next(iter(desk.lines))
    reader = act.staff.get(desk.stand_in(desk.lead_of(first), first, act.now.date()))
    mail = act.mail
    if reader is None or mail is None or not caps.asks(reader, act):
        return []
    shown = mail.sender or mail.claimed
    links = {verb: page.to_desk(f"!{verb} {number}", act.settings) for verb in ("accept", "drop")}
    about = {
        "reason": why,
        "author": {"name": shown.name, "address": shown.address} if shown is not None else None,
        "new_subject": mail.subject,
        "text": mail.text,
        "links": links,
        "files": [{"name": one.name, "size": one.size} for one in mail.attachments],
    }
    return [_loose(NOTICES["held_new"], reader, about, act, post)]


def weekly(told: Mapping[str, Report], act: Act, post: Post) -> list[dict[str, Any]]:
    """The outbox rows that tell staff the figures of a week, each their own."""
    rows = []
    for staff, figures in told.items():
        reader = act.staff.get(staff)
        if reader is None:
            continue
        words = post.templates.words(reader.language)
        page = contents.Page(Notified("report", (), report.told(figures)), reader, None, act, words)
        # the days of the week are those of the desk, wherever its reader is
        about = {**contents.loose(page), "zone": contents.zone(act.settings)}
        rows.append(_loose(NOTICES["report"], reader, about, act, post))
    return rows


def answers(notices: Sequence[Notified], act: Act, post: Post) -> list[dict[str, Any]]:
    """The outbox rows that answer an agent's question which belongs to no ticket."""
    reader = act.staff.get(act.actor)
    if reader is None:
        return []
    words = post.templates.words(reader.language)
    return [
        _loose(NOTICES[one.notice], reader, contents.loose(contents.Page(one, reader, None, act, words)), act, post)
        for one in notices
    ]


def _loose(notice: Notice, reader: Reader, about: Mapping[str, Any], act: Act, post: Post) -> dict[str, Any]:
    """A letter that belongs to no ticket, so it takes no answer."""
    settings = act.settings
    message_id = f"{notice.name}.{secrets.token_hex(6)}@{settings.instance}"
    desk = {"name": settings.desk.name, "address": settings.accounts[0].address}
    letter = replace(_addressed(notice, reader, message_id, act), values={"desk": desk, **about})
    if act.mail is not None and act.actor == reader.staff:
        answered = act.mail.message_id
        letter = replace(letter, in_reply_to=answered, references=(answered,) if answered else ())
    return _finished(letter, "", None, act, post)


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
