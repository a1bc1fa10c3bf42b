"""Bounces of mailers that do not speak RFC 3464: who writes them, and what their sentences mean.

Figures of the words are those of RFC 3463. Everything is linear, and sees the first 100,000 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from maild.mail.message import BounceAction

_DAEMON = re.compile(
    r"(?:mailer[-_.]?daemon|mail[-_.]?daemon|post[-_.]?master|mail(?:er|delivery)?[-_.]?(?:system|subsystem|delivery)|"
    r"mmdf|bounce[sd]?|mdaemon|uucp|mailadmin|microsoftexchange[0-9a-f]*|listserv|majordomo|symantec_antivirus\S*|"
    r"amavis\w*)"
    r"(?:[-+._0-9]\S{0,200})?(?:@|\s|\Z)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver(?:ed|able|y)|returned (?:mail|message|to sender)|failure notice|delivery (?:status )?notification|"
    r"(?:mail |message )?delivery (?:has |is |was )?(?:fail|delay|problem|error|report|unsuccessful|status|"
    r"subsystem|incomplete)|"
    r"mail (?:system )?error|could not (?:be )?(?:send|sent|deliver)|cannot (?:be )?(?:send|sent|deliver)|"
    r"not delivered|"
    r"non[- ]?(?:delivery|remise|recapito|entrega)|undelivered|user unknown|mail failure|"
    r"message (?:you sent )?(?:blocked|rejected|undeliverable)|"
    r"nondeliverable|delivery failure|failed delivery|mailer[- ]daemon|bounced|error sending|rejected:|delayed mail|"
    r"warning: (?:message|could not send)|unzustellbar|nicht zugestellt|zustellung fehlgeschlagen|mancata consegna|"
    r"non recapitabile|"
    r"impossibile recapitare|notifica (?:dello stato )?(?:di recapito|della consegna)|kan ikke leveres|"
    r"kunne ikke leveres|ikke leveret|"
    r"leveringsstatus|non remis|échec de la remise|no se (?:puede|ha podido) entregar|onbestelbaar|olevererbart|"
    r"kan inte levereras|"
    r"mail could not|unknown recipient|no such (?:user|recipient)|failed mail|mail status report|"
    r"delivery reports? about your|"
    r"returned mail|email not delivered|message status|unable to deliver|mail not delivered|mailbox (?:full|"
    r"unavailable)|不达|退信|エラー|失敗",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"could not be (?:delivered|sent)|couldn'?t be delivered|was not delivered|wasn'?t able to deliver|"
    r"unable to deliver|not able to deliver|"
    r"cannot (?:be )?deliver|delivery (?:to .{1,200} |of .{1,80} )?(?:has )?failed|failed permanently|"
    r"permanent (?:fatal )?error|did not reach|"
    r"undeliverable|not be delivered|user(?: is)? unknown|unknown user|no such (?:user|person|recipient|address|"
    r"mailbox|account|local)|"
    r"unknown (?:local part|address|recipient|mailbox|host)|mailbox (?:unavailable|full|is full|not found|"
    r"does ?n.t exist|disabled)|"
    r"does(?: not|n.t) exist|doesn't have an? \S+ account|host (?:not found|unknown|or domain)|unrouteable|unroutable|"
    r"over (?:its )?quota|quota (?:exceeded|violation)|exceeds? (?:the )?(?:quota|size|limit)|recipient (?:rejected|"
    r"unknown|address rejected|not found)|"
    r"giving up on|i've given up|this is a permanent error|returned (?:to sender|message|because)|not listed in|"
    r"is not (?:a )?(?:known|valid|local)|"
    r"rejected|refused|bounced|blocked|relay(?:ing)? (?:access )?denied|invalid (?:recipient|address|mailbox|user)|"
    r"disabled|"
    r"not found|failed to deliver|transaction failed|delivery error|delivery not authorized|too (?:large|big)|"
    r"timed out|"
    r"konnte nicht zugestellt|non (?:è stato )?(?:recapitat|consegnat)|ikke leveres|n'a pas pu être (?:remis|"
    r"délivré)|配信|送信できません|届け",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"will (?:keep|continue) (?:trying|to be tried|to try|to retry|attempting)|will be retried|retr(?:y|ied) (?:for|"
    r"until)|still (?:being|trying|attempting)|has been delayed|"
    r"is delayed|delivery delay|warning message only|do not need to resend|not yet been (?:delivered|sent)|"
    r"not been able to (?:deliver|send).{0,80}(?:yet|so far)|for the last \d+ (?:hours?|minutes?).{0,80}will|"
    r"continue (?:trying|attempts)|delayed mail",
    re.IGNORECASE | re.DOTALL,
)
_WARNING = re.compile(r"delay|warning: |transient|still being", re.IGNORECASE)
_FINAL = re.compile(
    r"(?:permanent|fatal) (?:fatal )?error|permanent failure|given up|giving up|returned (?:mail|to sender)|"
    r"undeliver|could not be delivered\.|"
    r"removed from the (?:mail )?queue|has expired|envelope expired|will be deleted from|: error",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|r|rif|fwd?|wg|i|vs|tr|rv|antw)\s*:", re.IGNORECASE)
_CODE = re.compile(r"(?<![\d.])([45]\.\d{1,2}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:/-])([45][0-57]\d)(?=[ -]|$)(?![ -]\d{1,2}:\d\d)")
_ADDRESS = re.compile(r"<?(?:rfc822;\s*)?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.\"-]{1,100}@[A-Za-z0-9.-]{1,200})>?")
_RETURNED = re.compile(
    r"^(?:-{2,}[^\n]{0,40}(?:original|copy of|returned|undelivered|below|header|unsent|message follows|"
    r"body)[^\n]{0,60}$"
    r"|--- (?:Below this line|Enclosed|The header)[^\n]*$|(?:Received|Return-Path|Message-ID|MIME-Version|"
    r"DKIM-Signature|X-[A-Za-z-]+):[ ]"
    r"|[^\n]{0,60}(?:original message|message headers?|mail headers?|contents of) (?:follow|is below|are below|"
    r"below|was|were)[^\n]*$)",
    re.IGNORECASE | re.MULTILINE,
)
# What the sentence says, in order: the first that fits wins.
_FULL = re.compile(
    r"quota|mailbox (?:is )?(?:full|exceed)|mail ?box.{0,20}full|full mailbox|insufficient (?:disk|system )?stor|"
    r"too many messages in|number of messages in recipient",
    re.IGNORECASE,
)
_TOO_BIG = re.compile(
    r"(?:message|mail) (?:size|too (?:big|large))|size (?:limit|exceed)|exceeds (?:the )?(?:maximum|size)|too large",
    re.IGNORECASE,
)
_NO_HOST = re.compile(
    r"(?:host|domain|name).{0,30}(?:not found|unknown|does not exist|doesn't exist|unresolvable)|unknown (?:host|"
    r"domain)|"
    r"no such (?:host|domain)|unroute?able mail domain|dns (?:lookup )?(?:error|failure)|bad destination (?:host|"
    r"system)|"
    r"nxdomain|invalid domain|no mx found",
    re.IGNORECASE,
)
_TIMED_OUT = re.compile(
    r"(?:been|message) in the queue|timed? ?out|retry time|expired|for too long|giv(?:e|ing) up|too old", re.IGNORECASE
)
_REFUSED = re.compile(
    r"spam|blocked|black ?list|block list|denied|not (?:allowed|permitted|authorized)|policy|refused|virus|relay|"
    r"prohibited|unauthenticated|dmarc|spf",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"user.{0,20}unknown|unknown.{0,10}(?:user|local|recipient|address|mailbox)|no such|doesn.t have an?|not exist|"
    r"invalid (?:final delivery )?(?:recipient|mailbox|address|user)|destinataire invalide|no mailbox|"
    r"mailbox (?:unavailable|not found|does)|not listed in|recipient (?:rejected|not found|unknown)|no longer|"
    r"not (?:a )?(?:known|valid|local|found|our customer)|unknown|undeliverable address|unroute?able address|"
    r"account.{0,20}(?:disabled|inactive|exist)|user.{0,30}not found|bad address|見つかりません",
    re.IGNORECASE,
)
_MEANINGS = (
    ("2.2", _FULL),
    ("3.4", _TOO_BIG),
    ("1.2", _NO_HOST),
    ("4.7", _TIMED_OUT),
    ("7.1", _REFUSED),
    ("1.1", _NOBODY),
)
_VAGUE = {"0.0", "9.9", "5.0"}


@dataclass(frozen=True, slots=True)
class Told:
    """What an old mailer's text says."""

    action: BounceAction
    status: str | None
    recipients: tuple[str, ...]
    diagnostic: str


