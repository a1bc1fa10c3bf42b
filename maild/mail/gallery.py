"""All notices in all languages as pages that can be looked at without a server, and one page that leads to them.

Each notice is there as it is sent, as a light and as a dark mail program shows it, and as text. Nothing is fetched from
anywhere and no script runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from maild.mail.templates import Templates

_DARK = "(prefers-color-scheme: dark)"
VIEWS = ("light", "dark", "as sent", "text")
_FILE = {"light": ".light.html", "dark": ".dark.html", "as sent": ".html", "text": ".txt"}
_WIDTHS = (("wide", "100%"), ("mail", "800px"), ("phone", "390px"))

_STYLE = """
body { margin: 0; display: flex; height: 100vh; font: 14px/1.4 system-ui, sans-serif; color: #1f2933; }
nav { flex: 0 0 52%; overflow: auto; padding: 0 16px 32px; box-sizing: border-box; border-right: 1px solid #cbd2d9; }
main { flex: 1; display: flex; flex-direction: column; min-width: 0; background: #9aa5b1; }
main p { margin: 0; padding: 8px 16px; background: #fff; border-bottom: 1px solid #cbd2d9; }
iframe { flex: 1; width: 100%; border: 0; background: #fff; margin: 0 auto; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; padding: 6px 10px 6px 0; border-top: 1px solid #e4e7eb; }
td small { display: block; color: #52606d; overflow-wrap: anywhere; }
a { margin-right: 4px; color: #1d6585; white-space: nowrap; }
a:focus, a:visited:focus { background: #fff3c4; }
"""


def page(html: str, view: str) -> str:
    """A page of a mail as a light or a dark mail program shows it, whatever the browser is set to."""
    return html.replace(_DARK, {"light": "not all", "dark": "all"}.get(view, _DARK))


def pages(
    templates: Templates, languages: Sequence[str], values: Callable[[str, str], Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Each file of the gallery: its name, and what stands in it. `values` has the samples; the index comes last."""
    notices = sorted({notice for language in languages for notice in templates.notices(language)})
    rows = []
    for notice in notices:
        cells = []
        for language in languages:
            made = templates.render(notice, language, values(notice, language))
            stem = f"{language}/{notice}"
            for view in VIEWS[:-1]:
                yield stem + _FILE[view], page(made.html, view)
            yield stem + _FILE["text"], f"\ufeffSubject: {made.subject}\n\n{made.text}"
            links = " ".join(f'<a href="{stem}{_FILE[view]}" target="shown">{view}</a>' for view in VIEWS)
            own = "" if notice in templates.notices(language) else " (not in this language)"
            cells.append(f'<td lang="{language}"><small dir="auto">{escape(made.subject)}{own}</small>{links}</td>')
        rows.append(f"<tr><th>{notice}</th>{''.join(cells)}</tr>")
    yield "index.html", _index(languages, rows)


def _index(languages: Sequence[str], rows: Sequence[str]) -> str:
    widths = "".join(
        f'<label><input type="radio" name="width" class="{name}"{" checked" if name == "wide" else ""}> {name}</label> '
        for name, _ in _WIDTHS
    )
    rules = "\n".join(f"main:has(.{name}:checked) iframe {{ max-width: {width}; }}" for name, width in _WIDTHS)
    heads = "".join(f"<th>{language}</th>" for language in languages)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The mails of this desk</title>
<style>{_STYLE}{rules}
</style>
</head>
<body>
<nav>
<h1>The mails of this desk</h1>
<p>Every notice in every language, with sample values. Choose a view; it is shown on the right.</p>
<table>
<tr><th>notice</th>{heads}</tr>
{chr(10).join(rows)}
</table>
</nav>
<main>
<p>Width: {widths}</p>
<iframe name="shown" title="The mail"></iframe>
</main>
</body>
</html>
"""
