"""The mail and the ticket of a rule's test, made of the little that the test says of them.

What it does not say is as it is at a desk where nothing is odd: a person writes, is who they say, and is unknown.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from maild.config.problems import Where
from maild.config.settings import Settings
from maild.mail.address import canonical
from maild.mail.message import Address, Attachment, Mail
from maild.policy import draft
from maild.policy.actions import ACTIONS
from maild.policy.changes import TicketField
from maild.policy.checks import show
from maild.policy.conditions import CONDITIONS
from maild.policy.facts import Earlier, Facts, TicketView
from maild.policy.forms import Reader, nearest
from maild.policy.rules import Trial
from maild.policy.shapes import FILE

NOW = datetime(2026, 1, 12, 9, tzinfo=UTC)  # of a test that says nothing else: a Monday morning
SENDER = "carla@customer.example"
PEOPLE = ("from", "to", "cc", "reply_to")
_CHOSEN = ("kind", "verdict", "account")  # as conditions ask for them
_MORE = ("subject", "text", "language", "attachments", "header", "at", "requester_tickets")
MAIL = (*PEOPLE, *_CHOSEN, *_MORE)
# What actions can make of a ticket, a test can begin with
_FIELDS = tuple(name for name in ACTIONS if name in TicketView.__dataclass_fields__)
_PLAIN = cast("tuple[TicketField, ...]", tuple(n for n in _FIELDS if n not in ("tags", "language", "subject")))
TICKET = (*_FIELDS, "requester", "changed", "clock")


def at(mail: Mapping[str, Any], settings: Settings) -> datetime:
    """When the mail of a test comes: in the zone of the first calendar that has office hours. Raises ValueError."""
    if "at" not in mail:
        return NOW
    said = datetime.fromisoformat(str(mail["at"]))
    zones = [calendar.zone for calendar in settings.desk.levels.calendars.values()]
    zone = next((zone for zone in zones if zone.key != "UTC"), ZoneInfo("UTC"))
    return (said if said.tzinfo is not None else said.replace(tzinfo=zone)).astimezone(UTC)


def facts_of(mail: Mapping[str, Any], settings: Settings, ticket: TicketView | None = None) -> Facts:
    """The facts of a mail of which a test says so much; to `ticket`, or to open one."""
    desk, now = settings.desk, at(mail, settings)
    verdict = mail.get("verdict", "requester")
    sender = next(iter(people(mail["from"] if "from" in mail else _writer(verdict, settings, ticket))))
    address, text = canonical(sender.address), mail.get("text", "")
    staff = desk.person_by_address(address)
    spoken = (staff.language if staff is not None else None, mail.get("language"), desk.language_of(address))
    count = mail.get("requester_tickets", 0)
    return Facts(
        mail=Mail(
            message_id=None,
            derived_id="test@localhost",
            content_digest="",
            in_reply_to=(),
            references=(),
            date=now,
            sender=sender,
            from_ok=True,
            from_why="a rule's test",
            claimed=None,
            return_path=address,
            reply_to=people(mail.get("reply_to", [])),
            to=people(mail.get("to", [])),
            cc=people(mail.get("cc", [])),
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
            headers={str(k).lower(): tuple(map(str, _listed(v))) for k, v in mail.get("header", {}).items()},
        ),
        sender=address,
        actor=staff.id if staff is not None and verdict == "agent" else address,
        verdict=verdict,
        evidence="none" if ticket is None else "token",
        account=mail.get("account", settings.accounts[0].name),
        ticket=ticket,
        now=now,
        from_staff=staff is not None,
        language=next((one for one in spoken if one in desk.languages), desk.languages[0]),
        earlier=(Earlier(now - timedelta(minutes=1), open=True),) * count,
    )


def ticket_of(trial: Trial, settings: Settings) -> TicketView:
    """The ticket of a test: what it says, and for the rest what the desk gives a new one."""
    said, desk, now = trial.ticket or {}, settings.desk, at(trial.mail, settings)
    given = {cast("TicketField", name): _value(said[name]) for name in _FIELDS if name in said and name != "tags"}
    writes = trial.mail.get("from") if trial.mail.get("verdict", "requester") in ("requester", "participant") else None
    requester = canonical(people(said.get("requester", writes or SENDER))[0].address)
    values = draft.values({"status": "open", **given}, desk, requester)
    joined = {canonical(one.address) for one in people(writes or [])} - {requester}
    over = values["status"] in ("resolved", "closed")
    return TicketView(
        key=f"{desk.prefix}-1",
        **{name: values.get(name) for name in _PLAIN},  # type: ignore[arg-type]  # by name
        language=values.get("language") or desk.languages[0],
        subject=values.get("subject") or "",
        tags=frozenset(_listed(said.get("tags", []))),
        requester=requester,
        opened_at=now - timedelta(days=1),
        resolved_at=now - timedelta(hours=1) if over else None,
        closed_at=now - timedelta(hours=1) if values["status"] == "closed" else None,
        revision=1,
        participants=frozenset(joined),
        account=settings.accounts[0].name,
    )


def _value(value: Any) -> str | None:
    return ("yes" if value else None) if isinstance(value, bool) else cast("str | None", value)


def _writer(verdict: str, settings: Settings, ticket: TicketView | None) -> str:
    if verdict == "agent":
        first = next(iter(settings.desk.lines.values())).agents[0]
        return settings.desk.people[first].address
    return ticket.requester if ticket is not None and verdict == "requester" else SENDER


def people(value: Any) -> tuple[Address, ...]:
    """The addresses of a text, or a list of texts."""
    given = [each for each in _listed(value) if isinstance(each, str)]
    return tuple(Address(name, address) for name, address in email.utils.getaddresses(given))


def _attachment(value: Mapping[str, Any]) -> Attachment:
    size = value.get("size", 0)
    if isinstance(size, str):
        read = FILE.read({"size": size}, (), Reader())
        size = read.over if read is not None else 0
    kind = str(value.get("type", "application/octet-stream"))
    return Attachment(str(value.get("name", "")), kind, size, "", None, inline=False)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


# -- what cannot be read ---------------------------------------------------------------------------------------------


def unreadable(trial: Trial, settings: Settings) -> list[tuple[Where, str]]:
    """What is wrong with the mail and the ticket of a test, each with its place."""
    reader = Reader(names(settings))
    where: Where = (*trial.where, "mail")
    for key, value in trial.mail.items():
        here = (*where, key)
        if key not in MAIL:
            reader.complain(here, f"unknown key `{key}` in a test{nearest(key, MAIL)}", at_key=True)
        elif key in _CHOSEN:
            if isinstance(value, list):
                reader.complain(here, "one word is wanted here")
            else:
                CONDITIONS[key].form.read(value, here, reader)
        else:
            _look_at_mail(key, value, here, reader, settings)
    if trial.mail.get("verdict") == "agent" and "from" in trial.mail:
        who = people(trial.mail["from"])
        if who and settings.desk.person_by_address(canonical(who[0].address)) is None:
            reader.complain((*where, "from"), "this is the address of nobody in desk.yaml, and the verdict is `agent`")
    for key, value in (trial.ticket or {}).items():
        _look_at_ticket(key, value, (*trial.where, "ticket", key), reader)
    return [(place, message) for place, message, _ in reader.problems]


def _look_at_mail(key: str, value: Any, here: Where, reader: Reader, settings: Settings) -> None:
    if key == "attachments":
        _look_at_attachments(value, here, reader)
        return
    wanted = {
        **dict.fromkeys(PEOPLE, f"an address is wanted here, such as {SENDER}"),
        "header": 'fields of the header are wanted here, such as {X-Priority: "1"}',
        "at": "a time is wanted here, such as 2026-11-27T16:00",
        "requester_tickets": "a whole number is wanted here: so many tickets of the sender are open",
    }.get(key, f'a text is wanted here; put it in quotes: "{show(value)}"')
    try:
        right = _LOOKS[key](value) if key in _LOOKS else isinstance(value, str)
        at({"at": value} if key == "at" else {}, settings)
    except (ValueError, OverflowError):
        right = False
    if not right:
        reader.complain(here, wanted)


def _addresses(value: Any) -> bool:
    found = people(value)
    return bool(found) and all("@" in who.address for who in found)


def _fields(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(x, str) for each in value.values() for x in _listed(each))


_LOOKS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(PEOPLE, _addresses),
    "header": _fields,
    "requester_tickets": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000,
}


def _look_at_attachments(value: Any, here: Where, reader: Reader) -> None:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        reader.complain(here, "a list of attachments is wanted here, such as [{name: report.pdf, size: 2MB}]")
        return
    for i, each in enumerate(value):
        for key, part in each.items():
            if key not in ("name", "type", "size"):
                hint = nearest(key, ("name", "type", "size"))
                reader.complain((*here, i, key), f"unknown key `{key}` in a test{hint}", at_key=True)
            elif key != "size" and not isinstance(part, str):
                reader.complain((*here, i, key), f'a text is wanted here; put it in quotes: "{show(part)}"')
            elif key == "size" and (isinstance(part, bool) or not isinstance(part, int)):
                FILE.read({"size": part}, (*here, i), reader)


def _look_at_ticket(key: str, value: Any, here: Where, reader: Reader) -> None:
    if key in ("changed", "clock"):
        CONDITIONS[key].form.read(value, here, reader)
    elif key == "requester":
        if len(people(value)) != 1 or "@" not in people(value)[0].address:
            reader.complain(here, f"an address is wanted here, such as {SENDER}")
    elif key in _FIELDS:
        if value is not None:
            ACTIONS[key].form.read(value, here, reader)
    else:
        reader.complain(here, f"unknown key `{key}` in a test{nearest(key, TICKET)}", at_key=True)


def names(settings: Settings) -> dict[str, Collection[str]]:
    """The names that rules and their tests may use, as settings in force have them."""
    desk = settings.desk
    agents: Sequence[str] = [agent for line in desk.lines.values() for agent in line.agents]
    known: dict[str, Collection[str]] = {
        "account": [account.name for account in settings.accounts],
        "line": list(desk.lines),
        "category": list(desk.categories),
        "agent": list(dict.fromkeys(agents)),
        "calendar": list(desk.levels.calendars),
        "sla": [one.name for one in desk.levels.policies],
        "reply": list(desk.replies),
        "language": list(desk.languages),
    }
    if desk.services:
        known["service"] = list(desk.services)
    return known


def wrongly_expected(trial: Trial, settings: Settings) -> Iterator[tuple[Where, str]]:
    """Values that a test expects, and that no ticket can ever have."""
    reader = Reader(names(settings))
    for key, value in trial.expect.items():
        if key in _FIELDS and key not in ("subject", "confidential") and value not in (None, []):
            ACTIONS[key].form.read(value, (*trial.where, "expect", key), reader)
    for place, message, _ in reader.problems:
        yield place, message
