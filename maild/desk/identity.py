"""Who sent it, as far as it is proved (M7, B1, B40).

An agent is who proves it: by the reply token that was made for that person, or by an aligned pass in the
Authentication-Results of the server that the account names. `From:` alone makes nobody an agent.
"""

from __future__ import annotations

from dataclasses import dataclass

from maild.config import Account, Settings
from maild.desk import people
from maild.desk.conversation import Found
from maild.desk.people import Staff
from maild.mail import trust
from maild.mail.address import canonical
from maild.mail.message import Mail
from maild.outcome import Verdict


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a mail, judged."""

    address: str  # canonical; "" where From cannot be believed at all
    verdict: Verdict
    actor: str  # the agent's id, or the address
    language: str | None  # theirs, where it is known
    why: str
    vouched: bool = False  # an outsider who answered a mail of ours to them, or whose server vouches for them (B25)


def judge(mail: Mail, found: Found, account: Account, settings: Settings, staff: Staff) -> Sender:
    """What a mail's sender is to the ticket that it belongs to, or to the desk where it opens one."""
    if mail.sender is None:
        return Sender("", "unverified", "", None, mail.from_why)
    address = canonical(mail.sender.address)
    member = settings.desk.person_by_address(address)
    if member is not None and member.id in staff:
        return _member(mail, found, account, staff, address, member.id)
    person = people.by_address(address)
    language = person.language if person else None
    answered = person is not None and found.person == person.id
    vouched = answered or _passes(mail, account, address.rpartition("@")[2])[0]
    if found.ticket is None:
        return Sender(address, "requester", address, language, "opens a ticket", vouched)
    role = people.role(found.ticket, person)
    if role == "requester":
        return Sender(address, "requester", address, language, "the requester's address", vouched)
    if role == "participant":
        return Sender(address, "participant", address, language, "a participant's address", vouched)
    return Sender(address, "stranger", address, language, "not on the ticket", vouched)


def _member(mail: Mail, found: Found, account: Account, staff: Staff, address: str, member: str) -> Sender:
    """Somebody whose From is a member of staff: an agent once proved, and a requester of their own tickets (B38)."""
    me = staff[member]
    domain = address.rpartition("@")[2]
    if found.ticket is None:
        address = me.address  # what they open belongs to one person, by whichever address they wrote (B38)
    proved = found.person == me.id
    passed, why = (True, "the reply token is theirs") if proved else _passes(mail, account, domain)
    if passed and trust.refuted(mail.authentication_results, account.authserv):
        # an agent's token can come into other hands, by a Cc of their reply; then the forged From still gives it away
        passed, why = False, f"{account.authserv} says dmarc=fail"
    if not passed:
        return Sender(address, "unverified", member, me.language, why)
    if found.ticket is not None and found.ticket.requester.id == me.id:
        return Sender(address, "requester", member, me.language, "their own ticket")
    return Sender(address, "agent", member, me.language, why)


def _passes(mail: Mail, account: Account, domain: str) -> tuple[bool, str]:
    return trust.authenticated(mail.authentication_results, account.authserv, domain)
