"""Commands about service levels: why a clock stands where it stands, and where it would stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from maild.cli import cli, output, with_folder
from maild.policy.clock import ClockRun, Step
from maild.policy.priority import PRIORITIES
from maild.policy.sla import Levels

YEARS = range(1970, 2200)


@cli.group()
def sla() -> None:
    """Service levels: what is promised, and how clocks count.

    Example: maild sla simulate --priority high --opened "2026-12-23 16:00"
    """


def _twice(text: str, between: str, option: str, wanted: str) -> tuple[str, str]:
    first, found, second = text.partition(between)
    if not found or not first.strip():
        raise click.BadParameter(f'"{text}" is not {wanted}', param_hint=option)
    return first.strip(), second.strip()


def _one_of(value: str, known: Sequence[str], option: str) -> str:
    if value not in known:
        raise click.BadParameter(f'"{value}" is none of {", ".join(known)}', param_hint=option)
    return value


def reader(zone: ZoneInfo) -> Callable[[str, str], datetime]:
    """Reads times; one without a zone is of `zone`."""

    def read(text: str, option: str) -> datetime:
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            found = datetime.min  # noqa: DTZ901 - only its year is looked at
        if found.year not in YEARS:
            wanted = 'a time; write it as "2026-12-23 16:00" or 2026-12-23T15:00Z'
            raise click.BadParameter(f'"{text}" is not {wanted}', param_hint=option)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    return read


@sla.command("show")
@with_folder
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, its clocks as `sla simulate` tells them.")
def sla_show(folder: Path, key: str, as_json: bool) -> None:
    """Show why the clocks of a ticket stand where they stand.

    The ledger of each: its start, when its calendar was closed, pauses, changes of priority, due, breach, the next
    rungs, and who and what caused each.

    Example: maild sla show INC-12
    """
    from maild.cli.looking import opened
    from maild.desk import clocks, contents, tickets
    from maild.policy import ledger

    settings = opened(folder)
    ticket, levels, now = tickets.by_key(key), settings.desk.levels, datetime.now(UTC)
    found = clocks.told(ticket, levels, now)
    if as_json:
        told = [ledger.as_json(run, levels) for run in found]
        output.as_json({"key": ticket.key, "clocks": told, "now": now.isoformat()})
        return
    click.secho(f"{ticket.key}  {output.plain(ticket.subject)}", bold=True)
    show(found, levels, ZoneInfo(contents.zone(settings)), now)


@sla.command()
@with_folder
@click.option("--priority", required=True, type=click.Choice(PRIORITIES), help="What it opens with.")
@click.option("--opened", required=True, metavar="T", help="When it is opened.")
@click.option("--calendar", metavar="C", help="Count by this calendar instead of those of the targets.")
@click.option("--policy", metavar="NAME", help="By this service level; else the first that matches.")
@click.option("--line", metavar="L", help="The line that it opens in; else the desk's first.")
@click.option("--pause", "pauses", multiple=True, metavar="FROM..TO", help="It is pending; without TO to the end.")
@click.option("--priority-at", "priorities", multiple=True, metavar="T=P", help="Another priority.")
@click.option("--line-at", "lines", multiple=True, metavar="T=L", help="Another line.")
@click.option("--reply-at", "replies", multiple=True, metavar="T", help="An agent answers the requester.")
@click.option("--write-at", "writes", multiple=True, metavar="T", help="The requester writes again.")
@click.option("--resolve-at", "resolved", multiple=True, metavar="T", help="It is resolved.")
@click.option("--reopen-at", "reopened", multiple=True, metavar="T", help="It is opened again.")
@click.option("--now", metavar="T", help="Tell the clocks as they stand then; else at the last time given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, its clocks in the shape of a ticket's.")
def simulate(folder: Path, as_json: bool, **told: Any) -> None:
    """Show what the clocks of a ticket would do, without a desk: every due time, warning, breach and pause.

    T is a time such as "2026-12-23 16:00", in the zone of the calendar, or 2026-12-23T15:00Z. What may come after the
    last time given (or after --now) is due, and has not happened.

    Example: maild sla simulate --priority high --opened "2026-12-23 16:00" --pause "2026-12-24 09:00..2026-12-28 09:00"
    """
    from maild import config
    from maild.policy import ledger
    from maild.policy import simulate as simulation

    desk = config.load(folder).desk
    try:
        given = simulation.Given(told["priority"], datetime.now(UTC), told["calendar"], told["policy"])
        zone = desk.levels.calendars[simulation.calendar_of(given, desk.levels)].zone
        found = simulation.simulate(_given(told, zone, list(desk.lines)), desk.levels)
    except simulation.Impossible as e:
        raise click.UsageError(str(e)) from None
    if as_json:
        clocks = [ledger.as_json(run, found.levels) for run in found.clocks]
        output.as_json({"clocks": clocks, "now": found.now.isoformat()})
        return
    show(found.clocks, found.levels, zone, found.now)


def _given(told: dict[str, Any], zone: ZoneInfo, lines: Sequence[str]) -> Any:
    from maild.policy.simulate import Given

    read = reader(zone)

    def times(name: str, option: str) -> tuple[datetime, ...]:
        return tuple(read(text, option) for text in told[name])

    def changes(name: str, option: str, known: Sequence[str], wanted: str) -> tuple[tuple[datetime, str], ...]:
        found = []
        for text in told[name]:
            time, value = _twice(text, "=", option, f"a time and a {wanted}, such as T={known[0]}")
            found.append((read(time, option), _one_of(value, known, option)))
        return tuple(found)

    pauses = []
    for text in told["pauses"]:
        since, until = _twice(text, "..", "--pause", "a time from which to which, such as FROM..TO")
        pauses.append((read(since, "--pause"), read(until, "--pause") if until else None))
    line = told["line"]
    return Given(
        priority=told["priority"],
        opened=read(told["opened"], "--opened"),
        calendar=told["calendar"],
        policy=told["policy"],
        line=_one_of(line, lines, "--line") if line else lines[0],
        pauses=tuple(pauses),
        priorities=changes("priorities", "--priority-at", PRIORITIES, "priority"),
        lines=changes("lines", "--line-at", lines, "line"),
        replies=times("replies", "--reply-at"),
        writes=times("writes", "--write-at"),
        resolved=times("resolved", "--resolve-at"),
        reopened=times("reopened", "--reopen-at"),
        now=read(told["now"], "--now") if told["now"] else None,
    )


# -- for people ------------------------------------------------------------------------------------------------------


def show(clocks: Sequence[ClockRun], levels: Levels, zone: ZoneInfo, now: datetime) -> None:
    """Clocks as a table, and under it the ledger of each, in the order of time. Times are those of `zone`."""

    def local(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M:%S %Z}".replace(":00 ", " ") if at else ""

    columns = ("clock", "target", "calendar", "started", "due", "stopped", "breached", "elapsed", "paused")
    table = [
        {
            "clock": run.kind,
            "target": _span(run.target),
            "calendar": run.calendar,
            "started": local(run.started_at),
            "due": local(run.due_at),
            "stopped": local(run.stopped_at),
            "breached": local(run.breached_at),
            "elapsed": _span(run.elapsed),
            "paused": _span(run.paused),
        }
        for run in clocks
    ]
    output.table(table, columns, "no clocks")
    for run in clocks:
        click.echo()
        click.secho(f"{run.kind}: {run.policy}", bold=True)
        for at, words in _lines(run, levels, now, local):
            click.echo(f"  {local(at)}  {words}")
    click.echo(f"\nas it stands on {local(now)}")


def _lines(
    run: ClockRun, levels: Levels, now: datetime, local: Callable[[datetime | None], str]
) -> list[tuple[datetime, str]]:
    from maild.policy import ledger

    found = [(step.at, _words(step, run, local) + _cause(step)) for step in ledger.of(run, levels)]
    if run.stopped_at is None:
        found += [(r.due_at, f"rung {r.text} is due") for r in run.rungs if r.fired_at is None and r.due_at > now]
        if run.due_at > now:
            found.append((run.due_at, "due" if run.paused_at is None else "due, if it went on now"))
    return sorted(found, key=lambda line: line[0])


def _words(step: Step, run: ClockRun, local: Callable[[datetime | None], str]) -> str:
    values = step.values
    due = f", due {local(step.due_at)}"
    if step.what == "started":
        return f"starts: {_span(values['target'])} for the priority {values['priority']}{due}"
    if step.what in ("priority", "policy"):
        used = f"{_span(values['target'])}, of which {_span(values['elapsed'])} are used"
        return f"the {step.what} is {values['to']} now: {used}{due}"
    if step.what == "paused":
        return f"stands still: {values['status']}"
    if step.what in ("resumed", "reopened"):
        return f"goes on, without {_span(values['stood'])}{due}"
    if step.what == "rung":
        return f"rung {values['rung']}{', passed over for a higher one' if values.get('passed') else ''}"
    if step.what == "breached":
        return "breached" if step.due_at == step.at else f"breached: it was due {local(step.due_at)}"
    if step.what == "stopped":
        return f"stops: {values['ended']}"
    if step.what == "moved":
        return f"moved{due}"
    days = [f"{d.day:%a %d}{f' {d.name}' if d.name else ''} ({d.why})" for d in _days(values)]
    until = values["until"]
    assert isinstance(until, datetime)
    return f"{run.calendar} is closed until {local(until)}{': ' if days else ''}{', '.join(days)}"


def _cause(step: Step) -> str:
    """Who caused it, and by what."""
    told = ": ".join(filter(None, (step.by, step.why)))
    return f" ({output.plain(told)})" if told else ""


def _days(values: Any) -> Sequence[Any]:
    return values["days"] or ()


def _span(time: object) -> str:
    """1d never: a day of work has not 24 hours."""
    assert isinstance(time, timedelta)
    seconds = int(time.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s"))
    return " ".join(f"{n}{unit}" for n, unit in parts if n) or "0"
