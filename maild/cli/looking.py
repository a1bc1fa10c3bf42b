"""Commands that look at the desk, and at the places where something waits for a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from maild.cli import EX_NOT_WELL, cli, output, with_folder
from maild.cli.running import ready
from maild.config import Settings
from maild.policy.conditions import STATUSES

AS_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line.")
STATES = ("waiting", "sent", "failed", "doubtful", "held", "cancelled")  # of a mail in the outbox
LIMIT = click.option("--limit", default=50, show_default=True, help="How many at most.")


def opened(folder: Path) -> Settings:
    """The settings, with their database open."""
    from maild.stage import open_database

    settings = ready(folder)
    open_database(settings)
    return settings


@cli.group()
def ticket() -> None:
    """Look at tickets.

    Example: maild ticket show INC-12
    """


@ticket.command("list")
@with_folder
@click.option("--status", type=click.Choice((*STATUSES, "merged")), help="Only this status.")
@click.option("--line", help="Only this line.")
@click.option("--assignee", help="Only of this agent (the id in desk.yaml).")
@click.option("--query", metavar="TEXT", help="Only with this text in the subject.")
@AS_JSON
@LIMIT
def ticket_list(folder: Path, as_json: bool, limit: int, **wanted: str | None) -> None:
    """List tickets, the newest first.

    Example: maild ticket list --status open --line L2
    """
    from maild.desk import story

    settings = opened(folder)
    rows = story.listed(limit=limit, **wanted)
    now = datetime.now(UTC)
    if as_json:
        for row in rows:
            output.as_json(story.as_json(row, settings, now))
        return
    columns = ("key", "status", "priority", "line", "assignee", "requester", "subject")
    table = [{**row.__data__, "key": row.key, "requester": row.requester.address} for row in rows]
    output.table(table, columns, "no such tickets")


@ticket.command("show")
@with_folder
@click.argument("key")
@AS_JSON
def ticket_show(folder: Path, key: str, as_json: bool) -> None:
    """Show one ticket with its messages, events and clocks.

    Example: maild ticket show INC-12
    """
    from maild.desk import story, tickets

    settings = opened(folder)
    told = story.as_json(tickets.by_key(key), settings, datetime.now(UTC))
    if as_json:
        output.as_json(told)
        return
    click.secho(f"{told['key']}  {output.plain(told['subject'])}", bold=True)
    for name in _SHOWN:
        click.echo(f"{name.replace('_', ' ')}: {output.plain(output.moment(told[name] or '-'))}{_factors(name, told)}")
    click.echo(f"tags: {output.plain(', '.join(told['tags']) or '-')}")
    name, address = told["requester"]["name"], told["requester"]["address"]
    click.echo(f"requester: {output.plain(f'{name} <{address}>' if name else address)}")
    for row in told["answers"] or ():
        answer = row["answer"] or "(not answered)"
        click.echo(f"{row['field']}: {output.plain(row['question'])} {output.plain(answer)}")
    for message in told["messages"]:
        click.secho(
            f"\n{output.moment(message['at'])}  {output.plain(message['author'])}  ({message['visibility']})", fg="cyan"
        )
        click.echo(output.plain(message["text"]))
    click.echo()
    for event in told["events"]:
        _event(event)
    click.echo()
    output.table(told["clocks"], ("kind", "due_at", "stopped_at", "breached_at"), "no clocks")


_SHOWN = (
    "type",
    "status",
    "priority",
    "category",
    "service",
    "line",
    "assignee",
    "language",
    "opened_at",
    "resolved_at",
    "closed_at",
)


def _factors(name: str, told: Mapping[str, Any]) -> str:
    """What the priority follows from."""
    if name != "priority":
        return ""
    return f" (impact {told['impact']}, business {told['business'] or '-'}, urgency {told['urgency']})"


def _event(one: Mapping[str, Any]) -> None:
    """One step of the history, on a line: a table of all its columns would be too wide to read."""
    kind = click.style(one["kind"], bold=True)
    why = f" ({output.plain(one['why'])})" if one["why"] else ""
    click.echo(f"{output.moment(one['at'])}  {kind} by {output.plain(one['by'])}{why}")
    if (one["to"] is None and one["from"] is None) or one["kind"] == "answers":  # they stand above
        return
    before = f"{output.cell(one['from']) or '-'} -> " if one["kind"] != "opened" else ""
    click.echo(f"      {before}{output.cell(one['to']) or '-'}")


@cli.group()
def outbox() -> None:
    """Mails that wait to be sent, or for a decision.

    Example: maild outbox list --state doubtful
    """


@outbox.command("list")
@with_folder
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@AS_JSON
@LIMIT
def outbox_list(folder: Path, state: str | None, as_json: bool, limit: int) -> None:
    """List mails of the outbox; without --state those that were not sent.

    Example: maild outbox list --state doubtful
    """
    from maild.desk import outbox as box

    opened(folder)
    names = ("id", "state", "notice", "recipient", "created_at", "not_before", "attempts", "answer")
    rows = [{name: getattr(row, name) for name in names} for row in box.listed(state, limit)]
    output.rows(rows, names, as_json, "nothing waits")


@outbox.command("show")
@with_folder
@click.argument("number", type=int)
def outbox_show(folder: Path, number: int) -> None:
    """Print a mail of the outbox, byte for byte.

    Example: maild outbox show 7 > seven.eml
    """
    from maild.desk import outbox as box

    opened(folder)
    sys.stdout.buffer.write(bytes(box.get(number).data))


@outbox.command("retry")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def outbox_retry(folder: Path, numbers: tuple[int, ...]) -> None:
    """Send mails after all, at once.

    Example: maild outbox retry 7 8
    """
    from maild.desk import outbox as box

    opened(folder)
    for number in numbers:
        box.retry(number, datetime.now(UTC))
        click.echo(f"{number} will be sent")


@outbox.command("cancel")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def outbox_cancel(folder: Path, numbers: tuple[int, ...]) -> None:
    """Never send these mails.

    Example: maild outbox cancel 7
    """
    from maild.desk import outbox as box

    opened(folder)
    for number in numbers:
        box.cancel(number, datetime.now(UTC))
        click.echo(f"{number} is cancelled")


@cli.group()
def quarantine() -> None:
    """Mails that could not be handled. Nothing is lost: their bytes are kept.

    Example: maild quarantine list
    """


@quarantine.command("list")
@with_folder
@AS_JSON
@LIMIT
def quarantine_list(folder: Path, as_json: bool, limit: int) -> None:
    """List quarantined mails with the reason.

    Example: maild quarantine list --json
    """
    from maild.desk import inbox

    opened(folder)
    names = ("id", "account", "source", "received_at", "attempts", "reason")
    rows = [{name: getattr(row, name) for name in names} for row in inbox.with_fate("quarantined", limit)]
    output.rows(rows, names, as_json, "nothing is in quarantine")


@quarantine.command("show")
@with_folder
@click.argument("number", type=int)
def quarantine_show(folder: Path, number: int) -> None:
    """Show why a mail is in quarantine.

    Example: maild quarantine show 12
    """
    from maild.desk import inbox

    opened(folder)
    output.as_json({**inbox.fate_json(inbox.get(number)), "id": number})


@quarantine.command("export")
@with_folder
@click.argument("number", type=int)
def quarantine_export(folder: Path, number: int) -> None:
    """Print the raw bytes of a mail.

    Example: maild quarantine export 12 > twelve.eml
    """
    from maild.desk import inbox

    opened(folder)
    sys.stdout.buffer.write(inbox.raw([inbox.get(number)])[number])


@quarantine.command("retry")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def quarantine_retry(folder: Path, numbers: tuple[int, ...]) -> None:
    """Handle mails once more; the running daemon does it, or `maild run --once`.

    Example: maild quarantine retry 12
    """
    from maild.desk import inbox

    opened(folder)
    for number in numbers:
        inbox.again(number)
        click.echo(f"{number} will be tried again")


@quarantine.command("drop")
@with_folder
@click.argument("numbers", type=int, nargs=-1, required=True)
def quarantine_drop(folder: Path, numbers: tuple[int, ...]) -> None:
    """Give mails up; their bytes stay until retention removes them.

    Example: maild quarantine drop 12
    """
    from maild.desk import inbox

    opened(folder)
    for number in numbers:
        inbox.drop(number)
        click.echo(f"{number} is dropped")


@cli.command()
@with_folder
@AS_JSON
def balance(folder: Path, as_json: bool) -> None:
    """Prove that every mail has one fate: mailbox = filed + duplicate + ignored + held + quarantined.

    Example: maild balance --json
    """
    from maild.desk import inbox

    opened(folder)
    rows = inbox.balance()
    columns = ("account", "day", "mailbox", *inbox.FATES, "waiting", "well")
    output.rows(rows, columns, as_json, "no mail yet")
    if not all(row["well"] for row in rows):
        sys.exit(EX_NOT_WELL)
