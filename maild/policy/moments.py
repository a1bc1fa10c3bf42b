"""Dates and durations by words: the time that an agent means by `tomorrow 14:00`, `tra 3 giorni` or `på fredag`.

What is not understood whole is refused whole (None): a pending ticket that wakes on a guessed day is worse than a
receipt that asks again. So a text is first put into a small English by the tables here, then has to match a grammar to
its last character. dateparser is asked for the one thing that only a language knows, which weekday or month a name is,
and never for a time: left to itself it takes `tomorrow 25:00` for tomorrow, `domani alle 14` for the present hour and
`1. december kl 10` for the year 2110. It never sees the clock or a zone of this machine, and nothing here does: sums
of days are made on the local calendar, sums of hours in UTC, and a wall time becomes UTC once, at the end. A wall time
that a spring night skips is read with the offset before the change; one that an autumn night shows twice is the first
showing that is still ahead (PEP 495). No text raises; the longest costs well under a millisecond once names are known.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONGEST_TEXT = 60
MOST_WORDS = 10
FARTHEST = timedelta(days=731)  # two years
SHORTEST_SPAN, LONGEST_SPAN = timedelta(minutes=1), timedelta(days=366)
MORNING = time(8)  # a day without a time
# a part of a day: the hour it stands for, and the hours that may be named beside it
PARTS = {"morning": (8, 5, 12), "afternoon": (14, 12, 18), "evening": (18, 17, 24)}

# What is said -> the small English of the grammar below; phrases win over the words in them. "" is left out. Names of
# weekdays and months stand here only where dateparser 1.5.0 does not know one, or takes it for another.
ENGLISH = {
    "today": "in 0 days", "tonight": "in 0 days evening", "this morning": "in 0 days morning",
    "this afternoon": "in 0 days afternoon", "this evening": "in 0 days evening", "tomorrow": "in 1 days",
    "the day after tomorrow": "in 2 days", "day after tomorrow": "in 2 days", "next week": "next monday",
    "midday": "noon", "in the morning": "morning", "in the afternoon": "afternoon", "in the evening": "evening",
    "minute": "minutes", "min": "minutes", "mins": "minutes", "m": "minutes", "hour": "hours", "hr": "hours",
    "hrs": "hours", "h": "hours", "day": "days", "d": "days", "week": "weeks", "w": "weeks", "month": "months",
    "half an hour": "30 minutes", "an hour and a half": "90 minutes", "a": "1", "an": "1", "one": "1", "two": "2",
    "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "eleven": "11", "twelve": "12", "on": "", "the": "", "of": "", "this": "", "and": "", "from now": "",
    "thur": "thursday", "thurs": "thursday",
}  # fmt: skip  # one entry a line would be five screens
ITALIAN = {
    "oggi": "in 0 days", "stamattina": "in 0 days morning", "stasera": "in 0 days evening",
    "questa mattina": "in 0 days morning", "questo pomeriggio": "in 0 days afternoon",
    "questa sera": "in 0 days evening", "domani": "in 1 days", "dopodomani": "in 2 days", "dopo domani": "in 2 days",
    "settimana prossima": "next monday", "prossima settimana": "next monday", "la settimana prossima": "next monday",
    "la prossima settimana": "next monday", "a mezzogiorno": "noon", "mezzogiorno": "noon", "mattina": "morning",
    "mattino": "morning", "pomeriggio": "afternoon", "sera": "evening", "minuto": "minutes", "minuti": "minutes",
    "ora": "hours", "ore": "hours", "giorno": "days", "giorni": "days", "gg": "days", "settimana": "weeks",
    "settimane": "weeks", "mese": "months", "mesi": "months", "mezz'ora": "30 minutes", "mezzora": "30 minutes",
    "un' ora e mezza": "90 minutes", "un'": "1", "un": "1", "uno": "1", "una": "1", "due": "2", "tre": "3",
    "quattro": "4", "cinque": "5", "sei": "6", "sette": "7", "otto": "8", "nove": "9", "dieci": "10", "undici": "11",
    "dodici": "12", "primo": "1", "tra": "in", "fra": "in", "alle ore": "at", "alle": "at", "all'": "at", "il": "",
    "l'": "", "di": "", "del": "", "questo": "", "questa": "", "e": "", "prossimo": "next", "prossima": "next",
    "set": "settembre", "sett": "settembre",
}  # fmt: skip
DANISH = {
    "i dag": "in 0 days", "idag": "in 0 days", "i formiddag": "in 0 days morning", "i aften": "in 0 days evening",
    "i eftermiddag": "in 0 days afternoon", "i morgen": "in 1 days", "imorgen": "in 1 days",
    "i overmorgen": "in 2 days", "overmorgen": "in 2 days", "næste uge": "next monday", "i næste uge": "next monday",
    "middag": "noon", "morgen": "morning", "tidlig": "morning", "formiddag": "morning", "eftermiddag": "afternoon",
    "aften": "evening", "minut": "minutes", "minutter": "minutes", "time": "hours", "timer": "hours", "dag": "days",
    "dage": "days", "døgn": "days", "uge": "weeks", "uger": "weeks", "måned": "months", "måneder": "months",
    "en halv time": "30 minutes", "halv time": "30 minutes", "halvanden time": "90 minutes", "en": "1", "et": "1",
    "én": "1", "ét": "1", "to": "2", "tre": "3", "fire": "4", "fem": "5", "seks": "6", "syv": "7", "otte": "8",
    "ni": "9", "ti": "10", "elleve": "11", "tolv": "12", "om": "in", "kl.": "at", "kl": "at", "klokken": "at",
    "på": "", "den": "", "d.": "", "og": "", "næste": "next", "kommende": "next", "førstkommende": "next",
}  # fmt: skip
TABLES = {"en": ENGLISH, "it": ENGLISH | ITALIAN, "da": ENGLISH | DANISH}

WORD = r"[^\W\d_]{3,12}"
# `hours 14` is what became of `ore 14`. `kl` is understood of any agent: the desk may be Danish and he not.
TIME = (
    r"(?:(?P<mark>at |@ ?|kl\.? ?|hours )?(?P<hour>\d{1,2})(?:(?P<sep>[:.])(?P<minute>\d{2}))?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?|(?:at )?(?P<noon>noon))"
)
TIME_LAST = re.compile(rf"(?:(?P<day>.+?) )?{TIME}", re.ASCII)
TIME_FIRST = re.compile(rf"{TIME} (?P<day>.+)", re.ASCII)
ISO = re.compile(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d)?(?: ?(?:z|[+-]\d\d:?\d\d))?", re.ASCII)
YEAR_FIRST = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})", re.ASCII)
DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?:[/.](?P<month>\d{1,2})\.?|([-/.])(?P<m>\d{1,2})\3(?P<year>\d{4}|\d\d))", re.ASCII
)
DAY_MONTH = re.compile(rf"(?P<day>[0-9]{{1,2}})(?:st|nd|rd|th|[.°º])? ?(?P<name>{WORD})(?: (?P<year>[0-9]{{4}}))?")
MONTH_DAY = re.compile(rf"(?P<name>{WORD}) (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: (?P<year>[0-9]{{4}}))?")
WEEKDAY = re.compile(rf"(?P<before>next )?(?P<name>{WORD})(?(before)|(?: next)?)")
WEEKDAY_AND = re.compile(rf"(?P<name>{WORD}) (?P<date>.*\d.*)")
AMOUNT = re.compile(r"([0-9]{1,5}) ?(minutes|hours|days|weeks|months|min|[mhdw])(?![^\W\d_]) ?")
HOURS_MINUTES = re.compile(r"([0-9]{1,3})h([0-5][0-9])m?")  # 1h30, as in the configuration
SHORT = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day as written; `bare` where dots alone say that it is one (9.30 might be a date)."""

    at: time
    bare: bool = False


