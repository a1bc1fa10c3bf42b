"""The rules' own tests: a mail or a ticket that stands beside a rule, and what all rules together make of it.

What comes of one is decided by the functions that the daemon runs (`decide`, `opening`, `ruling`): no second opinion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from maild.config.problems import Problem, Where
from maild.config.samples import NOW, facts_of, ticket_of, unreadable, wrongly_expected
from maild.config.settings import Settings
from maild.policy import decide, opening, rules, ruling
from maild.policy.changes import TicketField
from maild.policy.checks import show
from maild.policy.facts import Facts, TicketView
from maild.policy.forms import nearest
from maild.policy.rules import Rule, Ruleset, Trial, Verdicts
from maild.policy.scene import Scene

FILE = "rules.yaml"
FIELDS: tuple[TicketField, ...] = (
    "type",
    "status",
    "priority",
    "impact",
    "business",
    "urgency",
    "category",
    "service",
    "line",
    "assignee",
    "subject",
    "language",
    "sla",
    "confidential",
)
_LISTS = ("tags", "notify", "forward")  # all that is expected must be there
_SAID = ("acknowledge", "drop", "hold", "reply", "note", "group")
_RULES = ("applies", "rule", "rules", "nothing")
EXPECT = (*FIELDS, *_LISTS, *_SAID, *_RULES)


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that came out otherwise than expected, or that cannot be read (then nothing came out)."""

    key: str
    expected: Any
    got: Any
    problem: Problem
    compared: bool = True  # False: it cannot be read


@dataclass(frozen=True, slots=True)
class Tried:
    """One test of a rule, run."""

    rule: str
    number: int  # among those of its rule, from 1
    about: str  # in words, for people
    place: Problem  # where it stands; its message is empty
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of a test."""

    verdicts: Verdicts
    values: Mapping[TicketField, str | None]  # of the ticket, afterwards
    tags: frozenset[str]
    group: bool = False
    unasked: str = ""  # why the rules were not asked


def tried(settings: Settings, names: Collection[str] = ()) -> Iterator[Tried]:
    """Every test of every rule (of these names, where some are given), run against all rules, in the file's order."""
    for rule in settings.rules:
        for number, trial in enumerate(rule.tests, 1) if not names or rule.name in names else ():
            about = f"on {trial.on}: " if trial.on != "opened" else ""
            about += str(
                trial.mail.get("subject") or trial.mail.get("text") or show(dict(trial.mail or trial.ticket or {}))
            )
            failures = tuple(_failures(settings, rule, trial))
            yield Tried(rule.name, number, about, _problem(settings, trial.where, ""), failures)


def failing(settings: Settings) -> list[Problem]:
    """What is wrong with the rules' own tests, and what came out otherwise than they expect."""
    return sorted({failure.problem for one in tried(settings) for failure in one.failures})


def _problem(settings: Settings, where: Where, message: str) -> Problem:
    return settings.problem(FILE, where, message)


def _failures(settings: Settings, rule: Rule, trial: Trial) -> Iterator[Failure]:
    wrong = [*unreadable(trial, settings), *_not_expectable(trial, settings)]
    for where, message in wrong:
        yield Failure(str(where[-1]), None, None, _problem(settings, where, message), compared=False)
    if wrong:
        return
    came = _came(settings, rule, trial, explained=False)
    found = [(key, wanted, *_compared(key, wanted, came, rule)) for key, wanted in trial.expect.items()]
    if all(right for _, _, _, right in found):
        return
    # only now every rule is asked for its reason: among thousands that costs
    because = _because(rule, _came(settings, rule, trial, explained=True))
    for key, wanted, got, right in found:
        if not right:
            message = f'the test of the rule "{rule.name}" fails: {key} is {show(got)}, not {show(wanted)}; {because}'
            yield Failure(key, wanted, got, _problem(settings, (*trial.where, "expect", key), message))


def _because(rule: Rule, came: _Came) -> str:
    if came.unasked:
        return f"rules are not asked here: {came.unasked}"
    missed = next((m.why for m in came.verdicts.missed if m.rule == rule.name), None)
    if missed is not None:
        return f"the rule does not apply, because of {missed}"
    names = [applied.rule for applied in came.verdicts.applied]
    return f"these rules apply: {', '.join(names)}" if names else "no rule applies"


# -- what comes of it ------------------------------------------------------------------------------------------------


def _came(settings: Settings, rule: Rule, trial: Trial, *, explained: bool) -> _Came:
    if trial.ticket is None:
        return _opened(settings, facts_of(trial.mail, settings), explained)
    if trial.mail:
        ticket = ticket_of(trial, settings)
        return _answered(settings, facts_of(trial.mail, settings, ticket), ticket, explained)
    return _without_mail(settings, rule, trial, explained)


