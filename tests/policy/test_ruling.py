"""What rules bring about on a ticket that is there: by a mail, by a promise that broke, by time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maild.policy import orders, ruling
from maild.policy.changes import Change, Changed, Noted, Notified, Recorded, Tagged
from maild.policy.decision import Decision, recorded
from maild.policy.rules import Rule, Ruleset
from maild.policy.scene import Scene
from tests.policy.scenes import DESK, FACTS, MAIL, NOW, TICKET, rule

REPLY = replace(MAIL, reply="Still down.", text="Still down.")
BY = replace(FACTS, verdict="requester", ticket=TICKET, mail=REPLY)
SAID = recorded(BY, "Still down.")
OPENS_AGAIN = Changed("status", "open", "they wrote", "carla@it.customer.example")


def followed(*ruleset: Rule, changes: tuple[Change, ...] = (SAID, OPENS_AGAIN), **more: Any) -> tuple[Change, ...]:
    """What rules add to the decision about a reply that takes the ticket out of `pending`."""
    decision = Decision("filed", "a reply", changes)
    found = ruling.follow(decision, replace(BY, **more), DESK, Ruleset(ruleset))
    assert found.changes[: len(changes)] == changes
    return found.changes[len(changes) :]


def fields(changes: tuple[Change, ...]) -> dict[str, str | None]:
    return {c.field: c.value for c in changes if isinstance(c, Changed)}


def test_a_rule_on_replied_sees_the_ticket_as_the_reply_left_it() -> None:
    on = {"on": "replied"}
    assert fields(followed(rule({"status": "open"}, {"type": "request"}, **on))) == {"type": "request"}
    assert followed(rule({"status": "pending"}, {"type": "request"}, **on)) == ()
    assert followed(rule({"new": True}, {"type": "request"}, **on)) == ()
    assert followed(rule({"text": {"contains": "still"}}, {"tags": "again"}, **on)) == (
        Tagged("again", 'rule "a rule"', "rule"),
    )


def test_a_rule_on_changed_sees_what_changed() -> None:
    when, then = {"changed": "status"}, {"tags": "moved"}
    assert followed(rule(when, then, on="changed"))
    assert not followed(rule(when, then, on="changed"), changes=(SAID,))
    assert not followed(rule({"changed": "priority"}, then, on="changed"))
    assert followed(rule({"changed": "tags"}, then, on="changed"), changes=(SAID, Tagged("x", "", "ada")))


def test_a_rule_on_opened_is_not_asked() -> None:
    assert followed(rule({}, {"tags": "x"})) == ()


def test_what_a_rule_does_sets_nothing_off_again() -> None:
    found = followed(
        rule({"changed": "type"}, {"tags": "first"}, "first", on="changed"),
        rule({}, {"type": "request"}, "second", on="replied"),
        rule({"changed": "type"}, {"tags": "third"}, "third", on="changed"),
    )
    assert found == (Changed("type", "request", 'rule "second"', "rule"),)


def test_a_rule_sees_what_a_rule_above_it_made_of_the_ticket() -> None:
    found = followed(
        rule({}, {"type": "request", "tags": "x"}, "first", on="replied"),
        rule({"type": "request", "tags": ["x"]}, {"assignee": "ada"}, "second", on="replied"),
    )
    assert fields(found) == {"type": "request", "assignee": "ada"}
    assert [c.audience for c in found if isinstance(c, Notified)] == [("assignee",)]


@pytest.mark.parametrize("verdict", ["stranger", "unverified"])
def test_who_is_not_proved_sets_no_rule_off(verdict: Any) -> None:
    """M7."""
    assert followed(rule({}, {"tags": "x"}, on=["replied", "changed"]), verdict=verdict) == ()


@pytest.mark.parametrize("kind", ["auto_reply", "auto_generated", "list", "dsn_failed", "mdn", "calendar_reply"])
def test_a_machine_sets_no_rule_off(kind: Any) -> None:
    """M6."""
    mail = replace(REPLY, kind=kind)
    assert followed(rule({}, {"tags": "x"}, on=["replied", "changed"]), mail=mail) == ()


def test_a_merged_ticket_and_a_mail_that_is_not_filed_set_nothing_off() -> None:
    some = rule({}, {"tags": "x"}, on=["replied", "changed"])
    assert followed(some, ticket=replace(TICKET, status="merged"), changes=(SAID,)) == ()
    held = Decision("held", "wait")
    assert ruling.follow(held, BY, DESK, Ruleset([some])) == held


def test_a_mail_that_only_moves_fields_is_no_reply() -> None:
    some = rule({}, {"tags": "x"}, on="replied")
    assert followed(some, changes=(Changed("line", "L2", "", "ada"),)) == ()


# -- who is stronger ---------------------------------------------------------------------------------------------------


def test_what_the_mails_commands_set_no_rule_sets_otherwise() -> None:
    command = (SAID, Changed("urgency", "low", orders.WHY, "ada"), Changed("line", "L1", orders.WHY, "ada"))
    found = followed(
        rule({}, {"urgency": "high", "line": "L2", "type": "request"}, on="replied"), changes=command, verdict="agent"
    )
    assert fields(found) == {"type": "request"}


def test_what_the_desk_does_by_default_is_weaker_than_a_rule() -> None:
    """A reply takes its ticket out of `pending`; a rule may let it wait on."""
    waits = rule({}, {"status": "pending"}, on="replied")
    assert fields(followed(waits)) == {"status": "pending"}


def test_a_priority_that_was_commanded_stays_when_a_rule_sets_a_factor() -> None:
    command = (SAID, Changed("priority", "low", orders.WHY, "ada"))
    found = followed(rule({}, {"impact": "high"}, on="replied"), changes=command, verdict="agent")
    assert fields(found) == {"impact": "high"}


def test_a_priority_that_followed_from_a_command_follows_on_from_a_rule() -> None:
    command = (SAID, Changed("impact", "high", orders.WHY, "ada"), Changed("priority", "medium", "", "ada"))
    found = followed(rule({}, {"urgency": "high"}, on="replied"), changes=command, verdict="agent")
    assert fields(found) == {"urgency": "high", "priority": "critical"}


# -- what a change brings along ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "priority"),
    [
        ({"impact": "high"}, "medium"),
        ({"urgency": "medium", "impact": "medium"}, "medium"),
        ({"business": "high"}, "medium"),
        ({"impact": "high", "urgency": "high"}, "critical"),
        ({"impact": "high", "priority": "low"}, None),  # what a rule says outright holds
        ({"priority": "critical"}, "critical"),
    ],
    ids=str,
)
def test_the_priority_follows_its_factors(then: Any, priority: str | None) -> None:
    assert fields(followed(rule({}, then, on="replied"))).get("priority") == priority


def test_a_category_brings_its_service_and_urgency_and_with_them_the_priority() -> None:
    ticket = replace(TICKET, category=None, urgency="medium", impact="medium", priority="medium")
    found = fields(followed(rule({}, {"category": "network/vpn"}, on="replied"), ticket=ticket))
    assert found == {
        "category": "network/vpn",
        "service": "vpn",
        "urgency": "high",
        "business": "high",
        "priority": "critical",
    }


def test_a_service_brings_its_business_impact() -> None:
    found = fields(followed(rule({}, {"service": "vpn"}, on="replied")))
    assert found == {"service": "vpn", "business": "high", "priority": "medium"}


def test_another_line_hears_of_it_and_the_requester_too() -> None:
    found = followed(rule({}, {"line": "L2"}, on="replied"), ticket=replace(TICKET, assignee="ada"))
    assert fields(found) == {"line": "L2", "assignee": None}
    assert [c.notice for c in found if isinstance(c, Notified)] == ["escalation_line", "escalation_requester"]


@pytest.mark.parametrize(("status", "notice"), [("resolved", "resolution"), ("closed", "closure")])
def test_the_requester_hears_of_an_end(status: str, notice: str) -> None:
    found = followed(rule({}, {"status": status}, on="replied"), changes=(SAID,))
    assert [c.notice for c in found if isinstance(c, Notified)] == [notice]


def test_what_the_ticket_has_already_is_no_change() -> None:
    then = {"type": "incident", "line": "L1", "impact": "low", "priority": "low"}
    assert followed(rule({}, then, on="replied")) == ()


def test_people_are_told_and_notes_written() -> None:
    then = {"notify": ["lead", "x@example.org"], "note": "See the wiki.", "forward": "s@example.org", "reply": "vpn"}
    found = followed(rule({}, then, on="replied"))
    told = {c.notice: c for c in found if isinstance(c, Notified)}
    assert (told["rule_notice"].audience, told["rule_notice"].addresses) == (("lead",), ("x@example.org",))
    assert told["rule_notice"].values["text"] == "Still down."
    assert told["forwarded"].addresses == ("s@example.org",)
    assert told["rule_reply"].values["text"] == "Spegni e riaccendi."
    assert [c.text for c in found if isinstance(c, Recorded)] == ["See the wiki."]


# -- without a mail ----------------------------------------------------------------------------------------------------


def happened(*ruleset: Rule, on: str = "breached", **scene: Any) -> tuple[Change, ...]:
    about = replace(Scene.about(scene.pop("ticket", TICKET), DESK, NOW), **scene)
    return ruling.happened(about, Ruleset(ruleset), frozenset({on}))


def test_a_broken_promise_sets_off_the_rules_that_wait_for_it() -> None:
    some = rule({"clock": "resolution", "priority": "low"}, {"urgency": "high", "notify": "lead"}, on="breached")
    assert fields(happened(some, clock="resolution")) == {"urgency": "high", "priority": "medium"}
    assert happened(some, clock="first_response") == ()
    assert happened(some, clock="resolution", ticket=replace(TICKET, status="merged")) == ()


def test_time_sets_off_the_rules_that_wait_for_a_change() -> None:
    some = rule({"changed": "status", "status": "closed"}, {"tags": "done"}, on="changed")
    closed = replace(TICKET, status="closed")
    assert happened(some, on="changed", changed=frozenset({"status"}), ticket=closed)
    assert not happened(some, on="changed", changed=frozenset({"line"}), ticket=closed)


def test_a_rule_without_a_mail_forwards_nothing() -> None:
    found = happened(rule({}, {"forward": "s@example.org", "note": "rests"}, on="idle 2d"), on="idle")
    assert [type(c) for c in found] == [Recorded]


def test_a_ticket_is_seen_with_changes_done() -> None:
    after = ruling.after(
        TICKET,
        [Changed("status", "open", "", ""), Tagged("a", "", ""), Tagged("vip", "", "", on=False), Noted("", "", "")],
    )
    assert (after.status, after.tags) == ("open", frozenset({"a"}))
