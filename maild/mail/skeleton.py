"""A mail without its values: light Markdown turned into text and HTML, with numbered places that values fill later.

The template engine prints a place (letters and digits only) for every value, so Markdown, HTML and the style inliner
never see what a mail contained (M8). `fill` puts each value in once, escaped for where its place stands, and what was
put in is never looked at again. Making a skeleton costs milliseconds, filling one costs microseconds.

Kinds of places: t one line of text; b a block, shown as it is; q a block, shown as quoted data; g a percentage, shown
as a bar of table cells, which is nothing in text: the figures stand beside it.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, unquote

from css_inline import CSSInliner
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

BODY = "\x02"  # where the layout wants the body; no template file can print it
LONGEST_SUBJECT = 200

Put = Callable[[str], str]
Part = tuple[str, int, Put]


class BadTemplate(ValueError):
    """A template asks for something that no mail may hold."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Text with places: each part is fixed text, the number of the value that follows, and how to put it in."""

    parts: tuple[Part, ...]
    end: str

    def fill(self, values: Sequence[str]) -> str:
        out: list[str] = []
        for fixed, index, put in self.parts:
            out += (fixed, put(values[index]))
        out.append(self.end)
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The three readings of one notice."""

    subject: Parts
    text: Parts
    html: Parts


# ---- putting values in ------------------------------------------------------------------------------------------

_INDENT = re.compile(r"^ +|(?<= ) +|\t", re.MULTILINE)


def _as_it_is(value: str) -> str:
    return value


_SPECIAL = re.compile("[&<>\"'\n]")


def escaped(value: str) -> str:
    """Text as HTML."""
    return markup.escape(value).replace("\n", "<br>") if _SPECIAL.search(value) else value


# What is written from right to left. Among it only letters count: they turn the line that they stand in.
_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")


def _isolated(value: str) -> str:
    """Text as HTML that keeps its own direction and leaves that of its surroundings alone."""
    said = escaped(value)
    return said if value.isascii() or not _RIGHT.search(value) else f'<span dir="auto">{said}</span>'


def _escaped_block(value: str) -> str:
    """Line breaks and the indentation of code hold in every mail program, also where CSS white-space does not."""
    value = _INDENT.sub(lambda m: "\xa0" * (len(m.group()) if m.group() != "\t" else 4), value)
    return markup.escape(value).replace("\n", "<br>")


def _address(value: str) -> str:
    return markup.escape(value) if value.startswith(("https:", "http:", "mailto:", "tel:")) else "#"


def _address_part(value: str) -> str:
    return markup.escape(quote(value, safe="@+-._~"))


_BAR = 96  # pixels


def _bar(value: str) -> str:
    """A bar for so many of a hundred. Its colours stand here as well: the inliner never sees what is put in."""
    share = min(100, int(value)) if value.isdecimal() else 0
    kept = round(_BAR * share / 100)
    parts = (("kept", kept, "#2f6f8f"), ("missed", _BAR - kept, "#d98200"))
    cells = "".join(
        f'<td class="{name}" width="{width}" height="10" bgcolor="{colour}" style="width:{width}px;height:10px;'
        f'padding:0;background:{colour};font-size:1px;line-height:10px">&nbsp;</td>'
        for name, width, colour in parts
        if width
    )
    frame = f'width="{_BAR}" cellpadding="0" cellspacing="0" style="width:{_BAR}px;margin:7px 0;table-layout:fixed"'
    return f'<table role="presentation" {frame}><tr>{cells}</tr></table>'


def _nothing(value: str) -> str:
    return ""


def _indented(prefix: str, value: str) -> str:
    return value.replace("\n", "\n" + prefix)


def _to_write(pattern: str, value: str) -> str:
    """A mailto link in words: what to write in the reply, or the address."""
    if not value.startswith("mailto:"):
        return value
    address, _, query = value[len("mailto:") :].partition("?")
    body = re.search(r"(?:^|&)body=([^&]+)", query)
    if not body:
        return unquote(address)
    return pattern.format(what=unquote(body[1]).split("\n")[0].strip(), address=unquote(address))


# ---- making a skeleton ------------------------------------------------------------------------------------------


class Press:
    """Turns rendered templates into skeletons; `nonce` (lower case letters and digits) marks the places."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self._places = re.compile(nonce + r"([tbqgu])(\d+)z")
        markdown = MarkdownIt("commonmark", {"html": False})
        self._markdown = markdown.enable("table").disable(["code", "fence", "image", "html_block"])
        self._inliner = CSSInliner(load_remote_stylesheets=False)

    def place(self, kind: str, index: int) -> str:
        return f"{self.nonce}{kind}{index}z"

    def press(self, subject: str, body: str, layout_text: str, layout_html: str, write: str) -> Skeleton:
        """`subject` and the layouts are plain, `body` is Markdown; `write` says how a mailto link reads in text."""
        tokens = self._markdown.parse(body)
        text = _Text(self._places).blocks(SyntaxTreeNode(tokens))
        page = layout_html.replace(BODY, self._html(tokens))
        return Skeleton(
            self._text_parts(subject, write),
            self._text_parts(layout_text.replace(BODY, "\n".join(text)).strip("\n") + "\n", write),
            self._html_parts(self._inliner.inline(page)),
        )

    def _split(self, skeleton: str) -> Iterator[tuple[str, str, int, re.Match[str]]]:
        position = 0
        for match in self._places.finditer(skeleton):
            yield skeleton[position : match.start()], match[1], int(match[2]), match
            position = match.end()

    def _end(self, skeleton: str) -> str:
        end = skeleton
        for match in self._places.finditer(skeleton):
            end = skeleton[match.end() :]
        if self.nonce in self._places.sub("", skeleton).lower():
            raise BadTemplate("a printed value was changed after printing (a filter block, a macro or a set block)")
        return end

    def _text_parts(self, skeleton: str, write: str) -> Parts:
        parts: list[Part] = []
        for fixed, kind, index, match in self._split(skeleton):
            put: Put = _as_it_is
            if kind == "u":
                put = partial(_to_write, write)
            elif kind == "g":
                put = _nothing
            elif kind in "bq":
                start = skeleton.rfind("\n", 0, match.start()) + 1
                lead = re.sub(r"[^ >]", " ", skeleton[start : match.start()])
                put = partial(_indented, lead)
            parts.append((fixed, index, put))
        return Parts(tuple(parts), self._end(skeleton))

    def _html_parts(self, skeleton: str) -> Parts:
        tags = [m.span() for m in re.finditer(r"<(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", skeleton)]
        styles = [m.span() for m in re.finditer(r"<(style|script)\b.*?</\1", skeleton, re.DOTALL)]
        titles = [m.span() for m in re.finditer(r"<(title)\b.*?</\1", skeleton, re.DOTALL)]
        parts: list[Part] = []
        for fixed, kind, index, match in self._split(skeleton):
            at = match.start()
            if any(a < at < b for a, b in styles):
                raise BadTemplate("a value stands inside <style> or <script>")
            tag = next((skeleton[a:at] for a, b in tags if a < at < b), None)
            put: Put = _escaped_block if kind in "bq" else _bar if kind == "g" else _isolated
            if any(a < at < b for a, b in titles):
                put = escaped  # no tags are read there
            if tag is not None:
                put = _attribute(tag)
            parts.append((fixed, index, put))
        return Parts(tuple(parts), self._end(skeleton))

    def _html(self, tokens: list[Token]) -> str:
        """The body as HTML; some paragraphs and tables get a class that the layout styles."""
        places = self._places
        for number, token in enumerate(tokens):
            if token.type == "paragraph_open":
                inline, closing = tokens[number + 1], tokens[number + 2]
                block = places.fullmatch(inline.content)
                if block and block[1] in "bq" and not token.hidden:
                    token.tag = closing.tag = "blockquote" if block[1] == "q" else "div"
                    token.attrs = {"class": "data" if block[1] == "q" else "said", "dir": "auto"}
                elif only_links(inline.children or []):
                    token.attrSet("class", "actions")
                    _buttons(inline.children or [])
            elif token.type == "table_open":
                columns = sum(cell.type == "th_open" for cell in tokens[number : number + 12])
                token.attrSet("class", "facts figures" if columns > 2 else "facts")
        page = str(self._markdown.renderer.render(tokens, self._markdown.options, {}))
        return re.sub(r"<thead>\s*<tr>(\s*<th></th>)*\s*</tr>\s*</thead>", "", page)


