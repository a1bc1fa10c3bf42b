"""What the requester's reply answers of the acknowledgement's questions (P6), as people and their programs write it."""

from __future__ import annotations

import time

import pytest

from maild.mail import reply as reply_of
from maild.policy import questions
from maild.policy.questions import Question

EN = ("Which network are you on?", "What does the VPN client say when it fails?", "Does it concern you alone?")
IT = ("Da quale rete ti colleghi?", "Che cosa dice il client VPN quando non si collega?", "Riguarda solo te?")
DA = ("Hvilket netværk er du på?", "Hvad skriver VPN-klienten, når det går galt?", "Gælder det kun dig?")
FIELDS = ("what", "symptoms", "who")
ALL = {"en": EN, "it": IT, "da": DA}
NAMES = {"en": "Carla Webb", "it": "Giulia Neri", "da": "Søren Krag"}
HELLO = {
    "en": "Hello Carla,\n\nthank you for your message. It has the number INC-1, and one of us will look into it.",
    "it": "Buongiorno Giulia,\n\ngrazie per averci scritto. La richiesta è registrata con il numero INC-1.",
    "da": "Hej Søren\n\nTak for din henvendelse. Den har fået sagsnummer INC-1, og en af os ser på den.",
}
WROTE = {
    "en": "On Tue, Nov 24, 2026 at 9:00 AM Example Desk <support@example.org> wrote:",
    "it": "Il giorno mar 24 nov 2026 alle ore 09:00 Example Desk <support@example.org> ha scritto:",
    "da": "Den tirs. 24. nov. 2026 kl. 09.00 skrev Example Desk <support@example.org>:",
}
HEAD = {
    "en": "From: Example Desk <support@example.org>\nSent: Tuesday, November 24, 2026 9:00 AM\nSubject: [INC-1] VPN",
    "it": "Da: Example Desk <support@example.org>\nInviato: martedì 24 novembre 2026 09:00\nOggetto: [INC-1] VPN",
    "da": "Fra: Example Desk <support@example.org>\nSendt: 24. november 2026 09:00\nEmne: [INC-1] VPN",
}
TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefghijkl"


def acknowledgement(language: str, asked: tuple[str, ...]) -> str:
    listed = "\n".join(f"{n}. {text}" for n, text in enumerate(asked, 1))
    frame = f"Example Desk\n\n[INC-1 · {TOKEN}]"
    return f"##- reply above this line -##\n\n{HELLO[language]}\n\n{listed}\n\nYou wrote:\n\n> No VPN.\n\n{frame}\n"


def marked(text: str) -> str:
    return "\n".join(f"> {row}".rstrip() for row in text.splitlines())


def placed(whole: str, text: str, asked: tuple[str, ...], put: str) -> str:
    """The parts of a text, each with its question as `put` says."""
    for question, said in zip(asked, text.split("|"), strict=False):
        whole = whole.replace(question, put.format(question, said), 1) if said else whole
    return whole


def mail(language: str, style: str, text: str, asked: tuple[str, ...]) -> str:
    """The whole of a mail: `text` as it was typed, above or below what the program quotes."""
    ours = acknowledgement(language, asked)
    if style == "gmail":
        return f"{text}\n\n{WROTE[language]}\n\n{marked(ours)}\n"
    if style == "outlook":
        return f"{text}\n\n________________________________\n{HEAD[language]}\n\n{ours}\n"
    if style == "bottom":
        return f"{WROTE[language]}\n{marked(ours)}\n\n{text}\n"
    if style == "outlook inline":  # Outlook marks nothing
        return placed(mail(language, "outlook", "See below.", asked), text, asked, "{}\n{}")
    if style in PUT:
        return placed(f"{WROTE[language]}\n{marked(ours)}\n", text, asked, PUT[style])
    assert style == "bare"
    return text


PUT = {
    "inline": "{}\n{}",  # between the quoted lines, as Thunderbird and Gmail do it
    "apart": "{}\n\n{}\n",
    "within": "{}\n> {}",  # in a block of HTML that the program keeps marked as quoted
    "behind": "{} {}",  # on the quoted line itself
}


def heard(language: str, style: str, text: str, count: int = 3) -> dict[str, str]:
    """What is kept, by number; free text under 0."""
    asked = tuple(Question(field, q) for field, q in zip(FIELDS, ALL[language][:count], strict=False))
    whole = mail(language, style, text, ALL[language][:count])
    reply, _ = reply_of.split(whole)
    found = questions.answers(asked, reply, whole, NAMES[language])
    texts = [one.text for one in asked]
    return {
        str(texts.index(row["question"]) + 1) if row["question"] else f"free {row['field']}": row["answer"]
        for row in found
        if row["answer"]
    }


THREE = {"1": "guest", "2": "error 809", "3": "all of us"}
TRE = {"1": "rete ospiti", "2": "errore 809", "3": "tutti noi"}
ALLE = {"1": "gæstenettet", "2": "fejl 809", "3": "os alle"}

