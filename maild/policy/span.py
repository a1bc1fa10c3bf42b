"""Lengths of time as an administrator writes them: 60s, 5m, 1h30, 3d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

LONGEST = timedelta(days=3660)  # ten years: more is a slip, and far from what datetimes can hold
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PARTS = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)
_HOURS_MINUTES = re.compile(r"(\d{1,6})h([0-5]\d)", re.ASCII)  # 1h30, as people write it


def duration(value: Any) -> timedelta:
    """`60s`, `5m`, `1h30` or `1h30m`, `3d`, `1d12h`. Raises ValueError with a sentence for the administrator."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(  # noqa: TRY004 - pydantic hears of this one alone
            f"a time needs a unit: {value}s (seconds), {value}m (minutes), {value}h (hours) or {value}d (days)?"
        )
    if not isinstance(value, str):
        raise ValueError("a time such as 60s, 5m, 1h30 or 3d is wanted here")  # noqa: TRY004 - the same
    text = value.strip()
    if short := _HOURS_MINUTES.fullmatch(text):
        found = timedelta(hours=int(short[1]), minutes=int(short[2]))
    elif text and (parts := _PARTS.fullmatch(text)):
        numbers = (int(n or 0) for n in parts.groups())
        found = timedelta(seconds=sum(n * unit for n, unit in zip(numbers, UNITS.values(), strict=True)))
    else:
        raise ValueError(f"`{text}` is not a time; write it as 60s, 5m, 1h30 or 3d")
    if found > LONGEST:
        raise ValueError(f"`{text}` is a time longer than ten years")
    return found


def written(length: timedelta) -> str:
    """A length of time as an administrator writes it, in full seconds: 2d, 1d12h, 90s as 1m30s."""
    rest, said = int(length.total_seconds()), ""
    for letter, unit in UNITS.items():
        number, rest = divmod(rest, unit)
        said += f"{number}{letter}" if number else ""
    return said or "0s"
