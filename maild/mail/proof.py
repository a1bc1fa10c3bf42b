"""Proofreading of templates: what values there are, sample values for each notice, and the names that do not exist.

The samples are shown by tests and used by `maild check`; DEFAULTS and GROUPS are all the names that a template may use.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError, nodes

from maild.mail import wording

# What a caller may leave out. `None` and empty values are false in a template.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "desk": None,
        "ticket": None,
        "person": None,  # who reads this mail
        "author": None,  # who did or wrote what it tells; None: maild itself
        "zone": "UTC",
        "links": None,
        "text": "",
        "why": "",
        "history": (),
        "clock": None,
        "clocks": (),
        "files": (),
        "ref": "",
        "similar": (),  # solved tickets like this one
        "previous": 0,  # earlier tickets of the requester
        "verified": True,  # False: the text only claims to be from its author (B40)
        "quote_allowed": False,  # B25
        "expected": None,  # timedelta: when somebody can expect an answer
        "questions": (),
        "late": False,  # it went to another line because time ran out
        "waiting": None,  # timedelta: since when the requester has had no answer
        "closes_in": None,
        "reopen_within": None,
        "satisfaction": False,
        "lines": (),
        "errors": 0,
        "sent": (),  # sentences: what became of the agent's text
        "held": False,  # the text was kept back (B34)
        "recipients": (),  # who it went to
        "claimed": "",  # the address that a mail said it was from
        "commands": (),
        "address": "",
        "diagnostic": "",
        "action": "failed",
        "what": "",
        "where": "",
        "advice": "",
        "participants": (),  # who else is on the ticket: names, or addresses
        "linked": (),  # the keys of tickets that it belongs together with
        "merged_into": "",
        "pending_until": None,
        "colleagues": (),  # to whom one click gives the ticket
        "new_subject": "",  # of the mail, where it is not the ticket's (B8)
        "opened_by": "",  # the agent who opened the ticket for its requester
        "through": "",  # to whom we gave the reply address that a stranger wrote to (B4)
        "other": None,  # another ticket, of which no more than the key may be told
        "kept": "",  # why the text was kept back: "stale" (B37), or a line in it
        "changes": (),  # what others did since (B37)
        "ledger": (),  # the facts of every clock
        "events": (),
        "which": "",  # tickets a list shows: mine, line or due
        "rows": (),
        "more": 0,  # tickets that a list leaves out
    }
)
# The parts of the values that have parts.
GROUPS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "desk": {"name": "", "address": ""},
        "person": {"name": ""},
        "author": {"name": "", "address": ""},
        "ticket": {
            "key": "",
            "subject": "",
            "status": "",
            "priority": "",
            "type": "",
            "category": None,
            "service": None,
            "line": "",
            "opened_at": None,
            "requester": MappingProxyType({"name": "", "address": ""}),
            "assignee": None,
            "resolution": None,
            "language": "en",
        },
        "clock": {
            "kind": "",
            "due_at": None,
            "target": None,
            "percent": None,
            "elapsed": None,
            "overdue": None,
        },
        "other": {"key": ""},
    }
)

_ENGINE = frozenset({"language", "words", "range", "dict", "cycler", "joiner", "namespace", "loop", "caller"})
_OPENED = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)
_BODY = "Since this morning the tunnel drops after a minute.\n\n    error 809: no response\n\nAt home and here."
_LATER = _OPENED + timedelta(hours=3)
_CLOCK = {
    "kind": "first_response",
    "due_at": _OPENED + timedelta(hours=2),
    "target": timedelta(hours=2),
    "percent": 80,
    "elapsed": timedelta(hours=1, minutes=36),
    "overdue": timedelta(minutes=25),
}


_PROMISE = {
    "kind": "first_response",
    "policy": "gold",
    "calendar": "office",
    "started_at": _OPENED,
    "target": timedelta(hours=2),
    "paused": None,
    "due_at": _OPENED + timedelta(hours=2),
    "stopped_at": None,
    "breached_at": None,
    "running": True,
    "paused_now": False,
}


def _mailto(words: str) -> str:
    return f"mailto:support+t0k3n@example.org?subject=%5BINC-12%5D&body={words}"


_BASE: Mapping[str, Any] = {
    "desk": {"name": "Example Desk", "address": "support@example.org"},
    "ticket": {
        "key": "INC-12",
        "subject": "VPN <fails> & *stops* on floor_3_west",
        "status": "open",
        "priority": "high",
        "type": "incident",
        "category": "network/vpn",
        "service": "vpn",
        "line": "L2",
        "opened_at": _OPENED,
        "requester": {"name": "Carla Bianchi", "address": "carla@customer.example"},
        "assignee": "Cleo Winther",
        "resolution": "The gateway had lost its certificate.\nIt has a new one; please connect again.",
        "language": "en",
    },
    "person": {"name": "Giulia"},
    "zone": "Europe/Rome",
    "ref": "INC-12 \u00b7 k3jf8s0a2",
}
_MORE: Mapping[str, Any] = {
    "author": {"name": "Ada Rossi", "address": "ada@example.org"},
    "links": {
        name: _mailto(f"%21{name}")
        for name in ("take", "note", "resolve", "escalate", "undo", "send", "drop", "accept", "split")
    }
    | {"yes": _mailto("Solved%2C%20thank%20you"), "no": _mailto("Not%20solved")}
    | {f"rate{score}": _mailto(str(score)) for score in range(1, 6)},
    "text": _BODY,
    "why": "needs access to the gateway",
    "history": (
        {"author": "Carla Bianchi", "at": _OPENED, "text": _BODY, "visibility": "public"},
        {
            "author": "Ada Rossi",
            "at": _OPENED + timedelta(minutes=40),
            "text": "Same on my own line: it is not her router.",
            "visibility": "internal",
        },
    ),
    "clock": _CLOCK,
    "clocks": (_CLOCK, {**_CLOCK, "kind": "resolution", "due_at": _OPENED + timedelta(hours=16)}),
    "files": ({"name": "screen shot.png", "size": 182_300}, {"name": "log.txt", "size": 912}),
    "similar": (
        {"key": "INC-7", "subject": "Tunnel drops", "resolution": "Renewed the certificate of the gateway."},
        {"key": "INC-3", "subject": "No VPN at home", "resolution": "MTU set to 1380."},
    ),
    "previous": 3,
    "verified": False,
    "quote_allowed": True,
    "expected": timedelta(hours=1, minutes=30),
    "questions": ("Which network are you on?", "Since when does it happen?"),
    "waiting": timedelta(hours=2, minutes=30),
    "closes_in": timedelta(days=3),
    "reopen_within": timedelta(days=7),
    "satisfaction": True,
    "late": False,
    "lines": (
        {"line": "!take", "result": "done", "message": "Ada Rossi has INC-12"},
        {"line": "!priorty high", "result": "unknown", "message": "did you mean !priority?"},
        {"line": "!close", "result": "refused", "message": "resolve it first"},
    ),
    "errors": 2,
    "sent": ("Your text has gone to Carla.",),
    "recipients": ("carla@customer.example",),
    "claimed": "ada@example.org",
    "commands": (
        {"usage": "!take", "text": "the ticket is yours", "group": "group_who"},
        {"usage": "!escalate [LINE]", "text": "hands the ticket to the next line", "group": "group_who"},
        {"usage": "!why", "text": "sends you the ticket's clocks and changes", "group": "group_ask"},
    ),
    "address": "carla@customer.example",
    "diagnostic": "550 5.1.1 <carla@customer.example>: user unknown",
    "what": "The mailbox cannot be read",
    "where": "account support, mail.example.org:993",
    "advice": "Run maild doctor.",
    "participants": ("S\u00f8ren Holm", "it@customer.example"),
    "linked": ("INC-7", "INC-9"),
    "merged_into": "INC-1",
    "pending_until": _OPENED + timedelta(days=1),
    "colleagues": ({"name": "Ben Sand", "link": _mailto("%21assign%20ben")},),
    "new_subject": "And the printer",
    "through": "Carla Bianchi",
    "other": {"key": "INC-1"},
    "changes": (
        {"by": "Ben Sand", "at": _LATER, "what": "public", "value": "", "text": "Please restart it once."},
        {"by": "Carla Bianchi", "at": _LATER, "what": "requester", "value": "", "text": "That did it, thanks!"},
        {"by": "Ben Sand", "at": _LATER, "what": "status", "value": "resolved", "text": ""},
    ),
    "ledger": (
        {**_PROMISE, "stopped_at": _LATER - timedelta(hours=2)},
        {**_PROMISE, "kind": "next_response", "breached_at": _LATER},
        {**_PROMISE, "kind": "breach", "breached_at": _LATER, "stopped_at": _LATER},
        {**_PROMISE, "kind": "resolution", "paused": timedelta(minutes=30), "running": False, "paused_now": True},
        _PROMISE,
    ),
    "events": (
        {"at": _OPENED, "by": "carla@customer.example", "what": "opened", "why": "default"},
        {"at": _LATER, "by": "Ada Rossi", "what": "status: new \u2192 open", "why": "command"},
    ),
    "which": "line",
    "rows": (
        {
            "key": "INC-12",
            "subject": "VPN <fails> & *stops* on floor_3_west",
            "status": "open",
            "priority": "high",
            "line": "L2",
            "assignee": "Cleo Winther",
            "requester": "Carla Bianchi",
            "due_at": _LATER,
            "link": _mailto("%21show%20INC-12"),
        },
        {
            "key": "INC-9",
            "subject": "New phone",
            "status": "pending",
            "priority": "low",
            "line": "L1",
            "assignee": None,
            "requester": "S\u00f8ren Holm",
            "due_at": None,
            "link": _mailto("%21show%20INC-9"),
        },
    ),
    "more": 4,
}
# What a notice is given in a way of its own.
_OWN: Mapping[str, Mapping[str, Any]] = {
    "receipt": {"text": ""},
    "held": {"why": "stranger", "author": {"name": "Mallory", "address": "mallory@elsewhere.example"}},
    "agent_away": {"text": "I am away until Monday."},
}


def sample(notice: str) -> dict[str, Any]:
    """Values with which the notice says all that it can say. Every notice is given every value."""
    return {**_BASE, **_MORE, **_OWN.get(notice, {})}


def sparse(notice: str) -> dict[str, Any]:
    """The least that a notice is given: whatever a template does not need may be missing."""
    if notice in ("help", "alarm", "unverified", "tickets"):
        return {"desk": _BASE["desk"]}
    other = {"other": {"key": "INC-1"}} if notice == "merged" else {}
    return {**_BASE, **other, "ticket": {**_BASE["ticket"], "assignee": None, "category": None, "resolution": None}}


def unknown_names(environment: Environment, name: str, known: Mapping[str, Any]) -> list[str]:
    """`FILE:LINE: words` for each variable and each part of one that no value has, also where it is rarely reached."""
    try:
        assert environment.loader is not None
        source, file, _ = environment.loader.get_source(environment, name)
        tree = environment.parse(source, name, file)
    except TemplateError as why:
        return [where(environment, why, name)]
    scope: dict[str, Any] = dict(known)
    bound = {n.name for n in tree.find_all(nodes.Name) if n.ctx in ("store", "param")}
    for loop in tree.find_all(nodes.For):
        items = _value(loop.iter, scope)
        if isinstance(loop.target, nodes.Name) and isinstance(items, tuple) and items:
            scope[loop.target.name] = items[0]
    found: list[tuple[int, str]] = []
    for used in tree.find_all(nodes.Name):
        if used.ctx == "load" and used.name not in scope and used.name not in bound and used.name not in _ENGINE:
            found.append((used.lineno, f"there is no value {used.name}{wording.nearest(used.name, scope)}"))
    for part in (*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)):
        whole, last = _value(part.node, scope), _part(part)  # type: ignore[attr-defined]
        if isinstance(whole, Mapping) and last is not None and last not in whole:
            found.append((part.lineno, f"there is no {last} in it{wording.nearest(last, map(str, whole))}"))
    return [f"{file}:{line}: {words}" for line, words in sorted(found)]


def misnamed(name: str, language: str, folders: Sequence[Path]) -> list[str]:
    """An administrator's file that has nearly, but not quite, the name of a shipped one, and so replaces nothing."""
    shipped = [file.name for file in folders[-1].glob(f"{language}/*.j2")]
    near = difflib.get_close_matches(name, shipped, n=1, cutoff=0.92) if name not in shipped and shipped else []
    return [f"{language}/{name}:1: replaces nothing; did you mean {near[0]}?"] if near else []


