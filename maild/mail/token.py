"""Reply tokens: what lets a reply prove which ticket it answers, for whom, and who may read it (B2, B3).

A token is 11 bytes that name ticket, person, visibility and day of issue, and 16 bytes of HMAC-SHA-256 over them and
the instance. It is written in base32 with small letters, 44 characters, because mail servers fold the case of local
parts and a local part may have 64 (RFC 5321, 4.5.3.1.1). It stands in the plus-address of Reply-To, in the Message-ID
and at the foot of the body, since providers rewrite one or the other.
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

LENGTH = 44
# Mail programs write the plus of an address in a link as %2B.
PATTERN = re.compile(r"(?:(?<![a-z2-7])|(?<=%2b))[a-z2-7]{44}(?![a-z2-7])", re.IGNORECASE)
LIFETIME = timedelta(days=730)

_EPOCH = date(2020, 1, 1)
_PAYLOAD = struct.Struct(">IIBH")
_INTERNAL = 1


@dataclass(frozen=True, slots=True)
class Token:
    """What a genuine token says."""

    ticket: int
    person: int
    internal: bool  # a reply to it is for agents alone (B28)
    issued: date  # UTC


class Mint:
    """Signs and reads the tokens of one instance."""

    def __init__(self, instance: str, secret: bytes) -> None:
        """`secret` has at least 16 bytes; another instance or another secret reads none of these tokens."""
        self._context = instance.encode() + b"\0"
        self._secret = secret

    def sign(self, ticket: int, person: int, *, internal: bool, today: date) -> str:
        """The token for one person on one ticket."""
        payload = _PAYLOAD.pack(ticket, person, _INTERNAL if internal else 0, (today - _EPOCH).days)
        return base64.b32encode(payload + self._mac(payload)).decode().rstrip("=").lower()

    def read(self, text: str, today: date) -> Token | None:
        """The token in `text` (exactly its 44 characters), or None where it is forged, foreign or too old."""
        try:
            raw = base64.b32decode(text.upper() + "====")
        except (ValueError, binascii.Error):
            return None
        payload, mac = raw[: _PAYLOAD.size], raw[_PAYLOAD.size :]
        if not hmac.compare_digest(mac, self._mac(payload)):
            return None
        ticket, person, flags, day = _PAYLOAD.unpack(payload)
        issued = _EPOCH + timedelta(days=day)
        if today - issued > LIFETIME:
            return None
        return Token(ticket, person, bool(flags & _INTERNAL), issued)

    def find(self, text: str, today: date) -> Token | None:
        """The first genuine token that stands anywhere in `text`."""
        return next(self.all(text, today), None)

    def all(self, text: str, today: date) -> Iterator[Token]:
        """The genuine tokens in `text`, in their order."""
        for match in PATTERN.finditer(text):
            token = self.read(match.group().lower(), today)
            if token:
                yield token

    def blank(self, text: str, today: date) -> str:
        """`text` without any genuine token: whoever reads it must not be able to answer as somebody else."""
        return PATTERN.sub(lambda m: "…" if self.read(m.group().lower(), today) else m.group(), text)

    def _mac(self, payload: bytes) -> bytes:
        return hmac.new(self._secret, self._context + payload, hashlib.sha256).digest()[:16]
