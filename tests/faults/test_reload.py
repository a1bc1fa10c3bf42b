"""A running desk gets another configuration: all of it or none of it, by a signal or by `maild reload` (M10)."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import post
from tests.faults.live import Live, until
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink

_LATE = 5.0  # seconds: the mailbox itself is left and entered once meanwhile
WRONG = "rules: [{name: all, when: {}, then: {line: L9}}]\n"


def rules(version: int) -> str:
    """A rule that leaves its number on each ticket."""
    return f"rules: [{{name: number {version}, when: {{new: true}}, then: {{tags: [v{version}]}}}}]\n"


@pytest.fixture
def live(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> Iterator[Live]:
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()
        yield desk


@pytest.mark.slow
def test_ten_reloads_under_traffic_lose_no_mail_delay_none_and_repeat_none(live: Live, sink: Sink) -> None:
    """Half of them are bad; one of the good ones changes how mails are read, one the mailbox."""
    desk, maild = live.folder / "desk.yaml", live.folder / "maild.yaml"
    assert live.process is not None
    count = 30
    began: dict[str, float] = {}
    for n in range(10):
        for i in range(3):
            began[f"user{3 * n + i}@customer.example"] = time.monotonic()
            live.account.deliver(post.new(3 * n + i))
        (live.folder / "rules.yaml").write_text(WRONG if n % 2 else rules(n))
        if n == 4:
            desk.write_text(desk.read_text().replace("[en, it, da]", "[it, en, da]"))
        if n == 6:
            maild.write_text(maild.read_text().replace("poll: 5s", "poll: 6s"))
        live.process.send_signal(signal.SIGHUP)
        until(lambda: live.log.read_text().count("reloaded") >= n + 1, 10, live.tail)  # noqa: B023 - called within
    until(lambda: live.number("select count(*) from incoming where fate = 'filed'") == count, 30, live.tail)
    until(lambda: live.number("select count(*) from outgoing where state = 'waiting'") == 0, 30, live.tail)
    assert live.number("select count(*) from ticket") == count
    got = Counter(to for mail in sink.mails for to in mail.recipients if to.endswith("@customer.example"))
    assert got == Counter(f"user{n}@customer.example" for n in range(count))
    took = sorted(mail.at - began[to] for mail in sink.mails for to in mail.recipients if to in began)
    print(f"acknowledged after {took[len(took) // 2]:.2f} s (median), {took[-1]:.2f} s at most, under ten reloads")
    assert took[-1] < _LATE
    versions = live.rows("select distinct e.configuration, t.tags from event e join ticket t on t.id = e.ticket_id")
    # each ticket is of one configuration as a whole: its events name the version whose rule left the tag
    tags = {version: {tag for v, tag in versions if v == version} for version, _ in versions}
    assert all(len(found) == 1 for found in tags.values()), tags
    assert "failed" not in live.log.read_text()
    (live.folder / "rules.yaml").write_text(rules(10))
    maild.write_text(maild.read_text() + "log: {json: true}\n")
    assert live.command("reload").startswith("reloaded: version ")
    assert all(day["well"] for day in live.balance())
    assert live.stop() == 0
    assert json.loads(live.tail().splitlines()[-1])["event"] == "stopped"
