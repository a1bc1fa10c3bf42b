"""The ticket that a mail is about to open: the desk's defaults, what rules say over them, what a category brings."""

from __future__ import annotations

from collections.abc import Mapping

from maild.policy import factors, priority
from maild.policy.changes import TicketField
from maild.policy.terms import Desk


def values(
    ruled: Mapping[TicketField, str | None], desk: Desk, sender: str = "", *, forged: bool = False
) -> dict[TicketField, str | None]:
    """Its fields, but for those that come out of the mail itself.

    `sender` is the canonical address of who opens it; where it is `forged`, it counts for nothing.
    """
    found: dict[TicketField, str | None] = {
        "type": "incident",
        "status": "new",
        "impact": desk.priority.impact,
        "urgency": desk.priority.urgency,
        "line": next(iter(desk.lines)),
        **ruled,
    }
    _follow_subject(found, ruled, desk, "" if forged else sender)
    moved = priority.priority(desk.priority, found["impact"], found["urgency"], found.get("business"))
    found.setdefault("priority", moved)
    return found


def _follow_subject(
    values: dict[TicketField, str | None], ruled: Mapping[TicketField, str | None], desk: Desk, requester: str
) -> None:
    """A category brings its line, service, impact and urgency, a service its own line, where no rule said otherwise."""
    category = desk.categories.get(values.get("category") or "")
    for name in factors.BROUGHT if category is not None else ():
        value = getattr(category, name)
        if value and name not in ruled:
            values[name] = value
    service = desk.services.get(values.get("service") or "")
    line = (category and category.line) or (service and service.line)
    if line and "line" not in ruled:
        values["line"] = line
    if "business" not in ruled and (level := factors.business(desk, values.get("service"), requester)[0]):
        values["business"] = level
