"""Mails that are not what they claim: each would resolve Carla's ticket if it were believed (M7).

Where one says `VOUCHED`, the mail server vouches for the agent's domain, as it does for everybody who has a mailbox
there; where it says `EVIL`, for the forger's.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from maild.desk import people
from maild.desk.models import Person as Row
from maild.mail import token
from maild.mail.token import Mint
from tests import cast
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA

ORDER = "!resolve It is solved.\n!assign ben\n!priority low\nEverything is fine now."
FROM_ADA = "From: Ada Rossi <ada@example.org>"
FROM_MALLORY = "From: Mallory <mallory@evil.example>"
VOUCHED = "Authentication-Results: mx.example.org; dmarc=pass header.from=example.org"
EVIL = "Authentication-Results: mx.example.org; dmarc=pass header.from=evil.example"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Scene:
    """Carla's ticket, and another one of Giulia's."""

    desk: Conversation
    carla: Turn
    giulia: Turn

    def token(self, person: str = "ada", *, mint: Mint | None = None, internal: bool = False, days: int = 0) -> str:
        """A token for a member of staff on Carla's ticket."""
        day = self.desk.now.date() - timedelta(days=days)
        number = self.desk.ticket(self.carla.ticket).id
        return (mint or self.desk.stage.post.mint).sign(number, Row.get(staff=person).id, internal=internal, today=day)


@dataclass(frozen=True)
class Spoof:
    """One mail that is not what it claims."""

    name: str
    raw: Callable[[Scene], bytes]
    verdict: str  # what its sender is judged to be


def mail(scene: Scene, *headers: str, to: str = "support@example.org", text: str = ORDER, subject: str = "") -> bytes:
    """A mail, header by header as the wire has it, about Carla's ticket."""
    head = [
        *headers,
        f"To: {to}",
        f"Subject: {subject or f'Re: [{scene.carla.ticket}] Secret project'}",
        f"Message-ID: <spoof{next(_numbers)}@evil.example>",
        "Date: Tue, 24 Nov 2026 09:10:00 +0000",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    ]
    return "\r\n".join([*head, "", *text.split("\n"), ""]).encode("utf-8", "surrogateescape")


# -- From --------------------------------------------------------------------------------------------------------------

# `email.policy.default` takes each of the first block for ada@example.org alone, and the second block at first sight
FORMS = {
    "an address as the name of another": "ada@example.org <mallory@evil.example>",
    "a group": "Team: ada@example.org;",
    "a route": "<@evil.example:ada@example.org>",
    "a route of two": "Mallory <@evil.example,@b.example:ada@example.org>",
    "two in angle brackets": "<ada@example.org> <mallory@evil.example>",
    "two in angle brackets with a name": "Ada Rossi <ada@example.org> <mallory@evil.example>",
    "an address behind the brackets": "Ada Rossi <ada@example.org>mallory@evil.example",
    "two addresses without a comma": "ada@example.org mallory@evil.example",
    "the real one in a comment": "ada@example.org (mallory@evil.example)",
    "a comment before it": "(mallory@evil.example) ada@example.org",
    "a comment inside the address": "ada(x)@(y)example.org",
    "nested comments": "((x) y) <ada@example.org> (\\))",
    "blanks inside the address": "ada @ example.org",
    "a blank inside the domain": "ada@example .org",
    "a quoted local part": '"ada"@example.org',
    "an encoded local part": "=?utf-8?q?ada?=@example.org",
    "a bracket that was not opened": "ada@example.org>",
    "a bracket that is not closed": "<ada@example.org",
    "an empty bracket behind": "ada@example.org <>",
    "brackets and another domain": "<ada@example.org>@evil.example",
    "a semicolon": "ada@example.org;",
    "a comma before": ",ada@example.org",
    "a comma behind": "<ada@example.org>, ",
    "an escaped nothing": "ada@example.org\\0@evil.example",
    "a control character": "ada@example.org\x01@evil.example",
    # the second block
    "two mailboxes": "Ada Rossi <ada@example.org>, Mallory <mallory@evil.example>",
    "two mailboxes, the other first": "Mallory <mallory@evil.example>, Ada Rossi <ada@example.org>",
    "a group of two": "Team: ada@example.org, mallory@evil.example;",
    "a group and a mailbox": "Team: Ada <ada@example.org>;, mallory@evil.example",
    "an address as a quoted name": '"ada@example.org" <mallory@evil.example>',
    "an address as an encoded name": "=?utf-8?q?ada=40example=2Eorg?= <mallory@evil.example>",
    "brackets in an encoded name": "=?utf-8?b?QWRhIDxhZGFAZXhhbXBsZS5vcmc+?= <mallory@evil.example>",
    "all of it encoded": "=?utf-8?q?Ada_=3Cada=40example=2Eorg=3E?=",
    "an encoded address in brackets": "<=?utf-8?q?ada=40example.org?=>",
    "an address in a folded name": '"ada@example.org"\r\n <mallory@evil.example>',
    "folded inside the address": "Ada <ada@example.org\r\n @evil.example>",
    "full width at": '"ada＠example.org" <mallory@evil.example>',
    "a quoted local part of another domain": '"ada@example.org>"@evil.example',
    "two at signs": "ada@example.org@evil.example",
    "a domain literal": "ada@[example.org]",
    "an invisible character": "ada\u200b@example.org",
    "a bidirectional override": "\u202eada@example.org",
    "empty": "",
    "a group of nobody": "undisclosed:;",
}


