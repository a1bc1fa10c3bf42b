"""The administrator's rules: what each asks of a mail, and what it makes of the ticket.

In order; every rule that matches applies, and sees what those above it have done, until one says stop. A rule only
proposes: `decide` weighs it, `desk.tickets.apply` writes. Each action is one decorated function, whose docstring is its
text in the schema; the conditions stand in `conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast, get_args

from maild.policy import conditions
from maild.policy.changes import Changed, Tagged, TicketField
from maild.policy.conditions import STATUSES, TYPES, Check, Scene
from maild.policy.facts import Facts
from maild.policy.forms import TEXT, TEXTS, YES_OR_NO, Form, Reader, Where, named, nearest, one_of
from maild.policy.priority import LEVELS, PRIORITIES, Matrix

T = TypeVar("T")
Acknowledge = Literal["always", "never", "default"]

LATER = ("notify", "forward", "note", "group_by", "reply", "sla")  # of the contract, but not in this version
# The same, but a rule that is run without them would show to many what was meant for few, or let through what was to
# wait for a person: a configuration that has them is refused.
UNSAFE_LATER = ("confidential", "hold")


@dataclass(frozen=True, slots=True)
class Trial:
    """A mail that an administrator wrote beside a rule, and what is expected of it. As YAML gave it."""

    mail: Mapping[str, Any]
    expect: Mapping[str, Any]
    where: Where  # in rules.yaml


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, read."""

    name: str
    when: Check
    then: tuple[Deed, ...]
    stop: bool = False
    tests: tuple[Trial, ...] = ()
    enabled: bool = True
    line: int = 0  # of rules.yaml
    later: tuple[tuple[Where, str], ...] = ()  # what is right, but does not work in this version
    works: bool = True  # False: one of its conditions is among `later`, so that it never applies


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule that matched, and what it proposes."""

    rule: str
    changes: tuple[Changed | Tagged, ...]
    acknowledge: Acknowledge | None = None  # where it says something of that
    drop: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule that did not apply, with the first condition that failed."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What all rules say about one mail."""

    applied: tuple[Applied, ...] = ()
    missed: tuple[Missed, ...] = ()
    acknowledge: Acknowledge = "default"
    drop: str | None = None  # the reason, where a rule drops the mail to the ledger
    tired: tuple[str, ...] = ()  # patterns that ran out of time on this mail

    @property
    def changes(self) -> tuple[Changed | Tagged, ...]:
        """All that the rules propose, in order."""
        return tuple(change for applied in self.applied for change in applied.changes)


@dataclass
class Outcome:
    """What one rule does, gathered while its actions run."""

    rule: str
    changes: list[Changed | Tagged] = field(default_factory=list)
    acknowledge: Acknowledge | None = None
    drop: str | None = None
    stop: bool = False

    @property
    def why(self) -> str:
        return f'rule "{self.rule}"'

    def set(self, name: TicketField, value: str) -> None:
        self.changes.append(Changed(name, value, self.why, "rule"))


Do = Callable[[Any, Outcome], None]
Deed = tuple[Do, Any]  # an action and its value


@dataclass(frozen=True, slots=True)
class Action:
    """A word that may stand under `then`."""

    name: str
    form: Form[Any]
    do: Do
    text: str


ACTIONS: dict[str, Action] = {}
ACKNOWLEDGE: Form[Acknowledge] = cast("Form[Acknowledge]", one_of(*get_args(Acknowledge)))


def action(name: str, form: Form[T]) -> Callable[[Callable[[T, Outcome], None]], Callable[[T, Outcome], None]]:
    """Register an action; its value in YAML has the given form."""

    def register(do: Callable[[T, Outcome], None]) -> Callable[[T, Outcome], None]:
        ACTIONS[name] = Action(name, form, do, do.__doc__ or "")
        return do

    return register


@action("type", one_of(*TYPES))
def _type(value: str, outcome: Outcome) -> None:
    """What it is: an incident, a request, a problem."""
    outcome.set("type", value)


@action("category", named("category"))
def _category(value: str, outcome: Outcome) -> None:
    """A category of desk.yaml; it brings its line and service."""
    outcome.set("category", value)


@action("service", TEXT)
def _service(value: str, outcome: Outcome) -> None:
    """The service that is affected."""
    outcome.set("service", value)


@action("impact", one_of(*LEVELS))
def _impact(value: str, outcome: Outcome) -> None:
    """How much is touched; priority follows."""
    outcome.set("impact", value)


@action("urgency", one_of(*LEVELS))
def _urgency(value: str, outcome: Outcome) -> None:
    """How soon it hurts; priority follows."""
    outcome.set("urgency", value)


@action("priority", one_of(*PRIORITIES))
def _priority(value: str, outcome: Outcome) -> None:
    """The priority, whatever the matrix says."""
    outcome.set("priority", value)


@action("line", named("line"))
def _line(value: str, outcome: Outcome) -> None:
    """The line that gets it."""
    outcome.set("line", value)


@action("assignee", named("agent"))
def _assignee(value: str, outcome: Outcome) -> None:
    """The agent who gets it."""
    outcome.set("assignee", value)


@action("status", one_of(*STATUSES))
def _status(value: str, outcome: Outcome) -> None:
    """The status."""
    outcome.set("status", value)


@action("subject", TEXT)
def _subject(value: str, outcome: Outcome) -> None:
    """The subject, in place of the mail's own."""
    outcome.set("subject", value)


@action("tags", TEXTS)
def _tags(value: frozenset[str], outcome: Outcome) -> None:
    """Tags to set."""
    outcome.changes.extend(Tagged(tag, outcome.why, "rule") for tag in sorted(value))


