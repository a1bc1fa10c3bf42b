"""Who somebody is must be proved on every path; who cannot learns nothing and changes nothing (M7, M9, B1 to B5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maild.desk.letters import Post
from maild.desk.models import Person as Row
from maild.mail.token import Mint
from tests import cast
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, Sent

ORDER = "!resolve\n!assign ben\nEverything is fine now."


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Secret project", "The drive of the secret project is not there any more, please help.")


def untouched(desk: Conversation, key: str) -> bool:
    told = desk.told(key)
    return (told["status"], told["assignee"], told["first_response_at"]) == ("new", None, None)


def forged(desk: Conversation, opened: Turn, turn: Turn) -> None:
    """What holds for each mail that only claims to be Ada's (B40)."""
    assert turn.fate["verdict"] == "unverified"
    assert untouched(desk, opened.ticket)
    assert turn.nothing_to(CARLA)
    assert {c["result"] for c in turn.fate["commands"]} <= {"refused"}


def test_from_alone_makes_nobody_an_agent_and_the_real_one_is_told(desk: Conversation, opened: Turn) -> None:
    turn = desk.says(ADA, f"Re: [{opened.ticket}] Secret project", ORDER)
    forged(desk, opened, turn)
    assert turn.ticket == opened.ticket
    warning = turn.to(ADA, "unverified")
    assert "Everything is fine now." in warning.text
    told = desk.told(opened.ticket)["messages"][-1]
    assert (told["visibility"], told["verified"]) == ("internal", False)


def test_somebody_elses_token_proves_nothing(desk: Conversation, opened: Turn) -> None:
    for got in (opened.to(CARLA), opened.to(BEN)):
        forged(desk, opened, desk.answers(ADA, got, ORDER))


def test_the_token_of_another_ticket_acts_on_that_ticket_alone(desk: Conversation, opened: Turn) -> None:
    other = desk.says(GIULIA, "Altro", "La tastiera non funziona più, potete aiutarmi per favore?")
    raw = letters.new(ADA, f"[{opened.ticket}] Secret project", "!take", to=other.to(ADA).reply_address)
    turn = desk.takes(raw)
    assert turn.ticket == other.ticket
    assert untouched(desk, opened.ticket)
    assert any(e["kind"] == "conflict" for e in desk.told(other.ticket)["events"])  # B5


@pytest.mark.parametrize(
    "mint", [Mint("other.example.org", cast.SECRET.encode()), Mint(cast.INSTANCE, b"another secret of 16")]
)
def test_a_token_of_another_instance_or_secret_is_no_token(desk: Conversation, opened: Turn, mint: Mint) -> None:
    """B3."""
    ada = Row.get(staff="ada")
    token = mint.sign(desk.ticket(opened.ticket).id, ada.id, internal=False, today=desk.now.date())
    raw = letters.new(ADA, f"[{opened.ticket}] Secret project", ORDER, to=f"support+{token}@example.org")
    turn = desk.takes(raw)
    assert turn.fate["evidence"] == "subject"
    forged(desk, opened, turn)


def test_a_changed_token_is_no_token(desk: Conversation, opened: Turn) -> None:
    """The person in it cannot be exchanged."""
    token = opened.to(ADA).token
    for i in (6, 12, 20, 43):
        other = token[:i] + ("b" if token[i] != "b" else "c") + token[i + 1 :]
        turn = desk.takes(letters.new(ADA, f"[{opened.ticket}] x", ORDER, to=f"support+{other}@example.org"))
        if i < 43:  # the last letter holds bits that say nothing
            forged(desk, opened, turn)


@pytest.mark.parametrize(
    "header",
    [
        "Ada Rossi <ada@example.org>, Mallory <mallory@evil.example>",
        "ada@example.org <mallory@evil.example>",
        "Team: ada@example.org;",
    ],
)
def test_a_from_that_names_the_agent_somewhere_is_not_the_agent(desk: Conversation, opened: Turn, header: str) -> None:
    raw = letters.new(ADA, f"[{opened.ticket}] x", ORDER, to=opened.to(CARLA).reply_address)
    raw = raw.replace(b"From: Ada Rossi <ada@example.org>", b"From: " + header.encode())
    turn = desk.takes(raw)
    assert turn.fate["verdict"] in ("unverified", "stranger")
    assert untouched(desk, opened.ticket)
    assert turn.nothing_to(CARLA)


def test_a_forged_authentication_result_below_or_of_another_server_proves_nothing(
    desk: Conversation, opened: Turn
) -> None:
    for result in ("evil.example; dkim=pass header.d=example.org", "mx.example.org; dkim=pass header.d=evil.example"):
        raw = letters.new(ADA, f"[{opened.ticket}] x", ORDER, Authentication_Results=result)
        forged(desk, opened, desk.takes(raw))


