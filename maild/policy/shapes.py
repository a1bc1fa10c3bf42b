"""The shapes of what conditions ask about: a person in a mail, an attachment, how much somebody has written before."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from maild.mail.address import canonical
from maild.mail.message import Address, Attachment
from maild.policy.forms import COUNT, SPAN, TEXTS, Form, Reader, Where, mapping, words
from maild.policy.patterns import GLOBS


@dataclass(frozen=True, slots=True)
class Person:
    """What an address has to be like; all that is said must hold of the same one."""

    address: Callable[[str], bool] | None
    domain: frozenset[str] | None
    name: Callable[[str], bool] | None

    def fits(self, who: Address) -> bool:
        address = canonical(who.address)  # B57: what only looks alike is somebody else
        domain = address.rpartition("@")[2]
        return (
            (self.address is None or self.address(address))
            and (self.domain is None or any(domain == d or domain.endswith("." + d) for d in self.domain))
            and (self.name is None or self.name(who.name))
        )


def _person(value: Any, where: Where, reader: Reader) -> Person | None:
    wanted = value if isinstance(value, str) else "*@example.org"
    found = mapping(
        value,
        ("address", "domain", "name"),
        where,
        reader,
        f'say what of it, such as {where[-1]}: {{address: "{wanted}"}}',
    )
    if found is None:
        return None
    if not value:
        reader.complain(where, "say what of it: address, domain or name")
    name = GLOBS.read(found["name"], (*where, "name"), reader) if "name" in found else None
    addresses = words(found["address"], (*where, "address"), reader) if "address" in found else None
    domains = TEXTS.read(found["domain"], (*where, "domain"), reader) if "domain" in found else None
    for one in addresses or ():
        if "@" not in one and "*" not in one and "?" not in one:
            hint = f'"*@{one}", or domain: {one}' if "." in one else f'"{one}@*"'
            reader.complain((*where, "address"), f"no address is just `{one}`; write {hint}")
    for one in sorted(domains or ()):
        if "*" in one or "@" in one.strip().lstrip("@"):
            bare = one.strip().rpartition("@")[2].replace("*", "").strip(".") or "example.org"
            reader.complain((*where, "domain"), f"no domain is `{one}`; `{bare}` holds of all below it as well")
    return Person(_addresses(addresses) if addresses else None, domains and frozenset(map(domain_of, domains)), name)


def _addresses(wanted: Sequence[str]) -> Callable[[str], bool]:
    globs = tuple(re.compile(fnmatch.translate(canonical(one))) for one in wanted)
    return lambda address: any(one.match(address) for one in globs)


def domain_of(written: str) -> str:
    """A domain as addresses have it that are canonical; an @ before it says nothing."""
    return canonical(f"@{written.strip().lstrip('@')}")[1:]


PERSON: Form[Person] = Form(
    _person,
    {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "address": {**GLOBS.schema, "description": "The whole address; * stands for anything."},
            "domain": {**TEXTS.schema, "description": "The domain, or one above it."},
            "name": {**GLOBS.schema, "description": "The whole display name; * stands for anything."},
        },
    },
)


@dataclass(frozen=True, slots=True)
class File:
    """What an attachment has to be like; all that is said must hold of the same one."""

    name: Callable[[str], bool] | None
    type: Callable[[str], bool] | None
    over: int

    def fits(self, attachment: Attachment) -> bool:
        return (
            (self.name is None or self.name(attachment.name))
            and (self.type is None or self.type(attachment.type))
            and attachment.size >= self.over
        )


def _file(value: Any, where: Where, reader: Reader) -> File | None:
    found = mapping(
        value, ("name", "type", "size"), where, reader, 'say what of it, such as attachment: {name: "*.exe"}'
    )
    if found is None:
        return None
    if not value:
        reader.complain(where, "say what of it: name, type or size")
    parts = {key: GLOBS.read(found[key], (*where, key), reader) for key in ("name", "type") if key in found}
    over = _bytes(found["size"], (*where, "size"), reader) if "size" in found else 0
    return File(parts.get("name"), parts.get("type"), over)


def _bytes(value: Any, where: Where, reader: Reader) -> int:
    number = value.rstrip("kMGB") if isinstance(value, str) else ""
    unit = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}.get(value[len(number) :] if number else "")
    if unit is None or not number.isascii() or not number.isdigit() or len(number) > 9:
        reader.complain(where, "the least size is wanted here, such as 10MB")
        return 0
    return int(number) * unit


FILE: Form[File] = Form(
    _file,
    {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "name": {**GLOBS.schema, "description": "The whole file name; * stands for anything."},
            "type": {**GLOBS.schema, "description": "The MIME type, such as image/*."},
            "size": {"type": "string", "description": "At least so large, such as 10MB.", "examples": ["10MB"]},
        },
    },
)


@dataclass(frozen=True, slots=True)
class History:
    """How many other tickets the sender must have at least."""

    open: int
    opened: int
    within: timedelta


def _history(value: Any, where: Where, reader: Reader) -> History | None:
    hint = "say how many, such as requester_tickets: {open: 3} or {opened: 5, within: 7d}"
    found = mapping(value, ("open", "opened", "within"), where, reader, hint)
    if found is None:
        return None
    if ("opened" in found) != ("within" in found) or not found:
        reader.complain(where, hint)
        return None
    open_ = COUNT.read(found["open"], (*where, "open"), reader) if "open" in found else 0
    opened = COUNT.read(found["opened"], (*where, "opened"), reader) if "opened" in found else 0
    within = SPAN.read(found["within"], (*where, "within"), reader) if "within" in found else timedelta()
    return None if open_ is None or opened is None or within is None else History(open_, opened, within)


HISTORY: Form[History] = Form(
    _history,
    {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            "open": {**COUNT.schema, "description": "So many that are neither solved nor closed, at least."},
            "opened": {**COUNT.schema, "description": "So many that were opened within the time, at least."},
            "within": {**SPAN.schema, "description": "The time up to now, such as 7d."},
        },
    },
)
