"""Commands about mails and other tickets: what belongs together, what waits, what is undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from maild.mail import address
from maild.policy.changes import (
    Change,
    Changed,
    Forgotten,
    Joined,
    Left,
    Linked,
    Noted,
    Notified,
    Recorded,
    Release,
    Released,
    Tagged,
    TicketField,
)
from maild.policy.commands.standing import over
from maild.policy.facts import TRICK, HeldMail, Past, TicketView
from maild.policy.orders import Done, Order, Refused, Say, command

_FIELDS = frozenset(f.name for f in fields(TicketView)) | {"resolution", "satisfaction", "pending_until", "silent"}


@command("mail")
def merge(order: Order) -> Done | Refused:
    """The ticket goes on in another one (B6).

    en: !merge KEY - goes on in that ticket; both requesters hear from there
    it: !merge CHIAVE - prosegue in quel ticket; da lì rispondiamo a entrambi i richiedenti
    da: !merge NUMMER - fortsætter i den sag; begge brugere hører fra os dér
    """
    target = _other(order)
    if isinstance(target, Refused):
        return target
    if order.owns(target):
        return Refused(Say("own_ticket"))
    child = order.ticket
    if child.status == "merged":
        return Refused(over(order))
    if target.status in ("closed", "merged"):
        why = "is_merged" if target.status == "merged" else "other_closed"
        return Refused(Say(why, {"key": target.parent or target.key}))
    who = order.facts.actor
    # neither a machine without an address nor who was forgotten can be written to
    outsiders = {one for one in (child.requester, *child.participants) if address.domain(one) != "invalid"}
    joined = [Joined(one, child.people.get(one, ""), order.why, who) for one in sorted(outsiders)]
    story = f"{child.key}: {child.subject}"
    note = Recorded(who, order.desk.people[who].name, story, "internal", order.facts.now)
    # what few may know of is told to nobody else by going on elsewhere (M9)
    kept = [Changed("confidential", "yes", order.why, who)] if child.confidential and not target.confidential else []
    there: tuple[Change, ...] = (
        *kept,
        *joined,
        Noted("merged_in", child.key, who),
        note,
        Notified("internal_note", ("owner",), {"text": story, "other": {"key": child.key}}),
    )
    here = (
        order.changed("pending_until", None),
        order.changed("status", "merged"),
        order.changed("parent", target.key),
        Notified("merged", ("requester", "participants"), {"other": {"key": target.key}}),
    )
    return Done(Say("merged", {"key": target.key}), here, ((target.key, there),))


@command("mail")
def split(order: Order) -> Done | Refused:
    """The mail that was answered becomes a ticket of its own.

    en: !split - makes the mail you answer a ticket of its own
    it: !split - fa del messaggio a cui rispondi un ticket a sé
    da: !split - gør den mail, du svarer på, til en sag for sig
    """
    held = _held(order)
    if held is not None and held.verdict != "agent":  # an answer of ours is sent or dropped: it opens nothing (B37)
        return _released(order, held.number, "split")
    number = order.facts.known.split
    if number is None:
        return Refused(Say("nothing_to_split"))
    return _released(order, number, "split")


@command("mail")
def link(order: Order) -> Done | Refused:
    """The two tickets have to do with each other.

    en: !link KEY - notes on both tickets that they belong together
    it: !link CHIAVE - annota su entrambi i ticket che sono collegati
    da: !link NUMMER - noterer på begge sager, at de hører sammen
    """
    target = _other(order)
    if isinstance(target, Refused):
        return target
    return Done(Say("linked", {"key": target.key}), (Linked(target.key, order.why, order.facts.actor),))


@command("mail")
def accept(order: Order) -> Done | Refused:
    """A mail that was held joins the ticket, and its writer with it.

    en: !accept - lets the mail that waits, and who wrote it, onto the ticket
    it: !accept - ammette nel ticket il messaggio in attesa e chi l'ha scritto
    da: !accept - lukker den ventende mail og dens afsender ind i sagen
    """
    held = _held(order)
    own = held is not None and held.verdict == "agent" and bool(order.ticket.key)  # without a ticket, a rule held it
    if held is None or own:
        return Refused(_nothing(order, lambda one: one.verdict != "agent"))
    done = _released(order, held.number, "accept")
    if not order.ticket.key:
        return replace(done, says=Say("released_opens"))
    return replace(done, says=Say("released_note")) if held.reason == TRICK else done


@command("mail")
def drop(order: Order) -> Done | Refused:
    """A mail that was held is thrown away.

    en: !drop - throws the mail that waits away; nobody is told
    it: !drop - scarta il messaggio in attesa; nessuno viene avvisato
    da: !drop - kasserer den ventende mail; ingen får besked
    """
    held = _held(order)
    return Refused(_nothing(order)) if held is None else _released(order, held.number, "drop")


@command("mail")
def send(order: Order) -> Done | Refused:
    """A reply of mine that was held back goes out as it is (B37).

    en: !send - sends the reply that was held back
    it: !send - invia la risposta trattenuta
    da: !send - sender det svar, der blev holdt tilbage
    """
    held = _held(order)
    if held is None or held.verdict != "agent":
        return Refused(_nothing(order, lambda one: one.verdict == "agent"))
    return _released(order, held.number, "send")


@command("mail")
def undo(order: Order) -> Done | Refused:
    """What a mail of mine changed is changed back, as far as nobody has changed it since.

    en: !undo - takes back what your last command mail changed; what was sent stays sent
    it: !undo - annulla ciò che ha cambiato il tuo ultimo messaggio; ciò che è partito resta partito
    da: !undo - fortryder, hvad din sidste mail ændrede; det, der er sendt, er sendt
    """
    known = order.facts.known
    views = {**known.tickets, order.ticket.key: order.ticket}
    back: dict[str, list[Change]] = {}
    kept: list[str] = []
    for past in reversed(known.done):
        view = views.get(past.ticket)
        change = _back(past, view, order.facts.actor) if view is not None else None
        if change is None:
            kept.append(past.kind)
        else:
            back.setdefault(past.ticket, []).append(change)
            if isinstance(change, Changed) and view is not None and hasattr(view, change.field):
                views[past.ticket] = replace(view, **cast("Any", {change.field: change.value}))
    if not back:
        return Refused(Say("undo_nothing"))
    # a requester goes back before anybody joins: who is the requester cannot be a participant
    ordered = {key: tuple(sorted(found, key=lambda one: isinstance(one, Joined))) for key, found in back.items()}
    here = ordered.pop(order.ticket.key, ())
    others = tuple(ordered.items())
    return Done(Say("undone_partly", {"fields": ", ".join(kept)}) if kept else Say("undone"), here, others)


@command("mail")
def forget(order: Order) -> Done | Refused:
    """All personal data of the ticket is erased (GDPR, article 17). Only a lead, the manager, or data protection.

    en: !forget KEY - erases all that the ticket holds of a person, for ever; the key is the ticket's own
    it: !forget CHIAVE - cancella per sempre i dati personali del ticket; la chiave è quella del ticket stesso
    da: !forget NUMMER - sletter for altid alle personoplysninger i sagen; nummeret er sagens eget
    """
    desk, who = order.desk, order.facts.actor
    if who not in {desk.manager, *desk.data_protection, *(line.lead for line in desk.lines.values())}:
        return Refused(Say("not_allowed"))
    if order.words != order.ticket.key:
        return Refused(Say("forget_which", {"key": order.ticket.key}))
    if order.ticket.status not in ("closed", "merged"):
        return Refused(Say("forget_closed"))
    return Done(Say("forgotten"), (Forgotten(order.why, who),))


def _other(order: Order) -> TicketView | Refused:
    target = order.facts.known.tickets.get(order.words)
    if target is None:
        return Refused(Say("no_ticket", {"key": order.words}))
    return Refused(Say("same_ticket")) if target.key == order.ticket.key else target


def _held(order: Order) -> HeldMail | None:
    """The mail that is meant: by its number, by the notice that is answered, or the only one that waits."""
    held = _mine(order)
    wanted = order.words.lstrip("#") or str(order.facts.about)
    by_number = next((one for one in held if str(one.number) == wanted), None)
    known = order.facts.known
    other = order.words or known.settled or (known.split is not None and known.split == order.facts.about)
    return by_number or (held[0] if len(held) == 1 and not other else None)


def _mine(order: Order) -> list[HeldMail]:
    """What waits for this agent's word: mails of strangers, and their own answers, but not those of colleagues.

    What belongs to no ticket a rule held, whoever wrote it: that is no answer of theirs.
    """
    if not order.ticket.key:
        return list(order.facts.known.held)
    me = order.desk.people.get(order.facts.actor)
    own = (order.desk.person_by_address(one.sender) is me for one in order.facts.known.held)
    return [one for one, mine in zip(order.facts.known.held, own, strict=True) if mine or one.verdict != "agent"]


def _nothing(order: Order, meant: Callable[[HeldMail], bool] = lambda _: True) -> Say:
    held = [one for one in _mine(order) if meant(one)]
    if not held:
        return Say("nothing_held")
    return Say("which_held", {"mails": ", ".join(f"#{one.number} ({one.sender})" for one in held)})


_RELEASED: Mapping[Release, Say] = {
    "send": Say("released_send"),
    "accept": Say("released_accept"),
    "split": Say("released_split"),
    "drop": Say("released_drop"),
}


def _released(order: Order, number: int, how: Release) -> Done:
    return Done(_RELEASED[how], (Released(number, how, order.why, order.facts.actor),))


def _back(past: Past, view: TicketView, who: str) -> Change | None:
    """What takes one event back; None where the ticket has moved on since."""
    why = "undo"
    if past.kind in ("tagged", "untagged"):
        tag = next(iter({*(past.before or ())} ^ {*(past.after or ())}), "")
        return Tagged(tag, why, who, on=past.kind == "untagged") if tag else None
    if past.kind == "joined":
        return Left(str(past.after), why, who)
    if past.kind == "left":
        return Joined(str(past.after), "", why, who)
    if past.kind == "linked":
        return Linked(str(past.after), why, who, on=False)
    if past.kind in _FIELDS and getattr(view, past.kind, past.after) == past.after:
        return Changed(cast("TicketField", past.kind), past.before, why, who)
    return None
