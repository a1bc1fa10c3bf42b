"""`maild check` and `maild schema` as people, editors and scripts see them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests import cast
from tests.acceptance.commands import maild

TWO = (("prefix: INC", "prefx: INC"), ("poll: 60s", "poll: soon"))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return cast.write(tmp_path)


def test_the_counts_stand_apart_from_what_editors_read(desk: Path) -> None:
    cast.write(desk, *TWO)
    done = maild("--config", desk, "check")
    assert done.code == 78
    assert len(done.out.splitlines()) == 2
    assert done.err == f"{desk}: 2 problems\n"
    cast.write(desk, ("language: it}\n  ben", "language: it, trust: from}\n  ben"))
    assert maild("--config", desk, "check").out.splitlines()[-1] == f"{desk}: well, 1 warning"
    cast.write(desk)
    assert maild("--config", desk, "check").out == f"{desk}: well\n"


def test_json_has_the_line_as_it_is_printed_and_its_parts(desk: Path) -> None:
    cast.write(desk, *TWO)
    first, second = maild("--config", desk, "check", "--json").objects
    assert first == {
        "problem": "desk.yaml:2:1: unknown key `prefx`; did you mean `prefix`?",
        "file": "desk.yaml",
        "line": 2,
        "column": 1,
        "message": "unknown key `prefx`; did you mean `prefix`?",
    }
    assert second["file"] == "maild.yaml"


def test_a_secret_that_is_missing_is_a_problem_at_its_key(desk: Path) -> None:
    (desk / "secret").unlink()
    done = maild("--config", desk, "check")
    assert done.code == 78
    places = [line.split(": ")[0] for line in done.out.splitlines()]
    assert places == ["maild.yaml:2:9", "maild.yaml:8:76"]  # it is the password of the mailbox too
    plain = maild("--config", desk, "run", "--once")
    assert plain.code == 78
    assert plain.err.splitlines()[0].startswith("maild.yaml:2:9: the secret in ")
    assert not (desk / "maild.db").exists()


def test_a_terminal_gets_colours(desk: Path) -> None:
    cast.write(desk, *TWO)
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "maild", "--config", str(desk), "check"],
        stdout=theirs,
        stderr=theirs,
        check=False,
        timeout=60,
        env={k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"},
    )
    os.close(theirs)
    said = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "\x1b[1mdesk.yaml:2:1:\x1b[0m unknown key" in said
    assert "2 problems" in said


def test_schema_without_a_name_is_that_of_all_three() -> None:
    (every,) = [json.loads(maild("schema").out)]
    assert list(every) == ["maild.yaml", "desk.yaml", "rules.yaml"]
    assert every["desk.yaml"] == json.loads(maild("schema", "desk.yaml").out)


def test_schema_as_text_is_a_reference_to_read() -> None:
    one = maild("schema", "rules.yaml", "--text")
    assert one.code == 0
    assert "| `rules[].name` | " in one.out
    assert "maild.yaml:" not in one.out
    assert "## desk.yaml" in maild("schema", "--text").out
