"""desk.yaml: how the desk works. The text of each key here is the one that editors show.

Only the shape: what the names in it mean is looked at by `meaning`, which makes a `Desk` of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from pydantic import Field

from maild.config.machine import Section
from maild.config.shapes import (
    CategoryPath,
    DayTimes,
    Domain,
    DomainEnd,
    Id,
    Language,
    Name,
    OneOrMore,
    Prefix,
    Tag,
    Text,
    Told,
    WeekDays,
)
from maild.config.values import Day, Days, Duration, Mailbox, RungAt, SomeTime
from maild.policy.priority import Level, Priority

Pausing = Literal["new", "open", "pending"]
ClockKind = Literal["first_response", "next_response", "resolution", "keep_informed", "line"]
TicketType = Literal["incident", "request", "problem"]
Trust = Literal["either", "token", "dmarc", "token+dmarc", "from"]
Receipts = Literal["all", "failures"]
Strangers = Literal["new", "hold"]
Asked = Literal["symptoms", "since", "who", "what", "other"]


class PersonSection(Section):
    """Somebody of the staff."""

    name: Text = Field(description="As colleagues and users read it.")
    address: Mailbox = Field(description="Where maild writes to, and what they write from.")
    also: tuple[Mailbox, ...] = Field(default=(), description="Other addresses that they may write from.")
    language: Language | None = Field(
        default=None, description="In which maild writes to them; else the first language."
    )
    away: tuple[Days, ...] = Field(
        default=(), description="When they are away, such as 2026-12-21..2027-01-02; the deputy or the lead stands in."
    )
    deputy: str | None = Field(
        default=None, description="Who stands in while they are away; else, or who is away too, the lead of the line."
    )
    hours: str | None = Field(
        default=None, description="The calendar of their working hours, for which notices of a `quiet` rung wait."
    )
    trust: Trust = Field(
        default="either",
        description="What proves that a mail is theirs: a reply token made for them (token), the word of the account's "
        "`authserv` (dmarc), both (token+dmarc), either of them (either), or From alone, which anybody writes (from).",
    )
    receipts: Receipts = Field(
        default="all", description="Whether they get a receipt for each mail with commands, or for failures only."
    )
    zone: Text | None = Field(
        default=None,
        description="The time zone in which they name and read times, such as Europe/Rome; else that of the first "
        "calendar that is not in UTC.",
    )


class LineSection(Section):
    """One line of support."""

    agents: tuple[str, ...] = Field(description="Who works in it.")
    lead: str | None = Field(
        default=None, description="Who answers for it, and stands in for who is away; else its first agent."
    )


class CategorySection(Section):
    """What a ticket can be about. What it does not say it takes from the category above it."""

    parent: CategoryPath | None = Field(
        default=None,
        description="The category from which it takes what it does not say; else the one above in its path: "
        "network/vpn takes it from network.",
    )
    line: str | None = Field(default=None, description="The line that gets such tickets; else the first.")
    service: Text | None = Field(default=None, description="The service that is affected.")
    impact: Level | None = Field(default=None, description="How much it touches the users, unless a rule says.")
    urgency: Level | None = Field(default=None, description="How soon it hurts, unless a rule says.")
    sla: Text | None = Field(
        default=None, description="The name of the agreement that is for such tickets, whatever its `when` says."
    )
    questions: Mapping[Language, tuple[Text, ...]] = Field(
        default={}, description="What the acknowledgement asks the user, by language: the first diagnosis."
    )
    asks: tuple[Asked, ...] = Field(
        default=(),
        description="What each of the questions asks for, in their order: symptoms, since (when it began), who (is "
        "affected), what (is affected) or other. Under that name the ticket keeps the answer.",
    )
    checklist: Mapping[Language, tuple[Text, ...]] = Field(
        default={}, description="What the agent should look at, by language; it stands in the notices to them."
    )
    reply: str | None = Field(
        default=None, description="The text of `replies` that is offered to the agent as a prepared answer."
    )


class ServiceSection(Section):
    """Something that the users rely on."""

    business: Level | None = Field(default=None, description="How much the business is touched when it fails.")
    line: str | None = Field(default=None, description="The line that knows it, where the category names none.")


class VipSection(Section):
    """People of whom each ticket touches the business. Only one of `address` and `domain`."""

    address: Mailbox | None = Field(default=None, description="Whose tickets: an address.")
    domain: Domain | None = Field(default=None, description="Whose tickets: all of a domain, subdomains included.")
    business: Level = Field(default="high", description="How much their work matters to the business.")


class Defaults(Section):
    """Of a ticket of which nothing else is known."""

    impact: Level = Field(default="medium", description="How much the users are touched.")
    urgency: Level = Field(default="medium", description="How soon it hurts.")


class PrioritySection(Section):
    """Priority follows from impact, on the users or on the business, whichever is higher, and urgency."""

    default: Defaults = Field(default=Defaults(), description="Of a ticket of which nothing else is known.")
    matrix: Mapping[Level, Mapping[Level, Priority]] = Field(
        description="For each impact, for each urgency: the priority."
    )


class CalendarSection(Section):
    """When somebody is at work."""

    zone: str = Field(description="The time zone, such as Europe/Rome.")
    hours: Mapping[WeekDays, DayTimes] = Field(
        description='Opening times by day, such as mon-fri: ["09:00-13:00", "14:00-18:00"].'
    )
    holidays: str | None = Field(
        default=None, description="The country (IT), or the part of one (IT-BZ), whose public holidays are free."
    )
    closed: tuple[Day, ...] = Field(default=(), description="Other days on which nobody works.")
    special: Mapping[Day, DayTimes] = Field(
        default={},
        description='Days with hours of their own, such as 2026-12-31: ["09:00-13:00"]; they go before holidays.',
    )


class TargetSection(Section):
    """What is promised for one priority."""

    first_response: SomeTime = Field(description="Until a human answers.")
    resolution: SomeTime = Field(description="Until it is solved.")
    calendar: str = Field(description="In whose open time both are counted.")


class WhenSection(Section):
    """For which tickets a service level is: all that is said must fit, of a list one of it."""

    category: OneOrMore[CategoryPath] = Field(default=(), description="What it is about, with all below: network.")
    service: OneOrMore[Text] = Field(default=(), description="The service that is affected.")
    domain: OneOrMore[Domain] = Field(default=(), description="Where the requester writes from, subdomains included.")
    tag: OneOrMore[Text] = Field(default=(), description="A tag that it has.")
    type: OneOrMore[TicketType] = Field(default=(), description="Incident, request or problem.")
    language: OneOrMore[Language] = Field(default=(), description="The requester's language.")
    priority: OneOrMore[Priority] = Field(default=(), description="How much it matters.")


class SlaSection(Section):
    """A service level agreement."""

    name: Text = Field(description="What it is called.")
    when: WhenSection | None = Field(
        default=None, description="For which tickets it is; the last one is for all others, and has none."
    )
    targets: Mapping[Priority, TargetSection] = Field(description="For each priority, what is promised.")
    next_response: SomeTime | None = Field(
        default=None, description="Until a later mail of the requester is answered; null promises nothing."
    )
    keep_informed: SomeTime | None = Field(
        default=None, description="Until the requester hears from an agent again, while it is not solved."
    )
    lines: Mapping[str, SomeTime] = Field(
        default={}, description="How long each line may have a ticket, such as L1: 4h."
    )
    pause: tuple[Pausing, ...] = Field(
        default=("pending",),
        description="The statuses in which the clocks of resolution, keep_informed and lines stand still.",
    )


class RungSection(Section):
    """A step of an escalation ladder."""

    at: RungAt = Field(description="When: 50% of the target, 100% + 4h, 100% - 30m.")
    notify: tuple[Told, ...] = Field(
        default=(), description="Who is told: a part in the ticket, or an address such as oncall@example.org."
    )
    raises: bool = Field(default=False, alias="raise", description="Whether the ticket goes to the next line.")
    priority: Priority | None = Field(
        default=None, description="The priority that the ticket gets; one that is more pressing stays."
    )
    tag: Tag | None = Field(default=None, description="A tag that the ticket gets.")
    quiet: bool = Field(
        default=False, description="Whether the staff is told in their working hours only (`hours` of a person)."
    )


class CompanySection(Section):
    """A customer whose people may join each other's tickets."""

    domains: tuple[Domain, ...] = Field(
        description="Where its people write from, subdomains included. Only the `authserv` of the account can prove it."
    )


