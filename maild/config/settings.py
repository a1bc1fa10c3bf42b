"""The settings: one frozen value that holds all of a configuration folder, checked as a whole (M10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

from maild.config.deskfile import Receipts, Strangers, Trust
from maild.config.machine import Account, Limits, Retention, Sending
from maild.config.problems import Problem, Where
from maild.config.secrets import Secret, SecretPlace
from maild.errors import UnknownThing
from maild.mail.address import domain
from maild.policy.priority import LEVELS, Matrix
from maild.policy.rules import Ruleset
from maild.policy.sla import Levels

__all__ = ["Category", "Closing", "Desk", "Line", "Listener", "Log", "Person", "Secret", "Service", "Settings", "Vip"]


@dataclass(frozen=True, slots=True)
class Listener:
    """The door for an MTA that delivers to maild itself."""

    protocol: Literal["lmtp", "smtp"]
    host: str
    port: int
    account: str

    @property
    def lmtp(self) -> str | None:
        """HOST:PORT, where it speaks LMTP."""
        return f"{self.host}:{self.port}" if self.protocol == "lmtp" else None

    @property
    def smtp(self) -> str | None:
        """HOST:PORT, where it speaks SMTP."""
        return f"{self.host}:{self.port}" if self.protocol == "smtp" else None


@dataclass(frozen=True, slots=True)
class Log:
    """What maild tells about itself."""

    level: Literal["debug", "info", "warning", "error"]
    json: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the staff."""

    id: str
    name: str
    address: str
    also: tuple[str, ...]
    language: str
    away: tuple[tuple[date, date], ...]  # first and last day, both away
    trust: Trust = "either"  # what proves that a mail is theirs (M7)
    receipts: Receipts = "all"
    zone: str | None = None  # in which they name and read times
    deputy: str | None = None  # who stands in while they are away
    hours: str | None = None  # the calendar of their working hours

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that they may write from."""
        return (self.address, *self.also)

    def is_away(self, day: date) -> bool:
        """Whether they are away on a day."""
        return any(first <= day <= last for first, last in self.away)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of support."""

    name: str
    agents: tuple[str, ...]  # ids of people
    lead: str


@dataclass(frozen=True, slots=True)
class Category:
    """What a ticket can be about, with all that it takes from the categories above it."""

    path: str
    line: str | None
    service: str | None
    questions: Mapping[str, tuple[str, ...]]  # by language
    asks: tuple[str, ...] = ()  # what each question asks for; one that nothing is said of asks for "other"
    impact: str | None = None
    urgency: str | None = None
    sla: str | None = None  # the name of an agreement
    checklist: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by language
    reply: str | None = None  # the name of a prepared text


@dataclass(frozen=True, slots=True)
class Service:
    """Something that the users rely on."""

    business: str | None  # how much the business is touched when it fails
    line: str | None


@dataclass(frozen=True, slots=True)
class Vip:
    """People whose tickets touch the business more: one canonical address, or all of a canonical domain."""

    address: str | None
    domain: str | None
    business: str


@dataclass(frozen=True, slots=True)
class Closing:
    """How a ticket ends."""

    after_resolved: timedelta
    reopen_within: timedelta
    satisfaction: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """All of desk.yaml, its names looked up."""

    name: str
    prefix: str
    languages: tuple[str, ...]  # the first is the fallback
    people: Mapping[str, Person]
    lines: Mapping[str, Line]  # in the order of the ladder
    manager: str
    data_protection: tuple[str, ...]
    categories: Mapping[str, Category]
    priority: Matrix
    levels: Levels
    closing: Closing
    addresses: Mapping[str, str]  # canonical address -> id of the one of the staff who writes from it
    strangers: Strangers = "new"
    domains: Mapping[str, str] = field(default_factory=dict)  # canonical domain -> company
    replies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by name, by language in the desk's order
    weekly_report: bool = True
    services: Mapping[str, Service] = field(default_factory=dict)  # none: categories name them as they like
    vips: tuple[Vip, ...] = ()
    languages_by_domain: Mapping[str, str] = field(default_factory=dict)  # canonical domain, or the end of one

    def line_after(self, name: str) -> str | None:
        """The next line up the ladder, or None at its top (and of a line that is no more)."""
        names = list(self.lines)
        return next((above for line, above in pairwise(names) if line == name), None)

    def lead_of(self, line: str) -> str:
        """The id of who answers for a line; of a line that is no more, the manager's."""
        known = self.lines.get(line)
        return known.lead if known else self.manager

    def stand_in(self, member: str, line: str, day: date) -> str:
        """Who is there for somebody on a day (B49): themselves, their deputy, or the lead of the ticket's line.

        Where the lead is away as well: the lead's deputy, the manager, and if none is there the lead all the same.
        """
        lead = self.lead_of(line)
        order = (member, self._deputy(member), lead, self._deputy(lead), self.manager)
        return next((one for one in order if one is not None and self.is_there(one, day)), lead)

    def _deputy(self, member: str) -> str | None:
        person = self.people.get(member)
        return person.deputy if person is not None else None

    def is_there(self, member: str, day: date) -> bool:
        """Whether somebody is of the staff, and not away on a day."""
        person = self.people.get(member)
        return person is not None and not person.is_away(day)

    def person_by_address(self, address: str) -> Person | None:
        """The one of the staff who writes from a canonical address (`mail.address.canonical`)."""
        found = self.addresses.get(address)
        return self.people[found] if found else None

    def company_of(self, address: str) -> str | None:
        """The company whose domain, or a subdomain of it, an address is in; of two, that of the longer domain."""
        return _by_domain(address, self.domains)

    def language_of(self, address: str) -> str | None:
        """The language that is spoken where an address is; of two that fit, that of the longer domain."""
        return _by_domain(address, self.languages_by_domain)

    def business_of(self, address: str) -> str | None:
        """How much the business is touched by the tickets of a canonical address, because of whose it is."""
        place = f".{domain(address)}"
        theirs = (v for v in self.vips if v.address == address or (v.domain and place.endswith(f".{v.domain}")))
        return min((vip.business for vip in theirs), key=LEVELS.index, default=None)


def _by_domain(address: str, known: Mapping[str, str]) -> str | None:
    """What stands beside the longest domain that an address is in."""
    labels = domain(address).split(".") if known else []
    places = (".".join(labels[i:]) for i in range(len(labels)))
    return next((known[place] for place in places if place in known), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """All of a configuration folder."""

    folder: Path
    version: str  # tells one content of the three files from another
    instance: str
    secret: SecretPlace
    database: str  # sqlite:///abs/path or postgresql://user@host/name
    accounts: tuple[Account, ...]
    sending: Sending
    listener: Listener | None
    limits: Limits
    retention: Retention
    log: Log
    desk: Desk
    rules: Ruleset
    places: Mapping[tuple[str, Where], tuple[int, int]]  # line and column of a value of a file, for `check`
    administrator: str | None = None  # who hears of a configuration that could not be reloaded; else the manager

    def problem(self, file: str, where: Where, message: str) -> Problem:
        """What is wrong at a value of a file; what is not there is shown at the nearest thing around it."""
        while where and (file, where) not in self.places:
            where = where[:-1]
        return Problem(file, *self.places.get((file, where), (1, 1)), message)

    def account(self, name: str) -> Account:
        """An account by its name. Raises UnknownThing."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise UnknownThing(f'there is no account "{name}"; there is {", ".join(a.name for a in self.accounts)}')
