"""B18, B19: delivery reports in the standard form and in the old ones."""

from __future__ import annotations

import csv
from collections import defaultdict

import pytest

from maild.mail import reading
from tests.mail.letters import SETTINGS, corpus, letter, mail

QMAIL = (
    "Hi. This is the qmail-send program at mx.example.\r\n\r\n<giulia@customer.example>:\r\n"
    "Sorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
    "Message-ID: <out-1@desk.example.org>\r\n"
)
EXIM = (
    "A message that you sent could not be delivered to one or more of its recipients.\r\n\r\n"
    "  giulia@customer.example\r\n    mailbox is full\r\n"
)


def test_a_standard_report_says_all() -> None:
    found = letter("bounce-failed").bounce
    assert found is not None
    assert (found.action, found.status, found.recipients) == ("failed", "5.1.1", ("giulia@customer.example",))
    assert found.original_message_id == "out-1@desk.example.org"
    assert "User unknown" in found.diagnostic


def test_delayed_and_delivered_are_not_failed() -> None:
    for name, action in (("bounce-delayed", "delayed"), ("bounce-delivered", "delivered")):
        found = letter(name).bounce
        assert found is not None
        assert found.action == action


def test_who_attaches_a_bounce_did_not_bounce() -> None:
    one = letter("a-person-attaches-a-bounce")
    assert (one.kind, one.bounce, one.answerable) == ("human", None, True)
    assert one.attachments[0].type == "message/rfc822"


def test_who_forwards_or_answers_a_bounce_did_not_bounce() -> None:
    body = "What is this?\r\n\r\n> 550 5.1.1 User unknown\r\n> could not be delivered to x@y.example\r\n"
    assert mail("Subject: Fwd: Undelivered Mail Returned to Sender", body=body).bounce is None
    assert mail("Subject: Re: failure notice", body=body).bounce is None
    assert mail("Subject: Mail could not be delivered, why?", body="See https://x.example\r\n").kind == "human"


@pytest.mark.parametrize(
    ("body", "status", "recipient"),
    [
        (
            QMAIL,
            "5.1.1",
            "giulia@customer.example",
        ),
        (
            EXIM,
            "5.2.2",
            "giulia@customer.example",
        ),
        (
            "The following address failed:\r\n <giulia@customer.example>\r\n550 User unknown\r\n",
            "5.1.1",
            "giulia@customer.example",
        ),
    ],
)
def test_old_mailers_are_understood(body: str, status: str, recipient: str) -> None:
    one = mail("Return-Path: <>", "Subject: failure notice", body=body, sender="MAILER-DAEMON@mx.example")
    assert one.kind == "dsn_failed"
    assert one.bounce is not None
    assert (one.bounce.status, one.bounce.recipients) == (status, (recipient,))


def test_an_old_warning_is_a_delay() -> None:
    body = "Your message to <giulia@customer.example> has been delayed. We will keep trying for 3 days.\r\n"
    one = mail(
        "Return-Path: <>", "Subject: Warning: message delayed 24 hours", body=body, sender="MAILER-DAEMON@mx.example"
    )
    assert one.kind == "dsn_delayed"


def test_the_bounces_of_seventy_servers_are_recognised() -> None:
    folder = corpus("sisimai-set-of-emails")
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (folder / "EXPECTED.tsv").open(encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            rows[row["file"]].append(row)
    known = right = total = 0
    for name, expected in rows.items():
        path = folder / name
        if not path.exists():
            continue
        found = reading.read(path.read_bytes(), SETTINGS).mail
        if expected[0]["reason"] in {"feedback", "vacation"}:
            assert found.bounce is None, name
            continue
        total += 1
        known += found.bounce is not None
        right += found.bounce is not None and (found.bounce.status or "")[:1] in {
            r["delivery_status"][:1] for r in expected
        }
    assert known / total > 0.97
    assert right / known > 0.96
    for path in (folder / "maildir" / "not").iterdir():
        assert reading.read(path.read_bytes(), SETTINGS).mail.bounce is None
