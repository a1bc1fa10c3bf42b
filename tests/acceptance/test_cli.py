"""The commands as a script sees them: exit codes, shapes, and one line of plain words where something is wrong."""

from __future__ import annotations

import mailbox
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import click
import filelock
import pytest

from maild.cli import cli
from maild.desk import db, inbox
from maild.desk.models import Incoming
from tests import cast
from tests.acceptance.commands import Done, maild, program

FATE = {"source", "fate", "ticket", "created", "kind", "evidence", "sender", "verdict", "commands", "reason"}
PARSED = {
    *("source", "message_id", "in_reply_to", "references", "date", "from", "reply_to", "to", "cc", "subject", "text"),
    *("reply", "elided", "language", "kind", "bounce", "attachments", "authentication", "truncated", "defects"),
}
TICKET = {
    *("key", "type", "status", "priority", "impact", "urgency", "category", "service", "line", "assignee", "requester"),
    *("participants", "language", "subject", "tags", "confidential", "opened_at", "first_response_at", "resolved_at"),
    *("closed_at", "resolution", "satisfaction", "messages", "events", "clocks"),
}
MESSAGE = {"id", "direction", "author", "at", "visibility", "text", "message_id", "attachments"}
EVENT = {"at", "kind", "by", "why", "from", "to"}
CLOCK = {
    *("kind", "target_minutes", "calendar", "started_at", "due_at", "stopped_at", "breached_at", "elapsed_minutes"),
    *("paused_minutes", "rungs"),
}
EVIL = "\x1b[31mred\x1b[0m \x07 \u202egnp.exe"


