"""B7, B39: what a short answer to "is it solved?" means, in three languages; in doubt it is an ordinary mail."""

from __future__ import annotations

import time

import pytest

from maild.policy import answers


@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "yes!",
        "Solved",
        "Yes, it is solved.",
        "It works now, thank you",
        "It works again. Thanks a lot, Ada!",
        "Thanks, everything is fixed",
        "Hi Ada,\n\nyes, solved.\n\nBest regards\nCarla Webb",
        "Fixed. The restart did it",
        "All good",
        "The problem is solved, thank you very much for your quick help",
        "Confirmed",
        "Sì",
        "Si, grazie",
        "Risolto, grazie",
        "RISOLTO",
        "Sì, ora funziona tutto. Grazie mille\nGiulia",
        "Adesso funziona di nuovo, grazie!",
        "Si è risolto",
        "Tutto a posto, grazie",
        "Il problema è risolto",
        "Confermo",
        "Ja",
        "Ja tak",
        "Løst, tak",
        "Ja, det er løst.",
        "Det virker igen, mange tak for hjælpen",
        "Virker nu. Tak!",
        "Alt er i orden nu",
        "Hej Ada,\n\nja, nu virker det.\n\nVenlig hilsen\nSøren Krag",
    ],
)
def test_a_plain_yes(text: str) -> None:
    assert answers.answer(text) == "solved"


@pytest.mark.parametrize(
    "text",
    [
        "Thank you",
        "Thanks!",
        "Thanks a lot, Ada. Have a nice weekend",
        "Many thanks for your help\n\nKind regards\nCarla",
        "Cheers",
        "Grazie",
        "Grazie mille per l'aiuto, buona giornata",
        "Vi ringrazio\nCordiali saluti\nGiulia Neri",
        "Tak",
        "Tusind tak for hjælpen, god weekend",
        "Mange tak for det hurtige svar\nMvh Søren",
    ],
)
def test_a_thank_you_that_says_nothing_else(text: str) -> None:
    assert answers.answer(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "No",
        "No, it is not solved yet:",
        "Not solved",
        "Yes, but the scanner is broken",
        "Does it work now?",
        "is it working",
        "Nothing works",
        "It works only sometimes",
        "It never works",
        "Please get it fixed",
        "I hope that somebody gets it working",
        "It worked yesterday",
        "Thanks, the printer is down",
        "Thanks for nothing",
        "Thank you, my number is 5551234",
        "It broke again, thanks",
        "Solved. Now it is back again",
        "No, non funziona ancora",
        "Si ripresenta lo stesso errore",
        "Si è rotta",
        "Si blocca",
        "Funziona male",
        "Funziona a volte",
        "Grazie, la stampante è rotta",
        "Non risolto",
        "Nej, det er ikke løst endnu:",
        "Det virker ikke",
        "Virker det nu",
        "Den går jo ned hele tiden",
        "Tak, printeren er død",
        "Det virker dårligt",
        "4",
        "yes " * 30,
    ],
)
def test_anything_else_is_an_ordinary_mail(text: str) -> None:
    assert answers.answer(text) == "other"


@pytest.mark.parametrize(
    ("text", "score"),
    [
        *[("5", "5"), (" 4 / 5 ", "4"), ("3\n\nCarla", "3"), ("*2*", "2")],
        *[("0", None), ("6", None), ("45", None), ("5 stars are too many", None), ("", None)],
    ],
)
def test_a_score_is_a_number_alone_on_the_first_line(text: str, score: str | None) -> None:
    assert answers.score(text) == score


def test_hostile_text_costs_nothing() -> None:
    start = time.monotonic()
    for text in ("yes " * 500_000, "!" * 2_000_000, "'" * 2_000_000, " - " * 500_000, " " * 2_000_000, "-" * 2_000_000):
        answers.answer(text)
        answers.score(text)
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("text", "rated"),
    [
        ("5", "5"),
        ("4 - hurtig hjælp", "4"),
        ("Great, 5!", "5"),
        ("3, un po' di attesa", "3"),
        ("5/5", "5"),
        ("broken again on floor 3", None),
        ("1. still broken", None),
        ("2 - still broken", None),
    ],
)
def test_a_word_beside_a_score_does_not_hide_it(text: str, rated: str | None) -> None:
    assert answers.score(text) == rated
