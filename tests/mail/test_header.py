"""Header fields as they come: folded, encoded, broken."""

from __future__ import annotations

import pytest

from maild.mail import header


def test_fields_are_unfolded_and_the_body_found() -> None:
    data = b"Subject: one\n two\nX-A: b\n\nbody"
    fields = header.split(data)
    assert fields.text("subject") == "one two"
    assert data[fields.end :] == b"body"


def test_a_mail_without_header_is_all_body() -> None:
    assert header.split(b"Hello, it is broken\nCarla").end == 0


def test_the_separator_of_an_mbox_and_junk_lines_do_not_hide_the_header() -> None:
    fields = header.split(b"From carla Mon Nov 24 2026\nSubject: a\njunk\nX-B: c\n\nx")
    assert [name for name, _ in fields.pairs] == ["subject", "x-b"]
    assert fields.defects == ("a header line without a name",)


def test_a_header_may_end_at_a_line_that_is_none() -> None:
    data = b"Subject: a\nthis is text\nand more"
    fields = header.split(data)
    assert data[fields.end :].startswith(b"this is text")


def test_limits_are_named() -> None:
    limits = header.Limits(block=1_000, one=100, count=5)
    assert header.split(b"A: b\n" * 6 + b"\n", limits=limits).met == ("more than 5 header fields",)
    assert header.split(b"A: " + b"x" * 200 + b"\n\n", limits=limits).met == ("a over 100 bytes",)
    assert "header block" in header.split(b"A: b\n" * 1_000, limits=limits).met[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?q?bl=C3=A5b=C3=A6r?= to", "blåbær to"),
        (b"=?utf-8?B?w6bDuMOl?=", "æøå"),
        (b"=?utf-8?b?w6bD?= =?utf-8?b?uA==?=", "æø"),  # one letter over two words
        (b"=?ISO-8859-1?Q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?iso-8859-1*en?q?caf=E9?=", "café"),
        (b"[=?utf-8?q?INC-7?=]", "[INC-7]"),
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?utf-8?q?a?b?=", "a?b"),
        (b"=?x-nothing?q?caf=C3=A9?=", "café"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?b?!!?=", ""),
        ("però".encode(), "però"),
        ("però".encode("latin-1"), "però"),
    ],
)
def test_encoded_words_and_raw_bytes_become_text(value: bytes, text: str) -> None:
    assert header.text(value) == text


def test_parameters_in_all_their_forms() -> None:
    kind, found = header.parameters(
        b'Text/Plain (comment); charset="utf-8"; name=my file.txt; a*0="x"; a*1=y; b*=utf-8\'\'%C3%A6; c="q\\"q;"'
    )
    assert kind == "text/plain"
    assert found == {"charset": "utf-8", "name": "my file.txt", "a": "xy", "b": "æ", "c": 'q"q;'}


def test_only_a_hundred_parameters_are_read() -> None:
    assert len(header.parameters(b"a/b" + b"".join(b";p%d=1" % i for i in range(5_000)))[1]) == header.PARAMETERS


@pytest.mark.parametrize(
    ("data", "plain"),
    [(b"aGVsbG8", b"hello"), (b"aGVs\nbG8=", b"hello"), (b"aGVsbG8=\nIQ==", b"hello!"), (b"!!!!", b"")],
)
def test_base64_is_read_whatever_is_missing(data: bytes, plain: bytes) -> None:
    assert header.base64(data) == plain
