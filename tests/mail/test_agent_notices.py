"""What the notices to agents say: what is held, what is stale, what they asked for, what their commands did."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maild.mail import proof
from maild.mail.templates import Templates

LANGUAGES = ("en", "it", "da")

shipped = Templates([Path(__file__).parents[2] / "templates"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_held_says_why_and_how_to_decide(language: str) -> None:
    """B4, B26"""
    said = {}
    for why in ("stranger", "trick"):
        rendered = shipped.render("held", language, proof.sample("held") | {"why": why})
        said[why] = rendered.text
        assert "Mallory (mallory@elsewhere.example)" in rendered.text
        for verb in ("accept", "split", "drop"):
            assert f"!{verb}" in rendered.text
            assert f"body=%21{verb}" in rendered.html
    assert said["trick"] != said["stranger"]
    assert {"en": "by machine", "it": "in automatico", "da": "automatisk"}[language] in said["trick"]
    only = {"author": {"name": "m@x.example", "address": "m@x.example"}}
    assert "(m@x.example)" not in shipped.render("held", language, proof.sample("held") | only).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stale_reply_tells_what_others_did_and_gives_the_text_back(language: str) -> None:
    """B37"""
    text = shipped.render("stale", language, proof.sample("stale")).text
    assert text.index("> Please restart it once.") < text.index("> That did it, thanks!") < text.index("> Since this")
    assert shipped.words(language)["resolved"] in text
    assert "!send" in text
    assert "!drop" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_why_tells_each_state_of_a_clock_in_a_sentence_of_its_own(language: str) -> None:
    sentences = []
    for clock in proof.sample("why")["ledger"]:
        text = shipped.render("why", language, proof.sample("why") | {"ledger": (clock,), "events": ()}).text
        sentences.append(text.split("\n- ")[-1].split("\n")[0].split()[:5])
    assert len({" ".join(s) for s in sentences}) == 5
    none = shipped.render("why", language, proof.sample("why") | {"ledger": (), "events": ()}).text
    assert "gold" not in none


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("which", ["mine", "line", "due"])
def test_a_list_names_what_it_lists_and_says_so_where_there_is_none(which: str, language: str) -> None:
    values = proof.sample("tickets") | {"which": which}
    full = shipped.render("tickets", language, values)
    assert "INC-12" in full.text
    assert "body=%21show%20INC-12" in full.html
    assert ("Cleo Winther" in full.text) == (which != "mine")
    assert re.search(r"\b4 ", full.text)
    empty = shipped.render("tickets", language, values | {"rows": (), "more": 0})
    assert "INC-" not in empty.text
    assert full.subject == empty.subject
    others = {
        shipped.render("tickets", language, values | {"which": x, "rows": ()}).text for x in ("mine", "line", "due")
    }
    assert len(others) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_similar_says_so_where_nothing_is(language: str) -> None:
    full = shipped.render("similar", language, proof.sample("similar")).text
    empty = shipped.render("similar", language, proof.sample("similar") | {"similar": ()}).text
    assert "Renewed the certificate" in full
    assert "INC-7" not in empty
    assert "INC-12" in empty


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", ["requester_reply", "new_ticket"])
def test_a_new_subject_under_an_old_reference_is_told(notice: str, language: str) -> None:
    """B8"""
    rendered = shipped.render(notice, language, proof.sample(notice))
    assert "And the printer" in rendered.text
    assert "And the printer" not in rendered.subject
    without = shipped.render(notice, language, proof.sample(notice) | {"new_subject": "", "other": None})
    assert "printer" not in without.text
    assert "INC-1," not in without.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_says_that_what_was_sent_stays_sent_where_it_offers_to_undo(language: str) -> None:
    """B35"""
    values = proof.sample("receipt")
    full = shipped.render("receipt", language, values | {"recipients": ("a@x.example", "b@x.example")})
    assert ": a@x.example, b@x.example\n" in full.text
    assert "body=%21undo" in full.html
    plain = shipped.render("receipt", language, values | {"links": {}, "recipients": ()})
    said = {"en": "cannot be called back", "it": "non si può richiamare", "da": "kan ikke kaldes tilbage"}[language]
    assert said in full.text
    assert said not in plain.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_says_why_the_text_was_kept_back(language: str) -> None:
    """B34, B37"""
    values = proof.sample("receipt")
    said = {
        kept: shipped.render("receipt", language, values | {"kept": kept, "held": bool(kept)}).text
        for kept in ("", "unknown", "stale")
    }
    assert len(set(said.values())) == 3
    loose = shipped.render("receipt", language, {**values, "kept": "unknown", "held": True, "ticket": None}).text
    assert loose not in said.values()
    assert {"en": "Nothing was opened", "it": "Non è stato aperto", "da": "ikke oprettet"}[language] in loose
    assert "Your text has gone to Carla." in said[""]
    assert "Your text has gone to Carla." not in said["unknown"] + said["stale"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_stands_in_groups(language: str) -> None:
    text = shipped.render("help", language, proof.sample("help")).text
    words = shipped.words(language)
    assert text.count(words["group_who"]) == 1
    assert text.index("!escalate") < text.index(words["group_ask"]) < text.index("!why")
    flat = shipped.render(
        "help", language, {"commands": ({"usage": "!take", "text": "x"}, {"usage": "!b", "text": "y"})}
    )
    assert "- !take: x\n- !b: y" in flat.text


def test_colleagues_are_buttons_beside_the_others() -> None:
    rendered = shipped.render("escalation_line", "da", proof.sample("escalation_line"))
    assert "- Giv den til Ben Sand: svar med »!assign ben«" in rendered.text
    assert re.search(r'<a [^>]*href="mailto:[^"]*body=%21assign%20ben"[^>]*>Giv den til Ben Sand</a>', rendered.html)
    hostile = proof.sample("new_ticket") | {"colleagues": ({"name": "](x)", "link": "javascript:alert(1)"},)}
    assert "javascript" not in shipped.render("new_ticket", "en", hostile).html


@pytest.mark.parametrize("language", LANGUAGES)
def test_facts_show_who_and_what_else_belongs_to_the_ticket_where_there_is_any(language: str) -> None:
    full = shipped.render("shown", language, proof.sample("shown")).text
    assert "Søren Holm, it@customer.example" in full
    assert "INC-7, INC-9" in full
    least = shipped.render("shown", language, proof.sparse("shown")).text
    assert len(least.split("\n")) < len(full.split("\n"))
