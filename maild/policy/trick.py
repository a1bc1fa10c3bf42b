"""The "Ticket Trick": a support address is given to another service as one's own, and the proof arrives here (B26)."""

from __future__ import annotations

import re

from maild.mail.message import Mail

# What other services write to prove that somebody reads a mailbox: a code of its own, or a link to follow
_CODE = re.compile(
    # each part bounded, so that no mail keeps the desk busy
    r"(?m)^[^\w\n]{0,40}(?:\d[ -]?){4,10}[^\w\n]{0,40}$|\b(?:code|codice|kode|pin|otp|token)\b[^\n\d]{0,40}\d{4}",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://", re.IGNORECASE)


def is_trick(mail: Mail) -> bool:
    """Whether a machine wrote it with a code or a link: no outsider may ever see that."""
    machine = mail.kind in ("auto_generated", "list") or not mail.answerable
    said = f"{mail.subject}\n{mail.text}"
    return machine and bool(_WEB.search(said) or _CODE.search(said))
