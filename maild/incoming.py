"""STORY 2: one mail of the ledger becomes ticket changes, events and outgoing mails, or a recorded reason for none.

A batch is claimed (the attempt is counted before anything is parsed), read outside this process, and settled in one
transaction with a savepoint for each mail: what a mail causes and its fate are committed together (M1-M5).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from maild import hearing
from maild.desk import contents, db, held, inbox, letters, lookup, outbox, people, tickets
from maild.desk.models import Incoming, Ticket
from maild.errors import Unavailable, Unreadable
from maild.hearing import Heard
from maild.mail.message import Mail, Reading
from maild.mail.sandbox import Reader
from maild.outcome import CommandOutcome, Fate
from maild.policy import agent, decide, opening
from maild.policy.changes import Noted, Notified
from maild.policy.decision import Decision
from maild.policy.facts import Facts
from maild.stage import Stage

log = structlog.get_logger("incoming")

BATCH = 50
_AGAIN = timedelta(seconds=30)
_TWICE = timedelta(hours=1)  # B36


@dataclass(frozen=True, slots=True)
class _Batch:
    """Mails that were claimed, and the readings of those not given up, which may still be on their way."""

    rows: list[Incoming]
    readings: Future[list[Reading | Unreadable]]


class Process:
    """Story 2 as a loop: while one batch is settled here, the next is being read in the reader's process."""

    def __init__(self, reader: Reader, clock: Callable[[], datetime], limit: int = BATCH) -> None:
        self._reader, self._clock, self._limit = reader, clock, limit
        self._ahead = ThreadPoolExecutor(1, "reading")
        self._next: _Batch | None = None

    def step(self, stage: Stage) -> int:
        """Settle one batch; how many mails it had. 0: nothing waits."""
        batch, self._next = self._next or self._claim(stage), None
        if batch is None:
            return 0
        try:
            # what was tried before may take us down: nothing else is in flight meanwhile
            self._next = self._claim(stage) if all(row.attempts == 1 for row in batch.rows) else None
            readings = batch.readings.result()
        except Unavailable:
            inbox.give_back(batch.rows)
            raise
        self._settle(stage, batch, readings)
        return len(batch.rows)

    def close(self) -> None:
        """Give back what was claimed and not settled."""
        self._ahead.shutdown(wait=True, cancel_futures=True)
        if self._next is not None:
            inbox.give_back(self._next.rows)
            self._next = None

    def _claim(self, stage: Stage) -> _Batch | None:
        rows = inbox.claim(stage.owner, self._clock(), self._limit)
        if not rows:
            return None
        kept = [row for row in rows if not _given_up(row)]
        raws = inbox.raw(kept)
        return _Batch(rows, self._ahead.submit(self._reader.read_many, [raws[row.id] for row in kept]))

    def _settle(self, stage: Stage, batch: _Batch, readings: list[Reading | Unreadable]) -> None:
        now = self._clock()
        waiting = iter(readings)
        with db.transaction():
            for row in batch.rows:
                if _given_up(row):
                    reason = row.reason or "it took the daemon down"
                    _quarantine(stage, row, f"tried {row.attempts - 1} times: {reason}", now)
                else:
                    _settle(stage, row, next(waiting), now)


def _given_up(row: Incoming) -> bool:
    return row.attempts > inbox.ATTEMPTS  # it was tried that often before, and nobody lived to tell


def process(stage: Stage, reader: Reader, clock: Callable[[], datetime], limit: int = BATCH) -> int:
    """Handle all that waits, batch by batch; how many mails were handled."""
    work, handled = Process(reader, clock, limit), 0
    try:
        while count := work.step(stage):
            handled += count
    finally:
        work.close()
    return handled


