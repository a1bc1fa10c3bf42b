"""A mail of a proved agent that belongs to no ticket: a question, a word about what waits, or `!new` for somebody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from maild.policy import commanding, opening, orders, rules, ruling
from maild.policy.changes import Change, Notified, Released
from maild.policy.commands import parties
from maild.policy.decision import Commanded, Decision, recorded
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Parsed, Say
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene
from maild.policy.terms import Desk

# What can be said without a ticket: questions, and what becomes of a mail that waits before there is one
_ASKING = frozenset({"help", "list", "show", "on", "stop", "accept", "drop"})
# What is said about a ticket that does not exist yet
_AT_OPENING = frozenset(
    {
        *("take", "assign", "escalate", "line", "watch", "pending", "remind", "cc", "note", "template", "stop"),
        *("priority", "impact", "urgency", "category", "service", "type", "tag", "untag", "subject"),
    }
)


def asks(parsed: Parsed, facts: Facts, desk: Desk) -> Decision:
    """A question that belongs to no ticket is answered, and that is all."""
    asked = replace(parsed, lines=tuple(x for x in parsed.lines if x.verb in _ASKING))
    came = commanding.commanded(asked, facts, no_ticket(facts, desk), desk, "", held=False)
    done = iter(came.results)
    elsewhere = Say("needs_ticket")
    results = tuple(next(done) if x.verb in _ASKING else commanding.refused(x, elsewhere) for x in parsed.lines)
    came = replace(came, results=results)
    released = tuple(c for c in came.changes if isinstance(c, Released))
    answers = tuple(c for c in came.changes if isinstance(c, Notified))
    if released or any(r.result != "done" for r in came.results):
        answers = (*answers, commanding.receipt(came, "", internal=False, kept=""))
    why = "an agent's question, answered by mail"
    return Decision("ignored", why, commands=came.results, others=came.others, answers=answers, released=released)


def opens_for(parsed: Parsed, facts: Facts, desk: Desk, ruleset: Ruleset) -> Decision:
    """`!new for ADDRESS`: a ticket of somebody else, with the agent's words and commands (B41)."""
    line, rest = parsed.lines[0], parsed.lines[1:]
    words = line.words.partition(" ")[2] if line.words.lower().startswith(("for ", "per ")) else line.words
    order = orders.Order(facts, no_ticket(facts, desk), desk, words, "")
    found = parties.outsiders(order, words)
    allowed = tuple(one for one in rest if one.verb in _AT_OPENING)
    if isinstance(found, orders.Refused) or len(found) != 1 or len(allowed) < len(rest):
        refusal = found.says if isinstance(found, orders.Refused) else Say("new_first")
        refusal = Say("staff_opens", refusal.args) if refusal.key == "staff_address" else refusal
        return refused_opening(parsed, facts, refusal)
    ((wanted, name),) = found
    ruled = rules.evaluate(ruleset, Scene.of(replace(facts, ticket=None), desk))
    opened = replace(
        opening.opened_by(facts, desk, ruled, wanted),
        requester=wanted,
        requester_name=name,
        why=f"opened by {facts.actor}",
        group="",  # it is of mails of the agent, who is not the requester
    )
    values: dict[str, Any] = {name: x for name, x in opened.values.items() if hasattr(order.ticket, name)}
    view = replace(order.ticket, **values)
    internal = "note" in {one.verb for one in rest}
    text = "\n\n".join(filter(None, (parsed.text, *commanding.prepared(parsed, view, desk))))
    came = commanding.commanded(Parsed(allowed, text), facts, view, desk, text, held=False)
    came = replace(came, results=(Commanded(line.written, "done", Say("opened_for", {"who": wanted})), *came.results))
    told = (
        Notified("acknowledgement", ("requester",))
        if internal
        else Notified("opened_for", ("requester",), {"text": text})
    )
    asked = opening.asking(opened, desk) if internal else []
    said = recorded(facts, text, internal=internal)
    story: tuple[Change, ...] = (opened, said, *asked, *came.changes)
    owner = Notified("new_ticket", ("owner",), {"text": text, "opened_by": desk.people[facts.actor].name})
    receipt = (commanding.receipt(came, "" if internal else text, internal=internal, kept=""),)
    besides = [x for one in ruled.applied for x in ruling.besides(one, desk, view.language, facts, facts.now, said)]
    return Decision(
        "filed",
        f"{facts.actor} opened it for {wanted}",
        (*story, told, owner, *besides, *(receipt if commanding.wants_receipt(came, facts, desk) else ())),
        opens=True,
        commands=came.results,
    )


def refused_opening(parsed: Parsed, facts: Facts, says: Say) -> Decision:
    """Nothing is opened; the words stay where they were sent to, or with their writer."""
    first = Commanded(parsed.text.partition("\n")[0][:60], "refused", says)
    results = tuple(commanding.refused(line, says) for line in parsed.lines) or (first,)
    receipt = Notified("receipt", ("actor",), {"results": results, "sent": "nothing", "kept": "unknown"})
    if facts.ticket is None:
        return Decision("ignored", "an agent's !new that could not be done", commands=results, answers=(receipt,))
    story = (recorded(facts, parsed.text, internal=True), receipt)
    return Decision("filed", "an agent's !new that could not be done", story, commands=results)


def no_ticket(facts: Facts, desk: Desk) -> TicketView:
    """What commands see that are given before there is a ticket."""
    return TicketView(
        key="",
        type="incident",
        status="new",
        priority="",
        impact=desk.priority.impact,
        urgency=desk.priority.urgency,
        category=None,
        service=None,
        line=next(iter(desk.lines)),
        assignee=None,
        requester="",
        language=facts.language,
        subject="",
        tags=frozenset(),
        opened_at=facts.now,
        resolved_at=None,
        closed_at=None,
        revision=0,
    )
