"""What follows from conditions as they are written: whether one holds wherever another does, or two never together.

Sound, and not complete: "yes" is certain whatever mail comes, and "no" may mean that it cannot be told from the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from maild.mail.address import canonical
from maild.policy import patterns
from maild.policy.checks import All, Check, Not, One, Some, leaves, show
from maild.policy.shapes import domain_of

# Conditions of which each names some values, and the scene has one
_SINGLE = frozenset(
    {"kind", "verdict", "account", "type", "status", "priority", "service", "line", "language", "clock"}
)
_SEVERAL = frozenset({"tags", "changed", "in_hours"})  # the same, of a scene that may have several
_FLAGS = frozenset({"new", "assigned"})
_TEXTS = frozenset({"subject", "text"})
_PEOPLE = frozenset({"from", "to", "cc", "reply_to"})
_CASES = 64  # of one rule; beyond, nothing is said of it
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Literal:
    """One condition, or that it does not hold."""

    check: One
    negated: bool

    @property
    def name(self) -> str:
        return self.check.name

    def __str__(self) -> str:
        return f"{'not ' if self.negated else ''}{self.name}: {show(self.check.value)}"


def cases(check: Check, *, negated: bool = False) -> list[list[Literal]] | None:
    """The ways in which conditions can hold, each a list of what holds together; None where there are too many."""
    if isinstance(check, One):
        return [[Literal(check, negated)]]
    if isinstance(check, Not):
        return cases(check.part, negated=not negated)
    each = [cases(part, negated=negated) for part in check.parts]
    if isinstance(check, All) is negated:  # one of them is enough
        found = [case for one in each if one is not None for case in one]
        return None if None in each or len(found) > _CASES else found
    found = [[]]
    for one in each:
        if one is None or len(found) * len(one) > _CASES:
            return None
        found = [[*case, *more] for case in found for more in one]
    return found


# -- what never holds together ---------------------------------------------------------------------------------------


def contradiction(case: Sequence[Literal]) -> str | None:
    """Which two of these never hold together, in words; None where all may."""
    for one, other in combinations(case, 2):
        if never_both(one, other):
            return f"`{one}` and `{other}` never hold together"
    return None


def never_both(one: Literal, other: Literal) -> bool:
    """Whether two literals can surely not hold of the same scene."""
    if one.name != other.name:
        return False
    if one.negated and other.negated:
        return one.name in _FLAGS and one.check.want is not other.check.want
    if one.negated or other.negated:
        holds, fails = (other, one) if one.negated else (one, other)
        return follows(holds.check, fails.check)
    return _disjoint(one.check, other.check)


def _disjoint(one: One, other: One) -> bool:
    name = one.name
    if name in _FLAGS:
        return one.want is not other.want
    if name in _SINGLE:
        return not one.want & other.want
    if name == "category":
        return not below(one.want, other.want) and not below(other.want, one.want)
    if name in _TEXTS:
        return _texts_disjoint(one.value, other.value)
    # From names one person at most; the other fields may name several
    return name == "from" and _persons_disjoint(one.value, other.value)


def _texts_disjoint(one: dict[str, Any], other: dict[str, Any]) -> bool:
    whole = [_folded(value["equals"]) for value in (one, other) if "equals" in value]
    if len(whole) == 2 and not whole[0] & whole[1]:
        return True
    for key, ends in (("starts", str.startswith), ("ends", str.endswith)):
        if key in one and key in other:
            pairs = [(a, b) for a in _folded(one[key]) for b in _folded(other[key])]
            if not any(ends(a, b) or ends(b, a) for a, b in pairs):
                return True
    return False


def _persons_disjoint(one: dict[str, Any], other: dict[str, Any]) -> bool:
    addresses = [found for value in (one, other) if (found := _exact(value)) is not None]
    if len(addresses) == 2 and not addresses[0] & addresses[1]:
        return True
    places = [found for value in (one, other) if (found := _domains(value)) is not None]
    return len(places) == 2 and not any(_within(a, b) or _within(b, a) for a in places[0] for b in places[1])


# -- what follows ----------------------------------------------------------------------------------------------------


def implies(one: Check, other: Check) -> bool:
    """Whether `other` surely holds wherever `one` does."""
    if isinstance(other, All):
        return all(implies(one, part) for part in other.parts)
    if isinstance(one, Some):
        return all(implies(part, other) for part in one.parts)
    if isinstance(one, All) and any(implies(part, other) for part in one.parts):
        return True
    if isinstance(other, Some):
        return any(implies(one, part) for part in other.parts)
    if isinstance(one, Not) and isinstance(other, Not):
        return implies(other.part, one.part)
    if isinstance(other, Not):
        held = [part for part in (one.parts if isinstance(one, All) else (one,)) if isinstance(part, One)]
        denied = cases(other.part)
        return denied is not None and all(
            any(never_both(Literal(part, False), each) for part in held for each in case) for case in denied
        )
    return isinstance(one, One) and isinstance(other, One) and follows(one, other)


def follows(one: One, other: One) -> bool:
    """The same of two single conditions."""
    name = one.name
    if name != other.name:
        return False
    if one.value == other.value:
        return True
    if name in _SINGLE or name in _SEVERAL:
        return bool(one.want <= other.want)
    if name == "category":
        return all(below({path}, other.want) for path in one.want)
    if name in _TEXTS:
        return all(key in one.value and _text_follows(key, one.value[key], each) for key, each in other.value.items())
    if name in _PEOPLE:
        return all(_person_follows(key, one.value, other.value) for key in other.value)
    if name == "header":
        return other.want.test is None and other.want.name == one.want.name
    if name == "requester_tickets":
        more = one.want.opened >= other.want.opened and one.want.within <= other.want.within
        return one.want.open >= other.want.open and (not other.want.opened or more)
    return False


def _text_follows(key: str, one: Any, other: Any) -> bool:
    if key == "regex":
        return set(_listed(one)) <= set(_listed(other))
    mine, theirs = _folded(one), _folded(other)
    if key == "contains":  # each run of a phrase that stands there is a word there
        return all(word in theirs or not theirs.isdisjoint(patterns.runs(word)) for word in mine)
    if key in ("starts", "ends"):
        ends = str.startswith if key == "starts" else str.endswith
        return all(any(ends(a, b) for b in theirs) for a in mine)
    return mine <= theirs


def _person_follows(key: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    if key == "name":
        return "name" in one and _folded(one["name"]) <= _folded(other["name"])
    if key == "domain":
        wanted = {domain_of(each) for each in _listed(other["domain"])}
        places = _domains(one) or {each.rpartition("@")[2] for each in _exact(one) or ()}
        return bool(places) and all(any(_within(place, each) for each in wanted) for place in places)
    if "address" not in one:
        return False
    mine, theirs = ({canonical(each) for each in _listed(value["address"])} for value in (one, other))
    return mine <= theirs or "*" in theirs


def _exact(value: dict[str, Any]) -> set[str] | None:
    """The addresses that are asked for, each written out; None where there are others."""
    found = _listed(value["address"]) if "address" in value else []
    return {canonical(each) for each in found} if found and not any(map(_GLOB.search, found)) else None


def _domains(value: dict[str, Any]) -> set[str] | None:
    return {domain_of(each) for each in _listed(value["domain"])} if "domain" in value else None


def _within(place: str, domain: str) -> bool:
    return place == domain or place.endswith("." + domain)


def _folded(value: Any) -> set[str]:
    return {patterns.fold(each) for each in _listed(value)}


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def below(paths: Collection[str | None], roots: Collection[str]) -> bool:
    """Whether one of the paths is one of the roots, or lies below one."""
    return any(p is not None and (p == root or p.startswith(root + "/")) for p in paths for root in roots)


def has_pattern(check: Check) -> bool:
    """Whether it holds a regular expression, which may run out of time."""
    return any("regex" in one.value for one in leaves(check) if isinstance(one.value, dict))


# -- many rules ------------------------------------------------------------------------------------------------------


class Index:
    """Of many conditions those that another one may imply, without comparing each with each.

    By `follows`, what must hold for the implied one has a word in common with what is written in the implying one.
    """

    def __init__(self, checks: Iterable[tuple[int, Check]]) -> None:
        several = [(number, [keys for part in _parts(check) if (keys := _keys(part))]) for number, check in checks]
        often = Counter(key for _, each in several for keys in each for key in keys)
        self._by: dict[tuple[str, str], list[int]] = {}
        self._rest: list[int] = []
        for number, each in several:
            if not each:
                self._rest.append(number)
            for key in min(each, key=lambda keys: sum(often[key] for key in keys), default=()):
                self._by.setdefault(key, []).append(number)

    def candidates(self, check: Check) -> set[int]:
        """The numbers of those that `check` may imply."""
        found = set(self._rest)
        for one in leaves(check):
            for key in _atoms(one):
                found.update(self._by.get(key, ()))
        return found


def _parts(check: Check) -> Sequence[Check]:
    return check.parts if isinstance(check, All) else (check,)


def _keys(check: Check) -> list[tuple[str, str]]:
    """What another must write, one of these, so that this may follow from it; none where nothing is certain."""
    if not isinstance(check, One):
        return []
    name, value = check.name, check.value
    if name in _SINGLE | _SEVERAL:
        return [(name, word) for word in check.want]
    if name in _TEXTS and "contains" in value:
        return [(name, word) for word in _folded(value["contains"])]
    if name in _PEOPLE and "domain" in value:
        return [(name, domain) for domain in _domains(value) or ()]
    if name in _PEOPLE and "address" in value and "*" not in _listed(value["address"]):
        return [(name, canonical(address)) for address in _listed(value["address"])]
    return []


def _atoms(one: One) -> Iterator[tuple[str, str]]:
    name, value = one.name, one.value
    if name in _SINGLE | _SEVERAL:
        yield from ((name, word) for word in one.want)
    elif name in _TEXTS:
        for word in _folded(value.get("contains", [])):
            yield name, word
            yield from ((name, run) for run in patterns.runs(word))
    elif name in _PEOPLE:
        addresses = [canonical(each) for each in _listed(value.get("address", []))]
        yield from ((name, address) for address in addresses)
        for place in [*(_domains(value) or ()), *(address.rpartition("@")[2] for address in addresses)]:
            labels = place.split(".")
            yield from ((name, ".".join(labels[i:])) for i in range(len(labels)))
