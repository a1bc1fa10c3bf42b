"""How a value is put into words: cleaned text, dates, spans and sizes in the reader's language.

Everything here is pure. `words` is the mapping of one language (templates/<lang>/words.json); how that language writes
dates and numbers is Babel's to know (`cldr`). Cleaned text is valid
Unicode without surrogates, control or bidi characters: those are shown as what they are (B57).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from maild.mail import cldr

Words = Mapping[str, str]

LONGEST_LINE = 1_000  # characters of an inline value: a subject, a name, a command line
LONGEST_BLOCK = 200_000  # characters of a block value; the whole text stays with the ticket

_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Bidi controls, invisible characters, tags and what is no character. The joiners are needed inside emoji and in
# scripts from Arabic on (U+0600); beside Latin letters they only hide a difference between two names.
_ODD = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
    "|(?<![\u0600-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\U0010ffff])"
)
_SPACES = re.compile(r"\s+")


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # U+2400 on: the pictures of the control characters
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code < 0xE000:
        return "\ufffd"
    return f"\u27e8U+{code:04X}\u27e9"


def line(text: str) -> str:
    """One line of clean text: breaks and runs of blanks become one space."""
    if len(text) <= LONGEST_LINE and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = _SPACES.sub(" ", text[: 2 * LONGEST_LINE]).strip()
    if len(text) > LONGEST_LINE:
        text = text[: LONGEST_LINE - 1] + "\u2026"
    return _ODD.sub(_shown, text)


def block(text: str, cut: str = "[\u2026]") -> str:
    """Clean text of several lines, broken by "\\n" alone; `cut` ends a text that was too long."""
    if len(text) > LONGEST_BLOCK:
        text = f"{text[:LONGEST_BLOCK]}\n{cut}"
    text = _BREAKS.sub("\n", text.removeprefix("\ufeff"))
    return _ODD.sub(_shown, text).strip("\n").rstrip()


def zone_of(name: str | None) -> tzinfo:
    """The time zone of that name; UTC where there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):  # an unknown key, a path, or an unreadable file
        return UTC


def day(at: datetime, zone: tzinfo, words: Words) -> str:
    """The date with its weekday, in the reader's zone."""
    local = at.astimezone(zone)
    return cldr.tongue(words).day(local.year, local.month, local.day)


def moment(at: datetime, zone: tzinfo, words: Words) -> str:
    """Date and time of day, in the reader's zone."""
    local, tongue = at.astimezone(zone), cldr.tongue(words)
    return tongue.both.format(tongue.clock(local.hour, local.minute), tongue.day(local.year, local.month, local.day))


def span(length: timedelta, words: Words) -> str:
    """A length of time in its two largest units. A day and a half are 36 hours, since promises are made in hours."""
    minutes = abs(int(length.total_seconds())) // 60
    if not minutes:
        return words["moments"]
    hours, minutes = divmod(minutes, 60)
    if hours > 72 or (hours >= 48 and not hours % 24 and not minutes):
        days, hours = divmod(hours, 24)
        pairs = [("day", days), ("hour", hours)]
    else:
        pairs = [("hour", hours), ("minute", minutes)]
    tongue = cldr.tongue(words)
    return tongue.listed(tuple(tongue.count(count, unit) for unit, count in pairs if count))


def size(count: int, words: Words) -> str:
    """A number of bytes as people say it."""
    if count < 1_000:
        return f"{count} B"
    amount, unit = (count / 1_000, "kilobyte") if count < 999_500 else (count / 1_000_000, "megabyte")
    return cldr.tongue(words).size(round(amount, 0 if amount >= 10 else 1), unit)


def number(value: float, words: Words, places: int | None = None) -> str:
    """A number with the marks of the language; `places`: so many after the decimal mark."""
    return cldr.tongue(words).number(value, places)


def percent(share: int, words: Words) -> str:
    """So many of a hundred, with the sign of the language."""
    return cldr.tongue(words).percent(share)


def plural(count: int, words: Words, forms: Mapping[str, str]) -> str:
    """The form that goes with the number, `#` in it being the number. What is given for no form is `other`."""
    tongue = cldr.tongue(words)
    return (forms.get(tongue.form(count)) or forms["other"]).replace("#", tongue.number(count, None))


def word(name: str, words: Words) -> str:
    """The reader's word for a status, priority, type, line or clock; the name itself where there is none."""
    return words.get(name, name)


def label(name: str, words: Words) -> str:
    """The same where it stands at the beginning: with a capital."""
    said = word(name, words)
    return said[:1].upper() + said[1:]


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, as the end of an error message; empty where none is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""
