"""What priority follows from: where the impact on the business comes from, and what moves with what (P4).

Never the requester's words: rules, categories, services, whose ticket it is, and agents' commands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maild.policy import priority
from maild.policy.changes import Changed, TicketField
from maild.policy.facts import TicketView
from maild.policy.priority import FACTORS, LEVELS, higher_level
from maild.policy.terms import Desk

BROUGHT: tuple[TicketField, ...] = ("service", "impact", "urgency")  # what a category brings


def business(desk: Desk, service: str | None, requester: str) -> tuple[str | None, str]:
    """The impact on the business, and why: the higher of the service's and that of whose ticket it is.

    `requester` is a canonical address, or "" where it is not proved or not to count.
    """
    known = desk.services.get(service or "")
    by_service = known.business if known is not None else None
    by_person = desk.business_of(requester) if requester else None
    if by_person is not None and (by_service is None or LEVELS.index(by_person) < LEVELS.index(by_service)):
        return by_person, "VIP"
    return by_service, f"service {service}" if by_service is not None else ""


def why(values: Mapping[TicketField, str | None]) -> str:
    """Why a priority is what it is: "impact high, business medium, urgency low"."""
    return ", ".join(f"{name} {values[name]}" for name in FACTORS if values.get(name))


def reasons(
    values: Mapping[TicketField, str | None], ruled: Mapping[TicketField, str | None], desk: Desk, requester: str
) -> list[str]:
    """What of a new ticket's factors no rule has said, and where it comes from."""
    found = []
    category = desk.categories.get(values.get("category") or "")
    if category and any(getattr(category, name) and name not in ruled for name in ("impact", "urgency")):
        found.append(f"category {values['category']}")
    level, because = business(desk, values.get("service"), requester)
    if level is not None and "business" not in ruled:
        found.append(f"business {level} by {because}")
    return found


def follow(ticket: TicketView, changes: Sequence[Changed], desk: Desk) -> tuple[Changed, ...]:
    """Changes of a ticket, and what follows from them: the business impact of the service, and the priority.

    A priority among them stays what it says.
    """
    if not changes:
        return ()
    found, by = list(changes), changes[-1].by
    values: dict[TicketField, str | None] = {
        "service": ticket.service,
        "impact": ticket.impact,
        "business": ticket.business,
        "urgency": ticket.urgency,
        **{change.field: change.value for change in changes},
    }
    said = {change.field for change in changes}
    if values["service"] != ticket.service and "business" not in said:
        level, because = _business_then(ticket, values["service"], desk)
        if level != ticket.business:
            values["business"] = level
            found.append(Changed("business", level, because, by))
    if "priority" not in said and not {change.field for change in found}.isdisjoint(FACTORS):
        moved = priority.priority(desk.priority, values["impact"], values["urgency"], values["business"])
        found.append(Changed("priority", moved, why(values), by))
    return tuple(found)


def _business_then(ticket: TicketView, service: str | None, desk: Desk) -> tuple[str | None, str]:
    """The business impact with another service. What somebody has set by hand goes only for one that is known."""
    person, now = desk.business_of(ticket.requester), ticket.business
    # whether a VIP's mail was forged is known when it opens a ticket; who did not count then does not count now
    counted = person is not None and now is not None and higher_level(now, person) == now
    requester = ticket.requester if counted else ""
    level, because = business(desk, service, requester)
    by_hand = ticket.business is not None and ticket.business != business(desk, ticket.service, requester)[0]
    known = desk.services.get(service or "")
    if by_hand and (known is None or known.business is None):
        return ticket.business, ""
    return level, because or f"service {service}"


def of_category(path: str, ticket: TicketView, desk: Desk, by: str) -> tuple[Changed, ...]:
    """What a category that a ticket gets brings with it: its service, its impact and urgency.

    Those two only where the ticket's are still the desk's defaults, or those of the category that it had.
    """
    category, before = desk.categories[path], desk.categories.get(ticket.category or "")
    found: list[Changed] = []
    for name in BROUGHT:
        value: str | None = getattr(category, name)
        default = {"impact": desk.priority.impact, "urgency": desk.priority.urgency}.get(name)
        now: str | None = getattr(ticket, name)
        own = name == "service" or now == default or (before is not None and now == getattr(before, name))
        if value is not None and own and value != now:
            found.append(Changed(name, value, f"category {path}", by))
    return tuple(found)
