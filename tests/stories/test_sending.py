"""STORY 3 with a real sender and a sink: what the server answers is what the row becomes (M3, B19, B30)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maild import outgoing
from maild.desk import outbox, tickets
from maild.desk.models import Outgoing
from maild.desk.models import Person as Row
from maild.errors import Unavailable
from maild.wire.smtp import Sender, SmtpLogin
from tests.servers import process
from tests.servers.sink import Sink
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA

HELP = "My screen is black since this morning. Please help me, I cannot work."


@pytest.fixture
def sender(sink: Sink) -> Sender:
    return Sender(SmtpLogin(sink.host, sink.port, "none"))


def send(desk: Conversation, sender: Sender) -> None:
    while outgoing.send_due(desk.stage, sender, lambda: desk.now):
        pass
    sender.close()


def states() -> dict[str, str]:
    return {f"{row.notice} {row.recipient}": row.state for row in Outgoing.select()}


def test_all_that_waits_goes_out_with_the_bytes_of_the_row(desk: Conversation, sink: Sink, sender: Sender) -> None:
    opened = desk.says(CARLA, "Screen", HELP)
    send(desk, sender)
    assert [m.recipients for m in sink.mails] == [(m.recipient,) for m in opened.sent]
    assert [m.raw for m in sink.mails] == [m.raw for m in opened.sent]
    assert set(states().values()) == {"sent"}
    ack = opened.to(CARLA)
    assert sink.mails[0].sender == ack.reply_address  # VERP: a bounce comes back to ticket and person


def test_a_refused_address_is_told_to_the_agent_and_gets_no_more_automatic_mail(
    desk: Conversation, sink: Sink, sender: Sender
) -> None:
    """B19, B30."""
    sink.refuse(CARLA.address)
    opened = desk.says(CARLA, "Screen", HELP)
    send(desk, sender)
    assert states()[f"acknowledgement {CARLA.address}"] == "failed"
    told = [m for m in desk.outbox() if m.notice == "undelivered"]
    assert {m.recipient for m in told} == {ADA.address, BEN.address}
    assert Row.get(address=CARLA.address).bounced_until is not None
    assert desk.answers(ADA, opened.to(ADA), "!escalate").nothing_to(CARLA)


def test_a_full_mailbox_stops_no_automatic_mail(desk: Conversation, sink: Sink, sender: Sender) -> None:
    sink.refuse(CARLA.address, "552 5.2.2 mailbox full")
    desk.says(CARLA, "Screen", HELP)
    send(desk, sender)
    assert Row.get(address=CARLA.address).bounced_until is None


def test_a_deferred_mail_waits_and_the_others_go(desk: Conversation, sink: Sink, sender: Sender) -> None:
    sink.refuse(CARLA.address, "451 4.3.0 later")
    desk.says(CARLA, "Screen", HELP)
    send(desk, sender)
    assert sorted(states().values()) == ["sent", "sent", "waiting"]
    sink.clear()
    desk.now += timedelta(minutes=1)
    send(desk, sender)
    assert [m.recipients for m in sink.mails] == [(CARLA.address,)]


def test_a_server_that_is_not_there_costs_the_first_mail_alone_an_attempt(desk: Conversation) -> None:
    nowhere = Sender(SmtpLogin("127.0.0.1", process.free_port(), "none"))
    desk.says(CARLA, "Screen", HELP)
    with pytest.raises(Unavailable):
        send(desk, nowhere)
    assert set(states().values()) == {"waiting"}
    assert sorted(row.attempts for row in Outgoing.select()) == [0, 0, 1]
    assert len(outbox.claim("other:boot", desk.now + timedelta(seconds=1), 10)) == 2


@pytest.mark.parametrize(("how", "state"), [("accept-drop", "doubtful"), ("drop-at-mail", "waiting")])
def test_an_acknowledgement_in_doubt_is_not_repeated(
    desk: Conversation, sink: Sink, sender: Sender, how: str, state: str
) -> None:
    """M3."""
    desk.says(CARLA, "Screen", HELP)
    sink.fail(how)  # type: ignore[arg-type]  # one of its words
    with pytest.raises(Unavailable):
        send(desk, sender)
    assert states()[f"acknowledgement {CARLA.address}"] == state
    desk.now += timedelta(hours=1)
    send(desk, sender)
    got = [m for m in sink.mails if CARLA.address in m.recipients]
    assert len(got) == 1


def test_that_nobody_can_be_told_keeps_no_mail_back(
    desk: Conversation, sink: Sink, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.refuse(CARLA.address)
    desk.says(CARLA, "Screen", HELP)

    def broken(*what: object) -> None:
        raise KeyError("a bug of ours")

    monkeypatch.setattr(tickets, "apply", broken)
    send(desk, sender)
    assert sorted(states().values()) == ["failed", "sent", "sent"]
