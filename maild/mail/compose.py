"""A letter becomes the finished bytes of one mail: CRLF, lines of at most 78 characters, safe headers, text and HTML.

The bytes depend on the letter and its templates alone: the same letter gives the same bytes. They are written by hand,
since `EmailMessage` damages blanks in non-ASCII subjects and is slow. Nothing that a letter holds can add a header line
(M8): line breaks and control characters never reach a header.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import quote

from maild import errors
from maild.mail import wording
from maild.mail.message import File
from maild.mail.templates import Templates

WIDTH = 78  # RFC 5322, 2.1.1
FIRST_REFERENCES, LAST_REFERENCES = 4, 20  # B10

# What answers one mail is auto-replied; what maild says of its own accord is auto-generated (RFC 3834, 5).
_ANSWERS = frozenset({"acknowledgement", "receipt", "help", "unverified"})
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322, 3.2.3, and the blank between two of them
_ID = re.compile(r"[!-;=?-~]{1,900}")
_ADDRESS = re.compile(
    r"(?:\"[^\"\\\x00-\x1f\x7f<>]+\"|[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]+)@[^\s\"(),;<>@\\\x00-\x1f\x7f]+"
)
_TYPE = re.compile(r"(?:text|image|audio|video|application|font|model)/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
# Types that a mail program might run or unfold instead of keeping as a file (B54; RFC 2046, 5.2.1 for message/rfc822).
_ACTIVE = frozenset(
    {"text/html", "text/calendar", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"}
)


class Unwritable(errors.MaildError):
    """The letter has an address or a Message-ID that no header line can hold."""


@dataclass(frozen=True, slots=True)
class Letter:
    """All that one mail is made of. Message-IDs stand without angle brackets; `date` is aware."""

    notice: str
    language: str
    sender_name: str
    sender_address: str
    recipient_name: str
    recipient_address: str
    reply_to: str | None
    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]  # oldest first
    date: datetime
    automatic: bool  # False: an agent wrote what it says
    instance: str
    values: Mapping[str, object]
    files: tuple[File, ...] = ()
    html: bool = True


def compose(letter: Letter, templates: Templates) -> bytes:
    """The mail as it goes out, with its last line end. Raises Unwritable for what is no address or Message-ID."""
    rendered = templates.render(letter.notice, letter.language, letter.values)
    body = _text_part("plain", rendered.text)
    if letter.html:
        body = _multipart("alternative", letter.message_id, [body, _text_part("html", rendered.html)])
    if letter.files:
        body = _multipart("mixed", letter.message_id, [body, *map(_file_part, letter.files)])
    head = "\r\n".join([*_headers(letter, rendered.subject), "MIME-Version: 1.0", ""])
    return head.encode() + body


# ---- headers ----------------------------------------------------------------------------------------------------


def _headers(letter: Letter, subject: str) -> Iterator[str]:
    yield mailbox("From", letter.sender_name, letter.sender_address)
    yield mailbox("To", letter.recipient_name, letter.recipient_address)
    if letter.reply_to:
        yield mailbox("Reply-To", letter.sender_name, letter.reply_to)
    yield unstructured("Subject", subject)
    yield f"Date: {format_datetime(letter.date.astimezone(UTC))}"
    own = _known_ids([letter.message_id])
    if not own:
        raise Unwritable(f"this cannot be a Message-ID: {letter.message_id!r}")
    yield f"Message-ID: {own[0]}"
    parent = _known_ids([letter.in_reply_to or ""])
    if parent:
        yield f"In-Reply-To: {parent[0]}"
    references = _known_ids(letter.references)
    if len(references) > FIRST_REFERENCES + LAST_REFERENCES:
        references = references[:FIRST_REFERENCES] + references[-LAST_REFERENCES:]
    if references:
        yield "References: " + "\r\n ".join(references)
    if letter.automatic:  # B24
        yield f"Auto-Submitted: {'auto-replied' if parent and letter.notice in _ANSWERS else 'auto-generated'}"
        yield "X-Auto-Response-Suppress: All"
    else:  # an agent wrote it: it may bounce and be read, but needs no absence note (All would stop bounces too)
        yield "X-Auto-Response-Suppress: OOF, AutoReply"
    yield f"X-Maild-Instance: {re.sub(r'[^!-~]', '', letter.instance)[:200]}"
    language = re.sub(r"[^A-Za-z-]", "", letter.language)[:20]
    if language:
        yield f"Content-Language: {language}"


def _known_ids(ids: Sequence[str]) -> list[str]:
    bare = (i.strip().removeprefix("<").removesuffix(">") for i in ids)
    return [f"<{i}>" for i in dict.fromkeys(bare) if _ID.fullmatch(i)]


def mailbox(header: str, name: str, address: str) -> str:
    """A header line with one mailbox. A name that could be read in two ways goes out encoded."""
    address = address.strip()
    if len(address) > 320 or not _ADDRESS.fullmatch(address):
        raise Unwritable(f"this cannot be an address: {address!r}")
    if not address.isascii():
        address = _with_ascii_domain(address)
    name = wording.line(name)[:100].strip()
    if not name:
        return f"{header}: {address}"
    if "=?" in name or not name.isascii() or len(name) > 60:
        phrase = "\r\n ".join(_encoded_words(name))
    else:
        phrase = name if _ATOMS.fullmatch(name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    last = f"{header}: {phrase}".rpartition("\r\n")[2]
    return f"{header}: {phrase}{' ' if len(last) + len(address) + 3 <= WIDTH else chr(13) + chr(10) + ' '}<{address}>"


def _with_ascii_domain(address: str) -> str:
    """RFC 5890 for the domain. A local part beyond ASCII stays (RFC 6532), and needs a server with SMTPUTF8."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}" if local.isprintable() else _refused(address)
    except UnicodeError:
        return _refused(address)


