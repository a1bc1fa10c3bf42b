"""`maild explain`: who was believed and why, what would happen to a mail, and that nothing does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import pytest

from maild import config, explain, shipped
from maild.cli import explained
from maild.config import Settings
from maild.desk import db, models
from maild.errors import MaildError, Unreadable
from maild.mail.reading import ReadSettings
from maild.mail.sandbox import Reader
from maild.mail.templates import Templates
from tests import cast
from tests.acceptance.commands import maild, program
from tests.acceptance.senders import ROWS
from tests.acceptance.test_cli import letter, plainly
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Tools
from tests.stories.letters import ADA, BEN, CARLA, MALLORY
from tests.stories.spoofs import Scene

# -- who was believed, and why -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What explain tells of each mail, on one desk: since nothing is written, none minds the others."""
    folder = tmp_path_factory.mktemp("explain")
    settings = replace(cast.settings(folder), database=f"sqlite:///{folder / 'maild.db'}")
    db.open(settings.database)
    db.migrate()
    with Reader(ReadSettings(instance=cast.INSTANCE, languages=("en", "it", "da"))) as reader:
        problems: list[str] = []
        tools = Tools(reader, Templates([shipped.folder("templates")], problems.append), problems)
        desk = Conversation(settings, tools)
        carla = desk.says(CARLA, "Secret project", "The drive of the secret project is gone, please help.")
        scene = Scene(desk, carla, desk.says(BEN, "Keyboard", "My keyboard does not work any more, please help."))
        before = dump()
        found = {}
        for name, row in ROWS.items():
            with db.given_up():  # also the token that a row revokes is good again for the next
                raw = row.raw(scene)
                asked = explain.Question(raw, name, "support")
                found[name] = explain.tell(desk.stage, reader.read_many([raw])[0], asked, desk.now)  # type: ignore[arg-type]  # all can be read
        assert dump() == before
    db.close()
    return found


@pytest.mark.parametrize("name", ROWS)
def test_it_names_who_was_believed_and_why(told: dict[str, dict[str, Any]], name: str) -> None:
    row, found = ROWS[name], told[name]
    sender = found["sender"]
    assert (sender["verdict"], sender["actor"]) == (row.verdict, row.actor), sender
    assert sender["why"]
    assert all(words in sender["why"] for words in row.why), sender["why"]
    voids = [one["void"] for one in found["evidence"] if one["void"]]
    assert row.void in voids or not row.void, found["evidence"]
    assert bool(sender["from_ok"]) or sender["why"] == sender["from_why"]
    results = {one["result"] for one in found["commands"]}
    assert results <= ({"done"} if row.verdict == "agent" else {"refused"}), found["commands"]


def test_the_table_is_large() -> None:
    assert len(ROWS) >= 40


def test_a_void_token_is_named_with_its_owner(told: dict[str, dict[str, Any]]) -> None:
    revoked = next(one for one in told["token that was revoked"]["evidence"] if one["void"])
    assert (revoked["evidence"], revoked["ticket"], revoked["token_of"]) == ("message_id", "INC-1", "ada@example.org")


# -- nothing is written ------------------------------------------------------------------------------------------------


def dump() -> str:
    """All rows of all tables, to the last byte."""
    tables = {}
    for model in models.ALL:
        name = model._meta.table_name
        rows = [tuple(bytes(x) if isinstance(x, memoryview) else x for x in row) for row in _rows(name)]
        tables[name] = sorted(map(repr, rows))
    return json.dumps(tables)


def _rows(name: str) -> list[tuple[Any, ...]]:
    return list(db.database.execute_sql(f'SELECT * FROM "{name}"').fetchall())


def asks(desk: Conversation, raw: bytes, *, whole: bool = False) -> dict[str, Any]:
    """What explain tells, by its own door: a mail that was read by a process that is there already."""
    reading = desk.reader.read_many([raw])[0]
    db.close()
    return explain.answer(desk.settings, reading, explain.Question(raw, "a test", "support", whole), desk.now)


