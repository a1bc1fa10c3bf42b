"""M5: one mail never blocks the next."""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from maild.errors import Unavailable, Unreadable
from maild.mail import reading, sandbox
from maild.mail.message import Reading
from maild.mail.reading import ReadSettings
from maild.mail.sandbox import Reader
from tests.mail.letters import SETTINGS, raw

ONE = ReadSettings(languages=("en",))  # without the model of languages, which takes most of the time of a start
# With these limits a mail can be made that really takes long, in its parts or already in its header.
WIDE = replace(ONE, size=10**9, parts=10**9, header_block=10**9, headers=10**9)
SLOW = b"From: a@b.example\nSubject: slow\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 400_000
SLOW_HEADER = b"From: a@b.example\n" + b"X: y\n" * 2_000_000 + b"\nx"


@pytest.fixture(scope="module", autouse=True)
def started_as_always() -> Iterator[None]:
    """As the daemon starts them, not as the other tests do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "START", "spawn")
        yield


@pytest.fixture(scope="module")
def reader(started_as_always: None) -> Iterator[Reader]:
    with Reader(SETTINGS, seconds=20) as one:
        one.warm()
        yield one


def pids() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid}


def test_it_reads_what_the_function_reads(reader: Reader) -> None:
    mails = [raw(name) for name in ("plain", "bounce-failed", "only-html", "attachment-name-in-rfc2231-pieces")]
    assert reader.read_many(mails) == [reading.read(one, SETTINGS) for one in mails]
    assert reader.read(mails[0]) == reading.read(mails[0], SETTINGS)
    assert reader.read_many([]) == []


def test_it_works_beside_other_threads(reader: Reader) -> None:
    found: list[Reading | Unreadable] = []
    threads = [threading.Thread(target=lambda: found.append(reader.read(raw("plain")))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 6
    assert all(isinstance(one, Reading) for one in found)


def test_a_child_that_is_killed_again_and_again_is_replaced() -> None:
    others = pids()
    with Reader(ONE, seconds=20) as reader:
        for _ in range(3):
            reader.read(raw("plain"))
            for pid in pids() - others:
                os.kill(pid, signal.SIGKILL)
            found = reader.read_many([raw("plain"), raw("only-html")])
            assert all(isinstance(one, Reading) and not one.mail.truncated for one in found)


def test_a_bomb_costs_one_mail_and_says_why() -> None:
    with Reader(WIDE, seconds=0.4) as one:
        one.warm()
        before, slow, hopeless, after = one.read_many([raw("plain"), SLOW, SLOW_HEADER, raw("only-html")])
    assert isinstance(before, Reading)
    assert isinstance(after, Reading)
    assert not before.mail.truncated
    assert not after.mail.truncated
    assert isinstance(slow, Reading)
    assert (slow.mail.subject, slow.mail.truncated) == ("slow", True)
    assert any("took longer than 0.4 s" in what for what in slow.mail.defects)
    assert isinstance(hopeless, Unreadable)
    assert "took longer than 0.4 s" in str(hopeless)


@pytest.mark.slow
def test_memory_has_a_limit() -> None:
    with Reader(WIDE, seconds=30, memory=330_000_000) as one:
        found = one.read_many([raw("plain"), SLOW_HEADER])
    assert isinstance(found[0], Reading)
    assert isinstance(found[1], Unreadable) or found[1].mail.truncated


def test_a_closed_reader_says_so() -> None:
    one = Reader(SETTINGS)
    one.close()
    with pytest.raises(Unavailable):
        one.read(raw("plain"))


def test_the_child_ignores_the_signals_of_the_terminal(reader: Reader) -> None:
    reader.read(raw("plain"))
    before = pids()
    assert before
    for pid in before:
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    assert isinstance(reader.read(raw("plain")), Reading)
    assert pids() == before


SCRIPT = """
import multiprocessing, sys
from maild.mail.reading import ReadSettings
from maild.mail.sandbox import Reader
if __name__ == "__main__":
    reader = Reader(ReadSettings(languages=("en",)))
    reader.warm()
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    sys.stdin.read()
"""


def test_the_child_ends_with_a_parent_that_was_killed(tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "parent.py")  # noqa: PTH118 - spawn imports the file by this name
    with open(script, "w", encoding="utf-8") as file:  # noqa: PTH123 - the same
        file.write(SCRIPT)
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ended, _, _ = select.select([child], [], [], 20)
        os.close(child)
    assert ended, "the reading process outlived its parent"
