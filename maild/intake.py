"""STORY 1: what a source delivers becomes rows of the ledger with their raw bytes, committed; then the source is told.

A crash between the two makes no second ticket: the row is found again by its UID, and only the move is made
up for (M2). Nothing is parsed here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from maild.config import Account
from maild.desk import inbox
from maild.desk.inbox import Arrival
from maild.wire.imap import Fetched, Mailbox
from maild.wire.listener import Delivery

log = structlog.get_logger("intake")

Wake = Callable[[], None]


def drain(mailbox: Mailbox, account: Account, clock: Callable[[], datetime], wake: Wake) -> int:
    """Take in all that waits in an account's folder, and return how many mails were new.

    `wake` is called after each commit. Raises Unavailable where the server or the database does not answer.
    """
    validity = mailbox.uidvalidity
    uids = mailbox.waiting()
    if not uids:
        return 0
    renumbered = inbox.renumbered(account.name, account.folder, validity)
    if renumbered:
        log.warning("UIDVALIDITY changed; looking for what is unknown", account=account.name, now=validity)
    known = inbox.known(account.name, account.folder, validity, uids)
    _tell(mailbox, account, sorted(known))  # taken in before a crash, or left in place
    new = 0
    for batch in mailbox.fetch([uid for uid in uids if uid not in known]):
        arrivals = [_arrival(account, validity, mail) for mail in batch]
        if renumbered:
            arrivals = inbox.renumber(account.name, account.folder, validity, arrivals)
        if arrivals:
            new += len(inbox.take_in(arrivals, clock()))
            wake()
        _tell(mailbox, account, [m.uid for m in batch if not m.truncated], [m.uid for m in batch if m.truncated])
    return new


def _tell(mailbox: Mailbox, account: Account, uids: list[int], too_large: list[int] | None = None) -> None:
    """The server is told "done": only after the commit. What was too large lies whole where an administrator looks."""
    if account.processed is not None:
        mailbox.move(uids, account.processed)
    if too_large:
        mailbox.move(too_large, account.failed)


def _arrival(account: Account, validity: int, mail: Fetched) -> Arrival:
    return Arrival(
        account=account.name,
        source=f"{account.name} {account.folder} {mail.uid}",
        raw=mail.raw,
        received_at=mail.received_at,
        folder=account.folder,
        uidvalidity=validity,
        uid=mail.uid,
    )


def accept(account: Account, delivery: Delivery, clock: Callable[[], datetime], wake: Wake) -> None:
    """Take in what an MTA delivers; when this returns it may be told 250."""
    now = clock()
    arrival = Arrival(
        account=account.name,
        source=f"{account.name} from {delivery.peer}",
        raw=delivery.raw,
        received_at=now,
        envelope_from=delivery.envelope_from,
        envelope_to=delivery.recipients,
    )
    inbox.take_in([arrival], now)
    wake()


def addressed(account: Account, address: str) -> bool:
    """Whether mail to this address is for the account: its own, an alias, or either with a plus-address."""
    local, _, domain = address.lower().rpartition("@")
    plain = f"{local.partition('+')[0]}@{domain}"
    return plain in {a.lower() for a in (account.address, *account.aliases)}