REPLIES = [
    # by number
    ("en", "gmail", "1. guest\n2. error 809\n3. all of us", THREE),
    ("en", "outlook", "1) guest\n2) error 809\n3) all of us", THREE),
    ("en", "bare", "1: guest\n2: error 809\n3: all of us", THREE),
    ("en", "bottom", "1. guest\n2. error 809\n3. all of us", THREE),
    ("en", "gmail", "Hi,\n\nhere you are:\n\n3. all of us\n1. guest\n2. error 809\n\nThanks,\nCarla", THREE),
    ("en", "gmail", "1. guest\n3. all of us", {"1": "guest", "3": "all of us"}),
    ("en", "gmail", "2. error 809", {"2": "error 809"}),
    ("en", "gmail", "ad 1 guest\nad 2: error 809\nAd 3) all of us", THREE),
    ("en", "outlook", "Re 1: guest\nRe 2: error 809\nRe 3: all of us\n\nBest regards\nCarla Webb", THREE),
    ("en", "gmail", "(1) guest\n(2) error 809\n(3) all of us", THREE),
    ("en", "gmail", "#1 - guest\n#2 - error 809\n#3 - all of us", THREE),
    ("en", "gmail", "*1.* guest\n*2.* error 809\n*3.* all of us", THREE),
    ("en", "gmail", "1️⃣ guest\n2️⃣ error 809\n3️⃣ all of us", THREE),
    ("en", "gmail", "1 guest\n2 error 809\n3 all of us", THREE),
    ("en", "gmail", "1. guest 2. error 809 3. all of us", THREE),
    ("en", "gmail", "1) guest, 2) error 809, 3) all of us", THREE),
    ("en", "gmail", "1.\nguest\n\n2.\nerror 809\n\n3.\nall of us", THREE),
    ("en", "gmail", "1. guest\n2. error\n809\n\nin red\n3. me", {"1": "guest", "2": "error\n809\n\nin red", "3": "me"}),
    ("en", "gmail", "Q1: guest\nQ2: error 809\nQ3: all of us", THREE),
    ("it", "gmail", "1. rete ospiti\n2. errore 809\n3. tutti noi\n\nGrazie mille\nGiulia", TRE),
    (
        "it",
        "outlook",
        "Buongiorno,\n\n1) rete ospiti\n2) errore 809\n3) tutti noi\n\nCordiali saluti\nGiulia Neri",
        TRE,
    ),
    ("it", "gmail", "Domanda 1: rete ospiti\nDomanda 2: errore 809\nDomanda 3: tutti noi", TRE),
    ("it", "bare", "punto 1 rete ospiti\npunto 3 tutti noi", {"1": "rete ospiti", "3": "tutti noi"}),
    ("it", "gmail", "1° rete ospiti\n2° errore 809\n3° tutti noi", TRE),
    ("it", "gmail", "1 - rete ospiti\n2 - errore 809\n3 - tutti noi", TRE),
    ("da", "gmail", "1. gæstenettet\n2. fejl 809\n3. os alle\n\nMvh Søren", {**ALLE, "3": "os alle\n\nMvh Søren"}),
    ("da", "outlook", "Hej\n\nAd 1) gæstenettet\nAd 2) fejl 809\nAd 3) os alle\n\nVenlig hilsen\nSøren Krag", ALLE),
    ("da", "gmail", "Til 1: gæstenettet\nTil 2: fejl 809\nTil 3: os alle\n\nMvh\nSøren", ALLE),
    ("da", "gmail", "Punkt 1: gæstenettet\nPunkt 2: fejl 809", {"1": "gæstenettet", "2": "fejl 809"}),
    # under each question
    ("en", "inline", "guest|error 809|all of us", THREE),
    ("en", "apart", "guest|error 809|all of us", THREE),
    ("en", "outlook inline", "guest|error 809|all of us", THREE),
    ("en", "within", "guest|error 809|all of us", THREE),
    ("en", "behind", "guest|error 809|all of us", THREE),
    ("en", "inline", "guest||all of us", {"1": "guest", "3": "all of us"}),
    ("en", "outlook inline", "guest|error 809|", {"1": "guest", "2": "error 809"}),
    ("en", "gmail", f"{EN[0]}\nguest\n{EN[1].upper()}\nerror 809\n{EN[2]}\nall of us\n\nThanks\nCarla", THREE),
    ("en", "gmail", f"1. {EN[0]} guest\n2. {EN[1]} error 809\n3. {EN[2]} all of us", THREE),
    ("en", "bare", f"> {EN[0]}\n\nguest\n\n> What does the VPN client say\n> when it fails?\n\nerror 809\n", None),
    ("en", "gmail", f"1. {EN[0]} guest\n2. error 809\n3. all of us", THREE),
    ("it", "inline", "rete ospiti|errore 809|tutti noi", TRE),
    ("it", "outlook inline", "R: rete ospiti|R: errore 809|R: tutti noi", TRE),
    ("it", "behind", "rete ospiti|errore 809|tutti noi", TRE),
    ("da", "inline", "gæstenettet|fejl 809|os alle", ALLE),
    ("da", "apart", "gæstenettet|fejl 809|os alle", ALLE),
    ("da", "outlook inline", "Svar: gæstenettet|Svar: fejl 809|Svar: os alle", ALLE),
    # as many points
    ("en", "gmail", "- guest\n- error 809\n- all of us", THREE),
    ("da", "gmail", "• gæstenettet\n• fejl 809\n• os alle", ALLE),
    # free
    ("en", "gmail", "I am on the guest network.", {"free symptoms": "I am on the guest network."}),
    ("it", "outlook", "Sono sulla rete ospiti.\n\nGrazie\nGiulia", {"free symptoms": "Sono sulla rete ospiti."}),
    ("da", "bottom", "Jeg er på gæstenettet.\n\nMvh\nSøren", {"free symptoms": "Jeg er på gæstenettet."}),
    ("da", "gmail", "2. sal, på gæstenettet", {"free symptoms": "2. sal, på gæstenettet"}),
    ("en", "gmail", "1. I start it\n2. I wait\n3. it says no\n4. it ends", "free"),
    ("en", "gmail", "At 10:30 it said 809.", {"free symptoms": "At 10:30 it said 809."}),
    # nothing
    ("en", "gmail", "Thank you very much!", {}),
    ("it", "gmail", "Grazie mille, buona giornata", {}),
    ("da", "outlook", "Tak for hjælpen\n\nMvh\nSøren", {}),
    ("en", "gmail", "It works again, thanks!", {}),
    ("en", "gmail", "", {}),
    ("en", "gmail", "Carla Webb", {}),
]


