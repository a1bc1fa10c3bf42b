"""Two agents at one ticket: what is held back, what it says, and how it goes out, is dropped, or written anew (B37)."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, Sent

pytestmark = on_one_database
HELP = "The door of the server room does not open with my card any more. Can you look at it?"
FIRST = "Which colour does the light at the door have?"
SECOND = "I have made your card valid again, please try once more."


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    turn = desk.says(CARLA, "Door", HELP)
    assert turn.notices(ADA) == turn.notices(BEN) == ["new_ticket"]
    return turn


def crossed(desk: Conversation, opened: Turn, text: str = SECOND) -> tuple[Turn, Sent]:
    """Ada answers the first notice, then Ben does, who has not seen that: Ada's turn, and what Ben is told."""
    ada = desk.answers(ADA, opened.to(ADA), f"{FIRST}\n!take")
    assert FIRST in ada.to(CARLA).text
    ben = desk.answers(BEN, opened.to(BEN), text)
    assert (ben.fate["fate"], ben.ticket) == ("held", opened.ticket)
    assert ben.summary() == [("stale", BEN.address)]  # Carla has not heard of it, nor has Ada
    return ada, ben.to(BEN)


def public(desk: Conversation, key: str) -> list[tuple[str, str]]:
    """Who said what, as Carla knows it."""
    told = desk.told(key)["messages"]
    return [(m["author"], m["text"].strip()) for m in told if m["visibility"] == "public"]


def test_the_second_answer_waits_with_what_has_changed_and_goes_out_by_send(desk: Conversation, opened: Turn) -> None:
    _, stale = crossed(desk, opened)
    assert "endnu ikke sendt" in stale.text or "ikke sendt endnu" in stale.text, stale.text
    assert "Ada Rossi" in stale.text  # who was quicker, with what
    assert f"> {FIRST}" in stale.text
    assert "i gang" in stale.text  # her !take changed the status
    assert f"> {SECOND}" in stale.text  # and what waits
    assert "!send" in stale.text
    assert "!drop" in stale.text
    assert public(desk, opened.ticket) == [(CARLA.address, HELP), ("ada", FIRST)]

    sent = desk.answers(BEN, stale, "!send")
    assert SECOND in sent.to(CARLA, "public_reply").text
    assert not sent.to(CARLA).has(FIRST)
    assert not sent.to(CARLA).has("!send")
    assert public(desk, opened.ticket) == [(CARLA.address, HELP), ("ada", FIRST), ("ben", SECOND)]

    # Carla answers the second mail; Ada, who has the ticket, hears of it
    answer = desk.answers(CARLA, sent.to(CARLA, "public_reply"), "Now it opens. Thank you both!")
    assert answer.summary() == [("requester_reply", ADA.address)]
    # and once is enough: the same word again finds nothing that waits
    again = desk.answers(BEN, stale, "!send\n!tag door")
    assert again.nothing_to(CARLA)
    assert [c["result"] for c in again.fate["commands"]] == ["refused", "done"]


def test_the_commands_of_the_second_wait_with_its_text(desk: Conversation, opened: Turn) -> None:
    _, stale = crossed(desk, opened, f"{SECOND}\n!assign ben\n!resolve")
    told = desk.told(opened.ticket)
    assert (told["status"], told["assignee"]) == ("open", "ada")

    sent = desk.answers(BEN, stale, "!send")
    assert sent.notices(CARLA) == ["resolution"]
    assert SECOND in sent.to(CARLA).text
    told = desk.told(opened.ticket)
    assert (told["status"], told["assignee"], told["resolution"]) == ("resolved", "ben", SECOND)
    closed = desk.answers(CARLA, sent.to(CARLA), "Yes, it is solved, thank you.")
    assert closed.notices(CARLA) == ["closure"]
    assert desk.told(opened.ticket)["status"] == "closed"


def test_the_second_thinks_better_of_it_and_drops_it(desk: Conversation, opened: Turn) -> None:
    ada, stale = crossed(desk, opened)
    dropped = desk.answers(BEN, stale, "!drop")
    assert dropped.summary() == [("receipt", BEN.address)]
    assert public(desk, opened.ticket) == [(CARLA.address, HELP), ("ada", FIRST)]
    # nothing of it comes out later: neither by a second thought, nor with what others write
    late = desk.answers(BEN, stale, "!send")
    answer = desk.answers(CARLA, ada.to(CARLA), "It is red.")
    solved = desk.answers(ADA, answer.to(ADA), "Your card was locked. It works now.\n!resolve")
    assert not any(mail.has(SECOND) for turn in (dropped, late, answer, solved) for mail in turn.sent)
    assert solved.notices(CARLA) == ["resolution"]


