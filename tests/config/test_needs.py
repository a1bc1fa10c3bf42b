"""What a configuration needs beside its files is looked for before it is used, and told at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild import config
from maild.config import needs
from tests.config.conftest import Folder

SECRET = "0123456789abcdef"


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any unit."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("DESK_SECRET", raising=False)


def said(at: Path, *, here: bool = False) -> list[str]:
    return [str(problem) for problem in needs.unmet(config.load(at), here=here)]


def doubts(at: Path) -> list[str]:
    return [str(problem) for problem in needs.doubts(config.load(at))]


def test_a_secret_that_lies_there_is_enough_and_credentials_are_for_the_unit(folder: Folder) -> None:
    at = folder()
    (at / "secret").write_text(SECRET)
    assert said(at) == doubts(at) == []
    missing = said(at, here=True)
    assert [line.partition(": ")[0] for line in missing] == ["maild.yaml:8:87", "maild.yaml:17:85"]
    assert all("$CREDENTIALS_DIRECTORY is not set" in line for line in missing)


def test_in_the_unit_credentials_are_looked_at(folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    at = folder()
    (at / "secret").write_text(SECRET)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "imap").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    (missing,) = said(at)
    assert missing == f"maild.yaml:17:85: the secret in {credentials}/smtp cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "the secret of file secret is empty"),
        (b"\n", "the secret of file secret is empty"),
        (b"short", "the secret has 5 characters; it needs 16 at least (`maild init` makes one)"),
        (b"\xff" * 20, "is not UTF-8 text"),
    ],
)
def test_a_secret_that_is_none_is_told_at_its_key(content: bytes | None, words: str, folder: Folder) -> None:
    at = folder()
    if content is not None:
        (at / "secret").write_bytes(content)
    (problem,) = said(at)
    assert problem.startswith("maild.yaml:2:9: ")
    assert words in problem


def test_a_folder_in_place_of_a_secret_is_told(folder: Folder) -> None:
    at = folder()
    (at / "secret").mkdir()
    (problem,) = said(at)
    assert problem == f"maild.yaml:2:9: the secret in {at}/secret cannot be read: Is a directory"


def test_a_variable_is_a_warning_where_it_is_not_set(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    at = folder("maild.yaml", "{file: secret}", "{env: DESK_SECRET}")
    assert said(at) == []
    assert doubts(at) == [
        "maild.yaml:2:9: the environment variable DESK_SECRET is not set here; `maild run` will need it"
    ]
    monkeypatch.setenv("DESK_SECRET", SECRET)
    assert doubts(at) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [("[printf, x]", ""), ("[no-such-program]", 'the command "no-such-program" is not there, or is no program')],
)
def test_a_command_is_looked_for_and_not_run(command: str, words: str, folder: Folder) -> None:
    at = folder("maild.yaml", "{file: secret}", f"{{command: {command}}}")
    assert said(at) == ([f"maild.yaml:2:9: {words}"] if words else [])


def test_templates_that_are_missing_or_broken_are_told(folder: Folder) -> None:
    at = folder("desk.yaml", "[en, it, da]", "[en, it, da, eo]")
    (at / "secret").write_text(SECRET)
    (problem,) = said(at)
    assert problem.startswith("desk.yaml:3:25: languages: there are no templates in `eo`; there are en, ")
    texts = at / "templates" / "eo"
    texts.mkdir(parents=True)
    (texts / "words.json").write_text("{}")
    (texts / "closure.md.j2").write_text("Subject: [{{ ticket.key }}] x\n\n{% for %}\n")
    (texts / "reopened.md.j2").write_text("Subject: x\n\n{{ ticket.key }} {{ ticket.subjekt }}\n")
    found = said(at)
    assert [line for line in found if line.startswith("templates/eo/closure.md.j2:3:1: ")]
    assert "templates/eo/reopened.md.j2:3:28: there is no subjekt in ticket; did you mean subject?" in found
    assert "templates/eo/delayed.md.j2:1:1: this notice is missing" in found
    assert all(line.startswith("templates/eo/") for line in found)


def test_the_desks_own_templates_are_part_of_the_version(folder: Folder) -> None:
    at = folder()
    first = config.load(at).version
    (at / "templates" / "en").mkdir(parents=True)
    (at / "templates" / "en" / "closure.md.j2").write_text("Subject: x\n\ny\n")
    second = config.load(at).version
    (at / "templates" / "en" / "closure.md.j2").rename(at / "templates" / "en" / "reopened.md.j2")
    assert len({first, second, config.load(at).version}) == 3
