"""maild.yaml: how this maild is connected. The text of each key here is the one that editors show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from maild.config import values
from maild.config.secrets import Secret
from maild.config.values import Count, Duration, Endpoint, From, Host, Mailbox, PerTime, Port, Quota, Size, SomeTime
from maild.policy import span

Tls = Literal["implicit", "starttls", "none"]
TLS = "implicit (TLS from the start), starttls, or none (only for a server on this machine)."
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Section(BaseModel):
    """A mapping of YAML: frozen, and no key but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _true_or_false(cls, value: Any, info: ValidationInfo) -> Any:
        """A truth value is written as one: `no` is a text in YAML 1.2, also where a language is called so."""
        field = cls.model_fields.get(info.field_name or "")
        if field is not None and field.annotation is bool and not isinstance(value, bool):
            raise PydanticCustomError("bool_type", "true or false is wanted here")
        return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError("a name of letters, digits, dots and hyphens is wanted here")
    return value


def _instance(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(
        r"(?=.{3,100}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", value
    ):
        raise ValueError("a name like that of a machine is wanted here, in small letters, such as desk.example.org")
    return value


def _database(value: Any, info: ValidationInfo) -> str:
    """The database's URL with an absolute path: `sqlite:///abs/path`, or `postgresql://user@host/name` as it stands."""
    forms = "sqlite:///var/lib/maild/maild.db, sqlite:maild.db (in this folder) or postgresql://user@host/name"
    if not isinstance(value, str):
        raise ValueError(f"a database is wanted here: {forms}")  # noqa: TRY004 - pydantic wants it
    if value.startswith("postgresql://"):
        try:
            url = urlsplit(value)
            good = bool(url.path.strip("/")) and (url.port is None or url.port > 0)
        except ValueError:
            good = False
        if not good:
            raise ValueError("a PostgreSQL database is written as postgresql://user@host/name")
        if url.password is not None:
            raise ValueError(
                "a secret must not stand in YAML; put the password into ~/.pgpass (or PGPASSFILE, PGPASSWORD)"
            )
        return value
    if value.startswith("sqlite:///"):
        path = Path("/" + value.removeprefix("sqlite:///").lstrip("/"))
    elif value.startswith("sqlite:") and not value.startswith(("sqlite:/", "sqlite::")):
        path = (info.context or {}).get("folder", Path()).absolute() / value.removeprefix("sqlite:")
    else:
        raise ValueError(f"this is not a database that maild knows; write {forms}")
    if path.name in ("", ".", "..") or value.endswith("/") or "?" in value or "\0" in value:
        raise ValueError("the name of the database's file is missing, such as sqlite:///var/lib/maild/maild.db")
    return f"sqlite://{path}"


Name: TypeAlias = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME.pattern})]
Instance: TypeAlias = Annotated[
    str, PlainValidator(_instance), WithJsonSchema({"type": "string", "examples": ["desk.example.org"]})
]
Database: TypeAlias = Annotated[
    str, PlainValidator(_database), WithJsonSchema({"type": "string", "examples": ["sqlite:maild.db"]})
]


def _guarded(tls: Tls, info: ValidationInfo) -> Tls:
    host = info.data.get("host", "localhost")  # a host that is wrong has its own problem
    if tls == "none" and not values.is_loopback(host):
        raise ValueError(
            f"without TLS anybody on the way to {host} can read the password and the mails; use implicit or starttls"
        )
    return tls


class Imap(Section):
    """Where an account's mailbox is."""

    host: Host = Field(description="The IMAP server.")
    port: Port = Field(default=993, description="Its port: 993 for implicit TLS, 143 for starttls.")
    tls: Tls = Field(default="implicit", description=TLS)
    user: str = Field(min_length=1, description="The name to log in with.")
    password: Secret | None = Field(default=None, description="Where the password lies; it never stands here itself.")
    oauth2: dict[str, Any] | None = Field(default=None, description="Instead of a password (not in this version).")

    _tls = field_validator("tls")(_guarded)


