"""rules.yaml: a list of rules becomes a `Ruleset`. What is wrong is noted in the document, as in all of this room."""

from __future__ import annotations

import time
from collections.abc import Collection

from maild.config.deskfile import DeskFile
from maild.config.machine import MaildFile
from maild.config.tree import Document
from maild.policy import rulefile
from maild.policy.forms import Reader, nearest
from maild.policy.rules import Rule, Ruleset


def read(document: Document, machine: MaildFile | None, desk: DeskFile | None) -> Ruleset:
    """The rules of rules.yaml. An empty file has none. The names of a file that cannot be read are not looked at."""
    listed = _listed(document)
    reader = Reader(_known(machine, desk))
    found = [rulefile.read(each, ("rules", i), reader, document.line(("rules", i))) for i, each in enumerate(listed)]
    for where, message, at_key in reader.problems:
        document.complain(where, message, at_key=at_key)
    _look_at_names(found, document)
    ruleset = Ruleset((rule for rule in found if rule is not None), time.monotonic)
    ruleset.headers, ruleset.asked = frozenset(reader.headers), frozenset(reader.asked)
    return ruleset


def _listed(document: Document) -> list[object]:
    top = document.value
    if top is None:
        return []
    if not isinstance(top, dict):
        document.complain((), "keys and values are wanted here, the first being `rules:`")
        return []
    for key in top:
        if key != "rules":
            document.complain((key,), f"unknown key `{key}`{nearest(key, ('rules',))}", at_key=True)
    listed = top.get("rules")
    if listed is not None and not isinstance(listed, list):
        document.complain(("rules",), "a list of rules is wanted here, each beginning with `- name: ...`")
        return []
    return listed or []


def _look_at_names(found: list[Rule | None], document: Document) -> None:
    """A rule's name stands in tickets' histories: it must say which rule it was."""
    first: dict[str, int] = {}
    for i, rule in enumerate(found):
        if rule is None or not rule.name:
            continue
        if rule.name in first:
            message = f'a rule "{rule.name}" stands already on line {first[rule.name]}; each needs a name of its own'
            document.complain(("rules", i, "name"), message)
        first.setdefault(rule.name, rule.line)


def _known(machine: MaildFile | None, desk: DeskFile | None) -> dict[str, Collection[str]]:
    """The names that rules may use."""
    known: dict[str, Collection[str]] = {}
    if machine:
        known["account"] = [account.name for account in machine.accounts]
    if desk:
        known["line"] = list(desk.lines)
        known["category"] = list(desk.categories)
        known["agent"] = list(dict.fromkeys(agent for line in desk.lines.values() for agent in line.agents))
        known["calendar"] = list(desk.calendars)
        known["sla"] = [one.name for one in desk.sla]
        known["reply"] = list(desk.replies)
        known["language"] = list(desk.languages)
        if desk.services:
            known["service"] = list(desk.services)
    return known
