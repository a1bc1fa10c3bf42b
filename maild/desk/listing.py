"""Tickets as agents ask for them: lists of theirs, what a ticket's clocks and history say, how often somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from maild.config import Settings
from maild.config.settings import Desk
from maild.desk import clocks, fields, steps
from maild.desk.models import Clock, Event, Ticket
from maild.desk.prepared import Select
from maild.mail import wording

_ROWS = 30  # of a list
_EVENTS = 60  # of a history, the newest
_NOTICEABLE = timedelta(minutes=1)
_STEPS = 20  # of a ticket's way, the newest
_PREVIOUS = 99
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*\Z")  # as an event holds a time

_EARLIER = Select(
    Ticket,
    lambda person, before, limit: (
        Ticket.select(Ticket.id).where((Ticket.requester == person) & (Ticket.opened_at < before)).limit(limit)
    ),
    3,
)


def earlier(ticket: Ticket) -> int:
    """How many tickets the requester had before this one, up to 99."""
    before = Ticket.opened_at.db_value(ticket.opened_at)
    return len(_EARLIER.all(ticket.requester.id, before, _PREVIOUS))


def of_agent(which: str, staff: str, desk: Desk) -> tuple[list[dict[str, Any]], int]:
    """Open tickets: an agent's own (`mine`), those of their lines, or the next due of all; and how many are left out.

    The most pressing first: by the first clock that runs, then by age.
    """
    lines = [name for name, line in desk.lines.items() if staff in (*line.agents, line.lead)]
    due = pw.fn.MIN(Clock.due_at)
    running = (Clock.ticket == Ticket.id) & Clock.stopped_at.is_null() & Clock.paused_at.is_null()
    rows = Ticket.select(Ticket, due.alias("due_at")).join(Clock, pw.JOIN.LEFT_OUTER, on=running)
    rows = rows.where(Ticket.status << clocks.UNSOLVED)
    if staff not in desk.data_protection:
        rows = rows.where(Ticket.confidential.is_null() | ~Ticket.confidential | (Ticket.assignee == staff))
    if which == "mine":
        rows = rows.where(Ticket.assignee == staff)
    elif which == "line":
        rows = rows.where(Ticket.line << lines)
    else:
        rows = rows.where((Ticket.assignee == staff) | (Ticket.line << lines))
        rows = rows.having(due.is_null(False))
    rows = rows.group_by(Ticket.id).order_by(due.is_null(), due, Ticket.id)
    found = list(rows.limit(_ROWS + 1).objects())
    more = rows.count() - _ROWS if len(found) > _ROWS else 0
    return [_row(row, desk) for row in found[:_ROWS]], more


def _row(row: Any, desk: Desk) -> dict[str, Any]:
    assignee = desk.people.get(row.assignee or "")
    due = row.due_at
    return {
        "key": row.key,
        "subject": row.subject,
        "status": row.status,
        "priority": row.priority,
        "line": row.line,
        "assignee": assignee.name if assignee else None,
        "requester": row.requester.name or row.requester.address,
        "due_at": Clock.due_at.python_value(due) if isinstance(due, str) else due,
    }


def ledger(
    ticket: Ticket, settings: Settings, words: Mapping[str, str], zone: str, now: datetime
) -> tuple[dict[str, Any], ...]:
    """The facts of each clock, and what happened to it, in words."""
    levels, people = settings.desk.levels, settings.desk.people
    return tuple(
        {
            "kind": clocks.word_of(run.kind.partition(":")[0]),
            "policy": run.policy,
            "calendar": run.calendar,
            "started_at": run.started_at,
            "target": run.target,
            "paused": run.paused or None,
            "paused_now": run.paused_at is not None,
            "due_at": run.due_at,
            "stopped_at": run.stopped_at,
            "breached_at": run.breached_at,
            "running": run.stopped_at is None and run.paused_at is None,
            "steps": tuple(
                {**step, "by": people[by].name if (by := step["by"]) in people else by, "why": _why(step["why"], words)}
                for step in steps.of(run, levels, words, zone)
            ),
        }
        for run in clocks.told(ticket, levels, now)
        if run.calendar is not None  # until when it waits is no promise
    )


def events(ticket: Ticket, settings: Settings, words: Mapping[str, str], zone: str) -> tuple[dict[str, Any], ...]:
    """The newest events of a ticket in words, the oldest of them first."""
    rows = list(Event.select().where(Event.ticket == ticket).order_by(Event.id.desc()).limit(_EVENTS))
    return _told([row for row in reversed(rows) if not _names_secret(row)], settings, words, zone)


_NAMING = ("linked", "unlinked", "parent")  # events whose value is another ticket's key


def _names_secret(row: Event) -> bool:
    """Whether an event names a ticket that few may know of (M9)."""
    other = fields.by_key(row.after) if row.kind in _NAMING and row.after else None
    return other is not None and bool(other.confidential)


# what a line that gets a ticket must know: whose it was, what became of it, which promises broke
_TRAIL = ("opened", "line", "assignee", "priority", "status", "breached")


def trail(ticket: Ticket, settings: Settings, words: Mapping[str, str], zone: str) -> tuple[dict[str, Any], ...]:
    """The way of a ticket so far: its newest steps, the oldest of them first."""
    rows = Event.select().where((Event.ticket == ticket) & (Event.kind << _TRAIL)).order_by(Event.id.desc())
    return _told(reversed(list(rows.limit(_STEPS))), settings, words, zone)


def _told(rows: Iterable[Event], settings: Settings, words: Mapping[str, str], zone: str) -> tuple[dict[str, Any], ...]:
    people = settings.desk.people
    return tuple(
        {
            "at": row.at,
            "by": people[row.by].name if row.by in people else row.by,
            "what": _what(row, settings, words, zone),
            "why": _why(row.why, words),
        }
        for row in rows
    )


_BY_TIME = re.compile(r"(\w+) (?:at (.+)|was due)")  # as timers say why
# of reasons that name something beside
_PHRASES = ("rule ", "category ", "service ", "opened by ", "accepted by ", " is not on the ticket")
# several reasons of one thing, as `policy.factors` gives them
_NEXT = re.compile(r', (?=(?:rule "|category |service |impact |business |urgency ))')
_FACTOR = re.compile(r"(impact|business|urgency) (high|medium|low)(?: by (?:(VIP)|(service) (.+)))?")


def _why(why: str, words: Mapping[str, str]) -> str:
    return ", ".join(_reason(one, words) for one in _NEXT.split(why))


def _reason(why: str, words: Mapping[str, str]) -> str:
    if factor := _FACTOR.fullmatch(why):
        by = factor[3] or (factor[4] and f"{words[factor[4]]} {factor[5]}")
        return f"{words[factor[1]]}: {_level(factor[1], factor[2], words)}{f' ({by})' if by else ''}"
    for phrase in _PHRASES:
        if why.startswith(phrase) or why.endswith(phrase):
            return why.replace(phrase, phrase.replace(phrase.strip(), words[phrase.strip()]))
    if (timed := _BY_TIME.fullmatch(why)) and (name := clocks.word_of(timed[1])) in words:
        return f"{words[name]}, {timed[2]}" if timed[2] else words[name]
    return why


def _level(field: str, value: Any, words: Mapping[str, str]) -> Any:
    """A level of impact in words that go with it: an urgency is "alta" in Italian, an impact "alto"."""
    return words.get(f"impact.{value}", value) if field in ("impact", "business") else words.get(str(value), value)


def _what(row: Event, settings: Settings, words: Mapping[str, str], zone: str) -> str:
    kind = words.get(row.kind, row.kind.replace("_", " "))
    if row.kind == "opened" or (row.before is None and row.after is None):
        return kind
    if row.kind == "answers":  # what was answered stands in the mail itself
        fields = [words[f"asks.{one['field']}"] for one in row.after if one["answer"]]
        return f"{kind}: {', '.join(dict.fromkeys(fields))}" if fields else words["questions asked"]
    if row.kind in ("impact", "business"):
        before, after = (_level(row.kind, value, words) or "-" for value in (row.before, row.after))
        return f"{kind}: {after}" if row.before is None else f"{kind}: {before} → {after}"
    after = _value(row.after, settings, words, zone)
    if row.kind == "breached":  # why says which promise; when it was due is of interest where it was noticed late
        late = row.at - datetime.fromisoformat(row.after) >= _NOTICEABLE
        return f"{kind}: {after}" if late else kind
    if row.kind in ("tagged", "untagged"):
        return f"{kind}: {', '.join(sorted({*row.before} ^ {*row.after}))}"
    return (
        f"{kind}: {after}" if row.before is None else f"{kind}: {_value(row.before, settings, words, zone)} → {after}"
    )


def _value(value: Any, settings: Settings, words: Mapping[str, str], zone: str) -> str:
    if isinstance(value, str) and _TIME.match(value):
        return wording.moment(datetime.fromisoformat(value), wording.zone_of(zone), words)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict) and value.keys() == {"mail", "how"}:
        return f"!{value['how']} #{value['mail']}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    member = settings.desk.people.get(str(value))
    return "-" if value is None else member.name if member else words.get(str(value), str(value))
