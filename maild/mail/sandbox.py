"""Mails are read in a process of its own, with a limit on time and memory, so that one mail costs only itself (M5).

A list of mails is one task. Where it fails, each mail is read again alone; one that fails alone is read from its
header; one that fails even so is an `Unreadable`, given back as a value. The child ends with its parent, also with one
that was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from pebble import ProcessPool

from maild.errors import Unavailable, Unreadable
from maild.mail import reading
from maild.mail.message import Reading
from maild.mail.reading import ReadSettings

_PER_MAIL = 0.1  # seconds that each mail of a list adds to the time of the list
_TASKS = 5_000  # lists after which a child is replaced: whatever libraries hold on to is given back
_PROBE = b"From: probe@maild.invalid\nSubject: probe\n\nIs the reader well?\n"

_settings = ReadSettings()  # of the child alone, set once by _begin


class Reader:
    """A pool of reading processes. Safe to use from several threads; close it, or use it as a context manager."""

    def __init__(self, settings: ReadSettings, seconds: float = 20.0, memory: int = 1 << 30, workers: int = 1) -> None:
        """`seconds` for one mail (and for a list of tame ones), `memory` in bytes of address space per child."""
        self._settings, self._seconds, self._memory, self._workers = settings, seconds, memory, workers
        self._lock = threading.Lock()
        self._pool: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the children; what they were doing is lost. Reading again starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()
            pool.join()

    def warm(self) -> None:
        """Starts the child and waits until it can read. Raises Unavailable where it cannot."""
        self._probe()

    def read(self, raw: bytes) -> Reading | Unreadable:
        """One mail."""
        return self._alone(raw)

    def read_many(self, raws: Sequence[bytes]) -> list[Reading | Unreadable]:
        """The mails in their order, each read or Unreadable with the reason. Raises Unavailable if no child starts."""
        if not raws:
            return []
        if len(raws) == 1:
            return [self._alone(raws[0])]
        try:
            return list(self._run(_read_list, list(raws), self._seconds + _PER_MAIL * len(raws)))
        except Exception:  # noqa: BLE001 - whatever it was, one of them did it: each alone will tell which
            return [self._alone(raw) for raw in raws]

    def _alone(self, raw: bytes) -> Reading | Unreadable:
        try:
            return self._run(_read_list, [raw], self._seconds)[0]
        except Exception as problem:  # noqa: BLE001 - a mail that kills its reader does it in any way
            why = self._named(problem)
        try:
            return self._run(_read_header, [raw], self._seconds, f"read from the header alone: {why}")[0]
        except Exception as problem:  # noqa: BLE001 - the same
            self._probe()  # is it the mail, or does nothing work here?
            return Unreadable(f"the reader {why}; on the header alone it {self._named(problem)}")

    def _named(self, problem: Exception) -> str:
        if isinstance(problem, TimeoutError):
            return f"took longer than {self._seconds:g} s"
        return f"ended ({type(problem).__name__}: {str(problem)[:100]})"

    def _probe(self) -> None:
        try:
            self._run(_read_list, [_PROBE], max(self._seconds, 60.0))
        except Exception as problem:
            raise Unavailable(f"mails cannot be read: the reading process does not start ({problem})") from problem

    def _run(self, task: Any, raws: list[bytes], seconds: float, *more: str) -> list[Reading]:
        for attempt in (1, 2):
            pool = self._running()
            try:
                future = pool.schedule(task, args=(raws, *more), timeout=seconds)
                break
            except RuntimeError:  # the pool has stopped itself: a child could not be started
                if attempt == 2:
                    raise
                with self._lock:
                    if self._pool is pool:
                        self._pool = None
        found: list[Reading] = future.result()
        return found

    def _running(self) -> Any:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=_TASKS,
                    # Not fork: the parent has threads, and a lock that one of them holds would stay held in the child.
                    context=multiprocessing.get_context("spawn"),
                    initializer=_begin,
                    initargs=(self._settings, self._memory),
                )
            return self._pool


def _begin(settings: ReadSettings, memory: int) -> None:
    """In the child, before the first task."""
    global _settings  # a pool hands its children no other place for what all tasks share
    _settings = settings
    # The terminal's Ctrl-C and the service manager's SIGTERM go to the whole group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _end_with_parent()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy would reserve address space for a thread per core
    reading.warm(settings)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold somebody's mail


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


def _read_list(raws: list[bytes]) -> list[Reading]:
    return [reading.read(raw, _settings) for raw in raws]


def _read_header(raws: list[bytes], why: str) -> list[Reading]:
    return [reading.read_header(raw, _settings, why) for raw in raws]
