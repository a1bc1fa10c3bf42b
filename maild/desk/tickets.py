"""The one door: `apply` is the only writer of tickets.

It runs in the transaction that a story opened and writes the ticket, its events, messages, clocks and finished outgoing
mails together, so that all of them stand or none (M3, M4). What changes nothing leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from maild.desk import clocks, db, effects, fields, forget, people, search, timeline
from maild.desk.act import Act, Applied, Effects
from maild.desk.models import Event, Ticket
from maild.desk.prepared import Insert, Select
from maild.errors import UnknownThing
from maild.policy.changes import Change, Forgotten, Joined, Notified, Opened, Recorded
from maild.policy.facts import TicketView

_EVENTS = Insert(Event)


def apply(ticket: Ticket | None, changes: Sequence[Change], act: Act) -> Applied:
    """Carry out what was decided. `ticket` is None where one of the changes is `Opened`.

    The notices are given back, not sent: `letters.write` turns them into mails, in the same transaction.
    """
    opening = next((change for change in changes if isinstance(change, Opened)), None)
    if opening is not None:
        to = effects.opened(opening, act)
    elif ticket is not None:
        to = Effects(ticket, act)
    else:
        raise ValueError("changes without a ticket")
    for change in changes:
        if not isinstance(change, (Notified, Opened)):
            effects.DO[type(change)](change, to)
    if opening is None and _ASKED & to.changed.keys():
        effects.follow_policy(to)
    said = any(isinstance(change, Recorded) for change in changes)
    _write(to, moved=opening is None and (said or bool(to.changed)))
    started = _clocks(to, new=opening is not None)
    _remember(to, changes)
    notices = [change for change in changes if isinstance(change, Notified)]
    internal = any(isinstance(c, Recorded) and c.of_mail and c.visibility == "internal" for c in changes)
    alone = opening is not None and not any(isinstance(change, Joined) for change in changes)
    return Applied(to.ticket, opening is not None, notices, started, internal, alone)


def _write(to: Effects, *, moved: bool) -> None:
    """The row with its new revision, its clocks, its events."""
    ticket, mail = to.ticket, to.act.mail
    if moved:
        ticket.revision += 1
        if ticket.status in effects.OVER:
            ticket.touched_at = None
        elif ticket.touched_at is None or (mail is not None and mail.kind == "human"):
            ticket.touched_at = to.act.now  # what timers and machines do is no work on it
    if moved or to.changed:
        values = {name: getattr(ticket, name) for name in (*to.changed, "revision", "touched_at")}
        Ticket.update(**values).where(Ticket.id == ticket.id).execute()
    if to.events:
        # an event of another ticket, such as of a link, is none of that one's revisions
        own = ticket.id
        _EVENTS.rows({**e, "revision": ticket.revision if e["ticket"] == own else None} for e in to.events)


# What a service level agreement can ask about a ticket (policy.sla.When)
_ASKED = frozenset({"category", "service", "type", "tags", "language", "priority", "requester", "sla"})


def _clocks(to: Effects, *, new: bool) -> list[dict[str, Any]]:
    """The clocks follow what was written; the rows of those that started with the ticket."""
    levels, now = to.act.settings.desk.levels, to.act.now
    if new:
        return clocks.start(to.ticket, levels, now, alone=not {e["kind"] for e in to.events} & timeline.CHANGES.keys())
    if any(timeline.follows(event["kind"], event["why"]) for event in to.events):
        moved = clocks.follow(to.ticket, levels, now)
        # that a pause or an opening anew moves it, its ledger says; here stands what else did
        if moved and {e["kind"] for e in to.events} & {"priority", "policy"}:
            tell_moved(to.ticket, moved, to.act)
    return []


def tell_moved(ticket: Ticket, moved: Sequence[clocks.Moved], act: Act) -> None:
    """The ticket's history says which promises are counted anew, from when to when."""
    to = Effects(ticket, act)
    for one in moved:
        kind, _, line = one.kind.partition(":")
        to.event("due", "maild", line or kind, one.before.isoformat(), one.after.isoformat())
    _EVENTS.rows({**event, "revision": ticket.revision} for event in to.events)


