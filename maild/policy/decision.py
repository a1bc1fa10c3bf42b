"""What came of deciding about one mail, as a value: its fate, what it changes, and what its commands came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maild.outcome import FateName, Result
from maild.policy.changes import Change, Notified, Recorded, Released
from maild.policy.facts import Facts
from maild.policy.orders import Say


@dataclass(frozen=True, slots=True)
class Commanded:
    """What came of one command line."""

    line: str
    result: Result
    says: Say


@dataclass(frozen=True, slots=True)
class Decision:
    """The fate of a mail and what it changes. `opens` holds where the changes make a new ticket."""

    fate: FateName
    reason: str
    changes: tuple[Change, ...] = ()
    opens: bool = False
    commands: tuple[Commanded, ...] = ()
    others: tuple[tuple[str, tuple[Change, ...]], ...] = ()  # what it changes of other tickets, by their keys
    answers: tuple[Notified, ...] = ()  # notices to its sender that belong to no ticket
    released: tuple[Released, ...] = ()  # mails that waited and belong to no ticket
    group: str = ""  # where it opens a ticket: the digest under which a rule gathers such mails
    tired: tuple[str, ...] = ()  # patterns of rules that ran out of time


def recorded(
    facts: Facts, text: str, *, internal: bool = False, out: bool = False, copied: Mapping[str, str] | None = None
) -> Recorded:
    """The mail as a message of the ticket's story."""
    return Recorded(
        author=facts.actor or "unknown",
        author_name=facts.mail.sender.name if facts.mail.sender else "",
        text=text,
        visibility="internal" if internal else "public",
        at=facts.now,
        direction="out" if out else "in",
        verified=facts.verdict not in ("unverified", "stranger"),
        copied=copied or {},
    )
