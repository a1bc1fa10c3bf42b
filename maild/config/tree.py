"""A YAML file as plain values, each with its line and column.

YAML 1.2: `no` stays text, `17:00` and dates too. Read from the parser's events, so that what could surprise or hurt is
refused where it stands, before anything is built of it: duplicate keys, anchors and aliases (and with them merge keys
and alias bombs), tags, several documents, deep nesting, large files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maild.config.problems import Problem, Where

SIZE_LIMIT = 2_000_000  # bytes; some 10,000 rules
DEPTH_LIMIT = 20
TRUE, FALSE, NULL = ("true", "True", "TRUE"), ("false", "False", "FALSE"), ("", "~", "null", "Null", "NULL")
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")  # no leading zero: 0600 stays text, whatever it was meant to be
BREAK = re.compile("[\x85\u2028\u2029]")
FAR = re.compile(r"\\U([0-9A-Fa-f]{8})")
DECIMAL = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}")


class Refused(Exception):
    """The file cannot be read as a whole; holds the problem that says why, and those that were found before it."""

    def __init__(self, problem: Problem, before: Iterable[Problem] = ()) -> None:
        self.problems = (*before, problem)
        super().__init__(str(problem))


@dataclass(slots=True)
class Document:
    """The values of a file, where they stand, and what is wrong with them so far."""

    file: str
    value: Any = None
    raw: bytes = b""
    values: dict[Where, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Where, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, where: Where, message: str, *, at_key: bool = False) -> None:
        """Note a problem at a value (or at its key); what is not there is shown at the nearest thing around it."""
        places = (self.keys, self.values) if at_key else (self.values, self.keys)
        while where and not any(where in p for p in places):
            where = where[:-1]
        line, column = next((p[where] for p in places if where in p), (1, 1))
        self.problems.append(Problem(self.file, line, column, message))

    def line(self, where: Where) -> int:
        """The line on which a value begins."""
        return self.values.get(where, (1, 1))[0]


def read(path: Path) -> Document:
    """The document in a file. Raises Refused where it is not there, or cannot be read to its end."""
    document = Document(path.name)

    def refuse(message: str, line: int = 1, column: int = 1) -> Refused:
        return Refused(Problem(path.name, line, column, message))

    try:
        if not path.is_file() and path.exists():  # to open a pipe would be to wait for who writes to it
            raise refuse(f"{'a folder' if path.is_dir() else 'something else'} is here in place of the file")
        with path.open("rb") as file:
            document.raw = file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise refuse(f"the file is missing from {path.parent}; `maild init` writes a starter") from None
    except OSError as e:
        raise refuse(f"the file cannot be read: {e.strerror}") from None
    if len(document.raw) > SIZE_LIMIT:
        raise refuse(f"the file is larger than {SIZE_LIMIT // 1_000_000} MB")
    try:
        text = document.raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        before = document.raw[: e.start]
        line, column = before.count(b"\n") + 1, e.start - before.rfind(b"\n")
        raise refuse("the file is not UTF-8 text; save it as UTF-8", line, column) from None
    _parse(text, document)
    return document


def _parse(text: str, document: Document) -> None:
    # Imported here: slow to import, and many commands need no configuration.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if break_ := BREAK.search(text):  # the parser counts it as a line, and no editor does
        words = f"an invisible line break (U+{ord(break_[0]):04X}) stands here; take it out"
        raise Refused(Problem(document.file, *_place(text, break_.start()), words))
    builder = _Builder(document)
    try:
        builder.build(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as e:
        (line, column), words = _unclosed(e, builder.quoted) or _wrong(e, text)
        raise Refused(Problem(document.file, line, column, f"not valid YAML: {words}"), document.problems) from None
    except (OverflowError, ValueError):  # of chr()
        position = next((m.start() for m in FAR.finditer(text) if int(m[1], 16) > sys.maxunicode), 0)
        words = "not valid YAML: there is no such character"
        raise Refused(Problem(document.file, *_place(text, position), words)) from None


def _unclosed(error: Any, quoted: tuple[tuple[int, int], int] | None) -> tuple[tuple[int, int], str] | None:
    """Where something was opened that is not closed: the parser notices only far below, or at the end of the file."""
    opened, noticed = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    context = str(getattr(error, "context", ""))
    if opened is None or noticed is None:
        return None
    start = (opened.line + 1, opened.column + 1)
    if "quoted scalar" in context and "unexpected" in str(error.problem):
        return start, "the quote that is opened here is not closed"
    if "simple key" in context:
        return start, "a key ends with a colon and a blank, such as `name: value`; one of them is missing here"
    if quoted is not None and noticed.line + 1 == quoted[1]:
        return quoted[0], f"the quote that is opened here is closed only on line {quoted[1]}; is one missing?"
    what = str(error.problem)
    at_end, crossed = "<stream end>" in what, what.endswith(("got ']'", "got '}'"))
    if "flow" in context and (noticed.line > opened.line or at_end or crossed):
        bracket = "[" if "sequence" in context else "{"
        before = (
            ""
            if at_end
            else f" before line {noticed.line + 1}"
            if noticed.line > opened.line
            else f" before {what[-2]}"
        )
        return start, f"the {bracket} that is opened here is not closed{before}"
    return None


def _wrong(error: Any, text: str) -> tuple[tuple[int, int], str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    position = getattr(error, "position", None)
    place = (1, 1)
    if mark is not None:
        place = (mark.line + 1, mark.column + 1)
    elif isinstance(position, int):  # of a character that no YAML may have
        place = _place(text, position)
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    return place, what + _hint(what, str(getattr(error, "context", "")))


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _hint(what: str, context: str) -> str:
    if "mapping values are not allowed" in what or what.endswith("got ':'"):
        return " (a text with a colon needs quotes)"
    if "unknown escape character" in what:
        return " (within double quotes a backslash begins an escape; a regular expression stands best in single quotes)"
    if "\\t" in what or "tab" in what:
        return " (indent with blanks, not with tabs)"
    if "alias" in context or "anchor" in context or "cannot start any token" in what:
        return " (a text that begins so needs quotes)"
    if what.endswith(("found ']'", "found '}'")):
        return " (a bracket too many?)"
    if "sequence entries are not allowed" in what:
        return " (write [one, two], or begin a new line)"
    if what.endswith(("<block mapping start>'", "<block sequence start>'", "found '?'", "found '-'")):
        return " (is the line indented like those that it belongs to?)"
    if what.endswith("got '<scalar>'"):
        return " (a quote or a comma is missing before it)"
    if "expected <block end>" in what:
        return " (look at the quotes and the indentation around it)"
    return ""


class _Builder:
    """Builds values of events, the first thing that is refused ending it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.documents = 0
        # Where the last quoted text of several lines begins, and the line on which it ends.
        self.quoted: tuple[tuple[int, int], int] | None = None

    def build(self, events: Iterator[Any]) -> None:
        events = self.noted(events)
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    raise self.refused(event, "only one YAML document is allowed in a file; take out the line `---`")
            elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                self.document.value = self.node(event, events, ())

    def noted(self, events: Iterator[Any]) -> Iterator[Any]:
        """The events, each noted: what the parser says of an error alone does not lead to it."""
        for event in events:
            if getattr(event, "style", None) in ("'", '"') and event.end_mark.line > event.start_mark.line:
                self.quoted = self.place(event), event.end_mark.line + 1
            yield event

    def node(self, event: Any, events: Iterator[Any], where: Where) -> Any:
        """The value that begins with `event`, noted with its place."""
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            words = "anchors, aliases and merge keys (&, *, <<) are not allowed; write the value out"
            raise self.refused(event, f"{words} (a text that begins with & or * needs quotes)")
        # An explicit tag; a plain or quoted scalar has none ("!" alone means "not plain", and is refused as well).
        if getattr(event, "tag", None) is not None:
            raise self.refused(event, f"tags such as {event.tag} are not allowed; write the plain value")
        if len(where) > DEPTH_LIMIT:
            raise self.refused(event, f"nested more than {DEPTH_LIMIT} levels deep")
        self.document.values[where] = self.place(event)
        if kind == "ScalarEvent":
            self.look_at_characters(event)
            return _scalar(event)
        return self.mapping(events, where) if kind == "MappingStartEvent" else self.sequence(events, where)

    def mapping(self, events: Iterator[Any], where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            if type(event).__name__ == "AliasEvent" or getattr(event, "anchor", None) or event.tag is not None:
                self.node(event, events, where)  # refuses it, in the right words
            if type(event).__name__ != "ScalarEvent":
                raise self.refused(event, "a key must be plain text; a text that begins with [ or { needs quotes")
            self.look_at_characters(event)
            key = str(event.value)
            if key == "<<" and not event.style:
                raise self.refused(event, "merge keys (<<) are not allowed; write the values out")
            if key in found:  # the first one counts for what is looked at further
                line = self.document.keys[(*where, key)][0]
                message = f"the key `{key}` stands here twice; the first is on line {line}"
                self.document.problems.append(Problem(self.document.file, *self.place(event), message))
                self.skip(next(events), events)
                continue
            self.document.keys[(*where, key)] = self.place(event)
            value = next(events)
            found[key] = self.node(value, events, (*where, key))
            if found[key] is None and not value.value:  # nothing: the parser says that it is on the next line
                self.document.values[(*where, key)] = self.place(event)
        return found

    def sequence(self, events: Iterator[Any], where: Where) -> list[Any]:
        found: list[Any] = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            found.append(self.node(event, events, (*where, len(found))))
        return found

    def skip(self, event: Any, events: Iterator[Any]) -> None:
        """Pass over a value."""
        depth = 0
        while True:
            kind = type(event).__name__
            depth += kind.endswith("StartEvent")
            depth -= kind.endswith("EndEvent")
            if depth <= 0:
                return
            event = next(events)

    def look_at_characters(self, event: Any) -> None:
        """Half a pair of UTF-16 ("\\ud83d") can be written to no file and no database."""
        if any("\ud800" <= c <= "\udfff" for c in event.value):
            raise self.refused(event, "this text has a \\u that is no character; write the character itself")

    def place(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + 1, event.start_mark.column + 1

    def refused(self, event: Any, message: str) -> Refused:
        return Refused(Problem(self.document.file, *self.place(event), message), self.document.problems)


def _scalar(event: Any) -> str | int | float | bool | None:
    """YAML 1.2, 10.3.2 (core schema), less octal, hexadecimal, exponents and infinities: nobody means them here."""
    text = str(event.value)
    if event.style:  # quoted or a block: text as it stands
        return text
    if text in NULL:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text
