"""The stories without a daemon: all that waits, once (`maild run --once`), and mails from files (`maild feed`)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from maild import incoming, intake, outgoing, timers
from maild.config import Settings
from maild.daemon import Daemon
from maild.desk import inbox
from maild.errors import Unavailable
from maild.stage import mailbox_of, open_database, prepare, reader_of, sender_of, template_problem, utcnow

log = structlog.get_logger("once")


def once(settings: Settings, clock: Callable[[], datetime] = utcnow) -> bool:
    """Take in all that waits, process it, fire what is due, send; False where a server did not answer."""
    well = True
    daemon = Daemon(settings, clock)
    try:
        for account in settings.accounts:
            if account.imap is None:
                continue
            mailbox = mailbox_of(account, settings)
            try:
                mailbox.connect()
                intake.drain(mailbox, account, clock, lambda: None)
            except Unavailable as e:
                log.error("not taken in", account=account.name, problem=str(e))
                well = False
            finally:
                mailbox.close()
        while incoming.process(daemon.stage, daemon.reader, clock):
            pass
        while timers.all_due(daemon.stage, clock()):
            pass
        sender = sender_of(settings)
        try:
            while outgoing.send_due(daemon.stage, sender, clock):
                pass
        except Unavailable as e:
            log.error("not sent", problem=str(e))
            well = False
        finally:
            sender.close()
    finally:
        daemon.stop()
    return well


def feed(
    settings: Settings, arrivals: list[inbox.Arrival], clock: Callable[[], datetime] = utcnow
) -> list[dict[str, Any]]:
    """Take in mails from files and handle them; their fates. A running daemon may handle them too: one of us does."""
    open_database(settings)
    stage = prepare(settings, clock(), template_problem, part=f".feed{os.getpid()}")
    numbers = inbox.take_in(arrivals, clock())
    with reader_of(settings) as reader:
        while not inbox.done(numbers):
            if not incoming.process(stage, reader, clock):
                time.sleep(0.05)  # the daemon has the rest, or it waits for its next attempt
    return [inbox.fate_json(inbox.get(number)) for number in numbers]
