"""Agents work by replying to mails: what goes out, what stays inside, and what each command does."""

from __future__ import annotations

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, SOREN

HELP = "My computer shows a blue screen since this morning. Please help me."
SECRET = "MARKER-the-users-never-see-this"


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Blue screen", HELP)


@on_one_database
@pytest.mark.parametrize("style", letters.STYLES)
def test_an_agents_reply_reaches_the_requester_word_for_word_and_alone(
    desk: Conversation, opened: Turn, style: str
) -> None:
    """B29: neither a quote, nor a command, nor the agent's token, nor anything internal."""
    got = opened.to(ADA)
    turn = desk.answers(ADA, got, "Have you restarted it?\n\nWhich model is it?\n!take", style)
    assert turn.fate["verdict"] == "agent"
    reply = turn.to(CARLA)
    assert reply.notice == "public_reply"
    assert "Have you restarted it?\n\nWhich model is it?\n" in reply.text
    assert desk.told(opened.ticket)["messages"][-1]["text"] == "Have you restarted it?\n\nWhich model is it?"
    for hidden in ("!take", got.token, "Prendi in carico", "Interno", "solo per il servizio", "ada@example.org", "L1"):
        assert not reply.has(hidden), hidden
    assert reply["Auto-Submitted"] == ""  # B24: an agent wrote it
    assert reply["In-Reply-To"] == "<" + str(desk.told(opened.ticket)["messages"][0]["message_id"]) + ">"
    told = desk.told(opened.ticket)
    assert (told["status"], told["assignee"]) == ("open", "ada")
    assert told["first_response_at"] is not None


def test_an_interleaved_answer_does_not_carry_the_agents_token_out(desk: Conversation, opened: Turn) -> None:
    """Whoever gets an agent's token could write as that agent."""
    got = opened.to(ADA)
    quoted = "\n".join(f"> {line}" for line in got.text.splitlines())
    for text in (
        f"{quoted}\n\nAnswer below all.",
        f"Top.\n> [{opened.ticket} · {got.token}]\nIn between.",
        f"See {got.token}",
    ):
        raw = letters.new(ADA, "Re: " + got.subject, text, to=got.reply_address)
        turn = desk.takes(raw)
        assert not turn.to(CARLA).has(got.token)
        assert got.token not in str(desk.told(opened.ticket))


def test_what_an_agent_attaches_goes_along(desk: Conversation, opened: Turn) -> None:
    raw = letters.attach(letters.answer(ADA, opened.to(ADA), "Follow this guide."), "guide.pdf", b"%PDF")
    reply = desk.takes(raw).to(CARLA)
    assert [p.get_filename() for p in reply.mail.walk() if p.get_filename()] == ["guide.pdf"]


def test_the_one_who_acts_is_not_told_and_the_requesters_answer_goes_to_who_has_it(
    desk: Conversation, opened: Turn
) -> None:
    """B27."""
    turn = desk.answers(ADA, opened.to(ADA), "Have you restarted it?")
    assert turn.notices(ADA) == []
    answer = desk.answers(CARLA, turn.to(CARLA), "Yes, twice, to no avail.")
    assert answer.summary() == [("requester_reply", ADA.address)]
    assert answer.nothing_to(CARLA)


def test_a_mail_of_commands_alone_sends_the_requester_nothing(desk: Conversation, opened: Turn) -> None:
    """B33."""
    turn = desk.answers(ADA, opened.to(ADA), "!take\n!priority high\n!tag hardware")
    assert turn.nothing_to(CARLA)
    told = desk.told(opened.ticket)
    assert (told["assignee"], told["priority"], told["tags"], told["status"]) == ("ada", "high", ["hardware"], "open")
    assert [c["result"] for c in turn.fate["commands"]] == ["done"] * 3
    assert told["first_response_at"] is None
    assert turn.notices(ADA) == ["receipt"]


def test_commands_in_quotes_and_signatures_do_nothing(desk: Conversation, opened: Turn) -> None:
    """B33."""
    raw = letters.answer(ADA, opened.to(ADA), "Hello!\n\n-- \nAda\n!close")
    raw = raw.replace(b"wrote:", b"wrote:\r\n\r\n> !resolve")
    turn = desk.takes(raw)
    assert turn.fate["commands"] == []
    assert desk.told(opened.ticket)["status"] == "open"


