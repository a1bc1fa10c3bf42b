"""What a configuration needs beside its three files: secrets that can be read, and templates that work.

Each problem stands where the administrator can mend it: at the key that names the secret, or in the template's file.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from maild import shipped
from maild.config.load import TEMPLATES, templates_digest
from maild.config.problems import Problem, Where
from maild.config.secrets import SecretPlace
from maild.config.settings import Settings
from maild.errors import MaildError
from maild.mail.templates import Templates

SHORTEST = 16  # bytes of the secret, at least: what signs the tokens must not be guessed
_PLACED = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<words>.*)", re.DOTALL)


def unmet(settings: Settings, *, here: bool) -> list[Problem]:
    """What is missing or broken: secrets (`here`: see there) and templates."""
    return sorted({*secret_problems(settings, here=here), *template_problems(settings)})


def doubts(settings: Settings) -> list[Problem]:
    """What works, and should be known."""
    found = []
    for where, place in secrets(settings):
        if place.source == "env" and place.name[0] not in os.environ:
            words = f"the environment variable {place.name[0]} is not set here; `maild run` will need it"
            found.append(settings.problem("maild.yaml", where, words))
    return sorted(found)


# -- secrets -----------------------------------------------------------------------------------------------------------


def secrets(settings: Settings) -> Iterator[tuple[Where, SecretPlace]]:
    """Every place of a secret, with where in maild.yaml it is named."""
    yield ("secret",), settings.secret
    if settings.sending.smtp.password is not None:
        yield ("sending", "smtp", "password"), settings.sending.smtp.password
    for i, account in enumerate(settings.accounts):
        if account.imap is not None and account.imap.password is not None:
            yield ("accounts", i, "imap", "password"), account.imap.password


def secret_problems(settings: Settings, *, here: bool) -> Iterator[Problem]:
    """Secrets that cannot be read. `here`: this is the process that will use them, so each must be revealed.

    Elsewhere (`maild check` in a shell) nothing can be said of credentials and variables that only the unit has, and
    no command of the administrator is run.
    """
    for where, place in secrets(settings):
        words = _wrong(place, short=where == ("secret",)) if here or _is_known_here(place) else _command(place)
        if words:
            yield settings.problem("maild.yaml", where, words)


def _is_known_here(place: SecretPlace) -> bool:
    """Whether what is found here is what the daemon will find."""
    return place.source == "file" or (place.source == "credential" and bool(os.environ.get("CREDENTIALS_DIRECTORY")))


def _wrong(place: SecretPlace, *, short: bool) -> str | None:
    try:
        secret = place.reveal()
    except MaildError as e:
        return str(e)
    length = len(secret.encode())
    return too_short(length) if short and length < SHORTEST else None


def too_short(length: int) -> str:
    """What is wrong with a secret of so many bytes."""
    return f"the secret has {length} characters; it needs {SHORTEST} at least (`maild init` makes one)"


def _command(place: SecretPlace) -> str | None:
    """What is wrong with the program of a command, which is not run: it may ask somebody for a password."""
    if place.source != "command":
        return None
    program = str(place.folder / place.name[0]) if "/" in place.name[0] else place.name[0]
    return None if shutil.which(program) else f'the command "{place.name[0]}" is not there, or is no program'


# -- templates ---------------------------------------------------------------------------------------------------------


def template_problems(settings: Settings) -> Iterator[Problem]:
    """Templates that do not work, and languages without any. The shipped ones alone are well: their tests say so."""
    folders = (settings.folder / TEMPLATES, shipped.folder("templates"))
    templates = Templates([f for f in folders if f.is_dir()])
    known = templates.languages()
    for i, language in enumerate(settings.desk.languages):
        if language not in known:
            words = f"there are no templates in `{language}`; there are {', '.join(known)}"
            where = ("languages", i)
            words = f"languages: {words} (templates/{language}/ may bring more)"
            yield settings.problem("desk.yaml", where, words)
    own = templates_digest(settings.folder)
    for said in _checked(settings.folder, own) if own else ():
        yield _placed(said, settings.folder)


@lru_cache(maxsize=4)
def _checked(folder: Path, own: bytes) -> tuple[str, ...]:
    """What is wrong with templates of this content: it takes seconds, and a reload seldom brings others."""
    return tuple(Templates([folder / TEMPLATES, shipped.folder("templates")]).check())


def _placed(said: str, folder: Path) -> Problem:
    """`FILE:LINE:COLUMN: words` of a template, its file named as seen from the configuration."""
    match = _PLACED.fullmatch(said)
    if match is None:
        return Problem(TEMPLATES, 1, 1, said)
    file, own = Path(match["file"]), folder / TEMPLATES
    if not file.is_absolute():  # a name among all templates
        file = own / file if (own / file).is_file() or (own / file.parent).is_dir() else file
    shown = file.relative_to(folder) if file.is_relative_to(folder) else file
    return Problem(str(shown), int(match["line"]), int(match["column"] or 1), match["words"])
