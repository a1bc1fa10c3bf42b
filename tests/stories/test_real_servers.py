"""The daemon against a real mail server: mail comes by IMAP or LMTP and leaves by SMTP; signals do what they say."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild import daemon as daemons
from maild.daemon import Daemon
from maild.desk import db, inbox
from maild.desk.models import RawMail
from tests import cast
from tests.faults.live import until
from tests.servers import process
from tests.servers.dovecot import Account, Dovecot
from tests.servers.sink import Received, Sink
from tests.stories import letters
from tests.stories.letters import ADA, CARLA, GIULIA, SOREN, Person, Sent

ROOT = Path(__file__).parents[2]
Start = Callable[..., Daemon]


def configure(folder: Path, mailbox: Account, sink: Sink, *changes: tuple[str, str]) -> Path:
    """The cast's desk with a real mailbox and a real way out."""
    (folder / "imap").write_text(mailbox.password)
    place = f"{{host: 127.0.0.1, port: {mailbox.port}, tls: none, user: {mailbox.user}, password: {{file: imap}}}}"
    return cast.write(
        folder,
        (
            "    address: support@example.org\n    aliases: [helpdesk@example.org]\n",
            f"    address: {mailbox.address}\n",
        ),
        ("{host: 127.0.0.1, port: 143, tls: none, user: support, password: {file: secret}}", place),
        ("from: Example Desk <support@example.org>", f"from: Example Desk <{mailbox.address}>"),
        ("smtp: {host: 127.0.0.1, port: 25, tls: none}", f"smtp: {{host: 127.0.0.1, port: {sink.port}, tls: none}}"),
        *changes,
    )


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Account:
    return dovecot.account("support")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts daemons that are stopped after the test."""
    running: list[Daemon] = []

    def begin(folder: Path) -> Daemon:
        daemon = Daemon(config.load(folder))
        running.append(daemon)
        daemon.start()
        return daemon

    yield begin
    for daemon in running:
        daemon.stop()


def read(mail: Received) -> Sent:
    return Sent(mail.recipients[0], "", mail.raw)


def to(sink: Sink, who: Person, count: int = 1) -> list[Sent]:
    """The first `count` mails to somebody, as soon as they are here."""
    with sink._news:
        here = sink._news.wait_for(lambda: sum(who.address in m.recipients for m in sink.mails) >= count, 20)
        assert here, [(m.recipients, read(m).subject) for m in sink.mails]
        return [read(m) for m in sink.mails if who.address in m.recipients]


def gone(mailbox: Account, processed: int) -> None:
    """Until the inbox is empty and so many mails lie in Processed: IMAP tells of neither, so it is asked."""
    end = time.monotonic() + 15
    while mailbox.count() or mailbox.count("Processed") != processed:
        assert time.monotonic() < end, (mailbox.count(), mailbox.count("Processed"))
        threading.Event().wait(0.05)


def test_three_users_an_agent_and_a_user_who_is_not_content(
    tmp_path: Path, mailbox: Account, sink: Sink, start: Start
) -> None:
    """The issue's second proof: languages, HTML alone, an attachment, commands cut, and back again."""
    start(configure(tmp_path, mailbox, sink))
    address = mailbox.address
    italian = letters.new(GIULIA, "Stampante", "x", to=address).replace(b"text/plain", b"text/html")
    words = "La stampante del terzo piano non funziona più da stamattina, potete aiutarmi?"
    mailbox.deliver(
        italian.replace(b"\r\n\r\nx\r\n", f"\r\n\r\n<p>{words}</p>\r\n".encode("ascii", "xmlcharrefreplace"))
    )
    danish = letters.new(SOREN, "Skærm", "Min skærm er helt sort siden i morges, kan I hjælpe mig?", to=address)
    mailbox.append(letters.attach(danish, "skærm.png", b"\x89PNG"))
    mailbox.lmtp(
        letters.new(CARLA, "VPN", "My VPN does not connect since this morning, please help.", to=address), CARLA.address
    )

    for who, language in ((GIULIA, "it"), (SOREN, "da"), (CARLA, "en")):
        (ack,) = to(sink, who)
        assert ack["Content-Language"] == language
        assert len(ack.token) == 44
    told = to(sink, ADA, 3)
    assert any(part.get_filename() == "skærm.png" for m in told for part in m.mail.walk())
    gone(mailbox, 3)

    carlas = next(m for m in told if "VPN" in m.subject)
    assert carlas["From"] == f"Example Desk <{address}>"
    mailbox.deliver(letters.answer(ADA, carlas, "Please restart the client.\n!resolve", "gmail-it"))
    resolution = to(sink, CARLA, 2)[1]
    assert "Please restart the client." in resolution.text
    assert "!resolve" not in resolution.text
    assert carlas.token.encode() not in resolution.raw

    mailbox.lmtp(letters.answer(CARLA, resolution, "No, still broken", "outlook"), CARLA.address)
    reopened = to(sink, ADA, 5)  # three tickets, a receipt, and this
    assert any("No, still broken" in m.text for m in reopened)
    assert to(sink, CARLA, 3)[2].recipient == CARLA.address
    gone(mailbox, 5)
    assert all(day["well"] for day in inbox.balance())
    assert sum(day["filed"] for day in inbox.balance()) == 5


