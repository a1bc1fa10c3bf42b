"""How strong a proof each agent owes, tokens that are revoked, and colleagues who join: by proof alone (M7, B2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maild.config.deskfile import Trust
from maild.desk import conversation, identity, people
from maild.desk.models import Person as Row
from maild.errors import UnknownThing
from maild.mail.message import Reading
from maild.mail.token import GENERATIONS
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, Person
from tests.stories.test_proof import ORDER, forged, learns_nothing, opened, untouched

__all__ = ["opened"]  # a fixture

# -- how strong a proof must be, person by person ----------------------------------------------------------------------

PASS = "mx.example.org; dmarc=pass header.from=example.org"
FAIL = "mx.example.org; dmarc=fail header.from=example.org"
NO_SERVER = "the mail carries no Authentication-Results"


@on_one_database
@pytest.mark.parametrize(
    ("trust", "token", "server", "believed", "why"),
    [
        ("either", True, "", True, "the reply token is theirs"),
        ("either", False, PASS, True, "dmarc=pass for example.org"),
        ("either", True, PASS, True, "the reply token is theirs and dmarc=pass for example.org"),
        ("either", False, "", False, f"the token is missing; {NO_SERVER}"),
        ("token", True, "", True, "the reply token is theirs"),
        ("token", False, PASS, False, "trust: token wants a reply token of theirs; the token is missing"),
        ("token", False, "", False, "trust: token wants a reply token of theirs; the token is missing"),
        ("dmarc", False, PASS, True, "dmarc=pass for example.org"),
        ("dmarc", True, "", False, f"trust: dmarc wants the word of the server; {NO_SERVER}"),
        ("dmarc", False, "", False, f"trust: dmarc wants the word of the server; {NO_SERVER}"),
        ("token+dmarc", True, PASS, True, "the reply token is theirs and dmarc=pass for example.org"),
        ("token+dmarc", True, "", False, f"trust: token+dmarc wants both; {NO_SERVER}"),
        ("token+dmarc", False, PASS, False, "trust: token+dmarc wants both; the token is missing"),
        ("token+dmarc", False, "", False, f"trust: token+dmarc wants both; the token is missing; {NO_SERVER}"),
        ("from", False, "", True, "trust: from believes From alone; From alone"),
        ("from", False, PASS, True, "trust: from believes From alone; dmarc=pass for example.org"),
        ("either", True, FAIL, False, "mx.example.org says that From is forged (dmarc=fail)"),
        ("token", True, FAIL, False, "mx.example.org says that From is forged (dmarc=fail)"),
        ("from", True, FAIL, False, "mx.example.org says that From is forged (dmarc=fail)"),
    ],
)
def test_an_agent_is_believed_as_strongly_as_the_administrator_asks(
    desk: Conversation, opened: Turn, trust: Trust, token: bool, server: str, believed: bool, why: str
) -> None:
    trusts(desk, ada=trust)
    more = {"Authentication_Results": server} if server else {}
    to = opened.to(ADA).reply_address if token else "support@example.org"
    raw = letters.new(ADA, f"[{opened.ticket}] Secret project", ORDER, to=to, **more)
    assert sender(desk, raw).why == why
    turn = desk.takes(raw)
    if believed:
        assert turn.fate["verdict"] == "agent"
        assert desk.told(opened.ticket)["assignee"] == "ben"
    else:
        forged(desk, opened, turn)


def trusts(desk: Conversation, **how: Trust) -> None:
    people = desk.settings.desk.people
    desk.configure(people={**people, **{name: replace(people[name], trust=trust) for name, trust in how.items()}})


def sender(desk: Conversation, raw: bytes) -> identity.Sender:
    """Who a mail is from, as it would be judged now."""
    reading = desk.reader.read(raw)
    assert isinstance(reading, Reading)
    found = conversation.find(reading.mail, (), desk.stage.post.mint, desk.now.date())
    return identity.judge(reading.mail, found, desk.settings.accounts[0], desk.settings, desk.stage.staff)


@on_one_database
def test_one_agent_who_must_prove_more_changes_nothing_for_another(desk: Conversation, opened: Turn) -> None:
    trusts(desk, ada="token+dmarc", cleo="from")
    assert desk.answers(BEN, opened.to(BEN), "!take").fate["verdict"] == "agent"
    assert desk.says(ADA, f"[{opened.ticket}] x", ORDER).fate["verdict"] == "unverified"


# -- revoked -----------------------------------------------------------------------------------------------------------


def test_a_revoked_token_is_void_at_once_and_the_next_mail_brings_a_new_one(desk: Conversation, opened: Turn) -> None:
    """B2: of that person alone."""
    before = opened.to(ADA)
    assert people.revoke(ADA.address) == ("Ada Rossi", 1)  # the mail that announces the ticket to her still waits
    forged(desk, opened, desk.answers(ADA, before, ORDER, references=()))
    assert desk.answers(BEN, opened.to(BEN), "!note It is Ben.").fate["verdict"] == "agent"
    new = desk.answers(CARLA, opened.to(CARLA), "Is there any news?").to(ADA)
    assert new.token != before.token
    turn = desk.answers(ADA, new, "!take")
    assert (turn.fate["verdict"], desk.told(opened.ticket)["assignee"]) == ("agent", "ada")


def test_a_requesters_token_can_be_revoked_too(desk: Conversation, opened: Turn) -> None:
    """What they got before still says which ticket they mean, by its tag; a stranger who has it has nothing."""
    got = opened.to(CARLA)
    people.revoke(CARLA.address)
    raw = letters.new(MALLORY, "Re: hello", "What is this about, please tell me?", to=got.reply_address)
    turn = desk.takes(raw)
    assert (turn.fate["evidence"], turn.fate["created"]) == ("none", True)
    assert desk.answers(CARLA, got, "Is there any news?").ticket == opened.ticket


def test_a_generation_that_comes_round_again_finds_only_tokens_that_expired(desk: Conversation, opened: Turn) -> None:
    row = Row.get(staff="ada")
    Row.update(generation=GENERATIONS).where(Row.id == row.id).execute()
    token = desk.stage.post.mint.find(opened.to(ADA).token, desk.now.date())
    assert token is not None
    assert people.holds(token)
    people.revoke(ADA.address)
    assert not people.holds(token)


def configured(desk: Conversation, **addresses: str) -> None:
    """The desk goes on with other addresses in desk.yaml, as after a SIGHUP."""
    members = {name: replace(desk.settings.desk.people[name], address=x, also=()) for name, x in addresses.items()}
    everybody = {**desk.settings.desk.people, **members}
    owners = {x: name for name, member in everybody.items() for x in member.addresses}
    desk.configure(people=everybody, addresses=owners)


@on_one_database
def test_a_token_stays_with_its_person_and_not_with_an_address(desk: Conversation, opened: Turn) -> None:
    """Ada and Ben swap addresses: what Ben got before makes no Ada of him."""
    ada, ben = opened.to(ADA), opened.to(BEN)
    configured(desk, ada=BEN.address, ben=ADA.address)
    for who, got in ((ADA, ada), (ADA, ben), (BEN, ada), (BEN, ben)):
        turn = desk.answers(who, got, ORDER, references=())
        assert turn.fate["verdict"] == "unverified"
    assert untouched(desk, opened.ticket)


@on_one_database
def test_who_left_is_not_who_got_their_address(desk: Conversation, opened: Turn) -> None:
    got = opened.to(ADA)
    new = replace(desk.settings.desk.people["ada"], id="adam", name="Adam Berg")
    members = {name: p for name, p in desk.settings.desk.people.items() if name != "ada"} | {"adam": new}
    lines = {
        name: replace(x, agents=("adam", "ben"), lead="adam") if name == "L1" else x
        for name, x in desk.settings.desk.lines.items()
    }
    owners = {x: name for name, member in members.items() for x in member.addresses}
    desk.configure(people=members, lines=lines, addresses=owners)
    assert desk.answers(ADA, got, ORDER, references=()).fate["verdict"] == "unverified"
    assert untouched(desk, opened.ticket)


@on_one_database
def test_what_a_user_got_makes_no_agent_of_them_when_they_join_the_staff(desk: Conversation, opened: Turn) -> None:
    got = opened.to(CARLA)
    configured(desk, dan=CARLA.address)
    assert desk.answers(CARLA, got, "!resolve", references=()).fate["verdict"] == "unverified"
    assert untouched(desk, opened.ticket)


def test_nobodys_tokens_cannot_be_revoked(desk: Conversation) -> None:
    with pytest.raises(UnknownThing, match=r"nobody with the address mallory@evil\.example ever got a reply token"):
        people.revoke(MALLORY.address)


@on_one_database
def test_a_user_whom_the_server_calls_forged_is_vouched_for_by_no_token(desk: Conversation, opened: Turn) -> None:
    says = "mx.example.org; dmarc=fail header.from=customer.example"
    raw = letters.new(CARLA, "Re: x", "Any news?", to=opened.to(CARLA).reply_address, Authentication_Results=says)
    judged = sender(desk, raw)
    assert (judged.verdict, judged.vouched) == ("unverified", False)
    assert judged.why == "mx.example.org says that From is forged (dmarc=fail)"
    genuine = sender(desk, raw.replace(b"dmarc=fail", b"dmarc=none"))
    assert (genuine.vouched, genuine.why) == (True, "the requester's address; the reply token is theirs")


# -- colleagues --------------------------------------------------------------------------------------------------------

VOUCHED = "mx.example.org; dmarc=pass header.from=customer.example"


@pytest.fixture
def acme(desk: Conversation) -> Conversation:
    desk.configure(domains={"customer.example": "acme", "other.example": "beta"})
    return desk


@on_one_database
def test_a_colleague_whose_server_vouches_for_them_joins_the_ticket(acme: Conversation, opened: Turn) -> None:
    raw = letters.new(
        GIULIA, f"Re: [{opened.ticket}] x", "I have that as well, since Monday.", Authentication_Results=VOUCHED
    )
    judged = sender(acme, raw)
    assert (judged.verdict, judged.joins) == ("participant", True)
    assert judged.why == "a colleague of the requester (company acme), dmarc=pass for customer.example"
    turn = acme.takes(raw)
    assert (turn.ticket, turn.fate["created"]) == (opened.ticket, False)
    assert "since Monday" in turn.to(ADA, "requester_reply").text
    reply = acme.answers(ADA, opened.to(ADA), "We look into it.")
    assert "We look into it." in reply.to(GIULIA).text
    assert not sender(acme, raw).joins  # they have joined


@on_one_database
@pytest.mark.parametrize(
    ("who", "results", "why"),
    [
        (GIULIA, "", f"claims to be of the company acme; {NO_SERVER}"),
        (
            GIULIA,
            "mx.example.org; dmarc=fail",
            "claims to be of the company acme; mx.example.org says that From is forged",
        ),
        (GIULIA, f"{VOUCHED}; dmarc=fail", "claims to be of the company acme; mx.example.org says that From is forged"),
        (GIULIA, "evil.example; dmarc=pass", "claims to be of the company acme; the topmost Authentication-Results"),
        (Person("Eve", "eve@other.example"), "mx.example.org; dmarc=pass", "not on the ticket; dmarc=pass for other"),
        (Person("Eve", "eve@evilcustomer.example"), "mx.example.org; dmarc=pass", "not on the ticket; dmarc=pass for"),
        (MALLORY, VOUCHED, "not on the ticket; From alone"),
    ],
)
def test_whose_company_is_another_or_not_proved_stays_a_stranger(
    acme: Conversation, opened: Turn, who: Person, results: str, why: str
) -> None:
    more = {"Authentication_Results": results} if results else {}
    raw = letters.new(who, f"Re: [{opened.ticket}] x", "Tell me all about it, please.", **more)
    judged = sender(acme, raw)
    assert (judged.verdict, judged.joins) == ("stranger", False)
    assert judged.why.startswith(why)
    turn = acme.takes(raw)
    assert turn.fate["created"]
    assert untouched(acme, opened.ticket)
    assert learns_nothing([m for m in turn.sent if m.recipient == who.address], opened)


@on_one_database
def test_a_colleagues_token_does_not_stand_for_the_word_of_the_server(acme: Conversation, opened: Turn) -> None:
    """A token says which mail of ours somebody has, not where they work."""
    other = acme.says(GIULIA, "Tastiera", "La tastiera non funziona più, potete aiutarmi per favore?")
    token = acme.stage.post.mint.sign(
        acme.ticket(opened.ticket).id, Row.get(address=GIULIA.address).id, internal=False, today=acme.now.date()
    )
    assert other.ticket != opened.ticket
    raw = letters.new(GIULIA, "Re: x", "Tell me all about it, please.", to=f"support+{token}@example.org")
    judged = sender(acme, raw)
    assert (judged.verdict, judged.joins, judged.vouched) == ("stranger", False, True)


@on_one_database
def test_without_companies_a_colleague_is_a_stranger_as_anybody(desk: Conversation, opened: Turn) -> None:
    raw = letters.new(GIULIA, f"Re: [{opened.ticket}] x", "Me too, please.", Authentication_Results=VOUCHED)
    assert sender(desk, raw).verdict == "stranger"
