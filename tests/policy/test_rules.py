"""Rules are asked in order, see what those above did, stop where one says so, and cost a bounded time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.policy import rulefile, rules
from maild.policy.forms import Reader
from maild.policy.rules import Ruleset
from maild.policy.scene import Scene
from tests.policy.scenes import DESK, FACTS, MAIL, NOW, TICKET, evaluate, rule, says


def test_a_rule_sees_what_the_rules_above_it_did() -> None:
    found = evaluate(
        rule({"new": True}, {"category": "network/vpn", "impact": "high", "tags": ["vpn"]}, "first"),
        rule({"category": "network", "tags": "vpn", "priority": "critical"}, {"line": "L2"}, "second"),
    )
    assert [applied.rule for applied in found.applied] == ["first", "second"]


def test_a_changed_impact_moves_the_priority_that_rules_below_see() -> None:
    found = evaluate(
        rule({}, {"impact": "high"}, "first"),
        rule({"priority": "medium"}, {"line": "L2"}, "second"),
        facts=replace(FACTS, ticket=TICKET),
    )
    assert [applied.rule for applied in found.applied] == ["first", "second"]


@pytest.mark.parametrize("then", [{"stop": True}, {"tags": "x", "stop": True}])
def test_no_rule_is_looked_at_below_one_that_says_stop(then: Any) -> None:
    found = evaluate(rule({}, then, "first"), rule({}, name="second"))
    assert [(missed.rule, missed.why) for missed in found.missed] == [("second", 'rule "first" says stop')]
    beside = evaluate(rule({}, name="first", stop=True), rule({}, name="second"))
    assert [missed.rule for missed in beside.missed] == ["second"]


def test_a_rule_that_says_stop_and_misses_stops_nothing() -> None:
    found = evaluate(rule({"kind": "list"}, name="first", stop=True), rule({}, name="second"))
    assert [applied.rule for applied in found.applied] == ["second"]


def test_a_rule_can_be_switched_off() -> None:
    assert evaluate(rule({}, enabled=False)).missed[0].why == "it is switched off"


def test_a_switched_off_rule_is_not_asked_either_where_nobody_wants_to_know_why() -> None:
    found = rules.evaluate(Ruleset([rule({}, enabled=False, stop=True), rule({}, name="b")]), Scene.of(FACTS, DESK))
    assert [one.rule for one in found.applied] == ["b"]


# -- occasions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "want", "idle"),
    [
        ("opened", {"opened"}, None),
        (["replied", "changed"], {"replied", "changed"}, None),
        ("breached", {"breached"}, None),
        ("idle 2d", {"idle"}, timedelta(days=2)),
        (["opened", "idle 90m"], {"opened", "idle"}, timedelta(minutes=90)),
    ],
    ids=lambda one: str(sorted(one) if isinstance(one, set) else one),  # a set has another order in each process
)
def test_a_rule_says_on_what_occasions_it_is_asked(on: Any, want: set[str], idle: timedelta | None) -> None:
    found = rule({}, on=on)
    assert (found.on, found.idle) == (frozenset(want), idle)


@pytest.mark.parametrize("occasion", ["opened", "replied", "changed", "breached", "idle"])
def test_a_rule_is_asked_on_its_own_occasions_alone(occasion: str) -> None:
    ons = {"opened": "opened", "replied": "replied", "changed": "changed", "breached": "breached", "idle": "idle 2d"}
    ruleset = Ruleset([rule({}, name=name, on=on) for name, on in ons.items()])
    scene = Scene.of(FACTS, DESK) if occasion == "opened" else Scene.about(TICKET, DESK, NOW)
    assert [one.rule for one in rules.evaluate(ruleset, scene, {occasion}).applied] == [occasion]
    told = rules.evaluate(ruleset, replace(scene), {occasion}, explained=True)
    assert {one.rule: one.why for one in told.missed} == {
        name: f"on: {on}" for name, on in ons.items() if name != occasion
    }


def test_rules_of_two_occasions_are_asked_in_their_order_and_once() -> None:
    ruleset = Ruleset(
        [rule({}, name=f"{i}", on=on) for i, on in enumerate(("changed", "replied", ["replied", "changed"]))]
    )
    found = rules.evaluate(ruleset, Scene.of(replace(FACTS, ticket=TICKET), DESK), {"changed", "replied"})
    assert [one.rule for one in found.applied] == ["0", "1", "2"]


def test_the_rules_for_tickets_that_rest_can_be_had() -> None:
    ruleset = Ruleset([rule({}, on="idle 2d"), rule({}, name="off", on="idle 1d", enabled=False), rule({}, name="b")])
    assert [(one.name, list(alone)) for one, alone in ruleset.idle] == [("a rule", [ruleset[0]])]
    assert ruleset.any_on("idle")
    assert not ruleset.any_on("replied", "changed", "breached")


# -- what the sieve lets through ---------------------------------------------------------------------------------------

WHENS: tuple[Any, ...] = (
    {},
    {"subject": {"contains": "vpn"}},
    {"subject": {"contains": "PERCHÉ non"}},
    {"subject": {"contains": "C++"}},
    {"text": {"contains": ["C++", "nothing"]}},
    {"text": {"contains": "+"}},
    {"text": {"contains": "since 9"}},
    {"subject": {"contains": ["printer", "vpn:"]}},
    {"subject": {"contains": "vpn", "starts": "vpn"}},
    {"from": {"domain": "customer.example"}},
    {"from": {"domain": ["x.example", "it.customer.example"], "name": "boss"}},
    {"from": {"address": "carla@it.customer.example"}},
    {"from": {"address": ["a@b.example", "carla@*"]}},
    {"from": {"address": "carla@it.customer.exampl?"}},
    {"any": [{"subject": {"contains": "printer"}}, {"from": {"domain": "example"}}]},
    {"any": [{"subject": {"contains": "printer"}}, {"kind": "human"}]},
    {"all": [{"subject": {"contains": "vpn"}}, {"text": {"contains": "tunnel"}}]},
    {"not": {"subject": {"contains": "printer"}}},
    {"not": {"subject": {"contains": "vpn"}}, "kind": "human"},
    {"subject": {"regex": "(?i)vpn"}},
    {"text": {"contains": "down", "regex": "is down"}},
    {"subject": {"contains": "straße"}},
)
TEXTS = ("VPN: perché non và?", "Drucker in der STRASSE", "C++ or a + b", "printer", "", "vpn_client", "vpn: 9", "ﬁne")


@pytest.mark.parametrize("text", TEXTS)
def test_the_sieve_loses_no_rule_that_applies(text: str) -> None:
    facts = replace(FACTS, mail=replace(MAIL, subject=text, text=text))
    ruleset = [rule(when, name=f"{i}") for i, when in enumerate(WHENS)]
    ruleset += [rule({"subject": {"contains": one}}, name=f"itself {one}") for one in TEXTS if one]
    asked = {one.rule for one in evaluate(*ruleset, facts=facts).applied}
    assert {one.rule for one in rules.evaluate(Ruleset(ruleset), Scene.of(facts, DESK)).applied} == asked
    assert asked
    assert not text or f"itself {text}" in asked


# -- what it costs -----------------------------------------------------------------------------------------------------


# Such as slip through the probes at reading: they are slow on other letters only
@pytest.mark.parametrize("pattern", [r"^(?:.*?;){25}P", r"(z+)+$", r"^([q-z]+\s?)*$", r"(x+x+)+y"])
def test_a_hungry_pattern_stops_in_time_and_its_rule_does_not_apply(pattern: str) -> None:
    text = "1;2;3;4;5;6;7;8;9;" * 200 + "z" * 5000 + "!" + "x" * 5000
    began = time.perf_counter()
    ruleset = [rule({"text": {"regex": pattern}}, name=f"{i}") for i in range(50)]
    ruleset += [rule({"not": {"text": {"regex": pattern}}}, name=f"not {i}") for i in range(50)]
    found = evaluate(*ruleset, facts=replace(FACTS, mail=replace(MAIL, text=text)))
    assert time.perf_counter() - began < 5
    if found.tired:
        assert found.applied == ()  # neither the pattern nor its opposite is known to hold
        assert found.missed[0].why == f"a pattern took too long: {pattern}"


def test_all_patterns_together_have_a_limit_and_rules_without_one_still_apply() -> None:
    seconds = iter(i * 0.04 for i in range(1_000))
    ruleset = Ruleset(
        [rule({"text": {"regex": f"tunnel|{i}"}}, name=f"{i}") for i in range(40)] + [rule({}, name="last")],
        lambda: next(seconds),
    )
    found = rules.evaluate(ruleset, Scene.of(FACTS, DESK))
    names = [one.rule for one in found.applied]
    assert names[-1] == "last"
    assert 10 <= len(names) < 20  # half a second, each asked for 40 ms
    assert len(found.tired) == 41 - len(names)


def test_to_explain_takes_nothing_from_the_time_that_patterns_have() -> None:
    def applied(*, explained: bool) -> list[str]:
        seconds = iter(i * 0.04 for i in range(1_000))
        ruleset = Ruleset(
            [rule({"text": {"regex": f"tunnel|{i}"}}, name=f"{i}") for i in range(40)], lambda: next(seconds)
        )
        found = rules.evaluate(ruleset, Scene.of(FACTS, DESK), explained=explained)
        return [one.rule for one in found.applied]

    assert applied(explained=True) == applied(explained=False) != []


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(?:.*?,){25}P", r"^(?:a|aa)+$", r"(\s*\w*)*$"])
def test_a_pattern_that_shows_how_slow_it_can_be_is_refused_when_it_is_read(pattern: str) -> None:
    found = says({"name": "a", "when": {"subject": {"regex": pattern}}, "then": {"tags": "x"}})
    assert found == ["this pattern takes too long on some texts; make its repetitions more exact"]


@pytest.mark.parametrize("text", ["a" * 1_000_000, "vpn" * 300_000, "\u0301" * 500_000, "( " * 200_000])
def test_a_huge_text_costs_little(text: str) -> None:
    facts = replace(FACTS, mail=replace(MAIL, text=text, subject=text))
    began = time.perf_counter()
    evaluate(
        *[rule({"text": {"contains": ["vpn", "aa"], "glob": "*a*b*c*d*"}}, name=f"{i}") for i in range(20)], facts=facts
    )
    assert time.perf_counter() - began < 5


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "a rule is wanted here"),
        ("x", "a rule is wanted here"),
        ({"when": {}, "then": {}}, "the key `name` is missing"),
        ({"name": "", "when": {}, "then": {}}, "a text is wanted here"),
        ({"name": 5, "when": {}, "then": {}}, 'put it in quotes: "5"'),
        ({"name": "a", "when": [], "then": {}}, "conditions are wanted here"),
        ({"name": "a", "when": {}, "then": "x"}, "actions are wanted here"),
        ({"name": "a", "when": {"subject": ["vpn"]}, "then": {}}, "say how it is compared"),
        ({"name": "a", "when": {"subject": {}}, "then": {}}, "say how it is compared"),
        ({"name": "a", "when": {"subject": {"contains": []}}, "then": {}}, "the list is empty"),
        ({"name": "a", "when": {"subject": {"contains": [1]}}, "then": {}}, 'put it in quotes: "1"'),
        ({"name": "a", "when": {"subject": {"regex": "[a"}}, "then": {}}, "not a regular expression"),
        ({"name": "a", "when": {"from": {}}, "then": {}}, "say what of it"),
        ({"name": "a", "when": {"from": ["x@y"]}, "then": {}}, "say what of it"),
        ({"name": "a", "when": {"kind": []}, "then": {}}, "the list is empty"),
        ({"name": "a", "when": {"new": "yes"}, "then": {}}, "true or false"),
        ({"name": "a", "when": {"attachment": {"size": "big"}}, "then": {}}, "the least size is wanted here"),
        ({"name": "a", "when": {"any": []}, "then": {}}, "a list of conditions is wanted here"),
        ({"name": "a", "when": {"not": []}, "then": {}}, "conditions are wanted here"),
        ({"name": "a", "when": {}, "then": {"status": "merged"}}, "`merged` is not known here"),
        ({"name": "a", "when": {}, "then": {"hold": True}}, "a text is wanted here"),
        ({"name": "a", "when": {}, "then": {}, "on": "reply"}, "`reply` is not known here; it is one of opened"),
        ({"name": "a", "when": {}, "then": {}, "on": "idle"}, "say how long nothing must have happened"),
        ({"name": "a", "when": {}, "then": {}, "on": "idle 0m"}, "say how long nothing must have happened"),
        ({"name": "a", "when": {}, "then": {}, "on": "idle soon"}, "say how long nothing must have happened"),
        ({"name": "a", "when": {}, "then": {}, "on": []}, "the list is empty"),
        ({"name": "a", "when": {}, "then": {}, "on": ["opened", {}]}, "one word is wanted here"),
        ({"name": "a", "when": {}, "then": {}, "on": "opened 2d"}, "`opened 2d` is not known here"),
        ({"name": "a", "when": {}, "then": {}, "why": 5}, 'put it in quotes: "5"'),
        ({"name": "a", "when": {}, "then": {}, "stop": "yes"}, "true or false"),
        ({"name": "a", "when": {}, "then": {}, "enabled": 0}, "true or false"),
        ({"name": "a", "when": {}, "then": {}, "wen": {}}, "unknown key `wen`; did you mean `when`?"),
        ({"name": "a", "when": {}, "then": {}, "tests": [{"mail": {}}]}, "a test is {mail:"),
        ({"name": "a", "when": {}, "then": {}, "tests": [{"expect": {}}]}, "a test is {mail:"),
        ({"name": "a", "when": {}, "then": {}, "tests": [{"mail": {}, "ticket": [], "expect": {}}]}, "a test is {"),
        ({"name": "a", "when": {}, "then": {}, "tests": [{"mail": {}, "expect": {}, "exp": 1}]}, "unknown key `exp`"),
        ({"name": "a", "when": {}, "then": {}, "tests": [{"mail": {}, "expect": {}, "on": "idle"}]}, "need a `ticket`"),
        ({"name": "a", "when": {}, "then": {}, "tests": {}}, "a list of tests is wanted here"),
    ],
)
def test_a_rule_that_is_wrong_is_told(value: Any, said: str) -> None:
    assert any(said in message for message in says(value)), says(value)


def test_a_name_that_nothing_has_is_told_with_the_nearest() -> None:
    value = {"name": "a", "when": {"category": ["network", "netwrk"]}, "then": {"line": "L9", "assignee": "adda"}}
    assert says(value, category=["network/vpn", "network"], line=["L1"], agent=["ada"]) == [
        "there is no category `netwrk`; did you mean `network`?",
        "there is no line `L9`; known are L1",
        "there is no agent `adda`; did you mean `ada`?",
    ]


def test_what_a_rule_asks_for_is_known_so_that_it_is_looked_up() -> None:
    reader = Reader()
    when = {"any": [{"header": {"name": "X-One"}}, {"not": {"requester_tickets": {"open": 2}}}]}
    rulefile.read({"name": "a", "when": when, "then": {"tags": "x"}}, (), reader)
    assert reader.problems == []
    assert (reader.headers, reader.asked) == ({"x-one"}, {"header", "requester_tickets"})


def test_a_rule_keeps_its_tests_with_the_occasion_that_they_are_for() -> None:
    mail, ticket = {"subject": "x"}, {"status": "pending"}
    tests = [
        {"mail": mail, "expect": {}},
        {"mail": mail, "ticket": ticket, "expect": {}},
        {"ticket": ticket, "expect": {}},
        {"ticket": ticket, "expect": {}, "on": "breached"},
        {"ticket": ticket, "mail": mail, "expect": {}, "on": "changed"},
    ]
    assert [one.on for one in rule({}, tests=tests).tests] == ["opened", "replied", "changed", "breached", "changed"]
