"""What rules bring about besides the fields of a new ticket: who is told, notes, texts; and all of it later on.

An agent's commands are stronger than a rule: what a mail's commands have set, no rule sets otherwise on that mail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from maild.mail.message import Mail
from maild.policy import escalation, factors, orders, rules, trick
from maild.policy.changes import Change, Changed, Joined, Left, Noted, Notified, Recorded, Tagged
from maild.policy.decision import Decision
from maild.policy.facts import Facts, TicketView
from maild.policy.priority import FACTORS
from maild.policy.rules import Applied, Ruleset, Verdicts
from maild.policy.scene import Scene
from maild.policy.terms import Desk

_OVER = ("merged",)  # of such a ticket nothing is left that a rule could do


def follow(decision: Decision, facts: Facts, desk: Desk, ruleset: Ruleset) -> Decision:
    """What the rules `on: replied` and `on: changed` add to the decision about a mail to a ticket."""
    if not ruleset.any_on("replied", "changed") or (found := occasion(decision, facts, desk)) is None:
        return decision
    scene, occasions = found
    verdicts = rules.evaluate(ruleset, scene, occasions)
    more = added(verdicts, scene, facts, decision)
    return replace(decision, changes=(*decision.changes, *more), tired=verdicts.tired)


def added(verdicts: Verdicts, scene: Scene, facts: Facts, decision: Decision) -> tuple[Change, ...]:
    """What rules change after a mail to a ticket, of which this was decided; what its commands have set stays."""
    commanded = (c.field for c in decision.changes if isinstance(c, Changed) and c.why == orders.WHY)
    said = next((one for one in decision.changes if isinstance(one, Recorded) and one.of_mail), None)
    return later(verdicts, scene, facts, frozenset(commanded), said)


def occasion(decision: Decision, facts: Facts, desk: Desk) -> tuple[Scene, frozenset[str]] | None:
    """What a mail to a ticket is an occasion of, and the ticket as it leaves it, as rules see both; None: nothing."""
    ticket = facts.ticket
    if ticket is None or decision.opens or decision.fate != "filed":
        return None
    if facts.mail.kind != "human" or facts.verdict not in ("agent", "requester", "participant"):
        return None  # M6, M7: what is not proved, or written by a machine, sets nothing off
    fields = frozenset(moved(decision.changes))
    occasions = {"changed"} if fields else set()
    if any(isinstance(change, Recorded) for change in decision.changes):
        occasions.add("replied")
    now = after(ticket, decision.changes)
    if not occasions or now.status in _OVER:
        return None
    return replace(Scene.of(replace(facts, ticket=now), desk), changed=fields), frozenset(occasions)


def happened(scene: Scene, ruleset: Ruleset, occasions: frozenset[str]) -> tuple[Change, ...]:
    """What rules bring about when something befell a ticket without a mail: a promise broke, time changed a field."""
    if scene.ticket is None or scene.ticket.status in _OVER or not ruleset.any_on(*occasions):
        return ()
    return later(rules.evaluate(ruleset, scene, occasions), scene)


def later(
    verdicts: Verdicts,
    scene: Scene,
    facts: Facts | None = None,
    settled: frozenset[str] = frozenset(),
    said: Recorded | None = None,
) -> tuple[Change, ...]:
    """What rules change of a ticket that is there; the fields in `settled` stay as somebody has just set them.

    `said` is what of the mail became part of the ticket.
    """
    changes: list[Change] = []
    ticket, desk = scene.ticket, scene.desk
    assert ticket is not None
    for applied in verdicts.applied:
        for one in applied.changes:
            if isinstance(one, Changed) and (one.field in settled or getattr(ticket, one.field, None) == one.value):
                continue
            done = list(_one(one, applied, ticket, desk, settled))
            ticket = after(ticket, done)
            changes += done
        changes += besides(applied, desk, ticket.language, facts, scene.now, said)
        if applied.notify or applied.addresses:  # of a ticket that opens its first event names the rule
            who = ", ".join((*applied.notify, *applied.addresses))
            changes.append(Noted("rule_notice", f"{who}, {applied.why}", "rule"))
    return tuple(changes)


def _one(
    change: Changed | Tagged, applied: Applied, ticket: TicketView, desk: Desk, settled: frozenset[str]
) -> Iterator[Change]:
    """One change of a rule, with what it brings along, but for what the rule itself or the mail says otherwise."""
    if isinstance(change, Tagged):
        yield change
        return
    value = change.value or ""
    if change.field == "line":
        yield from escalation.raised(desk, ticket, value, change.why, change.by)
        return
    yield change
    if settled & _MOVES_PRIORITY:  # the mail's priority only followed, and follows on
        settled -= {"priority"}
    said = {one.field for one in applied.changes if isinstance(one, Changed)} | settled
    brought = factors.of_category(value, ticket, desk, change.by) if change.field == "category" else ()
    for one in factors.follow(ticket, (change, *(each for each in brought if each.field not in said)), desk)[1:]:
        if one.field not in said and getattr(ticket, one.field) != one.value:
            yield one
    if change.field == "assignee":
        yield Notified("assignment", ("assignee",), {"text": ""})
    elif change.field == "status" and value in _TELLS:
        yield Notified(_TELLS[value], ("requester", "participants"))


_MOVES_PRIORITY = {*FACTORS, "service", "category"}
_TELLS = {"resolved": "resolution", "closed": "closure"}  # what the requester hears of a status


def besides(
    applied: Applied, desk: Desk, language: str, facts: Facts | None, now: datetime, said: Recorded | None = None
) -> Iterator[Change]:
    """Whom a rule tells and what it writes, on any occasion. `language` is the requester's.

    Of an agent's mail only what was `said` is passed on: the rest is commands and our notices. No note leaves the desk
    (M9).
    """
    mail = facts.mail if facts is not None else None
    if facts is not None and mail is not None and facts.verdict == "agent":
        text = said.text if said is not None else ""
        mail = replace(mail, text=text, reply=text)
    if applied.note:
        yield Recorded("maild", applied.rule, applied.note, "internal", now, of_mail=False)
    yield from _told(applied, mail, inside=said is not None and said.visibility == "internal")
    if applied.reply:
        yield Notified("rule_reply", ("requester",), {"text": prepared(applied.reply, desk, language)})
        yield Noted("rule_reply", f"{applied.reply}, {applied.why}", "rule")


def _told(applied: Applied, mail: Mail | None, *, inside: bool) -> Iterator[Change]:
    """Whom a rule tells of a mail, and to whom it passes it on."""
    outside = bool(applied.forward or applied.addresses)
    tricked = outside and mail is not None and trick.is_trick(mail)  # B26
    if applied.notify or applied.addresses:
        text = (mail.reply or mail.text) if mail is not None else ""
        values = {"rule": applied.rule, "reason": applied.reason, "text": text}
        addresses = () if inside or tricked else applied.addresses
        if applied.notify or addresses:
            yield Notified("rule_notice", applied.notify, values, addresses)
        if applied.addresses and inside:
            yield Notified("rule_notice", (), {**values, "text": ""}, applied.addresses)
    if tricked:
        yield Noted("not_forwarded", "a machine's mail with a code or a link is passed on to nobody", "rule")
    elif applied.forward and inside:
        yield Noted("not_forwarded", "what is for agents alone is passed on to nobody", "rule")
    elif applied.forward and mail is not None:
        values = {"text": mail.text, "sender": _from(mail), "new_subject": mail.subject}
        yield Notified("forwarded", (), values, applied.forward)
        yield Noted("forwarded", f"{', '.join(applied.forward)}, {applied.why}", "rule")


def prepared(name: str, desk: Desk, language: str) -> str:
    """A text of `replies` in a language, or in the first that it has; "" where there is none of that name."""
    texts = desk.replies.get(name) or {}
    return texts.get(language) or next(iter(texts.values()), "")


def _from(mail: Mail) -> str:
    sender = mail.sender or mail.claimed
    return f"{sender.name} <{sender.address}>".strip() if sender is not None else ""


def after(ticket: TicketView, changes: Sequence[Change]) -> TicketView:
    """The ticket as it is with these changes done."""
    for change in changes:
        if isinstance(change, Changed) and hasattr(ticket, change.field):
            ticket = replace(ticket, **cast("Any", {change.field: change.value}))
        elif isinstance(change, Tagged):
            ticket = replace(ticket, tags=ticket.tags | {change.tag} if change.on else ticket.tags - {change.tag})
        elif isinstance(change, Joined):
            ticket = replace(ticket, participants=ticket.participants | {change.address})
        elif isinstance(change, Left):
            ticket = replace(ticket, participants=ticket.participants - {change.address})
    return ticket


def moved(changes: Sequence[Change]) -> Iterator[str]:
    """What is another now: the fields, and `tags`."""
    for change in changes:
        if isinstance(change, Changed):
            yield change.field
        elif isinstance(change, Tagged):
            yield "tags"
