"""A category asks its questions, its user answers them, and whoever works on it has the answers at hand (P3, P6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.diagnosing import QUESTIONS, settle
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, SOREN, Person, Sent

IT = "Da stamattina la VPN non si collega più e non riesco a lavorare. Potete aiutarmi?"
DA = "Min VPN vil ikke forbinde siden i morges, og jeg kan ikke arbejde. Kan I hjælpe mig?"
EN = "My VPN does not connect since this morning. Please help me, I cannot work."
TEXTS = {"it": IT, "da": DA, "en": EN}


@pytest.fixture
def asking(desk: Conversation, tmp_path: Path) -> Conversation:
    return settle(desk, tmp_path)


def kept(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(row["field"], row["answer"]) for row in told["answers"]]


def of_l2(turn: Turn) -> Sent:
    return turn.to(CLEO)


@pytest.mark.parametrize(
    ("who", "language", "reply", "style", "answers"),
    [
        (
            GIULIA,
            "it",
            "Buongiorno,\n\n1. rete ospiti\n2. errore 809\n3. no, tutto l'ufficio\n\nGrazie\nGiulia",
            "gmail-it",
            ["rete ospiti", "errore 809", "no, tutto l'ufficio"],
        ),
        (
            SOREN,
            "da",
            "Hej\n\nAd 1) gæstenettet\nAd 2) fejl 809\nAd 3) nej, hele kontoret\n\nVenlig hilsen\nSøren Krag",
            "outlook-da",
            ["gæstenettet", "fejl 809", "nej, hele kontoret"],
        ),
    ],
)
def test_from_the_questions_to_the_agent_in_the_users_language(
    asking: Conversation, who: Person, language: str, reply: str, style: str, answers: list[str]
) -> None:
    opened = asking.says(who, "VPN", TEXTS[language])
    asked = QUESTIONS[language]
    assert all(f"{n}. {question}" in opened.to(who).text for n, question in enumerate(asked, 1))
    before = asking.told(opened.ticket)
    assert (before["category"], before["service"], before["line"]) == ("network/vpn", "vpn", "L2")
    assert (before["impact"], before["business"], before["urgency"]) == ("medium", "medium", "high")
    assert kept(before) == [("what", None), ("symptoms", None), ("who", None)]
    assert "What is affected" not in of_l2(opened).text

    turn = asking.answers(who, opened.to(who), reply, style)
    told = asking.told(opened.ticket)
    assert told["answers"] == [
        {"field": field, "question": question, "answer": answer}
        for field, question, answer in zip(("what", "symptoms", "who"), asked, answers, strict=True)
    ]
    notice = of_l2(turn)
    assert notice.notice == "requester_reply"
    labels = ("What is affected", "Symptoms", "Who is affected")
    for label, question, answer in zip(labels, asked, answers, strict=True):
        assert f"{label}: {question} – {answer}" in notice.text
    assert "Not answered" not in notice.text
    assert f">{answers[1]}</" in notice.html.replace("<strong>", ">").replace("</strong>", "</")

    # every notice to staff after it shows them, in each agent's own words
    given = asking.answers(CLEO, notice, "!assign ben").to(BEN, "assignment")
    assert f"Symptomer: {asked[1]} – {answers[1]}" in given.text
    taken = asking.answers(BEN, given, "!assign ada").to(ADA, "assignment")
    assert f"Sintomi: {asked[1]} – {answers[1]}" in taken.text
    # and none to the user
    solved = asking.answers(BEN, given, "Nu virker det igen.\n!resolve").to(who, "resolution")
    assert answers[1] not in solved.text


@on_one_database
def test_numbered_answers_are_read_in_replies_of_all_mail_programs(asking: Conversation) -> None:
    for style in letters.STYLES:
        opened = asking.says(GIULIA, "VPN", f"{IT} ({style})")
        ack = next((m for m in opened.sent if m.recipient == GIULIA.address), None)
        if ack is None:  # B21: three acknowledgements a day
            asking.now += timedelta(days=1)
            opened = asking.says(GIULIA, "VPN", f"{IT} (again {style})")
            ack = opened.to(GIULIA)
        asking.answers(GIULIA, ack, "1. rete ospiti\n2. errore 809\n3. tutti\n\nGrazie\nGiulia", style)
        found = [answer for _, answer in kept(asking.told(opened.ticket))]
        assert found == ["rete ospiti", "errore 809", "tutti"], style


@on_one_database
def test_answers_in_a_list_of_html_are_read(asking: Conversation) -> None:
    opened = asking.says(SOREN, "VPN", DA)
    html = "<p>Hej</p><ol><li>gæstenettet</li><li>fejl <b>809</b></li><li>hele kontoret</li></ol><p>Mvh<br>Søren</p>"
    raw = letters.answer(SOREN, opened.to(SOREN), "x")
    plain, _, _ = raw.partition(b"\r\n\r\n")
    head = [row for row in plain.split(b"\r\n") if not row.lower().startswith((b"content-", b"mime-"))]
    typed = [b"MIME-Version: 1.0", b"Content-Type: text/html; charset=utf-8"]
    asking.takes(b"\r\n".join([*head, *typed, b"", html.encode()]))
    assert [answer for _, answer in kept(asking.told(opened.ticket))] == ["gæstenettet", "fejl 809", "hele kontoret"]


def test_what_is_missing_is_said_and_a_later_reply_fills_it_in(asking: Conversation) -> None:
    opened = asking.says(SOREN, "VPN", DA)
    ack = opened.to(SOREN)
    turn = asking.answers(SOREN, ack, "1. gæstenettet\n\nMvh\nSøren")
    missing = f"Not answered: {QUESTIONS['da'][1]} · {QUESTIONS['da'][2]}"
    assert missing in of_l2(turn).text
    assert kept(asking.told(opened.ticket)) == [("what", "gæstenettet"), ("symptoms", None), ("who", None)]
    turn = asking.answers(SOREN, ack, "Den er stadig gal.")
    assert missing in of_l2(turn).text
    turn = asking.answers(SOREN, ack, "2. fejl 809\n3. hele kontoret")
    assert "Not answered" not in of_l2(turn).text
    assert kept(asking.told(opened.ticket)) == [
        ("what", "gæstenettet"),
        ("symptoms", "fejl 809"),
        ("who", "hele kontoret"),
    ]


@on_one_database
def test_free_words_are_the_symptoms_and_thanks_are_none(asking: Conversation) -> None:
    opened = asking.says(GIULIA, "VPN", IT)
    ack = opened.to(GIULIA)
    asking.answers(GIULIA, ack, "Grazie mille, gentilissimi!")
    assert not any(answer for _, answer in kept(asking.told(opened.ticket)))
    turn = asking.answers(GIULIA, ack, "Succede a tutti, anche dalla rete ospiti.\n\nCordiali saluti\nGiulia Neri")
    assert kept(asking.told(opened.ticket))[0] == ("symptoms", "Succede a tutti, anche dalla rete ospiti.")
    assert "Symptoms: Succede a tutti, anche dalla rete ospiti." in of_l2(turn).text
    assert "Not answered" not in of_l2(turn).text
    # what they write later is no second answer
    asking.answers(GIULIA, ack, "Adesso anche la stampante fa le bizze.")
    assert len(asking.told(opened.ticket)["answers"]) == 4


@on_one_database
def test_answers_stand_under_the_questions_that_were_asked_whatever_the_category_is_now(asking: Conversation) -> None:
    opened = asking.says(CARLA, "VPN", EN)
    asking.answers(CLEO, of_l2(opened), "!category orders")
    asking.answers(CARLA, opened.to(CARLA), "1. guest\n2. error 809\n3. just me")
    assert [row["question"] for row in asking.told(opened.ticket)["answers"]] == list(QUESTIONS["en"])


@on_one_database
def test_what_answers_an_agent_answers_no_question(asking: Conversation) -> None:
    opened = asking.says(CARLA, "VPN", EN)
    said = "Please tell us the name of your computer; it stands on the label below the screen. " * 3
    wrote = asking.answers(CLEO, of_l2(opened), said)
    asking.answers(CARLA, wrote.to(CARLA, "public_reply"), "PC-1234")
    assert not any(answer for _, answer in kept(asking.told(opened.ticket)))


@on_one_database
def test_what_others_write_answers_no_question(asking: Conversation) -> None:
    opened = asking.says(CARLA, "VPN", EN)
    asking.takes(letters.answer(SOREN, opened.to(CARLA), "1. guest\n2. error\n3. me"))
    assert not any(answer for _, answer in kept(asking.told(opened.ticket)))


@on_one_database
def test_who_is_never_acknowledged_is_asked_nothing(asking: Conversation) -> None:
    raw = letters.new(CARLA, "VPN", EN, Auto_Submitted="auto-generated")
    turn = asking.takes(raw)
    assert asking.told(turn.ticket)["answers"] == []


def test_the_history_says_what_was_asked_and_answered(asking: Conversation) -> None:
    opened = asking.says(SOREN, "VPN", DA)
    asking.answers(SOREN, opened.to(SOREN), "1. gæstenettet\n2. fejl 809")
    why = asking.answers(BEN, asking.answers(CLEO, of_l2(opened), "!assign ben").to(BEN), "!why").to(BEN, "why")
    assert "spørgsmål stillet (kvitteringen spørger)" in why.text
    assert "brugerens svar: hvad det rammer, symptomer (brugeren svarede)" in why.text


# -- what the category has ready for the agent -------------------------------------------------------------------------


def test_the_agent_gets_the_checklist_and_a_prepared_reply_in_their_language(asking: Conversation) -> None:
    opened = asking.says(GIULIA, "VPN", IT)
    first = of_l2(opened)
    assert "What to look at\n\n- Is the gateway up?" in first.text
    assert "Prepared reply “restart”: reply with “!template restart”" in first.text
    assert "%21template%20restart" in first.html
    given = asking.answers(CLEO, first, "!assign ben").to(BEN, "assignment")
    assert "Det skal du se på\n\n- Svarer gatewayen?" in given.text
    assert "Færdigt svar »restart«: svar med »!template restart«" in given.text
    up = asking.answers(BEN, given, "!line L2").to(CLEO, "escalation_line")
    assert "What to look at" in up.text
    back = asking.answers(CLEO, up, "!line L1").to(ADA, "escalation_line")
    assert "Che cosa controllare\n\n- Il gateway risponde?" in back.text
    assert "Risposta pronta «restart»: rispondere con «!template restart»" in back.text
    sent = asking.answers(ADA, back, "!template restart")
    assert "Riavvia il client VPN, per favore." in sent.to(GIULIA, "public_reply").text
    assert not opened.to(GIULIA).has("gateway")
