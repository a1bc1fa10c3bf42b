"""What stands in rules.yaml and surely is not meant: rules that never match, are never reached, or are undone below.

Only what is certain is pointed out, whatever mail comes: conditions are compared as they are written, and where that
does not tell, nothing is said. A rule with a pattern is never taken as one that surely applies: it may run out of time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from maild.policy import implied
from maild.policy.actions import Outcome
from maild.policy.changes import Tagged
from maild.policy.checks import All, leaves, show
from maild.policy.forms import Where
from maild.policy.implied import Literal, below
from maild.policy.phrase import Phrase
from maild.policy.priority import FACTORS
from maild.policy.rules import Rule
from maild.policy.terms import Desk

# The conditions that see what a change of a field makes of the ticket
_SEEN = {
    "category": {"category", "service", "line", "priority"},
    "service": {"service", "line", "priority"},
    "impact": {"priority"},
    "business": {"priority"},
    "urgency": {"priority"},
    "assignee": {"assigned"},
    "line": {"line", "assigned"},
}
_MOVED = frozenset({"category", "service", "line", "priority", "assigned", "tags", "type", "status"})
_ON_OPENING = {"kind": ("human", "auto_generated", "list")}
_LATER = {"kind": ("human",), "verdict": ("agent", "requester", "participant")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to point out, at a place of rules.yaml."""

    where: Where
    message: str
    rule: str  # whose it is
    kind: str  # "never", "unreached", "undone", "twice", "nothing", "everything"


def findings(rules: Sequence[Rule], desk: Desk) -> Iterator[Finding]:
    """All that is to be pointed out. Rules that are switched off are left alone."""
    book = _Book([rule for rule in rules if rule.enabled], desk)
    for number, rule in enumerate(book.rules):
        if (why := _never(number, rule, book)) is not None:
            yield Finding((*rule.where, "when"), f'the rule "{rule.name}" never matches: {why}', rule.name, "never")
        yield from _twice(rule)
        yield from _blunt(rule)
    yield from _unreached(book)
    yield from _undone(book)


def _blunt(rule: Rule) -> Iterator[Finding]:
    """A rule that does nothing, or one that leaves no ticket to anybody."""
    if not rule.does and not rule.stop:
        message = f'the rule "{rule.name}" does nothing: its `then` is empty'
        yield Finding((*rule.where, "then"), message, rule.name, "nothing")
    if "drop" in rule.does and not list(leaves(rule.when)):
        message = f'the rule "{rule.name}" drops every mail that would open a ticket: its `when` is empty'
        yield Finding((*rule.where, "when"), message, rule.name, "everything")


class _Book:
    """The rules in force, and what of them is looked up often."""

    def __init__(self, rules: Sequence[Rule], desk: Desk) -> None:
        self.rules, self.desk = rules, desk
        self.effects = [_effects(rule) for rule in rules]

    @cached_property
    def _moving(self) -> dict[str, list[int]]:
        """Who changes what conditions see: by the condition's name, the numbers of the rules."""
        found: dict[str, list[int]] = {}
        for number, effects in enumerate(self.effects):
            for name in {one for each in effects.fields for one in _SEEN.get(each, {each})}:
                found.setdefault(name, []).append(number)
        return found

    @cached_property
    def _stops(self) -> list[int]:
        return [number for number, effects in enumerate(self.effects) if effects.stop]

    def moved(self, names: Collection[str], first: int, last: int) -> bool:
        """Whether a rule from `first` up to `last`, the latter not among them, changes what such conditions see."""
        return any(_within(self._moving.get(name, ()), first, last) for name in names)

    def stopped(self, first: int, last: int) -> bool:
        """Whether a rule from `first` up to `last`, the latter not among them, may say stop."""
        return _within(self._stops, first, last)

    @cached_property
    def _first(self) -> dict[str, dict[str | None, int]]:
        """Of each field the values that rules give a new ticket, and which rule is the first."""
        found: dict[str, dict[str | None, int]] = {}
        for number, effects in enumerate(self.effects):
            for name, values in effects.fields.items() if "opened" in self.rules[number].on else ():
                for value in (_ANYTHING,) if values is None else values:
                    found.setdefault(name, {}).setdefault(value, number)
        return found

    def made(self, name: str, number: int) -> set[str | None] | None:
        """What the rules above one may make of a field of a new ticket; None: anything."""
        found = {value for value, first in self._first.get(name, {}).items() if first < number}
        return None if _ANYTHING in found else found


