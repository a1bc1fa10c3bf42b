"""What the names in a configuration mean: each is looked up, and desk.yaml becomes a `Desk`.

The shape is right when this is called. What is wrong is noted in the document, and everything is looked at: the value
made of a wrong file is not to be used, its problems say so.
"""

from __future__ import annotations

import zoneinfo
from datetime import date
from types import MappingProxyType
from typing import cast, get_args
from zoneinfo import ZoneInfo

from maild.config import staff, subjects
from maild.config.deskfile import CalendarSection, DeskFile, RungSection, SlaSection, WhenSection
from maild.config.machine import MaildFile
from maild.config.names import Names, listed
from maild.config.problems import Where
from maild.config.settings import Closing, Desk, Line, Listener
from maild.config.shapes import WEEK
from maild.config.tree import Document
from maild.errors import UnknownThing
from maild.mail import trust
from maild.mail.address import canonical
from maild.mail.address import domain as domain_of
from maild.policy import hours
from maild.policy.changes import Audience
from maild.policy.forms import nearest
from maild.policy.hours import Calendar, Intervals
from maild.policy.priority import PRIORITIES
from maild.policy.sla import Levels, Policy, Rung, Target, When

YEAR = 2026  # any year: whether a country is known does not depend on it

# -- maild.yaml ------------------------------------------------------------------------------------------------------


def look_at_accounts(machine: MaildFile, document: Document) -> None:
    """Whether accounts are apart from each other, and whether each can log in."""
    names: dict[str, int] = {}
    addresses: dict[str, str] = {}
    if not machine.accounts:
        document.complain(("accounts",), "at least one account is wanted here")
    for i, account in enumerate(machine.accounts):
        here: Where = ("accounts", i)
        if account.name in names:
            first = document.line(("accounts", names[account.name], "name"))
            document.complain((*here, "name"), f"an account `{account.name}` stands already on line {first}")
        names.setdefault(account.name, i)
        own = [(account.address, (*here, "address"))]
        own += [(alias, (*here, "aliases", n)) for n, alias in enumerate(account.aliases)]
        for address, where in own:
            if (other := addresses.setdefault(canonical(address), account.name)) != account.name or (
                sum(canonical(a) == canonical(address) for a, _ in own) > 1 and where != own[0][1]
            ):
                document.complain(where, f"the address {address} belongs already to the account `{other}`")
        if account.imap and account.imap.password is None and account.imap.oauth2 is None:
            document.complain((*here, "imap"), "the key `password` is missing in `imap`", at_key=True)
        if account.imap and account.processed == account.folder:
            document.complain((*here, "processed"), "mail cannot be moved to where it is; null leaves it in place")
        if account.imap and account.failed == account.folder:
            document.complain((*here, "failed"), "mail cannot be moved to where it is")
    smtp = machine.sending.smtp
    if (smtp.user is None) != (smtp.password is None):
        missing = "user" if smtp.user is None else "password"
        document.complain(("sending", "smtp"), f"the key `{missing}` is missing in `smtp`", at_key=True)
    _look_at_listener(machine, document)


def _look_at_listener(machine: MaildFile, document: Document) -> None:
    section, names = machine.listener, [account.name for account in machine.accounts]
    if section is None:
        return
    if (section.lmtp is None) == (section.smtp is None):
        document.complain(("listener",), "one of `lmtp` and `smtp` is wanted here", at_key=True)
    if section.account is None and len(names) > 1:
        message = f"the key `account` is missing in `listener`: which of {', '.join(names)} gets its mail?"
        document.complain(("listener",), message, at_key=True)
    if section.account is not None and section.account not in names:
        hint = nearest(section.account, names)
        document.complain(("listener", "account"), f"there is no account `{section.account}`{hint}")


def listener(machine: MaildFile) -> Listener | None:
    """The listener of a file that is right."""
    section = machine.listener
    if section is None:
        return None
    host, _, port = (section.lmtp or section.smtp or "").rpartition(":")
    return Listener(
        "lmtp" if section.lmtp else "smtp", host.strip("[]"), int(port), section.account or machine.accounts[0].name
    )


def look_at_addresses(machine: MaildFile, desk: DeskFile, document: Document) -> None:
    """No agent may have an address that users write to: their mails could not be told from the desk's own."""
    support = {canonical(a): account.name for account in machine.accounts for a in (account.address, *account.aliases)}
    support.setdefault(canonical(machine.sending.sender.address), "sending")
    for where, address in staff.addresses(desk):
        if (owner := support.get(canonical(address))) is not None:
            document.complain(where, f"{address} is an address of the desk itself (`{owner}` in maild.yaml)")