def _settle(stage: Stage, row: Incoming, reading: Reading | Unreadable, now: datetime) -> None:
    if isinstance(reading, Unreadable):
        _quarantine(stage, row, str(reading), now)
        return
    try:
        with db.savepoint():
            handle(stage, row, reading, now)
    except Unavailable:
        raise
    except inbox.Lost:  # its lease ran out while it was read: what it caused here is undone
        log.warning("somebody else has this mail by now", mail=row.id, message_id=reading.mail.message_id)
    except db.GONE as e:
        raise Unavailable(f"the database does not answer: {e}") from e
    except Exception as e:  # M5: one mail never blocks the next, whatever it is that it breaks
        log.exception("a mail could not be handled", mail=row.id, message_id=reading.mail.message_id)
        why = f"{type(e).__name__}: {e}"
        if row.attempts >= inbox.ATTEMPTS:
            _quarantine(stage, row, f"tried {row.attempts} times: {why}", now)
        else:
            inbox.release(row, why, now + _AGAIN)


def _quarantine(stage: Stage, row: Incoming, reason: str, now: datetime) -> None:
    """Put a mail aside, with its reason; the manager hears of it, once an hour at most (M5)."""
    try:
        inbox.finish(row, Fate("quarantined", reason), now)
    except inbox.Lost:
        return
    log.error("quarantined", mail=row.id, source=row.source, reason=reason)
    _alarm(stage, row, reason, f"maild quarantine show {row.id}", now)


def _alarm(stage: Stage, row: Incoming, reason: str, advice: str, now: datetime) -> None:
    """The manager hears of a mail that waits for a person and belongs to no ticket, once an hour at most."""
    try:
        with db.savepoint():
            if not outbox.alarmed(now):
                about = {"what": reason, "where": row.source, "advice": advice}
                outbox.put(letters.alarm(about, stage.act(now, incoming=row.id), stage.post))
    except db.GONE as e:
        raise Unavailable(f"the database does not answer: {e}") from e
    except Exception:  # M5: that nobody could be told must not keep the mails behind it
        log.exception("nobody could be told of a mail that waits", mail=row.id)


def handle(stage: Stage, row: Incoming, reading: Reading, now: datetime) -> Fate:
    """Settle one mail inside the open transaction: find its ticket and sender, decide, apply, write the mails."""
    mail = reading.mail
    db.one_at_a_time(mail.derived_id)  # B11: the same mail may have come by another account, at another machine
    twin = inbox.same(mail)
    if twin is not None and twin.id != row.id:  # a mail that was held is its own twin
        fate = Fate("duplicate", f"the same mail as {twin.source}", kind=mail.kind, sender=twin.sender or "")
        return _finish(row, fate, now, reading, twin.__data__["ticket"])

    heard = hearing.hear(stage, row, reading, now)
    twin = said_again(row, mail, heard, now)
    if twin is not None:
        outbox.receipt_again(twin, now)
        why = f"the same words as {twin.source}, sent again"
        fate = Fate("duplicate", why, kind=mail.kind, sender=heard.sender.address, verdict="agent")
        return _finish(row, fate, now, reading, twin.__data__["ticket"])

    heard, decision = decided(stage, heard)
    if decision.tired:
        log.warning("patterns took too long; their rules were left out", mail=row.id, patterns=decision.tired)
    ticket = carry_out(stage, row, heard, decision)
    fate = Fate(
        decision.fate,
        decision.reason,
        ticket=ticket.key if ticket is not None else None,
        created=decision.opens,
        kind=mail.kind,
        evidence=heard.found.evidence,
        sender=heard.sender.address,
        verdict=heard.sender.verdict,
        commands=outcomes(stage, decision),
    )
    return _finish(row, fate, now, reading, ticket.id if ticket is not None else None)


def decided(stage: Stage, heard: Heard) -> tuple[Heard, Decision]:
    """What shall become of a mail; and the mail as it was heard in the end, on the ticket where a rule gathers it."""
    decision = decide.decide(heard.facts, stage.settings.desk, stage.settings.rules)
    if not decision.group:
        return heard, decision
    db.one_at_a_time(decision.group)  # two alike may come at once, at two machines
    there = hearing.gathered(heard, decision.group)
    if there is None or there.facts.ticket is None:
        return heard, decision
    return there, opening.gathers(there.facts, there.facts.ticket, decision.reason)


