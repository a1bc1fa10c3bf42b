"""What a mail of ours shows: the values of its template, for one reader, in that reader's words, zone and rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from maild.config import Settings
from maild.desk import clocks, listing, people, promises, search, story
from maild.desk.act import Act, Applied
from maild.desk.models import Clock, Message, Person, Ticket
from maild.desk.people import Reader
from maild.mail import wording
from maild.policy.changes import Notified

_COLLEAGUES = 4  # of a line, to whom a click gives the ticket
_SIGNED = 6  # last lines of a text in which its writer may have signed
_DIGEST = 100  # rows of a digest
_STORY = 30  # messages of a ticket that are told again


@dataclass(frozen=True, slots=True)
class Page:
    """One notice to one reader. `applied` is None where it belongs to no ticket."""

    notified: Notified
    reader: Reader
    applied: Applied | None
    act: Act
    words: Mapping[str, str]

    @property
    def ticket(self) -> Ticket:
        """The ticket, where it belongs to one."""
        assert self.applied is not None
        return self.applied.ticket

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self.act.settings

    @property
    def zone(self) -> str:
        """The zone in which the reader is told times."""
        me = self.settings.desk.people.get(self.reader.staff or "")
        return (me.zone if me else None) or zone(self.settings)


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
    more = _MORE.get(page.notified.notice)
    if more:
        found |= more(page)
    return found


def loose(page: Page) -> dict[str, Any]:
    """The values of a notice that belongs to no ticket."""
    more = _MORE.get(page.notified.notice)
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
            "link": _show(page, ticket.key) if page.reader.staff else "",
        }
    ordered = sorted(rows.values(), key=lambda row: (row["due_at"] or page.act.now, _number(row["key"])))
    return {**loose(page), "rows": tuple(ordered[:_DIGEST]), "more": max(0, len(ordered) - _DIGEST)}


def _number(key: str) -> int:
    return int(key.rpartition("-")[2])


def zone(settings: Settings) -> str:
    """The zone in which times are told: that of the first calendar that has office hours."""
    calendars = settings.desk.levels.calendars.values()
    return next((c.zone.key for c in calendars if c.zone.key != "UTC"), "UTC")


def said(says: Any, words: Mapping[str, str], zone: str) -> str:
    """A sentence of the word list with its gaps filled. The pattern is ours; what fills it is data (M8)."""
    gaps = {name: _gap(name, value, says.args, words, zone) for name, value in says.args.items()}
    return words[f"say.{says.key}"].format_map(gaps)


def _gap(name: str, value: Any, args: Mapping[str, Any], words: Mapping[str, str], zone: str) -> str:
    if isinstance(value, datetime):
        return wording.moment(value, wording.zone_of(zone), words)
    ours = name in _OUR_WORDS or (name == "value" and args.get("field") in _OUR_VALUES)
    return words.get(value, value) if ours else str(value)


_OUR_WORDS = frozenset({"field", "status", "line"})  # gaps that a word of ours fills; what people write stays as it is
_OUR_VALUES = frozenset({"priority", "impact", "urgency", "type"})


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
    return {
        "clocks": _due(page),
        # a name is what its owner likes, also that of somebody else; so it never stands alone (B57)
        "participants": () if applied.alone else tuple(map(_whom, people.participants(ticket))),
        "linked": () if applied.created else tuple(story.links(ticket)),
        "merged_into": ticket.parent.key if ticket.__data__.get("parent") else "",
    }


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


# -- what single notices show -----------------------------------------------------------------------------------------


def _acknowledgement(page: Page) -> dict[str, Any]:
    ticket, desk, applied = page.ticket, page.settings.desk, page.applied
    assert applied is not None
    category = desk.categories.get(ticket.category or "")
    questions = category.questions if category else {}
    first = next((c for c in applied.clocks if c["kind"] == "first_response"), None)
    return {
        "questions": list(questions.get(page.reader.language) or questions.get(desk.languages[0]) or ()),
        "expected": timedelta(seconds=first["target"]) if first else None,
        "in_hours": first is not None and promises.in_hours(Clock(**first), desk.levels),
        # B25: who never answered us could be anybody's address in a forger's From
        "quote_allowed": ticket.requester.proved or ticket.requester.staff is not None,
        "text": "",
    }


def _public_reply(page: Page) -> dict[str, Any]:
    """Who signed by hand is not named again below."""
    author = page.act.staff.get(page.act.actor)
    said = [line.strip(" \t,.").casefold() for line in str(page.notified.values.get("text", "")).splitlines()]
    last = [line for line in said if line][-_SIGNED:]
    names = {author.name.casefold(), author.name.split()[0].casefold()} if author and author.name else set()
    return {"author": None} if names & set(last) else {}


def _resolution(page: Page) -> dict[str, Any]:
    return {"closes_in": page.settings.desk.closing.after_resolved, **_public_reply(page)}


def _closure(page: Page) -> dict[str, Any]:
    closing = page.settings.desk.closing
    return {
        "reopen_within": closing.reopen_within,
        "satisfaction": closing.satisfaction and page.reader.id == page.ticket.requester.id,
    }


def _receipt(page: Page) -> dict[str, Any]:
    """The lines of a receipt in the agent's language (B35)."""
    given, words = page.notified.values, page.words
    results, sent = given["results"], given["sent"]
    return {
        "lines": [{"line": r.line, "result": r.result, "message": said(r.says, words, page.zone)} for r in results],
        "errors": sum(r.result != "done" for r in results),
        # what was told besides the text, such as a closure, is named by its recipients; what is released tells itself
        "sent": (words[f"say.sent_{sent}"],) if sent and not (sent == "nothing" and given.get("recipients")) else (),
        "held": bool(given["kept"]),
    }


