"""Plays a story against the real daemon: hands over mails, waits until the desk is at rest, and shows what happened.

All that is shown as the desk's doing is read afterwards: the mails from the SMTP sink, the rest from the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

from maild import timers
from maild.daemon import Daemon
from maild.demo import cast, told
from maild.demo.cast import CAST, Came, Person, Postman
from maild.demo.clock import FastClock
from maild.demo.screen import Screen
from maild.demo.servers import MailSink
from maild.demo.told import Step
from maild.desk import clocks, tickets
from maild.desk.models import Incoming, Outgoing, Ticket
from maild.mail import reply as quoting

_LIMIT = 60.0  # seconds that a step may take; it takes one or two, but for a busy machine
_TYPING = timedelta(minutes=4)  # what it takes to read a mail and to write one


class NotAsExpectedError(Exception):
    """Something that belongs to the story did not happen."""


class Play:
    """One performance. The scene calls its verbs in order."""

    def __init__(self, daemon: Daemon, clock: FastClock, postman: Postman, sink: MailSink, screen: Screen) -> None:
        self._daemon, self._clock, self._postman, self._sink, self.screen = daemon, clock, postman, sink, screen
        self._chapters = 0
        self.written = 0
        self._history = told.History()
        self._step = Step()
        self._seen: set[str] = set()

    # -- what the scene says -------------------------------------------------------------------------------------------

    def chapter(self, title: str, *explanation: str) -> None:
        """Begin a part of the story."""
        self._chapters += 1
        self.screen.pause()
        self.screen.chapter(self._chapters, title)
        for text in explanation:
            self.screen.say(text)

    def say(self, text: str) -> None:
        """Explain what comes next."""
        self.screen.pause()
        self.screen.say(text)

    def write(self, person: Person, subject: str, text: str, file: tuple[str, str] | None = None) -> None:
        """Somebody writes a new mail to the desk."""
        self._clock.jump(_TYPING)
        self._hand_over(person, person.role, cast.new(person, subject, text, self._clock(), file))

    def answer(self, person: Person, key: str, notice: str, text: str) -> None:
        """Somebody answers the newest mail of this kind about this ticket that came for them."""
        self._clock.jump(_TYPING)
        self._hand_over(
            person, person.role, cast.reply(person, self.mail_for(person, key, notice), text, self._clock())
        )

    def away(self, person: Person, key: str, notice: str, text: str) -> None:
        """The mailbox of somebody who is away answers by itself."""
        mail = cast.absent(person, self.mail_for(person, key, notice), text, self._clock())
        self._hand_over(person, "an out-of-office reply", mail)

    def later(self, words: str, by: timedelta) -> None:
        """Time passes; what becomes due meanwhile happens."""
        self.screen.pause()
        self.screen.time_passes(words)
        self._clock.jump(by)
        # The daemon's thread looks for old resolved tickets once a minute of real time, so here it is called at once.
        while timers.close_resolved(self._daemon.stage, self._clock()):
            pass
        self._daemon.mail_goes.set()
        self._settle()

    # -- what the scene expects ----------------------------------------------------------------------------------------

    def expect(self, what: str, holds: bool, *, show: bool = False) -> None:
        """Go on only where this is so."""
        if not holds:
            raise NotAsExpectedError(f"this was expected and is not so: {what}")
        if show:
            self.screen.holds(what)

    def expect_mail(self, person: Person, notice: str, language: str = "") -> None:
        """The last step must have brought somebody a mail of this kind (in this language)."""
        found = [m for m in self._step.mails if m.notice == notice and m.came.recipient == person.address]
        self.expect(f"{person.name} gets the mail {notice!r}", bool(found))
        if language:
            self.expect(f"it is in {language!r}", found[0].came.header("Content-Language") == language)

    def expect_no_mail(self) -> None:
        """The last step must have brought nobody anything."""
        self.expect("nobody is sent anything", not self._step.mails)

    def expect_fired(self, words: str) -> None:
        """The last step must have fired a clock, in these words."""
        self.expect(f"a clock fires: {words}", any(words in text for _, text in self._step.fired))

    def fate(self) -> Incoming:
        """What became of the mail that was handed over last."""
        row: Incoming = Incoming.select().order_by(Incoming.id.desc()).get()
        return row

    def ticket(self, key: str) -> Ticket:
        """A ticket as it is now."""
        return tickets.by_key(key)

    def mail_for(self, person: Person, key: str, notice: str) -> Came:
        """The newest mail of this kind about this ticket among those that came for this person."""
        for mail in reversed(cast.for_person(self._sink.kept, person)):
            if f"[{key}]" in mail.header("Subject") and told.notice_of(mail) == notice:
                return mail
        raise NotAsExpectedError(f"{person.name} has no mail {notice!r} about {key} to answer")

    def letters_of(self, person: Person) -> list[Came]:
        """All mails that came for this person."""
        return cast.for_person(self._sink.kept, person)

    # -- how it is done ------------------------------------------------------------------------------------------------

    def _hand_over(self, person: Person, role: str, mail: EmailMessage) -> None:
        self.screen.pause()
        text = str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # we wrote one
        new = quoting.split(text)[0]
        lines = [line for line in new.splitlines() if line.strip()]
        lines += [f"(attached: {part.get_filename()})" for part in mail.iter_attachments()]
        now = self._clock()
        self.screen.person_writes(now, person.name, role, str(mail["Subject"]), lines)
        self._postman.deliver(mail, now)
        self.written += 1
        self._settle()

    def _settle(self) -> None:
        """Wait until nothing waits any more, then show what came of it."""
        self._wait("a mail is taken in and handled", lambda: self._handled() >= self.written)
        self._wait("the clocks that are due have fired", lambda: not clocks.due(self._clock(), 1))
        self._wait("the mails have left", lambda: not Outgoing.select().where(Outgoing.state == "waiting").exists())
        failed = Outgoing.select().where(Outgoing.state != "sent").count()
        self.expect("every mail of the outbox was sent", failed == 0)
        self._step = self._history.since(self._sink.kept)
        told.show(self._step, self.screen, self._clock(), {p.address: p for p in CAST}, self._seen)

    def _handled(self) -> int:
        return int(Incoming.select().where(Incoming.done_at.is_null(False)).count())

    def _wait(self, what: str, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + _LIMIT
        while not holds():
            if time.monotonic() > end:
                raise NotAsExpectedError(f"in {_LIMIT:.0f} seconds it did not come to this: {what}")
            time.sleep(0.02)
