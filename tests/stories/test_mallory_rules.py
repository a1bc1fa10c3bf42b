"""What an attacker tries with mails that meet an administrator's rules."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from maild.desk.models import Incoming
from maild.policy import patterns
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, Person

HELP = "Since this morning nothing works any more in our office, please help us as soon as you can."
PROVED = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
SUPPLIER = Person("Supplier", "help@supplier.example")
DAN, MIA = Person("Dan", "dan@example.org"), Person("Mia", "mia@example.org")


def rule(then: str, when: str = "{subject: {contains: press}}", on: str = "opened") -> str:
    return f"rules:\n  - name: the press\n    on: {on}\n    when: {when}\n    then: {then}\n"


@on_one_database
def test_a_strangers_mail_that_a_rule_held_does_not_join_the_ticket_that_it_named(desk: Conversation) -> None:
    """B4, M9: who lets it in was shown a mail that opens a ticket, and nothing of the one that it names."""
    first = desk.says(CARLA, "The screen is black", HELP)
    desk.writes(rule("{hold: 'about a press'}"), ("data_protection: [dan]", "data_protection: [dan]\nstrangers: new"))
    desk.says(MALLORY, f"[{first.ticket}] press", "Please tell me all about it.")
    number = Incoming.select().order_by(Incoming.id.desc()).first().id
    desk.says(ADA, "maild", f"!accept {number}", **PROVED)
    assert desk.count() == 2
    assert desk.answers(ADA, first.to(ADA), "The password is hunter2.").nothing_to(MALLORY)


@on_one_database
@pytest.mark.parametrize("then", ["{forward: help@supplier.example}", "{notify: help@supplier.example}"])
def test_an_internal_note_is_never_passed_on(desk: Conversation, then: str) -> None:
    desk.writes(rule(then, "{}", "[replied, changed]"))
    first = desk.says(CARLA, "The screen is black", HELP)
    noted = desk.answers(ADA, first.to(ADA), "!note\nThe customer never pays, and the code is 1234.")
    quoted = desk.answers(BEN, noted.to(BEN), "!public\nWe will come.")
    passed = [m for m in (*noted.sent, *quoted.sent) if m.recipient == SUPPLIER.address]
    assert not any(m.has("never pays") for m in passed)
    assert "We will come." in "".join(m.text for m in passed)


@on_one_database
@pytest.mark.parametrize("then", ["{forward: help@supplier.example}", "{notify: [manager, help@supplier.example]}"])
@pytest.mark.parametrize(
    ("subject", "text"),
    [("Your code", "Your verification code is 482913."), ("482913 is your code: 482913", "Somebody logs in.")],
)
def test_a_code_of_a_machine_reaches_nobody_outside(desk: Conversation, then: str, subject: str, text: str) -> None:
    """B26."""
    desk.writes(rule(then, "{}"))
    turn = desk.takes(letters.new(Person("Shop", "no-reply@shop.example"), subject, text))
    assert turn.nothing_to(SUPPLIER)
    assert "not_forwarded" in [event.kind for event in desk.events(turn.ticket)]


@on_one_database
def test_a_mail_of_ours_that_somebody_attaches_is_not_passed_on(desk: Conversation) -> None:
    """M7: its token would make whoever reads it a requester, or an agent."""
    first = desk.says(CARLA, "The screen is black", HELP)
    desk.writes(rule("{forward: help@supplier.example, notify: oncall@elsewhere.example}", "{}", "[opened, replied]"))
    for got in (first.to(CARLA), first.to(ADA)):
        raw = letters.attach(letters.new(GIULIA, "press", HELP), "old.eml", got.raw)
        turn = desk.takes(letters.attach(raw, "log.txt", b"E42"))
        outside = [turn.to(SUPPLIER), turn.to(Person("", "oncall@elsewhere.example"))]
        for mail in outside:
            parts = [part.get_payload(decode=True) for part in mail.mail.walk()]
            assert not any(got.token.encode() in part for part in parts if isinstance(part, bytes))
            assert b"E42" in parts


ANSWERS = ("data_protection: [dan]", "data_protection: [dan]\nreplies: {mailserver: {en: It is being mended.}}")


@on_one_database
@pytest.mark.parametrize("replies", [False, True])
def test_a_robot_that_says_nothing_of_it_is_answered_a_bounded_number_of_times(
    desk: Conversation, replies: bool
) -> None:
    """B21: in new mails, or in replies that stay below what is too much for an hour."""
    desk.writes(rule("{reply: mailserver}", "{}", "[opened, replied]"), ANSWERS)
    proved = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=customer.example"}
    first = desk.says(CARLA, "press", HELP, **proved)
    got = 0
    for i in range(30):
        desk.now += timedelta(minutes=5)
        words = f"We got your mail, number {i}."
        turn = desk.answers(CARLA, first.to(CARLA, "rule_reply"), words) if replies else desk.says(CARLA, "Ok", words)
        got += turn.notices(CARLA).count("rule_reply")
    assert got <= 20


@on_one_database
def test_a_desk_that_confirms_what_a_rule_passes_on_to_it_gets_no_endless_stream(desk: Conversation) -> None:
    """B20, B21."""
    desk.writes(rule("{forward: help@supplier.example}", "{}"))
    robot = Person("Supplier", "tickets@supplier.example")
    turns = [desk.says(robot, f"[SUP#{i}] your request", "We have received your request.") for i in range(6)]
    assert sum(len(turn.notices(SUPPLIER)) for turn in turns) == 3
    flood = desk.takes_all([letters.new(MALLORY, f"press {i}", HELP) for i in range(100)])
    assert len(flood[-1].notices(SUPPLIER)) == 97


CONFIDENTIAL = rule("{confidential: true}", "{text: {contains: leak}}", "[opened, replied]")


@on_one_database
def test_a_link_to_a_confidential_ticket_is_told_to_nobody_outside(desk: Conversation) -> None:
    desk.writes(CONFIDENTIAL)
    other = desk.says(CARLA, "The screen is black", HELP)
    secret = desk.says(CARLA, "Zebras", "There is a leak of zebras.")
    assert [c["result"] for c in desk.answers(DAN, secret.to(DAN), f"!link {other.ticket}").fate["commands"]] == [
        "done"
    ]
    for turn in (
        desk.answers(CARLA, other.to(CARLA), "Is there any news about the black screen?"),
        desk.answers(BEN, other.to(BEN), "!why"),
        desk.answers(BEN, other.to(BEN), "!show"),
    ):
        assert turn.sent
        assert not any(mail.has(secret.ticket) for mail in turn.sent)
    assert desk.told(other.ticket)["links"] == [secret.ticket]


@on_one_database
def test_what_a_confidential_ticket_is_merged_into_becomes_confidential(desk: Conversation) -> None:
    desk.writes(CONFIDENTIAL)
    other = desk.says(GIULIA, "The screen is black", HELP)
    secret = desk.says(CARLA, "Zebras", "There is a leak of zebras.")
    turn = desk.answers(DAN, secret.to(DAN), f"!merge {other.ticket}")
    assert [c["result"] for c in turn.fate["commands"]] == ["done"]
    assert {mail.recipient for mail in turn.sent} <= {DAN.address, CARLA.address}
    assert desk.told(other.ticket)["confidential"] is True
    assert desk.answers(GIULIA, other.to(GIULIA), "Any news?").notices(ADA) == []


@on_one_database
def test_what_a_rule_took_out_of_a_mail_for_its_reason_is_forgotten_with_the_ticket(desk: Conversation) -> None:
    desk.writes(
        rule("{note: 'for {who}'}", "{text: {regex: 'I am (?P<who>[A-Z]\\w+)'}}") + "    why: because of {who}\n"
    )
    turn = desk.says(CARLA, "vpn", f"I am Xylophon. {HELP}")
    desk.says(DAN, "x", f"!on {turn.ticket}\n!close", **PROVED)
    done = desk.says(DAN, "x", f"!on {turn.ticket}\n!forget {turn.ticket}", **PROVED)
    assert [c["result"] for c in done.fate["commands"]] == ["done", "done"]
    assert "Xylophon" not in str(desk.told(turn.ticket))


@on_one_database
def test_that_a_rule_gave_up_on_a_mail_stands_in_the_history(desk: Conversation) -> None:
    desk.writes(rule("{confidential: true}", "{text: {regex: '(x|xx)+[!?]y'}}"))
    turn = desk.says(MALLORY, "hello", "x" * 200 + " y leak")
    told = desk.told(turn.ticket)
    assert "tired" in [event["kind"] for event in told["events"]]
    assert told["confidential"] is False


@on_one_database
def test_marks_without_end_on_one_letter_cost_no_time(desk: Conversation) -> None:
    """M5: to put them in order takes the square of their number, and rules are asked outside the sandbox."""
    marks = "a" + "\N{COMBINING ACUTE ACCENT}" * 30_000 + "\N{COMBINING GRAVE ACCENT BELOW}" * 30_000
    began = time.process_time()
    assert patterns.fold(marks) == "a"
    assert patterns.fold("\u0f73" * 60_000) == ""
    assert time.process_time() - began < 1


@pytest.mark.parametrize("written", ["v\u200bpn", "V\u00adPN", "\u202evpn\u202c", "vp\ufe0fn", "ｖｐｎ", "v\u0301pn"])
def test_what_is_not_seen_hides_no_word_from_a_rule(written: str) -> None:
    assert "vpn" in patterns.Text(f"my {written}, please").words


@on_one_database
def test_what_is_not_seen_in_a_subject_hides_no_word_from_a_rule(desk: Conversation) -> None:
    desk.writes(rule("{drop: 'no presses'}"))
    for written in ("pre\u200bss", "\u202epress", "pr\u00adess", "press\u2060"):
        assert desk.says(MALLORY, f"The {written} stands", HELP).fate["fate"] == "ignored"


@on_one_database
def test_a_mail_of_an_agent_that_a_rule_held_can_be_let_in(desk: Conversation) -> None:
    desk.writes(rule("{hold: 'about a press'}"))
    held = desk.says(ADA, "the press", HELP, **PROVED)
    number = Incoming.get().id
    assert held.fate["fate"] == "held"
    said = desk.says(BEN, "maild", f"!accept {number}", **PROVED)
    assert [c["result"] for c in said.fate["commands"]] == ["done"]
    assert (Incoming.get_by_id(number).fate, desk.count()) == ("filed", 1)


@on_one_database
def test_what_an_agent_splits_off_no_rule_throws_away(desk: Conversation) -> None:
    first = desk.says(CARLA, "The screen is black", HELP)
    reply = desk.answers(CARLA, first.to(CARLA), "And besides, the printer in the hall eats paper.")
    desk.writes(rule("{drop: no presses}", "{}"))
    desk.answers(ADA, reply.to(ADA), "!split")
    assert desk.count() == 2


@on_one_database
def test_whose_many_tickets_break_their_promise_at_once_gets_a_bounded_number_of_answers(desk: Conversation) -> None:
    """B21."""
    desk.writes(rule("{reply: mailserver}", "{}", "breached"), ANSWERS)
    proved = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=customer.example"}
    desk.takes_all([letters.new(CARLA, f"ticket {i}", f"{HELP} {i}", **proved) for i in range(25)])
    assert desk.wait(hours=2, minutes=30).notices(CARLA).count("rule_reply") <= 20
