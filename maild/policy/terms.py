"""What decisions need to know of desk.yaml, said as protocols: `config` stands above this room and fits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from maild.policy.priority import Matrix
from maild.policy.sla import Levels


class Person(Protocol):
    """An agent, lead or manager."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def receipts(self) -> str: ...


class Line(Protocol):
    """One line of support."""

    @property
    def name(self) -> str: ...
    @property
    def agents(self) -> Sequence[str]: ...
    @property
    def lead(self) -> str | None: ...


class Category(Protocol):
    """One path of the category tree."""

    @property
    def line(self) -> str | None: ...
    @property
    def service(self) -> str | None: ...
    @property
    def questions(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def asks(self) -> Sequence[str]: ...
    @property
    def impact(self) -> str | None: ...
    @property
    def urgency(self) -> str | None: ...
    @property
    def sla(self) -> str | None: ...


class Service(Protocol):
    """Something that the users rely on."""

    @property
    def business(self) -> str | None: ...
    @property
    def line(self) -> str | None: ...


class Closing(Protocol):
    """When resolved tickets close, and how long closed ones may be reopened."""

    @property
    def after_resolved(self) -> timedelta: ...
    @property
    def reopen_within(self) -> timedelta: ...
    @property
    def satisfaction(self) -> bool: ...


class Desk(Protocol):
    """The desk as its administrator described it."""

    @property
    def languages(self) -> Sequence[str]: ...
    @property
    def people(self) -> Mapping[str, Person]: ...
    @property
    def lines(self) -> Mapping[str, Line]: ...
    @property
    def categories(self) -> Mapping[str, Category]: ...
    @property
    def services(self) -> Mapping[str, Service]: ...
    @property
    def priority(self) -> Matrix: ...
    @property
    def levels(self) -> Levels: ...
    @property
    def closing(self) -> Closing: ...
    @property
    def manager(self) -> str: ...
    @property
    def data_protection(self) -> Sequence[str]: ...
    @property
    def strangers(self) -> str:
        """What becomes of a stranger's mail to a ticket: "new" or "hold"."""
        ...

    @property
    def replies(self) -> Mapping[str, Mapping[str, str]]:
        """The prepared texts, by name and language."""
        ...

    def person_by_address(self, address: str) -> Person | None:
        """The one of the staff who writes from a canonical address."""
        ...

    def business_of(self, address: str) -> str | None:
        """How much the business is touched by the tickets of a canonical address, because of whose it is."""
        ...

    def line_after(self, name: str) -> str | None:
        """The next line up the ladder, or None at its top."""
        ...
