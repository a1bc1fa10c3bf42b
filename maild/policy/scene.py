"""What the conditions of rules see: a mail, the ticket, and what the rules above have made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args

from maild.mail.message import Address, Mail
from maild.outcome import Verdict
from maild.policy import draft, priority
from maild.policy.changes import Changed, Tagged, TicketField
from maild.policy.facts import Earlier, Facts, TicketView
from maild.policy.patterns import Look, Text
from maild.policy.terms import Desk

Occasion = Literal["opened", "replied", "changed", "idle", "breached"]
OCCASIONS: tuple[str, ...] = get_args(Occasion)


@dataclass
class Scene:
    """One occasion as rules see it. Without a mail (idle, breached) what asks about one does not hold."""

    desk: Desk
    now: datetime
    mail: Mail | None = None
    ticket: TicketView | None = None  # None: the mail opens one
    sender: str = ""  # canonical address of who wrote; without a mail the requester's
    verdict: Verdict | None = None
    account: str = ""
    forged: bool = False  # the server says that the sender is not who From says
    earlier: Sequence[Earlier] = ()  # the sender's tickets, where a rule asks for them
    clock: str = ""  # the kind of clock that ran out
    changed: frozenset[str] = frozenset()  # the fields that were changed just now
    values: dict[TicketField, str | None] = field(default_factory=dict)  # of the ticket, as rules set them
    tags: set[str] = field(default_factory=set)
    look: Look = field(default_factory=Look)

    @classmethod
    def of(cls, facts: Facts, desk: Desk) -> Scene:
        """A mail, as it opens a ticket or joins one."""
        return cls(
            desk=desk,
            now=facts.now,
            mail=facts.mail,
            ticket=facts.ticket,
            sender=facts.sender,
            verdict=facts.verdict,
            account=facts.account,
            forged=facts.forged,
            earlier=facts.earlier,
            tags=set(facts.ticket.tags if facts.ticket else ()),
        )

    @classmethod
    def about(cls, ticket: TicketView, desk: Desk, now: datetime, earlier: Sequence[Earlier] = ()) -> Scene:
        """A ticket to which something happened without a mail."""
        sender, account = ticket.requester, ticket.account
        return cls(desk, now, ticket=ticket, sender=sender, account=account, earlier=earlier, tags=set(ticket.tags))

    def value(self, name: TicketField) -> str | None:
        """A field of the ticket: what a rule said, else what it has, else what a new one begins with."""
        if name in self.values:
            return self.values[name]
        if self.ticket is None:
            return self._draft.get(name)
        if name == "priority" and not self.values.keys().isdisjoint(priority.FACTORS):
            return self.priority()
        found: str | None = getattr(self.ticket, name)
        return found

    def priority(self) -> str:
        """The priority that follows from the factors as they are now."""
        matrix = self.desk.priority
        return priority.priority(matrix, self.value("impact"), self.value("urgency"), self.value("business"))

    @cached_property
    def _draft(self) -> Mapping[TicketField, str | None]:
        return draft.values(self.values, self.desk, self.sender, forged=self.forged)

    def remember(self, changes: Sequence[Changed | Tagged]) -> None:
        """Let the rules below see what one above did."""
        for change in changes:
            if isinstance(change, Tagged):
                self.tags.add(change.tag)
            else:
                self.values[change.field] = change.value
                self.__dict__.pop("_draft", None)

    @cached_property
    def subject(self) -> Text:
        """The mail's subject, or the ticket's."""
        return Text(self.mail.subject if self.mail is not None else self.ticket.subject if self.ticket else "")

    @cached_property
    def text(self) -> Text:
        """What the mail says: all of it where it opens a ticket, else what is new in it."""
        if self.mail is None:
            return Text("")
        return Text(self.mail.text if self.ticket is None else self.mail.reply or self.mail.text)

    @property
    def people(self) -> Mapping[str, Sequence[Address]]:
        """Who stands in which field of the mail; without one, the requester is who it is from."""
        mail = self.mail
        if mail is None:
            name = self.ticket.people.get(self.sender, "") if self.ticket else ""
            return {"from": (Address(name, self.sender),)}
        sender = (mail.sender,) if mail.sender is not None else ()
        return {"from": sender, "to": mail.to, "cc": mail.cc, "reply_to": mail.reply_to}
