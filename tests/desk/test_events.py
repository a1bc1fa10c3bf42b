"""M4: the ticket row is a fold over its events; nothing else is known of a ticket."""

from __future__ import annotations

from maild.desk import tickets
from maild.desk.models import Ticket
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA


def rebuilt_equals_row(desk: Conversation, key: str) -> None:
    ticket = desk.ticket(key)
    told = tickets.rebuild(desk.events(key))
    derived = {"id", "revision"}
    found_by = {"grouped", "touched_at"}  # kept for looking tickets up alone
    row = {n: getattr(ticket, n) for n in Ticket._meta.fields if n not in derived | found_by}
    row["requester"] = ticket.requester.address
    assert told == row


def test_the_row_can_be_rebuilt_after_each_step_of_a_long_conversation(desk: Conversation) -> None:
    opened = desk.says(CARLA, "VPN", "My VPN does not connect since this morning. Please help me.")
    key = opened.ticket
    ada, ben = opened.to(ADA), opened.to(BEN)
    rebuilt_equals_row(desk, key)
    for who, got, text in (
        (ADA, ada, "!take\n!tag one\n!tag two"),
        (ADA, ada, "!note\nOnly for us"),
        (BEN, ben, "!untag one\n!priority high\n!impact low"),
        (ADA, ada, "Have you restarted it?\n!pending"),
        (CARLA, opened.to(CARLA), "Yes, twice, and it did not help."),
        (ADA, ada, "!type request\n!category network/vpn\n!assign ben"),
        (BEN, ben, "!release\n!escalate"),
        (BEN, ben, "I have solved it after all.\n!resolve"),
        (CARLA, opened.to(CARLA), "No, still broken"),
        (ADA, ada, "And now?\n!resolve by magic"),
        (CARLA, opened.to(CARLA), "Yes, solved, thanks"),
        (CARLA, opened.to(CARLA), "5"),
        (CARLA, opened.to(CARLA), "The trouble has come back today."),
        (ADA, ada, "!close"),
    ):
        turn = desk.answers(who, got, text)
        rebuilt_equals_row(desk, key)
        if turn.fate["fate"] == "held":  # B37: what it answers is old by now
            desk.answers(who, turn.to(who, "stale"), "!send")
            rebuilt_equals_row(desk, key)
    told = desk.told(key)
    assert (told["status"], told["satisfaction"], told["resolution"]) == ("closed", "5", "by magic")
    assert all(event.why and event.by and event.configuration for event in desk.events(key))


def test_the_row_can_be_rebuilt_after_timers_and_bounces(desk: Conversation) -> None:
    opened = desk.says(CARLA, "", "Something is wrong here, but I cannot say what it is.")
    desk.wait(hours=3)
    desk.wait(hours=30)
    rebuilt_equals_row(desk, opened.ticket)
    turn = desk.answers(ADA, opened.to(ADA), "Done.\n!resolve")
    desk.wait(days=4)
    rebuilt_equals_row(desk, opened.ticket)
    assert desk.told(opened.ticket)["status"] == "closed", turn.fate


def test_what_changes_nothing_leaves_no_event(desk: Conversation) -> None:
    opened = desk.says(CARLA, "VPN", "My VPN does not connect since this morning. Please help me.")
    desk.answers(ADA, opened.to(ADA), "!take\n!priority medium")
    before = len(desk.events(opened.ticket))
    desk.answers(ADA, opened.to(ADA), "!take\n!priority medium\n!untag nothing\n!status open")
    assert len(desk.events(opened.ticket)) == before
