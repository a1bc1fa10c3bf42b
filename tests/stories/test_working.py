"""A ticket from the first mail to the stars, told three times: in English, in Italian, in Danish, never in two."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

import pytest

from maild.config import Desk
from tests.databases import on_one_database
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, SOREN, Person, Sent

# Words that one of the three languages cannot do without and the two others do not have
WORDS = {
    "en": "the your you with and this have has is of it's reply hello thank thanks waiting not from nobody requester",
    "it": "il di che è gli del della grazie questa questo ciao buongiorno messaggio richiesta risposta non nessuno",
    "da": "og sagen det ikke tak hej med på har mail'en du din vi løst bruger brugeren svar ingen afventer",
}
_SEEN = re.compile(r"<(style|title|head)\b.*?</\1>|<[^>]*>", re.DOTALL)


@dataclass(frozen=True)
class Script:
    """What people say in one language, and what they must read."""

    language: str
    user: Person
    agent: Person
    subject: str
    problem: str
    note: str
    question: str
    until: str
    shown_until: str
    details: str
    solution: str
    confirmed: str
    reads: dict[str, str]  # by notice: a sentence of the mail


SCRIPTS = (
    Script(
        language="en",
        user=CARLA,
        agent=CLEO,
        subject="The scanner sends no mails",
        problem="Since this morning the scanner on the first floor sends no mails any more. Can you help me?",
        note="Maybe the certificate of the scanner has run out; that was so last year.",
        question="Which message do you see on the display of the scanner?",
        until="tomorrow 14:00",
        shown_until="Wednesday 25 November 2026, 14:00",
        details="It says that the connection is not secure.",
        solution="I have renewed the certificate of the scanner, and it sends mails again.",
        confirmed="Yes, it works now. Thank you!",
        reads={
            "acknowledgement": "thank you for your message",
            "new_ticket": "Nobody has the ticket yet",
            "pending": "waits until Wednesday 25 November 2026, 14:00",
            "waited": "open again",
            "requester_reply": "has answered",
            "resolution": "Does everything work for you again?",
            "closure": "How satisfied were you with our help?",
        },
    ),
    Script(
        language="it",
        user=GIULIA,
        agent=ADA,
        subject="Lo scanner non invia più le mail",
        problem="Da stamattina lo scanner del primo piano non invia più le mail. Mi potete aiutare?",
        note="Forse è scaduto il certificato dello scanner, come l'anno scorso.",
        question="Quale messaggio appare sul display dello scanner?",
        until="domani alle 14",
        shown_until="mercoledì 25 novembre 2026, 14:00",
        details="C'è scritto che la connessione non è sicura.",
        solution="Ho rinnovato il certificato dello scanner, ora le mail partono di nuovo.",
        confirmed="Sì, ora funziona tutto. Grazie mille!",
        reads={
            "acknowledgement": "grazie per averci scritto",
            "new_ticket": "Nessuno ha ancora preso in carico il ticket",
            "pending": "mercoledì 25 novembre 2026, 14:00",
            "waited": "di nuovo in lavorazione",
            "requester_reply": "ha risposto",
            "resolution": "Ora funziona tutto?",
            "closure": "Com'è andata con la nostra assistenza?",
        },
    ),
    Script(
        language="da",
        user=SOREN,
        agent=BEN,
        subject="Scanneren sender ikke mails",
        problem="Siden i morges sender scanneren på første sal ikke længere mails. Kan I hjælpe mig?",
        note="Måske er scannerens certifikat udløbet, ligesom sidste år.",
        question="Hvilken besked står der på scannerens skærm?",
        until="i morgen kl. 14",
        shown_until="onsdag den 25. november 2026 kl. 14.00",
        details="Der står, at forbindelsen ikke er sikker.",
        solution="Jeg har fornyet scannerens certifikat, og den sender mails igen.",
        confirmed="Ja, det virker nu. Tak for hjælpen!",
        reads={
            "acknowledgement": "Tak for din henvendelse",
            "new_ticket": "Ingen har taget sagen endnu",
            "pending": "onsdag den 25. november 2026 kl. 14.00",
            "waited": "i gang igen",
            "requester_reply": "har svaret",
            "resolution": "Virker det hele igen?",
            "closure": "Hvor tilfreds er du med vores hjælp?",
        },
    ),
)


def first_line(desk: Desk, agent: str) -> dict[str, object]:
    """The desk's lines with this agent alone in the first."""
    lines = dict(desk.lines)
    lines["L1"] = replace(lines["L1"], agents=(agent,), lead=agent)
    return {"lines": lines}


