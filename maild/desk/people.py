"""Who is who: everybody who writes or is written to, and which of them are staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from maild.config import Settings
from maild.desk.models import Outgoing, Participant, Person, Ticket
from maild.desk.prepared import Insert, Select
from maild.errors import UnknownThing
from maild.mail.address import canonical
from maild.mail.token import GENERATIONS, Token

BOUNCE_PAUSE = timedelta(days=30)  # B19: then we try again


@dataclass(frozen=True, slots=True)
class Reader:
    """One person as a recipient: where to write, in which language."""

    id: int
    name: str
    address: str
    language: str
    staff: str | None
    bounced_until: datetime | None = None
    generation: int = 0  # of the tokens that they get (B2)


Staff = dict[str, Reader]
_IS_STAFF = Person.staff > ""  # "is not null" reads everybody: SQLite takes no index for it (M12)


def sync(settings: Settings, now: datetime) -> Staff:
    """Bring the staff rows in line with desk.yaml, and return them by id. Call it inside a transaction."""
    staff: Staff = {}
    known = {str(row.staff): row for row in Person.select().where(_IS_STAFF)}
    # First everybody who left or moved to another address lets go: two may have swapped theirs in one edit, and nobody
    # must be taken for the other (M7).
    wanted = {canonical(member.address): member.id for member in settings.desk.people.values()}
    for staff_id, row in list(known.items()):
        if wanted.get(row.address) != staff_id:
            taken = row.address in wanted or Person.get_or_none(address=_address(settings, staff_id)) is not None
            if staff_id not in settings.desk.people or taken:
                Person.update(staff=None).where(Person.id == row.id).execute()
                del known[staff_id]
    for member in settings.desk.people.values():
        address = canonical(member.address)
        found = known.get(member.id) or by_address(address)
        row = found or Person.create(address=address, created_at=now)
        # Whoever was somebody else, or none of the staff, got tokens that must not make an agent of who has them now:
        # two may have swapped their addresses, or somebody new got that of one who left (M7).
        generation = row.generation + (found is not None and found.staff != member.id)
        values: dict[str, Any] = {"staff": member.id, "name": member.name, "language": member.language}
        values |= {"address": address, "generation": generation}
        if any(getattr(row, name) != value for name, value in values.items()):  # mostly a start changes nobody
            Person.update(**values).where(Person.id == row.id).execute()
        staff[member.id] = Reader(row.id, member.name, address, member.language, member.id, generation=generation)
    return staff


def _address(settings: Settings, staff_id: str) -> str:
    member = settings.desk.people.get(staff_id)
    return canonical(member.address) if member else ""


_MEET = Insert(Person, ignore=True, returning=True)
_BY_ADDRESS = Select(Person, lambda address: Person.select().where(Person.address == address), 1)


def by_address(address: str) -> Person | None:
    """The person with this canonical address, where we know them."""
    return _BY_ADDRESS.first(address)


def meet(address: str, name: str, language: str | None, now: datetime) -> Person:
    """The person with this canonical address, made where unknown."""
    person = by_address(address)
    if person is None:
        # Two machines may meet the same person at once: the unique address decides, both read the same row.
        values = {"address": address, "name": name[:200], "language": language, "created_at": now}
        number = _MEET.row(**values)
        person = Person(id=number, **values) if number else Person.get(address=address)
    elif language and person.language is None:
        person.language = language
        Person.update(language=language).where(Person.id == person.id).execute()
    return person


def reader(person: Person, fallback: str) -> Reader:
    """A person as a recipient; `fallback` is the language where none is known."""
    return Reader(
        person.id,
        person.name,
        person.address,
        person.language or fallback,
        person.staff,
        person.bounced_until,
        person.generation,
    )


_BY_ID = Select(Person, lambda number: Person.select().where(Person.id == number), 1)


def by_id(number: int) -> Person | None:
    """The person with this number."""
    return _BY_ID.first(number)


def holds(token: Token) -> bool:
    """Whether a genuine token is still its person's: nobody revoked it (B2)."""
    person = _BY_ID.first(token.person)
    return person is not None and person.generation % GENERATIONS == token.generation


def revoke(address: str) -> tuple[str, int]:
    """All reply tokens that a person got so far are void at once; what is written from now on carries new ones.

    Returns who it is, and how many mails to them wait to be sent with an old one. Raises UnknownThing.
    """
    person = by_address(address)
    if person is None:
        raise UnknownThing(f"nobody with the address {address} ever got a reply token")
    Person.update(generation=Person.generation + 1).where(Person.id == person.id).execute()
    waiting = Outgoing.select().where((Outgoing.state == "waiting") & (Outgoing.recipient == address)).count()
    return person.name or person.address, int(waiting)


_STAFF = Select(Person, lambda: Person.select().where(_IS_STAFF), 0)


def current(staff: Staff) -> Staff:
    """The staff with the generations of now: tokens are revoked beside the daemon. Call it in each transaction."""
    now = {row.id: row.generation for row in _STAFF.all()}
    return {
        name: r if now.get(r.id, r.generation) == r.generation else replace(r, generation=now[r.id])
        for name, r in staff.items()
    }


def role(ticket: Ticket, person: Person | None) -> str | None:
    """What somebody is to a ticket: "requester", "participant", or nothing."""
    if person is None:
        return None
    if ticket.requester.id == person.id:
        return "requester"
    on = Participant.select().where((Participant.ticket == ticket) & (Participant.person == person)).exists()
    return "participant" if on else None


def circle(ticket: Ticket, settings: Settings) -> tuple[str, ...]:
    """Those of the staff who may see a confidential ticket: who has it, and who answers for the protection of data."""
    mine = (ticket.assignee,) if ticket.assignee else ()
    return tuple(dict.fromkeys((*mine, *settings.desk.data_protection)))


def sees(staff: str | None, ticket: Ticket, settings: Settings) -> bool:
    """Whether one of the staff may know of a ticket at all (M9, P13)."""
    return not ticket.confidential or staff in circle(ticket, settings)


def participants(ticket: Ticket) -> Iterable[Person]:
    """The participants of a ticket, besides its requester."""
    return list(Person.select().join(Participant).where(Participant.ticket == ticket).order_by(Person.id))


def proved(address: str) -> None:
    """This address is really read by who writes from it (B25)."""
    Person.update(proved=True).where((Person.address == address) & ~Person.proved).execute()


def bounced(person: int, now: datetime) -> None:
    """Automatic mail to this person stops for a while (B19)."""
    Person.update(bounced_until=now + BOUNCE_PAUSE).where(Person.id == person).execute()


def bounced_at(address: str, now: datetime) -> None:
    """The same, for the person with this canonical address."""
    Person.update(bounced_until=now + BOUNCE_PAUSE).where(Person.address == address).execute()
