"""Sending: what each answer and each broken link becomes, and that doubt is said only where there is doubt (M3)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.errors import Unavailable
from maild.wire import smtp
from tests.servers import process
from tests.servers.sink import Sink, Stage

LETTER = b"From: desk@example.org\r\nTo: carla@customer.example\r\nSubject: hello\r\n\r\nHello Carla\r\n"
CARLA = "carla@customer.example"


@pytest.fixture
def sender(sink: Sink) -> Iterator[smtp.Sender]:
    link = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "none", timeout=5, final_timeout=5, hello="desk.example"))
    yield link
    link.close()


def test_a_mail_arrives_with_its_envelope(sink: Sink, sender: smtp.Sender) -> None:
    assert isinstance(sender.send("bounce+1@example.org", CARLA, LETTER), smtp.Sent)
    (mail,) = sink.wait(1)
    assert (mail.sender, mail.recipients, mail.raw) == ("bounce+1@example.org", (CARLA,), LETTER)


def test_the_null_sender_can_send(sink: Sink, sender: smtp.Sender) -> None:
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert sink.wait(1)[0].sender == ""


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        (b".\r\n", b".\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b"..a\n.b\n", b"..a\r\n.b\r\n"),
        (b"a\n.\nQUIT\n", b"a\r\n.\r\nQUIT\r\n"),
        (b"a\r.\rb", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n\r.\r\n", b"a\r\n\r\n.\r\n"),
        (b"no end of line", b"no end of line\r\n"),
        (b"mixed\rlines\nof\r\nall\n\rkinds", b"mixed\r\nlines\r\nof\r\nall\r\n\r\nkinds\r\n"),
        (b"", b"\r\n"),
        ("blåbærgrød\r\n".encode(), "blåbærgrød\r\n".encode()),
    ],
)
def test_dots_and_line_ends_cannot_end_a_mail_early(
    sink: Sink, sender: smtp.Sender, data: bytes, arrives: bytes
) -> None:
    assert isinstance(sender.send("", CARLA, data), smtp.Sent)
    assert sink.wait(1)[0].raw == arrives


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refused_recipient_is_permanent_and_the_connection_goes_on(
    sink: Sink, sender: smtp.Sender, pipelining: bool
) -> None:
    if not pipelining:
        sink.offers.remove("PIPELINING")
    sink.refuse("gone@customer.example", "550 5.1.1 no such user")
    assert sender.send("", "gone@customer.example", LETTER) == smtp.Refused(550, "5.1.1 no such user", permanent=True)
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert sink.connections == 1


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "eom"])
def test_a_deferral_at_any_stage_is_for_later_and_the_connection_goes_on(
    sink: Sink, sender: smtp.Sender, stage: Stage, pipelining: bool
) -> None:
    if not pipelining:
        sink.offers.remove("PIPELINING")
    sink.defer(1, stage)
    assert sender.send("", CARLA, LETTER) == smtp.Refused(451, "4.3.0 try again later", permanent=False)
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert (sink.connections, len(sink.mails)) == (1, 1)


def test_a_server_that_says_354_without_a_recipient_gets_no_text(sink: Sink, sender: smtp.Sender) -> None:
    """RFC 2920, 3.1: the client ends it with a lone dot."""
    sink.careless = True
    sink.refuse("gone@customer.example")
    assert sender.send("", "gone@customer.example", LETTER) == smtp.Refused(550, "5.1.1 no such user", permanent=True)
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert [m.recipients for m in sink.mails] == [(CARLA,)]


@pytest.mark.parametrize("how", ["accept-drop", "drop"])
def test_no_reply_to_the_dot_is_doubt(sink: Sink, sender: smtp.Sender, how: str) -> None:
    sink.orders.failures.append(how)  # type: ignore[arg-type]  # both are names of failures
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert outcome.doubt
    assert len(sink.mails) == (1 if how == "accept-drop" else 0)
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)


def test_silence_after_the_dot_is_doubt(sink: Sink) -> None:
    sender = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "none", timeout=5, final_timeout=0.2))
    sink.fail("stall")
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert outcome.doubt
    assert "timed out" in outcome.text


def test_an_answer_to_the_dot_that_is_none_is_doubt(sink: Sink, sender: smtp.Sender) -> None:
    sink.fail("garbage")
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert outcome.doubt


def test_a_link_that_breaks_before_the_dot_leaves_no_doubt(sink: Sink, sender: smtp.Sender) -> None:
    sink.fail("drop-before-dot")
    outcome = sender.send("", CARLA, b"Subject: long\r\n\r\n" + b"x" * 70 * 300_000)
    assert isinstance(outcome, smtp.Broken)
    assert not outcome.doubt


def test_a_link_that_breaks_at_the_first_command_leaves_no_doubt(sink: Sink, sender: smtp.Sender) -> None:
    sink.fail("drop-at-mail")
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert not outcome.doubt
    assert sink.connections == 1


@pytest.mark.parametrize("when", ["between", "at MAIL"])
def test_a_kept_connection_that_the_server_closed_is_no_failure(sink: Sink, sender: smtp.Sender, when: str) -> None:
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    if when == "between":
        sink.hang_up()
    else:
        sink.fail("drop-at-mail")
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert (sink.connections, len(sink.mails)) == (2, 2)


def test_a_goodbye_421_is_about_the_link_and_not_about_the_mail(sink: Sink, sender: smtp.Sender) -> None:
    sink.refuse(CARLA, "421 4.3.2 shutting down")
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert not outcome.doubt


def test_many_mails_go_over_one_connection(sink: Sink, sender: smtp.Sender) -> None:
    for _ in range(20):
        assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert (sink.connections, len(sink.mails)) == (1, 20)


def test_a_long_mail_arrives_whole(sink: Sink, sender: smtp.Sender) -> None:
    data = b"Subject: long\r\n\r\n" + b".0123456789\r\n" * 50_000
    assert isinstance(sender.send("", CARLA, data), smtp.Sent)
    assert sink.wait(1)[0].raw == data


def test_nobody_listening_is_broken_without_doubt() -> None:
    port = process.free_port()
    outcome = smtp.Sender(smtp.SmtpLogin("127.0.0.1", port, "none", timeout=2)).send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert not outcome.doubt
    assert f"127.0.0.1:{port}" in outcome.text


def test_an_international_recipient_needs_a_server_that_takes_one(sink: Sink, sender: smtp.Sender) -> None:
    assert isinstance(sender.send("", "søren@blåbær.example", LETTER), smtp.Sent)
    assert sink.wait(1)[0].recipients == ("søren@blåbær.example",)
    assert "SMTPUTF8" in next(c for c in sink.commands if c.startswith("MAIL"))


def test_an_international_recipient_is_refused_where_the_server_does_not_offer_it(
    sink: Sink, sender: smtp.Sender
) -> None:
    sink.offers.remove("SMTPUTF8")
    outcome = sender.send("", "søren@blåbær.example", LETTER)
    assert isinstance(outcome, smtp.Refused)
    assert outcome.permanent


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a@b>\r\nRCPT TO:<mallory@evil.example",
        "a@b\nDATA",
        "a b@c",
        "a@b\0",
        "<a@b>",
        "a@b> NOTIFY=NEVER",
        "\udcff@b",
    ],
)
def test_an_address_never_becomes_a_command(sink: Sink, sender: smtp.Sender, address: str) -> None:
    """M8."""
    outcome = sender.send("", address, LETTER)
    assert isinstance(outcome, smtp.Refused)
    assert outcome.permanent
    assert sink.commands == []


def test_login_comes_before_the_mail(sink: Sink) -> None:
    sender = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "none", "desk", lambda: "open sesame", timeout=5))
    assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
    assert any(c.startswith("AUTH PLAIN") for c in sink.commands)
    sender.close()


def test_a_refused_login_says_so_without_the_password(sink: Sink) -> None:
    sink.login_works = False
    sender = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "none", "desk", lambda: "open sesame", timeout=5))
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert not outcome.doubt
    assert "desk" in outcome.text
    assert "535" in outcome.text
    assert "sesame" not in outcome.text


def test_a_password_that_cannot_be_had_now_is_a_value_too(sink: Sink) -> None:
    def password() -> str:
        raise Unavailable("the secret's file is not there")

    outcome = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "none", "desk", password, timeout=5)).send(
        "", CARLA, b""
    )
    assert isinstance(outcome, smtp.Broken)
    assert "the secret's file is not there" in outcome.text


def test_without_starttls_no_password_goes_out(sink: Sink) -> None:
    sender = smtp.Sender(smtp.SmtpLogin(sink.host, sink.port, "starttls", "desk", lambda: "open sesame", timeout=5))
    outcome = sender.send("", CARLA, LETTER)
    assert isinstance(outcome, smtp.Broken)
    assert "STARTTLS" in outcome.text
    assert not any(c.startswith(("AUTH", "MAIL")) for c in sink.commands)


def test_certificates_are_verified(certificate: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = certificate
    with Sink(tls=context) as sink:
        login = smtp.SmtpLogin(sink.host, sink.port, "implicit", timeout=5)
        outcome = smtp.Sender(login).send("", CARLA, LETTER)
        assert isinstance(outcome, smtp.Broken)
        assert "certificate verify failed" in outcome.text
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        sender = smtp.Sender(login)
        assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
        assert isinstance(sender.send("", CARLA, LETTER), smtp.Sent)
        assert sink.wait(2)[1].raw == LETTER
        sender.close()
