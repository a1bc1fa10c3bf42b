"""`maild sla` and `maild report` as people and scripts call them: JSON or a table, plain words for what is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests import cast
from tests.acceptance.commands import maild
from tests.databases import on_one_database
from tests.policy.situations import CALENDARS, SLA, STORIES, Story
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA

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


# -- what a desk tells of its own clocks ------------------------------------------------------------------------------

HELP = "The payroll program does not start any more. Please help me today."


@pytest.fixture
def worked(story: Conversation) -> Conversation:
    """INC-1: priority raised, waited, went on, and answered; INC-2: nobody answered."""
    first = story.says(CARLA, "Payroll", HELP)
    story.answers(ADA, first.to(ADA), "!priority high")
    story.answers(ADA, first.to(ADA), "Which version is it?\n!pending 2h")
    story.wait(hours=3)
    story.says(CARLA, "Printer", "The printer on the second floor prints nothing but black pages.")
    story.wait(hours=2)
    return story


def of(story: Conversation) -> Path:
    """The folder of a story's desk, for commands."""
    folder = story.settings.folder
    file = folder / "maild.yaml"
    lines = [x for x in file.read_text().splitlines() if not x.startswith("database:")]
    file.write_text("\n".join([*lines, f"database: {story.settings.database}"]) + "\n")
    return folder


@on_one_database
def test_sla_show_tells_what_made_each_due_time_and_who_did_it(worked: Conversation) -> None:
    folder = of(worked)
    done = maild("--config", folder, "sla", "show", "INC-1", "--json")
    assert done.code == 0, done.err
    (told,) = done.objects
    clocks = {clock["kind"]: clock for clock in told["clocks"]}
    steps = {step["what"]: step for step in clocks["resolution"]["steps"]}
    assert [step["what"] for step in clocks["resolution"]["steps"]][:4] == ["started", "priority", "paused", "resumed"]
    assert (steps["priority"]["by"], steps["priority"]["to"], steps["priority"]["target_minutes"]) == (
        "ada",
        "high",
        960,
    )
    assert steps["resumed"]["by"] == "timer"
    assert steps["resumed"]["stood_minutes"] == 180  # the timers looked no earlier
    assert clocks["resolution"]["due_at"] == worked.clock("INC-1", "resolution")["due_at"]
    assert clocks["first_response"]["stopped_why"] == "replied"
    assert told["key"] == "INC-1"

    people = maild("--config", folder, "sla", "show", "INC-1").out
    assert "the priority is high now: 16h, of which" in people
    assert "(ada: command)" in people
    assert "stands still: pending" in people
    assert "goes on, without 3h" in people
    assert maild("--config", folder, "sla", "show", "INC-9").code == 1


@on_one_database
def test_report_sla_is_a_table_for_people_and_json_for_scripts(worked: Conversation) -> None:
    folder, day = of(worked), f"{worked.now:%Y-%m-%d}"
    words = ("--config", folder, "report", "sla", "--from", day, "--to", f"{worked.now.date() + timedelta(days=1)}")
    done = maild(*words, "--json")
    assert done.code == 0, done.err
    (told,) = done.objects
    first = told["all"]["first_response"]
    assert (first["met"], first["breached"], first["median_minutes"]) == (1, 1, 2)
    assert {row["name"] for row in told["priority"]} == {"high", "medium"}
    assert told["goals_minutes"] == {"first_response": [60, 180], "resolution": [1440]}
    table = maild(*words).out
    assert "1 of 2" in table
    assert "goal: first response in 1 to 3 h" in table
    none = maild("--config", folder, "report", "sla", "--from", "2020-01-01", "--to", "2020-02-01")
    assert none.out == "no promise came to its end in this time\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "yesterday"], 'for --from: "yesterday" is not a time'),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--from must come before --to"),
    ],
)
@on_one_database
def test_a_time_that_cannot_be_is_refused(words: list[str], told: str, story: Conversation) -> None:
    done = maild("--config", of(story), "report", "sla", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err


@on_one_database
def test_why_by_mail_tells_the_steps_in_words(story: Conversation) -> None:
    opened = story.says(CARLA, "Payroll", HELP)
    story.answers(ADA, opened.to(ADA), "!priority high\n!pending 2h")
    story.wait(hours=2)
    text = story.answers(ADA, opened.to(ADA), "!why").to(ADA, "why").text
    assert "ora la priorità è alta: 16 ore in tutto" in text
    assert "(Ada Rossi: comando)" in text
    assert "il conteggio si ferma: stato in attesa" in text
    assert "riprende dopo 2 ore" in text
