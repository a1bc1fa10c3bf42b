"""The administrator's rules: what each asks of a mail or a ticket, and what it makes of the ticket.

In order; every rule that matches applies, and sees what those above it have done, until one says stop. A rule only
proposes: `decide` weighs it, `desk.tickets.apply` writes. The conditions stand in `conditions`, the actions in
`actions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeVar

from maild.policy import span
from maild.policy.actions import Acknowledge, Deed, Outcome
from maild.policy.changes import Audience, Changed, Tagged
from maild.policy.checks import Check, Told, tell
from maild.policy.forms import Where
from maild.policy.patterns import Look
from maild.policy.phrase import Phrase
from maild.policy.scene import OCCASIONS, Scene
from maild.policy.sieve import Sieve

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial:
    """A mail, or a ticket, that an administrator wrote beside a rule, and what is expected. As YAML gave it."""

    mail: Mapping[str, Any]
    expect: Mapping[str, Any]
    where: Where  # in rules.yaml
    ticket: Mapping[str, Any] | None = None  # None: the mail opens one
    on: str = "opened"


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
    on: frozenset[str] = frozenset({"opened"})
    idle: timedelta | None = None  # how long nobody must have done anything
    why: Phrase | None = None  # the administrator's reason, for the ticket's history
    does: Mapping[str, Any] = field(default_factory=dict)  # `then` as YAML gave it
    where: Where = ()


class Ruleset(Sequence[Rule]):
    """All rules in their order, and for each occasion a sieve that finds those worth asking.

    `stopwatch` tells seconds, monotonic: with it all regular expressions together have a limit of time.
    """

    def __init__(self, rules: Iterable[Rule] = (), stopwatch: Callable[[], float] | None = None) -> None:
        self._rules = tuple(rules)
        self.stopwatch = stopwatch
        self.headers: frozenset[str] = frozenset()  # fields of a mail's header that conditions ask for
        self.asked: frozenset[str] = frozenset()  # the words of all conditions
        self._sieves = {
            occasion: Sieve(
                [(i, rule.when) for i, rule in enumerate(self._rules) if rule.enabled and occasion in rule.on]
            )
            for occasion in OCCASIONS
        }

    def __getitem__(self, index: Any) -> Any:
        return self._rules[index]

    def __len__(self) -> int:
        return len(self._rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ruleset) and self._rules == other._rules

    __hash__ = None  # type: ignore[assignment]  # compared, never a key

    def any_on(self, *occasions: str) -> bool:
        """Whether a rule waits for one of these occasions."""
        return any(len(self._sieves[one]) for one in occasions)

    def candidates(self, occasions: Iterable[str], scene: Scene) -> list[Rule]:
        """The rules that may apply, in order: no other does."""
        found = sorted({i for one in occasions for i in self._sieves[one].let_through(scene)})
        return [self._rules[i] for i in found]

    @cached_property
    def idle(self) -> tuple[tuple[Rule, Ruleset], ...]:
        """The rules for tickets that rest, each also as a set of its own: they wait for different lengths of time."""
        return tuple((rule, self._alone(rule)) for rule in self._rules if rule.enabled and rule.idle is not None)

    def _alone(self, rule: Rule) -> Ruleset:
        alone = Ruleset((rule,), self.stopwatch)
        alone.headers, alone.asked = self.headers, self.asked
        return alone


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule that matched, and what it proposes."""

    rule: str
    why: str  # as the ticket's history names it
    reason: str = ""  # the administrator's, in their own words
    changes: tuple[Changed | Tagged, ...] = ()
    acknowledge: Acknowledge | None = None  # where it says something of that
    prepared: str = ""
    drop: str | None = None
    hold: str | None = None
    notify: tuple[Audience, ...] = ()
    addresses: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()
    note: str = ""
    reply: str = ""
    group: str = ""
    told: tuple[Told, ...] = ()  # what became of each condition, where somebody wants to know


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule that did not apply, with the first condition that failed."""

    rule: str
    why: str
    told: tuple[Told, ...] = ()  # what became of each condition


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What all rules say on one occasion."""

    applied: tuple[Applied, ...] = ()
    missed: tuple[Missed, ...] = ()  # where somebody wants to know
    tired: tuple[str, ...] = ()  # patterns that ran out of time

    @property
    def changes(self) -> tuple[Changed | Tagged, ...]:
        """All that the rules propose for the ticket's fields, in order."""
        return tuple(change for applied in self.applied for change in applied.changes)

    @property
    def acknowledge(self) -> Acknowledge:
        """What the last rule says that says something of it."""
        return next((one.acknowledge for one in reversed(self.applied) if one.acknowledge), "default")

    @property
    def prepared(self) -> str:
        """The text that the acknowledgement carries."""
        return next((one.prepared for one in reversed(self.applied) if one.prepared), "")

    @property
    def drop(self) -> str | None:
        """The reason, where a rule drops the mail to the ledger."""
        return next((one.drop for one in self.applied if one.drop is not None), None)

    @property
    def hold(self) -> str | None:
        """The reason, where a rule lets the mail wait for a person."""
        return next((one.hold for one in self.applied if one.hold is not None), None)

    @property
    def group(self) -> Applied | None:
        """The first rule that gathers such mails on one ticket."""
        return next((one for one in self.applied if one.group), None)


