"""Secrets, which never stand in YAML: it only says where each can be found when it is needed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from maild.errors import MaildError

Source = Literal["file", "credential", "env", "command"]

SHAPES = "{file: PATH}, {credential: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
PATIENCE = 30  # seconds that a command may take to print a secret


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret lies. Holds no secret itself, so that printing the settings shows none."""

    source: Source
    name: tuple[str, ...]  # one word; several for a command
    folder: Path  # what a relative file name is relative to

    def reveal(self) -> str:
        """The secret, read anew each time, less one line end. Raises MaildError where it is not there."""
        ways = {"file": self._file, "credential": self._credential, "env": self._env, "command": self._command}
        text = ways[self.source]()
        text = text.removesuffix("\n").removesuffix("\r")
        if not text:
            raise MaildError(f"the secret of {self} is empty")
        return text

    def __str__(self) -> str:
        return f"{self.source} {' '.join(self.name)}"

    def _file(self) -> str:
        return self._read(self.folder / self.name[0])

    def _credential(self) -> str:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise MaildError(
                f'the credential "{self.name[0]}" cannot be read: $CREDENTIALS_DIRECTORY is not set. '
                f"systemd sets it where the unit says LoadCredential={self.name[0]}:/path"
            )
        return self._read(Path(folder) / self.name[0])

    def _env(self) -> str:
        try:
            return os.environ[self.name[0]]
        except KeyError:
            raise MaildError(f"the environment variable {self.name[0]}, which holds a secret, is not set") from None

    def _command(self) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the administrator's own command, as a list: no shell reads it
                self.name, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True, cwd=self.folder
            )
            return done.stdout.decode()
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as e:
            # Never with the command's output: part of the secret may be in it.
            raise MaildError(f'the command "{self.name[0]}" did not give a secret ({type(e).__name__})') from None

    def _read(self, path: Path) -> str:
        try:
            return path.read_text("utf-8")
        except OSError as e:
            raise MaildError(f"the secret in {path} cannot be read: {e.strerror}") from None
        except UnicodeDecodeError:
            raise MaildError(f"the secret in {path} is not UTF-8 text") from None


def read(value: Any, info: ValidationInfo) -> SecretPlace:
    """A place of a secret, as YAML writes it. Raises ValueError, which never repeats the value: it may be a secret."""
    if isinstance(value, SecretPlace):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"a secret must not stand in YAML; say where it is: {SHAPES}")  # noqa: TRY004 - pydantic wants it
    if len(value) != 1 or (source := next(iter(value))) not in ("file", "credential", "env", "command"):
        raise ValueError(f"the place of a secret is one of {SHAPES}")
    named = value[source]
    words = tuple(named) if isinstance(named, list) and source == "command" else (named,)
    if not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError(f"the place of a secret is one of {SHAPES}")
    if source == "command" and not isinstance(named, list):
        raise ValueError("a command is a list of words, such as {command: [pass, show, imap]}")
    if source == "credential" and ("/" in words[0] or words[0].startswith(".")):
        raise ValueError("a credential has a plain name, without a path")
    return SecretPlace(source, words, (info.context or {}).get("folder", Path()))


_text = {"type": "string", "minLength": 1}
Secret: TypeAlias = Annotated[
    SecretPlace,
    PlainValidator(read),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                "file": {**_text, "description": "A file, relative to the configuration folder."},
                "credential": {**_text, "description": "A credential of systemd (LoadCredential=)."},
                "env": {**_text, "description": "An environment variable."},
                "command": {"type": "array", "items": _text, "description": "A program that prints it."},
            },
        }
    ),
]
