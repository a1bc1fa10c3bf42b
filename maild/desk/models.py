"""The tables. Times are UTC text in one fixed form, so that they sort, compare and read alike on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import peewee as pw

from maild.desk.db import database


class UtcField(pw.Field):
    """An aware UTC datetime, stored as 2026-11-24T16:00:00.000000Z."""

    field_type = "TEXT"

    def db_value(self, value: datetime | str | None) -> str | None:
        """Text for the database; a naive datetime is a mistake of ours and refused."""
        if value is None or isinstance(value, str):
            return value
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def python_value(self, value: str | None) -> datetime | None:
        """The datetime again."""
        return None if value is None else datetime.fromisoformat(value)


class JsonField(pw.TextField):
    """A value as JSON text: never queried into, so text is enough on both databases."""

    def db_value(self, value: Any) -> str:
        """JSON, with letters as they are."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def python_value(self, value: str | None) -> Any:
        """The value again."""
        return None if value is None else json.loads(value)


class Base(pw.Model):
    """Every table lives in the one database."""

    class Meta:
        database = database
        legacy_table_names = False


class RawMail(Base):
    """The bytes of a mail as they came, kept once, compressed, by digest."""

    digest = pw.CharField(64, primary_key=True)  # sha256 of the bytes, hex
    data = pw.BlobField()
    size = pw.IntegerField()
    stored_at = UtcField()


# What retention looks at: bytes that are still there, the oldest first
RawMail.add_index(RawMail.index(RawMail.stored_at, where=RawMail.size > 0, name="raw_mail_kept"))


class Person(Base):
    """Somebody who writes or is written to. `staff` is the id in desk.yaml of an agent, lead or manager."""

    id = pw.AutoField()
    address = pw.CharField(320, unique=True)  # canonical
    name = pw.TextField(default="")
    language = pw.CharField(8, null=True)
    staff = pw.CharField(64, null=True, unique=True)
    created_at = UtcField()
    proved = pw.BooleanField(default=False)  # they answered a mail of ours, or their server vouched for them (B25)
    bounced_until = UtcField(null=True)  # no automatic mail before then (B19)
    generation = pw.IntegerField(default=0)  # of their tokens: those of another one are revoked (B2)


class Ticket(Base):
    """The present state of a ticket: a fold over its events, kept for reading."""

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
    tags = JsonField()
    silent = pw.BooleanField(default=False)
    resolution = pw.TextField(null=True)
    satisfaction = pw.TextField(null=True)
    opened_at = UtcField()
    first_response_at = UtcField(null=True)
    resolved_at = UtcField(null=True)
    closed_at = UtcField(null=True)
    revision = pw.IntegerField(default=1)  # counts the mails and acts that changed it or added to its story
    parent = pw.ForeignKeyField("self", null=True, on_delete="RESTRICT")  # the ticket that it was merged into (B6)
    pending_until = UtcField(null=True)
    policy = pw.TextField(null=True)  # the service level agreement that holds
    business = pw.CharField(16, null=True)  # how much it touches the business: a VIP, a service, or somebody's word
    sla = pw.TextField(null=True)  # the agreement that a rule chose, whatever `when` says
    confidential = pw.BooleanField(null=True)  # few may see it
    answers = JsonField(null=True)  # what the requester said to the questions: [{"field", "question", "answer"}]
    grouped = pw.CharField(64, null=True)  # the digest under which a rule gathers mails like its first
    touched_at = UtcField(null=True)  # since when nobody has done anything to it; NULL: it is over

    class Meta:
        indexes = ((("status", "resolved_at"), False), (("requester", "opened_at"), False))

    @property
    def key(self) -> str:
        """What people call it, such as INC-12."""
        return f"{self.prefix}-{self.id}"


