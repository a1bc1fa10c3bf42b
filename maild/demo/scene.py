"""The story that the demo plays."""

from __future__ import annotations

from datetime import timedelta

from maild.demo.cast import ADA, BEN, CARLA, CLEO, GIULIA, MIA, SOREN
from maild.demo.play import Play

G, S, C = "INC-1", "INC-2", "INC-3"  # Giulia's, Søren's and Carla's tickets, in the order in which they come

_PRINT_LOG = """\
08:58:11 queue second-floor: job 4711 sent to printer
08:58:41 queue second-floor: printer answers: paper jam in tray 2
08:59:02 queue second-floor: stopped
"""


def perform(play: Play) -> None:
    """Play it from the first mail to the last."""
    giulia_opens(play)
    agents_work(play)
    nobody_answers(play)
    a_typo(play)
    mallory(play)
    solved_and_not(play)
    days_pass(play)


def giulia_opens(play: Play) -> None:
    """An Italian mail becomes a ticket; the questions of its category are asked and answered."""
    play.chapter(
        "A user writes",
        "Users need nothing but mail. Giulia writes in Italian: the VPN does not work.",
    )
    play.write(
        GIULIA,
        "La VPN non funziona",
        "Buongiorno,\n\nda stamattina non riesco a collegarmi alla VPN e non posso lavorare.\n\nGiulia",
    )
    ticket = play.ticket(G)
    play.expect("a rule set the category network/vpn", ticket.category == "network/vpn" and ticket.priority == "high")
    play.expect_mail(GIULIA, "acknowledgement", "it")
    for agent in (ADA, BEN):
        play.expect_mail(agent, "new_ticket")
    play.say(
        "A rule knew it by the word VPN, so the acknowledgement asks what the desk needs to know, and the line is "
        "told. Giulia answers it like any mail; the reply finds its ticket by a signed address."
    )
    play.answer(
        GIULIA,
        G,
        "acknowledgement",
        "1. Dalla rete di casa.\n2. Dice: errore 691, certificato scaduto.\n3. Riguarda anche due colleghi.",
    )
    play.expect_mail(ADA, "requester_reply")


def agents_work(play: Play) -> None:
    """An agent takes it by a reply, asks, and gets a note of a colleague."""
    play.chapter(
        "Agents answer by replying, too",
        "Ada replies to the mail about the ticket. Lines with ! are commands; the rest goes to Giulia.",
    )
    play.answer(
        ADA,
        G,
        "requester_reply",
        "!take\n!status pending\n\nBuongiorno Giulia,\n\nsul Suo portatile c'è scritto quando scade il certificato? "
        "Lo trova sotto Rete > VPN > Dettagli.",
    )
    ticket = play.ticket(G)
    play.expect("the ticket is Ada's and waits for Giulia", (ticket.assignee, ticket.status) == ("ada", "pending"))
    play.expect_mail(GIULIA, "public_reply", "it")
    play.say("While the ticket waits for Giulia its resolution clock stands still. Her answer sets it going again.")
    play.answer(GIULIA, G, "public_reply", "Sì: c'è scritto che è scaduto ieri, il primo marzo.")
    play.expect("the ticket is open again", play.ticket(G).status == "open")
    play.expect_mail(ADA, "requester_reply")
    play.say("Ben knows something. With !note his mail is for colleagues alone; Giulia never sees it.")
    play.answer(
        BEN, G, "new_ticket", "!note\nThe new certificates went out on Friday, but not to laptops that were at home."
    )
    play.expect_mail(ADA, "internal_note")
    letters = [m for m in play.letters_of(GIULIA) if "certificates went out" in m.text + m.html]
    play.expect("no mail to Giulia holds Ben's note", not letters, show=True)


def nobody_answers(play: Play) -> None:
    """The first-response clock warns, breaks, and the ticket climbs to the next line."""
    play.chapter(
        "Nobody answers in time",
        "Søren writes in Danish: his password was refused, he is locked out. He is promised a first answer in two "
        "hours of opening time.",
    )
    play.write(
        SOREN,
        "Jeg er låst ude af lønsystemet",
        "Hej,\n\njeg kan ikke logge ind i lønsystemet: det skriver, at min adgangskode er spærret.\n\nHilsen\nSøren",
    )
    play.expect_mail(SOREN, "acknowledgement", "da")
    play.later("a bit more than an hour later", timedelta(minutes=62))
    play.expect_fired("first response at 50%")
    play.expect_mail(ADA, "sla_warning")
    play.expect_mail(BEN, "sla_warning")
    play.later("another hour later", timedelta(minutes=61))
    play.expect_fired("first response at 100%")
    play.expect("the ticket climbed to L2", play.ticket(S).line == "L2")
    play.expect_mail(MIA, "sla_breach")
    play.expect_mail(CLEO, "escalation_line")
    play.expect_mail(SOREN, "escalation_requester", "da")
    play.say("Cleo of L2 got the whole story by mail. She solves it with one reply.")
    play.answer(
        CLEO,
        S,
        "escalation_line",
        "!resolve\nHej Søren, beklager ventetiden. Kontoen var spærret efter fem forkerte forsøg; den er åben igen.",
    )
    play.expect("the ticket is resolved", play.ticket(S).status == "resolved")
    play.expect_mail(SOREN, "resolution", "da")
    play.say("Søren is out by now, and his mailbox answers by itself. A machine's answer must change nothing.")
    play.away(SOREN, S, "resolution", "Jeg er ikke på kontoret og læser ikke mine mails før torsdag.")
    row = play.fate()
    play.expect("it is known as an automatic reply", (row.kind, row.fate) == ("auto_reply", "filed"))
    play.expect("the ticket is still resolved, and nobody got a mail", play.ticket(S).status == "resolved", show=True)
    play.expect_no_mail()


