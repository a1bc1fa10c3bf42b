"""Mail that nobody wrote: it changes nothing, is never answered, and is never lost (M6, B14 to B21)."""

from __future__ import annotations

import pytest

from maild.desk.models import Outgoing
from maild.desk.models import Person as Row
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, Person

HELP = "The door of the server room does not open any more. Please help me."


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Door", HELP)


AWAY = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "Auto-Replied (vacation); owner-email=carla"},
    {"X_Autoreply": "yes"},
    {"subject": "Automatic reply: Door"},
    {"subject": "Risposta automatica: Door"},
    {"subject": "Automatisk svar: Door"},
]


@on_one_database
@pytest.mark.parametrize("signs", AWAY)
def test_an_out_of_office_changes_nothing_and_is_not_answered(
    desk: Conversation, opened: Turn, signs: dict[str, str]
) -> None:
    """B17."""
    desk.answers(ADA, opened.to(ADA), "It is open now.\n!resolve")
    before = {k: v for k, v in desk.told(opened.ticket).items() if k not in ("messages", "events", "clocks")}
    turn = desk.answers(CARLA, opened.to(CARLA), "I am away until Monday. Solved, thanks!", **signs)
    assert (turn.fate["kind"], turn.fate["fate"], turn.ticket) == ("auto_reply", "filed", opened.ticket)
    assert turn.sent == []
    after = {k: v for k, v in desk.told(opened.ticket).items() if k not in ("messages", "events", "clocks")}
    assert before == after


def test_an_agents_out_of_office_is_no_first_response_and_runs_nothing(desk: Conversation, opened: Turn) -> None:
    """B17, B33."""
    turn = desk.answers(ADA, opened.to(ADA), "I am away.\n!close", Auto_Submitted="auto-replied")
    assert turn.nothing_to(CARLA)
    told = desk.told(opened.ticket)
    assert (told["status"], told["first_response_at"]) == ("new", None)


def test_an_out_of_office_that_answers_nothing_opens_nothing(desk: Conversation) -> None:
    turn = desk.says(GIULIA, "Risposta automatica: ferie", "Sono assente fino a lunedì.", Auto_Submitted="auto-replied")
    assert turn.fate["fate"] == "ignored"
    assert turn.sent == []
    assert desk.count() == 0


def test_a_machines_mail_opens_a_ticket_without_an_acknowledgement(desk: Conversation) -> None:
    """B15: Microsoft stamps forwarded mail of people so; dropping it loses mail."""
    turn = desk.says(CARLA, "Disk full", HELP, Auto_Submitted="auto-generated")
    assert turn.fate["created"]
    assert turn.nothing_to(CARLA)
    assert turn.to(ADA).notice == "new_ticket"
    # nothing automatic later either, but an agent's words arrive
    assert desk.answers(ADA, turn.to(ADA), "!escalate").nothing_to(CARLA)
    assert desk.answers(ADA, turn.to(ADA), "We cleaned the disk.").notices(CARLA) == ["public_reply"]
    solved = desk.answers(ADA, turn.to(ADA), "The disk is bigger now.\n!resolve")
    assert [m.notice for m in solved.sent if m.recipient == CARLA.address and m.has("The disk is bigger now.")]
    assert desk.wait(days=4).nothing_to(CARLA)


@pytest.mark.parametrize(
    "who",
    [
        Person("Shop", "no-reply@shop.example"),
        Person("", "MAILER-DAEMON@shop.example"),
        letters.Person("Us", "support@example.org"),
    ],
)
def test_addresses_that_nobody_reads_are_not_acknowledged(desk: Conversation, who: Person) -> None:
    """B24, and B26: their codes are shown to nobody outside."""
    turn = desk.says(who, "Your code", "Your verification code is 123456, dear customer.")
    assert not any(m.recipient == who.address.lower() for m in turn.sent)
    assert not any(m.notice == "acknowledgement" for m in turn.sent)


def test_a_lists_mail_is_not_acknowledged(desk: Conversation) -> None:
    """B16."""
    turn = desk.says(CARLA, "Door", HELP, List_Id="<all.customer.example>", Precedence="list")
    assert turn.fate["created"]
    assert turn.nothing_to(CARLA)


def test_a_machine_that_answers_on_a_ticket_is_a_note(desk: Conversation, opened: Turn) -> None:
    desk.answers(ADA, opened.to(ADA), "Done.\n!resolve")
    turn = desk.answers(CARLA, opened.to(CARLA), "Case 42 was opened at our side.", Auto_Submitted="auto-generated")
    assert desk.told(opened.ticket)["status"] == "resolved"
    assert turn.nothing_to(CARLA)
    assert turn.to(ADA)


