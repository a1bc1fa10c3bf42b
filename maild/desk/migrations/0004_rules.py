"""What rules need: business impact, a chosen agreement, answers, groups of alike mails, since when nothing moved."""

from __future__ import annotations

from typing import Any

import peewee as pw


def up(migrator: Any, db: Any) -> None:
    """Add the columns, the indexes by which grouped and idle tickets are found, and how far idle rules have come."""

    class Mark(pw.Model):
        name = pw.CharField(128, primary_key=True)
        at = pw.TextField()
        ticket = pw.IntegerField()

        class Meta:
            database = db
            legacy_table_names = False

    migrator.migrate(
        migrator.add_column("ticket", "business", pw.CharField(16, null=True)),
        migrator.add_column("ticket", "sla", pw.TextField(null=True)),
        migrator.add_column("ticket", "confidential", pw.BooleanField(null=True)),
        migrator.add_column("ticket", "answers", pw.TextField(null=True)),
        migrator.add_column("ticket", "grouped", pw.CharField(64, null=True)),
        migrator.add_column("ticket", "touched_at", pw.TextField(null=True)),
    )
    for sql in (_TOUCHED, *_INDEXES):
        db.execute_sql(sql)
    Mark.create_table()


# Tickets that are open rest since the last thing that happened to them.
_TOUCHED = (
    'UPDATE "ticket" SET "touched_at" = (SELECT MAX("at") FROM "event" WHERE "event"."ticket_id" = "ticket"."id")'
    " WHERE \"status\" IN ('new', 'open', 'pending', 'resolved')"
)
_INDEXES = (
    'CREATE INDEX "ticket_grouped" ON "ticket" ("grouped", "status") WHERE ("grouped" IS NOT NULL)',
    'CREATE INDEX "ticket_touched" ON "ticket" ("touched_at", "id") WHERE ("touched_at" IS NOT NULL)',
)
