"""What kind of mail this is: a person's, an automatic reply, a list's, a report, our own loop (B14 to B22).

Only evidence in the mail itself is used. Where it proves a robot the kind says so; where it only hints, the mail stays
a person's and is merely not answered automatically (B16): a robot taken for a person costs one mail, a person taken for
a robot is not heard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from maild.mail.header import Fields
from maild.mail.message import Bounce, Kind
from maild.mail.structure import Part

_COMMENT = re.compile(r"\([^()]*\)")
_AUTOMATIC = (
    r"automatic repl(?:y|ies)|auto[- ]?(?:matic )?(?:repl(?:y|ies)|respon(?:se|der))|automated (?:reply|response)|"
    r"risposta automatica|auto-?risposta|automatisk svar|autosvar|automatiskt svar|autosvar|"
    r"automatische antwort|automatische r(?:ü|ue)ckantwort|r(?:é|e)ponse automatique|respuesta autom(?:á|a)tica|"
    r"automatisch antwoord|automatische beantwoording|resposta autom(?:á|a)tica|autom(?:atisk)? svar|"
    r"odpowied(?:ź|z) automatyczna|automatyczna odpowied(?:ź|z)|autoodpowied(?:ź|z)"
)
_ABSENT = (
    r"out of (?:the )?office(?: (?:auto[- ]?reply|notification|message))?|away from (?:the |my )?office|on vacation|"
    r"i am away|ooo|"
    r"fuori sede|fuori ufficio|assente dall'ufficio|assenza dall'ufficio|assenza|ikke til stede|"
    r"fravær(?:smeddelelse|smelding)?|ude af kontoret|"
    r"ikke på kontoret|på ferie|ferie|abwesenheitsnotiz|abwesend|abwesenheit|nicht im b(?:ü|ue)ro|absence du bureau|"
    r"absent(?:e)? du bureau|"
    r"message d'absence|absence|fuera de (?:la )?oficina|ausente|ausencia|afwezig(?:heidsbericht)?|niet aanwezig|"
    r"frånvaro(?:meddelande)?|ej på kontoret|inte på kontoret|ikke til ?stede|fraværsassistent|vacation|"
    r"aus(?:ê|e)ncia(?: do escrit(?:ó|o)rio)?|fora do escrit(?:ó|o)rio|"
    r"nieobecno(?:ś|s)(?:ć|c)(?: w biurze)?|poza biurem"
)
_PREFIX = re.compile(rf"\s*(?:\[[^\[\]]{{1,40}}\]\s*)?(?:{_AUTOMATIC}|{_ABSENT})\s*(?:[:：]|\s[-–]\s)", re.IGNORECASE)
_BEGINS = re.compile(rf"\s*(?:{_AUTOMATIC}|{_ABSENT})\b", re.IGNORECASE)
_WHOLE = re.compile(rf"\s*(?:{_AUTOMATIC})\s*\Z", re.IGNORECASE)
_NOBODY = re.compile(
    r"(?:no|not|do[-_.]?not|non|ne|nicht|ikke|svar[-_.]?ikke|noreply\d*)[-_.+]?(?:reply|replay|respond|answer|"
    r"rispondere|repondre|antworten|svar|besvar)|"
    r"mailer[-_.]?daemon|postmaster|bounces?\b|auto[-_.]?(?:reply|responder)|listserv|majordomo|mdaemon",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"(?:mailer[-_.]?daemon|mail-?daemon)@?", re.IGNORECASE)
_OWN_ID = re.compile(r"(?:[a-z2-7]{44}|[a-z][a-z_-]{1,40})\.[0-9a-f]{12}\Z")  # as desk.letters makes them
# Fields that only answering machines write, and a value that does not mean it.
_ROBOT_REPLIES = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply",
    "x-autoresponder",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-away-message",
    "x-vacation",
    "x-autoresponse",
)
_LISTS = ("list-post", "list-unsubscribe", "list-subscribe", "list-archive", "list-help", "list-owner")
_LIST_PROGRAMS = (
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
    "x-mailman-version",
    "x-google-group-id",
    "errors-to",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A kind, why, and whether an automatic mail may answer."""

    kind: Kind
    why: str
    answerable: bool


def judge(
    fields: Fields,
    root: Part | None,
    *,
    subject: str,
    sender: str,
    return_path: str | None,
    message_id: str | None,
    calendar: str,
    bounce: Bounce | None,
    instance: str,
) -> Judged:
    """The kind of a mail. `calendar` is the METHOD of its iCalendar part in capitals, "" where there is none."""
    robot = (
        _loop(fields, message_id, instance)
        or _report(root, bounce)
        or (("calendar_reply", f"an answer to an invitation (METHOD:{calendar})") if _answers(calendar) else None)
        or _automatic(fields, subject, sender, return_path)
        or _list(fields, return_path, sender)
    )
    if robot:
        return Judged(robot[0], robot[1], answerable=False)
    why = _silent(fields, sender, return_path)
    return Judged("human", why or "nothing says that a machine wrote it", answerable=why is None)


def _answers(calendar: str) -> bool:
    return calendar in {"REPLY", "COUNTER", "REFRESH"}


def _loop(fields: Fields, message_id: str | None, instance: str) -> tuple[Kind, str] | None:
    if not instance:
        return None
    own = instance.lower()
    if any(mark.strip().lower() == own for mark in fields.raw("x-maild-instance")):
        return "loop", "our own X-Maild-Instance"
    local, _, where = (message_id or "").lower().rpartition("@")
    # The domain alone proves nothing: Thunderbird takes the sender's, and a relay that adds a missing id its own.
    if where == own and _OWN_ID.match(local):
        return "loop", "our own Message-ID"
    return None


