"""Mails that wait for a person's word: of strangers, overtaken answers, and what a rule lets wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee as pw

from maild.desk.models import Incoming, RawMail
from maild.policy.changes import Release

IS_HELD = Incoming.fate == pw.SQL("'held'")  # as the partial index says it


def listed(tickets: Sequence[int] | None = None, limit: int = 50) -> list[Incoming]:
    """Mails that wait for a person's word, the oldest first; with `tickets` (ids) those that belong to them."""
    here = IS_HELD if tickets is None else IS_HELD & (Incoming.ticket << tickets)
    # "+ 0", or SQLite walks through the whole ledger in the order of its ids, and not through what is held (M12)
    return list(Incoming.select().where(here).order_by(Incoming.id + 0).limit(limit))


def loose(numbers: Sequence[int]) -> list[Incoming]:
    """Those of these mails that wait for a person's word and belong to no ticket."""
    return list(Incoming.select().where((Incoming.id << list(numbers)) & IS_HELD & Incoming.ticket.is_null()))


def release(number: int, how: Release, by: str) -> bool:
    """A person said what becomes of a mail: it is handled again with that said, or dropped.

    A mail that was filed can be split off its ticket in the same way. False: it does not wait (any more), or its bytes
    are gone, and what is handled again without them would be a mail of nobody.
    """
    if how == "drop":
        values: dict[str, Any] = {"fate": "ignored", "reason": f"dropped by {by}"}
        free = IS_HELD
    else:
        values = {"released": {"how": how, "by": by}, "fate": None, "done_at": None, "attempts": 0, "not_before": None}
        kept = RawMail.select(RawMail.digest).where((RawMail.digest == Incoming.digest) & (RawMail.size > 0))
        free = (IS_HELD | ((Incoming.fate == "filed") & (how == "split"))) & pw.fn.EXISTS(kept)
    return bool(Incoming.update(**values).where((Incoming.id == number) & free).execute())
