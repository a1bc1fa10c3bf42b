"""A user writes, and is told at once that the desk has it: in their language, once, and without becoming a weapon."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, SOREN, Person

EN = "My VPN does not connect since this morning. Please help me, I cannot work."
IT = "Da stamattina la VPN non si collega più e non riesco a lavorare. Potete aiutarmi?"
DA = "Min VPN vil ikke forbinde siden i morges, og jeg kan ikke arbejde. Kan I hjælpe mig?"


@pytest.mark.parametrize(
    ("who", "text", "hello", "question"),
    [
        (CARLA, EN, "thank you for your message", "Which network are you on?"),
        (GIULIA, IT, "grazie", "Da quale rete ti colleghi?"),
        (SOREN, DA, "tak", "Hvilket netværk er du på?"),
    ],
)
def test_who_writes_is_acknowledged_in_their_language_with_the_categorys_questions(
    desk: Conversation, who: Person, text: str, hello: str, question: str
) -> None:
    turn = desk.says(who, "VPN", text)
    assert (turn.fate["fate"], turn.fate["created"], turn.fate["verdict"]) == ("filed", True, "requester")
    ack = turn.to(who)
    assert ack.notice == "acknowledgement"
    assert hello in ack.text.lower()
    assert question in ack.text
    assert len(ack.token) == 44
    assert ack.token in ack["Message-ID"]
    assert ack.token in ack.text  # B2: providers rewrite Message-IDs
    assert ack["Auto-Submitted"] == "auto-replied"
    assert turn.ticket in ack.subject
    told = desk.told(turn.ticket)
    assert (told["category"], told["service"], told["tags"]) == ("network/vpn", "vpn", ["vpn"])


def test_the_line_is_told_each_in_their_own_language(desk: Conversation) -> None:
    turn = desk.says(CARLA, "VPN", EN)
    assert "Ha scritto Carla Webb" in turn.to(ADA).text
    assert turn.to(BEN)["Content-Language"] == "da"
    assert EN in turn.to(BEN).text.replace("\n> ", " ")
    assert turn.to(ADA).token != turn.to(BEN).token


def test_the_answers_to_the_questions_join_the_ticket(desk: Conversation) -> None:
    opened = desk.says(CARLA, "VPN", EN)
    turn = desk.answers(CARLA, opened.to(CARLA), "On the guest network, second floor.")
    assert (turn.ticket, turn.fate["created"], turn.fate["evidence"]) == (opened.ticket, False, "token")
    assert "On the guest network, second floor." in turn.to(ADA).text
    assert "thank you for your message" not in turn.to(ADA).text  # B29
    assert turn.nothing_to(CARLA)  # B24: one acknowledgement


@on_one_database
@pytest.mark.parametrize("style", letters.STYLES)
def test_replies_of_all_mail_programs_join_with_their_new_text_alone(desk: Conversation, style: str) -> None:
    opened = desk.says(CARLA, "VPN", EN)
    turn = desk.answers(CARLA, opened.to(CARLA), "On the guest network.", style)
    assert turn.ticket == opened.ticket
    assert desk.told(opened.ticket)["messages"][-1]["text"] == "On the guest network."


@pytest.mark.parametrize("lost", ["plus", "ids", "body and plus"])
def test_a_reply_finds_its_ticket_when_a_provider_lost_some_of_the_evidence(desk: Conversation, lost: str) -> None:
    """B1, B2: each kind of evidence alone is enough, with the same proof."""
    opened = desk.says(CARLA, "VPN", EN)
    ack = opened.to(CARLA)
    if lost == "plus":
        turn = desk.answers(CARLA, ack, "Guest network.", to="support@example.org")
        assert turn.fate["evidence"] == "message_id"
    elif lost == "ids":
        turn = desk.answers(CARLA, ack, "Guest network.", to="support@example.org", references=())
        assert turn.fate["evidence"] == "body"
    else:
        raw = letters.new(CARLA, f"Re: {ack.subject}", "Guest network.")
        turn = desk.takes(raw)
        assert turn.fate["evidence"] == "subject"
    assert (turn.ticket, turn.fate["verdict"]) == (opened.ticket, "requester")


def test_a_first_time_senders_words_are_not_sent_to_the_address_they_claim(desk: Conversation) -> None:
    """B25: help desks were used as mail bombs."""
    turn = desk.says(MALLORY, "BUY-CHEAP-PILLS", "Click http://pills.example now, dear friend of mine.")
    ack = turn.to(MALLORY)
    assert not ack.has("PILLS")
    assert not ack.has("pills.example")
    assert "Mallory" not in ack.text
    second = desk.says(MALLORY, "Another thing is broken", "The printer does not print any more, please help.")
    assert "Another thing" not in second.to(MALLORY).subject  # a second forged mail proves no more than the first
    assert not second.to(MALLORY).has("printer does not print")


def test_who_answered_a_mail_of_ours_is_told_the_subject_of_the_next_ticket(desk: Conversation) -> None:
    """B25: only who reads at that address can answer with its token."""
    desk.answers(CARLA, desk.says(CARLA, "Screen", "It is black.").to(CARLA), "It is the left one.")
    assert "Another thing" in desk.says(CARLA, "Another thing", "The printer is off.").to(CARLA).subject


def test_a_plus_tag_makes_no_other_correspondent(desk: Conversation) -> None:
    """B21: victim+1@, victim+2@ and so on are one mailbox."""
    people = [Person("V", f"victim+{n}@customer.example") for n in range(5)]
    turns = [desk.says(who, "Trouble", "It is broken.") for who in people]
    assert [bool(t.notices(who)) for t, who in zip(turns, people, strict=True)] == [True, True, True, False, False]


def test_a_robot_that_answers_an_agents_notices_is_not_told_for_ever(desk: Conversation) -> None:
    """B21: without a header that says so, a robot looks like a person; nobody gets thirty mails an hour on one case."""
    opened = desk.says(CARLA, "Screen", "It is black.")
    last = opened.to(CARLA)
    turns = desk.takes_all([letters.answer(CARLA, last, f"Still black, {n}.") for n in range(35)])
    assert turns[-1].notices(ADA) == ["requester_reply"] * 29  # and the one of the new ticket
    assert len(desk.told(opened.ticket)["messages"]) == 36  # filed all the same


def test_acknowledgements_to_one_address_are_capped_and_the_mails_filed(desk: Conversation) -> None:
    """B21."""
    turns = [desk.says(CARLA, f"Trouble number {n}", f"The machine number {n} is broken.") for n in range(5)]
    assert [t.notices(CARLA) for t in turns] == [["acknowledgement"]] * 3 + [[]] * 2
    assert len({t.ticket for t in turns}) == 5
    assert all(not t.nothing_to(ADA) for t in turns)


def test_the_language_follows_what_somebody_writes(desk: Conversation) -> None:
    """A first mail too short to tell must not fix the language for ever."""
    assert desk.says(GIULIA, "VPN", "VPN").to(GIULIA)["Content-Language"] == "en"
    assert desk.says(GIULIA, "Stampante", IT.replace("VPN", "stampante")).to(GIULIA)["Content-Language"] == "it"
    assert desk.says(GIULIA, "PC", "PC").to(GIULIA)["Content-Language"] == "it"


def test_html_alone_and_an_attachment_make_tickets(desk: Conversation) -> None:
    raw = (
        letters.new(GIULIA, "Stampante", "x")
        .replace(b"text/plain", b"text/html")
        .replace(b"\r\nx", f"\r\n<p>{IT}</p>".encode("ascii", "xmlcharrefreplace"))
    )
    turn = desk.takes(raw)
    assert turn.to(GIULIA)["Content-Language"] == "it"
    assert "<p>" not in desk.told(turn.ticket)["messages"][0]["text"]
    turn = desk.takes(letters.attach(letters.new(SOREN, "Skærmbillede", DA), "skærm.png", b"\x89PNG..."))
    assert [a["name"] for a in desk.told(turn.ticket)["messages"][0]["attachments"]] == ["skærm.png"]
    assert any(p.get_filename() == "skærm.png" for p in turn.to(ADA).mail.walk())
    assert not any(p.get_filename() for p in turn.to(SOREN).mail.walk())


def test_a_mail_without_subject_or_text_still_makes_a_ticket(desk: Conversation) -> None:
    """B52."""
    for raw in (letters.new(CARLA, "", EN), letters.new(SOREN, "", "")):
        turn = desk.takes(raw)
        assert turn.fate["created"]
    no_from = b"Subject: help\r\n\r\nSomething is broken\r\n"
    turn = desk.takes(no_from)
    assert turn.fate["fate"] == "filed"
    assert not any(m.notice == "acknowledgement" for m in turn.sent)


# -- the same mail again -----------------------------------------------------------------------------------------------


def test_the_same_mail_again_is_a_duplicate_by_any_way(desk: Conversation) -> None:
    """B11: fetched again, and a list's copy beside the direct one."""
    raw = letters.new(CARLA, "VPN", EN, mid="<one@customer.example>")
    first = desk.takes(raw)
    again = desk.takes(raw)
    copy = desk.takes(b"Received: from somewhere else\r\n" + raw)
    for turn in (again, copy):
        assert (turn.fate["fate"], turn.fate["ticket"], turn.fate["created"]) == ("duplicate", first.ticket, False)
        assert turn.sent == []
    assert desk.count() == 1


