"""The mailbox against a real Dovecot, and once against another make of server."""

from __future__ import annotations

import re
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.errors import Unavailable
from maild.wire import imap
from tests.servers.dovecot import Account
from tests.servers.pymap import Pymap
from tests.servers.relay import Relay
from tests.wire.steps import Open, letter, soon, without

# -- listing and fetching ------------------------------------------------------------------------------------------


def test_what_waits_is_listed_oldest_first_and_only_above_the_given_uid(support: Account, mailbox: Open) -> None:
    box = mailbox()
    assert box.waiting() == []
    for n in range(3):
        support.deliver(letter(n))
    assert box.wait(5)
    assert box.waiting() == [1, 2, 3]
    assert box.waiting(after=2) == [3]
    assert box.waiting(after=3) == []  # "4:*" names mail 3 for a server


def test_a_listing_is_up_to_date_without_a_wait_before_it(support: Account, mailbox: Open) -> None:
    box = mailbox()
    support.deliver(letter(1))
    assert box.waiting() == [1]


def test_mail_that_a_person_has_read_or_marked_still_waits(support: Account, mailbox: Open) -> None:
    r"""B60: \Seen is the person's, never our memory."""
    support.append(letter(1), flags=(rb"\Seen", rb"\Flagged", rb"\Answered"))
    box = mailbox()
    assert box.waiting() == [1]


def test_fetching_leaves_a_mail_unread(support: Account, mailbox: Open) -> None:
    support.deliver(letter(1))
    box = mailbox()
    assert [m.uid for batch in box.fetch(box.waiting()) for m in batch] == [1]
    with support.client("INBOX") as link:
        assert rb"\Seen" not in link.get_flags([1])[1]


def test_bytes_come_as_they_are(support: Account, mailbox: Open) -> None:
    raws = [b"", b"\r\n", "Subject: blåbær\r\n\r\n\r\n".encode("latin-1"), b"A: ) {3}\r\n\r\n* 5 EXISTS\r\n) OK\r\n"]
    for raw in raws[1:]:
        support.append(raw)
    box = mailbox()
    got = [m for batch in box.fetch(box.waiting()) for m in batch]
    assert [m.raw for m in got] == raws[1:]
    assert [m.size for m in got] == [len(raw) for raw in raws[1:]]


