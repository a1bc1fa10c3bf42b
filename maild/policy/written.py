"""What a person wrote in a mail, line by line, and an answer out of it as it is kept. Linear in the mail's length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from maild.mail import quoting
from maild.policy import answers, orders

MOST = 60_000  # characters of a mail that are looked at
WORD = re.compile(r"[^\W_]+")
AFTER = " \t?:.!*_)]\"'\u201d\u00bb\u2026-\u2013\u2014=>"  # may stand between a question and the answer behind it
_LINES = 2_000
_ANSWER = 2_000  # characters of an answer that are kept
_LAST = 6  # lines in which a farewell may begin
_LABEL = re.compile(r"(?:answer|svar|risposta|a|r|s)\s?[:.)]\s+", re.IGNORECASE)
_DASHES = ("--", "\u2013", "\u2014")  # alone on a line: a signature follows


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its quote marks, and how many there were."""

    text: str
    depth: int


def lines(text: str) -> list[Line]:
    """The first lines of a text."""
    rows = (row[: quoting.LONGEST] for row in text.split("\n")[:_LINES])
    return [Line(quoting.MARKS.sub("", row), quoting.depth(row)) for row in rows]


def folded(word: str) -> str:
    """A word in the form by which words are compared."""
    return unicodedata.normalize("NFC", word).casefold()


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    return [folded(match[0]) for match in WORD.finditer(text)]


def clean(said: Sequence[str], name: str = "") -> str:
    """An answer as it is kept: without what introduces it and, where its writer is named, their farewell."""
    rows = [row.rstrip() for row in said]
    end = next((at for at, row in enumerate(rows) if row.strip() in _DASHES), len(rows))
    rows = _without_farewell(rows[:end], name) if name else rows[:end]
    text = "\n".join(rows).strip().lstrip("\u2022\u00b7*_> ").removeprefix("- ").strip()
    return _LABEL.sub("", text, count=1)[:_ANSWER].strip() if _LABEL.match(text) else text[:_ANSWER].strip()


def _without_farewell(rows: list[str], name: str) -> list[str]:
    """What remains above thanks, a farewell and a name in the last lines."""
    end: int | None = len(rows)
    while end:
        rows = rows[:end]
        last = next((i for i in range(len(rows) - 1, -1, -1) if rows[i].strip()), -1) + 1
        tails = range(max(1, last - _LAST), last)
        end = next((i for i in tails if rows[i].strip() and _parts("\n".join(rows[i:last]), name)), None)
    return rows


def _parts(tail: str, name: str) -> bool:
    return orders.signs(tail, name) or answers.answer(tail) == "thanks"


def without_question(text: str, question: str) -> str:
    """An answer without the question with which it may begin."""
    found, wanted = list(WORD.finditer(text)), words(question)
    if not wanted or [folded(match[0]) for match in found[: len(wanted)]] != wanted:
        return text
    return text[found[len(wanted) - 1].end() :].lstrip(AFTER).strip()
