"""A new configuration folder: the commented starter that maild ships, with a fresh secret."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from maild import shipped
from maild.config.load import FILES
from maild.errors import MaildError

SECRET = "secret"  # noqa: S105 - the name of a file
SECRET_BYTES = 32


def init(folder: Path) -> list[Path]:
    """Write the starter into a folder, which is made where it is not there; returns the files.

    Raises MaildError, having written nothing, where one of the files is there already: it may be somebody's work.
    """
    folder = Path(folder)
    wanted = [folder / name for name in (*FILES, SECRET)]
    if there := [path.name for path in wanted if path.exists() or path.is_symlink()]:
        raise MaildError(f"{folder} already has {', '.join(there)}; nothing was written. Choose another folder")
    source = shipped.folder("config")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / SECRET, secrets.token_hex(SECRET_BYTES).encode() + b"\n", 0o600)
        for name in FILES:
            _write(folder / name, (source / name).read_bytes(), 0o644)
    except OSError as e:
        raise MaildError(f"cannot write the configuration to {folder}: {e.strerror}") from None
    return wanted


def _write(path: Path, content: bytes, mode: int) -> None:
    # O_EXCL: what came there since we looked is not overwritten; the mode holds from the first moment.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
