"""Every notice as a picture in a real browser: two widths, light and dark; what a machine can see is well.

MAILD_PICTURES=DIR keeps the pictures for people to look at. Chromium is the system's (Debian: `chromium`).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from maild import shipped
from maild.mail import proof
from maild.mail.templates import Templates
from maild.mail.translated import translated
from maild.policy import commands, orders  # noqa: F401 - commands: it fills the list
from tests.mail.test_templates import values_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS, SCHEMES = (390, 800), ("light", "dark")
LANGUAGES = ("en", "it", "da")
PROBLEMS: list[str] = []  # of templates that failed: what stands in for them would look well
TEMPLATES = Templates([shipped.folder("templates")], PROBLEMS.append)
NOTICES = TEMPLATES.notices("en")

# Words that English and the other language really have in common.
SHARED = {
    "it": {"due", "in", "link", "mail", "no", "server", "ticket"},
    "da": {
        *("administrator", "at", "due", "for", "mail", "mails", "note", "november", "over", "send", "status", "time"),
        *("to", "type"),
    },
}

# What is wrong on a page, in words. Contrast as WCAG 2.1 has it (1.4.3).
FAULTS = """() => {
  const faults = [], wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) faults.push(`scrolls: ${document.documentElement.scrollWidth}`);
  const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const said = texts.currentNode.nodeValue.trim(), one = texts.currentNode.parentElement;
    if (!said || said === "\\u00a0" || ["STYLE", "SCRIPT"].includes(one.tagName)) continue;
    const a = light(parts(getComputedStyle(one).color)), b = light(behind(one));
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${said.slice(0, 40)}`);
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    const box = one.closest("td, blockquote, a.button, body").getBoundingClientRect();
    for (const line of range.getClientRects()) {
      if (line.right > box.right + 1 || line.left < box.left - 1 || line.right > wide + 1)
        faults.push(`sticks out: ${said.slice(0, 40)}`);
    }
  }
  for (const cell of document.querySelectorAll(".facts td:first-child"))
    if (cell.getBoundingClientRect().width > wide * 0.6) faults.push(`crowded: ${cell.innerText.slice(0, 40)}`);
  return [...new Set(faults)];
}"""

Look = Callable[[str, str], list[str]]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """One page of a browser that answers no request at all."""
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.asked = []
        tab.route("**/*", lambda route: (tab.asked.append(route.request.url), route.abort()))
        yield tab
        browser.close()


@pytest.fixture
def look(page: Any) -> Look:
    """What is wrong with a page of HTML at any width, light or dark; its pictures are kept under this name."""

    def looked(html: str, name: str) -> list[str]:
        page.set_content(html, wait_until="load")
        found = []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 600})
                found += [f"{name} {width} {scheme}: {fault}" for fault in page.evaluate(FAULTS)]
                if os.environ.get("MAILD_PICTURES"):
                    file = Path(os.environ["MAILD_PICTURES"]) / f"{name}-{width}-{scheme}.png"
                    file.parent.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=file, full_page=True)
        return found + [f"{name} asks for {url}" for url in page.asked] + PROBLEMS

    return looked


def words_of(page: Any, notice: str, language: str) -> set[str]:
    """The words that a reader sees, apart from the values."""
    page.set_content(TEMPLATES.render(notice, language, values_of("Ørn") | {"zone": "UTC"}).html)
    seen = re.sub(r"![a-zæøå]+|maild [\w ]+|\w+\.ørn", " ", page.inner_text("body").lower())
    return set(re.findall(r"[^\W\d_]{2,}", seen)) - {"ørn", "kb"}


HEBREW = "הדפסה לא עובדת (קומה 3), עזרה"
ARABIC = "الطابعة لا تعمل [INC-7] في المكتب"
HOSTILE = {
    "long": ("W" * 300, "Maximilian" * 12, "x" * 500 + "\n" + "y" * 40),
    "hebrew": (HEBREW, "דנה כהן", f"{HEBREW}\n\nVPN 809\n{HEBREW}"),
    "arabic": (ARABIC, "ليلى حداد", f"{ARABIC}\n{ARABIC}"),
}


def hostile(kind: str, notice: str) -> dict[str, Any]:
    """Sample values in which subject, names and texts are as hard on the layout as people can make them."""
    subject, name, text = HOSTILE[kind]
    values = proof.sample(notice)
    swap = {str(values["ticket"]["subject"]): subject, "network/<vpn>": subject[:60], "New phone": subject}
    swap |= dict.fromkeys(("Carla Bianchi", "Ben Sand", "Cleo Winther", "Ada Rossi", "Giulia", "Søren Holm"), name)
    swap |= {str(values["text"]): text, "carla@customer.example": f"{'c' * 64}@{'customer' * 7}.example"}
    return _swapped(values, swap)  # type: ignore[no-any-return]  # a mapping stays one


def _swapped(value: Any, swap: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return swap.get(value, value)
    if isinstance(value, dict):
        return {key: _swapped(part, swap) for key, part in value.items()}
    return tuple(_swapped(part, swap) for part in value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("notice", "language"), [("new_ticket", "it"), ("acknowledgement", "da")])
def test_two_notices_are_well_to_look_at(notice: str, language: str, look: Look) -> None:
    made = TEMPLATES.render(notice, language, translated(notice, language, TEMPLATES.words(language)))
    assert look(made.html, f"{language}/{notice}") == []


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_is_well_to_look_at(language: str, look: Look) -> None:
    faults = []
    for notice in NOTICES:
        values = translated(notice, language, TEMPLATES.words(language))
        if notice == "help":
            values |= {"commands": orders.help_lines(language)}
        made = TEMPLATES.render(notice, language, values)
        faults += look(made.html, f"{language}/{notice}")
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_subject_name_or_text_breaks_the_layout(kind: str, look: Look) -> None:
    faults = []
    for notice in NOTICES:
        faults += look(TEMPLATES.render(notice, "it", hostile(kind, notice)).html, f"{kind}/{notice}")
    assert faults == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["it", "da"])
def test_no_english_word_is_left_in_a_picture(language: str, page: Any) -> None:
    left = {notice: words_of(page, notice, "en") & words_of(page, notice, language) for notice in NOTICES}
    assert {notice: words for notice, words in left.items() if words - SHARED[language]} == {}


@pytest.mark.parametrize("value", [HEBREW, ARABIC])
def test_what_is_written_from_right_to_left_leaves_its_surroundings_alone(value: str, page: Any) -> None:
    """The key before such a subject stays left of it, and what follows stays right of it."""
    row = {**proof.sample("tickets")["rows"][0], "subject": value, "requester": "Carla"}
    page.set_content(TEMPLATES.render("tickets", "en", proof.sample("tickets") | {"rows": (row,)}).html)
    page.set_viewport_size({"width": 2_000, "height": 600})
    where = """() => { const at = text => { const walk = document.createTreeWalker(document.body, 4);
      while (walk.nextNode()) { const i = walk.currentNode.nodeValue.indexOf(text); if (i < 0) continue;
        const range = document.createRange(); range.setStart(walk.currentNode, i);
        range.setEnd(walk.currentNode, i + text.length); return range.getBoundingClientRect().left; } };
      const turned = document.querySelector('span[dir=auto]');
      const side = turned.getBoundingClientRect().left, way = getComputedStyle(turned).direction;
      return [at('INC-12'), side, at('· Carla'), way]; }"""
    key, subject, after, direction = page.evaluate(where)
    assert key < subject < after
    assert direction == "rtl"
