"""What a rung does, who stands in, who is at work when: read whole, and refused where it stands (M10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from maild import config
from maild.config import ConfigError

Folder = Callable[..., Path]
TOP = "{at: 100% + 4h, notify: [manager]}"
BEN, CLEO = "away: [2026-12-21..2027-01-02]}", "{name: Cleo Jensen, address: cleo@example.org}"


def wrong(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    (problem,) = caught.value.problems
    return str(problem)


def test_a_rung_is_read_whole(folder: Folder) -> None:
    new = "{at: 100% + 4h, notify: [manager, OnCall@example.org], priority: high, tag: late, quiet: true}"
    rung = config.load(folder("desk.yaml", TOP, new)).desk.levels.ladders["resolution"][-1]
    assert (rung.notify, rung.addresses) == (("manager",), ("OnCall@example.org",))
    assert (rung.priority, rung.tag, rung.quiet, rung.raises) == ("high", "late", True, False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (TOP, "{at: 100% + 4h, notify: [manger]}", "`manger` is not known here; did you mean `manager`?"),
        (TOP, "{at: 100% + 4h, notify: [boss]}", "`boss` is not known here; it is one of requester, participants,"),
        (TOP, "{at: 100% + 4h, notify: ['Boss <b@x.org>']}", "is not an address; write it as support@example.org"),
        (TOP, "{at: 100% + 4h, notify: [7]}", "one word or an address is wanted here"),
        (TOP, "{at: 100% + 4h, priority: urgent}", "`urgent` is not known here; it is one of critical, high"),
        (TOP, "{at: 100% + 4h, tag: too late}", "a tag of letters, digits, dots and hyphens, such as late, is wanted"),
        (TOP, "{at: 100% + 4h, quiet: yes please}", "true or false is wanted here"),
        (TOP, "{at: 100% + 4h, notfy: [lead]}", "unknown key `notfy`; did you mean `notify`?"),
        (BEN, BEN[:-1] + ", deputy: cloe}", "there is no person `cloe`; did you mean `cleo`?"),
        (BEN, BEN[:-1] + ", hours: ofice}", "there is no calendar `ofice`; did you mean `office`?"),
        (BEN, BEN[:-1] + ", deputy: ben}", "`ben` cannot stand in for themselves"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(old: str, new: str, words: str, folder: Folder) -> None:
    path = folder("desk.yaml", old, new)
    found = wrong(path)
    assert words in found
    file, line, column = found.split(":")[:3]
    shown = (path / file).read_text().splitlines()[int(line) - 1]
    assert new.split("{")[-1].rstrip("}") in shown
    assert int(column) > shown.index(new[:5])


def test_two_may_stand_in_for_each_other(folder: Folder) -> None:
    path = folder("desk.yaml", BEN, BEN[:-1] + ", deputy: cleo}")
    text = (path / "desk.yaml").read_text()
    (path / "desk.yaml").write_text(text.replace(CLEO, CLEO[:-1] + ", deputy: ben}"))
    assert config.load(path).desk.people["cleo"].deputy == "ben"


def test_who_stands_in_for_whom(folder: Folder) -> None:
    desk = config.load(folder("desk.yaml", BEN, BEN[:-1] + ", deputy: cleo, hours: office}")).desk
    away, there = date(2026, 12, 24), date(2026, 12, 20)
    assert desk.people["ben"].hours == "office"
    assert (desk.stand_in("ben", "L1", there), desk.stand_in("ben", "L1", away)) == ("ben", "cleo")
    assert desk.stand_in("nobody", "L1", away) == "ada"  # who is no more is stood in for by the lead
    assert desk.stand_in("nobody", "L9", away) == "mia"  # and a line that is no more by the manager
