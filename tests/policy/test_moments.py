"""What agents write for a time is understood in their language and zone, or refused; it is never guessed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maild.policy import moments

ROME, COPENHAGEN, NEW_YORK = "Europe/Rome", "Europe/Copenhagen", "America/New_York"
WEDNESDAY = datetime(2026, 11, 4, 10, 0, tzinfo=UTC)  # 11:00 in Rome and Copenhagen

IN_ENGLISH = [
    ("tomorrow", "2026-11-05 08:00"),
    ("Tomorrow.", "2026-11-05 08:00"),
    ("tomorrow 14:00", "2026-11-05 14:00"),
    ("tomorrow at 14", "2026-11-05 14:00"),
    ("tomorrow at 2 pm", "2026-11-05 14:00"),
    ("tomorrow 2pm", "2026-11-05 14:00"),
    ("tomorrow at 12 p.m.", "2026-11-05 12:00"),
    ("at 12 am tomorrow", "2026-11-05 00:00"),
    ("9:30 tomorrow", "2026-11-05 09:30"),
    ("tomorrow noon", "2026-11-05 12:00"),
    ("tomorrow morning", "2026-11-05 08:00"),
    ("tomorrow afternoon", "2026-11-05 14:00"),
    ("tomorrow afternoon at 16:15", "2026-11-05 16:15"),
    ("the day after tomorrow", "2026-11-06 08:00"),
    ("today 16:00", "2026-11-04 16:00"),
    ("tonight", "2026-11-04 18:00"),
    ("friday", "2026-11-06 08:00"),
    ("on Fri", "2026-11-06 08:00"),
    ("next friday", "2026-11-06 08:00"),
    ("this friday", "2026-11-06 08:00"),
    ("friday 9:30", "2026-11-06 09:30"),
    ("friday 9.30", "2026-11-06 09:30"),
    ("monday morning", "2026-11-09 08:00"),
    ("wednesday", "2026-11-11 08:00"),  # it is Wednesday: the next one
    ("wednesday 15:00", "2026-11-11 15:00"),
    ("next week", "2026-11-09 08:00"),
    ("in 3 days", "2026-11-07 08:00"),
    ("3 days from now", "2026-11-07 08:00"),
    ("in 3 days at 14:00", "2026-11-07 14:00"),
    ("in a week", "2026-11-11 08:00"),
    ("in two weeks", "2026-11-18 08:00"),
    ("in a month", "2026-12-04 08:00"),
    ("in 2 hours", "2026-11-04 13:00"),
    ("in half an hour", "2026-11-04 11:30"),
    ("in 1h30", "2026-11-04 12:30"),
    ("2h", "2026-11-04 13:00"),
    ("in 72 hours", "2026-11-07 11:00"),
    ("in 1 day and 2 hours", "2026-11-05 13:00"),
    ("2026-12-01", "2026-12-01 08:00"),
    ("2026-12-01 14:00", "2026-12-01 14:00"),
    ("2026-12-01 9:00", "2026-12-01 09:00"),
    ("2026-12-01T14:00", "2026-12-01 14:00"),
    ("2026-12-01T14:00:30", "2026-12-01 14:00:30"),
    ("2026-12-01T14:00Z", "2026-12-01 15:00"),
    ("2026-12-01T14:00-05:00", "2026-12-01 20:00"),
    ("2026-12-01 14:00 +0100", "2026-12-01 14:00"),
    ("2027-01-12", "2027-01-12 08:00"),  # day first is no excuse to read this as the 1st of December
    ("1 December", "2026-12-01 08:00"),
    ("December 1st", "2026-12-01 08:00"),
    ("the 1st of December at 9:00", "2026-12-01 09:00"),
    ("1 dec 9:00", "2026-12-01 09:00"),
    ("tuesday 1 december, 9:00", "2026-12-01 09:00"),
    ("1 march", "2027-03-01 08:00"),
    ("1/12", "2026-12-01 08:00"),
    ("1/12/26", "2026-12-01 08:00"),
    ("1.12.2026", "2026-12-01 08:00"),
    ("1-12-2026 at 9", "2026-12-01 09:00"),
    ("3/11", "2027-11-03 08:00"),  # yesterday's date: next year's
    ("29 feb", "2028-02-29 08:00"),
    ("noon", "2026-11-04 12:00"),
    ("14:00", "2026-11-04 14:00"),
    ("10:00", "2026-11-05 10:00"),
]
IN_ITALIAN = [
    ("domani", "2026-11-05 08:00"),
    ("domani alle 14", "2026-11-05 14:00"),
    ("domani alle ore 14:30", "2026-11-05 14:30"),
    ("domani ore 9", "2026-11-05 09:00"),
    ("domani h 14", "2026-11-05 14:00"),
    ("alle 9 di domani", "2026-11-05 09:00"),
    ("domani mattina", "2026-11-05 08:00"),
    ("domani mattina alle 9", "2026-11-05 09:00"),
    ("domani pomeriggio", "2026-11-05 14:00"),
    ("domani a mezzogiorno", "2026-11-05 12:00"),
    ("dopodomani", "2026-11-06 08:00"),
    ("oggi alle 16", "2026-11-04 16:00"),
    ("stasera alle 20.30", "2026-11-04 20:30"),
    ("venerdì", "2026-11-06 08:00"),
    ("VENERDI", "2026-11-06 08:00"),
    ("venerdi\u0300", "2026-11-06 08:00"),  # a Mac's way to write it
    ("ven alle 9", "2026-11-06 09:00"),
    ("venerdì prossimo", "2026-11-06 08:00"),
    ("lunedì alle 9:30", "2026-11-09 09:30"),
    ("lunedì mattina", "2026-11-09 08:00"),
    ("la settimana prossima", "2026-11-09 08:00"),
    ("tra 3 giorni", "2026-11-07 08:00"),
    ("tra 3 giorni alle 14", "2026-11-07 14:00"),
    ("fra due ore", "2026-11-04 13:00"),
    ("tra un'ora", "2026-11-04 12:00"),
    ("tra mezz’ora", "2026-11-04 11:30"),
    ("tra 2 ore 30 minuti", "2026-11-04 13:30"),
    ("tra una settimana", "2026-11-11 08:00"),
    ("tra un mese", "2026-12-04 08:00"),
    ("1 dicembre", "2026-12-01 08:00"),
    ("il 1° dicembre alle 10", "2026-12-01 10:00"),
    ("l'8 dicembre", "2026-12-08 08:00"),
    ("primo dicembre", "2026-12-01 08:00"),
    ("1 set", "2027-09-01 08:00"),
    ("martedì 1 dicembre 2026 alle 9", "2026-12-01 09:00"),
    ("1/12", "2026-12-01 08:00"),
    ("1.12.2026", "2026-12-01 08:00"),
    ("tomorrow 14:00", "2026-11-05 14:00"),
]
IN_DANISH = [
    ("i morgen", "2026-11-05 08:00"),
    ("imorgen", "2026-11-05 08:00"),
    ("i morgen kl. 14", "2026-11-05 14:00"),
    ("i morgen kl.14.30", "2026-11-05 14:30"),
    ("kl. 9 i morgen", "2026-11-05 09:00"),
    ("i morgen tidlig", "2026-11-05 08:00"),
    ("i morgen eftermiddag", "2026-11-05 14:00"),
    ("i overmorgen", "2026-11-06 08:00"),
    ("i dag kl. 16", "2026-11-04 16:00"),
    ("i aften", "2026-11-04 18:00"),
    ("fredag", "2026-11-06 08:00"),
    ("på fredag", "2026-11-06 08:00"),
    ("næste fredag", "2026-11-06 08:00"),
    ("fre. kl. 10", "2026-11-06 10:00"),
    ("mandag kl. 9.30", "2026-11-09 09:30"),
    ("mandag 9.30", "2026-11-09 09:30"),
    ("mandag kl. 9.12", "2026-11-09 09:12"),
    ("mandag morgen", "2026-11-09 08:00"),
    ("lørdag kl. 12", "2026-11-07 12:00"),
    ("næste uge", "2026-11-09 08:00"),
    ("om 3 dage", "2026-11-07 08:00"),
    ("om 3 dage kl. 9", "2026-11-07 09:00"),
    ("om to timer", "2026-11-04 13:00"),
    ("om en halv time", "2026-11-04 11:30"),
    ("om en uge", "2026-11-11 08:00"),
    ("om en måned", "2026-12-04 08:00"),
    ("1. december kl 10", "2026-12-01 10:00"),
    ("den 1. dec. kl. 9.30", "2026-12-01 09:30"),
    ("d. 1/12", "2026-12-01 08:00"),
    ("1.12.", "2026-12-01 08:00"),
    ("1.12 kl. 10", "2026-12-01 10:00"),
    ("tirsdag den 1. december", "2026-12-01 08:00"),
    ("1/12", "2026-12-01 08:00"),
    ("friday 14:00", "2026-11-06 14:00"),
]
ROWS = (
    [("en", ROME, *row) for row in IN_ENGLISH]
    + [("it", ROME, *row) for row in IN_ITALIAN]
    + [("da", COPENHAGEN, *row) for row in IN_DANISH]
)


@pytest.mark.parametrize(("language", "zone", "words", "wanted"), ROWS, ids=[f"{row[0]}: {row[2]}" for row in ROWS])
def test_a_time_is_read_in_the_language_and_zone_of_the_agent(
    language: str, zone: str, words: str, wanted: str
) -> None:
    found = moments.moment(words, language, zone, WEDNESDAY)
    assert found == datetime.fromisoformat(wanted).replace(tzinfo=ZoneInfo(zone))
    assert found.tzinfo is UTC


REFUSED = [
    *("soon", "when she is back", "xyz 12", "5", "12", "", "   ", ".", "now", "next", "week", "later today", "never"),
    *("yesterday", "last friday", "3 days ago", "ieri", "i går", "-3 days", "in -3 days", "in 0 hours", "today"),
    *("today 9:00", "2026-11-03", "2026-11-04 10:59", "1 december 2025", "12/1/2026", "2020-01-01T00:00Z"),
    *("2028-12-01", "1 december 2030", "in 3 years", "in 900 days", "in 99999 weeks", "in 99999 months"),
    *("31/2", "31 april", "12/31", "32 december", "0/12", "29 feb 2027", "2026-13-01", "0000-01-01", "1/12/0"),
    *("tomorrow 25:00", "tomorrow 9:75", "tomorrow 13 pm", "tomorrow at 0 am", "14:00:99", "2026-12-01T25:00"),
    *("tomorrow at 2", "domani alle 3", "i morgen kl. 3"),  # at night, or in the afternoon?
    *("tomorrow 14", "friday 14", "friday 9.12", "10.30", "midnight", "tomorrow morning at 15:00", "morning"),
    *("friday 1 december", "monday 4/12", "friday the 13", "may", "december", "mar", "1 mar mar", "2027", "1 2 3"),
    *("3 working days", "tomorrow or friday", "friday 9:00 call her", "friday 9:00-10:00", "until friday", "1 xyz"),
    *("1 utc", "1 hour december", "1 noon 2027", "in 5", "in days", "in 1 month 2 hours", "in 2 hours at 14:00"),
    *("tomorrow\x00", "١/١٢", "１２:00 tomorrow", "tomorrow 1²:00", "{now}", "'; DROP TABLE", "\ud800", "🙂 9:00"),
    *("friday " * 10, "tomorrow" + " " * 60, "a b c d e f g h i j k", "mañana", "morgen um 9", "demain"),
]


@pytest.mark.parametrize("words", REFUSED)
@pytest.mark.parametrize("language", ["en", "it", "da", "xx"])
def test_what_is_not_plain_in_the_future_or_near_enough_is_refused(language: str, words: str) -> None:
    if (language, words) not in {("it", "mar"), ("da", "morning")}:
        assert moments.moment(words, language, ROME, WEDNESDAY) is None


def test_words_of_another_language_are_refused_but_english_never() -> None:
    assert moments.moment("domani", "da", ROME, WEDNESDAY) is None
    assert moments.moment("i morgen", "it", ROME, WEDNESDAY) is None
    assert moments.moment("domani", "en", ROME, WEDNESDAY) is None
    assert moments.moment("venerdì", "da", ROME, WEDNESDAY) is None
    for language in ("en", "it", "da", "xx", ""):
        assert moments.moment("next friday 9:30", language, ROME, WEDNESDAY) == datetime(2026, 11, 6, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "zone", "now", "wanted"),
    [
        # the clock skips 2:00 to 3:00: read with the offset before, so it shows 3:30
        ("2026-03-29 02:30", ROME, "2026-03-28 12:00", "2026-03-29 01:30"),
        ("tomorrow 2:30", COPENHAGEN, "2026-03-28 12:00", "2026-03-29 01:30"),
        ("sunday 02:30", NEW_YORK, "2026-03-06 12:00", "2026-03-08 07:30"),
        # it shows 2:00 to 3:00 twice: the first, or the second when the first is over
        ("2026-10-25 02:30", ROME, "2026-10-24 12:00", "2026-10-25 00:30"),
        ("2026-10-25 02:30", ROME, "2026-10-25 00:45", "2026-10-25 01:30"),
        ("02:30", COPENHAGEN, "2026-10-25 00:45", "2026-10-25 01:30"),
        ("02:30", COPENHAGEN, "2026-10-25 01:45", "2026-10-26 01:30"),
        ("sunday at 1:30 am", NEW_YORK, "2026-10-31 12:00", "2026-11-01 05:30"),
        # a morning is eight o'clock on either side of the night
        ("tomorrow", ROME, "2026-03-28 12:00", "2026-03-29 06:00"),
        ("tomorrow", ROME, "2026-10-24 12:00", "2026-10-25 07:00"),
        ("in 2 days", NEW_YORK, "2026-03-07 12:00", "2026-03-09 12:00"),
        ("in two weeks", COPENHAGEN, "2026-10-20 12:00", "2026-11-03 07:00"),
        # hours are hours, whatever the clock on the wall shows
        ("in 2 hours", ROME, "2026-03-29 00:30", "2026-03-29 02:30"),
        ("in 24 hours", ROME, "2026-03-28 12:00", "2026-03-29 12:00"),
        ("in 24 hours", NEW_YORK, "2026-10-31 12:00", "2026-11-01 12:00"),
        ("in 1 day 1 hour", ROME, "2026-10-24 12:00", "2026-10-25 13:00"),
        # the day is that of the agent's clock, not that of Greenwich
        ("tomorrow", NEW_YORK, "2026-11-05 03:00", "2026-11-05 13:00"),
        ("tomorrow", "Pacific/Auckland", "2026-11-04 12:00", "2026-11-05 19:00"),
        ("friday", NEW_YORK, "2026-11-06 03:00", "2026-11-06 13:00"),
        ("in a month", ROME, "2027-01-31 12:00", "2027-02-28 07:00"),
        ("1 january", ROME, "2026-12-31 22:30", "2027-01-01 07:00"),
    ],
)
def test_a_time_is_right_over_the_nights_in_which_clocks_change(words: str, zone: str, now: str, wanted: str) -> None:
    at, due = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, wanted))
    assert moments.moment(words, "en", zone, at) == due


def test_every_weekday_and_month_that_people_write_is_known() -> None:
    weekdays = {
        "en": ["mon tue wed thu fri sat sun", "monday tuesday wednesday thursday friday saturday sunday"],
        "it": ["lunedì martedì mercoledì giovedì venerdì sabato domenica"],
        "da": ["man tir ons tor fre lør søn", "mandag tirsdag onsdag torsdag fredag lørdag søndag"],
    }
    months = {
        "en": ["jan feb mar apr may jun jul aug sep oct nov dec", "january february march april may june july"],
        "it": ["gen feb mar apr mag giu lug ago set ott nov dic", "gennaio febbraio marzo aprile maggio giugno luglio"],
        "da": ["jan feb mar apr maj jun jul aug sep okt nov dec", "januar februar marts april maj juni juli"],
    }
    for language, rows in weekdays.items():
        for nth, name in ((n, name) for row in rows for n, name in enumerate(row.split())):
            found = moments.moment(name, language, "UTC", WEDNESDAY)
            assert found and (found.weekday(), found.hour) == (nth, 8), name
            assert WEDNESDAY < found < WEDNESDAY + timedelta(days=7)
    for language, rows in months.items():
        for nth, name in ((n, name) for row in rows for n, name in enumerate(row.split(), 1)):
            found = moments.moment(f"28 {name}", language, "UTC", WEDNESDAY)
            assert found and (found.day, found.month) == (28, nth), name


@pytest.mark.parametrize(
    ("language", "words", "wanted"),
    [
        ("en", "3d", timedelta(days=3)),
        ("en", "2h", timedelta(hours=2)),
        ("en", "90m", timedelta(minutes=90)),
        ("en", "1h30", timedelta(minutes=90)),
        ("en", "1h30m", timedelta(minutes=90)),
        ("en", "1d12h", timedelta(hours=36)),
        ("en", "2W", timedelta(weeks=2)),
        ("en", "3 days", timedelta(days=3)),
        ("en", "2 weeks", timedelta(weeks=2)),
        ("en", "a week", timedelta(weeks=1)),
        ("en", "one day and 2 hours", timedelta(hours=26)),
        ("en", "half an hour", timedelta(minutes=30)),
        ("en", "45 min", timedelta(minutes=45)),
        ("en", "1 minute", timedelta(minutes=1)),
        ("en", "366 days", timedelta(days=366)),
        ("it", "2 giorni", timedelta(days=2)),
        ("it", "3 ore", timedelta(hours=3)),
        ("it", "una settimana", timedelta(weeks=1)),
        ("it", "un'ora", timedelta(hours=1)),
        ("it", "un'ora e mezza", timedelta(minutes=90)),
        ("it", "due ore e 15 minuti", timedelta(minutes=135)),
        ("it", "3 days", timedelta(days=3)),
        ("da", "3 dage", timedelta(days=3)),
        ("da", "to timer", timedelta(hours=2)),
        ("da", "en uge", timedelta(weeks=1)),
        ("da", "halvanden time", timedelta(minutes=90)),
        ("da", "et døgn", timedelta(days=1)),
        ("da", "2h", timedelta(hours=2)),
        ("xx", "3 days", timedelta(days=3)),
    ],
)
def test_a_length_of_time_is_read(language: str, words: str, wanted: timedelta) -> None:
    assert moments.span(words, language) == wanted


@pytest.mark.parametrize(
    "words",
    [
        *("", "3", "days", "0d", "0 minutes", "367 days", "53 weeks", "9000h", "99999w", "-3d", "3d ago", "in 3 days"),
        *(
            "30s",
            "30 seconds",
            "1 month",
            "a year",
            "1.5h",
            "1,5 ore",
            "3d 3d",
            "3 days later",
            "tomorrow",
            "a few days",
        ),
        *("3 working days", "1h75", "٣d", "3d\x00", "9" * 61, "1h " * 30, "{0}d", "1e3d"),
    ],
)
@pytest.mark.parametrize("language", ["en", "it", "da", "xx"])
def test_what_is_no_length_from_a_minute_to_a_year_is_refused(language: str, words: str) -> None:
    assert moments.span(words, language) is None


PIECES = st.sampled_from(
    [
        *moments.ENGLISH,
        *moments.ITALIAN,
        *moments.DANISH,
        *["in", "at", "kl.", "friday", "venerdì", "maj", "1", "12", "99999", "9:30", "9.30", "1/12", "."],
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    words=st.one_of(st.text(max_size=70), st.lists(PIECES, max_size=6).map(" ".join)),
    language=st.sampled_from(["en", "it", "da", "xx"]),
)
@example("9999-12-31", "en")
@example("0001-01-01T00:00+23:59", "en")
@example("1 one 2027", "xx")
def test_no_text_raises_and_no_time_lies_outside_the_window(words: str, language: str) -> None:
    for now in (WEDNESDAY, datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)):
        found = moments.moment(words, language, NEW_YORK, now)
        assert found is None or now < found <= now + timedelta(days=731)
    length = moments.span(words, language)
    assert length is None or timedelta(minutes=1) <= length <= timedelta(days=366)


def test_a_hostile_text_costs_little() -> None:
    chance = random.Random(3)
    moments.moment("friday 1 maj", "da", ROME, WEDNESDAY)  # the library is loaded once
    texts = ["1" * 60, "9:30 " * 12, " ".join("a" * 9), "1.1" * 20, "in " * 20, "' " * 30, "un'" * 20]
    texts += ["x" * 10**7, " " * 10**7]
    texts += ["".join(chance.choices("19:./- adehiklmnorstu", k=60)) for _ in range(300)]
    started = time.process_time()
    for text in texts:
        for language in ("en", "it", "da"):
            moments.moment(text, language, ROME, WEDNESDAY)
            moments.span(text, language)
    assert (time.process_time() - started) / len(texts) < 0.005


def test_names_that_nobody_knows_are_asked_for_in_bounded_memory() -> None:
    for n in range(600):
        name = "".join(chr(97 + n // 26**i % 26) for i in range(3))
        moments.moment(f"1 q{name}q", "en", ROME, WEDNESDAY)
    assert moments._named.cache_info().currsize <= 512


def test_the_zone_of_the_machine_and_the_library_play_no_part_before_a_name_is_asked_for() -> None:
    script = (
        "import sys; from datetime import datetime, UTC; from maild.policy import moments\n"
        "now = datetime(2026, 11, 4, 10, tzinfo=UTC)\n"
        "print(moments.moment('tomorrow 14:00', 'en', 'Europe/Rome', now), 'dateparser' in sys.modules)\n"
        "print(moments.moment('friday', 'en', 'Europe/Rome', now), moments.moment('1 maj', 'da', 'Europe/Rome', now))\n"
    )
    for zone in ("Pacific/Auckland", "America/Los_Angeles", "No/Such"):
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stdout.splitlines() == [
            "2026-11-05 13:00:00+00:00 False",
            "2026-11-06 07:00:00+00:00 2027-05-01 06:00:00+00:00",
        ], ran.stderr
