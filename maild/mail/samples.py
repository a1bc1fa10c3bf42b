"""Sample values for each notice: shown by tests, and used by `maild check` to read templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_OPENED = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)
_BODY = "Since this morning the tunnel drops after a minute.\n\n    error 809: no response\n\nAt home and here."
_LATER = _OPENED + timedelta(hours=3)
_CLOCK = {
    "kind": "first_response",
    "due_at": _OPENED + timedelta(hours=2),
    "target": timedelta(hours=2),
    "percent": 80,
    "elapsed": timedelta(hours=1, minutes=36),
    "overdue": timedelta(minutes=25),
    "late": False,
}


_PROMISE = {
    "kind": "first_response",
    "policy": "gold",
    "calendar": "office",
    "started_at": _OPENED,
    "target": timedelta(hours=2),
    "paused": None,
    "due_at": _OPENED + timedelta(hours=2),
    "stopped_at": None,
    "breached_at": None,
    "running": True,
    "paused_now": False,
    "steps": (
        {
            "at": _OPENED + timedelta(minutes=40),
            "what": "the priority is high now: 2 hours in all, due at 10:05",
            "by": "Ada Rossi",
            "why": "command",
        },
    ),
}


def _mailto(words: str) -> str:
    return f"mailto:support+t0k3n@example.org?subject=%5BINC-12%5D&body={words}"


_BASE: Mapping[str, Any] = {
    "desk": {"name": "Example Desk", "address": "support@example.org"},
    "ticket": {
        "key": "INC-12",
        "subject": "VPN <fails> & *stops* on floor_3_west",
        "status": "open",
        "priority": "high",
        "impact": "high",
        "business": "medium",
        "urgency": "medium",
        "type": "incident",
        "category": "network/vpn",
        "service": "vpn",
        "line": "L2",
        "opened_at": _OPENED,
        "requester": {"name": "Carla Bianchi", "address": "carla@customer.example"},
        "assignee": "Cleo Winther",
        "resolution": "The gateway had lost its certificate.\nIt has a new one; please connect again.",
        "language": "en",
    },
    "person": {"name": "Giulia"},
    "zone": "Europe/Rome",
    "ref": "INC-12 \u00b7 k3jf8s0a2",
}
_MORE: Mapping[str, Any] = {
    "author": {"name": "Ada Rossi", "address": "ada@example.org"},
    "links": {
        name: _mailto(f"%21{name}")
        for name in ("take", "note", "resolve", "escalate", "undo", "send", "drop", "accept", "split", "template")
    }
    | {"yes": _mailto("Solved%2C%20thank%20you"), "no": _mailto("Not%20solved")}
    | {f"rate{score}": _mailto(str(score)) for score in range(1, 6)},
    "text": _BODY,
    "why": "needs access to the gateway",
    "history": (
        {"author": "Carla Bianchi", "at": _OPENED, "text": _BODY, "visibility": "public"},
        {
            "author": "Ada Rossi",
            "at": _OPENED + timedelta(minutes=40),
            "text": "Same on my own line: it is not her router.",
            "visibility": "internal",
        },
    ),
    "clock": _CLOCK,
    "clocks": (_CLOCK, {**_CLOCK, "kind": "resolution", "due_at": _OPENED + timedelta(hours=16)}),
    "files": ({"name": "screen shot.png", "size": 182_300}, {"name": "log.txt", "size": 912}),
    "similar": (
        {"key": "INC-7", "subject": "Tunnel drops", "resolution": "Renewed the certificate of the gateway."},
        {"key": "INC-3", "subject": "No VPN at home", "resolution": "MTU set to 1380."},
    ),
    "previous": 3,
    "verified": False,
    "quote_allowed": True,
    "expected": timedelta(hours=1, minutes=30),
    "in_hours": True,
    "trail": (
        {"at": _OPENED, "by": "carla@customer.example", "what": "opened", "why": "default"},
        {"at": _LATER, "by": "timer", "what": "line: L1 \u2192 L2", "why": "first response, 100%"},
    ),
    "questions": ("Which network are you on?", "Since when does it happen?"),
    "answers": (
        {"field": "what", "question": "Which network are you on?", "answer": "guest <2nd floor>,\n*not* eduroam"},
        {"field": "symptoms", "question": None, "answer": "It | drops after a minute."},
    ),
    "unanswered": ("Since when does it happen?", "Does it concern you alone?"),
    "checklist": ("Is the certificate of the gateway valid?", "Does the account have the group vpn-users?"),
    "prepared_reply": "vpn-restart",
    "waiting": timedelta(hours=2, minutes=30),
    "closes_in": timedelta(days=3),
    "reopen_within": timedelta(days=7),
    "satisfaction": True,
    "late": False,
    "lines": (
        {"line": "!take", "result": "done", "message": "Ada Rossi has INC-12"},
        {"line": "!priorty high", "result": "unknown", "message": "did you mean !priority?"},
        {"line": "!close", "result": "refused", "message": "resolve it first"},
    ),
    "errors": 2,
    "sent": ("Your text has gone to Carla.",),
    "recipients": ("carla@customer.example",),
    "claimed": "ada@example.org",
    "commands": (
        {"usage": "!take", "text": "the ticket is yours", "group": "group_who"},
        {"usage": "!escalate [LINE]", "text": "hands the ticket to the next line", "group": "group_who"},
        {"usage": "!why", "text": "sends you the ticket's clocks and changes", "group": "group_ask"},
    ),
    "address": "carla@customer.example",
    "diagnostic": "550 5.1.1 <carla@customer.example>: user unknown",
    "what": "The mailbox cannot be read",
    "where": "account support, mail.example.org:993",
    "advice": "Run maild doctor.",
    "participants": ("S\u00f8ren Holm", "it@customer.example"),
    "linked": ("INC-7", "INC-9"),
    "merged_into": "INC-1",
    "pending_until": _OPENED + timedelta(days=1),
    "colleagues": ({"name": "Ben Sand", "link": _mailto("%21assign%20ben")},),
    "new_subject": "And the printer",
    "through": "Carla Bianchi",
    "other": {"key": "INC-1"},
    "changes": (
        {"by": "Ben Sand", "at": _LATER, "what": "public", "value": "", "text": "Please restart it once."},
        {"by": "Carla Bianchi", "at": _LATER, "what": "requester", "value": "", "text": "That did it, thanks!"},
        {"by": "Ben Sand", "at": _LATER, "what": "status", "value": "resolved", "text": ""},
    ),
    "ledger": (
        {**_PROMISE, "stopped_at": _LATER - timedelta(hours=2)},
        {**_PROMISE, "kind": "next_response", "breached_at": _LATER},
        {**_PROMISE, "kind": "breach", "breached_at": _LATER, "stopped_at": _LATER},
        {**_PROMISE, "kind": "resolution", "paused": timedelta(minutes=30), "running": False, "paused_now": True},
        _PROMISE,
    ),
    "events": (
        {"at": _OPENED, "by": "carla@customer.example", "what": "opened", "why": "default"},
        {"at": _LATER, "by": "Ada Rossi", "what": "status: new \u2192 open", "why": "command"},
    ),
    "rule": "gold customers",
    "reason": "Their contract promises an answer within the hour.",
    "sender": "Carla Bianchi <carla@customer.example>",
    "prepared": "Our technicians are working on the mail server.\nIt will be back before noon.",
    "which": "line",
    "rows": (
        {
            "key": "INC-12",
            "subject": "VPN <fails> & *stops* on floor_3_west",
            "status": "open",
            "priority": "high",
            "line": "L2",
            "assignee": "Cleo Winther",
            "requester": "Carla Bianchi",
            "due_at": _LATER,
            "kind": "first_response",
            "overdue": timedelta(hours=2),
            "link": _mailto("%21show%20INC-12"),
        },
        {
            "key": "INC-9",
            "subject": "New phone",
            "status": "pending",
            "priority": "low",
            "line": "L1",
            "assignee": None,
            "requester": "S\u00f8ren Holm",
            "due_at": None,
            "kind": "waited",
            "overdue": None,
            "link": _mailto("%21show%20INC-9"),
        },
    ),
    "more": 4,
}
_COUNTED = {"name": "first_response", "kept": 18, "ended": 20, "share": 90}
_REPORT: Mapping[str, Any] = {
    "since": datetime(2026, 11, 15, 23, tzinfo=UTC),
    "until": datetime(2026, 11, 22, 22, 59, 59, tzinfo=UTC),
    "scope": ("L1", "L2"),
    "total": {"kept": 41, "ended": 45, "share": 91},
    "promises": (
        _COUNTED,
        {"name": "next_response", "kept": 9, "ended": 9, "share": 100},
        {"name": "resolution", "kept": 14, "ended": 16, "share": 87},
    ),
    "times": (
        {
            "name": "first_response",
            "average": timedelta(hours=1, minutes=12),
            "median": timedelta(minutes=48),
            "plain": timedelta(hours=3, minutes=5),
            "good": True,
        },
        {
            "name": "resolution",
            "average": timedelta(hours=26),
            "median": timedelta(hours=19, minutes=30),
            "plain": timedelta(hours=71),
            "good": False,
        },
    ),
    "solved": 16,
    "reopened": 2,
    "ratings": 9,
    "score": 4.6,
    "sections": (
        {
            "by": "line",
            "rows": (
                {"name": "L1", "kept": 25, "ended": 26, "share": 96},
                {"name": "L2", "kept": 16, "ended": 19, "share": 84},
            ),
        },
        {
            "by": "priority",
            "rows": (
                {"name": "critical", "kept": 1, "ended": 3, "share": 33},
                {"name": "medium", "kept": 40, "ended": 42, "share": 95},
            ),
        },
        {
            "by": "category",
            "rows": (
                {"name": "network/<vpn>", "kept": 0, "ended": 2, "share": 0},
                {"name": None, "kept": 41, "ended": 43, "share": 95},
            ),
        },
    ),
}
# What a notice is given in a way of its own.
_OWN: Mapping[str, Mapping[str, Any]] = {
    "receipt": {"text": ""},
    "held": {"why": "stranger", "author": {"name": "Mallory", "address": "mallory@elsewhere.example"}},
    "agent_away": {"text": "I am away until Monday."},
    "report": _REPORT,
}


def sample(notice: str) -> dict[str, Any]:
    """Values with which the notice says all that it can say. Every notice is given every value."""
    return {**_BASE, **_MORE, **_OWN.get(notice, {})}


def sparse(notice: str) -> dict[str, Any]:
    """The least that a notice is given: whatever a template does not need may be missing."""
    if notice in ("help", "alarm", "unverified", "tickets", "report"):
        return {"desk": _BASE["desk"]}
    always: Mapping[str, Mapping[str, Any]] = {
        "merged": {"other": {"key": "INC-1"}},
        "rule_notice": {"rule": _MORE["rule"]},
    }
    return {
        **_BASE,
        **always.get(notice, {}),
        "ticket": {**_BASE["ticket"], "assignee": None, "category": None, "resolution": None},
    }
