"""`maild doctor`: the world around, one finding a line."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from maild.cli import EX_NOT_WELL, cli, output, with_folder
from maild.cli.looking import AS_JSON
from maild.cli.running import ready

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


@cli.command()
@with_folder
@AS_JSON
def doctor(folder: Path, as_json: bool) -> None:
    """Look at the world around: mailboxes, sending, database, disk, clock, secrets, libraries. Nothing is sent.

    It asks the sending server whether it takes a plus-address; it makes and removes folders that are missing.

    Example: maild --config /etc/maild doctor
    """
    from maild import doctor as examining

    settings = ready(folder)
    well = True
    for found in examining.examine(settings, datetime.now(UTC)):
        well &= found.level != "problem"
        if as_json:
            output.as_json(asdict(found))
            continue
        level = click.style(f"{found.level:<8}", fg=_COLOURS[found.level])
        advice = f"; {found.advice}" if found.advice else ""
        line = " ".join(output.plain(f"{found.about}: {found.text}{advice}").split())
        click.echo(f"{level} {line}")
    if not well:
        sys.exit(EX_NOT_WELL)