_ANYTHING = "\0"  # no field's value


def _within(numbers: Sequence[int], first: int, last: int) -> bool:
    """Whether one of these sorted numbers lies in the range."""
    at = bisect_right(numbers, first - 1)
    return at < len(numbers) and numbers[at] < last


@dataclass(frozen=True, slots=True)
class _Effects:
    """What a rule sets where it applies; a value of None: something that a mail says."""

    fields: dict[str, set[str | None] | None]
    stop: bool


def _effects(rule: Rule) -> _Effects:
    outcome = Outcome(rule.name, stop=rule.stop)
    open_: set[str] = set()
    for name, (do, value) in zip((key for key in rule.does), rule.then, strict=False):
        parts = value if isinstance(value, tuple) else (value,)
        if any(isinstance(part, Phrase) and part.gaps for part in parts):
            open_.add(name)
        do(value, outcome)
    found: dict[str, set[str | None] | None] = {}
    for change in outcome.changes:
        name, to = ("tags", change.tag) if isinstance(change, Tagged) else (change.field, change.value)
        values = found.setdefault(name, set())
        if values is not None:
            values.add(to)
    return _Effects(found | dict.fromkeys(open_ & {"subject", "tags"}), outcome.stop)


# -- rules that never match ------------------------------------------------------------------------------------------


def _never(number: int, rule: Rule, book: _Book) -> str | None:
    """Why a rule cannot match, whatever comes; None where it may."""
    cases = implied.cases(rule.when)
    if cases is None:
        return None
    if not cases:
        return "its conditions deny whatever comes"
    whys = [implied.contradiction(case) or _unheard_of(case, number, rule, book) for case in cases]
    return whys[0] if all(whys) else None


def _unheard_of(case: Sequence[Literal], number: int, rule: Rule, book: _Book) -> str | None:
    """Why this case never comes on the occasions of the rule."""
    reasons = [
        why
        for on in sorted(rule.on)
        if (why := next((why for one in case if (why := _on(on, one, number, book))), None)) is not None
    ]
    return reasons[0] if len(reasons) == len(rule.on) else None


def _on(on: str, one: Literal, number: int, book: _Book) -> str | None:
    """Why a condition does not hold on an occasion."""
    name, said = one.name, f"`{'not ' if one.negated else ''}{one.name}: {show(one.check.value)}`"
    if name == "new":
        holds = one.check.want is not one.negated
        return None if holds is (on == "opened") else f"{said}, and it is asked on: {on}"
    if one.negated:
        return None
    reached = _ON_OPENING.get(name) if on == "opened" else _LATER.get(name)
    if reached is not None and not one.check.want & set(reached):
        return f"{said}, and {on} is only for {', '.join(reached)}"
    if (name == "changed" and on == "opened") or (name == "clock" and on in ("opened", "replied")):
        return f"{said}, and it is asked on: {on}"
    return _of_a_new_ticket(one, number, book, said) if on == "opened" else None


def _of_a_new_ticket(one: Literal, number: int, book: _Book, said: str) -> str | None:
    """Why no new ticket is like this when the rule is asked: no rule above makes it so."""
    name, want = one.name, one.check.want
    if name not in ("category", "status", "type", "priority", "tags", "assigned"):
        return None
    made = book.made("assignee" if name == "assigned" else name, number)
    if made is None:
        return None
    if name == "assigned":
        return f"{said}, and no rule above gives a new ticket to anybody" if want and not made else None
    begins = {
        "status": {"new"},
        "type": {"incident"},
        "priority": {cell for row in book.desk.priority.cells.values() for cell in row.values()},
    }.get(name, set())
    some = made | begins
    fits = below(some, want) if name == "category" else bool(some & want)
    return None if fits else f"{said}, and no rule above makes a new ticket that"


