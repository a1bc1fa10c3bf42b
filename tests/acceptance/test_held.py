"""`maild held`: what waits for a person's word is seen, let on, split off or dropped, and the balance counts it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild.desk import db
from maild.desk.models import Outgoing
from tests import cast
from tests.acceptance.commands import Done, maild
from tests.acceptance.test_cli import fed, letter, plainly
from tests.stories import letters
from tests.stories.letters import ADA, BEN, MALLORY, Person, Sent

VOUCHED = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
OTHERS = [MALLORY, Person("Otto", "otto@evil.example"), Person("Ugo", "ugo@evil.example")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with INC-1, on which three mails of strangers are held, and an answer of Ada's that Ben overtook."""
    folder = tmp_path_factory.mktemp("held") / "desk"
    folder.mkdir()
    cast.write(folder, ("prefix: INC", "prefix: INC\nstrangers: hold"))
    strangers = [letters.new(who, "Re: [INC-1] VPN", f"I am {who.name}, any news?") for who in OTHERS]
    fates = fed(folder, letter(1), *strangers, letters.new(BEN, "[INC-1] VPN", "Please restart it.", **VOUCHED))
    assert [fate["fate"] for fate in fates] == ["filed", "held", "held", "held", "filed"]
    got = next(m for m in outbox(folder) if (m.notice, m.recipient) == ("new_ticket", ADA.address))
    (fate,) = fed(folder, letters.answer(ADA, got, "Please buy another one."))
    assert fate["fate"] == "held"
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "desk"))


def outbox(desk: Path) -> list[Sent]:
    """All mails that ever went out, or will."""
    db.open(config.load(desk).database)
    try:
        return [Sent(r.recipient, r.notice, bytes(r.data)) for r in Outgoing.select().order_by(Outgoing.id)]
    finally:
        db.close()


def held(desk: Path, *words: str) -> Done:
    return maild("--config", desk, "held", *words)


def waiting(desk: Path) -> dict[str, dict[str, Any]]:
    """What is held, by its sender."""
    done = held(desk, "list", "--json")
    assert done.code == 0, done.err
    return {row["sender"]: row for row in done.objects}


def counted(desk: Path, *names: str) -> tuple[int, ...]:
    """These columns of the balance, which holds."""
    done = maild("--config", desk, "balance", "--json")
    assert done.code == 0, done.out
    return tuple(sum(day[name] for day in done.objects) for name in names)


def ticket(desk: Path, key: str) -> dict[str, Any]:
    return maild("--config", desk, "ticket", "show", key, "--json").objects[0]


def test_what_is_held_is_listed_with_the_reason_and_counted(desk: Path) -> None:
    rows = waiting(desk)
    assert list(rows) == [*(who.address for who in OTHERS), ADA.address]  # the oldest first
    row = rows[MALLORY.address]
    assert (row["ticket"], row["verdict"], row["account"]) == ("INC-1", "stranger", "support")
    assert "not on the ticket" in row["reason"]
    assert rows[ADA.address]["verdict"] == "agent"
    plain = held(desk, "list").out
    assert all(who.address in plain for who in OTHERS)
    assert len(held(desk, "list", "--limit", "2", "--json").objects) == 2
    assert counted(desk, "mailbox", "filed", "held", "waiting") == (6, 2, 4, 0)
    told = [m.recipient for m in outbox(desk) if m.notice == "held"]
    assert sorted(told) == sorted([ADA.address, BEN.address] * 3)
    assert ticket(desk, "INC-1")["participants"] == []


@pytest.mark.parametrize("by", ["run --once", "feed"])
def test_what_a_person_decides_is_done_by_whoever_comes_by(desk: Path, by: str) -> None:
    rows = waiting(desk)
    accepted, split, dropped = (str(rows[who.address]["id"]) for who in OTHERS)
    overtaken = str(rows[ADA.address]["id"])
    before = len(outbox(desk))
    assert held(desk, "accept", accepted, overtaken).out == "".join(
        f"{n} is accepted: the daemon goes on with it\n" for n in (accepted, overtaken)
    )
    assert held(desk, "split", split).out == f"{split} becomes a ticket of its own\n"
    assert held(desk, "drop", dropped).out == f"{dropped} is dropped\n"
    assert len(outbox(desk)) == before
    assert waiting(desk) == {}
    assert counted(desk, "mailbox", "filed", "ignored", "held", "waiting") == (6, 2, 1, 0, 3)

    if by == "feed":
        fed(desk, letter(1))  # a duplicate
        assert counted(desk, "mailbox", "duplicate") == (7, 1)
    else:
        assert maild("--config", desk, "run", "--once").code == 75  # nobody listens on its ports
    assert counted(desk, "filed", "ignored", "held", "waiting") == (5, 1, 0, 0)

    told, sent = ticket(desk, "INC-1"), outbox(desk)[before:]
    # accepted: on the ticket from now on
    assert [p["address"] for p in told["participants"]] == [MALLORY.address]
    said = {m["author"]: m["visibility"] for m in told["messages"] if m["author"] == MALLORY.address}
    assert said == {MALLORY.address: "public"}
    assert any(e["by"] == "administrator" for e in told["events"])
    # sent: the answer that was overtaken goes out (B37)
    answer = next(m for m in sent if m.recipient == "carla1@customer.example")
    assert "Please buy another one." in answer.text
    # split: a ticket of its own, which refers to the other one
    tickets = maild("--config", desk, "ticket", "list", "--json").objects
    (own,) = (t for t in tickets if t["requester"]["address"] == OTHERS[1].address)
    assert own["links"] == ["INC-1"]
    assert [m.notice for m in sent if m.recipient == OTHERS[1].address] == ["acknowledgement"]
    # dropped: nobody is told
    assert not any(m.recipient == OTHERS[2].address for m in outbox(desk))
    plainly(held(desk, "accept", accepted), 1, f"mail {accepted} is not held")


def test_a_number_that_does_not_wait_is_one_line(desk: Path) -> None:
    for verb in ("accept", "split", "drop"):
        plainly(held(desk, verb, "1"), 1, "mail 1 is not held")  # it is filed
        plainly(held(desk, verb, "999"), 1, "999")
        plainly(held(desk, verb, "x"), 2, "x")
        plainly(held(desk, verb), 2, "NUMBERS")
    assert len(waiting(desk)) == 4
    held(desk, "drop", *(str(row["id"]) for row in waiting(desk).values()))
    assert held(desk, "list").out == "nothing is held\n"
