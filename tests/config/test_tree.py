"""What YAML could surprise or hurt with is refused where it stands."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from maild.config import tree


def read(tmp_path: Path, text: str | bytes) -> Any:
    path = tmp_path / "x.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return tree.read(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("17:00", "17:00"),
        ("2026-12-24", "2026-12-24"),
        ("0600", "0600"),
        ("1e3", "1e3"),
        ("9" * 5000, "9" * 5000),
        ("12", 12),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
        ("", None),
    ],
)
def test_a_plain_word_is_what_it_looks_like(text: str, value: object, tmp_path: Path) -> None:
    assert read(tmp_path, f"a: {text}\n").value == {"a": value}


def test_every_value_has_its_place(tmp_path: Path) -> None:
    found = read(tmp_path, "a:\n  - b: 1\n  - c\n")
    assert found.values["a", 0, "b"] == (2, 8)
    assert found.keys["a", 0, "b"] == (2, 5)
    assert found.values["a", 1] == (3, 5)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n").value == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &b 1", "x.yaml:1:4: anchors"),
        ("a: *b", "x.yaml:1:4: anchors"),
        ("&a a: 1", "x.yaml:1:1: anchors"),
        ("<<: {a: 1}", "x.yaml:1:1: merge keys"),
        ("a: !!python/object:os.system x", "x.yaml:1:4: tags"),
        ("!!map {a: 1}", "x.yaml:1:1: tags"),
        ("a: 1\n---\nb: 1", "x.yaml:2:1: only one YAML document"),
        ("? [a]\n: 1", "x.yaml:1:3: a key must be plain text"),
        ("a: b: c", "x.yaml:1:5: not valid YAML"),
        ("a:\n\tb: 1", "x.yaml:2:1: not valid YAML"),
        ("a: {b: 1", "x.yaml:1:4: not valid YAML: the { that is opened here is not closed"),
        ("a:\n- {b: [1,\nc: 2\n", "x.yaml:2:7: not valid YAML: the [ that is opened here is not closed"),
        ("a: [b, c\nd: 1\n", "x.yaml:1:4: not valid YAML: the [ that is opened here is not closed before line 2"),
        ("a: 'b\nc: d\n", "x.yaml:1:4: not valid YAML: the quote that is opened here is not closed"),
        (
            'a: "x\nb: 1\nc: "y"\n',
            "x.yaml:1:4: not valid YAML: the quote that is opened here is closed only on line 3; is one missing?",
        ),
        ("a: [b, c]]", "x.yaml:1:10: not valid YAML: expected <block end>, but found ']' (a bracket too many?)"),
        (
            "a: *",
            "x.yaml:1:5: not valid YAML: expected alphabetic or numeric character, but found '\\x00' (a text that",
        ),
        ("a: *@example.org", "x.yaml:1:4: anchors, aliases and merge keys (&, *, <<) are not allowed; write the value"),
        ("a: {b: [c}", "x.yaml:1:8: not valid YAML: the [ that is opened here is not closed before }"),
        ("a: @x", "x.yaml:1:4: not valid YAML: found character '@' that cannot start any token (a text that begins"),
        ("a: - b", "x.yaml:1:4: not valid YAML: sequence entries are not allowed here (write [one, two]"),
        ("a:\tb", "x.yaml:1:3: not valid YAML: found character '\\t' that cannot start any token (indent with blanks"),
        ('b: 1\na: "\\UFFFFFFFF"', "x.yaml:2:5: not valid YAML: there is no such character"),
        ('a: "\\ud83d"', "x.yaml:1:4: this text has a \\u that is no character"),
        ('"\\ud83d": a', "x.yaml:1:1: this text has a \\u that is no character"),
        ("a: x\u2028b: y", "x.yaml:1:5: an invisible line break (U+2028) stands here"),
        ("%YAML 2.0\n---\na: 1", "x.yaml:1:1: not valid YAML: found incompatible YAML document"),
        ("a: 1\r\nb: [\r\nc: 1\r\n", "x.yaml:2:4: not valid YAML: the [ that is opened here is not closed"),
        (b"\xff\xfea\x00:\x00", "x.yaml:1:1: the file is not UTF-8 text; save it as UTF-8"),
        (b"a: 1\nb: \xff", "x.yaml:2:4: the file is not UTF-8"),
        ("a: 1\nb: \x07", "x.yaml:2:4: not valid YAML"),
    ],
)
def test_what_could_surprise_is_refused_at_its_place(text: str | bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(tree.Refused) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(said)


def test_an_alias_bomb_is_refused_before_it_is_built(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefg", "bcdefgh", strict=True))
    with pytest.raises(tree.Refused, match="anchors"):
        read(tmp_path, bomb)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 50_000, "{a: " * 25_000])
def test_deep_nesting_is_refused_at_once(text: str, tmp_path: Path) -> None:
    began = time.perf_counter()
    with pytest.raises(tree.Refused, match="nested more than 20 levels"):
        read(tmp_path, text)
    assert time.perf_counter() - began < 5


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(tree.Refused, match="larger than 2 MB"):
        read(tmp_path, b"#" * 3_000_000)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(tree.Refused, match="a folder is here in place of the file"):
        tree.read(tmp_path)


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(tree.Refused, match="something else is here in place of the file"):
        tree.read(tmp_path / "x.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: 1")
    (tmp_path / "x.yaml").chmod(0)
    with pytest.raises(tree.Refused, match="the file cannot be read: Permission denied"):
        tree.read(tmp_path / "x.yaml")


def test_every_key_that_stands_twice_is_told_and_the_first_one_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "a: 1\na: [1, {b: 2}]\nc: {d: 1, d: {e: [1]}, f: 2}\na: 3\n")
    assert found.value == {"a": 1, "c": {"d": 1, "f": 2}}
    assert [str(problem) for problem in found.problems] == [
        "x.yaml:2:1: the key `a` stands here twice; the first is on line 1",
        "x.yaml:3:11: the key `d` stands here twice; the first is on line 3",
        "x.yaml:4:1: the key `a` stands here twice; the first is on line 1",
    ]


@pytest.mark.parametrize("text", ["a: 1\r\nb:\r\n  c: 2\r\n", "\ufeffa: 1\nb:\n  c: 2\n", "\ufeffa: 1\r\nb:\r\n  c: 2"])
def test_line_ends_of_windows_and_a_mark_at_the_beginning_change_no_place(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found.value == {"a": 1, "b": {"c": 2}}
    assert found.keys["a",] == (1, 1)
    assert found.values["b", "c"] == (3, 6)
