"""Priority, which follows from impact (how much is touched) and urgency (how soon it hurts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Priority = Literal["critical", "high", "medium", "low"]
Level = Literal["high", "medium", "low"]

PRIORITIES: tuple[str, ...] = get_args(Priority)  # the highest first
LEVELS: tuple[str, ...] = get_args(Level)  # of impact and urgency, the highest first


@dataclass(frozen=True, slots=True)
class Matrix:
    """The administrator's table. Complete: `config` refuses one that lacks a cell."""

    cells: Mapping[str, Mapping[str, str]]  # impact -> urgency -> priority
    impact: str = "medium"  # of a ticket of which nothing else is known
    urgency: str = "medium"


def priority(matrix: Matrix, impact: str | None, urgency: str | None) -> str:
    """The priority of an impact and an urgency; for None the matrix's default holds."""
    return matrix.cells[impact or matrix.impact][urgency or matrix.urgency]


def higher(one: str, other: str) -> bool:
    """Whether priority `one` is more pressing than `other`."""
    return PRIORITIES.index(one) < PRIORITIES.index(other)
