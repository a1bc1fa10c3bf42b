"""JSON Schema of the three files, for editors: the same keys and texts that `load` goes by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from maild.config import trialform
from maild.config.deskfile import DeskFile
from maild.config.machine import MaildFile
from maild.config.values import PERIODS, Quota
from maild.errors import UnknownThing
from maild.policy import actions, conditions

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODELS: Mapping[str, type[BaseModel]] = {"maild.yaml": MaildFile, "desk.yaml": DeskFile}
TYPES: Mapping[str, type | tuple[type, ...]] = {"string": str, "integer": int, "boolean": bool, "array": list}


class _Generator(GenerateJsonSchema):
    """Writes defaults as YAML would."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return _duration(dft)
        if isinstance(dft, Quota):
            return f"{dft.count}/{next(name for name, per in PERIODS.items() if per == dft.per)}"
        return {} if isinstance(dft, BaseModel) else super().encode_default(dft)


def schema(file: str) -> dict[str, Any]:
    """The JSON Schema of maild.yaml, desk.yaml or rules.yaml. Raises UnknownThing for another name."""
    if file == "rules.yaml":
        return _rules()
    if file not in MODELS:
        raise UnknownThing(f'there is no file "{file}"; there is maild.yaml, desk.yaml and rules.yaml')
    model = MODELS[file]
    found = model.model_json_schema(schema_generator=_Generator)
    _tidy(found)
    return {"$schema": DIALECT, **found, "title": file}


def _tidy(node: Any) -> None:
    """Leave out defaults that are not what YAML would say, and pydantic's titles."""
    if isinstance(node, list):
        for each in node:
            _tidy(each)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("title"), str):
        del node["title"]
    if "default" in node:
        default = node["default"]
        if default is not None and not isinstance(default, TYPES.get(str(node.get("type")), str)):
            del node["default"]
    for key, each in node.items():
        for inner in each.values() if key in ("properties", "$defs") else [each]:  # a key may be called `default`
            _tidy(inner)


def _duration(time: timedelta) -> str:
    parts = ((time.days, "d"), (time.seconds // 3600, "h"), (time.seconds // 60 % 60, "m"), (time.seconds % 60, "s"))
    return "".join(f"{n}{unit}" for n, unit in parts if n) or "0s"


_OCCASION = {"type": "string", "pattern": "^(opened|replied|changed|breached|idle [0-9dhms]+)$"}


def _rules() -> dict[str, Any]:
    rule = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "when", "then"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "description": "Stands in a ticket's history as the reason."},
            "on": {
                "anyOf": [_OCCASION, {"type": "array", "items": _OCCASION, "minItems": 1}],
                "default": "opened",
                "description": "When it is asked: opened (a mail opens a ticket), replied (one joins it), changed "
                "(somebody or time changed it), breached (a promise was broken), idle 2d (nobody touched it so long).",
            },
            "when": {"$ref": "#/$defs/when", "description": "What must hold, all of it."},
            "then": {"$ref": "#/$defs/then", "description": "What is done."},
            "why": {"type": "string", "description": "The reason in your words, for the ticket's history."},
            "stop": {"type": "boolean", "default": False, "description": "No rule below this one is looked at."},
            "enabled": {"type": "boolean", "default": True, "description": "Whether the rule is in use."},
            "tests": {
                "type": "array",
                "description": "Mails that all rules are tried on by `maild check`, and what must come of each.",
                "items": trialform.schema(),
            },
        },
    }
    done = {a.name: {**a.form.schema, "description": a.text} for a in actions.ACTIONS.values()}
    return {
        "$schema": DIALECT,
        "title": "rules.yaml",
        "description": "The administrator's rules, in order.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rules": {
                "type": ["array", "null"],
                "description": "In order; every rule that matches applies, until one says stop.",
                "items": {"$ref": "#/$defs/rule"},
            }
        },
        "$defs": {
            "rule": rule,
            "when": conditions.schema(),
            "then": {"type": "object", "additionalProperties": False, "properties": done},
        },
    }
