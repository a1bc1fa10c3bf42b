"""Commands that do the work: run, reload, feed, migrate, demo."""

from __future__ import annotations

import mailbox
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from maild.cli import EX_CONFIG, EX_TEMPFAIL, cli, output, set_up_logging, with_folder
from maild.config import ConfigError, Settings
from maild.errors import MaildError

_PATIENCE = 120.0  # seconds that a running maild may take to read its configuration


def ready(folder: Path) -> Settings:
    """The settings of a folder, checked as a whole before anything starts (M10). Logging is set up by them."""
    from maild import config

    warnings: list[str] = []
    settings = config.checked(folder, warnings.append)
    set_up_logging(settings.log.level, settings.log.json)
    for warning in warnings:
        structlog.get_logger("config").warning("not in this version", problem=warning)
    return settings


@cli.command()
@with_folder
@click.option("--once", is_flag=True, help="Take in all that waits, process it, send what is due, and exit.")
@click.option("--machine", help="The name of this machine among those of one PostgreSQL (default: the host's).")
def run(folder: Path, once: bool, machine: str | None) -> None:
    """Run the daemon in the foreground. SIGTERM finishes what it does and stops; SIGHUP reloads the configuration.

    Two daemons of one host on one PostgreSQL need two names, which must stay the same over restarts: --machine, or
    MAILD_MACHINE in the environment (of `maild feed` too).

    Example: maild --config /etc/maild run
    """
    from maild.config import needs

    settings = ready(folder)
    missing = list(needs.secret_problems(settings, here=True))
    if missing:  # every secret must be there before anything starts
        raise ConfigError(missing)
    for problem in needs.template_problems(settings):  # no reason to have no desk: the shipped text goes out (B68)
        structlog.get_logger("config").warning("a template is not in order", problem=str(problem))
    from maild import once as single
    from maild import stage
    from maild.daemon import Daemon

    if machine:
        os.environ[stage.MACHINE] = machine

    if once:
        if not single.once(settings):
            sys.exit(EX_TEMPFAIL)
        return
    Daemon(settings, tells=lambda log: set_up_logging(log.level, log.json)).run()


@cli.command()
@with_folder
@click.option("--machine", help="The name of this machine, where `maild run` got one.")
@click.option("--json", "as_json", is_flag=True, help="The answer as one JSON object.")
def reload(folder: Path, machine: str | None, as_json: bool) -> None:
    """Take a changed configuration into use, without a restart: all of it, or nothing where something is wrong.

    It is looked at here first, then the running maild reads it, and this waits for its answer. A bad one changes
    nothing: every problem is printed, and the exit code is 78. Of several machines on one PostgreSQL, each is told by
    a command of its own.

    Example: maild --config /etc/maild reload
    """
    from maild import door, stage
    from maild.reload import Answer

    if machine:
        os.environ[stage.MACHINE] = machine
    try:
        settings = _looked_at(folder)
    except ConfigError as e:
        if not as_json:
            raise
        # nobody was asked which version is in force
        output.as_json({"version": None, "problems": [str(one) for one in e.problems], "restart": []})
        sys.exit(EX_CONFIG)
    said = door.ask(door.name(settings), {"do": "reload", "folder": str(settings.folder)}, _PATIENCE)
    if said is None:
        why = "by another `database`, if that was changed, it runs until a restart"
        raise MaildError(f"no maild runs here with the database of {folder} ({why}); start it with: maild run")
    answer = Answer.of(said)
    if as_json:
        output.as_json(answer.as_json())
    elif answer.well:
        click.echo(f"reloaded: version {answer.version}")
        for key in answer.restart:
            click.echo(f"needs a restart; the old one stays in force: {key}")
    else:
        for problem in answer.problems:
            click.echo(output.plain(problem), err=True)
        click.echo(f"not reloaded: version {answer.version} stays in force", err=True)
    if not answer.well:
        sys.exit(EX_CONFIG)


def _looked_at(folder: Path) -> Settings:
    """The settings, where all that can be known here is well. Raises ConfigError."""
    from maild.config import needs

    settings = ready(folder)
    if unmet := needs.unmet(settings, here=False):
        raise ConfigError(unmet)
    return settings


@cli.command()
@with_folder
def migrate(folder: Path) -> None:
    """Bring the database's schema up to date; on SQLite a copy of it is made first.

    Example: maild --config /etc/maild migrate
    """
    from maild.desk import db
    from maild.stage import open_database

    settings = ready(folder)
    open_database(settings, migrate=False)
    backup = db.back_up()
    if backup:
        click.echo(f"copied the database to {backup}")
    applied = db.migrate()
    click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")


@cli.command()
@with_folder
@click.option("--account", help="The account that the mails belong to; needed where there are several.")
@click.option("--json", "as_json", is_flag=True, help="One fate a line as JSON.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def feed(folder: Path, account: str | None, as_json: bool, files: tuple[str, ...]) -> None:
    """Take in mails from files, an mbox, a Maildir, or - (a pipe from an MTA), by the same door as IMAP.

    Example: maild --config /etc/maild feed --account support letter.eml
    """
    from maild import once as single
    from maild.desk.inbox import Arrival

    settings = ready(folder)
    if account is None and len(settings.accounts) > 1:
        raise click.UsageError(f"say which account: {', '.join(a.name for a in settings.accounts)}")
    name = settings.account(account).name if account else settings.accounts[0].name
    now = datetime.now(UTC)
    arrivals = [Arrival(name, source, raw, now) for file in files for source, raw in _mails(file)]
    for fate in single.feed(settings, arrivals):
        if as_json:
            output.as_json(fate)
        else:
            ticket = f" {fate['ticket']}" if fate["ticket"] else ""
            click.echo(f"{output.plain(fate['source'])}: {fate['fate']}{ticket} ({output.plain(fate['reason'])})")


def _mails(file: str) -> Iterator[tuple[str, bytes]]:
    """The mails in a file, an mbox, a Maildir or standard input, each with its source in words."""
    path = Path(file)
    if file == "-":
        yield "standard input", sys.stdin.buffer.read()
    elif path.is_dir():
        if not (path / "cur").is_dir():
            raise MaildError(f"{file} is a folder but no Maildir (it has no cur/)")
        for entry in sorted([*(path / "cur").iterdir(), *(path / "new").iterdir()]):
            yield str(entry), entry.read_bytes()
    elif not path.exists():
        raise MaildError(f"{file} does not exist")
    else:
        raw = path.read_bytes()
        if raw.startswith(b"From "):
            with closing(mailbox.mbox(path, create=False)) as box:
                for key in box.iterkeys():
                    yield f"{file} {key}", box.get_bytes(key)
        else:
            yield file, raw


@cli.command()
@click.option("--fast", is_flag=True, help="End by itself, without pauses for reading.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the mails that left are written.")
def demo(fast: bool, out: Path | None) -> None:
    """Show a whole conversation of a user, the desk and its agents, on servers of its own. Nothing to configure.

    Example: maild demo --fast
    """
    from maild import demo as play

    sys.exit(play.show(fast=fast, out=out))
