"""Commands about the texts of mails: which there are, which are in force, and how they look."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from maild.cli import EX_CONFIG, cli, output, with_folder
from maild.mail import wording
from maild.mail.templates import FALLBACK, SUFFIX, Templates

LANGUAGE = click.option(
    "--language", metavar="LANGUAGE", default=FALLBACK, show_default=True, help="In which language."
)


@cli.group()
def template() -> None:
    """The texts of mails. A file in the configuration folder's templates/ overrides the one that maild brings.

    Example: maild template render closure --language it
    """


@template.command("list")
@with_folder
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def template_list(folder: Path, as_json: bool) -> None:
    """List the notices, the languages that have each, and where a text of yours is in force.

    The parts that several notices share, the layouts and the lists of words are named as well.

    Example: maild template list
    """
    templates = _templates(folder)
    languages = templates.languages()
    rows = []
    for kind, name, files in _all(templates, languages):
        found = {where: templates.source(file) for where, file in files.items()}
        own = [str(one[0]) for one in found.values() if one and _is_own(one[0], folder)]
        has = [where for where, one in found.items() if one and where]
        rows.append({"name": name, "kind": kind, "languages": has, "overridden_by": own})
    output.rows(rows, ("name", "kind", "languages", "overridden_by"), as_json, "no templates")


@template.command("show")
@with_folder
@click.argument("name")
@LANGUAGE
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def template_show(folder: Path, name: str, language: str, as_json: bool) -> None:
    """Show the source that is in force, to begin an override with. Its path goes to stderr.

    NAME is a notice, or what else `maild template list` names.

    Example: maild template show closure --language it > /etc/maild/templates/it/closure.md.j2
    """
    templates = _templates(folder)
    _known_language(language, templates)
    kinds = {known: files for _, known, files in _all(templates, templates.languages())}
    files = kinds.get(name) or kinds.get(name.removesuffix(SUFFIX)) or kinds.get(name.removesuffix(".j2"))
    if files is None:
        raise click.UsageError(f'there is no template "{name}"{wording.nearest(name, kinds)}')
    wanted = [files[where] for where in ("", language, language.partition("-")[0], FALLBACK) if where in files]
    path = next(found[0] for file in wanted if (found := templates.source(file)))
    source = path.read_text("utf-8")
    if as_json:
        told = {"name": name, "language": language, "path": str(path), "override": _is_own(path, folder)}
        output.as_json({**told, "source": source})
        return
    click.secho(str(path), err=True, dim=True)
    click.echo(source, nl=not source.endswith("\n"))


@template.command("render")
@with_folder
@click.argument("name")
@click.option(
    "--language",
    metavar="LANGUAGE",
    help=f"In which language [default: {FALLBACK}, or with --ticket the reader's].",
)
@click.option("--ticket", "key", metavar="KEY", help="With the values of this ticket; nothing is changed by it.")
@click.option(
    "--open",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write the page there; in a terminal it is opened in your browser as well.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: subject, text, html.")
def template_render(
    folder: Path, name: str, language: str | None, key: str | None, page: Path | None, as_json: bool
) -> None:
    """Show a notice as it would go out: with sample values, or with those of a ticket.

    With --ticket it is shown as its reader would get it: the requester, or somebody of the ticket's line. What only
    the occasion brings (why a mail was held, say) is left out then.

    Example: maild template render closure --language da --ticket INC-12 --open closure.html
    """
    problems: list[str] = []
    templates = _templates(folder, problems)
    if language is not None:
        _known_language(language, templates)
    name = name.removesuffix(SUFFIX)
    known = {notice for one in templates.languages() for notice in templates.notices(one)}
    if name not in known:
        raise click.UsageError(
            f'there is no notice "{name}"{wording.nearest(name, known) or "; `maild template list` names them"}'
        )
    values, language = _values(folder, name, language, key, templates)
    made = templates.render(name, language, values)
    if page is not None:
        page.write_text(made.html, "utf-8")
        if sys.stdout.isatty():
            click.launch(str(page))
    if as_json:
        told = {"notice": name, "language": language, "ticket": key}
        output.as_json({**told, "subject": made.subject, "text": made.text, "html": made.html})
    else:
        click.echo(
            f"{click.style('Subject:', bold=True)} {output.plain(made.subject)}\n\n{output.plain(made.text)}", nl=False
        )
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        click.echo("maild: what is shown stood in for a text that cannot be used", err=True)
        sys.exit(EX_CONFIG)


@template.command("gallery")
@with_folder
@click.argument("target", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option(
    "--language", "languages", metavar="LANGUAGE", multiple=True, help="Only in this language; may be repeated."
)
def template_gallery(folder: Path, target: Path, languages: tuple[str, ...]) -> None:
    """Write every notice in every language as pages, light and dark, and as text, with an index to open first.

    Example: maild template gallery /tmp/gallery --language it
    """
    from maild.mail import gallery

    problems: list[str] = []
    templates = _templates(folder, problems)
    for language in languages:
        _known_language(language, templates)
    chosen = languages or templates.languages()
    for name, text in gallery.pages(
        templates, chosen, lambda one, where: _values(folder, one, where, None, templates)[0]
    ):
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"open {target / 'index.html'} in your browser")
    if problems:
        sys.exit(EX_CONFIG)


def _templates(folder: Path, problems: list[str] | None = None) -> Templates:
    """Those in force; they can be looked at where the rest of the configuration is wrong, and where there is none."""
    from maild import shipped

    folders = [f for f in (folder / "templates", shipped.folder("templates")) if f.is_dir()]
    return Templates(folders, None if problems is None else problems.append)


def _is_own(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder / "templates")


def _all(templates: Templates, languages: Sequence[str]) -> list[tuple[str, str, dict[str, str]]]:
    """Kind, name, and the file of each language, of everything that can be overridden; "" is the language of all."""
    files = {file for language in languages for file in templates.files(language)}
    found = []
    for file in sorted(files, key=lambda file: (not file.endswith(SUFFIX), file)):
        kind = "notice" if file.endswith(SUFFIX) else "part"
        name = file.removesuffix(SUFFIX).removesuffix(".j2")
        if kind == "part" and f"{name}{SUFFIX}" in files:
            name = file  # a part and a notice of one name
        found.append((kind, name, {language: f"{language}/{file}" for language in languages}))
    found += [("layout", f"layout.{kind}", {"": f"layout.{kind}.j2"}) for kind in ("html", "txt")]
    words = ("words.json", "receipt.json")
    return found + [("words", name, {language: f"{language}/{name}" for language in languages}) for name in words]


def _known_language(language: str, templates: Templates) -> None:
    known = templates.languages()
    if language not in known and language.partition("-")[0] not in known:
        raise click.UsageError(f'there are no templates in "{language}"; there are {", ".join(known)}')


def _values(
    folder: Path, name: str, language: str | None, key: str | None, templates: Templates
) -> tuple[Mapping[str, Any], str]:
    """The values of a notice and its language: of a ticket, or samples."""
    if key is None:
        from maild.mail.translated import translated
        from maild.policy import commands, orders

        assert commands  # importing it fills the list

        chosen = language or FALLBACK
        values = translated(name, chosen, templates.words(chosen))
        return (values | {"commands": orders.help_lines(chosen)} if name == "help" else values), chosen
    from datetime import UTC, datetime

    from maild import preview
    from maild.cli.running import ready

    return preview.values(ready(folder), key, name, language, templates, datetime.now(UTC))
