"""The fixtures themselves: what other tests rely on."""

from __future__ import annotations

import smtplib

import pytest

from tests.conftest import _start
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.process import NotHere


def test_accounts_are_fresh_and_take_mail_by_three_ways(dovecot: Dovecot) -> None:
    ada, ben = dovecot.account("ada"), dovecot.account("ada")
    assert ada.address != ben.address
    ada.deliver(b"Subject: 1\r\n\r\n")
    ada.append(b"Subject: 2\r\n\r\n")
    ada.lmtp(b"Subject: 3\r\n\r\n", sender="carla@customer.example")
    first, second, third = ada.messages()
    assert (first, second) == (b"Subject: 1\r\n\r\n", b"Subject: 2\r\n\r\n")
    assert third.startswith(b"Return-Path: <carla@customer.example>")
    assert ben.messages() == ben.messages("No such folder") == []


def test_unknown_recipients_are_refused(dovecot: Dovecot) -> None:
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port) as link, pytest.raises(smtplib.SMTPRecipientsRefused):
        link.sendmail("", ["nobody@example.test"], b"Subject: x\r\n\r\n")


def test_databases_are_fresh(postgres: Postgres) -> None:
    psycopg = pytest.importorskip("psycopg")
    for _ in range(2):
        with psycopg.connect(postgres.database()) as db:
            db.execute("create table ticket (id int)")


def test_a_missing_server_skips_at_home_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise NotHere("no such server")

    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server"):
        _start(missing)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(NotHere):
        _start(missing)
