"""What leaves the desk by a rule and what does not, what is gathered where, and what is told of tickets that rest."""

from __future__ import annotations

import pytest

from maild.desk import tickets
from maild.desk.models import Incoming
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, Person

HELP = "Since this morning nothing works any more in our office, please help us as soon as you can."
PROVED = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
DAN, SUPPLIER = Person("Dan", "dan@example.org"), Person("Supplier", "help@supplier.example")
REPLIES = ("data_protection: [dan]", "data_protection: [dan]\nreplies:\n  mailserver: {en: It is being mended.}")
OUTSIDE = """rules:
  - name: the press
    on: replied
    when: {}
    then: {forward: help@supplier.example, notify: [lead, oncall@elsewhere.example]}
"""
ONCALL = Person("", "oncall@elsewhere.example")


@on_one_database
def test_what_is_for_agents_alone_leaves_the_desk_by_no_rule(desk: Conversation) -> None:
    """M9."""
    desk.writes(OUTSIDE)
    opened = desk.says(CARLA, "The press stands", HELP)
    note = letters.answer(BEN, opened.to(BEN), "!note\nThe director says it is sold.")
    turn = desk.takes(letters.attach(note, "contract.txt", b"sold"))
    assert turn.nothing_to(SUPPLIER)
    assert "not_forwarded" in [event.kind for event in desk.events(opened.ticket)]
    assert "director" in turn.to(ADA, "rule_notice").text
    assert b"contract.txt" in turn.to(ADA, "rule_notice").raw
    assert not turn.to(ONCALL).has("director")
    assert b"contract.txt" not in turn.to(ONCALL).raw


@on_one_database
def test_of_an_agents_answer_a_rule_passes_on_what_the_requester_reads(desk: Conversation) -> None:
    """M9: below it stands our notice with the notes of the agents, and above it are commands."""
    desk.writes(OUTSIDE)
    opened = desk.says(CARLA, "The press stands", HELP)
    noted = desk.answers(BEN, opened.to(BEN), "!note\nThe director says it is sold.")
    turn = desk.answers(ADA, noted.to(ADA, "internal_note"), "!public\nA mechanic comes.\n!tag press")
    for who in (SUPPLIER, ONCALL):
        assert "A mechanic comes." in turn.to(who).text
        assert not turn.to(who).has("director")
        assert not turn.to(who).has("!tag")


@on_one_database
def test_a_rules_note_keeps_no_file_from_the_requester(desk: Conversation) -> None:
    desk.writes("rules:\n  - name: the press\n    on: replied\n    when: {}\n    then: {note: seen}\n")
    opened = desk.says(CARLA, "The press stands", HELP)
    turn = desk.takes(letters.attach(letters.answer(ADA, opened.to(ADA), "Here it is."), "manual.txt", b"turn it"))
    assert b"manual.txt" in turn.to(CARLA).raw


GATHERED = "rules:\n  - name: the press\n    when: {subject: {contains: press}}\n    then: {group_by: subject}\n"


@on_one_database
def test_what_an_agent_splits_off_is_not_gathered_again(desk: Conversation) -> None:
    desk.writes(GATHERED)
    opened = desk.says(CARLA, "The press stands", HELP)
    again = desk.says(CARLA, "The press stands", "The other one in the big hall stands as well, since noon.")
    assert again.ticket == opened.ticket
    desk.takes(letters.new(ADA, "maild", f"!on {opened.ticket}\n!split", **PROVED))
    assert Incoming.get_by_id(2).__data__["ticket"] == 2


@on_one_database
def test_what_an_agent_opens_for_somebody_gathers_nothing_of_the_agents(desk: Conversation) -> None:
    """M9."""
    desk.writes(GATHERED)
    first = desk.takes(letters.new(ADA, "The press stands", f"!new for {CARLA.address}\nIt stands.", **PROVED))
    own = desk.takes(letters.new(ADA, "The press stands", f"Mine at home as well. {HELP}", **PROVED))
    assert own.ticket != first.ticket


