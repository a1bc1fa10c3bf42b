"""What rules would have done differently to mails that opened tickets (`maild rules backtest`). Writes nothing.

Each mail is read again, and decided by the functions that the daemon runs, at the time and with the sender's proof
that it had then. What rules ask of the desk otherwise (who is a VIP, which categories there are) is asked of today's
desk.yaml. The language is the one that the ticket was opened with: by whom it was told is not kept.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from maild.config import Settings
from maild.config.trials import FIELDS
from maild.desk import inbox, lookup
from maild.desk.models import Event, Incoming, Ticket
from maild.errors import MaildError, Unreadable
from maild.mail.address import canonical
from maild.mail.message import Reading
from maild.mail.sandbox import Reader
from maild.policy import opening, rules
from maild.policy.changes import Changed, Tagged
from maild.policy.facts import Facts
from maild.policy.rules import Applied, Verdicts
from maild.policy.scene import Scene
from maild.stage import open_as_it_is, reads

_AT_ONCE = 50  # mails that are read together
_AHEAD = 4  # lots of them that are being read while one is decided
READERS = 2  # processes; a third brings nothing on two cores
_MOMENT = timedelta(microseconds=1)
_RULE = re.compile(r'rule "([^"]*)"')  # as the ticket's history names them
# What moves with what a rule sets
_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "priority": ("impact", "business", "urgency", "service", "category"),
    "business": ("service", "category"),
    "line": ("service", "category"),
    "impact": ("category",),
    "urgency": ("category",),
    "service": ("category",),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would be otherwise."""

    field: str
    was: Any
    would: Any
    rules: tuple[str, ...]  # that would make it so; none: a rule of then is missed, or desk.yaml was changed


@dataclass(frozen=True, slots=True)
class Tested:
    """One mail, tried on the rules."""

    mail: int  # its number in the ledger
    source: str
    ticket: str
    subject: str
    opened_at: datetime
    then: tuple[str, ...]  # the rules that the ticket's history names
    now: tuple[str, ...] = ()  # the rules that apply
    differences: tuple[Difference, ...] = ()
    unreadable: str = ""  # why it could not be tried


@dataclass(slots=True)
class Sum:
    """What one rule comes to."""

    then: int = 0
    matched: int = 0
    changed: int = 0


@dataclass(slots=True)
class Backtest:
    """The mails that can be tried, counted before the first is read."""

    settings: Settings
    numbers: Sequence[int]
    gone: int = 0  # whose bytes were not kept
    sums: dict[str, Sum] = field(default_factory=dict)

    def run(self) -> Iterator[Tested]:
        """Try all, in the order in which they came."""
        for rule in self.settings.rules:
            self.sums.setdefault(rule.name, Sum())
        with Reader(reads(self.settings), workers=READERS) as reader, ThreadPoolExecutor(READERS) as pool:
            for row, event, reading in _read(self.numbers, reader, pool):
                if reading is None:
                    self.gone += 1
                    continue
                tested = _tried(row, event, reading, self.settings)
                for name in tested.then:
                    self.sums.setdefault(name, Sum()).then += 1
                for name in tested.now:
                    self.sums[name].matched += 1
                for name in {one for difference in tested.differences for one in difference.rules}:
                    self.sums[name].changed += 1
                yield tested


def prepare(settings: Settings, since: datetime | None = None, limit: int | None = None) -> Backtest:
    """Find the mails that opened tickets: those since a time, the newest `limit` of them. Raises MaildError."""
    if not open_as_it_is(settings):
        raise MaildError(f"there is no database yet ({settings.database}), and so no stored mail")
    rows = Incoming.select(Incoming.id).where(Incoming.created)
    if since is not None:
        rows = rows.where(Incoming.received_at >= since)
    newest = [row.id for row in rows.order_by(Incoming.id.desc()).limit(limit)]
    return Backtest(settings, newest[::-1])


_Read = tuple[Incoming, Event, Reading | Unreadable | None]


def _read(numbers: Sequence[int], reader: Reader, pool: ThreadPoolExecutor) -> Iterator[_Read]:
    """Each mail with the event that it opened a ticket, and what it says; None where its bytes are gone."""
    ahead: deque[tuple[list[tuple[Incoming, Event]], dict[int, bytes], Future[list[Reading | Unreadable]]]] = deque()
    starts = iter(range(0, len(numbers), _AT_ONCE))
    while True:
        while len(ahead) < _AHEAD and (start := next(starts, None)) is not None:
            rows, raws = _fetched(numbers[start : start + _AT_ONCE])
            kept = [raws[row.id] for row, _ in rows if row.id in raws]
            ahead.append((rows, raws, pool.submit(reader.read_many, kept)))
        if not ahead:
            return
        rows, raws, waiting = ahead.popleft()
        readings = iter(waiting.result())
        for row, event in rows:
            yield row, event, next(readings) if row.id in raws else None


