"""The conditions of a rule: each one decorated function, whose docstring is its text in the schema.

A condition is read once, from YAML, into a `Check`; asked about a scene it answers None where it holds, else in words
why not. `all`, `any` and `not` nest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from maild.mail.message import Kind
from maild.outcome import Verdict
from maild.policy import hours
from maild.policy.checks import All, Check, Holds, Not, One, Some
from maild.policy.forms import TEXTS, YES_OR_NO, Form, Reader, Where, nearest, some_named, some_of
from maild.policy.patterns import HEADER, TEXT_TEST, Field, Test, Text
from maild.policy.priority import PRIORITIES
from maild.policy.scene import Scene
from maild.policy.shapes import FILE, HISTORY, PERSON, File, History, Person

T = TypeVar("T")

TYPES = ("incident", "request", "problem")
STATUSES = ("new", "open", "pending", "resolved", "closed")
CLOCKS = ("first_response", "next_response", "resolution", "keep_informed", "line")
FIELDS = ("type", "status", "priority", "impact", "business", "urgency", "category", "service", "line", "assignee")
NESTING = {"all": "all of: [...]", "any": "any of: [...]", "not": "not: {...}"}
# What asks about a mail, and so holds of nothing on occasions that have none (idle, breached)
OF_A_MAIL = ("to", "cc", "reply_to", "text", "header", "kind", "verdict", "attachment")


@dataclass(frozen=True, slots=True)
class Condition:
    """A word that may stand under `when`."""

    name: str
    form: Form[Any]
    holds: Holds
    text: str


CONDITIONS: dict[str, Condition] = {}
NEVER = One("", None, None, lambda _, __: False)  # what cannot be read


def condition(name: str, form: Form[T]) -> Callable[[Callable[[T, Scene], bool]], Callable[[T, Scene], bool]]:
    """Register a condition; its value in YAML has the given form."""

    def register(holds: Callable[[T, Scene], bool]) -> Callable[[T, Scene], bool]:
        CONDITIONS[name] = Condition(name, form, holds, holds.__doc__ or "")
        return holds

    return register


# -- the conditions --------------------------------------------------------------------------------------------------


def _one_of_them(field: str) -> Callable[[Person, Scene], bool]:
    return lambda want, scene: any(map(want.fits, scene.people.get(field, ())))


for _name, _text in (
    ("from", "Who the mail is from; holds of no mail whose From: cannot be judged. Without a mail, the requester."),
    ("to", "One of those in To:."),
    ("cc", "One of those in Cc:."),
    ("reply_to", "One of those in Reply-To:."),
):
    CONDITIONS[_name] = Condition(_name, PERSON, _one_of_them(_name), _text)


@condition("subject", TEXT_TEST)
def _subject(test: Test, scene: Scene) -> bool:
    """The subject of the mail; without a mail that of the ticket."""
    return test(scene.subject, scene.look)


@condition("text", TEXT_TEST)
def _text_(test: Test, scene: Scene) -> bool:
    """What the mail says, its first 65,536 characters; of a reply what is new in it."""
    return scene.mail is not None and test(scene.text, scene.look)


@condition("header", HEADER)
def _header(want: Field[Any], scene: Scene) -> bool:
    """One field of the mail's header, such as {name: X-Priority, equals: "1"}; any of those of that name."""
    found = scene.mail.headers.get(want.name, ()) if scene.mail is not None else ()
    test = want.test
    return bool(found) if test is None else any(test(Text(value), scene.look) for value in found)


@condition("kind", some_of(*get_args(Kind)))
def _kind(want: frozenset[str], scene: Scene) -> bool:
    """What sort of mail it is; a person wrote a `human` one."""
    return scene.mail is not None and scene.mail.kind in want


@condition("verdict", some_of(*get_args(Verdict)))
def _verdict(want: frozenset[str], scene: Scene) -> bool:
    """Who the sender was proved to be."""
    return scene.verdict in want


@condition("language", TEXTS)
def _language(want: frozenset[str], scene: Scene) -> bool:
    """The language of the mail, as far as it can be told; without a mail, or where it cannot, that of the ticket."""
    found = scene.mail.language if scene.mail is not None else None
    return (found or (scene.ticket.language if scene.ticket else None)) in want


