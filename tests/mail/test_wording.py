"""Dates, spans, sizes and clean text in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maild.mail import wording
from maild.mail.templates import Templates
from maild.policy import answers

shipped = Templates([Path(__file__).parents[2] / "templates"])


@pytest.mark.parametrize(
    ("language", "day", "moment", "span"),
    [
        ("en", "Tuesday 24 November 2026", "Tuesday 24 November 2026, 14:05", "2 hours 30 minutes"),
        ("it", "martedì 24 novembre 2026", "martedì 24 novembre 2026, 14:05", "2 ore e 30 minuti"),
        ("da", "tirsdag den 24. november 2026", "tirsdag den 24. november 2026 kl. 14.05", "2 timer og 30 minutter"),
    ],
)
def test_dates_and_spans(language: str, day: str, moment: str, span: str) -> None:
    at, words, rome = datetime(2026, 11, 24, 13, 5, tzinfo=UTC), shipped.words(language), ZoneInfo("Europe/Rome")
    assert wording.day(at, rome, words) == day
    assert wording.moment(at, rome, words) == moment
    assert wording.span(timedelta(hours=2, minutes=30), words) == span


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=24), "24 hours"),
        (timedelta(hours=36, minutes=5), "36 hours 5 minutes"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=4, hours=1, minutes=9), "4 days 1 hour"),
        (-timedelta(hours=2), "2 hours"),
    ],
)
def test_span(length: timedelta, said: str) -> None:
    assert wording.span(length, shipped.words("en")) == said


def test_size_has_the_readers_decimal_mark() -> None:
    said = [wording.size(count, shipped.words("da")) for count in (999, 1_200, 182_300, 2_345_678)]
    assert said == ["999 B", "1,2 kB", "182 kB", "2,3 MB"]


def test_an_unknown_zone_is_utc() -> None:
    assert wording.zone_of("../etc/passwd") is UTC
    assert wording.zone_of("No/Where") is UTC


def test_sentences_of_receipts_take_arguments_as_data() -> None:
    """M8: the pattern is ours, what fills it is never a pattern."""
    said = shipped.words("it")["say.no_person"].format_map({"who": "{near.__class__}", "near": "Ada"})
    assert "{near.__class__}" in said


@pytest.mark.parametrize("language", ["en", "it", "da"])
def test_the_words_of_the_links_are_understood_when_they_come_back(language: str) -> None:
    """B39: what the buttons under "is it solved?" put into a reply has to mean what they say."""
    words = shipped.words(language)
    assert answers.answer(words["say.yes"]) == "solved"
    assert answers.answer(words["say.no"]) == "other"


def test_joiners_stay_in_emoji_and_show_beside_latin_letters() -> None:
    assert wording.line("👩‍💻 ok") == "👩‍💻 ok"
    assert wording.line("mike\u200d@") == "mike⟨U+200D⟩@"
