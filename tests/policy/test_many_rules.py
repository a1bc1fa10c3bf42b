"""Two thousand rules cost a mail at most two milliseconds more than none, and a hostile mail a bounded time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from maild.mail.message import Address, Mail
from maild.policy import opening, rules
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene
from tests.policy.scenes import DESK, FACTS, MAIL, rule

RULES = 2_000
LIMIT = 0.002  # seconds a mail, the median; loaded machines get some margin by the best of several rounds
_COMMON = tuple(
    """vpn printer password invoice laptop screen mouse keyboard outlook teams sharepoint badge door phone wifi
network server backup folder drive excel licence update install account access order delivery refund payment address
stampante fattura rimborso accesso ordine computer schermo rete skærm adgang faktura ordre levering netværk""".split()  # noqa: SIM905 - forty words to read, not forty quotes
)


def words(number: int, random_: random.Random) -> list[str]:
    """What a rule of a desk asks for: some words of everyday, most of a product or place of its own."""
    own = [f"product{number}", f"{random_.choice(_COMMON)}{number % 50}", f"{random_.choice(_COMMON)} {number % 90}"]
    return own[: 1 + number % 3]


SORTS: Sequence[Callable[[int, list[str], str], Any]] = (
    *[lambda i, some, _: {"subject": {"contains": some}}] * 6,
    *[lambda i, some, _: {"text": {"contains": some}, "kind": "human"}] * 3,
    *[lambda i, some, word: {"subject": {"contains": f"{some[0]} {word}"}}] * 2,
    *[lambda i, some, _: {"from": {"domain": f"customer{i}.example"}}] * 2,
    lambda i, some, _: {"from": {"address": [f"boss@customer{i}.example", f"it@customer{i}.example"]}},
    lambda i, some, _: {"any": [{"subject": {"contains": some}}, {"text": {"contains": some}}]},
    lambda i, some, _: {"subject": {"contains": some}, "not": {"from": {"domain": "example.org"}}},
    lambda i, some, _: {"from": {"domain": "monitor.example"}, "subject": {"regex": rf"(?i)host{i}-(?P<disk>\w+)"}},
    *[lambda i, some, _: {"header": {"name": "X-Mailer", "contains": some}, "subject": {"contains": some}}] * 2,
    # what no word selects: a category, and for a few of two thousand a pattern
    lambda i, some, _: (
        {"category": f"c{i % 90}", "priority": "high"} if i % 400 != 19 else {"subject": {"regex": ORDER}}
    ),
)
ORDER = r"\b[A-Z]{2}19-\d{4}\b"


def book() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Rules as administrators of a large desk have them."""
    random_ = random.Random(7)
    for i in range(RULES):
        when = SORTS[i % len(SORTS)](i, words(i, random_), random_.choice(_COMMON))
        yield when, {"tags": f"t{i}"} if i % 4 else {"line": "L2", "tags": [f"t{i}"]}


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return Ruleset([rule(when, then, f"{i}") for i, (when, then) in enumerate(book())], time.monotonic)


def mails() -> list[Mail]:
    """200 mails as they come to a desk: short and long, in three languages, of people and machines."""
    random_ = random.Random(3)
    sentences = (
        "Since this morning the {} does not start any more, could you please have a look at it?",
        "Buongiorno, da ieri non riesco più ad accedere a {}: perché? È urgente, grazie mille.",
        "Hej, jeg kan ikke længere åbne {} på min computer, og skærmen er helt sort. På forhånd tak!",
    )
    found = []
    for i in range(200):
        lines = [random_.choice(sentences).format(random_.choice(_COMMON)) for _ in range((2, 6, 12, 60)[i % 4])]
        found.append(
            replace(
                MAIL,
                subject=f"{random_.choice(_COMMON)} {random_.choice(_COMMON)}{i % 50} è / product{i * 7}",
                text="\n".join(lines),
                sender=Address("Carla", f"carla@customer{i * 11 % RULES}.example"),
                kind=("human", "human", "human", "auto_generated")[i % 4],
                headers={"x-mailer": ("Outlook 16",)},
            )
        )
    return found


def took(ruleset: Ruleset, several: Sequence[Mail]) -> list[float]:
    """Seconds for each mail, from facts to the ticket's values."""
    found = []
    for mail in several:
        facts = replace(FACTS, mail=mail)
        began = time.perf_counter()
        opening.opened_by(facts, DESK, rules.evaluate(ruleset, Scene.of(facts, DESK)))
        found.append(time.perf_counter() - began)
    return found


def best(ruleset: Ruleset, several: Sequence[Mail], rounds: int = 5) -> list[float]:
    """The same at its best of several rounds: what else the machine does is no rule's cost."""
    return [min(each) for each in zip(*(took(ruleset, several) for _ in range(rounds)), strict=True)]


def test_two_thousand_rules_cost_two_milliseconds_at_most(ruleset: Ruleset) -> None:
    """M12. The figure is printed with -s."""
    several = mails()
    none, all_ = best(Ruleset(), several), best(ruleset, several)
    more = sorted(full - bare for full, bare in zip(all_, none, strict=True))
    print(f"\n{RULES} rules: {median(more) * 1000:.2f} ms more a mail (median), {more[-3] * 1000:.2f} ms (99 %)")
    assert median(more) < LIMIT
    assert more[-3] < 2 * LIMIT


def test_rules_of_each_sort_apply(ruleset: Ruleset) -> None:
    """What is measured does something."""
    applied = [
        one.rule
        for mail in mails()
        for one in rules.evaluate(ruleset, Scene.of(replace(FACTS, mail=mail), DESK)).applied
    ]
    assert len(applied) > 100
    assert len({int(name) % 20 for name in applied}) >= 6


HOSTILE = {
    "common words": " ".join(_COMMON) * 300,
    "every rule's word": " ".join(f"product{i} {_COMMON[i % 30]}{i % 50}" for i in range(RULES)) * 2,
    "accents": "é\u0301" * 32_000,
    "one word": "a" * 65_536,
    "as many words": " ".join(f"{i:x}" for i in range(20_000)),
    "almost an order": "AB0000-000 " * 6_000,
    "slow patterns": "stuvwxyz;" * 7_000,
    "ligatures": "\ufdfa" * 65_536,  # each of which folds to 18 letters
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_costs_a_bounded_time(name: str, ruleset: Ruleset) -> None:
    """M5, M12. Also with patterns that run out of time."""
    hungry = [rule({"text": {"regex": rf"^(?:.*?{c}){{25}}P"}}, name=f"hungry {c}") for c in "stuvwxyz"]
    both = Ruleset([*ruleset, *hungry], time.monotonic)
    text = HOSTILE[name][:65_536]
    mail = replace(MAIL, subject=text, text=text + "x" * 500)
    (cost,) = best(both, [mail], 3)
    print(f"\n{name}: {cost * 1000:.0f} ms")
    assert cost < 1.5
