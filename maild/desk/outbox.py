"""The outbox: finished mails that wait, each claimed by one sender at a time, each settled once (M3).

A row is claimed with a lease and a fencing number. Just before its bytes are given to the connection it is marked as
started, and after the answer it is settled. These two marks outlive the death of the process, not a power cut; so a
claim names the boot of the machine, and after another boot every claimed row counts as started. A started row without
an answer is in doubt: it is sent again with the same Message-ID, but a mail of the kind that is sent `once` waits for a
person as "doubtful".

(On PostgreSQL the marks outlive us and the client's machine; a crash of the database server itself may lose the last
ones, and then a mail that was sent in that moment is sent again.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from maild.desk import db
from maild.desk.models import Incoming, Outgoing
from maild.desk.prepared import Insert, Statement
from maild.errors import MaildError, UnknownThing
from maild.mail import address
from maild.policy.notices import NOTICES

LEASE = timedelta(minutes=10)
_STOPPED = "maild stopped while it was being sent"
_TOO_OLD = timedelta(days=2)  # B31: an acknowledgement that could not go out for so long asks a person
_ALARM = timedelta(hours=1)
_PUT = Insert(Outgoing)
_START = Statement(
    lambda at, until, number, fence: Outgoing.update(started_at=at, lease_until=until).where(_mine(number, fence)), 4
)
_SENT = Statement(
    lambda at, answer, number, fence: Outgoing.update(
        state="sent", done_at=at, answer=answer, attempts=Outgoing.attempts + 1, **_FREE
    ).where(_mine(number, fence)),
    4,
)
_GIVE_UP = timedelta(days=5)  # RFC 5321, 4.5.4.1: four to five days
_WAITS = (60, 300, 900, 1800, 3600, 7200, 14400)  # seconds between attempts; the last one repeats


def put(rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep finished mails, in the transaction of the change that caused them."""
    _PUT.rows({**row, "correspondent": address.correspondent(row["recipient"])} for row in rows)


def caused_by(incoming: int) -> list[Outgoing]:
    """The mails that one mail of the ledger caused just now."""
    newest = Outgoing.select().order_by(Outgoing.id.desc()).limit(_NEWEST)
    return [row for row in reversed(list(newest)) if row.__data__["incoming"] == incoming]


_NEWEST = 300  # mails that one mail can cause, and more


_ANSWERS = ("receipt", "stale", "help", "why", "shown", "similar", "tickets")  # what goes to the writer alone


def receipt_again(of: Incoming, now: datetime) -> None:
    """What a mail of the ledger was answered to its writer goes out once more, the same to the last byte (B36)."""
    caused = (Outgoing.ticket == of.__data__["ticket"]) & (Outgoing.incoming == of.id)  # the first is on an index
    rows = Outgoing.select().where(caused & (Outgoing.notice << _ANSWERS))
    names = ("ticket", "incoming", "notice", "automatic", "recipient", "envelope_from", "message_id", "data")
    once = {row.message_id: row for row in rows}.values()  # what went out once more before stands there as well
    put([{**{n: row.__data__[n] for n in names}, "created_at": now, "not_before": now} for row in once])


def claim(owner: str, now: datetime, limit: int) -> list[Outgoing]:
    """Take up to `limit` mails that are due, oldest first. Each is ours until its lease ends.

    One that another machine had begun when its lease ended is in doubt, as after a crash of ours (M3).
    """
    free = Outgoing.lease_until.is_null() | (Outgoing.lease_until < now)
    with db.transaction():
        due = list(
            Outgoing.select(Outgoing.id, Outgoing.notice, Outgoing.started_at)
            .where((Outgoing.state == "waiting") & (Outgoing.not_before <= now) & free)
            .order_by(Outgoing.id)
            .limit(limit)
        )
        in_doubt = [row.id for row in due if row.started_at is not None and NOTICES[row.notice].once]
        if in_doubt:
            aside = Outgoing.update(state="doubtful", done_at=now, answer=_STOPPED, fence=Outgoing.fence + 1, **_FREE)
            aside.where((Outgoing.id << in_doubt) & (Outgoing.state == "waiting") & free).execute()
        ids = [row.id for row in due if row.id not in in_doubt]
        if not ids:
            return []
        values = {"owner": owner, "lease_until": now + LEASE, "started_at": None, "fence": Outgoing.fence + 1}
        query = Outgoing.update(**values).where((Outgoing.id << ids) & (Outgoing.state == "waiting") & free)
        mine = {row.id: row for row in query.returning(Outgoing).execute()}
    return [mine[i] for i in ids if i in mine]


def recover(owner: str, now: datetime) -> int:
    """Free what this machine held when it died, and set aside what must not be sent a second time.

    `owner` is "machine:boot". Call it at the start, when no sender of this machine runs. Returns how many are doubtful.
    """
    machine = owner.partition(":")[0]
    doubtful = 0
    with db.transaction():
        held = Outgoing.select(Outgoing.id, Outgoing.notice, Outgoing.owner, Outgoing.started_at).where(
            (Outgoing.state == "waiting") & Outgoing.owner.startswith(f"{machine}:")
        )
        for row in list(held):
            started = row.started_at is not None or row.owner != owner
            in_doubt = started and NOTICES[row.notice].once
            values: dict[str, Any] = {"owner": None, "lease_until": None, "started_at": None}
            if in_doubt:
                values |= {"state": "doubtful", "done_at": now, "answer": _STOPPED}
                doubtful += 1
            Outgoing.update(**values).where(Outgoing.id == row.id).execute()
    return doubtful


