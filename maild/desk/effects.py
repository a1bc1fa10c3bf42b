"""What each kind of change does to the rows of a ticket, one function each; `tickets.apply` alone calls them (M4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.desk import fields, forget, held, people, timeline
from maild.desk.act import Act, Effects
from maild.desk.models import Link, Message, Participant, Reminder, Thread, Ticket, Watch
from maild.desk.prepared import Insert, Select
from maild.policy.changes import (
    Answered,
    Breached,
    Changed,
    Forgotten,
    Joined,
    Left,
    Linked,
    Noted,
    Opened,
    Recorded,
    Released,
    Reminded,
    Tagged,
    Watched,
)
from maild.policy.sla import Policy

OVER = ("closed", "merged")  # nothing is left to do to such a ticket, and so it does not rest
_TICKETS = Insert(Ticket, returning=True)
_MESSAGES = Insert(Message)
_THREADS = Insert(Thread, ignore=True)
_KNOWN = Select(Thread, lambda i: Thread.select(Thread.id).where(Thread.message_id == i).limit(1), 1)


def opened(change: Opened, act: Act) -> Effects:
    """A new ticket, with the event that says so."""
    # only what was detected is kept for later mails; a guess would stay for ever
    language = act.mail.language if act.mail and act.mail.language in act.settings.desk.languages else None
    theirs = language if change.by == change.requester else None
    person = people.meet(change.requester, change.requester_name, theirs, act.now)
    values: dict[str, Any] = {
        **dict.fromkeys(("category", "service", "assignee", "business", "sla")),
        **{str(name): value for name, value in change.values.items()},
        "prefix": act.settings.desk.prefix,
        "account": change.account,
        "tags": sorted(change.tags),
        "silent": change.silent,
        "confidential": change.values.get("confidential") == "yes",
        "grouped": change.group or None,
    }
    made = Effects(Ticket(requester=person, **values), act)
    values["policy"] = made.ticket.policy = policy_of(made).name
    # a rule may open one that is solved; and what is set here is what the row has, whatever else is written to it
    times = {"opened_at": change.at, "touched_at": None if made.ticket.status in OVER else act.now}
    times |= stamps(made.ticket.status, change.at)
    for name, at in times.items():
        setattr(made.ticket, name, at)
    made.ticket.id = _TICKETS.row(requester=person.id, **times, **values)
    told = {name: value for name, value in values.items() if name != "grouped"}
    made.event("opened", change.by, change.why, after={**told, "requester": person.address})
    if change.captured:
        made.event("captured", "rule", change.why, after=sorted(change.captured))
    return made


def policy_of(to: Effects) -> Policy:
    """The service level agreement that is for a ticket as it is now."""
    return _agreement(to)[0]


def _agreement(to: Effects) -> tuple[Policy, str]:
    """The same, and why: what was said of the ticket, what its category says, or the first that matches."""
    ticket, desk = to.ticket, to.act.settings.desk
    category = desk.categories.get(ticket.category or "")
    named = (ticket.sla, "the agreement was chosen"), (category and category.sla, "the agreement of the category")
    for name, why in named:
        found = next((policy for policy in desk.levels.policies if policy.name == name), None)
        if found is not None:
            return found, why
    return desk.levels.policy_for(_About(ticket)), "the first agreement that is for such tickets"


def follow_policy(to: Effects) -> None:
    """A ticket that is about something else now may have other promises: the history says so, the clocks follow."""
    policy, why = _agreement(to)
    if policy.name != to.ticket.policy:
        to.event("policy", "maild", why, to.ticket.policy, policy.name)
        to.set("policy", policy.name)


@dataclass(frozen=True, slots=True)
class _About:
    """A row as a policy asks about it."""

    row: Ticket

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.row, name)
        return value.address if name == "requester" else frozenset(value) if name == "tags" else value


def stamps(status: str, at: datetime) -> dict[str, datetime | None]:
    """The times that a status brings with it."""
    if status == "resolved":
        return {"resolved_at": at, "closed_at": None}
    if status == "closed":
        return {"closed_at": at}
    return {"resolved_at": None, "closed_at": None}


def _changed(change: Changed, to: Effects) -> None:
    before = fields.shown(to.ticket, change.field)
    if before == change.value:
        return
    to.event(change.field, change.by, change.why, before, change.value)
    to.set(change.field, fields.stored(change.field, change.value, to.act.now))
    if change.field == "status":
        for name, at in stamps(change.value or "", to.act.now).items():
            to.set(name, at)


def _tagged(change: Tagged, to: Effects) -> None:
    tags = sorted({*to.ticket.tags, change.tag} if change.on else {*to.ticket.tags} - {change.tag})
    if tags != to.ticket.tags:
        to.event("tagged" if change.on else "untagged", change.by, change.why, to.ticket.tags, tags)
        to.set("tags", tags)
        if change.captured:
            to.event("captured", change.by, change.why, after=[change.tag])


def _recorded(change: Recorded, to: Effects) -> None:
    ticket, act = to.ticket, to.act
    mail = act.mail if change.of_mail else None
    if act.again and change.of_mail:  # it stood there as one that was held
        Message.delete().where((Message.ticket == ticket) & (Message.incoming == act.incoming)).execute()
    _MESSAGES.row(
        ticket=ticket.id,
        incoming=act.incoming if change.of_mail else None,
        direction=change.direction,
        author=change.author,
        author_name=change.author_name,
        verified=change.verified,
        visibility=change.visibility,
        at=change.at,
        text=change.text,
        message_id=mail.derived_id if mail else None,
        attachments=[_attachment(a) for a in mail.attachments] if mail else [],
        copied=dict(change.copied) or None,
    )
    if mail:
        # B13: with the mail's own id stand those it answers, so that a parent that comes late finds its ticket
        foreign = {i for i in mail.in_reply_to[:1] if not i.endswith(f"@{act.settings.instance}")}
        # an id that is known belongs where it is: a stranger who uses it must not make it ambiguous (B5)
        ids = {i for i in (mail.derived_id, *foreign) if not _KNOWN.all(i)}
        _THREADS.rows({"message_id": i, "ticket": ticket.id} for i in ids)
    to.event("recorded", change.author, timeline.recorded(change))
    if change.direction == "out" and change.visibility == "public" and ticket.first_response_at is None:
        # B41: the first public answer of a human agent, and nothing else
        to.event("first_response", change.author, "the first public answer")
        to.set("first_response_at", act.now)


def _attachment(attachment: Any) -> dict[str, Any]:
    names = ("name", "type", "size", "sha256", "content_id", "inline")
    return {name: getattr(attachment, name) for name in names}


def _joined(change: Joined, to: Effects) -> None:
    """Somebody becomes a participant. Staff and the requester are none."""
    person = people.meet(change.address, change.name, None, to.act.now)
    if person.staff is None and people.role(to.ticket, person) is None:
        Participant.create(ticket=to.ticket, person=person)
        to.event("joined", change.by, change.why, after=change.address)


def _left(change: Left, to: Effects) -> None:
    gone = people.by_address(change.address)
    here = (Participant.ticket == to.ticket) & (Participant.person == gone)
    if gone is not None and Participant.delete().where(here).execute():
        to.event("left", change.by, change.why, after=change.address)


def _linked(change: Linked, to: Effects) -> None:
    """Two tickets belong together: one row, and an event on both."""
    ticket, other = to.ticket, fields.by_key(change.key)
    if other is None:
        return
    pair = {"ticket": min(ticket.id, other.id), "other": max(ticket.id, other.id)}
    row = Link.get_or_none(**pair)
    if (row is not None) == change.on:
        return
    if row is None:
        Link.create(**pair)
    else:
        row.delete_instance()
    kind = "linked" if change.on else "unlinked"
    to.event(kind, change.by, change.why, after=other.key)
    to.event(kind, change.by, change.why, after=ticket.key, of=other)


def _watched(change: Watched, to: Effects) -> None:
    person = to.act.staff[change.staff].id
    here = (Watch.ticket == to.ticket) & (Watch.person == person)
    row = Watch.get_or_none(here)
    before = row.wants if row else None
    if before == change.wants:
        return
    Watch.delete().where(here).execute()
    if change.wants is not None:
        Watch.create(ticket=to.ticket, person=person, wants=change.wants)
    words = {True: "all", False: "none", None: None}
    to.event("watch", change.by, change.why, words[before], words[change.wants])


def _reminded(change: Reminded, to: Effects) -> None:
    Reminder.create(ticket=to.ticket, person=to.act.staff[change.staff].id, at=change.at, text=change.text)
    to.event("reminder", change.by, change.why, after=change.at.isoformat())


def _released(change: Released, to: Effects) -> None:
    if held.release(change.mail, change.how, change.by):
        to.event("released", change.by, change.why, after={"mail": change.mail, "how": change.how})


def _forgotten(change: Forgotten, to: Effects) -> None:
    for one in forget.family(to.ticket):
        to.event("forgotten", change.by, change.why, of=one)


def _noted(change: Noted, to: Effects) -> None:
    to.event(change.what, change.by, change.why)


def _answered(change: Answered, to: Effects) -> None:
    answers = [dict(one) for one in change.answers]
    to.event("answers", change.by, change.why, to.ticket.answers, answers)
    to.set("answers", answers)


def _breached(change: Breached, to: Effects) -> None:
    to.event("breached", "timer", change.why, change.clock, change.due_at.isoformat())


DO: Mapping[type, Callable[[Any, Effects], None]] = {
    Changed: _changed,
    Tagged: _tagged,
    Recorded: _recorded,
    Joined: _joined,
    Left: _left,
    Linked: _linked,
    Watched: _watched,
    Reminded: _reminded,
    Released: _released,
    Forgotten: _forgotten,
    Noted: _noted,
    Answered: _answered,
    Breached: _breached,
}
