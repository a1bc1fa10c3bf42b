"""Which mail this is and which it answers: Message-IDs as senders write them, and a digest of what the mail says.

Ids are given without angle brackets (RFC 5322, 3.6.4). All is tolerant and linear.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

FIRST, LAST = 4, 20  # of a long list of references these are kept (B10)
LONGEST = 500  # characters of an id

_ID = re.compile(r"<([^<>]{1,998})>|([^\s<>,;\"()]{1,998}@[^\s<>,;\"()]{1,998})")
_LIST_TAG = re.compile(r"^(?:\s*\[[^\[\]]{1,60}\])+\s*")
_FOOT = re.compile(r"mailing list|listinfo|unsubscribe|list archive|googlegroups|groups\.io", re.IGNORECASE)
_RULE = re.compile(r"[_=*~-]{2,}\s*\Z")


def message_ids(value: str) -> tuple[str, ...]:
    """The ids of a Message-ID, In-Reply-To or References field, oldest first, each once, the first 4 and last 20."""
    if "<" not in value and "@" not in value:
        return ()
    found: dict[str, None] = {}
    for match in _ID.finditer(value):
        inside = match.group(1)
        name = "".join(inside.split()) if inside is not None else match.group(2)
        if name and len(name) <= LONGEST:
            found.setdefault(name)
    return cut(tuple(found))


def cut(ids: Sequence[str]) -> tuple[str, ...]:
    """The first 4 and last 20 (B10): where a thread began, and what this mail can answer."""
    return tuple(ids) if len(ids) <= FIRST + LAST else (*ids[:FIRST], *ids[-LAST:])


def own_id(values: Sequence[str]) -> str | None:
    """The Message-ID of a mail from its fields of that name; the last one counts where a relay added its own first."""
    for value in values:
        ids = message_ids(value)
        if ids:
            return ids[0]
        bare = "".join(value.split())
        if bare and len(bare) <= LONGEST:
            return bare.strip("<>") or None
    return None


def content_digest(subject: str, sender: str, text: str, attachments: Iterable[str]) -> str:
    """Equal for a list copy and a direct copy of a mail, different where the text differs (B11).

    `sender` is a canonical address, `attachments` are the SHA-256 of the parts.
    """
    said = hashlib.sha256()
    for piece in (_LIST_TAG.sub("", subject), sender, _without_footer(text)):
        said.update(" ".join(unicodedata.normalize("NFC", piece).split()).encode("utf-8", "replace"))
        said.update(b"\0")
    for digest in sorted(attachments):
        said.update(digest.encode("ascii", "replace"))
    return said.hexdigest()


def _without_footer(text: str) -> str:
    """`text` without the lines that a mailing list hangs on."""
    lines = text.rstrip().split("\n")
    for back in range(1, min(12, len(lines)) + 1):
        if _RULE.match(lines[-back]) and _FOOT.search("\n".join(lines[-back:])):
            return "\n".join(lines[:-back])
    return text


def derived_id(digest: str, date: str) -> str:
    """An id for a mail that has none, the same each time it is read (B11). `date` is the Date field as written."""
    made = hashlib.sha256(f"{digest}\0{' '.join(date.split())}".encode("utf-8", "replace")).hexdigest()[:32]
    return f"{made}@derived.maild.invalid"
