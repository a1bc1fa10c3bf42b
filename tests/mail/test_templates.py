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
}
UNANSWERABLE = {"help", "receipt", "alarm", "tickets", "digest", "report"}
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
        assert set(found[language]) == set(found["en"])
        for key, text in found[language].items():
            assert text.strip() or key == "and", key
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


# ---- languages, overrides, broken templates


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
    assert re.match(rf"({re.escape(str(file))}|it/closure\.md\.j2):\d+: \S", found[0]), found
    for _ in range(3):
        assert "abbiamo chiuso" in templates.render("closure", "it", proof.sample("closure")).text
    assert len(told) == 1


def test_problems_name_the_line_and_what_was_meant(tmp_path: Path) -> None:
    problems = one(tmp_path, "\n{{ tikket.key }}\n{% if ticket.key == 'x' %}{{ ticket.subjekt }}{% endif %}\n").check()
    file = tmp_path / "en" / "n.md.j2"
    assert problems == [
        f"{file}:4: there is no value tikket; did you mean ticket?",
        f"{file}:5: there is no subjekt in it; did you mean subject?",
    ]
    assert "did you mean quote?" in one(tmp_path, "{{ text | quot }}").check()[0]


def test_an_override_that_replaces_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "acknowledgment.md.j2").write_text("Subject: x\n\ny")
    problems = Templates([tmp_path, SHIPPED]).check()
    assert problems == ["en/acknowledgment.md.j2:1: replaces nothing; did you mean acknowledgement.md.j2?"]
    (tmp_path / "en" / "acknowledgment.md.j2").rename(tmp_path / "en" / "vpn_reply.md.j2")
    assert Templates([tmp_path, SHIPPED]).check() == []


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
