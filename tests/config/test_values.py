"""The small languages inside YAML values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from maild.config import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("5m", 300),
        ("1h", 3600),
        ("1h30", 5400),
        ("1h30m", 5400),
        ("3d", 259200),
        ("1d12h", 129600),
        ("0s", 0),
    ],
)
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert values.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "h", "1", "1h90", "30m1h", "-1h", "1 h", "1w", "99999d", "٣h", 90, 1.5, True, None, ["1h"]]
)
def test_what_is_no_duration_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="time"):
        values.duration(value)


def test_a_bare_number_is_asked_for_its_unit() -> None:
    with pytest.raises(ValueError, match=r"a time needs a unit: 90s \(seconds\), 90m"):
        values.duration(90)


@pytest.mark.parametrize(("text", "size"), [("25MB", 25_000_000), ("100kB", 100_000), ("1 GB", 10**9), ("500B", 500)])
def test_a_size_is_read(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("value", ["MB", "0MB", "-1MB", "1.5MB", "10 tons", 25, None])
def test_what_is_no_size_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="size"):
        values.size(value)


def test_a_quota_is_read() -> None:
    assert values.quota("3/day") == values.Quota(3, timedelta(days=1))
    assert values.quota("100 / hour") == values.Quota(100, timedelta(hours=1))


@pytest.mark.parametrize(
    ("text", "percent", "minutes"),
    [("50%", 50, 0), ("100% + 4h", 100, 240), ("100%+1h30", 100, 90), ("100% - 30m", 100, -30), ("0%", 0, 0)],
)
def test_a_rung_is_read(text: str, percent: int, minutes: int) -> None:
    assert values.rung(text) == (text, percent, timedelta(minutes=minutes))


@pytest.mark.parametrize("value", ["50", "half", "100% + 4", "% + 4h", "100% * 2h", "50.5%", 50])
def test_what_is_no_rung_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"time|part of the target"):
        values.rung(value)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("09:00-13:00", (32400, 46800)),
        ("14:00-24:00", (50400, 86400)),
        ("00:00-24:00", (0, 86400)),
        ("9:00 - 9:01", (32400, 32460)),
    ],
)
def test_opening_times_are_read(text: str, times: tuple[int, int]) -> None:
    assert values.times(text) == times


@pytest.mark.parametrize(
    "value", ["24:00-24:00", "22:00-06:00", "09:00-09:00", "9-17", "09:60-10:00", "00:00-24:01", 540]
)
def test_what_are_no_opening_times_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"time|ends before"):
        values.times(value)


def test_days_are_read() -> None:
    assert values.days("2026-12-21..2027-01-02") == (date(2026, 12, 21), date(2027, 1, 2))
    assert values.days("2026-12-24") == (date(2026, 12, 24), date(2026, 12, 24))


@pytest.mark.parametrize(
    "value", ["2026-12-21..", "2026-13-01", "20261221", "2027-01-02..2026-12-21", "tomorrow", 2026]
)
def test_what_are_no_days_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"date|ends before"):
        values.days(value)


@pytest.mark.parametrize(
    "value", ["a", "a@b@c", "A <a@b.example>", "a@b.example, c@d.example", "a@b\r\nBcc: c@d", "a b@c", "@b", "a@", 1]
)
def test_what_is_no_bare_address_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="address"):
        values.mailbox(value)


def test_a_sender_has_a_name_and_an_address() -> None:
    assert values.sender("Example Desk <a@b.example>") == values.Sender("Example Desk", "a@b.example")
    assert values.sender('"Desk, Example" <a@b.example>') == values.Sender("Desk, Example", "a@b.example")
    assert values.sender("a@b.example") == values.Sender("", "a@b.example")


@pytest.mark.parametrize("value", ["Desk", "Desk <a>", "Desk <a@b.example>\r\nBcc: x@y.example", 3])
def test_what_is_no_sender_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"sender|name and an address"):
        values.sender(value)


@pytest.mark.parametrize(
    ("host", "ours"), [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)]
)
def test_this_machine_is_known(host: str, ours: bool) -> None:
    assert values.is_loopback(host) is ours


@pytest.mark.parametrize(
    "host", ["localhost.example.org", "10.0.0.1", "0.0.0.0", "mail.example.org", "127.0.0.1.example.org"]
)
def test_another_machine_is_not_this_one(host: str) -> None:
    assert not values.is_loopback(host)
