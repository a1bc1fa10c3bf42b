"""Mails and who their senders are, as far as it is proved: the table of `maild explain` (M7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.stories import letters, spoofs
from tests.stories.clients import CLIENTS
from tests.stories.letters import ADA, CARLA, MALLORY
from tests.stories.spoofs import BATTERY, FROM_ADA, VOUCHED, Scene


@dataclass(frozen=True)
class Row:
    """A mail, and what explain says of its sender: the verdict, who they are taken for, words of the reason."""

    raw: Callable[[Scene], bytes]
    verdict: str
    actor: str | None
    why: tuple[str, ...]
    void: str = ""  # why a piece of evidence does not count


def spoof(name: str, actor: str | None, *why: str, void: str = "") -> Row:
    found = next(one for one in BATTERY if one.name == name)
    return Row(found.raw, found.verdict, actor, why, void)


def reply(name: str) -> Row:
    """Ada answers her notice with one program."""
    return Row(
        lambda s: CLIENTS[name].reply(ADA, s.carla.to(ADA), "It is solved.", "!take").raw,
        "agent",
        "ada",
        ("the reply token is theirs",),
    )


MISSING, OTHERS = "the token is missing", "the reply token is somebody else's"
FOREIGN = "it is of another desk or another secret, or was changed"
NO_DMARC = "the topmost Authentication-Results are not those of mx.example.org"
ROWS: dict[str, Row] = {
    "agent by the server's word": Row(
        lambda s: spoofs.mail(s, VOUCHED, FROM_ADA), "agent", "ada", ("dmarc=pass for example.org",)
    ),
    "agent by the address": Row(
        lambda s: spoofs.by_address(s, s.token()), "agent", "ada", ("the reply token is theirs",)
    ),
    "agent by both": Row(
        lambda s: spoofs.by_address(s, s.token(), (VOUCHED, FROM_ADA)),
        "agent",
        "ada",
        ("the reply token is theirs and dmarc=pass for example.org",),
    ),
    "agent by the Message-ID": Row(
        lambda s: spoofs.by_id(s, s.token()), "agent", "ada", ("the reply token is theirs",)
    ),
    "agent by the quote": Row(lambda s: spoofs.by_body(s, s.token()), "agent", "ada", ("the reply token is theirs",)),
    "requester by From": Row(
        lambda s: letters.new(CARLA, f"Re: [{s.carla.ticket}] x", "Any news?"),
        "requester",
        CARLA.address,
        ("the requester's address; From alone",),
    ),
    "requester by the token": Row(
        lambda s: letters.answer(CARLA, s.carla.to(CARLA), "Any news?"),
        "requester",
        CARLA.address,
        ("the requester's address; the reply token is theirs",),
    ),
    "requester of something new": Row(
        lambda s: letters.new(MALLORY, "A printer", "It does not print."),
        "requester",
        MALLORY.address,
        ("opens a ticket; From alone",),
    ),
    "stranger by the requester's token": Row(
        lambda s: letters.answer(MALLORY, s.carla.to(CARLA), "Any news?"),
        "stranger",
        MALLORY.address,
        ("not on the ticket",),
    ),
    "From alone": spoof("From alone", "ada", MISSING, "carries no Authentication-Results"),
    "an address as the name": spoof("From: an address as the name of another", None, "From"),
    "two mailboxes": spoof("From: two mailboxes", "ada", "From names several addresses"),
    "a route": spoof("From: a route", "ada"),
    "two From": spoof("two From, the agent first", "ada", "From"),
    "no From": spoof("no From", None, "From"),
    "Reply-To": spoof("Reply-To", "mallory@evil.example", "not on the ticket", "dmarc=pass for evil.example"),
    "Resent-From": spoof("Resent-From", "mallory@evil.example", "not on the ticket"),
    "the name alone": spoof("the agent's name alone", "mallory@evil.example", "not on the ticket"),
    "homograph": spoof("homograph: a Greek o", "din\u03bf@example.org", "not on the ticket"),
    "another server": spoof("results: another server", "ada", MISSING, NO_DMARC),
    "below ours": spoof("results: below ours", "ada", MISSING, "nothing passed"),
    "dmarc failed": spoof("results: below ours that says fail", "ada", "mx.example.org says that From is forged"),
    "dmarc of another": spoof("results: dmarc of another domain", "ada", MISSING, "dmarc=pass, but for evil.example"),
    "dkim of another": spoof("results: dkim of another domain", "ada", "what passed does not belong to example.org"),
    "token of the requester": spoof("to a token of the requester", "ada", OTHERS),
    "token of another agent": spoof("in reply to a token of another agent", "ada", OTHERS),
    "token of another instance": spoof("to a token of another instance", "ada", MISSING, void=FOREIGN),
    "token of another secret": spoof("quoting a token of another secret", "ada", MISSING, void=FOREIGN),
    "token that expired": spoof("to a token that expired", "ada", MISSING, void="it has expired"),
    "token that was revoked": spoof("in reply to a token that was revoked", "ada", MISSING, void="it was revoked"),
    "token with a letter changed": spoof("to a token with its first letter changed", "ada", MISSING, void=FOREIGN),
    "token under a forged From": spoof(
        "a genuine token of the agent under a From that the server calls forged", "ada", "From is forged (dmarc=fail)"
    ),
    "token from another address": spoof(
        "a genuine token of the agent from another address", "mallory@evil.example", "not on the ticket"
    ),
} | {f"by {name}": reply(name) for name in CLIENTS}
