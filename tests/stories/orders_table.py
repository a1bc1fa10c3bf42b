"""What a row of the table of commands says, and how it is played: mails in; results, events, receipt and mails out.

A row is written as people write mails: `{key}` is the ticket, `{other}` a second one of Giulia's, `{tomorrow}` an ISO
date. What stands before the row is a script, `who: text` a step, each an answer to the newest mail that person got.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from maild.desk.models import Event
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, DINO, GIULIA, MALLORY, MIA, SOREN, Person, Sent

HELP = "My laptop shows a blue screen since this morning, can you help me please?"
MORE = "The printer on the third floor prints empty pages since yesterday."
PASSED = "mx.example.org; dmarc=pass header.from=example.org"
SHOP = Person("Shop", "no-reply@shop.example")
STAFF_AND_OTHERS = (ADA, BEN, CLEO, DINO, MIA, CARLA, SOREN, GIULIA, MALLORY, SHOP)
PEOPLE = {p.address.partition("@")[0]: p for p in STAFF_AND_OTHERS}
NAMES = {p.address: name for name, p in PEOPLE.items()}
LANGUAGE = {"ada": "it", "ben": "da", "cleo": "en", "dino": "it", "mia": "en"}
_ERRORS = {
    "en": ("Done", "1 error in your commands", "{} errors in your commands"),
    "it": ("Fatto", "1 errore nei comandi", "{} errori nei comandi"),
    "da": ("Udført", "1 fejl i dine kommandoer", "{} fejl i dine kommandoer"),
}
HOLDS = """\
rules:
  - name: a trade secret
    when: {from: {address: soren@customer.example}}
    then: {hold: it is a trade secret}
