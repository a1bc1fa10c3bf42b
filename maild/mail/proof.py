"""Proofreading of templates: what values there are, and the names that do not exist.

DEFAULTS and GROUPS are all the names that a template may use; `samples` has values for each notice.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError, nodes

from maild.mail import cldr, wording
from maild.mail.samples import sample, sparse

__all__ = ["DEFAULTS", "GROUPS", "misnamed", "sample", "sparse", "unknown_names", "where"]

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
        "trail": (),  # the way of the ticket so far
        "clock": None,
        "clocks": (),
        "files": (),
        "ref": "",
        "similar": (),  # solved tickets like this one
        "previous": 0,  # earlier tickets of the requester
        "verified": True,  # False: the text only claims to be from its author (B40)
        "quote_allowed": False,  # B25
        "expected": None,  # timedelta: when somebody can expect an answer
        "in_hours": False,  # that time counts in opening hours
        "questions": (),
        "answers": (),  # what the requester answered to them, for agents
        "unanswered": (),  # and what they did not
        "checklist": (),  # what the category has ready for the agent
        "prepared_reply": "",  # the name of a text of the desk that fits
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
        "rule": "",  # the name of a rule, and the administrator's reason for it
        "reason": "",
        "sender": "",  # who a mail that is passed on is from
        "prepared": "",  # a text of the desk that the acknowledgement carries
        "rows": (),
        "more": 0,  # tickets that a list leaves out
        "since": None,  # of a report: its first and its last day
        "until": None,
        "scope": (),  # the lines that it is about; none: all
        "total": {"kept": 0, "ended": 0, "share": 100},  # promises kept, of those kept or broken; in percent
        "promises": (),
        "times": (),
        "solved": 0,
        "reopened": 0,
        "ratings": 0,
        "score": "",  # the average of the ratings, in words
        "sections": (),
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
            "impact": "",
            "business": None,
            "urgency": "",
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

FORMS = ("zero", "one", "two", "few", "many", "other")  # of a counted word, as the CLDR names them
_ENGINE = frozenset({"language", "words", "range", "dict", "cycler", "joiner", "namespace", "loop", "caller"})


def unknown_names(environment: Environment, name: str, known: Mapping[str, Any]) -> list[str]:
    """`FILE:LINE: words` for each variable and each part of one that no value has, also where it is rarely reached."""
    try:
        assert environment.loader is not None
        source, file, _ = environment.loader.get_source(environment, name)
        tree = environment.parse(source, name, file)
    except (TemplateError, UnicodeDecodeError, OSError) as why:
        return [where(environment, why, name)]
    lines = source.split("\n")
    scope: dict[str, Any] = dict(known)
    parts = list(tree.find_all(nodes.Node))  # one walk: a walk costs as much as parsing
    names = [part for part in parts if isinstance(part, nodes.Name)]
    bound = {n.name for n in names if n.ctx in ("store", "param")}
    bound |= {macro.name for macro in parts if isinstance(macro, nodes.Macro)}
    for loop in (part for part in parts if isinstance(part, nodes.For)):
        items = _value(loop.iter, scope)
        if isinstance(loop.target, nodes.Name) and isinstance(items, tuple) and items:
            scope[loop.target.name] = items[0]
    found: list[tuple[int, str, str]] = []
    for used in names:
        if used.ctx == "load" and used.name not in scope and used.name not in bound and used.name not in _ENGINE:
            found.append((used.lineno, used.name, f"there is no value {used.name}{wording.nearest(used.name, scope)}"))
    for part in (part for part in parts if isinstance(part, nodes.Getattr | nodes.Getitem)):
        whole, last = _value(part.node, scope), _part(part)
        if isinstance(whole, Mapping) and last is not None and last not in whole:
            of = _named(part.node)
            found.append((part.lineno, last, f"there is no {last} in {of}{wording.nearest(last, map(str, whole))}"))
    found += [*_not_included(environment, parts), *_plurals(parts, cldr.tongue(known.get("words", {})).forms)]
    return [f"{file}:{_column(lines, line, word)}: {words}" for line, word, words in sorted(found)]


def _not_included(environment: Environment, parts: Sequence[nodes.Node]) -> Iterator[tuple[int, str, str]]:
    """What is included and does not exist, also where it is rarely reached."""
    includes = [part for part in parts if isinstance(part, nodes.Include)]
    known = environment.list_templates() if includes else []
    for part in includes:
        name = part.template.value if isinstance(part.template, nodes.Const) else None
        if isinstance(name, str) and name not in known:
            yield part.lineno, name, f"there is no template {name}{wording.nearest(name, known)}"


def _plurals(parts: Sequence[nodes.Node], needed: frozenset[str]) -> Iterator[tuple[int, str, str]]:
    """Forms of a counted word that are not forms, or that the language needs besides."""
    for used in (part for part in parts if isinstance(part, nodes.Filter)):
        given = [str(pair.key) for pair in used.kwargs]
        if used.name != "plural" or used.args or used.dyn_kwargs:
            continue
        for form in set(given) - set(FORMS):
            yield used.lineno, form, f"there is no form {form}{wording.nearest(form, FORMS)}"
        lacks = [form for form in FORMS if form in needed | {"other"} and form not in given]
        if lacks:
            yield used.lineno, "plural", f"counting in this language needs the form {' and '.join(lacks)} as well"


def _column(lines: Sequence[str], line: int, word: str) -> str:
    """LINE:COLUMN of a word, or the line alone where it stands elsewhere."""
    at = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lines[line - 1]) if 0 < line <= len(lines) else None
    return f"{line}:{at.start() + 1}" if at else str(line)


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


def _named(node: nodes.Node) -> str:
    """How a template writes what a part is asked of: `ticket`, `ticket.requester`."""
    if isinstance(node, nodes.Name):
        return node.name
    part = _part(node)
    return f"{_named(node.node)}.{part}" if isinstance(node, nodes.Getattr | nodes.Getitem) and part else "it"


def _value(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    """The sample value of `a`, `a.b` or `a["b"]`; None where it cannot be told."""
    if isinstance(node, nodes.Name):
        return scope.get(node.name)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        whole, part = _value(node.node, scope), _part(node)
        return whole.get(part) if isinstance(whole, Mapping) and part is not None else None
    return None
