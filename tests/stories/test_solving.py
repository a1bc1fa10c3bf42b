"""From "solved?" to closed, and back: what the requester's few words mean, and what time does by itself."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, SOREN, Person

TEXTS = {
    CARLA: "My printer on the third floor does not print any more. Please help me.",
    GIULIA: "La stampante del terzo piano non stampa più. Potete aiutarmi per favore?",
    SOREN: "Printeren på tredje sal vil ikke printe længere. Kan I hjælpe mig med det?",
}


def solved(desk: Conversation, who: Person = CARLA) -> tuple[Turn, Turn]:
    """A ticket that Ada has resolved: the opening, and the resolution."""
    opened = desk.says(who, "Printer", TEXTS[who])
    return opened, desk.answers(ADA, opened.to(ADA), "New toner is in.\n!resolve")


@pytest.mark.parametrize(
    ("who", "question", "again", "closed"),
    [
        (CARLA, "Does everything work", "No, still broken", "we have closed"),
        (GIULIA, "Funziona tutto", "No, non funziona ancora", "chiuso"),
        (SOREN, "Virker det hele", "Nej, det virker stadig ikke", "lukket"),
    ],
)
def test_resolved_contradicted_resolved_confirmed(
    desk: Conversation, who: Person, question: str, again: str, closed: str
) -> None:
    opened, resolution = solved(desk, who)
    mail = resolution.to(who)
    assert mail.notice == "resolution"
    assert "New toner is in." in mail.text
    assert question.lower() in mail.text.lower()
    assert not mail.has("!resolve") or "mailto" in mail.html
    assert "!resolve" not in mail.text
    assert desk.told(opened.ticket)["resolution"] == "New toner is in."
    assert desk.told(opened.ticket)["status"] == "resolved"

    back = desk.answers(who, mail, again)
    assert desk.told(opened.ticket)["status"] == "open"
    assert again in back.to(ADA, "reopened_agent").text
    assert back.notices(who) == ["reopened"]
    assert back.to(who)["Content-Language"] == opened.to(who)["Content-Language"]

    second = desk.answers(ADA, back.to(ADA), "Now the drum is new too.\n!resolve")
    words = {CARLA: "Yes, it works now. Thank you!", GIULIA: "Risolto, grazie", SOREN: "Løst, tak"}[who]
    done = desk.answers(who, second.to(who), words)
    assert desk.told(opened.ticket)["status"] == "closed", done.fate
    assert closed in done.to(who, "closure").text.lower()
    assert done.nothing_to(ADA)


@on_one_database
@pytest.mark.parametrize("words", ["say.yes", "say.no"])
@pytest.mark.parametrize("who", [CARLA, GIULIA, SOREN])
def test_the_buttons_say_what_they_promise(desk: Conversation, who: Person, words: str) -> None:
    opened, resolution = solved(desk, who)
    mail = resolution.to(who)
    said = desk.stage.post.templates.words(mail["Content-Language"])[words]
    desk.answers(who, mail, said)
    assert desk.told(opened.ticket)["status"] == ("closed" if words == "say.yes" else "open")


def test_the_words_after_resolve_are_the_solution_that_the_requester_reads(desk: Conversation) -> None:
    opened = desk.says(CARLA, "Printer", TEXTS[CARLA])
    turn = desk.answers(ADA, opened.to(ADA), "!resolve The toner was empty.")
    assert "The toner was empty." in turn.to(CARLA, "resolution").text
    told = desk.told(opened.ticket)
    assert told["resolution"] == "The toner was empty."
    assert told["messages"][-1]["text"] == "The toner was empty."
    assert told["first_response_at"] is not None  # the user heard a person


def test_a_score_is_kept_and_reopens_nothing(desk: Conversation) -> None:
    opened, resolution = solved(desk)
    closure = desk.answers(CARLA, resolution.to(CARLA), "Yes, solved").to(CARLA, "closure")
    assert "1 (not at all) to 5" in closure.text
    turn = desk.answers(CARLA, closure, "4")
    told = desk.told(opened.ticket)
    assert (told["satisfaction"], told["status"], turn.sent) == ("4", "closed", [])


@on_one_database
@pytest.mark.parametrize(
    "words", ["Thank you very much!", "Thanks a lot, Ada. Have a nice day", "Grazie mille!", "Mange tak for hjælpen"]
)
@pytest.mark.parametrize("closed", [False, True])
def test_a_thank_you_alone_reopens_nothing(desk: Conversation, words: str, closed: bool) -> None:
    """B7."""
    opened, resolution = solved(desk)
    if closed:
        desk.wait(days=3, hours=1)
    before = desk.told(opened.ticket)["status"]
    turn = desk.answers(CARLA, resolution.to(CARLA), words)
    assert desk.told(opened.ticket)["status"] == before
    assert turn.nothing_to(CARLA)


@on_one_database
@pytest.mark.parametrize(
    "words",
    [
        "Thanks, but it is still broken",
        "Thank you, now the scanner is broken",
        "Thanks! Who do I ask about the scanner?",
        "Nothing works",
        "Grazie, la stampante è di nuovo rotta",
        "Si ripresenta lo stesso errore",
        "Funziona male",
        "Den går jo ned hele tiden",
        "Tak, printeren er i stykker igen",
        "Please get it fixed",
    ],
)
def test_a_complaint_is_not_taken_for_thanks_or_for_a_yes(desk: Conversation, words: str) -> None:
    opened, resolution = solved(desk)
    turn = desk.answers(CARLA, resolution.to(CARLA), words)
    assert desk.told(opened.ticket)["status"] == "open"
    assert words in turn.to(ADA, "reopened_agent").text


def test_a_yes_with_an_attachment_is_read_by_a_person(desk: Conversation) -> None:
    opened, resolution = solved(desk)
    desk.takes(letters.attach(letters.answer(CARLA, resolution.to(CARLA), "Yes"), "screen.png", b"x"))
    assert desk.told(opened.ticket)["status"] == "open"


def test_a_resolved_ticket_closes_after_three_days_and_says_so_once(desk: Conversation) -> None:
    """P10."""
    opened, _ = solved(desk)
    assert desk.wait(days=2, hours=23).notices(CARLA) == []
    assert desk.wait(hours=2).notices(CARLA) == ["closure"]
    assert desk.told(opened.ticket)["status"] == "closed"
    assert desk.wait(days=1).sent == []


def test_a_reply_to_a_closed_ticket_reopens_it_within_the_time_and_makes_a_new_one_later(desk: Conversation) -> None:
    """B7."""
    opened, _ = solved(desk)
    closure = desk.wait(days=3, hours=1).to(CARLA)
    desk.wait(days=6)
    turn = desk.answers(CARLA, closure, "It has stopped printing again.")
    assert (turn.ticket, turn.fate["created"]) == (opened.ticket, False)
    assert desk.told(opened.ticket)["status"] == "open"

    desk.answers(ADA, turn.to(ADA), "And again.\n!close")
    desk.wait(days=7, hours=1)
    late = desk.answers(CARLA, closure, "It has stopped printing again, for the third time.")
    assert late.fate["created"]
    assert late.ticket != opened.ticket
    told = desk.told(late.ticket)
    assert opened.ticket not in told["subject"]  # the old tag is cut
    assert any(e["kind"] == "linked" and opened.ticket == e["to"] for e in told["events"])
    assert any(e["kind"] == "linked" and late.ticket == e["to"] for e in desk.told(opened.ticket)["events"])
    assert desk.told(opened.ticket)["status"] == "closed"
    assert late.to(CARLA).notice == "acknowledgement"
    # only what is new stands in the new ticket's mails, not the whole correspondence
    assert "New toner" not in late.to(ADA).text


def test_a_requester_who_writes_close_closes_nothing(desk: Conversation) -> None:
    """B39."""
    opened = desk.says(CARLA, "Printer", TEXTS[CARLA])
    turn = desk.answers(CARLA, opened.to(CARLA), "!close\n!resolve")
    assert turn.fate["commands"] == []
    assert desk.told(opened.ticket)["status"] == "new"
    assert "!close" in turn.to(ADA, "requester_reply").text


def test_close_and_reopen_by_an_agent(desk: Conversation) -> None:
    opened = desk.says(CARLA, "Printer", TEXTS[CARLA])
    closed = desk.answers(ADA, opened.to(ADA), "It was a test, I close it.\n!close")
    assert closed.notices(CARLA) == ["public_reply", "closure"]
    again = desk.answers(BEN, opened.to(BEN), "!resolve")
    assert again.fate["commands"][0]["result"] == "refused"
    turn = desk.answers(ADA, opened.to(ADA), "!reopen")
    assert turn.notices(CARLA) == ["reopened"]
    assert desk.told(opened.ticket)["status"] == "open"


def test_a_requester_in_cc_of_the_solution_is_asked_whether_it_is_solved_all_the_same(desk: Conversation) -> None:
    opened = desk.says(CARLA, "Printer", TEXTS[CARLA])
    resolution = desk.answers(ADA, opened.to(ADA), "New toner is in.\n!resolve", Cc=CARLA.address)
    assert resolution.notices(CARLA) == ["resolution"]
