"""Fixtures with real servers, started when the first test of a worker asks for them.

A missing server is a skip at home and an error in CI (`CI=true`), so that no promise goes untested in silence.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import pytest

from maild.mail import sandbox
from tests.servers import certificate as certificates
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres
from tests.servers.process import NotHere
from tests.servers.pymap import Pymap
from tests.servers.sink import Sink

Server = TypeVar("Server")


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: the collector of garbage need not walk it a thousand times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def warm_readers() -> None:
    """Reading processes of this process are forked from one that has all loaded: it is a second for each.

    Programs of their own (`python -m maild`) start theirs as always, and `mail/test_sandbox.py` does.
    """
    multiprocessing.set_forkserver_preload(["tests.warm"])
    sandbox.START = "forkserver"


def _start(make: Callable[[], Server]) -> Server:
    try:
        return make()
    except NotHere as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))


def _running(server: AbstractContextManager[Server]) -> Iterator[Server]:
    with server as running:
        yield running


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP and LMTP server; `dovecot.account("support")` is a fresh mailbox."""
    yield from _running(_start(Dovecot))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL; `postgres.database()` is the URL of a fresh database."""
    yield from _running(_start(Postgres))


@pytest.fixture
def pymap() -> Iterator[Pymap]:
    """A second IMAP server, of another make; its one mailbox is fresh."""
    yield from _running(_start(Pymap))


@pytest.fixture
def sink() -> Iterator[Sink]:
    """An SMTP server that keeps what it gets; fresh for each test."""
    yield from _running(Sink())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody trusts: its file, and a server's context with it."""
    return _start(lambda: certificates.make(tmp_path))
