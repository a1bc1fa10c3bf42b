"""Slips of agents who only know their mail program: none of them reaches the requester."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA

HELP = "My computer shows a blue screen since this morning. Please help me."
PASSED = "mx.example.org; dmarc=pass header.from=example.org"


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Blue screen", HELP)


@on_one_database
@pytest.mark.parametrize("line", ["! take", "!take.", "!take !note", "!assign ada !priority high"])
def test_what_nearly_is_a_command_holds_the_text_back(desk: Conversation, opened: Turn, line: str) -> None:
    """B34"""
    turn = desk.answers(BEN, opened.to(BEN), f"She is rather angry.\n{line}")
    assert turn.notices(BEN) == ["receipt"]
    assert turn.nothing_to(CARLA)
    assert desk.told(opened.ticket)["assignee"] is None


@on_one_database
def test_the_words_after_a_note_are_the_note(desk: Conversation, opened: Turn) -> None:
    turn = desk.answers(BEN, opened.to(BEN), "!note She is rather angry.")
    assert turn.nothing_to(CARLA)
    assert desk.told(opened.ticket)["messages"][-1]["text"] == "She is rather angry."


@on_one_database
@pytest.mark.parametrize(
    "end", ["Mvh\nBen", "Ben Holm\nServicedesk\nwww.example.org", "-- \nBen", "Sendt fra min iPhone"]
)
def test_a_signature_below_commands_is_not_sent(desk: Conversation, opened: Turn, end: str) -> None:
    """B33: a mail with only commands sends the requester nothing."""
    took = desk.answers(BEN, opened.to(BEN), f"!take\n\n{end}")
    assert took.summary() == [("receipt", BEN.address)]
    solved = desk.answers(BEN, opened.to(BEN), f"!resolve A new cable.\n\n{end}")
    assert "A new cable." in solved.to(CARLA).text


@on_one_database
def test_an_answer_to_a_receipt_stays_inside(desk: Conversation, opened: Turn) -> None:
    """B35: its undo link carries a token, so the answer is Ada's; she means the desk."""
    receipt = desk.answers(ADA, opened.to(ADA), "!take").to(ADA, "receipt")
    thanks = desk.answers(ADA, receipt, "ok, thanks")
    assert thanks.nothing_to(CARLA)
    assert desk.told(opened.ticket)["messages"][-1]["visibility"] == "internal"


@on_one_database
def test_an_answer_to_a_list_opens_no_ticket(desk: Conversation, opened: Turn) -> None:
    asked = desk.takes(letters.new(ADA, "list", "!list", Authentication_Results=PASSED))
    thanks = desk.answers(ADA, asked.to(ADA), "ok, thanks", Authentication_Results=PASSED)
    assert (desk.count(), thanks.notices(ADA)) == (1, ["receipt"])


@on_one_database
def test_a_ticket_that_was_no_spam_after_all_speaks_to_its_requester_again(desk: Conversation, opened: Turn) -> None:
    spam = desk.answers(BEN, opened.to(BEN), "!spam")
    assert spam.nothing_to(CARLA)
    again = desk.answers(BEN, opened.to(BEN), "!reopen")
    assert again.to(CARLA).notice == "reopened"
    assert desk.told(opened.ticket)["tags"] == []
