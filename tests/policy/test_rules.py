"""Rules ask of a mail only what their author wrote, and say why they did or did not apply."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from maild.mail.message import Address, Attachment, Mail
from maild.policy import conditions, rules
from maild.policy.changes import Changed, Tagged
from maild.policy.facts import Facts, TicketView
from maild.policy.forms import Reader
from maild.policy.priority import Matrix
from maild.policy.rules import Rule, Verdicts

NOW = datetime(2026, 6, 8, 9, tzinfo=UTC)
MATRIX = Matrix(
    {
        "high": {"high": "critical", "medium": "high", "low": "medium"},
        "medium": {"high": "high", "medium": "medium", "low": "low"},
        "low": {"high": "medium", "medium": "low", "low": "low"},
    }
)
MAIL = Mail(
    message_id="1@customer.example",
    derived_id="1@customer.example",
    content_digest="d",
    in_reply_to=(),
    references=(),
    date=NOW,
    sender=Address("Carla Nørgård", "Carla@IT.Customer.example"),
    from_ok=True,
    from_why="",
    claimed=None,
    return_path=None,
    reply_to=(),
    to=(Address("", "support@example.org"),),
    cc=(Address("Boss", "boss@customer.example"),),
    delivered_to=(),
    subject="VPN: perché non và?",
    text="The tunnel  is down,\nsince 9. See C++ and en ærgerlig fejl.",
    reply="",
    elided="",
    language="it",
    kind="human",
    kind_why="",
    answerable=True,
    bounce=None,
    attachments=(Attachment("Report.PDF", "application/pdf", 2_000_000, "", None, inline=False),),
    authentication_results=(),
    instance_marks=(),
    sealed=None,
    truncated=False,
)
TICKET = TicketView(
    key="INC-1",
    type="incident",
    status="pending",
    priority="low",
    impact="low",
    urgency="low",
    category="network/vpn",
    service=None,
    line="L1",
    assignee=None,
    requester="carla@it.customer.example",
    language="it",
    subject="VPN",
    tags=frozenset({"vip"}),
    opened_at=NOW,
    resolved_at=None,
    closed_at=None,
    revision=1,
)
FACTS = Facts(MAIL, "carla@it.customer.example", "carla@it.customer.example", "stranger", "none", "support", None, NOW)


def rule(when: Any, then: Any = None, name: str = "a rule", **more: Any) -> Rule:
    reader = Reader()
    found = rules.read({"name": name, "when": when, "then": then or {"tags": "hit"}, **more}, ("rules", 0), reader)
    assert reader.problems == []
    assert found is not None
    return found


def evaluate(*ruleset: Rule, facts: Facts = FACTS) -> Verdicts:
    return rules.evaluate(ruleset, facts, MATRIX)


def says(value: Any, **known: Any) -> list[str]:
    """What is said of a rule that is wrong."""
    reader = Reader(known)
    rules.read(value, ("rules", 0), reader)
    return [message for _, message, _ in reader.problems]


@pytest.mark.parametrize(
    "when",
    [
        {},
        {"from": {"address": "carla@*"}},
        {"from": {"address": ["nobody@x.example", "*@it.customer.example"]}},
        {"from": {"domain": "customer.example"}},
        {"from": {"domain": "@it.customer.example", "name": "carla n*"}},
        {"to": {"address": "support@example.org"}},
        {"cc": {"name": "boss"}},
        {"subject": {"contains": "vpn"}},
        {"subject": {"contains": ["tunnel", "perche"]}},
        {"subject": {"contains": "PERCHÉ NON"}},
        {"subject": {"equals": "vpn: perche non va?"}},
        {"subject": {"starts": "vpn", "ends": "va?"}},
        {"subject": {"glob": "*non v*"}},
        {"subject": {"regex": "^VPN"}},
        {"subject": {"regex": r"(?i)vpn:\s+perch"}},
        {"text": {"contains": "tunnel is down"}},
        {"text": {"contains": "c++"}},
        {"text": {"contains": "ærgerlig"}},
        {"text": {"regex": r"\bær"}},
        {"kind": "human"},
        {"kind": ["list", "human"]},
        {"verdict": ["stranger", "requester"]},
        {"language": "it"},
        {"account": "support"},
        {"type": "incident"},
        {"status": "new"},
        {"priority": "medium"},
        {"new": True},
        {"attachment": {"name": "*.pdf"}},
        {"attachment": {"type": "application/*", "size": "2MB"}},
        {"any": [{"kind": "list"}, {"new": True}]},
        {"all": [{"kind": "human"}, {"new": True}]},
        {"not": {"kind": "list"}},
        {"not": {"all": [{"kind": "human"}, {"new": False}]}},
        {"not": {"any": [{"kind": "list"}, {"not": {"kind": "human"}}]}},
    ],
    ids=conditions.show,
)
def test_a_condition_holds(when: Any) -> None:
    assert evaluate(rule(when)).missed == ()


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"from": {"address": "carla@customer.example"}}, "from: {address: carla@customer.example}"),
        ({"from": {"domain": "tomer.example"}}, "from: {domain: tomer.example}"),
        ({"from": {"domain": "customer.example", "name": "boss"}}, "from: {domain: customer.example, name: boss}"),
        ({"reply_to": {"address": "*"}}, "reply_to: {address: *}"),
        ({"subject": {"contains": "vp"}}, "subject: {contains: vp}"),
        ({"subject": {"contains": ["tunnel", "erche"]}}, "subject: {contains: [tunnel, erche]}"),
        ({"subject": {"regex": "^vpn"}}, "subject: {regex: ^vpn}"),
        ({"subject": {"contains": "vpn", "starts": "re:"}}, "subject: {contains: vpn, starts: re:}"),
        ({"kind": "human", "verdict": "agent"}, "verdict: agent"),
        ({"category": "network"}, "category: network"),
        ({"tags": ["vip"]}, "tags: [vip]"),
        ({"new": False}, "new: false"),
        ({"attachment": {"name": "*.pdf", "size": "3MB"}}, "attachment: {name: *.pdf, size: 3MB}"),
        ({"any": [{"kind": "list"}, {"new": False}]}, "any: [{kind: list}, {new: false}]"),
        ({"all": [{"kind": "human"}, {"new": False}]}, "new: false"),
        ({"not": {"kind": "human"}}, "not: {kind: human}"),
    ],
    ids=str,
)
def test_the_first_condition_that_fails_is_told(when: Any, why: str) -> None:
    found = evaluate(rule(when))
    assert found.applied == ()
    assert [missed.why for missed in found.missed] == [why]


@pytest.mark.parametrize(
    "when",
    [
        {"category": "network"},
        {"category": ["network/vpn"]},
        {"status": "pending"},
        {"priority": "low"},
        {"tags": ["vip", "x"]},
        {"new": False},
    ],
    ids=str,
)
def test_a_condition_sees_the_ticket_that_the_mail_belongs_to(when: Any) -> None:
    assert evaluate(rule(when), facts=replace(FACTS, ticket=TICKET)).missed == ()


def test_a_rule_sees_what_the_rules_above_it_did() -> None:
    found = evaluate(
        rule({"new": True}, {"category": "network/vpn", "impact": "high", "tags": ["vpn"]}, "first"),
        rule({"category": "network", "tags": "vpn", "priority": "high"}, {"line": "L2"}, "second"),
    )
    assert [applied.rule for applied in found.applied] == ["first", "second"]


def test_a_changed_impact_moves_the_priority_that_rules_below_see() -> None:
    found = evaluate(
        rule({}, {"impact": "high"}, "first"),
        rule({"priority": "medium"}, {"line": "L2"}, "second"),
        facts=replace(FACTS, ticket=TICKET),
    )
    assert [applied.rule for applied in found.applied] == ["first", "second"]


def test_a_rule_proposes_changes_and_says_that_it_was_a_rule() -> None:
    then = {
        "type": "request",
        "category": "network/vpn",
        "service": "vpn",
        "impact": "high",
        "urgency": "low",
        "priority": "critical",
        "line": "L2",
        "assignee": "cleo",
        "status": "open",
        "subject": "VPN",
        "tags": ["b", "a"],
    }
    found = evaluate(rule({}, then, "vpn"))
    fields = {c.field: c.value for c in found.changes if isinstance(c, Changed)}
    assert fields == {key: value for key, value in then.items() if key != "tags"}
    assert [c.tag for c in found.changes if isinstance(c, Tagged)] == ["a", "b"]
    assert {(c.why, c.by) for c in found.changes} == {('rule "vpn"', "rule")}


def test_acknowledging_and_dropping_are_told_apart_from_changes() -> None:
    found = evaluate(
        rule({}, {"acknowledge": "never"}, "one"), rule({}, {"drop": "spam"}, "two"), rule({}, {"drop": "x"})
    )
    assert (found.acknowledge, found.drop, found.changes) == ("never", "spam", ())
    nothing = evaluate()
    assert (nothing.acknowledge, nothing.drop) == ("default", None)


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


def test_a_sender_who_cannot_be_judged_fits_no_from() -> None:
    """`From: agent <evil>` and its kind: `claimed` is for showing, never for identity (M7)."""
    mail = replace(MAIL, sender=None, from_ok=False, claimed=Address("Ada", "ada@example.org"))
    assert evaluate(rule({"from": {"address": "*"}}), facts=replace(FACTS, mail=mail)).applied == ()


def test_nothing_of_a_mail_is_a_pattern() -> None:
    """M8: a subject of pattern characters is text like any other."""
    for subject in ("*", "?", "[a-z]", ".*", "(", "(a+)+$", "{vpn}", "%s"):
        found = evaluate(
            rule({"subject": {"contains": "vpn"}}), facts=replace(FACTS, mail=replace(MAIL, subject=subject))
        )
        assert bool(found.applied) is ("vpn" in subject)


@pytest.mark.parametrize("pattern", [r"^(?:.*?,){25}P", r"(a+)+$", r"^(\w+\s?)*$", r"(x+x+)+y"])
def test_a_hungry_pattern_stops_in_time_and_its_rule_does_not_apply(pattern: str) -> None:
    text = "1,2,3,4,5,6,7,8,9," * 200 + "a" * 5000 + "!" + "x" * 5000
    began = time.perf_counter()
    ruleset = [rule({"text": {"regex": pattern}}, name=f"{i}") for i in range(50)]
    ruleset += [rule({"not": {"text": {"regex": pattern}}}, name=f"not {i}") for i in range(50)]
    found = evaluate(*ruleset, facts=replace(FACTS, mail=replace(MAIL, text=text)))
    assert time.perf_counter() - began < 5
    if found.tired:
        assert found.applied == ()  # neither the pattern nor its opposite is known to hold
        assert found.missed[0].why == f"a pattern took too long: {pattern}"


@pytest.mark.parametrize("text", ["a" * 1_000_000, "vpn" * 300_000, "\u0301" * 500_000, "( " * 200_000])
def test_a_huge_text_costs_little(text: str) -> None:
    facts = replace(FACTS, mail=replace(MAIL, text=text, subject=text))
    began = time.perf_counter()
    evaluate(
        *[rule({"text": {"contains": ["vpn", "aa"], "glob": "*a*b*c*d*"}}, name=f"{i}") for i in range(20)], facts=facts
    )
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("word", [*conditions.LATER])
def test_a_condition_of_a_later_version_never_applies_not_even_turned_round(word: str) -> None:
    for when in ({word: {"x": 1}}, {"not": {word: {"x": 1}}}, {"any": [{"kind": "human"}, {word: 1}]}):
        found = rule(when)
        assert found.later
        assert evaluate(found).missed[0].why == "it has a condition that is not in this version"


@pytest.mark.parametrize("word", [*rules.LATER])
def test_an_action_of_a_later_version_is_told_and_left_out(word: str) -> None:
    found = rule({}, {word: "x", "tags": "hit"})
    assert [message for _, message in found.later] == [
        f"the action `{word}` is not in this version, so it does nothing"
    ]
    assert len(evaluate(found).changes) == 1


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
        ({"name": "a", "when": {}, "then": {"hold": True}}, "not safe without it"),
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


def test_every_condition_and_action_has_its_text() -> None:
    assert [c.name for c in conditions.CONDITIONS.values() if not c.text] == []
    assert [a.name for a in rules.ACTIONS.values() if not a.text] == []
