"""What tickets can be about: categories, services, prepared texts, and what priority follows from.

A category takes what it does not say from the one above it, so that the rest of maild finds each complete. What is
wrong is noted in the document, as everywhere in this room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from maild.config.deskfile import DeskFile
from maild.config.names import Names, listed
from maild.config.problems import Where
from maild.config.settings import Category, Service, Vip
from maild.config.tree import Document
from maild.mail.address import canonical
from maild.mail.address import domain as domain_of
from maild.policy.priority import LEVELS, Matrix


def reply(name: str, names: Names, file: DeskFile) -> Mapping[str, str]:
    """A prepared text by language, in the desk's order."""
    section, here = file.replies[name], ("replies", name)
    if not section:
        names.document.complain(here, f"the reply `{name}` has no text in any language")
    for language in section:
        names.one((*here, language), language, file.languages, "language")
    return MappingProxyType({x: section[x] for x in file.languages if x in section})


# -- categories -------------------------------------------------------------------------------------------------------


def categories(file: DeskFile, names: Names) -> dict[str, Category]:
    """All categories, each with what it takes from those above it."""
    _look_for_circles(file, names)
    for path in file.categories:
        _look_at(path, names, file)
    return {path: _category(path, file, names) for path in file.categories}


def _above(path: str, file: DeskFile) -> str | None:
    """From which category another one takes what it does not say: its `parent`, else the nearest above in its path."""
    parent = file.categories[path].parent
    if parent is not None:
        return parent if parent in file.categories else None
    parts = path.split("/")
    above = ("/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
    return next((one for one in above if one in file.categories), None)


def _look_for_circles(file: DeskFile, names: Names) -> None:
    """Each `parent` by which a category comes back to itself is told."""
    for path, section in file.categories.items():
        way = list(_way(path, file))
        if section.parent is not None and _above(way[-1], file) == path:
            message = f"`{path}` would take from itself: {' -> '.join([*way, path])}"
            names.document.complain(("categories", path, "parent"), message)


def _way(path: str, file: DeskFile) -> Iterator[str]:
    """A category and those above it, the nearest first; no further than to where it has been already."""
    seen: set[str] = set()
    at: str | None = path
    while at is not None and at not in seen:
        seen.add(at)
        yield at
        at = _above(at, file)


def _category(path: str, file: DeskFile, names: Names) -> Category:
    own = file.categories[path]
    sections = [file.categories[one] for one in _way(path, file)]

    def first(name: str) -> Any:
        return next((value for one in sections if (value := getattr(one, name))), None)

    asking = next((one for one in sections if one.questions), own)
    # what questions ask for belongs to them: other questions, other answers
    asks = own.asks or next((one.asks for one in sections[: sections.index(asking) + 1] if one.asks), ())
    fewest = min((len(questions) for questions in asking.questions.values()), default=0)
    if own.asks and len(own.asks) > fewest:
        message = f"`asks` says of {_questions(len(own.asks))} what is asked for, but there {_are(fewest)}"
        names.document.complain(("categories", path, "asks"), message)
    return Category(
        path=path,
        line=first("line"),
        service=first("service"),
        questions=MappingProxyType(dict(asking.questions)),
        asks=tuple(asks),
        impact=first("impact"),
        urgency=first("urgency"),
        sla=first("sla"),
        checklist=MappingProxyType(dict(first("checklist") or {})),
        reply=first("reply"),
    )


def _questions(number: int) -> str:
    return "1 question" if number == 1 else f"{number or 'no'} questions"


def _are(number: int) -> str:
    return f"{'is' if number == 1 else 'are'} {_questions(number)}"


def _look_at(path: str, names: Names, file: DeskFile) -> None:
    """Whether all that a category names is there."""
    section, here = file.categories[path], ("categories", path)
    names.one((*here, "parent"), section.parent, file.categories, "category")
    names.one((*here, "line"), section.line, file.lines, "line")
    names.service((*here, "service"), section.service)
    names.one((*here, "sla"), section.sla, [one.name for one in file.sla], "service level")
    names.one((*here, "reply"), section.reply, file.replies, "reply")
    for key in ("questions", "checklist"):
        for language in getattr(section, key):
            names.one((*here, key, language), language, file.languages, "language")
    counts = {language: len(questions) for language, questions in section.questions.items()}
    first = next(iter(counts), "")
    for language, count in counts.items():
        if count != counts[first]:
            message = f"there {_are(count)} in `{language}`, but {counts[first] or 'none'} in `{first}`"
            names.document.complain((*here, "questions", language), message, at_key=True)


# -- priority ---------------------------------------------------------------------------------------------------------


def matrix(file: DeskFile, document: Document) -> Matrix:
    """The table by which priority follows."""
    cells: Mapping[str, Mapping[str, str]] = {i: dict(row.items()) for i, row in file.priority.matrix.items()}
    for impact in LEVELS:
        if impact not in cells:
            document.complain(("priority", "matrix"), f"the matrix has no row for the impact `{impact}`", at_key=True)
            continue
        if missing := [urgency for urgency in LEVELS if urgency not in cells[impact]]:
            message = f"the row `{impact}` of the matrix has no priority for the urgency {listed(missing)}"
            document.complain(("priority", "matrix", impact), message, at_key=True)
    return Matrix(cells, file.priority.default.impact, file.priority.default.urgency)


def services(file: DeskFile, names: Names) -> dict[str, Service]:
    """What the users rely on."""
    for name, section in file.services.items():
        names.one(("services", name, "line"), section.line, file.lines, "line")
    return {name: Service(section.business, section.line) for name, section in file.services.items()}


def vips(file: DeskFile, names: Names) -> tuple[Vip, ...]:
    """People whose tickets touch the business more."""
    found: list[Vip] = []
    for i, section in enumerate(file.vips):
        here: Where = ("vips", i)
        if (section.address is None) == (section.domain is None):
            names.document.complain(here, "say whose tickets: one of `address` and `domain` is wanted here")
            continue
        vip = Vip(
            canonical(section.address) if section.address else None,
            domain_of(f"x@{section.domain}") if section.domain else None,
            section.business,
        )
        if any((vip.address, vip.domain) == (one.address, one.domain) for one in found):
            names.document.complain(here, f"{section.address or section.domain} stands here twice")
        found.append(vip)
    return tuple(found)


def languages_by_domain(file: DeskFile, names: Names) -> dict[str, str]:
    """What is spoken where, by canonical domain or the end of one."""
    found: dict[str, str] = {}
    for name, language in file.languages_by_domain.items():
        here: Where = ("languages_by_domain", name)
        names.one(here, language, file.languages, "language")
        if domain_of(f"x@{name}") in found:
            names.document.complain(here, f"the domain {name} stands here twice", at_key=True)
        found[domain_of(f"x@{name}")] = language
    return found