@on_one_database
def test_the_ticket_itself_is_none_of_the_other_tickets_of_its_requester(desk: Conversation) -> None:
    when = "on: replied\n    when: {requester_tickets: {open: 1}}"
    desk.writes(f"rules:\n  - name: often\n    {when}\n    then: {{tags: [often]}}\n")
    opened = desk.says(CARLA, "The press stands", HELP)
    desk.answers(CARLA, opened.to(CARLA), "It still stands, I have just looked.")
    assert desk.told(opened.ticket)["tags"] == []
    desk.says(CARLA, "The screen is black", HELP)
    desk.answers(CARLA, opened.to(CARLA), "And it stands today as well, I am sorry to say.")
    assert desk.told(opened.ticket)["tags"] == ["often"]


@on_one_database
def test_who_is_written_to_of_a_resting_ticket_hears_of_its_resolution_too(desk: Conversation) -> None:
    rule = "on: idle 2d\n    when: {status: [new, open, pending]}\n    then: {status: resolved, reply: mailserver}"
    desk.writes(f"rules:\n  - name: rests\n    {rule}\n", REPLIES)
    opened = desk.says(CARLA, "The screen is black", HELP)
    desk.answers(ADA, opened.to(ADA), "Please look whether it is on.\n!pending for 30 days")
    desk.wait(minutes=1)
    assert set(desk.wait(days=2, minutes=1).notices(CARLA)) == {"resolution", "rule_reply"}


@on_one_database
def test_who_hears_of_several_resting_tickets_reads_which_rule_it_was(desk: Conversation) -> None:
    desk.writes("rules:\n  - name: rests\n    on: idle 2d\n    when: {}\n    then: {notify: data_protection}\n")
    for subject in ("The screen is black", "The press stands"):
        opened = desk.says(CARLA, subject, HELP)
        desk.answers(ADA, opened.to(ADA), "Please look whether it is on.\n!pending for 30 days")
    desk.wait(minutes=1)
    told = desk.wait(days=2, minutes=2).to(DAN)
    assert (told.notice, told.subject) == ("digest", "Tickets at rest: rests")
    assert "not running" not in told.text


@on_one_database
def test_a_ticket_that_a_rule_makes_confidential_later_can_be_rebuilt_from_its_events(desk: Conversation) -> None:
    """M4."""
    desk.writes("rules:\n  - name: secret\n    on: replied\n    when: {}\n    then: {confidential: true}\n")
    opened = desk.says(CARLA, "The press stands", HELP)
    desk.answers(CARLA, opened.to(CARLA), "It still stands, I have just looked.")
    assert desk.ticket(opened.ticket).confidential is True
    assert tickets.rebuild(desk.events(opened.ticket))["confidential"] is True


OPENS = "rules:\n  - name: known\n    when: {subject: {contains: press}}\n    then: {status: %s, assignee: ben}\n"


@pytest.mark.parametrize("status", ["resolved", "closed"])
@on_one_database
def test_a_ticket_that_a_rule_opens_as_solved_is_late_with_nothing(desk: Conversation, status: str) -> None:
    desk.writes(OPENS % status)
    opened = desk.says(CARLA, "The press stands", HELP)
    row = desk.ticket(opened.ticket)
    assert (row.resolved_at is not None, row.closed_at is not None) == (status == "resolved", status == "closed")
    assert {one["stopped_at"] is None for one in desk.told(opened.ticket)["clocks"]} == {False}
    assert {notice for notice, _ in desk.wait(days=5).summary()} <= {"closure"}
    assert desk.told(opened.ticket)["status"] == "closed"


@pytest.mark.parametrize("status", ["new", "pending", "resolved", "closed"])
@on_one_database
def test_what_a_rule_opens_can_be_rebuilt_from_its_events(desk: Conversation, status: str) -> None:
    """M4."""
    desk.writes(OPENS % status)
    opened = desk.says(CARLA, "The press stands", HELP)
    row, told = desk.ticket(opened.ticket), tickets.rebuild(desk.events(opened.ticket))
    for name in ("status", "assignee", "resolved_at", "closed_at", "policy", "line"):
        assert told[name] == getattr(row, name), name


@on_one_database
def test_a_ticket_that_an_agent_opens_with_commands_rests_like_any_other(desk: Conversation) -> None:
    desk.writes("rules:\n  - name: rests\n    on: idle 2d\n    when: {}\n    then: {tags: [rests]}\n")
    raw = letters.new(ADA, "The press stands", f"!new for {CARLA.address}\n!take\nIt stands.", **PROVED)
    opened = desk.takes(raw)
    desk.wait(minutes=1)
    desk.wait(days=2, minutes=1)
    assert desk.told(opened.ticket)["tags"] == ["rests"]
