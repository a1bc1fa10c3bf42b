"""The last page of the demo: what became of the tickets, how many mails there were, and whether the balance holds."""

from __future__ import annotations

from pathlib import Path

from maild.demo.play import Play
from maild.desk import inbox
from maild.desk.models import Ticket


def tell(play: Play, page: Path, sent: int) -> bool:
    """Print the summary; whether each mail that came in has its one fate (M1)."""
    screen = play.screen
    screen.pause()
    rows = [
        (t.key, t.requester.name, t.status, t.priority, t.line, t.assignee or "-", t.satisfaction or "-")
        for t in Ticket.select().order_by(Ticket.id)
    ]
    columns = ("ticket", "requester", "status", "priority", "line", "assignee", "satisfied")
    screen.table("How it ended", columns, rows)
    days = inbox.balance()
    came = sum(day["mailbox"] for day in days)
    fates = {name: sum(day[name] for day in days) for name in inbox.FATES}
    holds = came == play.written and all(day["well"] for day in days)
    screen.table(
        "The mails",
        ("in", "out", *fates, "balance"),
        [(str(came), str(sent), *map(str, fates.values()), "holds" if holds else "DOES NOT HOLD")],
    )
    screen.plain("")
    screen.plain("The mails that maild sent, to open in a browser or a mail program:")
    screen.plain(str(page))
    if holds:
        screen.plain("Your own desk begins with: maild init DIR")
    return holds