def _report(root: Part | None, bounce: Bounce | None) -> tuple[Kind, str] | None:
    if bounce is not None:
        if bounce.action == "failed":
            return "dsn_failed", f"a delivery report: failed {bounce.status or ''}".rstrip()
        if bounce.action == "delayed":
            return "dsn_delayed", "a delivery report: delayed, still being tried"
        return "mdn", f"a receipt: {bounce.action}"
    if root is None:
        return None
    report = root.parameters.get("report-type", "").lower() if root.type == "multipart/report" else ""
    if report == "disposition-notification" or (
        root.parts and any(part.type == "message/disposition-notification" for part in root.parts)
    ):
        return "mdn", "a read receipt (RFC 8098)"
    if report == "feedback-report" or any(part.type == "message/feedback-report" for part in root.parts):
        return "auto_generated", "a report of abuse (RFC 5965)"
    return None


def tokens(values: list[str]) -> list[str]:
    """The keywords of Auto-Submitted fields, without comments and parameters, in small letters (RFC 3834, 5; B14)."""
    found = []
    for value in values:
        for _ in range(5):  # comments nest
            value = _COMMENT.sub(" ", value)
        word = value.partition(";")[0].partition("(")[0].strip().strip('"').lower()
        if word:
            found.append(word)
    return found


def _automatic(fields: Fields, subject: str, sender: str, return_path: str | None) -> tuple[Kind, str] | None:
    absent = _PREFIX.match(subject) is not None or _WHOLE.match(subject) is not None
    word = next((word for word in tokens(fields.raw("auto-submitted")) if word != "no"), None)
    if word is not None:
        reply = word.startswith("auto-repl") or absent or (word != "auto-generated" and _BEGINS.match(subject))
        return "auto_reply" if reply else "auto_generated", f"Auto-Submitted: {word[:60]}"
    precedence = {value.strip().lower() for value in fields.raw("precedence") + fields.raw("preference")}
    machine = _answering_machine(fields, precedence)
    if machine:
        return "auto_reply", machine
    if absent:
        return "auto_reply", "the subject begins as automatic replies do"
    weak = _weak(fields, precedence, return_path)
    if weak and _BEGINS.match(subject):
        return "auto_reply", f"the subject says that somebody is away, and {weak}"
    if return_path == "":
        return "auto_generated", "the null sender: whoever sent it wants no answer"
    if _DAEMON.match(sender):
        return "auto_generated", "a mailer-daemon wrote it"
    if fields.first("x-cron-env") is not None or fields.first("x-autogenerated") is not None:
        return "auto_generated", "a machine's mark (X-Cron-Env, X-Autogenerated)"
    return None


def _answering_machine(fields: Fields, precedence: set[str]) -> str | None:
    """What only an answering machine writes."""
    for name in _ROBOT_REPLIES:
        value = fields.text(name)
        if value is not None and value.lower() not in {"no", "false", "0"}:
            return f"{name} is there"
    if precedence & {"auto_reply", "auto-reply", "autoreply"}:
        return "Precedence: auto_reply"
    if any("autoresponder" in value.lower() for value in fields.raw("x-post-messageclass")):
        return "X-POST-MessageClass: Autoresponder"
    if any(value.strip().lower() == "reply" for value in fields.raw("x-autogenerated")):
        return "X-Autogenerated: Reply"
    return None


def _weak(fields: Fields, precedence: set[str], return_path: str | None) -> str | None:
    """A hint that alone proves nothing (B16)."""
    if fields.first("x-auto-response-suppress") is not None:
        return "X-Auto-Response-Suppress is there"
    if precedence & {"bulk", "junk", "list"}:
        return "Precedence is there"
    if return_path == "":
        return "the sender is null"
    if fields.first("x-ms-exchange-inbox-rules-loop") or fields.first("x-ms-exchange-generated-message-source"):
        return "a mailbox rule sent it"
    return None


def _list(fields: Fields, return_path: str | None, sender: str) -> tuple[Kind, str] | None:
    """A mailing list handed it out: the list names itself, and at least two other signs of a list agree."""
    if fields.first("list-id") is None and fields.first("mailing-list") is None:
        return None
    signs = [name for name in (*_LISTS, *_LIST_PROGRAMS) if fields.first(name) is not None]
    if any(value.strip().lower() in {"list", "bulk"} for value in fields.raw("precedence")):
        signs.append("precedence")
    if (
        return_path
        and return_path.lower() != sender.lower()
        and re.search(r"(?i)bounce|owner|return|sentto|\+", return_path)
    ):
        signs.append("return-path")
    if len(signs) >= 2 and ("list-post" in signs or set(signs) & set(_LIST_PROGRAMS) or len(signs) >= 3):
        return "list", f"a mailing list handed it out ({', '.join(['list-id', *signs[:3]])})"
    return None


def _silent(fields: Fields, sender: str, return_path: str | None) -> str | None:
    """Why a person's mail must not be answered automatically, or None."""
    suppress = fields.text("x-auto-response-suppress")
    if suppress is not None and suppress.strip().lower() not in {"none", ""}:
        return "a person's, but X-Auto-Response-Suppress forbids automatic answers"
    if any(value.strip().lower() in {"list", "bulk", "junk"} for value in fields.raw("precedence")):
        return "a person's, but Precedence forbids automatic answers"
    if fields.first("list-id") is not None or fields.first("list-unsubscribe") is not None:
        return "a person's, but it came through a list"
    if not sender:
        return "nobody is named who could be answered"
    return "the sender's address takes no answers" if takes_no_answers(sender) else None


def takes_no_answers(address: str) -> bool:
    """Whether an address says of itself that nobody reads what is sent to it (B24)."""
    local = address.rpartition("@")[0]
    return bool(_NOBODY.match(local) or re.search(r"(?i)(?:^|[-_.+])no[-_.]?reply", local))
