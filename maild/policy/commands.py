"""The commands that agents write in their mails (interface.md, "What an agent writes").

One decorated function each: its name is the verb, its docstring the help in every language.
"""

from __future__ import annotations

import difflib
import re

from maild.mail.address import canonical
from maild.policy import escalation, priority
from maild.policy.changes import Change, Notified, Tagged, TicketField
from maild.policy.orders import Done, Order, Refused, Say, command, help_lines
from maild.policy.terms import Desk


@command
def take(order: Order) -> Done | Refused:
    """The ticket is mine.

    en: !take - the ticket is yours
    it: !take - il ticket passa a te
    da: !take - du tager sagen
    """
    if order.ticket.assignee == order.facts.actor:
        return Done(Say("already_yours"))
    return Done(Say("taken"), (order.changed("assignee", order.facts.actor), *_started(order)))


@command
def assign(order: Order) -> Done | Refused:
    """Give the ticket to somebody.

    en: !assign NAME - gives the ticket to a colleague
    it: !assign NOME - assegna il ticket a un collega
    da: !assign NAVN - giver sagen til en kollega
    """
    found = _person(order.desk, order.words)
    if isinstance(found, Refused):
        return found
    changes: list[Change] = [order.changed("assignee", found)]
    line = next((n for n, x in order.desk.lines.items() if found in x.agents), None)
    current = order.desk.lines.get(order.ticket.line)
    if line and (current is None or found not in current.agents):
        changes.append(order.changed("line", line))
    if found != order.facts.actor:
        changes.append(Notified("assignment", ("assignee",), {"text": order.text}))
    return Done(Say("assigned", {"who": order.desk.people[found].name}), (*changes, *_started(order)))


@command
def release(order: Order) -> Done | Refused:
    """Nobody has the ticket.

    en: !release - gives the ticket back to its line
    it: !release - restituisce il ticket al suo livello
    da: !release - giver sagen tilbage til linjen
    """
    return Done(Say("released"), (order.changed("assignee", None),))


@command
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
    return Done(
        Say("escalated", {"line": line}),
        escalation.raised(order.desk, order.ticket, line, order.why, order.facts.actor),
    )


@command
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
    return function(Order(order.facts, order.ticket, order.desk, "", order.text))


def open_(order: Order) -> Done | Refused:
    """The ticket is worked on again (`!status open`)."""
    if order.ticket.status == "closed":
        return Refused(Say("is_closed"))
    return Done(Say("status_set", {"status": "open"}), (order.changed("status", "open"),))


@command
def pending(order: Order) -> Done | Refused:
    """The ticket waits for somebody else.

    en: !pending - waits for the requester; the resolution clock stands still
    it: !pending - in attesa del richiedente; l'orologio della soluzione si ferma
    da: !pending - afventer brugeren; løsningsuret står stille
    """
    if order.words:
        return Refused(Say("no_date"))
    if order.ticket.status == "closed":
        return Refused(Say("is_closed"))
    return Done(Say("status_set", {"status": "pending"}), (order.changed("status", "pending"),))


@command
def priority_(order: Order) -> Done | Refused:
    """Set the priority itself, whatever the matrix says.

    en: !priority critical|high|medium|low - sets the priority
    it: !priority critical|high|medium|low - imposta la priorità
    da: !priority critical|high|medium|low - sætter prioriteten
    """
    return _level(order, "priority", priority.PRIORITIES)


@command
def impact(order: Order) -> Done | Refused:
    """Set the impact; the priority follows by the matrix.

    en: !impact high|medium|low - how many are affected; the priority follows
    it: !impact high|medium|low - quanti ne risentono; la priorità si adegua
    da: !impact high|medium|low - hvor mange det rammer; prioriteten følger med
    """
    return _level(order, "impact", priority.LEVELS)


@command
def urgency(order: Order) -> Done | Refused:
    """Set the urgency; the priority follows by the matrix.

    en: !urgency high|medium|low - how much it hurries; the priority follows
    it: !urgency high|medium|low - quanto è urgente; la priorità si adegua
    da: !urgency high|medium|low - hvor meget det haster; prioriteten følger med
    """
    return _level(order, "urgency", priority.LEVELS)


@command
def category(order: Order) -> Done | Refused:
    """Set the category.

    en: !category PATH - what it is about, such as network/vpn
    it: !category PERCORSO - di che cosa si tratta, per esempio network/vpn
    da: !category STI - hvad det handler om, for eksempel network/vpn
    """
    found = order.desk.categories.get(order.words)
    if found is None:
        near = difflib.get_close_matches(order.words, order.desk.categories, n=1, cutoff=0.4)
        return Refused(Say("no_category", {"category": order.words, "near": near[0] if near else "-"}))
    changes = [order.changed("category", order.words)]
    if found.service:
        changes.append(order.changed("service", found.service))
    return Done(Say("field_set", {"field": "category", "value": order.words}), tuple(changes))


@command
def type_(order: Order) -> Done | Refused:
    """Say whether it is an incident or a request.

    en: !type incident|request|problem - what kind of ticket it is
    it: !type incident|request|problem - il tipo di ticket
    da: !type incident|request|problem - hvilken slags sag det er
    """
    return _level(order, "type", ("incident", "request", "problem"))


