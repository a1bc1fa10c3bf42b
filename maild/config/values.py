"""The small languages inside YAML values: durations, sizes, times of day, ranges of dates, addresses.

Each reader takes what YAML gave and returns the typed value, or raises ValueError (pydantic wants that one) with a
sentence for the administrator.
"""

from __future__ import annotations

import email.utils
import ipaddress
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from maild.policy.span import duration

SIZE = re.compile(r"(\d{1,9}) ?(B|kB|KB|MB|GB)?", re.ASCII)
SIZES = {None: 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3}
QUOTA = re.compile(r"(\d{1,9}) ?/ ?(minute|hour|day|week)", re.ASCII)
PERIODS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
RUNG = re.compile(r"(\d{1,4})\s*%(?:\s*([+-])\s*(\S+))?", re.ASCII)
TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
MAILBOX = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]{1,64}@[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]{1,255}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}")


class _Wrong(ValueError):
    """A value of the wrong kind; a ValueError because pydantic lets a TypeError through."""


@dataclass(frozen=True, slots=True)
class Quota:
    """So many in a period."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mails are from."""

    name: str
    address: str


def some_time(value: Any) -> timedelta:
    """A duration that is not nothing."""
    if not (found := duration(value)):
        raise ValueError("a time longer than nothing is wanted here")
    return found


def size(value: Any) -> int:
    """Bytes: `25MB`, `100kB`, `500B`."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise _Wrong(f"a size needs a unit: {value}B, {value}kB or {value}MB?")
    text = _text(value, "a size such as 25MB")
    found = SIZE.fullmatch(text)
    if not found or not int(found[1]):
        raise ValueError(f"`{text}` is not a size; write it as 25MB or 100kB")
    return int(found[1]) * SIZES[found[2]]


def quota(value: Any) -> Quota:
    """`3/day`, `100/hour`."""
    text = _text(value, "a number in a period, such as 3/day")
    if not (found := QUOTA.fullmatch(text)):
        raise ValueError(f"`{text}` is not a number in a period; write it as 3/day, or with minute, hour or week")
    return Quota(int(found[1]), PERIODS[found[2]])


def rung(value: Any) -> tuple[str, int, timedelta]:
    """`50%`, `100% + 4h`, `100% - 30m`: as written, the percentage, and the time beside it."""
    text = _text(value, "a part of the target such as 50% or 100% + 4h")
    if not (found := RUNG.fullmatch(text.strip())):
        raise ValueError(f"`{text}` is not a part of the target; write it as 50% or 100% + 4h")
    beside = duration(found[3]) if found[3] else timedelta(0)
    return text, int(found[1]), -beside if found[2] == "-" else beside


def times(value: Any) -> tuple[int, int]:
    """`09:00-13:00` or `14:00-24:00`, as seconds of the day."""
    text = _text(value, "opening times such as 09:00-13:00")
    found = TIMES.fullmatch(text)
    hours = [int(n) for n in found.groups()] if found else []
    if not hours or hours[1] > 59 or hours[3] > 59 or hours[0] > 23 or hours[2] * 60 + hours[3] > 24 * 60:
        raise ValueError(f"`{text}` is not a time of day; write it as 09:00-13:00 (a day ends at 24:00)")
    opens, closes = (hours[0] * 60 + hours[1]) * 60, (hours[2] * 60 + hours[3]) * 60
    if closes <= opens:
        raise ValueError(
            f"`{text}` ends before it begins; past midnight, write 22:00-24:00 here and 00:00-06:00 on the next day"
        )
    return opens, closes


def day(value: Any) -> date:
    """`2026-12-24`."""
    text = _text(value, "a date such as 2026-12-24")
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"`{text}` is not a date; write it as 2026-12-24")


def days(value: Any) -> tuple[date, date]:
    """`2026-12-21..2027-01-02`, both included; one date alone is that day."""
    text = _text(value, "dates such as 2026-12-21..2027-01-02")
    first, dots, last = text.partition("..")
    begins, ends = day(first.strip()), day(last.strip() if dots else first.strip())
    if ends < begins:
        raise ValueError(f"`{text}` ends before it begins")
    return begins, ends


def mailbox(value: Any) -> str:
    """A bare address: `support@example.org`."""
    text = _text(value, "an address such as support@example.org")
    if not MAILBOX.fullmatch(text):
        raise ValueError(f"`{text}` is not an address; write it as support@example.org, without a name or brackets")
    return text


def sender(value: Any) -> Sender:
    """`Example Desk <support@example.org>`, or the address alone."""
    text = _text(value, "a name and an address, such as Example Desk <support@example.org>")
    name, address = email.utils.parseaddr(text)
    if not MAILBOX.fullmatch(address) or any(ord(c) < 32 for c in text):
        raise ValueError(f"`{text}` is not a sender; write it as Example Desk <support@example.org>")
    return Sender(name, address)


def host(value: Any) -> str:
    """The name or the number of a machine."""
    text = _text(value, "the name of a machine such as mail.example.org")
    if not HOST.fullmatch(text):
        raise ValueError(
            f"`{text}` is not the name of a machine; write it as mail.example.org, without a port or a protocol"
        )
    return text


def endpoint(value: Any) -> str:
    """`127.0.0.1:8024`, `[::1]:8024`."""
    text = _text(value, 'an address and a port such as "127.0.0.1:8024"')
    name, _, number = text.rpartition(":")
    if not number.isascii() or not number.isdigit() or int(number) > 65535 or not HOST.fullmatch(name.strip("[]")):
        raise ValueError(f'`{text}` is not an address and a port; write it as "127.0.0.1:8024"')
    return text


def port(value: Any) -> int:
    """A TCP port."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65536:
        raise ValueError("a port is wanted here, a number from 1 to 65535")
    return value