def letter(number: int = 1, subject: str = "VPN is down", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = f"Carla Bruni <carla{number}@customer.example>"
    mail["To"], mail["Subject"], mail["Message-ID"] = "support@example.org", subject, f"<{number}@customer.example>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content("The vpn does not connect since this morning. Can you help me, please?\n")
    return mail.as_bytes()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return cast.write(folder)


def fed(desk: Path, *mails: bytes) -> list[dict[str, object]]:
    """The fates of mails from files."""
    files = []
    for number, raw in enumerate(mails):
        files.append(desk.parent / f"{number}.eml")
        files[-1].write_bytes(raw)
    done = maild("--config", desk, "feed", "--json", *files)
    assert done.code == 0, done.err
    return done.objects


def plainly(done: Done, code: int, *words: str) -> None:
    """It ended so, with a first line of plain words on stderr and no traceback."""
    assert done.code == code, (done.code, done.out, done.err)
    assert "Traceback" not in done.err
    first = done.err.splitlines()[0]
    assert all(word in first for word in words), first


# -- help, completion ----------------------------------------------------------------------------------------------


def commands(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, *path, name)
    return found


@pytest.mark.parametrize("path", [(), *commands(cli)], ids=" ".join)
def test_help_of_every_command_shows_an_example_of_itself(path: tuple[str, ...]) -> None:
    done = maild(*path, "--help")
    assert done.code == 0
    example = " ".join(done.out.partition("Example:")[2].split())
    assert example.startswith("maild ")
    assert all(word in example for word in path)


def test_without_arguments_it_shows_its_help() -> None:
    done = maild()
    assert done.code == 0
    assert "maild demo" in done.out


def test_the_shell_completes_commands() -> None:
    done = program(_MAILD_COMPLETE="bash_complete", COMP_WORDS="maild quar", COMP_CWORD="1")
    assert "quarantine" in done.out


# -- where the configuration is ---------------------------------------------------------------------------------------


def test_the_folder_is_given_before_or_after_the_command_or_by_the_environment(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert maild("--config", desk, "check").code == 0
    assert maild("check", "--config", desk).code == 0
    assert maild("ticket", "list", "--config", desk).code == 0
    monkeypatch.setenv("MAILD_CONFIG", str(desk))
    assert maild("check").code == 0
    assert maild("--config", desk / "nowhere", "check").code == 78  # the option counts more
    monkeypatch.delenv("MAILD_CONFIG")
    monkeypatch.chdir(desk.parent)
    desk.rename(desk.parent / "config")
    assert maild("check").code == 0


def test_init_writes_what_check_is_content_with(tmp_path: Path) -> None:
    made = maild("init", tmp_path / "new")
    assert made.code == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "desk.yaml",
        "maild.yaml",
        "rules.yaml",
        "secret",
    ]
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o777 == 0o600
    assert maild("--config", tmp_path / "new", "check").code == 0
    plainly(maild("init", tmp_path / "new"), 1, "already")


def test_check_names_a_language_that_no_template_speaks(desk: Path) -> None:
    cast.write(desk, ("languages: [en, it, da]", "languages: [en, it, da, nl]"))
    done = maild("--config", desk, "check")
    assert done.code == 78
    assert "no templates in `nl`" in done.out
    assert "desk.yaml:" in done.out


def test_check_names_file_line_and_column_of_every_problem(desk: Path) -> None:
    cast.write(desk, ("prefix: INC", "prefx: INC"), ("poll: 60s", "poll: soon"))
    done = maild("--config", desk, "check")
    assert done.code == 78
    places = [line.split(": ")[0] for line in done.out.splitlines()]
    assert len(places) == 2
    assert "desk.yaml:2:1" in places
    assert "prefix" in done.out
    assert all("problem" in o for o in maild("--config", desk, "check", "--json").objects)


@pytest.mark.parametrize("words", [("run",), ("run", "--once"), ("balance",), ("migrate",), ("feed", "x.eml")])
def test_nothing_starts_with_a_bad_configuration(words: tuple[str, ...], desk: Path) -> None:
    cast.write(desk, ("prefix: INC", "prefx: INC"))
    plainly(maild("--config", desk, *words), 78, "desk.yaml:2:1", "prefx", "prefix")
    assert not (desk / "maild.db").exists()


def test_schema_is_json_for_editors() -> None:
    for file in ("maild.yaml", "desk.yaml", "rules.yaml"):
        assert '"properties"' in maild("schema", file).out
    plainly(maild("schema", "other.yaml"), 2, "other.yaml")


# -- mail from files ----------------------------------------------------------------------------------------------


def test_feed_takes_a_file_an_mbox_a_maildir_and_standard_input(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(letter(1))
    box = mailbox.mbox(tmp_path / "box")
    folder = mailbox.Maildir(tmp_path / "folder")
    for number in (2, 3):
        box.add(letter(number))
        folder.add(letter(number + 2))
    box.close()
    done = maild(
        *("--config", desk, "feed", "--json", tmp_path / "one.eml", tmp_path / "box", tmp_path / "folder", "-"),
        stdin=letter(6),
    )
    assert done.code == 0, done.err
    assert [set(fate) for fate in done.objects] == [FATE] * 6
    assert {(fate["fate"], fate["created"], fate["verdict"]) for fate in done.objects} == {("filed", True, "requester")}
    assert [fate["ticket"] for fate in done.objects] == [f"INC-{n}" for n in range(1, 7)]
    assert sorted(str(fate["sender"]) for fate in done.objects) == [f"carla{n}@customer.example" for n in range(1, 7)]
    again = maild("--config", desk, "feed", "--account", "support", "--json", tmp_path / "one.eml").objects
    assert [fate["fate"] for fate in again] == ["duplicate"]


def test_feed_says_in_words_what_it_cannot_read(desk: Path, tmp_path: Path) -> None:
    plainly(maild("--config", desk, "feed", tmp_path / "none.eml"), 1, "none.eml", "does not exist")
    plainly(maild("--config", desk, "feed", tmp_path), 1, "Maildir")
    plainly(maild("--config", desk, "feed", "--account", "nobody", tmp_path), 1, "nobody")
    plainly(maild("--config", desk, "feed"), 2, "FILE")
    (tmp_path / "locked").write_bytes(letter())
    (tmp_path / "locked").chmod(0)
    if os.geteuid():  # root reads everything
        plainly(maild("--config", desk, "feed", tmp_path / "locked"), 1, "locked", "Permission denied")


def test_parse_shows_a_parsed_mail(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(letter(1))
    done = maild("parse", "--json", tmp_path / "a.eml", "-", stdin=letter(2))
    assert done.code == 0
    assert [set(mail) for mail in done.objects] == [PARSED] * 2
    assert done.objects[0]["from"] == {"name": "Carla Bruni", "address": "carla1@customer.example"}
    plainly(maild("parse", tmp_path / "none.eml"), 1, "none.eml", "No such file")
    plainly(maild("parse", tmp_path), 1, "directory")


# -- looking at the desk ----------------------------------------------------------------------------------------------


def test_a_ticket_has_the_shape_of_the_contract(desk: Path) -> None:
    fed(desk, letter(1), letter(2, "Printer"))
    done = maild("--config", desk, "ticket", "show", "INC-1", "--json")
    (ticket,) = done.objects
    assert set(ticket) >= TICKET
    assert set(ticket["messages"][0]) >= MESSAGE
    assert set(ticket["events"][0]) >= EVENT
    assert set(ticket["clocks"][0]) >= CLOCK
    assert set(ticket["clocks"][0]["rungs"][0]) >= {"at", "due_at", "fired_at"}
    assert ticket["requester"] == {"name": "Carla Bruni", "address": "carla1@customer.example"}
    assert ticket["category"] == "network/vpn"
    listed = maild("--config", desk, "ticket", "list", "--json").objects
    assert [one["key"] for one in listed] == ["INC-2", "INC-1"]
    found = maild("--config", desk, "ticket", "list", "--json", "--query", "Print").objects
    assert [one["key"] for one in found] == ["INC-2"]
    assert maild("--config", desk, "ticket", "list", "--line", "L3").out == "no such tickets\n"
    assert "INC-1" in maild("--config", desk, "ticket", "list").out
    shown = maild("--config", desk, "ticket", "show", "INC-1").out
    assert "Carla Bruni" in shown
    assert "(impact medium, business -, urgency " in shown
    assert " opened by carla1@customer.example (" in shown
    (day,) = maild("--config", desk, "balance", "--json").objects
    assert day["mailbox"] == day["filed"] == 2
    assert day["well"]


@pytest.mark.parametrize("key", ["INC-99", "nonsense", "INC-", "INC-99999999999999999999", "' or 1=1 --"])
def test_an_unknown_ticket_is_one_line_and_exit_1(key: str, desk: Path) -> None:
    done = maild("--config", desk, "ticket", "show", key)
    plainly(done, 1)
    assert len(done.err.splitlines()) == 1
    assert done.out == ""


def test_what_a_mail_says_never_reaches_the_terminal_raw(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "evil.eml").write_bytes(
        letter(1).replace(b"VPN is down", b"=?utf-8?q?" + b"".join(b"=%02X" % b for b in EVIL.encode()) + b"?=")
    )
    outs = [maild("--config", desk, "feed", tmp_path / "evil.eml")]
    outs += [maild("--config", desk, "ticket", *words) for words in (("show", "INC-1"), ("list",))]
    outs += [maild("parse", tmp_path / "evil.eml"), maild("--config", desk, "outbox", "list")]
    for done in outs:
        assert done.code == 0
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err), done
    assert "red" in outs[1].out


def test_the_outbox_is_looked_at_and_decided_about(desk: Path) -> None:
    fed(desk, letter(1))
    waiting = maild("--config", desk, "outbox", "list", "--json").objects
    assert {row["state"] for row in waiting} == {"waiting"}
    first, *_, last = sorted(int(row["id"]) for row in waiting)
    shown = maild("--config", desk, "outbox", "show", str(first))
    assert b"Message-ID:" in shown.raw
    assert maild("--config", desk, "outbox", "cancel", str(last)).code == 0
    assert maild("--config", desk, "outbox", "retry", str(first)).code == 0
    assert [r["id"] for r in maild("--config", desk, "outbox", "list", "--state", "cancelled", "--json").objects] == [
        last
    ]
    plainly(maild("--config", desk, "outbox", "cancel", str(last)), 1, "cancelled")
    plainly(maild("--config", desk, "outbox", "show", "999"), 1, "999")
    plainly(maild("--config", desk, "outbox", "retry", "x"), 2, "x")


def test_a_quarantined_mail_waits_for_a_person(desk: Path) -> None:
    settings = cast.settings(desk)
    maild("--config", desk, "migrate")
    db.open(settings.database)
    now = datetime.now(UTC)
    (number,) = inbox.take_in([inbox.Arrival("support", "INBOX 7", letter(1), now)], now)
    Incoming.update(attempts=inbox.ATTEMPTS).execute()  # it took the daemon down three times
    db.close()
    fed(desk, letter(2))
    (row,) = maild("--config", desk, "quarantine", "list", "--json").objects
    assert (row["id"], row["source"]) == (number, "INBOX 7")
    assert "3 times" in row["reason"]
    assert maild("--config", desk, "quarantine", "export", str(number)).raw == letter(1)
    assert maild("--config", desk, "quarantine", "show", str(number)).objects[0]["fate"] == "quarantined"
    assert maild("--config", desk, "balance").code == 0
    assert maild("--config", desk, "quarantine", "retry", str(number)).code == 0
    assert maild("--config", desk, "balance", "--json").objects[0]["waiting"] == 1
    fed(desk, letter(3))
    assert maild("--config", desk, "balance").code == 0
    plainly(maild("--config", desk, "quarantine", "drop", str(number)), 1, "not in quarantine")
    plainly(maild("--config", desk, "quarantine", "export", "999"), 1, "999")


# -- what can be wrong around it --------------------------------------------------------------------------------------


def test_a_database_that_another_maild_has_is_try_again_later(desk: Path) -> None:
    with filelock.FileLock(desk / "maild.db.lock"):
        plainly(maild("--config", desk, "run", "--once"), 75, "another maild")


def test_a_database_that_is_none_is_left_alone(desk: Path) -> None:
    (desk / "maild.db").write_text("my diary")
    for words in (("balance",), ("run", "--once"), ("migrate",), ("feed", "-")):
        plainly(maild("--config", desk, *words), 1, "not a SQLite database")
    assert (desk / "maild.db").read_text() == "my diary"


def test_a_database_without_a_folder_is_said(desk: Path) -> None:
    cast.write(desk, ("sqlite:maild.db", "sqlite:///nowhere/at/all/maild.db"))
    for words in (("balance",), ("run", "--once"), ("migrate",)):
        plainly(maild("--config", desk, *words), 1, "/nowhere/at/all")


def test_a_database_server_that_does_not_answer_is_try_again_later(desk: Path) -> None:
    pytest.importorskip("psycopg")
    cast.write(desk, ("sqlite:maild.db", "postgresql://nobody@127.0.0.1:1/none"))
    for words in (("balance",), ("run", "--once"), ("migrate",), ("ticket", "list")):
        plainly(maild("--config", desk, *words), 75, "database does not answer")


def test_a_missing_secret_starts_nothing(desk: Path) -> None:
    (desk / "secret").unlink()
    plainly(maild("--config", desk, "run"), 78, "secret")
    assert not (desk / "maild.db").exists()


def test_wrong_usage_is_one_line_and_where_to_look() -> None:
    for words in (("nosuch",), ("ticket", "show"), ("run", "--twice"), ("outbox", "list", "--limit", "many")):
        done = maild(*words)
        plainly(done, 2, "maild: ")
        assert len(done.err.splitlines()) == 2


def test_the_real_program_ends_with_the_same_codes(desk: Path) -> None:
    assert program("--version").out.startswith("maild, version")
    assert program("--config", desk, "ticket", "show", "INC-1").code == 1
    once = program("run", "--once", MAILD_CONFIG=str(desk), TZ="Europe/Rome")
    assert once.code == 75, once.err  # nobody listens on its ports
    assert "Traceback" not in once.err
