"""The language of short texts among those of the desk."""

from __future__ import annotations

import pytest

from maild.mail import language

LANGUAGES = ("en", "it", "da")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello, I cannot log in since yesterday, could you please help me?", "en"),
        ("Buongiorno, da ieri non riesco più ad accedere al portale.", "it"),
        ("Hej, siden i går kan jeg ikke logge på systemet længere.", "da"),
    ],
)
def test_the_languages_of_the_desk_are_told_apart(text: str, code: str) -> None:
    assert language.detect(text, LANGUAGES) == code


@pytest.mark.parametrize("text", ["", "ok", "+1", "https://x.example/abc/def", "12345", "!!!", "[#1042]"])
def test_too_little_is_no_language(text: str) -> None:
    assert language.detect(text, LANGUAGES) is None


def test_without_languages_there_is_none() -> None:
    assert language.detect("Hello, my friend", ()) is None
