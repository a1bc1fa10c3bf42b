"""What the administrator's rules say when something befell a ticket without a mail, carried out."""

from __future__ import annotations

from dataclasses import replace

from maild.desk import lookup, tickets
from maild.desk.act import Act, Applied
from maild.desk.models import Ticket
from maild.policy import ruling
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene


def apply(
    ticket: Ticket,
    ruleset: Ruleset,
    occasions: frozenset[str],
    act: Act,
    *,
    clock: str = "",
    changed: frozenset[str] = frozenset(),
) -> Applied | None:
    """Do what rules say of a ticket that the caller has locked; None where they say nothing."""
    if not ruleset.any_on(*occasions):
        return None
    view = tickets.whole(ticket)
    earlier = lookup.earlier(view.requester, act.now) if "requester_tickets" in ruleset.asked else ()
    scene = Scene.about(view, act.settings.desk, act.now, earlier)
    changes = ruling.happened(replace(scene, clock=clock, changed=changed), ruleset, occasions)
    return tickets.apply(ticket, changes, act) if changes else None