def carry_out(stage: Stage, row: Incoming, heard: Heard, decision: Decision) -> Ticket | None:
    """Do what was decided: the ticket, the other tickets, the mails; the ticket that the mail is filed under."""
    facts, found, sender = heard.facts, heard.found, heard.sender
    act = stage.act(
        facts.now,
        actor=sender.actor,
        incoming=row.id,
        mail=facts.mail,
        files=heard.files,
        again=facts.said is not None,
    )
    ticket = None
    if decision.changes:
        extra = [Noted("conflict", found.conflict, "maild")] if found.conflict else []
        applied = tickets.apply(None if decision.opens else found.ticket, [*decision.changes, *extra], act)
        written = [applied]
        ticket = applied.ticket
    else:
        written = []
    for key, changes in decision.others:
        other = tickets.by_key(key)
        if not all(isinstance(change, Notified) for change in changes):
            other = tickets.lock(other.id)
        written.append(tickets.apply(other, changes, replace(act, files=())))
    outbox.put(letters.write_all(written, act, stage.post))
    for released in decision.released:
        held.release(released.mail, released.how, released.by)
    if decision.answers:
        outbox.put(letters.answers(decision.answers, act, stage.post))
    if decision.fate == "held" and ticket is None:  # a rule lets it wait
        rows = letters.held_new(row.id, decision.reason, replace(act, actor=""), stage.post)
        outbox.put(rows)
        if not rows:  # so many were told of that a list tells more
            _alarm(stage, row, decision.reason, "maild held list", facts.now)
    if decision.changes and sender.vouched:
        people.proved(sender.address)
    if decision.changes and facts.mail.bounce is not None:
        _note_bounce(facts, found.person, facts.now)
    return ticket


def said_again(row: Incoming, mail: Mail, heard: Heard, now: datetime) -> Incoming | None:
    """An agent's mail that came before under another Message-ID: who presses the button twice means it once (B36)."""
    ticket = heard.found.ticket
    if heard.sender.verdict != "agent" or row.released:
        return None
    if ticket is None or agent.opens_first(heard.facts):
        return inbox.opened_before(mail, heard.sender.address, now - _TWICE)
    twin = inbox.said_again(row, mail, ticket.id, heard.sender.address, now - _TWICE)
    if twin is None or not _answers_the_same(ticket, twin, mail):
        return None
    # a command in the plus-address is not among the words that were compared
    verb = next((one["line"][1:] for one in twin.commands or () if one["line"].startswith("+")), "")
    return twin if verb == heard.facts.verb else None


def _answers_the_same(ticket: Ticket, twin: Incoming, mail: Mail) -> bool:
    """Whether both answer one mail; where neither says what it answers, whether nothing happened between them."""
    answered = inbox.answered(twin)
    if answered or mail.in_reply_to:
        return answered == next(iter(mail.in_reply_to), None)
    return not lookup.went_on(ticket, twin.id)


def _finish(row: Incoming, fate: Fate, now: datetime, reading: Reading, ticket: int | None) -> Fate:
    inbox.finish(row, fate, now, reading.mail, ticket)
    log.info(
        fate.fate,
        mail=row.id,
        ticket=fate.ticket,
        message_id=reading.mail.message_id,
        kind=fate.kind,
        verdict=fate.verdict,
        evidence=fate.evidence,
        reason=fate.reason,
    )
    return fate


def _note_bounce(facts: Facts, person: int | None, now: datetime) -> None:
    """A hard bounce stops automatic mail to that address, and the delivery is marked (B18, B19).

    Anybody can write a report that names any address: only the token of the mail that bounced says whose it was.
    """
    bounce = facts.mail.bounce
    if bounce is None or bounce.action != "failed" or person is None:
        return
    if bounce.original_message_id:
        outbox.bounced(bounce.original_message_id, bounce.diagnostic or bounce.status or "bounced", now)
    if (bounce.status or "").startswith("5.1."):
        people.bounced(person, now)


def outcomes(stage: Stage, decision: Decision) -> tuple[CommandOutcome, ...]:
    """What came of each command, in English, for the ledger and for scripts."""
    words = stage.post.templates.words("en")
    return tuple(CommandOutcome(c.line, c.result, contents.said(c.says, words, "UTC")) for c in decision.commands)
