"""The world around maild, looked at: mailboxes, the way out, the database, secrets, libraries (`maild doctor`).

What may be relied on: no mail is sent, moved or marked, the database is neither made nor migrated, and no secret is in
what is told. Each part is looked at also where another is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from maild import config
from maild.config import Settings
from maild.doctor import libraries, place, servers
from maild.doctor.finding import Finding, warning
from maild.errors import MaildError

__all__ = ["Finding", "examine"]


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """All findings, as they are made."""
    hidden = _secrets(settings)
    for finding in _all(settings, now):
        # a server may repeat what it was told; nobody prints a secret here
        text, advice = finding.text, finding.advice
        for secret in hidden:
            text, advice = text.replace(secret, "***"), advice.replace(secret, "***")
        yield replace(finding, text=text, advice=advice)


def _all(settings: Settings, now: datetime) -> Iterator[Finding]:
    yield from place.secrets(settings)
    yield from place.database(settings, now)
    proven = set()  # what a mail in the mailbox shows already
    for account in settings.accounts:
        for found in servers.mailbox(account, settings, now):
            proven.add(found.about)
            yield found
    yield from servers.way_out(settings, now, proven)
    if settings.listener is not None:
        yield from place.listener(settings.listener, settings.instance)
    for open_door in config.warnings(settings):
        yield warning(f"{open_door.file}:{open_door.line}", open_door.message, "see that it is meant")
    yield from libraries.installed()


def _secrets(settings: Settings) -> list[str]:
    found = []
    for _, secret in place.named(settings):
        with suppress(MaildError):
            found.append(secret.reveal())
    return found
