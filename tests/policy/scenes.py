"""What rules are asked about in tests: a small desk, a mail, a ticket, and the rules of a text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from maild.mail.message import Address, Attachment, Mail
from maild.policy import rulefile, rules
from maild.policy.facts import Facts, TicketView
from maild.policy.forms import Reader
from maild.policy.hours import Calendar
from maild.policy.priority import Matrix
from maild.policy.rules import Rule, Ruleset, Verdicts
from maild.policy.scene import Scene
from maild.policy.sla import Levels

NOW = datetime(2026, 6, 8, 9, tzinfo=UTC)
CALENDAR = Calendar(
    "office", ZoneInfo("Europe/Rome"), (((9 * 3600, 17 * 3600),),) * 5 + ((), ()), None, frozenset(), ()
)


MATRIX = Matrix(
    {
        "high": {"high": "critical", "medium": "high", "low": "medium"},
        "medium": {"high": "high", "medium": "medium", "low": "low"},
        "low": {"high": "medium", "medium": "low", "low": "low"},
    }
)
LEVELS = Levels((), {}, {"office": CALENDAR})


@dataclass(frozen=True)
class SmallDesk:
    """As much of a desk as rules ask about."""

    languages = ("en", "it")
    people: Any = field(default_factory=dict)
    lines: Any = field(default_factory=lambda: {"L1": _line("ada", "ben"), "L2": _line("cleo")})
    categories: Any = field(default_factory=lambda: {"network/vpn": _category(service="vpn", urgency="high")})
    services: Any = field(default_factory=lambda: {"vpn": SimpleNamespace(business="high", line=None)})
    priority: Matrix = MATRIX
    levels: Levels = LEVELS
    closing: Any = None
    manager = "mia"
    data_protection = ("mia",)
    strangers = "new"
    replies: Any = field(default_factory=lambda: {"vpn": {"en": "Switch it off and on.", "it": "Spegni e riaccendi."}})

    def person_by_address(self, _: str) -> None: ...

    def business_of(self, address: str) -> str | None:
        return "high" if address.startswith("boss@") else None

    def line_after(self, _: str) -> None: ...


def _line(*agents: str) -> SimpleNamespace:
    return SimpleNamespace(agents=agents, lead=agents[0])


def _category(**more: str) -> SimpleNamespace:
    empty = {"line": None, "service": None, "impact": None, "urgency": None, "sla": None}
    return SimpleNamespace(questions={}, asks=(), **empty | more)


DESK = SmallDesk()
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
    headers={"x-priority": ("1",), "list-id": ("Dev <one.example>", "Ops <two.example>")},
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
    """A rule that can be read; what it needs no names for."""
    reader = Reader()
    found = rulefile.read({"name": name, "when": when, "then": then or {"tags": "hit"}, **more}, ("rules", 0), reader)
    assert reader.problems == []
    assert found is not None
    return found


def evaluate(*ruleset: Rule, facts: Facts = FACTS) -> Verdicts:
    """What rules say of a mail, with why those that miss do."""
    return rules.evaluate(Ruleset(ruleset), Scene.of(facts, DESK), explained=True)


def says(value: Any, **known: Any) -> list[str]:
    """What is said of a rule that is wrong."""
    reader = Reader(known)
    rulefile.read(value, ("rules", 0), reader)
    return [message for _, message, _ in reader.problems]
