"""A private Dovecot (2.3 or 2.4) on loopback with a fresh account for whoever asks.

    with Dovecot() as dovecot:
        carla = dovecot.account("support")      # name, address, password of its own; empty folders
        carla.deliver(raw)                      # as a mail server does: Maildir/tmp, then renamed into Maildir/new
        carla.append(raw, folder="INBOX")       # as a mail program does: IMAP APPEND
        carla.lmtp(raw)                         # as an MTA does
        carla.messages("Processed")             # the raw mails of a folder

It runs as the caller, or as nobody when the caller is root, in a short folder (paths of UNIX sockets are limited).
"""

from __future__ import annotations

import grp
import imaplib
import itertools
import os
import secrets
import shutil
import smtplib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import imapclient

from tests.servers import process

if TYPE_CHECKING:
    from types import TracebackType

_COMMON = """\
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = @USER@
default_internal_group = @GROUP@
default_login_user = @USER@
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
mail_max_userip_connections = 200
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {
    @ADDRESS@ = 127.0.0.1
    port = @IMAP@
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service lmtp {
  inet_listener lmtp {
    @ADDRESS@ = 127.0.0.1
    port = @LMTP@
  }
}
protocol lmtp {
  postmaster_address = postmaster@example.test
  hostname = mx.example.test
}
"""

_FOR_2_3 = """\
disable_plaintext_auth = no
auth_username_format = %Lu
mail_location = maildir:~/
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u @DIR@/users/%u
}
userdb {
  driver = passwd-file
  args = username_format=%u @DIR@/users/%u
}
"""

# Dovecot 2.4 does not read a 2.3 file: other names for the same settings.
_HEAD_2_4 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""
_FOR_2_4 = """\
auth_allow_cleartext = yes
auth_username_format = %{user | lower}
mail_driver = maildir
mail_path = ~/
passdb passwd-file {
  passwd_file_path = @DIR@/users/%{user}
}
userdb passwd-file {
  passwd_file_path = @DIR@/users/%{user}
}
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox of the server, empty when it was made."""

    server: Dovecot
    address: str
    password: str
    home: Path

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def user(self) -> str:
        return self.address

    def deliver(self, raw: bytes) -> None:
        """Put the bytes into the inbox as they are, in one step, as a delivery agent does."""
        name = f"{int(time.time())}.M{next(self.server.sequence):09d}P{os.getpid()}.test"
        made = self.home / "tmp" / name
        made.write_bytes(raw)
        if os.geteuid() == 0:
            os.chown(made, self.server.who.pw_uid, self.server.who.pw_gid)
        made.rename(self.home / "new" / name)

    def lmtp(self, raw: bytes, sender: str = "") -> None:
        """Deliver by LMTP: Dovecot adds Return-Path, Delivered-To and Received."""
        with smtplib.LMTP("127.0.0.1", self.server.lmtp_port, timeout=20) as link:
            link.sendmail(sender, [self.address], raw)

    def client(self, folder: str | None = None) -> imapclient.IMAPClient:
        """A second mail program, logged in; it ends with the `with`."""
        link = imapclient.IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=20)
        link.login(self.user, self.password)
        if folder is not None:
            link.select_folder(folder)
        return link

    def append(self, raw: bytes, folder: str = "INBOX", flags: tuple[bytes, ...] = ()) -> None:
        """Put the bytes into a folder by IMAP."""
        with self.client() as link:
            link.append(folder, raw, flags=flags)

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """The raw mails of a folder, oldest first; none if there is no such folder."""
        with self.client() as link:
            if not link.folder_exists(folder):
                return []
            link.select_folder(folder, readonly=True)
            got = link.fetch(link.search("ALL"), ["BODY.PEEK[]"])
            return [got[uid][b"BODY[]"] for uid in sorted(got)]

    def count(self, folder: str = "INBOX") -> int:
        """How many mails are in a folder."""
        return len(self.messages(folder))


class Dovecot:
    """The server; NotHere when it is not installed."""

    def __init__(self) -> None:
        found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if found is None:
            raise process.NotHere("Dovecot (dovecot-imapd, dovecot-lmtpd) is not installed")
        self.binary = found
        self.who = process.account("nobody")
        self.sequence = itertools.count(1)
        self.port, self.lmtp_port = process.free_port(), process.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))  # short, and not under pytest's long tmp_path
        for name in ("run", "state", "mail", "users"):
            (self.folder / name).mkdir()
        (self.folder / "dovecot.conf").write_text(self._configuration())
        process.own(self.folder, self.who)
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it (again: the mailboxes and the port stay)."""
        command = [self.binary, "-F", "-c", str(self.folder / "dovecot.conf")]
        self.process = process.start(command, self.folder, self.who)
        process.until(self._answers, self.process, self.folder / "dovecot.log")

    def stop(self) -> None:
        """Stop it; open connections end."""
        process.stop(self.process)

    def account(self, name: str = "support") -> Account:
        """A new mailbox with an address and a password of its own."""
        address = f"{name}-{next(self.sequence)}@example.test".lower()
        password = secrets.token_hex(8)
        home = self.folder / "mail" / address
        for part in ("cur", "new", "tmp"):
            (home / part).mkdir(parents=True)
        process.own(home, self.who)
        line = f"{address}:{{PLAIN}}{password}:{self.who.pw_uid}:{self.who.pw_gid}::{home}::\n"
        # A file each: Dovecot looks once a second at most whether a file has changed.
        (self.folder / "users" / address).write_text(line)
        return Account(self, address, password, home)

    def _configuration(self) -> str:
        version = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout
        old = version.startswith("2.3")
        text = _COMMON + _FOR_2_3 if old else _HEAD_2_4 + _COMMON + _FOR_2_4
        for name, value in {
            "DIR": str(self.folder),
            "USER": self.who.pw_name,
            "GROUP": grp.getgrgid(self.who.pw_gid).gr_name,
            "IMAP": str(self.port),
            "LMTP": str(self.lmtp_port),
            "ADDRESS": "address" if old else "listen",
        }.items():
            text = text.replace(f"@{name}@", value)
        return text

    def _answers(self) -> bool:
        try:
            with imaplib.IMAP4("127.0.0.1", self.port, timeout=5) as link:
                return bool(link.noop()[0] == "OK")
        except (OSError, imaplib.IMAP4.error):
            return False
