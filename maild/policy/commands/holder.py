"""Commands that say who has the ticket, and who hears of it."""

from __future__ import annotations

import difflib

from maild.mail.address import canonical
from maild.policy import escalation
from maild.policy.changes import Change, Notified, Watched
from maild.policy.commands.standing import over
from maild.policy.orders import Done, Order, Refused, Say, command
from maild.policy.terms import Desk


@command("who")
def take(order: Order) -> Done | Refused:
    """The ticket is mine.

    en: !take - the ticket is yours
    it: !take - il ticket passa a te
    da: !take - du tager sagen
    """
    if order.ticket.assignee == order.facts.actor:
        return Done(Say("already_yours"))
    return Done(Say("taken"), (order.changed("assignee", order.facts.actor), *started(order)))


@command("who")
def assign(order: Order) -> Done | Refused:
    """Give the ticket to somebody.

    en: !assign NAME - gives the ticket to a colleague
    it: !assign NOME - assegna il ticket a un collega
    da: !assign NAVN - giver sagen til en kollega
    """
    found = person(order.desk, order.words)
    if isinstance(found, Refused):
        return found
    theirs = order.desk.person_by_address(order.ticket.requester)
    if theirs is not None and theirs.id == found:  # B38: nobody is the agent of their own ticket
        return Refused(Say("theirs", {"who": order.desk.people[found].name}))
    if found == order.ticket.assignee:
        return Done(Say("already_theirs", {"who": order.desk.people[found].name}))
    changes: list[Change] = [order.changed("assignee", found)]
    line = next((n for n, x in order.desk.lines.items() if found in x.agents), None)
    current = order.desk.lines.get(order.ticket.line)
    if line and (current is None or found not in current.agents):
        changes.append(order.changed("line", line))
    if found != order.facts.actor:
        changes.append(Notified("assignment", ("assignee",), {"text": order.text}))
    return Done(Say("assigned", {"who": order.desk.people[found].name}), (*changes, *started(order)))


@command("who")
def release(order: Order) -> Done | Refused:
    """Nobody has the ticket.

    en: !release - gives the ticket back to its line
    it: !release - restituisce il ticket al suo livello
    da: !release - giver sagen tilbage til linjen
    """
    return Done(Say("released"), (order.changed("assignee", None),))


@command("who")
def escalate(order: Order) -> Done | Refused:
    """Raise the ticket to the next line, or to the one that is named.

    en: !escalate [L2] - hands the ticket to the next line, or the one you name
    it: !escalate [L2] - passa il ticket al livello successivo, o a quello indicato
    da: !escalate [L2] - sender sagen videre til næste linje, eller den du nævner
    """
    wanted = next((n for n in order.desk.lines if n.lower() == order.words.lower()), None)
    if order.words and wanted is None:
        return Refused(Say("no_line", {"line": order.words, "lines": ", ".join(order.desk.lines)}))
    line = wanted or order.desk.line_after(order.ticket.line)
    if line is None:
        return Refused(Say("top_line", {"line": order.ticket.line}))
    if line == order.ticket.line:
        return Done(Say("already_line", {"line": line}))
    if order.ticket.status in ("closed", "merged"):
        return Refused(over(order))
    again = (order.changed("status", "open"),) if order.ticket.status == "resolved" else ()  # else nobody works on it
    raised = escalation.raised(order.desk, order.ticket, line, order.why, order.facts.actor)
    return Done(Say("escalated", {"line": line}), (*again, *raised))


@command("who")
def line(order: Order) -> Done | Refused:
    """Give the ticket to a line, up or down.

    en: !line L2 - hands the ticket to the line you name
    it: !line L2 - passa il ticket al livello indicato
    da: !line L2 - giver sagen til den linje, du nævner
    """
    if not order.words:
        return Refused(Say("no_line", {"line": "", "lines": ", ".join(order.desk.lines)}))
    return escalate(order)


@command("who")
def watch(order: Order) -> Done | Refused:
    """Send me all mails about the ticket.

    en: !watch - you get all mails about the ticket, whoever has it
    it: !watch - ricevi tutti i messaggi sul ticket, chiunque lo abbia
    da: !watch - du får alle mails om sagen, uanset hvem der har den
    """
    return Done(Say("watched"), (Watched(order.facts.actor, True, order.why, order.facts.actor),))


@command("who")
def unwatch(order: Order) -> Done | Refused:
    """Send me again what belongs to my part in it.

    en: !unwatch - ends !watch and !mute
    it: !unwatch - annulla !watch e !mute
    da: !unwatch - ophæver !watch og !mute
    """
    return Done(Say("unwatched"), (Watched(order.facts.actor, None, order.why, order.facts.actor),))


@command("who")
def mute(order: Order) -> Done | Refused:
    """Send me nothing about the ticket while others have it.

    en: !mute - no mails about the ticket, until it is given to you or runs late
    it: !mute - nessun messaggio sul ticket, finché non viene assegnato a te o va in ritardo
    da: !mute - ingen mails om sagen, før den bliver givet til dig eller overskrider en frist
    """
    return Done(Say("muted"), (Watched(order.facts.actor, False, order.why, order.facts.actor),))


def started(order: Order) -> tuple[Change, ...]:
    """Who takes a new ticket works on it."""
    return (order.changed("status", "open"),) if order.ticket.status == "new" else ()


def person(desk: Desk, words: str) -> str | Refused:
    """The agent that is meant by an id, an address, or the unambiguous beginning of a name."""
    wanted = words.strip().lower()
    agents = {a for line in desk.lines.values() for a in line.agents}
    people = {i: p for i, p in desk.people.items() if i in agents}
    known = desk.person_by_address(canonical(wanted))
    exact = [i for i, p in people.items() if wanted in (i.lower(), p.name.lower()) or (known and known.id == i)]
    found = exact or [i for i, p in people.items() if wanted and p.name.lower().startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        return Refused(Say("many_people", {"who": words, "people": ", ".join(sorted(people[i].name for i in found))}))
    names = {x.lower(): i for i, p in people.items() for x in (i, p.name, p.name.split()[0])}
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    if not near:
        return Refused(Say("nobody", {"who": words}))
    return Refused(Say("no_person", {"who": words, "near": people[names[near[0]]].name}))
