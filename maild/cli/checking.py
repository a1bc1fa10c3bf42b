"""Commands that need no desk: init, check, schema, parse."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from maild.cli import EX_CONFIG, EX_NOT_WELL, cli, output, with_folder
from maild.config import Settings


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
    """Check the whole configuration: syntax, meaning, rules' tests, and every template in every language.

    A warning names what works and may not be meant; the configuration is well all the same.

    Example: maild --config /etc/maild check
    """
    from maild import config, shipped
    from maild.mail.templates import Templates

    warnings: list[str] = []
    try:
        settings = config.load(folder)
        warnings = [str(w) for w in config.warnings(settings)]
        problems = [str(p) for p in config.check(settings)]
        folders = [f for f in (folder / "templates", shipped.folder("templates")) if f.is_dir()]
        templates = Templates(folders)
        problems += [*_languages(settings, templates.languages()), *templates.check()]
    except config.ConfigError as e:
        problems = [str(p) for p in e.problems]
    for problem in problems:
        _say(problem, "problem", as_json)
    for warning in warnings:
        _say(warning, "warning", as_json)
    if problems:
        sys.exit(EX_CONFIG)
    if not as_json:
        click.echo(f"{folder}: well")


def _say(text: str, kind: str, as_json: bool) -> None:
    if as_json:
        output.as_json({kind: text})
    elif kind == "warning":  # FILE:LINE:COLUMN: warning: MESSAGE, as compilers have it
        place, _, message = text.partition(": ")
        click.echo(f"{place}: warning: {message}")
    else:
        click.echo(text)


def _languages(settings: Settings, known: Sequence[str]) -> Iterator[str]:
    """A language of the desk without templates: its mails would go out in another."""
    for i, language in enumerate(settings.desk.languages):
        if language not in known:
            line, column = settings.places.get(("desk.yaml", ("languages", i)), (1, 1))
            words = f"there are no templates in `{language}`; there are {', '.join(known)}"
            yield f"desk.yaml:{line}:{column}: languages: {words} (templates/{language}/ may bring more)"


@cli.command()
@click.argument("file", type=click.Choice(["maild.yaml", "desk.yaml", "rules.yaml"]))
def schema(file: str) -> None:
    """Print the JSON Schema of one of the three files, for editors.

    Example: maild schema desk.yaml > desk.schema.json
    """
    from maild import config

    click.echo(json.dumps(config.schema(file), indent=2, ensure_ascii=False))


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
