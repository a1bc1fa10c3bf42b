"""The JSON Schema of a rule's test: what it may say of its mail and its ticket, and what it may expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maild.policy.actions import ACTIONS
from maild.policy.conditions import CONDITIONS, FIELDS
from maild.policy.scene import OCCASIONS

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}


def _listed(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "array", "items": of}]}


def _mail() -> dict[str, Any]:
    who = _listed(_TEXT)
    return {
        "from": {**who, "description": "Who writes; without it carla@customer.example."},
        "to": {**who, "description": "To whom."},
        "cc": {**who, "description": "Who gets a copy."},
        "reply_to": {**who, "description": "Where answers go."},
        "kind": {**_one("kind"), "description": "What sort of mail it is; without it, human."},
        "verdict": {**_one("verdict"), "description": "Who the sender was proved to be; without it, requester."},
        "account": {**_TEXT, "description": "The account that took it in; without it, the first."},
        "subject": {**_TEXT, "description": "The subject."},
        "text": {**_TEXT, "description": "What it says; a `!command` of an agent is obeyed."},
        "language": {**_TEXT, "description": "The language that is detected; without it, none is."},
        "attachments": {
            "type": "array",
            "description": "Attached files, each {name: report.pdf, type: application/pdf, size: 2MB}.",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "name": {**_TEXT, "description": "The file's name."},
                    "type": {**_TEXT, "description": "Its MIME type."},
                    "size": {"type": ["string", "integer"], "description": "How large it is, such as 2MB."},
                },
            },
        },
        "header": {
            "type": "object",
            "description": 'Fields of the header, such as {X-Priority: "1"}.',
            "additionalProperties": _listed(_TEXT),
        },
        "at": {**_TEXT, "description": "When it comes, such as 2026-11-27T16:00; without it, on a Monday morning."},
        "requester_tickets": {"type": "integer", "minimum": 0, "description": "How many open tickets the sender has."},
    }


def _one(name: str) -> Mapping[str, Any]:
    """A condition's value, but no list of them."""
    form: Mapping[str, Any] = CONDITIONS[name].form.schema
    return dict(form["anyOf"][0]) if "anyOf" in form else form


def _ticket(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **fields,
        "requester": {**_TEXT, "description": "The address of whose ticket it is."},
        "changed": {**_listed({"enum": [*FIELDS, "tags"]}), "description": "What was changed just now (on: changed)."},
        "clock": {**_one("clock"), "description": "The promise that was broken (on: breached)."},
    }


def _fields() -> dict[str, Any]:
    """What a ticket has and a rule can set; null where it has none."""
    names = (*FIELDS, "subject", "language", "sla", "confidential", "tags")
    return {
        name: {"anyOf": [ACTIONS[name].form.schema, {"type": "null"}], "description": ACTIONS[name].text}
        for name in names
    }


def _expect(fields: Mapping[str, Any]) -> dict[str, Any]:
    told = _listed(_TEXT)
    text = {"type": ["string", "boolean", "null"]}
    return {
        **fields,
        "tags": {"anyOf": [*told["anyOf"], {"type": "null"}], "description": "Tags that it must have; []: none."},
        "notify": {**told, "description": "Whom of the staff rules tell, or addresses; []: nobody."},
        "forward": {**told, "description": "Addresses that rules pass the mail on to; []: none."},
        "acknowledge": {
            "anyOf": [
                {"enum": ["always", "never", "default"]},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "how": {"enum": ["always", "never", "default"], "description": "Whether it is sent."},
                        "template": {"type": ["string", "null"], "description": "The text of `replies` in it."},
                    },
                },
            ],
            "description": "What rules say of the acknowledgement.",
        },
        "drop": {**text, "description": "The reason, or whether a rule drops the mail."},
        "hold": {**text, "description": "The reason, or whether a rule holds the mail for a person."},
        "reply": {**text, "description": "The text of `replies` that is sent, or whether one is."},
        "note": {**text, "description": "The note that a rule writes, or whether one does."},
        "group": {**_FLAG, "description": "Whether the mail joins others like it."},
        "applies": {**_FLAG, "description": "Whether this rule applies."},
        "rule": {**told, "description": "Rules that apply, others besides."},
        "rules": {**told, "description": "All rules that apply, in order; []: none."},
        "nothing": {**_FLAG, "description": "Whether no rule at all applies."},
    }


def schema() -> dict[str, Any]:
    """The whole of one test."""
    fields = _fields()
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["expect"],
        "properties": {
            "on": {
                "enum": list(OCCASIONS),
                "description": "The occasion; without it, what mail and ticket tell, else the rule's own.",
            },
            "mail": {
                "type": "object",
                "additionalProperties": False,
                "description": "A mail that opens a ticket, or comes to the `ticket`.",
                "properties": _mail(),
            },
            "ticket": {
                "type": "object",
                "additionalProperties": False,
                "description": "A ticket that is there; what it does not say is as the desk begins one.",
                "properties": _ticket(fields),
            },
            "expect": {
                "type": "object",
                "additionalProperties": False,
                "description": "What must come of it.",
                "properties": _expect(fields),
            },
        },
    }
