"""Commands that say what the ticket is."""

from __future__ import annotations

import difflib
import re

from maild.policy import factors, priority, subject
from maild.policy.changes import Changed, Tagged, TicketField
from maild.policy.orders import Done, Order, Refused, Say, command


@command("what")
def priority_(order: Order) -> Done | Refused:
    """Set the priority itself, whatever the matrix says.

    en: !priority critical|high|medium|low - sets the priority
    it: !priority critical|high|medium|low - imposta la priorità
    da: !priority critical|high|medium|low - sætter prioriteten
    """
    return _level(order, "priority", priority.PRIORITIES)


@command("what")
def impact(order: Order) -> Done | Refused:
    """Set the impact; the priority follows by the matrix.

    en: !impact high|medium|low - how much the users are affected; the priority follows
    it: !impact high|medium|low - quanto ne risentono gli utenti; la priorità si adegua
    da: !impact high|medium|low - hvor meget det rammer brugerne; prioriteten følger med
    """
    return _level(order, "impact", priority.LEVELS)


@command("what")
def business(order: Order) -> Done | Refused:
    """Set the impact on the business; the priority follows by the matrix.

    en: !business high|medium|low - how much the business is affected; the priority follows
    it: !business high|medium|low - quanto ne risente l'attività; la priorità si adegua
    da: !business high|medium|low - hvor meget det rammer forretningen; prioriteten følger med
    """
    return _level(order, "business", priority.LEVELS)


@command("what")
def urgency(order: Order) -> Done | Refused:
    """Set the urgency; the priority follows by the matrix.

    en: !urgency high|medium|low - how much it hurries; the priority follows
    it: !urgency high|medium|low - quanto è urgente; la priorità si adegua
    da: !urgency high|medium|low - hvor meget det haster; prioriteten følger med
    """
    return _level(order, "urgency", priority.LEVELS)


@command("what")
def category(order: Order) -> Done | Refused:
    """Set the category.

    en: !category PATH - what it is about, such as network/vpn
    it: !category PERCORSO - di che cosa si tratta, per esempio network/vpn
    da: !category STI - hvad det handler om, for eksempel network/vpn
    """
    found = order.desk.categories.get(order.words)
    if found is None:
        near = difflib.get_close_matches(order.words, order.desk.categories, n=1, cutoff=0.4)
        if not near:
            return Refused(Say("nothing_like", {"name": order.words}))
        return Refused(Say("no_category", {"category": order.words, "near": near[0]}))
    brought = factors.of_category(order.words, order.ticket, order.desk, order.facts.actor)
    changes = (order.changed("category", order.words), *factors.follow(order.ticket, brought, order.desk))
    return Done(Say("field_set", {"field": "category", "value": order.words}), changes)


@command("what")
def service(order: Order) -> Done | Refused:
    """Say which service is affected.

    en: !service NAME - the service that is affected
    it: !service NOME - il servizio interessato
    da: !service NAVN - den tjeneste, det går ud over
    """
    known = sorted({*order.desk.services, *(c.service for c in order.desk.categories.values() if c.service)})
    found = next((name for name in known if name.lower() == order.words.lower()), None)
    if found is None:
        return Refused(Say("no_value", {"value": order.words, "values": ", ".join(known) or "-"}))
    return _set(order, order.changed("service", found))


@command("what")
def type_(order: Order) -> Done | Refused:
    """Say whether it is an incident or a request.

    en: !type incident|request|problem - what kind of ticket it is
    it: !type incident|request|problem - il tipo di ticket
    da: !type incident|request|problem - hvilken slags sag det er
    """
    return _level(order, "type", ("incident", "request", "problem"))


@command("what")
def tag(order: Order) -> Done | Refused:
    """Set a tag.

    en: !tag WORD - sets a tag
    it: !tag PAROLA - aggiunge un'etichetta
    da: !tag ORD - sætter et mærke
    """
    return _tagged(order, on=True)


@command("what")
def untag(order: Order) -> Done | Refused:
    """Take a tag off.

    en: !untag WORD - takes a tag off
    it: !untag PAROLA - toglie un'etichetta
    da: !untag ORD - fjerner et mærke
    """
    return _tagged(order, on=False)


@command("what")
def subject_(order: Order) -> Done | Refused:
    """Give the ticket another subject.

    en: !subject WORDS - gives the ticket a better subject; the requester sees it in later mails
    it: !subject PAROLE - dà al ticket un oggetto migliore; il richiedente lo vede nei messaggi successivi
    da: !subject ORD - giver sagen et bedre emne; brugeren ser det i de næste mails
    """
    words = subject.clean(order.words)
    if not words:
        return Refused(Say("no_words", {"usage": "!subject …"}))
    return Done(Say("field_set", {"field": "subject", "value": words}), (order.changed("subject", words),))


def _level(order: Order, name: TicketField, allowed: tuple[str, ...]) -> Done | Refused:
    value = order.words.lower()
    if not value:
        return Refused(Say("no_words", {"usage": f"!{name} {'|'.join(allowed)}"}))
    if value not in allowed:
        return Refused(Say("no_value", {"field": name, "value": order.words, "values": ", ".join(allowed)}))
    return _set(order, order.changed(name, value))


def _set(order: Order, change: Changed) -> Done:
    """One field, and what follows from it."""
    says = Say("field_set", {"field": change.field, "value": change.value or ""})
    return Done(says, factors.follow(order.ticket, (change,), order.desk))


def _tagged(order: Order, *, on: bool) -> Done | Refused:
    if not re.fullmatch(r"[\w.-]{1,40}", order.words):
        return Refused(Say("no_tag", {"tag": order.words}))
    change = Tagged(order.words, order.why, order.facts.actor, on)
    return Done(Say("tagged" if on else "untagged", {"tag": order.words}), (change,))