class Account(Section):
    """One address that users write to, and its mailbox."""

    name: Name = Field(description="What this account is called in commands, rules and logs.")
    address: Mailbox = Field(description="What users write to; answers come from it, with a token as plus-address.")
    aliases: tuple[Mailbox, ...] = Field(default=(), description="Other addresses that lead to the same mailbox.")
    imap: Imap | None = Field(
        default=None, description="The mailbox. Without it mail comes by the listener or `maild feed` alone."
    )
    folder: str = Field(default="INBOX", min_length=1, description="The folder that is watched.")
    processed: str | None = Field(
        default="Processed", min_length=1, description="Where a filed mail is moved; null leaves it in place."
    )
    failed: str = Field(default="Failed", min_length=1, description="Where a mail is moved that could not be read.")
    poll: SomeTime = Field(
        default=span.duration("60s"),
        description="How often to look for mail, besides IDLE, which can fail in silence.",
    )
    plus_addressing: bool = Field(
        default=True, description="Whether support+token@... reaches this mailbox; `maild doctor` tries it."
    )
    authserv: Name | None = Field(
        default=None,
        description="The server whose Authentication-Results are believed; null believes none.",
    )


class Smtp(Section):
    """The server that takes what maild sends."""

    host: Host = Field(description="The SMTP server.")
    port: Port = Field(
        default=465, description="Its port: 465 for implicit TLS, 587 for starttls, 25 for a server on this machine."
    )
    tls: Tls = Field(default="implicit", description=TLS)
    user: str | None = Field(default=None, min_length=1, description="The name to log in with; null: no login.")
    password: Secret | None = Field(default=None, description="Where the password lies; it never stands here itself.")

    _tls = field_validator("tls")(_guarded)


class Sending(Section):
    """How mail leaves."""

    sender: From = Field(alias="from", description="Who our mails are from: a name and the address.")
    smtp: Smtp = Field(description="The server that takes them.")


class ListenerSection(Section):
    """A door for an MTA that delivers to maild itself."""

    lmtp: Endpoint | None = Field(default=None, description='Listen for LMTP (RFC 2033), such as "127.0.0.1:8024".')
    smtp: Endpoint | None = Field(default=None, description='Listen for SMTP, such as "127.0.0.1:8025".')
    account: str | None = Field(
        default=None, description="The account that its mail belongs to; needed where there are several."
    )


class Limits(Section):
    """What a mail, and a sender, may cost."""

    size: Size = Field(
        default=values.size("25MB"),
        json_schema_extra={"default": "25MB"},
        description="The largest mail that is read in full; else its header alone.",
    )
    parts: Count = Field(default=100, description="How many MIME parts of a mail are looked at.")
    acknowledgements_per_sender: PerTime = Field(
        default=Quota(3, values.PERIODS["day"]),
        description="How many acknowledgements one address gets in a time; against mail bombs.",
    )


class Retention(Section):
    """How long things are kept. Null keeps for ever."""

    raw: Duration | None = Field(default=span.duration("365d"), description="The mails as they came, byte for byte.")
    closed: Duration | None = Field(default=None, description="Closed tickets with all that belongs to them.")


class LogSection(Section):
    """What maild tells about itself."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important line that is written."
    )
    as_json: bool = Field(default=False, alias="json", description="One JSON object a line, for machines.")


class MaildFile(Section):
    """maild.yaml: how this maild is connected."""

    instance: Instance = Field(description="Names this maild in tokens, Message-IDs and loop marks. Choose it once.")
    secret: Secret = Field(description="Signs the reply tokens. Whoever has it can write as an agent.")
    database: Database = Field(
        description="sqlite:///abs/path, sqlite:file (in this folder), or postgresql://user@host/name."
    )
    accounts: tuple[Account, ...] = Field(description="The mailboxes that users write to.")
    sending: Sending = Field(description="How mail leaves.")
    administrator: Mailbox | None = Field(
        default=None,
        description="Who gets a mail when a changed configuration cannot be used; null: the manager of desk.yaml.",
    )
    listener: ListenerSection | None = Field(
        default=None, description="A door for an MTA that delivers to maild itself; null has none."
    )
    limits: Limits = Field(default=Limits(), description="What a mail, and a sender, may cost.")
    retention: Retention = Field(default=Retention(), description="How long things are kept.")
    log: LogSection = Field(default=LogSection(), description="What maild tells about itself.")