def test_a_dead_account_does_not_stop_the_other(tmp_path: Path, mailbox: Account, sink: Sink, start: Start) -> None:
    """B64."""
    dead = f"""\
  - name: dead
    address: dead@example.org
    imap: {{host: 127.0.0.1, port: {process.free_port()}, tls: none, user: dead, password: {{file: imap}}}}
  - name: refused
    address: refused@example.org
    imap: {{host: 127.0.0.1, port: {mailbox.port}, tls: none, user: {mailbox.user}, password: {{file: secret}}}}
"""
    daemon = start(configure(tmp_path, mailbox, sink, ("accounts:\n", f"accounts:\n{dead}")))
    mailbox.deliver(letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address))
    assert to(sink, CARLA)[0]["From"]
    assert daemon.alive()


def test_a_reload_changes_the_way_out_and_ends_the_watch_of_an_account_that_is_gone(
    tmp_path: Path, mailbox: Account, sink: Sink, start: Start
) -> None:
    dead = f"""\
  - name: dead
    address: dead@example.org
    imap: {{host: 127.0.0.1, port: {process.free_port()}, tls: none, user: dead, password: {{file: imap}}}}
"""
    daemon = start(configure(tmp_path, mailbox, sink, ("accounts:\n", f"accounts:\n{dead}")))
    (watch,) = [t for t in threading.enumerate() if t.name == "imap dead"]
    mailbox.deliver(letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address))
    to(sink, CARLA)
    with Sink() as another:
        configure(tmp_path, mailbox, another)
        assert daemon.reload().well
        mailbox.deliver(letters.new(GIULIA, "Stampante", "La stampante non funziona più.", to=mailbox.address))
        to(another, GIULIA)
        watch.join(20)
        assert not watch.is_alive()