def _opened(settings: Settings, facts: Facts, explained: bool) -> _Came:
    desk = settings.desk
    bare = decide.decide(facts, desk, Ruleset())
    if not bare.opens:
        return _Came(Verdicts(), {}, frozenset(), unasked=bare.reason)
    verdicts = rules.evaluate(settings.rules, Scene.of(facts, desk), explained=explained)
    opened = opening.opened_by(facts, desk, verdicts)
    return _Came(verdicts, opened.values, opened.tags, bool(opened.group))


def _answered(settings: Settings, facts: Facts, ticket: TicketView, explained: bool) -> _Came:
    """A mail to a ticket: what it does by itself, then what the rules make of that."""
    desk = settings.desk
    decision = decide.decide(facts, desk, Ruleset())
    found = ruling.occasion(decision, facts, desk)
    if found is None:
        after = ruling.after(ticket, () if decision.opens else decision.changes)
        return _seen(Verdicts(), after, decision.reason)
    scene, occasions = found
    verdicts = rules.evaluate(settings.rules, scene, occasions, explained=explained)
    assert scene.ticket is not None
    return _seen(verdicts, ruling.after(scene.ticket, ruling.added(verdicts, scene, facts, decision)))


def _without_mail(settings: Settings, rule: Rule, trial: Trial, explained: bool) -> _Came:
    """Something befell a ticket without a mail."""
    desk, ticket, said = settings.desk, ticket_of(trial, settings), trial.ticket or {}
    ruleset = settings.rules
    if trial.on == "idle":  # each waits for a time of its own, and is asked alone
        ruleset = next((alone for one, alone in ruleset.idle if one.name == rule.name), Ruleset())
    changed = said.get("changed", [])
    scene = replace(
        Scene.about(ticket, desk, NOW),
        clock=said.get("clock", ""),
        changed=frozenset(changed if isinstance(changed, list) else [changed]),
    )
    verdicts = rules.evaluate(ruleset, scene, {trial.on}, explained=explained)
    return _seen(verdicts, ruling.after(ticket, ruling.later(verdicts, scene)))


def _seen(verdicts: Verdicts, ticket: TicketView, unasked: str = "") -> _Came:
    return _Came(verdicts, {name: getattr(ticket, name) for name in FIELDS}, ticket.tags, unasked=unasked)


# -- what was expected -----------------------------------------------------------------------------------------------


def _compared(key: str, wanted: Any, came: _Came, rule: Rule) -> tuple[Any, bool]:
    """What came out, and whether that is what was wanted."""
    ruled = came.verdicts
    names = [applied.rule for applied in ruled.applied]
    if key in _LISTS:
        got = {
            "tags": sorted(came.tags),
            "notify": list(dict.fromkeys(who for one in ruled.applied for who in (*one.notify, *one.addresses))),
            "forward": list(dict.fromkeys(who for one in ruled.applied for who in one.forward)),
        }[key]
        # an empty list says that there is none
        return got, set(_listed(wanted)) <= set(got) if wanted not in (None, []) else not got
    if key in _RULES:
        return {
            "applies": (rule.name in names, wanted is (rule.name in names)),
            "rule": (names, set(_listed(wanted)) <= set(names)),
            "rules": (names, _listed(wanted) == names),
            "nothing": (not names, wanted is (not names)),
        }[key]
    if key == "acknowledge":
        got_ = {"how": ruled.acknowledge, "template": ruled.prepared or None}
        if isinstance(wanted, dict):
            return got_, all(got_.get(part) == value for part, value in wanted.items())
        return ruled.acknowledge, ruled.acknowledge == wanted
    if key in ("drop", "hold"):
        said = getattr(ruled, key)
        return said, wanted == said or (isinstance(wanted, bool) and wanted is (said is not None))
    if key == "group":
        return came.group, wanted is came.group
    if key in ("reply", "note"):
        texts = [text for one in ruled.applied if (text := getattr(one, key))]
        shown = texts[0] if len(texts) == 1 else texts or None
        if isinstance(wanted, bool):
            return shown, wanted is bool(texts)
        return shown, not texts if wanted is None else wanted in texts
    value = came.values.get(cast("TicketField", key))
    if key == "confidential":
        return value == "yes", wanted is (value == "yes")
    return value, value == wanted


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _not_expectable(trial: Trial, settings: Settings) -> Iterator[tuple[Where, str]]:
    """Keys that `expect` does not know, and values that nothing can ever be."""
    yield from wrongly_expected(trial, settings)
    for key, value in trial.expect.items():
        where = (*trial.where, "expect", key)
        if key not in EXPECT:
            yield where, f"unknown key `{key}` in a test{nearest(key, EXPECT)}"
        elif key in ("applies", "nothing", "group", "confidential") and not isinstance(value, bool):
            yield where, "true or false is wanted here"
        elif key in ("rule", "rules"):
            known = [rule.name for rule in settings.rules]
            for name in _listed(value):
                if name not in known:
                    yield where, f"there is no rule `{show(name)}`{nearest(str(name), known)}"
