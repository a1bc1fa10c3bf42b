"""`maild sla simulate` as people and scripts call it: no database, JSON or a table, plain words for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import cast
from tests.acceptance.commands import maild
from tests.policy.situations import CALENDARS, SLA, STORIES, Story

BLOCK = cast.DESK[cast.DESK.index("calendars:") : cast.DESK.index("escalation:")]
EASTER = next(story for story in STORIES if story.name == "Easter in Denmark")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return cast.write(tmp_path, (BLOCK, CALENDARS + SLA))


def agrees(story: Story, folder: Path) -> None:
    done = maild("--config", folder, "sla", "simulate", *story.words(), "--json")
    assert done.code == 0, done.err
    (told,) = done.objects
    clocks = {clock["kind"]: clock for clock in told["clocks"]}
    for what, time in story.hand.items():
        clock = clocks[what.rstrip("!")]
        assert clock["breached_at" if what.endswith("!") else "due_at"] == story.at(time).isoformat(), what


def test_a_wall_time_is_of_the_calendar_and_no_database_is_made(folder: Path) -> None:
    agrees(EASTER, folder)
    assert sorted(p.name for p in folder.iterdir()) == ["desk.yaml", "maild.yaml", "rules.yaml", "secret"]


@pytest.mark.slow
def test_every_situation_comes_out_on_the_command_line(folder: Path) -> None:
    for story in STORIES:
        agrees(story, folder)


def test_people_get_a_table_and_the_ledger(folder: Path) -> None:
    done = maild("--config", folder, "sla", "simulate", *EASTER.words(), "--reply-at", "2026-04-07T08:30:00Z")
    assert done.code == 0, done.err
    assert "first_response  2h      kontor    Wed 2026-04-01 16:00 CEST  Tue 2026-04-07 10:00 CEST" in done.out
    assert "kontor is closed until Tue 2026-04-07 09:00 CEST: Thu 02 Skærtorsdag (holiday)" in done.out
    assert "Tue 2026-04-07 10:00 CEST  breached" in done.out
    assert "Thu 2026-04-09 16:00 CEST  due" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--priority", "low", "--opened", "tomorrow"], 'for --opened: "tomorrow" is not a time'),
        (["--priority", "low", "--opened", "9999-01-01"], "is not a time"),
        (["--priority", "low"], "Missing option '--opened'"),
        (["--priority", "urgent", "--opened", "2026-06-08"], "'urgent' is not one of"),
        (["--priority", "low", "--opened", "2026-06-08", "--pause", "2026-06-09"], "for --pause"),
        (["--priority", "low", "--opened", "2026-06-08", "--priority-at", "2026-06-09=hi"], '"hi" is none of critical'),
        (["--priority", "low", "--opened", "2026-06-08", "--line", "L9"], '"L9" is none of L1, L2, L3'),
        (["--priority", "low", "--opened", "2026-06-08", "--calendar", "kontoret"], "did you mean `kontor`"),
        (["--priority", "low", "--opened", "2026-06-08", "--reopen-at", "2026-06-09"], "it is not resolved then"),
    ],
)
def test_what_cannot_be_is_one_line_and_2(words: list[str], told: str, folder: Path) -> None:
    done = maild("--config", folder, "sla", "simulate", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_configuration_that_is_wrong_is_told_with_its_place(folder: Path) -> None:
    (folder / "desk.yaml").write_text((folder / "desk.yaml").read_text().replace("zone: UTC", "zone: UCT0"))
    done = maild("--config", folder, "sla", "simulate", "--priority", "low", "--opened", "2026-06-08")
    assert done.code == 78
    assert done.err.startswith("desk.yaml:")
