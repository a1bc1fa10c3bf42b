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
from datetime import datetime

from maild.mail import quoting
from maild.policy.changes import Change, Changed, TicketField
from maild.policy.facts import Facts, TicketView
from maild.policy.terms import Desk

_LINE = re.compile(r"!([A-Za-z][A-Za-z-]*)(?:[ \t]+(.*))?", re.DOTALL)  # of a stripped line, so that it is linear
_USAGE = re.compile(r"^(?P<lang>[a-z]{2}): (?P<text>.+)$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}-[0-9]{1,9}")
_WORDED = frozenset(  # commands that mean nothing without words
    {"assign", "category", "tag", "untag", "template", "merge", "link", "on", "cc", "uncc", "requester", "subject"}
    | {"line", "status"}
)
_WORDLESS = frozenset({"take", "release", "watch", "unwatch", "mute", "close", "reopen", "spam"})
_SPOKEN = frozenset({"note", "public", "reply-all"})  # commands whose words are the beginning of the mail's text
_NEARLY = re.compile(r"![ \t]*([A-Za-z][A-Za-z-]*)(?:[^A-Za-z-].*)?", re.DOTALL)  # `! take`, `!take.`
_PROSE = _SPOKEN | {"resolve", "subject"}  # their words may name a command
_SECOND = re.compile(r"(?:^|[ \t])!([A-Za-z][A-Za-z-]*)")
WHY = "command"  # how the history names the reason of what a command changed
MOST = 50  # command lines of a mail that are done: each may write mails, and cost what no other mail may have to wait
TWO = ""  # the verb of a line that holds two commands
_NAMING = frozenset({"on", "merge", "link", "show", "forget"})  # commands whose words are the key of a ticket


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence of the receipts' word list, and what stands in its gaps."""

    key: str
    args: Mapping[str, str | datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a command proposes, for the ticket and for others (by key)."""

    says: Say
    changes: tuple[Change, ...] = ()
    others: tuple[tuple[str, tuple[Change, ...]], ...] = ()


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
    on: str = ""  # the key of the ticket that the last `!on` before it names


@dataclass(frozen=True, slots=True)
class Parsed:
    """The new text of an agent's mail, taken apart."""

    lines: tuple[Line, ...]
    text: str

    def numbers(self) -> tuple[int, ...]:
        """The numbers of mails of the ledger that its commands name."""
        words = [line.words.lstrip("#") for line in self.lines[:MOST]]
        return tuple(int(word) for word in words if word.isdecimal() and len(word) < 10)

    def named(self) -> frozenset[str]:
        """The keys of the tickets that its commands name."""
        lines = self.lines[:MOST]
        return frozenset(line.words for line in lines if line.verb in _NAMING and _KEY.fullmatch(line.words))


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

    def owns(self, ticket: TicketView) -> bool:
        """Whether the agent who wrote is the requester of another ticket, and so nobody's agent there (B38)."""
        person = self.desk.person_by_address(ticket.requester)
        return person is not None and person.id == self.facts.actor

    @property
    def why(self) -> str:
        """How the ticket's history names the reason."""
        return WHY


Command = Callable[[Order], Done | Refused]
COMMANDS: dict[str, Command] = {}
_GROUPS = ("who", "state", "what", "people", "mail", "ask")  # as the help shows them
GROUPS: dict[str, str] = {}  # of each command, the part of the help in which it stands


def command(group: str) -> Callable[[Command], Command]:
    """Make a function a command, under its own name, in a group of the help."""

    def made(function: Command) -> Command:
        verb = function.__name__.rstrip("_").replace("_", "-")
        COMMANDS[verb], GROUPS[verb] = function, group
        return function

    return made


def parse(text: str, verb: str = "") -> Parsed:
    """Take the command lines out of the new text of a mail (B33: the caller gives no signature and no quote below it).

    `verb` is a command that stood in the address. `!stop` ends the commands; a line of two hyphens alone ends all, for
    what follows it is a signature. Some programs break the long lines of a quote without marking what comes after.
    """
    lines: list[Line] = [Line(f"+{verb}", verb, "")] if verb else []
    kept: list[str] = []
    under = stopped = cut = False
    on = last = ""
    for row in text.split("\n"):  # a quote mark covers all of it, whatever else an outsider breaks lines with
        line = " ".join(row.replace("\xa0", " ").splitlines()).strip(" \t")
        found, words = ("", "") if stopped else _command(line)
        if found or words:
            if found in _NAMING:
                words = last if words.lower() == "it" and last else words
                last = words = words.upper() if _KEY.fullmatch(words) else words
            on = words if found == "on" else on
            stopped, cut = found == "stop", True
            lines.append(Line(line, found, words, under, on))
            kept += [words] if words and found in _SPOKEN else []
        elif row.rstrip() == "--":
            break
        elif cut and not row.strip() and not "".join(kept[-1:]).strip():
            cut = False  # a command between two paragraphs leaves one empty line, not two
        else:
            cut = False
            kept.append(row)
            under = bool(row.strip()) and (under or bool(quoting.QUOTED.match(row)))
    return Parsed(tuple(lines), "\n".join(kept).strip())


def _command(row: str) -> tuple[str, str]:
    """The verb and the words of a line; two empty strings where it is text.

    What nearly is a command is one that does not exist, so that the text is held back (B34), not sent with it.
    """
    if match := _LINE.fullmatch(row):
        found, words = match.group(1).lower(), (match.group(2) or "").strip()
        second = _SECOND.match(words) if found in _PROSE else _SECOND.search(words)
        if second and second[1].lower() in COMMANDS:
            return TWO, words
        return found, words
    nearly = _NEARLY.fullmatch(row)
    if nearly and nearly[1].lower() in COMMANDS:
        return f"{nearly[1].lower()}?", ""
    return "", ""


_REGARDS = re.compile(
    r"(?:med )?(?:venlige?|bedste|mange|kærlige?|de bedste) hilsen(?:er)?|hilsner|hilsen"
    r"|m\.?v\.?h\.?|v\.?h\.?|d\.?b\.?h\.?"
    r"|(?:with )?(?:best|kind|kindest|warm|many)? ?(?:regards|wishes)|best|cheers|sincerely|yours(?: \w{1,12})?"
    r"|(?:i miei )?(?:più )?(?:cordiali|distinti|migliori|tanti|un)? ?salut[io]|cordialmente|a presto",
    re.IGNORECASE,
)
_SIGNED = 12  # lines of a signature


def signs(text: str, name: str) -> bool:
    """Whether a text is nothing but a farewell or its writer's name and what follows it: a signature without a mark.

    Programs put it below each command that a link wrote; a mail with only commands sends the requester nothing (B33).
    """
    rows = [row.strip(" \t,.!/-–—*_") for row in text.splitlines() if row.strip()]
    if rows and _REGARDS.fullmatch(rows[0]):
        rows = rows[1:] or [name]  # "Cheers" and a sentence below it is no signature
    first = rows[0].casefold() if rows else ""
    return len(rows) <= _SIGNED and first in (name.casefold(), name.casefold().partition(" ")[0])


def run(line: Line, facts: Facts, ticket: TicketView, desk: Desk, text: str) -> Done | Refused | None:
    """What one line proposes; None where there is no such command."""
    function = COMMANDS.get(line.verb)
    if line.verb in _WORDED and not line.words:
        return Refused(Say("no_words", {"usage": _usage(line.verb, facts.language)}))
    if line.verb in _WORDLESS and line.words:
        return Refused(Say("wordless", {"usage": f"!{line.verb}"}))
    return function(Order(facts, ticket, desk, line.words, text)) if function else None


def nearest(verb: str) -> str | None:
    """The command that was probably meant."""
    found = difflib.get_close_matches(verb, COMMANDS, n=1, cutoff=0.6)
    return found[0] if found else None


def _usage(verb: str, language: str) -> str:
    return next(one["usage"] for one in help_lines(language) if one["usage"].split()[0] == f"!{verb}")


def help_lines(language: str) -> tuple[dict[str, str], ...]:
    """Every command with its usage, one sentence and its group, in `language` (English where it lacks)."""
    out = []
    for verb, function in sorted(COMMANDS.items(), key=lambda one: _GROUPS.index(GROUPS[one[0]])):
        texts = {m["lang"]: m["text"] for m in _USAGE.finditer(inspect.getdoc(function) or "")}
        usage, _, text = texts.get(language, texts["en"]).partition(" - ")
        out.append({"usage": usage, "text": text, "group": f"group_{GROUPS[verb]}"})
    return tuple(out)