def _remember(to: Effects, changes: Sequence[Change]) -> None:
    """What solved a ticket is found by the next one like it (P3); what is to be forgotten is not."""
    ticket = to.ticket
    if any(isinstance(change, Forgotten) for change in changes):
        for one in forget.family(ticket):
            forget.erase(one, to.act.now, to.act.incoming)
    elif ticket.resolution and {"status", "resolution"} & to.changed.keys() and ticket.status in clocks.SOLVED:
        search.remember(ticket)


_GATHERING = Select(
    Ticket,
    lambda group: Ticket.select(Ticket.id).where((Ticket.grouped == group) & (Ticket.status << clocks.UNSOLVED)),
    1,
)


def gathering(group: str) -> Ticket | None:
    """The unsolved ticket on which a rule gathers mails of a group, locked."""
    found = _GATHERING.first(group)
    return lock(found.id) if found is not None else None


def lock(ticket_id: int) -> Ticket:
    """The ticket, held against other machines until the transaction ends."""
    query = Ticket.select().where(Ticket.id == ticket_id)
    ticket: Ticket = query.get() if db.is_sqlite() else query.for_update().get()
    return ticket


def by_key(key: str) -> Ticket:
    """The ticket that people call `key`. Raises UnknownThing."""
    ticket = fields.by_key(key)
    if ticket is None:
        raise UnknownThing(f"there is no ticket {key}")
    return ticket


def view(ticket: Ticket) -> TicketView:
    """A copy of the ticket for deciding."""
    return TicketView(
        key=ticket.key,
        type=ticket.type,
        status=ticket.status,
        priority=ticket.priority,
        impact=ticket.impact,
        urgency=ticket.urgency,
        category=ticket.category,
        service=ticket.service,
        line=ticket.line,
        assignee=ticket.assignee,
        requester=ticket.requester.address,
        language=ticket.language,
        subject=ticket.subject,
        tags=frozenset(ticket.tags),
        opened_at=ticket.opened_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
        revision=ticket.revision,
        parent=ticket.parent.key if ticket.__data__.get("parent") else None,
        pending_until=fields.shown(ticket, "pending_until"),
        resolution=ticket.resolution,
        business=ticket.business,
        sla=ticket.sla,
        confidential=fields.shown(ticket, "confidential"),
        answers=tuple(ticket.answers or ()),
        account=ticket.account,
    )


def whole(ticket: Ticket) -> TicketView:
    """The same with all who are on it, for agents' commands."""
    there = {p.address: p.name for p in people.participants(ticket)}
    names = {**there, ticket.requester.address: ticket.requester.name}
    return replace(view(ticket), participants=frozenset(there), people=names)


def rebuild(events: Iterable[Event]) -> dict[str, Any]:
    """The ticket row as its events tell it (M4): the fold that `apply` keeps up to date."""
    row: dict[str, Any] = {}
    for event in events:
        if event.kind == "opened":
            row = {**dict.fromkeys(_SINCE), **event.after, "opened_at": event.at, **dict.fromkeys(_LATER)}
            row |= effects.stamps(row["status"], event.at)
        elif event.kind == "first_response":
            row["first_response_at"] = event.at
        elif event.kind in ("tagged", "untagged"):
            row["tags"] = event.after
        elif event.kind in row:
            row[event.kind] = event.after == "yes" if event.kind in _FLAGS else event.after
            if event.kind == "status":
                row.update(effects.stamps(event.after, event.at))
    return row


_FLAGS = ("silent", "confidential")
_LATER = (
    *("first_response_at", "resolved_at", "closed_at", "resolution", "satisfaction"),
    *("parent", "pending_until", "answers"),
)
# what an opening from before these came knows nothing of
_SINCE = ("assignee", "policy", "business", "sla", "confidential")
