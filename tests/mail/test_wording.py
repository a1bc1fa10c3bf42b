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
        ("en", "Tuesday 24 November 2026", "Tuesday 24 November 2026, 14:05", "2 hours and 30 minutes"),
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
        (timedelta(hours=36, minutes=5), "36 hours and 5 minutes"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=4, hours=1, minutes=9), "4 days and 1 hour"),
        (-timedelta(hours=2), "2 hours"),
    ],
)
def test_span(length: timedelta, said: str) -> None:
    assert wording.span(length, shipped.words("en")) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["3 days", "4 days and 1 hour", "36 hours", "1 minute"]),
        ("it", ["3 giorni", "4 giorni e 1 ora", "36 ore", "1 minuto"]),
        ("da", ["3 dage", "4 dage og 1 time", "36 timer", "1 minut"]),
    ],
)
def test_each_unit_has_its_word_in_each_language(language: str, said: list[str]) -> None:
    lengths = (timedelta(days=3), timedelta(days=4, hours=1), timedelta(hours=36), timedelta(minutes=1))
    assert [wording.span(length, shipped.words(language)) for length in lengths] == said


@pytest.mark.parametrize(
    "locale", ["de", "fr", "es", "nl", "sv", "nb", "pt", "pt_PT", "pl", "fi", "cs", "el", "he", "ar"]
)
def test_no_unit_is_named_as_the_cldr_names_it(locale: str) -> None:
    words = {"locale": locale, "moments": ""}
    spans = [wording.span(timedelta(minutes=n), words) for n in (1, 2, 60, 125, 24 * 60 * 4, 24 * 60 * 5 + 60)]
    assert not [said for said in (*spans, wording.size(2_000, words), wording.size(5_000_000, words)) if "-" in said]


def test_size_has_the_readers_decimal_mark() -> None:
    said = [wording.size(count, shipped.words("da")) for count in (999, 1_200, 182_300, 2_345_678)]
    assert said == ["999 B", "1,2 kB", "182 kB", "2,3 MB"]


def test_a_language_that_says_no_pattern_writes_as_the_cldr_says() -> None:
    at, copenhagen = datetime(2026, 3, 29, 1, 30, tzinfo=UTC), ZoneInfo("Europe/Copenhagen")
    said = {locale: wording.moment(at, copenhagen, {"locale": locale}) for locale in ("de", "pl", "en_US", "xx", "")}
    assert said == {
        "de": "Sonntag, 29. März 2026, 03:30",
        "pl": "niedziela, 29 marca 2026, 03:30",
        "en_US": "Sunday, March 29, 2026, 3:30\u202fAM",
        "xx": "Sunday, 29 March 2026, 03:30",  # no such locale: British English
        "": "Sunday, 29 March 2026, 03:30",
    }


def test_numbers_have_the_marks_of_the_language() -> None:
    said = [wording.number(1234567, {"locale": locale}) for locale in ("en_GB", "it", "da", "fr")]
    assert said == ["1,234,567", "1.234.567", "1.234.567", "1\u202f234\u202f567"]
    assert wording.number(4.64, shipped.words("da"), 1) == "4,6"
    assert wording.number(5.0, shipped.words("en"), 1) == "5.0"
    assert [wording.percent(84, shipped.words(language)) for language in ("en", "it", "da")] == [
        "84%",
        "84%",
        "84\xa0%",
    ]


def test_the_form_of_a_word_goes_with_its_number_by_the_rules_of_the_language() -> None:
    polish = {"one": "# zgłoszenie", "few": "# zgłoszenia", "many": "# zgłoszeń", "other": "# zgłoszenia"}
    said = [wording.plural(count, {"locale": "pl"}, polish) for count in (1, 2, 5, 12, 22, 1000)]
    assert said == ["1 zgłoszenie", "2 zgłoszenia", "5 zgłoszeń", "12 zgłoszeń", "22 zgłoszenia", "1\xa0000 zgłoszeń"]
    assert wording.plural(0, {"locale": "fr"}, {"one": "# ticket", "other": "# tickets"}) == "0 ticket"
    assert wording.plural(3, {"locale": "en"}, {"one": "a ticket", "other": "# tickets"}) == "3 tickets"


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
