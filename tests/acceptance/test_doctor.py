"""`maild doctor` against real servers: what it sees, what it says to do, and that it leaves nothing behind."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.desk import db
from maild.doctor import libraries
from tests import cast
from tests.acceptance.commands import Done, maild
from tests.servers import process
from tests.servers.dovecot import Account, Dovecot
from tests.servers.sink import Sink
from tests.stories import letters
from tests.stories.letters import CARLA

IMAP = "imap: {host: 127.0.0.1, port: 143, tls: none, user: support, password: {file: secret}}"
SMTP = "smtp: {host: 127.0.0.1, port: 25, tls: none}"
RESULTS = "mx.example.org; dmarc=pass header.from=customer.example"
World = Callable[..., Path]


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Account:
    return dovecot.account("doctor")


@pytest.fixture
def world(mailbox: Account, sink: Sink, tmp_path: Path) -> World:
    """A configuration folder for servers that answer."""

    def make(*changes: tuple[str, str]) -> Path:
        imap = f"port: {mailbox.port}, tls: none, user: {mailbox.user}, password: {{file: password}}"
        smtp = f"port: {sink.port}, tls: none, user: desk, password: {{file: password}}"
        servers = (
            (IMAP, f"imap: {{host: 127.0.0.1, {imap}}}"),
            (SMTP, f"smtp: {{host: 127.0.0.1, {smtp}}}"),
        )
        folder = tmp_path / "desk"
        folder.mkdir(exist_ok=True)
        cast.write(folder, *servers, *changes)
        (folder / "password").write_text(mailbox.password)
        (folder / "password").chmod(0o600)
        return folder

    return make


def doctor(folder: Path) -> tuple[Done, dict[str, list[tuple[str, str]]]]:
    """What it came to, and its findings by what they are about."""
    done = maild("--config", folder, "doctor", "--json")
    assert "Traceback" not in done.err
    found: dict[str, list[tuple[str, str]]] = {}
    for one in done.objects:
        found.setdefault(str(one["about"]), []).append((str(one["level"]), f"{one['text']}; {one['advice']}"))
    return done, found


def has(findings: list[tuple[str, str]], level: str, *words: str) -> bool:
    return any(how == level and all(word in text for word in words) for how, text in findings)


def test_a_world_that_is_well_is_said_to_be_and_nothing_is_left_behind(
    world: World, mailbox: Account, sink: Sink
) -> None:
    raw = letters.new(CARLA, "VPN", "It is down.", Authentication_Results=RESULTS, Delivered_To="support+x@example.org")
    mailbox.deliver(raw)
    sink.refuse("maild-doctor-nobody@example.org")
    folder = world()
    done, found = doctor(folder)
    assert done.code == 0, done.out
    assert has(found["imap support"], "ok", "logged in")
    assert has(found["imap support"], "ok", "IDLE, UIDPLUS, MOVE")
    assert has(found["imap support"], "ok", "INBOX is there", "Processed can be made", "Failed can be made")
    assert has(found["authserv support"], "ok", "1 of the newest 1 mails", "mx.example.org")
    assert has(found["plus support"], "ok", "has come")
    assert has(found["smtp"], "ok", "logged in as desk")
    assert has(found["database"], "ok", "not there yet")
    assert has(found["disk"], "ok", "free") or has(found["disk"], "warning", "free")
    assert has(found["libraries"], "ok", "jinja2 ", "OpenSSL")
    assert {how for how, _ in found["secret"] + found["password of support"]} == {"ok"}
    # nothing was sent, made, moved or marked
    assert sink.mails == []
    assert not list(folder.glob("maild.db*"))
    with mailbox.client("INBOX") as link:
        assert [name for _, _, name in link.list_folders()] == ["INBOX"]
        assert [flags[b"FLAGS"] for flags in link.fetch(link.search("ALL"), ["FLAGS"]).values()] in (
            [()],
            [(b"\\Recent",)],
        )
    # one line a finding, as a person sees it
    plain = maild("--config", folder, "doctor")
    assert all(line.split()[0] in ("ok", "warning", "problem") for line in plain.out.splitlines())
    assert mailbox.password not in plain.out + done.out


def test_it_suggests_the_server_whose_word_stands_on_top(world: World, mailbox: Account) -> None:
    for _ in range(3):
        value = RESULTS.replace("mx.", "mail.")
        mailbox.deliver(letters.new(CARLA, "VPN", "It is down.", Authentication_Results=value))
    done, found = doctor(world())
    assert done.code == 1
    assert has(found["authserv support"], "problem", "3 of the newest 3", "set authserv: mail.example.org")
    done, found = doctor(world(("    authserv: mx.example.org\n", "")))
    assert done.code == 0
    assert has(found["authserv support"], "warning", "authserv is not set", "if mail.example.org is the server")


def test_it_says_where_no_mail_carries_the_word_of_a_server(world: World, mailbox: Account) -> None:
    assert has(doctor(world())[1]["authserv support"], "warning", "no mail yet")
    mailbox.deliver(letters.new(CARLA, "VPN", "It is down."))
    assert has(doctor(world())[1]["authserv support"], "warning", "none of the newest 1", "a reply token alone")
    needed = world(("address: cleo@example.org, ", "address: cleo@example.org, trust: dmarc, "))
    assert has(doctor(needed)[1]["authserv support"], "problem", "none of the newest 1")


def test_plus_addresses_that_are_refused_are_a_problem(world: World, sink: Sink) -> None:
    folder = world()
    _, found = doctor(folder)
    assert has(found["plus support"], "warning", "so is an address of nobody", "send a mail to support+")
    sink.refuse("maild-doctor-nobody@example.org")
    assert has(doctor(folder)[1]["plus support"], "ok", "is taken")
    sink.refuse("support+maild-doctor@example.org")
    done, found = doctor(folder)
    assert done.code == 1
    assert has(found["plus support"], "problem", "550", "plus_addressing: false")
    long = world(("    address: support@", "    address: support-of-all-departments@"))
    assert has(doctor(long)[1]["plus support"], "problem", "too long")


def test_servers_that_refuse_or_do_not_answer_are_problems_of_their_own(
    world: World, mailbox: Account, sink: Sink
) -> None:
    folder = world()
    secret = "not the password"
    (folder / "password").write_text(secret)
    sink.login_works = False
    done, found = doctor(folder)
    assert done.code == 1
    assert has(found["imap support"], "problem", "login refused")
    assert has(found["smtp"], "problem", "login of desk refused")
    assert secret not in done.out + done.err
    dead = process.free_port()
    done, found = doctor(world((f"port: {mailbox.port}", f"port: {dead}"), (f"port: {sink.port}", f"port: {dead}")))
    assert has(found["imap support"], "problem", "refused")
    assert has(found["smtp"], "problem", "no connection")
    assert has(found["secret"], "ok", "can be read")


def test_secrets_that_others_can_read_or_nobody_are_problems(world: World) -> None:
    folder = world()
    (folder / "secret").chmod(0o644)
    (folder / "password").unlink()
    done, found = doctor(folder)
    assert done.code == 1
    assert has(found["secret"], "problem", "mode 0644", "chmod 600")
    assert has(found["password of support"], "problem", "cannot be read")
    assert cast.SECRET not in done.out
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o644  # it tells, it does not mend


def test_trust_in_from_alone_is_warned_of(world: World) -> None:
    _, found = doctor(world(("address: cleo@example.org, ", "address: cleo@example.org, trust: from, ")))
    about = next(name for name in found if name.startswith("desk.yaml:"))
    assert has(found[about], "warning", "anybody can write a From", "cleo")


def test_a_taken_address_of_the_listener_is_a_problem_unless_it_is_ours(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        folder = world(("limits:", f'listener: {{lmtp: "127.0.0.1:{port}", account: support}}\nlimits:'))
        other.listen()
        other.settimeout(0)
        found = _with_greeting(folder, other, b"220 somebody else\r\n")
        assert has(found["listener"], "problem", "cannot be had")
        assert has(_with_greeting(folder, other, b"220 desk.example.org LMTP\r\n")["listener"], "ok", "already")
    assert has(doctor(folder)[1]["listener"], "ok", "is free")


def _with_greeting(folder: Path, server: socket.socket, words: bytes) -> dict[str, list[tuple[str, str]]]:
    server.settimeout(20)

    def greet() -> None:
        link, _ = server.accept()
        link.sendall(words)
        link.close()

    thread = threading.Thread(target=greet)
    thread.start()
    try:
        return doctor(folder)[1]
    finally:
        thread.join(20)


def test_the_database_is_looked_at_and_left_as_it_is(world: World) -> None:
    folder = world()
    settings = cast.settings(folder)
    world()
    assert maild("--config", folder, "migrate").code == 0
    assert has(doctor(folder)[1]["database"], "ok", "SQLite", "up to date")
    db.open(settings.database)
    db.database.execute_sql("DELETE FROM schema_migration WHERE name LIKE '0002%'")
    db.close()
    before = (folder / "maild.db").read_bytes()
    assert has(doctor(folder)[1]["database"], "warning", "0002_agents", "maild migrate")
    assert (folder / "maild.db").read_bytes() == before
    (folder / "maild.db").write_text("my diary")
    assert has(doctor(folder)[1]["database"], "problem", "not a SQLite database")
    nowhere = world(("sqlite:maild.db", "sqlite:///nowhere/at/all/maild.db"))
    assert has(doctor(nowhere)[1]["disk"], "problem", "/nowhere/at/all")


def test_a_postgresql_is_asked_too(world: World, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").database()
    folder = world(("sqlite:maild.db", url))
    assert has(doctor(folder)[1]["database"], "ok", "PostgreSQL", "empty")
    gone = world(("sqlite:maild.db", "postgresql://nobody@127.0.0.1:1/none"))
    assert has(doctor(gone)[1]["database"], "problem", "does not answer")


def test_a_mail_from_the_future_says_that_our_clock_is_behind(world: World, mailbox: Account) -> None:
    with mailbox.client() as link:
        at = datetime.now(UTC) + timedelta(hours=2)
        link.append("INBOX", letters.new(CARLA, "VPN", "It is down."), msg_time=at)
    assert has(doctor(world())[1]["clock"], "warning", "seconds after", "time server")


def test_the_holes_that_are_known_are_closed_in_what_is_required() -> None:
    assert [f.level for f in libraries.installed()] == ["ok"]
    required = Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8")
    assert all(f'"{name}>=' in required for name in libraries.HOLES)


def test_a_library_with_a_known_hole_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "HOLES", {"jinja2": ("99.0", "CVE-0000-0000")})
    found = [f for f in libraries.installed() if f.level == "problem"]
    assert [(f.about, f.advice) for f in found] == [("libraries", "pip install -U 'jinja2>=99.0'")]
