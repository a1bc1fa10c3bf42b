"""Commands that tell by numbers how the desk keeps its promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from maild.cli import cli, levels, output, with_folder

if TYPE_CHECKING:
    from maild.desk.report import Figures, Report

MONTH = timedelta(days=30)


@cli.group("report")
def report_group() -> None:
    """What the desk has done, by numbers.

    Example: maild report sla --from 2026-11-01 --to 2026-12-01
    """


@report_group.command("sla")
@with_folder
@click.option("--from", "since", metavar="DATE", help="From this day or time on; else 30 days before the end.")
@click.option("--to", "until", metavar="DATE", help="To before this day or time; else until now.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def report_sla(folder: Path, since: str | None, until: str | None, as_json: bool) -> None:
    """How the promises of time were kept: for all, and by policy, priority, line and category.

    A promise counts when it was kept or broken. Times to first response and to resolution are told in the calendar's
    open time, without pauses, and in plain time. DATE is in the desk's zone: 2026-11-01, or "2026-11-01 09:00".

    Example: maild report sla --from 2026-11-01 --to 2026-12-01
    """
    from maild.cli.looking import opened
    from maild.desk import contents, report

    settings = opened(folder)
    zone = contents.zone(settings)
    read = levels.reader(ZoneInfo(zone))
    end = read(until, "--to") if until else datetime.now(UTC)
    start = read(since, "--from") if since else end - MONTH
    if start >= end:
        raise click.UsageError("the time of the report ends before it begins: --from must come before --to")
    found = report.over(start, end, settings.desk.levels)
    if as_json:
        output.as_json(report.as_json(found, zone))
        return
    _show(found, ZoneInfo(zone))


def _show(found: Report, zone: ZoneInfo) -> None:
    if found.empty:
        click.echo("no promise came to its end in this time")
        return
    table = list(_rows(found))
    kept = ("of", "name", "first response", "next response", "resolution", "reopened", "satisfaction")
    output.table(table, kept, "")
    click.echo()
    took = ("of", "name", "first response: median", "average", "plain median", "plain average")
    output.table(table, took, "")
    click.echo()
    solved = ("of", "name", "resolution: median", "average ", "plain median ", "plain average ")
    output.table(table, solved, "")
    click.echo("\nkept of all; times in the calendar's open time, without pauses, and in plain time")
    click.echo("goal: first response in 1 to 3 h, resolution in 24 h on average")
    click.echo(f"from {found.since.astimezone(zone):%a %Y-%m-%d %H:%M %Z}", nl=False)
    click.echo(f" to before {found.until.astimezone(zone):%a %Y-%m-%d %H:%M %Z}")


def _rows(found: Report) -> Iterator[dict[str, Any]]:
    yield {"of": "all", "name": "", **_row(found.all)}
    for by, groups in found.groups.items():
        for name, figures in groups.items():
            yield {"of": by, "name": "-" if name is None else name, **_row(figures)}


def _row(figures: Figures) -> dict[str, Any]:
    first, solved = figures.promises["first_response"], figures.promises["resolution"]
    told: dict[str, Any] = {
        kind.replace("_", " "): f"{one.met} of {one.met + one.breached}" if one.met + one.breached else ""
        for kind, one in figures.promises.items()
    }
    for title, end, promise in (("first response: median", "", first), ("resolution: median", " ", solved)):
        told[title] = _span(promise.open.median())
        told[f"average{end}"] = _span(promise.open.average())
        told[f"plain median{end}"] = _span(promise.plain.median())
        told[f"plain average{end}"] = _span(promise.plain.average())
    rated = f"{figures.stars / figures.ratings:.1f} ({figures.ratings})" if figures.ratings else ""
    return {**told, "reopened": figures.reopened or "", "satisfaction": rated}


def _span(time: timedelta | None) -> str:
    if time is None:
        return ""
    minutes = round(time.total_seconds() / 60)
    return " ".join(f"{n}{unit}" for n, unit in ((minutes // 60, "h"), (minutes % 60, "m")) if n) or "0"
