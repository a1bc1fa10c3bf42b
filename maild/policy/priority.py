"""Priority, which follows from impact (how much is touched) and urgency (how soon it hurts) (P4).

The impact that counts is the higher of that on the users (`impact`) and that on the business (`business`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Priority = Literal["critical", "high", "medium", "low"]
Level = Literal["high", "medium", "low"]

FACTORS: tuple[Literal["impact", "business", "urgency"], ...] = ("impact", "business", "urgency")  # it follows from
PRIORITIES: tuple[str, ...] = get_args(Priority)  # the highest first
LEVELS: tuple[str, ...] = get_args(Level)  # of impact and urgency, the highest first


@dataclass(frozen=True, slots=True)
class Matrix:
    """The administrator's table. Complete: `config` refuses one that lacks a cell."""

    cells: Mapping[str, Mapping[str, str]]  # impact -> urgency -> priority
    impact: str = "medium"  # of a ticket of which nothing else is known
    urgency: str = "medium"


def priority(matrix: Matrix, impact: str | None, urgency: str | None, business: str | None = None) -> str:
    """The priority by the matrix; for None its default holds, and a business that nothing is known of counts not."""
    return matrix.cells[higher_level(impact or matrix.impact, business)][urgency or matrix.urgency]


def higher_level(one: str, other: str | None) -> str:
    """The higher of two levels; None is the lowest."""
    return one if other is None else min(one, other, key=LEVELS.index)


def higher(one: str, other: str) -> bool:
    """Whether priority `one` is more pressing than `other`."""
    return PRIORITIES.index(one) < PRIORITIES.index(other)
