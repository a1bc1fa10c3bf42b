"""Waiting for mail at a real Dovecot, and every way in which a link ends."""

from __future__ import annotations

import re
import time

import pytest

from maild.errors import Unavailable
from maild.wire import imap
from tests.servers.dovecot import Account, Dovecot
from tests.servers.relay import Relay
from tests.wire.steps import Open, letter, soon, without


@pytest.mark.parametrize("way", ["linger", "idle", "poll"])
def test_a_new_mail_ends_the_wait(support: Account, mailbox: Open, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_ASK_FAR", 0.2)
    missing = (b"IDLE",) if way == "poll" else ()
    with Relay(support.port, rewrite=without(*missing)) as relay:
        box = mailbox(relay, linger=5.0 if way == "linger" else 0.0)
        soon(lambda: support.deliver(letter(1)))
        start = time.monotonic()
        assert box.wait(10, active=True)
        assert time.monotonic() - start < 3
        assert (b"IDLE\r\n" in relay.heard) == (way == "idle")
        assert box.waiting() == [1]


def test_a_mail_that_came_before_the_wait_ends_it_at_once(support: Account, mailbox: Open) -> None:
    box = mailbox()
    assert box.waiting() == []
    support.deliver(letter(1))
    start = time.monotonic()
    assert box.wait(10)
    assert time.monotonic() - start < 1


def test_a_mail_announced_during_another_command_is_not_missed(support: Account, mailbox: Open) -> None:
    """Dovecot says EXISTS at the end of the MOVE, and never again."""
    support.deliver(letter(1))
    box = mailbox()
    uids = box.waiting()
    support.deliver(letter(2))
    box.move(uids, "Processed")
    assert box.wait(0)
    assert box.waiting() == [2]


def test_news_in_the_same_packet_as_the_start_of_idle_are_heard(support: Account, mailbox: Open) -> None:
    """They lie in imaplib's buffer, where no select sees them."""

    def at_once(said: bytes) -> bytes:
        return said.replace(b"+ idling\r\n", b"+ idling\r\n* 1 EXISTS\r\n")

    with Relay(support.port, rewrite=at_once) as relay:
        box = mailbox(relay)
        start = time.monotonic()
        assert box.wait(10)
        assert time.monotonic() - start < 2


def test_a_quiet_folder_lets_the_time_pass(mailbox: Open) -> None:
    box = mailbox(linger=0.1)
    start = time.monotonic()
    assert not box.wait(0.3, active=True)
    assert 0.3 <= time.monotonic() - start < 2
    assert not box.wait(0)


def test_own_moves_are_no_news(support: Account, mailbox: Open) -> None:
    support.deliver(letter(1))
    box = mailbox()
    for batch in box.fetch(box.waiting()):
        box.move([m.uid for m in batch], "Processed")
    assert not box.wait(0.1)


def test_a_server_that_repeats_its_number_causes_no_tight_loop(support: Account, mailbox: Open) -> None:
    """B62."""
    support.deliver(letter(1))
    with Relay(support.port, rewrite=lambda said: re.sub(rb"(?m)^(\w+ OK NOOP)", rb"* 1 EXISTS\r\n\1", said)) as relay:
        box = mailbox(relay)
        assert box.waiting() == [1]
        assert not box.wait(0.2)
        assert not box.wait(0.2)


@pytest.mark.parametrize("linger", [0.0, 30.0])
def test_interrupt_ends_the_wait_at_once(mailbox: Open, linger: float) -> None:
    box = mailbox(linger=linger)
    soon(box.interrupt)
    start = time.monotonic()
    assert not box.wait(30, active=True)
    assert time.monotonic() - start < 2


def test_an_interrupt_before_the_wait_is_not_lost(mailbox: Open) -> None:
    box = mailbox()
    box.interrupt()
    start = time.monotonic()
    assert not box.wait(30)
    assert time.monotonic() - start < 2


def test_a_server_far_away_is_never_asked_every_25_ms(support: Account, mailbox: Open) -> None:
    with Relay(support.port, delay=0.02) as relay:
        box = mailbox(relay, linger=30.0)
        asked = relay.heard.count(b"NOOP")
        assert not box.wait(0.5, active=True)
        assert relay.heard.count(b"NOOP") - asked == 1
        assert b"IDLE" in relay.heard


# -- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_refused_login_says_who_and_where_and_what_the_server_said(support: Account, mailbox: Open) -> None:
    box = mailbox(dial=False, password=lambda: "a wrong one")
    with pytest.raises(imap.LoginRefused) as refused:
        box.connect()
    text = str(refused.value)
    assert f"{support.user} at 127.0.0.1:{support.port}" in text
    assert "AUTHENTICATIONFAILED" in text
    assert "a wrong one" not in text
    assert refused.value.permanent is False


@pytest.mark.parametrize("password", ["blåbær", 'q"\\uote', "a\r\nb LOGOUT", ""])
@pytest.mark.parametrize("plain", [True, False])
def test_odd_passwords_are_refused_and_nothing_else(
    support: Account, mailbox: Open, password: str, plain: bool
) -> None:
    with Relay(support.port, rewrite=without(*([] if plain else [b"AUTH=PLAIN"]))) as relay:
        with pytest.raises(imap.LoginRefused):
            mailbox(relay, password=lambda: password)
        assert b"LOGOUT" not in relay.heard


def test_login_without_auth_plain(support: Account, mailbox: Open) -> None:
    with Relay(support.port, rewrite=without(b"AUTH=PLAIN")) as relay:
        mailbox(relay)
        assert b"LOGIN" in relay.heard


def test_a_dead_server_is_unavailable(mailbox: Open) -> None:
    box = mailbox(dial=False, port=1)
    with pytest.raises(Unavailable, match=r"at 127\.0\.0\.1:1: connect failed: .*refused"):
        box.connect()
    with pytest.raises(Unavailable, match="not connected"):
        box.waiting()
    box.close()


@pytest.mark.parametrize("linger", [0.0, 30.0])
def test_a_cut_link_ends_the_wait_with_unavailable_and_connect_starts_afresh(
    support: Account, mailbox: Open, linger: float
) -> None:
    with Relay(support.port) as relay:
        box = mailbox(relay, linger=linger)
        soon(relay.cut)
        with pytest.raises(Unavailable, match="wait failed"):
            box.wait(10, active=True)
        support.deliver(letter(1))
        box.connect()
        assert box.waiting() == [1]


def test_a_server_killed_while_idling_is_unavailable(mailbox: Open) -> None:
    with Dovecot() as mortal:
        carla = mortal.account("carla")
        box = mailbox(port=mortal.port, user=carla.user, password=lambda: carla.password, linger=0.0)
        soon(mortal.stop)
        with pytest.raises(Unavailable):
            box.wait(20)
        mortal.start()
        box.connect()
        assert box.waiting() == []


@pytest.mark.parametrize("linger", [0.0, 30.0])
def test_a_server_that_falls_silent_is_given_up_after_the_timeout(
    support: Account, mailbox: Open, linger: float
) -> None:
    """B63: IDLE dies silently."""
    with Relay(support.port) as relay:
        box = mailbox(relay, timeout=0.5, linger=linger)
        relay.freeze()
        start = time.monotonic()
        with pytest.raises(Unavailable, match="no answer in time"):
            box.wait(0.2, active=True)
        assert time.monotonic() - start < 3


def test_a_server_that_falls_silent_while_idling_is_given_up_too(support: Account, mailbox: Open) -> None:
    """B63: only the end of IDLE shows it."""
    with Relay(support.port) as relay:
        box = mailbox(relay, timeout=0.5, linger=0.0)
        soon(lambda: (relay.wait_for(b"IDLE"), relay.freeze()), 0)
        with pytest.raises(Unavailable, match="no answer in time"):
            box.wait(1.0)


def test_a_goodbye_is_unavailable_with_the_servers_words(support: Account, mailbox: Open) -> None:
    with Relay(support.port) as relay:
        box = mailbox(relay, linger=0.0)
        soon(lambda: relay.inject(b"* BYE Disconnected for \x1b[31minactivity.\r\n"), 0.3)
        with pytest.raises(Unavailable, match=r"Disconnected for  \[31minactivity"):
            box.wait(10)
        with pytest.raises(Unavailable, match="not connected"):
            box.waiting()


def test_an_answer_that_makes_no_sense_is_unavailable(support: Account, mailbox: Open) -> None:
    with Relay(support.port, rewrite=lambda said: said.replace(b"* SEARCH", b"* SEARCH what")) as relay:
        box = mailbox(relay)
        support.deliver(letter(1))
        assert box.wait(5)
        with pytest.raises(Unavailable):
            box.waiting()
