"""Reply tokens: what lets a reply prove which ticket it answers, for whom, and who may read it (B2, B3).

A token is 11 bytes that name ticket, person, visibility, generation and day of issue, and 16 bytes of HMAC-SHA-256
over them and the instance. It is written in base32 with small letters, 44 characters, because mail servers fold the
case of local parts and a local part may have 64 (RFC 5321, 4.5.3.1.1). It stands in the plus-address of Reply-To, in
the Message-ID and at the foot of the body, since providers rewrite one or the other. A token of another generation
than its person's is revoked: whoever knows the person has to look (`people.holds`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

LENGTH = 44
# Mail programs write the plus of an address in a link as %2B.
PATTERN = re.compile(r"(?:(?<![a-z2-7])|(?<=%2b))[a-z2-7]{44}(?![a-z2-7])", re.IGNORECASE)
LIFETIME = timedelta(days=730)

_EPOCH = date(2020, 1, 1)
_PAYLOAD = struct.Struct(">IIBH")
_INTERNAL = 1  # bit 0 of the flags; the other seven are the generation
GENERATIONS = 128  # then they begin anew, long after a token of the first has expired


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says."""

    ticket: int
    person: int
    internal: bool  # a reply to it is for agents alone (B28)
    issued: date  # UTC
    generation: int = 0  # of its person's tokens, mod `GENERATIONS`


class Mint:
    """Signs and reads the tokens of one instance."""

    def __init__(self, instance: str, secret: bytes) -> None:
        """`secret` has at least 16 bytes; another instance or another secret reads none of these tokens."""
        self._context = instance.encode() + b"\0"
        self._secret = secret

    def sign(self, ticket: int, person: int, *, internal: bool, today: date, generation: int = 0) -> str:
        """The token for one person on one ticket."""
        flags = (generation % GENERATIONS) << 1 | (_INTERNAL if internal else 0)
        payload = _PAYLOAD.pack(ticket, person, flags, (today - _EPOCH).days)
        return base64.b32encode(payload + self._mac(payload)).decode().rstrip("=").lower()

    def read(self, text: str, today: date) -> Token | None:
        """The token in `text` (exactly its 44 characters), or None where it is forged, foreign or too old."""
        token = self._genuine(text)
        return token if token and today - token.issued <= LIFETIME else None

    def fault(self, text: str, today: date) -> Literal["", "foreign", "expired"]:
        """Why `text` (44 characters) is no token; "" where it is one. A forged one looks like one of another desk."""
        token = self._genuine(text)
        if token is None:
            return "foreign"
        return "" if today - token.issued <= LIFETIME else "expired"

    def _genuine(self, text: str) -> Token | None:
        """The token in `text`, however old."""
        try:
            raw = base64.b32decode(text.upper() + "====")
        except (ValueError, binascii.Error):
            return None
        payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        ticket, person, flags, day = _PAYLOAD.unpack(payload)
        return Token(ticket, person, bool(flags & _INTERNAL), _EPOCH + timedelta(days=day), flags >> 1)

    def find(self, text: str, today: date) -> Token | None:
        """The first genuine token that stands anywhere in `text`."""
        return next(self.all(text, today), None)

    def all(self, text: str, today: date) -> Iterator[Token]:
        """The genuine tokens in `text`, in their order."""
        for match in PATTERN.finditer(text):
            token = self.read(match.group().lower(), today)
            if token:
                yield token

    def holds_one(self, data: bytes, today: date) -> bool:
        """Whether a file holds a genuine token, also as UTF-16 writes it: Outlook's .msg does."""
        return any(True for _ in self.all(data.replace(b"\0", b"").decode("latin-1"), today))

    def blank(self, text: str, today: date) -> str:
        """`text` without any genuine token: whoever reads it must not be able to answer as somebody else."""
        return PATTERN.sub(lambda m: "…" if self.read(m.group().lower(), today) else m.group(), text)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, self._context + payload, hashlib.sha256).digest()[:16]