def is_daemon(sender: str) -> bool:
    """Whether an address, or a From without one, is that of a mail server."""
    return _DAEMON.match(sender) is not None


def is_report(subject: str) -> bool:
    """Whether a subject is one of those that servers write, not an answer to it or a forward of it."""
    return _SUBJECT.search(subject) is not None and _ANSWERED.match(subject) is None


def is_answer(subject: str) -> bool:
    """Whether a subject begins with "Re:", "Fwd:" or their kin."""
    return _ANSWERED.match(subject) is not None


def read(text: str, subject: str, *, strong: bool) -> Told | None:
    """What a report in free words says; None where it is no report. `strong`: something but words says that it is."""
    match = _RETURNED.search(text, 40)
    said = text[: match.start()] if match else text
    said = said if said.strip() else text
    code, reply = _CODE.search(said), _REPLY.search(said)
    delayed = bool(_DELAYED.search(said[:20_000]) or _WARNING.search(subject)) and not _FINAL.search(
        said[:20_000] + subject
    )
    names = tuple(dict.fromkeys(m.strip(".") for m in _ADDRESS.findall(said) if not _DAEMON.match(m)))[:20]
    failed = _FAILED.search(said) is not None
    if (
        not strong
        and not (_SUBJECT.search(subject) and (failed or delayed or code))
        and not (failed and (code or reply))
    ):
        return None
    action: BounceAction = "delayed" if delayed else "failed"
    diagnostic = sentence(said)
    status = sharpened(code.group(1) if code else None, diagnostic, said, action)
    return Told(action, status, names, diagnostic)


