"""M5, M12: a mail that cannot be handled costs only itself, and a mail costs a bounded number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from maild import hearing, incoming, timers
from maild.desk import db, inbox
from maild.desk.models import Incoming, RawMail
from maild.errors import MaildError, Unavailable
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA

HELP = "My screen is black since this morning. Please help me, I cannot work."


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are executed."""
    said: list[str] = []
    database = db.database.obj
    original = database.execute_sql

    def execute(sql: str, *more: Any, **named: Any) -> Any:
        said.append(sql)
        return original(sql, *more, **named)

    database.execute_sql = execute
    try:
        yield said
    finally:
        del database.execute_sql


def strangers(batch: str, count: int) -> list[bytes]:
    people = [letters.Person("X", f"{batch}{n}@customer.example") for n in range(count)]
    return [letters.new(who, f"Screen {who.address}", HELP) for who in people]


def test_a_new_mail_costs_a_bounded_number_of_statements_whatever_there_is(desk: Conversation) -> None:
    """M12. What a batch costs however many mails it has (claims, commits, the look for more) is told apart."""
    each = []
    for n in range(3):
        with counted() as one:
            desk.takes_all(strangers(f"one{n}.", 1))
        with counted() as many:
            desk.takes_all(strangers(f"many{n}.", 11))
        each.append((len(many) - len(one)) / 10)
    assert each[-1] <= each[0]  # nothing grows with the number of tickets
    assert each[-1] <= 28  # measured: 27 on SQLite, intake included, one for each row that is kept


def test_a_reply_costs_a_bounded_number_of_statements(desk: Conversation) -> None:
    opened = desk.says(CARLA, "Screen", HELP)
    costs = []
    for n in range(4):
        with counted() as said:
            desk.answers(CARLA, opened.to(CARLA), f"Still black, number {n}.")
        costs.append(len(said))
    assert costs[-1] <= costs[0]
    assert costs[-1] <= 43, said  # measured: 42 on SQLite, the whole batch of one


def test_ten_mails_in_a_batch_share_their_transaction(desk: Conversation) -> None:
    raws = [letters.new(letters.Person("X", f"y{n}@customer.example"), f"Screen {n}", HELP) for n in range(10)]
    with counted() as said:
        desk.takes_all(raws)
    commits = [sql for sql in said if sql.upper().startswith(("BEGIN", "COMMIT"))]
    assert len(commits) <= 8


