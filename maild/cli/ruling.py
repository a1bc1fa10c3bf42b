"""Commands about rules: which there are, whether their own tests hold, and what they would have done before."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maild.cli import EX_NOT_WELL, cli, output, with_folder

if TYPE_CHECKING:
    from maild.backtest import Backtest, Difference, Tested
    from maild.config.problems import Problem
    from maild.config.trials import Failure, Tried


@cli.group()
def rules() -> None:
    """The administrator's rules: look them through, run their tests, try them on stored mail.

    Example: maild rules test
    """


# -- list ------------------------------------------------------------------------------------------------------------


@rules.command("list")
@with_folder
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def rules_list(folder: Path, as_json: bool) -> None:
    """List the rules in their order: when each is asked, what it asks and does, its tests, and what is odd about it.

    Example: maild rules list
    """
    from maild import config
    from maild.config.check import place, pointed_out
    from maild.policy import checks
    from maild.policy.rules import asked_on

    settings = config.load(folder)
    odd: dict[str, list[str]] = {}
    for finding, problem in pointed_out(settings):
        odd.setdefault(finding.rule, []).append(str(problem) if as_json else finding.message)
    found = []
    for number, rule in enumerate(settings.rules, 1):
        at = place(settings, rule.where)
        found.append(
            {
                "number": number,
                "rule": rule.name,
                "enabled": rule.enabled,
                "on": asked_on(rule),
                "when": checks.written(rule.when),
                "then": checks.show(dict(rule.does)),
                "stop": rule.stop or rule.does.get("stop") is True,
                "tests": len(rule.tests),
                "place": f"{at.file}:{at.line}:{at.column}",
                "warnings": odd.get(rule.name, []),
            }
        )
    if as_json:
        for one in found:
            output.as_json(one)
        return
    if not found:
        click.echo("there are no rules")
    for one in found:
        _list(one)


def _list(one: Mapping[str, Any]) -> None:
    """One rule, in a few lines: a table would have no room for what it asks."""
    tests = f"{one['tests']} test{'' if one['tests'] == 1 else 's'}"
    marks = [
        "" if one["enabled"] else "switched off",
        f"on {', '.join(one['on'])}",
        tests,
        "stop" if one["stop"] else "",
    ]
    name = click.style(output.plain(one["rule"]), bold=True, dim=not one["enabled"])
    click.echo(f"{one['number']:>3} {name}  {one['place']}  ({'; '.join(filter(None, marks))})")
    click.echo(f"      when {output.plain(one['when'] or 'whatever comes')}")
    click.echo(f"      then {output.plain(one['then'])}")
    for warning in one["warnings"]:
        click.echo(f"      {click.style('warning:', fg='yellow', bold=True)} {output.plain(warning)}")


# -- test ------------------------------------------------------------------------------------------------------------


@rules.command("test")
@with_folder
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a test.")
def rules_test(folder: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Run the tests that stand beside the rules; of the rules called NAME, where some are named.

    Each mail or ticket of a test goes through all rules, as the daemon would do it. Exit 1: a test fails.

    Example: maild rules test "vpn trouble"
    """
    from maild import config
    from maild.config import trials
    from maild.policy.forms import nearest

    settings = config.load(folder)
    known = [rule.name for rule in settings.rules]
    for name in names:
        if name not in known:
            raise click.UsageError(f'there is no rule "{name}"{nearest(name, known)}')
    rows: list[dict[str, Any]] = []
    wrong: list[Problem] = []
    for tried in trials.tried(settings, names):
        if as_json:
            output.as_json(_tried(tried))
        rows.append(_row(tried))
        wrong += [one.problem for one in tried.failures]
    failed = sum(row["result"] == "FAILED" for row in rows)
    if not as_json:
        output.table(
            rows, ("rule", "test", "result", "line"), "there are no tests; a rule's stand beside it under `tests`"
        )
        for one in wrong:
            click.echo(f"\n{output.plain(str(one))}")
        if rows:
            good = f"{len(rows)} test{'' if len(rows) == 1 else 's'}, all well"
            said = f"{failed} of {len(rows)} fail" if failed else good
            click.secho(f"\n{said}", fg="red" if failed else "green", bold=True)
    if failed:
        sys.exit(EX_NOT_WELL)


