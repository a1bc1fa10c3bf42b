"""The forms that values of a rule take in YAML, and what is said about one that has another form.

A form reads what YAML gave (plain values) into what a condition or an action works with, complains of what is wrong,
and describes itself as JSON Schema. How texts are compared is in `patterns`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeAlias, TypeVar

from maild.policy import span
from maild.policy.phrase import Phrase

Where: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")


@dataclass(slots=True)
class Reader:
    """What is read along with a rule: the names that the desk knows, and what is wrong so far."""

    known: Mapping[str, Collection[str]] = field(default_factory=dict)  # "line", "category", "agent", "calendar", ...
    problems: list[tuple[Where, str, bool]] = field(default_factory=list)  # place, message, whether at the key
    captures: set[str] = field(default_factory=set)  # what the patterns of the rule that is read may catch
    headers: set[str] = field(default_factory=set)  # fields of the header that conditions ask for, lower case
    asked: set[str] = field(default_factory=set)  # the words of all conditions
    negated: bool = False  # within `not`, where what is caught is caught in vain

    def complain(self, where: Where, message: str, *, at_key: bool = False) -> None:
        self.problems.append((where, message, at_key))


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How a value is read; `read` returns None where it complained."""

    read: Callable[[Any, Where, Reader], T | None]
    schema: Mapping[str, Any]


def nearest(word: str, known: Collection[str]) -> str:
    """A hint to put behind a message: the nearest known word, or the few there are."""
    if near := difflib.get_close_matches(word, known, n=1, cutoff=0.6):
        return f"; did you mean `{near[0]}`?"
    return f"; known are {', '.join(known)}" if 0 < len(known) <= 12 else ""


def words(value: Any, where: Where, reader: Reader) -> tuple[str, ...] | None:
    """A text or a list of texts."""
    found = value if isinstance(value, list) else [value]
    for i, word in enumerate(found):
        if not isinstance(word, str) or not word.strip():
            at = (*where, i) if isinstance(value, list) else where
            hint = f'; put it in quotes: "{word}"' if isinstance(word, (int, float, bool)) else ""
            reader.complain(
                at, f"a text is wanted here{hint}".replace('"True"', '"true"').replace('"False"', '"false"')
            )
            return None
    if not found:
        reader.complain(where, "the list is empty")
        return None
    return tuple(found)


def mapping(value: Any, known: Collection[str], where: Where, reader: Reader, hint: str) -> dict[str, Any] | None:
    """A mapping with none but known keys; the rest of one with others is read all the same."""
    if not isinstance(value, dict):
        reader.complain(where, hint)
        return None
    for key in value:
        if key not in known:
            reader.complain((*where, key), f"unknown key `{key}`{nearest(key, known)}", at_key=True)
    return {key: each for key, each in value.items() if key in known}


# -- forms -----------------------------------------------------------------------------------------------------------

_TEXT = {"type": "string"}
_TEXTS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}


def one_of(*choices: str) -> Form[str]:
    """One word of a few."""

    def read(value: Any, where: Where, reader: Reader) -> str | None:
        if isinstance(value, str) and value in choices:
            return value
        said = f"`{value}` is not known here" if isinstance(value, (str, int)) else "one word is wanted here"
        near = nearest(str(value), choices) if isinstance(value, str) else ""
        reader.complain(where, said + (near or f"; it is one of {', '.join(choices)}"))
        return None

    return Form(read, {"enum": list(choices)})


def some_of(*choices: str) -> Form[frozenset[str]]:
    """One word of a few, or a list of them."""
    one = one_of(*choices)

    def read(value: Any, where: Where, reader: Reader) -> frozenset[str] | None:
        if not isinstance(value, list):
            found = one.read(value, where, reader)
            return frozenset((found,)) if found else None
        each = [one.read(v, (*where, i), reader) for i, v in enumerate(value)]
        if not each:
            reader.complain(where, "the list is empty")
        return frozenset(found for found in each if found) if each else None

    return Form(read, {"anyOf": [one.schema, {"type": "array", "items": one.schema, "minItems": 1}]})


