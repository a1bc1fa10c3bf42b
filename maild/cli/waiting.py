"""Commands about one mail: those that are held for a person's word, and what would happen to a mail and why."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from maild.cli import EX_NOT_WELL, cli, explained, output, with_folder
from maild.cli.looking import AS_JSON, LIMIT, opened
from maild.cli.running import ready
from maild.errors import MaildError
from maild.policy.changes import Release, Released


@cli.group()
def held() -> None:
    """Mails that wait for a person's word: of strangers to a ticket, and answers that others have overtaken.

    Example: maild held list
    """


@held.command("list")
@with_folder
@AS_JSON
@LIMIT
def held_list(folder: Path, as_json: bool, limit: int) -> None:
    """List the mails that are held, the oldest first, with the reason.

    Example: maild held list --json
    """
    from maild.desk import held as waiting

    opened(folder)
    rows = [
        {
            **{name: getattr(row, name) for name in ("id", "account", "sender", "verdict", "received_at", "reason")},
            "ticket": row.ticket.key if row.ticket else None,
        }
        for row in waiting.listed(limit=limit)
    ]
    output.rows(rows, ("id", "ticket", "sender", "verdict", "received_at", "reason"), as_json, "nothing is held")


@held.command("accept")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def held_accept(folder: Path, numbers: tuple[int, ...]) -> None:
    """Let mails onto their ticket; an agent's answer that was overtaken goes out.

    Example: maild held accept 12
    """
    _release(folder, numbers, "accept", "is accepted: the daemon goes on with it")


@held.command("split")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def held_split(folder: Path, numbers: tuple[int, ...]) -> None:
    """Make tickets of their own of mails.

    Example: maild held split 12
    """
    _release(folder, numbers, "split", "becomes a ticket of its own")


@held.command("drop")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def held_drop(folder: Path, numbers: tuple[int, ...]) -> None:
    """Throw mails away; nobody is told. Their bytes stay until retention removes them.

    Example: maild held drop 12
    """
    _release(folder, numbers, "drop", "is dropped")


def _release(folder: Path, numbers: tuple[int, ...], how: Release, becomes: str) -> None:
    from maild.desk import db, inbox, tickets
    from maild.desk import held as waiting
    from maild.stage import prepare, template_problem

    settings = opened(folder)
    stage = prepare(settings, datetime.now(UTC), template_problem)
    for number in numbers:
        row = inbox.get(number)
        if row.fate != "held":
            raise MaildError(f"mail {number} is not held")
        if row.verdict == "agent" and how == "split":  # handled again it would go out (B37)
            raise MaildError(f"mail {number} is an agent's answer, which opens no ticket: accept or drop it")
        meant: Release = "send" if how == "accept" and row.verdict == "agent" else how
        with db.transaction():
            if row.ticket is None:  # a rule held it before there was one
                waiting.release(number, meant, "administrator")
            else:
                act = stage.act(datetime.now(UTC), actor="administrator")
                change = Released(number, meant, "maild held", "administrator")
                tickets.apply(tickets.lock(row.__data__["ticket"]), [change], act)
        if inbox.get(number).fate == "held":
            raise MaildError(f"mail {number} waits no more, or its bytes are gone with their retention: drop it")
        click.echo(f"{number} {becomes}")


@cli.command()
@with_folder
@click.option("--account", help="The account that the mail belongs to; else the first.")
@click.option("--mails", is_flag=True, help="Print the mails that would go out as well, whole.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.argument("file", metavar="FILE")
def explain(folder: Path, account: str | None, mails: bool, as_json: bool, file: str) -> None:
    """Tell what would happen to a mail and why, writing nothing: who is believed, which ticket, rules, changes, mails.

    FILE may be - for standard input. A mail that came before is told as if it came now for the first time.

    Example: maild explain letter.eml
    """
    from maild import explain as explaining

    settings = ready(folder)
    name = settings.account(account).name if account else settings.accounts[0].name
    raw = sys.stdin.buffer.read() if file == "-" else _bytes(file)
    asked = explaining.Question(raw, "standard input" if file == "-" else file, name, mails)
    told = explaining.explain(settings, asked, datetime.now(UTC))
    if as_json:
        output.as_json(told)
    else:
        explained.show(told)
    if told["fate"] == "quarantined":
        sys.exit(EX_NOT_WELL)


def _bytes(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as e:
        raise MaildError(f"{file}: {e.strerror}") from e