@pytest.mark.parametrize(("language", "style", "text", "found"), REPLIES)
def test_answers_are_read_as_people_write_them(
    language: str, style: str, text: str, found: dict[str, str] | str | None
) -> None:
    if found == "free":
        found = {"free symptoms": text}
    assert heard(language, style, text) == ({"1": "guest", "2": "error 809"} if found is None else found)


@pytest.mark.parametrize("style", ["gmail", "outlook", "bottom", "bare", "inline", "outlook inline", "behind"])
@pytest.mark.parametrize("language", ["en", "it", "da"])
def test_the_answer_to_one_question_is_all_that_was_written(language: str, style: str) -> None:
    assert heard(language, style, "eduroam, 2. sal", count=1) == {"1": "eduroam, 2. sal"}


def test_a_list_is_the_answer_to_one_question() -> None:
    assert heard("en", "gmail", "1. I open it\n2. it fails", count=1) == {"1": "1. I open it\n2. it fails"}


def test_a_reply_to_another_mail_of_ours_is_no_free_answer() -> None:
    asked = (Question("other", EN[0]), Question("other", EN[1]))
    other = marked("Hello Carla,\n\nWhat is the name of your computer? " + "It stands on a label. " * 20)
    whole = f"PC-1234\n\n{WROTE['en']}\n\n{other}\n"
    assert questions.answers(asked, "PC-1234", whole) == ()
    assert questions.answers(asked, "PC-1234", "PC-1234") != ()


def test_a_later_reply_fills_in_what_was_missing_and_nothing_else() -> None:
    asked = tuple(Question(field, text) for field, text in zip(FIELDS, EN, strict=True))
    known = questions.answers(asked, "1. guest", "1. guest")
    assert [row["answer"] for row in known] == ["guest", None, None]
    then = questions.more(known, "1. wifi\n3. all of us", "1. wifi\n3. all of us")
    assert [row["answer"] for row in then] == ["guest", None, "all of us"]
    for text in ("It is still slow.", "1. wifi", "Thanks!", ""):
        assert questions.more(then, text, text) == ()
    free = questions.answers(asked, "I cannot say.", "I cannot say.")
    assert [row["answer"] for row in questions.more(free, "2. error 809", "")] == [
        "I cannot say.",
        None,
        "error 809",
        None,
    ]


def test_the_questions_are_those_of_the_language_that_was_written() -> None:
    texts = {"en": EN, "it": IT}
    assert [q.text for q in questions.asked(texts, ("what",), "it", "en")] == list(IT)
    assert [q.field for q in questions.asked(texts, ("what",), "it", "en")] == ["what", "other", "other"]
    assert [q.text for q in questions.asked(texts, (), "da", "en")] == list(EN)
    assert questions.asked({"it": IT}, (), "da", "en") == ()


def test_an_answer_is_bounded() -> None:
    assert len(heard("en", "bare", "1. " + "x" * 50_000)["1"]) <= 2_000


HOSTILE = [
    "1. " * 30_000,
    "> " * 40_000,
    " ".join(EN) * 3_000,
    "Which network are you " * 20_000,
    "1\n" * 40_000,
    "*_([#" * 20_000,
    "ad re til " * 20_000 + "1",
    "- x\n" * 30_000,
    "\n" * 100_000 + "1. a",
    "Thanks\nCarla\n" * 10_000,
    "1. a 2. b " * 8_000,
    f"{EN[0]}\n" * 5_000,
    "1️⃣" * 30_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_costs_little(text: str) -> None:
    asked = [Question("other", one) for one in (*EN, *IT, *DA)]
    begun = time.process_time()
    known = questions.answers(asked, text, text, "Carla Webb")
    questions.more(known, text, text, "Carla Webb")
    assert time.process_time() - begun < 1.0