# -- desk.yaml -------------------------------------------------------------------------------------------------------


def desk(file: DeskFile, document: Document) -> Desk:
    """The desk that the file describes."""
    names = Names(file, document)
    owners = staff.owners(file, document)
    if not file.languages:
        document.complain(("languages",), "at least one language is wanted here")
    names.each(("languages",), file.languages, None, "language")
    for id_, person in file.people.items():
        names.one(("people", id_, "language"), person.language, file.languages, "language")
        if person.zone is not None:
            _zone(person.zone, ("people", id_, "zone"), document)
        names.one(("people", id_, "deputy"), person.deputy, file.people, "person")
        names.one(("people", id_, "hours"), person.hours, file.calendars, "calendar")
    staff.look_at_deputies(file, document)
    if not file.lines:
        document.complain(("lines",), "at least one line is wanted here")
    lines = {name: _line(name, names, file) for name in file.lines}
    names.one(("manager",), file.manager, file.people, "person")
    names.each(("data_protection",), file.data_protection, file.people, "person")
    return Desk(
        name=file.name,
        prefix=file.prefix,
        languages=file.languages,
        people=MappingProxyType({id_: staff.person(id_, file) for id_ in file.people}),
        lines=MappingProxyType(lines),
        manager=file.manager,
        data_protection=file.data_protection or (file.manager,),
        categories=MappingProxyType(subjects.categories(file, names)),
        priority=subjects.matrix(file, document),
        levels=_levels(file, names, document),
        closing=Closing(file.closing.after_resolved, file.closing.reopen_within, file.closing.satisfaction),
        addresses=MappingProxyType(owners),
        strangers=file.strangers,
        domains=MappingProxyType(_domains(file, names)),
        replies=MappingProxyType({name: subjects.reply(name, names, file) for name in file.replies}),
        weekly_report=file.reports.weekly,
        services=MappingProxyType(subjects.services(file, names)),
        vips=subjects.vips(file, names),
        languages_by_domain=MappingProxyType(subjects.languages_by_domain(file, names)),
    )


def _domains(file: DeskFile, names: Names) -> dict[str, str]:
    """Which company each domain belongs to, in its canonical form."""
    owners: dict[str, str] = {}
    for company, section in file.companies.items():
        here: Where = ("companies", company, "domains")
        if not section.domains:
            names.document.complain(here, f"the company `{company}` has no domains; nobody would belong to it")
        names.each(here, section.domains, None, "domain")
        for i, name in enumerate(section.domains):
            if trust.is_suffix(domain_of(f"x@{name}")):
                names.document.complain((*here, i), f"`{name}` belongs to many companies; write customer.{name}")
            owner = owners.setdefault(domain_of(f"x@{name}"), company)
            if owner != company:
                names.document.complain((*here, i), f"the domain {name} belongs already to the company `{owner}`")
    return owners


def _line(name: str, names: Names, file: DeskFile) -> Line:
    section, here = file.lines[name], ("lines", name)
    if not section.agents:
        names.document.complain((*here, "agents"), f"the line `{name}` has no agents; somebody must get its tickets")
    names.each((*here, "agents"), section.agents, file.people, "person")
    names.one((*here, "lead"), section.lead, file.people, "person")
    return Line(name, section.agents, section.lead or next(iter(section.agents), ""))


# -- clocks ----------------------------------------------------------------------------------------------------------


def _levels(file: DeskFile, names: Names, document: Document) -> Levels:
    calendars = {name: _calendar(name, section, document) for name, section in file.calendars.items()}
    if not calendars:
        document.complain(("calendars",), "at least one calendar is wanted here")
    if not file.sla:
        document.complain(("sla",), "at least one service level is wanted here")
    for i, sla in enumerate(file.sla):
        if sla.name in [other.name for other in file.sla[:i]]:
            document.complain(("sla", i, "name"), f'a service level "{sla.name}" stands already above')
        if sla.when is None and i + 1 < len(file.sla):
            message = f'no ticket comes as far as "{file.sla[i + 1].name}": "{sla.name}" is for all; it belongs last'
            document.complain(("sla", i, "name"), message)
    if file.sla and file.sla[-1].when is not None:
        message = f'no service level matches everything: the last, "{file.sla[-1].name}", must have no `when`'
        document.complain(("sla", len(file.sla) - 1, "when"), message, at_key=True)
    return Levels(
        policies=tuple(_policy(sla, ("sla", i), names, file) for i, sla in enumerate(file.sla)),
        ladders={kind: tuple(map(_rung, rungs)) for kind, rungs in file.escalation.items()},
        calendars={name: calendar for name, calendar in calendars.items() if calendar is not None},
    )


