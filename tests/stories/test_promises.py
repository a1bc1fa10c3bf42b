"""All promises of desk.yaml end to end: answers, news, lines, ladders, and which agreement is for whom (B41 to B49)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.desk.models import Outgoing
from tests import cast
from tests.databases import on_one_database
from tests.stories.conversation import START, Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, MIA, SOREN, Person

pytestmark = on_one_database

HELP = "The payroll program does not start any more. Please help me today."
ONCALL = Person("", "oncall@pager.example")
MINUTE = timedelta(minutes=1)
PAUSE = "    pause: [pending]"
LADDERS = cast.DESK.partition("escalation:\n")[2].partition("closing:")[0]
CLEO_FOR_BEN = ("2027-01-02]}", "2027-01-02], deputy: cleo}")
CUSTOMER = """\
sla:
  - name: gold
    when: {WHEN}
    targets:
      critical: {first_response: 15m, resolution: 4h, calendar: always}
      high:     {first_response: 30m, resolution: 6h, calendar: always}
      medium:   {first_response: 45m, resolution: 8h, calendar: always}
      low:      {first_response: 1h,  resolution: 8h, calendar: always}
"""


def promise(desk: Conversation, folder: Path, *changes: tuple[str, str], ladders: str = "") -> None:
    """The desk goes on with another desk.yaml."""
    more = [("escalation:\n" + LADDERS, f"escalation:\n{ladders}\n")] if ladders else []
    settings = cast.settings(folder, *changes, *more).desk
    desk.configure(levels=settings.levels, people=settings.people)


def words(desk: Conversation, turn: Turn, who: Person = ADA) -> str:
    return turn.to(who).text


# -- an answer to what comes later ------------------------------------------------------------------------------------


def test_the_oldest_unanswered_mail_counts_and_a_public_answer_ends_all(desk: Conversation, tmp_path: Path) -> None:
    """B42."""
    promise(
        desk,
        tmp_path,
        (PAUSE, f"    next_response: 4h\n{PAUSE}"),
        ladders="  next_response: [{at: 100%, notify: [owner]}]",
    )
    opened = desk.says(CARLA, "Payroll", HELP)
    answered = desk.answers(BEN, opened.to(BEN), "Which version is it?")
    desk.now += timedelta(hours=1)
    desk.answers(CARLA, answered.to(CARLA), "It is version 7.")
    asked = desk.now
    desk.now += timedelta(hours=3)
    desk.answers(CARLA, answered.to(CARLA), "Any news?")
    desk.answers(BEN, opened.to(BEN), "!note\nI ask the maker.")
    clock = desk.clock(opened.ticket, "next_response")
    assert (clock["started_at"], clock["due_at"]) == (asked.isoformat(), (asked + timedelta(hours=4)).isoformat())
    late = desk.wait(hours=1)
    assert late.summary() == [("sla_breach", BEN.address)]
    assert "næste svar" in late.to(BEN).text
    assert "Carla Webb har ventet i 4 timer" in late.to(BEN).text
    desk.answers(BEN, opened.to(BEN), "Please install version 8.")
    ended = desk.clock(opened.ticket, "next_response")
    assert ended["stopped_at"] == desk.now.isoformat()
    assert ended["breached_at"] == clock["due_at"]
    assert desk.wait(hours=12).sent == []
    # the next question is a promise of its own
    desk.answers(CARLA, answered.to(CARLA), "Where do I find version 8?")
    assert desk.wait(hours=4).summary() == [("sla_breach", BEN.address)]


# -- news while it lasts ----------------------------------------------------------------------------------------------


def test_the_assignee_is_warned_before_promised_news_are_due(desk: Conversation, tmp_path: Path) -> None:
    ladder = "  keep_informed: [{at: 75%, notify: [assignee]}, {at: 100%, notify: [assignee, requester]}]"
    promise(desk, tmp_path, (PAUSE, f"    keep_informed: 8h\n{PAUSE}"), ladders=ladder)
    opened = desk.says(CARLA, "Payroll", HELP)
    answered = desk.answers(ADA, opened.to(ADA), "I look into it.")
    desk.now += timedelta(hours=5)
    desk.answers(ADA, opened.to(ADA), "!note\nThe maker has not answered.")
    warned = desk.wait(minutes=59)
    assert warned.summary() == [("sla_warning", ADA.address)]
    assert "aggiornamento promesso" in warned.to(ADA).text
    # a word to the requester, and it begins anew
    desk.answers(ADA, opened.to(ADA), "We wait for the maker of the program.")
    assert desk.wait(hours=5, minutes=59).sent == []
    assert desk.wait(minutes=1).summary() == [("sla_warning", ADA.address)]
    late = desk.wait(hours=2)
    assert late.notices(CARLA) == ["delayed"]
    assert "within **" not in late.to(CARLA).html
    # while it waits for the requester, nothing is owed
    desk.answers(ADA, opened.to(ADA), "Can you send us the log?\n!pending")
    assert desk.wait(days=3).sent == []
    desk.answers(CARLA, answered.to(CARLA), "Here it is.")
    assert desk.wait(hours=6).summary() == [("sla_warning", ADA.address)]


# -- how long a line may have it --------------------------------------------------------------------------------------


def test_a_line_that_has_a_ticket_too_long_loses_it_to_the_next(desk: Conversation, tmp_path: Path) -> None:
    promise(
        desk,
        tmp_path,
        (PAUSE, f"    lines: {{L1: 4h, L2: 8h}}\n{PAUSE}"),
        ladders="  line: [{at: 50%, notify: [lead]}, {at: 100%, notify: [lead], raise: true}]",
    )
    opened = desk.says(SOREN, "Lønprogrammet", "Lønprogrammet vil ikke starte mere, og jeg skal bruge det i dag.")
    half = desk.wait(hours=2)
    assert "tempo nel livello" in half.to(ADA).text
    desk.answers(ADA, opened.to(ADA), "!pending")
    assert desk.wait(hours=10).sent == []  # the line does not lose the time in which it can do nothing
    desk.answers(ADA, opened.to(ADA), "!status open")
    over = desk.wait(hours=2)
    assert over.summary() == [
        ("sla_breach", ADA.address),
        ("escalation_line", CLEO.address),
        ("escalation_requester", SOREN.address),
    ]
    assert "time in the line" in over.to(CLEO).text
    assert "a deadline has passed" in over.to(CLEO).text
    assert "impact medium" in over.to(CLEO).text
    told = desk.told(opened.ticket)
    assert told["line"] == "L2"
    assert [c["kind"] for c in told["clocks"] if c["stopped_at"] is None and c["kind"].startswith("line")] == [
        "line:L2"
    ]
    why = desk.answers(CLEO, over.to(CLEO), "!why").to(CLEO, "why").text
    assert "L1 → L2" in why.replace("first line (L1)", "L1").replace("second line (L2)", "L2")
    assert "(time in the line, 100%)" in why


# -- what changes promises --------------------------------------------------------------------------------------------


def test_a_new_priority_says_on_the_history_which_promises_moved(desk: Conversation) -> None:
    """B44."""
    opened = desk.says(CARLA, "Payroll", HELP)
    desk.now += timedelta(minutes=30)
    desk.answers(BEN, opened.to(BEN), "!priority high")
    moved = [e for e in desk.told(opened.ticket)["events"] if e["kind"] == "due"]
    start = START + MINUTE
    assert [(e["why"], e["from"], e["to"]) for e in moved] == [
        ("first_response", (start + timedelta(hours=2)).isoformat(), (start + timedelta(hours=1.5)).isoformat()),
        ("resolution", (start + timedelta(hours=24)).isoformat(), (start + timedelta(hours=16)).isoformat()),
    ]
    why = desk.answers(BEN, opened.to(BEN), "!why").to(BEN, "why").text
    before, after = "tirsdag den 24. november 2026 kl. 11.01", "tirsdag den 24. november 2026 kl. 10.31"
    assert f"frist regnet om: {before} → {after} (første svar)" in why


@pytest.mark.parametrize(
    ("when", "order"),
    [
        ("category: network/vpn", "!category network/vpn"),
        ("tag: [vip, press]", "!tag vip"),
        ("type: request", "!type request"),
    ],
)
def test_another_agreement_may_be_for_a_ticket_that_changes(
    when: str, order: str, desk: Conversation, tmp_path: Path
) -> None:
    promise(desk, tmp_path, ("sla:\n", CUSTOMER.replace("WHEN", when)))
    opened = desk.says(CARLA, "Payroll", HELP)
    assert desk.clock(opened.ticket, "resolution")["policy"] == "standard"
    desk.answers(BEN, opened.to(BEN), order)
    clock = desk.clock(opened.ticket, "resolution")
    assert (clock["policy"], clock["due_at"]) == ("gold", (START + MINUTE + timedelta(hours=8)).isoformat())
    (event,) = [e for e in desk.told(opened.ticket)["events"] if e["kind"] == "policy"]
    assert (event["from"], event["to"]) == ("standard", "gold")
    why = desk.answers(BEN, opened.to(BEN), "!why").to(BEN, "why").text
    assert "aftale: standard → gold (den første aftale, der gælder for sådan en sag)" in why


def test_an_agreement_is_chosen_by_who_writes_when_a_ticket_opens(desk: Conversation, tmp_path: Path) -> None:
    promise(desk, tmp_path, ("sla:\n", CUSTOMER.replace("WHEN", "domain: customer.example, language: da")))
    danish = desk.says(SOREN, "Lønprogrammet", "Lønprogrammet vil ikke starte mere, og jeg skal bruge det i dag.")
    english = desk.says(CARLA, "Payroll", HELP)
    assert desk.clock(danish.ticket, "first_response")["policy"] == "gold"
    assert "45 minutter" in danish.to(SOREN).text
    assert desk.clock(english.ticket, "first_response")["policy"] == "standard"


def test_opening_hours_are_named_only_where_they_count(desk: Conversation, tmp_path: Path) -> None:
    assert "opening hours" not in desk.says(CARLA, "Payroll", HELP).to(CARLA).text
    office = ("  always: {zone", "  office: {zone: UTC, hours: {mon-fri: ['08:00-16:00']}}\n  always: {zone")
    medium = "medium:   {first_response: 2h,   resolution: 24h, calendar: "
    promise(desk, tmp_path, office, (medium + "always}", medium + "office}"))
    assert "counted in our opening hours." in desk.says(CARLA, "Salaries", HELP).to(CARLA).text
    opened = desk.says(
        GIULIA, "Stipendi", "Il programma degli stipendi non parte più. Potete aiutarmi oggi, per favore?"
    )
    assert "nei nostri orari di apertura." in opened.to(GIULIA).text
    late = desk.wait(hours=2)
    told = late.to(GIULIA).text
    assert "entro 22 ore, nei nostri orari di apertura." in told


# -- what a rung can do -----------------------------------------------------------------------------------------------


def test_a_rung_gives_a_tag_and_a_priority_but_never_a_lower_one(desk: Conversation, tmp_path: Path) -> None:
    ladder = (
        "  first_response: [{at: 50%, tag: slow, priority: high}, {at: 100%, notify: [lead], tag: late, priority: low}]"
    )
    promise(desk, tmp_path, ladders=ladder)
    opened = desk.says(CARLA, "Payroll", HELP)
    assert desk.wait(hours=1).sent == []
    told = desk.told(opened.ticket)
    assert (told["priority"], told["tags"]) == ("high", ["slow"])
    assert desk.wait(minutes=30).summary() == [("sla_breach", ADA.address)]  # 1 h 30 of priority high
    told = desk.told(opened.ticket)
    assert (told["priority"], told["tags"]) == ("high", ["late", "slow"])
    assert {e["by"] for e in told["events"] if e["kind"] in ("tagged", "priority")} == {"timer"}


def test_an_address_is_told_as_the_staff_is_with_nothing_to_click(desk: Conversation, tmp_path: Path) -> None:
    promise(desk, tmp_path, ladders="  first_response: [{at: 50%, notify: [lead, oncall@pager.example]}]")
    desk.says(CARLA, "Payroll", HELP)
    turn = desk.wait(hours=1)
    mail = turn.to(ONCALL)
    assert mail.notice == "sla_warning"
    assert mail.reply_address == "support@example.org"
    assert "Carla Webb has been waiting for 1 hour" in mail.text
    assert "mailto:" not in mail.html
    assert "!take" not in mail.text
    assert turn.to(ADA).token not in mail.raw.decode()
    row = Outgoing.get(Outgoing.recipient == ONCALL.address)
    assert row.envelope_from == ""  # a bounce of it is no mail to the desk


def test_a_quiet_rung_waits_for_working_hours(desk: Conversation, tmp_path: Path) -> None:
    """B49: and what is not quiet, or for who has none, goes at once."""
    promise(
        desk,
        tmp_path,
        ("  always: {zone", "  office: {zone: Europe/Rome, hours: {mon-fri: ['09:00-17:00']}}\n  always: {zone"),
        ("also: [ada@home.example], language: it}", "also: [ada@home.example], language: it, hours: office}"),
        ladders="  first_response: [{at: 50%, notify: [line], quiet: true}, {at: 100%, notify: [lead]}]",
    )
    desk.now = datetime(2026, 11, 27, 18, 59, tzinfo=UTC)  # a Friday evening
    desk.says(CARLA, "Payroll", HELP)
    desk.wait(hours=1)
    rows = {row.recipient: row for row in Outgoing.select().where(Outgoing.notice == "sla_warning")}
    assert rows[ADA.address].not_before == datetime(2026, 11, 30, 8, tzinfo=UTC)  # nine o'clock in Rome, Monday
    assert rows[BEN.address].not_before == desk.now
    desk.wait(hours=1)
    (breach,) = Outgoing.select().where(Outgoing.notice == "sla_breach")
    assert (breach.recipient, breach.not_before) == (ADA.address, desk.now)


@pytest.mark.parametrize(
    ("people", "who"),
    [
        ((), ADA),
        ((CLEO_FOR_BEN,), CLEO),
        ((CLEO_FOR_BEN, ("cleo@example.org, language: en}", "cleo@example.org, away: [2026-12-24]}")), ADA),
        ((("also: [ada@home.example], language: it}", "away: [2026-12-24], deputy: mia}"),), MIA),
    ],
    ids=["the lead", "a deputy", "whose deputy is away as well", "where the lead is away, the lead's deputy"],
)  # fmt: skip
def test_who_is_away_is_stood_in_for(
    people: tuple[tuple[str, str], ...], who: Person, desk: Conversation, tmp_path: Path
) -> None:
    """B49."""
    opened = desk.says(CARLA, "Payroll", HELP)
    desk.answers(BEN, opened.to(BEN), "!take")
    promise(desk, tmp_path, *people, ladders="  resolution: [{at: 75%, notify: [assignee]}]")
    desk.now = START.replace(month=12, day=24)
    turn = desk.answers(CARLA, opened.to(CARLA), "Any news of this?")
    assert turn.summary() == [("requester_reply", who.address)]


@pytest.mark.parametrize(
    ("who", "said"), [(ADA, "attesa finita"), (BEN, "ventetiden er forbi"), (CLEO, "the wait is over")]
)
def test_a_wait_that_ended_while_nobody_looked_reads_well(who: Person, said: str, desk: Conversation) -> None:
    for n in range(2):
        opened = desk.says(CARLA, f"Payroll {n}", HELP)
        desk.answers(
            ADA, opened.to(ADA), f"We wait for the makers.\n!assign {who.address.partition('@')[0]}\n!pending 2h"
        )
    told = desk.wait(hours=3).to(who)
    assert told.notice == "digest"
    assert said in told.text
    assert "pending" not in told.text