def in_one_language(mail: Sent, language: str) -> None:
    """The mail says so, and no word of it is of another language."""
    assert mail["Content-Language"] == language
    seen = " ".join((mail.subject, mail.text, html.unescape(_SEEN.sub(" ", mail.html)))).casefold()
    said = set(re.findall(r"[^\W\d_]+(?:'s)?", re.sub(r"\S+@\S+|!\w+(?: until)?", " ", seen)))
    for other, words in WORDS.items():
        strange = said & set(words.split()) if other != language else set()
        assert not strange, f"{mail.notice} to {mail.recipient}: {strange}"


@on_one_database
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.language)
def test_take_note_ask_wait_answer_resolve_confirm_rate(desk: Conversation, script: Script) -> None:
    user, agent, me = script.user, script.agent, script.agent.address.partition("@")[0]
    desk.configure(**first_line(desk.settings.desk, me))
    got: list[Sent] = []

    def reads(mail: Sent, words: str) -> Sent:
        assert words in " ".join(mail.text.split()), mail.text
        got.append(mail)
        return mail

    # somebody writes, and two people hear of it
    opened = desk.says(user, script.subject, script.problem)
    key = opened.ticket
    assert opened.summary() == [("acknowledgement", user.address), ("new_ticket", agent.address)]
    reads(opened.to(user), script.reads["acknowledgement"])
    notice = reads(opened.to(agent), script.reads["new_ticket"])
    assert script.problem in notice.text

    # the agent takes it: a receipt, and not a word to the requester
    took = desk.answers(agent, notice, "!take")
    assert took.summary() == [("receipt", agent.address)]
    reads(took.to(agent), "!take")

    # a thought for the colleagues: nobody outside hears of it
    noted = desk.answers(agent, notice, f"{script.note}\n!note", "html")
    assert noted.summary() == [("receipt", agent.address)]
    got.append(noted.to(agent))

    # a question, and a day to answer it
    asked = desk.answers(agent, notice, f"{script.question}\n\n!pending until {script.until}", "outlook")
    question = reads(asked.to(user, "public_reply"), script.question)
    assert not question.has("!pending")
    receipt = reads(asked.to(agent, "receipt"), script.reads["pending"])
    assert script.shown_until in receipt.text
    assert user.address in receipt.text  # what went to whom
    assert desk.told(key)["status"] == "pending"

    # the day is over, and the agent is told; the user is left in peace
    later = desk.wait(hours=28, minutes=57)
    assert later.summary() == [("waited", agent.address)]
    story = reads(later.to(agent), script.reads["waited"])
    assert script.note in story.text
    assert desk.told(key)["status"] == "open"

    # the answer comes after all
    answered = desk.answers(user, question, script.details, "apple")
    assert answered.summary() == [("requester_reply", agent.address)]
    details = reads(answered.to(agent), script.reads["requester_reply"])
    assert script.details in details.text

    # solved; confirmed; rated
    solved = desk.answers(agent, details, f"{script.solution}\n!resolve", "bottom")
    solution = reads(solved.to(user), script.reads["resolution"])
    assert script.solution in solution.text
    got.append(solved.to(agent, "receipt"))
    confirmed = desk.answers(user, solution, script.confirmed)
    assert confirmed.summary() == [("closure", user.address)]
    goodbye = reads(confirmed.to(user), script.reads["closure"])
    rated = desk.answers(user, goodbye, "5")
    assert rated.sent == []

    told = desk.told(key)
    assert (told["status"], told["assignee"], told["satisfaction"]) == ("closed", me, "5")
    assert told["resolution"] == script.solution
    assert [(m["direction"], m["visibility"], m["text"].strip()) for m in told["messages"]] == [
        ("in", "public", script.problem),
        ("in", "internal", script.note),
        ("out", "public", script.question),
        ("in", "public", script.details),
        ("out", "public", script.solution),
        ("in", "public", script.confirmed),
        ("in", "public", "5"),
    ]
    assert told["first_response_at"] is not None
    assert {clock["breached_at"] for clock in told["clocks"]} == {None}
    for mail in got:
        in_one_language(mail, script.language)
        assert mail.recipient == agent.address or not mail.has(script.note)
    assert desk.wait(days=10).sent == []  # what is over stays over
