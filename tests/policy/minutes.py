"""A second opinion on clocks: minutes counted one by one on the wall clocks of a place. Knows nothing of maild.

Good for stories at minute grain whose opening times do not begin or end inside an hour that a night skips or repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 200 * 24 * 60  # minutes after which a walk is given up


@dataclass
class Wall:
    """The opening times of a place, as they hang on its door."""

    zone: str
    days: dict[str, str]  # "mon tue": "09:00-13:00 14:00-18:00"
    off: str = ""  # dates
    half: dict[str, str] = field(default_factory=dict)  # date: hours
    _offsets: dict[int, int] = field(default_factory=dict)  # by half hour: clocks change at one
    _door: dict[int, bytes] = field(default_factory=dict)  # by local day: 1 for a minute that is open

    def open(self, minute: int) -> bool:
        """Whether the door is open in the minute that begins so many minutes after 1970 (UTC)."""
        if (offset := self._offsets.get(minute // 30)) is None:
            shown = (EPOCH + minute * MINUTE).astimezone(ZoneInfo(self.zone))
            offset = self._offsets[minute // 30] = round((shown.utcoffset() or 0 * MINUTE) / MINUTE)
        day, clock = divmod(minute + offset, 24 * 60)
        if day not in self._door:
            hours = [span.split("-") for span in self._hours((EPOCH + timedelta(days=day)).date()).split()]
            texts = (f"{n // 60:02}:{n % 60:02}" for n in range(24 * 60))
            self._door[day] = bytes(any(opens <= text < closes for opens, closes in hours) for text in texts)
        return bool(self._door[day][clock])

    def _hours(self, day: date) -> str:
        if str(day) in self.half:
            return self.half[str(day)]
        if str(day) in self.off.split():
            return ""
        return next((hours for days, hours in self.days.items() if f"{day:%a}".lower() in days.split()), "")


@dataclass(frozen=True)
class Walked:
    """What a walk found, in UTC; `stood` in open minutes."""

    due: datetime
    breached: datetime | None
    stood: int


def _minute(at: datetime) -> int:
    return round((at - EPOCH) / MINUTE)


def walk(
    start: datetime,
    priorities: Sequence[tuple[datetime, str]],
    promise: Callable[[str], tuple[Wall, int]],
    still: Sequence[tuple[datetime, datetime, str]],
    stop: datetime | None,
    now: datetime,
) -> Walked:
    """Walk from `start`: `promise` gives the door and the minutes that a priority may take."""
    spans = [(_minute(a), _minute(b), why) for a, b, why in still]
    changes = [(_minute(at), priority) for at, priority in priorities]
    end = _minute(stop or now)
    reached: dict[int, list[int]] = {}  # by door: the minutes by which 1, 2, 3 ... were used
    walls: dict[int, Wall] = {}
    for _, priority in changes:
        wall = promise(priority)[0]
        walls[id(wall)], reached[id(wall)] = wall, []
    stood = dict.fromkeys(walls, 0)
    breached: int | None = None
    minute, longest = _minute(start), max((b for _, b, _ in spans), default=0)
    wall, target = promise(priorities[0][1])
    while True:
        while changes and changes[0][0] <= min(minute, end):
            wall, target = promise(changes.pop(0)[1])
        used = reached[id(wall)]
        stands = [a if why == "paused" else 0 for a, b, why in spans if a <= minute < b]
        if breached is None and minute <= end and len(used) >= target:
            last = used[target - 1]
            # it goes; or it was used up before it was paused; or it ends now, and before now it was used up
            over = last < minute if stop and minute == end else not stands or last <= stands[0]
            breached = last if over else None
        if minute >= end and len(used) >= target and minute >= longest:
            found = EPOCH + breached * MINUTE if breached is not None else None
            return Walked(EPOCH + used[target - 1] * MINUTE, found, stood[id(wall)])
        for key, door in walls.items():
            if door.open(minute):
                if stands:
                    stood[key] += 1
                else:
                    reached[key].append(minute + 1)
        minute += 1
        assert minute - _minute(start) < NEVER