def test_a_note_stays_inside_with_all_that_follows_from_it(desk: Conversation, opened: Turn) -> None:
    """B28, M9."""
    raw = letters.attach(letters.answer(ADA, opened.to(ADA), f"!note\n{SECRET}\n!take"), f"{SECRET}.txt", b"inside")
    turn = desk.takes(raw)
    assert turn.nothing_to(CARLA)
    told = desk.told(opened.ticket)
    assert told["messages"][-1]["visibility"] == "internal"
    assert told["first_response_at"] is None  # B41
    # Ben answers the note of somebody else: it stays inside whatever he writes
    note = desk.answers(BEN, opened.to(BEN), f"!note\n{SECRET} again").to(ADA, "internal_note")
    assert SECRET in note.text
    answer = desk.answers(ADA, note, f"I agree. {SECRET}")
    assert answer.nothing_to(CARLA)
    assert desk.told(opened.ticket)["messages"][-1]["visibility"] == "internal"
    public = desk.answers(ADA, note, "We are on it.\n!public")
    assert "We are on it." in public.to(CARLA).text
    assert not public.to(CARLA).has(SECRET)
    # nor does it come out with anything later
    later = [
        desk.answers(ADA, opened.to(ADA), "Done now.\n!resolve"),
        desk.answers(CARLA, public.to(CARLA), "No, still broken"),
        desk.answers(ADA, opened.to(ADA), "!escalate"),
        desk.wait(hours=30),
        desk.answers(ADA, opened.to(ADA), "!close"),
    ]
    for got in (m for t in later for m in t.sent if m.recipient == CARLA.address):
        assert not got.has(SECRET), got.notice


def test_a_note_that_resolves_sends_neither_its_text_nor_its_files(desk: Conversation, opened: Turn) -> None:
    raw = letters.answer(ADA, opened.to(ADA), f"!note\n{SECRET}\n!resolve")
    turn = desk.takes(letters.attach(raw, "inside.txt", b"what only agents may read"))
    resolution = turn.to(CARLA)
    assert resolution.notice == "resolution"
    assert not resolution.has(SECRET)
    assert not resolution.has("inside.txt")
    assert not any(p.get_filename() for p in resolution.mail.walk())
    receipt = turn.to(ADA, "receipt")
    assert "non lo vede" in receipt.text or "nota interna" in receipt.text.lower()


def test_assign_tells_the_one_who_gets_it(desk: Conversation, opened: Turn) -> None:
    turn = desk.answers(ADA, opened.to(ADA), "!assign ben")
    assert "Ada Rossi" in turn.to(BEN, "assignment").text
    assert desk.told(opened.ticket)["assignee"] == "ben"
    turn = desk.answers(BEN, turn.to(BEN), "!assign Cleo Jensen")
    told = desk.told(opened.ticket)
    assert (told["assignee"], told["line"]) == ("cleo", "L2")
    assert HELP in turn.to(CLEO, "assignment").text


def test_pending_waits_and_the_requesters_answer_opens_it_again(desk: Conversation, opened: Turn) -> None:
    turn = desk.answers(ADA, opened.to(ADA), "Please send me the model.\n!status pending")
    assert desk.told(opened.ticket)["status"] == "pending"
    desk.answers(CARLA, turn.to(CARLA), "It is a T14.")
    assert desk.told(opened.ticket)["status"] == "open"


def test_escalate_tells_the_next_line_the_whole_story_and_the_requester(desk: Conversation, opened: Turn) -> None:
    """P7."""
    desk.answers(ADA, opened.to(ADA), "Have you restarted it?")
    turn = desk.answers(ADA, opened.to(ADA), "!escalate")
    told = desk.told(opened.ticket)
    assert (told["line"], told["assignee"]) == ("L2", None)
    story = turn.to(CLEO, "escalation_line").text
    assert "(resolution)" in story  # until when it is promised
    assert "blue screen" in story
    assert "Have you restarted it?" in story
    assert turn.notices(CARLA) == ["escalation_requester"]
    assert not turn.to(CARLA).has("L2")
    assert desk.answers(CLEO, turn.to(CLEO), "I take over from here.\n!take").to(CARLA).notice == "public_reply"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("!impact high", "priority", "high"),
        ("!urgency low", "priority", "low"),
        ("!category network/vpn", "service", "vpn"),
        ("!type request", "type", "request"),
        ("!escalate L3", "line", "L3"),
        ("!status open", "status", "open"),
    ],
)
def test_a_command_changes_what_it_says(desk: Conversation, opened: Turn, line: str, field: str, value: str) -> None:
    turn = desk.answers(ADA, opened.to(ADA), line)
    assert turn.fate["commands"][0]["result"] == "done"
    assert desk.told(opened.ticket)[field] == value


def test_an_unknown_word_holds_the_text_back_and_is_answered_with_the_nearest(desk: Conversation, opened: Turn) -> None:
    """B34: it may have been meant to keep the text inside."""
    turn = desk.answers(ADA, opened.to(ADA), f"!nite\n{SECRET}")
    assert turn.nothing_to(CARLA)
    assert turn.fate["commands"] == [
        {"line": "!nite", "result": "unknown", "message": "there is no such command; did you mean !note?"}
    ]
    receipt = turn.to(ADA, "receipt")
    assert "!note" in receipt.text
    assert "1 errore" in receipt.subject
    told = desk.told(opened.ticket)
    assert told["messages"][-1]["text"] == SECRET  # B33: recorded first
    assert told["first_response_at"] is None


