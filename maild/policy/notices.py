"""The notices: every mail that maild writes, and what holds for each.

A new notice is a row here and a template in every language; a test holds both complete.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """What holds for one kind of mail."""

    name: str
    automatic: bool = True  # nobody wrote it: it says so, and no machine answers it (B24)
    answerable: bool = True  # it carries a token, and a reply to it joins the ticket
    internal: bool = False  # a reply to it is for agents alone (B28)
    once: bool = False  # not repeated when nobody knows whether it arrived (M3)
    files: bool = False  # it passes on the attachments of the mail that caused it


_ROWS = (
    Notice("acknowledgement", once=True),
    Notice("new_ticket", files=True),
    Notice("assignment"),
    Notice("public_reply", automatic=False, files=True),
    Notice("requester_reply", files=True),
    Notice("internal_note", internal=True, files=True),
    Notice("escalation_line"),
    Notice("escalation_requester"),
    Notice("sla_warning"),
    Notice("sla_breach"),
    Notice("digest", answerable=False),
    Notice("report", answerable=False),
    Notice("delayed"),
    Notice("resolution", automatic=False, files=True),
    Notice("closure"),
    Notice("reopened"),
    Notice("reopened_agent", files=True),
    Notice("undelivered"),
    Notice("unverified", internal=True),
    Notice("receipt", answerable=False),
    Notice("help", answerable=False),
    Notice("alarm", answerable=False),
    Notice("held", internal=True, files=True),
    Notice("held_new", answerable=False),
    Notice("stale", internal=True),
    Notice("merged"),
    Notice("opened_for", automatic=False, files=True),
    Notice("reminder"),
    Notice("waited"),
    Notice("agent_reply", files=True),
    Notice("agent_away"),
    Notice("why", internal=True),
    Notice("shown"),
    Notice("similar", internal=True),
    Notice("tickets", answerable=False),
    Notice("rule_notice", files=True),
    Notice("rule_reply"),
    Notice("forwarded", answerable=False, files=True),
)
NOTICES = {row.name: row for row in _ROWS}
