"""More than sixty situations against a count of minutes that knows nothing of maild, many of them by hand as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from maild import config
from maild.policy import ledger, simulate
from maild.policy.clock import ClockRun
from maild.policy.simulate import Given, Impossible
from maild.policy.sla import Levels, When
from tests import cast
from tests.policy.minutes import MINUTE, Walked, Wall, walk
from tests.policy.situations import CALENDARS, PROMISES, SLA, STORIES, WALLS, Story

BLOCK = cast.DESK[cast.DESK.index("calendars:") : cast.DESK.index("escalation:")]


@pytest.fixture(scope="module")
def levels(tmp_path_factory: pytest.TempPathFactory) -> Levels:
    folder = cast.write(tmp_path_factory.mktemp("desk"), (BLOCK, CALENDARS + SLA))
    return config.load(folder).desk.levels


def given(story: Story) -> Given:
    """The story with its wall times in UTC."""

    def span(text: str) -> tuple[datetime, datetime | None]:
        since, _, until = text.partition("..")
        return story.at(since), story.at(until) if until else None

    return Given(
        priority=story.priority,
        opened=story.at(story.opened),
        calendar=story.calendar,
        pauses=tuple(map(span, story.pauses)),
        priorities=tuple((story.at(text[:16]), text[17:]) for text in story.priorities),
        replies=tuple(map(story.at, story.replies)),
        writes=tuple(map(story.at, story.writes)),
        resolved=tuple(map(story.at, story.resolved)),
        reopened=tuple(map(story.at, story.reopened)),
        now=story.at(story.now) if story.now else None,
    )


def by_minutes(story: Story, kind: str) -> Walked:
    """The clock of a kind as the walk has it."""
    told = given(story)
    now = told.now or max(told.times())
    place = {"first_response": 0, "resolution": 1}

    def promise(priority: str) -> tuple[Wall, int]:
        *minutes, calendar = PROMISES[priority]
        return WALLS[story.calendar or calendar], 240 if kind == "next_response" else int(minutes[place[kind]])

    priorities = [(told.opened, story.priority), *told.priorities]
    ends = [*told.replies, *told.resolved]
    if kind == "first_response":
        return walk(told.opened, priorities, promise, [], min(ends, default=None), now)
    if kind == "next_response":
        answers = [at for at in ends if at > told.writes[0]]
        return walk(told.writes[0], priorities, promise, [], min(answers, default=None), now)
    solved = [(at, min((r for r in told.reopened if r > at), default=None)) for at in told.resolved]
    still = [(at, until, "solved") for at, until in solved if until]
    for since, until in told.pauses:  # a solution ends a pause
        cut = min((at for at in told.resolved if at > since), default=until or now)
        still.append((since, min(until or now, cut), "paused"))
    stop = next((at for at, until in solved if until is None), None)
    return walk(told.opened, priorities, promise, still, stop, now)


def compared(runs: tuple[ClockRun, ...], story: Story) -> None:
    assert [run.kind for run in runs[:2]] == ["first_response", "resolution"]
    for run in runs:
        walked = by_minutes(story, run.kind)
        got = (run.due_at, run.breached_at, run.paused)
        assert got == (walked.due, walked.breached, walked.stood * MINUTE), run.kind
    by_kind = {run.kind: run for run in runs}
    for what, time in story.hand.items():
        run = by_kind[what.rstrip("!")]
        assert (run.breached_at if what.endswith("!") else run.due_at) == story.at(time), what


def test_there_are_enough_situations_and_each_has_its_name() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES) >= 60


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_situation_comes_out_as_minutes_and_hand_say(story: Story, levels: Levels) -> None:
    compared(simulate.simulate(given(story), levels).clocks, story)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_told_later_it_breaches_when_nobody_did_anything_more(story: Story, levels: Levels) -> None:
    """A year later what still went has breached at its due time, and every rung has fired, in order, while it went."""
    told = given(story)
    later = max((*told.times(), told.now or told.opened)) + timedelta(days=365)
    before = simulate.simulate(told, levels).clocks
    after = simulate.simulate(replace(told, now=later), levels).clocks
    for one, other in zip(before, after, strict=True):
        assert other.breached_at == (one.breached_at or (None if one.stopped_at else other.breached_at))
        fired = [rung.fired_at for rung in other.rungs if rung.fired_at]
        assert fired == sorted(fired)
        if one.stopped_at is None and one.paused_at is None:
            assert other.breached_at == (one.breached_at or one.due_at)
            assert other.rungs[-1:] == () or other.rungs[-1].fired_at
        if one.stopped_at:
            assert other == one


def test_rungs_fire_while_the_clock_goes_and_pauses_move_them(levels: Levels) -> None:
    story = Story("", "medium", "kontor", "2026-06-08 09:00", pauses=["2026-06-08 10:00..2026-06-09 10:00"],
                  resolved=["2026-06-11 11:00"])  # fmt: skip
    run = simulate.simulate(given(story), levels).clocks[1]
    assert [(r.text, r.due_at, r.fired_at) for r in run.rungs] == [
        ("75%", story.at("2026-06-11 11:00"), None),  # 18 hours and 8 of pause: due as it is resolved
        ("100%", story.at("2026-06-12 09:00") - timedelta(hours=16), None),
        ("100% + 4h", story.at("2026-06-12 13:00"), None),
    ]


def test_only_the_highest_rung_fires_where_a_change_makes_several_due(levels: Levels) -> None:
    story = Story("", "medium", "kontor", "2026-06-08 09:00", priorities=["2026-06-08 09:55=critical"],
                  now="2026-06-08 10:30")  # fmt: skip
    run = simulate.simulate(given(story), levels).clocks[0]
    assert [rung.fired_at for rung in run.rungs] == [None, story.at("2026-06-08 09:55"), story.at("2026-06-08 10:00")]


def test_a_pause_after_the_due_time_makes_it_no_less_late(levels: Levels) -> None:
    story = Story("", "critical", "kontor", "2026-06-08 09:00", pauses=["2026-06-08 16:00..2026-06-09 09:00",
                  "2026-06-09 12:00..2026-06-10 12:00"], now="2026-06-11 09:00")  # fmt: skip
    run = simulate.simulate(given(story), levels).clocks[1]
    assert run.due_at == run.breached_at == story.at("2026-06-09 10:00")
    assert run.rungs[2].due_at == story.at("2026-06-10 14:00")  # the fifth hour after noon, less one before it


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"calendar": "kontoret"}, 'no calendar "kontoret"; did you mean `kontor`'),
        ({"policy": "gold"}, 'no service level "gold"; known are standard'),
        ({"reopened": ["2026-06-08 10:00"]}, "cannot be reopened at 2026-06-08T08:00:00[+]00:00: it is not resolved"),
        ({"resolved": ["2026-06-08 10:00", "2026-06-08 11:00"]}, "cannot be resolved .* already"),
        ({"pauses": ["2026-06-08 10:00..2026-06-08 09:30"]}, "ends before it begins"),
        ({"pauses": ["2026-06-08 10:00..", "2026-06-08 11:00.."]}, "stands still already"),
        ({"pauses": ["2026-06-08 11:00.."], "resolved": ["2026-06-08 10:00"]}, "cannot be paused .* resolved already"),
        ({"replies": ["2026-06-08 08:59"]}, "is before the ticket was opened"),
        ({"now": "2026-06-07 10:00"}, "is before the ticket was opened"),
    ],
)
def test_what_cannot_have_happened_is_refused(changes: dict[str, Any], words: str, levels: Levels) -> None:
    story = Story("", "medium", "kontor", "2026-06-08 09:00")
    values = {name: value for name, value in changes.items() if name in ("calendar", "policy")}
    told = given(replace(story, **{name: value for name, value in changes.items() if name not in values}))
    with pytest.raises(Impossible, match=words):
        simulate.simulate(replace(told, **values), levels)


def test_the_policy_follows_the_priority_where_it_asks_for_it(levels: Levels) -> None:
    standard = levels.policies[0]
    urgent = replace(standard, name="urgent", when=When(priority=("critical",)), keep_informed=timedelta(hours=1))
    both = replace(levels, policies=(urgent, standard))
    story = Story("", "medium", "kontor", "2026-06-08 09:00", priorities=["2026-06-08 10:00=critical"])
    found = simulate.simulate(given(story), both)
    assert [run.kind for run in found.clocks] == ["first_response", "resolution", "keep_informed"]
    assert {run.policy for run in found.clocks} == {"urgent"}
    named = simulate.simulate(replace(given(story), policy="standard"), both)
    assert {run.policy for run in named.clocks} == {"standard"}


def test_json_has_the_shape_of_a_tickets_clocks_and_the_ledger(levels: Levels) -> None:
    story = next(story for story in STORIES if story.name == "Easter in Denmark")
    told = ledger.as_json(simulate.simulate(given(story), levels).clocks[0], levels)
    assert {"kind", "target_minutes", "calendar", "started_at", "due_at", "stopped_at", "breached_at"} <= told.keys()
    assert {"elapsed_minutes", "paused_minutes", "rungs"} <= told.keys()
    assert told["due_at"] == "2026-04-07T08:00:00+00:00"
    started, closed = told["steps"]
    assert (started["what"], started["target_minutes"]) == ("started", 120)
    assert (closed["what"], closed["at"], closed["until"]) == (
        "closed", "2026-04-01T15:00:00+00:00", "2026-04-07T07:00:00+00:00"
    )  # fmt: skip
    days = [(day["day"][5:], day["why"], day["name"]) for day in closed["days"]]
    assert days == [
        ("04-02", "holiday", "Skærtorsdag"),
        ("04-03", "holiday", "Langfredag"),
        ("04-04", "weekday", None),
        ("04-05", "weekday", None),
        ("04-06", "holiday", "Anden påskedag"),
    ]


# -- any story -------------------------------------------------------------------------------------------------------

NIGHTS = (
    "2026-03-27",
    "2026-03-07",
    "2026-04-03",
    "2026-10-02",
    "2026-10-23",
    "2026-10-30",
    "2026-12-22",
    "2028-02-27",
)


@st.composite
def _stories(draw: st.DrawFn) -> Story:
    """A story that can have happened: what comes next is drawn of what may come next."""
    calendar = draw(st.sampled_from(["office", "kontor", "split", "plant", "quay", "isle", "roma", None]))
    first = datetime.fromisoformat(draw(st.sampled_from(NIGHTS))) + timedelta(minutes=draw(st.integers(0, 3 * 1440)))
    found: dict[str, list[str]] = {name: [] for name in ("pauses", "priorities", "replies", "resolved", "reopened")}
    at, state, since = first, "open", ""
    for _ in range(draw(st.integers(0, 7))):
        at += timedelta(minutes=draw(st.integers(61, 2500)))  # an hour at least: one that shows twice is in order
        text = f"{at:%Y-%m-%dT%H:%M}"
        may = {"open": ("pauses", "resolved"), "pauses": ("goes on", "resolved"), "resolved": ("reopened",)}[state]
        what = draw(st.sampled_from((*may, "priorities", "replies")))
        if what == "priorities":
            found[what].append(f"{text}={draw(st.sampled_from(sorted(PROMISES)))}")
            continue
        if state == "pauses" and what != "replies":
            found["pauses"].append(f"{since}..{text if what == 'goes on' else ''}")
        if what in ("replies", "resolved", "reopened"):
            found[what].append(text)
        state, since = {"goes on": "open", "reopened": "open", "replies": state}.get(what, what), text
    if state == "pauses":
        found["pauses"].append(f"{since}..")
    priority = draw(st.sampled_from(sorted(PROMISES)))
    opened, now = (f"{time:%Y-%m-%dT%H:%M}" for time in (first, at + timedelta(minutes=61)))
    return replace(Story("any", priority, calendar, opened, now=now), **found)  # type: ignore[arg-type]  # its lists


@pytest.mark.slow
@hypothesis.given(_stories())
@hypothesis.settings(max_examples=1500, deadline=None)
def test_any_story_comes_out_as_minutes_say(levels: Levels, story: Story) -> None:
    compared(simulate.simulate(given(story), levels).clocks, story)