def named(kind: str) -> Form[str]:
    """One name that desk.yaml or maild.yaml gave to a thing: a line, a category, an agent."""

    def read(value: Any, where: Where, reader: Reader) -> str | None:
        if not isinstance(value, str) or not value:
            reader.complain(where, f"the name of {_a(kind)} is wanted here")
            return None
        if kind in reader.known and value not in reader.known[kind]:
            reader.complain(where, f"there is no {kind} `{value}`{nearest(value, reader.known[kind])}")
            return None
        return value

    return Form(read, _TEXT)


def some_named(kind: str, *, parents: bool = False) -> Form[frozenset[str]]:
    """Names of things, one or a list; with `parents` also the beginning of a path, which stands for all below it."""
    one = named(kind)

    def read(value: Any, where: Where, reader: Reader) -> frozenset[str] | None:
        found = set()
        for i, name in enumerate(value if isinstance(value, list) else [value]):
            if parents and isinstance(name, str) and any(n.startswith(name + "/") for n in reader.known.get(kind, ())):
                found.add(name)
            elif word := one.read(name, (*where, i) if isinstance(value, list) else where, reader):
                found.add(word)
        return frozenset(found) or None

    return Form(read, _TEXTS)


def _any_text(value: Any, where: Where, reader: Reader) -> str | None:
    if isinstance(value, str) and value.strip():
        return value
    hint = f'; put it in quotes: "{value}"' if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
    reader.complain(where, f"a text is wanted here{hint}")
    return None


def _some_texts(value: Any, where: Where, reader: Reader) -> frozenset[str] | None:
    found = words(value, where, reader)
    return frozenset(found) if found else None


def _yes_or_no(value: Any, where: Where, reader: Reader) -> bool | None:
    if isinstance(value, bool):
        return value
    meant = _MEANT.get(value.lower(), "") if isinstance(value, str) else ""
    hint = f", not the text `{value}`; write {meant}" if meant else ""
    reader.complain(where, f"true or false is wanted here{hint}")
    return None


_MEANT = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


TEXT: Form[str] = Form(_any_text, _TEXT)
TEXTS: Form[frozenset[str]] = Form(_some_texts, _TEXTS)
YES_OR_NO: Form[bool] = Form(_yes_or_no, {"type": "boolean"})


def _span(value: Any, where: Where, reader: Reader) -> timedelta | None:
    try:
        return span.duration(value)
    except ValueError as e:
        reader.complain(where, str(e))
        return None


def _count(value: Any, where: Where, reader: Reader) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000:
        return value
    reader.complain(where, "a whole number from 1 to 999 is wanted here")
    return None


SPAN: Form[timedelta] = Form(_span, {"type": "string", "examples": ["2d"]})
COUNT: Form[int] = Form(_count, {"type": "integer", "minimum": 1, "maximum": 999})


# -- texts with gaps --------------------------------------------------------------------------------------------------


def _phrase(value: Any, where: Where, reader: Reader) -> Phrase | None:
    found = _any_text(value, where, reader)
    return None if found is None else _gapped(Phrase(found), where, reader)


def _gapped(phrase: Phrase, where: Where, reader: Reader) -> Phrase:
    """A text with gaps, each of which a pattern of the same rule must be able to fill."""
    for gap in phrase.gaps:
        if gap not in reader.captures:
            hint = nearest(gap, sorted(reader.captures)) or f"; a regex with (?P<{gap}>...) would catch it"
            reader.complain(where, f"no condition of this rule captures `{{{gap}}}`{hint}")
    return phrase


def _phrases(value: Any, where: Where, reader: Reader) -> tuple[Phrase, ...] | None:
    found = words(value, where, reader)
    at = (lambda i: (*where, i)) if isinstance(value, list) else (lambda _: where)
    return tuple(_gapped(Phrase(word), at(i), reader) for i, word in enumerate(found)) if found else None


PHRASE: Form[Phrase] = Form(_phrase, _TEXT)
PHRASES: Form[tuple[Phrase, ...]] = Form(_phrases, _TEXTS)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
