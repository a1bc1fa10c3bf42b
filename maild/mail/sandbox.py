"""Mails are read in a process of its own, with a limit on time and memory, so that one mail costs only itself (M5).

A list of mails is one task. Where it fails, each mail is read again alone; one that fails alone is read from its
header; one that fails even so is an `Unreadable`, given back as a value. The child ends with its parent, also with one
that was killed.

There is one pipe to each child and nobody else holds its ends, so a child that dies in the middle of a word is an end
of file and never a wait. (A process pool of the shelf shares its pipes among its children, breaks when an idle one is
killed, and waits three seconds for one that ignores SIGTERM.)
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import queue
import resource
import signal
import threading
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from maild.errors import Unavailable, Unreadable
from maild.mail import reading
from maild.mail.message import Reading
from maild.mail.reading import ReadSettings

_PER_MAIL = 0.1  # seconds that each mail of a list adds to the time of the list
_TASKS = 20_000  # lists after which a child is replaced: whatever libraries hold on to is given back
_START = 60.0  # seconds for a child to import what it needs
START = "spawn"  # not "fork": the parent has threads, and a lock that one of them holds would stay held in the child


class _Lost(Exception):
    """A child did not answer. Never leaves this file."""


class _Child:
    """A reading process and the pipe to it. One thread at a time."""

    def __init__(self, settings: ReadSettings, memory: int) -> None:
        context = multiprocessing.get_context(START)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(  # type: ignore[attr-defined]  # every context of a name has one
            target=_serve, args=(theirs, settings, memory), name="maild-reader", daemon=True
        )
        self._process.start()
        theirs.close()  # else the child's death would not be an end of file here
        self.tasks = 0
        self._ask(None, _START)

    def read(self, raws: Sequence[bytes], seconds: float, header_only: str = "") -> list[Reading]:
        """The mails read; with `header_only`, from their headers, for that reason. Raises _Lost, and is dead then."""
        self.tasks += 1
        return self._ask((list(raws), header_only), seconds)

    def _ask(self, task: tuple[list[bytes], str] | None, seconds: float) -> list[Reading]:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        # The clock runs over sending and receiving too: a child that stands still takes nothing in.
        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            if task is not None:
                self._pipe.send(task)
            answer = self._pipe.recv()
        except (OSError, EOFError) as problem:
            self.kill()
            why = f"took longer than {seconds:g} s" if late.is_set() else f"ended with {self._process.exitcode}"
            raise _Lost(why) from problem
        finally:
            timer.cancel()
        if isinstance(answer, str):
            self.kill()
            raise _Lost(f"failed ({answer})")
        found: list[Reading] = answer
        return found

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


class Reader:
    """Reading processes, started when they are needed. Safe to use from several threads; close it, or use `with`."""

    def __init__(self, settings: ReadSettings, seconds: float = 20.0, memory: int = 1 << 30, workers: int = 1) -> None:
        """`seconds` for one mail (and for a list of tame ones), `memory` in bytes of address space per child."""
        self._settings, self._seconds, self._memory = settings, seconds, memory
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._living: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(workers):
            self._slots.put(None)
        # The interpreter waits for its children at its end, and these do not hear SIGTERM.
        self._last = weakref.finalize(self, _kill, self._living)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the children; what they were doing is lost, and its caller gets Unavailable."""
        with self._lock:
            self._closed = True
            self._last()

    def warm(self) -> None:
        """Starts a child and waits until it can read. Raises Unavailable where it cannot."""
        child = self._take()
        self._slots.put(child)

    def read(self, raw: bytes) -> Reading | Unreadable:
        """One mail. Raises Unavailable where no child can be started."""
        why = ""
        for _ in range(2):  # a child can also die of others: the operator, the kernel that needs memory
            try:
                return self._run([raw], self._seconds)[0]
            except _Lost as problem:
                why = str(problem)
                if why.startswith("took"):
                    break
        try:
            return self._run([raw], self._seconds, f"read from the header alone: the reader {why}")[0]
        except _Lost as problem:
            return Unreadable(f"the reader {why}; on the header alone it {problem}")

    def read_many(self, raws: Sequence[bytes]) -> list[Reading | Unreadable]:
        """The mails in their order, each read or Unreadable with the reason. Raises Unavailable as `read` does."""
        if len(raws) > 1:
            with contextlib.suppress(_Lost):  # one of them did it: each alone will tell which
                return list(self._run(raws, self._seconds + _PER_MAIL * len(raws)))
        return [self.read(raw) for raw in raws]

    def _run(self, raws: Sequence[bytes], seconds: float, header_only: str = "") -> list[Reading]:
        child = self._take()
        kept: _Child | None = None
        try:
            found = child.read(raws, seconds, header_only)
            kept = child if child.tasks < _TASKS else None
        finally:
            if kept is None:
                child.kill()
                with self._lock:
                    self._living.discard(child)
            self._slots.put(kept)
        return found

    def _take(self) -> _Child:
        """A child that waits, or a new one. Raises Unavailable."""
        child = self._slots.get()
        if child is not None:
            return child
        try:
            with self._lock:
                if self._closed:
                    raise Unavailable("the reader of mails is closed")
                child = _Child(self._settings, self._memory)
                self._living.add(child)
                return child
        except (_Lost, OSError) as problem:
            raise Unavailable(f"mails cannot be read: the reading process {problem}") from problem
        finally:
            if child is None:
                self._slots.put(None)


def _kill(children: set[_Child]) -> None:
    while children:
        children.pop().kill()


def _serve(pipe: Connection, settings: ReadSettings, memory: int) -> None:
    """The child: reads what comes until nothing comes any more."""
    # The terminal's Ctrl-C and the service manager's SIGTERM go to the whole group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy would reserve address space for a thread per core
    reading.warm(settings)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold somebody's mail
    pipe.send([])
    with contextlib.suppress(EOFError, OSError):
        while True:
            raws, header_only = pipe.recv()
            try:
                if header_only:
                    pipe.send([reading.read_header(raw, settings, header_only) for raw in raws])
                else:
                    pipe.send([reading.read(raw, settings) for raw in raws])
            except MemoryError:
                pipe.send("not enough memory")


def _end_with_parent() -> None:
    """Makes the kernel end this process when its parent is gone.

    PR_SET_PDEATHSIG would do it when the *thread* that started us ends, and that may be any. The parent's end of this
    pipe closes with the parent; the SIGIO that follows ends us even inside a regular expression.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    with contextlib.suppress(OSError):
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
