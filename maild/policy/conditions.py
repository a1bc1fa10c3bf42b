"""The conditions of a rule: each one decorated function, whose docstring is its text in the schema.

A condition is read once, from YAML, into a `Check`; asked about a mail it answers None where it holds, else in words
why not. `all`, `any` and `not` nest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias, TypeVar, get_args

from maild.mail.message import Address, Attachment, Kind
from maild.outcome import Verdict
from maild.policy.facts import Facts
from maild.policy.forms import (
    GLOBS,
    TEXT_TEST,
    TEXTS,
    YES_OR_NO,
    Form,
    Reader,
    Test,
    Text,
    Where,
    mapping,
    nearest,
    some_named,
    some_of,
)
from maild.policy.priority import PRIORITIES, Matrix, priority

T = TypeVar("T")

TYPES = ("incident", "request", "problem")
STATUSES = ("new", "open", "pending", "resolved", "closed")
LATER = ("header", "in_hours", "requester_tickets")  # of the contract, but not in this version
NESTING = {"all": "all of: [...]", "any": "any of: [...]", "not": "not: {...}"}


@dataclass
class Scene:
    """One mail as rules see it: the facts, and what earlier rules have made of the ticket."""

    facts: Facts
    matrix: Matrix | None = None
    values: dict[str, str | None] = field(default_factory=dict)  # of ticket fields, as earlier rules set them
    tags: set[str] = field(default_factory=set)
    tired: list[str] = field(default_factory=list)  # patterns that ran out of time

    def value(self, name: str) -> str | None:
        """A field of the ticket: what a rule said, else what it has, else what a new one begins with."""
        if name in self.values:
            return self.values[name]
        ticket = self.facts.ticket
        moved = ticket is None or "impact" in self.values or "urgency" in self.values
        if name == "priority" and self.matrix is not None and moved:
            return priority(self.matrix, self.value("impact"), self.value("urgency"))
        if ticket is not None:
            found: str | None = getattr(ticket, name)
            return found
        return {"type": "incident", "status": "new"}.get(name)

    @cached_property
    def subject(self) -> Text:
        return Text(self.facts.mail.subject)

    @cached_property
    def text(self) -> Text:
        return Text(self.facts.mail.text)


Check: TypeAlias = Callable[[Scene], str | None]
Holds: TypeAlias = Callable[[Any, Scene], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """A word that may stand under `when`."""

    name: str
    form: Form[Any]
    holds: Holds
    text: str


CONDITIONS: dict[str, Condition] = {}


def condition(name: str, form: Form[T]) -> Callable[[Callable[[T, Scene], bool]], Callable[[T, Scene], bool]]:
    """Register a condition; its value in YAML has the given form."""

    def register(holds: Callable[[T, Scene], bool]) -> Callable[[T, Scene], bool]:
        CONDITIONS[name] = Condition(name, form, holds, holds.__doc__ or "")
        return holds

    return register


# -- forms of their own ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """What an address has to be like; all that is said must hold of the same one."""

    address: Callable[[str], bool] | None
    domain: frozenset[str] | None
    name: Callable[[str], bool] | None

    def fits(self, who: Address) -> bool:
        domain = who.address.rpartition("@")[2].casefold()
        return (
            (self.address is None or self.address(who.address))
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
    parts = {key: GLOBS.read(found[key], (*where, key), reader) for key in ("address", "name") if key in found}
    domains = TEXTS.read(found["domain"], (*where, "domain"), reader) if "domain" in found else None
    return Person(
        parts.get("address"), domains and frozenset(d.casefold().lstrip("@") for d in domains), parts.get("name")
    )


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

# -- the conditions --------------------------------------------------------------------------------------------------


@condition("from", PERSON)
def _from(want: Person, scene: Scene) -> bool:
    """Who the mail is from; holds of no mail whose From: cannot be judged."""
    sender = scene.facts.mail.sender
    return sender is not None and want.fits(sender)


@condition("to", PERSON)
def _to(want: Person, scene: Scene) -> bool:
    """One of those in To:."""
    return any(map(want.fits, scene.facts.mail.to))


@condition("cc", PERSON)
def _cc(want: Person, scene: Scene) -> bool:
    """One of those in Cc:."""
    return any(map(want.fits, scene.facts.mail.cc))


@condition("reply_to", PERSON)
def _reply_to(want: Person, scene: Scene) -> bool:
    """One of those in Reply-To:."""
    return any(map(want.fits, scene.facts.mail.reply_to))


@condition("subject", TEXT_TEST)
def _subject(test: Test, scene: Scene) -> bool:
    """The subject."""
    return test(scene.subject, scene.tired)


@condition("text", TEXT_TEST)
def _text(test: Test, scene: Scene) -> bool:
    """The body, its first 65,536 characters."""
    return test(scene.text, scene.tired)


@condition("kind", some_of(*get_args(Kind)))
def _kind(want: frozenset[str], scene: Scene) -> bool:
    """What sort of mail it is; a person wrote a `human` one."""
    return scene.facts.mail.kind in want


@condition("verdict", some_of(*get_args(Verdict)))
def _verdict(want: frozenset[str], scene: Scene) -> bool:
    """Who the sender was proved to be."""
    return scene.facts.verdict in want


@condition("language", TEXTS)
def _language(want: frozenset[str], scene: Scene) -> bool:
    """The language of the mail, as far as it can be told."""
    return scene.facts.mail.language in want


@condition("account", some_named("account"))
def _account(want: frozenset[str], scene: Scene) -> bool:
    """The account of maild.yaml that took the mail in."""
    return scene.facts.account in want


@condition("category", some_named("category", parents=True))
def _category(want: frozenset[str], scene: Scene) -> bool:
    """The ticket's category, or one above it: `network` holds of network/vpn."""
    found = scene.value("category")
    return found is not None and any(found == c or found.startswith(c + "/") for c in want)


