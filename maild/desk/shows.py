"""What single notices show besides what all show: one function for each that needs more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from maild.desk import listing, promises, search
from maild.desk.models import Clock, Message
from maild.desk.page import Page, said, to_desk

_SIGNED = 6  # last lines of a text in which its writer may have signed
_STORY = 30  # messages of a ticket that are told again


def _acknowledgement(page: Page) -> dict[str, Any]:
    ticket, desk, applied = page.ticket, page.settings.desk, page.applied
    assert applied is not None
    category = desk.categories.get(ticket.category or "")
    questions = [row["question"] for row in ticket.answers or ()]
    if not questions and category is not None:  # an agent opened it
        asked = category.questions
        questions += asked.get(page.reader.language) or asked.get(desk.languages[0]) or ()
    first = next((c for c in applied.clocks if c["kind"] == "first_response"), None)
    return {
        "questions": questions,
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
    return {"previous": applied.shared["previous"], **_similar(page), **_prepared(page)}


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


def _prepared(page: Page) -> dict[str, Any]:
    """What the category has ready for the agent: a list of what to look at, and the name of a prepared answer."""
    desk = page.settings.desk
    category = desk.categories.get(page.ticket.category or "")
    if category is None:
        return {}
    language, first = page.reader.language, desk.languages[0]
    checklist = category.checklist.get(language) or category.checklist.get(first) or ()
    return {"checklist": tuple(checklist), "prepared_reply": category.reply or ""}


def _story(page: Page) -> dict[str, Any]:
    """The whole story of the ticket, for a line that sees it for the first time (P7)."""
    waiting = promises.waiting(page.ticket, page.act.now)
    return {**_way(page), "waiting": waiting, **_similar(page), **_prepared(page)}


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
        row["link"] = show(page, row["key"])
    return {"rows": tuple(rows), "more": more}


def show(page: Page, key: str) -> str:
    """A link that asks for a ticket."""
    return to_desk(f"!show {key}", page.settings)


MORE: Mapping[str, Callable[[Page], dict[str, Any]]] = {
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
