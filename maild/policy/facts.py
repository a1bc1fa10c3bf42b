"""What a decision is made of: one mail, who sent it, the ticket it belongs to, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from maild.mail.message import Mail
from maild.outcome import Evidence, Verdict
from maild.policy.changes import Release

TRICK = "a machine's mail with a code or a link"  # why a mail is held that no outsider may ever see (B26)


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket as a decision sees it: a copy, so that deciding cannot change it."""

    key: str
    type: str
    status: str
    priority: str
    impact: str
    urgency: str
    category: str | None
    service: str | None
    line: str
    assignee: str | None  # id of an agent in desk.yaml
    requester: str  # canonical address
    language: str
    subject: str
    tags: frozenset[str]
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    revision: int
    parent: str | None = None  # the key of the ticket that it was merged into
    pending_until: str | None = None  # ISO 8601, UTC
    resolution: str | None = None
    participants: frozenset[str] = frozenset()  # canonical addresses, where they were asked for
    people: Mapping[str, str] = field(default_factory=dict)  # the same with the requester, to names
    business: str | None = None
    sla: str | None = None
    confidential: str | None = None  # "yes"
    answers: tuple[Mapping[str, str | None], ...] = ()  # to the questions of its category (P6)
    account: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One event of a ticket's history."""

    ticket: str  # its key
    kind: str
    by: str
    at: datetime
    before: Any
    after: Any
    text: str = ""  # of what somebody wrote


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail that waits for a person's word."""

    number: int  # in the ledger
    sender: str  # canonical address
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the desk looked up because the mail's commands ask for it."""

    tickets: Mapping[str, TicketView] = field(default_factory=dict)  # by key; what is not there does not exist
    held: tuple[HeldMail, ...] = ()  # of this ticket
    split: int | None = None  # the number of the mail here that `!split` means
    done: tuple[Past, ...] = ()  # what the mail changed that `!undo` means, the oldest first
    copied: Mapping[str, str] = field(default_factory=dict)  # who else got the requester's last mail: address, name
    settled: bool = False  # the mail that was answered had waited, and somebody has decided about it


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said becomes of a mail that was held."""

    how: Release
    by: str  # an agent's id, or "administrator"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A ticket of the sender's."""

    opened_at: datetime
    open: bool  # neither solved nor over
    key: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that rules and commands may know about one mail."""

    mail: Mail
    sender: str  # canonical address; "" where From cannot be judged
    actor: str  # the agent's id where verdict is "agent", else the canonical address
    verdict: Verdict
    evidence: Evidence
    account: str  # the account that took the mail in
    ticket: TicketView | None  # None: the mail opens a ticket
    now: datetime  # UTC
    internal: bool = False  # the mail answers an internal note, so it stays internal (B28)
    to_staff: bool = False  # it comes back from a mail to a member of staff, not to the requester
    from_staff: bool = False  # From is a member of staff, proved or not
    inside: str = ""  # the ticket's internal notes, blanks made one, where an agent's reply may quote them
    outside: str = ""  # the same of its public messages
    language: str = "en"  # of the actor
    zone: str = "UTC"  # of the actor
    vouched: bool = False  # it is proved that the sender is who From says
    forged: bool = False  # the server says that the sender is not who From says
    through: str = ""  # to whom we gave the reply address that a stranger wrote to (B4)
    joins: bool = False  # a colleague of the requester, who becomes a participant
    own: frozenset[str] = frozenset()  # canonical addresses of the desk itself
    verb: str = ""  # a command in the plus-address that the mail came to
    since: tuple[Past, ...] = ()  # what others did after the notice that this mail answers was written (B37)
    about: int | None = None  # the number of the mail that the notice told of
    said: Said | None = None  # the mail was held, and this is what became of it
    known: Known = field(default_factory=Known)
    earlier: tuple[Earlier, ...] = ()  # where a rule asks for them
