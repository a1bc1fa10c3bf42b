"""A changed configuration comes into force as a whole, or not at all (M10); and who hears of it.

The one that was in force stays, in every thread, until a new one is ready to the last template.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from maild import config
from maild.config import Settings, needs
from maild.desk import db, letters, outbox
from maild.desk.act import Act
from maild.desk.people import Reader
from maild.errors import MaildError
from maild.mail.address import canonical
from maild.stage import Stage, prepare, template_problem

log = structlog.get_logger("reload")

_AT_START = ("database", "instance", "listener")  # what a daemon is built upon: another one needs a restart
_SHOWN = 20  # problems that a mail names


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a reload."""

    version: str  # of the configuration that is in force now
    problems: tuple[str, ...] = ()  # why it is still the old one: FILE:LINE:COLUMN: words
    restart: tuple[str, ...] = ()  # keys that changed, and whose old values stay until a restart

    @property
    def well(self) -> bool:
        """Whether the changed configuration is in force."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """For the command that asked."""
        return asdict(self)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Answer:
        """What the daemon answered."""
        return cls(str(said["version"]), tuple(map(str, said["problems"])), tuple(map(str, said["restart"])))


def attempt(old: Stage, now: datetime) -> tuple[Stage, Answer]:
    """The stage that is in force from now on: a new one, or the old one, and why."""
    try:
        settings, restart = _merged(old.settings)
        stage = prepare(settings, now, template_problem)
    except config.ConfigError as e:
        return old, _refused(old, tuple(map(str, e.problems)))
    except MaildError as e:
        return old, _refused(old, (str(e),))
    except OSError as e:  # a file that went away while it was read
        return old, _refused(old, (f"{e.filename or old.settings.folder}: {e.strerror or e}",))
    except Exception as e:  # a fault of ours must not take down a desk that works
        log.exception("not reloaded")
        return old, _refused(old, (f"maild failed to read it: {type(e).__name__}: {e}",))
    for key in restart:
        log.warning("needs a restart; the old one stays in force", key=key)
    log.info("reloaded", version=settings.version)
    return stage, Answer(settings.version, restart=restart)


def _refused(old: Stage, problems: tuple[str, ...]) -> Answer:
    for problem in problems:
        log.error("not reloaded", problem=problem)
    return Answer(old.settings.version, problems)


def _merged(old: Settings) -> tuple[Settings, tuple[str, ...]]:
    """The settings of the folder, with what a running daemon cannot change as it was, and the keys of that."""
    settings = config.checked(old.folder, partial(log.warning, "not in this version"))
    unmet = needs.unmet(settings, here=True)
    if unmet:
        raise config.ConfigError(unmet)
    restart = [name for name in _AT_START if getattr(settings, name) != getattr(old, name)]
    door = old.listener
    if door is not None and door.account not in [account.name for account in settings.accounts]:
        # what comes in by it would have nowhere to go
        words = f"the account `{door.account}` gets the mail of the listener; to take it away needs a restart"
        raise config.ConfigError([settings.problem("maild.yaml", ("accounts",), words)])
    if door is not None and settings.limits.size != old.limits.size:
        restart.append("limits.size (of the listener)")
    return replace(settings, **{name: getattr(old, name) for name in _AT_START}), tuple(restart)


class Messenger:
    """Tells the administrator of a reload that failed: once, as long as it fails for the same reasons."""

    def __init__(self) -> None:
        self._told: bytes | None = None

    def hear(self, answer: Answer, stage: Stage, now: datetime) -> bool:
        """Take note of how a reload ended; True where a mail about it waits in the outbox now."""
        if answer.well:
            self._told = None
            return False
        digest = hashlib.sha256("\0".join(answer.problems).encode()).digest()
        if digest == self._told:
            return False
        with db.transaction():
            rows = _written(answer, stage, now)
            outbox.put(rows)
        self._told = digest
        return bool(rows)


def _administrator(act: Act) -> Reader | None:
    """Who looks after the configuration: the address that maild.yaml names, staff or not; else the manager."""
    settings = act.settings
    if settings.administrator is None:
        return act.staff.get(settings.desk.manager)
    address = canonical(settings.administrator)
    member = settings.desk.person_by_address(address)
    known = act.staff.get(member.id) if member is not None else None
    return replace(known, address=address) if known else Reader(0, "", address, settings.desk.languages[0], None)


def _written(answer: Answer, stage: Stage, now: datetime) -> list[dict[str, Any]]:
    act = stage.act(now)
    reader = _administrator(act)
    if reader is None:
        return []
    words = stage.post.templates.words(reader.language)
    shown = [f"- {problem}" for problem in answer.problems[:_SHOWN]]
    if len(answer.problems) > _SHOWN:
        shown.append(words["reload_more"].format(count=len(answer.problems) - _SHOWN))
    about = {
        "what": words["reload_refused"],
        "where": str(stage.settings.folder),
        "text": "\n".join(shown),
        "advice": words["reload_advice"].format(version=answer.version),
    }
    return letters.alarm(about, act, stage.post, reader)
