"""B8, B9: subjects without what mail programs and trackers put before them."""

from __future__ import annotations

import time

import pytest

from maild.policy import subject


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("VPN", "VPN"),
        ("Re: VPN", "VPN"),
        ("RE: Re: re: VPN", "VPN"),
        ("SV: VS: AW: R: Rif: Antw: VPN", "VPN"),
        ("Re[2]: VPN", "VPN"),
        ("Re^3: VPN", "VPN"),
        ("回复: VPN", "VPN"),
        ("回复:VPN", "VPN"),
        ("Re : VPN", "VPN"),
        ("Re: [INC-7] VPN", "VPN"),
        ("[INC-7] Re: VPN", "VPN"),
        ("[http://INC-7] VPN", "VPN"),
        ("VPN  is \t down", "VPN is down"),
        ("[list] VPN", "[list] VPN"),
        ("[OTHER 1] VPN", "[OTHER 1] VPN"),
        ("Restore: the database", "Restore: the database"),
        ("Report: monthly", "Report: monthly"),
        ("Re:", ""),
        ("", ""),
        ("Fwd: VPN", "Fwd: VPN"),  # a forward is no reply
        ("x" * 900, "x" * 500),
    ],
)
def test_clean(text: str, clean: str) -> None:
    assert subject.clean(text) == clean


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("[INC-7] VPN", [("INC", 7)]),
        ("Re: [INC-7] VPN [DESK2-12]", [("INC", 7), ("DESK2", 12)]),
        ("[https://INC-7]", [("INC", 7)]),
        ("INC-7", []),
        ("[inc-7]", []),
        ("[INC-12345678901]", []),
        ("[INC-]", []),
    ],
)
def test_tags(text: str, tags: list[tuple[str, int]]) -> None:
    assert subject.tags(text) == tags


def test_a_hostile_subject_costs_nothing() -> None:
    start = time.monotonic()
    for text in ("re:" * 300_000, "[INC-" * 200_000, "[" * 900_000, " " * 900_000):
        subject.clean(text)
        subject.tags(text)
    assert time.monotonic() - start < 2
