"""How commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click


def as_json(value: Any) -> None:
    """One JSON object on a line of its own; times as ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, default=_plainly))


_FRACTION = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)\.?\d*\+00:00$")


def moment(value: Any) -> str:
    """A value for a person: a time in UTC to the second, anything else as it is."""
    return _FRACTION.sub(r"\1 \2Z", str(value))


def _plainly(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Rows as a table; `empty` is said where there are none."""
    rows = list(rows)
    if not rows:
        click.echo(empty)
        return
    from rich.console import Console  # a quarter of a second: only where a table is printed
    from rich.table import Table
    from rich.text import Text

    printed = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        printed.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        printed.add_row(*(Text(cell(row.get(c))) for c in columns))
    console = Console()
    if not console.is_terminal:  # a file or a pipe: nothing is folded, so that grep finds it
        console.width = 1_000
    console.print(printed)


def rows(found: Sequence[Mapping[str, Any]], columns: Sequence[str], json_lines: bool, empty: str) -> None:
    """Rows as JSON, one object a line, or as a table."""
    if not json_lines:
        table(found, columns, empty)
        return
    for row in found:
        as_json(row)


def cell(value: Any) -> str:
    """A value on one line, as people read it."""
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, dict):  # what is empty says nothing to a person; JSON has it all
        text = ", ".join(f"{key}: {cell(inner)}" for key, inner in value.items() if inner not in (None, "", [], False))
    elif isinstance(value, list):
        text = " ".join(map(cell, value))
    else:
        text = "" if value is None else moment(value)
    return "".join(c if c.isprintable() else " " for c in text)


def plain(value: Any) -> str:
    """A value for a terminal: what a mail says moves no cursor and changes no colour (M8)."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
