"""A rule as YAML gave it becomes a `Rule`, or every reason why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from maild.policy import conditions, span
from maild.policy.actions import ACTIONS, Deed
from maild.policy.checks import leaves
from maild.policy.conditions import OF_A_MAIL
from maild.policy.forms import PHRASE, TEXT, YES_OR_NO, Reader, Where, nearest
from maild.policy.rules import Rule, Trial
from maild.policy.scene import OCCASIONS

KEYS = ("name", "on", "when", "then", "stop", "tests", "enabled", "why")
TRIAL = ("mail", "ticket", "on", "expect")


def read(value: Any, where: Where, reader: Reader, line: int = 0) -> Rule | None:
    """A rule as YAML gave it, at a place of rules.yaml. Complains of all that is wrong; None where it is no rule."""
    if not isinstance(value, dict):
        reader.complain(where, "a rule is wanted here, with name, when and then")
        return None
    for key in value:
        if key not in KEYS:
            reader.complain((*where, key), f"unknown key `{key}`{nearest(key, KEYS)}", at_key=True)
    for key in ("name", "when", "then"):
        if key not in value:
            reader.complain(where, f"the key `{key}` is missing in this rule")
    reader.captures = set()
    name = TEXT.read(value["name"], (*where, "name"), reader) if "name" in value else None
    on, idle = _occasions(value.get("on", "opened"), (*where, "on"), reader)
    when = conditions.read(value.get("when", {}), (*where, "when"), reader)
    if on <= {"idle", "breached"}:
        for one in leaves(when):
            if one.name in OF_A_MAIL:
                message = f"`{one.name}` asks about a mail, and there is none on {', '.join(sorted(on))}"
                reader.complain((*where, "when", one.name), message, at_key=True)
    then = _actions(value["then"], (*where, "then"), reader, on) if "then" in value else ()
    flags = {key: YES_OR_NO.read(value[key], (*where, key), reader) for key in ("stop", "enabled") if key in value}
    why = PHRASE.read(value["why"], (*where, "why"), reader) if "why" in value else None
    return Rule(
        name or "",
        when,
        then,
        flags.get("stop") or False,
        _trials(value.get("tests"), (*where, "tests"), reader, on),
        flags.get("enabled", True) is not False,
        line,
        on,
        idle,
        why,
        value["then"] if isinstance(value.get("then"), dict) else {},
        where,
    )


def _occasions(value: Any, where: Where, reader: Reader) -> tuple[frozenset[str], timedelta | None]:
    """`opened`, `replied`, `changed`, `breached`, `idle 2d`, or a list of them."""
    found: set[str] = set()
    idle: timedelta | None = None
    for i, one in enumerate(value if isinstance(value, list) else [value]):
        at = (*where, i) if isinstance(value, list) else where
        word, _, rest = one.partition(" ") if isinstance(one, str) else ("", "", "")
        if word == "idle":
            if idle is not None:
                reader.complain(at, "a rule waits for one time; write a second rule for the other")
            try:
                idle = span.duration(rest)
            except ValueError:
                idle = timedelta()
            if not idle:
                reader.complain(at, "say how long nothing must have happened, such as `idle 2d`")
        elif word not in OCCASIONS or rest:
            shown = f"`{one}` is not known here" if isinstance(one, (str, int)) else "one word is wanted here"
            known = ("opened", "replied", "changed", "breached", "idle 2d")
            reader.complain(at, f"{shown}; it is one of {', '.join(known)}")
            continue
        found.add(word)
    if not found and isinstance(value, list) and not value:
        reader.complain(where, "the list is empty")
    return frozenset(found) or frozenset({"opened"}), idle


# What decides whether there is a ticket at all, or what its first mail gets, means nothing later
_AT_OPENING = ("acknowledge", "drop", "hold", "group_by")


def _actions(value: Any, where: Where, reader: Reader, on: frozenset[str]) -> tuple[Deed, ...]:
    if not isinstance(value, dict):
        reader.complain(where, "actions are wanted here, such as {category: network/vpn, urgency: high}")
        return ()
    deeds: list[Deed] = []
    for key, each in value.items():
        at = (*where, key)
        if key not in ACTIONS:
            reader.complain(at, f"unknown action `{key}`{nearest(key, ACTIONS)}", at_key=True)
            continue
        if key in _AT_OPENING and "opened" not in on:
            reader.complain(
                at, f"`{key}` is for mails that open a ticket, and this rule is not `on: opened`", at_key=True
            )
        if (read_value := ACTIONS[key].form.read(each, at, reader)) is not None:
            deeds.append((ACTIONS[key].do, read_value))
    return tuple(deeds)


def _occasion(mail: Mapping[str, Any], ticket: Mapping[str, Any] | None, of: Collection[str]) -> str:
    """On what a test is that does not say: what mail and ticket tell, and without a mail what its rule is asked on."""
    if ticket is None:
        return "opened"
    if mail:
        return "replied"
    if ticket.get("changed"):
        return "changed"
    if ticket.get("clock"):
        return "breached"
    return next((one for one in ("changed", "idle", "breached") if one in of), "changed")


def _trials(value: Any, where: Where, reader: Reader, of: Collection[str] = ()) -> tuple[Trial, ...]:
    """The tests of a rule that is asked on the occasions `of`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        reader.complain(where, "a list of tests is wanted here, each with mail and expect")
        return ()
    found = []
    for i, each in enumerate(value):
        at = (*where, i)
        parts = {key: each.get(key) for key in TRIAL} if isinstance(each, dict) else {}
        mail, expect, ticket = parts.get("mail") or {}, parts.get("expect"), parts.get("ticket")
        if not (isinstance(mail, dict) and isinstance(expect, dict) and isinstance(ticket, dict | None)) or (
            parts["mail"] is None and ticket is None
        ):
            reader.complain(at, "a test is {mail: {from: ..., subject: ...}, expect: {category: ...}}")
            continue
        for key in each:
            if key not in TRIAL:
                reader.complain((*at, key), f"unknown key `{key}`{nearest(key, TRIAL)}", at_key=True)
        on = parts.get("on") or _occasion(mail, ticket, of)
        if on not in OCCASIONS or (ticket is None) != (on == "opened"):
            reader.complain((*at, "on"), f"`on` is one of {', '.join(OCCASIONS)}; all but opened need a `ticket`")
            continue
        found.append(Trial(mail, expect, at, ticket, on))
    return tuple(found)
