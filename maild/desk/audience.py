"""Who a notice goes to: an audience becomes people, each once, without the one who acted (B27)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from maild.desk import people
from maild.desk.act import Act
from maild.desk.models import Ticket, Watch
from maild.desk.people import Reader
from maild.desk.prepared import Select
from maild.mail.address import canonical
from maild.policy.changes import Audience


def readers(
    audience: tuple[Audience, ...], ticket: Ticket, act: Act, *, copies: bool, new: bool = False
) -> list[Reader]:
    """The recipients, in the order of the audience. Who owns a ticket shares what they get with who watches it.

    With `copies` the notice says no more than the mail that caused it: who has that in To or Cc gets no second one.
    """
    found: dict[int, Reader] = {}
    asked = not new and not {"owner", "line", "watchers"}.isdisjoint(audience)  # nobody watches what is new
    wishes = _wishes(ticket) if asked else {}
    if "owner" in audience:
        audience = (*audience, "watchers")
    for name in audience:
        for reader in _of(name, ticket, act, wishes):
            acted = act.actor in (reader.staff, reader.address) and name not in ("actor", "requester")
            # B38: what agents say of the ticket of one of them is not for that one
            theirs = name not in ("actor", "requester") and reader.id == ticket.__data__["requester"]
            if not acted and not theirs and not (copies and reader.staff is None and _has_it(reader, act)):
                found.setdefault(reader.id, reader)
    return list(found.values())


def _has_it(reader: Reader, act: Act) -> bool:
    """Whether an outsider got the very mail that this notice would pass on."""
    if act.mail is None or act.mail.sender is None or canonical(act.mail.sender.address) == reader.address:
        return False
    return any(canonical(a.address) == reader.address for a in (*act.mail.to, *act.mail.cc))


_NOBODY = Reader(0, "", "", "", None)
_WATCHES = Select(Watch, lambda ticket: Watch.select(Watch.person, Watch.wants).where(Watch.ticket == ticket), 1)


def _wishes(ticket: Ticket) -> dict[int, bool]:
    """Who watches a ticket (true), and who wants no mails about it (false), by the person's id."""
    return {row.__data__["person"]: bool(row.wants) for row in _WATCHES.all(ticket.id)}


def _of(name: Audience, ticket: Ticket, act: Act, wishes: Mapping[int, bool]) -> Iterator[Reader]:
    if name == "requester":
        # the ticket's language is what they wrote in; what they wrote in before may be another
        yield replace(people.reader(ticket.requester, ticket.language), language=ticket.language)
    elif name == "participants":
        for person in people.participants(ticket):
            yield people.reader(person, ticket.language)
    elif name == "actor":
        yield from [act.staff[act.actor]] if act.actor in act.staff else []
    elif name == "watchers" and not ticket.confidential:
        yield from (one for one in act.staff.values() if wishes.get(one.id) and _present(one.staff or "", act))
    elif ticket.confidential:  # nobody stands in for somebody, and nobody watches
        yield from (act.staff[one] for one in people.circle(ticket, act.settings) if one in act.staff)
    else:
        muted = {i for i, wants in wishes.items() if not wants} if name in ("owner", "line") else set()
        for member in _members(name, ticket, act):
            stand_in = act.settings.desk.stand_in(member, ticket.line, act.now.date())  # B49
            if _is_requester(stand_in, ticket, act):
                stand_in = act.settings.desk.manager
            wanted = member == ticket.assignee or act.staff.get(stand_in, _NOBODY).id not in muted
            if stand_in in act.staff and wanted:
                yield act.staff[stand_in]


def _members(name: Audience, ticket: Ticket, act: Act) -> Sequence[str]:
    """The ids of the staff that an audience means."""
    desk = act.settings.desk
    line = desk.lines.get(ticket.line)
    agents = [a for a in line.agents if _present(a, act) and not _is_requester(a, ticket, act)] if line else []
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


def _is_requester(member: str, ticket: Ticket, act: Act) -> bool:
    """Whether it is the ticket of this member of staff, whom it does not tell what agents are told (B38)."""
    return member in act.staff and act.staff[member].id == ticket.__data__["requester"]


def _present(member: str, act: Act) -> bool:
    return act.settings.desk.is_there(member, act.now.date())
