"""How a rule compares the texts of a mail: whole words, globs, regular expressions; case and accents do not matter.

What a comparison costs is bounded, whatever a mail holds: a text is looked at up to a limit, its words are told apart
once, and regular expressions have a time limit each and one for all of them together.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

from maild.policy.forms import TEXTS, Form, Reader, Where, mapping, words
from maild.policy.phrase import captured

T = TypeVar("T")

TEXT_LIMIT = 65_536  # characters of a mail that patterns look at
PATIENCE = 0.1  # seconds for one regular expression on one text
BUDGET = 0.5  # seconds for all of them on one mail, where a stopwatch is at hand
TIRED = 5  # so many may run out of time on one mail; then none is tried again
_RUNS = re.compile(r"[^\W_]+")  # what str.isalnum calls letters and digits, as many as there are


def fold(text: str) -> str:
    """Lower case, without accents and what is not seen, each run of blanks one blank; of bounded length."""
    if "U+" in text:
        text = _SHOWN.sub("", text)
    if not text.isascii():
        # before: normalize() takes the square of the length of a run of marks to put them in order (M5)
        text = _without(text, _unseen)
        # one letter may stand for eighteen (U+FDFA)
        text = _without(unicodedata.normalize("NFKD", text)[: 2 * TEXT_LIMIT], unicodedata.combining)
    return " ".join(text.casefold().split())


_SHOWN = re.compile(r"<U\+[0-9A-F]{4,6}>")  # as `mail.charset.line` shows in a subject what is not seen (B57)


def _unseen(char: str) -> bool:
    """A mark on the letter before it, or what only says how to break, join or turn: a soft hyphen splits no word."""
    marks = unicodedata.combining(unicodedata.normalize("NFKD", char)[0])
    return bool(marks) or unicodedata.category(char) == "Cf" or char in _SELECTORS


_SELECTORS = frozenset({"\u034f", *map(chr, range(0xFE00, 0xFE10))})  # which form of a letter is meant, and the like


def _without(text: str, drop: Callable[[str], object]) -> str:
    found = [one for one in set(text) if drop(one)]
    if len(found) > 8:  # none of this is a language's
        return text.translate(dict.fromkeys(map(ord, found)))
    for one in found:
        text = text.replace(one, "")
    return text


class Text:
    """A text of a mail, and what is made of it for comparing, worked out once."""

    def __init__(self, raw: str) -> None:
        self.raw = raw[:TEXT_LIMIT]

    @cached_property
    def folded(self) -> str:
        """With case and accents folded away."""
        return fold(self.raw)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words: runs of letters and digits that nothing goes on from."""
        return frozenset(_RUNS.findall(self.folded))


@dataclass(slots=True)
class Look:
    """What comes along while one mail is looked at: what patterns cost, and what they caught."""

    stopwatch: Callable[[], float] | None = None  # seconds, monotonic
    spent: float = 0.0
    tired: list[str] = field(default_factory=list)  # patterns that ran out of time
    captures: dict[str, str] = field(default_factory=dict)  # of the rule that is being asked


Test: TypeAlias = Callable[[Text, Look], bool]


def runs(word: str) -> tuple[str, ...]:
    """The runs of letters and digits in a word or phrase. Where it stands as whole words, each is a word there."""
    return tuple(_RUNS.findall(fold(word)))


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


def _wanted(word: str) -> str:
    """What is looked for. Raises ValueError where nothing of it is left, which would stand in every text."""
    if not (want := fold(word)):
        raise ValueError("nothing of this can be seen; write at least one letter or sign")
    return want


_STARRED = re.compile(r"\*\w[^*]*\*?|\w[^*]*\*")  # as in a glob


def _by_words(word: str) -> Test:
    if _STARRED.fullmatch(word):
        bare = word.strip("*")
        raise ValueError(f'`contains` asks for whole words, and takes `*` as it is; write {bare}, or glob: "*{bare}*"')
    want, parts = _wanted(word), runs(word)
    if parts == (want,):
        return lambda text, _: want in text.words
    return lambda text, _: all(part in text.words for part in parts) and _has(text.folded, want)


def glob(pattern: str) -> re.Pattern[str]:
    """A glob on folded text: the administrator's pattern, of which translate() makes atomic groups."""
    return re.compile(fnmatch.translate(fold(pattern)))


def _folded(test: Callable[[str, str], bool]) -> Callable[[str], Test]:
    def make(word: str) -> Test:
        want = _wanted(word)
        return lambda text, _: test(text.folded, want)

    return make


def _by_glob(word: str) -> Test:
    pattern = glob(word)
    return lambda text, _: pattern.match(text.folded) is not None


