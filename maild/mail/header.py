"""Header fields from raw bytes: splitting, unfolding, encoded words, parameters.

Nothing here raises, whatever the bytes, and everything is linear in their number. Field names are given in small
letters; values are bytes, unfolded, until somebody asks for text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from maild.mail import charset

PARAMETERS = 100  # of one field, RFC 2231 segments included (B55)

_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_WORD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?([^?]*)\?=")
_WORD_ODD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?((?:[^?]|\?(?!=))*)\?=")
_BETWEEN = re.compile(r"(?<=\?=)[ \t\r\n]+(?==\?)")
_PARAMETER = re.compile(
    rb';[ \t\r\n]*([^\s=;"]{1,80})[ \t\r\n]*=[ \t\r\n]*(?:"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)|([^;"]*))', re.DOTALL
)
_QUOTED_PAIR = re.compile(rb'\\(["\\])')
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z")
_HEX = re.compile(r"=([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a header may have at most, in bytes and in fields (B55)."""

    block: int = 256_000
    one: int = 32_000
    count: int = 500


@dataclass(frozen=True, slots=True)
class Fields:
    """A header, in the order of the mail. `met` names the limits that cut it."""

    pairs: tuple[tuple[str, bytes], ...]
    end: int  # where the body begins
    defects: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.pairs if key == name]

    def first(self, name: str) -> bytes | None:
        return next((value for key, value in self.pairs if key == name), None)

    def text(self, name: str, hint: str | None = None) -> str | None:
        """The first field of that name as clean, decoded text; None where there is none."""
        value = self.first(name)
        return None if value is None else text(value, hint)

    def raw(self, name: str) -> list[str]:
        """Every field of that name as text with its encoded words left alone: ids, tokens, traces."""
        return [plain(value) for key, value in self.pairs if key == name]


def split(data: bytes, start: int = 0, end: int | None = None, limits: Limits | None = None) -> Fields:
    """The header that begins at `start` of `data`, whose lines end in LF, and ends with a blank line or at `end`."""
    limits = limits or Limits()
    end = len(data) if end is None else end
    if data.startswith(b"\n", start):
        return Fields((), min(start + 1, end))
    stop = data.find(b"\n\n", start, min(end, start + limits.block + 2))
    if stop >= 0:
        return _fields(data, start, stop, min(stop + 2, end), limits, [])
    if end - start > limits.block:
        stop = start + limits.block
        return _fields(data, start, stop, stop, limits, [f"header block over {limits.block} bytes"])
    return _fields(data, start, end, end, limits, [])


def _fields(data: bytes, start: int, stop: int, body: int, limits: Limits, met: list[str]) -> Fields:  # noqa: C901 - one pass
    """The fields between `start` and `stop`.

    1. A line that begins with a blank goes on with the field above it (RFC 5322, 2.2.3).
    2. A line with a name begins a field.
    3. Any other is skipped where the header goes on below it; else the body begins there, without a blank line.
    """
    pairs: list[tuple[str, bytes]] = []
    defects: list[str] = []
    rows: list[bytes] = []
    name, size, pos = "", 0, start

    def close() -> None:
        if name:
            if size > limits.one:
                met.append(f"{name[:40]} over {limits.one} bytes")
            pairs.append((name, b"".join(rows)[: limits.one].strip(b" \t\r")))

    while pos < stop:
        at = data.find(b"\n", pos, stop)
        after = stop if at < 0 else at
        line = data[pos:after]
        match = _NAME.match(line)
        if line[:1] in (b" ", b"\t") and (name or pos == start):
            size += len(line)
            if size <= limits.one:
                rows.append(line)
        elif match:
            close()
            name, rows, size = match.group(1).decode("ascii").lower(), [line[match.end() :]], len(line)
            if len(pairs) >= limits.count:
                met.append(f"more than {limits.count} header fields")
                name = ""
                break
        elif not pairs and not name and not line.startswith((b"From ", b">From ")):  # no separator of an mbox
            return Fields((), start, ("no header",), tuple(met))
        elif name and (line.startswith(b"--") or not _goes_on(data, after + 1, stop)):
            defects.append("the header ends without a blank line")
            body = pos
            break
        elif name:
            defects.append("a header line without a name")
        pos = after + 1
    close()
    return Fields(tuple(pairs), body, tuple(dict.fromkeys(defects)), tuple(dict.fromkeys(met)))


def _goes_on(data: bytes, pos: int, stop: int) -> bool:
    """Whether the header goes on at `pos`, after a line that is none of it."""
    return pos >= stop or data[pos : pos + 1] in (b" ", b"\t") or _NAME.match(data, pos, stop) is not None