@pytest.mark.parametrize(
    ("who", "line", "words"),
    [
        (ADA, "!priority huge", "non è possibile"),
        (BEN, "!assign nobody", "nobody"),
        (CLEO, "!escalate L9", "there is no line"),
        (CLEO, "!pending until soon", "no time to come"),
    ],
)
def test_a_refused_command_is_said_in_the_agents_language(
    desk: Conversation, opened: Turn, who: letters.Person, line: str, words: str
) -> None:
    """B35."""
    if who is CLEO:
        opened = desk.answers(ADA, opened.to(ADA), "!escalate")
    turn = desk.answers(who, opened.to(who), f"I look into it.\n{line}")
    receipt = turn.to(who, "receipt")
    assert words in receipt.text
    assert line in receipt.text
    assert "+" not in receipt.reply_address  # it takes no commands
    assert turn.fate["commands"][0]["result"] == "refused"
    assert "I look into it." in turn.to(CARLA).text  # refused, but understood: nothing to hold back


def test_help_is_in_the_agents_language_whatever_they_wrote(desk: Conversation, opened: Turn) -> None:
    turn = desk.answers(
        BEN, opened.to(BEN), "!help\n\nWhat was the command for closing these tickets again, please?\n!note"
    )
    assert "lukker sagen" in turn.to(BEN, "help").text


def test_the_same_command_mail_twice_has_one_effect(desk: Conversation, opened: Turn) -> None:
    """B36."""
    raw = letters.answer(ADA, opened.to(ADA), "!escalate")
    desk.takes(raw)
    assert desk.takes(raw).sent == []
    assert desk.told(opened.ticket)["line"] == "L2"


def test_an_agent_writes_from_the_second_address(desk: Conversation, opened: Turn) -> None:
    """B38."""
    home = letters.Person("Ada", "ada@home.example")
    turn = desk.answers(home, opened.to(ADA), "Have you restarted it?\n!take")
    assert turn.fate["verdict"] == "agent"
    assert turn.to(CARLA).notice == "public_reply"
    assert not turn.to(CARLA).has("home.example")
    assert desk.told(opened.ticket)["assignee"] == "ada"


def test_an_agent_can_be_proved_by_the_mail_server(desk: Conversation, opened: Turn) -> None:
    """M7: an aligned pass of the pinned server, topmost."""
    passed = "mx.example.org; dkim=pass header.d=example.org"
    raw = letters.new(ADA, f"Re: [{opened.ticket}] Blue screen", "!take", Authentication_Results=passed)
    assert desk.takes(raw).fate["verdict"] == "agent"
    assert desk.told(opened.ticket)["assignee"] == "ada"


@pytest.mark.parametrize("address", ["ada@example.org", "ada@home.example"])
def test_an_agent_is_the_requester_of_their_own_ticket(desk: Conversation, address: str) -> None:
    """B38: their words are a requester's, and never a first response (B41)."""
    me = letters.Person("Ada Rossi", address)
    opened = desk.says(me, "My own screen", "Il mio monitor non si accende più da stamattina, qualcuno mi aiuta?")
    ack = next(m for m in opened.sent if m.notice == "acknowledgement")
    assert ack.recipient == ADA.address
    assert ack["Content-Language"] == "it"
    turn = desk.answers(me, ack, "!close\nMi servirebbe entro oggi.")
    assert turn.fate["verdict"] == "requester"
    told = desk.told(opened.ticket)
    assert (told["status"], told["first_response_at"]) == ("new", None)
    answered = desk.answers(BEN, turn.to(BEN, "requester_reply"), "I bring you another one.\n!resolve")
    assert answered.notices(ADA) == ["resolution"]
    closed = desk.answers(me, answered.to(ADA), "Risolto, grazie")
    assert desk.told(opened.ticket)["status"] == "closed", closed.fate


def test_many_tickets_of_many_people_do_not_mix(desk: Conversation) -> None:
    first, second = (
        desk.says(CARLA, "One", HELP),
        desk.says(GIULIA, "Two", "Non funziona la stampante del terzo piano."),
    )
    reply = desk.answers(ADA, second.to(ADA), "Provo subito.")
    assert reply.nothing_to(CARLA)
    assert reply.to(GIULIA).notice == "public_reply"
    third = desk.says(SOREN, "Tre", "Min computer er langsom i dag, kan I hjælpe mig?")
    assert len({first.ticket, second.ticket, third.ticket}) == 3


@pytest.mark.parametrize("style", ["gmail", "outlook"])
def test_a_reply_in_which_nothing_new_is_found_is_kept_and_its_writer_told(
    desk: Conversation, opened: Turn, style: str
) -> None:
    """M1: it may be our mistake."""
    turn = desk.answers(ADA, opened.to(ADA), "", style)
    assert (turn.fate["fate"], turn.ticket) == ("filed", opened.ticket)
    assert turn.nothing_to(CARLA)
    assert turn.notices(ADA) == ["receipt"]
    told = desk.told(opened.ticket)["messages"][-1]
    assert told["visibility"] == "internal"
    assert desk.told(opened.ticket)["first_response_at"] is None
