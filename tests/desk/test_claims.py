"""The inbox and the outbox: a row is one worker's at a time, survives crashes, and ends in one state (M1, M3, M5)."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from maild.config import Settings
from maild.desk import db, inbox, lease, outbox
from maild.desk.models import Incoming, Outgoing
from maild.errors import MaildError, UnknownThing
from maild.outcome import Fate

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ME, OTHER = "here:boot1", "there:boot7"
AFTER_REBOOT = "here:boot2"

pytestmark = pytest.mark.usefixtures("settings")


def mails(count: int = 3) -> list[int]:
    raws = [f"Subject: {n}\r\n\r\nx".encode() for n in range(count)]
    return inbox.take_in([inbox.Arrival("support", f"mail {n}", raw, NOW) for n, raw in enumerate(raws)], NOW)


def letter(notice: str = "public_reply", recipient: str = "carla@customer.example") -> int:
    outbox.put(
        [
            {
                "ticket": None,
                "incoming": None,
                "notice": notice,
                "automatic": notice != "public_reply",
                "recipient": recipient,
                "envelope_from": "",
                "message_id": f"{Outgoing.select().count()}@desk.example.org",
                "data": b"Subject: x\r\n\r\nx\r\n",
                "created_at": NOW,
                "not_before": NOW,
            }
        ]
    )
    return int(Outgoing.select().order_by(Outgoing.id.desc()).first().id)


def ids(rows: list[Incoming] | list[Outgoing]) -> list[int]:
    return [row.id for row in rows]


# -- inbox -------------------------------------------------------------------------------------------------------------


def test_waiting_mails_are_claimed_oldest_first_and_by_one_alone() -> None:
    numbers = mails()
    assert ids(inbox.claim(ME, NOW, 2)) == numbers[:2]
    assert ids(inbox.claim(OTHER, NOW, 10)) == numbers[2:]
    assert inbox.claim(ME, NOW, 10) == []


def test_two_machines_that_claim_at_the_same_moment_get_different_mails(settings: Settings) -> None:
    numbers = mails(40)
    got: dict[str, list[int]] = {ME: [], OTHER: []}
    start = threading.Barrier(2)

    def work(owner: str) -> None:
        start.wait(10)
        while rows := inbox.claim(owner, NOW, 3):
            got[owner] += ids(rows)
        db.close()

    threads = [threading.Thread(target=work, args=(owner,)) for owner in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(got[ME] + got[OTHER]) == numbers


def test_an_expired_lease_frees_a_mail_and_it_comes_alone_after_the_others() -> None:
    """M5: it may be what took the other down, and must delay nobody."""
    numbers = mails()
    inbox.claim(OTHER, NOW, 1)
    later = NOW + inbox.LEASE + MINUTE
    assert ids(inbox.claim(ME, later, 10)) == numbers[1:]
    assert ids(inbox.claim(ME, later, 10)) == numbers[:1]


def test_after_a_crash_what_was_claimed_comes_again_one_at_a_time() -> None:
    numbers = mails()
    inbox.claim(ME, NOW, 10)
    assert inbox.claim(ME, NOW, 10) == []
    inbox.recover(ME)
    for number in numbers:
        assert ids(inbox.claim(ME, NOW, 10)) == [number]


def test_recovery_leaves_other_machines_alone() -> None:
    mails()
    inbox.claim(OTHER, NOW, 10)
    inbox.recover(ME)
    assert inbox.claim(ME, NOW, 10) == []


def test_a_released_mail_waits_for_its_time() -> None:
    mails(1)
    (row,) = inbox.claim(ME, NOW, 1)
    inbox.release(row, "not now", NOW + MINUTE)
    assert inbox.claim(ME, NOW, 1) == []
    (row,) = inbox.claim(ME, NOW + MINUTE, 1)
    assert (row.attempts, row.reason) == (2, "not now")


def test_who_lost_a_mail_can_neither_finish_nor_release_it() -> None:
    """M2: else a slow machine and the one that took over would both make a ticket."""
    (number,) = mails(1)
    (mine,) = inbox.claim(ME, NOW, 1)
    (theirs,) = inbox.claim(OTHER, NOW + inbox.LEASE + MINUTE, 1)
    with pytest.raises(inbox.Lost):
        inbox.finish(mine, Fate("filed", "late"), NOW)
    inbox.release(mine, "late", NOW)
    inbox.give_back([mine])
    assert inbox.claim(ME, NOW + inbox.LEASE + MINUTE, 1) == []
    inbox.finish(theirs, Fate("ignored", "in time"), NOW)
    assert inbox.get(number).reason == "in time"
    with pytest.raises(inbox.Lost):
        inbox.finish(theirs, Fate("ignored", "twice"), NOW)


def test_the_same_uid_is_taken_in_once() -> None:
    """M2: a crash between commit and MOVE makes no second ticket."""
    one = inbox.Arrival("support", "INBOX 7", b"x", NOW, folder="INBOX", uidvalidity=1, uid=7)
    assert len(inbox.take_in([one], NOW)) == 1
    assert inbox.take_in([one], NOW) == []
    assert inbox.known("support", "INBOX", 1, [6, 7, 8]) == {7}


def test_a_backlog_may_have_more_mails_than_a_statement_values() -> None:
    """B67: PostgreSQL takes 65,535."""
    inbox.take_in([inbox.Arrival("support", "x", b"x", NOW, folder="INBOX", uidvalidity=1, uid=70_000)], NOW)
    assert inbox.known("support", "INBOX", 1, range(1, 70_001)) == {70_000}


def test_a_new_uidvalidity_finds_known_mails_by_their_bytes() -> None:
    """B61."""
    inbox.take_in([inbox.Arrival("support", "INBOX 7", b"old", NOW, folder="INBOX", uidvalidity=1, uid=7)], NOW)
    old = inbox.Arrival("support", "INBOX 1", b"old", NOW, folder="INBOX", uidvalidity=2, uid=1)
    new = inbox.Arrival("support", "INBOX 2", b"new", NOW, folder="INBOX", uidvalidity=2, uid=2)
    assert not inbox.renumbered("support", "INBOX", 1)
    assert inbox.renumbered("support", "INBOX", 2)
    assert not inbox.renumbered("support", "Another", 2)
    assert inbox.renumber("support", "INBOX", 2, [old, new]) == [new]
    assert not inbox.renumbered("support", "INBOX", 2)
    assert inbox.known("support", "INBOX", 2, [1, 2]) == {1}


def test_two_equal_mails_in_a_renumbered_folder_are_two(settings: Settings) -> None:
    arrivals = [inbox.Arrival("support", "x", b"same", NOW, folder="INBOX", uidvalidity=1, uid=n) for n in (7, 8)]
    inbox.take_in(arrivals, NOW)
    again = [inbox.Arrival("support", "x", b"same", NOW, folder="INBOX", uidvalidity=2, uid=n) for n in (1, 2)]
    assert inbox.renumber("support", "INBOX", 2, again) == []
    assert inbox.known("support", "INBOX", 2, [1, 2]) == {1, 2}


def test_the_balance_holds_when_all_have_a_fate() -> None:
    """M1."""
    mails(4)
    rows = inbox.claim(ME, NOW, 4)
    for row, fate in zip(rows, ("ignored", "duplicate", "quarantined", "held"), strict=True):
        (day,) = inbox.balance()
        assert day["well"]  # what waits has no fate yet, and is told apart
        assert day["waiting"] > 0
        inbox.finish(row, Fate(fate, "a reason"), NOW)  # type: ignore[arg-type]  # the four words are fates
    (day,) = inbox.balance()
    assert day["well"]
    assert (day["mailbox"], day["waiting"], day["ignored"], day["quarantined"]) == (4, 0, 1, 1)
    Incoming.update(fate="filed").where(Incoming.id == rows[0].id).execute()
    assert not inbox.balance()[0]["well"]  # filed, and on no ticket: it is lost


def test_a_quarantined_mail_can_be_tried_again_or_dropped() -> None:
    numbers = mails(2)
    for row in inbox.claim(ME, NOW, 2):
        inbox.finish(row, Fate("quarantined", "unreadable"), NOW)
    inbox.again(numbers[0])
    inbox.drop(numbers[1])
    assert ids(inbox.claim(ME, NOW, 2)) == numbers[:1]
    with pytest.raises(MaildError):
        inbox.drop(numbers[1])
    with pytest.raises(UnknownThing):
        inbox.again(4711)


# -- outbox ------------------------------------------------------------------------------------------------------------


def test_a_mail_is_claimed_by_one_alone_until_the_lease_ends() -> None:
    number = letter()
    assert ids(outbox.claim(ME, NOW, 10)) == [number]
    assert outbox.claim(OTHER, NOW, 10) == []
    assert ids(outbox.claim(OTHER, NOW + outbox.LEASE + MINUTE, 10)) == [number]


def test_who_lost_the_lease_can_neither_start_nor_settle() -> None:
    number = letter()
    (mine,) = outbox.claim(ME, NOW, 1)
    (theirs,) = outbox.claim(OTHER, NOW + outbox.LEASE + MINUTE, 1)
    assert not outbox.start(mine, NOW)
    outbox.settle([(mine, outbox.sent(NOW, "250 ok"))])
    assert outbox.get(number).state == "waiting"
    assert outbox.start(theirs, NOW)
    outbox.settle([(theirs, outbox.sent(NOW, "250 ok"))])
    row = outbox.get(number)
    assert (row.state, row.answer, row.attempts, row.owner) == ("sent", "250 ok", 1, None)


def test_a_refused_mail_is_failed_at_once() -> None:
    number = letter()
    (row,) = outbox.claim(ME, NOW, 1)
    outbox.settle([(row, outbox.refused(NOW, "550 no such user"))])
    assert outbox.get(number).state == "failed"
    assert outbox.claim(ME, NOW + timedelta(days=9), 1) == []


def test_a_deferred_mail_is_tried_again_with_growing_waits_for_days() -> None:
    """B30."""
    number = letter()
    now, waits = NOW, []
    while outbox.get(number).state == "waiting":
        (row,) = outbox.claim(ME, now, 1)
        outbox.settle([(row, outbox.later(row, now, "451 later"))])
        row = outbox.get(number)
        waits.append(row.not_before - now)
        assert outbox.claim(ME, row.not_before - MINUTE / 2, 1) == []
        now = row.not_before
    assert waits == sorted(waits)
    assert waits[0] == MINUTE
    assert outbox.get(number).state == "failed"
    assert timedelta(days=4) < now - NOW < timedelta(days=6)


def test_an_acknowledgement_that_is_two_days_late_asks_a_person() -> None:
    """B31."""
    number = letter("acknowledgement")
    now = NOW
    while outbox.get(number).state == "waiting":
        (row,) = outbox.claim(ME, now, 1)
        outbox.settle([(row, outbox.later(row, now, "451 later"))])
        now = outbox.get(number).not_before
    assert outbox.get(number).state == "held"
    assert now - NOW < timedelta(days=2, hours=5)
    outbox.retry(number, now)
    assert ids(outbox.claim(ME, now, 1)) == [number]


@pytest.mark.parametrize(("notice", "state"), [("acknowledgement", "doubtful"), ("public_reply", "waiting")])
def test_a_mail_in_doubt_after_a_crash(notice: str, state: str) -> None:
    """M3: sent again with the same Message-ID, but for an acknowledgement."""
    number = letter(notice)
    before = outbox.get(number).message_id
    (row,) = outbox.claim(ME, NOW, 1)
    outbox.start(row, NOW)
    assert outbox.recover(ME, NOW) == (state == "doubtful")
    assert (outbox.get(number).state, outbox.get(number).message_id) == (state, before)
    assert ids(outbox.claim(ME, NOW, 1)) == ([number] if state == "waiting" else [])


@pytest.mark.parametrize(("notice", "state"), [("acknowledgement", "doubtful"), ("public_reply", "waiting")])
def test_a_mail_in_doubt_after_another_machine_died(notice: str, state: str) -> None:
    """M3: nobody recovers for it; the lease ends, and who takes over knows that it was begun."""
    number = letter(notice)
    (row,) = outbox.claim(OTHER, NOW, 1)
    outbox.start(row, NOW + outbox.LEASE - MINUTE)
    later = NOW + outbox.LEASE + MINUTE
    assert outbox.claim(ME, later, 1) == []  # the start renewed the lease
    later += outbox.LEASE
    assert ids(outbox.claim(ME, later, 1)) == ([number] if state == "waiting" else [])
    assert outbox.get(number).state == state
    outbox.settle([(row, outbox.sent(later, "250 ok"))])
    assert outbox.get(number).state == state  # it was slow, not dead: too late


def test_a_claimed_mail_that_was_not_begun_is_in_no_doubt_after_a_crash() -> None:
    number = letter("acknowledgement")
    outbox.claim(ME, NOW, 1)
    assert outbox.recover(ME, NOW) == 0
    assert ids(outbox.claim(ME, NOW, 1)) == [number]


def test_after_a_power_cut_all_that_was_claimed_is_in_doubt() -> None:
    """The mark of the start may be lost with the power; the boot in the owner's name tells."""
    number, other = letter("acknowledgement"), letter("public_reply")
    outbox.claim(ME, NOW, 2)
    assert outbox.recover(AFTER_REBOOT, NOW) == 1
    assert outbox.get(number).state == "doubtful"
    assert ids(outbox.claim(AFTER_REBOOT, NOW, 2)) == [other]


