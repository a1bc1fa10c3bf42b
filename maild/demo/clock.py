"""The demo's time: it runs faster than ours, and jumps when the play says "two hours later"."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# A Monday in the starter's calendar without a holiday near. The demo must tell the same story on every day of the year.
START = datetime(2026, 3, 2, 9, 4, tzinfo=ZoneInfo("Europe/Rome")).astimezone(UTC)
RATE = 10  # simulated seconds in a second; slow enough that a busy machine breaks no promise by itself


class FastClock:
    """Tells the simulated time, UTC. Any thread may ask; one thread jumps."""

    def __init__(self, start: datetime = START, rate: int = RATE) -> None:
        self._start, self._rate, self._jumped = start, rate, timedelta()
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        """The simulated time."""
        return self._start + self._jumped + timedelta(seconds=(time.monotonic() - self._began) * self._rate)

    def jump(self, by: timedelta) -> None:
        """From now on it is so much later."""
        self._jumped += by
