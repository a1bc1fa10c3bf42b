"""What is known of one mail before anything is decided: whose it is, which ticket it belongs to, what it answers.

Read only: `incoming` decides on it and carries that out; `maild explain` shows it.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from maild.config import Account
from maild.desk import conversation, identity, lookup, people, tickets
from maild.desk.contents import zone
from maild.desk.conversation import Found
from maild.desk.identity import Sender
from maild.desk.models import Incoming
from maild.mail.address import canonical
from maild.mail.message import File, Mail, Reading
from maild.policy import agent
from maild.policy.facts import Earlier, Facts, Said
from maild.stage import Stage


@dataclass(frozen=True, slots=True)
class Heard:
    """One mail with its ticket and its sender."""

    facts: Facts
    found: Found
    sender: Sender
    account: Account
    files: tuple[File, ...]  # its attachments, those that may be passed on


def hear(stage: Stage, row: Incoming, reading: Reading, now: datetime) -> Heard:
    """Find the ticket and the sender of a mail, and all that deciding about it needs. Call it inside a transaction."""
    account = _account(stage, row.account)
    found = _found(stage, row, reading.mail, now)
    sender = identity.judge(reading.mail, found, account, stage.settings, stage.staff)
    staff = frozenset(member.id for member in stage.staff.values())
    own = {canonical(x) for a in stage.settings.accounts for x in (a.address, *a.aliases)}
    facts = Facts(
        mail=_without_tokens(reading.mail, stage, now),
        sender=sender.address,
        actor=sender.actor,
        verdict=sender.verdict,
        evidence=found.evidence,
        account=account.name,
        ticket=tickets.view(found.ticket) if found.ticket is not None else None,
        now=now,
        internal=found.internal,
        to_staff=found.person in staff,
        from_staff=sender.actor in stage.staff,
        language=_language(stage, reading.mail.language, sender),
        vouched=sender.vouched,
        forged=sender.forged,
        through=_through(found) if sender.verdict == "stranger" else "",
        joins=sender.joins,
        own=frozenset(own | {canonical(stage.settings.sending.sender.address)}),
        said=_said(row, sender),
        earlier=_earlier(stage, sender, now),
    )
    if sender.verdict != "agent":
        return Heard(facts, found, sender, account, reading.files)
    # what an agent sends may go out
    files = tuple(file for file in reading.files if not _is_ours(file, stage, staff, now))
    return Heard(_of_agent(stage, row, reading.mail, facts, found), found, sender, account, files)


def gathered(heard: Heard, group: str) -> Heard | None:
    """The mail on the unsolved ticket where a rule gathers such mails; None where there is none."""
    ticket = tickets.gathering(group)
    if ticket is None:
        return None
    facts = replace(heard.facts, ticket=tickets.view(ticket))
    return replace(heard, facts=facts, found=replace(heard.found, ticket=ticket))


def _earlier(stage: Stage, sender: Sender, now: datetime) -> tuple[Earlier, ...]:
    """The tickets that the sender has already, where a rule asks for them."""
    if "requester_tickets" not in stage.settings.rules.asked or not sender.address:
        return ()
    return lookup.earlier(sender.address, now)


def _found(stage: Stage, row: Incoming, mail: Mail, now: datetime) -> Found:
    """The ticket of a mail, as it is now that nobody else changes it: what was found may be old."""
    mint, today = stage.post.mint, now.date()
    found = conversation.find(mail, tuple(row.envelope_to), mint, today)
    if found.ticket is None and row.released and row.ticket is not None:
        found = conversation.here(row.ticket, "none")  # it was held there, whatever became of its evidence since
    claimed = canonical(mail.sender.address) if mail.sender else ""
    if found.ticket is None and stage.settings.desk.person_by_address(claimed) is not None:
        found = conversation.named(mail)
    if found.ticket is None:
        return found
    ticket = tickets.lock(found.ticket.id)
    moved = conversation.here(ticket, found.evidence)
    if moved.ticket is None or moved.merged is None:
        return replace(found, ticket=ticket)
    # another machine has merged it between the look and the lock (B6)
    return replace(found, ticket=tickets.lock(moved.ticket.id), merged=found.merged or moved.merged)


def _of_agent(stage: Stage, row: Incoming, mail: Mail, facts: Facts, found: Found) -> Facts:
    """What an agent's mail needs besides: what it answers, what others did since, what its commands ask about."""
    mint, today, ticket = stage.post.mint, facts.now.date(), found.ticket
    verb = conversation.verb(mail, tuple(row.envelope_to), mint, today, stage.staff[facts.actor].id)
    about = conversation.about(mail)
    inside = outside = ""
    if ticket is not None and agent.quotes(facts.mail.reply):
        inside, outside = conversation.said(ticket)
    seen = None
    if ticket is not None and not (facts.said is not None and facts.said.by == "administrator"):
        # what was held was seen with all that had happened until then; what came since is news again (B37)
        seen = lookup.held_at(ticket, row.id) if facts.said else conversation.seen(mail, ticket, mint, today)
    since = lookup.since(ticket, seen, facts.actor) if ticket is not None and seen is not None else ()
    asked = lookup.Question(facts.mail, verb, ticket, facts.actor, about, stage.settings)
    me = stage.settings.desk.people.get(facts.actor)
    return replace(
        facts,
        ticket=tickets.whole(ticket) if ticket is not None else None,
        inside=inside,
        outside=outside,
        zone=(me.zone if me else None) or zone(stage.settings),
        verb=verb,
        since=since,
        about=about,
        known=lookup.known(asked),
    )


