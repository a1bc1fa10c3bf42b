"""Who does what one machine alone may do: the others stand by, and take over when its lease runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from maild.desk import db
from maild.desk.models import Lease

SPAN = timedelta(minutes=3)  # longer than a source waits for mail, so that who works renews in time


def take(name: str, owner: str, now: datetime) -> datetime | None:
    """Take or renew a lease; until when it is ours, or None where another machine has it.

    One that lasts longer than any can was taken by a wrong clock.
    """
    until = now + SPAN
    with db.transaction():
        mine = Lease.update(owner=owner, until=until).where(
            (Lease.name == name) & ((Lease.owner == owner) | (Lease.until < now) | (Lease.until > now + 2 * SPAN))
        )
        if mine.execute():
            return until
        row = {"name": name, "owner": owner, "until": until}
        Lease.insert(row).on_conflict_ignore().execute()
        return until if Lease.get_by_id(name).owner == owner else None


def give_up(name: str, owner: str) -> None:
    """Let another machine have it at once."""
    with db.transaction():
        Lease.delete().where((Lease.name == name) & (Lease.owner == owner)).execute()
