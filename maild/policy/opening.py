"""A mail that opens a ticket: what rules and defaults make of it, and who is on it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from maild.mail import address, kind
from maild.policy import draft, factors, patterns, questions, rules, ruling, subject
from maild.policy.actions import SUBJECT
from maild.policy.changes import (
    Answered,
    Change,
    Changed,
    Joined,
    Linked,
    Noted,
    Notified,
    Opened,
    Tagged,
    TicketField,
)
from maild.policy.decision import Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene
from maild.policy.terms import Desk

_COPIED = 20  # people whom one mail can bring onto a ticket
NOBODY = "unknown@invalid"


def opens(facts: Facts, desk: Desk, ruleset: Ruleset, link: TicketView | None = None) -> Decision:
    """A mail that opens a ticket: rules over defaults, priority from the matrix. `link`: one that it refers to."""
    ruled = rules.evaluate(ruleset, Scene.of(replace(facts, ticket=None), desk))
    if ruled.drop is not None and facts.said is None:  # a person's word is stronger than a rule
        return Decision("ignored", ruled.drop, tired=ruled.tired)
    if ruled.hold is not None and facts.said is None:
        return Decision("held", ruled.hold, tired=ruled.tired)
    mail = facts.mail
    silent = not (mail.kind == "human" and mail.answerable and facts.sender)
    opened = replace(
        opened_by(facts, desk, ruled), requester=facts.sender or NOBODY, silent=silent, by=facts.actor or "unknown"
    )
    if facts.said is not None and facts.said.how == "split":
        opened = replace(opened, group="")  # a person has said that it belongs nowhere else
    said = recorded(facts, mail.text, copied=None if facts.forged else copied(facts, desk))
    changes: list[Change] = [opened, said]
    if link is not None:
        changes.append(Linked(link.key, f"a mail of {facts.sender or 'somebody'} refers to it", "maild"))
    if facts.verdict in ("requester", "agent") and mail.kind == "human" and not facts.forged:
        changes += joined(facts, desk, frozenset({facts.sender}))
    language = opened.values.get("language") or facts.language
    if not silent and ruled.acknowledge != "never":
        changes += asking(opened, desk)
        carried = ruling.prepared(ruled.prepared, desk, language)
        changes.append(Notified("acknowledgement", ("requester",), {"prepared": carried} if carried else {}))
    told = {
        "text": mail.text,
        "verified": facts.verdict != "unverified",
        "other": {"key": link.key} if link else None,
        "through": facts.through,
    }
    noticed = next((one for one in ruled.applied if one.notify and one.reason), None)
    if noticed is not None:
        told |= {"rule": noticed.rule, "reason": noticed.reason}
    changes.append(Notified("new_ticket", ("owner",), told))
    for applied in ruled.applied:
        changes += ruling.besides(applied, desk, language, facts, facts.now, said)
    if ruled.tired:  # who writes so that rules give up must not do it unseen (M5)
        changes.append(Noted("tired", "a pattern took too long on this mail", "rule"))
    return Decision("filed", opened.why, tuple(changes), opens=True, group=opened.group, tired=ruled.tired)


def asking(opened: Opened, desk: Desk) -> list[Change]:
    """What the acknowledgement asks is kept with the ticket: the reply answers that, whatever its category is then."""
    category = desk.categories.get(opened.values.get("category") or "")
    if category is None or not category.questions:
        return []
    language = opened.values.get("language") or ""
    asked = questions.asked(category.questions, category.asks, language, desk.languages[0])
    return [Answered(questions.unanswered(asked), "the acknowledgement asks", "maild")] if asked else []


def gathers(facts: Facts, ticket: TicketView, why: str) -> Decision:
    """A mail like those on an unsolved ticket, which a rule gathers there: kept, and nobody is told once more.

    `why` is what would have stood at a ticket of its own: the rules that applied.
    """
    again = Noted("gathered", why, "rule")
    return Decision("filed", f"gathered on {ticket.key}", (recorded(facts, facts.mail.text), again))


def opened_by(facts: Facts, desk: Desk, ruled: rules.Verdicts, requester: str | None = None) -> Opened:
    """The new ticket with the values that the defaults, the rules and its category give it.

    `requester` is whose it will be, where that is not who wrote.
    """
    mail, whose = facts.mail, facts.sender if requester is None else requester
    fields: dict[TicketField, str | None] = {c.field: c.value for c in ruled.changes if isinstance(c, Changed)}
    values: dict[TicketField, str | None] = {
        "subject": subject.clean(mail.subject) or _first_line(mail.text),
        "language": facts.language,
        **draft.values(fields, desk, whose, forged=facts.forged),
    }
    tagged = [change for change in ruled.changes if isinstance(change, Tagged)]
    tags, captured = (frozenset(x.tag for x in some) for some in (tagged, [x for x in tagged if x.captured]))
    name = mail.sender.name if mail.sender else ""
    because = factors.reasons(values, fields, desk, "" if facts.forged else whose)
    why = ", ".join([*([applied.why for applied in ruled.applied] or ["a new mail"]), *because])
    opened = Opened(facts.sender, name, facts.account, facts.now, values, tags, why, facts.actor)
    return replace(opened, group=_group(facts, ruled), captured=captured)


def _group(facts: Facts, ruled: rules.Verdicts) -> str:
    """Under what a rule gathers mails like this one; "" where none does, or where its sender may be a forger."""
    by = ruled.group
    if by is None or facts.forged or facts.verdict == "unverified" or not facts.sender:
        return ""
    like = patterns.fold(subject.clean(facts.mail.subject) if by.group == SUBJECT else by.group)
    return hashlib.sha256("\0".join((by.rule, facts.sender, like)).encode()).hexdigest() if like else ""


def joined(facts: Facts, desk: Desk, already: frozenset[str]) -> list[Joined]:
    """Those to whom a mail went as well: they become participants. Neither the desk, nor staff, nor who reads nothing.

    The caller knows that its sender may bring somebody along: whoever opens a ticket, or is on it and proved (B4).
    """
    why = "the mail went to them as well"
    return [Joined(one, name, why, facts.actor) for one, name in copied(facts, desk).items() if one not in already]


def copied(facts: Facts, desk: Desk) -> dict[str, str]:
    """The outsiders in To and Cc of a mail, a bounded number: canonical address and name."""
    found: dict[str, str] = {}
    for one in (*facts.mail.to, *facts.mail.cc):
        whole = address.canonical(one.address)
        ours = address.correspondent(whole) in facts.own or desk.person_by_address(whole) is not None
        read = address.strict([whole.encode()])[0] is not None and not kind.takes_no_answers(whole)
        if read and not ours and whole != facts.sender:
            found.setdefault(whole, one.name)
    return dict(list(found.items())[:_COPIED])


def _first_line(text: str) -> str:
    return next((line.strip()[:100] for line in text.splitlines() if line.strip()), "")