def count(value: Any) -> int:
    """A number of things, at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number from 1 is wanted here")
    return value


def is_loopback(name: str) -> bool:
    """Whether a host is this machine itself, so that nobody can listen on the way."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _text(value: Any, wanted: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(f"{wanted} is wanted here{', in quotes' if isinstance(value, (int, float)) else ''}")
    return value


def _schema(*examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": list(examples)})


Duration: TypeAlias = Annotated[timedelta, PlainValidator(duration), _schema("3d", "1h30")]
SomeTime: TypeAlias = Annotated[timedelta, PlainValidator(some_time), _schema("60s", "1h30")]
Size: TypeAlias = Annotated[int, PlainValidator(size), _schema("25MB")]
PerTime: TypeAlias = Annotated[Quota, PlainValidator(quota), _schema("3/day")]
RungAt: TypeAlias = Annotated[tuple[str, int, timedelta], PlainValidator(rung), _schema("50%", "100% + 4h")]
Times: TypeAlias = Annotated[tuple[int, int], PlainValidator(times), _schema("09:00-13:00")]
Day: TypeAlias = Annotated[date, PlainValidator(day), _schema("2026-12-24")]
Days: TypeAlias = Annotated[tuple[date, date], PlainValidator(days), _schema("2026-12-21..2027-01-02")]
Mailbox: TypeAlias = Annotated[str, PlainValidator(mailbox), _schema("support@example.org")]
From: TypeAlias = Annotated[Sender, PlainValidator(sender), _schema("Example Desk <support@example.org>")]
Host: TypeAlias = Annotated[str, PlainValidator(host), _schema("mail.example.org")]
Endpoint: TypeAlias = Annotated[str, PlainValidator(endpoint), _schema("127.0.0.1:8024")]
Port: TypeAlias = Annotated[
    int, PlainValidator(port), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535})
]
Count: TypeAlias = Annotated[int, PlainValidator(count), WithJsonSchema({"type": "integer", "minimum": 1})]
