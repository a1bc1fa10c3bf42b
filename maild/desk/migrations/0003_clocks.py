"""Clocks that are computed from a ticket's history: the policy that holds, lines, pauses as facts."""

from __future__ import annotations

from typing import Any

import peewee as pw


def up(migrator: Any, db: Any) -> None:
    """Add the columns; the end of a wait is a clock now, so its index goes."""
    migrator.migrate(
        migrator.add_column("ticket", "policy", pw.TextField(null=True)),
        migrator.add_column("clock", "line", pw.CharField(64, null=True)),
        migrator.add_column("clock", "pauses", pw.TextField(null=True)),
        migrator.add_column("clock", "stopped_why", pw.CharField(32, null=True)),
        migrator.drop_index("ticket", "ticket_pending_until"),
    )
