"""The demo's configuration: the shipped starter with a second agent, and a maild.yaml for the two servers here."""

from __future__ import annotations

from pathlib import Path

from maild import config
from maild.config import Settings
from maild.demo.cast import DESK
from maild.demo.servers import HOST, USER
from maild.errors import MaildError

_MACHINE = """\
instance: demo.example.org
secret: {{file: secret}}
database: sqlite:maild.db
accounts:
  - name: support
    address: {desk}
    imap: {{host: {host}, port: {imap}, tls: none, user: {user}, password: {{file: imap-password}}}}
    poll: 5s
sending:
  from: Example Desk <{desk}>
  smtp: {{host: {host}, port: {smtp}, tls: none}}
"""

# (file, in the starter, here): Ben joins the first line, which gets VPN trouble too, so two agents share a ticket
_EDITS = (
    (
        "desk.yaml",
        "  cleo: {name:",
        "  ben: {name: Ben Holm, address: ben@example.org, language: en}\n  cleo: {name:",
    ),
    ("desk.yaml", "    agents: [ada]\n", "    agents: [ada, ben]\n"),
    ("desk.yaml", "    line: L2\n    # What the agent", "    line: L1\n    # What the agent"),
    ("rules.yaml", "line: L2, tags: [vpn]", "line: L1, tags: [vpn]"),
)


def write(folder: Path, imap: int, smtp: int, password: str) -> Settings:
    """Write the configuration into `folder` and load it, checked as a whole like any other."""
    config.init(folder)
    machine = _MACHINE.format(desk=DESK, host=HOST, imap=imap, user=USER, smtp=smtp)
    (folder / "maild.yaml").write_text(machine, "utf-8")
    (folder / "imap-password").write_text(password, "utf-8")
    for name, before, after in _EDITS:
        text = (folder / name).read_text("utf-8")
        if text.count(before) != 1:
            raise MaildError(f"the shipped {name} has changed; the demo does not find {before.strip()!r} in it once")
        (folder / name).write_text(text.replace(before, after), "utf-8")
    return config.checked(folder, lambda problem: None)
