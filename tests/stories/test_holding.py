"""What waits for a person's word, what must never be seen, and who is not there: strangers, tricks, notes, absences."""

from __future__ import annotations

import pytest

from maild.desk import held, inbox
from maild.policy.changes import Release
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, MALLORY, SOREN, Person, Sent

HELP = "My badge does not open the garage any more since Monday. Can you have a look, please?"
ASKS = "I am her neighbour in the garage, and mine does not work either. Is there news?"
CODE = "Your verification code is 482913. Enter it at https://social.example/verify?t=abc to confirm your address."
ROBOT = Person("Social", "no-reply@social.example")
MARK = "MARKER-7f3a"
STAFF = frozenset(p.address for p in (ADA, BEN, CLEO)) | {"dino@example.org", "mia@example.org", "dan@example.org"}


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Garage", HELP)


def strangers_wait(desk: Conversation, opened: Turn) -> Turn:
    """A mail of somebody else with Carla's token, which she has forwarded to him: held."""
    desk.configure(strangers="hold")
    turn = desk.answers(MALLORY, opened.to(CARLA), ASKS, Cc=SOREN.mailbox)
    assert (turn.fate["fate"], turn.ticket, turn.fate["verdict"]) == ("held", opened.ticket, "stranger")
    assert turn.notices(ADA) == turn.notices(BEN) == ["held"]
    assert turn.nothing_to(MALLORY)  # he learns nothing,
    assert turn.nothing_to(CARLA)  # nor does she
    assert ASKS in turn.to(ADA).text.replace("\n> ", " ")
    assert MALLORY.address in turn.to(ADA).text
    return turn


def on(desk: Conversation, key: str) -> list[str]:
    return sorted(p["address"] for p in desk.told(key)["participants"])


def next_mail(desk: Conversation) -> Turn:
    """Whatever comes next; what was released at the machine is handled with it."""
    return desk.says(GIULIA, "Altro", "Non c'entra nulla con questo, ma anche la macchina del caffè non va.")


def test_a_stranger_is_let_onto_the_ticket(desk: Conversation, opened: Turn) -> None:
    waits = strangers_wait(desk, opened)
    accepted = desk.answers(ADA, waits.to(ADA), "!accept")
    assert on(desk, opened.ticket) == [MALLORY.address]  # he, and nobody whom he wrote to as well
    assert accepted.nothing_to(MALLORY)
    assert accepted.nothing_to(CARLA)
    story = desk.told(opened.ticket)["messages"]
    assert [(m["author"], m["visibility"]) for m in story] == [(CARLA.address, "public"), (MALLORY.address, "public")]
    reply = desk.answers(BEN, opened.to(BEN), "Both of you get new badges.")
    assert {m.recipient for m in reply.sent if m.notice == "public_reply"} == {CARLA.address, MALLORY.address}
    assert desk.answers(MALLORY, reply.to(MALLORY), "Fine, thanks.").fate["verdict"] == "participant"
    assert held.listed() == []


def test_a_stranger_gets_a_ticket_of_his_own(desk: Conversation, opened: Turn) -> None:
    waits = strangers_wait(desk, opened)
    split = desk.answers(ADA, waits.to(ADA), "!split")
    mine = split.to(MALLORY, "acknowledgement")
    assert not mine.has(opened.ticket)
    assert on(desk, opened.ticket) == []
    new = mine.subject.partition("]")[0].lstrip("[")
    assert desk.told(new)["requester"]["address"] == MALLORY.address
    assert opened.ticket in split.to(BEN, "new_ticket").text
    reply = desk.answers(BEN, opened.to(BEN), "You get a new badge.")
    assert reply.nothing_to(MALLORY)
    assert not reply.to(CARLA).has(ASKS[:20])


@on_one_database
def test_a_stranger_is_sent_away_and_never_knows(desk: Conversation, opened: Turn) -> None:
    waits = strangers_wait(desk, opened)
    dropped = desk.answers(ADA, waits.to(ADA), "!drop")
    assert dropped.summary() == [("receipt", ADA.address)]
    late = desk.answers(BEN, waits.to(BEN), "!accept")  # Ben comes second
    assert [c["result"] for c in late.fate["commands"]] == ["refused"]
    assert on(desk, opened.ticket) == []
    assert held.listed() == []


