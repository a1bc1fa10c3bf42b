"""What one mail shall bring about: facts in, a decision out.

The one place where kinds and verdicts are weighed: a robot's mail changes nothing, a stranger's joins nothing, and
then, in this order of strength, what an agent commands (`agent`), what a rule says and what the desk does by default
(`opening`, `requester`). It decides; `desk.tickets.apply` does.
"""

from __future__ import annotations

from maild.policy import agent, opening, orders, requester, ruling
from maild.policy.changes import Audience, Change, Noted, Notified
from maild.policy.decision import Commanded, Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Say
from maild.policy.rules import Ruleset
from maild.policy.terms import Desk

_SHOWN = 20  # commands of an unproved mail that are named in its fate: anybody can write any number


def decide(facts: Facts, desk: Desk, ruleset: Ruleset) -> Decision:
    """The decision for one mail that is no duplicate. `facts.ticket` is None where it opens a ticket."""
    return ruling.follow(_decide(facts, desk, ruleset), facts, desk, ruleset)


def _decide(facts: Facts, desk: Desk, ruleset: Ruleset) -> Decision:
    kind, ticket = facts.mail.kind, facts.ticket
    if kind == "loop":
        return Decision("ignored", "a mail of our own came back")
    if kind in ("auto_reply", "mdn", "calendar_reply", "dsn_failed", "dsn_delayed"):
        return _automatic_answer(facts)
    if kind == "auto_generated" and ticket is not None and (facts.to_staff or facts.from_staff):
        return _automatic_answer(facts)  # it answers a notice: whoever were told of it might have a machine too (M6)
    if facts.verdict == "agent" and kind == "human":
        return agent.writes(facts, desk, ruleset)
    if ticket is None and facts.verdict == "unverified" and facts.from_staff and _only_orders(facts):
        return _unproved_orders(facts)
    if ticket is None:
        return opening.opens(facts, desk, ruleset)
    if facts.said is not None and facts.said.how == "split":
        return opening.opens(facts, desk, ruleset, link=ticket)
    if facts.verdict == "stranger":
        return requester.stranger(facts, ticket, desk, ruleset)
    if kind in ("auto_generated", "list") or facts.verdict == "unverified":
        return _unproved(facts, ticket)
    return requester.replies(facts, ticket, desk, ruleset)


def _only_orders(facts: Facts) -> bool:
    """Whether a mail holds commands and nothing else: it is no report of a fault."""
    parsed = orders.parse(facts.mail.reply, facts.verb)
    return bool(parsed.lines) and not parsed.text


def _unproved_orders(facts: Facts) -> Decision:
    """Somebody asks in an agent's name, without proof and about no ticket: the agent hears of it, and that is all."""
    told = Notified("unverified", ("actor",), {"text": facts.mail.reply, "claimed": facts.sender})
    lines = orders.parse(facts.mail.reply, facts.verb).lines[:_SHOWN]
    refused = tuple(Commanded(x.written, "refused", Say("unproved")) for x in lines)
    return Decision("ignored", "commands of nobody who proved to be an agent", commands=refused, answers=(told,))


def _automatic_answer(facts: Facts) -> Decision:
    """An out-of-office, a read receipt and the like: noted, changing nothing, waking nobody (M6, B17)."""
    mail = facts.mail
    if facts.ticket is None:
        return Decision("ignored", f"{mail.kind_why}; it answers nothing that is known here")
    changes: tuple[Change, ...] = (Noted(mail.kind, mail.kind_why, facts.actor or "unknown"),)
    if mail.kind in ("auto_reply", "calendar_reply", "auto_generated"):
        changes = (recorded(facts, mail.reply or mail.text, internal=True), *changes)
    if mail.kind == "auto_reply" and facts.verdict == "agent":  # B17: who was told of the ticket does not read it
        changes = (*changes, Notified("agent_away", ("lead",), {"text": mail.reply or mail.text}))
    bounce = mail.bounce
    if bounce is not None and mail.kind == "dsn_failed" and not facts.to_staff:
        address = ", ".join(bounce.recipients) or "unknown"
        told = {"address": address, "diagnostic": bounce.diagnostic, "action": bounce.action}
        changes = (*changes, Notified("undelivered", ("owner",), told))
    return Decision("filed", mail.kind_why, changes)


def _unproved(facts: Facts, ticket: TicketView) -> Decision:
    """A machine, or somebody who only claims to be an agent: a note that changes nothing; the owner is told (B40)."""
    said = recorded(facts, facts.mail.reply or facts.mail.text, internal=True)
    if facts.verdict != "unverified":
        told = Notified("requester_reply", ("owner",), {"text": said.text})
        return Decision("filed", facts.mail.kind_why, (said, told))
    lines = orders.parse(facts.mail.reply, facts.verb).lines[:_SHOWN]
    refused = tuple(Commanded(x.written, "refused", Say("unproved")) for x in lines)
    why = "the sender did not prove to be who From says"
    # the real agent is told; where From names nobody at all, those who have the ticket are
    if facts.actor and not facts.from_staff:  # a requester, of whom their server says that it was not they
        told = Notified("requester_reply", ("owner",), {"text": said.text, "verified": False})
    else:
        audience: tuple[Audience, ...] = ("actor",) if facts.actor else ("owner",)
        told = Notified("unverified", audience, {"text": said.text, "claimed": facts.sender})
    return Decision("filed", why, (said, Noted("unverified", why, "maild"), told), commands=refused)
