"""The people of desk.yaml: whose address is whose, who stands in for whom.

What is wrong is noted in the document, as everywhere in this room.
"""

from __future__ import annotations

from collections.abc import Iterable

from maild.config.deskfile import DeskFile
from maild.config.problems import Where
from maild.config.settings import Person
from maild.config.tree import Document
from maild.mail.address import canonical


def addresses(file: DeskFile) -> Iterable[tuple[Where, str]]:
    """All addresses of people, with where each stands."""
    for id_, person in file.people.items():
        yield ("people", id_, "address"), person.address
        for i, address in enumerate(person.also):
            yield ("people", id_, "also", i), address


def owners(file: DeskFile, document: Document) -> dict[str, str]:
    """Who writes from which canonical address. One that two people have would prove neither."""
    found: dict[str, str] = {}
    for where, address in addresses(file):
        owner = found.setdefault(canonical(address), str(where[1]))
        if owner != where[1]:
            document.complain(where, f"{address} is already an address of `{owner}`")
    return found


def person(id_: str, file: DeskFile) -> Person:
    """One of the people that the file describes."""
    section = file.people[id_]
    return Person(
        id=id_,
        name=section.name,
        address=section.address,
        also=section.also,
        language=section.language or next(iter(file.languages), "en"),
        away=section.away,
        trust=section.trust,
        receipts=section.receipts,
        zone=section.zone,
        deputy=section.deputy,
        hours=section.hours,
    )


def look_at_deputies(file: DeskFile, document: Document) -> None:
    """Nobody stands in for themselves. Two for each other is well: only one step is taken (`Desk.stand_in`)."""
    for id_, person in file.people.items():
        if person.deputy == id_:
            document.complain(("people", id_, "deputy"), f"`{id_}` cannot stand in for themselves")
