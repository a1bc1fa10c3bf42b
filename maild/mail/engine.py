"""The template engine: Jinja2 in a sandbox that prints no value, only a numbered place for it.

The values land in a list beside the output, cleaned; `skeleton` puts them into their places once Markdown and HTML are
done. So nothing that a mail contained is ever read as a template, as Markdown or as HTML (M8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.mail import skeleton, wording

SLOTS = "values of this mail"  # where the list of values stands among the variables; no template can name it
_MOST_COMPILED = 1_000  # templates of which the code is kept


class Raw(str):
    """What is printed as it is: a skeleton."""


class Place(int):
    """What is printed as the place of a value that every mail has, by its number."""

    def __bool__(self) -> bool:
        return True


class Links(dict[str, object]):
    """Only the links that are present are shown: a template asks for each by name."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    kind: str


class _Compiled(BytecodeCache):
    """The code of templates, of all engines of this process: a reload compiles only what has changed.

    Code depends on the source, on the file's name and on nothing else that differs between our engines.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._known.get(bucket.key, ("", None))
        bucket.code = code if checksum == bucket.checksum else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            if len(self._known) >= _MOST_COMPILED:
                self._known.clear()
            self._known[bucket.key] = (bucket.checksum, bucket.code)


class Engine(ImmutableSandboxedEnvironment):
    """The sandbox over some folders. The parts of a mapping are its items and nothing else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict):
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


_COMPILED = _Compiled()


def engine(folders: Sequence[Path], press: skeleton.Press) -> Engine:
    """The engine over these folders: the first that has a file wins. No file outside of them can be included."""
    made = Engine(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=False,  # `_printing` prints no value at all; skeleton escapes each for its place
        finalize=_printing(press),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_COMPILED,
    )
    made.filters |= {
        "day": _dated(wording.day),
        "moment": _dated(wording.moment),
        "span": _worded(wording.span),
        "size": _worded(wording.size),
        "word": _worded(wording.word),
        "label": _worded(wording.label),
        "number": _number,
        "percent": _worded(wording.percent),
        "plural": _plural,
        "quote": lambda text: _Block(_text(text), "q"),
        "block": lambda text: _Block(_text(text), "b"),
        "bar": lambda share: _Block(_text(share), "g"),
    }
    return made


def _printing(press: skeleton.Press) -> Callable[[Context, Any], str]:
    """What the engine does with each value that a template prints."""

    @pass_context
    def printed(context: Context, value: Any) -> str:
        slots: list[str] = context.parent[SLOTS]
        kind = "t"
        if type(value) is str:
            value = wording.line(value)
        elif type(value) is _Block:
            kind, value = value.kind, wording.block(value.text, context.parent["words"]["cut"])
        elif type(value) is Raw:
            return value
        elif type(value) is Place:
            return press.place("t", value)
        else:
            value = wording.line(_spoken(context, value))
        if press.nonce in value:
            raise skeleton.BadTemplate("the result of a macro, a set block or a filter block cannot be printed")
        slots.append(value)
        return press.place(kind, len(slots) - 1)

    return printed


def _spoken(context: Context, value: Any) -> str:
    if isinstance(value, datetime):
        return _dated(wording.moment)(context, value)
    if isinstance(value, timedelta):
        return _worded(wording.span)(context, value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        raise skeleton.BadTemplate("a list or a group of values cannot be printed whole: loop over it or name one")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return wording.number(value, context.parent["words"])
    return _text(value)


@pass_context
def _number(context: Context, value: Any, places: int | None = None) -> str:
    """A number in the reader's language; what is none stays as it is."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return wording.number(value, context.parent["words"], places) if is_one else _text(value)


@pass_context
def _plural(
    context: Context,
    count: int,
    *,
    other: str,
    zero: str = "",
    one: str = "",
    two: str = "",
    few: str = "",
    many: str = "",
) -> str:
    """The form that goes with the count by the language's rules: `{{ n | plural(one="# day", other="# days") }}`."""
    forms = {"zero": zero, "one": one, "two": two, "few": few, "many": many, "other": other}
    return wording.plural(count, context.parent["words"], forms)


def _text(value: Any) -> str:
    """None is empty; StrictUndefined raises, and says what is missing."""
    return "" if value is None else str(value)


def _worded(say: Callable[[Any, wording.Words], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def spoken(context: Context, value: Any) -> str:
        if value is None or isinstance(value, Undefined):
            return _text(value)
        return say(value, context.parent["words"])

    return spoken


def _dated(say: Callable[[datetime, Any, wording.Words], str]) -> Callable[[Context, Any], str]:
    @pass_context
    def spoken(context: Context, value: Any) -> str:
        if value is None or isinstance(value, Undefined):
            return _text(value)
        return say(value, wording.zone_of(context.parent["zone"]), context.parent["words"])

    return spoken
