"""Raw bytes to a `Reading`: the whole of what a mail says, for any bytes, without an exception.

The limits are judged on the raw bytes before anything is decoded (B55); above one, the mail is read from its header
alone, with `truncated` and a defect that names the limit. `X-Maild-*` fields count for nothing here but for
`instance_marks` (B59).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from maild.mail import address, body, bounce, charset, header, html, kind, language, references, reply, structure
from maild.mail.header import Fields
from maild.mail.message import Address, Bounce, Mail, Reading
from maild.mail.structure import LimitMet, Part

_METHOD = re.compile(rb"^METHOD[ \t]*:[ \t]*([A-Za-z-]{1,20})", re.MULTILINE | re.IGNORECASE)
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_MOST_DEFECTS = 30
_SAME = 20  # fields of one name that are kept for who asks
_LONGEST_FIELD = 2_000  # characters of one of them


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """What is read of a mail at most, who we are, and which languages the desk speaks."""

    size: int = 25_000_000  # bytes of a mail
    parts: int = 100
    depth: int = 20  # multiparts in each other
    header_block: int = 256_000  # bytes
    header: int = 32_000  # bytes of one field
    headers: int = 500
    text: int = 1_000_000  # characters that are kept
    html: int = 200_000  # characters that are converted
    files_total: int = 10_000_000  # bytes of attachments that are handed on
    instance: str = ""  # "": no loop is looked for
    languages: tuple[str, ...] = ("en", "it", "da")
    asked: tuple[str, ...] = ()  # fields of the header, in small letters, that are kept as they are for whoever asks


def warm(settings: ReadSettings) -> None:
    """Loads what the first mail would wait for: HTML, the language model."""
    html.warm()
    language.warm(settings.languages)


def read(raw: bytes, settings: ReadSettings) -> Reading:
    """What the mail `raw` says. Never raises for any bytes: at worst the Mail has defects."""
    try:
        return _read(raw, settings, whole=True)
    except RecursionError:
        why = "too deeply nested to be read"
    except Exception as problem:  # noqa: BLE001 - M5: no mail stops the next one; its bytes are kept, so nothing is lost
        why = f"could not be read in full ({type(problem).__name__})"
    return read_header(raw, settings, why)


def read_header(raw: bytes, settings: ReadSettings, why: str) -> Reading:
    """The mail read from its header alone, with `why` among its defects. Never raises."""
    try:
        return _read(raw, settings, whole=False, why=why)
    except Exception as problem:  # noqa: BLE001 - the same: an empty Mail that says so is better than none
        return Reading(_nothing(raw, f"{why}; the header neither ({type(problem).__name__})"))


def _read(raw: bytes, settings: ReadSettings, *, whole: bool, why: str = "") -> Reading:
    limits = header.Limits(settings.header_block, settings.header, settings.headers)
    met = [why] if why else []
    if len(raw) > settings.size:
        met.append(f"mail over {settings.size} bytes")
    # A header lies within its limit, so only that much of a mail that is too big is touched.
    data = structure.lines(raw if not met else raw[: settings.header_block * 2 + 2]).lstrip(b"\n")
    fields = header.split(data, limits=limits)
    met.extend(fields.met)
    root: Part | None = None
    defects = list(fields.defects)
    if not met and whole:
        try:
            root, odd = structure.scan(data, fields, settings.parts, settings.depth, limits)
            defects.extend(odd)
        except LimitMet as limit:
            met.append(str(limit))
    found = body.Body()
    if root is not None:
        found = body.read(data, root, body.Caps(settings.text, settings.html, settings.files_total))
        defects.extend(found.defects)
    defects.extend(met)
    return _Reader(raw, data, fields, root, found, settings).reading(defects, truncated=bool(met) or found.cut)


class _Reader:
    """The fields of one mail, each read on its own."""

    def __init__(
        self, raw: bytes, data: bytes, fields: Fields, root: Part | None, found: body.Body, settings: ReadSettings
    ) -> None:
        self._raw, self._data, self._fields, self._root, self._body = raw, data, fields, root, found
        self._settings = settings
        kind_of = fields.first("content-type")
        self._hint = header.parameters(kind_of)[1].get("charset") if kind_of else None
        if self._hint is None and root is not None:
            self._hint = next((part.charset for part in root.walk() if part.charset), None)

    def reading(self, defects: list[str], *, truncated: bool) -> Reading:
        fields, found, settings = self._fields, self._body, self._settings
        senders = fields.all("from")
        sender, from_why = address.strict(senders, self._hint)
        claimed = sender or next(iter(address.parse_list(senders[0], self._hint)) if senders else iter(()), None)
        shown = claimed.address if claimed else ""
        subject = fields.text("subject", self._hint) or ""
        message_id = references.own_id(fields.raw("message-id"))
        return_path = self._return_path()
        text = html.MARKS.sub("", found.text) if found.marked else found.text
        report = self._bounce(text, subject, shown or (header.plain(senders[0]) if senders else ""), return_path)
        judged = kind.judge(
            fields,
            self._root,
            subject=subject,
            sender=shown,
            return_path=return_path,
            message_id=message_id,
            calendar=self._calendar(),
            bounce=report,
            instance=settings.instance,
        )
        new, old = reply.split(found.text)
        digest = self._digest(subject, shown, text)
        date = (fields.raw("date") or [""])[0]
        moment = _date(date)
        if date and moment is None:
            defects.append("a Date that is none")
        mail = Mail(
            message_id=message_id,
            derived_id=message_id or references.derived_id(digest, date),
            content_digest=digest,
            in_reply_to=_ids(fields, "in-reply-to"),
            references=_ids(fields, "references"),
            date=moment,
            sender=sender,
            from_ok=sender is not None,
            from_why=from_why,
            claimed=claimed,
            return_path=return_path,
            reply_to=self._addresses("reply-to"),
            to=self._addresses("to"),
            cc=self._addresses("cc"),
            delivered_to=tuple(dict.fromkeys(a.address for name in _ENVELOPE for a in self._addresses(name))),
            subject=subject,
            text=text,
            reply=new,
            elided=old,
            language=language.detect(new if new.strip() else subject, settings.languages),
            kind=judged.kind,
            kind_why=judged.why,
            answerable=judged.answerable,
            bounce=report,
            attachments=tuple(found.attachments),
            authentication_results=tuple(fields.raw("authentication-results")),
            instance_marks=tuple(value.strip() for value in fields.raw("x-maild-instance")),
            sealed=self._sealed(text),
            truncated=truncated,
            defects=tuple(dict.fromkeys(defects))[:_MOST_DEFECTS],
            headers=self._asked(),
        )
        return Reading(mail, tuple(file for file in found.files if file is not None))

    def _asked(self) -> dict[str, tuple[str, ...]]:
        """The fields that somebody asks for, decoded; what an outsider may have written for us is none (B59)."""
        wanted = [name for name in self._settings.asked if not name.startswith("x-maild-")]
        found = {name: self._fields.all(name)[:_SAME] for name in wanted}
        return {
            name: tuple(header.text(value, self._hint)[:_LONGEST_FIELD] for value in values)
            for name, values in found.items()
            if values
        }

    def _addresses(self, name: str) -> tuple[Address, ...]:
        values = self._fields.all(name)
        return tuple(one for value in values[:10] for one in address.parse_list(value, self._hint))

    def _return_path(self) -> str | None:
        """What the last server wrote as the sender on the envelope: the topmost field, "" where it is null."""
        values = self._fields.raw("return-path")
        if not values:
            return None
        value = values[0].strip()
        if value in {"<>", ""}:
            return ""
        one = next(iter(address.parse_list(value)), None)
        if one is None or "@" not in one.address:
            return "" if "mailer-daemon" in value.lower() else None
        return one.address

    def _bounce(self, text: str, subject: str, sender: str, return_path: str | None) -> Bounce | None:
        if self._root is None:
            return None
        null = return_path == ""
        return bounce.find(self._data, self._root, text, subject=subject, sender=sender, null_sender=null)

    def _calendar(self) -> str:
        if self._root is None:
            return ""
        for part in self._root.walk():
            if part.type in {"text/calendar", "application/ics"}:
                match = _METHOD.search(structure.content(self._data, part)[0][:64_000])
                return (match.group(1).decode("ascii") if match else part.parameters.get("method", "")).upper()
        return ""

    def _digest(self, subject: str, sender: str, text: str) -> str:
        parts = [one.sha256 for one in self._body.attachments]
        if self._root is None:  # nothing but the header was read: the rest tells such mails apart
            parts.append(
                hashlib.sha256(self._raw.partition(b"\n\n")[2] or self._raw.partition(b"\r\n\r\n")[2]).hexdigest()
            )
        return references.content_digest(subject, address.canonical(sender), text, parts)

    def _sealed(self, text: str) -> Literal["pgp", "smime"] | None:
        root = self._root
        if root is None:
            return None
        for part in root.walk():
            if part.type in {"multipart/encrypted", "application/pgp-encrypted"}:
                return "pgp"
            if part.type in _SMIME and part.parameters.get("smime-type", "").lower() != "certs-only":
                return "smime"
        return "pgp" if "-----BEGIN PGP MESSAGE-----" in text and _PGP.search(text) else None


def _ids(fields: Fields, name: str) -> tuple[str, ...]:
    # programs in Python write an id that is longer than a line as an encoded word
    return references.message_ids(header.words(" ".join(fields.raw(name)[:20])))


def _date(value: str) -> datetime | None:
    """The sender's claim in UTC (B58); None where it is no date."""
    if not value or len(value) > 200:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _nothing(raw: bytes, why: str) -> Mail:
    digest = hashlib.sha256(raw).hexdigest()
    return Mail(
        message_id=None,
        derived_id=references.derived_id(digest, ""),
        content_digest=digest,
        in_reply_to=(),
        references=(),
        date=None,
        sender=None,
        from_ok=False,
        from_why="From could not be read",
        claimed=None,
        return_path=None,
        reply_to=(),
        to=(),
        cc=(),
        delivered_to=(),
        subject="",
        text="",
        reply="",
        elided="",
        language=None,
        kind="human",
        kind_why="nothing could be read",
        answerable=False,
        bounce=None,
        attachments=(),
        authentication_results=(),
        instance_marks=(),
        sealed=None,
        truncated=True,
        defects=(charset.line(why),),
    )


