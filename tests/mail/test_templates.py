"""Rendering: every notice in every language, values as data, broken templates."""

from __future__ import annotations

import html as markup
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import proof
from maild.mail.lacking import WRITTEN
from maild.mail.templates import Templates

SHIPPED = Path(__file__).parents[2] / "templates"
LANGUAGES = ("en", "it", "da")
NOTICES = tuple(sorted(file.name.removesuffix(".md.j2") for file in (SHIPPED / "en").glob("*.md.j2")))
TO_REQUESTERS = {
    "acknowledgement",
    "public_reply",
    "escalation_requester",
    "delayed",
    "resolution",
    "closure",
    "reopened",
    "merged",
    "opened_for",
    "rule_reply",
    "forwarded",  # to others outside
}
UNANSWERABLE = {"help", "receipt", "alarm", "tickets", "digest", "report", "forwarded", "held_new"}
HOSTILE = (
    "</p><script>alert(1)</script> **bold** [x](http://evil.example) {{ 7*7 }} {% raw %} &amp; \"q\" 'q' `c` | # >"
)
ENGLISH = re.compile(
    r"\b(the|your|you|we|reply|line|this|has|have|with|from|open|hello|please|is|not|will|who)\b", re.I
)

shipped = Templates([SHIPPED])
every = pytest.mark.parametrize(("notice", "language"), [(n, lang) for n in NOTICES for lang in LANGUAGES])