def test_recovery_leaves_the_mails_of_other_machines_alone() -> None:
    letter("acknowledgement")
    outbox.claim(OTHER, NOW, 1)
    assert outbox.recover(ME, NOW) == 0
    assert outbox.claim(ME, NOW, 1) == []


def test_what_was_claimed_and_not_begun_can_be_given_back() -> None:
    numbers = [letter(), letter()]
    rows = outbox.claim(ME, NOW, 2)
    outbox.start(rows[0], NOW)
    outbox.release(rows)
    assert ids(outbox.claim(OTHER, NOW, 2)) == numbers[1:]


def test_a_cancelled_mail_is_not_sent_even_when_it_was_claimed() -> None:
    number = letter()
    (row,) = outbox.claim(ME, NOW, 1)
    outbox.cancel(number, NOW)
    assert not outbox.start(row, NOW)
    assert outbox.get(number).state == "cancelled"
    with pytest.raises(MaildError, match="nothing can be done"):
        outbox.retry(number, NOW)


def test_a_bounced_mail_has_failed_after_all() -> None:
    number = letter()
    outbox.bounced(outbox.get(number).message_id, "550 no such user", NOW)
    assert outbox.get(number).state == "waiting"  # only what was sent can bounce
    (row,) = outbox.claim(ME, NOW, 1)
    outbox.settle([(row, outbox.sent(NOW, "250 ok"))])
    outbox.bounced(row.message_id, "550 no such user", NOW)
    assert outbox.get(number).state == "failed"
    assert ids(outbox.listed(None, 10)) == [number]


def test_one_machine_watches_an_account_and_another_takes_over_when_it_is_gone() -> None:
    assert lease.take("imap support", ME, NOW) == NOW + lease.SPAN
    assert lease.take("imap support", OTHER, NOW + MINUTE) is None
    assert lease.take("imap support", ME, NOW + MINUTE) == NOW + MINUTE + lease.SPAN
    later = NOW + MINUTE + lease.SPAN
    assert lease.take("imap support", OTHER, later) is None
    assert lease.take("imap support", OTHER, later + MINUTE) is not None
    assert lease.take("imap support", ME, later + MINUTE) is None
    lease.give_up("imap support", OTHER)
    assert lease.take("imap support", ME, later + MINUTE) is not None
