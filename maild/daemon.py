"""The daemon: a thread for each source, one each for reading, sending and timers. It runs the stories, decides nothing.

A thread that meets an `Unavailable` waits, longer each time, and goes on; the others do not notice (B62, B64). The
watchdog is fed only while every thread gives signs of life.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import schedule
import structlog

from maild import incoming, intake, outgoing, reload, timers
from maild.config import Account, Log, Settings
from maild.desk import db, inbox, lease, outbox
from maild.door import Door, Question, name
from maild.errors import MaildError, Unavailable
from maild.mail.sandbox import Reader
from maild.stage import (
    Stage,
    claim_database,
    mailbox_of,
    open_database,
    prepare,
    reader_of,
    reads,
    sender_of,
    template_problem,
    utcnow,
)
from maild.wire.imap import Mailbox
from maild.wire.listener import Delivery, Listener

log = structlog.get_logger("daemon")

_LAST_WORD = 330.0  # seconds for a server's answer to the final dot: to leave without it would leave a doubt (M3)
_STAND_BY = 30.0  # seconds between two looks whether the machine that watches an account is gone
_IDLE = 110.0  # seconds in IDLE before it is renewed: servers and NATs forget a silent connection (B63)
_REST = 5.0  # seconds that a story sleeps at most when nothing wakes it: what another machine committed
_BACKOFF = (1, 2, 5, 10, 30, 60, 120, 300)
_SILENT = 900.0  # seconds without a sign of life before the watchdog is let down: SMTP may wait ten minutes


class Daemon:
    """A desk at work. `clock` tells the time: the real one, but for the demo. `tells` is given a changed `log:`."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = utcnow,
        tells: Callable[[Log], object] = lambda _: None,
    ) -> None:
        self.clock, self._tells = clock, tells
        self.stopping = threading.Event()
        self.mail_came = threading.Event()
        self.mail_goes = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sources: list[tuple[Account, threading.Event, Mailbox]] = []
        self._beats: dict[str, float] = {}
        self._listener: Listener | None = None
        self._reloading = threading.Lock()
        self._messenger = reload.Messenger()
        self._blameless = False  # the thread that reads failed last for want of a server
        self._release = claim_database(settings)
        open_database(settings)
        # together, so that no mail is decided by rules whose header fields were not read
        self._in_force = prepare(settings, clock(), template_problem), reader_of(settings)
        self.door = Door(name(settings), self._answer)
        inbox.recover(self.stage.owner)
        doubtful = outbox.recover(self.stage.owner, clock())
        if doubtful:
            log.warning("mails in doubt wait for a person: maild outbox list", count=doubtful)

    @property
    def stage(self) -> Stage:
        """The one that is in force."""
        return self._in_force[0]

    @property
    def reader(self) -> Reader:
        """What reads mails for it."""
        return self._in_force[1]

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start all threads; returns when mail can be read."""
        # the thread that talks to a server has little to do and must not wait 5 ms for its turn after each answer
        sys.setswitchinterval(0.0005)
        self.reader.warm()
        self._spawn("incoming", self._incoming)
        self._spawn("outgoing", self._outgoing)
        self._spawn("timers", self._timers)
        self._open_sources()
        self.door.open()

    def run(self) -> None:
        """Run in the foreground until SIGTERM or SIGINT. SIGHUP reloads the configuration."""
        signal.signal(signal.SIGTERM, lambda *_: self.stopping.set())
        signal.signal(signal.SIGINT, lambda *_: self.stopping.set())
        reload_wanted = threading.Event()
        signal.signal(signal.SIGHUP, lambda *_: reload_wanted.set())
        self.start()
        notify("READY=1")
        log.info("ready", accounts=[a.name for a in self.stage.settings.accounts], version=self.stage.settings.version)
        fed, every = 0.0, watchdog_interval()
        while not self.stopping.wait(0.5):
            if reload_wanted.is_set():
                reload_wanted.clear()
                self._reload_and_tell()
            if every and time.monotonic() - fed > every and self.alive():
                fed = time.monotonic()
                notify("WATCHDOG=1")
        notify("STOPPING=1")
        self.stop()

    def stop(self) -> None:
        """Finish what is being done, and end every thread."""
        self.stopping.set()
        self.door.close(_LAST_WORD)
        self._close_sources()
        self.mail_came.set()
        self.mail_goes.set()
        for thread in self._threads:
            thread.join(timeout=_LAST_WORD)
        self.reader.close()
        db.close()
        self._release()
        log.info("stopped")

    def alive(self) -> bool:
        """Whether every thread gave a sign of life lately."""
        now = time.monotonic()
        silent = [name for name, at in list(self._beats.items()) if now - at > _SILENT]
        if silent:
            log.error("a thread does not answer", threads=silent)
        return not silent

    def reload(self) -> reload.Answer:
        """Take a changed configuration into use; a bad one changes nothing, and every problem is said (M10)."""
        with self._reloading:
            old = self.stage.settings
            stage, answer = reload.attempt(self.stage, self.clock())
            settings = stage.settings
            # the thread that reads takes another before its next batch
            self._in_force = stage, self.reader if reads(settings) == reads(old) else reader_of(settings)
            if answer.well:
                self._messenger.hear(answer, self.stage, self.clock())
            if settings.log != old.log:
                self._tells(settings.log)
            if (settings.accounts, settings.limits) != (old.accounts, old.limits):
                self._close_sources()
                self._open_sources()
        return answer

    def _reload_and_tell(self) -> None:
        """By a signal, which takes no answer: so a mail tells the administrator where it failed."""
        try:
            answer = self.reload()
            if self._messenger.hear(answer, self.stage, self.clock()):
                self.mail_goes.set()
        except Exception:  # the desk works on by the last good configuration, and the log has said why
            log.exception("the administrator could not be told")

    def _answer(self, question: Question) -> dict[str, Any]:
        """What `maild reload` is told. It asks in a thread of the door."""
        folder = self.stage.settings.folder
        if question.get("do") != "reload":
            return {"refused": "this maild does not know how to do that; is it of another version?"}
        if Path(str(question.get("folder"))).resolve() != folder.resolve():
            return {"refused": f"the maild that has this database runs by the configuration in {folder}"}
        try:
            return self.reload().as_json()
        finally:
            db.close()

    # -- sources -------------------------------------------------------------------------------------------------------

    def _open_sources(self) -> None:
        settings = self.stage.settings
        for account in settings.accounts:
            if account.imap is not None:
                closing, mailbox = threading.Event(), mailbox_of(account, settings)
                self._sources.append((account, closing, mailbox))
                self._spawn(f"imap {account.name}", partial(self._watch, account, mailbox, closing))
        if settings.listener is not None and self._listener is None:
            self._listener = self._listen(settings)

    def _close_sources(self) -> None:
        for _, closing, mailbox in self._sources:
            closing.set()
            mailbox.interrupt()
        self._sources = []
        if self._listener is not None and self.stopping.is_set():
            self._listener.stop()

    def _listen(self, settings: Settings) -> Listener:
        door = settings.listener
        assert door is not None

        def account() -> Account:  # as it is after a reload: a new alias must not be refused for good
            return self.stage.settings.account(door.account)

        def accept(delivery: Delivery) -> None:
            intake.accept(account(), delivery, self.clock, self.mail_came.set)

        def known(address: str) -> bool:
            return intake.addressed(account(), address)

        size = settings.limits.size
        listener = Listener(door.host, door.port, door.protocol, accept, size, settings.instance, known)
        listener.start()
        return listener

    def _watch(self, account: Account, mailbox: Mailbox, closing: threading.Event) -> None:
        """One account for as long as it is watched: connect, take in, wait, and again; or stand by for who does."""
        name, owner = f"imap {account.name}", self.stage.owner
        until: datetime | None = None  # the account is ours, and we are connected
        try:
            while not closing.is_set():
                self._beat()
                # also where the clock was put back: nobody could take over before it is there again
                if until is None or not until - lease.SPAN <= self.clock() <= until - lease.SPAN / 2:
                    had, until = until, lease.take(name, owner, self.clock())
                    if until is None:
                        mailbox.close()
                        closing.wait(min(_STAND_BY, account.poll.total_seconds()))
                        continue
                    if had is None:
                        mailbox.connect()
                new = intake.drain(mailbox, account, self.clock, self._came)
                mailbox.wait(min(_IDLE, account.poll.total_seconds()), active=new > 0)
            lease.give_up(name, owner)
        finally:
            mailbox.close()

    def _came(self) -> None:
        self._beat()  # a backlog may take hours (B67), and each of its batches is a sign of life
        self.mail_came.set()

    # -- stories -------------------------------------------------------------------------------------------------------

    def _incoming(self) -> None:
        # what this thread had claimed when it failed: for want of a server no mail is to blame, else one may be (M5)
        inbox.recover(self.stage.owner, lived=self._blameless)
        self._blameless = False
        reader = self.reader
        work = incoming.Process(reader, self.clock)
        try:
            while not self.stopping.is_set():
                self._beat()
                stage, wanted = self._in_force
                if reader is not wanted:  # a reload changed how mails are read
                    work.close()
                    reader.close()
                    reader = wanted
                    work = incoming.Process(reader, self.clock)
                self.mail_came.clear()  # before looking, so that what comes meanwhile is looked for again
                if work.step(stage):
                    self.mail_goes.set()
                else:
                    self.mail_came.wait(_REST)
        except (Unavailable, *db.GONE):
            self._blameless = True
            raise
        finally:
            work.close()
            if reader is not self.reader:
                reader.close()

    def _outgoing(self) -> None:
        outbox.recover(self.stage.owner, self.clock())
        sender, sending = sender_of(self.stage.settings), self.stage.settings.sending
        try:
            while not self._ends():
                self.mail_goes.clear()
                stage = self.stage
                if stage.settings.sending != sending:  # a reload changed the way out
                    sender.close()
                    sender, sending = sender_of(stage.settings), stage.settings.sending
                if not outgoing.send_due(stage, sender, self.clock, self._ends):
                    self.mail_goes.wait(_REST)
        finally:
            sender.close()

    def _ends(self) -> bool:
        """Asked before each mail, so it is a sign of life too: a slow server takes minutes for one."""
        self._beat()
        return self.stopping.is_set()

    def _timers(self) -> None:
        jobs, last = self._jobs(), self.clock()
        while not self.stopping.is_set():
            self._beat()
            now = self.clock()
            if now < last:  # `schedule` counts by the wall clock: put back three days, it would rest for three days
                jobs = self._jobs()
            last = now
            jobs.run_pending()
            self.stopping.wait(0.5)

    def _jobs(self) -> schedule.Scheduler:
        jobs = schedule.Scheduler()
        jobs.every(1).seconds.do(self._job, timers.sweep)
        jobs.every(1).minutes.do(self._job, timers.remind)
        jobs.every(1).minutes.do(self._job, timers.idle)
        jobs.every(1).minutes.do(self._job, timers.close_resolved)
        jobs.every(1).hours.do(self._job, timers.expire_raw)
        jobs.every(1).minutes.do(self._job, timers.weekly)
        return jobs

    def _job(self, job: Callable[[Stage, datetime], int]) -> None:
        """A job that raises would stop all later ones of `schedule`: so none raises."""
        try:
            while not self.stopping.is_set() and job(self.stage, self.clock()):
                self.mail_goes.set()
        except (Unavailable, *db.GONE) as e:
            log.warning("timers wait", problem=_one_line(e))
            db.close()
        except Exception:  # the same, and the next second tries again
            log.exception("a timer failed", job=job.__name__)

    # -- threads -------------------------------------------------------------------------------------------------------

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._keep, args=(name, work), name=name, daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        """Run a thread's work, again and again with growing waits where it fails, until it ends by itself."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                work()
                break
            except (MaildError, *db.GONE) as e:
                log.warning("waits", thread=name, problem=_one_line(e))
            except Exception:  # the daemon goes on: its other threads have work to do, and this one tries again
                log.exception("failed", thread=name)
            db.close()  # a connection that broke stays broken: the next try opens its own
            if time.monotonic() - began > 60:
                failures = 0
            self._beat()
            if self.stopping.wait(_BACKOFF[min(failures, len(_BACKOFF) - 1)]):
                break
            failures += 1
        self._beats.pop(name, None)
        db.close()

    def _beat(self) -> None:
        self._beats[threading.current_thread().name] = time.monotonic()


def _one_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); nothing where it did not start us. Whether it listens or not, we go on."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, suppress(OSError):
            channel.setblocking(False)
            channel.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


def watchdog_interval() -> float:
    """Seconds between two signs of life that systemd asks for (sd_watchdog_enabled(3): half its patience); 0: none."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 2_000_000 if wanted.isdigit() else 0.0
