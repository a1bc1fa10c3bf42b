"""Commands that need no desk: init, check, schema, parse."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from maild.cli import EX_CONFIG, EX_NOT_WELL, cli, output, with_folder
from maild.config import Problem


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def init(folder: Path) -> None:
    """Write a starter configuration, commented, with a fresh secret.

    Example: maild init /etc/maild
    """
    from maild import config

    for path in config.init(folder):
        click.echo(f"wrote {path}")
    click.echo(f"Now edit the files, and look at them with: maild --config {folder} check")


@cli.command()
@with_folder
@click.option("--json", "as_json", is_flag=True, help="One JSON object a problem or warning.")
def check(folder: Path, as_json: bool) -> None:
    """Check the whole configuration: syntax, meaning, secrets, rules' tests, every template in every language.

    A warning names what works and may not be meant; the configuration is well all the same.

    Example: maild --config /etc/maild check
    """
    from maild import config
    from maild.config import needs

    warnings: list[Problem] = []
    try:
        settings = config.load(folder)
        warnings = sorted({*config.warnings(settings), *needs.doubts(settings)})
        problems = sorted({*config.check(settings), *needs.unmet(settings, here=False)})
    except config.ConfigError as e:
        problems = list(e.problems)
    for problem in problems:
        _say(problem, "problem", as_json)
    for warning in warnings:
        _say(warning, "warning", as_json)
    counts = [_count(n, word) for n, word in ((len(problems), "problem"), (len(warnings), "warning")) if n]
    if problems:
        if not as_json:  # apart from what editors read
            click.secho(f"{folder}: {', '.join(counts)}", fg="red", bold=True, err=True, color=_COLOUR)
        sys.exit(EX_CONFIG)
    if not as_json:
        click.secho(f"{folder}: {', '.join(['well', *counts])}", fg="green", bold=True, color=_COLOUR)


_COLOUR = False if os.environ.get("NO_COLOR") else None  # None: in a terminal


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _say(said: Problem, kind: str, as_json: bool) -> None:
    if as_json:
        place = {"file": said.file, "line": said.line, "column": said.column, "message": said.message}
        output.as_json({kind: str(said), **place})
        return
    # FILE:LINE:COLUMN: warning: MESSAGE, as compilers have it
    place_of = click.style(f"{said.file}:{said.line}:{said.column}:", bold=True)
    marked = click.style("warning: ", fg="yellow", bold=True) if kind == "warning" else ""
    click.echo(f"{place_of} {marked}{output.plain(said.message)}", color=_COLOUR)


@cli.command()
@click.argument("file", required=False, type=click.Choice(["maild.yaml", "desk.yaml", "rules.yaml"]))
@click.option("--text", is_flag=True, help="As a reference to read, in Markdown.")
def schema(file: str | None, text: bool) -> None:
    """Print the JSON Schema of one of the three files, for editors; without a name, of all three by their names.

    Example: maild schema desk.yaml > desk.schema.json
    """
    from maild import config
    from maild.config import reference
    from maild.config.load import FILES

    if text:
        click.echo(reference.markdown([file] if file else FILES), nl=False)
        return
    found = config.schema(file) if file else {name: config.schema(name) for name in FILES}
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a mail.")
def parse(files: tuple[Path, ...], as_json: bool) -> None:
    """Show what mails say: sender, kind, new text and quote, language, attachments.

    Example: maild parse --json letter.eml | jq .reply
    """
    from maild.errors import Unreadable
    from maild.mail import reading
    from maild.mail.reading import ReadSettings
    from maild.mail.sandbox import Reader

    failed = False
    with Reader(ReadSettings()) as reader:
        for file in files:
            try:
                raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
            except OSError as e:
                click.echo(f"maild: {file}: {e.strerror}", err=True)
                failed = True
                continue
            read = reader.read(raw)
            if isinstance(read, Unreadable):
                click.echo(f"maild: {file}: {read}", err=True)
                failed = True
            elif as_json:
                output.as_json(reading.as_json(read, str(file)))
            else:
                _show(reading.as_json(read, str(file)))
    if failed:
        sys.exit(EX_NOT_WELL)


def _show(said: dict[str, object]) -> None:
    for key, value in said.items():
        if key not in ("text", "reply", "elided") and value not in (None, [], ""):
            click.echo(f"{click.style(key, bold=True)}: {output.plain(value)}")
    click.echo(f"\n{output.plain(said['reply'])}")
    if said["elided"]:
        click.secho(f"\n{output.plain(said['elided'])}", dim=True)
    click.echo()