def test_a_new_answer_to_the_newest_mail_goes_out_in_its_place(desk: Conversation, opened: Turn) -> None:
    ada, stale = crossed(desk, opened)
    newest = desk.answers(CARLA, ada.to(CARLA), "It is red, and it blinks.")
    desk.answers(ADA, newest.to(ADA), "!assign ben")
    given = desk.answers(ADA, newest.to(ADA), "!assign ada\n!assign ben").to(BEN, "assignment")
    anew = desk.answers(BEN, given, "Red means that your card is locked. I have unlocked it.")
    assert "I have unlocked it." in anew.to(CARLA, "public_reply").text
    assert not anew.to(CARLA).has(SECOND)
    # what was held still can go; now it is older than what Ben himself wrote, and he knows that
    assert desk.answers(BEN, stale, "!drop").nothing_to(CARLA)


def test_an_answer_to_the_held_notice_is_for_agents_alone(desk: Conversation, opened: Turn) -> None:
    """Whoever answers "it has not gone out yet" with a remark does not mean the requester."""
    _, stale = crossed(desk, opened)
    remark = desk.answers(BEN, stale, "Oh, I did not see that Ada has it. Leave it to her.")
    assert remark.nothing_to(CARLA)
    assert desk.told(opened.ticket)["messages"][-1]["visibility"] == "internal"
    assert remark.notices(ADA) == ["internal_note"]


def test_an_old_notice_can_be_answered_as_long_as_nothing_else_was_said(desk: Conversation, opened: Turn) -> None:
    """The requester's own thanks and news, notes, tags and who has it make no answer stale."""
    given = desk.answers(ADA, opened.to(ADA), "!assign ben\n!note\nHe has the keys.").to(BEN, "assignment")
    first = desk.answers(BEN, given, FIRST)
    assert first.to(CARLA).notice == "public_reply"
    desk.answers(ADA, opened.to(ADA), "!note\nHe found them.\n!tag door\n!priority high")
    desk.answers(CARLA, first.to(CARLA), "Thank you!")
    second = desk.answers(BEN, given, SECOND)
    assert second.fate["fate"] == "filed", second.fate
    assert SECOND in second.to(CARLA).text


def test_a_note_or_a_tag_is_never_stale(desk: Conversation, opened: Turn) -> None:
    """What the requester does not hear of contradicts nobody."""
    desk.answers(ADA, opened.to(ADA), FIRST)
    turn = desk.answers(BEN, opened.to(BEN), "!note\nHer card has run out.\n!tag door")
    assert turn.fate["fate"] == "filed"
    assert desk.told(opened.ticket)["tags"] == ["door"]


@pytest.mark.parametrize("style", ["gmail", "outlook", "html"])
def test_where_the_provider_rewrites_ids_the_foot_tells_what_was_seen(
    desk: Conversation, opened: Turn, style: str
) -> None:
    """B2: no In-Reply-To, no References; the quoted text is all that is left of the notice."""
    bare: dict[str, list[str]] = {"references": []}
    before = opened.to(BEN)
    ada = desk.answers(ADA, opened.to(ADA), FIRST)
    stale = desk.answers(BEN, before, SECOND, style, **bare)
    assert stale.fate["fate"] == "held"
    assert f"> {FIRST}" in stale.to(BEN, "stale").text

    newest = desk.answers(CARLA, ada.to(CARLA), "It is red.")
    fresh = desk.answers(ADA, newest.to(ADA), "Then your card is locked.", style, **bare)
    assert fresh.fate["fate"] == "filed"
    assert "Then your card is locked." in fresh.to(CARLA).text

    # also what waits can be answered so: nothing but the token in the address leads to it
    again = desk.takes(letters.answer(BEN, stale.to(BEN), "!send", style, references=[]))
    assert "Then your card is locked." in again.to(BEN, "stale").text  # Ada has written again: he is asked once more
    assert again.nothing_to(CARLA)
    sent = desk.takes(letters.answer(BEN, again.to(BEN, "stale"), "!send", style, references=[]))
    assert SECOND in sent.to(CARLA).text


def test_what_waits_is_an_answer_and_opens_no_ticket(desk: Conversation, opened: Turn) -> None:
    """Split off, it would be handled again as released, and go out."""
    _, stale = crossed(desk, opened)
    turn = desk.answers(BEN, stale, "!split")
    assert [c["result"] for c in turn.fate["commands"]] == ["refused"]
    assert turn.nothing_to(CARLA)
    assert SECOND in desk.answers(BEN, stale, "!send").to(CARLA).text