def test_our_own_mail_that_comes_back_is_ignored(desk: Conversation, opened: Turn) -> None:
    """B20."""
    for mail in (opened.to(CARLA), opened.to(ADA)):
        turn = desk.takes(mail.raw)
        assert (turn.fate["fate"], turn.fate["kind"]) == ("ignored", "loop")
        assert turn.sent == []
    turn = desk.answers(CARLA, opened.to(CARLA), "x", X_Maild_Instance="desk.example.org")
    assert turn.fate["fate"] == "ignored"


def test_two_desks_do_not_talk_to_each_other_for_long(desk: Conversation) -> None:
    """B20: the other maild's acknowledgement is automatic, and answers nothing that we acknowledge again."""
    other = Person("Other Desk", "help@other.example")
    opened = desk.says(other, "From the other desk", HELP)
    back = desk.answers(other, opened.to(other), "thank you for your message.", Auto_Submitted="auto-replied")
    assert back.sent == []


# -- bounces -----------------------------------------------------------------------------------------------------------


def test_a_bounce_lands_on_its_ticket_tells_the_agent_and_stops_automatic_mail(
    desk: Conversation, opened: Turn
) -> None:
    """B18, B19."""
    turn = desk.takes(letters.bounce(opened.to(CARLA)), envelope_to=(opened.to(CARLA).reply_address,))
    assert (turn.fate["kind"], turn.fate["fate"], turn.ticket) == ("dsn_failed", "filed", opened.ticket)
    assert not turn.fate["created"]
    assert turn.nothing_to(CARLA)
    assert "carla@customer.example" in turn.to(ADA, "undelivered").text
    assert not any("daemon" in m.recipient.lower() for m in turn.sent)
    assert desk.answers(ADA, opened.to(ADA), "!escalate").nothing_to(CARLA)
    assert desk.answers(ADA, opened.to(ADA), "A person wrote this.").notices(CARLA) == ["public_reply"]
    assert desk.wait(days=31).notices(CARLA) == ["escalation_requester"]  # of L2, which did nothing


def test_a_bounce_marks_the_delivery(desk: Conversation, opened: Turn) -> None:
    Outgoing.update(state="sent").execute()
    ack = opened.to(CARLA)
    desk.takes(letters.bounce(ack).replace(ack.reply_address.encode(), b"support@example.org"))
    row = Outgoing.get(Outgoing.notice == "acknowledgement")
    assert (row.state, "no such user" in row.answer) == ("failed", True)


def test_a_delay_is_noted_and_stops_nothing(desk: Conversation, opened: Turn) -> None:
    turn = desk.takes(letters.bounce(opened.to(CARLA), "4.4.1", "delayed"))
    assert (turn.fate["kind"], turn.ticket, turn.sent) == ("dsn_delayed", opened.ticket, [])
    assert desk.answers(ADA, opened.to(ADA), "!escalate").notices(CARLA) == ["escalation_requester"]


def test_a_bounce_of_an_agents_mail_is_noted_and_says_nothing_of_the_requester(
    desk: Conversation, opened: Turn
) -> None:
    turn = desk.takes(letters.bounce(opened.to(ADA)))
    assert turn.ticket == opened.ticket
    assert turn.nothing_to(CARLA)
    assert "undelivered" not in turn.notices(ADA)


def test_a_bounce_without_a_match_goes_to_the_ledger_alone(desk: Conversation, opened: Turn) -> None:
    """B18."""
    raw = letters.bounce(opened.to(CARLA)).replace(opened.to(CARLA).token.encode(), b"nothing")
    turn = desk.takes(raw)
    assert (turn.fate["fate"], turn.fate["ticket"]) == ("ignored", None)
    assert desk.count() == 1


def test_a_forged_bounce_silences_nobody(desk: Conversation, opened: Turn) -> None:
    """Anybody can write a report that names an address, and a ticket's tag."""
    ack = opened.to(CARLA)
    other = desk.says(MALLORY, "x", "Something is wrong with my machine, please help.").to(MALLORY)
    for proof in ("", other.token):
        raw = letters.bounce(ack).replace(ack.token.encode(), proof.encode() or b"x")
        raw = raw.replace(b"Undelivered Mail", f"[{opened.ticket}] Undelivered".encode())
        desk.takes(raw)
    assert Row.get(address=CARLA.address).bounced_until is None
    assert desk.answers(ADA, opened.to(ADA), "!escalate").notices(CARLA) == ["escalation_requester"]
    assert desk.says(BEN, "y", "z") is not None
