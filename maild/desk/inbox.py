"""The ledger: what the sources handed over, each with one fate, and the raw bytes (M1, M2)."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import peewee as pw

from maild.desk import db, held
from maild.desk.models import Incoming, RawMail
from maild.desk.prepared import Insert, Select, Statement
from maild.errors import MaildError, UnknownThing
from maild.mail import header, references
from maild.mail.message import Mail
from maild.outcome import Fate, FateName

LEASE = timedelta(minutes=10)
_NOTHING = zlib.compress(b"")
_HEADER = 64_000  # bytes of a mail in which its In-Reply-To is looked for
_EMPTY = hashlib.sha256(b"").hexdigest()
BATCH_BYTES = 8_000_000  # that are read together
ATTEMPTS = 3  # M5: as often a mail may take the daemon down before it is put aside
_AT_ONCE = 10_000  # values of one statement: PostgreSQL takes 65,535, and a backlog may have more (B67)
FATES: tuple[FateName, ...] = ("filed", "duplicate", "ignored", "held", "quarantined")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail as a source hands it over."""

    account: str
    source: str  # in words, for people
    raw: bytes
    received_at: datetime
    folder: str | None = None
    uidvalidity: int | None = None
    uid: int | None = None
    envelope_from: str | None = None
    envelope_to: tuple[str, ...] = ()


_RAW = Insert(RawMail, ignore=True, returning=True)
_ARRIVED = Insert(Incoming, ignore=True, returning=True)


def take_in(arrivals: Sequence[Arrival], now: datetime) -> list[int]:
    """Keep mails and their bytes; when this returns they are committed. What is known already is not taken twice.

    Returns the ids of the new rows.
    """
    raws = {hashlib.sha256(a.raw).hexdigest(): a.raw for a in arrivals}
    rows = [
        {
            "account": a.account,
            "source": a.source,
            "folder": a.folder,
            "uidvalidity": a.uidvalidity,
            "uid": a.uid,
            "digest": hashlib.sha256(a.raw).hexdigest(),
            "received_at": a.received_at,
            "envelope_from": a.envelope_from,
            "envelope_to": list(a.envelope_to),
        }
        for a in arrivals
    ]
    packed = [
        {"digest": digest, "data": zlib.compress(raw, 1), "size": len(raw), "stored_at": now}
        for digest, raw in raws.items()
    ]
    with db.transaction():
        for row, kept in zip(packed, _RAW.rows(packed), strict=True):
            if kept is None:  # the same bytes came before: they are kept from now on, also where retention took them
                RawMail.update(row).where(RawMail.digest == row["digest"]).execute()
        return [number for number in _ARRIVED.rows(rows) if number is not None]


