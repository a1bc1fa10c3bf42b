"""The values that a notice about a real ticket would have now, for looking at (`maild template render --ticket`).

Nothing is written: all is looked up in a transaction that is given up. What only an occasion brings (the mail that was
held, the lines of a receipt) is left out, and no token is made: a preview must not be a way onto the ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from maild.config import Settings
from maild.desk import clocks, contents, db, letters, people, promises, tickets
from maild.desk.act import Act, Applied
from maild.desk.models import Clock, Message, Ticket
from maild.desk.people import Reader
from maild.errors import MaildError, UnknownThing
from maild.mail.templates import Templates
from maild.policy import commands, hours, orders  # noqa: F401 - commands: it fills the list
from maild.policy.changes import Notified
from maild.stage import open_as_it_is

OF_NO_TICKET = frozenset({"tickets", "digest", "report", "alarm", "held_new"})
_OURS = frozenset({"public_reply", "resolution", "agent_reply", "opened_for", "rule_reply"})  # they pass on our words
_SOLVED = frozenset({"resolution"})
# What the occasion of some notices brings, where it brings nothing.
_EMPTY: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "receipt": {"results": (), "sent": "nothing", "kept": ""},
        "stale": {"since": ()},
        "held": {"why": "stranger"},
        "merged": {"other": {"key": "…"}},
    }
)


def values(
    settings: Settings, key: str, notice: str, language: str | None, templates: Templates, now: datetime
) -> tuple[dict[str, Any], str]:
    """The values, and the language: the one that is asked for, or the reader's own. Raises UnknownThing.

    The reader is the requester, or for what is internal whoever of the staff has the ticket, or one of its line.
    """
    if notice in OF_NO_TICKET:
        raise MaildError(f"“{notice}” is about no single ticket: leave out --ticket")
    if not open_as_it_is(settings):
        raise UnknownThing(f"there is no ticket {key}: there is no database yet")
    found: list[tuple[dict[str, Any], str]] = []
    with db.given_up():
        act = Act(settings=settings, staff=people.sync(settings, now), now=now)
        found.append(_values(act, tickets.by_key(key), notice, language, templates))
    return found[0]


def _values(
    act: Act, ticket: Ticket, notice: str, language: str | None, templates: Templates
) -> tuple[dict[str, Any], str]:
    reader = _reader(ticket, act, internal=templates.is_internal(notice))
    chosen = language or reader.language
    running = clocks.of(ticket)
    applied = Applied(ticket, created=False, notices=[], clocks=[dict(clock.__data__) for clock in running])
    given = {
        **_said(ticket, notice, internal=templates.is_internal(notice)),
        **_EMPTY.get(notice, {}),
        "commands": orders.help_lines(chosen),
        "waiting": promises.waiting(ticket, act.now),
        "clock": _clock(running, act),
    }
    if notice == "merged" and ticket.__data__.get("parent"):
        given["other"] = {"key": ticket.parent.key}
    page = contents.Page(Notified(notice, (), given), reader, applied, act, templates.words(chosen))
    address = letters.account_of(ticket, act).address
    return contents.values(page, address, address, f"{ticket.key} · …", files=False), chosen


def _reader(ticket: Ticket, act: Act, *, internal: bool) -> Reader:
    if not internal:
        return people.reader(ticket.requester, ticket.language)
    line = act.settings.desk.lines.get(ticket.line)
    for member in (ticket.assignee, *(line.agents if line else ()), act.settings.desk.manager):
        if member in act.staff:
            return act.staff[member]
    raise MaildError(f"nobody of the staff would get it: the line {ticket.line} has no agents")


def _said(ticket: Ticket, notice: str, *, internal: bool) -> dict[str, Any]:
    """The last words of theirs, or of ours where the notice passes those on, and who wrote them."""
    wanted = "out" if notice in _OURS else "in"
    rows = Message.select().where((Message.ticket == ticket) & (Message.direction == wanted))
    if notice in _OURS or not internal:  # what a stranger wrote is for agents alone, in a preview too (M9)
        rows = rows.where(Message.visibility == "public")
    last = rows.order_by(Message.id.desc()).first()
    if last is None:
        return {"text": ""}
    text = ticket.resolution or last.text if notice in _SOLVED else last.text
    return {"text": text, "author": {"name": last.author_name or last.author, "address": last.author}}


def _clock(rows: Any, act: Act) -> dict[str, Any] | None:
    """The promise that runs and is due first."""
    running = [row for row in rows if row.stopped_at is None and row.kind != "pending_until"]
    first: Clock | None = min(running, key=lambda row: row.due_at, default=None)
    if first is None:
        return None
    calendar = clocks.calendar_of(first, act.settings.desk.levels)
    elapsed = hours.between(calendar, first.started_at, act.now) - timedelta(seconds=first.paused)
    target = timedelta(seconds=first.target)
    return {
        "kind": clocks.word_of(first.kind),
        "due_at": first.due_at,
        "target": target,
        "percent": int(100 * elapsed / target) if target else None,
        "elapsed": elapsed,
        "overdue": max(timedelta(), elapsed - target) if first.due_at <= act.now else None,
    }
