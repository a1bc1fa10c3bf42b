"""What pydantic found wrong, in words for the administrator, at the place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from maild.config.problems import Where
from maild.config.tree import Document
from maild.policy.forms import nearest

Details = Mapping[str, Any]
# What YAML 1.1 took for a truth value, and YAML 1.2 does not.
MEANT = {"true": ("yes", "y", "on", "1"), "false": ("no", "n", "off", "0")}


def complain(document: Document, model: type[BaseModel], error: ValidationError) -> None:
    """Note every problem of a validation in the document."""
    for each in error.errors(include_url=False):
        where = tuple(part for part in each["loc"] if part != "[key]")
        kind = each["type"]
        if kind == "extra_forbidden":
            key = str(where[-1])
            message = f"unknown key `{key}`{nearest(key, keys_at(model, where[:-1]))}"
            document.complain(where, message, at_key=True)
        elif kind == "missing":
            document.complain(where[:-1], f"the key `{where[-1]}` is missing{_inside(where[:-1])}", at_key=True)
        else:
            at_key = "[key]" in each["loc"]
            document.complain(where, _words(kind, each, each.get("ctx", {})), at_key=at_key)


def keys_at(model: Any, where: Where) -> tuple[str, ...]:
    """The keys that may stand at a place of a file; none where any may."""
    for part in where:
        model = _inner(model, part)
    model = _plain(model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ()
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _inner(annotation: Any, part: str | int) -> Any:
    annotation = _plain(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return next((f.annotation for name, f in fields if part in (name, f.alias)), None)
    arguments = get_args(annotation)
    if not arguments:
        return None
    return arguments[0] if get_origin(annotation) is tuple else arguments[-1]


def _plain(annotation: Any) -> Any:
    """An annotation without `| None`."""
    inside = [a for a in get_args(annotation) if a is not type(None)]
    return inside[0] if len(inside) < len(get_args(annotation)) and inside else annotation


def _inside(where: Where) -> str:
    names = [str(part) for part in where if isinstance(part, str)]
    return f" in `{names[-1]}`" if names else ""


def _words(kind: str, error: Mapping[str, Any], ctx: Details) -> str:
    given = error.get("input")
    if kind == "value_error":
        return str(ctx["error"])
    if kind == "literal_error":
        choices = tuple(c.strip("'") for c in str(ctx["expected"]).replace(" or ", ", ").split(", "))
        said = f"`{given}` is not known here" if isinstance(given, (str, int, float)) else "one word is wanted here"
        close = nearest(given, choices) if isinstance(given, str) else ""
        return said + (close if "did you mean" in close else f"; it is one of {', '.join(choices)}")
    if kind == "string_type":
        number = isinstance(given, (int, float))
        return f"a text is wanted here, not {_kind(given)}" + (
            f'; put it in quotes: "{_plain_text(given)}"' if number else ""
        )
    if kind in ("tuple_type", "list_type"):
        example = _plain_text(given) if isinstance(given, (str, int, float)) else "one, two"
        return f"a list is wanted here, such as [{example}], not {_kind(given)}"
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return f"keys and values are wanted here, not {_kind(given)}"
    if kind.startswith("bool_"):
        meant = next((right for right, words in MEANT.items() if str(given).lower() in words), "")
        return f"true or false is wanted here, not {_kind(given)}{meant and f'; write {meant}'}"
    if kind == "string_too_short":
        return "a text is wanted here, and it is empty"
    if kind == "too_short":
        return "at least one is wanted here, and the list is empty"
    return str(error.get("msg", kind))


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{_plain_text(value)}`"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list"
    return "keys and values" if isinstance(value, dict) else f"the text `{value}`"


def _plain_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
