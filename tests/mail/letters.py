"""The mails of tests/letters, and the corpora beside the project where they are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.mail import reading
from maild.mail.message import Mail
from maild.mail.reading import ReadSettings

LETTERS = Path(__file__).parents[1] / "letters"
CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
SETTINGS = ReadSettings(instance="desk.example.org")


def raw(name: str) -> bytes:
    """The bytes of tests/letters/<name>.eml."""
    return (LETTERS / f"{name}.eml").read_bytes()


def letter(name: str) -> Mail:
    """tests/letters/<name>.eml, read."""
    return reading.read(raw(name), SETTINGS).mail


def mail(
    *fields: str, body: str = "The printer is broken again.\r\n", sender: str = "Carla <carla@customer.example>"
) -> Mail:
    """A mail with a From and these header fields, read."""
    head = [f"From: {sender}", *fields, "Content-Type: text/plain; charset=utf-8"]
    return reading.read(("\r\n".join(head) + "\r\n\r\n" + body).encode(), SETTINGS).mail


def corpus(*path: str) -> Path:
    """A folder of the corpora; the test skips itself, saying so, where they are absent."""
    folder = CORPORA.joinpath(*path)
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here: the corpora lie beside the project, not in it")
    return folder


def squeezed(text: str) -> str:
    """`text` without any whitespace."""
    return "".join(text.split())
