"""What happened to a clock in the reader's words: the ledger of `policy.ledger`, without what every night brings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from maild.mail import wording
from maild.policy import ledger
from maild.policy.clock import ClockRun, Step
from maild.policy.ledger import FreeDay
from maild.policy.sla import Levels

_MOST = 15  # of a clock, the newest: `maild sla show` has them all
_TOLD_ELSEWHERE = frozenset({"started", "breached", "stopped"})  # facts of the clock


def of(run: ClockRun, levels: Levels, words: Mapping[str, str], zone: str) -> tuple[dict[str, Any], ...]:
    """The steps of a clock: when, what, and who and what caused it."""
    found = []
    for step in ledger.of(run, levels):
        says = None if step.what in _TOLD_ELSEWHERE else _says(step, words, zone)
        if says:
            found.append({"at": step.at, "what": says, "by": step.by, "why": step.why})
    return tuple(found[-_MOST:])


def _says(step: Step, words: Mapping[str, str], zone: str) -> str:
    """The sentence of the word list with its gaps filled; nothing for nights, days off, and rungs passed over."""
    if step.values.get("passed"):
        return ""
    gaps = {name: _said(value, words) for name, value in step.values.items()}
    if step.what == "closed":
        days = [day for day in step.values["days"] if day.why != "weekday"]  # type: ignore[attr-defined]  # FreeDays
        if not days:
            return ""
        gaps["days"] = ", ".join(_day(day, words) for day in days)
    if step.due_at is not None:
        gaps["due"] = wording.moment(step.due_at, wording.zone_of(zone), words)
    return words[f"step.{step.what}"].format_map(gaps)


def _said(value: object, words: Mapping[str, str]) -> str:
    if isinstance(value, timedelta):
        return wording.span(value, words)
    return words.get(value, value) if isinstance(value, str) else ""


def _day(day: FreeDay, words: Mapping[str, str]) -> str:
    said = wording.day(datetime.combine(day.day, time(12)), wording.zone_of("UTC"), words)
    return f"{said} ({day.name})" if day.name else said
