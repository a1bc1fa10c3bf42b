"""The mail servers: what the mailboxes offer, whose word stands in the mails, and whether the way out is open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from maild.config import Account, Settings
from maild.doctor.finding import Finding, ok, problem, warning
from maild.errors import MaildError
from maild.mail import token, trust
from maild.stage import mailbox_of, sender_of
from maild.wire import probe
from maild.wire.imap import LoginRefused
from maild.wire.probe import Head, ImapSeen, SmtpSeen

_PATIENCE = 20.0  # seconds for each answer
_NEWEST = 10  # mails whose heads are looked at
_SOON = timedelta(days=14)  # a certificate that ends by then is spoken of
_FUTURE = timedelta(minutes=2)  # no mail came later than now
_LOCAL = 64  # characters of a local part (RFC 5321, 4.5.3.1.1)
_TRIAL = "maild-doctor"
_LACKS = {
    "IDLE": ("the server cannot tell of new mail", "nothing; maild looks for it every few seconds"),
    "UIDPLUS": ("it cannot expunge single mails", "nothing where it has MOVE"),
    "MOVE": ("it cannot move mails in one step", "nothing; maild copies and expunges"),
}


def mailbox(account: Account, settings: Settings, now: datetime) -> Iterator[Finding]:
    """One account: login, capabilities, folders, Authentication-Results, clock."""
    about = f"imap {account.name}"
    if account.imap is None:
        yield ok(about, "it has no mailbox: its mail comes by the listener or `maild feed`")
        return
    try:
        seen = probe.imap(replace(mailbox_of(account, settings).login, timeout=_PATIENCE), _NEWEST)
    except LoginRefused as e:
        yield problem(about, str(e), "see that user and password are right, and IMAP is allowed for them")
        return
    except MaildError as e:
        yield problem(about, str(e), "see that host, port and tls are right, and that the server runs")
        return
    yield ok(about, f"logged in as {account.imap.user} at {account.imap.host}:{account.imap.port}")
    yield from _certificate(about, seen.expires, now)
    yield from _capabilities(about, seen)
    yield from _folders(about, seen)
    yield from _results(account, settings, seen.newest)
    local, _, domain = account.address.rpartition("@")
    tagged = re.compile(rf"(?<![^\s<,]){re.escape(local)}\+[^@\s]+@{re.escape(domain)}", re.IGNORECASE)
    if account.plus_addressing and any(tagged.search(head.to) for head in seen.newest):
        yield ok(_about_plus(account), "a mail to a plus-address has come")
    late = max((head.received_at - now for head in seen.newest), default=timedelta())
    if late > _FUTURE:
        words = f"the newest mail came {late.total_seconds():.0f} seconds after what our clock says is now"
        yield warning("clock", words, "let this machine follow a time server (chrony, systemd-timesyncd)")


def _certificate(about: str, expires: datetime | None, now: datetime) -> Iterator[Finding]:
    if expires is not None and expires - now < _SOON:
        yield warning(about, f"the server's certificate ends on {expires:%Y-%m-%d}", "tell who runs the server")


def _capabilities(about: str, seen: ImapSeen) -> Iterator[Finding]:
    there = [name for name in _LACKS if name in seen.capabilities]
    if there:
        yield ok(about, f"the server has {', '.join(there)}")
    for name in [name for name in _LACKS if name not in there]:
        if not (name == "UIDPLUS" and "MOVE" in there):
            yield warning(about, f"the server has no {name}: {_LACKS[name][0]}", _LACKS[name][1])


def _folders(about: str, seen: ImapSeen) -> Iterator[Finding]:
    for name, how in seen.folders:
        if how == "missing":
            advice = "make it, or change `folder`, `processed` or `failed`"
            yield problem(about, f"there is no folder {name}, and it cannot be made", advice)
    well = [
        f"{name} {'is there' if how == 'there' else 'can be made'}" for name, how in seen.folders if how != "missing"
    ]
    if well:
        yield ok(about, f"folders: {', '.join(well)}")


# -- Authentication-Results --------------------------------------------------------------------------------------------


def _results(account: Account, settings: Settings, newest: tuple[Head, ...]) -> Iterator[Finding]:
    """Whose word stands on top of the newest mails, and whether it is the one that maild believes."""
    about, wanted = f"authserv {account.name}", (account.authserv or "").lower()
    named = [trust.server(head.results[0]) if head.results else None for head in newest]
    counted = Counter(name for name in named if name)
    if not newest:
        words = "there is no mail yet in which to look for Authentication-Results"
        yield warning(about, words, "send a mail to this address from outside, and look again")
    elif not counted:
        words = f"none of the newest {len(newest)} mails has Authentication-Results"
        advice = (
            "let the server check SPF, DKIM and DMARC (e.g. rspamd); until then a reply token alone proves an agent"
        )
        yield problem(about, words, advice) if wanted and _needed(settings) else warning(about, words, advice)
    elif wanted and counted[wanted]:
        others = [name for name in counted if name != wanted]
        words = f"{counted[wanted]} of the newest {len(newest)} mails have Authentication-Results of {account.authserv}"
        yield ok(about, words + (f" (others: {', '.join(others)}, not believed)" if others else ""))
    else:
        ((name, count), *_) = counted.most_common(1)
        words = f"{count} of the newest {len(newest)} mails have on top Authentication-Results of {name}"
        # a server that writes none lets those through that the sender wrote: only a person knows whose it is
        advice = f"if {name} is the server that takes your mail in, set authserv: {name} in maild.yaml"
        if wanted:
            yield problem(about, f"{words}, none of {account.authserv}", advice)
        else:
            yield warning(about, f"{words}; authserv is not set, so none are believed", advice)


def _needed(settings: Settings) -> bool:
    return any(person.trust in ("dmarc", "token+dmarc") for person in settings.desk.people.values())


# -- the way out -------------------------------------------------------------------------------------------------------


def way_out(settings: Settings, now: datetime, proven: Collection[str] = ()) -> Iterator[Finding]:
    """Sending: login, what the server takes, and whether it knows our plus-addresses."""
    about, smtp = "smtp", settings.sending.smtp
    tagged = [a for a in settings.accounts if a.plus_addressing and _about_plus(a) not in proven]
    asked = [one for a in tagged for one in (_plus(a.address, _TRIAL), _nobody(a.address))]
    first = settings.accounts[0]
    sender = _plus(first.address, _TRIAL) if first.plus_addressing else first.address
    try:
        seen = probe.smtp(replace(sender_of(settings).login, timeout=_PATIENCE), sender, asked)
    except MaildError as e:
        yield problem(about, str(e), "see that host, port, tls, user and password are right, and that the server runs")
        return
    login = f"logged in as {smtp.user}" if smtp.user else "no login was asked for"
    tls = {"implicit": "TLS", "starttls": "STARTTLS", "none": "without TLS, on this machine"}[smtp.tls]
    yield ok(about, f"{smtp.host}:{smtp.port} answers, {tls}; {login}")
    yield from _certificate(about, seen.expires, now)
    if seen.sender:
        advice = "allow this user to send as the desk, also with a plus-address"
        yield problem(about, f"the server does not take {sender} as sender: {seen.sender}", advice)
    if "smtputf8" not in seen.extensions:
        yield warning(about, "the server has no SMTPUTF8", "nothing; addresses beyond ASCII cannot be written to")
    if seen.size is not None and seen.size < settings.limits.size:
        words = f"the server takes mails up to {seen.size} bytes, maild reads them up to {settings.limits.size}"
        yield warning(about, words, "nothing; the attachments of a very large mail may not reach its readers")
    for account in tagged:
        yield from _plus_addressing(account, seen)


def _plus_addressing(account: Account, seen: SmtpSeen) -> Iterator[Finding]:
    about, address = _about_plus(account), _plus(account.address, _TRIAL)
    instead = "let the server take plus-addresses (recipient_delimiter = +), or set plus_addressing: false"
    room = _LOCAL - len(account.address.rpartition("@")[0]) - 1
    if room < token.LENGTH:
        words = f"the part of {account.address} before the @ is too long for a token of {token.LENGTH} characters"
        yield problem(about, words, "take a shorter address, or set plus_addressing: false")
        return
    answers = dict(seen.recipients)
    if address not in answers:
        return  # our sender was refused: nothing could be asked
    refused = answers[address]
    if refused and not re.match(r"4\d\d", refused):
        yield problem(about, f"{address} is refused: {refused}", instead)
    elif refused:
        yield warning(about, f"{address} is not taken now: {refused}", "look again later")
    elif answers.get(_nobody(account.address)):
        yield ok(about, f"{address} is taken, and an address of nobody is not")
    else:
        words = f"{address} is taken, but so is an address of nobody: that says nothing"
        yield warning(about, words, f"send a mail to {address} and see that it comes to the mailbox; if not: {instead}")


def _about_plus(account: Account) -> str:
    return f"plus {account.name}"


def _plus(address: str, tag: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{tag}@{domain}"


def _nobody(address: str) -> str:
    return f"{_TRIAL}-nobody@{address.rpartition('@')[2]}"