def plain(value: bytes) -> str:
    """A raw value as one clean line, encoded words left alone."""
    if value.isascii():
        return charset.line(value.decode("ascii"))
    return charset.line(charset.decode(value)[0])


def text(value: bytes, hint: str | None = None) -> str:
    """A value as one clean line, encoded words decoded. `hint`: the charset of raw 8-bit bytes, if known."""
    if value.isascii():
        raw = value.decode("ascii")
    else:
        raw = charset.decode(value)[0] if charset.codec(hint or "") is None else _eight_bit(value, hint)
    return charset.line(words(raw))


def _eight_bit(value: bytes, hint: str | None) -> str:
    """Raw 8-bit is UTF-8 where it can be (RFC 6532), else what the body is declared as."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return charset.decode(value, hint)[0]


def words(value: str) -> str:
    """`value` with its encoded words decoded (RFC 2047), also where they touch other text or hold blanks."""
    if "=?" not in value:
        return value
    pattern = _WORD if _WORD.search(value) else _WORD_ODD
    value = _BETWEEN.sub("", value)  # RFC 2047, 6.2: blanks between two words are not shown
    out: list[str] = []
    pos, run, run_charset = 0, b"", ""
    for match in pattern.finditer(value):
        name, data = match.group(1).partition("*")[0].lower(), _word(match.group(2), match.group(3))
        if run and (match.start() != pos or name != run_charset):
            out.append(charset.decode(run, run_charset)[0])
            run = b""
        if match.start() != pos:
            out.append(value[pos : match.start()])
        # Words of one charset side by side are decoded together: some senders split them inside a letter.
        run, run_charset, pos = run + data, name, match.end()
    if run:
        out.append(charset.decode(run, run_charset)[0])
    out.append(value[pos:])
    return "".join(out)


def _word(encoding: str, payload: str) -> bytes:
    if encoding in "bB":
        return base64(payload.encode("utf-8", "replace"))
    payload = payload.replace("_", " ")
    return (
        _HEX.sub(lambda m: chr(int(m.group(1), 16)), payload).encode("latin-1", "ignore")
        if "=" in payload
        else (payload.encode("latin-1", "ignore"))
    )


def base64(data: bytes) -> bytes:
    """Decoded base64, whatever is missing, doubled or strange in it."""
    data = data.rstrip(b"\r\n \t")
    if b"=" not in data[:-2]:
        return _piece(data)
    # Several encodings below each other: the decoder would stop at the first padding. What stands behind a padding on
    # its own line is none.
    out: list[bytes] = []
    rows: list[bytes] = []
    for row in data.split(b"\n"):
        head, padding, _ = row.partition(b"=")
        rows.append(head)
        if padding:
            out.append(_piece(b"".join(rows)))
            rows = []
    out.append(_piece(b"".join(rows)))
    return b"".join(out)


def _piece(data: bytes) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """The first word of a structured field in small letters, and its parameters (RFC 2045, 5.1; RFC 2231).

    Names in small letters; values decoded, not yet made safe for a line. At most `PARAMETERS` are read.
    """
    head, _, _ = value.partition(b";")
    token = head.decode("ascii", "replace").partition("(")[0].strip().lower()
    found: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, raw in _pairs(value):
        match = _SECTION.match(name)
        if match is None or "*" not in name:
            found.setdefault(name, words(raw.decode("ascii") if raw.isascii() else charset.decode(raw)[0]))
            continue
        base, number, star = match.groups()
        extended.setdefault(base, {}).setdefault(int(number or 0), (raw, bool(star)))
    for name, sections in extended.items():
        found[name] = _rfc2231(sections)
    return token, found


def _pairs(value: bytes) -> Iterator[tuple[str, bytes]]:
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count >= PARAMETERS:
            return
        quoted, bare = match.group(2), match.group(3)
        raw = _QUOTED_PAIR.sub(rb"\1", quoted) if quoted is not None else bare.strip(b" \t\r\n")
        yield match.group(1).decode("ascii", "replace").lower(), raw


def _rfc2231(sections: dict[int, tuple[bytes, bool]]) -> str:
    declared, out = None, []
    for number in sorted(sections):
        raw, star = sections[number]
        if number == 0 and star and raw.count(b"'") >= 2:
            name, _, raw = raw.split(b"'", 2)
            declared = name.decode("ascii", "replace")
        out.append(unquote_to_bytes(raw) if star else raw)
    return words(charset.decode(b"".join(out), declared)[0])
