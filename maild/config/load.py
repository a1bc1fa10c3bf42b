"""From a folder of YAML to `Settings`, or to every reason why not, at once (M10)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from maild.config import meaning, tree, words
from maild.config.deskfile import DeskFile
from maild.config.machine import MaildFile
from maild.config.problems import ConfigError, Problem
from maild.config.settings import Desk, Log, Settings
from maild.config.tree import Document
from maild.policy import rules
from maild.policy.forms import Reader, nearest

FILES = ("maild.yaml", "desk.yaml", "rules.yaml")

M = TypeVar("M", bound=BaseModel)


def load(folder: Path) -> Settings:
    """The settings of a configuration folder. Raises ConfigError with all problems of all its files."""
    folder = Path(folder).absolute()
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        message = f"the configuration folder {folder} {what}; `maild init {folder}` writes a starter"
        raise ConfigError([Problem(FILES[0], 1, 1, message)])
    problems: list[Problem] = []
    found: dict[str, Document] = {}
    for name in FILES:
        try:
            found[name] = tree.read(folder / name)
        except tree.Refused as e:
            problems.append(e.problem)
    machine = _shaped(found.get("maild.yaml"), MaildFile, folder)
    desk_file = _shaped(found.get("desk.yaml"), DeskFile, folder)
    if machine:
        meaning.look_at_accounts(machine, found["maild.yaml"])
    desk = meaning.desk(desk_file, found["desk.yaml"]) if desk_file else None
    if machine and desk_file:
        meaning.look_at_addresses(machine, desk_file, found["desk.yaml"])
    ruleset = _rules(found["rules.yaml"], _known(machine, desk_file)) if "rules.yaml" in found else ()
    problems += [problem for document in found.values() for problem in document.problems]
    if problems or machine is None or desk is None:
        raise ConfigError(problems)
    return _settings(folder, machine, desk, ruleset, found)


def _settings(
    folder: Path, machine: MaildFile, desk: Desk, ruleset: tuple[rules.Rule, ...], found: Mapping[str, Document]
) -> Settings:
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256(found[name].raw).digest())
    return Settings(
        folder=folder,
        version=digest.hexdigest()[:12],
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
    )


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


def _known(machine: MaildFile | None, desk: DeskFile | None) -> dict[str, Collection[str]]:
    """The names that rules may use; those of a file that cannot be read are not looked at."""
    known: dict[str, Collection[str]] = {}
    if machine:
        known["account"] = [account.name for account in machine.accounts]
    if desk:
        known["line"] = list(desk.lines)
        known["category"] = list(desk.categories)
        known["agent"] = list(dict.fromkeys(agent for line in desk.lines.values() for agent in line.agents))
    return known


def _rules(document: Document, known: Mapping[str, Collection[str]]) -> tuple[rules.Rule, ...]:
    """The rules of rules.yaml. An empty file has none."""
    top = document.value
    if top is None:
        return ()
    if not isinstance(top, dict):
        document.complain((), "keys and values are wanted here, the first being `rules:`")
        return ()
    for key in top:
        if key != "rules":
            document.complain((key,), f"unknown key `{key}`{nearest(key, ('rules',))}", at_key=True)
    listed = top.get("rules")
    if listed is None:
        return ()
    if not isinstance(listed, list):
        document.complain(("rules",), "a list of rules is wanted here, each beginning with `- name: ...`")
        return ()
    return _read_rules(listed, document, Reader(known))


def _read_rules(listed: list[object], document: Document, reader: Reader) -> tuple[rules.Rule, ...]:
    read = [rules.read(each, ("rules", i), reader, document.line(("rules", i))) for i, each in enumerate(listed)]
    for where, message, at_key in reader.problems:
        document.complain(where, message, at_key=at_key)
    first: dict[str, int] = {}
    for i, rule in enumerate(read):
        if rule is None or not rule.name:
            continue
        if rule.name in first:
            message = f'a rule "{rule.name}" stands already on line {first[rule.name]}; each needs a name of its own'
            document.complain(("rules", i, "name"), message)
        first.setdefault(rule.name, rule.line)
    return tuple(rule for rule in read if rule is not None)
