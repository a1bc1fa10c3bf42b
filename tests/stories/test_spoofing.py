"""Mails that claim to be an agent's, or to belong to a ticket: none is believed, none learns anything (M7, M9).

The mails stand in `spoofs`. The ticket is Carla's, and nobody has taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from maild.desk.models import Participant
from maild.mail import token
from tests.databases import on_one_database
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, DINO, GIULIA, MIA
from tests.stories.spoofs import BATTERY, FROM_ADA, GOOD, VOUCHED, Scene, Spoof, by_address, by_body, by_id, mail

STAFF = {who.address for who in (ADA, BEN, CLEO, DINO, MIA)} | {"dan@example.org"}


def test_the_battery_is_large_and_no_mail_stands_in_it_twice() -> None:
    assert len(BATTERY) >= 150
    assert len({spoof.name for spoof in BATTERY}) == len(BATTERY)


@pytest.fixture
def scene(desk: Conversation) -> Scene:
    carla = desk.says(CARLA, "Secret project", "The drive of the secret project is not there any more, please help.")
    giulia = desk.says(GIULIA, "Tastiera", "La tastiera non funziona più, potete aiutarmi per favore?")
    return Scene(desk, carla, giulia)


def standing(scene: Scene, key: str) -> tuple[object, ...]:
    """All of a ticket that somebody outside could want to change, and all that its requester sees."""
    told = scene.desk.told(key)
    fields = ("status", "priority", "impact", "urgency", "line", "assignee", "category", "subject", "requester", "tags")
    public = [m["text"] for m in told["messages"] if m["visibility"] == "public"]
    return (*(told[field] for field in fields), told["first_response_at"], public, Participant.select().count())


def learns_nothing(scene: Scene, turn: Turn, raw: bytes) -> bool:
    """Nobody but staff is told of the ticket what they did not write, nor that there is one (M9)."""
    hidden = ("Secret project", "secret project", f"{scene.carla.ticket}]", f"{scene.carla.ticket} ", "Carla", "carla@")
    outside = [m for m in turn.sent if m.recipient not in STAFF]
    return all(
        m.notice == "acknowledgement" and not any(m.has(x) for x in hidden if x.encode() not in raw) for m in outside
    )


HANDFUL = 15  # mails to one desk: to open one for each would take a minute, and more would meet the caps
HANDFULS = [BATTERY[i : i + HANDFUL] for i in range(0, len(BATTERY), HANDFUL)]


@on_one_database
@pytest.mark.parametrize("spoofs", HANDFULS, ids=lambda spoofs: f"{spoofs[0].name} and after")
def test_a_mail_that_is_not_what_it_claims_does_nothing(scene: Scene, spoofs: list[Spoof]) -> None:
    for spoof in spoofs:
        does_nothing(scene, spoof)


def does_nothing(scene: Scene, spoof: Spoof) -> None:
    raw = spoof.raw(scene)
    before = standing(scene, scene.carla.ticket), standing(scene, scene.giulia.ticket)
    turn = scene.desk.takes(raw)
    assert turn.fate["fate"] == "filed", spoof.name
    assert turn.fate["verdict"] == spoof.verdict, spoof.name
    assert {c["result"] for c in turn.fate["commands"]} <= {"refused"}, spoof.name
    assert (standing(scene, scene.carla.ticket), standing(scene, scene.giulia.ticket)) == before, spoof.name
    assert turn.nothing_to(CARLA), spoof.name
    assert turn.nothing_to(GIULIA), spoof.name
    assert learns_nothing(scene, turn, raw), spoof.name
    if spoof.verdict == "stranger":  # a ticket of its own, as anybody's (B4)
        assert turn.fate["created"], spoof.name
        assert turn.ticket not in (scene.carla.ticket, scene.giulia.ticket), spoof.name
    else:
        assert turn.ticket == scene.carla.ticket, spoof.name
        assert "Everything is fine now." in turn.to(ADA, "unverified").text, spoof.name
        last = scene.desk.told(scene.carla.ticket)["messages"][-1]
        assert (last["visibility"], last["verified"]) == ("internal", False), spoof.name


# -- and what is genuine is believed, or the battery would prove nothing -----------------------------------------------


@on_one_database
@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("the server's word", lambda s: mail(s, VOUCHED, FROM_ADA)),
        ("the server's word in capitals", lambda s: mail(s, VOUCHED.upper(), FROM_ADA.upper())),
        ("the server's word above a forged one", lambda s: mail(s, VOUCHED, VOUCHED.replace("mx", "evil"), FROM_ADA)),
        ("a token in the address", lambda s: by_address(s, s.carla.to(ADA).token)),
        ("a token in capitals", lambda s: by_address(s, s.carla.to(ADA).token.upper())),
        ("a token in the Message-ID", lambda s: by_id(s, s.carla.to(ADA).token)),
        ("a token in the quote", lambda s: by_body(s, s.carla.to(ADA).token)),
        ("a token at the end of its life", lambda s: by_address(s, s.token(days=token.LIFETIME.days))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_genuine_is_believed(scene: Scene, name: str, raw: Callable[[Scene], bytes]) -> None:
    turn = scene.desk.takes(raw(scene))
    assert turn.fate["verdict"] == "agent", name
    told = scene.desk.told(scene.carla.ticket)
    assert (told["status"], told["assignee"]) == ("resolved", "ben")


@on_one_database
def test_a_genuine_token_of_another_ticket_acts_on_that_one_alone(scene: Scene) -> None:
    before = standing(scene, scene.carla.ticket)
    turn = scene.desk.takes(by_address(scene, scene.giulia.to(ADA).token))
    assert (turn.ticket, turn.fate["verdict"]) == (scene.giulia.ticket, "agent")
    assert standing(scene, scene.carla.ticket)[:-1] == before[:-1]
    assert turn.nothing_to(CARLA)


@on_one_database
@pytest.mark.parametrize(
    "header", ["Ada Rossi <ada@example.org>, Mallory <mallory@evil.example>", "Team: ada@example.org;"]
)
def test_the_agent_whom_a_crooked_from_names_is_told_whoever_has_the_ticket(scene: Scene, header: str) -> None:
    scene.desk.takes(by_address(scene, scene.token("ben"), ("From: Ben Holm <ben@example.org>",)))
    raw = mail(scene, f"From: {header}", VOUCHED)
    turn = scene.desk.takes(raw)
    assert turn.fate["verdict"] == "unverified"
    assert "Everything is fine now." in turn.to(ADA, "unverified").text


@on_one_database
def test_microsofts_form_without_a_name_is_believed_only_where_it_is_named(scene: Scene) -> None:
    accounts = (scene.desk.settings.accounts[0].model_copy(update={"authserv": "microsoft"}),)
    scene.desk.stage = replace(scene.desk.stage, settings=replace(scene.desk.settings, accounts=accounts))
    good = f"spf=pass smtp.mailfrom=example.org; dkim=pass header.d=example.org; {GOOD}"
    for value in (f"mx.example.org; {good}", f"evil.example; {good}", f"; {good}", "spf=none; dmarc=none"):
        raw = mail(scene, f"Authentication-Results: {value}", f"Authentication-Results: {good}", FROM_ADA)
        assert scene.desk.takes(raw).fate["verdict"] == "unverified"
    assert scene.desk.takes(mail(scene, f"Authentication-Results: {good}", FROM_ADA)).fate["verdict"] == "agent"