# -- running ---------------------------------------------------------------------------------------------------------


def evaluate(
    ruleset: Ruleset, scene: Scene, occasions: Iterable[str] = ("opened",), *, explained: bool = False
) -> Verdicts:
    """What the rules say of a scene. `explained` asks those as well that cannot apply, and says why they do not.

    A rule with a pattern that ran out of time does not apply: what it would have said is not known.
    """
    wanted = frozenset(occasions)
    scene.look.stopwatch = ruleset.stopwatch
    aside = Look(ruleset.stopwatch)
    applied: list[Applied] = []
    missed: list[Missed] = []
    stopped: str | None = None
    for rule in ruleset if explained else ruleset.candidates(wanted, scene):
        told: tuple[Told, ...] = ()
        if explained:
            why = stopped or misses(rule, scene, wanted)
            if stopped is None and rule.enabled and not rule.on.isdisjoint(wanted):
                look, scene.look = scene.look, aside  # to tell takes nothing from the time of what they come to
                told = tuple(tell(rule.when, scene))
                scene.look = look
            if why is not None:
                missed.append(Missed(rule.name, why, told))
                continue
        elif not _applies(rule, scene):
            continue
        captures = dict(scene.look.captures)
        outcome = Outcome(rule.name, rule.why.fill(captures) if rule.why else "", captures, stop=rule.stop)
        for do, value in rule.then:
            do(value, outcome)
        scene.remember(outcome.changes)
        applied.append(_applied(outcome, told))
        if outcome.stop:
            stopped = f'rule "{rule.name}" says stop'
            if not explained:
                break
    return Verdicts(tuple(applied), tuple(missed), tuple(scene.look.tired))


def _applies(rule: Rule, scene: Scene) -> bool:
    """Whether a candidate applies: the same as `misses`, without words. Of thousands that are asked few do (M12)."""
    before = len(scene.look.tired)
    scene.look.captures = {}
    return rule.when.met(scene) and len(scene.look.tired) == before


def _applied(outcome: Outcome, told: tuple[Told, ...]) -> Applied:
    return Applied(
        rule=outcome.rule,
        why=outcome.why,
        reason=outcome.reason,
        changes=tuple(outcome.changes),
        acknowledge=outcome.acknowledge,
        prepared=outcome.prepared,
        drop=outcome.drop,
        hold=outcome.hold,
        notify=tuple(outcome.notify),
        addresses=tuple(outcome.addresses),
        forward=tuple(outcome.forward),
        note=outcome.note,
        reply=outcome.reply,
        group=outcome.group,
        told=told,
    )


def asked_on(rule: Rule) -> list[str]:
    """When a rule is asked, as it says it: opened, idle 2d."""
    idle = f"idle {span.written(rule.idle)}" if rule.idle else "idle"
    return [idle if one == "idle" else one for one in sorted(rule.on)]


def misses(rule: Rule, scene: Scene, occasions: frozenset[str]) -> str | None:
    """Why a rule does not apply; None where it does."""
    if not rule.enabled:
        return "it is switched off"
    if rule.on.isdisjoint(occasions):
        return f"on: {', '.join(asked_on(rule))}"
    before = len(scene.look.tired)
    scene.look.captures = {}
    why = rule.when.fails(scene)
    return f"a pattern took too long: {scene.look.tired[-1]}" if len(scene.look.tired) > before else why
