"""Another configuration for a desk that runs: all of it or nothing, and an answer for whoever asked (M10)."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild import config, door, incoming, timers
from maild.config import Settings
from maild.daemon import Daemon
from maild.desk import db, inbox, outbox
from maild.desk.models import Event, Outgoing
from maild.errors import MaildError, Unavailable
from tests import cast
from tests.acceptance.commands import maild
from tests.stories import letters
from tests.stories.letters import CARLA

NO_IMAP = ("    imap: {host: 127.0.0.1, port: 143, tls: none, user: support, password: {file: secret}}\n", "")
WRONG = ("category: network/vpn", "category: network/vpm")
SAID = "rules.yaml:4:22: there is no category `network/vpm`; did you mean `network/vpn`?"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return cast.write(tmp_path, NO_IMAP)


@pytest.fixture
def daemon(folder: Path) -> Iterator[Daemon]:
    """A desk that can be asked; its threads do not run."""
    one = Daemon(config.load(folder), lambda: NOW)
    one.door.open()
    yield one
    one.stop()


def change(folder: Path, *changes: tuple[str, str]) -> None:
    cast.write(folder, NO_IMAP, *changes)


# -- the command -------------------------------------------------------------------------------------------------------


def test_reload_says_the_version_that_is_in_force(folder: Path, daemon: Daemon) -> None:
    before = daemon.stage.settings.version
    assert maild("--config", folder, "reload").out == f"reloaded: version {before}\n"
    change(folder, ("name: Example Desk", "name: Better Desk"))
    done = maild("--config", folder, "reload", "--json")
    assert done.code == 0
    assert daemon.stage.settings.desk.name == "Better Desk"
    assert done.objects == [{"version": daemon.stage.settings.version, "problems": [], "restart": []}]
    assert daemon.stage.settings.version != before


def test_a_bad_one_is_refused_before_the_daemon_is_asked(folder: Path, daemon: Daemon) -> None:
    stage = daemon.stage
    change(folder, WRONG)
    done = maild("--config", folder, "reload")
    assert (done.code, done.out, done.err) == (78, "", f"{SAID}\n")
    told = maild("--config", folder, "reload", "--json")
    assert (told.code, told.objects) == (78, [{"version": None, "problems": [SAID], "restart": []}])
    assert daemon.stage is stage


def test_what_only_the_daemon_can_see_is_its_answer(
    folder: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(folder, ("secret: {file: secret}", "secret: {credential: tokens}"))
    before, stage = daemon.stage.settings.version, daemon.stage
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    done = maild("--config", folder, "reload")
    assert done.code == 78
    words = 'maild.yaml:2:9: the credential "tokens" cannot be read'
    assert [line for line in done.err.splitlines() if line.startswith(words)]  # beside the log of the daemon
    assert done.err.splitlines()[-1] == f"not reloaded: version {before} stays in force"
    assert daemon.stage is stage


def test_what_waits_for_a_restart_is_named(folder: Path, daemon: Daemon) -> None:
    change(folder, ("instance: desk.example.org", "instance: new.example.org"))
    done = maild("--config", folder, "reload")
    assert done.code == 0
    assert done.out.splitlines()[1:] == ["needs a restart; the old one stays in force: instance"]
    assert daemon.stage.settings.instance == "desk.example.org"


def test_what_it_tells_of_itself_changes_too(folder: Path) -> None:
    told: list[config.Log] = []
    one = Daemon(config.load(folder), lambda: NOW, told.append)
    try:
        assert one.reload().well
        assert told == []
        change(folder, ("sending:\n", "log: {level: debug, json: true}\nsending:\n"))
        assert one.reload().well
        assert told == [config.Log("debug", json=True)]
    finally:
        one.stop()


def test_an_account_that_the_listener_delivers_to_stays(folder: Path) -> None:
    listener = ("sending:\n", 'listener: {lmtp: "127.0.0.1:8024"}\nsending:\n')
    change(folder, listener)
    one = Daemon(config.load(folder), lambda: NOW)
    try:
        change(folder, listener, ("  - name: support", "  - name: help"))
        (problem,) = one.reload().problems
        assert problem.startswith("maild.yaml:5:3: the account `support` gets the mail of the listener")
    finally:
        one.stop()


def test_a_template_that_names_an_unknown_value_is_told_with_its_place_and_refused(
    folder: Path, daemon: Daemon
) -> None:
    (folder / "templates" / "en").mkdir(parents=True)
    (folder / "templates" / "en" / "closure.md.j2").write_text(
        "Subject: [{{ ticket.key }}] x\n\n{{ ticket.subject }}, {{ tikket }}\n"
    )
    said = "templates/en/closure.md.j2:3:26: there is no value tikket; did you mean ticket?"
    assert said in maild("--config", folder, "check").out.splitlines()
    done = maild("--config", folder, "reload")
    assert (done.code, done.err) == (78, f"{said}\n")
    assert daemon.reload().problems == (said,)


@pytest.mark.parametrize("words", [("reload",), ("reload", "--machine", "another")])
def test_without_a_daemon_reload_says_so(words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILD_MACHINE", "this")
    done = maild("--config", folder, *words)
    assert done.code == 1
    assert done.err.startswith("maild: no maild runs here with the database of")
    assert len(done.err.splitlines()) == 1


def test_a_daemon_is_not_reloaded_by_another_folder(folder: Path, daemon: Daemon, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    cast.write(other, NO_IMAP, ("sqlite:maild.db", f"sqlite://{folder}/maild.db"))
    done = maild("--config", other, "reload")
    assert done.code == 1
    assert f"by the configuration in {folder}" in done.err


# -- the door ----------------------------------------------------------------------------------------------------------


def test_who_says_nothing_or_nonsense_keeps_nobody_out(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_PATIENCE", 0.05)
    at = door.name(daemon.stage.settings)
    for words in (b"", b"nonsense\n", b"[]\n", b"{" * 100_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(5)
            link.connect(at)
            link.sendall(words)
            assert link.recv(100) == b""  # it was hung up
    with pytest.raises(MaildError, match="does not know how to do that"):
        door.ask(at, {"do": "dance"}, 5)


def test_a_daemon_that_says_nothing_is_not_waited_for_without_end(settings_name: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        deaf.bind(settings_name)
        deaf.listen(1)
        with pytest.raises(Unavailable, match="does not answer"):
            door.ask(settings_name, {"do": "reload"}, 0.05)


@pytest.fixture
def settings_name(folder: Path) -> str:
    return door.name(config.load(folder))


# -- the mail to the administrator ----------------------------------------------------------------------------------


Failed = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture
def failed(folder: Path, daemon: Daemon) -> Failed:
    """Reloads as a signal does, with a change; the mails to administrators so far: to, subject, text."""

    def run(*changes: tuple[str, str]) -> list[tuple[str, str, str]]:
        change(folder, *changes)
        daemon._reload_and_tell()
        rows = Outgoing.select().where(Outgoing.notice == "alarm").order_by(Outgoing.id)
        mails = [(row.recipient, email.message_from_bytes(row.data, policy=email.policy.default)) for row in rows]
        return [(to, str(mail["Subject"]), mail.get_body(("plain",)).get_content()) for to, mail in mails]  # type: ignore[union-attr]  # EmailMessage

    return run


def test_a_signal_that_failed_is_told_once(failed: Failed, folder: Path) -> None:
    ((to, subject, text),) = failed(WRONG)
    assert (to, subject) == ("mia@example.org", "maild: The changed configuration is not in use")
    assert f"> - {SAID}" in text
    assert f"Where: {folder}" in text
    assert "maild reload" in text
    assert len(failed(WRONG)) == 1
    assert len(failed(("category: network/vpn", "category: network/vpx"))) == 2
    assert len(failed()) == 2
    assert len(failed(WRONG)) == 3  # it was well in between


def test_the_administrator_is_whom_maild_yaml_names_in_their_language(failed: Failed) -> None:
    names = ("sending:\n", "administrator: ben@example.org\nsending:\n")
    assert failed(names) == []
    ((to, subject, _),) = failed(names, WRONG)
    assert (to, subject) == ("ben@example.org", "maild: Den ændrede konfiguration er ikke taget i brug")
    outsider = ("sending:\n", "administrator: root@hosting.example\nsending:\n")
    assert len(failed(outsider)) == 1
    assert failed(outsider, WRONG)[1][0] == "root@hosting.example"


def test_of_very_many_problems_the_first_twenty_are_named(failed: Failed) -> None:
    many = "\n".join(f"  - {{name: r{n}, when: {{new: true}}, then: {{line: X{n}}}}}" for n in range(25))
    ((_, _, text),) = failed(("rules:\n", f"rules:\n{many}\n"))
    assert text.count("there is no line") == 20
    assert "… and 5 more" in text


def test_a_fault_of_ours_changes_nothing(folder: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_(*_: object) -> Settings:
        raise ZeroDivisionError

    stage = daemon.stage
    monkeypatch.setattr(config, "checked", break_)
    assert daemon.reload().problems == ("maild failed to read it: ZeroDivisionError: ",)
    assert daemon.stage is stage


def test_it_does_not_keep_the_manager_from_hearing_of_a_mail_that_was_put_aside(failed: Failed) -> None:
    assert len(failed(WRONG)) == 1
    assert not outbox.alarmed(NOW)


# -- the version on what it caused -----------------------------------------------------------------------------------


def test_every_event_names_the_configuration_that_caused_it(folder: Path, daemon: Daemon) -> None:
    def receive(number: int) -> None:
        raw = letters.new(CARLA, f"VPN {number}", "My VPN does not connect, please help.")
        with db.transaction():
            inbox.take_in([inbox.Arrival("support", f"n{number}", raw, NOW)], NOW)
        incoming.process(daemon.stage, daemon.reader, lambda: NOW)

    def versions(after: int) -> set[str]:
        return {event.configuration for event in Event.select().where(Event.id > after)}

    def last() -> int:
        return Event.select().order_by(Event.id.desc()).get().id

    receive(1)
    first, seen = daemon.stage.settings.version, last()
    assert versions(0) == {first}
    change(folder, ("name: Example Desk", "name: Better Desk"))
    second = daemon.reload().version
    assert second != first
    while timers.all_due(daemon.stage, NOW + timedelta(days=2)):
        pass
    assert "breached" in {event.kind for event in Event.select().where(Event.id > seen)}
    assert versions(seen) == {second}
    seen = last()
    change(folder, ("name: Example Desk", "name: Third Desk"), WRONG)
    assert not daemon.reload().well
    receive(2)
    assert versions(seen) == {second}
