"""One notice before one reader: what everything that stands in it is made from, and in whose words and zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from maild.config import Settings
from maild.desk.act import Act, Applied
from maild.desk.models import Ticket
from maild.desk.people import Reader
from maild.mail import wording
from maild.policy.changes import Notified


@dataclass(frozen=True, slots=True)
class Page:
    """One notice to one reader. `applied` is None where it belongs to no ticket."""

    notified: Notified
    reader: Reader
    applied: Applied | None
    act: Act
    words: Mapping[str, str]

    @property
    def ticket(self) -> Ticket:
        """The ticket, where it belongs to one."""
        assert self.applied is not None
        return self.applied.ticket

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self.act.settings

    @property
    def zone(self) -> str:
        """The zone in which the reader is told times."""
        me = self.settings.desk.people.get(self.reader.staff or "")
        return (me.zone if me else None) or zone(self.settings)


def to_desk(line: str, settings: Settings) -> str:
    """A link that opens a mail to the desk with one line in it, about no ticket."""
    address = settings.accounts[0].address
    return f"mailto:{quote(address, safe='@+')}?subject=maild&body=" + quote(f"{line}\n")


def zone(settings: Settings) -> str:
    """The zone in which times are told: that of the first calendar that has office hours."""
    calendars = settings.desk.levels.calendars.values()
    return next((c.zone.key for c in calendars if c.zone.key != "UTC"), "UTC")


def said(says: Any, words: Mapping[str, str], zone: str) -> str:
    """A sentence of the word list with its gaps filled. The pattern is ours; what fills it is data (M8)."""
    gaps = {name: _gap(name, value, says.args, words, zone) for name, value in says.args.items()}
    return words[f"say.{says.key}"].format_map(gaps)


def _gap(name: str, value: Any, args: Mapping[str, Any], words: Mapping[str, str], zone: str) -> str:
    if isinstance(value, datetime):
        return wording.moment(value, wording.zone_of(zone), words)
    if name == "value" and args.get("field") in ("impact", "business"):
        return words.get(f"impact.{value}", str(value))
    ours = name in _OUR_WORDS or (name == "value" and args.get("field") in _OUR_VALUES)
    return words.get(value, value) if ours else str(value)


_OUR_WORDS = frozenset({"field", "status", "line"})  # gaps that a word of ours fills; what people write stays as it is
_OUR_VALUES = frozenset({"priority", "impact", "business", "urgency", "type"})
