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
    "requester",  # a canonical address
    "parent",  # the key of the ticket that it was merged into
    "pending_until",  # ISO 8601, UTC
    "silent",  # "yes": nothing automatic is sent to its requester
    "business",  # how much it touches the business, beside `impact`, which is on users
    "sla",  # the name of an agreement, whatever `when` says
    "confidential",  # "yes": few may see it
]
Visibility = Literal["public", "internal"]
Release = Literal["send", "accept", "split", "drop"]
Audience = Literal[
    "requester",
    "participants",
    "assignee",
    "line",
    "owner",  # the assignee, or the line where nobody has the ticket
    "watchers",  # who asked for all mails about it
    "lead",
    "manager",
    "data_protection",
    "actor",
]


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
    group: str = ""  # the digest under which a rule gathers mails like its first
    captured: frozenset[str] = frozenset()  # of the tags those that are made of words of the mail


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
    captured: bool = False  # it is made of words that a rule took out of a mail


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
    copied: Mapping[str, str] = field(default_factory=dict)  # the outsiders it went to as well: address, name
    of_mail: bool = True  # False: a rule wrote it, and nothing of the mail at hand belongs to it


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody became a participant of the ticket."""

    address: str
    name: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody is a participant no more."""

    address: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Linked:
    """The ticket has to do with another one (or, with `on` false, no more)."""

    key: str
    why: str
    by: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Watched:
    """A member of staff wants all mails about the ticket, none (`wants` false), or those of their role (None)."""

    staff: str
    wants: bool | None
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Reminded:
    """An agent asked for a mail about the ticket at a time."""

    staff: str
    at: datetime  # UTC
    text: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Released:
    """A person said what becomes of a mail that is held: it is handled again, with that said."""

    mail: int  # its number in the ledger
    how: Release
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """All that the ticket holds of its requester's words and person is erased; the bare facts stay."""

    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something happened that changes no field: a bounce, a conflict of evidence, a refused command."""

    what: str  # a short word, such as "undelivered"
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The requester answered the questions of the acknowledgement (P6): what each asked for, and what they said."""

    answers: tuple[Mapping[str, str | None], ...]  # "field", "question", "answer"
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
    addresses: tuple[str, ...] = ()  # who is told besides as the staff is, but has no hand in the ticket
    quiet: bool = False  # for who of the staff has working hours, it waits for them


Change = (
    Opened
    | Changed
    | Tagged
    | Recorded
    | Joined
    | Left
    | Linked
    | Watched
    | Reminded
    | Released
    | Forgotten
    | Noted
    | Answered
    | Breached
    | Notified
)
