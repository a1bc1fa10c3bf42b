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
    for sql in (*_INDEXES, _POLICIES, _WAITING):
        db.execute_sql(sql)


# Tickets keep the agreement that their clocks were started by, and those that wait until a time go on waiting.
_POLICIES = (
    'UPDATE "ticket" SET "policy" = '
    '(SELECT "policy" FROM "clock" WHERE "clock"."ticket_id" = "ticket"."id" ORDER BY "clock"."id" LIMIT 1)'
)
_WAITING = (
    'INSERT INTO "clock" ("ticket_id", "kind", "policy", "calendar", "target", "started_at", "due_at", "paused",'
    ' "fired", "rung", "next_at")'
    ' SELECT "id", \'pending_until\', COALESCE("policy", \'\'), \'\', 0, "pending_until", "pending_until", 0,'
    ' \'[]\', 0, "pending_until" FROM "ticket" WHERE "pending_until" IS NOT NULL'
)
# What the report by numbers reads (desk.report): the clocks that came to their end, or broke, within a time
_INDEXES = (
    'CREATE INDEX "clock_stopped" ON "clock" ("stopped_at") WHERE ("stopped_at" IS NOT NULL)',
    'CREATE INDEX "clock_breached" ON "clock" ("breached_at") WHERE ("breached_at" IS NOT NULL)',
)
