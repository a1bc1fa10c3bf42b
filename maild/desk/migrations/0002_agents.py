"""What agents need to work by mail: merging, links, watching, reminders, held mails, revocation of tokens."""

from __future__ import annotations

from typing import Any

import peewee as pw


def up(migrator: Any, db: Any) -> None:
    """Add the columns, then the tables that refer to tickets and people."""

    class Base(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Person(Base):
        id = pw.AutoField()

    class Ticket(Base):
        id = pw.AutoField()

    class Watch(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
        person = pw.ForeignKeyField(Person, on_delete="RESTRICT")
        wants = pw.BooleanField()

        class Meta:
            indexes = ((("ticket", "person"), True),)

    class Link(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
        other = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="linked")

        class Meta:
            indexes = ((("ticket", "other"), True),)

    class Reminder(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
        person = pw.ForeignKeyField(Person, on_delete="RESTRICT")
        at = pw.TextField()
        text = pw.TextField()
        done_at = pw.TextField(null=True)

    Reminder.add_index(Reminder.index(Reminder.at, where=Reminder.done_at.is_null(), name="reminder_due"))

    class Term(Base):
        id = pw.AutoField()
        word = pw.CharField(64)
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")

        class Meta:
            indexes = ((("word", "ticket"), True),)

    parent = pw.ForeignKeyField(Ticket, field=Ticket.id, null=True, on_delete="RESTRICT")
    migrator.migrate(
        migrator.add_column("ticket", "parent_id", parent),
        migrator.add_column("ticket", "pending_until", pw.TextField(null=True)),
        migrator.add_column("message", "copied", pw.TextField(null=True)),
        migrator.add_column("event", "revision", pw.IntegerField(null=True)),
        migrator.add_column("incoming", "released", pw.TextField(null=True)),
    )
    for sql in (_GENERATION, *_INDEXES):
        db.execute_sql(sql)
    for model in (Watch, Link, Reminder, Term):
        model.create_table()


# Not by add_column: for a column that is never null it makes the table anew on SQLite, and drops the old one. That
# fails, since tickets refer to people, and their keys cannot be ignored within a transaction.
_GENERATION = 'ALTER TABLE "person" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 0'
_INDEXES = (
    'CREATE INDEX "incoming_of_agents" ON "incoming" ("content_digest") WHERE ("verdict" = \'agent\')',
    'CREATE INDEX "incoming_held" ON "incoming" ("ticket_id") WHERE ("fate" = \'held\')',
    'CREATE INDEX "ticket_pending_until" ON "ticket" ("pending_until") WHERE ("pending_until" IS NOT NULL)',
)
