"""A configuration that somebody mangled is either well or told: no traceback, and no place that is not there (M10).

A line or a word of the starter is left out, said twice, or spoiled. The sample is the same in each run; `-m slow` tries
every line and many more words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild import config, shipped
from maild.config.load import FILES

WORD = re.compile(r"[^\s\[\]{},:#]+|[\[\]{},:#\"']")
SPOILS: tuple[str, ...] = (
    "",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    ":",
    "- ",
    "#",
    "\t",
    "&x",
    "*x",
    "!x",
    "|",
    ">",
    "no",
    "12",
    "null",
    "[[x]]",
)
SPOILS += (
    "{x: y}",
    "2026-02-30",
    "\x00",
    "\u2028",
    "\ufeff",
    "é" * 500,
    "%",
    "@",
    "`",
    "<<: 1",
    "? ",
    "--- ",
    '"\\uD800"',
)
QUICK = 12  # of each file


def text_of(name: str) -> str:
    """The starter without comments: each mangled line is one that counts, and is read in less time."""
    lines = (shipped.folder("config") / name).read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("#"))


def without_a_line(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return "".join(lines)


def a_line_twice(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return "".join(lines)


def two_lines_swapped(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def a_line_indented_otherwise(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    lines[number] = chance.choice((" ", "  ", "\t", "      ")) + lines[number]
    return "".join(lines)


def a_word_spoiled(text: str, chance: random.Random) -> str:
    word = chance.choice(list(WORD.finditer(text)))
    return text[: word.start()] + chance.choice(SPOILS) + text[word.end() :]


def a_word_moved(text: str, chance: random.Random) -> str:
    one, other = chance.choice(list(WORD.finditer(text))), chance.choice(list(WORD.finditer(text)))
    return text[: one.start()] + other[0] + text[one.end() :]


def cut_off(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


MANGLES = (
    *(without_a_line, a_line_twice, two_lines_swapped, a_line_indented_otherwise),
    *(a_word_spoiled, a_word_spoiled, a_word_moved, cut_off),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("mangled")
    for name in FILES:
        (at / name).write_text(text_of(name), "utf-8")
    (at / "secret").write_text("a secret of the tests, and long enough")
    return at


def look_at(folder: Path, name: str, mangled: Iterator[str]) -> None:
    """Load each; what is told stands in the files, or, where nothing stands there, at their beginning."""
    good = (folder / name).read_text("utf-8")
    try:
        for text in mangled:
            (folder / name).write_text(text, "utf-8")
            try:
                config.check(config.load(folder))
            except config.ConfigError as e:
                assert e.problems
                for problem in e.problems:
                    lines = (folder / problem.file).read_bytes().decode("utf-8-sig").replace("\r\n", "\n").split("\n")
                    assert 1 <= problem.line <= len(lines), (problem, text)
                    assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, (problem, text)
                    assert problem.message.strip(), text
    finally:
        (folder / name).write_text(good, "utf-8")


def sample(name: str, count: int, seed: int) -> Iterator[str]:
    chance, text = random.Random(f"{name} {seed}"), text_of(name)
    for _ in range(count):
        yield chance.choice(MANGLES)(text, chance)


@pytest.mark.parametrize("name", FILES)
def test_whatever_is_mangled_is_told_or_well(name: str, folder: Path) -> None:
    look_at(folder, name, sample(name, QUICK, 1))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_line_may_be_missing_or_stand_there_twice(name: str, folder: Path) -> None:
    lines = text_of(name).splitlines(keepends=True)
    look_at(folder, name, ("".join(lines[:n] + lines[n + 1 :]) for n in range(len(lines))))
    look_at(folder, name, ("".join(lines[: n + 1] + lines[n:]) for n in range(len(lines))))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_whatever_is_mangled_in_hundreds_of_ways_is_told_or_well(name: str, folder: Path) -> None:
    look_at(folder, name, sample(name, 300, 2))
