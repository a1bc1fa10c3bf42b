"""Subject lines: the words without what mail programs and trackers put before them."""

from __future__ import annotations

import re

# B8: replies in the languages of Europe and beyond, with counters; forwards apart, since a forward is no reply.
_REPLY = re.compile(r"(?:re|aw|sv|vs|r|rif|antw|回复|回覆|odp|resp|ref|ynt)(?:\[\d+\]|\^\d+)?\s*[::]\s*", re.IGNORECASE)
_TAG = re.compile(r"\[(?:https?://)?([A-Z][A-Z0-9]{0,15})-(\d{1,10})\]")


def clean(subject: str) -> str:
    """The subject without reply prefixes and ticket tags."""
    text = " ".join(_TAG.sub(" ", subject).split())
    start = 0
    while match := _REPLY.match(text, start):
        start = match.end()
    return text[start : start + 500]


def tags(subject: str) -> list[tuple[str, int]]:
    """The ticket tags in a subject, as (prefix, number), in their order (B9)."""
    return [(m[1], int(m[2])) for m in _TAG.finditer(subject)]
