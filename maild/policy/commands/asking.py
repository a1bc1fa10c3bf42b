"""Commands that say who reads this mail, and those that ask something."""

from __future__ import annotations

import difflib

from maild.policy.changes import Joined, Notified
from maild.policy.orders import Done, Order, Refused, Say, command, help_lines

_LISTS = ("mine", "line", "due")


@command("mail")
def note(order: Order) -> Done | Refused:
    """This mail is for the agents alone.

    en: !note - this mail is for colleagues only; the requester never sees it
    it: !note - questo messaggio è solo per i colleghi; il richiedente non lo vede
    da: !note - denne mail er kun for kolleger; brugeren ser den ikke
    """
    return Done(Say("noted"))


@command("mail")
def public(order: Order) -> Done | Refused:
    """This mail is for the requester, although it answers a note.

    en: !public - this mail goes to the requester, although it answers a note
    it: !public - questo messaggio va al richiedente, anche se risponde a una nota
    da: !public - denne mail går til brugeren, selv om den svarer på en note
    """
    return Done(Say("made_public"))


@command("mail")
def reply_all(order: Order) -> Done | Refused:
    """Those whom the requester's last mail went to as well get this one too, and are participants from now on.

    en: !reply-all - goes also to those who were in Cc of the requester's last mail
    it: !reply-all - va anche a chi era in copia nell'ultimo messaggio del richiedente
    da: !reply-all - går også til dem, der var i kopi på brugerens sidste mail
    """
    copied = {a: n for a, n in order.facts.known.copied.items() if a != order.ticket.requester}
    changes = tuple(Joined(one, name, order.why, order.facts.actor) for one, name in copied.items())
    everybody = sorted({order.ticket.requester, *order.ticket.participants, *copied})
    return Done(Say("to_all", {"people": ", ".join(everybody)}), changes)


@command("mail")
def template(order: Order) -> Done | Refused:
    """A text that desk.yaml holds goes to the requester, in their language, after mine.

    en: !template NAME - adds the prepared text of that name to your answer
    it: !template NOME - aggiunge alla risposta il testo preparato con quel nome
    da: !template NAVN - føjer den forberedte tekst med det navn til dit svar
    """
    if order.words in order.desk.replies:
        return Done(Say("template_used", {"name": order.words}))
    near = difflib.get_close_matches(order.words, order.desk.replies, n=1, cutoff=0.5)
    if not near:
        return Refused(Say("nothing_like", {"name": order.words}))
    return Refused(Say("no_template", {"name": order.words, "near": near[0]}))


@command("mail")
def new(order: Order) -> Done | Refused:
    """Opens a ticket for somebody; it stands first, and the other commands are for the new ticket.

    en: !new for ADDRESS - opens a ticket for that person, with this mail as its first words
    it: !new for INDIRIZZO - apre un ticket per quella persona, con questo messaggio come inizio
    da: !new for ADRESSE - opretter en sag for den person med denne mail som begyndelse
    """
    return Refused(Say("new_first"))


@command("mail")
def on(order: Order) -> Done | Refused:
    """The commands after it are for this ticket and no other.

    en: !on KEY - the commands below are for that ticket; if this mail belongs to another, nothing is done
    it: !on CHIAVE - i comandi che seguono valgono per quel ticket; se il messaggio è di un altro, non si fa nulla
    da: !on NUMMER - kommandoerne nedenfor gælder den sag; hører mailen til en anden, sker der intet
    """
    if order.words == order.ticket.key:
        return Done(Say("on", {"key": order.ticket.key}))
    if not order.ticket.key:
        return Refused(Say("no_ticket", {"key": order.words}))
    return Refused(Say("not_on", {"key": order.words, "this": order.ticket.key}))


@command("mail")
def stop(order: Order) -> Done | Refused:
    """What follows is text.

    en: !stop - no line below it is taken for a command
    it: !stop - nessuna riga successiva viene letta come comando
    da: !stop - ingen linje derunder opfattes som en kommando
    """
    return Done(Say("stopped"))


@command("ask")
def why(order: Order) -> Done | Refused:
    """Why do the clocks and the ticket stand where they stand?

    en: !why - sends you the ticket's clocks and changes, each with its reason
    it: !why - ti invia gli orologi e le modifiche del ticket, ciascuna con il motivo
    da: !why - sender dig sagens ure og ændringer, hver med sin grund
    """
    return Done(Say("sent_why"), (Notified("why", ("actor",)),))


@command("ask")
def list_(order: Order) -> Done | Refused:
    """Which tickets are there?

    en: !list [mine|line|due] - sends you your tickets, those of your line, or what is due next
    it: !list [mine|line|due] - ti invia i tuoi ticket, quelli del tuo livello o le prossime scadenze
    da: !list [mine|line|due] - sender dig dine sager, din linjes sager eller de næste frister
    """
    which = order.words.lower() or "mine"
    if which not in _LISTS:
        return Refused(Say("no_value", {"value": order.words, "values": ", ".join(_LISTS)}))
    return Done(Say("sent_list"), (Notified("tickets", ("actor",), {"which": which}),))


@command("ask")
def show(order: Order) -> Done | Refused:
    """Send me a ticket.

    en: !show KEY - sends you that ticket with its whole story
    it: !show CHIAVE - ti invia quel ticket con tutta la sua storia
    da: !show NUMMER - sender dig den sag med hele historien
    """
    asked = Notified("shown", ("actor",))
    if order.words in ("", order.ticket.key):
        return Done(Say("sent_show", {"key": order.ticket.key}), (asked,))
    target = order.facts.known.tickets.get(order.words)
    if target is None:
        return Refused(Say("no_ticket", {"key": order.words}))
    if order.owns(target):
        return Refused(Say("own_ticket"))
    return Done(Say("sent_show", {"key": target.key}), (), ((target.key, (asked,)),))


@command("ask")
def similar(order: Order) -> Done | Refused:
    """Was there anything like it?

    en: !similar - sends you solved tickets like this one, with what solved them
    it: !similar - ti invia ticket risolti simili, con la soluzione
    da: !similar - sender dig løste sager, der ligner, med løsningen
    """
    return Done(Say("sent_similar"), (Notified("similar", ("actor",)),))


@command("ask")
def help_(order: Order) -> Done | Refused:
    """Send the list of commands.

    en: !help - sends you this list
    it: !help - ti invia questo elenco
    da: !help - sender dig denne liste
    """
    return Done(Say("helped"), (Notified("help", ("actor",), {"commands": help_lines(order.facts.language)}),))
