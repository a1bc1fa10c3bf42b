"""What a requester's short answer to "is it solved?" means (B7, B39).

Only a short mail without a question counts as a confirmation, and any word of doubt makes it an ordinary mail: to
reopen a ticket that was solved costs an agent a glance, to close one that was not costs the requester the day.
"""

from __future__ import annotations

import re
from typing import Literal

Answer = Literal["solved", "thanks", "other"]

_SHORT = 14  # words

_DOUBT = re.compile(
    r"\b(no|not|nope|never|still|again|but|however|isn'?t|doesn'?t|didn'?t|can'?t|cannot|won'?t|except|unfortunately"
    r"|non|ancora|ma|però|tuttavia|nuovamente|purtroppo|mai"
    r"|ikke|nej|stadig|endnu|men|igen|desværre|aldrig)\b"
)
_SOLVED = re.compile(
    r"\b(yes|yep|solved|fixed|resolved|works|working|confirmed"
    r"|s[iì]|risolto|funziona|funzionano|a posto|confermo|confermato"
    r"|ja|jo|løst|virker|fungerer|i orden|bekræfter|bekræftet)(?!\w)"
)
_THANKS = re.compile(r"\b(thanks?|thank you|thx|cheers|grazie|ringrazio|tak|tusind tak|mange tak)\b")
_SCORE = re.compile(r"^\W*([1-5])(?:\s*/\s*5)?\W*$")


def answer(text: str) -> Answer:
    """`text` is the new text of a reply, in English, Italian or Danish."""
    words = text.lower().replace("’", "'")
    if "?" in words or len(words.split()) > _SHORT or _DOUBT.search(words):
        return "other"
    if _SOLVED.search(words):
        return "solved"
    if _THANKS.search(words):
        return "thanks"
    return "other"


def score(text: str) -> str | None:
    """How satisfied the requester was, "1" to "5", where the first line is nothing but that number."""
    lines = text.strip().splitlines()
    match = _SCORE.match(lines[0]) if lines else None
    return match.group(1) if match else None
