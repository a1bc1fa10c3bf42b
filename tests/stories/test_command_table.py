"""Every command, a mail a row: what the ledger says, what the ticket's history says, the receipt, and what left."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import regex  # type: ignore[import-untyped]  # it ships no types

from maild import shipped
from maild.config import Settings
from maild.policy import commands, orders
from tests import cast
from tests.databases import on_one_database
from tests.stories import orders_of_many, orders_of_one, orders_undone
from tests.stories.conversation import Conversation
from tests.stories.orders_table import LANGUAGE, Row, Table, subject

assert commands
ROWS = (*orders_of_one.ROWS, *orders_of_many.ROWS, *orders_undone.ROWS)
BENT = (  # so that the beginning of a name can mean two people
    ("  dino: {", "  bent: {name: Bent Lund, address: bent@example.org, language: da}\n  dino: {"),
    ("L3: {agents: [dino]", "L3: {agents: [dino, bent]"),
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return cast.settings(tmp_path_factory.mktemp("config"), *BENT)


def same(wanted: str, came: str) -> bool:
    """Whether a result is the one of the table, where a long sentence ends with dots."""
    start, dots, _ = wanted.partition("…")
    return came.startswith(start) if dots else came == wanted


@on_one_database
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_command_does_what_the_table_says(desk: Conversation, row: Row) -> None:
    """B33, B34, B35."""
    played = Table(desk, row).play(row)
    wanted, came = row.said.split(" | "), played.said.split(" | ")
    assert len(wanted) == len(came), played.said
    assert [c for w, c in zip(wanted, came, strict=True) if not same(w, c)] == []
    assert played.events == row.events
    assert played.left == row.left
    if played.receipt is None:
        assert row.receipt == ""
        return
    assert row.receipt in " ".join(played.receipt.text.split())
    errors = sum(not one.startswith("done") for one in wanted if one)
    assert played.receipt.subject.endswith(subject(errors, row.who.split()[0]))
    assert played.receipt["Content-Language"] == LANGUAGE[row.who.split()[0]]
    assert "+" not in played.receipt.reply_address  # B35: it takes no commands


@on_one_database
def test_a_mail_has_a_bounded_number_of_commands(desk: Conversation) -> None:
    table = Table(desk, ROWS[0])
    said = table.outcome(table.mail("ada", "\n".join(f"!tag t{n}" for n in range(orders.MOST + 9)))).said.split(" | ")
    assert len(said) == orders.MOST + 1
    assert said[-1].startswith("refused this line and those below it were not done")


def test_each_command_is_done_in_the_table() -> None:
    done: set[str] = set()
    for row in ROWS:
        lines = orders.parse(row.text, row.who.partition("+")[2]).lines
        results = [one for one in row.said.split(" | ") if one]
        done |= {line.verb for line, one in zip(lines, results, strict=False) if one.startswith("done")}
    assert set(orders.COMMANDS) - done == set()
    assert len(ROWS) >= 150


def test_no_sentence_of_a_command_is_missing_from_the_table() -> None:
    """Whoever adds a refusal adds a row."""
    words = json.loads((shipped.folder("templates") / "en" / "receipt.json").read_text("utf-8"))
    said = [one.partition(" ")[2] for row in ROWS for one in row.said.split(" | ")]
    assert {key for key in _keys() - {"too_many"} if not any(_fits(words[key], one) for one in said)} == set()


_SAY = ("orders.py", "agent.py", "commanding.py", "ticketless.py")  # besides the commands themselves


def _keys() -> set[str]:
    """The sentences that commands answer with."""
    found: set[str] = set()
    folder = Path(str(commands.__file__)).parent
    for file in (*folder.glob("*.py"), *(folder.parent / name for name in _SAY)):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Say":
                leaves = [x.value for x in ast.walk(node.args[0]) if isinstance(x, ast.Constant)]
                found |= {x for x in leaves if isinstance(x, str)}
    return found


def _fits(pattern: str, said: str) -> bool:
    """Whether what the table says is a sentence with its gaps filled, or the beginning of one."""
    parts = re.split(r"\{\w+\}", pattern)
    start, dots, _ = said.partition("…")
    found = regex.fullmatch(".+".join(map(re.escape, parts)), start, partial=bool(dots))
    return found is not None and len(start) > 20 * bool(dots)
