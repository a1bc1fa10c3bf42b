"""All clocks of a ticket follow from its timeline (B41-B50), and what was known of them stays known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from maild.policy import clock, clockwork, hours, ledger
from maild.policy.clock import ClockRun, Moment
from maild.policy.hours import Calendar
from maild.policy.sla import Levels, Policy, Rung, Target, When

H = 3600
HOUR = timedelta(hours=1)
OFFICE = Calendar("office", ZoneInfo("Europe/Copenhagen"), (((9 * H, 17 * H),),) * 5 + ((), ()), "DK")
ALWAYS = Calendar("always", ZoneInfo("UTC"), (((0, 24 * H),),) * 7)
CALENDARS = {"office": OFFICE, "always": ALWAYS}
LADDER = (
    Rung("50%", 50, timedelta(), ("line",), False),
    Rung("100%", 100, timedelta(), ("lead",), True),
    Rung("100% + 4h", 100, 4 * HOUR, ("manager",), False),
)
TARGETS = {
    "critical": Target(1 * HOUR, 8 * HOUR, "always"),
    "high": Target(1.5 * HOUR, 16 * HOUR, "office"),
    "medium": Target(2 * HOUR, 24 * HOUR, "office"),
    "low": Target(3 * HOUR, 24 * HOUR, "office"),
}
STANDARD = Policy("standard", TARGETS, frozenset({"pending"}), 4 * HOUR, 8 * HOUR, {"L1": 4 * HOUR, "L2": 8 * HOUR})
BARE = Policy("bare", {p: replace(t, calendar="always") for p, t in TARGETS.items()}, frozenset())
KINDS = ("first_response", "resolution", "next_response", "keep_informed", "line")
LEVELS = Levels((replace(BARE, when=When(tag=("bare",))), STANDARD), dict.fromkeys(KINDS, LADDER), CALENDARS)
OPENED = datetime(2026, 6, 8, 7, 0, tzinfo=UTC)  # a Monday, 9:00 in Copenhagen


def at(text: str) -> datetime:
    """`mon 14:30`, of the week in which the ticket is opened, or `2mon 9:00` of the next; in Copenhagen."""
    day, time = text.split()
    later = 7 if day[0] == "2" else 0
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(day[-3:]) + later
    hour, minute = map(int, time.split(":"))
    return OPENED + timedelta(days=days, hours=hour - 9, minutes=minute)


def moment(text: str) -> Moment:
    """`mon 14:30 status pending`."""
    day, time, kind, *value = text.split()
    return Moment(at(f"{day} {time}"), kind, " ".join(value) or None, "ada", "said so")  # type: ignore[arg-type]  # a kind


def told(*texts: str, opening: Sequence[str] = ("mon 9:00 opened medium",), now: str = "2sun 12:00") -> list[ClockRun]:
    found = [moment(text) for text in (*opening, *texts)]
    return list(clockwork.compute(found, LEVELS, at(now)))


def one(kind: str, *texts: str, now: str = "2sun 12:00", n: int = 0) -> ClockRun:
    return [run for run in told(*texts, now=now) if run.kind == kind][n]


# -- first response --------------------------------------------------------------------------------------------------


def test_the_first_answer_ends_it_and_nothing_asks_again() -> None:
    run = one(
        "first_response", "mon 10:30 replied", "mon 12:00 status resolved", "tue 9:00 status open", "2mon 9:00 replied"
    )
    assert (run.stopped_at, run.stopped_why, run.breached_at) == (at("mon 10:30"), "replied", None)
    assert (run.elapsed, run.due_at, run.calendar, run.policy) == (1.5 * HOUR, at("mon 11:00"), "office", "standard")


def test_neither_a_mail_nor_a_pause_nor_a_line_ends_it() -> None:
    run = one("first_response", "mon 9:30 status pending", "mon 10:00 wrote", "mon 10:10 line L2", now="mon 10:30")
    assert (run.stopped_at, run.paused_at, run.pauses, run.elapsed) == (None, None, (), 1.5 * HOUR)


def test_what_is_resolved_unanswered_asks_for_no_first_answer_but_for_the_next() -> None:
    runs = told("mon 10:00 status resolved", "tue 9:00 wrote", "tue 9:00 status open")
    assert [(r.kind, r.stopped_why) for r in runs if r.kind.endswith("response")] == [
        ("first_response", "resolved"),
        ("next_response", None),
    ]


def test_a_merge_that_is_undone_takes_no_promise_away() -> None:
    """B47: merged, nothing runs. Unmerged, the first answer still did not come."""
    merged = one("first_response", "mon 10:00 status merged", now="mon 18:00")
    assert (merged.stopped_at, merged.breached_at) == (at("mon 10:00"), None)
    again = one("first_response", "mon 10:00 status merged", "mon 12:00 status open")
    assert (again.due_at, again.stopped_at, again.breached_at) == (at("mon 13:00"), None, at("mon 13:00"))


# -- next response ---------------------------------------------------------------------------------------------------


def test_the_oldest_mail_waits_until_an_answer_answers_all() -> None:
    texts = ("mon 10:00 replied", "mon 14:00 wrote", "mon 16:00 wrote", "tue 11:00 replied", "wed 9:00 wrote")
    first, second = one("next_response", *texts), one("next_response", *texts, n=1)
    assert (first.started_at, first.due_at) == (at("mon 14:00"), at("tue 10:00"))
    assert (first.stopped_at, first.breached_at) == (at("tue 11:00"), at("tue 10:00"))
    assert (second.started_at, second.due_at, second.stopped_at) == (at("wed 9:00"), at("wed 13:00"), None)


def test_before_the_first_answer_there_is_no_next() -> None:
    assert [r.kind for r in told("mon 10:00 wrote", "mon 10:30 replied") if r.kind == "next_response"] == []


def test_thanks_to_what_is_resolved_waits_for_nobody() -> None:
    texts = ("mon 10:00 replied", "mon 12:00 status resolved", "mon 13:00 wrote", "thu 9:00 status open")
    assert [r.kind for r in told(*texts) if r.kind == "next_response"] == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_mail_that_reopens_waits_whichever_is_written_first(order: tuple[int, int]) -> None:
    both = ("tue 9:00 wrote", "tue 9:00 status open")
    run = one("next_response", "mon 10:00 replied", "mon 12:00 status resolved", *(both[i] for i in order))
    assert run.started_at == at("tue 9:00")


@pytest.mark.parametrize("status", ["resolved", "closed", "merged"])
def test_what_is_solved_has_no_running_clock(status: str) -> None:
    runs = told(
        "mon 10:00 replied", "mon 14:00 wrote", "mon 14:30 pending_until 2026-07-01", f"mon 15:00 status {status}"
    )
    assert len(runs) == 6
    assert all(run.stopped_at is not None for run in runs)


# -- resolution, pauses, reopening -----------------------------------------------------------------------------------


def test_a_pause_is_left_out_and_leaving_it_does_not_breach() -> None:
    run = one("resolution", "wed 16:59 status pending", "2mon 9:00 status open", now="2mon 9:00")
    assert (run.due_at, run.breached_at) == (at("2mon 9:01"), None)
    assert [(p.since, p.until, p.open, p.why) for p in run.pauses] == [
        (at("wed 16:59"), at("2mon 9:00"), 16 * HOUR + timedelta(minutes=1), "pending")
    ]
    assert run.elapsed == 24 * HOUR - timedelta(minutes=1)


def test_a_clock_that_stands_still_is_told_as_if_it_went_on_now() -> None:
    run = one("resolution", "mon 12:00 status pending", now="tue 11:00")
    assert (run.paused_at, run.paused, run.elapsed, run.due_at) == (
        at("mon 12:00"),
        7 * HOUR,
        3 * HOUR,
        at("thu 16:00"),
    )
    assert run.rungs[0].due_at == at("wed 12:00")


def test_reopening_goes_on_with_the_same_clock() -> None:
    run = one(
        "resolution", "mon 15:00 status resolved", "tue 9:00 status closed", "thu 15:00 status open", now="thu 15:00"
    )
    assert (run.due_at, run.elapsed, run.paused) == (at("2mon 17:00"), 6 * HOUR, 24 * HOUR)
    assert [step.what for step in run.steps] == ["started", "stopped", "reopened"]


def test_reopened_into_a_pause_it_stands() -> None:
    run = one(
        "resolution", "mon 15:00 status resolved", "tue 9:00 status pending", "tue 10:00 status open", now="tue 10:00"
    )
    assert [(p.why, p.open) for p in run.pauses] == [("resolved", 2 * HOUR), ("pending", HOUR)]


# -- priority and policy ---------------------------------------------------------------------------------------------


def test_a_new_priority_counts_from_the_start_and_keeps_what_was_used() -> None:
    run = one(
        "resolution", "mon 12:00 status pending", "mon 14:00 status open", "mon 16:00 priority high", now="mon 16:00"
    )
    assert (run.due_at, run.elapsed, run.paused) == (at("wed 11:00"), 5 * HOUR, 2 * HOUR)
    step = run.steps[-1]
    assert (step.what, step.by, step.why, step.values["elapsed"]) == ("priority", "ada", "said so", 5 * HOUR)


def test_a_breach_stays_when_the_due_time_moves() -> None:
    run = one("first_response", "mon 11:30 priority low", "mon 11:45 replied")
    assert (run.due_at, run.breached_at) == (at("mon 12:00"), at("mon 11:00"))


def test_a_priority_that_lasted_no_time_breaks_nothing() -> None:
    run = one("first_response", "mon 10:40 priority critical", "mon 10:40 priority low", "mon 11:30 replied")
    assert (run.due_at, run.breached_at) == (at("mon 12:00"), None)


def test_another_policy_starts_and_ends_what_it_promises() -> None:
    runs = told("mon 10:00 replied", "mon 12:00 status pending", "tue 9:00 policy bare", now="tue 9:00")
    resolution, informed = runs[1], [run for run in runs if run.kind == "keep_informed"]
    assert (resolution.policy, resolution.calendar, resolution.paused_at) == ("bare", "always", None)
    assert [run.stopped_why for run in informed] == ["replied", "policy"]
    back = told("mon 9:30 policy bare", "mon 15:00 policy standard", now="mon 16:00")
    assert [(run.kind, run.started_at, run.stopped_why) for run in back[2:]] == [
        ("keep_informed", at("mon 9:00"), "policy"),
        ("keep_informed", at("mon 15:00"), None),
    ]


def test_a_policy_at_the_opening_is_what_it_opens_with() -> None:
    runs = told("mon 9:00 policy bare", "mon 9:00 priority low", now="mon 9:00")
    assert [(run.kind, run.policy, run.target, len(run.steps)) for run in runs] == [
        ("first_response", "bare", 3 * HOUR, 1),
        ("resolution", "bare", 24 * HOUR, 1),
    ]


# -- keep informed, lines, pending until -----------------------------------------------------------------------------


def test_each_answer_promises_the_next_news() -> None:
    texts = ("mon 13:00 replied", "mon 15:00 status pending", "tue 9:00 status open", "tue 17:00 status resolved")
    first, second = (one("keep_informed", *texts, n=n) for n in (0, 1))
    assert (first.started_at, first.due_at, first.stopped_at) == (at("mon 9:00"), at("mon 17:00"), at("mon 13:00"))
    assert (second.started_at, second.due_at, second.stopped_why) == (at("mon 13:00"), at("tue 15:00"), "resolved")
    assert second.breached_at == at("tue 15:00")
    again = one("keep_informed", *texts, "wed 9:00 status open", n=2)
    assert (again.started_at, again.due_at) == (at("wed 9:00"), at("wed 17:00"))


def test_each_line_has_its_own_time_with_each_stay() -> None:
    texts = ("mon 9:00 line L1", "mon 11:00 line L2", "tue 12:00 line L1", "tue 13:00 line L3")
    lines = [run for run in told(*texts) if run.kind.startswith("line:")]
    assert [(r.kind, r.started_at, r.due_at, r.stopped_at, r.breached_at) for r in lines] == [
        ("line:L1", at("mon 9:00"), at("mon 13:00"), at("mon 11:00"), None),
        ("line:L2", at("mon 11:00"), at("tue 11:00"), at("tue 12:00"), at("tue 11:00")),
        ("line:L1", at("tue 12:00"), at("tue 16:00"), at("tue 13:00"), None),
    ]
    assert [rung.text for rung in lines[0].rungs] == ["50%", "100%", "100% + 4h"]  # the ladder of "line"


def test_a_line_keeps_its_clock_over_a_reopening_and_another_gets_a_new_one() -> None:
    texts = ("mon 9:00 line L1", "mon 10:00 status resolved")
    same = one("line:L1", *texts, "tue 10:00 status open", now="tue 10:00")
    assert (same.started_at, same.due_at) == (at("mon 9:00"), at("tue 13:00"))
    other = told(*texts, "mon 12:00 line L2", "tue 10:00 status open", now="tue 10:00")[-1]
    assert (other.kind, other.started_at) == ("line:L2", at("tue 10:00"))


def test_a_time_until_which_it_waits_is_no_promise() -> None:
    texts = ("mon 10:00 status pending", "mon 10:00 pending_until 2026-06-10T09:00:00+02:00")
    run = one("pending_until", *texts, now="fri 12:00")
    assert (run.due_at, run.breached_at, run.calendar, run.rungs) == (at("wed 9:00"), None, None, ())
    moved = one("pending_until", *texts, "tue 9:00 pending_until 2026-06-11T07:00:00", "wed 9:00 status open")
    assert (moved.due_at, moved.stopped_at, moved.stopped_why) == (at("thu 9:00"), at("wed 9:00"), "open")
    over = one("pending_until", *texts, "wed 9:01 pending_until", "wed 9:01 status open")
    assert (over.stopped_at, over.stopped_why) == (at("wed 9:01"), "over")


# -- rungs, ledger ---------------------------------------------------------------------------------------------------


def test_any_ladder_can_be_laid_on_a_clock() -> None:
    run = one("resolution", "mon 11:00 status pending", "mon 13:00 status open", now="mon 13:00")
    assert clock.rungs(run, LADDER, OFFICE, at("mon 13:00")) == tuple(rung.due_at for rung in run.rungs)
    early = Rung("100% - 2h", 100, -2 * HOUR, ("line",), False)
    assert clock.rungs(run, (early,), OFFICE, at("mon 13:00")) == (at("wed 17:00"),)


def test_the_ledger_says_what_was_cut_and_why() -> None:
    special = replace(OFFICE, closed=frozenset({date(2026, 6, 9)}), special=((date(2026, 6, 14), ((9 * H, 10 * H),)),))
    found = ledger.cuts(special, at("mon 16:00"), at("2mon 9:30"))
    assert [(c.since, c.until, [(f"{d.day:%a}", d.why) for d in c.days]) for c in found] == [
        (at("mon 17:00"), at("wed 9:00"), [("Tue", "closed")]),
        (at("wed 17:00"), at("thu 9:00"), []),
        (at("thu 17:00"), at("fri 9:00"), []),
        (at("fri 17:00"), at("sun 9:00"), [("Sat", "weekday")]),
        (at("sun 10:00"), at("2mon 9:00"), []),
    ]
    assert ledger.cuts(ALWAYS, at("mon 9:00"), at("2mon 9:00")) == ()
    run = one("resolution", "tue 10:00 status resolved")
    assert [step.what for step in ledger.of(run, LEVELS)] == ["started", "closed", "stopped"]


def test_a_day_with_hours_of_its_own_goes_before_everything_else() -> None:
    easter = date(2026, 4, 3)
    calendar = replace(OFFICE, closed=frozenset({easter}), special=((easter, ((10 * H, 12 * H),)),))
    a = datetime(2026, 4, 2, 12, tzinfo=UTC)
    assert hours.between(calendar, a, a + timedelta(days=4)) == 2 * HOUR
    assert not replace(ALWAYS, special=calendar.special).always


# -- which policy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        (When(), True),
        (When(category=("network",)), True),
        (When(category=("network/vpn",)), True),
        (When(category=("network/vpn/client", "net")), False),
        (When(service=("mail", "vpn")), True),
        (When(domain=("customer.example",)), True),
        (When(domain=("omer.example", "it.customer.example.com")), False),
        (When(tag=("vip", "other")), True),
        (When(tag=("other",)), False),
        (When(type=("incident",), priority=("high",), language=("da",)), True),
        (When(type=("incident",), priority=("high",), language=("it",)), False),
    ],
)
def test_a_policy_is_for_what_all_its_words_fit(when: When, fits: bool) -> None:
    ticket = SimpleNamespace(
        type="incident", priority="high", category="network/vpn", service="vpn",
        requester="carla@it.customer.example", language="da", tags=frozenset({"vip"}),
    )  # fmt: skip
    levels = replace(LEVELS, policies=(replace(BARE, when=when), STANDARD))
    assert levels.policies[0].matches(ticket) is fits
    assert levels.policy_for(ticket).name == ("bare" if fits else "standard")
    nothing = SimpleNamespace(**{**vars(ticket), "category": None, "service": None, "requester": ""})
    assert (When(category=("network",)).fits(nothing), When(domain=("customer.example",)).fits(nothing)) == (False,) * 2
