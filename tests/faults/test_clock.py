"""A wall clock that jumps: nobody looked for a weekend, three days forward and back, both nights of daylight saving.

`maild` runs as a process of its own under a preloaded library that shifts the wall clock and nothing else. (Debian's
faketime breaks `time.sleep` of Python 3.11.) Each rung fires once, breaches stand at the time when they happened, and
nobody is flooded (B48).
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.faults import post
from tests.faults.live import Live
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink

ROME = ZoneInfo("Europe/Rome")
OLD = """\
  always: {zone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
"""
CALENDARS = """\
  always: {zone: Europe/Rome, hours: {mon-sun: ["00:00-24:00"]}}
  office: {zone: Europe/Rome, hours: {mon-fri: ["09:00-17:00"]}}
"""
LADDERS = """\
escalation:
  first_response: [{at: 50%, notify: [line]}, {at: 100%, notify: [lead, manager], raise: true}]
  resolution: [{at: 50%, notify: [line]}, {at: 100%, notify: [lead, requester]}, {at: 100% + 4h, notify: [manager]}]
"""
STAFF = {"ada@example.org", "cleo@example.org", "dino@example.org"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("no C compiler is here")
    folder = tmp_path_factory.mktemp("clock")
    source = Path(__file__).with_name("clock.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(folder / "clock.so"), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return folder / "clock.so"


class Shifted(Live):
    """A desk whose wall clock shows what `at` says, with the ladders of this file."""

    def __init__(self, folder: Path, account: object, sink: Sink, library: Path, calendar: str = "always") -> None:
        super().__init__(folder, account, sink.port)  # type: ignore[arg-type]  # a dovecot account
        self.sink, self.library, self.moment = sink, library, datetime.now(UTC)
        self.jump = self.folder / "jump"
        self.jumps(timedelta())
        path = self.folder / "desk.yaml"
        text = path.read_text().replace("calendar: always", f"calendar: {calendar}")
        assert OLD in text
        path.write_text(text.replace(OLD, CALENDARS).replace("escalation: {}\n", LADDERS))

    def environment(self) -> dict[str, str]:
        shift = round((self.moment - datetime.now(UTC)).total_seconds())
        more = {"LD_PRELOAD": str(self.library), "CLOCK_SHIFT": str(shift), "TZ": "Europe/Rome"}
        more["CLOCK_FILE"] = str(self.jump)
        return super().environment() | more

    def jumps(self, by: timedelta) -> None:
        """The clock of what runs, and of what will, is so much ahead of what it was set to."""
        with self.jump.open("r+b" if self.jump.exists() else "wb") as file:
            file.write(struct.pack("q", round(by.total_seconds())))

    def opens(self, count: int, at: datetime) -> None:
        """That many users write at that time; what comes of it is sent, and forgotten by the sink."""
        self.moment = at
        for number in range(1, count + 1):
            (self.folder / f"{number}.eml").write_bytes(post.new(number))
        self.command("feed", *(str(self.folder / f"{n}.eml") for n in range(1, count + 1)))
        self.moment = at + timedelta(minutes=1)  # each command has a clock of its own that begins there
        self.command("run", "--once")
        assert self.number("select count(*) from outgoing where state = 'waiting'") == 0
        self.sink.clear()

    def looks(self, at: datetime) -> list[tuple[str, str]]:
        """`maild run --once` at that time; who was sent which notice since the last look."""
        self.moment = at
        self.sink.clear()
        self.command("run", "--once")
        notices = dict(self.rows("select message_id, notice from outgoing"))
        sent = [post.ours(mail) for mail in self.sink.mails]
        return [(mail.recipient, notices[mail.message_id.strip("<>")]) for mail in sent]

    def clocks(self, kind: str) -> list[tuple[datetime, datetime | None, list[str]]]:
        """Of each clock of a kind: when it is due, when it was breached, and the rungs that fired."""
        query = f"select due_at, breached_at, fired from clock where kind = '{kind}' order by id"
        return [
            (
                datetime.fromisoformat(due),
                datetime.fromisoformat(breached) if breached else None,
                [text for text, _, at in json.loads(fired) if at is not None],
            )
            for due, breached, fired in self.rows(query)
        ]


def rome(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=ROME, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]  # a date and a time


@pytest.mark.slow
def test_after_a_weekend_down_each_of_the_staff_gets_one_digest(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path
) -> None:
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        friday = rome(2026, 11, 27, 16, 0)
        desk.opens(30, friday)
        sent = desk.looks(rome(2026, 11, 30, 9, 0))
        print(Counter(notice for _, notice in sent))
        # the report of the week comes on Monday morning, whoever was down
        staff = Counter(one for one in sent if one[0] in STAFF and one[1] != "report")
        assert set(staff.values()) == {1}
        assert {notice for _, notice in staff} == {"digest"}
        users = Counter(recipient for recipient, _ in sent if recipient not in STAFF)
        assert max(users.values(), default=0) <= 1
        answers, solutions = desk.clocks("first_response"), desk.clocks("resolution")
        slack = timedelta(minutes=1)  # they were fed one after the other
        for due, breached, fired in answers:
            assert timedelta(0) <= due - (friday + timedelta(hours=4)) < slack
            assert (breached, fired) == (due, ["100%"])
        for due, breached, fired in solutions:
            assert timedelta(0) <= due - (friday + timedelta(hours=24)) < slack
            assert (breached, fired) == (due, ["100% + 4h"])
        assert desk.looks(rome(2026, 11, 30, 9, 1)) == []
        assert desk.looks(rome(2026, 11, 30, 9, 30)) == []


@pytest.mark.slow
def test_three_days_forward_and_back_fire_nothing_twice(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path
) -> None:
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        start = rome(2026, 12, 1, 10, 0)
        desk.opens(10, start)
        assert desk.looks(start + timedelta(hours=1)) == []
        forward = desk.looks(start + timedelta(days=3, hours=1))
        print(Counter(notice for _, notice in forward))
        assert max(Counter(forward).values()) == 1
        fired = desk.clocks("first_response"), desk.clocks("resolution")
        assert all(breached == due for due, breached, _ in (*fired[0], *fired[1]))
        for hours in (2, 5, 12, 24, 29, 73.1, 74, 80):  # the time is right again, and goes on past where it had been
            assert desk.looks(start + timedelta(hours=hours)) == [], hours
        assert (desk.clocks("first_response"), desk.clocks("resolution")) == fired


@pytest.mark.slow
def test_what_comes_after_the_jump_back_is_as_if_there_had_been_none(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path
) -> None:
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        start = rome(2026, 12, 1, 10, 0)
        assert desk.looks(start + timedelta(days=3)) == []
        desk.opens(1, start)
        assert desk.looks(start + timedelta(hours=1, minutes=59)) == []
        assert desk.looks(start + timedelta(hours=2, minutes=1)) == [("ada@example.org", "sla_warning")]
        later = desk.looks(start + timedelta(hours=4, minutes=1))
        assert ("dino@example.org", "sla_breach") in later
        assert max(Counter(later).values()) == 1
        [(due, breached, fired)] = desk.clocks("first_response")
        assert (breached, fired) == (due, ["50%", "100%"])


NIGHTS = {
    "spring": (rome(2027, 3, 26, 16, 0), rome(2027, 3, 29, 12, 0)),
    "autumn": (rome(2027, 10, 29, 16, 0), rome(2027, 11, 1, 12, 0)),
}


@pytest.mark.slow
@pytest.mark.parametrize("night", NIGHTS)
def test_office_hours_across_the_night_are_those_on_the_wall(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path, night: str
) -> None:
    """Of 4 open hours one is on Friday; those on Monday begin at nine by the clock of that day."""
    friday, due = NIGHTS[night]
    with Shifted(tmp_path, dovecot.account(), sink, library, "office") as desk:
        desk.opens(1, friday)
        assert desk.clocks("first_response")[0][0].replace(second=0, microsecond=0) == due
        sent = {}
        minute = timedelta(minutes=1)
        half = due - timedelta(hours=2)
        for at in (half - 2 * minute, half + 2 * minute, due - 2 * minute, due + 2 * minute, due + 4 * minute):
            sent[at] = desk.looks(at)
        assert sent[half - 2 * minute] == sent[due - 2 * minute] == sent[due + 4 * minute] == []
        assert sent[half + 2 * minute] == [("ada@example.org", "sla_warning")]
        assert ("dino@example.org", "sla_breach") in sent[due + 2 * minute]
        assert max(Counter(sent[due + 2 * minute]).values()) == 1


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "change", [datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)], ids=["spring", "autumn"]
)
def test_a_night_of_looks_fires_each_rung_once_and_in_time(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path, change: datetime
) -> None:
    """Round the clock: 4 hours are 4 hours, whatever the wall says. Every half hour of the night is looked at."""
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        start = change - timedelta(hours=2, minutes=10)
        desk.opens(2, start)
        seen: dict[float, list[tuple[str, str]]] = {}
        for half_hours in range(1, 10):
            sent = desk.looks(start + timedelta(hours=half_hours / 2, minutes=1))
            if sent:
                seen[half_hours / 2] = sent
        print(seen)
        assert list(seen) == [2.0, 4.0]
        assert Counter(seen[2.0]) == {("ada@example.org", "sla_warning"): 2}
        assert Counter(seen[4.0])["dino@example.org", "sla_breach"] == 2
        assert all(breached == due for due, breached, _ in desk.clocks("first_response"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [datetime(2027, 3, 28, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)], ids=["spring", "autumn"]
)
def test_a_daemon_that_runs_through_the_change_goes_on_looking(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path, change: datetime
) -> None:
    """One rung is due before the clocks change and one after it, seconds apart."""
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        desk.opens(1, change - timedelta(hours=2) + timedelta(seconds=20))
        [(due, _, _)] = desk.clocks("first_response")
        half = due - timedelta(hours=2)
        assert half > change
        desk.moment = min(change, half) - timedelta(seconds=8)
        desk.sink.clear()
        desk.start()
        desk.ready()
        assert [mail.recipients for mail in sink.wait(1, timeout=60)] == [("ada@example.org",)]
        assert desk.stop() == 0
        [(_, _, fired)] = desk.clocks("first_response")
        assert fired == ["50%"]
        [at] = [
            at
            for text in desk.rows("select fired from clock where kind = 'first_response'")
            for _, _, at in json.loads(text[0])
        ]
        assert timedelta(0) <= datetime.fromisoformat(at) - half < timedelta(seconds=5)


@pytest.mark.slow
def test_a_daemon_whose_clock_is_put_forward_and_back_goes_on_looking(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, library: Path
) -> None:
    """It runs all the time. What was due on the wrong day fires once; what is due after it is found in time."""
    with Shifted(tmp_path, dovecot.account(), sink, library) as desk:
        start = rome(2026, 12, 1, 10, 0)
        desk.opens(1, start)
        desk.moment = start + timedelta(minutes=5)
        desk.start()
        desk.ready()
        desk.jumps(timedelta(days=3))
        sink.wait(4, timeout=30)  # a digest for each of the staff, and the user hears of it
        before = desk.clocks("first_response"), desk.clocks("resolution")
        desk.jumps(timedelta())
        (desk.folder / "2.eml").write_bytes(post.new(2))
        desk.command("feed", str(desk.folder / "2.eml"))  # its clocks begin now, on the right day
        sink.wait(6, timeout=30)
        desk.jumps(timedelta(hours=2, seconds=5))
        last = sink.wait(7, timeout=30)[-1]
        assert last.recipients == ("ada@example.org",)
        assert b"INC-2" in last.raw
        assert desk.stop() == 0
        assert len(sink.mails) == 7
        after = desk.clocks("first_response"), desk.clocks("resolution")
        assert [(of[0], len(of)) for of in after] == [(before[0][0], 2), (before[1][0], 2)]
        assert after[0][1][2] == ["50%"]
