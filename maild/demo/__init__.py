"""`maild demo`: a conversation of users and agents with the real daemon, on servers of its own, in a temporary folder.

Nothing is read from or written to the machine's own configuration; what is left are the mails that the daemon sent.
"""

from __future__ import annotations

import imaplib
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import structlog

from maild.errors import MaildError

_WITHOUT_PYMAP = "maild demo needs an IMAP server of its own, pymap. Install it with: pip install 'maild[demo]'"


def show(*, fast: bool, out: Path | None = None) -> int:
    """Play the demo; 0 where all happened as it should, 1 with a sentence where not.

    `fast` leaves out the pauses for reading. The mails that left are written to `out`, or to a new temporary folder.
    """
    from maild.demo import album, servers

    if not servers.have_pymap():
        sys.stderr.write(f"{_WITHOUT_PYMAP}\n")
        return 1
    mails = album.prepare(out or Path(tempfile.mkdtemp(prefix="maild-demo-")))
    desk = Path(tempfile.mkdtemp(prefix="maild-demo-desk-"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that it tidies up, as for Ctrl-C
    well = False
    try:
        with _logging_to(desk / "maild.log"):
            well = _run(desk, mails, fast)
    except (KeyboardInterrupt, SystemExit):
        well = True  # nobody needs the log
        raise
    else:
        return 0 if well else 1
    finally:
        if well:
            shutil.rmtree(desk, ignore_errors=True)
        if out is None:
            with suppress(OSError):
                mails.rmdir()  # where nothing was written


def _run(folder: Path, mails: Path, fast: bool) -> bool:
    from maild.daemon import Daemon
    from maild.demo import album, ending, scene, servers, setting
    from maild.demo.cast import Postman
    from maild.demo.clock import FastClock
    from maild.demo.play import NotAsExpectedError, Play
    from maild.demo.screen import Screen

    screen, clock = Screen(fast), FastClock()
    with ExitStack() as stack:
        screen.say("Starting an IMAP server, an SMTP server and maild, in a folder of their own ...")
        imap = stack.enter_context(servers.ImapServer(folder))
        sink = stack.enter_context(servers.MailSink())
        settings = setting.write(folder / "config", imap.port, sink.port, imap.password)
        daemon = Daemon(settings, clock)
        stack.callback(daemon.stop)
        daemon.start()
        postman = Postman(servers.HOST, imap.port, servers.USER, imap.password)
        stack.callback(postman.close)
        play = Play(daemon, clock, postman, sink, screen)
        try:
            scene.perform(play)
            page = album.write(mails, sink.kept)
            return ending.tell(play, page, len(sink.kept))
        except (NotAsExpectedError, MaildError, OSError, imaplib.IMAP4.error) as e:
            screen.failed(str(e))
            screen.plain(f"What maild logged meanwhile: {folder / 'maild.log'}")
            return False


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Let the daemon and its libraries log to a file, so that the show is not spoiled."""
    handler = logging.FileHandler(path, encoding="utf-8")
    root = logging.getLogger()
    with path.open("a", encoding="utf-8") as file:
        root.addHandler(handler)
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),  # JSON escapes line breaks: one event, one line (M8)
            ],
            logger_factory=structlog.WriteLoggerFactory(file=file),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.reset_defaults()
            root.removeHandler(handler)
            handler.close()