def test_the_time_is_the_servers_and_in_utc(support: Account, mailbox: Open) -> None:
    support.deliver(b"Date: Fri, 1 Jan 1999 00:00:00 +0100\r\n\r\nhi\r\n")
    ((mail,),) = list((box := mailbox()).fetch(box.waiting()))
    assert mail.received_at.tzinfo == UTC
    assert abs(mail.received_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_batches_are_bounded_by_count_and_by_bytes(support: Account, mailbox: Open) -> None:
    for n in range(7):
        support.deliver(letter(n, size=1000))
    support.deliver(letter(7, size=5000))
    box = mailbox()
    by_count = [[m.uid for m in batch] for batch in box.fetch(box.waiting(), batch_count=3)]
    by_bytes = [[m.uid for m in batch] for batch in box.fetch(box.waiting(), batch_bytes=4000)]
    assert by_count == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert by_bytes == [[1, 2, 3], [4, 5, 6], [7], [8]]


def test_a_mail_over_the_limit_comes_as_its_headers(support: Account, mailbox: Open) -> None:
    support.deliver(letter(1))
    support.deliver(letter(2, size=5000))
    with Relay(support.port) as relay:
        box = mailbox(relay, max_size=2000)
        ((small, big),) = list(box.fetch(box.waiting()))
        assert (small.truncated, small.raw) == (False, letter(1))
        assert (big.truncated, big.raw, big.size) == (True, b"Subject: 2\r\n\r\n", len(letter(2, size=5000)))


@pytest.mark.parametrize("how", ["expunged", "moved"])
def test_a_mail_that_vanishes_between_listing_and_download_is_absent(support: Account, mailbox: Open, how: str) -> None:
    """B62."""
    for n in range(4):
        support.deliver(letter(n))
    box = mailbox()
    batches = box.fetch(box.waiting(), batch_count=2)
    assert [m.uid for m in next(batches)] == [1, 2]
    with support.client("INBOX") as other:
        if how == "moved":
            other.move([3], "Processed")
        else:
            other.delete_messages([3])
            other.expunge()
    assert [[m.uid for m in batch] for batch in batches] == [[4]]
    assert list(box.fetch([1, 3, 99])) != []
    assert box.waiting() == [1, 2, 4]


def test_a_fetch_of_nothing_but_vanished_mail_is_empty(mailbox: Open) -> None:
    assert list(mailbox().fetch([7, 8])) == []


def test_a_large_folder_is_listed_in_pieces(support: Account, mailbox: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """B67: imaplib gives up on an answer of a million bytes."""
    monkeypatch.setattr(imap, "_LISTED_AT_ONCE", 4)
    for n in range(11):
        support.deliver(letter(n))
    with Relay(support.port) as relay:
        box = mailbox(relay)
        assert box.waiting() == list(range(1, 12))
        assert box.waiting(after=9) == [10, 11]
        assert relay.heard.count(b"UID SEARCH") > 3


# -- moving --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [(), (b"MOVE",), (b"MOVE", b"UIDPLUS")])
def test_moving_works_on_every_server_and_may_be_repeated(
    support: Account, mailbox: Open, missing: tuple[bytes, ...]
) -> None:
    for n in range(4):
        support.deliver(letter(n))
    with Relay(support.port, rewrite=without(*missing)) as relay:
        box = mailbox(relay)
        assert not box.capabilities & {word.decode() for word in missing}
        box.move([1, 2, 4], "Processed")
        box.move([1, 2, 4], "Processed")
        assert box.waiting() == [3]
        assert b"1:2,4" in relay.heard
    assert support.messages("Processed") == [letter(0), letter(1), letter(3)]
    assert support.messages("INBOX") == [letter(2)]


def test_without_uidplus_nobody_elses_deleted_mail_is_expunged(support: Account, mailbox: Open) -> None:
    for n in range(2):
        support.deliver(letter(n))
    with support.client("INBOX") as person:
        person.delete_messages([2])
    with Relay(support.port, rewrite=without(b"MOVE", b"UIDPLUS")) as relay:
        box = mailbox(relay)
        box.move([1], "Processed")
        assert support.messages("INBOX") == [letter(0), letter(1)]
        assert support.messages("Processed") == [letter(0)]
        assert box.waiting() == []


def test_folders_are_made_when_they_are_missing(support: Account, mailbox: Open) -> None:
    box = mailbox(processed="Done by maild", failed="Problèmes")
    with support.client() as link:
        assert {"Done by maild", "Problèmes"} <= {name for _, _, name in link.list_folders()}
        link.delete_folder("Problèmes")
    support.deliver(letter(1))
    box.move(box.waiting(), "Problèmes")
    assert support.messages("Problèmes") == [letter(1)]


def test_a_mailbox_without_folders_of_its_own_makes_none(support: Account, mailbox: Open) -> None:
    mailbox(processed=None, failed=None)
    with support.client() as link:
        assert [name for _, _, name in link.list_folders()] == ["INBOX"]


def test_a_full_mailbox_is_unavailable_and_the_link_stays(support: Account, mailbox: Open) -> None:
    """B62."""

    def full(said: bytes) -> bytes:
        return re.sub(rb"(?m)^(\w+) OK .*Move completed[^\r]*", rb"\1 NO [OVERQUOTA] Quota exceeded", said)

    support.deliver(letter(1))
    with Relay(support.port, rewrite=full) as relay:
        box = mailbox(relay)
        with pytest.raises(Unavailable, match=r"move was refused: .*\[OVERQUOTA\] Quota exceeded"):
            box.move([1], "Processed")
        assert box.waiting() == []


# -- identity ------------------------------------------------------------------------------------------------------


def test_uidvalidity_stays_until_the_folder_is_another_one(support: Account, mailbox: Open) -> None:
    """B61."""
    with support.client() as link:
        link.create_folder("Queue")
    first = mailbox(folder="Queue").uidvalidity
    assert mailbox(folder="Queue").uidvalidity == first > 0
    with support.client() as link:
        link.delete_folder("Queue")
        link.create_folder("Queue")
    assert mailbox(folder="Queue").uidvalidity != first


# -- TLS, and another server ---------------------------------------------------------------------------------------


def test_certificates_are_verified_and_idle_works_within_tls(
    support: Account,
    mailbox: Open,
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, context = certificate

    news = [b"* 2 EXISTS\r\n* 2 RECENT\r\n"]

    def at_once(said: bytes) -> bytes:
        return said + news.pop() if news and said.startswith(b"+ idling") else said

    with Relay(support.port, tls=context, rewrite=at_once) as relay:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            mailbox(relay, tls="implicit")
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        box = mailbox(relay, tls="implicit", linger=0.0)
        start = time.monotonic()
        assert box.wait(10)
        assert time.monotonic() - start < 2
        soon(lambda: support.deliver(letter(1, size=100_000)))
        while not (uids := box.waiting()):
            assert box.wait(5)
        assert [m.raw for batch in box.fetch(uids) for m in batch] == [letter(1, size=100_000)]
        soon(box.interrupt)
        assert not box.wait(10)


def test_without_starttls_no_password_goes_out(support: Account, mailbox: Open) -> None:
    with Relay(support.port) as relay:
        with pytest.raises(Unavailable):
            mailbox(relay, tls="starttls")
        assert b"AUTHENTICATE" not in relay.heard
        assert b"LOGIN" not in relay.heard


def test_another_make_of_server(pymap: Pymap) -> None:
    login = imap.ImapLogin(pymap.host, pymap.port, "none", pymap.user, lambda: pymap.password, timeout=10)
    box = imap.Mailbox(login)
    box.connect()
    assert box.waiting() == []

    def append() -> None:
        with pymap.client() as link:
            for n in range(3):
                link.append("INBOX", letter(n))

    soon(append)
    while len(uids := box.waiting()) < 3:
        assert box.wait(10)
    assert [m.raw for batch in box.fetch(uids, batch_count=2) for m in batch] == [letter(0), letter(1), letter(2)]
    box.move(uids[:2], "Processed")
    box.move(uids[:2], "Processed")
    assert box.waiting() == uids[2:]
    with pymap.client("Processed") as link:
        assert len(link.search("ALL")) == 2
    soon(box.interrupt)
    assert not box.wait(10)
    box.close()
