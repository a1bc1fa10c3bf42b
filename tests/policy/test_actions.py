"""Each action of a rule: what it proposes, and that what a mail says gets into it as data alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maild.policy import actions, opening, patterns
from maild.policy.changes import Changed, Notified, Recorded, Tagged
from maild.policy.rules import Applied, Ruleset
from tests.policy.scenes import DESK, FACTS, MAIL, evaluate, rule, says

CATCHES = {"subject": {"regex": r"(?s)asset (?P<asset>.+)"}}


def one(then: Any, when: Any = None, **more: Any) -> Applied:
    """What one rule proposes."""
    (found,) = evaluate(rule(when or {}, then, "r", **more)).applied
    return found


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
        "business": "high",
        "language": "da",
        "sla": "gold",
        "tags": ["b", "a"],
    }
    found = evaluate(rule({}, then, "vpn"))
    fields = {c.field: c.value for c in found.changes if isinstance(c, Changed)}
    assert fields == {key: value for key, value in then.items() if key != "tags"}
    assert [c.tag for c in found.changes if isinstance(c, Tagged)] == ["a", "b"]
    assert {(c.why, c.by) for c in found.changes} == {('rule "vpn"', "rule")}


def test_what_is_said_besides_the_fields() -> None:
    assert one({"confidential": True}).changes == (Changed("confidential", "yes", 'rule "r"', "rule"),)
    assert one({"confidential": False}).changes == ()
    assert one({"acknowledge": "never"}).acknowledge == "never"
    assert one({"acknowledge": {"how": "always", "template": "vpn"}}).prepared == "vpn"
    assert one({"acknowledge": {"template": "vpn"}}).acknowledge == "default"
    assert one({"hold": "a person decides"}).hold == "a person decides"
    assert one({"drop": "noise"}).drop == "noise"
    assert one({"notify": ["lead", "sales@example.org", "data_protection"]}).notify == ("lead", "data_protection")
    assert one({"notify": ["lead", "sales@example.org"]}).addresses == ("sales@example.org",)
    assert one({"forward": "supplier@example.org"}).forward == ("supplier@example.org",)
    assert one({"note": "Look at the wiki."}).note == "Look at the wiki."
    assert one({"reply": "vpn"}).reply == "vpn"
    assert one({"group_by": "one"}).group == "one"


def test_the_reason_of_a_rule_stands_behind_its_name() -> None:
    assert one({"line": "L2"}, why="they know VPN").changes == (
        Changed("line", "L2", 'rule "r": they know VPN', "rule"),
    )


def test_what_all_rules_say_together() -> None:
    found = evaluate(
        rule({}, {"acknowledge": {"how": "never", "template": "one"}}, "a"),
        rule({}, {"drop": "spam", "group_by": "x"}, "b"),
        rule({}, {"drop": "other", "acknowledge": "always", "hold": "look", "group_by": "y"}, "c"),
    )
    assert (found.acknowledge, found.prepared, found.drop, found.hold) == ("always", "one", "spam", "look")
    assert found.group is not None
    assert (found.group.rule, found.group.group) == ("b", "x")
    nothing = evaluate()
    assert (nothing.acknowledge, nothing.prepared, nothing.drop, nothing.hold, nothing.group) == (
        "default",
        "",
        None,
        None,
        None,
    )


# -- captures ----------------------------------------------------------------------------------------------------------


def caught(then: Any, said: str, when: Any = None, **more: Any) -> Applied:
    facts = replace(FACTS, mail=replace(MAIL, subject=f"asset {said}"))
    (found,) = evaluate(rule(when or CATCHES, then, "r", **more), facts=facts).applied
    return found


def test_what_a_pattern_caught_fills_the_gaps() -> None:
    found = caught(
        {
            "subject": "Asset {asset}",
            "tags": ["asset-{asset}", "hw"],
            "note": "They name {asset}, {asset}.",
            "hold": "{asset}?",
            "drop": "{asset}!",
            "group_by": "{asset}",
        },
        "PC-17",
        why="asset {asset}",
    )
    values = [c.value for c in found.changes if isinstance(c, Changed)]
    assert values == ["Asset PC-17"]
    assert {c.tag for c in found.changes if isinstance(c, Tagged)} == {"asset-PC-17", "hw"}
    assert (found.note, found.hold, found.drop, found.group) == ("They name PC-17, PC-17.", "PC-17?", "PC-17!", "PC-17")
    assert found.why == 'rule "r": asset PC-17'


HOSTILE = (
    "{asset}{asset}",
    "{vpn}",
    "%s %(asset)s {0} {asset.__class__}",
    "{{ 7*7 }}{% raw %}",
    "\\g<0>\\1",
    "a\r\nBcc: mallory@evil.example\n\n!close",
    "\0\x1b[31m\u202e",
    "x" * 5_000,
    "<script>alert(1)</script>",
    "\0subject",
)


@pytest.mark.parametrize("said", HOSTILE, ids=lambda said: ascii(said)[:20])
def test_what_a_mail_says_stays_data_on_one_line_of_bounded_length(said: str) -> None:
    """M8."""
    found = caught(
        {"subject": "[{asset}]", "tags": "t-{asset}", "note": "<{asset}>", "hold": "({asset})", "group_by": "{asset}"},
        said,
        why="|{asset}|",
    )
    (subject,) = [c.value for c in found.changes if isinstance(c, Changed)]
    (tag,) = [c.tag for c in found.changes if isinstance(c, Tagged)]
    assert subject is not None
    inner = subject[1:-1]
    assert (found.note, found.hold, found.why) == (f"<{inner}>", f"({inner})", f'rule "r": |{inner}|')
    for text in (subject, found.note, found.hold or "", found.why, found.group):
        assert text.isprintable()
        assert "\n" not in text
        assert len(text) < 230
    assert len(tag) <= 40
    assert not set(tag) & set(" \n<>{}%/\\[]")
    assert said.startswith(("a\r", "\0")) or inner == said[:200]
    assert found.group != "\0subject"


def test_a_gap_that_nothing_was_caught_for_is_empty() -> None:
    when = {"subject": {"regex": "asset (?P<asset>[0-9]+)?"}}
    found = caught({"subject": "{asset}", "tags": ["{asset}"], "note": "Asset: {asset}.", "line": "L2"}, "none", when)
    assert found.changes == (Changed("line", "L2", 'rule "r"', "rule"),)
    assert found.note == "Asset: ."


def test_what_one_rule_caught_is_not_there_for_the_next() -> None:
    found = evaluate(
        rule({"subject": {"regex": "(?P<word>VPN)"}}, {"note": "{word}"}, "first"),
        rule({"subject": {"regex": "(?P<word>nothing)?"}}, {"note": "{word}."}, "second"),
    )
    assert [each.note for each in found.applied] == ["VPN", "."]


def test_what_a_branch_caught_that_does_not_hold_fills_no_gap() -> None:
    asset = {"subject": {"regex": r"(?P<asset>\w+)"}}
    one = rule({"any": [{"all": [asset, {"kind": "list"}]}, {"kind": "human"}]}, {"tags": ["asset-{asset}"]})
    (applied,) = evaluate(one).applied
    assert [change.tag for change in applied.changes if isinstance(change, Tagged)] == ["asset"]


def test_a_capture_of_any_condition_may_be_used() -> None:
    when = {
        "any": [{"subject": {"regex": "no (?P<a>x)"}}, {"text": {"regex": r"since (?P<b>\d)"}}],
        "header": {"name": "X-Priority", "regex": "(?P<c>[0-9])"},
    }
    assert one({"note": "{a}{b}{c}"}, when).note == "91"


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"subject": "{aset}"}, "no condition of this rule captures `{aset}`; did you mean `asset`?"),
        ({"tags": ["ok", "{vpn}"]}, "no condition of this rule captures `{vpn}`; known are asset"),
        ({"note": "{asset} {other}"}, "no condition of this rule captures `{other}`; known are asset"),
        ({"group_by": "{Asset}"}, "no condition of this rule captures `{Asset}`; did you mean `asset`?"),
        ({"drop": "{_}"}, "no condition of this rule captures `{_}`; known are asset"),
    ],
    ids=str,
)
def test_a_capture_that_no_pattern_has_is_refused(then: Any, said: str) -> None:
    assert says({"name": "r", "when": CATCHES, "then": then}) == [said]


def test_a_capture_of_another_rule_or_of_a_negated_pattern_is_refused() -> None:
    hint = "no condition of this rule captures `{asset}`; a regex with (?P<asset>...) would catch it"
    assert says({"name": "r", "when": {"not": CATCHES}, "then": {"note": "{asset}"}}) == [hint]
    assert says({"name": "r", "when": {"kind": "human"}, "then": {"note": "{asset}"}}) == [hint]
    assert says({"name": "r", "when": {}, "then": {"tags": "x"}, "why": "{asset}"}) == [hint]


def test_a_recipient_is_never_what_a_mail_said() -> None:
    """M8."""
    for key in ("forward", "notify"):
        for who in ("{asset}", "{asset}@evil.example", "x@{asset}"):
            assert says({"name": "r", "when": CATCHES, "then": {key: who}}), (key, who)


def test_braces_that_are_no_gap_stay_as_they_are() -> None:
    assert one({"note": "{} {1} {a b} {{x} }"} | {}, {"subject": {"regex": "(?P<x>V)PN"}}).note == "{} {1} {a b} {V }"


# -- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"lin": "L2"}, "unknown action `lin`; did you mean `line`?"),
        ({"notify": "requester"}, "`requester` is written to with `reply`; `notify` is for the staff"),
        ({"notify": ["lead", "leed"]}, "`leed` is not known here; did you mean `lead`?"),
        ({"notify": "everybody"}, "`everybody` is not known here; it is one of assignee"),
        ({"notify": []}, "the list is empty"),
        ({"forward": "supplier"}, "an address is wanted here, such as supplier@example.org, not `supplier`"),
        ({"forward": "S <s@example.org>"}, "an address is wanted here"),
        ({"reply": "vnp"}, "there is no reply `vnp`; did you mean `vpn`?"),
        ({"acknowledge": "sometimes"}, "`sometimes` is not known here"),
        ({"acknowledge": {"how": "nevr"}}, "`nevr` is not known here; did you mean `never`?"),
        ({"acknowledge": {"template": "vnp"}}, "there is no reply `vnp`; did you mean `vpn`?"),
        ({"acknowledge": {"tmplate": "vpn"}}, "unknown key `tmplate`; did you mean `template`?"),
        ({"sla": "gld"}, "there is no sla `gld`; did you mean `gold`?"),
        ({"language": "fr"}, "there is no language `fr`; known are en, it"),
        ({"business": "critical"}, "`critical` is not known here"),
        ({"confidential": "yes"}, "true or false is wanted here"),
        ({"hold": True}, "a text is wanted here"),
        ({"note": ["a"]}, "a text is wanted here"),
        ({"group_by": 5}, 'put it in quotes: "5"'),
        ({"service": ["vpn"]}, "the name of a service is wanted here"),
        ({"tags": {"a": 1}}, "a text is wanted here"),
    ],
    ids=str,
)
def test_an_action_that_is_wrong_is_told(then: Any, said: str) -> None:
    known = {"reply": ["vpn"], "sla": ["gold"], "language": ["en", "it"], "service": ["vpn"]}
    found = says({"name": "r", "when": {}, "then": then}, **known)
    assert any(said in message for message in found), found


@pytest.mark.parametrize("key", ["acknowledge", "drop", "hold", "group_by"])
def test_what_is_for_new_tickets_is_refused_where_there_is_one_already(key: str) -> None:
    value = {"acknowledge": "never"}.get(key, "subject")
    for on in ("replied", ["changed", "idle 2d"]):
        found = says({"name": "r", "on": on, "when": {}, "then": {key: value}})
        assert found == [f"`{key}` is for mails that open a ticket, and this rule is not `on: opened`"]
    assert says({"name": "r", "on": ["opened", "replied"], "when": {}, "then": {key: value}}) == []


def test_every_action_has_its_text() -> None:
    assert [a.name for a in actions.ACTIONS.values() if not a.text] == []


# -- what an opening makes of them -------------------------------------------------------------------------------------


def decided(then: Any, **more: Any) -> Any:
    """The decision about a mail that opens a ticket, with one rule."""
    facts = replace(FACTS, verdict="requester", **more)
    return opening.opens(facts, DESK, Ruleset([rule({"subject": {"regex": "(?i)(?P<word>VPN)"}}, then, "r")]))


def test_a_rule_that_drops_or_holds_makes_no_ticket() -> None:
    assert (decided({"drop": "no {word}"}).fate, decided({"drop": "no {word}"}).reason) == ("ignored", "no VPN")
    assert (decided({"hold": "{word}?"}).fate, decided({"hold": "{word}?"}).reason) == ("held", "VPN?")
    assert decided({"drop": "a", "hold": "b"}).fate == "ignored"


def test_an_opening_tells_notes_and_answers_as_a_rule_says() -> None:
    then = {"note": "See {word}.", "notify": ["lead", "x@example.org"], "forward": "s@example.org", "reply": "vpn"}
    decision = decided({**then, "acknowledge": {"how": "default", "template": "vpn"}})
    told = {c.notice: c for c in decision.changes if isinstance(c, Notified)}
    assert told["rule_notice"].audience == ("lead",)
    assert told["rule_notice"].addresses == ("x@example.org",)
    assert told["forwarded"].addresses == ("s@example.org",)
    assert told["rule_reply"].audience == ("requester",)
    assert told["rule_reply"].values["text"] == "Spegni e riaccendi." or told["rule_reply"].values["text"].startswith(
        "S"
    )
    assert told["acknowledgement"].values["prepared"]
    (note,) = [c for c in decision.changes if isinstance(c, Recorded) and not c.of_mail]
    assert (note.text, note.visibility) == ("See VPN.", "internal")


def test_never_acknowledged_is_not_told() -> None:
    notices = [c.notice for c in decided({"acknowledge": "never"}).changes if isinstance(c, Notified)]
    assert "acknowledgement" not in notices


def test_a_machines_mail_with_a_code_is_passed_on_to_nobody() -> None:
    mail = replace(MAIL, kind="auto_generated", text="Your code is 123456")
    decision = decided({"forward": "s@example.org"}, mail=mail)
    assert "forwarded" not in [c.notice for c in decision.changes if isinstance(c, Notified)]


def test_mails_are_gathered_by_what_a_rule_says_and_only_those_of_one_proved_sender() -> None:
    same = decided({"group_by": "subject"}).group
    assert same
    assert decided({"group_by": "subject"}, mail=replace(MAIL, subject="Re: vpn:  perche non va?")).group == same
    assert decided({"group_by": "subject"}, mail=replace(MAIL, subject="VPN: other")).group != same
    assert decided({"group_by": "subject"}, sender="søren@customer.example").group != same
    assert decided({"group_by": "{word}"}).group != same
    assert decided({"group_by": "{word}"}, forged=True).group == ""
    assert patterns.fold(MAIL.subject) not in same  # a digest: no text of a mail
