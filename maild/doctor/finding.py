"""One thing that `maild doctor` found, and how well it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do where that is not well."""

    level: Level
    about: str  # such as "imap support"
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    """It is well."""
    return Finding("ok", about, text)


def warning(about: str, text: str, advice: str) -> Finding:
    """It works, and may not be meant."""
    return Finding("warning", about, text, advice)


def problem(about: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding("problem", about, text, advice)
