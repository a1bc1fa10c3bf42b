"""What a ticket's clocks follow, read from its history: the events are the truth, the clocks' rows a copy (M4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from maild.desk.models import Event, Ticket
from maild.policy.changes import Recorded
from maild.policy.clock import Moment, MomentKind

CHANGES: Mapping[str, MomentKind] = {
    "priority": "priority",
    "status": "status",
    "line": "line",
    "policy": "policy",
    "pending_until": "pending_until",
}
REPLY, MAIL = "public reply", "public mail"  # why a message was recorded that clocks follow
_SPEAKS: Mapping[str, MomentKind] = {REPLY: "replied", MAIL: "wrote"}


def follows(kind: str, why: str) -> bool:
    """Whether clocks follow such an event. A note moves none."""
    return kind in CHANGES or (kind == "recorded" and why in _SPEAKS)


def recorded(change: Recorded) -> str:
    """How the history says what was recorded."""
    if not change.of_mail:
        return f'rule "{change.author_name}"'
    if change.visibility == "public":
        return REPLY if change.direction == "out" else MAIL
    return f"{change.visibility} {'reply' if change.direction == 'out' else 'mail'}"


def of(ticket: Ticket) -> list[Moment]:
    """The moments of a ticket, in the order in which they were written.

    Where the wall clock went back between two of them, the later one counts at the time of the earlier: what happened
    after cannot have happened before, and must not be lost.
    """
    rows = (
        Event.select()
        .where((Event.ticket == ticket) & (Event.kind << ("opened", "recorded", *CHANGES)))
        .order_by(Event.id)
    )
    found: list[Moment] = []
    for row in rows:
        for moment in _moments(row, ticket.policy):
            found.append(replace(moment, at=max(moment.at, found[-1].at)) if found else moment)
    return found


def opening(ticket: Ticket) -> list[Moment]:
    """The same of a ticket that is being opened: nothing else has happened yet."""
    names = ("priority", "line", "policy", "status")
    return _opened(ticket.opened_at, {name: getattr(ticket, name) for name in names}, "", "")


def _moments(row: Event, policy: str | None) -> list[Moment]:
    if row.kind == "opened":  # one from before there were policies to choose has that of its clocks
        return _opened(row.at, {"policy": policy, **row.after}, row.by, row.why)
    if row.kind == "recorded":
        # B41: a public answer of an agent; an agent who is the requester writes "mail" (B38). Notes move nothing
        kind = _SPEAKS.get(row.why)
        return [Moment(row.at, kind, None, row.by, row.why)] if kind else []
    return [Moment(row.at, CHANGES[row.kind], row.after, row.by, row.why)]


def _opened(at: datetime, values: Mapping[str, Any], by: str, why: str) -> list[Moment]:
    found = [
        Moment(at, "opened", values["priority"], by, why),
        Moment(at, "policy", values.get("policy") or "", by, why),
        Moment(at, "line", values["line"], by, why),
    ]
    status = values.get("status", "new")  # a rule may open one that waits already, or is solved
    return found if status == "new" else [*found, Moment(at, "status", status, by, why)]
