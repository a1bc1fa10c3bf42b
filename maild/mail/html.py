"""HTML of a mail to text: what a reader would see, links in the open, quotes marked by ">" as in a text mail.

Received HTML is never shown and never sent on (B54). The source is cut to a limit before it is parsed. Where a mail
program marks the place at which its quote begins, `CUT` stands in the text: the reply splitter takes it away.
"""

from __future__ import annotations

import html as entities
import re
from functools import cache
from typing import Any

CUT = "\ue0f0"  # private use: stands alone on the line above a quote
_OPEN, _CLOSE = "\ue0f1", "\ue0f2"
MARKS = re.compile(f"[{CUT}{_OPEN}{_CLOSE}]")

_CELLS = 4_000  # of tables: more are no table to be laid out as one, and cost a second
_STYLE = 60_000  # characters of a page in which its style is looked for
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|!|$)"
    r"|max-height\s*:\s*0(?:px)?\s*(?:;|!|$)|opacity\s*:\s*0\s*(?:;|!|$)",
    re.IGNORECASE,
)
_DROPPED = ("script", "style", "head", "template", "noscript", "object", "embed", "iframe", "svg", "math", "title")
_QUOTING = {"div", "hr", "p", "blockquote", "table", "span"}
# Where Outlook, Yahoo, Proton, Zimbra, Apple and others begin the quote of what they answer.
_QUOTE_ID = re.compile(
    r"^(?:x_)*(?:divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION|mail-editor-reference-message-container"
    r"|ms-outlook-mobile-reference-message|isForwardContent|reply-intro|replySplit|zimbraReplySeparator|stopSpelling)"
)
_QUOTE_CLASS = re.compile(
    r"(?:^|\s)(?:x_)*(?:OutlookMessageHeader|yahoo_quoted|protonmail_quote|zmail_extra|gmail_attr|moz-cite-prefix"
    r"|ms-outlook-mobile-reference-message|tutanota_quote|front-attr|mailbird-original|WordSection0)(?:\s|$)"
)
_BORDER = re.compile(r"border\s*:\s*none\s*;\s*border-top\s*:\s*solid\s+#(?:B5C4DF|E1E1E1)\s+1\.0pt", re.IGNORECASE)
# Outlook separates nothing but by empty paragraphs: its page says that the others have no margin.
_TIGHT = re.compile(r"(?i)\bp(?:\.MsoNormal)?(?:\s*,[^{}]{0,200})?\s*\{([^{}]{0,500})\}")
_MARGIN = re.compile(r"(?i)\bmargin(?:-top|-bottom)?\s*:([^;]{0,60})")
_TAG = re.compile(r"<[^<>]{0,5000}>")
_BLOCK = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,500}>")
_UNSEEN_SOURCE = re.compile(r"(?is)<(script|style|head|template)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)")
_SAFE_LINK = re.compile(r"(?i)(?:https?|ftp|mailto|tel):")
_XML = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ue0f0-\ue0f2]")


def to_text(source: str, limit: int) -> tuple[str, bool]:
    """The text of `source`, of which at most `limit` characters are read, and whether it was cut. Never raises."""
    cut = len(source) > limit
    source = _CONTROL.sub("", _XML.sub("", source[:limit]))
    if not source.strip():
        return "", cut
    if source.count("<td") + source.count("<TD") > _CELLS:
        return _stripped(source), cut
    try:
        text = _rendered(source)
    except Exception:  # noqa: BLE001 - lxml and inscriptis raise what they like on hostile HTML; the tags then simply go
        text = _stripped(source)
    return text, cut


@cache
def _tools() -> tuple[Any, Any, Any]:
    """lxml and inscriptis cost 0.1 s to import: only a mail that needs them pays."""
    import lxml.html  # type: ignore[import-untyped]  # ships no types
    from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]  # the same
    from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]  # the same
    from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]  # the same

    return lxml.html, Inscriptis, ParserConfig(css=CSS_PROFILES["strict"].copy())


def warm() -> None:
    """Imports what conversion needs, so that the first mail does not wait for it."""
    to_text("<p>warm</p>", 100)


def _rendered(source: str) -> str:
    lxml_html, engine, config = _tools()
    tight = _is_tight(source)
    tree = lxml_html.document_fromstring(source, parser=lxml_html.HTMLParser(recover=True, remove_comments=True))
    for element in list(tree.iter()):
        _prepare(element)
        if tight and element.tag == "p":
            _set_tight(element)
    return _lines(engine(tree, config).get_text())


