"""What kind of thing a ticket is and how much it matters: type, category, service, priority (P1, P3, P4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.policy import draft
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.diagnosing import settle
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, MALLORY, SOREN, Person

HELP = "The screen of my computer stays black since this morning. Please help me."
FAILED = "mx.example.org; dmarc=fail header.from=customer.example"
BOARD = Person("Dora Lund", "dora@mail.board.example")


@pytest.fixture
def weighing(desk: Conversation, tmp_path: Path) -> Conversation:
    return settle(desk, tmp_path)


def weight(desk: Conversation, key: str) -> tuple[str | None, ...]:
    told = desk.told(key)
    return told["impact"], told["business"], told["urgency"], told["priority"]


# -- priority ----------------------------------------------------------------------------------------------------------


@on_one_database
def test_the_business_impact_comes_from_whose_it_is_and_from_the_service(weighing: Conversation) -> None:
    for who, subject, expected, why in (
        (SOREN, "Screen", ("medium", None, "medium", "medium"), "a new mail"),
        (CARLA, "Screen", ("medium", "high", "medium", "high"), "a new mail, business high by VIP"),
        (BOARD, "Screen", ("medium", "medium", "medium", "medium"), "a new mail, business medium by VIP"),
        (
            SOREN,
            "VPN",
            ("medium", "medium", "high", "high"),
            'rule "vpn trouble", category network/vpn, business medium by service vpn',
        ),
        (
            CARLA,
            "VPN",
            ("medium", "high", "high", "critical"),
            'rule "vpn trouble", category network/vpn, business high by VIP',
        ),
    ):
        key = weighing.says(who, subject, HELP).ticket
        assert weight(weighing, key) == expected
        assert weighing.events(key)[0].why == why


@on_one_database
def test_a_forged_vip_counts_for_nothing_now_or_later(weighing: Conversation) -> None:
    opened = weighing.takes(letters.new(CARLA, "Screen", HELP, Authentication_Results=FAILED))
    assert weight(weighing, opened.ticket) == ("medium", None, "medium", "medium")
    weighing.answers(ADA, opened.to(ADA), "!service vpn")
    assert weight(weighing, opened.ticket) == ("medium", "medium", "medium", "medium")


@on_one_database
def test_what_an_agent_opens_for_a_vip_counts_as_theirs(weighing: Conversation) -> None:
    passed = "mx.example.org; dmarc=pass header.from=example.org"
    text = "!new for carla@customer.example\nHer screen stays black since this morning."
    opened = weighing.takes(letters.new(ADA, "Screen", text, Authentication_Results=passed))
    assert weight(weighing, opened.ticket) == ("medium", "high", "medium", "high")


@on_one_database
@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("URGENT!!! CRITICAL", "URGENT!!! CRITICAL! The whole company is down! Priority 1!", {}),
        ("URGENTE!!!", "Priorità critica, massima urgenza, impatto alto!\n!priority critical\n!business high", {}),
        ("Screen", HELP, {"X_Priority": "1", "Importance": "high", "Priority": "urgent", "X_MSMail_Priority": "High"}),
    ],
)
def test_the_requesters_words_and_headers_move_no_priority(
    weighing: Conversation, subject: str, text: str, headers: dict[str, str]
) -> None:
    opened = weighing.says(SOREN, subject, text, **headers)
    assert weight(weighing, opened.ticket) == ("medium", None, "medium", "medium")
    weighing.answers(SOREN, opened.to(SOREN), f"{text}\nURGENT! CRITICAL!", **headers)
    assert weight(weighing, opened.ticket) == ("medium", None, "medium", "medium")


def test_business_and_priority_follow_the_service_and_say_why_in_three_languages(weighing: Conversation) -> None:
    opened = weighing.says(SOREN, "Screen", HELP)
    key, ada, ben = opened.ticket, opened.to(ADA), opened.to(BEN)
    weighing.answers(ADA, ada, "!service erp")
    assert weight(weighing, key) == ("medium", "high", "medium", "high")
    found = [(e.kind, e.before, e.after, e.why) for e in weighing.events(key) if e.kind in ("business", "priority")]
    assert found == [
        ("business", None, "high", "service erp"),
        ("priority", "medium", "high", "impact medium, business high, urgency medium"),
    ]
    weighing.answers(ADA, ada, "!urgency high")
    assert weight(weighing, key) == ("medium", "high", "high", "critical")
    weighing.answers(ADA, ada, "!business low\n!impact low")
    assert weight(weighing, key) == ("low", "low", "high", "medium")
    told = weighing.answers(ADA, ada, "!why").to(ADA, "why").text
    assert "servizio: erp (comando)" in told
    assert "impatto sull'attività: alto (servizio erp)" in told
    assert "impatto: medio, impatto sull'attività: alto, urgenza: media" in told.replace("\n  ", " ")
    told = weighing.answers(BEN, ben, "!why").to(BEN, "why").text
    assert "påvirkning: mellem, betydning for forretningen: høj, hastegrad: mellem" in told.replace("\n  ", " ")
    # a service that nothing is said of leaves what was set by hand
    weighing.answers(ADA, ada, "!service printing")
    assert weight(weighing, key)[1] == "low"


@on_one_database
def test_a_category_brings_service_impact_and_urgency_where_nobody_said_otherwise(weighing: Conversation) -> None:
    opened = weighing.says(SOREN, "Screen", HELP)
    key, ada = opened.ticket, opened.to(ADA)
    weighing.answers(ADA, ada, "!category hardware/printer")
    told = weighing.told(key)
    assert (told["service"], *weight(weighing, key)) == ("printing", "low", None, "low", "low")
    assert told["sla"] == "printers"  # the agreement of the category
    assert weighing.clock(key, "first_response")["target_minutes"] == 7 * 60
    weighing.answers(ADA, ada, "!urgency high\n!category software/erp")
    told = weighing.told(key)
    assert (told["service"], *weight(weighing, key)) == ("erp", "low", "high", "high", "critical")
    assert told["sla"] == "standard"
    weighing.answers(ADA, ada, "!category network/vpn")
    assert weight(weighing, key) == ("low", "medium", "high", "high")


@on_one_database
def test_what_an_agent_changed_is_undone_with_what_followed(weighing: Conversation) -> None:
    opened = weighing.says(SOREN, "Screen", HELP)
    weighing.answers(ADA, opened.to(ADA), "!service erp")
    weighing.answers(ADA, opened.to(ADA), "!undo")
    assert weight(weighing, opened.ticket) == ("medium", None, "medium", "medium")


@on_one_database
def test_a_service_brings_its_line_where_the_category_names_none(weighing: Conversation) -> None:
    opened = weighing.says(SOREN, "Screen", HELP)
    assert weighing.told(opened.ticket)["line"] == "L1"
    found = draft.values({"category": "software/erp"}, weighing.settings.desk, "soren@customer.example")
    assert (found["line"], found["business"], found["priority"]) == ("L3", "high", "high")


# -- requests ----------------------------------------------------------------------------------------------------------

ORDERS = {
    "it": ("Ordine di un monitor", "Vorrei ordinare un monitor nuovo per il mio ufficio, per favore."),
    "da": ("Bestilling af en skærm", "Jeg vil gerne bestille en ny skærm til mit kontor, tak."),
    "en": ("An order of a screen", "I would like to order a new screen for my office, please."),
}


@pytest.mark.parametrize(
    ("who", "language", "words"),
    [
        (
            GIULIA,
            "it",
            ("preso in carico la richiesta", "la richiesta", "completata", "chiuso la richiesta", "per la richiesta"),
        ),
        (
            SOREN,
            "da",
            ("Tak for din anmodning", "Din anmodning", "klaret", "lukket din anmodning", "Din anmodning"),
        ),
        (MALLORY, "en", ("thank you for your request", "your request", "done", "closed your request", "your request")),
    ],
)
def test_a_request_has_its_own_words_and_times(
    weighing: Conversation, who: Person, language: str, words: tuple[str, ...]
) -> None:
    subject, text = ORDERS[language]
    opened = weighing.says(who, subject, text)
    key, told = opened.ticket, weighing.told(opened.ticket)
    assert (told["type"], told["sla"], told["impact"], told["language"]) == ("request", "requests", "low", language)
    assert weighing.clock(key, "first_response")["target_minutes"] == 5 * 60
    assert weighing.clock(key, "resolution")["target_minutes"] == 50 * 60
    assert words[0] in opened.to(who).text
    passed = weighing.answers(ADA, opened.to(ADA), "!escalate L2")
    assert words[4] in passed.to(who, "escalation_requester").text
    solved = weighing.answers(CLEO, passed.to(CLEO, "escalation_line"), "Eccolo / her er den.\n!resolve")
    assert words[1] in solved.to(who, "resolution").text
    assert words[2] in solved.to(who, "resolution").text
    yes = {"it": "Sì, risolto, grazie", "da": "Ja, det er løst", "en": "Yes, solved, thank you"}[language]
    closed = weighing.answers(who, solved.to(who, "resolution"), yes)
    assert words[3] in closed.to(who, "closure").text


def test_what_becomes_a_request_gets_the_times_of_requests(weighing: Conversation) -> None:
    opened = weighing.says(SOREN, "Skærm", "Min skærm er sort siden i morges. Kan I hjælpe mig?")
    assert weighing.told(opened.ticket)["sla"] == "standard"
    assert "anmodning" not in opened.to(SOREN).text
    weighing.answers(BEN, opened.to(BEN), "!type request")
    assert weighing.told(opened.ticket)["sla"] == "requests"
    assert weighing.clock(opened.ticket, "first_response")["target_minutes"] == 5 * 60


# -- languages ---------------------------------------------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize(
    ("address", "language"),
    [
        ("anna@firma.dk", "da"),
        ("anna@mail.firma.dk", "da"),
        ("anna@customer.dk", "en"),
        ("anna@it.customer.dk", "en"),
        ("anna@ditta.it", "it"),
        ("anna@elsewhere.example", "en"),
        ("anna@notdk", "en"),
    ],
)
def test_who_writes_too_little_is_answered_in_the_language_of_their_domain(
    weighing: Conversation, address: str, language: str
) -> None:
    who = Person("Anna", address)
    turn = weighing.says(who, "PC", "PC")
    assert turn.to(who)["Content-Language"] == language
    assert weighing.told(turn.ticket)["language"] == language


@on_one_database
def test_what_they_write_and_have_written_goes_over_the_domain(weighing: Conversation) -> None:
    who = Person("Anna", "anna@firma.dk")
    italian = "Da stamattina la stampante non funziona più e non riesco a stampare. Potete aiutarmi?"
    assert weighing.says(who, "Stampante", italian).to(who)["Content-Language"] == "it"
    assert weighing.says(who, "PC", "PC").to(who)["Content-Language"] == "it"
