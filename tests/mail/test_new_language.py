"""A new language is a folder: what it lacks, and what does not fit, is said at once."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from maild import shipped
from maild.mail import proof
from maild.mail.templates import Templates

SHIPPED = shipped.folder("templates")


@pytest.fixture
def polish(tmp_path: Path) -> Path:
    """A new language: the folder of another, copied."""
    folder = tmp_path / "pl"
    shutil.copytree(SHIPPED / "en", folder)
    for file in folder.glob("*.j2"):
        file.write_text(re.sub(r'other="', 'few="# x", many="# x", other="', file.read_text().replace('"en/', '"pl/')))
    words = json.loads((folder / "words.json").read_text())
    (folder / "words.json").write_text(json.dumps({k: v for k, v in words.items() if k not in ("locale", "date")}))
    return folder


def test_a_new_language_is_a_folder(polish: Path) -> None:
    templates = Templates([polish.parent, SHIPPED])
    assert templates.languages() == ("en", "da", "it", "pl")
    assert templates.check() == []
    values = proof.sample("new_ticket") | {"previous": 3}
    said = templates.render("new_ticket", "pl", values).text
    assert "(3 x)" in said
    assert "wtorek, 24 listopada 2026, 09:05" in said  # by its own locale, not by the patterns of the fallback


def test_what_a_new_language_lacks_is_said_all_at_once(polish: Path) -> None:
    words = json.loads((polish / "words.json").read_text())
    del words["critical"], words["high"], words["low"]
    (polish / "words.json").write_text(json.dumps(words | {"critcal": "x", "locale": "plx"}, indent=0))
    said = json.loads((polish / "receipt.json").read_text())
    del said["taken"]
    (polish / "receipt.json").write_text(json.dumps(said | {"no_ticket": "nie ma {keys}"}, indent=0))
    (polish / "closure.md.j2").unlink()
    (polish / "buttons.j2").unlink()
    (polish / "delayed.md.j2").rename(polish / "delaied.md.j2")
    found = Templates([polish.parent, SHIPPED]).check()
    said_of = {re.sub(rf"{re.escape(str(polish))}/|:\d+(?=:)", "", problem) for problem in found}
    assert said_of >= {
        "buttons.j2: this part of notices is missing",
        "closure.md.j2: this notice is missing",
        "delayed.md.j2: this notice is missing; is delaied.md.j2 meant to be it?",
        "words.json: nothing uses “critcal”; did you mean critical?",
        "words.json: these 2 words are missing: high, low",
        "words.json: how dates are written in “plx” is not known; name a locale, as en_GB",
        "receipt.json: this sentence is missing: taken",
        "receipt.json: nothing fills {keys}; did you mean key?",
    }
    assert any("new_ticket.md.j2" in p and "there is no template pl/buttons.j2" in p for p in found)
    line = 1 + (polish / "words.json").read_text()[: (polish / "words.json").read_text().index("critcal")].count("\n")
    assert f"{polish}/words.json:{line}: nothing uses “critcal”; did you mean critical?" in found


def test_a_pattern_that_writes_no_date_and_a_list_that_is_none_are_problems(tmp_path: Path) -> None:
    for language, text in (("it", '{\n"date_time": "{1} {3}"}'), ("da", '{"high":\n"x"'), ("en", "[]")):
        (tmp_path / language).mkdir()
        (tmp_path / language / "words.json").write_text(text)
    da, en, it = Templates([tmp_path, SHIPPED]).check()[:3]
    assert f"{tmp_path}/da/words.json:2: cannot be read" in da
    assert f"{tmp_path}/en/words.json:1: cannot be read" in en
    assert f"{tmp_path}/it/words.json:2: no date can be written so" in it


def test_a_region_lacks_nothing_that_its_language_has(tmp_path: Path) -> None:
    (tmp_path / "it-CH").mkdir()
    (tmp_path / "it-CH" / "words.json").write_text('{"locale": "it_CH"}')
    templates = Templates([tmp_path, SHIPPED])
    assert templates.check() == []
    assert "abbiamo chiuso" in templates.render("closure", "it-CH", proof.sample("closure")).text


def test_an_override_alone_lacks_nothing(tmp_path: Path) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "closure.md.j2").write_text("Subject: Fine\n\nFinito.\n")
    (tmp_path / "it" / "words.json").write_text('{"high": "altissima"}')
    assert Templates([tmp_path, SHIPPED]).check() == []


@pytest.mark.parametrize(
    ("forms", "problem"),
    [
        ('one="#", oter="#"', "3:31: there is no form oter; did you mean other?"),
        ('other="#"', "3:15: counting in this language needs the form one as well"),
        ('one="a case", other="# cases"', None),
    ],
)
def test_the_forms_of_a_counted_word_are_those_of_the_language(tmp_path: Path, forms: str, problem: str | None) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "n.md.j2").write_text(f"Subject: s\n\n{{{{ previous | plural({forms}) }}}}")
    found = Templates([tmp_path, SHIPPED]).check()
    assert (f"{tmp_path}/en/n.md.j2:{problem}" in found) if problem else found == []
