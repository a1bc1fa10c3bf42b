"""design.md 7: what stops other parsers costs a second at most, and still becomes a Mail."""

from __future__ import annotations

import json
import time

import pytest

from maild.mail import reading
from tests.mail.letters import SETTINGS, squeezed

SECONDS = 1.5  # the promise is 1; tests run beside each other
HEAD = b"From: Carla <carla@customer.example>\r\nSubject: x\r\nMessage-ID: <a@b.example>\r\n"
DAEMON = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
TEXT = HEAD + b"\r\n"


def nested(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(depth))
    return HEAD + head + b"\r\nhello"


MAILS = {
    "16 kB of quotation marks in From": b"From: " + b'"' * 16_000 + b" <a@b.example>\r\n\r\nx",
    "812 brackets in From": b"From: " + b"(" * 812 + b"\r\n\r\nx",
    "30 kB of brackets in To": HEAD + b"To: " + b"(" * 30_000 + b"\r\n\r\nx",
    "a million empty parts": HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 1_000_000,
    "a million lines like a boundary": HEAD
    + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    + b"--xy\r\n" * 10**6,
    "5,000 parameters": HEAD + b"Content-Type: text/plain" + b"; p=v" * 5_000 + b"\r\n\r\nx",
    "2,900 pieces of a name": HEAD
    + b"Content-Disposition: x"
    + b"".join(b";f*%d*=a" % i for i in range(2_900))
    + b"\n\nx",
    "5,000 multiparts in each other": nested(5_000),
    "a Subject of 100 kB": b"Subject: " + b"=?utf-8?q?" * 10_000 + b"\r\n" + HEAD + b"\r\nx",
    "a Subject of 2,200 words": b"Subject: " + b"=?utf-8?q?a?= " * 2_200 + b"\r\n\r\nx",
    "30 kB of References": HEAD + b"References: " + b"<" * 31_000 + b"\r\n\r\nx",
    "3,000 recipients": HEAD + b"To: " + b", ".join(b"u%d@x.example" % i for i in range(1_500)) + b"\r\n\r\nx",
    "100,000 header fields": HEAD + b"X: y\r\n" * 100_000 + b"\r\nx",
    "50,000 folded lines": HEAD + b"X: y\r\n" + b" z\r\n" * 50_000 + b"\r\nx",
    "a million line ends": TEXT + b"\n" * 1_000_000,
    "blank lines of blanks": TEXT + b"   \n" * 300_000,
    "quote marks": TEXT + b">\n" * 500_000,
    "captions that never end": TEXT + b"On Friday 2026 x " * 60_000,
    "lines that begin as captions": TEXT + b"On Friday 2026 x\n" * 60_000,
    "lines that begin as headers": TEXT + b"From: x\nSent: y\n" * 60_000,
    "captions and quotes": TEXT + b"a@b.c 2026:\n> x\n" * 60_000,
    "a log": TEXT + b"2026-01-01 10:00:00 ERROR a@b.c something: failed\n" * 20_000,
    "signature marks": TEXT + b"-- \n" * 200_000,
    "fences": TEXT + b"```\n" * 200_000,
    "delimiters": TEXT + b"> ##- x -##\n a\n" * 60_000,
    "40,000 rows of a table": HTML + b"<table>" + b"<tr><td>a</td><td>b</td></tr>" * 40_000,
    "one row of 30,000 cells": HTML + b"<table><tr>" + b"<td>a" * 30_000,
    "200,000 open elements": HTML + b"<div>" * 200_000,
    "20,000 open quotes": HTML + b"<blockquote>" * 20_000,
    "10,000 open links": HTML + b'<a href="http://x">' * 10_000,
    "comments": HTML + b"<!--" * 50_000,
    "uuencode that never ends": TEXT + b"begin 644 a\n" * 80_000,
    "50,000 empty uuencoded files": TEXT + b"begin 644 a\n`\nend\n" * 50_000,
    "flowed lines": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * 300_000,
    "base64 of padding": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 1_000_000,
    "200,000 short base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==\n" * 200_000,
    "escapes of ISO-2022-JP": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B" * 300_000,
    "punycode as a charset": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 500_000,
    "a charset of 20 kB": HEAD + b"Content-Type: text/plain; charset=" + b"x" * 20_000 + b"\r\n\r\n\xff",
    "a bounce of addresses": DAEMON + b"a@" * 500_000,
    "a bounce of half sentences": DAEMON + b"not been able to deliver for the last 5 hours " * 20_000,
    "30 MB": TEXT + b"x" * 30_000_000,
    "NUL": TEXT + b"\0" * 1_000_000,
    "nothing": b"",
    "line ends alone": b"\r\n\r\n\r\n",
    "no text at all": b"\xff" * 100,
}


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    reading.warm(SETTINGS)


@pytest.mark.parametrize("name", MAILS)
def test_a_hostile_mail_costs_a_second_at_most(name: str) -> None:
    begun = time.process_time()
    found = reading.read(MAILS[name], SETTINGS)
    took = time.process_time() - begun
    json.dumps(reading.as_json(found, name), ensure_ascii=False).encode()
    assert len(squeezed(found.mail.text)) == len(squeezed(found.mail.reply)) + len(squeezed(found.mail.elided))
    assert took < SECONDS