# -- strangers ---------------------------------------------------------------------------------------------------------


def learns_nothing(mails: list[Sent], opened: Turn) -> bool:
    hidden = ("Secret project", "secret project", opened.ticket + "]", opened.ticket + " ", "carla", "Carla")
    return not any(mail.has(words) for mail in mails for words in hidden)


@pytest.mark.parametrize("way", ["tag", "token of the requester", "token of an agent", "message id", "body"])
def test_a_stranger_gets_a_new_ticket_and_learns_nothing(desk: Conversation, opened: Turn, way: str) -> None:
    """B4."""
    text = "What is the state of this? I am very interested in all of it, please tell me."
    got = opened.to(ADA if way == "token of an agent" else CARLA)
    if way == "tag":
        raw = letters.new(MALLORY, f"Re: [{opened.ticket}] hello", text)
    elif way == "message id":
        raw = letters.new(MALLORY, "Re: hello", text, In_Reply_To=got["Message-ID"])
    elif way == "body":
        raw = letters.new(MALLORY, "hello", f"{text}\n\n> [{opened.ticket} · {got.token}]")
    else:
        raw = letters.new(MALLORY, "Re: hello", text, to=got.reply_address)
    turn = desk.takes(raw)
    assert turn.fate["verdict"] == "stranger"
    assert turn.fate["created"]
    assert turn.ticket != opened.ticket
    mails = [m for m in turn.sent if m.recipient == MALLORY.address]
    assert [m.notice for m in mails] == ["acknowledgement"]
    assert learns_nothing(mails, opened)
    assert turn.nothing_to(CARLA)
    assert untouched(desk, opened.ticket)
    assert len(desk.told(opened.ticket)["messages"]) == 1
    assert any(e["kind"] == "linked" for e in desk.told(opened.ticket)["events"])
    # and what the agents answer there goes to the stranger alone
    reply = desk.answers(ADA, turn.to(ADA), "Who are you?")
    assert reply.nothing_to(CARLA)
    assert learns_nothing([reply.to(MALLORY)], opened)
    again = desk.answers(MALLORY, reply.to(MALLORY), "A friend of the house, honestly.")
    assert (again.ticket, again.fate["verdict"]) == (turn.ticket, "requester")


def test_a_tag_that_leads_nowhere_opens_a_ticket_like_any_other(desk: Conversation, opened: Turn) -> None:
    """Nobody is told which tickets exist."""
    known = desk.says(MALLORY, f"[{opened.ticket}] x", "What is the state of this, please?")
    unknown = desk.says(MALLORY, "[INC-4711] x", "What is the state of this one, please?")
    huge = desk.says(MALLORY, "[INC-9999999999] x", "What is the state of that one, please?")
    assert known.notices(MALLORY) == unknown.notices(MALLORY) == huge.notices(MALLORY) == ["acknowledgement"]
    assert {t.fate["created"] for t in (known, unknown, huge)} == {True}


def test_a_mail_without_a_believable_sender_is_noted_and_somebody_looks(desk: Conversation, opened: Turn) -> None:
    raw = letters.answer(CARLA, opened.to(CARLA), "It is urgent now.")
    turn = desk.takes(raw.replace(b"From: Carla Webb <carla@customer.example>\r\n", b""))
    assert turn.fate["verdict"] == "unverified"
    assert turn.ticket == opened.ticket
    assert untouched(desk, opened.ticket)
    assert "It is urgent now." in turn.to(ADA).text
    assert "It is urgent now." in turn.to(BEN).text


def test_the_token_of_a_requester_is_shown_to_nobody_else(desk: Conversation, opened: Turn) -> None:
    got = opened.to(CARLA)
    turns = [
        desk.answers(CARLA, got, f"My reference is [{opened.ticket} · {got.token}], is there news?"),
        desk.answers(MALLORY, got, "I quote what Carla forwarded to me, is there news?", "outlook"),
    ]
    for turn in turns:
        assert not any(m.has(got.token) for m in turn.sent if m.recipient != CARLA.address)


def test_a_new_secret_makes_all_old_tokens_void(desk: Conversation, opened: Turn) -> None:
    desk.stage = replace(desk.stage, post=Post(desk.stage.post.templates, Mint(cast.INSTANCE, b"a new secret of 16 b")))
    forged(desk, opened, desk.answers(ADA, opened.to(ADA), ORDER))


def test_a_token_in_other_hands_proves_nothing_where_the_server_says_that_from_is_forged(
    desk: Conversation, opened: Turn
) -> None:
    """A Cc of an agent's reply shows their token to others, who may write it under the agent's name."""
    says = {"Authentication_Results": "mx.example.org; dmarc=fail header.from=example.org"}
    forged(desk, opened, desk.answers(ADA, opened.to(ADA), ORDER, **says))
