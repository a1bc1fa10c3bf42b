"""What a service manager sees and does: readiness, signs of life, reload, an orderly end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.faults import post
from tests.faults.live import Live, until
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink


def test_it_tells_systemd_of_its_start_its_life_and_its_end(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()
        desk.hears("WATCHDOG=1")
        assert desk.states == ["READY=1", "WATCHDOG=1"]

        rules = desk.folder / "rules.yaml"
        rules.write_text("rules: [{name: all, when: {}, then: {line: L9}}]\n")
        assert desk.process is not None
        desk.process.send_signal(signal.SIGHUP)
        until(lambda: "not reloaded" in desk.tail(), 10, desk.tail)
        assert "rules.yaml:1:" in desk.tail()
        rules.write_text("rules: [{name: printers, when: {subject: {contains: [printer]}}, then: {line: L2}}]\n")
        desk.process.send_signal(signal.SIGHUP)
        until(lambda: "event=reloaded" in desk.tail(), 10, desk.tail)
        desk.account.deliver(post.new(1))
        told = [mail.recipients[0] for mail in sink.wait(3)]
        assert told == ["dino@example.org", "user1@customer.example", "cleo@example.org"]  # the first of the failure

        assert desk.stop() == 0
        desk.hears("STOPPING=1")
        assert "event=stopped" in desk.tail()
        until(lambda: not desk.family(), 10, desk.family)


def test_a_service_manager_that_does_not_listen_stops_nothing(
    tmp_path: Path, dovecot: Dovecot, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "2")
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()
        desk.channel.close()
        desk.account.deliver(post.new(1))
        sink.wait(2)
        assert desk.stop() == 0
