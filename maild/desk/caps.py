"""Who may get which mail, and how many: what nobody may be flooded with, nor a robot be answered (B19, B21, B24, B25).

Headers that name a robot can be missing, so that all that is automatic is counted as well. What is over the cap is not
sent; the mail that would have caused it is filed all the same.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from maild.desk.act import Act, Applied
from maild.desk.models import Outgoing, Ticket
from maild.desk.people import Reader
from maild.desk.prepared import Select
from maild.mail.address import canonical, correspondent
from maild.policy.changes import Notified
from maild.policy.notices import NOTICES

log = structlog.get_logger("letters")


def allowed(notified: Notified, reader: Reader, applied: Applied, act: Act) -> bool:
    """Whether this person may get this mail at all (B19, B21, B24, B25)."""
    ticket = applied.ticket
    notice = NOTICES[notified.notice]
    if _is_ours(reader.address, act):
        return False
    if not notice.automatic:  # a person's words always arrive; the bare question whether it works is for people
        return not ticket.silent or notice.name == "public_reply" or bool(notified.values.get("text"))
    # what an agent must hear of their own mail is told even while somebody floods the ticket (B35, B37)
    if not applied.created and notice.name not in ("receipt", "stale") and _storms(ticket, reader, act):
        log.error("too many automatic mails: a robot may be answering", ticket=ticket.key, to=reader.address)
        return False
    if reader.staff:
        return True
    if ticket.silent and reader.id == ticket.requester.id:
        return False
    if reader.bounced_until is not None and reader.bounced_until > act.now:
        return False
    if notice.name == "acknowledgement":
        quota = act.settings.limits.acknowledgements_per_sender
        since = Outgoing.created_at.db_value(act.now - quota.per)
        return len(_ACKNOWLEDGED.all(correspondent(reader.address), since, quota.count)) < quota.count
    if notice.name in _OF_RULES and not reader.id:
        return not _circles(reader, act)
    if reader.id == ticket.requester.id and (notice.name in _OF_RULES or not ticket.requester.proved):
        # B21, B25: whose address a forger writes from in any number of tickets is not told of each of them; and a
        # robot may answer what a rule answers, for ever, though its server vouches for it
        return _got(reader, act, _DAY, A_DAY) < A_DAY
    return True


def asks(reader: Reader, act: Act) -> bool:
    """Whether somebody may be asked once more about a mail that waits and belongs to no ticket."""
    since = Outgoing.created_at.db_value(act.now - _HOUR)
    return len(_ASKED.all(correspondent(reader.address), since, _QUESTIONS)) < _QUESTIONS


_OF_RULES = frozenset({"rule_reply", "rule_notice", "forwarded"})


def _circles(reader: Reader, act: Act) -> bool:
    """Whether what rules send to an address outside may come back by its robot, or is a flood that somebody makes."""
    sender = act.mail.sender if act.mail is not None else None
    theirs = sender is not None and canonical(sender.address).rpartition("@")[2] == reader.address.rpartition("@")[2]
    most = _BACK if theirs else _OUTSIDE
    if _got(reader, act, _HOUR, most) < most:
        return False
    log.error("too many automatic mails outside: a rule feeds a robot, or somebody floods it", to=reader.address)
    return True


def _got(reader: Reader, act: Act, span: timedelta, limit: int) -> int:
    """How many automatic mails somebody got lately, at most `limit`."""
    since = Outgoing.created_at.db_value(act.now - span)
    return len(_AUTOMATIC.all(correspondent(reader.address), since, limit))


def _storms(ticket: Ticket, reader: Reader, act: Act) -> bool:
    """Whether this person got as many mails about this ticket as no conversation of people has (B21)."""
    since = Outgoing.created_at.db_value(act.now - _HOUR)
    return len(_RECENT.all(ticket.id, reader.address, since, _STORM)) >= _STORM


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
A_DAY = 20  # automatic mails a day to somebody who has never answered us, and answers of rules to anybody
_OUTSIDE = 100  # an hour to an address that a rule names
_BACK = 3  # the same, of mails that come from its own domain (B20)
_AUTOMATIC = Select(
    Outgoing,
    lambda mailbox, since, limit: (
        Outgoing.select(Outgoing.id)
        .where((Outgoing.correspondent == mailbox) & (Outgoing.created_at > since) & Outgoing.automatic)
        .limit(limit)
    ),
    3,
)
_STORM = 30  # automatic mails to one person about one ticket within an hour
_RECENT = Select(
    Outgoing,
    lambda ticket, recipient, since, limit: (
        Outgoing.select(Outgoing.id)
        .where(
            (Outgoing.ticket == ticket)
            & (Outgoing.recipient == recipient)
            & (Outgoing.created_at > since)
            & Outgoing.automatic
        )
        .limit(limit)
    ),
    4,
)


def _is_ours(address: str, act: Act) -> bool:
    """Whether it is an address of this desk: a mail to it would come back as a new one (B12, B24)."""
    own = {canonical(x) for a in act.settings.accounts for x in (a.address, *a.aliases)}
    return correspondent(address) in own or address == canonical(act.settings.sending.sender.address)


def _of(notice: str) -> Select[Outgoing]:
    """The mails of one notice that somebody got lately."""
    return Select(
        Outgoing,
        lambda mailbox, since, limit: (
            Outgoing.select(Outgoing.id)
            .where((Outgoing.correspondent == mailbox) & (Outgoing.created_at > since) & (Outgoing.notice == notice))
            .limit(limit)
        ),
        3,
    )


_QUESTIONS = 20  # an hour to the one who decides what becomes of mails that wait
_ACKNOWLEDGED, _ASKED = _of("acknowledgement"), _of("held_new")
