"""Whatever users, agents, machines and time do in whatever order, some things always hold."""

from __future__ import annotations

import os
import random

import pytest

from maild.desk import inbox, tickets
from maild.desk.models import Person as Row
from maild.desk.models import Ticket
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, MALLORY, SOREN, Sent

SECRET = "MARKER-inside"
AGENTS = (ADA, BEN, CLEO)
USERS = (CARLA, GIULIA, SOREN, MALLORY)
LINES = (
    *(
        "!take",
        "!assign ben",
        "!assign cleo",
        "!assign nobody",
        "!release",
        "!escalate",
        "!escalate L1",
        "!escalate L9",
    ),
    *("!status pending", "!status open", "!status closed", "!pending", "!resolve", "!resolve by magic", "!close"),
    *("!reopen", "!priority critical", "!priority low", "!impact high", "!urgency low", "!category network/vpn"),
    *("!category nothing", "!type request", "!tag a", "!untag a", "!note", "!public", "!help", "!nite", "!note x"),
)
WORDS = (
    *("Yes, solved, thanks", "No, still broken", "Risolto, grazie", "Tak", "5", "", "Any news?", "!close"),
    *("Something else is broken as well, on the third floor.", "Ho provato tutto, ma non va.", "Det virker ikke."),
)
SEEDS = [int(seed) for seed in os.environ.get("STORY_SEEDS", "1").split(",")]


def step(desk: Conversation, dice: random.Random, got: list[Sent]) -> Turn:
    mine = {who: [m for m in got if m.recipient == who.address] for who in (*AGENTS, *USERS)}
    move = dice.random()
    agent, user = dice.choice(AGENTS), dice.choice(USERS)
    style = dice.choice(letters.STYLES)
    if move < 0.1 or not got:
        return desk.says(user, dice.choice(["VPN", "Printer", ""]), dice.choice(WORDS) + f" {dice.random()}")
    if move < 0.5 and mine[agent]:
        lines = [dice.choice(LINES) for _ in range(dice.randint(0, 3))]
        inside = {"!note", "!nite", "!note x"} & set(lines)
        text = f"{SECRET if inside else 'Hello from the desk.'}\n" if dice.random() < 0.8 else ""
        more = {"Auto_Submitted": "auto-replied"} if dice.random() < 0.05 else {}
        return desk.answers(agent, dice.choice(mine[agent]), "\n".join([*lines, text]), style, **more)
    if move < 0.85 and mine[user]:
        more = {"Auto_Submitted": dice.choice(["auto-replied", "auto-generated"])} if dice.random() < 0.1 else {}
        return desk.answers(user, dice.choice(mine[user]), dice.choice(WORDS), style, **more)
    if move < 0.88:
        return desk.answers(dice.choice((*USERS, *AGENTS)), dice.choice(got), f"{SECRET}?")
    if move < 0.9:
        return desk.takes(letters.bounce(dice.choice(got)))
    if move < 0.92:
        return desk.takes(dice.choice(got).raw)
    return desk.wait(minutes=dice.choice([5, 60, 600, 6_000]))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_always_holds(desk: Conversation, seed: int) -> None:
    dice = random.Random(seed)
    got: list[Sent] = []
    staff = {row.address for row in Row.select().where(Row.staff.is_null(False))}
    for _ in range(30):
        turn = step(desk, dice, got)
        assert turn.fate.get("fate") in (None, "filed", "duplicate", "ignored"), turn.fate  # nothing breaks
        assert (turn.fate == {}) == (turn.fate.get("fate") is None)
        got += turn.sent
        tokens = {m.token for m in got if m.recipient in staff and len(m.token) == 44}
        for mail in turn.sent:
            if mail.recipient not in staff:
                assert not mail.has(SECRET) or "?" in str(turn.fate) or said_so_themselves(desk, mail), mail.text
                assert not [line for t in tokens for line in mail.raw.splitlines() if t.encode() in line], mail.notice
                assert not any(line in mail.text for line in ("!take", "!note", "!resolve", "!assign"))
            assert mail.recipient != "support@example.org"
    for ticket in Ticket.select():
        told = tickets.rebuild(desk.events(ticket.key))
        assert told == {
            name: (ticket.requester.address if name == "requester" else getattr(ticket, name)) for name in told
        }
    assert "".join(str(day) for day in inbox.balance() if not day["well"]) == ""


def said_so_themselves(desk: Conversation, mail: Sent) -> bool:
    """Some of the cast forward the marker in public."""
    return f"{SECRET}?" in mail.text
