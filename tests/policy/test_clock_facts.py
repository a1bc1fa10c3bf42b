"""Whatever happens to a ticket: facts of its clocks hold together, and what was known of them stays known (B50)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.policy import clockwork, ledger
from maild.policy.clock import Moment, MomentKind
from tests.policy.test_clockwork import HOUR, LEVELS, OPENED, TARGETS

VALUES: dict[MomentKind, tuple[str | None, ...]] = {
    "priority": tuple(TARGETS),
    "policy": ("bare", "standard"),
    "line": ("L1", "L2", "L3"),
    "status": ("open", "pending", "pending", "resolved", "closed", "merged"),
    "replied": (None,),
    "wrote": (None,),
    "pending_until": (None, "2026-06-12T10:00:00+00:00"),
}
MINUTES = st.integers(0, 14 * 24 * 12).map(lambda n: OPENED + timedelta(minutes=5 * n))
MOMENTS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda kind: st.builds(Moment, MINUTES, st.just(kind), st.sampled_from(VALUES[kind]))
)
TIMELINES = st.lists(MOMENTS, max_size=12).map(
    lambda moments: [Moment(OPENED, "opened", "medium"), Moment(OPENED, "line", "L1"), *moments]
)


def known_stays_known(moments: list[Moment], one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    then = clockwork.compute(moments, LEVELS, early)
    assert then == clockwork.compute([m for m in moments if m.at <= early], LEVELS, early)
    now = clockwork.compute(moments, LEVELS, late)
    assert len(then) <= len(now)
    for before, after in zip(then, now, strict=False):
        assert (before.kind, before.started_at) == (after.kind, after.started_at)
        over = [(p.since, p.until) for p in before.pauses if p.until]
        assert [(p.since, p.until) for p in after.pauses[: len(over)]] == over
        assert after.steps[: len(before.steps)] == before.steps or early in {m.at for m in moments}
        if before.breached_at and before.breached_at < early:
            assert after.breached_at == before.breached_at
        for rung, again in zip(before.rungs, after.rungs, strict=False):
            assert rung.fired_at in (None, early, again.fired_at)


def facts_hold(moments: list[Moment], now: datetime) -> None:
    runs = clockwork.compute(moments, LEVELS, now)
    live = [run.kind.partition(":")[0] for run in runs if run.stopped_at is None]
    assert len(live) == len(set(live))  # of each kind one goes at a time
    for run in runs:
        assert run.started_at <= now
        assert run.elapsed >= timedelta()
        end = run.stopped_at or now
        late = run.due_at < end and run.paused_at is None and run.calendar is not None
        assert not late or run.breached_at is not None
        assert run.breached_at is None or run.breached_at <= end
        assert [rung.fired_at for rung in run.rungs if rung.fired_at] == sorted(
            rung.fired_at for rung in run.rungs if rung.fired_at
        )
        assert ledger.as_json(run, LEVELS)["kind"] == run.kind


def a_longer_pause_is_never_due_earlier(since: datetime, short: int, long: int) -> None:
    short, long = sorted((short, long))
    due = []
    for minutes in (0, short, long):
        until = since + timedelta(minutes=minutes)
        still = [Moment(since, "status", "pending"), Moment(until, "status", "open")]
        runs = clockwork.compute([Moment(OPENED, "opened", "low"), *still], LEVELS, until)
        due.append(runs[1].due_at)
        assert runs[1].breached_at is None or runs[1].breached_at <= since
    assert due == sorted(due)


def nothing_comes_of_what_says_nothing(moments: list[Moment], where: datetime) -> None:
    """What a clock does not follow, or has already, changes none."""
    now = OPENED + timedelta(days=15)
    said = [m.value for m in sorted(moments, key=lambda m: m.at) if m.kind == "status" and m.at < where]
    status = said[-1] if said else "new"
    if any(m.at == where for m in moments):
        return
    same = Moment(where, "status", status)
    assert clockwork.compute([*moments, same], LEVELS, now) == clockwork.compute(moments, LEVELS, now)
    before = Moment(OPENED - HOUR, "replied")
    assert clockwork.compute([before, *moments], LEVELS, now) == clockwork.compute(moments, LEVELS, now)


@given(TIMELINES, MINUTES, MINUTES)
@settings(max_examples=30, deadline=None)
def test_what_was_known_stays_known(moments: list[Moment], one: datetime, other: datetime) -> None:
    known_stays_known(moments, one, other)


@given(TIMELINES, MINUTES)
@settings(max_examples=30, deadline=None)
def test_facts_hold_together(moments: list[Moment], now: datetime) -> None:
    facts_hold(moments, now)


@given(MINUTES, st.integers(0, 9000), st.integers(0, 9000))
@settings(max_examples=30, deadline=None)
def test_pausing_longer_is_never_due_earlier(since: datetime, short: int, long: int) -> None:
    a_longer_pause_is_never_due_earlier(since, short, long)


@given(TIMELINES, MINUTES)
@settings(max_examples=30, deadline=None)
def test_what_says_nothing_changes_nothing(moments: list[Moment], where: datetime) -> None:
    nothing_comes_of_what_says_nothing(moments, where)


@pytest.mark.slow
@given(TIMELINES, MINUTES, MINUTES, st.integers(0, 9000), st.integers(0, 9000))
@settings(max_examples=3000, deadline=None)
def test_all_of_it_deeply(moments: list[Moment], one: datetime, other: datetime, short: int, long: int) -> None:
    known_stays_known(moments, one, other)
    facts_hold(moments, one)
    a_longer_pause_is_never_due_earlier(other, short, long)
    nothing_comes_of_what_says_nothing(moments, one)


def test_a_ticket_with_hundreds_of_pauses_is_reckoned_at_once() -> None:
    """M12: a robot that answers each question pauses a ticket again and again."""
    began = time.process_time()
    moments = [Moment(OPENED, "opened", "medium")]
    for n in range(300):
        moments.append(Moment(OPENED + (20 * n + 1) * HOUR, "status", "pending"))
        moments.append(Moment(OPENED + (20 * n + 11) * HOUR, "status", "open"))
    runs = clockwork.compute(moments, LEVELS, OPENED + 6_100 * HOUR)
    assert max(len(run.pauses) for run in runs) == 300
    assert time.process_time() - began < 4
