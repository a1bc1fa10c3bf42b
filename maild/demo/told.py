"""What happened since the last look: read from the database and from the mails that arrived, and told line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from maild.demo.cast import Came, Person, came
from maild.demo.screen import Screen
from maild.desk.models import Clock, Event, Incoming, Outgoing
from maild.wire.listener import Delivery

_LINES = {"acknowledgement": 8, "receipt": 6, "closure": 6, "sla_breach": 5, "unverified": 5}  # else 4
_AGAIN = {"receipt": 0, "new_ticket": 1, "requester_reply": 2, "resolution": 3}  # when its kind was shown before
_QUIET = {"recorded", "tagged"}  # the mail itself was just shown; a tag is told with the opening
_FRAMES = ("##-", "[")  # the delimiter, and what marks a mail as internal or names its token


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail of the daemon's that arrived, with the name of its notice."""

    came: Came
    notice: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the play brought about."""

    fates: Sequence[Incoming] = ()
    events: Sequence[Event] = ()
    fired: Sequence[tuple[str, str]] = ()  # ticket, in words
    mails: Sequence[Arrived] = ()


@dataclass(slots=True)
class History:
    """How far we have looked."""

    event: int = 0
    incoming: int = 0
    mails: int = 0
    rungs: dict[int, int] = field(default_factory=dict)

    def since(self, kept: Sequence[Delivery]) -> Step:
        """All that is new since the last call."""
        fates = list(Incoming.select().where(Incoming.id > self.incoming).order_by(Incoming.id))
        events = list(Event.select().where(Event.id > self.event).order_by(Event.id))
        mails = [Arrived(mail, notice_of(mail)) for mail in map(came, kept[self.mails :])]
        self.incoming = fates[-1].id if fates else self.incoming
        self.event = events[-1].id if events else self.event
        self.mails += len(mails)
        return Step(fates, events, list(self._fired()), mails)

    def _fired(self) -> list[tuple[str, str]]:
        found = []
        for clock in Clock.select().order_by(Clock.id):
            for text, _, at in clock.fired[self.rungs.get(clock.id, 0) :]:
                kind = clock.kind.replace("_", " ")
                what = "fires" if at else "is passed over: a higher one is due already"
                found.append((clock.ticket.key, f"{kind} at {text} {what}"))
            self.rungs[clock.id] = len(clock.fired)
        return found


def notice_of(mail: Came) -> str:
    """Which notice a mail is, by the outbox."""
    message_id = mail.header("Message-ID").strip("<>")
    row = Outgoing.select(Outgoing.notice).where(Outgoing.message_id == message_id).first()
    return row.notice if row else "unknown"


def show(step: Step, screen: Screen, now: datetime, people: Mapping[str, Person], seen: set[str]) -> None:
    """Tell a step: fate and commands, clocks, changes, then the mails that arrived.

    `seen` holds the notices that were shown before; a mail of a kind that is known by now is shown in short.
    """
    for row in step.fates:
        screen.fate(_fate(row))
        for command in row.commands or []:
            screen.command(command["line"], command["result"], command["message"])
    for key, text in step.fired:
        screen.clock(key, text)
    for event in step.events:
        said = _event(event)
        if said:
            screen.event(event.ticket.key, said)
    wrong = any(c["result"] != "done" for row in step.fates for c in row.commands or [])
    for notice in dict.fromkeys(mail.notice for mail in step.mails):
        alike = [mail.came for mail in step.mails if mail.notice == notice]
        count = _LINES.get(notice, 4)
        if notice in seen and not (notice == "receipt" and wrong):
            count = _AGAIN.get(notice, count)
        seen.add(notice)
        _show_mails(notice, alike, count, screen, now, people)


def _show_mails(
    notice: str, mails: Sequence[Came], count: int, screen: Screen, now: datetime, people: Mapping[str, Person]
) -> None:
    """The first of some mails of one kind with what it says, the others by name."""
    names = [people[m.recipient].name if m.recipient in people else m.recipient for m in mails]
    languages = [m.header("Content-Language") for m in mails]
    first = mails[0]
    lines = first_lines(first.text, count)
    screen.desk_writes(now, notice, names[0], languages[0], first.header("Subject"), lines)
    if len(mails) > 1:
        screen.also([f"{name} ({language})" for name, language in zip(names[1:], languages[1:], strict=True)])


def first_lines(text: str, count: int) -> list[str]:
    """The beginning of what a mail of ours says."""
    lines = [line.strip() for line in text.splitlines() if line.strip(" >") and not line.startswith(_FRAMES)]
    return [*lines[:count], "..."] if count and len(lines) > count else lines[:count]


def _fate(row: Incoming) -> str:
    parts = [f"{row.fate} on {row.ticket.key}" if row.ticket else str(row.fate), f"{row.kind} mail".replace("_", " ")]
    parts += [f"sender: {row.verdict}"]
    parts += [f"found by {row.evidence}".replace("_", "-")] if row.evidence != "none" else []
    return "; ".join([*parts, str(row.reason)])


def _event(event: Event) -> str | None:
    if event.kind in _QUIET:
        return "kept as an internal note" if event.kind == "recorded" and event.why.startswith("internal") else None
    if event.kind == "opened":
        return _opened(event.after)
    kind = str(event.kind).replace("_", " ")
    if event.kind == "breached":
        return f"{str(event.before).replace('_', ' ')} breached: the promise is missed, and that stays written"
    if event.kind == "first_response":
        clock = Clock.get((Clock.ticket == event.ticket) & (Clock.kind == event.kind))
        return f"first response by {event.by}: {'in time' if clock.breached_at is None else 'too late'}"
    if event.before is None and event.after is None:
        return f"{kind} ({event.why})"
    change = _value(event.after) if event.before is None else f"{_value(event.before)} -> {_value(event.after)}"
    return f"{kind}: {change} (by {event.by}: {event.why})"


def _opened(after: Mapping[str, Any]) -> str:
    parts = [f"{after['type']}, priority {after['priority']}, line {after['line']}", after.get("category")]
    return "opened: " + ", ".join([*filter(None, parts), *(f"#{tag}" for tag in after["tags"])])


def _value(value: Any) -> str:
    text = "nobody" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