@pytest.mark.parametrize("how", ["accept", "split", "drop"])
def test_the_administrator_decides_at_the_machine(desk: Conversation, opened: Turn, how: Release) -> None:
    """`maild held accept|split|drop NUMBER` does what the agents' word does."""
    strangers_wait(desk, opened)
    (waiting,) = held.listed()
    assert held.release(waiting.id, how, "administrator")
    assert not held.release(waiting.id, how, "administrator")  # once
    turn = next_mail(desk)
    assert (MALLORY.address in on(desk, opened.ticket)) == (how == "accept")
    assert (turn.notices(MALLORY) == ["acknowledgement"]) == (how == "split")
    assert inbox.get(waiting.id).fate == ("ignored" if how == "drop" else "filed")
    assert all(day["well"] for day in inbox.balance())


@on_one_database
@pytest.mark.parametrize("setting", ["hold", "new"])
@pytest.mark.parametrize("text", [CODE, "Hi!\n\n  482 913\n\nis what you need.", "Click: http://shop.example/c/9"])
def test_what_proves_a_mailbox_to_another_service_is_shown_to_no_outsider(
    desk: Conversation, opened: Turn, setting: str, text: str
) -> None:
    """B26: somebody registers elsewhere with support+TOKEN@ and waits for the desk to pass on the code."""
    desk.configure(strangers=setting)
    to = opened.to(CARLA).reply_address
    raw = letters.new(ROBOT, "Confirm your address 482913", text, to=to, Cc=MALLORY.mailbox)
    waits = desk.takes(letters.attach(raw, "code-482913.txt", b"482913"))
    assert waits.fate["fate"] == "held"
    assert {m.recipient for m in waits.sent} == {ADA.address, BEN.address}

    turns = [waits, desk.answers(ADA, waits.to(ADA), "!accept")]
    assert on(desk, opened.ticket) == []  # neither the robot nor whom it wrote to
    assert "nota interna" in turns[-1].to(ADA, "receipt").text
    turns.append(desk.answers(ADA, waits.to(ADA), "Not ours, I think.\n!note"))
    turns.append(desk.answers(BEN, opened.to(BEN), "You get a new badge."))
    turns.append(desk.answers(CARLA, turns[-1].to(CARLA), "And the mail with the code, did you get it?"))
    quoted = "\n".join(f"> {row}" for row in text.splitlines())
    raw = letters.new(BEN, "Re: x", f"Here:\n\n{quoted}\n\nDone.\n!resolve", to=opened.to(BEN).reply_address)
    turns.append(desk.takes(raw))
    turns.append(desk.wait(days=9))
    assert "resolution" in turns[-2].notices(CARLA)
    for mail in (m for turn in turns for m in turn.sent if m.recipient not in STAFF):
        for words in ("482913", "482 913", "social.example", "shop.example"):
            assert not mail.has(words), f"{mail.notice}: {words}"


