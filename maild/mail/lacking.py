"""What a language lacks: a language is a folder of templates, and this says what is missing in it or does not fit.

Measured is against the fallback language as it is shipped. A regional language (`de-CH`) may leave to its language
(`de`) what it likes. What an administrator adds of their own is nobody's lack.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from maild.mail import cldr, wording

WORD_LISTS = ("words.json", "receipt.json")
WRITTEN = ("date", "time", "date_time")  # words that a language needs only where it writes other than the CLDR says
_GAP = re.compile(r"{(\w*)[^{}]*}")
_AT = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)


def folders_of(language: str, folders: Sequence[Path]) -> list[Path]:
    """The folders of a language and of the one that it is a region of, the strongest first."""
    names = dict.fromkeys((language, language.partition("-")[0]))
    return [folder / name for name in names for folder in folders if (folder / name).is_dir()]


def lacking(language: str, folders: Sequence[Path], fallback: str) -> Iterator[str]:
    """`FILE:LINE: words` for each template, word and sentence that is missing in a language or does not fit."""
    homes, model = folders_of(language, folders), folders[-1] / fallback
    yield from _templates(homes, model)
    for name in WORD_LISTS:
        yield from _words(name, homes, model)
    yield from _written(language, homes)


def _templates(homes: Sequence[Path], model: Path) -> Iterator[str]:
    has = {file.name for home in homes for file in home.glob("*.j2")}
    wanted = {file.name for file in model.glob("*.j2")}
    for name in sorted(wanted - has):
        near = difflib.get_close_matches(name, sorted(has - wanted), n=1, cutoff=0.8)
        kind = "notice" if name.endswith(".md.j2") else "part of notices"
        yield f"{homes[0] / name}:1: this {kind} is missing{f'; is {near[0]} meant to be it?' if near else ''}"


def _words(name: str, homes: Sequence[Path], model: Path) -> Iterator[str]:
    has: dict[str, tuple[Path, str]] = {}
    for home in reversed(homes):
        found, problem = read(home / name)
        has |= {key: (home / name, text) for key, text in found.items()}
        if problem:
            yield problem
    wanted, _ = read(model / name)
    missing = set(wanted) - set(has) - {*WRITTEN, "locale"}
    strange = set(has) - set(wanted)
    for key in sorted(missing):
        near = difflib.get_close_matches(key, sorted(strange), n=1, cutoff=0.8)
        if near:
            missing.discard(key)
            yield f"{_line(has[near[0]][0], near[0])}: nothing uses “{near[0]}”; did you mean {key}?"
    if missing and homes:
        kind = "word" if name == WORD_LISTS[0] else "sentence"
        these = f"this {kind} is" if len(missing) == 1 else f"these {len(missing)} {kind}s are"
        yield f"{homes[0] / name}:1: {these} missing: {', '.join(sorted(missing))}"
    for key in sorted(set(has) & set(wanted) - set(WRITTEN)):
        file, text = has[key]
        yield from (f"{_line(file, key)}: {words}" for words in _gaps(text, wanted[key]))


def read(file: Path) -> tuple[dict[str, str], str]:
    """A list of words, and what is wrong with its file. One that does not exist is empty, and nothing is wrong."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as why:
        return {}, f"{file}:{getattr(why, 'lineno', 1)}: cannot be read: {why}"
    if not isinstance(found, dict):
        return {}, f"{file}:1: cannot be read: words and their meanings are expected, in braces"
    return {str(key): str(value) for key, value in found.items()}, ""


def _gaps(text: str, model: str) -> Iterator[str]:
    """A gap that nothing fills would break the sentence when it is needed."""
    known = set(_GAP.findall(model))
    for gap in dict.fromkeys(_GAP.findall(text)):
        if gap not in known:
            yield f"nothing fills {{{gap}}}{wording.nearest(gap, known)}"
    try:
        text.format_map(dict.fromkeys(known | set(_GAP.findall(text)), ""))
    except (ValueError, IndexError, KeyError) as why:
        yield f"cannot be filled: {why}"


def _written(language: str, homes: Sequence[Path]) -> Iterator[str]:
    """How it writes dates: its locale, and patterns of its own."""
    words: dict[str, str] = {"locale": language}
    for home in reversed(homes):
        words |= read(home / WORD_LISTS[0])[0]
    file = next((home / WORD_LISTS[0] for home in homes if (home / WORD_LISTS[0]).exists()), homes[0] / WORD_LISTS[0])
    if not cldr.known(words["locale"]):
        named = words["locale"]
        yield f"{_line(file, 'locale')}: how dates are written in “{named}” is not known; name a locale, as en_GB"
        return
    try:
        wording.moment(_AT, UTC, words)
    except (ValueError, IndexError, KeyError, AttributeError) as why:
        key = next((key for key in reversed(WRITTEN) if words.get(key)), "locale")
        yield f"{_line(file, key)}: no date can be written so: {why}"


def _line(file: Path, key: str) -> str:
    """FILE:LINE of a word."""
    try:
        at = re.search(
            rf'^.*?"{re.escape(json.dumps(key, ensure_ascii=False)[1:-1])}"\s*:', file.read_text("utf-8"), re.DOTALL
        )
    except OSError:
        at = None
    return f"{file}:{at[0].count(chr(10)) + 1 if at else 1}"
