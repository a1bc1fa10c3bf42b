"""Fallbacks, overrides of single files, and templates that are broken: a mail goes out in any case (B68)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maild.mail import proof
from maild.mail.templates import Templates
from tests.mail.test_templates import SHIPPED, one, shipped


def test_an_unknown_language_falls_back_and_a_regional_one_to_its_language() -> None:
    assert "thank you for your message" in shipped.render("acknowledgement", "xx", {}).text
    assert "Tak for din henvendelse" in shipped.render("acknowledgement", "da-DK", {}).text
    assert "thank you" in shipped.render("acknowledgement", "../it", {}).text


def test_an_override_wins_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "da").mkdir()
    (tmp_path / "da" / "closure.md.j2").write_text("Subject: Slut\n\nFærdig.\n")
    (tmp_path / "da" / "words.json").write_text('{"internal": "Hemmeligt"}')
    templates = Templates([tmp_path, SHIPPED])
    assert templates.render("closure", "da", {}).subject == "Slut"
    assert "Tak for din henvendelse" in templates.render("acknowledgement", "da", {}).text
    assert templates.words("da")["internal"] == "Hemmeligt"
    assert templates.words("da")["high"] == "høj"


BROKEN = {
    "syntax": "Subject: x\n\n{% if %}",
    "unknown value": "Subject: x\n\n\n{{ tikket.key }}",
    "unknown part": "Subject: x\n\n{{ ticket.subjekt }}",
    "unknown filter": "Subject: x\n\n{{ text | qote }}",
    "no subject": "Hello\n\nthere",
    "missing include": 'Subject: x\n\n{% include "en/nothing.j2" %}',
    "outside include": 'Subject: x\n\n{% include "../../etc/passwd" %}',
    "whole list": "Subject: x\n\n{{ history }}",
    "macro": "Subject: x\n\n{% macro m() %}{{ text }}{% endmacro %}{{ m() }}",
    "filter block": "Subject: x\n\n{% filter upper %}{{ text }}{% endfilter %}",
    "sandbox": "Subject: x\n\n{{ ''.__class__.__mro__ }}",
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_override_gives_way_to_the_shipped_text_and_is_told_once(tmp_path: Path, why: str) -> None:
    """B68"""
    told: list[str] = []
    (tmp_path / "it").mkdir()
    file = tmp_path / "it" / "closure.md.j2"
    file.write_text(BROKEN[why])
    templates = Templates([tmp_path, SHIPPED], on_problem=told.append)
    found = templates.check()
    assert found
    assert re.match(rf"({re.escape(str(file))}|it/closure\.md\.j2):\d+(:\d+)?: \S", found[0]), found
    for _ in range(3):
        assert "abbiamo chiuso" in templates.render("closure", "it", proof.sample("closure")).text
    assert len(told) == 1


def test_problems_name_the_line_and_what_was_meant(tmp_path: Path) -> None:
    problems = one(tmp_path, "\n{{ tikket.key }}\n{% if ticket.key == 'x' %}{{ ticket.subjekt }}{% endif %}\n").check()
    file = tmp_path / "en" / "n.md.j2"
    assert problems == [
        f"{file}:4:4: there is no value tikket; did you mean ticket?",
        f"{file}:5:37: there is no subjekt in ticket; did you mean subject?",
    ]
    assert "did you mean quote?" in one(tmp_path, "{{ text | quot }}").check()[0]


def test_an_override_that_replaces_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "acknowledgment.md.j2").write_text("Subject: x\n\ny")
    problems = Templates([tmp_path, SHIPPED]).check()
    assert problems == ["en/acknowledgment.md.j2:1: replaces nothing; did you mean acknowledgement.md.j2?"]
    (tmp_path / "en" / "acknowledgment.md.j2").rename(tmp_path / "en" / "vpn_reply.md.j2")
    assert Templates([tmp_path, SHIPPED]).check() == []


def test_what_is_included_and_does_not_exist_is_named_where_it_is_included(tmp_path: Path) -> None:
    body = "{% if ticket.key == 'never' %}\n{% include 'en/facs.j2' %}\n{% endif %}\n"
    file = tmp_path / "en" / "n.md.j2"
    assert one(tmp_path, body).check() == [f"{file}:4:13: there is no template en/facs.j2; did you mean en/facts.j2?"]


def test_a_template_that_is_no_text_is_a_problem_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "closure.md.j2").write_bytes(b"Subject: caf\xe9\n\nx")
    assert "en/closure.md.j2:1: 'utf-8' codec" in Templates([tmp_path, SHIPPED]).check()[0]


@pytest.mark.parametrize(("notice", "passes"), [("public_reply", True), ("acknowledgement", False), ("delayed", False)])
def test_when_all_is_broken_a_plain_text_goes_out(tmp_path: Path, notice: str, *, passes: bool) -> None:
    told: list[str] = []
    for language in ("en", "da"):
        (tmp_path / language).mkdir()
        (tmp_path / language / f"{notice}.md.j2").write_text("{% broken")
    values = {"ticket": {"key": "INC-5", "subject": "sub<b>ject"}, "text": "my <b>text</b>", "desk": {"name": "Desk"}}
    rendered = Templates([tmp_path], on_problem=told.append).render(notice, "da", values)
    assert rendered.subject == "[INC-5] Desk"
    assert rendered.text.startswith("##- ")
    assert ("my <b>text</b>" in rendered.text) == passes
    assert "<b>" not in rendered.html
    assert told


def test_a_broken_word_list_is_told_and_the_shipped_words_hold(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "words.json").write_text('{"high":\n"alta"')
    templates = Templates([tmp_path, SHIPPED], on_problem=told.append)
    assert templates.words("it")["high"] == "alta"
    assert ":2: cannot be read" in told[0]
