"""What the command lines of an agent's mail come to, one after the other, and the receipt that tells of it (B35)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maild.policy import commands, orders, ruling
from maild.policy.changes import Change, Changed, Joined, Left, Linked, Notified, Released, Tagged
from maild.policy.decision import Commanded
from maild.policy.facts import Facts, TicketView
from maild.policy.orders import Line, Parsed, Say
from maild.policy.terms import Desk

assert commands  # importing it registers the commands


@dataclass(frozen=True, slots=True)
class Came:
    """What the command lines of a mail came to."""

    results: tuple[Commanded, ...]
    changes: tuple[Change, ...]
    others: tuple[tuple[str, tuple[Change, ...]], ...]

    @property
    def told(self) -> bool:
        """Whether the requester is told of the solution."""
        return any(isinstance(c, Notified) and c.notice == "resolution" for c in self.changes)


def commanded(parsed: Parsed, facts: Facts, ticket: TicketView, desk: Desk, text: str, *, held: bool) -> Came:
    """What each command line comes to, each on the ticket as those before it leave it."""
    results: list[Commanded] = []
    proposed: list[Change] = []
    others: list[tuple[str, tuple[Change, ...]]] = []
    for line in parsed.lines[: orders.MOST]:
        answer = _answer(line, facts, ticket, desk, text, held=held)
        if isinstance(answer, orders.Done):
            results.append(Commanded(line.written, "done", answer.says))
            proposed += answer.changes
            others += answer.others
            ticket = ruling.after(ticket, answer.changes)
        elif answer is None:
            results.append(_unknown(line))
        else:
            results.append(Commanded(line.written, "refused", answer.says))
    for line in parsed.lines[orders.MOST :][:1]:
        results.append(Commanded(line.written, "refused", Say("too_many", {"most": str(orders.MOST)})))
    return Came(tuple(results), tuple(proposed), tuple(others))


def _unknown(line: Line) -> Commanded:
    says = Say("two") if line.verb == orders.TWO else Say("unknown", {"near": orders.nearest(line.verb) or "help"})
    return Commanded(line.written, "unknown", says)


def refused(line: Line, says: Say) -> Commanded:
    return Commanded(line.written, "refused", says) if line.verb in orders.COMMANDS else _unknown(line)


def _answer(
    line: Line, facts: Facts, ticket: TicketView, desk: Desk, text: str, *, held: bool
) -> orders.Done | orders.Refused | None:
    # M9, B34: where the text stays inside, so do the words after !resolve
    meant = replace(line, words="") if held and line.verb == "resolve" else line
    answer = orders.run(meant, facts, ticket, desk, text)
    if answer is not None and line.under_quote and line.verb != "note":
        return orders.Refused(Say("under_quote"))
    if held and line.verb in ("public", "reply-all"):
        return orders.Refused(Say("stays_inside"))
    if answer is not None and line.verb != "on" and line.on not in ("", ticket.key):
        return orders.Refused(Say("not_on", {"key": line.on, "this": ticket.key}))
    return answer


def prepared(parsed: Parsed, ticket: TicketView, desk: Desk) -> list[str]:
    """The texts that `!template` names, in the requester's language."""
    named = [x.words for x in parsed.lines if x.verb == "template" and not x.under_quote and x.words in desk.replies]
    return [ruling.prepared(name, desk, ticket.language) for name in named]


def wants_receipt(came: Came, facts: Facts, desk: Desk) -> bool:
    """Failures always; successes unless the agent's setting says no (B35)."""
    me = desk.people.get(facts.actor)
    return any(r.result != "done" for r in came.results) or me is None or me.receipts == "all"


def receipt(came: Came, text: str, *, internal: bool, kept: str) -> Notified:
    solved = "resolution" if text else "solved"
    released = any(isinstance(c, Released) and c.how == "send" for c in came.changes)
    quiet = "" if released else "nothing"
    sent = "internal" if internal and text else solved if came.told else "public" if text else quiet
    undoes = any(isinstance(c, (Changed, Tagged, Joined, Left, Linked)) for c in came.changes)
    values = {"results": came.results, "sent": sent, "kept": kept if text else "", "undoes": undoes}
    return Notified("receipt", ("actor",), values)
