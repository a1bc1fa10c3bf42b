"""Commands that say for whom the ticket is."""

from __future__ import annotations

from maild.mail import address
from maild.policy.changes import Change, Changed, Joined, Left
from maild.policy.orders import Done, Order, Refused, Say, command

_MOST = 20  # addresses of one command


@command("people")
def cc(order: Order) -> Done | Refused:
    """Somebody gets the public mails of the ticket from now on.

    en: !cc ADDRESS - this person gets our public mails too, and may write to the ticket
    it: !cc INDIRIZZO - anche questa persona riceve i nostri messaggi pubblici e può scrivere al ticket
    da: !cc ADRESSE - denne person får også vores offentlige mails og kan skrive til sagen
    """
    found = _addresses(order)
    if isinstance(found, Refused):
        return found
    if [one for one, _ in found] == [order.ticket.requester]:
        return Done(Say("already_requester", {"who": order.ticket.requester}))
    changes = tuple(Joined(one, name, order.why, order.facts.actor) for one, name in found)
    return Done(Say("joined", {"who": ", ".join(one for one, _ in found)}), changes)


@command("people")
def uncc(order: Order) -> Done | Refused:
    """Somebody gets no more mails of the ticket.

    en: !uncc ADDRESS - this person gets no more mails about the ticket
    it: !uncc INDIRIZZO - questa persona non riceve più messaggi sul ticket
    da: !uncc ADRESSE - denne person får ikke flere mails om sagen
    """
    wanted = address.canonical(order.words)
    if wanted not in order.ticket.participants:
        there = ", ".join(sorted(order.ticket.participants)) or "-"
        return Refused(Say("no_participant", {"who": order.words, "people": there}))
    return Done(Say("left", {"who": wanted}), (Left(wanted, order.why, order.facts.actor),))


@command("people")
def requester(order: Order) -> Done | Refused:
    """The ticket is somebody else's.

    en: !requester ADDRESS - whose ticket it is; who wrote it stays a participant
    it: !requester INDIRIZZO - di chi è il ticket; chi l'ha scritto resta tra i partecipanti
    da: !requester ADRESSE - hvis sag det er; den, der skrev, er fortsat deltager
    """
    found = _addresses(order)
    if isinstance(found, Refused):
        return found
    if len(found) > 1:
        return Refused(Say("no_address", {"address": order.words}))
    ((wanted, _),) = found
    before = order.ticket.requester
    if wanted == before:
        return Done(Say("already_requester", {"who": wanted}))
    changes: list[Change] = [Changed("requester", wanted, order.why, order.facts.actor)]
    if wanted in order.ticket.participants:
        changes.append(Left(wanted, order.why, order.facts.actor))
    if address.domain(before) != "invalid":
        changes.append(Joined(before, "", order.why, order.facts.actor))
    return Done(Say("field_set", {"field": "requester", "value": wanted}), tuple(changes))


def _addresses(order: Order) -> list[tuple[str, str]] | Refused:
    """The people that the words name: canonical address and name. Staff and the desk itself are none of them."""
    return outsiders(order, order.words)


def outsiders(order: Order, words: str) -> list[tuple[str, str]] | Refused:
    """Addresses of people outside the desk, or why not."""
    found: list[tuple[str, str]] = []
    for part in words.replace(";", ",").split(",")[:_MOST]:
        mailbox, _ = address.strict([part.strip().encode()])
        if mailbox is None:
            return Refused(Say("no_address", {"address": part.strip() or words}))
        one = address.canonical(mailbox.address)
        if address.correspondent(one) in order.facts.own:
            return Refused(Say("own_address", {"address": one}))
        if order.desk.person_by_address(one) is not None:
            return Refused(Say("staff_address", {"address": one}))
        found.append((one, mailbox.name))
    return found