Ticket.add_index(
    # with the status: of what is gathered for years most is closed (M12)
    Ticket.index(Ticket.grouped, Ticket.status, where=Ticket.grouped.is_null(False), name="ticket_grouped")
)
Ticket.add_index(
    Ticket.index(Ticket.touched_at, Ticket.id, where=Ticket.touched_at.is_null(False), name="ticket_touched")
)


class Incoming(Base):
    """The ledger: one row for each mail that a source handed over, with its one fate (M1)."""

    id = pw.AutoField()
    account = pw.CharField(64)
    source = pw.TextField()  # in words: INBOX 12, lmtp, a file's name
    folder = pw.TextField(null=True)
    uidvalidity = pw.BigIntegerField(null=True)
    uid = pw.BigIntegerField(null=True)  # NULL for what has none: a mail by LMTP or from a file
    digest = pw.ForeignKeyField(RawMail, column_name="digest", on_delete="RESTRICT")
    received_at = UtcField()  # by our own server's clock, never by Date (B58)
    envelope_from = pw.TextField(null=True)
    envelope_to = JsonField()
    attempts = pw.IntegerField(default=0)
    not_before = UtcField(null=True)
    owner = pw.CharField(128, null=True)
    lease_until = UtcField(null=True)
    done_at = UtcField(null=True)  # NULL: waits
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
    commands = JsonField(null=True)
    released = JsonField(null=True)  # {"how", "by"}: it was held, and a person said what becomes of it

    class Meta:
        indexes = ((("account", "folder", "uidvalidity", "uid"), True), (("message_id",), False))


Incoming.add_index(Incoming.index(Incoming.id, where=Incoming.done_at.is_null(), name="incoming_waiting"))
Incoming.add_index(Incoming.index(Incoming.ticket, where=Incoming.fate == "held", name="incoming_held"))
Incoming.add_index(
    Incoming.index(Incoming.content_digest, where=Incoming.verdict == "agent", name="incoming_of_agents")
)


class Message(Base):
    """One message of a ticket's story. The attachments are pointers into its raw mail."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="messages")
    incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT")
    direction = pw.CharField(3)
    author = pw.TextField()
    author_name = pw.TextField()
    verified = pw.BooleanField()
    visibility = pw.CharField(8)
    at = UtcField()
    text = pw.TextField()
    message_id = pw.TextField(null=True)
    attachments = JsonField()
    copied = JsonField(null=True)  # who else it went to, {address: name}, where there is somebody


class Thread(Base):
    """Which tickets a Message-ID of somebody else belongs to: their own, and those they answer (B13: late parents)."""

    id = pw.AutoField()
    message_id = pw.TextField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")

    class Meta:
        indexes = ((("message_id", "ticket"), True),)


class Event(Base):
    """One change of a ticket: who, when, why, and by which mail (M4)."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="events")
    at = UtcField()
    kind = pw.CharField(32)
    by = pw.TextField()
    why = pw.TextField()
    before = JsonField(null=True)
    after = JsonField(null=True)
    incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT", index=False)
    configuration = pw.CharField(16)  # the version of the settings in force
    revision = pw.IntegerField(null=True)  # of the ticket, after it


class Participant(Base):
    """Somebody besides the requester who is kept informed."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
    person = pw.ForeignKeyField(Person, on_delete="RESTRICT")

    class Meta:
        indexes = ((("ticket", "person"), True),)


class Watch(Base):
    """A member of staff who wants all mails about a ticket, or (`wants` false) none that is not meant for them."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
    person = pw.ForeignKeyField(Person, on_delete="RESTRICT")
    wants = pw.BooleanField()

    class Meta:
        indexes = ((("ticket", "person"), True),)


class Link(Base):
    """Two tickets that have to do with each other: one row, the older ticket first."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
    other = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="linked")

    class Meta:
        indexes = ((("ticket", "other"), True),)


class Reminder(Base):
    """A mail that an agent asked for: about this ticket, at this time."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")
    person = pw.ForeignKeyField(Person, on_delete="RESTRICT")
    at = UtcField()
    text = pw.TextField()
    done_at = UtcField(null=True)