def sentence(text: str) -> str:
    """The line that says most about why."""
    best = ""
    for line in text[:30_000].split("\n"):
        line = " ".join(line.split())
        if _CODE.search(line):
            return line
        if not best and (_REPLY.search(line) or _FAILED.search(line)):
            best = line
    return best


def sharpened(status: str | None, diagnostic: str, text: str, action: BounceAction) -> str | None:
    """The status as exactly as the report lets it be known.

    Many servers write 5.0.0 and say in words that there is no such person; what counts for B19 is the latter.
    """
    if action in ("delivered", "relayed"):
        return status
    if status and status[2:] not in _VAGUE:
        # What the refusing server said itself outweighs what the reporting one made of it: it is often 5.1.1 for all.
        said = next((c for c in _CODE.findall(diagnostic) if c[0] == status[0] and c[2:] not in _VAGUE), None)
        return said or status
    family = (status or "")[:1]
    for source in (diagnostic, text[:20_000]):
        code = next((c for c in _CODE.findall(source) if c[2:] != "0.0" and (not family or c[0] == family)), None)
        if code:
            return str(code)
        if not family:
            reply = _REPLY.search(source)
            family = reply.group(1)[0] if reply else ""
    for source in (diagnostic, text[:5_000]):
        for meaning, words in _MEANINGS:
            if words.search(source):
                return f"{family or ('4' if action == 'delayed' else '5')}.{meaning}"
    return status or f"{family or ('4' if action == 'delayed' else '5')}.0.0"
