"""What is pointed out of rules is certain: no mail, no ticket proves it wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maild.mail.message import Address
from maild.policy import implied, review, rules
from maild.policy.changes import Changed
from maild.policy.facts import Earlier
from maild.policy.rules import Rule, Ruleset
from maild.policy.scene import Scene
from tests.policy.scenes import DESK, FACTS, MAIL, NOW, TICKET, rule


def found(*several: Rule) -> list[tuple[str, str]]:
    """Which rules are pointed out, and as what."""
    return [(one.rule, one.kind) for one in review.findings(several, DESK)]


def never(when: Any, **more: Any) -> list[str]:
    return [one.message for one in review.findings([rule(when, **more)], DESK) if one.kind == "never"]


# -- rules that never match --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"kind": "human", "all": [{"kind": ["list", "auto_generated"]}]}, "`kind: human` and `kind: [list, auto"),
        ({"subject": {"equals": "a"}, "all": [{"subject": {"equals": ["b", "c"]}}]}, "never hold together"),
        ({"subject": {"starts": "re:"}, "all": [{"subject": {"starts": ["fw:", "aw:"]}}]}, "never hold together"),
        ({"text": {"ends": "a"}, "all": [{"text": {"ends": "b"}}]}, "never hold together"),
        ({"from": {"domain": "a.example"}, "all": [{"from": {"domain": "b.example"}}]}, "never hold together"),
        ({"from": {"address": "x@a.example"}, "all": [{"from": {"address": "y@a.example"}}]}, "never hold together"),
        ({"subject": {"contains": "vpn"}, "not": {"subject": {"contains": ["vpn", "x"]}}}, "never hold together"),
        ({"subject": {"contains": "vpn tunnel"}, "not": {"subject": {"contains": "VPN"}}}, "never hold together"),
        ({"tags": "a", "not": {"tags": ["a", "b"]}}, "never hold together"),
        ({"any": [{"new": False}, {"kind": "mdn"}]}, "`new: false`, and it is asked on: opened"),
        ({"not": {"new": True}}, "`not new: true`, and it is asked on: opened"),
        ({"kind": ["dsn_failed", "mdn", "auto_reply", "loop", "calendar_reply"]}, "opened is only for human, auto_gen"),
        ({"changed": "status"}, "`changed: status`, and it is asked on: opened"),
        ({"clock": "resolution"}, "`clock: resolution`, and it is asked on: opened"),
        ({"category": "network"}, "no rule above makes a new ticket that"),
        ({"status": ["open", "pending"]}, "no rule above makes a new ticket that"),
        ({"tags": "vip"}, "no rule above makes a new ticket that"),
        ({"assigned": True}, "no rule above gives a new ticket to anybody"),
        ({"not": {}}, "its conditions deny whatever comes"),
        ({"not": {"any": [{"kind": "human"}, {"not": {"kind": "human"}}]}}, "never hold together"),
    ],
    ids=str,
)
def test_a_rule_that_can_never_match_is_pointed_out(when: Any, why: str) -> None:
    (message,) = never(when)
    assert message.startswith('the rule "a rule" never matches: ')
    assert why in message


@pytest.mark.parametrize(
    ("on", "when"),
    [
        ("replied", {"new": True}),
        ("replied", {"kind": ["list", "auto_generated"]}),
        (["replied", "changed"], {"verdict": ["stranger", "unverified"]}),
        ("replied", {"clock": "line"}),
    ],
)
def test_what_never_comes_on_an_occasion_is_pointed_out(on: Any, when: Any) -> None:
    assert never(when, on=on)


@pytest.mark.parametrize(
    ("on", "when"),
    [
        ("opened", {}),
        ("opened", {"kind": "human", "all": [{"kind": ["list", "human"]}]}),
        ("opened", {"to": {"domain": "a.example"}, "all": [{"to": {"domain": "b.example"}}]}),
        ("opened", {"subject": {"contains": "a"}, "not": {"subject": {"contains": "a b"}}}),
        ("opened", {"from": {"domain": "a.example"}, "all": [{"from": {"domain": "x.a.example"}}]}),
        ("opened", {"subject": {"starts": "re:"}, "all": [{"subject": {"starts": "re: vpn"}}]}),
        ("opened", {"any": [{"new": False}, {"kind": "human"}]}),
        ("opened", {"priority": "low"}),
        ("opened", {"status": "new", "type": "incident", "assigned": False}),
        ("replied", {"category": "network", "status": "pending", "tags": "vip", "assigned": True}),
        (["opened", "replied"], {"new": False}),
        (["opened", "breached"], {"clock": "line"}),
        ("changed", {"changed": "status"}),
    ],
    ids=str,
)
def test_what_may_match_is_not_pointed_out(on: Any, when: Any) -> None:
    assert never(when, on=on) == []


def test_what_a_rule_above_makes_of_a_new_ticket_may_be_asked_for() -> None:
    sets = rule({}, {"category": "network/vpn", "tags": ["vpn"], "status": "open", "assignee": "ada"}, "sets")
    asks = rule({"category": "network", "tags": "vpn", "status": "open", "assigned": True}, name="asks")
    assert found(sets, asks) == []
    assert found(asks, sets) == [("asks", "never")]
    assert found(replace(sets, enabled=False), asks) == [("asks", "never")]
    said = rule({"subject": {"regex": "(?P<x>.+)"}}, {"tags": "{x}"}, "says")
    assert found(said, rule({"tags": "whatever"}, name="asks")) == []


# -- rules that are never reached --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ({}, {"kind": "human"}),
        ({"kind": ["human", "list"]}, {"kind": "human"}),
        ({"subject": {"contains": ["vpn", "tunnel"]}}, {"subject": {"contains": "vpn"}, "kind": "human"}),
        ({"subject": {"contains": "vpn"}}, {"subject": {"contains": ["vpn tunnel", "the VPN"]}}),
        ({"from": {"domain": "example.org"}}, {"from": {"address": ["boss@example.org", "x@it.example.org"]}}),
        ({"from": {"domain": "example.org"}}, {"from": {"domain": "it.example.org"}}),
        ({"any": [{"kind": "list"}, {"verdict": "requester"}]}, {"verdict": "requester", "account": "support"}),
        ({"not": {"kind": "list"}}, {"kind": "human"}),
        ({"not": {"subject": {"contains": ["a", "b"]}}}, {"not": {"subject": {"contains": ["a", "b", "c"]}}}),
        ({"kind": "human"}, {"any": [{"kind": "human", "new": True}, {"all": [{"kind": "human"}]}]}),
        ({"requester_tickets": {"open": 1}}, {"requester_tickets": {"open": 3}}),
        ({"header": {"name": "X-A"}}, {"header": {"name": "x-a", "equals": "1"}}),
        ({"text": {"starts": "hel"}}, {"text": {"starts": ["hello", "HELP"]}}),
    ],
    ids=str,
)
def test_a_rule_that_is_never_reached_is_pointed_out_with_the_one_that_stops(upper: Any, lower: Any) -> None:
    first = replace(rule(upper, name="first", stop=True), line=3)
    (one,) = review.findings([first, rule(lower, {"line": "L2"}, "second")], DESK)
    assert (one.rule, one.kind) == ("second", "unreached")
    how = "whatever comes" if upper == {} else "wherever this one would match"
    assert (
        one.message
        == f'the rule "second" is never reached: "first" on line 3 says stop{", " if not upper else " "}{how}'
    )
    assert found(replace(first, enabled=False), rule(lower, {"line": "L2"}, "second")) == []
    assert found(replace(first, stop=False), rule(lower, {"line": "L2"}, "second")) == []


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ({"kind": "human"}, {}),
        ({"kind": "human"}, {"kind": ["human", "list"]}),
        ({"subject": {"contains": "vpn tunnel"}}, {"subject": {"contains": "vpn"}}),
        ({"subject": {"contains": "vpn"}}, {"subject": {"contains": ["vpn", "printer"]}}),
        ({"subject": {"starts": "vpn t"}}, {"subject": {"starts": ["vpn", "vpn tunnel"]}}),
        ({"subject": {"contains": "vpn"}}, {"subject": {"glob": "*vpn*"}}),
        ({"subject": {"contains": "vpn"}}, {"text": {"contains": "vpn"}}),
        ({"subject": {"regex": "vpn"}}, {"subject": {"regex": "vpn"}}),  # it may run out of time
        ({"from": {"domain": "it.example.org"}}, {"from": {"address": "boss@example.org"}}),
        ({"from": {"address": "boss@example.org"}}, {"from": {"domain": "example.org"}}),
        ({"to": {"address": "a@x.example", "name": "A"}}, {"to": {"address": "a@x.example"}, "cc": {"name": "A"}}),
        ({"not": {"subject": {"contains": ["a", "b"]}}}, {"not": {"subject": {"contains": "a"}}}),
        ({"all": [{"kind": "human"}, {"account": "support"}]}, {"kind": "human"}),
    ],
    ids=str,
)
def test_a_rule_that_may_be_reached_is_not(upper: Any, lower: Any) -> None:
    assert found(rule(upper, {"type": "request"}, "first", stop=True), rule(lower, {"line": "L2"}, "second")) == []


def test_a_rule_between_that_changes_what_is_asked_lets_the_lower_one_be_reached() -> None:
    first = rule({"priority": "high"}, {"tags": "x"}, "first", stop=True)
    between = rule({"kind": "human"}, {"impact": "high"}, "between")
    last = rule({"priority": "high"}, {"line": "L2"}, "last")
    assert found(first, between, last) == []
    assert found(first, replace(between, then=(), does={}), last) == [("between", "nothing"), ("last", "unreached")]


def test_a_rule_that_does_nothing_and_one_that_drops_whatever_comes_are_pointed_out() -> None:
    empty = replace(rule({"kind": "human"}, {}, "empty"), then=(), does={})
    assert found(empty) == [("empty", "nothing")]
    assert found(replace(empty, stop=True)) == []
    assert found(rule({}, {"drop": "away"}, "all")) == [("all", "everything")]
    assert found(rule({"kind": "human"}, {"drop": "away"}, "some")) == []


def test_a_rule_of_another_occasion_stops_nothing() -> None:
    first = rule({}, {"tags": "x"}, "first", stop=True, on="replied")
    assert found(first, rule({}, {"line": "L2"}, "second")) == []
    assert found(first, rule({}, {"line": "L2"}, "second", on=["replied", "changed"])) == []
    assert found(first, rule({}, {"line": "L2"}, "second", on="replied")) == [("second", "unreached")]
    rests = rule({}, {"tags": "x"}, "first", stop=True, on="idle 2d")
    assert found(rests, rule({}, {"line": "L2"}, "second", on="idle 1d")) == []


# -- what is set in vain -----------------------------------------------------------------------------------------------


def test_what_a_rule_below_always_sets_again_is_pointed_out() -> None:
    first = rule({"subject": {"contains": "vpn"}, "kind": "human"}, {"line": "L1", "tags": ["a"]}, "first")
    last = replace(rule({"kind": "human"}, {"line": "L2", "tags": ["a", "b"]}, "last"), line=9)
    line, tags = review.findings([first, last], DESK)
    assert line.message == (
        'what "first" sets of line is vain: "last" on line 9 sets it to L2, whenever this one has set it'
    )
    assert (line.where[-2:], tags.where[-2:]) == (("then", "line"), ("then", "tags"))
    assert found(last, first) == [("last", "undone")][:0]


@pytest.mark.parametrize(
    ("first", "between", "last"),
    [
        ({"line": "L1"}, {"tags": "x", "stop": True}, {"line": "L2"}),
        ({"tags": "a"}, {"type": "request"}, {"tags": "b"}),  # tags add up
        ({"line": "L1"}, {"type": "request"}, {"assignee": "ada"}),
    ],
    ids=str,
)
def test_what_may_stand_is_not_pointed_out(first: Any, between: Any, last: Any) -> None:
    rules_ = [rule({"kind": "human"}, first, "a"), rule({"verdict": "agent"}, between, "b"), rule({}, last, "c")]
    assert found(*rules_) == []


def test_what_a_rule_between_makes_of_the_ticket_keeps_the_lower_one_from_undoing() -> None:
    first = rule({"priority": "high"}, {"line": "L1"}, "first")
    between = rule({}, {"impact": "low"}, "between")
    last = rule({"priority": "high"}, {"line": "L2"}, "last")
    assert found(first, between, last) == []
    assert found(first, last) == [("first", "undone")]
    assert found(replace(first, when=rule({"subject": {"regex": "a"}}).when), last) == []
    hungry = rule({"subject": {"regex": "a"}}, {"line": "L2"}, "hungry")  # it may run out of time
    assert found(rule({"subject": {"regex": "a"}}, {"line": "L1"}, "a"), hungry) == []


def test_a_priority_beside_what_it_follows_from_is_pointed_out() -> None:
    (one,) = review.findings([rule({}, {"priority": "high", "impact": "high", "urgency": "low"})], DESK)
    assert (one.kind, one.where[-1]) == ("twice", "priority")
    assert "besides impact and urgency" in one.message


# -- nothing proves it wrong -------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["vpn", "VPN tunnel", "printer", "é", "c++"])


def some(*values: str) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


PERSONS = st.fixed_dictionaries(
    {},
    optional={
        "address": some("a@x.example", "b@it.x.example", "*@x.example", "*"),
        "domain": some("x.example", "it.x.example", "y.example"),
        "name": some("ann", "b*"),
    },
).filter(bool)
LEAF: dict[str, st.SearchStrategy[Any]] = {
    "subject": st.one_of(
        st.fixed_dictionaries({"contains": st.lists(WORDS, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"equals": st.lists(WORDS, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"starts": st.lists(st.sampled_from(["v", "vpn", "p"]), min_size=1, max_size=2)}),
        st.fixed_dictionaries({"ends": st.lists(st.sampled_from(["n", "pn", "r"]), min_size=1, max_size=2)}),
    ),
    "text": st.fixed_dictionaries({"contains": st.lists(WORDS, min_size=1, max_size=2)}),
    "from": PERSONS,
    "to": PERSONS,
    "kind": some("human", "list", "auto_generated"),
    "verdict": some("requester", "stranger", "agent"),
    "category": some("network", "network/vpn", "mail"),
    "type": some("incident", "request"),
    "status": some("new", "open"),
    "priority": some("critical", "high", "medium"),
    "tags": some("hit", "x"),
    "line": some("L1", "L2"),
    "service": some("vpn", "mail"),
    "new": st.booleans(),
    "assigned": st.booleans(),
    "header": st.sampled_from([{"name": "x-a"}, {"name": "X-A", "equals": "1"}]),
    "requester_tickets": st.sampled_from([{"open": 1}, {"open": 2}, {"opened": 1, "within": "1d"}]),
    "changed": some("status", "line", "tags"),
}
LEAVES = st.sampled_from(sorted(LEAF)).flatmap(lambda key: st.fixed_dictionaries({key: LEAF[key]}))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
        st.tuples(inner, inner).map(lambda two: {**two[0], **two[1]}),
    ),
    max_leaves=4,
)
DEEDS = st.fixed_dictionaries(
    {},
    optional={
        "tags": some("hit", "x"),
        "line": st.sampled_from(["L1", "L2"]),
        "category": st.just("network/vpn"),
        "type": st.sampled_from(["incident", "request"]),
        "status": st.just("open"),
        "impact": st.sampled_from(["high", "low"]),
        "assignee": st.just("ada"),
        "stop": st.just(True),
    },
).filter(bool)
BOOKS = st.lists(
    st.tuples(TREES | st.just({}), DEEDS, st.sampled_from(["opened", "opened", "replied", ["opened", "replied"]])),
    min_size=1,
    max_size=4,
)
PEOPLE = st.builds(
    Address, st.sampled_from(["Ann", "Bob", ""]), st.sampled_from(["a@x.example", "b@it.x.example", "c@y.example"])
)
MAILS = st.builds(
    lambda **said: replace(MAIL, **said),
    subject=st.sampled_from(["VPN", "vpn tunnel", "the printer", "É", "", "c++ vpn"]),
    text=st.sampled_from(["vpn tunnel", "printer c++", "é"]),
    sender=st.none() | PEOPLE,
    to=st.lists(PEOPLE, max_size=2).map(tuple),
    kind=st.sampled_from(["human", "list", "auto_generated"]),
    headers=st.sampled_from([{}, {"x-a": ("1",)}, {"x-a": ("2", "3")}]),
)
EARLIER = st.lists(
    st.builds(Earlier, st.sampled_from([NOW - timedelta(hours=1), NOW - timedelta(days=3)]), st.booleans()), max_size=3
).map(tuple)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Scene, frozenset[str]]:
    """A mail that opens a ticket, or one that answers on it, as they reach rules."""
    mail, earlier = draw(MAILS), draw(EARLIER)
    verdict: Any = draw(st.sampled_from(["requester", "stranger", "agent"]))
    if draw(st.booleans()):
        facts = replace(FACTS, mail=mail, earlier=earlier, verdict=verdict, sender="a@x.example")
        return Scene.of(facts, DESK), frozenset({"opened"})
    ticket = replace(
        TICKET,
        category=draw(st.sampled_from([None, "network/vpn", "mail"])),
        status=draw(st.sampled_from(["new", "open"])),
        tags=frozenset(draw(st.sets(st.sampled_from(["hit", "x"])))),
        priority=draw(st.sampled_from(["critical", "high", "medium"])),
        assignee=draw(st.sampled_from([None, "ada"])),
    )
    verdict = "requester" if verdict == "stranger" else verdict
    facts = replace(FACTS, mail=replace(mail, kind="human"), earlier=earlier, verdict=verdict, ticket=ticket)
    changed = frozenset(draw(st.sets(st.sampled_from(["status", "line"]))))
    return replace(Scene.of(facts, DESK), changed=changed), frozenset({"replied"})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(BOOKS, st.lists(scenes(), min_size=8, max_size=8))
def test_no_scene_proves_wrong_what_is_pointed_out(book: Any, several: Any) -> None:
    ruleset = [rule(when, then, f"{i}", on=on) for i, (when, then, on) in enumerate(book)]
    told = list(review.findings(ruleset, DESK))
    if not told:
        return
    dead = {one.rule for one in told if one.kind in ("never", "unreached")}
    for scene, occasions in several:
        came = rules.evaluate(Ruleset(ruleset), scene, occasions)
        assert not dead & {one.rule for one in came.applied}, told
        for one in told:
            by = next((applied for applied in came.applied if applied.rule == one.rule), None)
            if one.kind == "undone" and by is not None:
                name = one.where[-1]
                fields = {c.field: c.why for c in came.changes if isinstance(c, Changed)}
                assert name == "tags" or fields[name] != f'rule "{one.rule}"', told  # type: ignore[index]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES, TREES, st.lists(scenes(), min_size=6, max_size=6))
def test_what_is_said_to_follow_holds_wherever_the_other_does(one: Any, other: Any, several: Any) -> None:
    first, second = rule(one).when, rule(other).when
    follows = implied.implies(first, second)
    cases = implied.cases(first) or []
    never_ = bool(cases) and all(implied.contradiction(case) for case in cases)
    for scene, _ in several:
        holds = first.fails(scene) is None
        assert not (never_ and holds)
        assert not (follows and holds and second.fails(scene) is not None)


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_thousands_of_rules_are_looked_through_quickly() -> None:
    several = [
        rule(
            {"subject": {"contains": [f"word{i}", f"other{i}"]}} if i % 5 else {"kind": "human", "account": f"a{i}"},
            {"tags": f"t{i}", "line": f"L{i % 3}", "category": f"c/{i}"},
            f"{i}",
            stop=i % 3 == 0,
        )
        for i in range(2_000)
    ]
    began = time.perf_counter()
    assert list(review.findings(several, DESK)) == []
    assert time.perf_counter() - began < 5
