"""Who is who: everybody who writes or is written to, and which of them are staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.config import Settings
from maild.desk.models import Participant, Person, Ticket
from maild.desk.prepared import Insert, Select
from maild.mail.address import canonical

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


Staff = dict[str, Reader]


def sync(settings: Settings, now: datetime) -> Staff:
    """Bring the staff rows in line with desk.yaml, and return them by id. Call it inside a transaction."""
    staff: Staff = {}
    known = {str(row.staff): row for row in Person.select().where(Person.staff.is_null(False))}
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
        values = {"staff": member.id, "name": member.name, "language": member.language, "address": address}
        Person.update(**values).where(Person.id == row.id).execute()
        staff[member.id] = Reader(row.id, member.name, address, member.language, member.id)
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
    )


def role(ticket: Ticket, person: Person | None) -> str | None:
    """What somebody is to a ticket: "requester", "participant", or nothing."""
    if person is None:
        return None
    if ticket.requester.id == person.id:
        return "requester"
    on = Participant.select().where((Participant.ticket == ticket) & (Participant.person == person)).exists()
    return "participant" if on else None


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
