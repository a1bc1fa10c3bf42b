"""The weekly mail: the figures of a week to each lead and the manager, once, in their language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from maild import timers
from maild.desk.models import Outgoing
from tests.databases import on_one_database
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, MIA

HELP = "The payroll program does not start any more. Please help me today."


@pytest.fixture
def worked(desk: Conversation) -> Conversation:
    """A desk that answered one ticket in time, on Tuesday, and missed nothing; nobody has rated it."""
    desk.configure(weekly_report=True)
    opened = desk.says(CARLA, "Payroll", HELP)
    desk.now += timedelta(minutes=59)
    desk.answers(ADA, opened.to(ADA), "I look into it now.\n!resolve")
    return desk


def monday(desk: Conversation) -> Turn:
    """Monday, five past seven: the next, or today's."""
    ahead = timedelta(days=-desk.now.weekday() % 7)
    at = (desk.now + ahead).replace(hour=7, minute=5, second=0, microsecond=0)
    return desk.wait(seconds=(at - desk.now).total_seconds())


def reports(turn: Turn) -> list[str]:
    return sorted(m.recipient for m in turn.sent if m.notice == "report")


def test_on_monday_morning_the_lead_and_the_manager_get_the_week_once(worked: Conversation) -> None:
    ahead = timedelta(days=6 - worked.now.weekday(), hours=20)  # one minute past six
    assert reports(worked.wait(seconds=ahead.total_seconds())) == []
    turn = monday(worked)
    assert reports(turn) == [ADA.address, MIA.address]  # L2 and L3 had nothing to do: their leads get no mail
    mine, whole = turn.to(ADA, "report"), turn.to(MIA, "report")
    assert "primo livello (L1)" in mine.text
    assert "lunedì 23 novembre 2026" in mine.text
    assert "Prima risposta: 1 su 1 (100%)" in mine.text
    assert "First response: 1 of 1 (100%)" in whole.text
    assert "on average 1 hour" in whole.text
    assert whole["Auto-Submitted"] == "auto-generated"
    assert whole["Reply-To"] == ""
    assert "##-" not in whole.text
    for _ in range(3):
        assert reports(worked.wait(hours=5)) == []


@on_one_database
def test_the_page_has_bars_of_cells_and_nothing_remote(worked: Conversation) -> None:
    page = monday(worked).to(MIA, "report").html
    assert page.count('class="kept"') == page.count('<table role="presentation" width="96"') >= 2
    assert 'class="missed"' not in page
    assert "<img" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in page


def test_two_machines_and_a_restart_write_it_once(worked: Conversation) -> None:
    monday(worked)
    other = replace(worked.stage, owner="another:boot")
    assert timers.weekly(other, worked.now) == 0
    worked.stage = worked._prepared()
    assert timers.weekly(worked.stage, worked.now) == 0
    assert Outgoing.select().where(Outgoing.notice == "report").count() == 2


@on_one_database
def test_a_clock_that_jumps_neither_repeats_nor_loses_a_week(worked: Conversation) -> None:
    tuesday = worked.now
    worked.now += timedelta(days=365)
    assert reports(worked.wait(minutes=1)) == []  # nothing happened in the week before that
    worked.now = tuesday
    assert reports(monday(worked)) == [ADA.address, MIA.address]
    worked.now -= timedelta(days=1)
    assert reports(worked.wait(days=1)) == []


@on_one_database
def test_who_was_down_on_monday_tells_it_later_and_of_an_empty_week_nothing(worked: Conversation) -> None:
    worked.wait(minutes=1)
    assert reports(worked.wait(days=8)) == [ADA.address, MIA.address]  # Wednesday
    # the ticket closed by itself, which is no promise
    assert reports(worked.wait(days=7)) == []


@on_one_database
def test_a_broken_promise_is_told_to_those_whose_it_is_now(desk: Conversation) -> None:
    desk.configure(weekly_report=True)
    desk.says(CARLA, "Payroll", HELP)
    desk.wait(hours=2)  # nobody answered: it went to L2
    turn = monday(desk)
    found = reports(turn)
    assert CLEO.address in found or MIA.address in found
    assert BEN.address not in found
    report = turn.to(MIA, "report")
    assert report.subject.startswith("Last week 0 of ")
    assert 'class="missed"' in report.html


@on_one_database
def test_the_desk_may_want_none(worked: Conversation) -> None:
    worked.configure(weekly_report=False)
    assert reports(monday(worked)) == []