def _is_tight(source: str) -> bool:
    """Whether the page's style gives its paragraphs no margin, so that nothing stands between their lines."""
    found = [_MARGIN.findall(style) for style in _TIGHT.findall(source[:_STYLE]) if "margin" in style]
    return bool(found) and not any(re.search(r"[1-9]", value.replace(".0001pt", "")) for one in found for value in one)


def _set_tight(element: Any) -> None:
    """A paragraph without margin is a line; where it holds nothing, it is an empty one."""
    element.tag = "div"
    if not "".join(element.itertext()).strip() and not any(child.tag in ("br", "img") for child in element.iter()):
        for child in list(element):
            element.remove(child)
        element.text = None
        element.append(element.makeelement("br"))


def _prepare(element: Any) -> None:
    tag, parent = element.tag, element.getparent()
    style = element.get("style") or "" if isinstance(tag, str) else ""
    if not isinstance(tag, str) or tag in _DROPPED or "hidden" in element.attrib or (style and _HIDDEN.search(style)):
        if tag not in {"html", "body"} and parent is not None:
            _keep_tail(element)
            parent.remove(element)
        return
    if tag == "a":
        _show_link(element)
    elif tag == "img":
        _show_picture(element)
    elif tag == "blockquote":
        _wrap(element)
    elif tag == "hr":
        element.tag = "div"  # inscriptis would let the texts around it run together
    if parent is not None and tag in _QUOTING and _begins_quote(element, style):
        element.addprevious(_paragraph(element, CUT))


def _begins_quote(element: Any, style: str) -> bool:
    """Whether a mail program has marked here that the old mail begins."""
    name, classes = element.get("id") or "", element.get("class") or ""
    return bool(_QUOTE_ID.match(name) or _QUOTE_CLASS.search(classes) or (style and _BORDER.search(style)))


def _show_picture(element: Any) -> None:
    words = " ".join((element.get("alt") or "").split())
    if words:
        element.tail = f"[{words[:200]}]{element.tail or ''}"


def _paragraph(element: Any, text: str) -> Any:
    made = element.makeelement("div")
    made.text = text
    return made


def _wrap(element: Any) -> None:
    opening = _paragraph(element, _OPEN)
    opening.tail, element.text = element.text, None
    element.insert(0, opening)
    element.append(_paragraph(element, _CLOSE))


def _keep_tail(element: Any) -> None:
    parent, tail = element.getparent(), element.tail
    if parent is None or not tail:
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    element.tail = None


def _show_link(element: Any) -> None:
    """The target stands behind the words, unless they are the same: what is clicked is what is shown (B54)."""
    href = "".join((element.get("href") or "").split())[:2_000]
    if not _SAFE_LINK.match(href):
        return
    shown = "".join("".join(element.itertext()).split())
    target = re.sub(r"(?i)^mailto:", "", href)
    if shown.rstrip("/").lower() in {
        href.rstrip("/").lower(),
        target.lower(),
        href.partition("://")[2].rstrip("/").lower(),
    }:
        return
    element.tail = f"{' ' if shown else ''}<{href if href != target and '?' in target else target}>{element.tail or ''}"


def _lines(text: str) -> str:
    """Trailing blanks and runs of empty lines gone, quotes of HTML as "> ", up to eight deep."""
    out: list[str] = []
    depth = 0
    for raw in text.split("\n"):
        line = raw.rstrip()
        opens, closes = line.count(_OPEN), line.count(_CLOSE)
        if opens or closes:
            depth += opens
            line = line.replace(_OPEN, "").replace(_CLOSE, "")
        if line.strip() or not (opens or closes):
            prefix = ">" * min(depth, 8)
            if CUT in line:
                out.append(CUT)
                line = line.replace(CUT, "")
                if not line.strip():
                    continue
            line = line.strip() if prefix else line
            line = f"{prefix} {line}".rstrip() if prefix else line
            if line or (out and out[-1]):
                out.append(line)
        depth = max(0, depth - closes)
    return "\n".join(out).strip("\n") + "\n"


def _stripped(source: str) -> str:
    source = _BLOCK.sub("\n", _UNSEEN_SOURCE.sub("", source))
    return entities.unescape(_TAG.sub("", source))