def _refused(address: str) -> str:
    raise Unwritable(f"this cannot be an address: {address!r}")


def unstructured(header: str, text: str) -> str:
    """A header line of free text, folded; encoded from the first word on that needs it (RFC 2047)."""
    text = wording.line(text)
    words = text.split(" ")
    plain = [len(w) <= WIDTH - 4 and w.isascii() and "=?" not in w for w in words]
    start = len(words) if all(plain) else plain.index(False)
    lines, line = [], f"{header}:"
    for word in words[:start]:
        if len(line) + 1 + len(word) > WIDTH and line != f"{header}:":
            lines.append(line)
            line = ""
        line += f" {word}"
    coded = _encoded_words(" ".join(words[start:])) if start < len(words) else []
    for word in coded:
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _encoded_words(text: str, room: int = 39) -> list[str]:
    """UTF-8 in base64, cut between characters, since each encoded word is decoded alone (RFC 2047, 5 and 2)."""
    words: list[bytes] = []
    piece: list[bytes] = []
    size = 0
    for character in text:
        data = character.encode("utf-8", "replace")
        if size + len(data) > room:
            words.append(b"".join(piece))
            piece, size = [], 0
        piece.append(data)
        size += len(data)
    words.append(b"".join(piece))
    return [f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words]


# ---- bodies -----------------------------------------------------------------------------------------------------


def _text_part(subtype: str, text: str) -> bytes:
    data = text.replace("\n", "\r\n").encode("utf-8", "replace")
    short = text.isascii() and max(map(len, text.split("\n"))) <= WIDTH
    if short:
        charset, encoding = "us-ascii", "7bit"
    else:
        charset, encoding, data = "utf-8", "quoted-printable", b2a_qp(data, istext=True)
    head = f'Content-Type: text/{subtype}; charset="{charset}"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + data


def _multipart(subtype: str, message_id: str, parts: Sequence[bytes]) -> bytes:
    number = 0
    boundary = b""
    while not boundary or any(boundary in part for part in parts):
        digest = sha256(f"{subtype} {number} {message_id}".encode("utf-8", "replace")).hexdigest()
        boundary, number = f"=_{digest[:32]}".encode(), number + 1  # "=_" never stands in quoted-printable or base64
    out = [b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n' % (subtype.encode(), boundary)]
    out += [b"\r\n--%s\r\n%s" % (boundary, part) for part in parts]
    out.append(b"\r\n--%s--\r\n" % boundary)
    return b"".join(out)


def _file_part(file: File) -> bytes:
    kind = file.type.strip().lower()
    if not _TYPE.fullmatch(kind) or kind in _ACTIVE:
        kind = "application/octet-stream"
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment"
    lines = [b2a_base64(file.data[at : at + 57], newline=False) for at in range(0, len(file.data), 57)]
    return f"{head}{file_name(file.name)}\r\n\r\n".encode() + b"\r\n".join(lines)


def file_name(name: str) -> str:
    """The file name as parameters of Content-Disposition, each on a line of its own (RFC 2231 beyond ASCII).

    What no file system or no mail program takes in a name becomes an underscore.
    """
    name = re.sub(r'[/\\<>:"|?*]', "_", wording.line(name)).strip(". ") or "file"
    if len(name) > 120:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:100]}{dot}{ending}" if stem and len(ending) <= 12 else name[:120]
    if len(name) <= 60 and re.fullmatch(r"[A-Za-z0-9 ._()+=,@-]+", name):
        return f';\r\n filename="{name}"'
    coded = [quote(character, safe="") for character in name]
    if sum(map(len, coded)) <= 50:
        return f";\r\n filename*=utf-8''{''.join(coded)}"
    sections, section = [], ""
    for character in coded:
        if len(section) + len(character) > 50:
            sections.append(section)
            section = ""
        section += character
    sections.append(section)
    sections[0] = f"utf-8''{sections[0]}"
    return "".join(f";\r\n filename*{number}*={section}" for number, section in enumerate(sections))