Reminder.add_index(Reminder.index(Reminder.at, where=Reminder.done_at.is_null(), name="reminder_due"))


class Term(Base):
    """A word of a solved ticket, by which the next one like it is found (P3)."""

    id = pw.AutoField()
    word = pw.CharField(64)
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT")

    class Meta:
        indexes = ((("word", "ticket"), True),)


class Clock(Base):
    """A promise of time. Its facts stay; `next_at` alone says when the timers must look again."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, on_delete="RESTRICT", backref="clocks")
    kind = pw.CharField(32)
    policy = pw.TextField()
    calendar = pw.TextField()
    target = pw.IntegerField()  # seconds of open time
    started_at = UtcField()
    due_at = UtcField()
    paused_at = UtcField(null=True)  # it stands still since then
    paused = pw.IntegerField(default=0)  # seconds of open time that it stood still
    stopped_at = UtcField(null=True)
    breached_at = UtcField(null=True)
    fired = JsonField()  # one [text, due_at, fired_at or null] a rung: what has been climbed or passed over
    rung = pw.IntegerField(default=0)  # the next rung
    next_at = UtcField(null=True)
    line = pw.CharField(64, null=True)  # of a clock of kind "line": which
    pauses = JsonField(null=True)  # each time it stood still: [since, until or null, seconds of open time, status]
    stopped_why = pw.CharField(32, null=True)


Clock.add_index(Clock.index(Clock.next_at, where=Clock.next_at.is_null(False), name="clock_due"))
# What the report by numbers reads: the clocks that came to their end, or broke, within a time
Clock.add_index(Clock.index(Clock.stopped_at, where=Clock.stopped_at.is_null(False), name="clock_stopped"))
Clock.add_index(Clock.index(Clock.breached_at, where=Clock.breached_at.is_null(False), name="clock_breached"))


class Outgoing(Base):
    """The outbox: one finished mail to one person, committed with the change that caused it (M3)."""

    id = pw.AutoField()
    ticket = pw.ForeignKeyField(Ticket, null=True, on_delete="RESTRICT")
    incoming = pw.ForeignKeyField(Incoming, null=True, on_delete="RESTRICT", index=False)
    notice = pw.CharField(32)
    automatic = pw.BooleanField()
    recipient = pw.CharField(320)
    correspondent = pw.CharField(320)  # the recipient without a plus-tag: one mailbox, however it is spelled (B21)
    envelope_from = pw.TextField()
    message_id = pw.TextField(index=True)
    data = pw.BlobField()
    state = pw.CharField(16, default="waiting")
    created_at = UtcField()
    not_before = UtcField()
    attempts = pw.IntegerField(default=0)
    owner = pw.CharField(128, null=True)
    lease_until = UtcField(null=True)
    fence = pw.IntegerField(default=0)
    started_at = UtcField(null=True)  # the connection was given this mail, and no answer is noted yet
    done_at = UtcField(null=True)
    answer = pw.TextField(null=True)

    class Meta:
        indexes = ((("correspondent", "created_at"), False),)


Outgoing.add_index(Outgoing.index(Outgoing.id, where=Outgoing.state == "waiting", name="outgoing_waiting"))


class Lease(Base):
    """Who does a thing that one machine alone may do, until when."""

    name = pw.CharField(128, primary_key=True)
    owner = pw.CharField(128)
    until = UtcField()


class Mark(Base):
    """How far a job has come that goes through tickets in the order of a time."""

    name = pw.CharField(128, primary_key=True)
    at = UtcField()
    ticket = pw.IntegerField()  # the last of those with the same time


ALL = (
    *(RawMail, Person, Ticket, Incoming, Message, Thread, Event, Participant, Watch, Link, Reminder, Term),
    *(Clock, Outgoing, Lease, Mark),
)