def _tried(tried: Tried) -> dict[str, Any]:
    return {
        "rule": tried.rule,
        "test": tried.number,
        "about": tried.about,
        "result": "failed" if tried.failures else "well",
        "file": tried.place.file,
        "line": tried.place.line,
        "column": tried.place.column,
        "failures": [_failure(one) for one in tried.failures],
    }


def _failure(one: Failure) -> dict[str, Any]:
    at = one.problem
    place = {"file": at.file, "line": at.line, "column": at.column}
    return {"key": one.key, "expected": one.expected, "got": one.got, **place, "message": at.message}


def _row(tried: Tried) -> dict[str, Any]:
    """A test as a row that 80 columns hold; what failed is told below, in whole sentences."""
    result = "FAILED" if tried.failures else "well"
    return {"rule": tried.rule, "test": f"{tried.number} {tried.about}", "result": result, "line": tried.place.line}


def _value(value: Any) -> str:
    from maild.policy.checks import show

    return show(list(value) if isinstance(value, tuple) else value)


# -- backtest --------------------------------------------------------------------------------------------------------


@rules.command("backtest")
@with_folder
@click.option(
    "--since", metavar="TIME", help="Only mails that came since then: 2026-11-01, or 30d for the last 30 days."
)
@click.option(
    "--rules",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Try the rules of this file in place of those in the configuration folder.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest N mails at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a mail.")
def rules_backtest(folder: Path, since: str | None, file: Path | None, limit: int | None, as_json: bool) -> None:
    """Show what rules would have done differently to mails that opened tickets. Writes nothing.

    Each stored mail is read and decided again, at the time when it was, and compared with the ticket that it opened.
    Change rules.yaml, and look before it goes live. It may run beside the daemon.

    Example: maild rules backtest --since 30d --rules new-rules.yaml
    """
    from maild import backtest
    from maild.config.load import load

    settings = load(folder, file)
    found = backtest.prepare(settings, _time(since, settings) if since else None, limit)
    changed = []
    for tested in _watched(found, as_json):
        if as_json:
            output.as_json(backtest.as_json(tested))
        elif tested.differences or tested.unreadable:
            changed.append(tested)
    if not as_json:
        _show(found, changed)


def _time(said: str, settings: Any) -> datetime:
    from zoneinfo import ZoneInfo

    from maild.cli import levels
    from maild.desk import page
    from maild.policy import span

    try:
        back: timedelta | None = span.duration(said)
    except ValueError:
        back = None
    if back is not None:
        return datetime.now(UTC) - back
    return levels.reader(ZoneInfo(page.zone(settings)))(said, "--since")


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """How far it is, on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading stored mails", total=total)
        yield lambda: bar.advance(task)


def _watched(found: Backtest, quiet: bool) -> Iterator[Tested]:
    if quiet or not sys.stderr.isatty():
        yield from found.run()
        return
    with _bar(len(found.numbers)) as advance:
        for tested in found.run():
            advance()
            yield tested


def _show(found: Backtest, changed: Sequence[Tested]) -> None:
    rows = [row for tested in changed for row in _rows(tested)]
    count = len(found.numbers) - found.gone
    output.table(rows, ("mail", "ticket", "subject", "what", "by"), "nothing would be different")
    sums = [
        {"rule": name, "applied_then": one.then, "applies_now": one.matched, "changes": one.changed}
        for name, one in found.sums.items()
    ]
    click.echo()
    output.table(sums, ("rule", "applied_then", "applies_now", "changes"), "there are no rules")
    said = f"{count} mail{'' if count == 1 else 's'} tried, {len(changed)} would be different"
    gone = f"; of {found.gone} more the bytes are not kept any more" if found.gone else ""
    click.secho(f"\n{said}{gone}", bold=True)


def _rows(tested: Tested) -> Iterable[dict[str, Any]]:
    head = {"mail": tested.mail, "ticket": tested.ticket, "subject": tested.subject[:60]}
    if tested.unreadable:
        yield {**head, "what": f"it cannot be read: {tested.unreadable}"}
    for number, one in enumerate(tested.differences):
        first = head if not number else {}
        what = f"{one.field}: {_shown(one.was)} -> {_shown(one.would)}"
        yield {**first, "what": what, "by": _by(tested, one)}


def _shown(value: Any) -> str:
    return "-" if value is None else _value(value)


def _by(tested: Tested, one: Difference) -> str:
    if one.rules:
        return ", ".join(one.rules)
    missed = [name for name in tested.then if name not in tested.now]
    return f"without {', '.join(missed)}" if missed else "desk.yaml"