def start(row: Outgoing, now: datetime, settled: Sequence[tuple[Outgoing, Mapping[str, Any]]] = ()) -> bool:
    """Mark that the connection gets this mail now, and settle those before it in the same breath.

    Its lease begins anew, since the mails before it may have taken most of it. False where the row is not ours any
    more: somebody cancelled it, or the lease ran out and it was claimed again.
    """
    with db.quickly():
        for done, values in settled:
            _settle(done, values)
        times = (Outgoing.started_at.db_value(at) for at in (now, now + LEASE))
        mine = _START.run(*times, row.id, row.fence)
    return bool(mine.rowcount)


def settle(settled: Sequence[tuple[Outgoing, Mapping[str, Any]]]) -> None:
    """Write down what came of mails that were sent."""
    if settled:
        with db.transaction():
            for row, values in settled:
                _settle(row, values)


def release(rows: Sequence[Outgoing]) -> None:
    """Give back what was claimed and not begun."""
    with db.transaction():
        for row in rows:
            Outgoing.update(**_FREE).where(_mine(row.id, row.fence) & Outgoing.started_at.is_null()).execute()


def sent(now: datetime, answer: str) -> dict[str, Any]:
    """The server took it."""
    return {"state": "sent", "done_at": now, "answer": answer[:500], "attempts": Outgoing.attempts + 1, **_FREE}


def refused(now: datetime, answer: str) -> dict[str, Any]:
    """The server will never take it."""
    return {"state": "failed", "done_at": now, "answer": answer[:500], "attempts": Outgoing.attempts + 1, **_FREE}


def doubtful(now: datetime, answer: str) -> dict[str, Any]:
    """Nobody knows whether it arrived, and a second one would do harm."""
    return {"state": "doubtful", "done_at": now, "answer": answer[:500], "attempts": Outgoing.attempts + 1, **_FREE}


def alarmed(now: datetime) -> bool:
    """Whether an alarm about a mail went out within the last hour: one is enough (B62)."""
    about_a_mail = (Outgoing.notice == "alarm") & Outgoing.incoming.is_null(False)
    return Outgoing.select().where(about_a_mail & (Outgoing.created_at > now - _ALARM)).exists()


def later(row: Outgoing, now: datetime, answer: str, *, most: timedelta = timedelta.max) -> dict[str, Any]:
    """Not now: again after a wait that grows to `most`, or a person decides where it is too old by then (B30, B31)."""
    wait = min(most, timedelta(seconds=_WAITS[min(row.attempts, len(_WAITS) - 1)]))
    values = {"answer": answer[:500], "attempts": Outgoing.attempts + 1, "not_before": now + wait, **_FREE}
    age = now + wait - row.created_at
    if age > _GIVE_UP:
        values |= {"state": "failed", "done_at": now}
    elif age > _TOO_OLD and NOTICES[row.notice].once:
        values |= {"state": "held", "done_at": now}
    return values


def bounced(message_id: str, diagnostic: str, now: datetime) -> None:
    """A mail that was sent came back: its delivery failed after all (B18)."""
    Outgoing.update(state="failed", done_at=now, answer=f"bounced: {diagnostic}"[:500]).where(
        (Outgoing.message_id == message_id) & (Outgoing.state == "sent")
    ).execute()


def listed(state: str | None, limit: int) -> list[Outgoing]:
    """Mails of the outbox, the newest first; without a state those that wait for something."""
    states = [state] if state else ["waiting", "doubtful", "held", "failed"]
    columns = [c for c in Outgoing._meta.sorted_fields if c.name != "data"]
    return list(Outgoing.select(*columns).where(Outgoing.state << states).order_by(Outgoing.id.desc()).limit(limit))


def get(number: int) -> Outgoing:
    """One mail of the outbox."""
    row: Outgoing | None = Outgoing.get_or_none(id=number)
    if row is None:
        raise UnknownThing(f"there is no mail {number} in the outbox")
    return row


def retry(number: int, now: datetime) -> None:
    """Send it after all, at once: the decision of a person."""
    _decide(get(number), {"state": "waiting", "not_before": now, "done_at": None, **_FREE})


def cancel(number: int, now: datetime) -> None:
    """It shall not be sent."""
    _decide(get(number), {"state": "cancelled", "done_at": now, "answer": "cancelled by a person", **_FREE})


_FREE: Mapping[str, Any] = {"owner": None, "lease_until": None, "started_at": None}


def _mine(number: Any, fence: Any) -> Any:
    """The row that was claimed, while nobody else claimed or decided about it."""
    return (Outgoing.id == number) & (Outgoing.fence == fence) & (Outgoing.state == "waiting")


def _settle(row: Outgoing, values: Mapping[str, Any]) -> None:
    if values.get("state") == "sent":  # nearly always: so it is prepared
        _SENT.run(Outgoing.done_at.db_value(values["done_at"]), values["answer"], row.id, row.fence)
    else:
        Outgoing.update(**values).where(_mine(row.id, row.fence)).execute()


def _decide(row: Outgoing, values: Mapping[str, Any]) -> None:
    with db.transaction():
        done = Outgoing.update(fence=Outgoing.fence + 1, **values).where(
            (Outgoing.id == row.id) & (Outgoing.state << ["waiting", "doubtful", "held", "failed"])
        )
        if not done.execute():
            raise MaildError(f"mail {row.id} is {row.state}: nothing can be done about it any more")
