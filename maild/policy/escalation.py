"""Functional escalation: the ticket goes to a stronger line (P7)."""

from __future__ import annotations

from maild.policy.changes import Change, Changed, Notified
from maild.policy.facts import TicketView
from maild.policy.terms import Desk


def raised(desk: Desk, ticket: TicketView, line: str, why: str, by: str, text: str = "") -> tuple[Change, ...]:
    """A functional escalation (P7): by a command or a timer, the new line hears the story and the requester that."""
    changes: list[Change] = [Changed("line", line, why, by)]
    if ticket.assignee not in desk.lines[line].agents:
        changes.append(Changed("assignee", None, why, by))
    changes.append(Notified("escalation_line", ("line",), {"why": why, "text": text, "from_line": ticket.line}))
    changes.append(Notified("escalation_requester", ("requester",)))
    return tuple(changes)