def _attribute(tag: str) -> Put:
    """How a value is put inside an attribute, judged by the tag up to its place."""
    found = re.search(r"([\w-]+)\s*=\s*(?:\"([^\"]*)|'([^']*))$", tag)
    if not found:
        raise BadTemplate("a value stands inside a tag but not inside a quoted attribute")
    name, before = found[1].lower(), found[2] or found[3]
    if name.startswith("on") or name in ("style", "src", "srcset", "background", "action", "formaction"):
        raise BadTemplate(f"a value stands inside the attribute {name}")
    if name == "href":
        return _address_part if before else _address
    return escaped


def only_links(tokens: Sequence[Token]) -> bool:
    """Is this line of Markdown nothing but links? It is then shown as buttons."""
    depth = links = 0
    for token in tokens:
        if token.type == "link_open":
            depth, links = depth + 1, links + 1
        elif token.type == "link_close":
            depth -= 1
        elif token.type in ("text", "code_inline") and not depth and token.content.strip():
            return False
    return links > 0


def _buttons(tokens: Sequence[Token]) -> None:
    strong = False
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            strong = token.type == "strong_open"
        elif token.type == "link_open":
            token.attrSet("class", "button main" if strong else "button")


class _Text:
    """Markdown as plain text: a paragraph is one line, which mail programs wrap to the reader's width."""

    def __init__(self, places: re.Pattern[str]) -> None:
        self._places = places

    def blocks(self, node: SyntaxTreeNode) -> list[str]:
        lines: list[str] = []
        for child in node.children:
            block = self._block(child)
            tight = child.type in ("bullet_list", "ordered_list") and node.type == "list_item"
            if lines and block and not tight:
                lines.append("")
            lines += block
        return lines

    def _block(self, node: SyntaxTreeNode) -> list[str]:
        match node.type:
            case "paragraph" | "heading":
                return self._paragraph(node)
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "blockquote":
                return [f"> {line}".rstrip() for line in self.blocks(node)]
            case "table":
                return self._table(node)
            case _:
                return []

    def _paragraph(self, node: SyntaxTreeNode) -> list[str]:
        inline = node.children[0]
        if only_links(list(inline.to_tokens()[0].children or [])):
            return [f"- {self.inline(link)}" for link in inline.walk() if link.type == "link"]
        text = self.inline(inline)
        block = self._places.fullmatch(text)
        return [f"> {text}"] if block and block[1] == "q" else text.split("\n")

    def _list(self, node: SyntaxTreeNode) -> list[str]:
        lines: list[str] = []
        for number, item in enumerate(node.children, int(node.attrs.get("start", 1))):
            bullet = "- " if node.type == "bullet_list" else f"{number}. "
            loose = any(not child.hidden for child in item.children if child.type == "paragraph")
            if lines and loose:
                lines.append("")
            for index, line in enumerate(self.blocks(item)):
                lines.append(((" " * len(bullet) if index else bullet) + line).rstrip())
        return lines

    def _table(self, node: SyntaxTreeNode) -> list[str]:
        rows = [[self.inline(cell) for cell in row.children] for part in node.children for row in part.children]
        rows = [[cell for cell in row if not self._is_bar(cell)] for row in rows]
        rows = [row for row in rows if any(row)]
        labels = [row[0] for row in rows if not self._places.search(row[0])]
        width = max(map(len, labels), default=0) + 2
        if any(self._places.fullmatch(row[0]) for row in rows) and all(len(row) == 2 for row in rows):
            # how long a label is that a value stands for is not known here: a colon parts it as well
            return [": ".join(row) for row in rows]
        return ["  ".join([row[0].ljust(width - 2), *row[1:]]).rstrip() for row in rows]

    def _is_bar(self, cell: str) -> bool:
        place = self._places.fullmatch(cell)
        return place is not None and place[1] == "g"

    def inline(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text" | "code_inline":
                return node.content
            case "softbreak":
                return " "
            case "hardbreak":
                return "\n"
            case "link":
                label = "".join(map(self.inline, node.children))
                href = str(node.attrs.get("href", "")).removeprefix("mailto:")
                whole = self._places.fullmatch(href)
                href = href.replace(f"{whole[1]}{whole[2]}z", f"u{whole[2]}z") if whole else href
                return label if label == href else f"{label}: {href}"
            case _:
                return "".join(map(self.inline, node.children))
