"""The link to the outgoing server breaks before or after the final dot (M3)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.faults import post
from tests.faults.live import Live, until
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Sink

STATES = "select recipient, state from outgoing where notice = 'acknowledgement' order by id"
WAITING = "select count(*) from outgoing where state = 'waiting'"


@pytest.mark.slow
def test_an_acknowledgement_in_doubt_waits_for_a_person_and_any_other_mail_goes_again(
    tmp_path: Path, dovecot: Dovecot, sink: Sink
) -> None:
    with Live(tmp_path, dovecot.account(), sink.port) as desk:
        desk.start()
        desk.ready()

        sink.fail("accept-drop")  # after the final dot: kept, but nobody said so
        desk.account.deliver(post.new(1))
        until(lambda: desk.rows(STATES) == [("user1@customer.example", "doubtful")], 30, desk.tail)
        until(lambda: not desk.number(WAITING), 30, desk.tail)
        assert Counter(m.recipients[0] for m in sink.mails) == {"user1@customer.example": 1, "ada@example.org": 1}
        assert "doubtful" in desk.command("outbox", "list")

        # The server has nothing. Who had written all of it before the link broke cannot know that: then it is in doubt.
        sink.fail("drop-before-dot")
        desk.account.deliver(post.new(2))
        until(lambda: desk.rows("select 1 from outgoing where id = 3 and attempts = 1"), 30, desk.tail)
        desk.command("outbox", "retry", "3")
        until(lambda: desk.rows(STATES)[1:] == [("user2@customer.example", "sent")], 30, desk.tail)

        notice = post.ours(next(m for m in sink.mails if m.recipients == ("ada@example.org",)))
        sink.fail("accept-drop")
        desk.account.deliver(post.reply(1, notice, "Please switch it off and on again."))
        again = "select id from outgoing where notice = 'public_reply' and attempts = 1 and state = 'waiting'"
        until(lambda: desk.rows(again), 30, desk.tail)
        desk.command("outbox", "retry", str(desk.rows(again)[0][0]))
        until(lambda: not desk.number(WAITING), 30, desk.tail)
        ids = Counter(post.ours(m).message_id for m in sink.mails)
        assert sorted(ids.values())[-1] == 2  # the reply, which its reader's mail program knows for the same
        got = Counter(m.recipients[0] for m in sink.mails)
        assert got["user1@customer.example"] == 3  # one acknowledgement, and the reply twice
        assert got["user2@customer.example"] == 1
        assert desk.stop() == 0
