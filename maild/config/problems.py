"""What is wrong with a configuration, and where: all of it at once (M10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from maild.errors import MaildError

Where: TypeAlias = tuple[str | int, ...]  # the way from the top of a file to a value: keys and positions in lists


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, with the place that an editor can jump to. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class ConfigError(MaildError):
    """The configuration cannot be used; `problems` holds every reason, in the order of files and lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(p) for p in self.problems))
