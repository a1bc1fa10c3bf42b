"""After a weekend without maild: what is due is done once, and nobody gets sixty mails (M11, B48, B50)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import cast
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, CLEO, DINO, MIA, Person

FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
HELP = "The program for the shifts does not start any more since the update. Please help me."
LADDERS = cast.DESK.partition("escalation:\n")[2].partition("closing:")[0]
TOLD = """\
  first_response: [{at: 50%, notify: [line]}, {at: 100%, notify: [lead, manager, oncall@pager.example], raise: true}]
  resolution: [{at: 75%, notify: [assignee]}, {at: 100%, notify: [lead, requester], raise: true}]
"""


def promise(desk: Conversation, folder: Path, ladders: str, *changes: tuple[str, str]) -> None:
    settings = cast.settings(folder, ("escalation:\n" + LADDERS, f"escalation:\n{ladders}\n"), *changes).desk
    desk.configure(levels=settings.levels, people=settings.people)


def test_sixty_tickets_over_a_weekend(desk: Conversation, tmp_path: Path) -> None:
    promise(desk, tmp_path, TOLD)
    desk.now = FRIDAY - timedelta(minutes=3)
    carla = desk.says(CARLA, "Payroll", "The payroll program prints nothing but blank pages. Can somebody look at it?")
    desk.answers(ADA, carla.to(ADA), "The makers will look at it.\n!escalate L3")
    users = [Person(f"User {n}", f"user{n}@customer.example") for n in range(59)]
    turns = desk.takes_all([letters.new(user, f"Shifts on floor {n}", HELP) for n, user in enumerate(users)])
    keys = [turn.ticket for turn in turns]
    assert desk.now == FRIDAY
    assert desk.count() == 60

    monday = desk.wait(seconds=(MONDAY - FRIDAY).total_seconds())
    # who has much to hear hears it at once
    assert monday.notices(ADA) == monday.notices(MIA) == monday.notices(CLEO) == ["digest"]
    assert monday.to(MIA).subject == "59 promises became due while the desk was not running"
    for key in (keys[0], keys[-1]):
        assert key in monday.to(ADA).text
        assert key in monday.to(MIA).text
    assert "Friday 27 November 2026, 18:00 · overdue by 61 hours · nobody has it" in monday.to(MIA).text
    pager = monday.to(Person("", "oncall@pager.example"))
    assert pager.notice == "digest"
    assert "mailto:" not in pager.html
    assert monday.nothing_to(BEN)  # of a rung that was passed over
    # who has one thing to hear is told of it as ever
    assert monday.notices(DINO) == ["sla_breach"]
    assert monday.to(DINO).subject == f"[{carla.ticket}] Payroll"
    assert monday.notices(CARLA) == ["delayed"]
    # and each user gets one mail, about what is theirs
    for user, key in zip(users, keys, strict=True):
        assert monday.notices(user) == ["escalation_requester"]
        assert monday.to(user).subject.startswith(f"[{key}]")
    assert len(monday.sent) == 4 + 1 + 60

    for key in (keys[0], keys[-1]):
        told = desk.told(key)
        assert told["line"] == "L2"  # not L3: L2 has not had it yet
        due = {"first_response": FRIDAY + timedelta(hours=2), "resolution": FRIDAY + timedelta(hours=24)}
        clocks = {clock["kind"]: clock for clock in told["clocks"]}
        assert {kind: clocks[kind]["breached_at"] for kind in due} == {k: at.isoformat() for k, at in due.items()}
        breached = {e["from"]: e["to"] for e in told["events"] if e["kind"] == "breached"}
        assert breached == {kind: at.isoformat() for kind, at in due.items()}
        fired = [[r["fired_at"] for r in clocks[kind]["rungs"]] for kind in due]
        assert fired == [[None, MONDAY.isoformat()]] * 2
    assert desk.wait(minutes=1).sent == []
    assert desk.wait(days=5).sent == []


@on_one_database
def test_a_rung_that_is_passed_over_tells_nobody_but_does_what_it_says(desk: Conversation, tmp_path: Path) -> None:
    ladder = """\
  first_response:
    - {at: 50%, notify: [line], tag: slow}
    - {at: 80%, notify: [lead], raise: true, priority: high}
    - {at: 100%, notify: [manager]}
    - {at: 100% + 1h, notify: [manager], tag: late}
"""
    promise(desk, tmp_path, ladder)
    opened = desk.says(CARLA, "Payroll", HELP)
    turn = desk.wait(days=2)
    assert turn.summary() == [
        ("escalation_requester", CARLA.address),
        ("sla_breach", MIA.address),
        ("escalation_line", CLEO.address),
    ]
    told = desk.told(opened.ticket)
    assert (told["line"], told["priority"], told["tags"]) == ("L2", "high", ["late", "slow"])
    assert len([e for e in told["events"] if e["kind"] == "line"]) == 1
    assert "has passed" in turn.to(CLEO).text
    assert desk.wait(days=2).sent == []


@on_one_database
@pytest.mark.parametrize("quiet", [True, False])
def test_a_digest_waits_for_working_hours_where_all_of_it_does(quiet: bool, desk: Conversation, tmp_path: Path) -> None:
    ladder = "  first_response: [{at: 100%, notify: [lead], quiet: true}]\n"
    ladder += f"  resolution: [{{at: 100%, notify: [lead], quiet: {str(quiet).lower()}}}]"
    promise(
        desk,
        tmp_path,
        ladder,
        ("  always: {zone", "  office: {zone: Europe/Rome, hours: {mon-fri: ['09:00-17:00']}}\n  always: {zone"),
        ("also: [ada@home.example], language: it}", "also: [ada@home.example], language: it, hours: office}"),
    )
    from maild.desk.models import Outgoing

    desk.now = FRIDAY
    for n in range(2):
        desk.says(CARLA, f"Payroll {n}", HELP)
    assert desk.wait(days=2).summary() == [("digest", ADA.address)]  # on Sunday
    (row,) = Outgoing.select().where(Outgoing.notice == "digest")
    assert row.not_before == (datetime(2026, 11, 30, 8, tzinfo=UTC) if quiet else desk.now)
