"""What the four stories stand on: the settings in force and what is made of them once."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock
import structlog

from maild import shipped
from maild.config import Account, Settings, needs
from maild.desk import db, people
from maild.desk.act import Act
from maild.desk.letters import Post
from maild.desk.people import Staff
from maild.errors import MaildError, Unavailable
from maild.mail.reading import ReadSettings
from maild.mail.sandbox import Reader
from maild.mail.templates import Templates
from maild.mail.token import Mint
from maild.wire.imap import ImapLogin, Mailbox
from maild.wire.smtp import Sender, SmtpLogin

log = structlog.get_logger("stage")

_BOOT = Path("/proc/sys/kernel/random/boot_id")
MACHINE = "MAILD_MACHINE"  # in the environment: the name of this machine, where the host's does not tell it apart
_NAME = 64  # letters of it: with the boot and a part it must fit into the column


@dataclass(frozen=True, slots=True)
class Stage:
    """One version of the settings, ready for use. A reload makes a new one."""

    settings: Settings
    staff: Staff
    post: Post
    owner: str  # "machine:boot": whose claims are ours, and whether the machine went down since

    def act(self, now: datetime, **more: object) -> Act:
        """The surroundings of a change."""
        return Act(settings=self.settings, staff=people.current(self.staff), now=now, **more)  # type: ignore[arg-type]  # by keyword


def utcnow() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def prepare(settings: Settings, now: datetime, on_problem: Callable[[str], None], part: str = "") -> Stage:
    """Make a stage of settings: templates, tokens, staff. The database is open and migrated.

    `part` sets the claims of a helping process (`maild feed`) apart from the daemon's.
    """
    secret = settings.secret.reveal().encode()
    if len(secret) < needs.SHORTEST:
        raise MaildError(needs.too_short(len(secret)))
    folders = [settings.folder / "templates", shipped.folder("templates")]
    templates = Templates([f for f in folders if f.is_dir()], on_problem)
    with db.transaction():
        staff = people.sync(settings, now)
    return Stage(settings, staff, Post(templates, Mint(settings.instance, secret)), owner(part))


def open_database(settings: Settings, migrate: bool = True) -> None:
    """Open the database of the settings, at its newest schema. A file that is something else is left alone."""
    if settings.database.startswith("sqlite:"):
        path = _path(settings)
        if path.is_dir() or (path.exists() and _beginning(path) not in (b"", b"SQLite format 3\0")):
            raise MaildError(f"{path} is not a SQLite database; change `database`, or move it away")
    db.open(settings.database)
    if migrate:
        db.migrate()


def open_as_it_is(settings: Settings) -> bool:
    """Open the database for who only looks, and make none; False where there is none yet, and then none is open.

    Raises MaildError for one of an older version.
    """
    file = database_file(settings)
    if file is not None and not (file.exists() and file.stat().st_size):
        return False
    open_database(settings, migrate=False)
    waiting, used = db.pending()
    if used and waiting:
        raise MaildError(f"the database is of an older version; first bring it up to date: maild migrate ({waiting})")
    if not used:
        db.close()
    return used


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def database_file(settings: Settings) -> Path | None:
    """Where a SQLite database lies; None for one on a server."""
    return _path(settings) if settings.database.startswith("sqlite:") else None


def _path(settings: Settings) -> Path:
    return Path("/" + settings.database.removeprefix("sqlite:").lstrip("/"))


def owner(part: str = "") -> str:
    """The name under which this machine claims work."""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else "unknown"
    return f"{_machine()}{part}:{boot}"


def _machine() -> str:
    """The host's name, or another where several daemons of one host are several machines. Case says nothing."""
    name = os.environ.get(MACHINE, "").strip() or socket.gethostname()
    return re.sub(r"[^a-z0-9._-]", "-", name.lower())[:_NAME]


def mailbox_of(account: Account, settings: Settings) -> Mailbox:
    """The mailbox of an account."""
    place = account.imap
    assert place is not None
    return Mailbox(
        ImapLogin(
            host=place.host,
            port=place.port,
            tls=place.tls,
            user=place.user,
            password=place.password.reveal if place.password else str,
            folder=account.folder,
            processed=account.processed,
            failed=account.failed,
            max_size=settings.limits.size,
        )
    )


def sender_of(settings: Settings) -> Sender:
    """The way out."""
    smtp = settings.sending.smtp
    password = smtp.password.reveal if smtp.password else None
    return Sender(SmtpLogin(smtp.host, smtp.port, smtp.tls, smtp.user, password, hello=settings.instance))


def reads(settings: Settings) -> ReadSettings:
    """What is read of a mail under these settings, within which limits."""
    return ReadSettings(
        size=settings.limits.size,
        parts=settings.limits.parts,
        instance=settings.instance,
        languages=settings.desk.languages,
        asked=tuple(sorted(settings.rules.headers)),
    )


def reader_of(settings: Settings) -> Reader:
    """The process that reads mails, within the limits of the settings."""
    return Reader(reads(settings))


def claim_database(settings: Settings) -> Callable[[], object]:
    """One daemon of a machine has the database, since its leases are void when it starts. Returns how to give it back.

    On PostgreSQL other machines may have it too, each under its own name.
    """
    taken = "another maild of this machine has this database already; stop it first"
    if not settings.database.startswith("sqlite:"):
        release = db.hold(settings.database, f"maild {_machine()}")
        if release is None:
            raise Unavailable(taken)
        return release
    path = _path(settings)
    if not path.parent.is_dir():  # the lock would make it
        raise MaildError(f"the folder {path.parent} of the database does not exist: make it, or change `database`")
    lock = filelock.FileLock(f"{path}.lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout as e:
        raise Unavailable(taken) from e
    except OSError as e:
        raise MaildError(f"the folder of the database cannot be written: {e}") from e
    return lock.release


def template_problem(problem: str) -> None:
    """Told once of each template that failed in use (B68)."""
    log.error("a template failed; the shipped text went out", problem=problem)
