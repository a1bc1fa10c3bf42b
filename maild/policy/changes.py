"""The vocabulary of change: what rules, commands and timers may propose, and all that `desk.tickets.apply` can do.

Proposals are named in the past tense, as they will stand in the ticket's history. `by` is an agent's id, an address,
or one of "rule", "timer", "maild"; `why` names the rule, command or timer in words that an administrator knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

TicketField = Literal[
    "type",
    "status",
    "priority",
    "impact",
    "urgency",
    "category",
    "service",
    "line",
    "assignee",
    "subject",
    "language",
    "resolution",
    "satisfaction",
]
Visibility = Literal["public", "internal"]
Audience = Literal[
    "requester", "participants", "assignee", "line", "owner", "lead", "manager", "data_protection", "actor"
]  # owner: the assignee, or the line where nobody has the ticket


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket came to be, with the values that its first mail, the rules and the defaults gave it."""

    requester: str  # canonical address
    requester_name: str
    account: str
    at: datetime
    values: Mapping[TicketField, str | None]
    tags: frozenset[str]
    why: str
    by: str
    silent: bool = False  # a machine or a list opened it: nothing automatic is ever sent to its requester (M6)


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of the ticket got another value; dropped where it already has it."""

    field: TicketField
    value: str | None
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag was set (or, with `on` false, taken off)."""

    tag: str
    why: str
    by: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message joined the ticket's story: a mail that came in, or what an agent wrote to the requester."""

    author: str  # agent's id or canonical address
    author_name: str
    text: str
    visibility: Visibility
    at: datetime
    direction: Literal["in", "out"] = "in"
    verified: bool = True  # False: it only claims to be from that author (B40)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody became a participant of the ticket."""

    address: str
    name: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something happened that changes no field: a bounce, a conflict of evidence, a refused command."""

    what: str  # a short word, such as "undelivered"
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Breached:
    """A clock ran out: a fact that stays (B50)."""

    clock: str
    due_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Notified:
    """A notice is to go to an audience. It becomes one finished mail a person, in that person's language (B27)."""

    notice: str  # a row of policy.notices
    audience: tuple[Audience, ...]
    values: Mapping[str, Any] = field(default_factory=dict)  # what the notice's template shows besides the ticket


Change = Opened | Changed | Tagged | Recorded | Joined | Noted | Breached | Notified