def _forms() -> Iterator[Spoof]:
    for name, value in FORMS.items():
        for also, proof in (("", VOUCHED), (", vouched for by another", EVIL)):
            if proof == VOUCHED or "evil" in value:
                yield Spoof(f"From: {name}{also}", partial(mail_of, (f"From: {value}", proof)), "unverified")


def mail_of(headers: tuple[str, ...], scene: Scene, **more: str) -> bytes:
    return mail(scene, *headers, **more)


def _headers() -> Iterator[Spoof]:
    """Other fields that name the agent, or a second From."""
    for name, headers, verdict in (
        ("two From, the agent first", (FROM_ADA, FROM_MALLORY, VOUCHED), "unverified"),
        ("two From, the agent last", (FROM_MALLORY, FROM_ADA, VOUCHED), "unverified"),
        ("two From, in other letters", (FROM_MALLORY, FROM_ADA.replace("From", "FROM"), VOUCHED), "unverified"),
        ("the same From twice", (FROM_ADA, FROM_ADA, VOUCHED), "unverified"),
        ("no From", (VOUCHED,), "unverified"),
        ("no From, but a Sender", ("Sender: ada@example.org", VOUCHED), "unverified"),
        ("no From, but a line of an mbox", ("From ada@example.org Tue Nov 24 09:00:00 2026", VOUCHED), "unverified"),
        ("Sender", ("Sender: Ada Rossi <ada@example.org>", FROM_MALLORY, EVIL), "stranger"),
        ("Reply-To", ("Reply-To: Ada Rossi <ada@example.org>", FROM_MALLORY, EVIL), "stranger"),
        ("Resent-From", ("Resent-From: Ada Rossi <ada@example.org>", FROM_MALLORY, EVIL), "stranger"),
        (
            "Resent-From, our own domain vouched for",
            ("Resent-From: ada@example.org", FROM_MALLORY, VOUCHED),
            "stranger",
        ),
        ("X-Original-From", ("X-Original-From: ada@example.org", FROM_MALLORY, EVIL), "stranger"),
        ("X-Google-Original-From", ("X-Google-Original-From: ada@example.org", FROM_MALLORY, EVIL), "stranger"),
        ("Return-Path", ("Return-Path: <ada@example.org>", FROM_MALLORY, EVIL), "stranger"),
        ("a mark of ours", ("X-Maild-Person: ada", FROM_MALLORY, EVIL), "stranger"),
        ("the agent's name alone", ("From: Ada Rossi <mallory@evil.example>", EVIL), "stranger"),
        ("From and another Sender", (FROM_ADA, "Sender: mallory@evil.example", EVIL), "unverified"),
        ("From alone", (FROM_ADA,), "unverified"),
        ("a second address of the agent", ("From: ada@home.example", VOUCHED), "unverified"),
    ):
        yield Spoof(name, partial(mail_of, headers), verdict)


def _lookalikes() -> Iterator[Spoof]:
    """Addresses of somebody else, whose server vouches for them (B57)."""
    for name, address in (
        ("a Cyrillic a", "ad\u0430@example.org"),
        ("a dotless i", "m\u0131a@example.org"),
        ("a capital I with a dot", "M\u0130A@example.org"),
        ("a Greek o", "din\u03bf@example.org"),
        ("a full width letter", "\uff41da@example.org"),
        ("a combining accent", "ada\u0301@example.org"),
        ("a domain with a Cyrillic a", "ada@ex\u0430mple.org"),
        ("the same in ASCII", "ada@xn--exmple-4nf.org"),
        ("a full width domain", "ada@\uff45xample.org"),
        ("a domain with a dotless i", "ada@home.exampl\u0131e"),
        ("dots in it", "a.da@example.org"),
        ("a plus-tag", "ada+x@example.org"),
        ("a subdomain", "ada@mail.example.org"),
        ("a longer domain", "ada@example.org.evil.example"),
        ("a neighbour", "ada@evilexample.org"),
    ):
        domain = address.rpartition("@")[2]
        said = f"Authentication-Results: mx.example.org; dmarc=pass header.from={domain}"
        yield Spoof(f"homograph: {name}", partial(mail_of, (f"From: {address}", said)), "stranger")
    for name, address in (("upper case", "ADA@EXAMPLE.ORG"), ("mixed case", "aDa@eXample.Org")):
        yield Spoof(f"the agent's address in {name}", partial(mail_of, (f"From: {address}",)), "unverified")


