"""kill -9 of the daemon while mail comes in and goes out: 200 fates, no second ticket, no second acknowledgement.

Half of the kills come at a random moment of the daemon's life, its start included; half at the worst one: a mail has
arrived at the server, and its 250 has not been read. The seed is printed, and MAILD_SEED repeats it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import post
from tests.faults.live import Live, until
from tests.servers.dovecot import Dovecot
from tests.servers.sink import Received, Sink

OPEN = "select count(*) from incoming where done_at is null"
WAITING = "select count(*) from outgoing where state = 'waiting'"


class Trap(Sink):
    """A sink that does something when it has kept a certain mail, before it says 250."""

    def __init__(self) -> None:
        super().__init__()
        self._at, self.sprung = 0, threading.Event()

    def set(self, more: int) -> None:
        """Spring at the mail that is the `more`th from now."""
        self.sprung.clear()
        self._at = len(self.mails) + more

    def keep(self, mail: Received) -> None:
        super().keep(mail)
        if self._at and len(self.mails) >= self._at:
            self._at = 0
            self.kill()
            self.sprung.set()

    def kill(self) -> None:
        """What happens then."""


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as running:
        yield running


class Writers:
    """New users, and users and agents who answer what the sink got; `limit` mails in all."""

    def __init__(self, desk: Live, sink: Sink, chance: random.Random, limit: int) -> None:
        self.desk, self.sink, self.chance, self.limit = desk, sink, chance, limit
        self.new = self.replies = 0
        self.by_agents: dict[str, str] = {}  # what an agent wrote -> the user who must get it
        self.answered: set[str] = set()

    @property
    def left(self) -> int:
        return self.limit - self.new - self.replies

    def write(self, count: int) -> None:
        """Deliver `count` mails, a third of them answers where there is something to answer."""
        notices = dict(self.desk.rows("select message_id, notice from outgoing")) if self.sink.mails else {}
        waiting = []
        for mail in list(self.sink.mails):
            ours = post.ours(mail)
            notice = notices.get(ours.message_id.strip("<>"))
            if notice in ("acknowledgement", "new_ticket") and ours.message_id not in self.answered:
                waiting.append((notice, ours))
        self.chance.shuffle(waiting)
        for _ in range(min(count, self.left)):
            if waiting and self.chance.random() < 0.4:
                notice, ours = waiting.pop()
                self.answered.add(ours.message_id)
                self.replies += 1
                text = f"This is what I can say about it, as number {self.replies}."
                if notice == "new_ticket":
                    self.by_agents[text] = ours.recipient
                self.desk.account.deliver(post.reply(self.replies, ours, text))
            else:
                self.new += 1
                self.desk.account.deliver(post.new(self.new))


def drill(desk: Live, sink: Trap, mails: int, kills: int) -> None:
    """Let `mails` mails come in while the daemon is killed `kills` times; then look at what became of all."""
    seed = int(os.environ.get("MAILD_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed}")
    chance = random.Random(seed)
    writers = Writers(desk, sink, chance, mails)
    began = time.monotonic()
    a_round = -(-mails // (kills + 1))
    for number in range(kills):
        writers.write(a_round // 2)
        at_the_sink = number % 2 == 0
        desk.start()
        if at_the_sink:
            assert desk.process is not None
            sink.kill = desk.process.kill  # type: ignore[method-assign]  # this round's daemon
            sink.set(chance.randint(1, 4))
            desk.ready()
            writers.write(a_round - a_round // 2)
            assert sink.sprung.wait(30), desk.tail()
        else:
            if chance.random() < 0.7:
                desk.ready()
                writers.write(a_round - a_round // 2)
            threading.Event().wait(chance.uniform(0, 1.5))
        desk.kill()
    desk.start()
    desk.ready()
    while writers.left:
        writers.write(writers.left)
    until(lambda: desk.number("select count(*) from incoming") >= mails and not desk.number(OPEN), 60, desk.tail)
    until(lambda: not desk.number(WAITING), 60, lambda: desk.rows("select id, state, answer, not_before from outgoing"))
    assert desk.stop() == 0
    print(f"{mails} mails, {kills} kills, {time.monotonic() - began:.0f} s")
    judge(desk, sink, writers)


def judge(desk: Live, sink: Sink, writers: Writers) -> None:
    """One fate for each mail, one ticket for each new one, one acknowledgement for each user."""
    days = desk.balance()
    print("balance", days)
    assert sum(day["mailbox"] for day in days) == writers.limit
    assert all(day["well"] and day["filed"] == day["mailbox"] for day in days), desk.rows(
        "select id, fate, reason from incoming where fate != 'filed'"
    )
    assert desk.account.count("Processed") == writers.limit
    assert desk.account.count("INBOX") == 0

    assert desk.number("select count(*) from ticket") == writers.new
    assert desk.number("select count(distinct requester_id) from ticket") == writers.new
    twice = "select incoming_id, count(*) from message where direction = 'in' group by incoming_id having count(*) > 1"
    assert desk.rows(twice) == []
    assert desk.number("select count(*) from incoming where created = 0") == writers.replies

    got = Counter(post.ours(mail).message_id.strip("<>") for mail in sink.mails)
    outbox = desk.rows("select message_id, notice, state, recipient from outgoing")
    states = Counter((notice, state) for _, notice, state, _ in outbox)
    print("outbox", dict(states))
    assert set(got) <= {message_id for message_id, *_ in outbox}
    acknowledgements = [row for row in outbox if row[1] == "acknowledgement"]
    assert Counter(row[3] for row in acknowledgements) == {
        f"user{n}@customer.example": 1 for n in range(1, writers.new + 1)
    }
    for message_id, _, state, recipient in acknowledgements:
        assert state in ("sent", "doubtful"), (recipient, state)
        assert got[message_id] == 1 if state == "sent" else got[message_id] <= 1, (recipient, state, got[message_id])
    doubtful = [row for row in acknowledgements if row[2] == "doubtful"]
    arrived = sum(got[row[0]] for row in doubtful)
    extra = sum(count - 1 for count in got.values())
    print(
        f"{len(acknowledgements)} acknowledgements: {len(acknowledgements) - len(doubtful)} sent, "
        f"{len(doubtful)} doubtful (of which {arrived} arrived); "
        f"{extra} copies of other mails, each with the Message-ID of the first"
    )
    assert len(doubtful) + extra <= desk.starts  # a kill leaves one mail in doubt at most
    for message_id, notice, state, recipient in outbox:
        if notice != "acknowledgement":
            assert (state, got[message_id] > 0) == ("sent", True), (notice, recipient)
    answers = " ".join(post.ours(mail).text for mail in sink.mails if "customer.example" in mail.recipients[0])
    assert all(text in answers for text in writers.by_agents)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_20_kills_with_200_mails_leave_one_ticket_and_one_acknowledgement_each(
    tmp_path: Path, dovecot: Dovecot, trap: Trap
) -> None:
    with Live(tmp_path, dovecot.account(), trap.port) as desk:
        drill(desk, trap, mails=200, kills=20)


def test_3_kills_with_30_mails_leave_one_ticket_and_one_acknowledgement_each(
    tmp_path: Path, dovecot: Dovecot, trap: Trap
) -> None:
    with Live(tmp_path, dovecot.account(), trap.port) as desk:
        drill(desk, trap, mails=30, kills=3)
