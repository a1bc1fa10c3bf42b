"""Delivery reports: RFC 3464 where the server speaks it, the forms of old mailers where it does not.

Only a report that the server itself sent counts: a person who attaches a bounce or any message/rfc822 did not bounce
(B18), so nothing inside an attached message is looked at but the header of what came back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maild.mail import charset, header, oldbounce, references, structure
from maild.mail.message import Bounce, BounceAction
from maild.mail.structure import Part

_REPORTS = {"message/delivery-status", "message/global-delivery-status"}
_OTHER_REPORTS = {"message/feedback-report", "message/disposition-notification"}
_RETURNED = {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial"}
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{2,40})[ \t]*:[ \t]?(.*)")
_ADDRESS = re.compile(r"[^\s<>\"';,]{1,100}@[^\s<>\"';,]{1,200}")
_ACTIONS: dict[str, BounceAction] = {
    "failed": "failed",
    "failure": "failed",
    "fail": "failed",
    "deliverable": "failed",  # what one old server writes for a refused address
    "bounced": "failed",
    "expired": "failed",
    "delayed": "delayed",
    "deferred": "delayed",
    "delivered": "delivered",
    "relayed": "relayed",
    "expanded": "relayed",
}
_WORST: tuple[BounceAction, ...] = ("failed", "delayed", "relayed", "delivered")
_LONGEST = 2_000  # characters of a diagnostic
_MOST = 100  # recipients of one report


@dataclass(frozen=True, slots=True)
class _Recipient:
    address: str
    action: BounceAction
    status: str | None
    diagnostic: str


def find(data: bytes, root: Part, text: str, *, subject: str, sender: str, null_sender: bool) -> Bounce | None:
    """The delivery report that the mail is, or None.

    `text` is its body as text, `sender` the address in From (or From as it stands, where it holds none), `null_sender`
    whether the return path is empty.
    """
    leaves = [part for part in root.walk() if not part.parts]
    kind = root.parameters.get("report-type", "").lower() if root.type == "multipart/report" else ""
    if kind in {"disposition-notification", "feedback-report"} or any(part.type in _OTHER_REPORTS for part in leaves):
        return None
    daemon, named = oldbounce.is_daemon(sender) or null_sender, oldbounce.is_report(subject)
    refused = _addresses(root.fields.raw("x-failed-recipients"))  # what Exim and Google write
    report = next((part for part in leaves if part.type in _REPORTS), None)
    if report is not None and (root.type == "multipart/report" or daemon or named):
        found = _delivery_status(_decoded(data, report))
        if found:
            return _made(found, _returned(data, leaves, text), text)
    if not (daemon or named or refused or root.type == "multipart/report"):
        return None
    words = _own_words(data, leaves, text)
    if (daemon or named) and "Final-Recipient:" in words and not oldbounce.is_answer(subject):
        found = _delivery_status(words)  # a report whose MIME header was lost on the way
        if found:
            return _made(found, _returned(data, leaves, text), text)
    returned = any(part.type in _RETURNED for part in leaves)
    strong = bool(refused) or (daemon and (named or returned)) or root.type == "multipart/report"
    told = oldbounce.read(words, subject, strong=strong)
    if told is None or (oldbounce.is_answer(subject) and not daemon):
        return None
    names = refused or told.recipients
    return Bounce(told.action, told.status, names[:_MOST], _returned(data, leaves, text), told.diagnostic[:_LONGEST])


def _addresses(values: list[str]) -> tuple[str, ...]:
    return tuple(_ADDRESS.findall(" ".join(values)[:20_000]))


def _decoded(data: bytes, part: Part) -> str:
    raw, _ = structure.content(data, part)
    return charset.decode(raw[:200_000], part.charset)[0]


def _delivery_status(report: str) -> list[_Recipient]:
    found: list[_Recipient] = []
    for fields in _groups(report):
        name = fields.get("final-recipient") or fields.get("original-recipient") or fields.get("x-actual-recipient")
        if name is None and "action" not in fields:
            continue
        match = _ADDRESS.search((name or "").rpartition(";")[2])
        address = match.group() if match else charset.line((name or "").rpartition(";")[2].strip(" <>"))
        original = _ADDRESS.search(fields.get("original-recipient", ""))
        if original and (
            "@" not in address or "rfc822;" in fields.get("original-recipient", "").lower().replace(" ", "")
        ):
            address = original.group() if "@" not in address else address
        status = _STATUS.search(fields.get("status", ""))
        code = status.group(1) if status else None
        word = re.split(r"[\s(;]", fields.get("action", "").strip().lower(), maxsplit=1)[0]
        diagnostic = " ".join(fields.get("diagnostic-code", "").split())
        action = _ACTIONS.get(word) or (
            "delayed" if (code or "5")[0] == "4" else "delivered" if code and code[0] == "2" else "failed"
        )
        found.append(_Recipient(address, action, code, diagnostic))
        if len(found) >= _MOST:
            break
    return found


def _groups(report: str) -> Iterator[dict[str, str]]:
    """The blocks of a delivery status, without the first where it names no recipient (RFC 3464, 2.1)."""
    fields: dict[str, str] = {}
    last = ""
    for line in [*report.split("\n")[:5_000], ""]:
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t" and last:
            if len(fields[last]) < 4 * _LONGEST:
                fields[last] += " " + line.strip()
        else:
            match = _FIELD.match(line)
            if match:
                last = match.group(1).lower()
                if last == "final-recipient" and last in fields:  # blocks without a blank line between them
                    yield fields
                    fields = {}
                fields[last] = match.group(2)


def _made(found: list[_Recipient], original: str | None, text: str) -> Bounce:
    action = min((one.action for one in found), key=_WORST.index)
    those = [one for one in found if one.action == action]
    chosen = next((one for one in those if one.diagnostic), those[0])
    status = oldbounce.sharpened(chosen.status, chosen.diagnostic, text, action)
    names = tuple(dict.fromkeys(one.address for one in those if one.address))
    diagnostic = chosen.diagnostic or oldbounce.sentence(text)
    return Bounce(action, status, names, original, charset.line(diagnostic)[:_LONGEST])


def _returned(data: bytes, leaves: list[Part], text: str) -> str | None:
    """The Message-ID of the mail that came back, from what came back of it."""
    for part in leaves:
        if part.type in _RETURNED:
            raw, _ = structure.content(data, part)
            fields = header.split(structure.lines(raw[:64_000]).lstrip(b"\n"))
            name = references.own_id(fields.raw("message-id"))
            if name:
                return name
    for source in (
        text,
        *(_decoded(data, p) for p in leaves if p.type == "text/plain" and p.disposition == "attachment"),
    ):
        match = re.search(
            r"^[> \t]{0,8}message-id:[ \t]*(?:\n[> \t]+)?(<[^<>\s]{3,300}>)", source[:200_000], re.I | re.M
        )
        if match:
            return match.group(1).strip("<>")
    return None


def _own_words(data: bytes, leaves: list[Part], text: str) -> str:
    """What the server itself says, without the mail that came back in the same part."""
    if not text.strip() and leaves and leaves[0].type not in _RETURNED:
        text = _decoded(data, leaves[0])
    return text[:100_000]