# Texts on which a pattern that backtracks without end shows it: long runs that almost fit.
_PROBES = tuple(part * (2_000 // len(part)) + "!" for part in ("a", "1", " ", "a ", "a,", "ab1 -_.@"))


def _by_regex(word: str) -> Test:
    import regex  # type: ignore[import-untyped]  # here: most rules have none; it ships no types

    try:
        pattern = regex.compile(word)
    except (regex.error, RecursionError, OverflowError) as e:
        raise ValueError(f"not a regular expression: {e}") from None
    try:
        for probe in _PROBES:
            pattern.search(probe, timeout=PATIENCE)
    except TimeoutError:
        raise ValueError("this pattern takes too long on some texts; make its repetitions more exact") from None

    def test(text: Text, look: Look) -> bool:
        if len(look.tired) >= TIRED or look.spent >= BUDGET:
            look.tired.append(word)
            return False
        began = look.stopwatch() if look.stopwatch else 0.0
        try:
            found = pattern.search(text.raw, timeout=PATIENCE)
        except TimeoutError:
            look.tired.append(word)
            return False
        finally:
            look.spent += look.stopwatch() - began if look.stopwatch else 0.0
        if found is None:
            return False
        look.captures = look.captures | captured(found.groupdict())  # a new one: `checks.Some` may go back to the old
        return True

    return test


def groups(word: str) -> tuple[str, ...]:
    """The names that a regular expression captures by; none of what is no regular expression."""
    import regex

    try:
        return tuple(regex.compile(word).groupindex)
    except (regex.error, RecursionError, OverflowError):
        return ()


TEXT_TESTS: Mapping[str, tuple[str, Callable[[str], Test]]] = {
    "equals": ("The whole text; case and accents do not matter.", _folded(str.__eq__)),
    "contains": ("Any of these as whole words; case and accents do not matter.", _by_words),
    "starts": ("Its beginning; case and accents do not matter.", _folded(str.startswith)),
    "ends": ("Its end; case and accents do not matter.", _folded(str.endswith)),
    "glob": ("The whole text, * for anything and ? for one character.", _by_glob),
    "regex": (
        "A regular expression, found anywhere; case matters but with (?i). Actions may use (?P<asset>...) as {asset}.",
        _by_regex,
    ),
}


def text_test(value: Any, where: Where, reader: Reader) -> Test | None:
    """A mapping of comparisons, all of which must hold; of a list of words one is enough."""
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
            except ValueError as e:
                reader.complain((*where, key, i) if isinstance(each, list) else (*where, key), str(e))
            if key == "regex" and not reader.negated:
                reader.captures.update(groups(word))
        tests.append(tuple(made))
    if value == {}:
        reader.complain(where, hint)
    if not tests:
        return None
    return lambda text, look: all(any(test(text, look) for test in group) for group in tests)


_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {key: {**TEXTS.schema, "description": text} for key, (text, _) in TEXT_TESTS.items()},
}
TEXT_TEST: Form[Test] = Form(text_test, _SCHEMA)


# -- one field of the header -----------------------------------------------------------------------------------------

_FIELD = re.compile(r"[!-9;-~]{1,70}")  # RFC 5322, 2.2: printable, without a colon


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """A field of a mail's header, and what its text must be like; None: that it is there at all."""

    name: str  # lower case
    test: Test | None


def _header(value: Any, where: Where, reader: Reader) -> Field[Any] | None:
    hint = 'say which field, and how it is compared, such as header: {name: X-Priority, equals: "1"}'
    if not isinstance(value, dict) or "name" not in value:
        reader.complain(where, hint)
        return None
    name = value["name"]
    if not isinstance(name, str) or not _FIELD.fullmatch(name):
        reader.complain((*where, "name"), "the name of a header field is wanted here, such as X-Priority")
        return None
    mapping(value, ("name", *TEXT_TESTS), where, reader, hint)
    rest = {key: each for key, each in value.items() if key in TEXT_TESTS}
    reader.headers.add(name.lower())
    return Field(name.lower(), text_test(rest, where, reader) if rest else None)


HEADER: Form[Field[Any]] = Form(
    _header,
    {
        **_SCHEMA,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "The field, such as X-Priority; alone: that it is there."},
            **_SCHEMA["properties"],
        },
    },
)


# -- globs -----------------------------------------------------------------------------------------------------------


def _globs(value: Any, where: Where, reader: Reader) -> Callable[[str], bool] | None:
    found = words(value, where, reader)
    if found is None:
        return None
    patterns = tuple(glob(word) for word in found)
    return lambda text: any(p.match(fold(text)) for p in patterns)


GLOBS: Form[Callable[[str], bool]] = Form(_globs, TEXTS.schema)
