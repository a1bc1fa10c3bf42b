"""A YAML file as plain values, each with its line and column.

YAML 1.2: `no` stays text, `17:00` and dates too. Read from the parser's events, so that what could surprise or hurt is
refused where it stands, before anything is built of it: duplicate keys, anchors and aliases (and with them merge keys
and alias bombs), tags, several documents, deep nesting, large files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maild.config.problems import Problem, Where

SIZE_LIMIT = 2_000_000  # bytes; some 10,000 rules
DEPTH_LIMIT = 20
TRUE, FALSE, NULL = ("true", "True", "TRUE"), ("false", "False", "FALSE"), ("", "~", "null", "Null", "NULL")
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")  # no leading zero: 0600 stays text, whatever it was meant to be
DECIMAL = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}")


class Refused(Exception):
    """The file cannot be read as a whole; holds the problem that says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
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

    try:
        _Builder(document).build(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as e:
        mark = getattr(e, "problem_mark", None) or getattr(e, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (_line_of_bad_character(text, e), 1)
        what = getattr(e, "problem", None) or getattr(e, "reason", None) or "it cannot be read"
        raise Refused(Problem(document.file, line, column, f"not valid YAML: {what}{_hint(str(what))}")) from None


def _line_of_bad_character(text: str, error: Exception) -> int:
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _hint(what: str) -> str:
    if "mapping values are not allowed" in what:
        return " (a text with a colon needs quotes)"
    if "\\t" in what or "tab" in what:
        return " (indent with blanks, not with tabs)"
    if "cannot start any token" in what or "expected <block end>" in what:
        return " (look at the quotes and the indentation around it)"
    return ""


class _Builder:
    """Builds values of events, the first thing that is refused ending it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.documents = 0

    def build(self, events: Iterator[Any]) -> None:
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self.documents += 1
                if self.documents > 1:
                    raise self.refused(event, "only one YAML document is allowed in a file; take out the line `---`")
            elif kind in ("ScalarEvent", "SequenceStartEvent", "MappingStartEvent", "AliasEvent"):
                self.document.value = self.node(event, events, ())

    def node(self, event: Any, events: Iterator[Any], where: Where) -> Any:
        """The value that begins with `event`, noted with its place."""
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            raise self.refused(event, "anchors, aliases and merge keys (&, *, <<) are not allowed; write the value out")
        # An explicit tag; a plain or quoted scalar has none ("!" alone means "not plain", and is refused as well).
        if getattr(event, "tag", None) is not None:
            raise self.refused(event, f"tags such as {event.tag} are not allowed; write the plain value")
        if len(where) > DEPTH_LIMIT:
            raise self.refused(event, f"nested more than {DEPTH_LIMIT} levels deep")
        self.document.values[where] = self.place(event)
        if kind == "ScalarEvent":
            return _scalar(event)
        return self.mapping(events, where) if kind == "MappingStartEvent" else self.sequence(events, where)

    def mapping(self, events: Iterator[Any], where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while type(event := next(events)).__name__ != "MappingEndEvent":
            if type(event).__name__ == "AliasEvent" or getattr(event, "anchor", None) or event.tag is not None:
                self.node(event, events, where)  # refuses it, in the right words
            if type(event).__name__ != "ScalarEvent":
                raise self.refused(event, "a key must be plain text; a text that begins with [ or { needs quotes")
            key = str(event.value)
            if key == "<<" and not event.style:
                raise self.refused(event, "merge keys (<<) are not allowed; write the values out")
            if key in found:
                line = self.document.keys[(*where, key)][0]
                raise self.refused(event, f"the key `{key}` stands here twice; the first is on line {line}")
            self.document.keys[(*where, key)] = self.place(event)
            found[key] = self.node(next(events), events, (*where, key))
        return found

    def sequence(self, events: Iterator[Any], where: Where) -> list[Any]:
        found: list[Any] = []
        while type(event := next(events)).__name__ != "SequenceEndEvent":
            found.append(self.node(event, events, (*where, len(found))))
        return found

    def place(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + 1, event.start_mark.column + 1

    def refused(self, event: Any, message: str) -> Refused:
        return Refused(Problem(self.document.file, *self.place(event), message))


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