def shown(told: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    explained.show(told)
    return capsys.readouterr().out


VOUCHES = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
RULES = """\
rules:
  - name: printers
    when: {subject: {contains: [printer]}}
    then: {tags: [print]}
  - name: noise
    when: {subject: {contains: [vpn]}}
    then: {drop: "nobody wants it", acknowledge: never}
"""


def test_nothing_is_written_whatever_the_mail_would_do(story: Conversation) -> None:
    story.takes(letter(1))
    story.takes(letter(2, "Printer"))
    before = dump()
    for raw in (
        letter(3),
        letter(1),  # came before
        letters.new(ADA, "[INC-1] x", "!take\n!resolve It had no current.\nPlease try again.", **VOUCHES),
        letters.new(ADA, "[INC-1] x", "!merge INC-2", **VOUCHES),
        letters.new(ADA, "x", "!new for giulia@customer.example\nHer screen is dark.", **VOUCHES),
        letters.new(MALLORY, "[INC-1] x", "And what is the state of it?"),
    ):
        found = asks(story, raw, whole=True)
        assert found["changes"]
        assert found["mails"]
        assert all(one["raw"] and one["text"] for one in found["mails"])
        assert dump() == before


@pytest.fixture(params=["sqlite", "postgres"])
def nothing(request: pytest.FixtureRequest, loaded: Settings, tmp_path: Path) -> Settings:
    """Settings whose database was never used: no file, and an empty one on a server."""
    postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres").database() if postgres else f"sqlite:///{tmp_path / 'maild.db'}"
    return replace(loaded, database=url)


def test_it_needs_no_database_and_makes_none(nothing: Settings, tools: Tools, tmp_path: Path) -> None:
    asked = explain.Question(letter(1), "a test", "support")
    found = explain.answer(nothing, tools.reader.read_many([asked.raw])[0], asked, datetime.now(UTC))
    assert "there is no database yet" in found["note"]
    assert (found["fate"], found["created"]) == ("filed", True)
    assert not list(tmp_path.glob("maild.db*"))
    if nothing.database.startswith("postgresql"):
        db.open(nothing.database)
        assert db.database.get_tables() == []
        db.close()


@on_one_database
def test_it_works_beside_a_daemon_and_does_not_migrate(story: Conversation) -> None:
    with filelock.FileLock(f"{story.settings.database.removeprefix('sqlite://')}.lock"):  # as a daemon holds it
        assert asks(story, letter(2))["created"]
    db.database.execute_sql("DELETE FROM schema_migration WHERE name LIKE '0002%'")
    with pytest.raises(MaildError, match="older version"):
        asks(story, letter(2))


# -- what a person reads -----------------------------------------------------------------------------------------------


@on_one_database
def test_it_tells_what_a_new_mail_would_do(story: Conversation, capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(asks(story, letter(1)), capsys)
    for words in (
        "The mail: VPN is down: human (nothing says that a machine wrote it)",
        "| The vpn does not connect since this morning.",
        "taken as the requester (requester), because: opens a ticket; From alone",
        "Ticket: it belongs to none yet",
        "Fate: filed INC-1, a new ticket",
        "vpn trouble: matched; category = network/vpn, tag vpn",
        "INC-1 opened (carla1@customer.example",
        "first_response starts, due ",
        "acknowledgement to carla1@customer.example (en): [INC-1]",
        "new_ticket to ada@example.org (it): [INC-1] VPN is down",
    ):
        assert words in out, (words, out)


@on_one_database
def test_it_tells_which_rule_dropped_a_mail_and_what_the_others_missed(story: Conversation, tmp_path: Path) -> None:
    (cast.write(tmp_path) / "rules.yaml").write_text(RULES)
    story.settings = replace(story.settings, rules=config.load(tmp_path).rules)
    found = asks(story, letter(1))
    assert (found["fate"], found["reason"]) == ("ignored", "nobody wants it")
    missed, dropped = found["rules"]
    assert (missed["rule"], missed["matched"]) == ("printers", False)
    assert "subject" in missed["why"]
    assert (dropped["rule"], dropped["matched"]) == ("noise", True)
    assert dropped["why"] == "acknowledge: never, drop: nobody wants it"
    assert missed["conditions"] == [
        {"depth": 0, "condition": "subject: {contains: [printer]}", "holds": False, "first_failed": True}
    ]
    assert missed["would"] == "{tags: [print]}"
    assert [(one["holds"], one["first_failed"]) for one in dropped["conditions"]] == [(True, False)]
    assert (found["rules_on"], found["rules_not_asked"]) == (["opened"], None)


def test_it_tells_who_is_asked_about_a_mail_that_waits_and_where_one_is_gathered(
    story: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = """\
rules:
  - {name: press, when: {subject: {contains: press}}, then: {hold: the lead decides}}
  - {name: alike, when: {subject: {contains: disk}}, then: {group_by: subject}}
"""
    story.writes(rules)
    held = asks(story, letters.new(CARLA, "The press", "It asks for an interview."))
    assert (held["fate"], [one["notice"] for one in held["mails"]]) == ("held", ["held_new"])
    first = story.takes(letters.new(CARLA, "The disk is full", "All of it."))
    found = asks(story, letters.new(CARLA, "The disk is full", "Still."))
    assert (found["belongs_to"], found["evidence"][0]["evidence"]) == (first.ticket, "none")
    explained.show(found)
    assert f"a rule gathers such mails there: {first.ticket}" in capsys.readouterr().out


LATER = """\
rules:
  - name: still
    on: replied
    when: {kind: human, status: open, any: [{text: {contains: down}}, {subject: {contains: fire}}]}
    then: {urgency: high, notify: lead, note: look again}
  - name: solved
    on: [replied, changed]
    when: {changed: status, not: {status: open}}
    then: {tags: [done]}
  - name: first
    when: {kind: human}
    then: {tags: [first]}
"""


@on_one_database
def test_it_tells_the_rules_of_the_occasions_that_a_reply_brings(
    story: Conversation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story.writes(LATER)
    opened = story.says(CARLA, "VPN", "It does not connect.")
    agent = story.answers(ADA, opened.to(ADA), "Is it still so?\n\n!pending", **VOUCHES)
    found = asks(story, letters.answer(CARLA, agent.to(CARLA), "Yes, it is down."))
    assert found["rules_on"] == ["changed", "replied"]
    still, solved, first = found["rules"]
    assert (still["matched"], still["why"]) == (True, "urgency = high, note: look again, notify: lead")
    assert [(one["depth"], one["holds"]) for one in still["conditions"]] == [
        (0, True),
        (0, True),
        (0, True),
        (1, True),
        (1, False),
    ]
    assert (solved["matched"], solved["why"]) == (False, "not: {status: open}")
    assert [one["first_failed"] for one in solved["conditions"]] == [False, True, False]
    assert (first["matched"], first["why"], first["conditions"]) == (False, "on: opened", [])
    out = shown(found, capsys)
    for words in (
        "Rules: asked on: changed, replied",
        "\u2713 still: matched; urgency = high",
        "    \u2713 any\n        \u2713 text: {contains: down}\n        \u2717 subject: {contains: fire}",
        "\u2717 solved: did not match; not: {status: open}",
        "\u2717 not   <- the first that fails",
        "it would: {tags: [done]}",
    ):
        assert words in out, out


@on_one_database
def test_it_tells_why_no_rule_is_asked_of_a_machine(story: Conversation) -> None:
    story.writes(LATER)
    opened = story.says(CARLA, "VPN", "It does not connect.")
    raw = letters.answer(CARLA, opened.to(CARLA), "I am on holiday.", Auto_Submitted="auto-replied")
    found = asks(story, raw)
    assert (found["rules"], found["rules_on"]) == ([], [])
    assert found["rules_not_asked"] == found["reason"]


@on_one_database
def test_it_tells_what_an_agents_mail_would_do(story: Conversation, capsys: pytest.CaptureFixture[str]) -> None:
    story.takes(letter(1))
    text = "!take\n!resolve It had no current.\n!nosuch\n"
    raw = letters.new(ADA, "[INC-1] [INC-77] x", text, **VOUCHES)
    out = shown(asks(story, raw, whole=True), capsys)
    for words in (
        "believed to be the agent ada (agent), because: dmarc=pass for example.org",
        "its subject: INC-1",
        "its subject: no ticket; it does not count: there is no ticket INC-77",
        "!take: done",
        "!nosuch: unknown",
        "assignee: - -> ada",
        "receipt to ada@example.org (it)",
        "Mail to: ada@example.org",
    ):
        assert words in out, (words, out)
    assert "\\r" not in out
    stopped = shown(asks(story, letters.new(ADA, "[INC-1] x", "!resolve It had no current.", **VOUCHES)), capsys)
    assert "resolution stops" in stopped
    paused = shown(asks(story, letters.new(ADA, "[INC-1] x", "!pending for 2 days", **VOUCHES)), capsys)
    assert "resolution stands still" in paused
    moved = shown(asks(story, letters.new(ADA, "[INC-1] x", "!priority critical", **VOUCHES)), capsys)
    assert "resolution is due at another time" in moved


@on_one_database
def test_the_ticket_that_a_command_names_is_evidence(story: Conversation) -> None:
    story.takes(letter(1))
    found = asks(story, letters.new(ADA, "Printer", "!on INC-1\n!take", **VOUCHES))
    assert found["belongs_to"] == "INC-1"
    assert [one["ticket"] for one in found["evidence"]] == ["INC-1"]


@on_one_database
def test_a_mail_that_came_before_is_told_as_if_it_were_new(
    story: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    story.takes(letter(1))
    found = asks(story, letter(1))
    assert (found["came_before"]["fate"], found["came_before"]["ticket"]) == ("filed", "INC-1")
    assert (found["fate"], found["created"], found["belongs_to"]) == ("filed", True, None)
    assert found["evidence"] == []
    assert "it would be a duplicate" in shown(found, capsys)


@on_one_database
def test_the_same_words_of_an_agent_again_are_one_and_the_receipt_goes_out_again(story: Conversation) -> None:
    """B36."""
    story.takes(letter(1))
    story.takes(letters.new(ADA, "[INC-1] x", "!take", **VOUCHES))
    found = asks(story, letters.new(ADA, "[INC-1] x", "!take", **VOUCHES))
    assert found["fate"] == "duplicate"
    assert "sent again" in found["reason"]
    assert found["changes"] == []
    assert [one["notice"] for one in found["mails"]] == ["receipt"]


@on_one_database
def test_what_a_mail_says_never_reaches_the_terminal_raw(
    story: Conversation, capsys: pytest.CaptureFixture[str]
) -> None:
    """M8."""
    raw = letter(1, "\u202egnp.exe", Authentication_Results="x\u202e; spf=pass").replace(b"The vpn", b"\x1b[31m\x07vpn")
    out = shown(asks(story, raw, whole=True), capsys)
    assert "gnp.exe" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


# -- the program -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "desk").mkdir()
    return cast.write(tmp_path / "desk")


def test_what_cannot_be_told_is_said_in_plain_words(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(letter(1))
    plainly(maild("--config", folder, "explain", tmp_path / "none.eml"), 1, "none.eml", "No such file")
    plainly(maild("--config", folder, "explain", tmp_path), 1, "directory")
    plainly(maild("--config", folder, "explain"), 2, "FILE")
    plainly(maild("--config", folder, "explain", "--account", "x", tmp_path / "a.eml"), 1, '"x"', "support")
    (folder / "secret").unlink()
    plainly(maild("--config", folder, "explain", tmp_path / "a.eml"), 1, "secret")
    cast.write(folder, ("prefix: INC", "prefx: INC"))
    plainly(maild("--config", folder, "explain", tmp_path / "a.eml"), 78, "prefx")


def test_a_mail_that_cannot_be_read_would_be_put_aside_and_ends_with_1(
    tools: Tools, loaded: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = explain.Question(b"", "a test", "support")
    found = explain.answer(loaded, Unreadable("it is too deep"), asked, datetime.now(UTC))
    assert (found["fate"], found["reason"]) == ("quarantined", "it is too deep")
    assert shown(found, capsys) == "Fate: quarantined: it is too deep\n"


def test_the_real_program_explains_a_file(folder: Path) -> None:
    done = program("--config", folder, "explain", "--json", "--mails", "-", stdin=letter(1))
    assert done.code == 0, done.err
    assert done.objects[0]["source"] == "standard input"
    assert datetime.fromisoformat(done.objects[0]["clocks"][0]["started_at"]).tzinfo == UTC
    assert not list(folder.glob("maild.db*"))
