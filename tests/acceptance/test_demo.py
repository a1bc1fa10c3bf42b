"""`maild demo` as a user runs it: nothing configured, nothing in HOME, and nothing left behind but the mails."""

from __future__ import annotations

import importlib.util
import os
import re
import select
import signal
import subprocess
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest

_WITHOUT = """
import importlib.util as util, sys
real = util.find_spec
util.find_spec = lambda name, package=None: None if name == "pymap" else real(name, package)
sys.argv = ["maild", "demo", "--fast"]
from maild.cli import main
main()
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has just installed maild; HOME and TMPDIR are empty folders."""
    if importlib.util.find_spec("pymap") is None:
        assert os.environ.get("CI") != "true", "pymap (the extra maild[demo]) is missing in CI"
        pytest.skip("pymap (the extra maild[demo]) is not installed")
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    return {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "PATH": "/usr/bin:/bin"}


def _left(bare: dict[str, str]) -> list[Path]:
    return [path for name in ("HOME", "TMPDIR") for path in Path(bare[name]).iterdir()]


def test_the_demo_plays_to_its_end_and_leaves_the_mails_as_files(bare: dict[str, str], tmp_path: Path) -> None:
    """One run, looked at from all sides: a run takes a quarter of a minute."""
    out = tmp_path / "mails"
    command = [sys.executable, "-m", "maild", "demo", "--fast", "--out", str(out)]
    ran = subprocess.run(command, env=bare, cwd=tmp_path, capture_output=True, timeout=110)
    said = ran.stdout.decode()
    assert ran.returncode == 0, said[-3000:] + ran.stderr.decode()[-3000:]
    assert ran.stderr == b""
    assert "\x1b" not in said  # no terminal, no colours
    assert max(map(len, said.splitlines())) <= max(80, len(str(out)) + 20)
    for line in (
        "INC-1  opened: incident, priority high, line L1, network/vpn, #vpn",
        "INC-1  status: resolved -> open (by giulia@customer.example: the",
        "INC-1  satisfaction: 5",
        "INC-2  clock: first response at 50% fires",
        "INC-2  line: L1 -> L2 (by timer: first_response at 100%)",
        "checked: the ticket is still resolved, and nobody got a mail",
        "INC-3  priority: medium -> high (by ben: command)",
        "checked: the command was not run; the ticket is open",
    ):
        assert line in said, line
    assert re.findall(r"(?m)^  (INC-\d) .* closed ", said) == ["INC-1", "INC-2", "INC-3"]
    numbers = re.search(r"(?m)^  18 +(\d+) +18 .* holds *$", said)
    assert numbers is not None

    mails = sorted(out.glob("*.eml"))
    assert len(mails) == int(numbers[1]) == len(list(out.glob("*.html"))) - 1
    page = (out / "index.html").read_text("utf-8")
    for path in mails:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert mail["Reply-To"] and mail["Message-ID"] and not mail.defects
        assert f'href="{path.name}"' in page
        assert f'href="{path.with_suffix(".html").name}"' in page
        assert "<html" in path.with_suffix(".html").read_text("utf-8")
    assert _left(bare) == []


@pytest.mark.slow
@pytest.mark.slow
def test_ctrl_c_ends_it_at_once_and_leaves_nothing(bare: dict[str, str], tmp_path: Path) -> None:
    """As at a terminal, all processes of the group get the signal."""
    command = [sys.executable, "-m", "maild", "demo"]
    with subprocess.Popen(
        command,
        env=bare,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # a test run in the background has SIGINT ignored, and its children would inherit that; a terminal's have not
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        said, end = b"", time.monotonic() + 60
        while b"INC-1" not in said and time.monotonic() < end:
            if select.select([demo.stdout], [], [], 1)[0]:
                said += os.read(demo.stdout.fileno(), 65536)
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(30) == 130, said
        # The pipe ends when the last process that holds it is gone; the daemon's children hold it too.
        assert demo.stderr.read().strip() == b""  # click ends the line that ^C stands on
    assert _left(bare) == []


def test_without_pymap_a_sentence_says_how_to_install_it(bare: dict[str, str], tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", _WITHOUT], env=bare, cwd=tmp_path, capture_output=True, timeout=60)
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert ran.stderr.decode().count("\n") == 1
    assert "pip install 'maild[demo]'" in ran.stderr.decode()
    assert _left(bare) == []