def page_text(page: str) -> str:
    """What a reader sees of a page of HTML, with words parted by one space."""
    page = re.sub(r"<style.*?</style>|<title>.*?</title>", "", page, flags=re.DOTALL)
    page = re.sub(r"</?(strong|code|span|a)\b[^>]*>", "", page)
    return " ".join(markup.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def replaced(value: object, by: str) -> object:
    """A sample value with every text in it replaced."""
    if isinstance(value, str):
        return by
    if isinstance(value, dict):
        return {key: replaced(part, by) for key, part in value.items()}
    return tuple(replaced(part, by) for part in value) if isinstance(value, tuple) else value


def values_of(by: str) -> dict[str, object]:
    keep = {"zone", "clocks", "clock", "action"}
    return {k: v if k in keep else replaced(v, by) for k, v in proof.sample("x").items()}


def without_links(values: dict[str, object]) -> dict[str, object]:
    """Sample values with no link in them: a link reads differently in text."""
    rows = tuple({**row, "link": ""} for row in values["rows"])  # type: ignore[attr-defined]  # a sample has rows
    return values | {"links": {}, "colleagues": (), "rows": rows}


def one(folder: Path, body: str, head: str = "Subject: s\n\n") -> Templates:
    (folder / "en").mkdir(exist_ok=True)
    (folder / "en" / "n.md.j2").write_text(head + body)
    return Templates([folder, SHIPPED])


# ---- what is shipped


def test_every_notice_exists_in_every_language() -> None:
    assert set(shipped.languages()) == set(LANGUAGES)
    assert shipped.languages()[0] == "en"
    for language in LANGUAGES:
        assert shipped.notices(language) == NOTICES


@pytest.mark.parametrize("name", ["words.json", "receipt.json"])
def test_no_language_lacks_a_word(name: str) -> None:
    found = {language: json.loads((SHIPPED / language / name).read_text()) for language in LANGUAGES}
    for language in LANGUAGES:
        assert set(found[language]) - set(WRITTEN) == set(found["en"]) - set(WRITTEN)
        for key in set(found[language]) - set(WRITTEN):
            text = found[language][key]
            assert text.strip(), key
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", found["en"][key])), key


def test_languages_agree_on_the_head_of_each_notice() -> None:
    def head(notice: str, language: str) -> list[str]:
        text = (SHIPPED / language / f"{notice}.md.j2").read_text()
        return [x for x in text.split("\n\n")[0].split("\n") if not x.startswith("Subject:")]

    for notice in NOTICES:
        assert head(notice, "it") == head(notice, "da") == head(notice, "en")
        assert ("Frame: internal" in head(notice, "en")) == (notice not in TO_REQUESTERS)


def test_the_shipped_templates_have_no_problem() -> None:
    assert shipped.check() == []


@every
def test_nothing_stays_in_english(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, values_of("Ørn"))
    found = ENGLISH.search(re.sub(r"!\w+", "", f"{rendered.subject}\n{rendered.text}"))
    assert bool(found) == (language == "en"), found


@every
def test_text_and_html_hold_the_same_words(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, without_links(proof.sample(notice)))
    text = re.sub(r"^(> ?|- |\d+\. )", "", rendered.text, flags=re.MULTILINE)
    in_text = set(re.findall(r"[^\s:·\[\]]+", text))
    in_html = set(re.findall(r"[^\s:·\[\]]+", page_text(rendered.html)))
    assert in_text - in_html == set()
    assert in_html - in_text <= {"Example", "Desk"}


@every
def test_the_least_values_are_enough_and_nothing_empty_is_shown(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, proof.sparse(notice))
    for said in (rendered.text, page_text(rendered.html)):
        for odd in ("None", "()", " ,", "zq", "****"):
            assert odd not in said
    assert "  " not in rendered.subject


@every
def test_tables_hold_nothing_but_pairs(notice: str, language: str) -> None:
    """What stands right after a table in a template would become a row of it."""
    for row in re.findall(r"<tr>(.*?)</tr>", shipped.render(notice, language, proof.sample(notice)).html, re.DOTALL):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        assert len(cells) < 2 or all(cells)


@pytest.mark.parametrize("notice", NOTICES)
def test_every_language_has_the_same_paragraphs_lists_and_tables(notice: str) -> None:
    """A paragraph that runs into the next, or that one language lacks, shows here."""
    for values in (proof.sample(notice), proof.sparse(notice)):
        pages = [shipped.render(notice, language, values).html for language in LANGUAGES]
        en, it, da = [re.findall(r"<(p|li|tr|h2|blockquote|div|a|ol|ul|table)\b", page) for page in pages]
        assert it == en
        assert da == en


@every
def test_delimiter_stands_first_in_what_can_be_answered(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, proof.sample(notice))
    answerable = notice not in UNANSWERABLE
    assert bool(re.match(r"##- .+ -##\n", rendered.text)) == answerable
    assert bool(re.match(r"##- .+ -## ", page_text(rendered.html))) == answerable
    assert ("k3jf8s0a2" in rendered.text) == ("k3jf8s0a2" in rendered.html) == answerable


@every
def test_internal_mails_say_so_and_others_do_not(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, proof.sample(notice))
    word = shipped.words(language)["internal_hint"]
    assert (word in rendered.text) == (word in rendered.html) == (notice not in TO_REQUESTERS)


@every
def test_no_remote_content(notice: str, language: str) -> None:
    page = shipped.render(notice, language, proof.sample(notice)).html
    assert not re.search(r"(?i)<(img|link|script|iframe|object)|src=|url\(|@import|https?:", page)
    assert page.index("<meta charset") < 200


# ---- what a requester sees


@pytest.mark.parametrize("language", LANGUAGES)
def test_acknowledgement_of_an_unverified_sender_quotes_nothing(language: str) -> None:
    """B25: neither the subject, nor the text, nor the display name: all three carry advertising in mail bombs."""
    ticket = {"key": "INC-9", "subject": "BUYNOW", "requester": {"name": "BUYNOW", "address": "v@x.example"}}
    values = {"ticket": ticket, "text": "BUYNOW", "person": {"name": "BUYNOW"}, "desk": {"name": "Desk"}}
    for given_values in (values, values | {"quote_allowed": False}):
        rendered = shipped.render("acknowledgement", language, given_values)
        assert "BUYNOW" not in rendered.subject + rendered.text + rendered.html
        assert rendered.subject.startswith("[INC-9] ")
    allowed = shipped.render("acknowledgement", language, values | {"quote_allowed": True})
    assert allowed.subject == "[INC-9] BUYNOW"
    assert "> BUYNOW" in allowed.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "notice", ["escalation_requester", "delayed", "reopened", "closure", "acknowledgement", "merged"]
)
def test_requesters_learn_no_names_and_no_internal_notes(notice: str, language: str) -> None:
    """M9: staff stay invisible to requesters, except who answers them."""
    rendered = shipped.render(notice, language, proof.sample(notice))
    for inside in ("Cleo", "Ada", "gateway", "my own line"):
        assert inside not in rendered.text + rendered.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", sorted(TO_REQUESTERS))
def test_requesters_are_not_told_what_belongs_to_agents(notice: str, language: str) -> None:
    """M9: who else is on it, what it is linked to, and who at the desk could have it; of a merge only the key."""
    rendered = shipped.render(notice, language, proof.sample(notice))
    for inside in ("Ben Sand", "it@customer.example", "INC-7", "INC-9", "!take"):
        assert inside not in rendered.subject + rendered.text + rendered.html
    assert bool(re.search(r"INC-1\b", rendered.text)) == (notice == "merged")


