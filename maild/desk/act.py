"""What surrounds a change, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from maild.config import Settings
from maild.desk.models import Ticket
from maild.desk.people import Staff
from maild.mail.message import File, Mail
from maild.policy.changes import Notified


@dataclass(frozen=True, slots=True)
class Act:
    """The surroundings of a change: under which settings, when, and because of which mail (if any)."""

    settings: Settings
    staff: Staff
    now: datetime
    actor: str = "maild"  # an agent's id, a canonical address, "timer", "maild"
    incoming: int | None = None
    mail: Mail | None = None
    files: tuple[File, ...] = ()
    again: bool = False  # the mail was handled before and held: what it says stands on the ticket already


@dataclass(slots=True)
class Applied:
    """What `apply` did: the ticket as it is now, and the notices that are still to be written for it."""

    ticket: Ticket
    created: bool
    notices: list[Notified]
    clocks: list[dict[str, Any]]  # the rows of clocks that started
    internal: bool = False  # the mail that caused it is for agents alone
    alone: bool = False  # it is new, and nobody but its requester is on it
    shared: dict[str, Any] = field(default_factory=dict)  # what its letters have in common, looked up once


@dataclass(slots=True)
class Effects:
    """What the changes of one act do to one ticket: rows of events, and fields with their values before and after."""

    ticket: Ticket
    act: Act
    events: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def event(
        self, kind: str, by: str, why: str, before: Any = None, after: Any = None, *, of: Ticket | None = None
    ) -> None:
        """One event of the ticket's history (M4), or of another one's."""
        self.events.append(
            {
                "ticket": (of or self.ticket).id,
                "at": self.act.now,
                "kind": kind,
                "by": by,
                "why": why,
                "before": before,
                "after": after,
                "incoming": self.act.incoming,
                "configuration": self.act.settings.version,
            }
        )

    def set(self, name: str, value: Any) -> None:
        """A field of the row gets a value."""
        before = self.changed[name][0] if name in self.changed else getattr(self.ticket, name)
        self.changed[name] = (before, value)
        setattr(self.ticket, name, value)
