"""A mail that opens a ticket: what rules and defaults make of it, and who is on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maild.mail import address, kind
from maild.policy import priority, rules, subject
from maild.policy.changes import Change, Changed, Joined, Linked, Notified, Opened, Tagged, TicketField
from maild.policy.decision import Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.terms import Desk

_COPIED = 20  # people whom one mail can bring onto a ticket
NOBODY = "unknown@invalid"


def opens(facts: Facts, desk: Desk, ruleset: Sequence[rules.Rule], link: TicketView | None = None) -> Decision:
    """A mail that opens a ticket: rules over defaults, priority from the matrix. `link`: one that it refers to."""
    ruled = rules.evaluate(ruleset, facts, desk.priority)
    if ruled.drop is not None:
        return Decision("ignored", ruled.drop)
    mail = facts.mail
    silent = not (mail.kind == "human" and mail.answerable and facts.sender)
    opened = replace(
        opened_by(facts, desk, ruled), requester=facts.sender or NOBODY, silent=silent, by=facts.actor or "unknown"
    )
    changes: list[Change] = [opened, recorded(facts, mail.text, copied=None if facts.forged else copied(facts, desk))]
    if link is not None:
        changes.append(Linked(link.key, f"a mail of {facts.sender or 'somebody'} refers to it", "maild"))
    if facts.verdict in ("requester", "agent") and mail.kind == "human" and not facts.forged:
        changes += joined(facts, desk, frozenset({facts.sender}))
    if not silent and ruled.acknowledge != "never":
        changes.append(Notified("acknowledgement", ("requester",)))
    told = {
        "text": mail.text,
        "verified": facts.verdict != "unverified",
        "other": {"key": link.key} if link else None,
        "through": facts.through,
    }
    changes.append(Notified("new_ticket", ("owner",), told))
    return Decision("filed", opened.why, tuple(changes), opens=True)


def opened_by(facts: Facts, desk: Desk, ruled: rules.Verdicts) -> Opened:
    """The new ticket with the values that the defaults, the rules and its category give it."""
    mail = facts.mail
    values: dict[TicketField, str | None] = {
        "type": "incident",
        "status": "new",
        "impact": desk.priority.impact,
        "urgency": desk.priority.urgency,
        "line": next(iter(desk.lines)),
        "subject": subject.clean(mail.subject) or _first_line(mail.text),
        "language": facts.language,
    }
    tags: set[str] = set()
    whys: list[str] = []
    for applied in ruled.applied:
        whys.append(f'rule "{applied.rule}"')
        for change in applied.changes:
            if isinstance(change, Changed):
                values[change.field] = change.value
            elif isinstance(change, Tagged):
                tags.add(change.tag)
    _follow_category(values, {c.field for a in ruled.applied for c in a.changes if isinstance(c, Changed)}, desk)
    values.setdefault("priority", priority.priority(desk.priority, values["impact"] or "", values["urgency"] or ""))
    name = mail.sender.name if mail.sender else ""
    why = ", ".join(whys) or "a new mail"
    return Opened(facts.sender, name, facts.account, facts.now, values, frozenset(tags), why, facts.actor)


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


def _follow_category(values: dict[TicketField, str | None], ruled: set[TicketField], desk: Desk) -> None:
    """A category brings its line and service, where no rule said otherwise."""
    category = desk.categories.get(values.get("category") or "")
    if category is None:
        return
    if category.line and "line" not in ruled:
        values["line"] = category.line
    if category.service and "service" not in ruled:
        values["service"] = category.service


def _first_line(text: str) -> str:
    return next((line.strip()[:100] for line in text.splitlines() if line.strip()), "")