def _said(row: Incoming, sender: Sender) -> Said | None:
    """What a person said of a mail that waited. Of a stranger's without a ticket they let a new one in, no participant.

    Who decided was shown a mail that opens a ticket, and nothing of the one that it names (B4, M9).
    """
    if not row.released:
        return None
    new = row.ticket is None and sender.verdict == "stranger" and row.released["how"] == "accept"
    return Said("split" if new else row.released["how"], row.released["by"])


def _through(found: Found) -> str:
    """Whose reply address it came by: that person forwarded our mail, or lost it."""
    person = people.by_id(found.person) if found.person is not None else None
    return (person.name or person.address) if person is not None else ""


def _account(stage: Stage, name: str) -> Account:
    """The account that took a mail in; of one that a reload removed, the first, which vouches for nothing here."""
    accounts = stage.settings.accounts
    known = next((a for a in accounts if a.name == name), None)
    return known or accounts[0].model_copy(update={"authserv": None})


def _language(stage: Stage, detected: str | None, sender: Sender) -> str:
    """Staff have said which language they want; what others write tells it, now or earlier, else their domain."""
    desk = stage.settings.desk
    wanted = (sender.language, detected) if sender.actor in stage.staff else (detected, sender.language)
    return next((x for x in (*wanted, desk.language_of(sender.address)) if x in desk.languages), desk.languages[0])


def _without_tokens(mail: Mail, stage: Stage, now: datetime) -> Mail:
    """What a mail quotes of ours holds the token of who got it; nobody else may see that (B29, M7)."""
    blank = partial(stage.post.mint.blank, today=now.date())
    # a subject stands in other people's notices too, among what is similar: there it must not lead replies elsewhere
    subject, words = blank(mail.subject), blank(mail.text)
    return replace(mail, subject=subject, text=words, reply=blank(mail.reply), elided=blank(mail.elided))


def _is_ours(file: File, stage: Stage, staff: AbstractSet[int], now: datetime) -> bool:
    """Whether an attachment is a mail of ours to staff, as programs attach what they answer: not for outsiders (M9).

    Its token would make an agent of whoever reads it (M7), and the rest of it is for agents. UTF-16 is Outlook's .msg.
    """
    words = file.data.replace(b"\0", b"").decode("latin-1")
    return any(token.person in staff for token in stage.post.mint.all(words, now.date()))