def _new_ticket(page: Page) -> dict[str, Any]:
    applied, ticket = page.applied, page.ticket
    assert applied is not None
    if "previous" not in applied.shared:
        applied.shared["previous"] = listing.earlier(ticket)
    return {"previous": applied.shared["previous"], **_similar(page)}


def _similar(page: Page) -> dict[str, Any]:
    """Solved tickets like this one, with what solved them (P3)."""
    applied = page.applied
    assert applied is not None
    if "similar" not in applied.shared:
        found = search.similar(applied.ticket)
        applied.shared["similar"] = tuple(
            {"key": one.key, "subject": one.subject, "resolution": one.resolution} for one in found
        )
    return {"similar": applied.shared["similar"]}


def _story(page: Page) -> dict[str, Any]:
    """The whole story of the ticket, for a line that sees it for the first time (P7)."""
    return {**_way(page), "waiting": promises.waiting(page.ticket, page.act.now), **_similar(page)}


def _way(page: Page) -> dict[str, Any]:
    """What was said, and what became of it."""
    ticket = page.ticket
    rows = Message.select().where(Message.ticket == ticket).order_by(Message.id.desc()).limit(_STORY)
    history = [
        {"author": m.author_name or m.author, "at": m.at, "text": m.text, "visibility": m.visibility}
        for m in reversed(list(rows))
    ]
    return {"history": history, "trail": listing.trail(ticket, page.settings, page.words, page.zone)}


def _expected(page: Page) -> dict[str, Any]:
    return promises.expected(page.ticket, page.settings.desk.levels, page.act.now)


def _stale(page: Page) -> dict[str, Any]:
    """What others did since the notice that was answered (B37)."""
    people_, found = page.settings.desk.people, []
    for past in page.notified.values["since"]:
        by = people_[past.by].name if past.by in people_ else past.by
        what = "status" if past.kind == "status" else "public"
        value = past.after if past.kind == "status" else ""
        found.append({"by": by, "at": past.at, "what": what, "value": value, "text": past.text})
    return {"changes": tuple(found)}


def _why(page: Page) -> dict[str, Any]:
    return {
        "ledger": listing.ledger(page.ticket, page.settings, page.words, page.zone, page.act.now),
        "events": listing.events(page.ticket, page.settings, page.words, page.zone),
    }


def _tickets(page: Page) -> dict[str, Any]:
    desk, staff = page.settings.desk, page.reader.staff or ""
    rows, more = listing.of_agent(page.notified.values["which"], staff, desk)
    for row in rows:
        row["link"] = _show(page, row["key"])
    return {"rows": tuple(rows), "more": more}


def _show(page: Page, key: str) -> str:
    """A link that asks for a ticket."""
    address = page.settings.accounts[0].address
    return f"mailto:{quote(address, safe='@+')}?subject=maild&body=" + quote(f"!show {key}\n")


_MORE: Mapping[str, Callable[[Page], dict[str, Any]]] = {
    "acknowledgement": _acknowledgement,
    "public_reply": _public_reply,
    "resolution": _resolution,
    "closure": _closure,
    "receipt": _receipt,
    "new_ticket": _new_ticket,
    "escalation_line": _story,
    "sla_breach": _way,
    "escalation_requester": _expected,
    "delayed": _expected,
    "reopened": _expected,
    "assignment": _story,
    "reminder": _story,
    "waited": _story,
    "shown": _story,
    "reopened_agent": _story,
    "similar": _similar,
    "stale": _stale,
    "why": _why,
    "tickets": _tickets,
}
