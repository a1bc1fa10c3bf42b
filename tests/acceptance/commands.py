"""`maild ...` for tests: in this process, by the same door as the program's, or as a program of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from maild.cli import main
from maild.desk import db


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """One JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def maild(*words: str | Path, stdin: bytes = b"") -> Done:
    """Run a command in this process, as `main` does it: half a second less than a program of its own."""
    out, err = _stream(), _stream()
    with patch.object(sys, "argv", ["maild", *map(str, words)]), patch.object(sys, "stdin", _stream(stdin)):
        try:
            with redirect_stdout(out), redirect_stderr(err), _cleaned():
                main()
        except SystemExit as end:
            code = int(end.code or 0)
    out.flush()
    err.flush()
    return Done(code, out.buffer.getvalue(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]  # BytesIO


def program(*words: str | Path, cwd: Path | None = None, stdin: bytes = b"", **environment: str) -> Done:
    """Run the real program."""
    done = subprocess.run(
        [sys.executable, "-m", "maild", *map(str, words)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def _stream(content: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


@contextmanager
def _cleaned() -> Iterator[None]:
    try:
        yield
    finally:
        structlog.reset_defaults()  # its stream is ours
        db.close()
