"""Tickets that nobody has done anything to for a while, each found once each time that it comes to rest.

`Ticket.touched_at` says since when; a mark says how far each rule has come along it. So a look costs what has come to
rest since the last one, not what is open (M12), and a ticket that somebody touches starts to rest anew.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from maild.desk import db
from maild.desk.models import Mark, Ticket

_ALL = 2**31 - 1  # after every ticket of a time
_PAST = timedelta(days=7)  # what a rule has not been asked about for so long is past for it


def come_to(rule: str, limit: datetime, most: int) -> list[int]:
    """The tickets that have rested since before `limit`, and were not found for this rule yet; the longest first.

    For a rule that is new, or was away for a week, only those count that come to rest from now on: the past is past.
    Where the wall clock was put back, nothing is found until it is there again. Call it in the transaction that carries
    out what the rule says, which moves the mark with it; one machine at a time does so.
    """
    name = f"idle {hashlib.sha256(rule.encode()).hexdigest()[:32]}"
    db.one_at_a_time(name)
    mark = Mark.get_or_none(name=name)
    if mark is None:
        Mark.create(name=name, at=limit, ticket=_ALL)
        return []
    rows = _rested(mark, limit, most) if limit - mark.at < _PAST else []
    if len(rows) == most:
        Mark.update(at=rows[-1].touched_at, ticket=rows[-1].id).where(Mark.name == name).execute()
    elif limit > mark.at:
        Mark.update(at=limit, ticket=_ALL).where(Mark.name == name).execute()
    return [row.id for row in rows]


def _rested(mark: Mark, limit: datetime, most: int) -> list[Ticket]:
    after = (Ticket.touched_at > mark.at) | ((Ticket.touched_at == mark.at) & (Ticket.id > mark.ticket))
    rested = (Ticket.touched_at >= mark.at) & (Ticket.touched_at <= limit) & after
    query = Ticket.select(Ticket.id, Ticket.touched_at).where(rested)
    return list(query.order_by(Ticket.touched_at, Ticket.id).limit(most))
