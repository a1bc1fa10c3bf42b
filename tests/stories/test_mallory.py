"""What Mallory tried on the commands by mail: each test is an attack that worked once."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from maild.desk import held, inbox
from maild.policy import orders
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, MALLORY, SOREN, Person, Sent

HELP = "My badge does not open the garage any more since Monday. Can you have a look, please?"
FORGED = "mx.example.org; dmarc=fail header.from=customer.example"


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Garage", HELP)


def on(desk: Conversation, key: str) -> list[str]:
    return sorted(p["address"] for p in desk.told(key)["participants"])


def bare(who: Person, got: Sent, text: str, **more: str) -> bytes:
    """As a link of ours, or a telephone, answers: without a quote, and without saying what it answers."""
    return letters.new(who, f"Re: {got.subject}", text, to=got.reply_address, **more)


# -- a command that no agent gave -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_a_quoted_line_ends_where_its_program_ends_it(sign: str) -> None:
    """B33: for Python it also ends at signs that programs leave inside of a quoted line, as its writer meant it."""
    parsed = orders.parse(f"> Does it open?{sign}{sign}!close\n\nYes.\n\n> And the other one?\n\nNo.\n!note")
    assert [line.verb for line in parsed.lines] == ["note"]


@on_one_database
def test_an_outsiders_address_with_a_command_commands_nothing(desk: Conversation, opened: Turn) -> None:
    """M7: Carla put her own reply address, with a verb, into Cc of a mail that Ada answers to all."""
    trap = opened.to(CARLA).reply_address.replace("@", "-close@")
    vouched = "mx.example.org; dmarc=pass header.from=example.org"
    turn = desk.takes(
        letters.new(ADA, "Re: x", "I have a look.", to=CARLA.address, Cc=trap, Authentication_Results=vouched)
    )
    assert (turn.ticket, turn.fate["verdict"], turn.fate["commands"]) == (opened.ticket, "agent", [])
    assert desk.told(opened.ticket)["status"] == "open"
    own = opened.to(ADA).reply_address.replace("@", "-close@")
    desk.takes(letters.new(ADA, "Re: x", "", to=own))
    assert desk.told(opened.ticket)["status"] == "closed"


# -- onto a ticket ----------------------------------------------------------------------------------------------------


def two_wait(desk: Conversation, opened: Turn) -> tuple[Turn, Turn]:
    desk.configure(strangers="hold")
    good = desk.answers(SOREN, opened.to(CARLA), "I have the keys of the garage.")
    return good, desk.answers(MALLORY, opened.to(CARLA), "Me too. Is there news?")


@on_one_database
def test_the_second_yes_to_one_mail_lets_no_other_one_in(desk: Conversation, opened: Turn) -> None:
    good, _ = two_wait(desk, opened)
    desk.answers(BEN, good.to(BEN), "!accept")
    late = desk.answers(ADA, good.to(ADA), "!accept")
    assert [c["result"] for c in late.fate["commands"]] == ["refused"]
    assert on(desk, opened.ticket) == [SOREN.address]


@on_one_database
def test_a_link_says_which_mail_it_lets_in(desk: Conversation, opened: Turn) -> None:
    good, bad = two_wait(desk, opened)
    numbers = [row.id for row in held.listed()]
    for turn, number in zip((good, bad), numbers, strict=True):
        assert all(f"%21{verb}%20{number}%0A" in turn.to(ADA).html for verb in ("accept", "split", "drop"))
    desk.takes(bare(BEN, good.to(BEN), f"!accept {numbers[0]}\n"))
    late = desk.takes(bare(ADA, good.to(ADA), f"!accept {numbers[0]}\n"))
    assert [c["result"] for c in late.fate["commands"]] == ["refused"]
    assert on(desk, opened.ticket) == [SOREN.address]


@on_one_database
def test_split_means_the_mail_that_was_answered_although_another_waits(desk: Conversation, opened: Turn) -> None:
    more = desk.answers(CARLA, opened.to(CARLA), "Besides, my monitor is broken too. Could you look at it?")
    desk.configure(strangers="hold")
    desk.answers(MALLORY, opened.to(CARLA), "Is there news?")
    split = desk.answers(ADA, more.to(ADA), "!split")
    assert split.notices(CARLA) == ["acknowledgement"]
    assert split.nothing_to(MALLORY)
    assert len(held.listed()) == 1


@on_one_database
def test_a_forged_from_brings_nobody_along_by_reply_all(desk: Conversation, opened: Turn) -> None:
    """M9: an agent may bring along who is in Cc of a mail that nobody proved, not of one that is known to be forged."""
    more = {"Cc": MALLORY.mailbox, "Authentication_Results": FORGED}
    forged = desk.says(CARLA, f"Re: [{opened.ticket}] Garage", "And what is the new code?", **more)
    turn = desk.answers(ADA, forged.to(ADA), "It is 1234.\n!reply-all")
    assert turn.nothing_to(MALLORY)
    assert on(desk, opened.ticket) == []


@on_one_database
def test_who_the_server_says_is_forged_brings_nobody_along(desk: Conversation) -> None:
    turn = desk.says(CARLA, "Password", HELP, Cc=MALLORY.mailbox, Authentication_Results=FORGED)
    assert on(desk, turn.ticket) == []
    assert desk.answers(ADA, turn.to(ADA), "It is 1234.\n!reply-all").nothing_to(MALLORY)


# -- what nobody shall learn ------------------------------------------------------------------------------------------


@on_one_database
def test_no_outsider_can_count_the_internal_notes(desk: Conversation, opened: Turn) -> None:
    """M9: the revision of the ticket grows with each note."""
    desk.answers(ADA, opened.to(ADA), "!note\nShe has been warned before.")
    turn = desk.answers(ADA, opened.to(ADA), "Come by, please.")
    for mail in (opened.to(CARLA), turn.to(CARLA)):
        assert f"{mail.token}.r" not in mail.raw.decode()
        assert f"{mail.token} ·" not in mail.text
    assert ".r1." in opened.to(ADA)["Message-ID"]


@on_one_database
def test_a_token_in_a_subject_is_shown_to_nobody(desk: Conversation) -> None:
    """A subject stands among similar ones in notices of other tickets, whose answers it would lead to its writer."""
    first = desk.says(MALLORY, "Garage", HELP)
    token = first.to(MALLORY).token
    second = desk.says(MALLORY, f"{token} garage", HELP)
    assert token not in desk.told(second.ticket)["subject"]
    assert not second.to(ADA).has(token)


# -- a mail that is lost, or too many of them -------------------------------------------------------------------------


@on_one_database
def test_the_same_words_after_a_question_are_an_answer_to_it(desk: Conversation, opened: Turn) -> None:
    """B36 is for who presses the button twice, not for who says yes to two questions within an hour."""
    got = opened.to(ADA)
    asked = desk.takes(bare(ADA, got, "Yes, please."))
    desk.answers(CARLA, asked.to(CARLA), "And may I do the other thing as well?")
    second = desk.takes(bare(ADA, got, "Yes, please."))
    assert second.to(CARLA).notice == "public_reply"
    again = desk.takes(bare(ADA, got, "Yes, please."))
    assert again.fate["fate"] == "duplicate"


@on_one_database
def test_the_same_word_to_two_mails_that_wait_is_for_both(desk: Conversation, opened: Turn) -> None:
    """B36: a telephone quotes nothing, so that both say the same, but of another mail."""
    for turn in two_wait(desk, opened):
        raw = bare(ADA, turn.to(ADA), "!accept", In_Reply_To=turn.to(ADA)["Message-ID"])
        assert desk.takes(raw).fate["fate"] == "filed"
    assert on(desk, opened.ticket) == [MALLORY.address, SOREN.address]


@on_one_database
def test_taking_back_what_a_colleague_took_is_done(desk: Conversation, opened: Turn) -> None:
    desk.takes(bare(ADA, opened.to(ADA), "!take"))
    desk.takes(bare(BEN, opened.to(BEN), "!take"))
    desk.takes(bare(ADA, opened.to(ADA), "!take"))
    assert desk.told(opened.ticket)["assignee"] == "ada"


@on_one_database
def test_a_mail_that_comes_ten_times_is_answered_ten_times(desk: Conversation, opened: Turn) -> None:
    """B21, B36: each receipt that went out once more counted as one to send again: a thousand by the tenth copy."""
    turns = [desk.takes(bare(ADA, opened.to(ADA), "!take")) for _ in range(5)]
    assert [turn.notices(ADA) for turn in turns] == [["receipt"]] * 5


@on_one_database
def test_what_waits_outlives_retention(desk: Conversation, opened: Turn) -> None:
    desk.configure(strangers="hold")
    held = desk.answers(MALLORY, opened.to(CARLA), "Important words of a stranger.")
    inbox.expire(desk.now + timedelta(days=900), 100)
    desk.answers(ADA, held.to(ADA), "!accept")
    assert desk.told(opened.ticket)["messages"][-1]["text"] == "Important words of a stranger."


@on_one_database
def test_a_flood_of_strangers_keeps_no_agent_from_sending(desk: Conversation, opened: Turn) -> None:
    """B21, B37: neither the notice nor the word of confirmation gets lost among those who anybody can be."""
    desk.configure(strangers="hold")
    who = [Person("S", f"s{n}@evil.example") for n in range(52)]
    desk.takes_all([letters.new(one, f"[{opened.ticket}] x", f"Any news, {one.address}?") for one in who])
    desk.answers(BEN, opened.to(BEN), "You get a new badge.")
    stale = desk.answers(ADA, opened.to(ADA), "Please come by.").to(ADA, "stale")
    assert desk.answers(ADA, stale, "!send").to(CARLA).notice == "public_reply"


@on_one_database
def test_whose_from_is_forged_in_many_tickets_is_not_told_of_all_of_them(desk: Conversation) -> None:
    """B21, B25: each ticket that nobody answers writes to its requester each time that it is passed on."""
    victim = Person("Victim", "victim@elsewhere.example")
    desk.takes_all([letters.new(victim, f"Printer {n}", f"The printer {n} is broken.") for n in range(14)])
    sent = [mail for _ in range(8) for mail in desk.wait(hours=2).sent if mail.recipient == victim.address]
    assert len(sent) <= 20


# -- a desk that is busy ----------------------------------------------------------------------------------------------


@on_one_database
@pytest.mark.parametrize("text", ["x\n" + "-\n" * 100_000, "code-" * 100_000, "code " + "1-" * 100_000, "1 " * 100_000])
def test_no_robot_keeps_the_desk_busy(desk: Conversation, opened: Turn, text: str) -> None:
    """M5: what looks for codes of other services (B26) took hours for some of these."""
    robot = Person("R", "no-reply@evil.example")
    to = opened.to(CARLA).reply_address
    start = time.monotonic()
    desk.takes(letters.new(robot, "x", text, to=to, Auto_Submitted="auto-generated"))
    assert time.monotonic() - start < 5


@on_one_database
def test_one_mail_has_a_bounded_number_of_commands(desk: Conversation, opened: Turn) -> None:
    turn = desk.takes(bare(ADA, opened.to(ADA), "!help\n" * 200 + "!close"))
    assert len(turn.notices(ADA)) == orders.MOST + 1
    assert turn.fate["commands"][-1]["result"] == "refused"
    assert len(turn.fate["commands"]) == orders.MOST + 1
    assert desk.told(opened.ticket)["status"] == "new"


@on_one_database
def test_a_participant_is_shown_with_the_address(desk: Conversation) -> None:
    """B57: whoever is in Cc may be called Søren Krag."""
    turn = desk.says(CARLA, "Garage", HELP, Cc=f"Søren Krag <{MALLORY.address}>")
    assert f"Søren Krag {MALLORY.address}" in turn.to(ADA).text


def test_a_requester_of_whom_the_server_says_that_it_is_forged_closes_nothing(desk: Conversation) -> None:
    """M9: with a guessed tag anybody could close, reopen or rate in her name."""
    opened = desk.says(CARLA, "Screen", "My screen is black since this morning, please help.")
    solved = desk.answers(ADA, opened.to(ADA), "!resolve a new cable").to(CARLA)
    forged = {"Authentication_Results": "mx.example.org; dmarc=fail header.from=customer.example"}
    turn = desk.says(CARLA, f"Re: [{opened.ticket}] Screen", "Yes, it is solved.", **forged)
    assert turn.fate["verdict"] == "unverified"
    assert desk.told(opened.ticket)["status"] == "resolved"
    assert "nulla prova" in turn.to(ADA).text or "Attenzione" in turn.to(ADA).text
    assert desk.answers(CARLA, solved, "Yes, it is solved.").fate["verdict"] == "requester"
    assert desk.told(opened.ticket)["status"] == "closed"


def test_a_mail_with_nothing_but_a_logo_is_no_first_response(desk: Conversation) -> None:
    """B41."""
    opened = desk.says(CARLA, "Screen", "My screen is black since this morning, please help.")
    raw = letters.attach(letters.answer(ADA, opened.to(ADA), ""), "logo.png", b"\x89PNG")
    raw = raw.replace(b'Content-Disposition: attachment; filename="logo.png"', b"Content-Disposition: inline")
    turn = desk.takes(raw)
    assert turn.nothing_to(CARLA)
    assert turn.notices(ADA) == ["receipt"]
    assert desk.told(opened.ticket)["first_response_at"] is None
