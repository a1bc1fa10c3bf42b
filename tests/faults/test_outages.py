"""Servers that go away under the running daemon: nothing is lost, and it goes on by itself."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import _start
from tests.faults import post
from tests.faults.live import Live, until
from tests.servers.dovecot import Account, Dovecot
from tests.servers.postgres import Postgres
from tests.servers.sink import Sink

FILED = "select count(*) from incoming where fate = 'filed'"
WAITING = "select count(*) from outgoing where state = 'waiting'"


def acknowledged(sink: Sink) -> Counter[str]:
    """How many mails each user got."""
    return Counter(m.recipients[0] for m in sink.mails if m.recipients[0].endswith("@customer.example"))


def all_is_well(desk: Live, sink: Sink, count: int, limit: float = 60) -> None:
    """`count` new mails were filed, and each of their users has one acknowledgement."""
    until(lambda: desk.number(FILED) == count and not desk.number(WAITING), limit, desk.tail)
    assert acknowledged(sink) == {f"user{n}@customer.example": 1 for n in range(1, count + 1)}
    assert desk.number("select count(*) from ticket") == count
    assert desk.account.count("Processed") == count


def write(account: Account, numbers: range) -> None:
    for number in numbers:
        account.deliver(post.new(number))


@pytest.mark.slow
def test_postgresql_stops_and_starts_under_the_daemon(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    with _start(Postgres) as postgres:
        url = postgres.database()
        with Live(tmp_path, dovecot.account(), sink.port, database=url) as desk:
            desk.start()
            desk.ready()
            write(desk.account, range(1, 11))
            sink.wait(4)  # in the midst of sending
            postgres.stop()
            write(desk.account, range(11, 21))
            until(lambda: "database does not answer" in desk.tail(), 30, desk.tail)
            assert desk.process is not None
            assert desk.process.poll() is None
            postgres.start()
            until(lambda: desk.number(FILED) == 20 and not desk.number(WAITING), 60, desk.tail)
            assert desk.number("select count(*) from ticket") == 20
            assert desk.account.count("Processed") == 20
            sent, doubtful = (
                desk.number(f"select count(*) from outgoing where notice = 'acknowledgement' and state = '{state}'")
                for state in ("sent", "doubtful")
            )
            assert max(acknowledged(sink).values()) == 1
            assert sent + doubtful == 20
            assert doubtful <= 1
            assert len(acknowledged(sink)) >= sent
            assert "Traceback" not in desk.tail()
            assert desk.stop() == 0


def test_the_mail_server_stops_and_starts_under_the_daemon(tmp_path: Path, sink: Sink) -> None:
    with _start(Dovecot) as dovecot, Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()
        write(desk.account, range(1, 4))
        until(lambda: len(sink.mails) >= 3, 30, desk.tail)
        dovecot.stop()
        until(lambda: 'thread="imap support"' in desk.tail(), 30, desk.tail)
        write(desk.account, range(4, 7))
        dovecot.start()
        all_is_well(desk, sink, 6)
        assert "Traceback" not in desk.tail()
        assert desk.stop() == 0


def test_the_outgoing_server_is_away_at_first(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        sink.fail("drop-at-mail", 1)
        desk.start()
        desk.ready()
        write(desk.account, range(1, 4))
        until(lambda: desk.number(FILED) == 3, 30, desk.tail)
        until(lambda: desk.number("select count(*) from outgoing where attempts > 0"), 30, desk.tail)
        for (number,) in desk.rows("select id from outgoing where attempts > 0"):
            desk.command("outbox", "retry", str(number))  # a person who does not want to wait the minute
        all_is_well(desk, sink, 3)


@pytest.mark.slow
def test_a_reader_that_dies_is_replaced_and_costs_nothing(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()
        assert desk.process is not None
        for number in range(1, 4):
            readers = [line for line in desk.family() if re.search(r"spawn_main|from maild", line)]
            assert readers
            for line in readers:
                os.kill(int(line.split()[0]), signal.SIGKILL)
            write(desk.account, range(number, number + 1))
            until(lambda n=number: desk.number(FILED) == n, 60, desk.tail)  # type: ignore[misc]
        all_is_well(desk, sink, 3)


def test_a_poison_mail_costs_only_itself(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    """Half a million parts, a header of quotes, and a mail above the limit of size, among ordinary ones."""
    head = "From: Mallory <mallory@evil.example>\r\nTo: support@example.test\r\nSubject: poison\r\n"
    parts = head + "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + "--x\r\n\r\n" * 500_000
    quotes = head.replace("Mallory", '"' * 60_000) + "\r\nquotes\r\n"
    large = head + "\r\n" + "a line of text that says nothing\r\n" * 200_000
    with Live(tmp_path, dovecot.account(), sink.port, size="5MB") as desk:
        write(desk.account, range(1, 3))
        for poison in (parts, quotes, large):
            desk.account.deliver(poison.encode())
        write(desk.account, range(3, 6))
        desk.start()
        desk.ready()
        fates = "select count(*) from incoming where fate is not null"
        until(lambda: desk.number(fates) == 8 and not desk.number(WAITING), 90, desk.tail)
        got = acknowledged(sink)
        assert all(got[f"user{n}@customer.example"] == 1 for n in range(1, 6)), got
        print(desk.rows("select source, fate, reason from incoming"))
        assert all(day["well"] for day in desk.balance())
        where = {folder: desk.account.count(folder) for folder in ("INBOX", "Processed", "Failed")}
        assert where == {"INBOX": 0, "Processed": 7, "Failed": 1}
        assert "Traceback" not in desk.tail()
