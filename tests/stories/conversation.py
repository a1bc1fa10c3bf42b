"""Say this, expect that reply: a desk without a network, its clock in the test's hand.

The stories are the daemon's own: what somebody writes goes by intake's door into the ledger and through story 2; the
rows of the outbox are the mails that would go out; `wait` moves the clock and lets the timers look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maild import config, incoming, timers
from maild.config import Settings
from maild.desk import clocks, inbox, story, tickets
from maild.desk.letters import Post
from maild.desk.models import Event, Outgoing, Ticket
from maild.mail.sandbox import Reader
from maild.mail.templates import Templates
from maild.stage import Stage, prepare
from tests import cast
from tests.stories import letters
from tests.stories.letters import Person, Sent

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Turn:
    """What one mail, or some time, brought about."""

    fate: dict[str, Any]
    sent: list[Sent]

    @property
    def ticket(self) -> str:
        return str(self.fate["ticket"])

    def to(self, who: Person, notice: str = "") -> Sent:
        """The one mail to somebody (of one kind)."""
        found = [m for m in self.sent if m.recipient == who.address and notice in ("", m.notice)]
        assert len(found) == 1, f"{len(found)} mails {notice} to {who.address} in {self.summary()}; {self.fate}"
        return found[0]

    def nothing_to(self, who: Person) -> bool:
        return all(m.recipient != who.address for m in self.sent)

    def notices(self, who: Person) -> list[str]:
        return [m.notice for m in self.sent if m.recipient == who.address]

    def summary(self) -> list[tuple[str, str]]:
        return [(m.notice, m.recipient) for m in self.sent]


@dataclass(frozen=True)
class Tools:
    """What costs more to make than a test to run: the reading process, and the compiled templates with their faults."""

    reader: Reader
    templates: Templates
    problems: list[str]


class Conversation:
    """One desk and those who write to it."""

    def __init__(self, settings: Settings, tools: Tools) -> None:
        self.now = START
        self.tools = tools
        self.reader = tools.reader
        self.settings = settings
        self.stage: Stage = self._prepared()
        self._seen = 0
        self._minute = timedelta(minutes=1)

    def configure(self, **values: Any) -> None:
        """Go on with other settings of the desk, as after a SIGHUP."""
        self.settings = replace(self.settings, desk=replace(self.settings.desk, **values))
        self.stage = self._prepared()

    def writes(self, rules: str, *changes: tuple[str, str]) -> None:
        """The administrator writes other rules, and changes desk.yaml: each (old, new) where it stands once."""
        with TemporaryDirectory() as folder:
            loaded = config.load(cast.write(Path(folder), (cast.RULES, rules), *changes))
        assert config.check(loaded) == []
        self.settings = replace(self.settings, desk=loaded.desk, rules=loaded.rules, version=loaded.version)
        self.stage = self._prepared()

    def _prepared(self) -> Stage:
        stage = prepare(self.settings, self.now, self.tools.problems.append)
        return replace(stage, post=Post(self.tools.templates, stage.post.mint))

    # -- saying -------------------------------------------------------------------------------------------------------

    def says(self, who: Person, subject: str, text: str, **more: str) -> Turn:
        """Somebody writes a new mail."""
        return self.takes(letters.new(who, subject, text, **more))

    def answers(self, who: Person, got: Sent, text: str, style: str = "gmail", **more: Any) -> Turn:
        """Somebody replies to a mail of ours."""
        return self.takes(letters.answer(who, got, text, style, **more))

    def takes(self, raw: bytes, *, account: str = "support", envelope_to: tuple[str, ...] = ()) -> Turn:
        """A mail comes in, a minute after the last one."""
        return self.takes_all([raw], account=account, envelope_to=envelope_to)[0]

    def takes_all(
        self, raws: list[bytes], *, account: str = "support", envelope_to: tuple[str, ...] = ()
    ) -> list[Turn]:
        """Mails come in together, in this order; what they caused stands with the last."""
        self.now += self._minute
        arrivals = [inbox.Arrival(account, "a test", raw, self.now, envelope_to=envelope_to) for raw in raws]
        numbers = inbox.take_in(arrivals, self.now)
        while incoming.process(self.stage, self.reader, lambda: self.now):
            pass
        sent = self.outbox()
        fates = [inbox.fate_json(inbox.get(number)) for number in numbers]
        return [Turn(fate, sent if fate is fates[-1] else []) for fate in fates]

    def wait(self, **span: float) -> Turn:
        """Time passes, and the timers look once."""
        self.now += timedelta(**span)
        while timers.all_due(self.stage, self.now):
            pass
        return Turn({}, self.outbox())

    # -- looking ------------------------------------------------------------------------------------------------------

    def outbox(self) -> list[Sent]:
        """What was put into the outbox since the last look. No template may have failed."""
        rows = list(Outgoing.select().where(Outgoing.id > self._seen).order_by(Outgoing.id))
        self._seen = max([self._seen, *(row.id for row in rows)])
        assert not self.tools.problems, self.tools.problems
        return [Sent(row.recipient, row.notice, bytes(row.data)) for row in rows]

    def ticket(self, key: str) -> Ticket:
        return tickets.by_key(key)

    def told(self, key: str) -> dict[str, Any]:
        """The ticket as JSON."""
        return story.as_json(self.ticket(key), self.settings, self.now)

    def events(self, key: str) -> list[Event]:
        return list(Event.select().where(Event.ticket == self.ticket(key)).order_by(Event.id))

    def clock(self, key: str, kind: str) -> dict[str, Any]:
        ticket = self.ticket(key)
        found: list[dict[str, Any]] = clocks.as_json(clocks.of(ticket), self.settings.desk.levels, self.now)
        return next(c for c in found if c["kind"] == kind)

    def count(self) -> int:
        """How many tickets there are."""
        return int(Ticket.select().count())