# -- Authentication-Results --------------------------------------------------------------------------------------------

GOOD = "dmarc=pass header.from=example.org"
RESULTS: dict[str, tuple[str, ...]] = {
    "another server": (f"evil.example; {GOOD}",),
    "another server above ours": (f"evil.example; {GOOD}", "mx.example.org; dmarc=none"),
    "below ours": ("mx.example.org; dmarc=none; spf=none", f"mx.example.org; {GOOD}"),
    "below ours that says fail": ("mx.example.org; dmarc=fail header.from=example.org", f"mx.example.org; {GOOD}"),
    "the right name in a second block": ("evil.example; spf=pass", f"mx.example.org; {GOOD}"),
    "a name that begins like ours": (f"mx.example.org.evil.example; {GOOD}",),
    "a name that ends like ours": (f"evil.mx.example.org; {GOOD}",),
    "two names": (f"mx.example.org evil.example; {GOOD}",),
    "our name in a comment": (f"(mx.example.org) evil.example; {GOOD}",),
    "our name behind a semicolon": (f"evil.example;\r\n mx.example.org; {GOOD}",),
    "our name as a property": (f"evil.example; x=y authserv.id=mx.example.org; {GOOD}",),
    "our name in quotes": (f'"mx.example.org"; {GOOD}',),
    "our name with another letter": (f"m\u0445.example.org; {GOOD}",),
    "without a name": (GOOD,),
    "without a name, with a semicolon": (f"; {GOOD}",),
    "in a comment": (f"mx.example.org; none ({GOOD})",),
    "in a nested comment": (f"mx.example.org; spf=none ((x); {GOOD})",),
    "in a comment that is not closed": (f"mx.example.org; spf=none (\r\n ; {GOOD}",),
    "in a reason": (f'mx.example.org; spf=none reason="; {GOOD}"',),
    "in the sender's local part": (f'mx.example.org; spf=pass smtp.mailfrom="a; {GOOD}; b"@evil.example',),
    "in an address as a local part": ('mx.example.org; spf=pass smtp.mailfrom="ada@example.org"@evil.example',),
    "dmarc of another domain": ("mx.example.org; dmarc=pass header.from=evil.example",),
    "dmarc of a subdomain": ("mx.example.org; dmarc=pass header.from=mail.example.org",),
    "dmarc of a neighbour": ("mx.example.org; dmarc=pass header.from=evilexample.org",),
    "dmarc of the domain above": ("mx.example.org; dmarc=pass header.from=org",),
    "dmarc of a longer domain": ("mx.example.org; dmarc=pass header.from=example.org.evil.example",),
    "dmarc that failed, dkim that passed": ("mx.example.org; dkim=pass header.d=example.org; dmarc=fail",),
    "dmarc that nearly passed": ("mx.example.org; dmarc=bestguesspass header.from=example.org",),
    "dkim of another domain": ("mx.example.org; dkim=pass header.d=evil.example",),
    "dkim of a selector like ours": ("mx.example.org; dkim=pass header.s=example.org header.d=evil.example",),
    "dkim with our domain as user": ("mx.example.org; dkim=pass header.i=example.org@evil.example",),
    "dkim of a top level domain": ("mx.example.org; dkim=pass header.d=org",),
    "dkim that failed for us, passed for another": (
        "mx.example.org; dkim=fail header.d=example.org; dkim=pass header.d=evil.example",
    ),
    "spf of a neighbour": ("mx.example.org; spf=pass smtp.mailfrom=x@evilexample.org",),
    "spf of a longer domain": ("mx.example.org; spf=pass smtp.mailfrom=x@example.org.evil.example",),
    "spf of a greeting": ("mx.example.org; spf=pass smtp.helo=example.org",),
    "spf that is soft": ("mx.example.org; spf=softfail smtp.mailfrom=ada@example.org",),
    "auth of somebody": ("mx.example.org; auth=pass smtp.auth=ada@example.org",),
}


