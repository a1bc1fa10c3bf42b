"""The first schema. A frozen copy of the models as they were then; later changes are later files."""

from __future__ import annotations

from typing import Any

import peewee as pw


def up(migrator: Any, db: Any) -> None:
    """Make all tables."""

    class Base(pw.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class RawMail(Base):
        digest = pw.CharField(64, primary_key=True)
        data = pw.BlobField()
        size = pw.IntegerField()
        stored_at = pw.TextField()

    RawMail.add_index(RawMail.index(RawMail.stored_at, where=RawMail.size > 0, name="raw_mail_kept"))

    class Person(Base):
        id = pw.AutoField()
        address = pw.CharField(320, unique=True)
        name = pw.TextField(default="")
        language = pw.CharField(8, null=True)
        staff = pw.CharField(64, null=True, unique=True)
        created_at = pw.TextField()
        proved = pw.BooleanField(default=False)
        bounced_until = pw.TextField(null=True)

    class Ticket(Base):
        id = pw.AutoField()
        prefix = pw.CharField(16)
        type = pw.CharField(16)
        status = pw.CharField(16)
        priority = pw.CharField(16)
        impact = pw.CharField(16)
        urgency = pw.CharField(16)
        category = pw.TextField(null=True)
        service = pw.TextField(null=True)
        line = pw.CharField(32)
        assignee = pw.CharField(64, null=True)
        requester = pw.ForeignKeyField(Person, on_delete="RESTRICT")
        account = pw.CharField(64)
        language = pw.CharField(8)
        subject = pw.TextField()
        tags = pw.TextField()
        silent = pw.BooleanField(default=False)
        resolution = pw.TextField(null=True)
        satisfaction = pw.TextField(null=True)
        opened_at = pw.TextField()
        first_response_at = pw.TextField(null=True)
        resolved_at = pw.TextField(null=True)
        closed_at = pw.TextField(null=True)
        revision = pw.IntegerField(default=1)

        class Meta:
            indexes = ((("status", "resolved_at"), False), (("requester", "opened_at"), False))

    class Incoming(Base):
        id = pw.AutoField()
        account = pw.CharField(64)
        source = pw.TextField()
        folder = pw.TextField(null=True)
        uidvalidity = pw.BigIntegerField(null=True)
        uid = pw.BigIntegerField(null=True)
        digest = pw.ForeignKeyField(RawMail, column_name="digest", on_delete="RESTRICT")
        received_at = pw.TextField()
        envelope_from = pw.TextField(null=True)
        envelope_to = pw.TextField()
        attempts = pw.IntegerField(default=0)
        not_before = pw.TextField(null=True)
        owner = pw.CharField(128, null=True)
        lease_until = pw.TextField(null=True)
        done_at = pw.TextField(null=True)
        message_id = pw.TextField(null=True)
        content_digest = pw.CharField(64, null=True)
        fate = pw.CharField(16, null=True)
        reason = pw.TextField(null=True)
        ticket = pw.ForeignKeyField(Ticket, null=True, on_delete="RESTRICT")
        created = pw.BooleanField(default=False)
        kind = pw.CharField(16, null=True)
        evidence = pw.CharField(16, null=True)
        sender = pw.TextField(null=True)
        verdict = pw.CharField(16, null=True)
        commands = pw.TextField(null=True)

        class Meta:
            indexes = ((("account", "folder", "uidvalidity", "uid"), True), (("message_id",), False))

    Incoming.add_index(Incoming.index(Incoming.id, where=Incoming.done_at.is_null(), name="incoming_waiting"))

    class Message(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="messages")
        incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT")
        direction = pw.CharField(3)
        author = pw.TextField()
        author_name = pw.TextField()
        verified = pw.BooleanField()
        visibility = pw.CharField(8)
        at = pw.TextField()
        text = pw.TextField()
        message_id = pw.TextField(null=True)
        attachments = pw.TextField()

    class Thread(Base):
        id = pw.AutoField()
        message_id = pw.TextField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")

        class Meta:
            indexes = ((("message_id", "ticket"), True),)

    class Event(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="events")
        at = pw.TextField()
        kind = pw.CharField(32)
        by = pw.TextField()
        why = pw.TextField()
        before = pw.TextField(null=True)
        after = pw.TextField(null=True)
        incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT", index=False)
        configuration = pw.CharField(16)

    class Participant(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
        person = pw.ForeignKeyField(Person, on_delete="RESTRICT")

        class Meta:
            indexes = ((("ticket", "person"), True),)

    class Clock(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="clocks")
        kind = pw.CharField(32)
        policy = pw.TextField()
        calendar = pw.TextField()
        target = pw.IntegerField()
        started_at = pw.TextField()
        due_at = pw.TextField()
        paused_at = pw.TextField(null=True)
        paused = pw.IntegerField(default=0)
        stopped_at = pw.TextField(null=True)
        breached_at = pw.TextField(null=True)
        fired = pw.TextField()
        rung = pw.IntegerField(default=0)
        next_at = pw.TextField(null=True)

    Clock.add_index(Clock.index(Clock.next_at, where=Clock.next_at.is_null(False), name="clock_due"))

    class Outgoing(Base):
        id = pw.AutoField()
        ticket = pw.ForeignKeyField(Ticket, null=True, on_delete="RESTRICT")
        incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT", index=False)
        notice = pw.CharField(32)
        automatic = pw.BooleanField()
        recipient = pw.CharField(320)
        correspondent = pw.CharField(320)
        envelope_from = pw.TextField()
        message_id = pw.TextField(index=True)
        data = pw.BlobField()
        state = pw.CharField(16, default="waiting")
        created_at = pw.TextField()
        not_before = pw.TextField()
        attempts = pw.IntegerField(default=0)
        owner = pw.CharField(128, null=True)
        lease_until = pw.TextField(null=True)
        fence = pw.IntegerField(default=0)
        started_at = pw.TextField(null=True)
        done_at = pw.TextField(null=True)
        answer = pw.TextField(null=True)

        class Meta:
            indexes = ((("correspondent", "created_at"), False),)

    Outgoing.add_index(Outgoing.index(Outgoing.id, where=Outgoing.state == "waiting", name="outgoing_waiting"))

    class Lease(Base):
        name = pw.CharField(128, primary_key=True)
        owner = pw.CharField(128)
        until = pw.TextField()

    db.create_tables([RawMail, Person, Ticket, Incoming, Message, Thread, Event, Participant, Clock, Outgoing, Lease])