def where(environment: Environment, why: Exception, name: str) -> str:
    """`FILE:LINE: words` of what went wrong in the template of that name."""
    if isinstance(why, TemplateSyntaxError):
        named = re.match(r"No (filter|test) named '(\w+)'", why.message or "")
        near = environment.filters if named and named[1] == "filter" else environment.tests
        return f"{why.filename or name}:{why.lineno}: {why.message}{wording.nearest(named[2], near) if named else ''}"
    if isinstance(why, TemplateNotFound):
        return f"{name}:1: there is no template {why.name}"
    if isinstance(why, KeyError) and why.args == ("Subject",):
        return f"{name}:1: the first line has to be 'Subject: ...', and an empty line has to follow the head"
    file, line, step = name, 1, why.__traceback__
    while step:  # Jinja2 puts the lines of templates into the traceback
        if step.tb_frame.f_code.co_filename.endswith(".j2"):
            file, line = step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
    return f"{file}:{line}: {why or type(why).__name__}"


def _part(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    constant = node.arg if isinstance(node, nodes.Getitem) else None
    return constant.value if isinstance(constant, nodes.Const) and isinstance(constant.value, str) else None


def _value(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    """The sample value of `a`, `a.b` or `a["b"]`; None where it cannot be told."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        whole, part = _value(node.node, scope), _part(node)
        return whole.get(part) if isinstance(whole, Mapping) and part is not None else None
    return None