def test_questions_become_a_numbered_list() -> None:
    rendered = shipped.render("acknowledgement", "en", proof.sample("acknowledgement"))
    assert "1. Which network are you on?\n2. Since when does it happen?" in rendered.text
    assert re.search(r"<ol.*<li[^>]*>Which network are you on\?</li>", rendered.html, re.DOTALL)


def test_links_are_buttons_in_html_and_words_to_write_in_text() -> None:
    rendered = shipped.render("new_ticket", "it", proof.sample("new_ticket"))
    assert "Prendi in carico: rispondere con «!take»" in rendered.text
    assert "mailto:" not in rendered.text
    assert re.search(
        r'<a [^>]*href="mailto:support\+t0k3n@example\.org\?subject=[^"]*&amp;body=%21take"', rendered.html
    )
    without = shipped.render("new_ticket", "it", proof.sample("new_ticket") | {"links": {}})
    assert "Prendi in carico" not in without.text + without.html


# ---- values are data (M8)


@every
def test_values_are_never_markdown_html_or_template(notice: str, language: str) -> None:
    rendered = shipped.render(notice, language, values_of(HOSTILE))
    assert "<script" not in rendered.html
    assert 'href="http' not in rendered.html
    assert "49" not in rendered.text
    assert "{{ 7*7 }}" in page_text(rendered.html)


def test_a_value_in_a_link_is_an_address_or_nothing(tmp_path: Path) -> None:
    page = one(tmp_path, '[x]({{ text }}) [y](https://a.example/t/{{ why }}) [z](/x "{{ what }}")').render(
        "n", "en", {"text": "javascript:alert(1)", "why": 'a"b/../<c>', "what": '"><script>'}
    )
    assert 'href="#"' in page.html
    assert "https://a.example/t/a%22b%2F..%2F%3Cc%3E" in page.html
    assert "<script" not in page.html
    assert "javascript" not in page.html


@pytest.mark.parametrize("attribute", ["style", "onclick", "src"])
def test_a_layout_cannot_put_a_value_where_it_could_act(tmp_path: Path, attribute: str) -> None:
    (tmp_path / "layout.html.j2").write_text(f'<p {attribute}="{{{{ desk.name }}}}">{{{{ body }}}}</p>')
    problems = Templates([tmp_path, SHIPPED]).check()
    assert problems
    assert attribute in problems[0]


def test_what_is_put_in_is_not_looked_at_again() -> None:
    """A value that looks like the place of another value stays text: who wrote it cannot know the nonce."""
    rendered = shipped.render("public_reply", "en", {"text": "zq0123456789abcdeft1z {{ desk.name }}", "ref": "R"})
    assert "zq0123456789abcdeft1z {{ desk.name }}" in rendered.text


def test_data_of_several_lines_keeps_its_lines_and_indentation() -> None:
    rendered = shipped.render("new_ticket", "en", {"text": "def f():\n    return 1\n\n\tx\r\ny\rz"})
    assert "> def f():\n>     return 1\n> \n> \tx\n> y\n> z" in rendered.text
    assert "def f():<br>\xa0\xa0\xa0\xa0return 1<br><br>\xa0\xa0\xa0\xa0x<br>y<br>z" in rendered.html


def test_control_and_bidi_characters_are_shown() -> None:
    """B57"""
    ticket = {"subject": "a\x00b\u202egpj.exe", "requester": {"name": "mi\u200bke\r\nBcc: x", "address": ""}}
    rendered = shipped.render("new_ticket", "en", {"ticket": ticket})
    assert rendered.subject.endswith("a␀b⟨U+202E⟩gpj.exe")
    assert "mi⟨U+200B⟩ke Bcc: x" in rendered.text
    assert "\u202e" not in rendered.html


def test_long_subjects_are_cut_and_keep_the_tag() -> None:
    subject = shipped.render("closure", "da", {"ticket": {"key": "INC-1", "subject": "æ" * 5_000}}).subject
    assert len(subject) <= 200
    assert subject.startswith("[INC-1] æææ")
    assert subject.endswith("…")


def test_a_huge_text_is_cut_with_a_word_about_it() -> None:
    rendered = shipped.render("new_ticket", "it", {"text": "x" * 1_000_000})
    assert len(rendered.text) < 250_000
    assert "il testo continua" in rendered.text


@settings(max_examples=60, deadline=None)
@given(st.text(), st.text(), st.sampled_from(NOTICES))
def test_whatever_the_values_are_the_result_is_clean(subject: str, text: str, notice: str) -> None:
    values = proof.sample(notice) | {"text": text, "ticket": {"key": "INC-1", "subject": subject}}
    rendered = shipped.render(notice, "it", values)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", rendered.subject)
    for said in (rendered.text, rendered.html):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", said)
