"""The README is true: its commands are those of the package and of CI, and its tour names every file."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from maild.cli import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"(<!-- runnable -->\n)?```sh\n(.*?)```", README, re.DOTALL)


def shown() -> list[list[str]]:
    """The words of every `maild ...` command, in fences and in the text."""
    lines = [line for _, block in BLOCKS for line in block.splitlines()]
    lines += re.findall(r"`(maild [^`]+)`", README)
    found = []
    for line in lines:
        for part in re.split(r"&&|\|", line):
            words = shlex.split(part)
            if words and Path(words[0]).name == "maild":
                found.append(words[1:])
    return found


@pytest.mark.parametrize("words", shown(), ids=" ".join)
def test_every_command_shown_exists_with_these_options(words: list[str]) -> None:
    command: click.Command = cli
    rest = list(words)
    while rest and rest[0] not in ("COMMAND",):
        word = rest.pop(0)
        if word.startswith("-") and word != "-":
            option = next((p for p in command.params if word in p.opts), None)
            assert option is not None or word == "--help", f"{word} of {words}"
            if isinstance(option, click.Option) and not option.is_flag:
                rest.pop(0)
        elif isinstance(command, click.Group):
            assert word in command.commands, f"{word} of {words}"
            command = command.commands[word]
        else:
            assert any(isinstance(p, click.Argument) for p in command.params), f"{word} of {words}"


def test_the_commands_marked_runnable_run(tmp_path: Path) -> None:
    runnable = [block for mark, block in BLOCKS if mark]
    assert runnable
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(runnable)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "filed INC-1" in done.stdout
    assert "acknowledgement" in done.stdout


def test_ci_runs_what_the_readme_says() -> None:
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    (test_command,) = (block.strip() for _, block in BLOCKS if block.strip().endswith("-m pytest"))
    make, install, test = (part.strip() for part in test_command.split("&&"))
    assert make == "python3.11 -m venv .venv"
    assert "-m venv .venv" in ci
    assert f"  {install}\n" in ci
    assert f"step tests {test}\n" in ci
    (demo,) = (block.strip() for _, block in BLOCKS if block.strip().endswith("maild demo"))
    assert demo.split("&&")[0].strip() == make
    assert "step demo .venv/bin/maild demo" in ci


def test_the_tour_names_every_file_and_every_file_is_there() -> None:
    named = {name.rstrip("/") for name in re.findall(r"`(maild/[\w/.]+)`", README)}
    for name in named - {"maild/wire/x.py"}:
        assert (ROOT / name).exists(), name
    rooms = {name for name in named if (ROOT / name).is_dir()}
    for path in sorted((ROOT / "maild").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if path.name != "__init__.py":
            assert name in named or (str(path.parent.relative_to(ROOT)) in rooms and "demo" in name), name


def test_everything_else_that_it_names_is_there() -> None:
    for name in re.findall(r"`((?:templates|systemd|config|tests|\.ci)/[\w./-]*)`", README):
        assert (ROOT / name).exists(), name
    for line in README.splitlines():
        assert len(line) <= 120 or line.startswith(("|", "python3.11", "uv ", "printf")), line
