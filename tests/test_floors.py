"""The floors of design.md: who imports whom, who uses which library, who asks for the time, how long a file is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "maild"

# Each room stands on those of the floors below it and sees nothing of its own floor but itself.
FLOORS = (
    {"errors", "outcome", "shipped"},
    {"mail"},
    {"policy"},
    {"config"},
    {"desk", "wire"},
    {"stage"},
    {"hearing", "ruled", "reload", "door"},
    {"intake", "incoming", "outgoing", "timers"},
    {"daemon"},
    {"once", "explain", "doctor", "preview", "backtest"},
    {"demo"},
    {"cli"},
    {"__main__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# Where a library may be used: a room, or files of one. What is not listed is free.
LIBRARIES = {
    "peewee": ("desk",),
    "playhouse": ("desk",),
    "psycopg": ("desk",),
    "sqlite3": ("desk",),
    "imapclient": ("wire", "demo"),
    "imaplib": ("wire", "demo"),
    "aiosmtpd": ("wire", "demo"),
    "smtplib": ("wire", "demo"),
    "pymap": ("demo",),
    "jinja2": ("mail.templates", "mail.engine", "mail.proof", "mail.skeleton", "mail.compose"),
    "ruamel": ("config",),
    "babel": ("mail.cldr",),
    "schedule": ("daemon", "timers"),
    "yaml": (),  # PyYAML: alias bombs, duplicate keys, `no` as a boolean
    "dateparser": ("policy.moments",),
    "click": ("cli",),
    "rich": ("cli", "demo"),
    "pickle": (),
}
NO_NETWORK = {"socket", "asyncio", "ssl", "http", "urllib.request"}
_CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime"}
_BASES = {"datetime", "date", "time"}


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each imported name, with `from x import y` as x.y, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def upward(name: str, tree: ast.AST) -> list[str]:
    """Imports of a room that is not below."""
    room = name.partition(".")[0]
    found = []
    for imported, line in imports(tree):
        parts = imported.split(".")
        if parts[0] != "maild" or len(parts) < 2 or parts[1] == "__version__":
            continue
        other = parts[1]
        if other not in FLOOR:
            found.append(f"{name}:{line} imports {imported}, which stands on no floor")
        elif other != room and FLOOR[other] >= FLOOR[room]:
            found.append(f"{name}:{line} imports {imported} from above or beside")
    return found


def strangers(name: str, tree: ast.AST) -> list[str]:
    """Libraries in rooms that may not use them."""
    found = []
    for imported, line in imports(tree):
        for library, rooms in LIBRARIES.items():
            is_it = imported == library or imported.startswith(f"{library}.")
            if is_it and not any(name == room or name.startswith(f"{room}.") for room in rooms):
                found.append(f"{name}:{line} imports {imported}")
        room = name.partition(".")[0]
        if room in ("policy", "desk") and any(imported == x or imported.startswith(f"{x}.") for x in NO_NETWORK):
            found.append(f"{name}:{line} imports {imported}: no sockets here")
    return found


def clocks(name: str, tree: ast.AST) -> list[str]:
    """Calls that ask what time it is, in rooms where the time is an argument."""
    room = name.partition(".")[0]
    if room not in ("mail", "policy"):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CLOCKS:
            base = node.func.value
            owner = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
            if owner in _BASES:
                found.append(f"{name}:{node.lineno} asks for the time")
    for imported, line in imports(tree):
        if imported in ("time.time", "time.time_ns"):
            found.append(f"{name}:{line} asks for the time")
    return found


RULES = {"floors": upward, "libraries": strangers, "clocks": clocks}
FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("rule", RULES)
def test_every_file_keeps_to_its_floor(rule: str) -> None:
    broken = [line for path in FILES for line in RULES[rule](module(path), ast.parse(path.read_text("utf-8")))]
    assert broken == []


def test_no_file_is_longer_than_400_lines() -> None:
    tests = (ROOT.parent / "tests").rglob("*.py")
    long = {str(p): n for p in (*FILES, *tests) if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert {p: n for p, n in long.items() if "/maild/" in p} == {}


def test_every_room_stands_on_a_floor() -> None:
    rooms = {module(path).partition(".")[0] for path in FILES} - {""}
    assert rooms - {"__init__"} <= set(FLOOR)


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        ("floors", "mail.x", "from maild.policy import facts"),
        ("floors", "policy.x", "from maild.config import Settings"),
        ("floors", "desk.x", "from maild.wire.imap import Mailbox"),
        ("floors", "wire.x", "import maild.desk.db"),
        ("floors", "intake", "from maild import outgoing"),
        ("floors", "incoming", "def f():\n    from maild import timers"),
        ("floors", "stage", "from maild import incoming"),
        ("floors", "errors", "from maild import outcome"),
        ("floors", "daemon", "from maild import once"),
        ("floors", "mail.x", "from maild import elsewhere"),
        ("libraries", "incoming", "import peewee"),
        ("libraries", "stage", "from playhouse.migrations import Runner"),
        ("libraries", "desk.x", "import smtplib"),
        ("libraries", "mail.reading", "from jinja2 import Template"),
        ("libraries", "policy.x", "import ruamel.yaml"),
        ("libraries", "config.load", "import yaml"),
        ("libraries", "once", "import schedule"),
        ("libraries", "policy.x", "import socket"),
        ("clocks", "mail.x", "import datetime\ndatetime.datetime.now()"),
        ("clocks", "policy.x", "from datetime import datetime, UTC\nx = datetime.now(UTC)"),
        ("clocks", "policy.x", "from datetime import date\ndate.today()"),
        ("clocks", "mail.x", "import time\ntime.time()"),
        ("clocks", "mail.x", "from time import time"),
    ],
)
def test_each_rule_finds_a_planted_violation(rule: str, name: str, source: str) -> None:
    tree = ast.parse(source)
    assert RULES[rule](name, tree) != []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("cli.running", "from maild.daemon import Daemon\nfrom maild import once, demo"),
        ("incoming", "from maild.desk import db\nfrom maild.wire.smtp import Sender\nfrom maild.stage import Stage"),
        (
            "policy.x",
            "from datetime import datetime\nfrom maild.mail.message import Mail\nfrom maild import errors",
        ),
        ("desk.x", "import peewee\nfrom maild import errors"),
        ("timers", "from datetime import datetime\ndatetime.now()"),
    ],
)
def test_what_is_allowed_is_not_found(name: str, source: str) -> None:
    tree = ast.parse(source)
    assert [line for rule in RULES.values() for line in rule(name, tree)] == []
