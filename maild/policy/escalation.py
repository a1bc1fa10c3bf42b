"""Functional escalation: the ticket goes to a stronger line (P7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maild.policy.changes import Change, Changed, Notified
from maild.policy.facts import TicketView
from maild.policy.terms import Desk


def raised(
    desk: Desk, ticket: TicketView, line: str, why: str, by: str, clock: Mapping[str, Any] | None = None
) -> tuple[Change, ...]:
    """A functional escalation (P7): by a command or a timer, the new line hears the story and the requester that.

    `why` is for the history; readers of mails are told by `clock`, in their language, that time brought it about.
    """
    changes: list[Change] = [Changed("line", line, why, by)]
    if ticket.assignee not in desk.lines[line].agents:
        changes.append(Changed("assignee", None, why, by))
    changes.append(Notified("escalation_line", ("line",), {"clock": clock} if clock else {}))
    changes.append(Notified("escalation_requester", ("requester",), {"late": clock is not None}))
    return tuple(changes)
