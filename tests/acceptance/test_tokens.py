"""`maild token`, and what `maild check` warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk import db
from maild.desk.models import Outgoing
from tests import cast
from tests.acceptance.commands import maild
from tests.acceptance.test_cli import fed, letter, plainly

ADA_FROM = ("ada@home.example], language: it}", "ada@home.example], language: it, trust: from}")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return cast.write(folder)


def orders(desk: Path, to: str, number: int) -> object:
    """The verdict about a mail that says it is Ada's."""
    raw = letter(number, "Re: VPN").replace(b"Carla Bruni <carla%d@customer.example>" % number, b"ada@example.org")
    return fed(desk, raw.replace(b"support@example.org", to.encode()))[0]["verdict"]


def reply_address(desk: Path) -> str:
    """Where Ada's newest notice says that she answers to."""
    db.open(f"sqlite://{desk}/maild.db")
    row = Outgoing.select().where(Outgoing.recipient == "ada@example.org").order_by(Outgoing.id.desc()).get()
    db.close()
    words = next(word for word in bytes(row.data).decode().split() if "support+" in word)
    return words.strip("<>,")


@pytest.mark.parametrize("who", ["ADA@home.example"])
def test_all_tokens_of_a_person_are_void_at_once(desk: Path, who: str) -> None:
    fed(desk, letter())
    old = reply_address(desk)
    assert orders(desk, old, 7) == "agent"
    done = maild("--config", desk, "token", "revoke", who)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "all reply tokens of Ada Rossi are void"
    assert done.out.splitlines()[1].startswith("mails to them that wait to be sent still carry old ones: ")
    assert orders(desk, old, 8) == "unverified"
    fed(desk, letter(9, "Another one"))
    new = reply_address(desk)
    assert new != old
    assert orders(desk, new, 10) == "agent"


def test_tokens_of_a_user_can_be_revoked(desk: Path) -> None:
    fed(desk, letter())
    done = maild("--config", desk, "token", "revoke", "carla1@customer.example")
    assert (done.code, done.out.splitlines()[0]) == (0, "all reply tokens of Carla Bruni are void")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("adda", "there is no person `adda`; did you mean `ada`?"),
        ("mallory@evil.example", "nobody with the address mallory@evil.example ever got a reply token"),
    ],
)
def test_who_is_not_known_is_told(desk: Path, who: str, words: str) -> None:
    fed(desk, letter())
    plainly(maild("--config", desk, "token", "revoke", who), 1, words)


# -- maild check -------------------------------------------------------------------------------------------------------


def test_a_warning_is_printed_and_the_configuration_is_well(tmp_path: Path) -> None:
    cast.write(tmp_path, ADA_FROM)
    done = maild("--config", tmp_path, "check")
    assert done.code == 0
    first, last = done.out.splitlines()
    assert first == "desk.yaml:5:99: warning: anybody can write a From, and with it do all that `ada` may"
    assert last == f"{tmp_path}: well, 1 warning"
    (told,) = maild("--config", tmp_path, "check", "--json").objects
    assert told["warning"] == first.replace("warning: ", "")
    assert (told["file"], told["line"], told["column"]) == ("desk.yaml", 5, 99)


def test_problems_come_first_and_decide(tmp_path: Path) -> None:
    cast.write(tmp_path, ADA_FROM, ("languages: [en, it, da]", "languages: [en, it, da, xx]"))
    done = maild("--config", tmp_path, "check", "--json")
    assert done.code == 78
    kinds = [kind for each in done.objects for kind in each if kind in ("problem", "warning")]
    assert (kinds[0], kinds[-1], kinds.count("warning")) == ("problem", "warning", 2)