def test_a_mail_that_breaks_us_is_put_aside_after_three_attempts_and_the_next_goes_on(
    desk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5."""
    original = hearing.identity.judge

    def judge(mail: Any, *more: Any) -> Any:
        if "poison" in mail.subject:
            raise ValueError("a bug of ours")
        return original(mail, *more)

    monkeypatch.setattr(hearing.identity, "judge", judge)
    poison, fine = letters.new(CARLA, "poison", HELP), letters.new(CARLA, "Screen", HELP)
    turns = desk.takes_all([poison, fine])
    assert [t.fate["fate"] for t in turns] == [None, "filed"]
    for _ in range(4):
        desk.now += incoming._AGAIN
        incoming.process(desk.stage, desk.reader, lambda: desk.now)
    row = Incoming.get(Incoming.id == 1)
    assert (row.fate, row.attempts) == ("quarantined", 3)
    assert "a bug of ours" in row.reason
    assert desk.count() == 1  # its savepoint left nothing behind
    assert inbox.balance()[0]["well"]
    monkeypatch.undo()
    inbox.again(row.id)
    incoming.process(desk.stage, desk.reader, lambda: desk.now)
    assert inbox.fate_json(inbox.get(row.id))["fate"] == "filed"


def test_a_mail_that_takes_the_daemon_down_is_put_aside(desk: Conversation) -> None:
    """M5: the attempt is counted before anything is parsed."""
    inbox.take_in([inbox.Arrival("support", "killer", letters.new(CARLA, "x", HELP), desk.now)], desk.now)
    for _ in range(3):
        assert inbox.claim(desk.stage.owner, desk.now, 50)
        inbox.recover(desk.stage.owner)  # we died, and came back
    assert incoming.process(desk.stage, desk.reader, lambda: desk.now) == 1
    row = Incoming.get()
    assert (row.fate, desk.count()) == ("quarantined", 0)
    assert "3 times" in row.reason


def test_the_bytes_of_a_mail_go_when_their_retention_is_over_and_its_fate_stays(desk: Conversation) -> None:
    """M1."""
    desk.says(CARLA, "Screen", HELP)
    row = Incoming.get()
    assert timers.expire_raw(desk.stage, desk.now + timedelta(days=364)) == 0
    assert inbox.raw([row])[row.id]
    assert timers.expire_raw(desk.stage, desk.now + timedelta(days=366)) == 1
    assert timers.expire_raw(desk.stage, desk.now + timedelta(days=366)) == 0
    assert inbox.raw([row])[row.id] == b""
    assert Incoming.get().fate == "filed"


def test_the_same_bytes_that_come_again_after_their_retention_are_kept_again(desk: Conversation) -> None:
    """M1."""
    raw = letters.new(CARLA, "Screen", HELP)
    desk.takes(raw)
    assert timers.expire_raw(desk.stage, desk.now + timedelta(days=366)) == 1
    desk.now += timedelta(days=366)
    assert desk.takes(raw).fate["fate"] == "duplicate"
    rows = list(Incoming.select())
    assert inbox.raw(rows) == {row.id: raw for row in rows}
    assert timers.expire_raw(desk.stage, desk.now + timedelta(days=364)) == 0


def test_a_quarantined_mail_without_its_bytes_is_not_tried_again(desk: Conversation) -> None:
    inbox.take_in([inbox.Arrival("support", "killer", letters.new(CARLA, "x", HELP), desk.now)], desk.now)
    Incoming.update(attempts=3).execute()
    incoming.process(desk.stage, desk.reader, lambda: desk.now)
    timers.expire_raw(desk.stage, desk.now + timedelta(days=366))
    with pytest.raises(MaildError, match="retention"):
        inbox.again(Incoming.get().id)


def test_an_alarm_that_cannot_be_written_keeps_no_mail_waiting(
    desk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5."""

    def fails(*_: Any) -> Any:
        raise ValueError("no such template")

    monkeypatch.setattr(incoming.letters, "alarm", fails)
    inbox.take_in([inbox.Arrival("support", "killer", letters.new(CARLA, "x", HELP), desk.now)], desk.now)
    Incoming.update(attempts=3).execute()
    incoming.process(desk.stage, desk.reader, lambda: desk.now)
    assert Incoming.get().fate == "quarantined"


def test_the_manager_hears_of_a_quarantined_mail_once_an_hour(desk: Conversation) -> None:
    """M5: one alarm, not one for each."""
    for name in ("first", "second"):
        raw = letters.new(CARLA, name, HELP)
        inbox.take_in([inbox.Arrival("support", f"{name} killer", raw, desk.now)], desk.now)
    Incoming.update(attempts=3).execute()
    incoming.process(desk.stage, desk.reader, lambda: desk.now)
    (alarm,) = desk.outbox()
    assert alarm.notice == "alarm"
    assert "first killer" in alarm.text
    assert "maild quarantine show" in alarm.text


def test_mails_are_not_to_blame_when_no_mail_can_be_read(desk: Conversation) -> None:
    """A machine without memory for a child must not put the whole inbox into quarantine."""

    class Reader:
        def read_many(self, raws: list[bytes]) -> list[Any]:
            raise Unavailable("the reading process does not start")

    inbox.take_in([inbox.Arrival("support", "x", letters.new(CARLA, "Screen", HELP), desk.now)], desk.now)
    for _ in range(5):
        with pytest.raises(Unavailable):
            incoming.process(desk.stage, Reader(), lambda: desk.now)  # type: ignore[arg-type]  # it only has to fail
    incoming.process(desk.stage, desk.reader, lambda: desk.now)
    assert Incoming.get().fate == "filed"


def test_a_mail_of_an_account_that_is_no_more_is_handled(desk: Conversation) -> None:
    """Taken in before a reload that removed the account."""
    turn = desk.takes(letters.new(CARLA, "Screen", HELP), account="former")
    assert turn.fate["fate"] == "filed"
    assert turn.to(CARLA).notice == "acknowledgement"


def test_raw_bytes_are_kept_once_as_they_came(desk: Conversation) -> None:
    """M1."""
    raw = letters.new(CARLA, "Screen", HELP)
    desk.takes_all([raw, raw])
    assert RawMail.select().count() == 1
    assert set(inbox.raw(Incoming.select()).values()) == {raw}


def test_hostile_commands_in_a_forged_agents_mail_cost_nothing(desk: Conversation) -> None:
    opened = desk.says(CARLA, "Screen", HELP)
    raw = letters.new(ADA, f"[{opened.ticket}] x", "x")
    body = b"!x a" + b" " * 300_000 + b"y\r\n" + b"!take\r\n" * 3_000
    turn = desk.takes(raw.replace(b"\r\n\r\nx\r\n", b"\r\n\r\n" + body))
    assert turn.fate["verdict"] == "unverified"
    assert len(turn.fate["commands"]) <= 20


def test_a_mail_full_of_things_that_look_like_markup_is_only_text(desk: Conversation) -> None:
    """M8."""
    evil = "{{ 7*7 }} {% raw %} <script>alert(1)</script> %s {0} ${x} '; DROP TABLE ticket; --\n.\n##- x -##"
    turn = desk.says(
        letters.Person('"><b>{{x}}', "carla@customer.example"), "{{ 7*7 }} <b>%(x)s", f"Hello dear desk.\n{evil}"
    )
    got = turn.to(ADA)
    assert "{{ 7*7 }}" in got.text
    assert "<script>" not in got.html
    reply = desk.answers(ADA, got, "{{ ticket.requester }} <img src=x>").to(CARLA)
    assert "{{ ticket.requester }} <img src=x>" in reply.text
    assert "<img" not in reply.html
