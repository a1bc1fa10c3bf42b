"""What a command is: a line `!verb words` in an agent's mail, and a decorated function that answers it.

The function gets the order and gives back what it proposes (`Done`) or why not (`Refused`); it never does anything.
What it says is a key of the receipts' word list (templates/<lang>/receipt.json) with its arguments, because the agent
reads it in their language. The commands themselves are in `commands`.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from maild.mail import quoting
from maild.policy.changes import Change, Changed, TicketField
from maild.policy.facts import Facts, TicketView
from maild.policy.terms import Desk

_LINE = re.compile(r"!([A-Za-z][A-Za-z-]*)(?:[ \t]+(.*))?", re.DOTALL)  # of a stripped line, so that it is linear
_USAGE = re.compile(r"^(?P<lang>[a-z]{2}): (?P<text>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence of the receipts' word list, and what stands in its gaps."""

    key: str
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command proposes."""

    says: Say
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a command cannot be done."""

    says: Say


@dataclass(frozen=True, slots=True)
class Line:
    """One command line as it was written."""

    written: str
    verb: str
    words: str
    under_quote: bool = False  # in one paragraph with a quote above it: it may be the rest of a quoted line (B33)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The new text of an agent's mail, taken apart."""

    lines: tuple[Line, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command in its surroundings."""

    facts: Facts
    ticket: TicketView
    desk: Desk
    words: str
    text: str  # the mail's text without its commands; empty where it is for agents alone

    def changed(self, name: TicketField, value: str | None) -> Changed:
        """A change of one field, by the agent who wrote."""
        return Changed(name, value, self.why, self.facts.actor)

    @property
    def why(self) -> str:
        """How the ticket's history names the reason."""
        return "command"


Command = Callable[[Order], Done | Refused]
COMMANDS: dict[str, Command] = {}


def command(function: Command) -> Command:
    """Make a function a command, under its own name."""
    COMMANDS[function.__name__.rstrip("_")] = function
    return function


def parse(text: str) -> Parsed:
    """Take the command lines out of the new text of a mail (B33: the caller gives no signature and no quote below it).

    Some programs break the long lines of a quote without marking what comes after the break.
    """
    lines: list[Line] = []
    kept: list[str] = []
    under = False
    for row in text.splitlines():
        match = _LINE.fullmatch(row.replace("\xa0", " ").strip(" \t"))
        if match:
            lines.append(Line(row.strip(), match.group(1).lower(), (match.group(2) or "").strip(), under))
        else:
            kept.append(row)
            under = bool(row.strip()) and (under or bool(quoting.QUOTED.match(row)))
    return Parsed(tuple(lines), "\n".join(kept).strip())


def run(line: Line, facts: Facts, ticket: TicketView, desk: Desk, text: str) -> Done | Refused | None:
    """What one line proposes; None where there is no such command."""
    function = COMMANDS.get(line.verb)
    return function(Order(facts, ticket, desk, line.words, text)) if function else None


def nearest(verb: str) -> str | None:
    """The command that was probably meant."""
    found = difflib.get_close_matches(verb, COMMANDS, n=1, cutoff=0.6)
    return found[0] if found else None


def help_lines(language: str) -> list[dict[str, str]]:
    """Every command with its usage and one sentence, in `language` (English where it lacks)."""
    out = []
    for function in COMMANDS.values():
        texts = {m["lang"]: m["text"] for m in _USAGE.finditer(inspect.getdoc(function) or "")}
        usage, _, text = texts.get(language, texts["en"]).partition(" - ")
        out.append({"usage": usage, "text": text})
    return out