def moment(words: str, language: str, zone: str, now: datetime) -> datetime | None:
    """The UTC time that is meant, after `now` and within two years; None where that is not plain.

    `language` is the agent's (en, it, da; English is understood of everyone), `zone` an IANA name, `now` aware. A day
    without a time is its 08:00, also `in 3 days`; `in 72 hours` is to the second. A weekday, with `next` or without, is
    the first one after today; `next week` is its Monday. Days stand before months in every language. A date without a
    year that has passed is next year's; a time without a day is the next one. Raises nothing for any text.
    """
    text = _plain(words, language)
    if text is None:
        return None
    try:
        found = _meant(text, language if language in TABLES else "en", ZoneInfo(zone), now.astimezone(UTC))
    except (ValueError, OverflowError):  # the 31st of February, year 0, hour 25
        return None
    return found if found is not None and now < found <= now + FARTHEST else None


def span(words: str, language: str) -> timedelta | None:
    """A length of time from a minute to 366 days: `3d`, `1h30`, `2 giorni`, `to timer`; None for all else."""
    text = _plain(words, language)
    amounts = None if text is None else _amounts(text)
    if amounts is None or "months" in amounts:
        return None
    found = timedelta(**amounts)
    return found if SHORTEST_SPAN <= found <= LONGEST_SPAN else None


