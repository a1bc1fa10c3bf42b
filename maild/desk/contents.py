"""What a mail of ours shows: the values of its template, for one reader, in that reader's words, zone and rights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from maild.desk import clocks, people, shows, story
from maild.desk.act import Act, Applied
from maild.desk.models import Person, Ticket
from maild.desk.page import Page, said, zone
from maild.policy.changes import Notified

__all__ = ["Page", "digest", "loose", "said", "values", "zone"]

_COLLEAGUES = 4  # of a line, to whom a click gives the ticket
_DIGEST = 100  # rows of a digest


def values(page: Page, address: str, tagged: str, ref: str, *, files: bool) -> dict[str, Any]:
    """The values of a notice about a ticket. `tagged` is the address to which its reader answers."""
    act, desk = page.act, page.settings.desk
    found: dict[str, Any] = {
        "desk": {"name": desk.name, "address": address},
        "ticket": _ticket(page),
        "person": {"name": page.reader.name},
        "author": _author(act),
        "zone": page.zone,
        "ref": ref,
        "links": _links(page, tagged),
        "files": [{"name": a.name, "size": a.size} for a in act.mail.attachments] if act.mail and files else [],
        **(_for_staff(page, tagged) if page.reader.staff or not page.reader.id else {}),
        **page.notified.values,
    }
    more = shows.MORE.get(page.notified.notice)
    if more:
        found |= more(page)
    return found


def loose(page: Page) -> dict[str, Any]:
    """The values of a notice that belongs to no ticket."""
    more = shows.MORE.get(page.notified.notice)
    return {
        "person": {"name": page.reader.name},
        "zone": page.zone,
        **page.notified.values,
        **(more(page) if more else {}),
    }


def digest(page: Page, told: Sequence[tuple[Applied, Notified]]) -> dict[str, Any]:
    """What became due while nobody looked, the longest due first: one row for each ticket and clock (B48)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for applied, notified in told:
        clock = notified.values.get("clock") or {}
        ticket, kind = applied.ticket, str(clock.get("kind") or notified.notice)
        assignee = page.settings.desk.people.get(ticket.assignee or "")
        rows[ticket.key, kind] = {
            "key": ticket.key,
            "subject": ticket.subject,
            "kind": kind,
            "line": ticket.line,
            "priority": ticket.priority,
            "assignee": assignee.name if assignee else None,
            "due_at": clock.get("due_at"),
            "overdue": clock.get("overdue"),
            "link": shows.show(page, ticket.key) if page.reader.staff else "",
        }
    ordered = sorted(rows.values(), key=lambda row: (row["due_at"] or page.act.now, _number(row["key"])))
    return {**loose(page), "rows": tuple(ordered[:_DIGEST]), "more": max(0, len(ordered) - _DIGEST)}


def _number(key: str) -> int:
    return int(key.rpartition("-")[2])


# -- what all notices show --------------------------------------------------------------------------------------------


def _ticket(page: Page) -> dict[str, Any]:
    ticket = page.ticket
    assignee = page.settings.desk.people.get(ticket.assignee or "")
    return {
        "key": ticket.key,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": ticket.priority,
        "impact": ticket.impact,
        "business": ticket.business,
        "urgency": ticket.urgency,
        "type": ticket.type,
        "category": ticket.category,
        "service": ticket.service,
        "line": ticket.line,
        "opened_at": ticket.opened_at,
        "requester": {"name": ticket.requester.name, "address": ticket.requester.address},
        "assignee": assignee.name if assignee else None,
        "resolution": ticket.resolution,
        "language": ticket.language,
    }


def _for_staff(page: Page, tagged: str) -> dict[str, Any]:
    """What agents alone are shown: promises, who else is on it, what it belongs to."""
    ticket, applied = page.ticket, page.applied
    assert applied is not None
    if not applied.shared:
        applied.shared.update(_shared(page))
    others = _colleagues(page, tagged) if page.reader.staff else ()
    return {**applied.shared, "pending_until": ticket.pending_until, "colleagues": others}


