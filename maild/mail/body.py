"""Which parts of a mail are its text, which are attachments, and the text itself.

Everything comes out clean and within the limits; a part that cannot be decoded becomes text with a defect or an
attachment, never an exception.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from maild.mail import charset, header, html, structure
from maild.mail.message import Attachment, File
from maild.mail.structure import Part

LONGEST_NAME = 200  # characters of an attachment's name

_STEM = {
    "message/rfc822": "message.eml",
    "text/calendar": "invitation.ics",
    "application/ms-tnef": "winmail.dat",
    "message/delivery-status": "delivery-status.txt",
    "text/rfc822-headers": "headers.txt",
    "application/pgp-signature": "signature.asc",
    "application/pdf": "unnamed.pdf",
    "image/png": "unnamed.png",
    "image/jpeg": "unnamed.jpg",
    "image/gif": "unnamed.gif",
    "text/html": "unnamed.html",
    "text/csv": "unnamed.csv",
}
_STUB = re.compile(r"(?i)html|<https?://")


@dataclass(slots=True)
class Body:
    """What a mail holds below its header."""

    text: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    files: list[File | None] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)  # of the attachments, side by side with them; None of uuencode
    marked: bool = False  # the text came of HTML and may hold html.CUT
    cut: bool = False
    defects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is kept, in characters of text and HTML and bytes of files."""

    text: int
    html: int
    files: int


def read(data: bytes, root: Part, caps: Caps) -> Body:
    """The body of the mail `data` whose tree is `root`."""
    body = Body()
    reader = _Reader(data, body, caps)
    pieces = reader.pieces(root, first=True)
    kept = [piece for piece in pieces if piece.strip()]
    text = "\n".join(piece if piece.endswith("\n") else piece + "\n" for piece in kept)
    if len(text) > caps.text:
        text = text[: caps.text]
        body.cut = True
        body.defects.append(f"text cut at {caps.text} characters")
    body.text = text
    return body


