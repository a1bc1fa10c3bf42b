"""Fixtures of the mailbox tests: an account of a real Dovecot, and mailboxes that are closed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from maild.wire import imap
from tests.servers.dovecot import Account, Dovecot
from tests.servers.relay import Relay
from tests.wire.steps import Open


@pytest.fixture
def support(dovecot: Dovecot) -> Account:
    return dovecot.account("support")


@pytest.fixture
def mailbox(support: Account) -> Iterator[Open]:
    """Opens the account's mailbox, by way of a relay if told so; closed after the test."""
    opened: list[imap.Mailbox] = []

    def connect(relay: Relay | None = None, dial: bool = True, **changed: Any) -> imap.Mailbox:
        settings: dict[str, Any] = {
            "host": support.host,
            "port": relay.port if relay else support.port,
            "tls": "none",
            "user": support.user,
            "password": lambda: support.password,
            "timeout": 10.0,
        }
        box = imap.Mailbox(imap.ImapLogin(**(settings | changed)))
        opened.append(box)
        if dial:
            box.connect()
        return box

    yield connect
    for box in opened:
        box.close()
