"""Secrets are read when they are needed, from where YAML says."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.config.secrets import PATIENCE, SecretPlace
from maild.errors import MaildError


def test_a_secret_loses_one_line_end(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(" hunter2 \n\n")
    assert SecretPlace("file", ("pw",), tmp_path).reveal() == " hunter2 \n"


def test_a_secret_is_read_anew_each_time(tmp_path: Path) -> None:
    place = SecretPlace("file", ("pw",), tmp_path)
    for password in ("old", "new"):
        (tmp_path / "pw").write_text(password)
        assert place.reveal() == password


def test_a_credential_comes_from_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imap").write_text("hunter2\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SecretPlace("credential", ("imap",), Path("/nowhere")).reveal() == "hunter2"


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "hunter2")
    assert SecretPlace("env", ("DESK_PASSWORD",), Path()).reveal() == "hunter2"


def test_a_command_prints_a_secret_without_a_shell(tmp_path: Path) -> None:
    assert SecretPlace("command", ("printf", "%s\n", "$HOME;x"), tmp_path).reveal() == "$HOME;x"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (SecretPlace("file", ("none",), Path("/nowhere")), "/nowhere/none cannot be read: No such file"),
        (SecretPlace("credential", ("imap",), Path()), "CREDENTIALS_DIRECTORY is not set"),
        (SecretPlace("env", ("DESK_PASSWORD",), Path()), "environment variable DESK_PASSWORD"),
        (SecretPlace("command", ("/nowhere/pass",), Path("/")), "the command"),
        (SecretPlace("command", ("false",), Path("/")), "the command"),
        (SecretPlace("command", ("true",), Path("/")), "is empty"),
    ],
    ids=lambda x: str(x),
)
def test_a_missing_secret_is_told_in_plain_words(
    place: SecretPlace, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(MaildError, match=said):
        place.reveal()


def test_a_failing_command_does_not_tell_what_it_printed() -> None:
    with pytest.raises(MaildError) as caught:
        SecretPlace("command", ("sh", "-c", "echo hunter2; exit 1"), Path("/")).reveal()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert PATIENCE < 60