class _Reader:
    """One walk over the tree. The three methods call each other, within the depth that `structure` allowed."""

    def __init__(self, data: bytes, body: Body, caps: Caps) -> None:
        self._data, self._body, self._caps, self._room = data, body, caps, caps.files

    def pieces(self, part: Part, *, first: bool) -> list[str]:
        """The texts of `part` in reading order; what is no text goes to the attachments."""
        if part.parts:
            if part.type == "multipart/alternative":
                return self._alternative(part, first=first)
            if part.type == "multipart/related":
                return self._related(part, first=first)
            out: list[str] = []
            for index, child in enumerate(part.parts):
                out.extend(self.pieces(child, first=first and index == 0))
            return out
        if self._is_text(part, first=first):
            return [self._html(part) if part.type == "text/html" else self._plain(part)]
        self._attach(part, inline=part.disposition == "inline")
        return []

    def _alternative(self, part: Part, *, first: bool) -> list[str]:
        """The plain form where it says something, else the richest that can be read (RFC 2046, 5.1.4)."""
        plain = [p for p in part.parts if not p.parts and p.type == "text/plain" and self._is_text(p, first=True)]
        rich = [p for p in part.parts if p not in plain and (p.parts or p.type == "text/html") and self._holds_text(p)]
        for other in part.parts:
            if other not in plain and other not in rich:
                self._attach(other, inline=True)
        text = [self._plain(p) for p in plain]
        said = sum(len(t.strip()) for t in text)
        if rich and (said == 0 or (said < 300 and _STUB.search("".join(text)))):
            before = len(self._body.defects)
            converted = self.pieces(rich[-1], first=first)
            if said == 0 or sum(map(len, converted)) > 4 * said + 200:
                return converted  # the plain form only says that there is HTML
            del self._body.defects[before:]
            return text
        for branch in rich:  # pictures beside the HTML are attachments of the mail all the same
            for leaf in branch.walk():
                if not leaf.parts and leaf.type != "text/html" and not (leaf.type == "text/plain" and not _name(leaf)):
                    self._attach(leaf, inline=True)
        return text

    def _related(self, part: Part, *, first: bool) -> list[str]:
        start = part.parameters.get("start", "").strip("<> ")
        root = next((p for p in part.parts if start and _content_id(p) == start), part.parts[0])
        out = self.pieces(root, first=first)
        for child in part.parts:
            if child is root:
                continue
            if child.parts:
                out.extend(self.pieces(child, first=False))
            else:
                self._attach(child, inline=child.disposition != "attachment")
        return out

    def _holds_text(self, part: Part) -> bool:
        return any(not p.parts and p.type in {"text/html", "text/plain"} for p in part.walk())

    def _is_text(self, part: Part, *, first: bool) -> bool:
        if part.type not in {"text/plain", "text/html"} or part.disposition == "attachment":
            return False
        # A text with a name is somebody's file, unless it stands where the mail's own text stands.
        return first or not _name(part)

    def _raw(self, part: Part) -> bytes:
        raw, wrong = structure.content(self._data, part)
        if wrong:
            self._body.defects.append(wrong)
        return raw

    def _decoded(self, raw: bytes, part: Part) -> str:
        text, wrong = charset.decode(raw[: self._caps.text * 4], part.charset)
        if wrong:
            self._body.defects.append(wrong)
        return text

    def _plain(self, part: Part) -> str:
        raw = self._raw(part)
        if b"begin" in raw and b"\nend" in raw:
            raw = self._without_uuencoded(raw)
        text = html.MARKS.sub("", self._decoded(raw, part)).removeprefix("\ufeff")
        if part.parameters.get("format", "").lower() == "flowed":
            text = flowed(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _html(self, part: Part) -> str:
        text, cut = html.to_text(self._decoded(self._raw(part), part), self._caps.html)
        self._body.marked = True
        if cut:
            self._body.cut = True
            self._body.defects.append(f"HTML cut at {self._caps.html} characters")
        return text

    def _without_uuencoded(self, raw: bytes) -> bytes:
        out, pos = [], 0
        for start, end, data, name in structure.uuencoded(raw):
            out.append(raw[pos:start])
            pos = end
            shown = file_name(charset.decode(name)[0]) or "unnamed.bin"
            self._keep(data, shown, "application/octet-stream", None, inline=False, part=None)
        out.append(raw[pos:])
        return b"".join(out)

    def _attach(self, part: Part, *, inline: bool) -> None:
        for leaf in part.walk():
            if leaf.parts:
                continue
            data, wrong = structure.content(self._data, leaf)
            if wrong:
                self._body.defects.append(wrong)
            name = file_name(_name(leaf)) or _STEM.get(leaf.type, "unnamed.bin")
            if leaf.type == "message/rfc822" and not _name(leaf):
                subject = header.split(data[:32_000]).text("subject")
                name = file_name(f"{subject}.eml") if subject else name
            self._keep(data, name, leaf.type, _content_id(leaf) or None, inline=inline, part=leaf)

    def _keep(self, data: bytes, name: str, kind: str, cid: str | None, *, inline: bool, part: Part | None) -> None:
        body = self._body
        body.attachments.append(Attachment(name, kind, len(data), hashlib.sha256(data).hexdigest(), cid, inline))
        fits = len(data) <= self._room
        self._room -= len(data) if fits else 0
        body.files.append(File(name, kind, data) if fits else None)
        if part is not None:
            body.parts.append(part)


def _name(part: Part) -> str:
    return part.disposition_parameters.get("filename") or part.parameters.get("name") or ""


def _content_id(part: Part) -> str:
    value = part.fields.first("content-id")
    return header.plain(value).strip("<> ")[:300] if value else ""


def file_name(name: str) -> str:
    """A name as it is shown and stored (B56): its last path component, invisible characters shown; never a path."""
    name = charset.line(name).replace("\\", "/").rpartition("/")[2].strip(" .\t")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: LONGEST_NAME - 20]}{dot}{ending}" if dot and len(ending) < 20 else name[:LONGEST_NAME]
    return name


def flowed(text: str, *, delsp: bool) -> str:
    """Paragraphs of format=flowed joined again (RFC 3676): a blank at the end of a line means that it goes on."""
    rows: list[list[str]] = []  # pieces of one paragraph: joined once, so that a long one costs no more
    joined, depth_before = False, 0
    for raw in text.split("\n"):
        bare = raw.rstrip("\r").lstrip(">")
        depth = len(raw.rstrip("\r")) - len(bare)
        line = bare.removeprefix(" ")
        flows = line.endswith(" ") and line != "-- "
        kept = line[:-1] if flows and delsp else line
        if joined and depth == depth_before and line != "-- ":
            rows[-1].append(kept)
        else:
            rows.append([f"{'>' * depth} {kept}" if depth and kept else ">" * depth or kept])
        joined, depth_before = flows, depth
    return "\n".join("".join(row) for row in rows)