def _shared(page: Page) -> dict[str, Any]:
    ticket, applied = page.ticket, page.applied
    assert applied is not None
    parent = ticket.parent if ticket.__data__.get("parent") else None
    return {
        "clocks": _due(page),
        # a name is what its owner likes, also that of somebody else; so it never stands alone (B57)
        "participants": () if applied.alone else tuple(map(_whom, people.participants(ticket))),
        "linked": () if applied.created else tuple(story.links(ticket, told=True)),
        "merged_into": parent.key if parent is not None and not parent.confidential else "",
        **_answers(ticket),
    }


def _answers(ticket: Ticket) -> dict[str, Any]:
    """What the requester answered to the questions of the acknowledgement, and what they did not (P6)."""
    rows = [row for row in ticket.answers or () if row["answer"]]
    free = any(row["question"] is None for row in rows)  # it may answer each of the others
    missing = [row["question"] for row in ticket.answers if not row["answer"]] if rows and not free else []
    return {"answers": tuple(rows), "unanswered": tuple(missing)}


def _whom(person: Person) -> str:
    return f"{person.name} {person.address}" if person.name else person.address


def _due(page: Page) -> list[dict[str, Any]]:
    """The promises that run, the first due first: those that began with the ticket, or the rows of an older one."""
    applied = page.applied
    assert applied is not None
    if applied.created:
        running = [(c["kind"], c["due_at"]) for c in applied.clocks]
    else:
        rows = clocks.of(applied.ticket)
        running = [(c.kind, c.due_at) for c in rows if c.stopped_at is None and c.paused_at is None]
    return [
        {"kind": clocks.word_of(kind), "due_at": at, "late": at <= page.act.now}
        for kind, at in sorted(running, key=lambda one: one[1])
        if kind != "pending_until"  # no promise, and it has a row of its own
    ]


def _author(act: Act) -> dict[str, str] | None:
    member = act.staff.get(act.actor)
    if member:
        return {"name": member.name, "address": member.address}
    if act.mail and act.mail.sender:
        return {"name": act.mail.sender.name or act.mail.sender.address, "address": act.mail.sender.address}
    return None


_quoted = lru_cache(maxsize=256)(quote)  # the same few words in every mail
_VERBS = {"stale": ("send", "drop"), "held": ("accept", "split", "drop"), "receipt": ()}


def _links(page: Page, tagged: str) -> dict[str, str]:
    """Links that open a filled reply: for an agent the commands, for the requester the answer to "is it solved?"."""
    start, words, notice = _start(page, tagged), page.words, page.notified.notice
    if page.reader.staff:
        verbs = _VERBS.get(notice, ("take", "note", "resolve", "escalate"))
        mine = page.ticket.assignee == page.reader.staff
        verbs = tuple(verb for verb in verbs if verb != "take" or not mine)
        # a link makes a mail that answers none: so it says which of those that wait is meant
        which = f" {page.act.incoming}" if notice in ("held", "stale") and page.act.incoming else ""
        links = {verb: start + _quoted(f"!{verb}{which}\n") for verb in verbs}
        category = page.settings.desk.categories.get(page.ticket.category or "")
        if category is not None and category.reply:
            links["template"] = start + _quoted(f"!template {category.reply}\n")
        if page.notified.values.get("undoes") and page.act.incoming:
            links["undo"] = start + quote(f"!undo {page.act.incoming}\n")
        return links
    if page.reader.id != page.ticket.requester.id:  # whether it is solved is the requester's to say
        return {}
    scores = {f"rate{n}": start + _quoted(str(n)) for n in range(1, 6)}
    return {"yes": start + _quoted(words["say.yes"]), "no": start + _quoted(words["say.no"] + "\n"), **scores}


def _start(page: Page, tagged: str) -> str:
    ticket = page.ticket
    subject = quote(f"Re: [{ticket.key}] {ticket.subject}"[:150])
    return f"mailto:{quote(tagged, safe='@+')}?subject={subject}&body="


def _colleagues(page: Page, tagged: str) -> tuple[dict[str, str], ...]:
    """The others of the line, to whom one click gives the ticket."""
    desk, ticket = page.settings.desk, page.ticket
    line = desk.lines.get(ticket.line)
    owner = next((i for i, one in page.act.staff.items() if one.id == ticket.__data__["requester"]), None)
    others = [a for a in line.agents if a not in (page.reader.staff, ticket.assignee, owner)] if line else []
    start = _start(page, tagged)
    return tuple({"name": desk.people[a].name, "link": start + _quoted(f"!assign {a}\n")} for a in others[:_COLLEAGUES])