@command
def tag(order: Order) -> Done | Refused:
    """Set a tag.

    en: !tag WORD - sets a tag
    it: !tag PAROLA - aggiunge un'etichetta
    da: !tag ORD - sætter et mærke
    """
    return _tagged(order, on=True)


@command
def untag(order: Order) -> Done | Refused:
    """Take a tag off.

    en: !untag WORD - takes a tag off
    it: !untag PAROLA - toglie un'etichetta
    da: !untag ORD - fjerner et mærke
    """
    return _tagged(order, on=False)


@command
def note(order: Order) -> Done | Refused:
    """This mail is for the agents alone.

    en: !note - this mail is for colleagues only; the requester never sees it
    it: !note - questo messaggio è solo per i colleghi; il richiedente non lo vede
    da: !note - denne mail er kun for kolleger; brugeren ser den ikke
    """
    return Done(Say("noted"))


@command
def public(order: Order) -> Done | Refused:
    """This mail is for the requester, although it answers a note.

    en: !public - this mail goes to the requester, although it answers a note
    it: !public - questo messaggio va al richiedente, anche se risponde a una nota
    da: !public - denne mail går til brugeren, selv om den svarer på en note
    """
    return Done(Say("made_public"))


@command
def resolve(order: Order) -> Done | Refused:
    """It is solved; the requester is asked to confirm.

    en: !resolve [WHAT SOLVED IT] - solved; the requester is asked to confirm
    it: !resolve [SOLUZIONE] - risolto; al richiedente viene chiesta conferma
    da: !resolve [LØSNINGEN] - løst; brugeren bliver bedt om at bekræfte
    """
    if order.ticket.status == "closed":
        return Refused(Say("is_closed"))
    solution = order.words or order.text
    changes: list[Change] = [order.changed("status", "resolved")]
    if solution:
        changes.append(order.changed("resolution", solution))
    if order.ticket.assignee is None:
        changes.append(order.changed("assignee", order.facts.actor))
    changes.append(Notified("resolution", ("requester", "participants"), {"text": order.text or order.words}))
    return Done(Say("resolved"), tuple(changes))


@command
def close(order: Order) -> Done | Refused:
    """The ticket is closed without asking.

    en: !close - closes the ticket; the requester is told
    it: !close - chiude il ticket; il richiedente viene avvisato
    da: !close - lukker sagen; brugeren får besked
    """
    if order.ticket.status == "closed":
        return Done(Say("is_closed"))
    return Done(Say("closed"), (order.changed("status", "closed"), Notified("closure", ("requester", "participants"))))


@command
def reopen(order: Order) -> Done | Refused:
    """The ticket is worked on again.

    en: !reopen - the ticket is worked on again
    it: !reopen - riapre il ticket
    da: !reopen - åbner sagen igen
    """
    if order.ticket.status not in ("resolved", "closed"):
        return Refused(Say("not_solved"))
    return Done(Say("reopened"), (order.changed("status", "open"), Notified("reopened", ("requester",))))


@command
def help_(order: Order) -> Done | Refused:
    """Send the list of commands.

    en: !help - sends you this list
    it: !help - ti invia questo elenco
    da: !help - sender dig denne liste
    """
    return Done(Say("helped"), (Notified("help", ("actor",), {"commands": help_lines(order.facts.language)}),))


def _started(order: Order) -> tuple[Change, ...]:
    return (order.changed("status", "open"),) if order.ticket.status == "new" else ()


def _level(order: Order, name: TicketField, allowed: tuple[str, ...]) -> Done | Refused:
    value = order.words.lower()
    if value not in allowed:
        return Refused(Say("no_value", {"field": name, "value": order.words, "values": ", ".join(allowed)}))
    changes = [order.changed(name, value)]
    if name in ("impact", "urgency"):
        both = {"impact": order.ticket.impact, "urgency": order.ticket.urgency, name: value}
        changes.append(order.changed("priority", priority.priority(order.desk.priority, **both)))
    return Done(Say("field_set", {"field": name, "value": value}), tuple(changes))


def _tagged(order: Order, *, on: bool) -> Done | Refused:
    if not re.fullmatch(r"[\w.-]{1,40}", order.words):
        return Refused(Say("no_tag", {"tag": order.words}))
    change = Tagged(order.words, order.why, order.facts.actor, on)
    return Done(Say("tagged" if on else "untagged", {"tag": order.words}), (change,))


def _person(desk: Desk, words: str) -> str | Refused:
    """The agent that is meant by an id, an address, or the unambiguous beginning of a name."""
    wanted = words.strip().lower()
    agents = {a for line in desk.lines.values() for a in line.agents}
    people = {i: p for i, p in desk.people.items() if i in agents}
    exact = [i for i, p in people.items() if wanted in (i.lower(), p.name.lower()) or canonical(wanted) == p.address]
    found = exact or [i for i, p in people.items() if wanted and p.name.lower().startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        return Refused(Say("many_people", {"who": words, "people": ", ".join(sorted(people[i].name for i in found))}))
    names = {x.lower(): i for i, p in people.items() for x in (i, p.name, p.name.split()[0])}
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.6)
    return Refused(Say("no_person", {"who": words, "near": people[names[near[0]]].name if near else "-"}))
