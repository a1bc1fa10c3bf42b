"""Answers that stand under the questions, or behind them on their line, whether what is quoted is marked or not."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from maild.policy import counted, written
from maild.policy.written import Line

_TIMES = 8  # places where a question is looked for
_NUMBER_BEFORE = re.compile(r"(?<![\w.])[\s*_(\[#>|-]*\d{0,2}\s?[.):]?[\s*_]*\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question stands."""

    number: int
    start: tuple[int, int]  # line, character
    end: tuple[int, int]


def places(lines: Sequence[Line], texts: Sequence[str]) -> list[Place]:
    """Where the questions stand, however they are wrapped, quoted or written; of two that overlap the longer one."""
    words: list[str] = []
    at: list[tuple[int, int, int]] = []
    starts: list[int] = []
    size = 1
    for row, line in enumerate(lines):
        for match in written.WORD.finditer(line.text):
            words.append(written.folded(match[0]))
            at.append((row, match.start(), match.end()))
            starts.append(size)
            size += len(words[-1]) + 1
    joined = f" {' '.join(words)} "
    found: list[Place] = []
    taken: set[int] = set()
    for number in sorted(range(len(texts)), key=lambda n: -len(texts[n])):
        wanted = written.words(texts[number])
        phrase, position = f" {' '.join(wanted)} ", -1
        for _ in range(_TIMES if wanted else 0):
            position = joined.find(phrase, position + 1)
            if position < 0:
                break
            first = bisect_left(starts, position + 1)
            last = first + len(wanted) - 1
            if taken.isdisjoint(range(first, last + 1)):
                taken.update(range(first, last + 1))
                found.append(Place(number, at[first][:2], (at[last][0], at[last][2])))
    return sorted(found, key=lambda place: place.start)


def answers(text: str, texts: Sequence[str], name: str, reply: str | None = None) -> dict[int, str]:
    """What stands under or behind each question, by its number from 0.

    `text` is the new text of a mail; or, with that beside it as `reply`, all of it, which holds what we wrote as well.
    Where there the last question alone seems to have an answer below it, that may be the answer to all of them: none.
    """
    lines = written.lines(text)
    own = frozenset(row.strip() for row in reply.split("\n")) if reply is not None else None
    where = places(lines, texts)
    found: dict[int, str] = {}
    sure = len(texts) == 1
    for here, after in zip(where, [*where[1:], None], strict=False):
        behind = _behind(lines, here, after)
        if after is not None:
            below = _between(lines, here, after)
        else:
            rows, depth = lines[here.end[0] + 1 :], lines[here.end[0]].depth
            below = _one_alone(_below(rows, depth, own, bool(behind)), here.number, len(texts))
        said = written.clean([behind, *below], "" if after else name)
        if said and here.number not in found:
            found[here.number] = said
            sure = sure or after is not None or bool(behind) or own is None
    return found if sure else {}


def _behind(lines: Sequence[Line], here: Place, after: Place | None) -> str:
    """What follows a question on its line."""
    row, start = here.end
    if after is not None and after.start[0] == row:
        return _NUMBER_BEFORE.sub("", lines[row].text[start : after.start[1]]).lstrip(written.AFTER)
    return lines[row].text[start:].lstrip(written.AFTER)


def _between(lines: Sequence[Line], here: Place, after: Place) -> list[str]:
    """The lines from one question to the next. Where we asked there are none, so they are its answer, quoted or not."""
    if after.start[0] == here.end[0]:
        return []
    last = _NUMBER_BEFORE.sub("", lines[after.start[0]].text[: after.start[1]])
    return [*(line.text for line in lines[here.end[0] + 1 : after.start[0]]), last]


def _below(rows: Sequence[Line], depth: int, own: frozenset[str] | None, begun: bool) -> list[str]:
    """The lines below the last question, which is quoted so deep, that are its answer and not what we wrote there."""
    if own is None:  # all of it is new, but for what is quoted
        return [row.text for row in rows if row.depth < max(depth, 1)]
    # right below it, as an answer stands that was written into the quote; we leave a line empty there
    right = list(takewhile(lambda row: row.text.strip() and (depth == 0 or row.depth >= depth), rows))
    if right or depth == 0:
        return [row.text for row in right if row.depth == depth]
    if begun:
        return []
    said: list[str] = []
    for row in rows:
        if row.text.strip() and (row.depth >= depth or row.text.strip() not in own):
            break
        said.append(row.text)
    return said


def _one_alone(rows: Sequence[str], number: int, count: int) -> list[str]:
    """The lines as far as none begins with the number of another question."""
    found = []
    for row in rows:
        mark = counted.marked(Line(row, 0))
        if mark is not None and mark.number != number + 1 and 1 <= mark.number <= count:
            break
        found.append(row)
    return found