def as_json(reading: Reading, source: str) -> dict[str, Any]:
    """The *parsed mail* object of interface.md."""
    mail = reading.mail
    return {
        "source": source,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "date": mail.date.isoformat().replace("+00:00", "Z") if mail.date else None,
        "from": _person(mail.sender or mail.claimed),
        "reply_to": [_person(one) for one in mail.reply_to],
        "to": [_person(one) for one in mail.to],
        "cc": [_person(one) for one in mail.cc],
        "subject": mail.subject,
        "text": mail.text,
        "reply": mail.reply,
        "elided": mail.elided,
        "language": mail.language,
        "kind": mail.kind,
        "bounce": _bounce_json(mail.bounce),
        "attachments": [
            {
                "name": one.name,
                "type": one.type,
                "size": one.size,
                "sha256": one.sha256,
                "content_id": one.content_id,
                "inline": one.inline,
            }
            for one in mail.attachments
        ],
        "authentication": {"from_ok": mail.from_ok, "why": mail.from_why},
        "truncated": mail.truncated,
        "defects": list(mail.defects),
    }


def _person(one: Address | None) -> dict[str, str] | None:
    return {"name": one.name, "address": one.address} if one else None


def _bounce_json(report: Bounce | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "action": report.action,
        "status": report.status,
        "recipients": list(report.recipients),
        "original_message_id": report.original_message_id,
        "diagnostic": report.diagnostic,
    }
