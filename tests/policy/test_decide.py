"""What one mail brings about, as values: kinds before verdicts, rules over defaults, text before commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild.mail import reading
from maild.mail.message import Kind, Mail
from maild.policy import decide
from maild.policy.changes import Changed, Linked, Noted, Notified, Opened, Recorded
from maild.policy.decision import Decision
from maild.policy.facts import Facts, TicketView
from maild.policy.rules import Ruleset
from tests import cast

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RAW = b"From: Carla Webb <carla@customer.example>\nSubject: Re: [INC-9] VPN is down\nMessage-ID: <x@y>\n\n%s\n"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> config.Settings:
    folder: Path = tmp_path_factory.mktemp("config")
    return cast.settings(folder)


def mail(text: str = "Nothing works.", **changed: Any) -> Mail:
    made = reading.read(RAW % text.encode(), reading.ReadSettings(instance=cast.INSTANCE, languages=("en",))).mail
    return replace(made, **changed)


def view(**changed: Any) -> TicketView:
    values: dict[str, Any] = {
        **dict.fromkeys(("category", "service", "assignee", "resolved_at", "closed_at")),
        "key": "INC-1",
        "type": "incident",
        "status": "open",
        "priority": "medium",
        "impact": "medium",
        "urgency": "medium",
        "line": "L1",
        "requester": "carla@customer.example",
        "language": "en",
        "subject": "VPN",
        "tags": frozenset(),
        "opened_at": NOW,
        "revision": 1,
    }
    return TicketView(**(values | changed))


def facts(said: Mail | str, ticket: TicketView | None = None, **changed: Any) -> Facts:
    values: dict[str, Any] = {
        "sender": "carla@customer.example",
        "actor": "carla@customer.example",
        "verdict": "requester",
        "evidence": "token" if ticket else "none",
        "account": "support",
        "now": NOW,
    }
    return Facts(mail=mail(said) if isinstance(said, str) else said, ticket=ticket, **(values | changed))


def agent(text: str, ticket: TicketView | None = None, **changed: Any) -> Facts:
    return facts(text, ticket or view(), actor="ada", sender="ada@example.org", verdict="agent", **changed)


def kinds(decision: Decision) -> list[str]:
    out = []
    for change in decision.changes:
        name = type(change).__name__
        detail = change.notice if isinstance(change, Notified) else change.field if isinstance(change, Changed) else ""
        out.append(f"{name} {detail}".strip())
    return out


def test_a_new_mail_opens_is_recorded_acknowledged_and_told(settings: config.Settings) -> None:
    found = decide.decide(facts("Nothing works."), settings.desk, settings.rules)
    assert kinds(found) == ["Opened", "Recorded", "Answered", "Notified acknowledgement", "Notified new_ticket"]
    opened = found.changes[0]
    assert isinstance(opened, Opened)
    assert opened.values["subject"] == "VPN is down"  # without the tag and the Re:
    assert (opened.values["category"], opened.values["service"], opened.tags) == ("network/vpn", "vpn", {"vpn"})
    assert opened.values["priority"] == "medium"
    assert "vpn trouble" in opened.why
    assert (found.opens, found.fate) == (True, "filed")


@pytest.mark.parametrize("kind", ["auto_reply", "mdn", "calendar_reply", "dsn_failed", "dsn_delayed", "loop"])
def test_an_automatic_answer_to_nothing_is_ignored_with_the_reason(settings: config.Settings, kind: Kind) -> None:
    found = decide.decide(facts(mail(kind=kind, kind_why="a sign")), settings.desk, settings.rules)
    assert (found.fate, found.changes) == ("ignored", ())
    assert found.reason


@pytest.mark.parametrize("verdict", ["agent", "requester", "participant", "stranger", "unverified"])
@pytest.mark.parametrize("kind", ["auto_reply", "mdn", "calendar_reply", "dsn_failed", "dsn_delayed"])
def test_an_automatic_answer_changes_no_field_and_tells_no_outsider(
    settings: config.Settings, kind: Kind, verdict: str
) -> None:
    """M6: whoever it is from."""
    said = mail("!close\nSolved, thanks", kind=kind, kind_why="a sign", answerable=False)
    found = decide.decide(facts(said, view(status="resolved"), verdict=verdict), settings.desk, settings.rules)
    assert found.fate == "filed"
    assert not found.commands
    assert all(isinstance(c, Noted | Recorded | Notified) for c in found.changes)
    assert all(c.visibility == "internal" for c in found.changes if isinstance(c, Recorded))
    assert all(c.audience in (("owner",), ("lead",)) for c in found.changes if isinstance(c, Notified))


@pytest.mark.parametrize("kind", ["auto_generated", "list"])
def test_a_machine_on_a_ticket_runs_nothing(settings: config.Settings, kind: Kind) -> None:
    found = decide.decide(
        facts(mail("!close", kind=kind, kind_why="x"), view(), verdict="agent", actor="ada"), settings.desk, Ruleset()
    )
    assert kinds(found) == ["Recorded", "Notified requester_reply"]


def test_the_text_comes_before_the_commands(settings: config.Settings) -> None:
    """B33."""
    found = decide.decide(agent("Hello.\n!take\n!tag x", view(assignee="ben")), settings.desk, Ruleset())
    done = ["Changed assignee", "Tagged", "Notified receipt"]
    assert kinds(found) == ["Recorded", "Notified public_reply", "Notified agent_reply", *done]


@pytest.mark.parametrize(
    ("text", "internal", "out"),
    [
        ("Hello.", False, True),
        ("Hello.\n!note", False, False),
        ("Hello.\n!nite", False, False),
        ("Hello.", True, False),
        ("Hello.\n!public", True, True),
        ("Hello.\n!public\n!note", True, False),
        ("Hello.\n!public\n!pubic", True, False),
    ],
)
def test_when_an_agents_text_goes_out(settings: config.Settings, text: str, internal: bool, out: bool) -> None:
    """B28, B34."""
    found = decide.decide(agent(text, internal=internal), settings.desk, Ruleset())
    (recorded,) = [c for c in found.changes if isinstance(c, Recorded)]
    assert (recorded.direction, recorded.visibility) == (("out", "public") if out else ("in", "internal"))
    assert ("Notified public_reply" in kinds(found)) == out


def test_an_unproved_agent_proposes_nothing(settings: config.Settings) -> None:
    """M7, B40."""
    claimed = replace(agent("Hello.\n!close"), verdict="unverified", from_staff=True)
    found = decide.decide(claimed, settings.desk, settings.rules)
    assert kinds(found) == ["Recorded", "Noted", "Notified unverified"]
    assert [(c.line, c.result) for c in found.commands] == [("!close", "refused")]


@pytest.mark.parametrize(
    ("status", "text", "what"),
    [
        ("resolved", "Yes, solved", ["Recorded", "Changed status", "Notified closure"]),
        ("resolved", "Thank you", ["Recorded", "Noted"]),
        ("closed", "Thank you", ["Recorded", "Noted"]),
        ("closed", "Yes, solved", ["Recorded", "Noted"]),
        ("resolved", "3", ["Recorded", "Changed satisfaction"]),
        ("resolved", "No", ["Recorded", "Changed status", "Notified reopened", "Notified reopened_agent"]),
        ("open", "Yes, solved", ["Recorded", "Notified requester_reply"]),
        ("open", "5", ["Recorded", "Notified requester_reply"]),
        ("pending", "Here it is", ["Recorded", "Changed status", "Changed pending_until", "Notified requester_reply"]),
    ],
)
def test_what_a_requesters_words_bring_about(
    settings: config.Settings, status: str, text: str, what: list[str]
) -> None:
    ticket = view(status=status, closed_at=NOW if status == "closed" else None)
    assert kinds(decide.decide(facts(text, ticket), settings.desk, settings.rules)) == what


@pytest.mark.parametrize(("age", "opens"), [(timedelta(days=7), False), (timedelta(days=7, seconds=1), True)])
def test_a_closed_ticket_reopens_within_its_time(settings: config.Settings, age: timedelta, opens: bool) -> None:
    found = decide.decide(facts("Again.", view(status="closed", closed_at=NOW - age)), settings.desk, settings.rules)
    assert found.opens == opens


def test_a_stranger_opens_a_ticket_whatever_the_kind(settings: config.Settings) -> None:
    """B4."""
    found = decide.decide(facts("Hello", view(), verdict="stranger"), settings.desk, settings.rules)
    assert found.opens
    assert any(isinstance(c, Linked) and c.key == "INC-1" for c in found.changes)
