"""What a decision is made of: one mail, who sent it, the ticket it belongs to, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from maild.mail.message import Mail
from maild.outcome import Evidence, Verdict


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
