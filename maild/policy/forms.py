"""The forms that values of a rule take in YAML, and what is said about one that has another form.

A form reads what YAML gave (plain values) into what a condition or an action works with, complains of what is wrong,
and describes itself as JSON Schema. Patterns come from here alone, never from a mail (M8).
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

Where: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")

TEXT_LIMIT = 65_536  # characters of a mail that patterns look at
REGEX_PATIENCE = 0.1  # seconds for one pattern on one text
REGEX_TIRED = 5  # so many patterns may run out of time on one mail; then none is tried again


@dataclass(slots=True)
class Reader:
    """What is read along with a rule: the names that the desk knows, and what is wrong so far."""

    known: Mapping[str, Collection[str]] = field(default_factory=dict)  # "line", "category", "agent", "account"
    problems: list[tuple[Where, str, bool]] = field(default_factory=list)  # place, message, whether at the key
    later: list[tuple[Where, str]] = field(default_factory=list)  # what is right, but does not work in this version

    def complain(self, where: Where, message: str, *, at_key: bool = False) -> None:
        self.problems.append((where, message, at_key))


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """How a value is read; `read` returns None where it complained."""

    read: Callable[[Any, Where, Reader], T | None]
    schema: Mapping[str, Any]


class Text:
    """A text of a mail, and the same with case and accents folded away, worked out once."""

    def __init__(self, raw: str) -> None:
        self.raw = raw[:TEXT_LIMIT]

    @cached_property
    def folded(self) -> str:
        return fold(self.raw)


Test: TypeAlias = Callable[[Text, list[str]], bool]  # the list collects patterns that ran out of time


def fold(text: str) -> str:
    """Lower case, without accents, each run of blanks one blank."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


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
    reader.complain(where, "true or false is wanted here")
    return None


TEXT: Form[str] = Form(_any_text, _TEXT)
TEXTS: Form[frozenset[str]] = Form(_some_texts, _TEXTS)
YES_OR_NO: Form[bool] = Form(_yes_or_no, {"type": "boolean"})


# -- tests of texts --------------------------------------------------------------------------------------------------


def _has(text: str, word: str) -> bool:
    """Whether `word` stands in `text` as a whole word: no letter or digit goes on from its ends."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        begins = at == 0 or not (text[at - 1].isalnum() and word[0].isalnum())
        if begins and (end == len(text) or not (text[end].isalnum() and word[-1].isalnum())):
            return True
        at = text.find(word, at + 1)
    return False


def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(fold(pattern)))  # the administrator's pattern; translate() makes atomic groups


def _folded(test: Callable[[str, str], bool]) -> Callable[[str], Test]:
    def make(word: str) -> Test:
        want = fold(word)
        return lambda text, _: test(text.folded, want)

    return make


def _by_glob(word: str) -> Test:
    pattern = _glob(word)
    return lambda text, _: pattern.match(text.folded) is not None


def _by_regex(word: str) -> Test:
    import regex  # type: ignore[import-untyped]  # here: most rules have none; it ships no types

    pattern = regex.compile(word)

    def test(text: Text, tired: list[str]) -> bool:
        if len(tired) >= REGEX_TIRED:
            tired.append(word)
            return False
        try:
            return pattern.search(text.raw, timeout=REGEX_PATIENCE) is not None
        except TimeoutError:
            tired.append(word)
            return False

    return test


TEXT_TESTS: Mapping[str, tuple[str, Callable[[str], Test]]] = {
    "equals": ("The whole text; case and accents do not matter.", _folded(str.__eq__)),
    "contains": ("Any of these as whole words; case and accents do not matter.", _folded(_has)),
    "starts": ("Its beginning; case and accents do not matter.", _folded(str.startswith)),
    "ends": ("Its end; case and accents do not matter.", _folded(str.endswith)),
    "glob": ("The whole text, * for anything and ? for one character.", _by_glob),
    "regex": ("A regular expression, found anywhere; case matters unless it begins with (?i).", _by_regex),
}


def _text_test(value: Any, where: Where, reader: Reader) -> Test | None:
    name = where[-1]
    hint = (
        f"say how it is compared, such as {name}: {{contains: {value if isinstance(value, str) else '[vpn, tunnel]'}}}"
    )
    tests: list[tuple[Test, ...]] = []
    for key, each in (mapping(value, TEXT_TESTS, where, reader, hint) or {}).items():
        made = []
        for i, word in enumerate(words(each, (*where, key), reader) or ()):
            try:
                made.append(TEXT_TESTS[key][1](word))
            except Exception as e:  # noqa: BLE001 - regex.error, which must not be imported for this alone
                at = (*where, key, i) if isinstance(each, list) else (*where, key)
                reader.complain(at, f"not a regular expression: {e}")
        tests.append(tuple(made))
    if value == {}:
        reader.complain(where, hint)
    if not tests:
        return None
    return lambda text, tired: all(any(test(text, tired) for test in group) for group in tests)


TEXT_TEST: Form[Test] = Form(
    _text_test,
    {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {key: {**_TEXTS, "description": text} for key, (text, _) in TEXT_TESTS.items()},
    },
)


# -- globs -----------------------------------------------------------------------------------------------------------


def _globs(value: Any, where: Where, reader: Reader) -> Callable[[str], bool] | None:
    found = words(value, where, reader)
    if found is None:
        return None
    patterns = tuple(_glob(word) for word in found)
    return lambda text: any(p.match(fold(text)) for p in patterns)


GLOBS: Form[Callable[[str], bool]] = Form(_globs, _TEXTS)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
