"""Command lines as agents write them, and what each command answers; the whole list is documented in every language."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from maild.policy import commands, orders
from maild.policy.orders import Line

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "it", "da")

assert commands


def verbs(text: str) -> list[tuple[str, str]]:
    return [(line.verb, line.words) for line in orders.parse(text).lines]


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("!take", [("take", "")], ""),
        ("!TAKE", [("take", "")], ""),
        ("Hello\n!take\nworld", [("take", "")], "Hello\nworld"),
        ("  !assign   Ben Holm  ", [("assign", "Ben Holm")], ""),
        ("\t!take\t", [("take", "")], ""),
        ("!take\r\n!resolve it was\r\n\r\nthe toner", [("take", ""), ("resolve", "it was")], "the toner"),
        ("\xa0!take\xa0", [("take", "")], ""),
        ("!assign\xa0ben", [("assign", "ben")], ""),
        ("Well done!", [], "Well done!"),
        ("! take", [("take?", "")], ""),
        ("!!take", [], "!!take"),
        ("!1", [], "!1"),
        ("!take, please", [("take?", "")], ""),
        ("! taken", [], "! taken"),
        ("!take !note", [("", "!note")], ""),
        ("!note to self: !close it", [("note", "to self: !close it")], "to self: !close it"),
        ("Do you know !important in CSS?", [], "Do you know !important in CSS?"),
        ("!important: read this", [], "!important: read this"),
        ("", [], ""),
    ],
)
def test_a_command_stands_on_a_line_of_its_own(text: str, found: list[tuple[str, str]], kept: str) -> None:
    assert verbs(text) == found
    assert orders.parse(text).text == kept


def test_the_line_is_kept_as_it_was_written() -> None:
    assert orders.parse("  !Assign  ben ").lines == (Line("!Assign  ben", "assign", "ben"),)


@pytest.mark.parametrize(
    ("verb", "near"), [("nite", "note"), ("asign", "assign"), ("solve", "resolve"), ("notes", "note"), ("xyzzy", None)]
)
def test_the_nearest_command(verb: str, near: str | None) -> None:
    assert orders.nearest(verb) == near


def test_every_command_of_the_contract_for_this_version_is_there() -> None:
    wanted = {
        *("take", "assign", "release", "escalate", "status", "pending", "resolve", "close", "reopen", "priority"),
        *("impact", "urgency", "category", "type", "tag", "untag", "note", "public", "help"),
    }
    assert wanted <= set(orders.COMMANDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_explained_in_every_language(language: str) -> None:
    for name, function in orders.COMMANDS.items():
        lines = [x.strip() for x in (function.__doc__ or "").splitlines()]
        mine = [x for x in lines if x.startswith(f"{language}: !{name}")]
        assert len(mine) == 1, f"{name} has no help in {language}"
        assert " - " in mine[0]
    assert all(one["usage"].startswith("!") and one["text"] for one in orders.help_lines(language))


def test_every_sentence_that_a_command_says_is_in_every_word_list() -> None:
    import ast

    said: set[str] = set()
    policy = ROOT / "maild/policy"
    for file in (*policy.glob("commands/*.py"), policy / "agent.py", policy / "decide.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Say":
                for leaf in ast.walk(node.args[0]):
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                        said.add(leaf.value)
    assert len(said) > 20
    for language in LANGUAGES:
        words = json.loads((ROOT / "templates" / language / "receipt.json").read_text("utf-8"))
        assert said <= set(words), (language, said - set(words))


def test_hostile_lines_cost_nothing() -> None:
    start = time.monotonic()
    for text in (
        "!x a" + " " * 500_000 + "y",
        "!" * 500_000,
        "!" + "a" * 500_000,
        " " * 500_000 + "!take",
        "!a\n" * 50_000,
    ):
        for line in orders.parse(text).lines[:3]:
            orders.nearest(line.verb)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Mvh\nBen", True),
        ("Med venlig hilsen\nBen Holm\nServicedesk\nTlf. 12 34 56 78", True),
        ("Cordiali saluti,\nBen", True),
        ("Best regards,\n\nBen Holm", True),
        ("/Ben", True),
        ("Ben Holm\nServicedesk | Example A/S\nwww.example.org", True),
        ("Benny", False),
        ("It is the toner.\n\nMvh\nBen", False),
        ("Regards the printer: it is on its way.", False),
        ("Hilsen fra tredje sal", False),
        ("", False),
    ],
)
def test_a_signature_without_a_mark_is_no_text(text: str, *, only: bool) -> None:
    assert orders.signs(text, "Ben Holm") is only
