"""Every notice has a template in every language, and says of itself what decisions rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.policy.notices import NOTICES

TEMPLATES = Path(__file__).parents[2] / "templates"


@pytest.mark.parametrize("language", ["en", "it", "da"])
def test_every_notice_is_written_in_every_language_and_nothing_else_is(language: str) -> None:
    there = {path.name.removesuffix(".md.j2") for path in (TEMPLATES / language).glob("*.md.j2")}
    assert there == set(NOTICES)


@pytest.mark.parametrize("name", NOTICES)
def test_a_template_agrees_with_its_row_on_whether_it_can_be_answered(name: str) -> None:
    for language in ("en", "it", "da"):
        head = (TEMPLATES / language / f"{name}.md.j2").read_text("utf-8").split("\n\n")[0]
        assert ("Answer: no" in head) == (not NOTICES[name].answerable), (language, name)


def test_what_only_one_mail_may_be_sent_of_is_sent_once() -> None:
    """M3."""
    assert {name for name, notice in NOTICES.items() if notice.once} == {"acknowledgement"}


def test_only_what_a_person_wrote_is_not_automatic() -> None:
    """B24."""
    written = {"public_reply", "resolution", "opened_for"}
    assert {name for name, notice in NOTICES.items() if not notice.automatic} == written


def test_a_reply_to_what_is_held_stays_with_the_agents() -> None:
    """B28, B37."""
    internal = {"internal_note", "unverified", "held", "stale", "why", "similar"}
    assert {name for name, notice in NOTICES.items() if notice.internal} == internal
