"""What would happen to one mail and why, writing nothing (`maild explain`).

The mail is handled by the very steps of story 2, in a transaction that is given up at the end. So what is told is what
would be done, and there is no second opinion about it. It may run beside the daemon, which waits for it as for any
other writer. On PostgreSQL the numbers it took stay taken: the next ticket may have a number more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import structlog

from maild import hearing, incoming
from maild.config import Settings
from maild.desk import clocks, conversation, db, inbox, outbox, story
from maild.desk.models import Clock, Incoming, Outgoing, Ticket
from maild.errors import MaildError, Unreadable
from maild.hearing import Heard
from maild.mail.message import Mail, Reading
from maild.policy import decide, rules, ruling
from maild.policy.changes import Tagged
from maild.policy.checks import show
from maild.policy.decision import Decision
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene
from maild.stage import Stage, open_as_it_is, open_database, prepare, reader_of, template_problem

log = structlog.get_logger("explain")

_EMPTY = "there is no database yet: an empty one stood in for it, so no ticket and nobody is known"


@dataclass(frozen=True, slots=True)
class Question:
    """The mail that is asked about."""

    raw: bytes
    source: str  # in words
    account: str
    whole: bool = False  # tell the mails that would go out to the last byte


def explain(settings: Settings, asked: Question, now: datetime) -> dict[str, Any]:
    """The whole account of one mail; "quarantined" where it cannot be read, with the reason."""
    with reader_of(settings) as reader:
        reading = reader.read_many([asked.raw])[0]
    return answer(settings, reading, asked, now)


def answer(settings: Settings, reading: Reading | Unreadable, asked: Question, now: datetime) -> dict[str, Any]:
    """The same of a mail that was read already."""
    head = {"source": asked.source, "account": asked.account}
    if isinstance(reading, Unreadable):
        return {**head, "fate": "quarantined", "reason": str(reading)}
    with _database(settings) as (there, note):
        try:
            with db.given_up():
                return {**tell(prepare(there, now, template_problem), reading, asked, now), "note": note}
        except (MaildError, *db.GONE):
            raise
        except Exception as e:  # M5: what breaks on a mail would put it aside; that is the answer
            log.exception("this mail cannot be handled", source=asked.source)
            why = f"it cannot be handled, and is put aside after {inbox.ATTEMPTS} attempts: {type(e).__name__}: {e}"
            return {**head, "fate": "quarantined", "reason": why}


@contextmanager
def _database(settings: Settings) -> Iterator[tuple[Settings, str | None]]:
    """The database in force, as it is; where there is none yet, an empty one that is thrown away, and a word of it."""
    if open_as_it_is(settings):
        yield settings, None
        return
    with tempfile.TemporaryDirectory(prefix="maild-explain-") as folder:
        empty = replace(settings, database=f"sqlite://{Path(folder) / 'maild.db'}")
        open_database(empty)
        try:
            yield empty, _EMPTY
        finally:
            db.close()


def tell(stage: Stage, reading: Reading, asked: Question, now: datetime) -> dict[str, Any]:
    """The same inside a transaction that the caller gives up."""
    (number,) = inbox.take_in([inbox.Arrival(asked.account, asked.source, asked.raw, now)], now)
    row, mail = inbox.get(number), reading.mail
    twin = inbox.same(mail)
    if twin is not None and twin.created:  # it came before, and what it opened then must not be found by it now
        conversation.forget(mail, twin.__data__["ticket"])
    heard = hearing.hear(stage, row, reading, now)
    again = incoming.said_again(row, mail, heard, now) if twin is None else None
    first, (heard, decision) = heard, incoming.decided(stage, heard)
    evidence, before = _evidence(stage, heard, mail, now), _hands(heard.found.ticket)
    ticket, mails = _carried_out(stage, row, heard, decision, again)
    return {
        "source": asked.source,
        "account": heard.account.name,
        "says": _says(heard),
        "sender": _sender(heard),
        "evidence": evidence,
        "belongs_to": heard.found.ticket.key if heard.found.ticket is not None else None,
        "conflict": heard.found.conflict,
        "internal": heard.facts.internal,
        "came_before": inbox.fate_json(twin) if twin is not None else None,
        "fate": "duplicate" if again is not None else decision.fate,
        "reason": f"the same words as {again.source}, sent again" if again is not None else decision.reason,
        "ticket": ticket.key if ticket is not None else None,
        "created": decision.opens and again is None,
        "commands": [
            {"line": one.line, "result": one.result, "message": one.message}
            for one in incoming.outcomes(stage, decision)
        ],
        **_rules(stage, first),
        "changes": story.caused_by(number),
        "clocks": _clocks(stage, before, ticket, now),
        "mails": [_mail(one, asked.whole) for one in mails],
    }


def _carried_out(
    stage: Stage, row: Incoming, heard: Heard, decision: Decision, again: Incoming | None
) -> tuple[Ticket | None, Sequence[Outgoing]]:
    """What is decided is done, as story 2 does it: the ticket, and the mails."""
    if again is None:
        ticket = incoming.carry_out(stage, row, heard, decision)
        return ticket, outbox.caused_by(row.id)
    old = {one.id for one in outbox.caused_by(again.id)}
    outbox.receipt_again(again, heard.facts.now)
    return heard.found.ticket, [one for one in outbox.caused_by(again.id) if one.id not in old]


def _says(heard: Heard) -> dict[str, Any]:
    mail = heard.facts.mail
    names = ("message_id", "subject", "kind", "kind_why", "answerable", "language", "reply", "truncated", "defects")
    return {
        **{name: getattr(mail, name) for name in names},
        "attachments": [{"name": one.name, "type": one.type, "size": one.size} for one in mail.attachments],
    }


def _sender(heard: Heard) -> dict[str, Any]:
    """Who was believed, and why."""
    mail, sender = heard.facts.mail, heard.sender
    shown = mail.sender or mail.claimed
    return {
        "from": f"{shown.name} <{shown.address}>".strip() if shown else None,
        "from_ok": mail.from_ok,
        "from_why": mail.from_why,
        "authentication_results": list(mail.authentication_results[:1]),
        "authserv": heard.account.authserv,
        "address": sender.address or None,
        "verdict": sender.verdict,
        "actor": sender.actor or None,
        "vouched": sender.vouched,
        "why": sender.why,
    }


def _evidence(stage: Stage, heard: Heard, mail: Mail, now: datetime) -> list[dict[str, str | None]]:
    """All evidence, the strongest first; what is void comes last. `mail` is as it came, its tokens in it."""
    trail = conversation.trail(mail, (), stage.post.mint, now.date())
    found = heard.found
    if found.ticket is None or any(one["ticket"] == found.ticket.key and not one["void"] for one in trail):
        return trail
    bare = {"token_of": None, "merged": found.merged, "void": None}
    return [{"evidence": found.evidence, "ticket": found.ticket.key, **bare}, *trail]  # an agent's `!on KEY`


def _rules(stage: Stage, heard: Heard) -> dict[str, Any]:
    """On what occasions the rules are asked, and each with what it did, or its first condition that failed."""
    desk, ruleset, facts = stage.settings.desk, stage.settings.rules, heard.facts
    bare = decide.decide(facts, desk, Ruleset())
    if bare.opens:
        scene, occasions = Scene.of(replace(facts, ticket=None), desk), frozenset({"opened"})
    elif (found := ruling.occasion(bare, facts, desk)) is not None:
        scene, occasions = found
    else:
        return {"rules": [], "rules_on": [], "rules_not_asked": bare.reason}
    said = rules.evaluate(ruleset, scene, occasions, explained=True)
    told = {one.rule: _told(one, ", ".join(_did(one)) or "nothing", matched=True) for one in said.applied}
    told |= {one.rule: _told(one, one.why, matched=False) for one in said.missed}
    does = {rule.name: {"would": show(dict(rule.does)), "line": rule.line} for rule in ruleset}
    each = [{**told[rule.name], **does[rule.name]} for rule in ruleset if rule.name in told]
    return {"rules": each, "rules_on": sorted(occasions), "rules_not_asked": None}


def _told(one: rules.Applied | rules.Missed, why: str, *, matched: bool) -> dict[str, Any]:
    first = next((i for i, told in enumerate(one.told) if told.depth == 0 and not told.holds), None)
    conditions = [
        {"depth": told.depth, "condition": told.words, "holds": told.holds, "first_failed": i == first}
        for i, told in enumerate(one.told)
    ]
    return {"rule": one.rule, "matched": matched, "why": why, "conditions": conditions}


def _did(one: rules.Applied) -> Iterator[str]:
    for change in one.changes:
        yield f"tag {change.tag}" if isinstance(change, Tagged) else f"{change.field} = {change.value}"
    if one.acknowledge is not None:
        yield f"acknowledge: {one.acknowledge}"
    if one.prepared:
        yield f"its text: {one.prepared}"
    for name in ("drop", "hold", "reply", "note"):
        if getattr(one, name):
            yield f"{name}: {getattr(one, name)}"
    if one.notify or one.addresses:
        yield f"notify: {', '.join((*one.notify, *one.addresses))}"
    if one.forward:
        yield f"forward: {', '.join(one.forward)}"
    if one.group:
        yield f"group_by: {one.group.strip(chr(0))}"


# -- clocks ------------------------------------------------------------------------------------------------------------


def _hands(ticket: Ticket | None) -> dict[int, dict[str, Any]]:
    """How the clocks of a ticket stand, by their number."""
    return {row.id: dict(row.__data__) for row in clocks.of(ticket)} if ticket is not None else {}


def _clocks(
    stage: Stage, before: dict[int, dict[str, Any]], ticket: Ticket | None, now: datetime
) -> list[dict[str, Any]]:
    """The clocks of the ticket afterwards, each with what happens to it; None: nothing."""
    rows = clocks.of(ticket) if ticket is not None else ()
    told = clocks.as_json(rows, stage.settings.desk.levels, now)
    return [{**one, "change": _turn(before.get(row.id), row)} for row, one in zip(rows, told, strict=True)]


_TURNS: tuple[tuple[str, Callable[[dict[str, Any], Clock], bool]], ...] = (
    ("stops", lambda was, row: was["stopped_at"] is None and row.stopped_at is not None),
    ("stands still", lambda was, row: was["paused_at"] is None and row.paused_at is not None),
    ("goes on", lambda was, row: row.stopped_at is None and was["stopped_at"] is not None),
    ("goes on", lambda was, row: row.paused_at is None and was["paused_at"] is not None),
    ("is due at another time", lambda was, row: bool(was["due_at"] != row.due_at)),
)


def _turn(was: dict[str, Any] | None, row: Clock) -> str | None:
    if was is None:
        return "starts"
    return next((words for words, fits in _TURNS if fits(was, row)), None)


# -- mails -------------------------------------------------------------------------------------------------------------


def _mail(row: Outgoing, whole: bool) -> dict[str, Any]:
    mail = message_from_bytes(bytes(row.data), policy=policy.default)
    told = {
        "notice": row.notice,
        "to": row.recipient,
        "subject": str(mail["Subject"] or ""),
        "language": mail["Content-Language"],
    }
    if not whole:
        return told
    plain = mail.get_body(("plain",))
    text = str(plain.get_content()).replace("\r\n", "\n") if plain else ""
    return {**told, "text": text, "raw": bytes(row.data).decode("utf-8", "replace")}
