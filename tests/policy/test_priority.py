"""Priority follows from impact and urgency (P4)."""

from __future__ import annotations

import pytest

from maild.policy.priority import LEVELS, Matrix, higher, priority

MATRIX = Matrix(
    {
        "high": {"high": "critical", "medium": "high", "low": "medium"},
        "medium": {"high": "high", "medium": "medium", "low": "low"},
        "low": {"high": "medium", "medium": "low", "low": "low"},
    }
)


@pytest.mark.parametrize(
    ("impact", "urgency", "found"),
    [("high", "high", "critical"), ("high", "low", "medium"), ("low", "high", "medium"), ("low", "low", "low")],
)
def test_the_matrix_says_the_priority(impact: str, urgency: str, found: str) -> None:
    assert priority(MATRIX, impact, urgency) == found


def test_what_is_not_known_has_the_default() -> None:
    assert priority(MATRIX, None, "high") == "high"
    assert priority(MATRIX, None, None) == "medium"


def test_one_priority_is_higher_than_another() -> None:
    assert higher("critical", "high")
    assert not higher("low", "low")


@pytest.mark.parametrize("impact", LEVELS)
@pytest.mark.parametrize("business", [*LEVELS, None])
@pytest.mark.parametrize("urgency", LEVELS)
def test_the_higher_of_both_impacts_counts(impact: str, business: str | None, urgency: str) -> None:
    counts = next(level for level in LEVELS if level in (impact, business))
    assert priority(MATRIX, impact, urgency, business) == MATRIX.cells[counts][urgency]
    assert priority(MATRIX, impact, urgency, business=business) == MATRIX.cells[counts][urgency]


def test_the_business_counts_over_a_default_that_is_lower_alone() -> None:
    assert priority(MATRIX, None, "high", "high") == "critical"
    assert priority(MATRIX, None, "high", "low") == "high"
