"""How a language writes dates, lengths of time, sizes and numbers: Babel's copy of the Unicode CLDR, kept where cheap.

A language says in words.json which locale of the CLDR it is, and may say patterns of its own for `date`, `time` and
`date_time` (the CLDR's pattern letters; {0} is the time and {1} the date). Everything here is pure. Few dates, minutes
and counts occur again and again in the mails of a desk, so each is formatted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from babel import Locale

_FALLBACK = "en_GB"
_KEPT = 2_000  # dates, minutes, counts; of each language


class Tongue:
    """One locale with its patterns; made once by `tongue`."""

    def __init__(self, locale: Locale, day: str, clock: str, both: str) -> None:
        self.locale = locale
        self._day, self._clock = day or "full", clock or "short"
        self.both = both or str(locale.datetime_formats["medium"])
        self.day = lru_cache(_KEPT)(self._make_day)
        self.clock = lru_cache(_KEPT)(self._make_clock)
        self.count = lru_cache(_KEPT)(self._make_count)
        self.number = lru_cache(_KEPT)(self._make_number)
        self.percent = lru_cache(_KEPT)(self._make_percent)
        self.size = lru_cache(_KEPT)(self._make_size)
        self.listed = lru_cache(_KEPT)(self._make_list)

    def _make_day(self, year: int, month: int, day: int) -> str:
        from babel.dates import format_date

        return format_date(date(year, month, day), self._day, self.locale)

    def _make_clock(self, hour: int, minute: int) -> str:
        from babel.dates import format_time

        return format_time(time(hour, minute), self._clock, locale=self.locale)

    def _make_count(self, number: int, unit: str) -> str:
        """So many of `day`, `hour` or `minute`."""
        return self._unit(number, f"duration-{unit}", "long", "short", "narrow")

    def _unit(self, number: float, unit: str, *lengths: Literal["long", "short", "narrow"]) -> str:
        """The first of these lengths that the language has: where a long word is a short one too, Babel lacks it."""
        from babel.units import format_unit

        said = ""
        for length in lengths:
            said = format_unit(number, unit, length, locale=self.locale)
            if unit not in said:  # the bare name of the unit stands in for what is not there
                break
        return said

    def _make_number(self, number: float, places: int | None) -> str:
        """With the marks of the language; `places` after the decimal mark where it is given."""
        from babel.numbers import format_decimal

        pattern = None if places is None else "#,##0" + ("." + "0" * places if places else "")
        return format_decimal(number, pattern, self.locale)

    def _make_percent(self, share: int) -> str:
        from babel.numbers import format_percent

        return format_percent(share / 100, locale=self.locale)

    def _make_size(self, number: float, unit: str) -> str:
        """So many of `kilobyte` or `megabyte`."""
        return self._unit(number, f"digital-{unit}", "short", "narrow", "long")

    def _make_list(self, items: tuple[str, ...]) -> str:
        """With commas, and the word for "and" before the last."""
        from babel.lists import format_list

        return format_list(items, "standard", self.locale)

    @property
    def direction(self) -> str:
        """Which way it is written: ltr or rtl."""
        return str(self.locale.text_direction)

    def form(self, number: int) -> str:
        """Which form of a word goes with that number: zero, one, two, few, many or other."""
        return str(self.locale.plural_form(number))

    @property
    def forms(self) -> frozenset[str]:
        """The forms that counting needs; that of whole millions, which some languages have, is not among them."""
        return frozenset(map(self.form, range(200)))


def known(name: str) -> bool:
    """Has the CLDR a locale of that name?"""
    return _locale(name) is not None


def tongue(words: Mapping[str, str]) -> Tongue:
    """The locale and the patterns of a word list; British English where it names none that is known."""
    get = words.get
    return _tongue(get("locale", _FALLBACK), get("date", ""), get("time", ""), get("date_time", ""))


@lru_cache(maxsize=256)
def _tongue(name: str, day: str, clock: str, both: str) -> Tongue:
    locale = _locale(name) or _locale(_FALLBACK)
    assert locale is not None
    return Tongue(locale, day, clock, both)


@cache
def _locale(name: str) -> Locale | None:
    from babel import Locale, UnknownLocaleError  # a twentieth of a second, which no command but those that write needs

    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None
