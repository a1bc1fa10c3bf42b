"""Answers by the number of their question, as people count them: "1. this", "ad 2) that"; or as many points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from maild.policy import written
from maild.policy.written import Line

_NAMED = (
    r"(?:ad|re|til|punkt|punto|point|nr|no|n|q|a|d|r|s|answer|svar|risposta|domanda|question|spørgsmål)"
    r"(?![^\W\d_])[.°:]?"
)
_MARK = re.compile(
    rf"[\s*_(\[#\u2022\u00b7>-]{{0,8}}(?P<named>{_NAMED}\s{{0,2}}#?)?(?P<number>\d{{1,2}})(?!\d)(?:\ufe0f?\u20e3)?"
    r"(?P<end>[*_]{0,2}\s?(?:[.):\u00b0/\]](?!\d)|[-\u2013\u2014](?=\s)))?[*_]{0,2}(?P<space>\s*)",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"(?P<before>[\s,;.!?])\(?(?P<number>\d{1,2})\s?(?P<end>[.):])(?=\s|[^\W\d])")
_KEYCAP = "\u20e3"
_POINT = re.compile(r"\s{0,8}[-\u2022\u00b7*\u2013\u2014]\s+(?=\S)")
# "2. sal" is a floor, "3. december" a day: in Danish a full stop makes a number an ordinal
_ORDINAL = frozenset(
    (
        *("sal", "etage", "floor", "piano", "gang", "linje", "række", "plads", "klasse", "generation", "version"),
        *("januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober", "november"),
        *("december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "okt", "nov", "dec"),
    )
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A line that begins with a number."""

    number: int
    rest: str
    quoted: bool


def marked(line: Line, *, bare: bool = False) -> Marked | None:
    """A line that begins with a number, as people count their answers. `bare`: with nothing but a blank behind it."""
    match = _MARK.match(line.text)
    if match is None:
        return None
    rest = line.text[match.end() :]
    if not (match["end"] or match["named"] or _KEYCAP in match[0] or (bare and match["space"] and rest)):
        return None
    word = written.WORD.match(rest)
    if "." in (match["end"] or "") and word and word[0].casefold() in _ORDINAL:
        return None
    return Marked(int(match["number"]), rest, line.depth > 0)


def numbered(reply: str, count: int, name: str) -> dict[int, str]:
    """Answers that begin with the number of their question, in any order; by that number, from 0."""
    lines = written.lines(reply)
    found = _by_number(lines, count, name, bare=False)
    if not found:
        found = _by_number(lines, count, name, bare=True)
        found = found if len(found) > 1 and list(found) == list(range(len(found))) else {}
    return found


def _by_number(lines: Sequence[Line], count: int, name: str, *, bare: bool) -> dict[int, str]:
    said: dict[int, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        mark = marked(line, bare=bare)
        if mark is not None and mark.number == count + 1 and said and not mark.quoted:
            return {}  # a list of another kind, such as of steps
        if mark is not None and 1 <= mark.number <= count and mark.number - 1 not in said:
            current = said[mark.number - 1] = [] if mark.quoted else [mark.rest]
        elif current is not None and not line.depth:
            current.append(line.text)
    if list(said) == [0] and said[0]:
        said = _inside(said[0], count)
    last = next(reversed(said), None)
    cleaned = {number: written.clean(text, name if number == last else "") for number, text in said.items()}
    return {number: text for number, text in cleaned.items() if text}


def _inside(said: Sequence[str], count: int) -> dict[int, list[str]]:
    """1. this 2. that: on one line, where the numbers go on to the last, or are set off clearly."""
    first, wanted, clear = said[0], 2, True
    starts, ends = [0], []
    for match in _INSIDE.finditer(first):
        if int(match["number"]) == wanted <= count:
            clear = clear and (match["end"] == ")" or match["before"] in ",;")
            ends.append(match.start() + 1)
            starts.append(match.end())
            wanted += 1
    if wanted == 2 or not (clear or wanted == count + 1):
        return {0: list(said)}
    cut = [first[start:end].strip(" \t,;(") for start, end in zip(starts, [*ends, None], strict=True)]
    found = {number: [part] for number, part in enumerate(cut)}
    found[len(cut) - 1] += said[1:]
    return found


def points(reply: str, count: int, name: str) -> dict[int, str]:
    """As many points as there are questions are the answers in their order."""
    said: list[list[str]] = []
    for line in written.lines(reply):
        point = _POINT.match(line.text) if not line.depth else None
        if point:
            said.append([line.text[point.end() :]])
        elif said and not line.depth:
            said[-1].append(line.text)
    if len(said) != count:
        return {}
    return {number: written.clean(text, name if number == count - 1 else "") for number, text in enumerate(said)}
