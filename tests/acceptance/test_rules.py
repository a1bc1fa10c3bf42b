"""`maild rules`: the rules listed with what is odd about them, their tests run, and tried on stored mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from maild import backtest
from maild.config.load import load
from maild.desk import models
from tests import cast
from tests.acceptance.commands import maild
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA, SOREN

TESTED = """\
rules:
  - name: vpn trouble
    when: {kind: human, subject: {contains: [vpn]}}
    then: {category: network/vpn, tags: [vpn]}
    tests:
      - {mail: {subject: VPN is down}, expect: {category: network/vpn}}
      - {mail: {subject: My VPN}, expect: {priority: high, tags: [vpn, net]}}
  - name: refunds
    when: {text: {contains: refund}}
    then: {line: L2}
    tests:
      - {mail: {text: I want a refund}, expect: {line: L2, applies: true}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cast.write(tmp_path)
    (tmp_path / "rules.yaml").write_text(TESTED)
    return tmp_path


# -- test --------------------------------------------------------------------------------------------------------------


def test_each_test_is_a_line_and_what_fails_has_its_place_and_reason(folder: Path) -> None:
    done = maild("--config", folder, "rules", "test")
    assert done.code == 1
    for words in (
        "vpn trouble  1 VPN is down      well",
        "vpn trouble  2 My VPN           FAILED  7",
        "tags is [vpn], not [vpn, net]",
        'rules.yaml:7:54: the test of the rule "vpn trouble" fails: priority is medium, not high; these',
        "1 of 3 fail",
    ):
        assert words in done.out, done.out


def test_all_is_well_when_they_are_mended(folder: Path) -> None:
    text = TESTED.replace("priority: high, tags: [vpn, net]", "priority: medium, tags: [vpn]")
    (folder / "rules.yaml").write_text(text)
    done = maild("--config", folder, "rules", "test")
    assert (done.code, "3 tests, all well" in done.out) == (0, True)


def test_as_json_it_is_an_object_a_test(folder: Path) -> None:
    done = maild("--config", folder, "rules", "test", "--json")
    assert done.code == 1
    well, failed, other = done.objects
    assert (well["result"], failed["result"], other["rule"]) == ("well", "failed", "refunds")
    assert (failed["file"], failed["line"], failed["test"]) == ("rules.yaml", 7, 2)
    first = failed["failures"][0]
    assert (first["key"], first["expected"], first["got"], first["column"]) == ("priority", "high", "medium", 54)


def test_rules_can_be_named_and_an_unknown_name_is_wrong_usage(folder: Path) -> None:
    assert maild("--config", folder, "rules", "test", "refunds").code == 0
    done = maild("--config", folder, "rules", "test", "refund")
    assert done.code == 2
    assert 'there is no rule "refund"; did you mean `refunds`?' in done.err


def test_a_bad_configuration_is_78_with_its_places(folder: Path) -> None:
    (folder / "rules.yaml").write_text(TESTED.replace("contains: [vpn]", "contians: [vpn]"))
    for command in (("test",), ("list",), ("backtest",)):
        done = maild("--config", folder, "rules", *command)
        assert done.code == 78
        assert "rules.yaml:3:35: unknown key `contians`; did you mean `contains`?" in done.err


def test_rules_without_tests_are_told(folder: Path) -> None:
    (folder / "rules.yaml").write_text(cast.RULES)
    done = maild("--config", folder, "rules", "test")
    assert (done.code, "there are no tests" in done.out) == (0, True)


# -- list --------------------------------------------------------------------------------------------------------------


def test_the_rules_are_listed_with_what_is_odd_about_them(folder: Path) -> None:
    more = "  - {name: late, on: [replied, idle 2d], when: {new: true}, then: {stop: true}, enabled: false}\n"
    more += "  - {name: never, when: {new: false}, then: {tags: x}}\n"
    (folder / "rules.yaml").write_text(TESTED + more)
    done = maild("--config", folder, "rules", "list", "--json")
    first, _, late, never = done.objects
    assert first == {
        "number": 1,
        "rule": "vpn trouble",
        "enabled": True,
        "on": ["opened"],
        "when": "kind: human, subject: {contains: [vpn]}",
        "then": "{category: network/vpn, tags: [vpn]}",
        "stop": False,
        "tests": 2,
        "place": "rules.yaml:2:5",
        "warnings": [],
    }
    assert (late["enabled"], late["on"], late["stop"], late["warnings"]) == (False, ["idle 2d", "replied"], True, [])
    assert never["warnings"][0].startswith('rules.yaml:14:25: the rule "never" never matches')
    shown = maild("--config", folder, "rules", "list")
    for words in (
        "  1 vpn trouble  rules.yaml:2:5  (on opened; 2 tests)",
        "      when kind: human, subject: {contains: [vpn]}",
        "  3 late  rules.yaml:13:5  (switched off; on idle 2d, replied; 0 tests; stop)",
        'warning: the rule "never" never matches',
    ):
        assert words in shown.out, shown.out


# -- backtest ----------------------------------------------------------------------------------------------------------

NEW = """\
rules:
  - name: printers
    when: {subject: {contains: printer}}
    then: {category: network/vpn, urgency: high, tags: [hw]}
  - name: refunds
    when: {text: {contains: refund}}
    then: {drop: we give none}
  - name: known
    when: {requester_tickets: {open: 2}}
    then: {line: L2}
  - name: nobody
    when: {subject: {contains: nothing}}
    then: {line: L3}
"""


def tried(desk: Conversation, rules: str, tmp_path: Path, **more: Any) -> list[backtest.Tested]:
    """What a backtest says, on the database of the story."""
    (tmp_path / "new.yaml").write_text(rules)
    settings = load(cast.write(tmp_path), tmp_path / "new.yaml")
    found = backtest.prepare(replace(settings, database=desk.settings.database), **more)
    return list(found.run())


def told(tested: backtest.Tested) -> dict[str, tuple[Any, Any, tuple[str, ...]]]:
    return {one.field: (one.was, one.would, one.rules) for one in tested.differences}


def count() -> int:
    """The rows of all tables."""
    return sum(model.select().count() for model in models.ALL)


@on_one_database
def test_what_other_rules_would_have_done_to_stored_mail(story: Conversation, tmp_path: Path) -> None:
    vpn = story.says(CARLA, "VPN is down", "The vpn does not connect.")
    story.answers(CARLA, vpn.to(CARLA), "It is still down.")  # opens none
    story.says(SOREN, "The printer", "It prints nothing, please help.")
    story.says(SOREN, "Money", "I want a refund, please.")
    story.says(CARLA, "Mouse", "It does not move.")
    story.says(CARLA, "Screen", "It is black, please help me.")
    before = count()
    vpn_, printer, money, mouse, screen = tried(story, NEW, tmp_path)
    assert count() == before
    assert (vpn_.ticket, vpn_.subject, vpn_.then, vpn_.now) == (vpn.ticket, "VPN is down", ("vpn trouble",), ())
    assert told(vpn_)["category"] == ("network/vpn", None, ())
    assert told(vpn_)["tags"] == (["vpn"], [], ())
    assert told(printer) == {
        "category": (None, "network/vpn", ("printers",)),
        "service": (None, "vpn", ("printers",)),
        "urgency": ("medium", "high", ("printers",)),
        "priority": ("medium", "high", ("printers",)),
        "tags": ([], ["hw"], ("printers",)),
    }
    assert told(money) == {"drop": (None, "we give none", ("refunds",))}
    assert told(mouse) == {}  # Carla had one ticket then
    assert told(screen) == {"line": ("L1", "L2", ("known",))}


@on_one_database
def test_the_same_rules_would_do_the_same(story: Conversation, tmp_path: Path) -> None:
    story.says(CARLA, "VPN is down", "La vpn non funziona da ieri, perché?")
    story.takes(letters.new(SOREN, "Skærm", "Min skærm er sort, og jeg kan ikke arbejde i dag."))
    story.says(ADA, "A colleague has no access", "Please see to it, the door is locked.")
    assert [one.differences for one in tried(story, cast.RULES, tmp_path)] == [(), (), ()]


@on_one_database
def test_mails_can_be_chosen_by_time_and_number_and_lost_ones_are_counted(story: Conversation, tmp_path: Path) -> None:
    for i in range(4):
        story.says(CARLA, f"Screen {i}", "It is black, please help.")
    assert [one.subject for one in tried(story, NEW, tmp_path, limit=2)] == ["Screen 2", "Screen 3"]
    since: datetime = models.Incoming.get_by_id(2).received_at
    assert [one.subject for one in tried(story, NEW, tmp_path, since=since)] == ["Screen 1", "Screen 2", "Screen 3"]


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder whose database holds two mails."""
    (cast.write(tmp_path, ("sqlite:maild.db", f"sqlite:///{tmp_path / 'maild.db'}")) / "new.yaml").write_text(NEW)
    raws = (letters.new(CARLA, "VPN is down", "It is."), letters.new(SOREN, "A printer", "It prints nothing."))
    for i, raw in enumerate(raws):
        (tmp_path / f"{i}.eml").write_bytes(raw)
    assert maild("--config", tmp_path, "feed", tmp_path / "0.eml", tmp_path / "1.eml").code == 0
    return tmp_path


def test_the_command_shows_a_table_a_sum_by_rule_and_json(stored: Path) -> None:
    same = maild("--config", stored, "rules", "backtest")
    assert (same.code, "nothing would be different" in same.out) == (0, True)
    assert "2 mails tried, 0 would be different" in same.out
    done = maild("--config", stored, "rules", "backtest", "--rules", stored / "new.yaml", "--since", "30d")
    assert done.code == 0
    for words in ("A printer", "urgency: medium -> high", "category: network/vpn -> -", "without vpn trouble"):
        assert words in done.out, done.out
    printers = next(line for line in done.out.splitlines() if line.startswith("printers"))
    assert printers.split() == ["printers", "0", "1", "1"]
    lines = maild("--config", stored, "rules", "backtest", "--rules", stored / "new.yaml", "--json").objects
    assert [one["ticket"] for one in lines] == ["INC-1", "INC-2"]
    assert lines[1]["rules_now"] == ["printers"]
    assert {"field": "urgency", "was": "medium", "would_be": "high", "rules": ["printers"]} in lines[1]["differences"]


def test_a_file_of_rules_that_is_wrong_is_told_with_its_name(stored: Path) -> None:
    (stored / "new.yaml").write_text(NEW.replace("printer}", "[]}"))
    done = maild("--config", stored, "rules", "backtest", "--rules", stored / "new.yaml")
    assert done.code == 78
    assert done.err.startswith("new.yaml:3:")


def test_without_a_database_there_is_none_afterwards(tmp_path: Path) -> None:
    folder = cast.write(tmp_path, ("sqlite:maild.db", f"sqlite:///{tmp_path / 'maild.db'}"))
    done = maild("--config", folder, "rules", "backtest")
    assert (done.code, "there is no database yet" in done.err) == (1, True)
    assert not (tmp_path / "maild.db").exists()


def test_a_time_that_cannot_be_read_is_wrong_usage(stored: Path) -> None:
    assert maild("--config", stored, "rules", "backtest", "--since", "soon").code == 2