def test_the_same_mail_twice_in_one_batch_is_one_ticket(desk: Conversation) -> None:
    raw = letters.new(CARLA, "VPN", EN, mid="<one@customer.example>")
    fates = [t.fate["fate"] for t in desk.takes_all([raw, raw])]
    assert fates == ["filed", "duplicate"]


def test_a_reused_message_id_with_new_text_is_accepted(desk: Conversation) -> None:
    """B11: broken clients reuse them."""
    desk.takes(letters.new(CARLA, "VPN", EN, mid="<same@customer.example>"))
    other = desk.takes(letters.new(CARLA, "Printer", "My printer is broken too.", mid="<same@customer.example>"))
    assert other.fate["fate"] == "filed"
    assert len(desk.told("INC-1")["messages"]) + desk.count() >= 2


@pytest.mark.parametrize("order", ["parent first", "reply first"])
@pytest.mark.parametrize("together", [True, False])
def test_a_mail_and_the_reply_to_it_end_on_one_ticket_in_either_order(
    desk: Conversation, order: str, together: bool
) -> None:
    """B13: the writer adds something to their own mail before we have answered."""
    parent = letters.new(CARLA, "VPN", EN, mid="<parent@customer.example>")
    child = letters.new(
        CARLA,
        "Re: VPN",
        "I forgot: it is on my laptop.",
        mid="<child@customer.example>",
        In_Reply_To="<parent@customer.example>",
        References="<parent@customer.example>",
    )
    raws = [parent, child] if order == "parent first" else [child, parent]
    turns = desk.takes_all(raws) if together else [desk.takes(raw) for raw in raws]
    assert {t.ticket for t in turns} == {"INC-1"}
    assert desk.count() == 1
    assert len(desk.told("INC-1")["messages"]) == 2
