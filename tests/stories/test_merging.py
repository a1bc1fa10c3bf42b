"""Two tickets become one, one becomes two, and what is over comes back: who is told what, and in which language."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, SOREN, Sent

SURNAME = "my-account-is-cwebb-4711"  # what Carla tells the desk alone
MEDICINE = "la-mia-password-scade-oggi"  # and Giulia
NOTE = "the-switch-on-floor-three-is-broken"  # and one agent the other
THERE = f"There is no network on the third floor. For the record, {SURNAME}."
HERE = f"Al terzo piano non va la rete da stamattina. Per vostra informazione, {MEDICINE}."


@pytest.fixture
def carla(desk: Conversation) -> Turn:
    return desk.says(CARLA, "No network", THERE)


@pytest.fixture
def giulia(desk: Conversation) -> Turn:
    return desk.says(GIULIA, "Rete ferma al terzo piano", HERE)


def commands(turn: Turn) -> list[str]:
    return [c["result"] for c in turn.fate["commands"]]


def test_two_tickets_of_two_people_become_one(desk: Conversation, carla: Turn, giulia: Turn) -> None:
    """B6: each hears in their own language, both are answered, and neither reads what the other wrote."""
    all_sent: list[Sent] = []
    parent, child = carla.ticket, giulia.ticket
    merged = desk.answers(ADA, giulia.to(ADA), f"!note\nSame cause, {NOTE}.\n!merge {parent}")
    all_sent += merged.sent
    assert merged.notices(CARLA) == []  # nothing has changed for her
    told = merged.to(GIULIA, "merged")
    assert told["Content-Language"] == "it"
    assert parent in told.text
    assert "la stessa questione" in told.text
    assert not told.has("No network")  # the subject is Carla's
    assert not told.has(CARLA.address)
    assert desk.told(child)["status"] == "merged"
    assert [p["address"] for p in desk.told(parent)["participants"]] == [GIULIA.address]
    assert {clock["kind"] for clock in desk.told(child)["clocks"] if clock["stopped_at"] is None} == set()  # B47

    # both answer their old mails, and both arrive where the work is
    late = desk.answers(GIULIA, giulia.to(GIULIA), "Nel frattempo non vanno nemmeno i telefoni.")
    assert (late.ticket, late.fate["verdict"]) == (parent, "participant")
    assert "telefoni" in late.to(ADA, "requester_reply").text
    early = desk.answers(CARLA, carla.to(CARLA), "The printer is gone as well.")
    assert (early.ticket, early.fate["verdict"]) == (parent, "requester")
    all_sent += late.sent + early.sent

    # one answer for both, each under an address of their own
    answer = desk.answers(ADA, early.to(ADA), "We are replacing a part; it takes until noon.")
    all_sent += answer.sent
    assert sorted(m.recipient for m in answer.sent) == [CARLA.address, GIULIA.address]
    hers, theirs = answer.to(CARLA), answer.to(GIULIA)
    assert hers.reply_address != theirs.reply_address
    assert not theirs.has(CARLA.address)
    assert not hers.has(GIULIA.address)

    solved = desk.answers(ADA, early.to(ADA), "The part is replaced.\n!resolve")
    all_sent += solved.sent
    assert {m.recipient for m in solved.sent if m.notice == "resolution"} == {CARLA.address, GIULIA.address}
    all_sent += desk.answers(CARLA, solved.to(CARLA), "Yes, it works again, thank you!").sent
    assert desk.told(parent)["status"] == "closed"

    for mail in all_sent:
        assert mail.recipient in (ADA.address, BEN.address) or not mail.has(NOTE), mail.notice
        assert mail.recipient != CARLA.address or not mail.has(MEDICINE), mail.notice
        assert mail.recipient != GIULIA.address or not mail.has(SURNAME), mail.notice


@on_one_database
def test_a_merge_is_undone_and_each_has_their_own_ticket_again(desk: Conversation, carla: Turn, giulia: Turn) -> None:
    desk.answers(ADA, giulia.to(ADA), f"!merge {carla.ticket}")
    undone = desk.answers(ADA, giulia.to(ADA), "!undo")
    told = desk.told(giulia.ticket)
    assert (told["status"], desk.told(carla.ticket)["participants"]) == ("new", []), undone.fate
    again = desk.answers(GIULIA, giulia.to(GIULIA), "Ora non vanno nemmeno i telefoni.")
    assert (again.ticket, again.fate["verdict"]) == (giulia.ticket, "requester")
    reply = desk.answers(ADA, carla.to(ADA), "We look at the third floor now.")
    assert [m.recipient for m in reply.sent] == [CARLA.address]


@on_one_database
def test_what_is_merged_is_not_merged_again_and_its_child_leads_to_the_last(
    desk: Conversation, carla: Turn, giulia: Turn
) -> None:
    third = desk.says(SOREN, "Intet netværk", "Der er intet netværk på tredje sal i dag. Kan I hjælpe?")
    desk.answers(ADA, giulia.to(ADA), f"!merge {carla.ticket}")
    # a mail to the child is a mail to its parent; the child itself stays where it is
    other = desk.answers(BEN, third.to(BEN), f"!merge {giulia.ticket}")
    assert commands(other) == ["refused"]
    assert carla.ticket in other.to(BEN, "receipt").text  # where it goes on
    desk.answers(BEN, third.to(BEN), f"!merge {carla.ticket}")
    fourth = desk.says(CARLA, "The whole house", "Now nobody in the house has a network. Please hurry.")
    desk.answers(ADA, carla.to(ADA), f"!merge {fourth.ticket}")
    late = desk.answers(GIULIA, giulia.to(GIULIA), "Ci sono novità?")
    assert late.ticket == fourth.ticket
    assert late.fate["verdict"] == "participant"
    assert {p["address"] for p in desk.told(fourth.ticket)["participants"]} == {GIULIA.address, SOREN.address}


@on_one_database
def test_a_reply_to_a_child_follows_the_closing_rules_of_its_parent(
    desk: Conversation, carla: Turn, giulia: Turn
) -> None:
    """B6, B7: within the time it reopens the parent, later it is a new ticket of the one who wrote."""
    desk.answers(ADA, giulia.to(ADA), f"!merge {carla.ticket}")
    desk.answers(ADA, carla.to(ADA), "Replaced.\n!close")
    back = desk.answers(GIULIA, giulia.to(GIULIA), "Da noi purtroppo non va ancora.")
    assert (back.ticket, desk.told(carla.ticket)["status"]) == (carla.ticket, "open")
    assert "non va ancora" in back.to(ADA, "reopened_agent").text
    desk.answers(ADA, back.to(ADA), "Ora sì.\n!close")
    desk.wait(days=8)
    late = desk.answers(GIULIA, giulia.to(GIULIA), "È di nuovo ferma la rete, stesso piano di prima.")
    assert late.fate["created"]
    assert desk.told(late.ticket)["requester"]["address"] == GIULIA.address
    assert late.notices(GIULIA) == ["acknowledgement"]
    assert carla.ticket in late.to(ADA, "new_ticket").text
    assert not late.to(GIULIA).has(carla.ticket)
    assert late.nothing_to(CARLA)


@on_one_database
def test_a_second_matter_in_a_reply_becomes_a_ticket_of_its_own(desk: Conversation, carla: Turn) -> None:
    asked = desk.answers(ADA, carla.to(ADA), "Which room is it?\n!take")
    reply = desk.answers(CARLA, asked.to(CARLA), "Room 312. By the way, my chair is broken, who can mend it?")
    split = desk.answers(ADA, reply.to(ADA), "!split")
    new = f"INC-{int(carla.ticket.partition('-')[2]) + 1}"
    assert "my chair is broken" in desk.told(new)["messages"][0]["text"]
    assert desk.told(new)["requester"]["address"] == CARLA.address
    assert split.notices(CARLA) == ["acknowledgement"]
    assert new in split.to(CARLA).text
    assert "Room 312" in desk.told(carla.ticket)["messages"][-1]["text"]  # the first half belongs where it was said
    assert carla.ticket in split.to(BEN, "new_ticket").text
    # each goes its own way from here
    chair = desk.answers(BEN, split.to(BEN, "new_ticket"), "I bring you another one.\n!resolve")
    thanks = desk.answers(CARLA, chair.to(CARLA), "Great, thank you, it is solved!")
    assert (thanks.ticket, desk.told(new)["status"]) == (new, "closed")
    assert desk.told(carla.ticket)["status"] == "open"
    answered = desk.answers(CARLA, asked.to(CARLA), "Any news about the network?")
    assert answered.ticket == carla.ticket


@on_one_database
def test_a_ticket_comes_back_with_more_than_thanks(desk: Conversation, carla: Turn, giulia: Turn) -> None:
    """B7: thanks alone reopens nothing, whatever its language; a question does."""
    linked = desk.answers(ADA, carla.to(ADA), f"!link {giulia.ticket}\n!take")
    assert commands(linked) == ["done", "done"]
    assert linked.nothing_to(CARLA)
    solved = desk.answers(ADA, carla.to(ADA), "It was the switch.\n!resolve")
    solution = solved.to(CARLA)
    closed = desk.answers(CARLA, solution, "Yes, all good.")
    thanks = desk.answers(CARLA, closed.to(CARLA), "Thank you very much for your quick help!")
    assert (thanks.sent, desk.told(carla.ticket)["status"]) == ([], "closed")
    back = desk.answers(CARLA, closed.to(CARLA), "It is gone again since lunch, what can I do?")
    assert desk.told(carla.ticket)["status"] == "open"
    assert back.notices(CARLA) == ["reopened"]
    told = back.to(ADA, "reopened_agent")
    assert "gone again since lunch" in told.text
    assert "It was the switch." in told.text  # what had been taken for the solution
    assert giulia.ticket in told.text  # and what it is linked to


@on_one_database
def test_a_new_subject_under_an_old_mail_is_told_and_changes_nothing(desk: Conversation, carla: Turn) -> None:
    """B8: people look for the last mail of the desk and write about something else."""
    desk.answers(ADA, carla.to(ADA), "!take")
    raw = letters.answer(CARLA, carla.to(CARLA), "The coffee machine blinks red.", subject="Coffee machine")
    turn = desk.takes(raw)
    assert turn.ticket == carla.ticket
    assert "Coffee machine" in turn.to(ADA, "requester_reply").text
    assert desk.told(carla.ticket)["subject"] == "No network"
    assert turn.to(ADA).subject == f"[{carla.ticket}] No network"
    plain = desk.answers(CARLA, carla.to(CARLA), "And it beeps.", "outlook-da")
    assert "Oggetto" not in plain.to(ADA).text
    split = desk.answers(ADA, turn.to(ADA), "!split")
    assert desk.told(split.to(BEN, "new_ticket").subject[1:].partition("]")[0])["subject"] == "Coffee machine"


def test_what_waited_with_a_ticket_is_decided_where_it_goes_on(desk: Conversation, carla: Turn, giulia: Turn) -> None:
    """B4, B6: the notice of what is held still works when its ticket was merged."""
    desk.configure(strangers="hold")
    held = desk.answers(SOREN, giulia.to(GIULIA), "I sit there too, and want to know.")
    desk.answers(ADA, giulia.to(ADA), f"!merge {carla.ticket}")
    assert commands(desk.answers(ADA, held.to(ADA), "!accept")) == ["done"]
    assert SOREN.address in [p["address"] for p in desk.told(carla.ticket)["participants"]]