# -- rules that are never reached ------------------------------------------------------------------------------------


def _unreached(book: _Book) -> Iterator[Finding]:
    stops = [
        number
        for number, effects in enumerate(book.effects)
        if effects.stop and not implied.has_pattern(book.rules[number].when)
    ]
    index = implied.Index((number, book.rules[number].when) for number in stops)
    asked = {number: {one.name for one in leaves(book.rules[number].when)} & _MOVED for number in stops}
    for number, rule in enumerate(book.rules):
        if "idle" in rule.on:  # each of those is asked alone
            continue
        for above in sorted(index.candidates(rule.when)):
            if above >= number:
                break
            upper = book.rules[above]
            still = not book.moved(asked[above], above + 1, number)
            if rule.on <= upper.on and still and implied.implies(rule.when, upper.when):
                all_ = isinstance(upper.when, All) and not upper.when.parts
                what = "says stop, whatever comes" if all_ else "says stop wherever this one would match"
                message = f'the rule "{rule.name}" is never reached: "{upper.name}" on line {upper.line} {what}'
                yield Finding((*rule.where, "name"), message, rule.name, "unreached")
                break


# -- what is set in vain ---------------------------------------------------------------------------------------------


def _undone(book: _Book) -> Iterator[Finding]:
    """Fields that a rule sets, and that a rule below sets again whenever the first one has."""
    for name in sorted({name for effects in book.effects for name in effects.fields}):
        setting = [number for number, effects in enumerate(book.effects) if name in effects.fields]
        sure = [n for n in setting if book.effects[n].fields[name] and not implied.has_pattern(book.rules[n].when)]
        index = implied.Index((number, book.rules[number].when) for number in sure)
        for number in setting:
            rule, mine = book.rules[number], book.effects[number].fields[name]
            for under in sorted(one for one in index.candidates(rule.when) if one > number):
                if book.stopped(number, under):  # and so it is for all below
                    break
                if found := _sets_again(book, name, number, under):
                    lower, theirs = book.rules[under], book.effects[under].fields[name] or set()
                    same = mine == theirs or (mine is not None and name == "tags" and mine <= theirs)
                    end = f"to {found} again" if same else f"to {found}, whenever this one has set it"
                    message = (
                        f'what "{rule.name}" sets of {name} is vain: "{lower.name}" on line {lower.line} sets it {end}'
                    )
                    yield Finding((*rule.where, "then", name), message, rule.name, "undone")
                    break


def _sets_again(book: _Book, name: str, number: int, under: int) -> str | None:
    """What the lower rule sets the field to wherever the upper one applies; None where that is not certain."""
    upper, lower = book.rules[number], book.rules[under]
    mine, theirs = book.effects[number].fields[name], book.effects[under].fields[name]
    if theirs is None or not upper.on <= lower.on or "idle" in upper.on:
        return None
    if name == "tags" and (mine is None or not mine <= theirs):
        return None  # tags add up
    asks = {one.name for one in leaves(lower.when)} & _MOVED
    if book.moved(asks, number, under) or not implied.implies(upper.when, lower.when):
        return None
    return ", ".join(sorted(str(one) for one in theirs))


def _twice(rule: Rule) -> Iterator[Finding]:
    """A priority beside what it follows from."""
    besides = [name for name in FACTORS if name in rule.does]
    if "priority" in rule.does and besides:
        message = (
            f'the rule "{rule.name}" sets the priority itself besides {" and ".join(besides)}: '
            "the matrix is not asked, and the priority stays as it says"
        )
        yield Finding((*rule.where, "then", "priority"), message, rule.name, "twice")