@condition("account", some_named("account"))
def _account(want: frozenset[str], scene: Scene) -> bool:
    """The account of maild.yaml that took the mail in."""
    return scene.account in want


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


@condition("service", TEXTS)
def _service(want: frozenset[str], scene: Scene) -> bool:
    """The service that is affected."""
    return scene.value("service") in want


@condition("line", some_named("line"))
def _line(want: frozenset[str], scene: Scene) -> bool:
    """The line that has the ticket."""
    return scene.value("line") in want


@condition("assigned", YES_OR_NO)
def _assigned(want: bool, scene: Scene) -> bool:
    """Whether an agent has the ticket."""
    return (scene.value("assignee") is not None) is want


@condition("tags", TEXTS)
def _tags(want: frozenset[str], scene: Scene) -> bool:
    """Any of these tags."""
    return bool(want & scene.tags)


@condition("new", YES_OR_NO)
def _new(want: bool, scene: Scene) -> bool:
    """Whether the mail opens a ticket."""
    return (scene.ticket is None) is want


@condition("changed", some_of(*FIELDS, "tags"))
def _changed(want: frozenset[str], scene: Scene) -> bool:
    """One of these was changed just now (`on: changed`)."""
    return bool(want & scene.changed)


@condition("clock", some_of(*CLOCKS))
def _clock(want: frozenset[str], scene: Scene) -> bool:
    """Which promise was broken (`on: breached`)."""
    return scene.clock.partition(":")[0] in want


@condition("attachment", FILE)
def _attachment(want: File, scene: Scene) -> bool:
    """One of the attachments."""
    return scene.mail is not None and any(map(want.fits, scene.mail.attachments))


@condition("in_hours", some_named("calendar"))
def _in_hours(want: frozenset[str], scene: Scene) -> bool:
    """Whether it is now within the hours of a calendar of desk.yaml."""
    calendars = scene.desk.levels.calendars
    return any(hours.is_open(calendars[name], scene.now) for name in want if name in calendars)


@condition("requester_tickets", HISTORY)
def _requester_tickets(want: History, scene: Scene) -> bool:
    """How many other tickets the sender has: {open: 3}, or {opened: 5, within: 7d}; at least so many."""
    since, this = scene.now - want.within, scene.ticket.key if scene.ticket is not None else None
    others = [one for one in scene.earlier if one.key != this]
    opened = sum(one.opened_at > since for one in others)
    return sum(one.open for one in others) >= want.open and opened >= want.opened


# -- reading ---------------------------------------------------------------------------------------------------------


def read(value: Any, where: Where, reader: Reader) -> Check:
    """All conditions of a mapping; they must hold together. Complains of what cannot be read."""
    if not isinstance(value, dict):
        reader.complain(where, "conditions are wanted here, such as {subject: {contains: vpn}}")
        return NEVER
    return All(tuple(_one(key, each, (*where, key), reader) for key, each in value.items()))


def _one(key: str, value: Any, where: Where, reader: Reader) -> Check:
    if key in NESTING:
        return _nested(key, value, where, reader)
    found = CONDITIONS.get(key)
    if found is None:
        known = (*CONDITIONS, *NESTING)
        reader.complain(where, f"unknown condition `{key}`{nearest(key, known)}", at_key=True)
        return NEVER
    reader.asked.add(key)
    want = found.form.read(value, where, reader)
    return NEVER if want is None else One(key, value, want, found.holds)


def _nested(key: str, value: Any, where: Where, reader: Reader) -> Check:
    if key == "not":
        before, reader.negated = reader.negated, True
        inner = read(value, where, reader)
        reader.negated = before
        return Not(inner, value)
    if not isinstance(value, list) or not value:
        reader.complain(where, f"a list of conditions is wanted here, such as {key}: [{{kind: human}}, {{new: true}}]")
        return NEVER
    parts = tuple(read(each, (*where, i), reader) for i, each in enumerate(value))
    return All(parts) if key == "all" else Some(parts, value)


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