class ClosingSection(Section):
    """How a ticket ends."""

    after_resolved: SomeTime = Field(
        default=timedelta(days=3), description="A resolved ticket closes by itself after this time."
    )
    reopen_within: Duration = Field(
        default=timedelta(days=7),
        description="So long a reply to a closed ticket opens it again; later it makes a new one.",
    )
    satisfaction: bool = Field(default=True, description="Whether the user is asked how satisfied they are.")


class ReportsSection(Section):
    """What maild tells of itself by numbers."""

    weekly: bool = Field(
        default=True,
        description="Whether each lead and the manager get the figures of the last week by mail, on Monday at 07:00.",
    )


class DeskFile(Section):
    """desk.yaml: how the desk works."""

    name: Text = Field(description="What the desk is called in its mails.")
    prefix: Prefix = Field(default="INC", description="What ticket keys begin with, such as INC-1.")
    languages: tuple[Language, ...] = Field(
        default=("en",), description="In which maild writes; the first where it knows no better."
    )
    languages_by_domain: Mapping[DomainEnd, Language] = Field(
        default={},
        description="Which language they speak at a domain (customer.dk) or in all that end so (it); the longest that "
        "fits holds. It counts where neither the mail tells its language nor an earlier one did.",
    )
    people: Mapping[Id, PersonSection] = Field(description="The staff, by a short name that stands for them below.")
    lines: Mapping[Id, LineSection] = Field(description="The lines of support, the first contact first.")
    manager: str = Field(description="Who is told when time runs out.")
    data_protection: tuple[str, ...] = Field(
        default=(), description="Who is told at once of a suspected breach of data; else the manager."
    )
    categories: Mapping[CategoryPath, CategorySection] = Field(
        default={}, description="What tickets can be about: a tree of paths such as network/vpn."
    )
    services: Mapping[Name, ServiceSection] = Field(
        default={},
        description="What the users rely on, by name. Where any stand here, categories and agents can name no others.",
    )
    vips: tuple[VipSection, ...] = Field(
        default=(), description="People whose tickets touch the business more; a forged From counts for nothing."
    )
    priority: PrioritySection = Field(
        description="Priority follows from the impact, on users or on the business, whichever is higher, and urgency."
    )
    calendars: Mapping[Id, CalendarSection] = Field(description="When somebody is at work.")
    sla: tuple[SlaSection, ...] = Field(description="What is promised; the first that matches holds.")
    escalation: Mapping[ClockKind, tuple[RungSection, ...]] = Field(
        default={}, description="For each clock, who is told when."
    )
    closing: ClosingSection = Field(default=ClosingSection(), description="How a ticket ends.")
    reports: ReportsSection = Field(default=ReportsSection(), description="What maild tells of itself by numbers.")
    strangers: Strangers = Field(
        default="new",
        description="What somebody writes to a ticket that is not theirs becomes a linked ticket (new), or waits until "
        "an agent decides (hold).",
    )
    companies: Mapping[Id, CompanySection] = Field(
        default={}, description="Customers whose people join the tickets of their colleagues by writing to them."
    )
    replies: Mapping[Id, Mapping[Language, Text]] = Field(
        default={}, description="Texts that agents send with !template NAME, by language."
    )
