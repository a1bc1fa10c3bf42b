"""What is left of the demo: each mail that left as .eml and as .html, and a page that lists them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

from maild.demo import told
from maild.demo.cast import CAST, came
from maild.errors import MaildError
from maild.wire.listener import Delivery

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>maild demo: the mails that left</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left; vertical-align: top }}
</style></head><body><h1>The mails that left</h1>
<p>{count} mails, as the SMTP server got them. The .eml files open in a mail program, the .html files here.</p>
<table><tr><th>#</th><th>to</th><th>what</th><th>language</th><th>subject</th><th>open</th></tr>
{rows}
</table></body></html>
"""
_ROW = (
    "<tr><td>{n}</td><td>{to}</td><td>{what}</td><td>{language}</td><td>{subject}</td>"
    '<td><a href="{name}.html">html</a> <a href="{name}.eml">eml</a></td></tr>'
)


def prepare(folder: Path) -> Path:
    """The folder, made where it is not there; raises MaildError where that cannot be, before anything is played."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise MaildError(f"cannot write to {folder}: {e.strerror}") from e
    return folder.absolute()


def write(folder: Path, kept: Sequence[Delivery]) -> Path:
    """Write all mails; returns the page that lists them."""
    people = {p.address: p.name for p in CAST}
    rows = []
    for number, delivery in enumerate(kept, 1):
        mail = came(delivery)
        notice, to = told.notice_of(mail), mail.recipient
        name = re.sub(r"[^a-z0-9-]+", "-", f"{number:02}-{notice}-{to.partition('@')[0]}".lower())
        (folder / f"{name}.eml").write_bytes(mail.raw)
        (folder / f"{name}.html").write_text(mail.html, "utf-8")
        shown = {
            "n": str(number),
            "to": f"{people.get(to, '')} <{to}>",
            "what": notice.replace("_", " "),
            "language": mail.header("Content-Language"),
            "subject": mail.header("Subject"),
            "name": name,
        }
        rows.append(_ROW.format_map({key: html.escape(value) for key, value in shown.items()}))
    page = folder / "index.html"
    page.write_text(_PAGE.format(count=len(kept), rows="\n".join(rows)), "utf-8")
    return page
