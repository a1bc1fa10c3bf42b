"""Taking mail in, over raw sockets: what an MTA would read, line by line."""

from __future__ import annotations

import errno
import re
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

import pytest

from maild.errors import MaildError, Unavailable
from maild.wire import listener

Start = Callable[..., listener.Listener]
HELLO = {"lmtp": b"LHLO mx.example.org\r\n", "smtp": b"EHLO mx.example.org\r\n"}
LETTER = b"Subject: hi\r\n\r\nHello\r\n"


class Inbox:
    """What a story would do: keep the mail, or raise what it is told to raise."""

    def __init__(self) -> None:
        self.kept: list[listener.Delivery] = []
        self.trouble: Exception | None = None
        self.enough = threading.Event()
        self.enough.set()
        self.asked = threading.Event()
        self.threads: set[str] = set()

    def accept(self, delivery: listener.Delivery) -> None:
        self.threads.add(threading.current_thread().name)
        self.asked.set()
        assert self.enough.wait(10)
        if self.trouble is not None:
            raise self.trouble
        self.kept.append(delivery)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def start(inbox: Inbox) -> Iterator[Start]:
    started: list[listener.Listener] = []

    def begin(protocol: Literal["lmtp", "smtp"] = "lmtp", **changed: Any) -> listener.Listener:
        settings: dict[str, Any] = {"known": lambda address: not address.startswith("nobody"), "max_size": 100_000}
        settings |= changed
        one = listener.Listener("127.0.0.1", 0, protocol, inbox.accept, hostname="desk.example", **settings)
        one.start()
        started.append(one)
        return one

    yield begin
    for one in started:
        one.stop()