def _plain(words: str, language: str) -> str | None:
    """The text in the small English; None for what is too long to be a date."""
    if len(words) > LONGEST_TEXT:
        return None
    text = unicodedata.normalize("NFC", words).lower().replace("’", "'").replace(",", " ")
    tokens = re.sub(r"\b(un|l|all)'", r"\1' ", text).split()
    if not tokens or len(tokens) > MOST_WORDS:
        return None
    text = " ".join(tokens).rstrip(".!")
    if ISO.fullmatch(text):
        return text
    table = TABLES.get(language, ENGLISH)
    text = _phrases(language if language in TABLES else "en").sub(lambda said: table[said[0]], text)
    text = re.sub(r"(?<=[^\W\d_])\.(?= )", "", text)  # dec. 24
    return " ".join(text.split())


@lru_cache
def _phrases(language: str) -> re.Pattern[str]:
    longest_first = sorted(TABLES[language], key=len, reverse=True)
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, longest_first))})(?!\S)")


def _meant(text: str, language: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """1. ISO as machines write it; 2. an amount of time from now; 3. a day, a time, or both."""
    if ISO.fullmatch(text):
        stated = datetime.fromisoformat(text.upper().replace("T", " ").replace(" ", "T", 1).replace(" ", ""))
        return stated.astimezone(UTC) if stated.tzinfo else _instant(stated.date(), stated.time(), zone, now)
    today = now.astimezone(zone).date()
    amounts = _amounts(text.removeprefix("in "))
    if amounts is not None and not amounts.keys() <= {"days", "weeks", "months"}:
        return None if "months" in amounts else now + timedelta(**amounts)
    said, clock = _time_of_day(text)
    if not said:
        return _next_showing(clock, today, zone, now) if clock else None
    said, at = _part_of_day(said, clock)
    day = _day(said, language, today) if said and at else None
    if day is None or at is None or (clock and clock.bare and WEEKDAY.fullmatch(said) and 0 < clock.at.minute <= 12):
        return None  # fredag 9.12: a time, or the ninth of December?
    return _instant(day, at, zone, now)


def _amounts(text: str) -> dict[str, int] | None:
    """`2 days 3 hours`, `90m`, `1h30`: how much of each unit; None where anything else is there too."""
    if short := HOURS_MINUTES.fullmatch(text):
        return {"hours": int(short[1]), "minutes": int(short[2])}
    found: dict[str, int] = {}
    end = 0
    while end < len(text):
        part = AMOUNT.match(text, end)
        unit = SHORT.get(part[2], part[2]) if part else ""
        if not part or unit in found:
            return None
        found[unit] = int(part[1])
        end = part.end()
    return found or None


def _time_of_day(text: str) -> tuple[str, _Clock | None]:
    """What is left of a text without its time of day, and that time; the text itself where none is plain."""
    if (found := TIME_LAST.fullmatch(text)) and (clock := _clock(found)):
        if found["day"] or not clock.bare:
            return found["day"] or "", clock
    elif (found := TIME_FIRST.fullmatch(text)) and (clock := _clock(found)) and not clock.bare:
        return found["day"], clock
    return text, None


def _clock(found: re.Match[str]) -> _Clock | None:
    """None for a mere number. Raises ValueError for 25:00 and 13 pm, and for `at 2`, which is said of 14:00 as well."""
    if found["noon"]:
        return _Clock(time(12))
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("not an hour of twelve")
        return _Clock(time(hour % 12 + (12 if found["half"] == "p" else 0), minute))
    if not found["mark"] and not found["sep"]:
        return None
    if not found["sep"] and found["hour"] in {"1", "2", "3", "4", "5", "6"}:
        raise ValueError("at night or in the afternoon?")
    bare = found["sep"] == "." and not found["mark"]
    if bare and (hour > 23 or minute > 59):
        return None  # 24.12, perhaps: a date's affair
    return _Clock(time(hour, minute), bare)


def _part_of_day(said: str, clock: _Clock | None) -> tuple[str, time | None]:
    """The day without its `morning`, and the time of that day; no time where the two contradict each other."""
    day, _, last = said.rpartition(" ")
    if last not in PARTS:
        return said, clock.at if clock else MORNING
    stands_for, first, end = PARTS[last]
    if not clock:
        return day, time(stands_for)
    return day, clock.at if first <= clock.at.hour < end else None


def _day(said: str, language: str, today: date) -> date | None:
    """The day that is said, on the local calendar of `today`. Raises ValueError for one that no calendar has."""
    amounts = _amounts(said.removeprefix("in "))
    if amounts is not None:
        return _days_ahead(amounts, today)
    if (found := WEEKDAY.fullmatch(said)) and (weekday := _weekday(found["name"], language)) is not None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if (found := WEEKDAY_AND.fullmatch(said)) and (weekday := _weekday(found["name"], language)) is not None:
        day = _date(found["date"], language, today)
        return day if day and day.weekday() == weekday else None
    return _date(said, language, today)


def _days_ahead(amounts: dict[str, int], today: date) -> date | None:
    if not amounts.keys() <= {"days", "weeks", "months"}:
        return None
    years, month = divmod(today.month - 1 + amounts.get("months", 0), 12)
    year = today.year + years
    day = date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
    return day + timedelta(days=amounts.get("days", 0), weeks=amounts.get("weeks", 0))


def _date(said: str, language: str, today: date) -> date | None:
    """A date in figures, day first, or with the name of its month; without a year, the next such from today on."""
    if found := YEAR_FIRST.fullmatch(said):
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    if found := DAY_FIRST.fullmatch(said):
        month: int | None = int(found["month"] or found["m"])
    else:
        found = DAY_MONTH.fullmatch(said) or MONTH_DAY.fullmatch(said)
        month = _month(found["name"], language) if found else None
    if found is None or month is None:
        return None
    if year := found["year"]:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, int(found["day"]))
    years = (today.year, today.year + 1, today.year + 2)  # the third for the 29th of February alone
    days = (date(y, month, int(found["day"])) for y in years if int(found["day"]) <= monthrange(y, month)[1])
    return next((day for day in days if day >= today), None)


