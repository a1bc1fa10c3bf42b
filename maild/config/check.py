"""What is wrong with a configuration beyond its shape: the rules' own tests, and what this version cannot do yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from maild.config import trials
from maild.config.load import load
from maild.config.problems import ConfigError, Problem, Where
from maild.config.settings import Settings
from maild.policy import review


def checked(folder: Path, warn: Callable[[str], object]) -> Settings:
    """The settings of a folder that may go into force; `warn` hears of what this version does not do yet.

    Raises ConfigError with all that is wrong, failing tests of rules among it.
    """
    settings = load(folder)
    failed = trials.failing(settings)
    if failed:
        raise ConfigError(failed)
    for problem in _later(settings):
        warn(str(problem))
    return settings


def check(settings: Settings) -> list[Problem]:
    """Every problem of settings that could be loaded; none where all is well."""
    return sorted({*_later(settings), *trials.failing(settings)})


def warnings(settings: Settings) -> list[Problem]:
    """What works, and should be known: each with what it means."""
    return sorted({*_open_doors(settings), *_untold(settings), *(problem for _, problem in pointed_out(settings))})


def pointed_out(settings: Settings) -> list[tuple[review.Finding, Problem]]:
    """What stands in rules.yaml and surely is not meant, each with its place."""
    found = review.findings(settings.rules, settings.desk)
    return [(one, _problem(settings, one.where, one.message, "rules.yaml")) for one in found]


# Where anybody gets a mailbox: nobody there is a colleague of anybody.
_ANYBODY = re.compile(
    r"(gmail|googlemail|outlook|hotmail|live|msn|yahoo|icloud|me|aol|gmx|web|proton|protonmail|onmicrosoft|libero|"
    r"virgilio|alice|tiscali|jubii)\.(com|net|me|de|it|dk|co\.uk|fr|es)"
)


def _open_doors(settings: Settings) -> Iterator[Problem]:
    """Where somebody is believed too easily, or never."""
    desk = settings.desk
    silent = [account.name for account in settings.accounts if not account.authserv]
    for person in desk.people.values():
        where: Where = ("people", person.id, "trust")
        if person.trust == "from":
            message = f"anybody can write a From, and with it do all that `{person.id}` may"
            yield _problem(settings, where, message, "desk.yaml")
        elif person.trust in ("dmarc", "token+dmarc") and silent:
            message = f"no mail to the account `{silent[0]}` can prove to be of `{person.id}`: it has no `authserv`"
            yield _problem(settings, where, message, "desk.yaml")
    for domain, company in desk.domains.items():
        if _ANYBODY.fullmatch(domain):
            message = f"anybody can have an address at {domain}, and so join the tickets of `{company}`"
            yield _problem(settings, ("companies", company, "domains"), message, "desk.yaml")
        elif silent:
            message = f"nobody of `{company}` can join by a mail to the account `{silent[0]}`: it has no `authserv`"
            yield _problem(settings, ("companies", company), message, "desk.yaml")


def _untold(settings: Settings) -> Iterator[Problem]:
    """What somebody would read in another language than the mail around it (P11)."""
    desk = settings.desk
    texts: list[tuple[Where, Mapping[str, object]]] = [(("replies", name), each) for name, each in desk.replies.items()]
    for path, category in desk.categories.items():
        texts.append((("categories", path, "questions"), category.questions))
        texts.append((("categories", path, "checklist"), category.checklist))
    for where, by_language in texts:
        missing = [language for language in desk.languages if language not in by_language]
        if by_language and missing and ("desk.yaml", where) in settings.places:
            first = next(iter(by_language)) if where[0] == "replies" else desk.languages[0]
            shown = first if first in by_language else ""
            message = f"no text in {', '.join(missing)}; whoever reads that " + (
                f"gets {shown}" if shown else "gets none"
            )
            yield _problem(settings, where, message, "desk.yaml")


def _later(settings: Settings) -> Iterator[Problem]:
    for i, account in enumerate(settings.accounts):
        if account.imap and account.imap.oauth2 is not None:
            where: Where = ("accounts", i, "imap", "oauth2")
            yield _problem(settings, where, "oauth2 is not in this version; use a password", "maild.yaml")


def place(settings: Settings, where: Where, file: str = "rules.yaml") -> Problem:
    """Where something stands, for a message."""
    return _problem(settings, where, "", file)


def _problem(settings: Settings, where: Where, message: str, file: str) -> Problem:
    return settings.problem(file, where, message)
