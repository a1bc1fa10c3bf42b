"""From a folder of YAML to `Settings`, or to every reason why not, at once (M10)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from maild.config import meaning, rulebook, tree, words
from maild.config.deskfile import DeskFile
from maild.config.machine import MaildFile
from maild.config.problems import ConfigError, Problem
from maild.config.settings import Desk, Log, Settings
from maild.config.tree import Document
from maild.policy.rules import Ruleset

FILES = ("maild.yaml", "desk.yaml", "rules.yaml")
TEMPLATES = "templates"  # the folder beside them with templates that replace or add to those that maild ships

M = TypeVar("M", bound=BaseModel)


def load(folder: Path, rules: Path | None = None) -> Settings:
    """The settings of a configuration folder. Raises ConfigError with all problems of all its files.

    `rules`: a file that stands in for its rules.yaml.
    """
    folder = Path(folder).absolute()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        message = f"the configuration folder {folder} {what}; `maild init {folder}` writes a starter"
        raise ConfigError([Problem(FILES[0], 1, 1, message)])
    problems: list[Problem] = []
    found: dict[str, Document] = {}
    for name in FILES:
        try:
            found[name] = tree.read(rules if rules is not None and name == "rules.yaml" else folder / name)
        except tree.Refused as e:
            problems += e.problems
    machine = _shaped(found.get("maild.yaml"), MaildFile, folder)
    desk_file = _shaped(found.get("desk.yaml"), DeskFile, folder)
    if machine:
        meaning.look_at_accounts(machine, found["maild.yaml"])
    desk = meaning.desk(desk_file, found["desk.yaml"]) if desk_file else None
    if machine and desk_file:
        meaning.look_at_addresses(machine, desk_file, found["desk.yaml"])
    ruleset = rulebook.read(found["rules.yaml"], machine, desk_file) if "rules.yaml" in found else Ruleset()
    problems += [problem for document in found.values() for problem in document.problems]
    if problems or machine is None or desk is None:
        raise ConfigError(problems)
    return _settings(folder, machine, desk, ruleset, found)


def _settings(
    folder: Path, machine: MaildFile, desk: Desk, ruleset: Ruleset, found: Mapping[str, Document]
) -> Settings:
    return Settings(
        folder=folder,
        version=_version(folder, found),
        instance=machine.instance,
        secret=machine.secret,
        database=machine.database,
        accounts=machine.accounts,
        sending=machine.sending,
        listener=meaning.listener(machine),
        limits=machine.limits,
        retention=machine.retention,
        log=Log(machine.log.level, machine.log.as_json),
        desk=desk,
        rules=ruleset,
        places={(name, where): at for name, document in found.items() for where, at in document.values.items()},
        administrator=machine.administrator,
    )


def overrides(folder: Path) -> list[Path]:
    """The files by which a configuration replaces or adds templates, in order."""
    found = (folder / TEMPLATES).glob("**/*") if (folder / TEMPLATES).is_dir() else ()
    return sorted(path for path in found if path.is_file())


def templates_digest(folder: Path) -> bytes:
    """Tells one content of the configuration's own templates from another; empty where it has none."""
    found = [(path, hashlib.sha256()) for path in overrides(folder)]
    for path, digest in found:
        with suppress(OSError):  # `needs` says what is wrong with it
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return b"".join(digest.digest() for _, digest in found)


def _version(folder: Path, found: Mapping[str, Document]) -> str:
    """Tells one content of a configuration from another: its three files, and its own templates."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256(found[name].raw).digest())
    digest.update(templates_digest(folder))
    return digest.hexdigest()[:12]


def _shaped(document: Document | None, model: type[M], folder: Path) -> M | None:
    """A file in its typed shape; None where it has not that shape, which is then noted."""
    if document is None:
        return None
    if document.value is None:
        document.complain((), f"the file is empty; `maild init` writes a starter with all keys of {document.file}")
        return None
    try:
        return model.model_validate(document.value, context={"folder": folder})
    except ValidationError as e:
        words.complain(document, model, e)
        return None