def _next_showing(clock: _Clock, today: date, zone: ZoneInfo, now: datetime) -> datetime:
    at = _instant(today, clock.at, zone, now)
    return at if at > now else _instant(today + timedelta(days=1), clock.at, zone, now)


def _instant(day: date, at: time, zone: ZoneInfo, now: datetime) -> datetime:
    first, second = (datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    return first if first > now else second


def _weekday(name: str, language: str) -> int | None:
    """Monday is 0."""
    found = _named(name, language)
    return found.weekday() if found and found.month == 1 and 1 < found.day < 9 else None


def _month(name: str, language: str) -> int | None:
    found = _named(f"{name} 2004", language)
    return found.month if found and found.year == 2004 else None


@lru_cache(maxsize=512)
def _named(words: str, language: str) -> date | None:
    """The day that dateparser finds from Monday, 2001-01-01 on: 2 to 8 January for the name of a weekday.

    The base is fixed because dateparser keeps its settings in memory for each base it ever saw; a zone is given because
    it would ask the machine for one. Imported here: 0.1 s for a command that few mails contain.
    """
    import dateparser

    found = dateparser.parse(
        words,
        languages=list(dict.fromkeys((language, "en"))),
        settings={
            "TIMEZONE": "UTC",
            "TO_TIMEZONE": "UTC",
            "RETURN_AS_TIMEZONE_AWARE": False,
            "RELATIVE_BASE": datetime(2001, 1, 1),  # noqa: DTZ001  # a page of a calendar, not a time
            "PREFER_DATES_FROM": "future",
            "PREFER_DAY_OF_MONTH": "first",
            "DATE_ORDER": "DMY",
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["month", "year"] if " " in words else [],
        },
    )
    return found.date() if found else None
