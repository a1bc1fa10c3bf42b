"""Commands that say where the ticket stands."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from maild.policy import moments
from maild.policy.changes import Change, Notified, Reminded, Tagged
from maild.policy.orders import Done, Order, Refused, Say, command

_OVER = ("closed", "merged")
_UNTIL = ("until", "till", "fino", "entro", "indtil", "til")
_AT = re.compile(r"(?:ad?|al|alla|alle)\s+", re.IGNORECASE)


@command("state")
def status(order: Order) -> Done | Refused:
    """Say where the ticket stands.

    en: !status open|pending|resolved|closed - where the ticket stands
    it: !status open|pending|resolved|closed - lo stato del ticket
    da: !status open|pending|resolved|closed - hvor sagen står
    """
    same = {"open": open_, "pending": pending, "resolved": resolve, "closed": close}
    function = same.get(order.words.lower())
    if function is None:
        return Refused(Say("no_status", {"status": order.words, "statuses": ", ".join(same)}))
    return function(replace(order, words=""))


def open_(order: Order) -> Done | Refused:
    """The ticket is worked on again (`!status open`)."""
    if order.ticket.status in _OVER:
        return Refused(over(order))
    return Done(Say("status_set", {"status": "open"}), (*_waits(order, None), order.changed("status", "open")))


@command("state")
def pending(order: Order) -> Done | Refused:
    """The ticket waits for somebody else, if wanted until a time: then it is open again, and its owner is told.

    en: !pending [until DATE | for TIME] - waits for the requester; the resolution clock stands still
    it: !pending [until DATA | for DURATA] - in attesa del richiedente; l'orologio della soluzione si ferma
    da: !pending [until DATO | for TID] - afventer brugeren; løsningsuret står stille
    """
    if order.ticket.status in _OVER:
        return Refused(over(order))
    until: datetime | None = None
    if order.words:
        until = _until(order)
        if until is None:
            return Refused(Say("no_date", {"date": order.words}))
    says = Say("pending_until", {"at": until}) if until else Say("status_set", {"status": "pending"})
    return Done(says, (order.changed("status", "pending"), *_waits(order, until)))


@command("state")
def remind(order: Order) -> Done | Refused:
    """Write to me about the ticket at a time.

    en: !remind DATE - sends you this ticket again then, such as !remind friday 9:00
    it: !remind DATA - ti rimanda questo ticket in quel momento, per esempio !remind venerdì 9:00
    da: !remind DATO - sender dig sagen igen til den tid, for eksempel !remind fredag 9:00
    """
    at = _until(order)
    if at is None:
        return Refused(Say("no_date", {"date": order.words}))
    change = Reminded(order.facts.actor, at, order.text, order.why, order.facts.actor)
    return Done(Say("reminded", {"at": at}), (change,))


@command("state")
def resolve(order: Order) -> Done | Refused:
    """It is solved; the requester is asked to confirm.

    en: !resolve [WHAT SOLVED IT] - solved; the requester is asked to confirm
    it: !resolve [SOLUZIONE] - risolto; al richiedente viene chiesta conferma
    da: !resolve [LØSNINGEN] - løst; brugeren bliver bedt om at bekræfte
    """
    if order.ticket.status in _OVER:
        return Refused(over(order))
    solution = order.words or order.text
    if order.ticket.status == "resolved" and not solution:  # the requester was asked already
        return Done(Say("status_set", {"status": "resolved"}))
    changes: list[Change] = [*_waits(order, None), order.changed("status", "resolved")]
    if solution:
        changes.append(order.changed("resolution", solution))
    if order.ticket.assignee is None:
        changes.append(order.changed("assignee", order.facts.actor))
    changes.append(Notified("resolution", ("requester", "participants"), {"text": order.text or order.words}))
    return Done(Say("resolved"), tuple(changes))


@command("state")
def close(order: Order) -> Done | Refused:
    """The ticket is closed without asking.

    en: !close - closes the ticket; the requester is told
    it: !close - chiude il ticket; il richiedente viene avvisato
    da: !close - lukker sagen; brugeren får besked
    """
    if order.ticket.status in _OVER:
        return Done(over(order))
    changes = (*_waits(order, None), order.changed("status", "closed"))
    return Done(Say("closed"), (*changes, Notified("closure", ("requester", "participants"))))


@command("state")
def reopen(order: Order) -> Done | Refused:
    """The ticket is worked on again.

    en: !reopen - the ticket is worked on again
    it: !reopen - riapre il ticket
    da: !reopen - åbner sagen igen
    """
    if order.ticket.status == "merged":
        return Refused(over(order))
    if order.ticket.status not in ("resolved", "closed"):
        return Refused(Say("not_solved"))
    back: tuple[Change, ...] = ()
    if "spam" in order.ticket.tags:  # it was none: its sender gets mails again
        back = (Tagged("spam", order.why, order.facts.actor, on=False), order.changed("silent", None))
    return Done(Say("reopened"), (*back, order.changed("status", "open"), Notified("reopened", ("requester",))))


@command("state")
def spam(order: Order) -> Done | Refused:
    """It is junk: closed without a word to anybody.

    en: !spam - closes it as junk; nothing is sent to its sender, now or later
    it: !spam - chiude come posta indesiderata; al mittente non arriva nulla, né ora né dopo
    da: !spam - lukker den som uønsket post; afsenderen får intet, hverken nu eller senere
    """
    changes = (Tagged("spam", order.why, order.facts.actor), order.changed("silent", "yes"))
    return Done(Say("spam"), (*changes, *_waits(order, None), order.changed("status", "closed")))


def over(order: Order) -> Say:
    """Why a ticket that is closed or merged cannot be worked on."""
    return Say("is_merged", {"key": order.ticket.parent or ""}) if order.ticket.status == "merged" else Say("is_closed")


def _waits(order: Order, until: datetime | None) -> tuple[Change, ...]:
    value = until.astimezone(UTC).isoformat(timespec="seconds") if until else None
    return (order.changed("pending_until", value),)


def _until(order: Order) -> datetime | None:
    """The time that the words name: a date, after `until` if they like, or `for` and a span."""
    facts, (first, _, rest) = order.facts, order.words.partition(" ")
    if first.lower() in ("for", "per", "i"):
        span: timedelta | None = moments.span(rest, facts.language)
        if span or first.lower() == "for":
            return facts.now + span if span else None
    words = rest if first.lower() in _UNTIL else order.words
    bare = _AT.sub("", words, count=1)  # `fino a domani`; `fino alle 18` is today's
    tried = (moments.moment(x, facts.language, facts.zone, facts.now) for x in (words, bare, f"oggi {words}"))
    return next((at for at in tried if at is not None), None)