def _policy(section: SlaSection, here: Where, names: Names, file: DeskFile) -> Policy:
    if missing := [priority for priority in PRIORITIES if priority not in section.targets]:
        names.document.complain(
            (*here, "targets"), f"there is no target for the priority {listed(missing)}", at_key=True
        )
    targets: dict[str, Target] = {}
    for priority, target in section.targets.items():
        names.one((*here, "targets", priority, "calendar"), target.calendar, file.calendars, "calendar")
        targets[priority] = Target(target.first_response, target.resolution, target.calendar)
    for line in section.lines:
        names.one((*here, "lines", line), line, file.lines, "line")
    return Policy(
        name=section.name,
        targets=MappingProxyType(targets),
        pause=frozenset(section.pause),
        next_response=section.next_response,
        keep_informed=section.keep_informed,
        lines=MappingProxyType(dict(section.lines)),
        when=_when(section.when, (*here, "when"), names, file) if section.when else None,
    )


def _when(section: WhenSection, here: Where, names: Names, file: DeskFile) -> When:
    if not any(getattr(section, word) for word in WhenSection.model_fields):
        names.document.complain(here, "say for which tickets, or leave `when` out", at_key=True)
    branches = {"/".join(path.split("/")[: n + 1]) for path in file.categories for n in range(path.count("/") + 1)}
    for i, path in enumerate(section.category):
        names.one((*here, "category", i), path, sorted(branches), "category")
    for i, service in enumerate(section.service):
        names.service((*here, "service", i), service)
    for i, language in enumerate(section.language):
        names.one((*here, "language", i), language, file.languages, "language")
    return When(
        category=section.category,
        service=section.service,
        domain=tuple(domain_of(f"x@{name}") for name in section.domain),
        tag=section.tag,
        type=section.type,
        language=section.language,
        priority=section.priority,
    )


def _rung(section: RungSection) -> Rung:
    text, percent, offset = section.at
    parts = tuple(one for one in section.notify if one in get_args(Audience))
    return Rung(
        text,
        percent,
        offset,
        cast("tuple[Audience, ...]", parts),
        section.raises,
        priority=section.priority,
        tag=section.tag,
        addresses=tuple(one for one in section.notify if one not in parts),
        quiet=section.quiet,
    )


def _calendar(name: str, section: CalendarSection, document: Document) -> Calendar | None:
    here: Where = ("calendars", name)
    zone, week = _zone(section.zone, (*here, "zone"), document), _week(section, here, document)
    known = section.holidays is None or _known_holidays(section.holidays, (*here, "holidays"), document)
    special = _special(section, here, document)
    if not any(week):
        document.complain((*here, "hours"), f"the calendar `{name}` has no hours; no time could be promised by it")
        return None
    closed = frozenset(section.closed)
    return Calendar(name, zone, week, section.holidays, closed, special) if zone and known else None


def _special(section: CalendarSection, here: Where, document: Document) -> tuple[tuple[date, Intervals], ...]:
    """The days with hours of their own."""
    for day, times in section.special.items():
        where: Where = (*here, "special", day.isoformat())
        if not times:
            document.complain(where, f"a day on which nobody works belongs in `closed`: [{day}]")
        if day in section.closed:
            document.complain(where, f"{day} stands in `closed` too", at_key=True)
    return tuple(sorted(section.special.items()))


def _zone(name: str, where: Where, document: Document) -> ZoneInfo | None:
    try:
        # A lone "Europe" names a folder of the zone files, and "../x" leaves them.
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(name, zoneinfo.available_timezones())
        document.complain(where, f"there is no time zone `{name}`{hint or '; write it as Europe/Rome'}")
        return None


def _known_holidays(code: str, where: Where, document: Document) -> bool:
    try:
        hours.holiday_dates(code, YEAR)
    except UnknownThing as e:
        document.complain(where, str(e))
        return False
    return True


def _week(section: CalendarSection, here: Where, document: Document) -> tuple[Intervals, ...]:
    """The opening times of each weekday, Monday first."""
    week: list[Intervals] = [() for _ in WEEK]
    for days, times in section.hours.items():
        for number in days:
            if week[number]:
                message = f"the hours of {WEEK[number]} stand in two places"
                document.complain((*here, "hours"), message, at_key=True)
            week[number] = times
    return tuple(week)