@condition("type", some_of(*TYPES))
def _type(want: frozenset[str], scene: Scene) -> bool:
    """The ticket's type."""
    return scene.value("type") in want


@condition("status", some_of(*STATUSES))
def _status(want: frozenset[str], scene: Scene) -> bool:
    """The ticket's status."""
    return scene.value("status") in want


@condition("priority", some_of(*PRIORITIES))
def _priority(want: frozenset[str], scene: Scene) -> bool:
    """The ticket's priority, as far as the rules above have made it."""
    return scene.value("priority") in want


@condition("tags", TEXTS)
def _tags(want: frozenset[str], scene: Scene) -> bool:
    """Any of these tags."""
    return bool(want & scene.tags)


@condition("new", YES_OR_NO)
def _new(want: bool, scene: Scene) -> bool:
    """Whether the mail opens a ticket."""
    return (scene.facts.ticket is None) is want


@condition("attachment", FILE)
def _attachment(want: File, scene: Scene) -> bool:
    """One of the attachments."""
    return any(map(want.fits, scene.facts.mail.attachments))


# -- reading ---------------------------------------------------------------------------------------------------------


def read(value: Any, where: Where, reader: Reader) -> Check:
    """All conditions of a mapping; they must hold together. Complains of what cannot be read."""
    if not isinstance(value, dict):
        reader.complain(where, "conditions are wanted here, such as {subject: {contains: vpn}}")
        return _never
    return _together([_one(key, each, (*where, key), reader) for key, each in value.items()])


def _one(key: str, value: Any, where: Where, reader: Reader) -> Check:
    if key in NESTING:
        return _nested(key, value, where, reader)
    if key in LATER:
        reader.later.append((where, f"the condition `{key}` is not in this version, so the rule never applies"))
        return _never
    found = CONDITIONS.get(key)
    if found is None:
        known = (*CONDITIONS, *NESTING, *LATER)
        reader.complain(where, f"unknown condition `{key}`{nearest(key, known)}", at_key=True)
        return _never
    want = found.form.read(value, where, reader)
    if want is None:
        return _never
    holds, said = found.holds, f"{key}: {show(value)}"
    return lambda scene: None if holds(want, scene) else said


def _nested(key: str, value: Any, where: Where, reader: Reader) -> Check:
    if key == "not":
        inner = read(value, where, reader)
        return lambda scene: None if inner(scene) else f"not: {show(value)}"
    if not isinstance(value, list) or not value:
        reader.complain(where, f"a list of conditions is wanted here, such as {key}: [{{kind: human}}, {{new: true}}]")
        return _never
    parts = [read(each, (*where, i), reader) for i, each in enumerate(value)]
    if key == "all":
        return _together(parts)
    return lambda scene: None if any(part(scene) is None for part in parts) else f"any: {show(value)}"


def _together(parts: list[Check]) -> Check:
    def check(scene: Scene) -> str | None:
        return next((why for part in parts if (why := part(scene)) is not None), None)

    return check


def _never(_: Scene) -> str:
    return "it cannot be read"


def show(value: Any) -> str:
    """A value as YAML would write it on one line, for explanations."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(show, value)) + "]"
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


def schema() -> Mapping[str, Any]:
    """The JSON Schema of what stands under `when`."""
    nested: dict[str, Any] = {
        "all": {"type": "array", "items": {"$ref": "#/$defs/when"}, "minItems": 1, "description": "All of these hold."},
        "any": {
            "type": "array",
            "items": {"$ref": "#/$defs/when"},
            "minItems": 1,
            "description": "One of these holds.",
        },
        "not": {"$ref": "#/$defs/when", "description": "These do not all hold."},
    }
    own = {c.name: {**c.form.schema, "description": c.text} for c in CONDITIONS.values()}
    return {"type": "object", "additionalProperties": False, "properties": {**own, **nested}}
