"""Addresses: a strict grammar for From, a tolerant one for the rest, and the one form by which people are told apart.

From decides who somebody is, so it is refused wherever two programs could read it in two ways (M7). The other address
fields are only shown or answered: there the best reading is taken. Both are linear on hostile input, unlike the
standard library's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from maild.mail import charset, header
from maild.mail.message import Address

LONGEST = 320  # characters of an address
MOST = 1_000  # addresses of one field

_ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-"
_SPEC = re.compile(
    rf"([{_ATEXT}.]{{1,128}})@([A-Za-z0-9\x80-\U0010ffff_-]{{1,63}}(?:\.[A-Za-z0-9\x80-\U0010ffff_-]{{1,63}})*)\Z"
)
_STRICT = re.compile(r'"((?:[^"\\]|\\.)*)"|\(([^()\\"<>@]*)\)|<([^<>"()\\\s]*)>|([^"()<>\\,;:]+)', re.DOTALL)
_LOOSE = re.compile(r'"(?:[^"\\]|\\.)*"|[^"()<>,;:\\]+|\\.?|["()<>,;:]', re.DOTALL)
_INSIDE = re.compile(r"[^\s<>\"'(),;:\[\]@]+@[^\s<>\"'(),;:\[\]@]+")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"[^\s<>\"(),;:@]{1,128}@[^\s<>\"(),;:@]{1,255}")


def canonical(address: str) -> str:
    """The form by which two addresses are the same person: small letters, the domain in ASCII (RFC 5890).

    Nothing is folded that only looks alike (B57): `mike@` and `mıke@` are two people.
    """
    address = address.strip()
    if address.isascii():
        return address.lower()
    local, at, domain = address.rpartition("@")
    return _small(local) + at + ".".join(_label(part) for part in re.split("[.\u3002]", domain))


def _label(label: str) -> str:
    label = _small(label)
    # Not IDNA 2003, which makes "ss" of "ß": that is another domain today.
    return label if label.isascii() or len(label) > 63 else "xn--" + label.encode("punycode").decode("ascii")


def _small(text: str) -> str:
    if text.isascii():
        return text.lower()
    # The Kelvin sign becomes a plain k under both operations: it stays what it is.
    parts = [unicodedata.normalize("NFC", part.lower()) for part in text.split("\u212a")]
    return "\u212a".join(parts)


def correspondent(address: str) -> str:
    """The mailbox behind a canonical address: without its plus-tag, which anybody may vary (B21)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def domain(address: str) -> str:
    """The domain of an address in its canonical form; "" where it has none."""
    return canonical(address).rpartition("@")[2] if "@" in address else ""


def strict(values: Sequence[bytes], hint: str | None = None) -> tuple[Address | None, str]:
    """The one mailbox of the From fields `values`, or None and why it is refused, in plain words.

    RFC 5322, 3.6.2, without group, route, list, domain literal, quoted local part, and comments that could hide an
    address. Encoded words are read in the display name only.
    """
    if not values:
        return None, "there is no From"
    if len(values) > 1:
        return None, f"there are {len(values)} From fields"
    value = values[0]
    if len(value) > 2_000:
        return None, "From is longer than 2,000 bytes"
    raw = _text(value, hint).strip()
    if not raw:
        return None, "From is empty"
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f\ufffd]", raw):
        return None, "From holds control characters"
    return _mailbox(raw)


def _mailbox(raw: str) -> tuple[Address | None, str]:  # noqa: C901 - one pass over the grammar
    """One mailbox, or why `raw` is none."""
    names: list[str] = []
    comments: list[str] = []
    spec: str | None = None
    pos = 0
    while pos < len(raw):
        match = _STRICT.match(raw, pos)
        if match is None:
            return None, _named(raw[pos])
        quoted, comment, angle, bare = match.groups()
        pos = match.end()
        if angle is not None and spec is not None:
            return None, "From names two addresses"
        if angle is not None:
            spec = angle
        elif comment is not None:
            comments.append(comment)
        elif spec is not None and (quoted is not None or bare.strip()):
            return None, "there is text after the address in From"
        elif quoted is not None:
            names.append(_PAIR.sub(r"\1", quoted))
        elif bare.strip():
            names.append(bare.strip())
    if spec is None:
        if len(names) != 1 or "@" not in names[0]:
            return None, "From holds no address"
        spec, names, comments = names[0], comments, []
    return _checked(spec, " ".join(names), " ".join(comments))


