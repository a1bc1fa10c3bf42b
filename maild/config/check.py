"""What is wrong with a configuration beyond its shape: the rules' own tests, and what this version cannot do yet."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from maild.config.load import load
from maild.config.problems import ConfigError, Problem, Where
from maild.config.settings import Settings
from maild.mail.address import canonical
from maild.mail.message import Address, Attachment, Kind, Mail
from maild.outcome import Verdict
from maild.policy import priority, rules
from maild.policy.changes import Changed, Tagged
from maild.policy.conditions import show
from maild.policy.facts import Facts
from maild.policy.forms import nearest
from maild.policy.rules import Rule, Trial

FILE = "rules.yaml"
NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)  # of a rule's test: a Monday morning; no condition asks for the time yet
PEOPLE = ("from", "to", "cc", "reply_to")
CHOICES: Mapping[str, tuple[str, ...]] = {"kind": get_args(Kind), "verdict": get_args(Verdict)}
MAIL = (*PEOPLE, "subject", "text", "language", "account", "attachments", *CHOICES)
FIELDS = ("type", "status", "priority", "impact", "urgency", "category", "service", "line", "assignee", "subject")
EXPECT = (*FIELDS, "tags", "acknowledge", "drop")


def checked(folder: Path, warn: Callable[[str], object]) -> Settings:
    """The settings of a folder that may go into force; `warn` hears of what this version does not do yet.

    Raises ConfigError with all that is wrong, failing tests of rules among it.
    """
    settings = load(folder)
    failed = _failing(settings)
    if failed:
        raise ConfigError(failed)
    for problem in _later(settings):
        warn(str(problem))
    return settings


def check(settings: Settings) -> list[Problem]:
    """Every problem of settings that could be loaded; none where all is well."""
    return sorted({*_later(settings), *_failing(settings)})


def warnings(settings: Settings) -> list[Problem]:
    """What works, and should be known: each with what it means."""
    return sorted(_open_doors(settings))


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


def _failing(settings: Settings) -> list[Problem]:
    """The rules' own tests that fail."""
    found: list[Problem] = []
    for rule in settings.rules:
        for trial in rule.tests:
            found += [_problem(settings, where, text) for where, text in _try(settings, rule, trial)]
    return sorted(set(found))


def _later(settings: Settings) -> Iterator[Problem]:
    for i, account in enumerate(settings.accounts):
        if account.imap and account.imap.oauth2 is not None:
            where: Where = ("accounts", i, "imap", "oauth2")
            yield _problem(settings, where, "oauth2 is not in this version; use a password", "maild.yaml")
    for rule in settings.rules:
        for where, text in rule.later:
            yield _problem(settings, where, text)


def _problem(settings: Settings, where: Where, message: str, file: str = FILE) -> Problem:
    while where and (file, where) not in settings.places:
        where = where[:-1]
    line, column = settings.places.get((file, where), (1, 1))
    return Problem(file, line, column, message)


def _try(settings: Settings, rule: Rule, trial: Trial) -> Iterator[tuple[Where, str]]:
    """Run one test of a rule against all rules; what is wrong with it, or came out otherwise than expected."""
    wrong = [
        *_unknown(trial.mail, MAIL, (*trial.where, "mail")),
        *_unknown(trial.expect, EXPECT, (*trial.where, "expect")),
        *_unreadable(trial, settings),
    ]
    if wrong:
        yield from wrong
        return
    verdicts = rules.evaluate(settings.rules, _facts(trial.mail, settings), settings.desk.priority)
    values = _values(verdicts, settings)
    for key, wanted in trial.expect.items():
        got: Any = {"acknowledge": verdicts.acknowledge, "drop": verdicts.drop}.get(key, values.get(key))
        if key == "tags":
            got = sorted(change.tag for change in verdicts.changes if isinstance(change, Tagged))
            if set(wanted if isinstance(wanted, list) else [wanted]) <= set(got):
                continue
        if got == wanted or (key == "drop" and isinstance(wanted, bool) and wanted == (got is not None)):
            continue
        yield (
            (*trial.where, "expect", key),
            f'the test of the rule "{rule.name}" fails: {key} is {show(got)}, not {show(wanted)}; '
            + _because(rule, verdicts),
        )


