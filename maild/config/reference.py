"""The reference of all keys, to be read by people: made of the JSON Schema, so that it cannot say anything else.

`config/REFERENCE.md` is what `maild schema --text` prints; a test compares. Examples are those of the starter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from maild import shipped
from maild.config import tree
from maild.config.schema import schema

Node = Mapping[str, Any]

_HEAD = """\
# All keys of the configuration

Written by `maild schema --text > config/REFERENCE.md`, from what `maild check` goes by. `maild init DIR` writes the
three files with what most desks need; `maild schema FILE` prints the same as JSON Schema, which editors take.

In a path, `[]` is each entry of a list, `<name>` a name of your own, and `<key>` one of the keys that its row names.
"""
_TABLE = "| key | what it is | value | without it | example |\n|---|---|---|---|---|\n"
_LONGEST = 60  # letters of an example
_ENTRY, _NAME, _KEY = "[]", "<name>", "<key>"


def markdown(files: Iterable[str]) -> str:
    """The reference of these files."""
    return _HEAD + "".join(_file(name) for name in files)


def _file(name: str) -> str:
    top = schema(name)
    book = _Book(top, tree.read(shipped.folder("config") / name).value)
    text = f"\n## {name}\n\n{_sentence(str(top.get('description', '')))}\n"
    plain: list[list[str]] = []
    sections: list[list[str]] = []
    for key, node in top["properties"].items():
        rows = list(book.rows((key,), node, needed=key in top.get("required", ())))
        (sections if len(rows) > 1 else plain).append(rows)
    if plain:
        text += f"\n{_TABLE}{''.join(row for rows in plain for row in rows)}"
    for (first, *rows), key in zip(sections, _keys(sections), strict=True):
        text += f"\n### {key}\n\n{_TABLE}{first}{''.join(rows)}"
    return text


def _keys(sections: list[list[str]]) -> list[str]:
    return [rows[0].split("`")[1] for rows in sections]


@dataclass(slots=True)
class _Book:
    """The rows of one file. A shape that was told before is not told again, so a shape may hold itself."""

    top: Node
    starter: Any
    told: dict[str, str] = field(default_factory=dict)  # a shape -> the path at which it is told

    def rows(self, path: tuple[str, ...], node: Node, *, needed: bool) -> Iterator[str]:
        """The row of a key, and those of all that may stand below it."""
        text = node.get("description", "")
        node, nullable = self._resolved(node)
        steps, shape = self._shape(node)
        mark = _mark(shape)
        known = mark in self.told
        value = self._plain(node) + (" or `null`" if nullable else "")
        default = "it is needed" if needed else self._default(node, nullable)
        cells = (
            f"`{_path(path)}`",
            _sentence(text or node.get("description", "")),
            value,
            default,
            self._example(path),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
        if known or "properties" not in shape:
            return
        self.told[mark] = _path((*path, *steps))
        for key, each in shape["properties"].items():
            yield from self.rows((*path, *steps, key), each, needed=key in shape.get("required", ()))

    def _shape(self, node: Node) -> tuple[tuple[str, ...], Node]:
        """The keys that stand in a node, or in the lists and under the names in it; with the steps that lead there."""
        steps: tuple[str, ...] = ()
        while "properties" not in node:
            if inner := next(_many(node), None):
                steps, node = (*steps, inner[0]), self._resolved(inner[1])[0]
            elif "anyOf" in node:  # of several forms, the one with keys
                node = next((each for each in map(self._plainly, node["anyOf"]) if "properties" in each), {})
            else:
                break
        return steps, node

    def _plainly(self, node: Node) -> Node:
        return self._resolved(node)[0]

    def _resolved(self, node: Node) -> tuple[Node, bool]:
        """A node without `$ref` and `or null`, with its own default; and whether it may be null."""
        found, nullable = dict(node), False
        while True:
            if "$ref" in found:
                target = self.top["$defs"][found.pop("$ref").rpartition("/")[2]]
                found = {**target, **found}
            elif "anyOf" in found and any(each.get("type") == "null" for each in found["anyOf"]):
                nullable = True
                rest = [each for each in found.pop("anyOf") if each.get("type") != "null"]
                found = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **found}
            else:
                return found, nullable

    def _value(self, node: Node) -> str:
        node, nullable = self._resolved(node)
        return self._plain(node) + (" or `null`" if nullable else "")

    def _plain(self, node: Node) -> str:
        if "enum" in node:
            return _or(f"`{each}`" for each in node["enum"])
        if "const" in node:
            return f"`{node['const']}`"
        if "anyOf" in node:
            return _or(dict.fromkeys(self._value(each) for each in node["anyOf"]))
        kind = node.get("type")
        if isinstance(kind, list):
            return _or(self._plain({**node, "type": each}) for each in kind)
        if kind == "array":
            return f"list: {self._value(node['items'])}" if "items" in node else "list"
        if kind == "object":
            return self._keys(node)
        if kind == "integer":
            least, most = node.get("minimum"), node.get("maximum")
            return "number" + (f" from {least}" if least is not None else "") + (f" to {most}" if most else "")
        words = {"string": "text", "boolean": "`true` or `false`", "number": "number", "null": "`null`"}
        examples = [f"`{each}`" for each in node.get("examples", ())]
        return words.get(str(kind), "any value") + (f" such as {', '.join(examples)}" if examples else "")

    def _keys(self, node: Node) -> str:
        if "properties" in node:
            before = self.told.get(_mark(node))
            return f"as `{before}`" if before else "keys"
        inner = next((self._value(each) for _, each in _many(node)), None)
        names = node.get("propertyNames", {}).get("enum")
        head = f"keys {_or(f'`{each}`' for each in names)}" if names else "names" if inner else "keys"
        return f"{head}, each with: {inner}" if inner else head

    def _default(self, node: Node, nullable: bool) -> str:
        if node.get("default") is not None:
            return f"`{_flow(node['default'])}`"
        return "`null`" if nullable and "default" in node else ""

    def _example(self, path: tuple[str, ...]) -> str:
        for value in _found(self.starter, path):
            text = _flow(value) if value not in (None, [], {}) else ""
            if text and len(text) <= _LONGEST and not isinstance(value, dict):
                return f"`{text}`"
        return ""


def _mark(node: Node) -> str:
    """By which two shapes are known to be the same, whatever each is called."""
    return json.dumps({key: value for key, value in node.items() if key not in ("description", "default")})


def _many(node: Node) -> Iterator[tuple[str, Node]]:
    """What stands in a list or under names of one's own, with the step of the path that leads there."""
    if isinstance(node.get("items"), Mapping):
        yield _ENTRY, node["items"]
    if isinstance(node.get("additionalProperties"), Mapping):
        yield _name(node), node["additionalProperties"]
    for each in node.get("patternProperties", {}).values():
        yield _name(node), each


def _name(node: Node) -> str:
    return _KEY if "enum" in node.get("propertyNames", {}) else _NAME


def _path(path: tuple[str, ...]) -> str:
    return "".join(step if step == _ENTRY else f".{step}" for step in path).removeprefix(".")


def _found(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """All values of a file at a path."""
    if not path:
        yield value
    elif path[0] == _ENTRY:
        for each in value if isinstance(value, list) else ():
            yield from _found(each, path[1:])
    elif isinstance(value, dict):
        for key in list(value) if path[0].startswith("<") else [path[0]]:
            if key in value:
                yield from _found(value[key], path[1:])


def _flow(value: Any) -> str:
    """A value as YAML has it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)


def _or(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."
