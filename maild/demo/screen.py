"""How the demo looks: who writes what to whom, what it changed, which clock fired, and when. At home in 80 columns.

Whatever comes out of a mail is printed as text alone: it sets no colour and moves no cursor (M8).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from maild.demo.cast import ZONE

_INDENT = 11  # the width of "Mon 09:04" and two blanks
_WIDEST = 100
_READ = 0.35  # seconds to read a line
_LONGEST = 6.0


class Screen:
    """Prints; without `fast` it leaves time to read."""

    def __init__(self, fast: bool) -> None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal without Danish letters is no reason to stop
        self._console = Console(highlight=False, soft_wrap=False)  # it knows NO_COLOR and what is no terminal
        if not self._console.is_terminal:
            self._console.width = 80
        self._console.width = min(self._console.width, _WIDEST)
        self._fast = fast
        self._lines = 0

    def pause(self) -> None:
        """Time to read what was printed since the last pause."""
        if not self._fast and self._lines:
            time.sleep(min(1.0 + self._lines * _READ, _LONGEST))
        self._lines = 0

    def chapter(self, number: int, title: str) -> None:
        """The title of a part of the story."""
        self._print(Text())
        self._console.rule(Text(f" {number}  {title} ", style="bold"), align="left", style="blue")

    def say(self, text: str) -> None:
        """An explanation."""
        self._print(Padding(Text(plain(text), style="italic dim"), (0, 2, 0, 2)))

    def time_passes(self, words: str) -> None:
        """The clock jumped."""
        self._print(Text())
        self._print(Text(f"  ~ ~ ~  {words}  ~ ~ ~", style="magenta"))

    def person_writes(self, at: datetime, name: str, role: str, subject: str, lines: Sequence[str]) -> None:
        """Somebody of the cast writes to the desk."""
        head = Text.assemble((name, "bold cyan"), (f" ({role})", "cyan"), " writes to the desk")
        self._mail(at, head, subject, lines, "cyan")

    def desk_writes(
        self, at: datetime, notice: str, to: str, language: str, subject: str, lines: Sequence[str]
    ) -> None:
        """A mail of the daemon's arrived at somebody."""
        what = notice.replace("_", " ")
        head = Text.assemble(("maild", "bold green"), " to ", (to, "bold"), (f"  [{what}, {language}]", "green"))
        self._mail(at, head, subject, lines, "green")

    def also(self, to: Iterable[str]) -> None:
        """Who got a mail of the kind that was just shown, too."""
        self._line(Text(f"and one to {', '.join(to)}", style="green"))

    def fate(self, text: str) -> None:
        """What the ledger says about a mail that came in."""
        self._line(Text(f"ledger: {plain(text)}", style="dim"))

    def command(self, line: str, result: str, says: str) -> None:
        """What came of one command line."""
        style = "yellow" if result == "done" else "bold red"
        self._line(Text.assemble((plain(line), style), f"  {result}: {plain(says)}"))

    def event(self, key: str, text: str) -> None:
        """What changed on a ticket."""
        self._line(Text.assemble((key, "bold yellow"), f"  {plain(text)}"))

    def clock(self, key: str, text: str) -> None:
        """A clock fired."""
        self._line(Text.assemble((key, "bold red"), ("  clock: ", "bold red"), (plain(text), "red")))

    def holds(self, text: str) -> None:
        """Something that was looked up and found to be so."""
        self._line(Text.assemble(("checked: ", "bold"), plain(text)))

    def failed(self, text: str) -> None:
        """Why the demo cannot go on."""
        self._print(Text.assemble(("The demo stopped: ", "bold red"), plain(text)))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table."""
        table = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold", header_style="bold")
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        self._print(Padding(table, (1, 2, 0, 2)))

    def plain(self, text: str) -> None:
        """A line as it is; not broken, so that a path can be copied."""
        self._console.print(Text(f"  {plain(text)}"), soft_wrap=True)

    def _mail(self, at: datetime, head: Text, subject: str, lines: Sequence[str], colour: str) -> None:
        self._print(Text())
        self._print(Text.assemble((f"{at.astimezone(ZONE):%a %H:%M}  ", "magenta"), head))
        self._line(Text(plain(subject), style="bold"))
        for line in lines:
            bar = Table.grid(padding=(0, 1))
            bar.add_column(width=1)
            bar.add_column()
            text = Text(plain(line))
            broken = text.wrap(self._console, max(20, self._console.width - _INDENT - 4))
            for piece in broken:
                bar.add_row(Text("│", style=colour), piece)
            self._line(bar)

    def _line(self, what: RenderableType) -> None:
        self._print(Padding(what, (0, 0, 0, _INDENT)))

    def _print(self, what: RenderableType) -> None:
        with self._console.capture() as capture:
            self._console.print(what)
        printed = capture.get()
        self._lines += printed.count("\n")
        self._console.file.write(printed)
        self._console.file.flush()


def plain(text: str) -> str:
    """Text that moves no cursor."""
    return "".join(c if c.isprintable() else " " for c in text)
