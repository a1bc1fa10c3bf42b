"""What one mail says, as values.

`reading.read` makes a `Mail` of raw bytes; every later step looks at these fields and never at the bytes again. All
text is clean: valid Unicode without surrogates or NUL, so that any database takes it. Nothing here is believed yet: who
sent it is judged by `trust`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal[
    "human", "auto_reply", "auto_generated", "list", "dsn_failed", "dsn_delayed", "mdn", "calendar_reply", "loop"
]
BounceAction = Literal["failed", "delayed", "delivered", "relayed"]


@dataclass(frozen=True, slots=True)
class Address:
    """A display name (may be empty) and an address as written, without angle brackets."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the text of the mail. The name is shown and stored, never used as a path (B56)."""

    name: str
    type: str
    size: int  # bytes after decoding
    sha256: str
    content_id: str | None
    inline: bool


@dataclass(frozen=True, slots=True)
class Bounce:
    """A delivery report (RFC 3464, or the forms of old mailers)."""

    action: BounceAction
    status: str | None  # RFC 3463, such as "5.1.1"
    recipients: tuple[str, ...]
    original_message_id: str | None
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, read. Message-IDs stand without angle brackets (RFC 5322, 3.6.4: they are not part of the msg-id)."""

    message_id: str | None  # None: the mail has none; see derived_id
    derived_id: str  # the Message-ID, or one derived from the content, the same each time (B11)
    content_digest: str  # sha256 of what the mail says, not of its way: equal for copies by two ways (B11)
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]  # first 4 and last 20 at most (B10), oldest first
    date: datetime | None  # the sender's claim, UTC
    sender: Address | None  # From, only where the strict grammar holds: one field, one mailbox
    from_ok: bool
    from_why: str  # why From is (not) acceptable, in plain words
    claimed: Address | None  # the best reading of From where the grammar fails; for showing, never for identity
    return_path: str | None  # "" is the null sender (bounces); None: not known
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]  # Delivered-To, X-Original-To, Envelope-To, X-Envelope-To: addresses
    subject: str
    text: str  # all of the body as text
    reply: str  # the new text alone
    elided: str  # what was cut; reply and elided together hold all of text
    language: str | None
    kind: Kind
    kind_why: str
    answerable: bool  # False: no automatic mail answers it (B16: lists, suppressed, no-reply, null sender)
    bounce: Bounce | None
    attachments: tuple[Attachment, ...]
    authentication_results: tuple[str, ...]  # raw values, topmost first; judged by trust with the account's authserv
    instance_marks: tuple[str, ...]  # values of X-Maild-Instance as received: only `loop` detection reads them
    sealed: Literal["pgp", "smime"] | None  # encrypted: kept whole, cannot be read (B23)
    truncated: bool  # a limit was met: read from the headers alone, or in part
    defects: tuple[str, ...] = field(default=())
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # those that are asked for, by name in small


@dataclass(frozen=True, slots=True)
class File:
    """The decoded bytes of an attachment, to be passed on with an outgoing mail."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader process gives back for one raw mail: the values, and the attachments' bytes up to a limit."""

    mail: Mail
    files: tuple[File, ...] = ()  # in the order of mail.attachments; those over the limit are left out