def known(account: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> set[int]:
    """Those of `uids` that were taken in already."""
    here = (Incoming.account == account) & (Incoming.folder == folder) & (Incoming.uidvalidity == uidvalidity)
    found: set[int] = set()
    for start in range(0, len(uids), _AT_ONCE):
        rows = Incoming.select(Incoming.uid).where(here & (Incoming.uid << uids[start : start + _AT_ONCE]))
        found |= {row.uid for row in rows if row.uid is not None}
    return found


def renumber(account: str, folder: str, uidvalidity: int, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """After a change of UIDVALIDITY: known mails get their new number, the unknown ones are returned (B61)."""
    unknown = []
    with db.transaction():
        for arrival in arrivals:
            digest = hashlib.sha256(arrival.raw).hexdigest()
            old = (
                Incoming.select(Incoming.id)
                .where(
                    (Incoming.account == account)
                    & (Incoming.folder == folder)
                    & (Incoming.uidvalidity != uidvalidity)
                    & (Incoming.digest == digest)
                )
                .order_by(Incoming.id)
                .first()
            )
            if old is None:
                unknown.append(arrival)
            else:
                values = {"uidvalidity": uidvalidity, "uid": arrival.uid}
                Incoming.update(**values).where(Incoming.id == old.id).execute()
    return unknown


def renumbered(account: str, folder: str, uidvalidity: int) -> bool:
    """Whether all that was taken in from this folder has other UIDVALIDITYs. Two looks into an index (M12)."""
    rows = Incoming.select(Incoming.id).where((Incoming.account == account) & (Incoming.folder == folder))
    return not rows.where(Incoming.uidvalidity == uidvalidity).exists() and rows.exists()


def claim(owner: str, now: datetime, limit: int) -> list[Incoming]:
    """Take waiting mails, oldest first, and count the attempt before anything is parsed.

    A mail that was tried before may be what took the daemon down. It comes alone, after all that are untried and the
    least tried first: so it delays nobody, and an innocent one is not there again at the next death.
    """
    at = Incoming.lease_until.db_value(now)
    with db.transaction():
        ids = _bounded(_UNTRIED.run(at, at, limit).fetchall()) or [row[0] for row in _TRIED.run(at, at).fetchall()]
        if not ids:
            return []
        query = Incoming.update(owner=owner, lease_until=now + LEASE, attempts=Incoming.attempts + 1).where(
            (Incoming.id << ids) & _waiting(now, now)
        )
        mine = {row.id: row for row in query.returning(Incoming).execute()}
    return [mine[i] for i in ids if i in mine]


def _waiting(now: Any, at: Any) -> Any:
    """That a mail waits and nobody has it; the time twice."""
    free = Incoming.lease_until.is_null() | (Incoming.lease_until < now)
    return Incoming.done_at.is_null() & free & (Incoming.not_before.is_null() | (Incoming.not_before <= at))


def _some(now: Any, at: Any) -> Any:
    return Incoming.select(Incoming.id, RawMail.size).join(RawMail).where(_waiting(now, at))


_UNTRIED = Statement(lambda now, at, n: _some(now, at).where(Incoming.attempts == 0).order_by(Incoming.id).limit(n), 3)
_TRIED = Statement(lambda now, at: _some(now, at).order_by(Incoming.attempts, Incoming.id).limit(1), 2)


def _bounded(rows: Iterable[tuple[int, int]]) -> list[int]:
    """The ids of the first rows that hold no more than a batch may, and one at least; a row is its id and its size."""
    found = list(rows)
    totals = accumulate(size for _, size in found)
    return [row[0] for row, total in zip(found, totals, strict=True) if total <= BATCH_BYTES or row is found[0]]


def recover(owner: str, *, lived: bool = False) -> None:
    """Free what this machine held when it died, or (`lived`) when the database went away under it.

    A mail is not to blame for the latter: its attempt does not count. No other reader of this machine may run.
    """
    machine = owner.partition(":")[0]
    with db.transaction():
        attempts = Incoming.attempts - 1 if lived else Incoming.attempts
        Incoming.update(owner=None, lease_until=None, attempts=attempts).where(
            Incoming.done_at.is_null() & Incoming.owner.startswith(f"{machine}:")
        ).execute()


class Lost(MaildError):
    """A mail is not ours any more: its lease ran out, and somebody else has it or had it."""


def release(row: Incoming, why: str, not_before: datetime) -> None:
    """It could not be handled now; again after `not_before`."""
    Incoming.update(owner=None, lease_until=None, reason=_kept(why), not_before=not_before).where(
        _mine(row.id, row.owner, row.attempts)
    ).execute()


def give_back(rows: Iterable[Incoming]) -> None:
    """Nothing could be done about these mails, and they are not to blame: the attempt does not count."""
    with db.transaction():
        for row in rows:
            Incoming.update(owner=None, lease_until=None, attempts=Incoming.attempts - 1).where(
                _mine(row.id, row.owner, row.attempts)
            ).execute()


def _mine(number: Any, owner: Any, attempts: Any) -> Any:
    """The row as it was claimed: each claim counts an attempt, so the count tells this one from a later one."""
    return (
        (Incoming.id == number)
        & (Incoming.owner == owner)
        & (Incoming.attempts == attempts)
        & Incoming.done_at.is_null()
    )


def raw(rows: Iterable[Incoming]) -> dict[int, bytes]:
    """The bytes of these mails, by row id."""
    rows = list(rows)
    digests = [row.__data__["digest"] for row in rows]
    packed = {row.digest: row.data for row in RawMail.select().where(RawMail.digest << digests)}
    return {row.id: zlib.decompress(packed[row.__data__["digest"]]) for row in rows}


_SAME = Select(
    Incoming,
    lambda message_id, digest: (
        Incoming.select()
        .where((Incoming.message_id == message_id) & (Incoming.content_digest == digest))
        .order_by(Incoming.id)
        .limit(1)
    ),
    2,
)


def same(mail: Mail) -> Incoming | None:
    """A mail that was handled before and says the same under the same Message-ID (B11)."""
    return _SAME.first(mail.derived_id, mail.content_digest)


_FATE = (
    *("done_at", "message_id", "content_digest", "fate", "reason", "ticket", "created", "kind", "evidence"),
    *("sender", "verdict", "commands"),
)
_FINISH = Statement(
    lambda *values: Incoming.update(owner=None, lease_until=None, **dict(zip(_FATE, values, strict=False))).where(
        _mine(*values[-3:])
    ),
    len(_FATE) + 3,
)


def finish(row: Incoming, fate: Fate, now: datetime, mail: Mail | None = None, ticket: int | None = None) -> None:
    """Write the one fate of a mail, in the transaction of what it caused. Raises Lost: undo what it caused (M2)."""
    values = {
        "done_at": now,
        "message_id": mail.derived_id if mail else None,
        "content_digest": mail.content_digest if mail else None,
        "fate": fate.fate,
        "reason": _kept(fate.reason),
        "ticket": ticket,
        "created": fate.created,
        "kind": fate.kind,
        "evidence": fate.evidence,
        "sender": fate.sender,
        "verdict": fate.verdict,
        "commands": [asdict(c) for c in fate.commands],
    }
    written = _FINISH.run(
        *(getattr(Incoming, name).db_value(values[name]) for name in _FATE), row.id, row.owner, row.attempts
    )
    if not written.rowcount:
        raise Lost(f"mail {row.id} is somebody else's by now")


def get(number: int) -> Incoming:
    """One row of the ledger."""
    row: Incoming | None = Incoming.get_or_none(id=number)
    if row is None:
        raise UnknownThing(f"there is no mail {number} in the ledger")
    return row


def _kept(reason: str) -> str:
    """A reason as any database takes it: what an exception says may hold parts of a mail."""
    return reason.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")[:2000]


def done(numbers: Sequence[int]) -> bool:
    """Whether all these mails have met their fate."""
    return not Incoming.select().where((Incoming.id << list(numbers)) & Incoming.done_at.is_null()).exists()


def fate_json(row: Incoming) -> dict[str, Any]:
    """A finished row as the *fate* object of interface.md."""
    return {
        "source": row.source,
        "fate": row.fate,
        "ticket": row.ticket.key if row.ticket else None,
        "created": row.created,
        "kind": row.kind,
        "evidence": row.evidence,
        "sender": row.sender,
        "verdict": row.verdict,
        "commands": row.commands or [],
        "reason": row.reason,
    }


def expire(before: datetime, limit: int) -> int:
    """Remove the bytes of mails that were kept long enough (retention); their rows and fates stay. How many."""
    waits = Incoming.select(Incoming.digest).where(held.IS_HELD)  # they are handled once more
    past = (RawMail.stored_at < before) & (RawMail.size > 0) & RawMail.digest.not_in(waits)
    old = RawMail.select(RawMail.digest).where(past).limit(limit)
    with db.transaction():
        return int(RawMail.update(data=_NOTHING, size=0).where(RawMail.digest << old).execute())


def with_fate(fate: FateName, limit: int) -> list[Incoming]:
    """Mails that met this fate, the newest first."""
    return list(Incoming.select().where(Incoming.fate == fate).order_by(Incoming.id.desc()).limit(limit))


def again(number: int) -> None:
    """A quarantined mail is handled once more: the decision of a person."""
    row = get(number)
    if not raw([row])[number] and row.digest.digest != _EMPTY:
        raise MaildError(f"the bytes of mail {number} are gone: their retention is over")
    with db.transaction():
        changed = Incoming.update(
            done_at=None, fate=None, attempts=0, not_before=None, owner=None, lease_until=None
        ).where((Incoming.id == number) & (Incoming.fate == "quarantined"))
        if not changed.execute():
            raise MaildError(f"mail {get(number).id} is not in quarantine")


def drop(number: int) -> None:
    """A quarantined mail is given up: the decision of a person. Its bytes stay until retention removes them."""
    with db.transaction():
        changed = Incoming.update(fate="ignored", reason="dropped from quarantine by a person").where(
            (Incoming.id == number) & (Incoming.fate == "quarantined")
        )
        if not changed.execute():
            raise MaildError(f"mail {get(number).id} is not in quarantine")


def answered(row: Incoming) -> str | None:
    """The Message-ID of the mail that a kept one says it answers (RFC 5322, 3.6.4)."""
    fields = header.split(raw([row])[row.id].replace(b"\r\n", b"\n")[:_HEADER])
    return next(iter(references.message_ids(" ".join(fields.raw("in-reply-to")[:1]))), None)


def opened_before(mail: Mail, sender: str, since: datetime) -> Incoming | None:
    """A mail by which an agent opened a ticket, where this one says the same word for word (B36)."""
    of_agents = Incoming.verdict == pw.SQL("'agent'")  # as the partial index says it
    same = (Incoming.content_digest == mail.content_digest) & (Incoming.sender == sender) & (Incoming.done_at > since)
    found: Incoming | None = Incoming.select().where(of_agents & same & Incoming.created).first()
    return found


def said_again(row: Incoming, mail: Mail, ticket: int, sender: str, since: datetime) -> Incoming | None:
    """The last mail of its sender to the ticket, where it says the same word for word, under another Message-ID (B36).

    The last alone: who takes, releases and takes again means each of them.
    """
    theirs = (Incoming.ticket == ticket) & (Incoming.sender == sender) & (Incoming.id != row.id)
    handled = Incoming.fate << ("filed", "held")
    last: Incoming | None = Incoming.select().where(theirs & handled).order_by(Incoming.id.desc()).first()
    same = last is not None and last.content_digest == mail.content_digest and last.done_at > since
    return last if same else None


def balance() -> list[dict[str, Any]]:
    """Per account and day: what came in, and what became of it.

    `well` holds where each mail waits or has one fate, and each filed one its ticket (M1).
    """
    query = """
        SELECT account, substr(received_at, 1, 10) AS day, count(*) AS mailbox,
               sum(CASE WHEN done_at IS NULL THEN 1 ELSE 0 END) AS waiting,
               sum(CASE WHEN fate = 'filed' AND ticket_id IS NULL THEN 1 ELSE 0 END) AS lost, {fates}
        FROM incoming GROUP BY account, day ORDER BY account, day"""
    columns = ", ".join(f"sum(CASE WHEN fate = '{f}' THEN 1 ELSE 0 END) AS {f}" for f in FATES)
    names = ("account", "day", "mailbox", "waiting", "lost", *FATES)
    out = []
    for values in db.database.execute_sql(query.format(fates=columns)).fetchall():
        row = dict(zip(names, values, strict=True))
        row["well"] = row["mailbox"] == row["waiting"] + sum(row[f] for f in FATES) and not row["lost"]
        out.append(row)
    return out