@on_one_database
def test_no_note_gets_out_on_any_way(desk: Conversation) -> None:
    """M9: a long conversation with a mark in all that is internal: text, subject, file name, file."""
    marked = iter(f"{MARK}-{n}" for n in range(1000))
    got: list[Sent] = []
    opened = desk.says(CARLA, "Garage", HELP, Cc=SOREN.mailbox)
    other = desk.says(GIULIA, "Garage", "Il mio badge non apre più il garage, potete aiutarmi?")

    def plays(turn: Turn) -> Turn:
        got.extend(turn.sent)
        for mail in turn.sent:
            assert mail.recipient in STAFF or not leaks(mail), f"{mail.notice} to {mail.recipient}: {mail.text}"
        return turn

    def note(who: Person, to: Sent, *lines: str, style: str = "gmail") -> Turn:
        mark = next(marked)
        raw = letters.answer(who, to, "\n".join(("!note", f"Between us: {mark}.", *lines)), style)
        raw = raw.replace(b"Subject: Re:", f"Subject: {mark} Re:".encode())
        return plays(desk.takes(letters.attach(raw, f"{mark}.txt", mark.encode())))

    def answer(who: Person, to: Sent, text: str, style: str = "gmail", **more: str) -> Turn:
        return plays(desk.takes(letters.answer(who, to, text, style, **more)))

    first = note(BEN, opened.to(BEN), "!tag garage").to(ADA)
    note(ADA, first, style="outlook")
    # an answer that quotes the note in each way that programs have
    for style in letters.STYLES:
        answer(ADA, first, f"Please come to the desk ({style}).\n!public", style)
    inline = "\n".join(f"> {row}" for row in first.text.splitlines())
    plays(desk.takes(letters.new(ADA, "x", f"{inline}\n\nWe look at it.\n!public", to=first.reply_address)))
    # forwards, by agents to the desk and to the requester's address in Cc
    forward = f"FYI\n\n---------- Forwarded message ---------\nFrom: Desk\n\n{first.text}"
    plays(desk.takes(letters.new(ADA, "Fwd: Garage", forward, to=first.reply_address, Cc=CARLA.mailbox)))
    # notes that do something besides
    note(ADA, opened.to(ADA), "!pending for 2 hours")
    plays(desk.wait(hours=3))
    note(ADA, opened.to(ADA), "!escalate")
    story = next(m for m in reversed(got) if m.recipient == CLEO.address)
    assert MARK in story.text  # agents do see it
    answer(CLEO, story, f"I take over.\n\n> Between us: {MARK}-0.\n\nBring your badge.\n!take", "bottom")
    answer(CLEO, story, f"!remind in 1 hour\n{MARK} to be asked again\n!note")
    plays(desk.wait(hours=2))
    # a stale reply with a word that is none, and one that waits
    answer(BEN, opened.to(BEN), f"!nite\n{MARK} typed wrong")
    answer(BEN, opened.to(BEN), f"!note\n{MARK} from an old mail")
    # another ticket joins, with its own notes
    note(BEN, other.to(BEN), f"!merge {opened.ticket}")
    answer(GIULIA, other.to(GIULIA), "Ci sono novità?")
    answer(SOREN, next(m for m in got if m.recipient == SOREN.address), "Any news?")
    note(CLEO, story, "!resolve")
    answer(CARLA, next(m for m in got if m.notice == "resolution"), "No, it still does not open.")
    note(CLEO, story, "!line L3")
    answer(CLEO, story, "All badges are renewed.\n!resolve")
    note(CLEO, story, "!undo")
    note(CLEO, story, "!resolve New badges.")
    plays(desk.wait(days=4))
    answer(CARLA, [m for m in got if m.recipient == CARLA.address][-1], "It is broken again, what now?")
    note(CLEO, story, "!close")
    plays(desk.wait(days=10))

    outside = {m.recipient for m in got if m.recipient not in STAFF}
    assert outside == {CARLA.address, SOREN.address, GIULIA.address}
    assert {"public_reply", "resolution", "closure", "merged", "escalation_requester", "reopened"} <= {
        m.notice for m in got if m.recipient not in STAFF
    }


def leaks(mail: Sent) -> bool:
    """Whether a mark stands in any header, text, HTML, or attachment of a mail."""
    parts = [part for part in mail.mail.walk() if not part.is_multipart()]
    said = [*mail.mail.values(), *(part.get_filename() for part in parts)]
    said += [(part.get_payload(decode=True) or b"") for part in parts]
    return any(MARK in str(one) for one in said)


@on_one_database
def test_an_agents_absence_is_told_to_the_lead_and_is_no_answer(desk: Conversation, opened: Turn) -> None:
    """B17: whoever is away has not read it; two who are away do not write to each other for ever."""
    gone = "Sono in ferie fino a lunedì. Per urgenze chiamate il centralino."
    away: dict[str, str] = {"Auto_Submitted": "auto-replied", "Precedence": "bulk"}
    given = desk.answers(ADA, opened.to(ADA), "!assign ben").to(BEN, "assignment")
    told = desk.answers(BEN, given, "Jeg holder ferie til mandag.", **away)
    assert told.summary() == [("agent_away", ADA.address)]  # the lead
    assert "ferie til mandag" in told.to(ADA).text
    assert "Ben Holm" in told.to(ADA).text
    assert desk.told(opened.ticket)["first_response_at"] is None
    assert desk.clock(opened.ticket, "first_response")["stopped_at"] is None
    # the lead is away as well, and her machine answers that very notice
    both = desk.answers(ADA, told.to(ADA), gone, subject="Risposta automatica: Garage", **away)
    assert both.sent == []
    again = desk.answers(BEN, given, "Jeg holder ferie til mandag.", subject="Autosvar: Garage", **away)
    assert len(again.sent) <= 1
    # it changes nothing, and time goes on to warn who is left
    assert desk.told(opened.ticket)["assignee"] == "ben"
    late = desk.wait(hours=3)
    assert {m.notice for m in late.sent if m.recipient in STAFF} >= {"sla_breach"}
    # somebody comes back: one reply, and the ticket is answered
    back = desk.answers(ADA, told.to(ADA), "You get a new badge.\n!take")
    assert back.to(CARLA).notice == "public_reply"
    assert desk.told(opened.ticket)["assignee"] == "ada"
    assert not any(m.has("ferie") for m in back.sent if m.recipient not in STAFF)