def test_a_mail_whose_bytes_cannot_be_had_is_put_aside_and_the_others_go_on(
    tmp_path: Path, mailbox: Account, sink: Sink, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5, where not the mail but its batch fails."""
    monkeypatch.setattr(daemons, "_BACKOFF", (0.1,))
    daemon = start(configure(tmp_path, mailbox, sink))
    arrivals = [inbox.Arrival("support", name, name.encode(), daemon.clock()) for name in ("broken", "whole")]
    with db.transaction():
        numbers = inbox.take_in(arrivals, daemon.clock())
        RawMail.update(data=b"not compressed").where(RawMail.digest == inbox.get(numbers[0]).digest).execute()
    daemon.mail_came.set()
    until(lambda: inbox.done(numbers), 30)
    assert [inbox.get(n).fate for n in numbers] == ["quarantined", "filed"]


def test_an_mta_delivers_by_lmtp(tmp_path: Path, mailbox: Account, sink: Sink, start: Start) -> None:
    port = process.free_port()
    listener = (
        f"\n    imap: {{host: 127.0.0.1, port: {mailbox.port}",
        f"\n    imap: {{host: 127.0.0.1, port: {mailbox.port}",
    )
    folder = configure(tmp_path, mailbox, sink, listener)
    path = folder / "maild.yaml"
    path.write_text(path.read_text() + f'listener: {{lmtp: "127.0.0.1:{port}"}}\n')
    start(folder)
    with smtplib.LMTP("127.0.0.1", port, timeout=10) as link:
        raw = letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address)
        refused = link.sendmail("carla@customer.example", [mailbox.address, "nobody@example.test"], raw)
        assert list(refused) == ["nobody@example.test"]
        (ack,) = to(sink, CARLA)
        # the token in the envelope alone is evidence enough
        raw = letters.new(CARLA, "more", "It says error 42.", to="undisclosed@example.test")
        assert link.sendmail("carla@customer.example", [ack.reply_address], raw) == {}
    assert any("It says error 42." in m.text for m in to(sink, ADA, 2))
    assert sum(day["filed"] for day in inbox.balance()) == 2


def test_refused_and_deferred_recipients_do_not_stop_the_others(
    tmp_path: Path, mailbox: Account, sink: Sink, start: Start
) -> None:
    """B30: the agent hears of the failure, the failing address does not."""
    sink.refuse(CARLA.address)
    start(configure(tmp_path, mailbox, sink))
    mailbox.deliver(letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address))
    mails = to(sink, ADA, 2)
    assert any("no such user" in m.text and CARLA.address in m.text for m in mails)
    mailbox.deliver(
        letters.new(GIULIA, "Stampante", "La stampante non funziona più, potete aiutarmi?", to=mailbox.address)
    )
    assert to(sink, GIULIA)
    assert not any(CARLA.address in m.recipients for m in sink.mails)


# -- the command -------------------------------------------------------------------------------------------------------


class Run:
    """`python -m maild` as a process; what it says is read line by line."""

    def __init__(self, folder: Path, *words: str) -> None:
        home = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maild", "--config", str(folder), *words],
            cwd=ROOT,
            env=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.said = ""

    def until(self, words: str, seconds: float = 30) -> str:
        """Read until these words were said."""
        assert self.process.stderr is not None
        end = time.monotonic() + seconds
        while words not in self.said:
            ready, _, _ = select.select([self.process.stderr], [], [], max(0.0, end - time.monotonic()))
            piece = os.read(self.process.stderr.fileno(), 65_536) if ready else b""
            assert piece, f"it did not say {words!r}: {self.said}"
            self.said += piece.decode()
        return self.said

    def end(self) -> int:
        assert self.process.stderr is not None
        code = self.process.wait(30)
        self.said += self.process.stderr.read().decode()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    started: list[Run] = []

    def begin(folder: Path, *words: str) -> Run:
        started.append(Run(folder, *words))
        return started[-1]

    yield begin
    for one in started:
        one.close()


def test_sigterm_stops_and_sighup_reloads_only_what_is_valid(
    tmp_path: Path, mailbox: Account, sink: Sink, run: Callable[..., Run]
) -> None:
    """M10."""
    folder = configure(tmp_path, mailbox, sink)
    daemon = run(folder, "run")
    daemon.until("ready")
    good = (folder / "desk.yaml").read_text()
    (folder / "desk.yaml").write_text(good.replace("languages: [en, it, da]", "languages: [en, it, da]\nlanguagez: 1"))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("not reloaded")
    daemon.until("desk.yaml:4:1")
    mailbox.deliver(letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address))
    assert "Example Desk" in to(sink, CARLA)[0].text
    (folder / "desk.yaml").write_text(good.replace("name: Example Desk", "name: Better Desk"))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until("event=reloaded")
    mailbox.deliver(letters.new(GIULIA, "Stampante", "La stampante non funziona, potete aiutarmi?", to=mailbox.address))
    assert "Better Desk" in to(sink, GIULIA)[0].text
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.end() == 0, daemon.said
    assert "event=stopped" in daemon.said
    assert "Traceback" not in daemon.said


def test_run_once_does_all_that_waits_and_ends(
    tmp_path: Path, mailbox: Account, sink: Sink, run: Callable[..., Run]
) -> None:
    mailbox.deliver(letters.new(CARLA, "VPN", "My VPN does not connect, please help.", to=mailbox.address))
    one = run(configure(tmp_path, mailbox, sink), "run", "--once")
    assert one.end() == 0, one.said
    assert to(sink, CARLA)
    assert (mailbox.count(), mailbox.count("Processed")) == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("prefix: INC", "prefix: INC\nprefiks: X", "desk.yaml:3:1"),
        ("lead: cleo", "lead: nobody", "nobody"),
        ("name: Example Desk", "name: [", "desk.yaml"),
    ],
)
def test_a_wrong_configuration_starts_nothing(
    tmp_path: Path, run: Callable[..., Run], old: str, new: str, said: str
) -> None:
    path = cast.write(tmp_path) / "desk.yaml"
    path.write_text(path.read_text().replace(old, new))
    one = run(tmp_path, "run")
    assert one.end() == 78
    assert said in one.said
    assert "Traceback" not in one.said
    assert not (tmp_path / "maild.db").exists()


def test_a_missing_secret_starts_nothing(tmp_path: Path, run: Callable[..., Run]) -> None:
    (cast.write(tmp_path) / "secret").unlink()
    one = run(tmp_path, "run")
    assert one.end() == 78
    assert "secret" in one.said
    assert "Traceback" not in one.said


def test_a_second_daemon_on_the_same_database_is_refused(
    tmp_path: Path, mailbox: Account, sink: Sink, start: Start, run: Callable[..., Run]
) -> None:
    folder = configure(tmp_path, mailbox, sink)
    start(folder)
    one = run(folder, "run")
    assert one.end() == 75, one.said
    assert "another maild" in one.said


def test_feed_prints_a_fate_a_line(tmp_path: Path, mailbox: Account, sink: Sink) -> None:
    folder = configure(tmp_path, mailbox, sink)
    letter = tmp_path / "letter.eml"
    letter.write_bytes(letters.new(CARLA, "VPN", "My VPN does not connect, please help."))
    done = subprocess.run(
        [sys.executable, "-m", "maild", "--config", str(folder), "feed", "--json", str(letter), str(letter)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    fates: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [f["fate"] for f in fates] == ["filed", "duplicate"]
    assert fates[0]["ticket"] == fates[1]["ticket"] == "INC-1"
    assert set(fates[0]) == {
        *("source", "fate", "ticket", "created", "kind", "evidence", "sender", "verdict", "commands", "reason")
    }
    assert re.fullmatch(r".*letter\.eml", fates[0]["source"])


@pytest.fixture(autouse=True)
def close_database() -> Iterator[None]:
    yield
    db.close()