def _fetched(numbers: Sequence[int]) -> tuple[list[tuple[Incoming, Event]], dict[int, bytes]]:
    rows = list(Incoming.select().where(Incoming.id << list(numbers)).order_by(Incoming.id))
    opened = (Event.kind == "opened") & (Event.ticket << [row.__data__["ticket"] for row in rows])  # by its index
    events = {event.__data__["incoming"]: event for event in Event.select(Event, Ticket).join(Ticket).where(opened)}
    rows = [row for row in rows if row.id in events]
    raws = {number: raw for number, raw in inbox.raw(rows).items() if raw}
    return [(row, events[row.id]) for row in rows], raws


# -- one mail --------------------------------------------------------------------------------------------------------


def _tried(row: Incoming, event: Event, reading: Reading | Unreadable, settings: Settings) -> Tested:
    before: Mapping[str, Any] = event.after or {}
    then = tuple(dict.fromkeys(_RULE.findall(event.why)))
    head = Tested(row.id, row.source, event.ticket.key, str(before.get("subject") or ""), event.at, then)
    if isinstance(reading, Unreadable):
        return replace(head, unreadable=str(reading))
    facts = _facts(row, event, before, reading, settings)
    ruled = rules.evaluate(settings.rules, Scene.of(facts, settings.desk))
    found = list(_differences(row, before, event.ticket.grouped is not None, facts, ruled, settings))
    return replace(head, now=tuple(one.rule for one in ruled.applied), differences=tuple(found))


def _facts(row: Incoming, event: Event, before: Mapping[str, Any], reading: Reading, settings: Settings) -> Facts:
    """The facts as they were: the sender's proof stands in the ledger."""
    sender = row.sender or ""
    staff = settings.desk.person_by_address(canonical(sender)) if sender else None
    asked = "requester_tickets" in settings.rules.asked and sender
    return Facts(
        mail=reading.mail,
        sender=sender,
        actor=staff.id if staff is not None and row.verdict == "agent" else sender,
        verdict=cast("Any", row.verdict or "unverified"),
        evidence="none",
        account=row.account,
        ticket=None,
        now=event.at,
        from_staff=staff is not None,
        forged=row.verdict == "unverified",
        language=before.get("language") or settings.desk.languages[0],
        earlier=lookup.earlier(sender, event.at - _MOMENT) if asked else (),  # without the ticket itself
    )


def _differences(
    row: Incoming, before: Mapping[str, Any], grouped: bool, facts: Facts, ruled: Verdicts, settings: Settings
) -> Iterator[Difference]:
    """What would be otherwise. A mail that makes no ticket has no fields."""
    if ruled.drop is not None and not row.released:
        yield Difference("drop", None, ruled.drop, _who(ruled, lambda one: one.drop is not None))
        return
    if ruled.hold is not None and not row.released:  # else somebody has decided about it already
        yield Difference("hold", None, ruled.hold, _who(ruled, lambda one: one.hold is not None))
        return
    opened = opening.opened_by(facts, settings.desk, ruled)
    for name in FIELDS:
        would = opened.values.get(name)
        was = before.get(name)
        if name == "confidential":
            was = "yes" if was else None
        if name in before and was != would:
            yield Difference(name, was, would, _by(ruled, name))
    tags, had = sorted(opened.tags), sorted(before.get("tags") or ())
    if tags != had:
        new = opened.tags - set(had)
        by = _who(ruled, lambda one: any(isinstance(c, Tagged) and c.tag in new for c in one.changes))
        yield Difference("tags", had, tags, by)
    if opened.group and not grouped:
        yield Difference("group", None, True, _who(ruled, lambda one: bool(one.group))[:1])


def _by(ruled: Verdicts, name: str) -> tuple[str, ...]:
    """The rule that sets a field last; else those that set what it follows from."""
    return _setting(ruled, (name,))[-1:] or _setting(ruled, _FOLLOWS.get(name, ()))


def _setting(ruled: Verdicts, names: Sequence[str]) -> tuple[str, ...]:
    return _who(ruled, lambda one: any(isinstance(c, Changed) and c.field in names for c in one.changes))


def _who(ruled: Verdicts, does: Callable[[Applied], bool]) -> tuple[str, ...]:
    return tuple(one.rule for one in ruled.applied if does(one))


def as_json(tested: Tested) -> dict[str, Any]:
    """One mail as JSON."""
    return {
        "mail": tested.mail,
        "source": tested.source,
        "ticket": tested.ticket,
        "subject": tested.subject,
        "opened_at": tested.opened_at,
        "rules_then": list(tested.then),
        "rules_now": list(tested.now),
        "differences": [
            {"field": one.field, "was": one.was, "would_be": one.would, "rules": list(one.rules)}
            for one in tested.differences
        ],
        "unreadable": tested.unreadable or None,
    }