def a_typo(play: Play) -> None:
    """A mail with an attachment; a command with a typo runs nothing and is answered by a receipt."""
    play.chapter("A typo does no harm", "Carla writes in English and attaches a file.")
    play.write(
        CARLA,
        "The printer on the second floor is stuck",
        "Hello,\n\nnothing comes out of it since nine, and we have to print the contracts today. The log is attached."
        "\n\nCarla",
        ("print-queue.log", _PRINT_LOG),
    )
    play.expect_mail(CARLA, "acknowledgement", "en")
    files = [p.get_filename() for p in play.mail_for(BEN, C, "new_ticket").mail.iter_attachments()]
    play.expect("Ben's mail about it carries the file print-queue.log", files == ["print-queue.log"], show=True)
    play.say("Ben mistypes a command. Perhaps it was meant to keep the text inside, so nothing goes to Carla.")
    text = "I am on my way to the printer and will write again within the hour."
    play.answer(BEN, C, "new_ticket", f"!prioritiy high\n{text}")
    play.expect_mail(BEN, "receipt", "en")
    play.expect("Carla was not sent the text", not [m for m in play.letters_of(CARLA) if text in m.text], show=True)
    play.say("He replies again.")
    play.answer(BEN, C, "new_ticket", f"!priority high\n{text}")
    play.expect("the priority is high", play.ticket(C).priority == "high")
    play.expect_mail(CARLA, "public_reply", "en")


def mallory(play: Play) -> None:
    """Whoever writes an agent's address into From is not an agent."""
    play.chapter(
        "Somebody forges an agent's mail",
        "Mallory knows the ticket's number and writes Ada's address into From. But Ada's own mails carry a signed "
        "reply address, and this one does not.",
    )
    play.write(ADA.as_forged(), f"Re: [{C}] The printer on the second floor is stuck", "!close\n")
    row = play.fate()
    play.expect("the mail is not believed", row.verdict == "unverified")
    play.expect("the command was not run; the ticket is open", play.ticket(C).status == "open", show=True)
    play.expect_mail(ADA, "unverified")


def solved_and_not(play: Play) -> None:
    """Resolved, contradicted, resolved again, confirmed, rated."""
    play.chapter("Solved? The user has the last word", "Ada resolves Giulia's ticket with a reply.")
    play.answer(
        ADA,
        G,
        "requester_reply",
        "!resolve\nHo rinnovato il certificato da remoto. Per favore riavvii il client VPN e provi di nuovo.",
    )
    play.expect("the ticket is resolved", play.ticket(G).status == "resolved")
    play.expect_mail(GIULIA, "resolution", "it")
    play.say("Giulia tries, and it still does not work. A plain answer is enough to open the ticket again.")
    play.answer(GIULIA, G, "resolution", "No, non funziona ancora: stesso errore.")
    play.expect("the ticket is open again", play.ticket(G).status == "open")
    play.expect_mail(ADA, "reopened_agent")
    play.answer(
        ADA,
        G,
        "reopened_agent",
        "!resolve\nMancava anche il certificato intermedio: ora è installato, la connessione di prova funziona.",
    )
    play.expect("the ticket is resolved again", play.ticket(G).status == "resolved")
    play.answer(GIULIA, G, "resolution", "Risolto, grazie!")
    play.expect("the ticket is closed", play.ticket(G).status == "closed")
    play.expect_mail(GIULIA, "closure", "it")
    play.say("The last mail asks how satisfied she was. A number is an answer.")
    play.answer(GIULIA, G, "closure", "5")
    play.expect("her five is kept", play.ticket(G).satisfaction == "5")


def days_pass(play: Play) -> None:
    """Tickets whose solution nobody contradicts close by themselves."""
    play.chapter("Silence is consent", "Ben has found the sheet of paper and resolves Carla's ticket.")
    play.answer(
        BEN, C, "new_ticket", "!resolve\nA torn sheet sat in tray 2. It prints again; your contracts are there."
    )
    play.expect("the ticket is resolved", play.ticket(C).status == "resolved")
    play.later("three days later, nobody has written", timedelta(days=3, minutes=5))
    for key in (S, C):
        play.expect(f"{key} is closed", play.ticket(key).status == "closed")
    play.expect_mail(SOREN, "closure", "da")
    play.expect_mail(CARLA, "closure", "en")