def _checked(spec: str, words: str, comments: str) -> tuple[Address | None, str]:
    if not _SPEC.match(spec) or "=?" in spec:
        return None, f"{charset.line(spec)[:80]!r} is not an address"
    whole = canonical(spec)
    if len(whole) > LONGEST or any(len(label) > 63 for label in whole.rpartition("@")[2].split(".")):
        return None, "the address in From is too long"  # RFC 1035, 2.3.4, as it is in ASCII
    if any(char.isspace() or not char.isprintable() for char in spec):
        return None, "the address in From holds blanks or what cannot be shown"  # `compose` could not answer it
    if charset.line(spec) != spec:
        return None, "the address in From holds invisible characters"
    name = charset.line(header.words(words))
    other = _other(f"{name} {header.words(comments)}", spec)
    if other:
        return None, f"the name in From shows another address ({charset.line(other)[:80]})"
    return Address(name, spec), "one mailbox"


def _named(char: str) -> str:
    return {
        ",": "From names several addresses",
        ";": "From is a group",
        ":": "From is a group or a route",
        "(": "a comment in From could hide an address",
        ")": "a bracket in From is not opened",
        "<": "the address in From is not closed or holds what no address has",
        ">": "a bracket in From is not opened",
        '"': "a quotation mark in From is not closed",
    }.get(char, "From is not well formed")


def _other(name: str, spec: str) -> str | None:
    """An address that is shown in the name and is not the real one."""
    if "@" not in name and name.isascii():
        return None
    shown = unicodedata.normalize("NFKC", re.sub(r"<U\+[0-9A-F]{4,6}>", "", name))
    if "@" not in shown:
        return None
    real = canonical(spec)
    tight = re.sub(r"\s*@\s*", "@", shown)
    for match in _INSIDE.finditer(tight):
        if canonical(match.group().strip(".")) != real:
            return match.group()
    return None


def parse_list(value: bytes | str, hint: str | None = None) -> tuple[Address, ...]:
    """The addresses of a field, groups flattened, as well as they can be read. At most `MOST`; never raises."""
    if isinstance(value, bytes):
        value = _text(value, hint)
    found: list[Address] = []
    now = _Entry()
    for match in _LOOSE.finditer(value):
        piece = match.group()
        if now.take(piece):
            continue
        if piece in _ENDS:
            now.close(found)
            now = _Entry()
            if len(found) >= MOST:
                return tuple(found)
        elif piece == ":" and not now.spec:
            now.words.clear()  # the name of a group
        else:
            now.words.append(piece)
    now.close(found)
    return tuple(found)


_ENDS = frozenset(",;")


class _Entry:
    """One address of a list while its pieces come in."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.spec = ""
        self._comment: list[str] = []
        self._angle: list[str] | None = None
        self._depth = 0

    def take(self, piece: str) -> bool:
        """Takes what belongs to a comment or stands between angle brackets; False: it is neither."""
        if self._depth or piece == "(":
            if self._depth and piece not in {"(", ")"} and len(self._comment) < 50:
                self._comment.append(piece)
            self._depth += (piece == "(") - (piece == ")")
        elif piece == "<":
            self._angle = []
        elif self._angle is None or piece in _ENDS:
            return False
        elif piece == ">":
            self.spec, self._angle = self.spec or "".join(self._angle), None
        else:
            self._angle.append(piece)
        return True

    def close(self, found: list[Address]) -> None:
        _add(found, self.words, self._comment, self.spec or "".join(self._angle or ()))


def _text(value: bytes, hint: str | None) -> str:
    if value.isascii():
        return value.decode("ascii")
    return charset.decode(value, hint if charset.codec(hint or "") else None)[0]


def _add(found: list[Address], words: list[str], comment: list[str], spec: str) -> None:
    name = " ".join(_PAIR.sub(r"\1", w[1:-1]) if len(w) > 1 and w[0] == '"' else w.strip() for w in words).strip()
    if not spec and "@" in name:
        match = _BARE.search(name)
        if match:
            spec, name = match.group(), (name[: match.start()] + name[match.end() :]).strip() or " ".join(comment)
    if spec.startswith("@") and ":" in spec:
        spec = spec.rpartition(":")[2]  # a route (RFC 5322, 4.4) leads to its last address
    spec = charset.line(spec.strip())[:LONGEST]
    if spec and ("@" in spec or not name):
        found.append(Address(charset.line(header.words(name))[:LONGEST], spec))
    elif name and "=?" in name:
        # Some senders encode the whole field, the address too: good enough for showing.
        match = _BARE.search(header.words(name))
        if match:
            found.append(Address("", charset.line(match.group())[:LONGEST]))