def _results() -> Iterator[Spoof]:
    for name, values in RESULTS.items():
        headers = (*(f"Authentication-Results: {value}" for value in values), FROM_ADA)
        yield Spoof(f"results: {name}", partial(mail_of, headers), "unverified")
    for field in (
        f"ARC-Authentication-Results: i=1; mx.example.org; {GOOD}",
        f"X-Authentication-Results: mx.example.org; {GOOD}",
        f"Authentication-Results-Original: mx.example.org; {GOOD}",
        "Received-SPF: pass (mx.example.org: domain of ada@example.org) client-ip=192.0.2.1",
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=k1; h=from; bh=AAAA; b=AAAA",
        "X-MS-Exchange-Organization-AuthAs: Internal",
    ):
        yield Spoof(f"only {field.partition(':')[0]}", partial(mail_of, (field, FROM_ADA)), "unverified")


# -- tokens ------------------------------------------------------------------------------------------------------------


def by_address(scene: Scene, text: str, headers: tuple[str, ...] = (FROM_ADA,)) -> bytes:
    return mail(scene, *headers, to=f"support+{text}@example.org")


def by_id(scene: Scene, text: str) -> bytes:
    return mail(scene, FROM_ADA, f"In-Reply-To: <{text}.r1@desk.example.org>")


def by_body(scene: Scene, text: str) -> bytes:
    return mail(scene, FROM_ADA, text=f"{ORDER}\n\n> [{scene.carla.ticket} · {text}]")


def _changed(text: str, at: int) -> str:
    return text[:at] + ("b" if text[at] != "b" else "c") + text[at + 1 :]


def _revoked(scene: Scene) -> str:
    people.revoke(ADA.address)
    return scene.carla.to(ADA).token


def _turned(scene: Scene) -> str:
    """The token of the public notice, its flag for internal turned by hand."""
    raw = bytearray(base64.b32decode(scene.token().upper() + "===="))
    raw[8] ^= 1
    return base64.b32encode(raw).decode().rstrip("=").lower()


TOKENS: dict[str, Callable[[Scene], str]] = {
    "of the requester": lambda s: s.carla.to(CARLA).token,
    "of another agent": lambda s: s.carla.to(BEN).token,
    "of the manager": lambda s: s.token("mia"),
    "of another instance": lambda s: s.token(mint=Mint("other.example.org", cast.SECRET.encode())),
    "of another secret": lambda s: s.token(mint=Mint(cast.INSTANCE, b"another secret of 16")),
    "of an empty instance": lambda s: s.token(mint=Mint("", cast.SECRET.encode())),
    "that expired": lambda s: s.token(days=token.LIFETIME.days + 1),
    "that was revoked": _revoked,
    "with its visibility turned": _turned,
    "with its first letter changed": lambda s: _changed(s.token(), 0),
    "with the person changed": lambda s: _changed(s.token(), 12),
    "with a letter of the proof changed": lambda s: _changed(s.token(), 42),
    "cut short by one": lambda s: s.token()[:-1],
    "longer by one": lambda s: s.token() + "a",
    "of zeros": lambda s: "a" * 44,
    "in the middle of which a dot is": lambda s: f"{s.token()[:22]}.{s.token()[22:]}",
}


def _tokens() -> Iterator[Spoof]:
    for name, make in TOKENS.items():
        for way, put in (("to", by_address), ("in reply to", by_id), ("quoting", by_body)):
            yield Spoof(f"{way} a token {name}", lambda s, make=make, put=put: put(s, make(s)), "unverified")  # type: ignore[misc]  # each its own
    yield Spoof(
        "a genuine token of the agent in an attachment alone",
        lambda s: letters.attach(mail(s, FROM_ADA), "notice.eml", s.carla.to(ADA).raw),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent in the subject alone",
        lambda s: mail(s, FROM_ADA, subject=f"[{s.carla.ticket}] {s.token()}"),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent in a foreign field alone",
        lambda s: mail(s, FROM_ADA, f"X-Token: {s.token()}"),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent, cut in two lines",
        lambda s: mail(s, FROM_ADA, text=f"{ORDER}\n> [{s.token()[:20]}\n> {s.token()[20:]}]"),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent from another address",
        lambda s: by_address(s, s.token(), (FROM_MALLORY, EVIL)),
        "stranger",
    )
    yield Spoof(
        "a genuine token of the agent under a From that the server calls forged",
        lambda s: by_address(s, s.token(), ("Authentication-Results: mx.example.org; dmarc=fail", FROM_ADA)),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent under two From",
        lambda s: by_address(s, s.token(), (FROM_ADA, FROM_MALLORY)),
        "unverified",
    )
    yield Spoof(
        "a genuine token of the agent under a From in the form of a route",
        lambda s: by_address(s, s.token(), ("From: <@evil.example:ada@example.org>",)),
        "unverified",
    )


BATTERY = [*_forms(), *_headers(), *_lookalikes(), *_results(), *_tokens()]
