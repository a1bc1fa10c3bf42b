"""Who a notice goes to: an audience becomes people, each once, without the one who acted (B27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from maild.desk import people
from maild.desk.models import Ticket
from maild.desk.people import Reader
from maild.desk.tickets import Act
from maild.mail.address import canonical
from maild.policy.changes import Audience


def readers(audience: tuple[Audience, ...], ticket: Ticket, act: Act, *, copies: bool) -> list[Reader]:
    """The recipients, in the order of the audience.

    With `copies` the notice says no more than the mail that caused it: who has that in To or Cc gets no second one.
    """
    found: dict[int, Reader] = {}
    for name in audience:
        for reader in _of(name, ticket, act):
            acted = act.actor in (reader.staff, reader.address) and name not in ("actor", "requester")
            if not acted and not (copies and reader.staff is None and _has_it(reader, act)):
                found.setdefault(reader.id, reader)
    return list(found.values())


def _has_it(reader: Reader, act: Act) -> bool:
    """Whether an outsider got the very mail that this notice would pass on."""
    if act.mail is None or act.mail.sender is None or canonical(act.mail.sender.address) == reader.address:
        return False
    return any(canonical(a.address) == reader.address for a in (*act.mail.to, *act.mail.cc))


def _of(name: Audience, ticket: Ticket, act: Act) -> Iterator[Reader]:
    if name == "requester":
        # the ticket's language is what they wrote in; what they wrote in before may be another
        yield replace(people.reader(ticket.requester, ticket.language), language=ticket.language)
    elif name == "participants":
        for person in people.participants(ticket):
            yield people.reader(person, ticket.language)
    elif name == "actor":
        yield from [act.staff[act.actor]] if act.actor in act.staff else []
    else:
        for member in _members(name, ticket, act):
            stand_in = member if _present(member, act) else act.settings.desk.lead_of(ticket.line)  # B49
            if stand_in in act.staff:
                yield act.staff[stand_in]


def _members(name: Audience, ticket: Ticket, act: Act) -> Sequence[str]:
    """The ids of the staff that an audience means."""
    desk = act.settings.desk
    line = desk.lines.get(ticket.line)
    agents = [a for a in line.agents if _present(a, act)] if line else []
    mine = [ticket.assignee] if ticket.assignee else []
    audiences: Mapping[str, Sequence[str]] = {
        "assignee": mine or [desk.lead_of(ticket.line)],  # a warning that reaches nobody is none
        "line": agents or [desk.lead_of(ticket.line)],
        "owner": mine or agents or [desk.lead_of(ticket.line)],
        "lead": [desk.lead_of(ticket.line)],
        "manager": [desk.manager],
        "data_protection": desk.data_protection,
    }
    return audiences[name]


def _present(member: str, act: Act) -> bool:
    person = act.settings.desk.people.get(member)
    return person is not None and not person.is_away(act.now.date())
