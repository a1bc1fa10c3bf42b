"""Who sent it, as far as it is proved (M7, B1, B40).

An agent is who proves it, as strongly as desk.yaml asks of that person (`trust`): by the reply token that was made for
them, or by an aligned pass in the Authentication-Results of the server that the account names, or by both. `From:`
alone makes nobody an agent, unless the administrator said so; a From that the server calls forged never does.
"""

from __future__ import annotations

from dataclasses import dataclass

from maild.config import Account, Person, Settings
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
    why: str  # who is believed and why, in plain words
    vouched: bool = False  # an outsider who answered a mail of ours to them, or whose server vouches for them (B25)
    joins: bool = False  # they are not on the ticket yet, and become a participant: a colleague of its requester
    forged: bool = False  # an outsider of whom the server says that it was not they who wrote


@dataclass(frozen=True, slots=True)
class _Proof:
    """What a mail brings along to show that its sender is who From says."""

    token: bool  # a reply token made for that very person
    token_why: str
    server: bool  # the account's server vouches for the domain of From, and says nowhere that it is forged
    server_why: str
    forged: str = ""  # who says that From is forged; "" where nobody does

    @property
    def words(self) -> str:
        """What speaks for the sender."""
        if self.forged:
            return f"From alone, and {self.forged}"
        found = [why for good, why in ((self.token, self.token_why), (self.server, self.server_why)) if good]
        return " and ".join(found) or "From alone"


def judge(mail: Mail, found: Found, account: Account, settings: Settings, staff: Staff) -> Sender:
    """What a mail's sender is to the ticket that it belongs to, or to the desk where it opens one."""
    if mail.sender is None:
        return _crooked(mail, found, settings, staff)
    address = canonical(mail.sender.address)
    member = settings.desk.person_by_address(address)
    if member is not None and member.id in staff:
        return _member(mail, found, account, settings, staff, address, member)
    person = people.by_address(address)
    language = person.language if person else None
    proof = _proof(mail, found, account, address, person.id if person else None)
    vouched = (proof.token or proof.server) and not proof.forged

    def sender(verdict: Verdict, why: str, *, joins: bool = False) -> Sender:
        return Sender(address, verdict, address, language, why, vouched, joins, bool(proof.forged))

    if found.ticket is None:
        return sender("requester", f"opens a ticket; {proof.words}")
    role = people.role(found.ticket, person)
    if role and proof.forged:  # whoever it was closes, reopens and rates nothing in their name
        return sender("unverified", proof.forged)
    if role == "requester":
        return sender("requester", f"the requester's address; {proof.words}")
    if role == "participant":
        return sender("participant", f"a participant's address; {proof.words}")
    company = settings.desk.company_of(address)
    if company is not None and company == settings.desk.company_of(found.ticket.requester.address):
        if proof.server:  # never by From alone, and not by a token: whose it is says nothing of the company
            why = f"a colleague of the requester (company {company}), {proof.server_why}"
            return sender("participant", why, joins=True)
        return sender("stranger", f"claims to be of the company {company}; {proof.server_why}")
    return sender("stranger", f"not on the ticket; {proof.words}")


def _crooked(mail: Mail, found: Found, settings: Settings, staff: Staff) -> Sender:
    """A From that can be read in two ways is nobody's; the agent whom it seems to name is told of it (B40)."""
    named = settings.desk.person_by_address(canonical(mail.claimed.address)) if mail.claimed else None
    me = staff.get(named.id) if named is not None and found.ticket is not None else None
    if me is None or me.staff is None:
        return Sender("", "unverified", "", None, mail.from_why)
    return Sender("", "unverified", me.staff, me.language, mail.from_why)


def _member(
    mail: Mail, found: Found, account: Account, settings: Settings, staff: Staff, address: str, member: Person
) -> Sender:
    """Somebody whose From is a member of staff: an agent once proved, and a requester of their own tickets (B38)."""
    me = staff[member.id]
    believed, why = _believed(member, _proof(mail, found, account, address, me.id))
    if found.ticket is None:
        address = me.address  # what they open belongs to one person, by whichever address they wrote (B38)
    if not believed:
        return Sender(address, "unverified", member.id, me.language, why)
    if found.ticket is not None and found.ticket.requester.id == me.id:
        return Sender(address, "requester", member.id, me.language, f"their own ticket; {why}")
    if found.ticket is not None and not people.sees(member.id, found.ticket, settings):
        return Sender(address, "stranger", member.id, me.language, f"the ticket is confidential; {why}")
    return Sender(address, "agent", member.id, me.language, why)


def _believed(member: Person, proof: _Proof) -> tuple[bool, str]:
    """Whether a mail proves what desk.yaml asks of this member of staff, and why (not)."""
    if proof.forged:
        # an agent's token can come into other hands, by a Cc of their reply; then the forged From still gives it away
        return False, proof.forged
    if member.trust == "from":
        return True, f"trust: from believes From alone; {proof.words}"
    needs = {"token": ("token",), "dmarc": ("dmarc",), "token+dmarc": ("token", "dmarc")}.get(member.trust)
    if needs is None:
        if proof.token or proof.server:
            return True, proof.words
        return False, f"{proof.token_why}; {proof.server_why}"
    missing = [
        why
        for name, good, why in (
            ("token", proof.token, proof.token_why),
            ("dmarc", proof.server, proof.server_why),
        )
        if name in needs and not good
    ]
    if not missing:
        return True, proof.words
    wants = {"token": "a reply token of theirs", "dmarc": "the word of the server"}.get(member.trust, "both")
    return False, f"trust: {member.trust} wants {wants}; {'; '.join(missing)}"


def _proof(mail: Mail, found: Found, account: Account, address: str, person: int | None) -> _Proof:
    token = person is not None and found.person == person
    if token:
        said = "the reply token is theirs"
    else:
        said = "the token is missing" if found.person is None else "the reply token is somebody else's"
    results, authserv = mail.authentication_results, account.authserv
    passed, why = trust.authenticated(results, authserv, address.rpartition("@")[2])
    forged = f"{authserv} says that From is forged (dmarc=fail)" if trust.refuted(results, authserv) else ""
    return _Proof(token, said, passed and not forged, forged or why, forged)
