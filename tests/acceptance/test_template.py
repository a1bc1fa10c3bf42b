"""`maild template`: which texts there are, which are in force, and how they look, with samples and with tickets."""

from __future__ import annotations

import re
import sqlite3
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild.cli import templating  # noqa: F401 - it adds its commands
from maild.policy.notices import NOTICES
from tests import cast
from tests.acceptance.commands import maild
from tests.acceptance.test_cli import plainly


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return cast.write(folder)


@pytest.fixture
def override(desk: Path) -> Path:
    """A text of the administrator's own."""
    file = desk / "templates" / "it" / "closure.md.j2"
    file.parent.mkdir(parents=True)
    file.write_text("Subject: [{{ ticket.key }}] Chiuso\n\nBuongiorno {{ person.name }}, abbiamo finito.\n")
    return file


def opened(desk: Path) -> str:
    """A ticket that Carla opened in Italian; its key."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Carla Bruni <carla@customer.example>", "support@example.org", "La VPN"
    mail["Message-ID"] = "<1@customer.example>"
    mail.set_content("Buongiorno, da stamattina la VPN non funziona più e non riesco a lavorare. Grazie mille, Carla\n")
    file = desk.parent / "1.eml"
    file.write_bytes(mail.as_bytes())
    done = maild("--config", desk, "feed", "--json", file)
    assert done.code == 0, done.err
    return str(done.objects[0]["ticket"])


def dump(desk: Path) -> list[str]:
    """All that the database holds."""
    (file,) = desk.parent.rglob("*.db")
    return list(sqlite3.connect(file).iterdump())


# -- which there are ---------------------------------------------------------------------------------------------------


def test_the_list_names_every_notice_its_languages_and_what_is_overridden(desk: Path, override: Path) -> None:
    rows = {row["name"]: row for row in maild("--config", desk, "template", "list", "--json").objects}
    assert set(NOTICES) <= set(rows)
    assert rows["closure"] == {
        "name": "closure",
        "kind": "notice",
        "languages": ["en", "da", "it"],
        "overridden_by": [str(override)],
    }
    assert {name: rows[name]["kind"] for name in ("facts", "layout.html", "words.json")} == {
        "facts": "part",
        "layout.html": "layout",
        "words.json": "words",
    }
    assert [name for name, row in rows.items() if row["overridden_by"]] == ["closure"]
    table = maild("--config", desk, "template", "list").out
    assert re.search(rf"closure +notice +en da it +{re.escape(str(override))}", table)


def test_the_source_in_force_can_begin_an_override(desk: Path, override: Path) -> None:
    done = maild("--config", desk, "template", "show", "closure", "--language", "it")
    assert (done.code, done.out, done.err.strip()) == (0, override.read_text(), str(override))
    shipped = maild("--config", desk, "template", "show", "closure", "--language", "da", "--json").objects[0]
    assert shipped["override"] is False
    assert shipped["source"] == Path(shipped["path"]).read_text()
    for name in ("facts", "layout.html", "words.json", "closure.md.j2"):
        assert maild("--config", desk, "template", "show", name, "--language", "da").code == 0


def test_texts_can_be_looked_at_where_there_is_no_configuration(tmp_path: Path) -> None:
    done = maild("--config", tmp_path / "nowhere", "template", "render", "closure", "--language", "da")
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "Subject: [INC-12] VPN <falder ud> & *går i stå* på etage_3_vest",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "closur"), ("closur", "did you mean closure?")),
        (("render", "closur"), ("closur", "did you mean closure?")),
        (("render", "closure", "--language", "de"), ("de", "en, da, it")),
        (("gallery", "out", "--language", "de"), ("de", "en, da, it")),
        (("show", "closure", "--language", "de"), ("de", "en, da, it")),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(
    words: tuple[str, ...], said: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plainly(maild("template", *words), 2, *said)
    assert not (tmp_path / "out").exists()


# -- how they look -----------------------------------------------------------------------------------------------------


def test_samples_are_in_the_language_of_the_notice(desk: Path, override: Path) -> None:
    assert (
        "Buongiorno Giulia, abbiamo finito."
        in maild("--config", desk, "template", "render", "closure", "--language", "it").out
    )
    receipt = maild("--config", desk, "template", "render", "receipt", "--language", "da").out
    assert "mente du !priority?" in receipt
    assert "!take: udført" in receipt
    story = maild("--config", desk, "template", "render", "reminder", "--language", "it").out
    assert "livello: L1 → L2 (prima risposta, 100%)" in story


def test_a_page_is_written_and_all_of_it_is_json(desk: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = maild("--config", desk, "template", "render", "why", "--language", "it", "--open", page, "--json")
    (told,) = done.objects
    assert set(told) == {"notice", "language", "ticket", "subject", "text", "html"}
    assert page.read_text() == told["html"]
    assert told["html"].lstrip().startswith("<!DOCTYPE html>")


def test_a_broken_text_is_told_and_what_stands_in_is_shown(desk: Path, override: Path) -> None:
    override.write_text("Subject: x\n\n{{ tikket.key }}\n")
    done = maild("--config", desk, "template", "render", "closure", "--language", "it")
    assert done.code == 78
    assert f"{override}:3" in done.err
    assert "abbiamo chiuso" in done.out


def test_check_finds_a_broken_override_with_its_place_and_what_was_meant(desk: Path, override: Path) -> None:
    override.write_text("Subject: x\n\n{{ tikket.key }}\n")
    (desk / "templates" / "it" / "words.json").write_text('{"write": "scrivi {wat}"}')
    done = maild("--config", desk, "check")
    assert done.code == 78
    first, second = re.findall(r"templates/it/(\S+:.*)", done.out)
    assert re.fullmatch(r"closure\.md\.j2:3:4(:1)?: there is no value tikket; did you mean ticket\?", first)
    assert second == "words.json:1:1: nothing fills {wat}; did you mean what?"


# -- with a real ticket ------------------------------------------------------------------------------------------------


def test_a_ticket_is_shown_as_its_requester_and_as_its_line_would_get_it(desk: Path) -> None:
    key = opened(desk)
    before = dump(desk)
    outside = maild("--config", desk, "template", "render", "closure", "--ticket", key, "--json").objects[0]
    assert (outside["language"], outside["subject"]) == ("it", f"[{key}] La VPN")
    assert "Buongiorno Carla Bruni," in outside["text"]
    inside = maild("--config", desk, "template", "render", "requester_reply", "--ticket", key, "--language", "da")
    assert "> Buongiorno, da stamattina la VPN" in inside.out
    assert "Carla Bruni carla@customer.example" in inside.out
    assert "Carla Bruni har svaret" in inside.out
    assert "+" not in re.sub(r"[^\n]*carla@[^\n]*", "", inside.out).partition("[")[2].rpartition(key)[2]
    assert dump(desk) == before


@pytest.mark.slow
def test_every_notice_about_a_ticket_can_be_shown_with_it(desk: Path) -> None:
    key = opened(desk)
    before = dump(desk)
    for notice in NOTICES:
        done = maild("--config", desk, "template", "render", notice, "--ticket", key, "--language", "en", "--json")
        if notice in ("tickets", "digest", "report", "alarm", "held_new"):
            plainly(done, 1, notice, "no single ticket")
            continue
        assert done.code == 0, (notice, done.err)
        told = done.objects[0]
        assert "INC-12" not in told["text"]  # no sample among the real values
        assert not re.search(r"support\+|[a-z2-7]{40}", told["text"] + told["html"])  # no token
    assert dump(desk) == before


def test_an_unknown_ticket_is_one_line_and_makes_no_database(desk: Path) -> None:
    plainly(maild("--config", desk, "template", "render", "closure", "--ticket", "INC-99"), 1, "INC-99")
    assert not list(desk.parent.rglob("*.db"))
    opened(desk)
    plainly(maild("--config", desk, "template", "render", "closure", "--ticket", "INC-99"), 1, "INC-99")


# -- all of them -------------------------------------------------------------------------------------------------------


def test_the_gallery_leads_to_every_notice_and_fetches_nothing(desk: Path, tmp_path: Path) -> None:
    target = tmp_path / "gallery"
    done = maild("--config", desk, "template", "gallery", target, "--language", "it", "--language", "da")
    assert (done.code, str(target / "index.html") in done.out) == (0, True)
    index = (target / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', index)
    assert {
        f"{language}/{notice}.{kind}"
        for language in ("it", "da")
        for notice in NOTICES
        for kind in ("dark.html", "txt")
    } <= {*links}
    assert all((target / link).is_file() for link in links)
    assert {str(file.relative_to(target)) for file in target.rglob("*.*")} == {"index.html", *links}
    for file in target.rglob("*.html"):
        assert not re.search(r"(?i)<(img|link|script|object)|src=|url\(|@import|https?:", file.read_text()), file
    assert "prefers-color-scheme" not in (target / "it" / "closure.dark.html").read_text()
    assert (target / "it" / "closure.txt").read_text("utf-8-sig").startswith("Subject: [INC-12] ")
