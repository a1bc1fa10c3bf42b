"""STORY 3: one mail of the outbox is claimed, sent, and settled by what the server said.

Between the mark "started" and its settlement nobody may know whether the mail went out; the outbox says what that means
for which mail (M3). One refused recipient concerns one row and nobody else (B30).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from maild.desk import db, letters, outbox, people, tickets
from maild.desk.models import Outgoing
from maild.errors import Unavailable
from maild.policy.changes import Noted, Notified
from maild.policy.notices import NOTICES
from maild.stage import Stage
from maild.wire.smtp import Broken, Outcome, Refused, Sender, Sent

log = structlog.get_logger("outgoing")

BATCH = 20  # two stalls of five minutes fit into the lease of one claim
_NOBODY = re.compile(r"\b5\.1\.\d")  # RFC 3463, 3.2: what is wrong is the address (B19)
_SERVER_AWAY = timedelta(minutes=5)
_PATIENCE = 300  # seconds to wait for the database with an answer in hand; the lease is longer


def send_due(
    stage: Stage, sender: Sender, clock: Callable[[], datetime], stopping: Callable[[], bool] = lambda: False
) -> int:
    """Send what is due, at most one claim of it; how many mails were tried. 0: nothing is due.

    Raises Unavailable where the server cannot be reached: the other mails are given back untried.
    """
    claimed = outbox.claim(stage.owner, clock(), BATCH)
    settled: list[tuple[Outgoing, Mapping[str, Any]]] = []
    broken: Broken | None = None
    for row in claimed:
        if stopping() or broken:
            break
        try:
            mine = outbox.start(row, clock(), settled)
        except Unavailable:
            _settle(settled, stopping)
            raise
        if mine:
            answer = sender.send(row.envelope_from, row.recipient, bytes(row.data))
            settled = [(row, _outcome(stage, row, answer, clock()))]
            broken = answer if isinstance(answer, Broken) else None
    _settle(settled, stopping)
    if stopping() or broken:
        outbox.release(claimed)
    if broken:
        raise Unavailable(broken.text)
    return len(claimed)


def _settle(settled: list[tuple[Outgoing, Mapping[str, Any]]], stopping: Callable[[], bool]) -> None:
    """Write down what the server said, also when the database is away for a while: else it would be in doubt (M3)."""
    for _ in range(_PATIENCE):
        try:
            outbox.settle(settled)
        except Unavailable:
            if stopping():
                break
            time.sleep(1)
        else:
            return
    outbox.settle(settled)


def _outcome(stage: Stage, row: Outgoing, answer: Outcome, now: datetime) -> Mapping[str, Any]:
    """What the row of a mail becomes by what the server said."""
    if isinstance(answer, Sent):
        log.info("sent", mail=row.id, notice=row.notice, to=row.recipient, message_id=row.message_id)
        return outbox.sent(now, answer.text)
    log.warning("not sent", mail=row.id, notice=row.notice, to=row.recipient, answer=answer.text)
    if isinstance(answer, Broken) and answer.doubt and NOTICES[row.notice].once:
        return outbox.doubtful(now, answer.text)
    if isinstance(answer, Refused) and answer.permanent:
        _undelivered(stage, row, f"{answer.code} {answer.text}", now)
        return outbox.refused(now, answer.text)
    # a server that is away says nothing about the mail: it goes out soon after the server is back
    most = _SERVER_AWAY if isinstance(answer, Broken) else timedelta.max
    values = outbox.later(row, now, answer.text, most=most)
    if values.get("state") == "failed":
        _undelivered(stage, row, answer.text, now)
    return values


def _undelivered(stage: Stage, row: Outgoing, diagnostic: str, now: datetime) -> None:
    """Say that a mail failed; that this cannot be said must not keep the mails behind it."""
    try:
        _tell(stage, row, diagnostic, now)
    except Unavailable:
        raise
    except Exception:  # the row itself says that it failed
        log.exception("nobody could be told of a mail that failed", mail=row.id)


def _tell(stage: Stage, row: Outgoing, diagnostic: str, now: datetime) -> None:
    """The ticket notes it, and the agent is told that the requester does not know (B30). Never by the failing way.

    It runs before the row is settled: a crash between the two tells the agent twice, which is better than never.
    """
    ticket_id = row.__data__["ticket"]
    if ticket_id is None:
        return
    to_staff = row.recipient in {member.address for member in stage.staff.values()}
    with db.transaction():
        noted = Noted("undelivered", f"{row.notice} to {row.recipient}: {diagnostic}"[:500], "maild")
        told = Notified(
            "undelivered", ("owner",), {"address": row.recipient, "diagnostic": diagnostic, "action": "failed"}
        )
        ticket = tickets.lock(ticket_id)  # first, as all do: two orders of locks are a deadlock
        if _NOBODY.search(diagnostic):
            people.bounced_at(row.recipient, now)
        act = stage.act(now)
        applied = tickets.apply(ticket, [noted] if to_staff else [noted, told], act)
        outbox.put(letters.write(applied, act, stage.post))