class Talk:
    """A raw connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        assert self.reply().startswith("220 ")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *what: object) -> None:
        self.file.close()
        self.socket.close()

    def reply(self) -> str:
        """One reply, all its lines."""
        lines = [self.file.readline().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self.file.readline().decode())
        return "".join(lines).replace("\r\n", "\n").strip()

    def say(self, words: bytes, replies: int = 1) -> list[str]:
        self.socket.sendall(words)
        return [self.reply() for _ in range(replies)]

    def silent(self) -> bool:
        """Nothing more is on its way: the next reply is the one to NOOP."""
        return self.say(b"NOOP\r\n") == ["250 OK"]

    def envelope(self, *recipients: str, protocol: str = "lmtp", sender: str = "carla@customer.example") -> list[str]:
        assert self.say(HELLO[protocol])[0].startswith("250-desk.example")
        assert self.say(b"MAIL FROM:<%s>\r\n" % sender.encode())[0].startswith("250 ")
        return [self.say(b"RCPT TO:<%s>\r\n" % r.encode())[0][:3] for r in recipients]

    def data(self, raw: bytes = LETTER, replies: int = 1) -> list[str]:
        assert self.say(b"DATA\r\n")[0].startswith("354 ")
        return self.say(raw + b".\r\n", replies)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_lmtp_answers_once_per_recipient(start: Start, inbox: Inbox, count: int) -> None:
    """RFC 2033, 4.2."""
    recipients = [f"desk{n}@example.org" for n in range(count)]
    with Talk(start().port) as talk:
        assert talk.envelope(*recipients) == ["250"] * count
        assert talk.data(replies=count) == ["250 2.0.0 kept"] * count
        assert talk.silent()
    assert inbox.kept == [listener.Delivery("carla@customer.example", tuple(recipients), LETTER, "127.0.0.1")]


def test_lmtp_answers_only_for_the_recipients_that_were_accepted(start: Start, inbox: Inbox) -> None:
    with Talk(start().port) as talk:
        assert talk.envelope("a@example.org", "nobody@example.org", "b@example.org") == ["250", "550", "250"]
        assert talk.data(replies=2) == ["250 2.0.0 kept"] * 2
        assert talk.silent()
        assert talk.envelope("c@example.org") == ["250"]
        assert talk.data() == ["250 2.0.0 kept"]
    assert [d.recipients for d in inbox.kept] == [("a@example.org", "b@example.org"), ("c@example.org",)]


def test_lmtp_without_an_accepted_recipient_takes_no_data(start: Start, inbox: Inbox) -> None:
    """RFC 2033, 4.2: DATA is refused then."""
    with Talk(start().port) as talk:
        assert talk.envelope("nobody@example.org") == ["550"]
        assert talk.say(b"DATA\r\n")[0].startswith("503 ")
    assert inbox.kept == []


def test_smtp_answers_once(start: Start, inbox: Inbox) -> None:
    with Talk(start("smtp").port) as talk:
        assert talk.envelope("a@example.org", "b@example.org", protocol="smtp") == ["250", "250"]
        assert talk.data() == ["250 2.0.0 kept"]
        assert talk.silent()
    assert len(inbox.kept) == 1


@pytest.mark.parametrize(("protocol", "wrong"), [("lmtp", b"EHLO x"), ("lmtp", b"HELO x"), ("smtp", b"LHLO x")])
def test_the_greeting_of_the_other_protocol_is_refused(
    start: Start, protocol: Literal["lmtp", "smtp"], wrong: bytes
) -> None:
    with Talk(start(protocol).port) as talk:
        assert talk.say(wrong + b"\r\n")[0].startswith("500 ")


def test_what_is_offered(start: Start) -> None:
    with Talk(start().port) as talk:
        offered = talk.say(HELLO["lmtp"])[0].splitlines()
    assert {"250-SIZE 100000", "250-8BITMIME", "250-SMTPUTF8", "250-PIPELINING"} <= set(offered)
    assert not any("AUTH" in line for line in offered)


def test_the_null_sender_is_empty(start: Start, inbox: Inbox) -> None:
    with Talk(start().port) as talk:
        talk.envelope("desk@example.org", sender="")
        talk.data()
    assert inbox.kept[0].envelope_from == ""


def test_an_international_envelope(start: Start, inbox: Inbox) -> None:
    with Talk(start().port) as talk:
        talk.say(HELLO["lmtp"])
        assert talk.say("MAIL FROM:<søren@blåbær.example> SMTPUTF8 BODY=8BITMIME\r\n".encode())[0].startswith("250 ")
        assert talk.say("RCPT TO:<hjælp@example.org>\r\n".encode())[0].startswith("250 ")
        talk.data("Subject: blåbær\r\n\r\n".encode())
    assert (inbox.kept[0].envelope_from, inbox.kept[0].recipients) == ("søren@blåbær.example", ("hjælp@example.org",))
    assert inbox.kept[0].raw == "Subject: blåbær\r\n\r\n".encode()


def test_all_in_one_packet(start: Start, inbox: Inbox) -> None:
    """RFC 2920; two mails and the end of the session."""
    one = b"MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" + LETTER + b".\r\n"
    with Talk(start().port) as talk:
        replies = talk.say(HELLO["lmtp"] + one + one + b"QUIT\r\n", replies=14)
    assert [r[:3] for r in replies] == ["250", *["250", "250", "250", "354", "250", "250"] * 2, "221"]
    assert len(inbox.kept) == 2


def test_dots_and_bare_line_ends_come_through_and_end_nothing(start: Start, inbox: Inbox) -> None:
    """SMTP smuggling (2023): only CRLF . CRLF ends a mail."""
    raw = b"Subject: x\r\n\r\n..dot\r\na\n.\nMAIL FROM:<>\r\nb\n.\r\nc\r.\r\n"
    with Talk(start().port) as talk:
        talk.envelope("desk@example.org")
        assert talk.data(raw) == ["250 2.0.0 kept"]
        assert talk.silent()
    assert inbox.kept[0].raw == b"Subject: x\r\n\r\n.dot\r\na\n.\nMAIL FROM:<>\r\nb\n.\r\nc\r.\r\n"


def test_250_is_said_only_after_the_commit(start: Start, inbox: Inbox) -> None:
    """M2."""
    inbox.enough.clear()
    server = start()
    with Talk(server.port) as talk, Talk(server.port) as another:
        talk.envelope("desk@example.org")
        talk.say(b"DATA\r\n")
        talk.socket.sendall(LETTER + b".\r\n")
        assert inbox.asked.wait(10)
        assert another.silent()  # the loop is not held up meanwhile
        talk.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            talk.socket.recv(1)
        talk.socket.settimeout(10)
        inbox.enough.set()
        assert talk.reply() == "250 2.0.0 kept"
    assert all(name.startswith("listener") for name in inbox.threads)


@pytest.mark.parametrize(
    ("trouble", "answer"),
    [
        (RuntimeError("SELECT secret FROM inbox"), "451 4.3.0 try again later"),
        (MaildError("permanent, yet not the sender's fault"), "451 4.3.0 try again later"),
        (Unavailable("database is locked"), "451 4.3.0 try again later"),
        (OSError(errno.ENOSPC, "No space left on device"), "452 4.3.1 no room now"),
        (listener.TooLarge("30 MB"), "552 5.3.4 a mail may have 100000 bytes here"),
    ],
)
@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
def test_trouble_means_try_again_for_every_recipient_and_never_in_an_exceptions_words(
    start: Start, inbox: Inbox, protocol: Literal["lmtp", "smtp"], trouble: Exception, answer: str
) -> None:
    inbox.trouble = trouble
    count = 2 if protocol == "lmtp" else 1
    with Talk(start(protocol).port) as talk:
        talk.envelope("a@example.org", "b@example.org", protocol=protocol)
        assert talk.data(replies=count) == [answer] * count
        inbox.trouble = None
        talk.envelope("a@example.org", protocol=protocol)
        assert talk.data() == ["250 2.0.0 kept"]


def test_a_recipient_that_cannot_be_looked_up_is_for_later(start: Start) -> None:
    def known(address: str) -> bool:
        raise RuntimeError("secret")

    with Talk(start(known=known).port) as talk:
        talk.say(HELLO["lmtp"] + b"MAIL FROM:<>\r\n", replies=2)
        assert talk.say(b"RCPT TO:<a@example.org>\r\n") == ["451 4.3.0 try again later"]


def test_a_mail_that_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(start: Start, inbox: Inbox) -> None:
    with Talk(start(max_size=10_000).port) as talk:
        assert talk.say(HELLO["lmtp"])[0]
        assert talk.say(b"MAIL FROM:<> SIZE=10001\r\n") == ["552 5.3.4 a mail may have 10000 bytes here"]
        talk.envelope("a@example.org", "b@example.org")
        assert (
            talk.data(b"x" * 70 + b"\r\n" + b"y\r\n" * 5000, replies=2)
            == ["552 5.3.4 a mail may have 10000 bytes here"] * 2
        )
        assert talk.silent()
    assert inbox.kept == []


def test_a_line_longer_than_the_standard_allows_is_no_reason_to_lose_a_mail(start: Start, inbox: Inbox) -> None:
    raw = b"Subject: x\r\n\r\n" + b"x" * 90_000 + b"\r\n"
    with Talk(start().port) as talk:
        talk.envelope("desk@example.org")
        assert talk.data(raw) == ["250 2.0.0 kept"]
    assert inbox.kept[0].raw == raw


def test_a_line_that_never_ends_is_cut_off(start: Start, inbox: Inbox) -> None:
    with Talk(start(max_size=1000).port) as talk:
        talk.envelope("desk@example.org")
        talk.say(b"DATA\r\n")
        with pytest.raises(OSError, match=r"reset|[Bb]roken"):
            for _ in range(2000):
                talk.socket.sendall(b"x" * 65_536)
    assert inbox.kept == []


def test_the_hundred_and_first_recipient_is_told_to_come_with_another_mail(start: Start, inbox: Inbox) -> None:
    with Talk(start().port) as talk:
        answers = talk.envelope(*[f"desk{n}@example.org" for n in range(101)])
        assert answers == ["250"] * 100 + ["452"]
        assert set(talk.data(replies=100)) == {"250 2.0.0 kept"}
    assert len(inbox.kept[0].recipients) == 100


@pytest.mark.parametrize(
    "recipient", [b"\xff@example.org", b"(" * 400 + b"@example.org", b"a\x00b@example.org", b"a@b> NOTIFY=NEVER"]
)
def test_an_odd_recipient_gets_an_answer_and_is_not_kept(start: Start, inbox: Inbox, recipient: bytes) -> None:
    with Talk(start().port) as talk:
        talk.say(HELLO["lmtp"] + b"MAIL FROM:<>\r\n", replies=2)
        (answer,) = talk.say(b"RCPT TO:<" + recipient + b">\r\n")
        assert re.match(r"[45]\d\d ", answer)
        assert "Error: (" not in answer
        assert talk.silent()


def test_a_sender_of_odd_bytes_becomes_clean_text(start: Start, inbox: Inbox) -> None:
    with Talk(start().port) as talk:
        talk.say(HELLO["lmtp"] + b"MAIL FROM:<a\xff@example.org> SMTPUTF8\r\n", replies=2)
        talk.say(b"RCPT TO:<desk@example.org>\r\n")
        talk.data()
    assert inbox.kept[0].envelope_from.encode("utf-8") == "a\ufffd@example.org".encode()


def test_a_client_that_says_nothing_is_let_go(start: Start) -> None:
    with Talk(start(idle=0.2).port) as talk:
        assert talk.file.readline() == b""


def test_more_connections_than_allowed_are_told_to_come_later(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_CONNECTIONS", 2)
    server = start()
    with Talk(server.port), Talk(server.port), socket.create_connection(("127.0.0.1", server.port), 10) as third:
        assert third.makefile("rb").readline().startswith(b"421 4.3.2")


def test_stopping_lets_a_mail_be_committed_and_answered(start: Start, inbox: Inbox) -> None:
    inbox.enough.clear()
    server = start()
    port = server.port
    with Talk(port) as talk:
        talk.envelope("desk@example.org")
        talk.say(b"DATA\r\n")
        talk.socket.sendall(LETTER + b".\r\n")
        assert inbox.asked.wait(10)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        inbox.enough.set()
        assert talk.reply() == "250 2.0.0 kept"
        stopping.join(10)
    assert len(inbox.kept) == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


def test_it_starts_again_after_a_stop_and_says_when_the_port_is_taken(start: Start, inbox: Inbox) -> None:
    first = start()
    second = listener.Listener("127.0.0.1", first.port, "lmtp", inbox.accept, 1000, "desk.example", lambda _: True)
    with pytest.raises(OSError, match="in use"):
        second.start()
    first.stop()
    first.stop()
    first.start()
    with Talk(first.port) as talk:
        assert talk.envelope("desk@example.org") == ["250"]


@pytest.mark.parametrize("protocol", ["lmtp", "smtp"])
def test_the_standard_librarys_client_is_content(start: Start, inbox: Inbox, protocol: Literal["lmtp", "smtp"]) -> None:
    client = smtplib.LMTP if protocol == "lmtp" else smtplib.SMTP
    began = time.monotonic()
    with client("127.0.0.1", start(protocol).port, timeout=10) as link:
        for _ in range(50):
            assert link.sendmail("carla@customer.example", ["desk@example.org"], LETTER) == {}
    assert len(inbox.kept) == 50
    assert time.monotonic() - began < 10
