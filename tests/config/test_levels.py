"""Service levels for some tickets, lines' times, half days: read whole, and refused where they stand (M10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from maild import config
from maild.config import ConfigError

Folder = Callable[..., Path]
PAUSE = "    pause: [pending]\n"
SOME = """\
sla:
  - name: customers
    when: {WHEN}
    targets:
      critical: {first_response: 1h, resolution: 4h, calendar: always}
      high:     {first_response: 1h, resolution: 4h, calendar: always}
      medium:   {first_response: 1h, resolution: 4h, calendar: always}
      low:      {first_response: 1h, resolution: 4h, calendar: always}
"""


def some(when: str) -> str:
    return SOME.replace("WHEN", when)


def wrong(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    (problem,) = caught.value.problems
    return str(problem)


def test_a_policy_for_some_tickets_is_read(folder: Folder) -> None:
    when = "category: network, domain: [Customer.Example, kunde.dk], type: [incident, request], language: da, tag: vip"
    first, last = config.load(folder("desk.yaml", "sla:\n", some(when))).desk.levels.policies
    assert first.when is not None
    assert (first.when.category, first.when.domain) == (("network",), ("customer.example", "kunde.dk"))
    assert (first.when.type, first.when.language, first.when.tag) == (("incident", "request"), ("da",), ("vip",))
    assert last.when is None


def test_news_and_lines_are_promised(folder: Folder) -> None:
    more = PAUSE + "    keep_informed: 8h\n    lines: {L1: 4h, L2: 1d}\n"
    (policy,) = config.load(folder("desk.yaml", PAUSE, more)).desk.levels.policies
    assert policy.keep_informed == timedelta(hours=8)
    assert policy.lines == {"L1": timedelta(hours=4), "L2": timedelta(days=1)}
    assert policy.promise("line:L2", "high") == timedelta(days=1)
    assert policy.promise("line:L3", "high") is None


def test_a_day_has_hours_of_its_own(folder: Folder) -> None:
    special = 'closed: [2026-12-24], special: {2026-12-31: ["14:00-15:00", "09:00-13:00"]}'
    levels = config.load(folder("desk.yaml", "closed: [2026-12-24]", special)).desk.levels
    assert levels.calendars["office"].special == ((date(2026, 12, 31), ((32400, 46800), (50400, 54000))),)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("category: netwrok", "there is no category `netwrok`; did you mean `network`?"),
        ("category: [network/vpn, network/dns]", "there is no category `network/dns`; did you mean `network/vpn`?"),
        ("language: de", "there is no language `de`; known are en, it, da"),
        ("type: incidents", "`incidents` is not known here; did you mean `incident`?"),
        ("priority: [high, urgent]", "`urgent` is not known here; it is one of critical, high, medium, low"),
        ("domain: carla@customer.example", "a domain such as customer.example is wanted here"),
        ("tags: vip", "unknown key `tags`; did you mean `tag`?"),
        ("", "say for which tickets, or leave `when` out"),
    ],
)
def test_what_a_policy_cannot_be_for_is_told(when: str, words: str, folder: Folder) -> None:
    found = wrong(folder("desk.yaml", "sla:\n", some(when)))
    assert words in found
    assert found.startswith("desk.yaml:")
    line = int(found.split(":")[1])
    assert "when:" in (folder("desk.yaml", "sla:\n", some(when)) / "desk.yaml").read_text().splitlines()[line - 1]


def test_some_policy_must_match_everything(folder: Folder) -> None:
    found = wrong(folder("desk.yaml", "  - name: standard\n", "  - name: standard\n    when: {tag: vip}\n"))
    assert 'no service level matches everything: the last, "standard", must have no `when`' in found


def test_a_policy_behind_one_for_all_is_told(folder: Folder) -> None:
    more = some("tag: vip").replace("    when: {tag: vip}\n", "")
    assert 'no ticket comes as far as "standard": "customers" is for all' in wrong(folder("desk.yaml", "sla:\n", more))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (PAUSE, PAUSE + "    lines: {L4: 4h}\n", "there is no line `L4`; known are L1, L2, L3"),
        (PAUSE, PAUSE + "    lines: {L1: 0h}\n", "a time longer than nothing is wanted here"),
        (PAUSE, PAUSE + "    keep_informed: 8\n", "a time needs a unit"),
        ("closed: [2026-12-24]", 'special: {"31.12.2026": ["09:00-13:00"]}', "`31.12.2026` is not a date"),
        ("closed: [2026-12-24]", "special: {2026-12-31: []}", "belongs in `closed`: [2026-12-31]"),
        (
            "closed: [2026-12-24]",
            'closed: [2026-12-24], special: {2026-12-24: ["09:00-13:00"]}',
            "2026-12-24 stands in `closed` too",
        ),
        ("closed: [2026-12-24]", 'special: {2026-12-31: ["13:00-09:00"]}', "ends before it begins"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(old: str, new: str, words: str, folder: Folder) -> None:
    assert words in wrong(folder("desk.yaml", old, new))
