"""A percentage as a bar: cells of a table in the page, nothing in the text, whatever the value is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maild import shipped
from maild.mail.templates import Templates

SOURCE = "Subject: s\n\n|  |  |  |\n|--|--|--|\n| Kept | {{ text | bar }} | {{ text }} of it |\n"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "en").mkdir()
    (Path(folder) / "en" / "figures.md.j2").write_text(SOURCE)
    return Templates([folder, shipped.folder("templates")])


@pytest.mark.parametrize(
    ("value", "cells"),
    [
        ("0", [("missed", 96)]),
        ("50", [("kept", 48), ("missed", 48)]),
        ("100", [("kept", 96)]),
        ("700", [("kept", 96)]),
        ('"><script>', [("missed", 96)]),
    ],
)
def test_a_bar_is_cells_that_fill_it(value: str, cells: list[tuple[str, int]], templates: Templates) -> None:
    page = templates.render("figures", "en", {"text": value}).html
    assert [(n, int(w)) for n, w in re.findall(r'<td class="(\w+)" width="(\d+)"', page)] == cells
    assert "<script>" not in page


def test_the_text_has_the_figures_alone(templates: Templates) -> None:
    assert "Kept  50 of it" in templates.render("figures", "en", {"text": "50"}).text
