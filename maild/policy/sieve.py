"""Finds, among thousands of rules, those that may apply to a mail: only they are asked (M12).

Of each rule one condition is chosen that needs a certain word in the subject or text, or a certain sender; by it the
rule is kept in a table. A mail looks its own words up. What is let through is still asked in full, so that the sieve
may err on one side alone; a rule without such a condition is always let through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from maild.mail.address import canonical
from maild.policy import patterns
from maild.policy.checks import All, Check, One, Some, leaves
from maild.policy.scene import Scene
from maild.policy.shapes import domain_of

Key: TypeAlias = tuple[str, str]  # where it is looked for, and what
_TEXTS = ("subject", "text")


class Sieve:
    """The rules of one occasion, by what they need."""

    def __init__(self, checks: Iterable[tuple[int, Check]]) -> None:
        self._always: list[int] = []
        self._by: dict[str, dict[str, list[int]]] = {}  # for each kind a table
        listed = list(checks)
        often = Counter(key for _, check in listed for one in leaves(check) for key in _words(one))
        for number, check in listed:
            keys = _needs(check, often)
            if keys is None:
                self._always.append(number)
            for kind, word in keys or ():
                self._by.setdefault(kind, {}).setdefault(word, []).append(number)

    def __len__(self) -> int:
        return len(self._always) + len(self._by)

    def let_through(self, scene: Scene) -> list[int]:
        """The numbers of the rules that may apply; in no order, one perhaps twice."""
        found = list(self._always)
        for kind, table in self._by.items():
            # in whole tables at once: a long mail has more words than there are rules
            for word in _of(kind, scene) & table.keys():
                found += table[word]
        return found


def _of(kind: str, scene: Scene) -> AbstractSet[str]:
    """What a mail has of a kind."""
    if kind == "subject":
        return scene.subject.words
    if kind == "text":
        return scene.text.words
    addresses = [canonical(one.address) for one in scene.people["from"]]
    if kind == "address":
        return set(addresses)
    places = [one.rpartition("@")[2].split(".") for one in addresses]
    return {".".join(labels[i:]) for labels in places for i in range(len(labels))}


def _needs(check: Check, often: Mapping[Key, int]) -> Sequence[Key] | None:
    """Keys of which a mail that fits has one at least; None where nothing certain is needed.

    `often` says in how many places rules ask for a word.
    """
    if isinstance(check, One):
        return _of_one(check, often)
    if isinstance(check, All):
        found = [keys for part in check.parts if (keys := _needs(part, often)) is not None]
        return min(found, key=_cost, default=None)
    if isinstance(check, Some):
        each = [_needs(part, often) for part in check.parts]
        return None if any(keys is None for keys in each) else [key for keys in each for key in keys or ()]
    return None


def _cost(keys: Sequence[Key]) -> tuple[int, int]:
    """Few keys are best; of them those for which the body need not be taken apart."""
    return sum(kind == "text" for kind, _ in keys), len(keys)


def _phrases(check: One) -> list[tuple[str, ...]]:
    """The words of each phrase that a condition looks for in a text."""
    asks = check.name in _TEXTS and isinstance(check.value, dict) and "contains" in check.value
    return [patterns.runs(phrase) for phrase in _listed(check.value["contains"])] if asks else []


def _words(check: One) -> Iterable[Key]:
    return ((check.name, word) for runs in _phrases(check) for word in runs)


def _of_one(check: One, often: Mapping[Key, int]) -> Sequence[Key] | None:
    if phrases := _phrases(check):
        # of a phrase the word for which rules ask least, and of those the longest: it lets the fewest through
        rarest = [min(runs, key=lambda word: (often[check.name, word], -len(word)), default=None) for runs in phrases]
        return None if None in rarest else [(check.name, word) for word in rarest if word is not None]
    if check.name == "from" and isinstance(check.value, dict):
        if "domain" in check.value:
            return [("domain", domain_of(one)) for one in _listed(check.value["domain"])]
        wanted = _listed(check.value.get("address", "*"))
        if not any(mark in one for one in wanted for mark in "*?["):
            return [("address", canonical(one)) for one in wanted]
    return None


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