"""
REPLIES = MappingProxyType(
    {
        "restart": MappingProxyType({"en": "Please restart it once.", "it": "Riavvialo una volta.", "da": "Genstart."}),
        "only-it": MappingProxyType({"it": "Chiudi e riapri il programma."}),
    }
)


@dataclass(frozen=True)
class Row:
    """One mail of an agent and all that it brings about."""

    who: str
    text: str
    said: str = ""  # "done the ticket is yours | refused ...", one a line of the mail
    events: str = ""  # "assignee: - > ada | status: new > open"
    receipt: str = ""  # a phrase of it in the agent's language; "" where there is none
    left: str = ""  # "receipt ada, public_reply carla", as they went out
    before: str = ""  # a script, or the name of one of STATES
    setup: str = ""  # "hold", "failures", "rome", "rule"

    @property
    def name(self) -> str:
        words = re.sub(r"[^\w!@+{}.-]+", " ", self.text).strip()[:60]
        return f"{self.who} {words}{f' ({self.before[:30]})' if self.before else ''}{self.setup}"


STATES = {
    "taken": "ada: !take",
    "Ben's": "ada: !assign ben",
    "L3": "ada: !line L3",
    "pending": "ada: !pending",
    "resolved": "ada: !resolve new cable",
    "closed": "ada: !close",
    "with Søren": "ada: !cc soren@customer.example",
    "held": "mallory: Me too, it is broken here as well.",
    "two held": "mallory: Me too, it is broken here. | giulia: And at my place it is broken too.",
    "trick": "no-reply: Your code for the shop is\n\n123456\n\nhttps://shop.example/verify",
    "Ben's own": "ben new: My own monitor is dark, please help me.",
    "stale": "ben: Try to restart it. | ada first: Have you tried a restart?",
    "waits": "soren new: The press in hall 3 has stopped again, please come.",
    "answered": "carla: By the way, my mouse is broken as well.",
}


@dataclass(frozen=True)
class Played:
    """What a row came to, in the words of the table."""

    said: str
    events: str
    receipt: Sent | None
    left: str
    turn: Turn


class Table:
    """A desk on which a row is played: Carla's ticket, and Giulia's where the row names it."""

    def __init__(self, desk: Conversation, row: Row) -> None:
        self.desk = desk
        self._set_up(row.setup)
        self.got: dict[str, list[Sent]] = {}
        self.keys: dict[str, str] = {}
        self._keep(desk.says(CARLA, "Blue screen", HELP), "key")
        if "{other}" in f"{row.text}{row.before}{row.events}":
            self.other = self._keep(desk.says(GIULIA, "Printer", MORE), "other").to(ADA)
        states = [STATES.get(one, one) for one in row.before.split(" | ")]
        for step in filter(None, " | ".join(states).split(" | ")):
            who, _, text = step.partition(": ")
            self._keep(self.say(who, text.replace(" / ", "\n")))

    def _set_up(self, setup: str) -> None:
        if "rule" in setup:
            self.desk.writes(HOLDS)
        now = self.desk.settings.desk
        values: dict[str, object] = {"replies": REPLIES}
        if "hold" in setup:
            values["strangers"] = "hold"
        people = dict(now.people)
        if "failures" in setup:
            people["ada"] = replace(people["ada"], receipts="failures")
        if "rome" in setup:
            people["ada"] = replace(people["ada"], zone="Europe/Rome")
        self.desk.configure(people=people, **values)

    def _keep(self, turn: Turn, name: str = "") -> Turn:
        if name:
            self.keys[name] = turn.ticket
        for sent in turn.sent:
            answerable = sent.notice not in ("receipt", "help", "tickets", "alarm")
            if answerable and (name != "other"):
                self.got.setdefault(NAMES.get(sent.recipient, sent.recipient), []).append(sent)
        return turn

    def filled(self, words: str) -> str:
        for name, value in self.keys.items():
            words = words.replace(f"{{{name}}}", value)
        return words

    def say(self, who: str, text: str) -> Turn:
        """`who` is a name, with `first` to answer the oldest mail they got, `new` for a mail that answers nothing."""
        return self.desk.takes(self.mail(who, text))

    def mail(self, who: str, text: str) -> bytes:
        name, _, how = who.partition(" ")
        person, text = PEOPLE[name], self.filled(text)
        got = self.got.get(name, [])
        if how == "new":
            return letters.new(person, "A question", text, Authentication_Results=PASSED)
        if how == "other":
            return letters.answer(person, self.other, text)
        if how.startswith("+"):
            local, _, domain = got[-1].reply_address.partition("@")
            return letters.answer(person, got[-1], text, to=f"{local}-{how[1:]}@{domain}")
        if got:
            return letters.answer(person, got[0 if how == "first" else -1], text)
        if name in LANGUAGE:  # an agent who got nothing about it, proved by the server
            return letters.new(person, f"Re: [{self.keys['key']}] Blue screen", text, Authentication_Results=PASSED)
        return letters.answer(person, self.got["carla"][0], text)

    def play(self, row: Row) -> Played:
        """The mail of the row itself."""
        return self.outcome(self.mail(row.who, row.text))

    def outcome(self, raw: bytes) -> Played:
        """What one mail brings about."""
        last = max((e.id for e in Event.select(Event.id)), default=0)
        turn = self.desk.takes(raw)
        # that promises move with a priority, the stories of promises say
        events = list(Event.select().where((Event.id > last) & (Event.kind != "due")).order_by(Event.id))
        return Played(
            " | ".join(f"{c['result']} {c['message']}" for c in turn.fate["commands"]),
            " | ".join(map(self._event, events)),
            next((m for m in turn.sent if m.notice == "receipt"), None),
            ", ".join(f"{notice} {NAMES.get(who, who)}" for notice, who in turn.summary()),
            turn,
        )

    def _event(self, event: Event) -> str:
        here = "" if event.ticket.key == self.keys["key"] else f"{event.ticket.key} "
        if event.kind == "opened":
            return f"{here}opened for {NAMES.get(event.after['requester'])}"
        if event.before is None and event.after is None:
            return f"{here}{event.why if event.kind == 'recorded' else event.kind}"
        return f"{here}{event.kind}: {_shown(event.before)} > {_shown(event.after)}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def subject(errors: int, who: str) -> str:
    """How a receipt with so many errors is headed, in that agent's language."""
    return _ERRORS[LANGUAGE[who]][min(errors, 2)].format(errors)
