"""A text of a rule with gaps, such as "Asset {asset}", that captures of its own patterns fill.

The pattern is the administrator's; what fills a gap was taken out of a mail and stays data: it is put in once, as one
line of bounded length, and is never read for gaps again (M8).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from maild.mail import wording

_GAP = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,39})\}")
_LONGEST = 200  # characters that a mail may put into a gap


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text with the names of its gaps."""

    written: str

    @property
    def gaps(self) -> tuple[str, ...]:
        """The names of what fills it, in order."""
        return tuple(_GAP.findall(self.written))

    def fill(self, captures: Mapping[str, str]) -> str:
        """The text with its gaps filled; one that nothing was captured for is empty."""
        return _GAP.sub(lambda gap: captures.get(gap[1], ""), self.written)

    def __str__(self) -> str:
        return self.written


def captured(found: Mapping[str, str | None]) -> dict[str, str]:
    """What the named groups of a pattern caught, made fit for a gap."""
    return {name: wording.line(text)[:_LONGEST] for name, text in found.items() if text}
