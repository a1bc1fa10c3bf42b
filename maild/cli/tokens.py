"""Reply tokens: making those void that came into wrong hands (B2)."""

from __future__ import annotations

from pathlib import Path

import click

from maild.cli import cli, output, with_folder
from maild.cli.running import ready
from maild.config import Settings
from maild.errors import UnknownThing


@cli.group()
def token() -> None:
    """Reply tokens: what lets a reply prove whose it is.

    Example: maild token revoke ada
    """


@token.command("revoke")
@with_folder
@click.argument("who", metavar="WHO")
def token_revoke(folder: Path, who: str) -> None:
    """Make all reply tokens of a person void at once. WHO is the id of a member of staff, or an address.

    What is written to them from now on carries new ones; a reply to an older mail proves nothing any more.

    Example: maild token revoke ada
    """
    from maild.desk import db, people
    from maild.stage import open_database

    settings = ready(folder)
    open_database(settings)
    with db.transaction():
        name, waiting = people.revoke(_address(who, settings))
    click.echo(f"all reply tokens of {output.plain(name)} are void")
    if waiting:
        click.echo(f"mails to them that wait to be sent still carry old ones: {waiting}")


def _address(who: str, settings: Settings) -> str:
    """The address under which the desk knows a member of staff, or the one that was given. Raises UnknownThing."""
    from maild.mail.address import canonical
    from maild.policy.forms import nearest

    member = settings.desk.people.get(who) or settings.desk.person_by_address(canonical(who))
    if member is None and "@" not in who:
        raise UnknownThing(f"there is no person `{who}`{nearest(who, settings.desk.people)}")
    return canonical(member.address if member else who)