def _because(rule: Rule, verdicts: rules.Verdicts) -> str:
    missed = next((m.why for m in verdicts.missed if m.rule == rule.name), None)
    if missed is not None:
        return f"the rule does not apply, because of {missed}"
    return f"these rules apply: {', '.join(applied.rule for applied in verdicts.applied)}"


def _values(verdicts: rules.Verdicts, settings: Settings) -> dict[str, str | None]:
    """The new ticket's fields: what rules say, over what the category brings, over the desk's defaults."""
    desk = settings.desk
    ruled: dict[str, str | None] = {c.field: c.value for c in verdicts.changes if isinstance(c, Changed)}
    category = desk.categories.get(ruled.get("category") or "")
    values: dict[str, str | None] = {
        "type": "incident",
        "status": "new",
        "impact": desk.priority.impact,
        "urgency": desk.priority.urgency,
        "line": (category and category.line) or next(iter(desk.lines)),
        "service": category.service if category else None,
        **ruled,
    }
    return {"priority": priority.priority(desk.priority, values["impact"], values["urgency"]), **values}


# -- the mail of a test ----------------------------------------------------------------------------------------------


def _unknown(given: Mapping[str, Any], known: Collection[str], where: Where) -> Iterator[tuple[Where, str]]:
    for key in given:
        if key not in known:
            yield (*where, key), f"unknown key `{key}` in a test{nearest(key, known)}"


def _unreadable(trial: Trial, settings: Settings) -> Iterator[tuple[Where, str]]:
    where = (*trial.where, "mail")
    for key, value in trial.mail.items():
        if key in PEOPLE:
            if any("@" not in who.address for who in _people(value)) or not _people(value):
                yield (*where, key), "an address is wanted here, such as carla@customer.example"
        elif key == "attachments":
            if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
                yield (*where, key), "a list of attachments is wanted here, such as [{name: report.pdf, size: 1000}]"
        elif key in CHOICES and value not in CHOICES[key]:
            yield (*where, key), f"`{show(value)}` is not known here; it is one of {', '.join(CHOICES[key])}"
        elif key == "account" and value not in [account.name for account in settings.accounts]:
            yield (*where, key), f"there is no account `{show(value)}`"
        elif not isinstance(value, str):
            yield (*where, key), f'a text is wanted here; put it in quotes: "{show(value)}"'


def _people(value: Any) -> tuple[Address, ...]:
    given = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    return tuple(Address(name, address) for name, address in email.utils.getaddresses(given))


def _attachment(value: Mapping[str, Any]) -> Attachment:
    size = value.get("size")
    kind = str(value.get("type", "application/octet-stream"))
    return Attachment(str(value.get("name", "")), kind, size if isinstance(size, int) else 0, "", None, inline=False)


def _facts(mail: Mapping[str, Any], settings: Settings) -> Facts:
    """The facts of a mail that opens a ticket, with only what the test says of it."""
    sender = next(iter(_people(mail.get("from", "carla@customer.example"))))
    text = mail.get("text", "")
    address = canonical(sender.address)
    return Facts(
        mail=Mail(
            message_id=None,
            derived_id="test@localhost",
            content_digest="",
            in_reply_to=(),
            references=(),
            date=NOW,
            sender=sender,
            from_ok=True,
            from_why="a rule's test",
            claimed=None,
            return_path=address,
            reply_to=_people(mail.get("reply_to", [])),
            to=_people(mail.get("to", [])),
            cc=_people(mail.get("cc", [])),
            delivered_to=(),
            subject=mail.get("subject", ""),
            text=text,
            reply=text,
            elided="",
            language=mail.get("language"),
            kind=mail.get("kind", "human"),
            kind_why="a rule's test",
            answerable=True,
            bounce=None,
            attachments=tuple(map(_attachment, mail.get("attachments", []))),
            authentication_results=(),
            instance_marks=(),
            sealed=None,
            truncated=False,
        ),
        sender=address,
        actor=address,
        verdict=mail.get("verdict", "requester"),
        evidence="none",
        account=mail.get("account", settings.accounts[0].name),
        ticket=None,
        now=NOW,
    )