@action("acknowledge", ACKNOWLEDGE)
def _acknowledge(value: Acknowledge, outcome: Outcome) -> None:
    """Whether the user is told at once that the mail arrived. `always` cannot answer automatic mail either."""
    outcome.acknowledge = value


@action("drop", TEXT)
def _drop(value: str, outcome: Outcome) -> None:
    """Make no ticket; the reason stands in the ledger, and the mail can still be had."""
    outcome.drop = value


@action("stop", YES_OR_NO)
def _stop(value: bool, outcome: Outcome) -> None:
    """No rule below this one is looked at; the same as `stop` beside `then`."""
    outcome.stop = outcome.stop or value


# -- running ---------------------------------------------------------------------------------------------------------


def evaluate(rules: Iterable[Rule], facts: Facts, matrix: Matrix | None = None) -> Verdicts:
    """What the rules say about one mail. With the matrix, conditions on `priority` also see that of a new ticket.

    A rule with a pattern that ran out of time does not apply: what it would have said is not known.
    """
    scene = Scene(facts, matrix, tags=set(facts.ticket.tags if facts.ticket else ()))
    applied: list[Applied] = []
    missed: list[Missed] = []
    acknowledge: Acknowledge = "default"
    drop: str | None = None
    stopped: str | None = None
    for rule in rules:
        if (why := stopped or _misses(rule, scene)) is not None:
            missed.append(Missed(rule.name, why))
            continue
        outcome = Outcome(rule.name, stop=rule.stop)
        for do, value in rule.then:
            do(value, outcome)
        _remember(outcome, scene)
        applied.append(Applied(rule.name, tuple(outcome.changes), outcome.acknowledge, outcome.drop))
        acknowledge = outcome.acknowledge or acknowledge
        drop = drop or outcome.drop
        if outcome.stop:
            stopped = f'rule "{rule.name}" says stop'
    return Verdicts(tuple(applied), tuple(missed), acknowledge, drop, tuple(scene.tired))


def _misses(rule: Rule, scene: Scene) -> str | None:
    """Why a rule does not apply; None where it does."""
    if not rule.enabled:
        return "it is switched off"
    if not rule.works:
        return "it has a condition that is not in this version"
    before = len(scene.tired)
    why = rule.when(scene)
    return f"a pattern took too long: {scene.tired[-1]}" if len(scene.tired) > before else why


def _remember(outcome: Outcome, scene: Scene) -> None:
    """Let the rules below see what this one did."""
    for change in outcome.changes:
        if isinstance(change, Tagged):
            scene.tags.add(change.tag)
        else:
            scene.values[change.field] = change.value


# -- reading ---------------------------------------------------------------------------------------------------------

KEYS = ("name", "when", "then", "stop", "tests", "enabled")


def read(value: Any, where: Where, reader: Reader, line: int = 0) -> Rule | None:
    """A rule as YAML gave it, at a place of rules.yaml. Complains of all that is wrong; None where it is no rule."""
    if not isinstance(value, dict):
        reader.complain(where, "a rule is wanted here, with name, when and then")
        return None
    for key in value:
        if key not in KEYS:
            reader.complain((*where, key), f"unknown key `{key}`{nearest(key, KEYS)}", at_key=True)
    for key in ("name", "when", "then"):
        if key not in value:
            reader.complain(where, f"the key `{key}` is missing in this rule")
    already = len(reader.later)
    name = TEXT.read(value["name"], (*where, "name"), reader) if "name" in value else None
    when = (
        conditions.read(value["when"], (*where, "when"), reader)
        if "when" in value
        else conditions.read({}, where, reader)
    )
    works = len(reader.later) == already
    then = _actions(value["then"], (*where, "then"), reader) if "then" in value else ()
    flags = {key: YES_OR_NO.read(value[key], (*where, key), reader) for key in ("stop", "enabled") if key in value}
    return Rule(
        name or "",
        when,
        then,
        flags.get("stop") or False,
        _trials(value.get("tests"), (*where, "tests"), reader),
        flags.get("enabled", True) is not False,
        line,
        tuple(reader.later[already:]),
        works,
    )


def _actions(value: Any, where: Where, reader: Reader) -> tuple[Deed, ...]:
    if not isinstance(value, dict):
        reader.complain(where, "actions are wanted here, such as {category: network/vpn, urgency: high}")
        return ()
    deeds: list[Deed] = []
    for key, each in value.items():
        at = (*where, key)
        if key in LATER:
            reader.later.append((at, f"the action `{key}` is not in this version, so it does nothing"))
        elif key in UNSAFE_LATER:
            reader.complain(
                at, f"the action `{key}` is not in this version, and the rule is not safe without it", at_key=True
            )
        elif key not in ACTIONS:
            reader.complain(at, f"unknown action `{key}`{nearest(key, (*ACTIONS, *LATER))}", at_key=True)
        elif (read_value := ACTIONS[key].form.read(each, at, reader)) is not None:
            deeds.append((ACTIONS[key].do, read_value))
    return tuple(deeds)


def _trials(value: Any, where: Where, reader: Reader) -> tuple[Trial, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        reader.complain(where, "a list of tests is wanted here, each with mail and expect")
        return ()
    found = []
    for i, each in enumerate(value):
        at = (*where, i)
        if (
            not isinstance(each, dict)
            or not isinstance(each.get("mail"), dict)
            or not isinstance(each.get("expect"), dict)
        ):
            reader.complain(at, "a test is {mail: {from: ..., subject: ...}, expect: {category: ...}}")
            continue
        for key in each:
            if key not in ("mail", "expect"):
                reader.complain((*at, key), f"unknown key `{key}`{nearest(key, ('mail', 'expect'))}", at_key=True)
        found.append(Trial(each["mail"], each["expect"], at))
    return tuple(found)
