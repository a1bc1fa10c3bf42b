"""Looking up the names that stand in desk.yaml: whatever has one of them must be there."""

from __future__ import annotations

from collections.abc import Iterable

from maild.config.deskfile import DeskFile
from maild.config.problems import Where
from maild.config.tree import Document
from maild.policy.forms import nearest


class Names:
    """Looks names up, and notes those that nothing has."""

    def __init__(self, file: DeskFile, document: Document) -> None:
        self.file, self.document = file, document

    def one(self, where: Where, name: str | None, known: Iterable[str], kind: str) -> None:
        if name is not None and name not in (names := list(known)):
            self.document.complain(where, f"there is no {kind} `{name}`{nearest(name, names)}")

    def service(self, where: Where, name: str | None) -> None:
        """Where services are listed, another one is a slip; where none are, categories name them as they like."""
        if self.file.services:
            self.one(where, name, self.file.services, "service")

    def each(self, where: Where, found: tuple[str, ...], known: Iterable[str] | None, kind: str) -> None:
        """The names of a list; with `known` None only that none stands there twice."""
        for i, name in enumerate(found):
            if known is not None:
                self.one((*where, i), name, known, kind)
            if name in found[:i]:
                self.document.complain((*where, i), f"the {kind} `{name}` stands here twice")


def listed(names: list[str]) -> str:
    """Names as a message tells them."""
    return ", ".join(f"`{name}`" for name in names)
