"""Agents and requesters reply with the programs that people have: what arrives is the new text and nothing else.

One daemon with a real mailbox and a real way out takes all of them in one go; the tests compare what came of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from maild import config
from maild.daemon import Daemon
from maild.desk import db, story, tickets
from maild.desk.models import Incoming, Outgoing
from maild.mail import reading
from maild.mail.reading import ReadSettings
from tests.databases import on_one_database
from tests.faults.live import until
from tests.servers.dovecot import Account, Dovecot
from tests.servers.sink import Sink
from tests.stories import letters
from tests.stories.clients import CLIENTS, Program
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA, CLEO, Person, Sent
from tests.stories.test_real_servers import configure, read

pytestmark = pytest.mark.xdist_group("real clients")

ASKED = """\
Hello,

my VPN does not connect since this morning.
Which port does it need?

!close

Is it the same at home?

!priority critical

Regards"""
ANSWER = """\
Hej, buongiorno,

the gateway had lost its certificate; I have renewed it and restarted the service, så nu skulle forbindelsen virke igen.

- close the client
- open it as administrator, perché così rilegge la configurazione

The last line of the log should then be
> tunnel up (0 errors)
and the whole guide (Ærø, città) is at https://intranet.example.org/guide?id=42&lang=da#top

Tell me if it does not work."""
BACK = """\
Det virker stadig ikke.

È la stessa cosa a casa: ecco che cosa scrive il programma, ogni volta che provo a collegarmi dalla rete di casa mia:
> error 42 (no route)

- Windows 11
- the same on my telephone"""
BETWEEN = {"Which port does it need": "Port 443, perché gli altri sono chiusi.", "same at home": "Nej, der går det."}
ORDER = "!priority high"
INSIDE = {
    "inline-gmail": CLIENTS["gmail-en"],
    "inline-mutt": replace(CLIENTS["mutt-bottom"], footer=""),
    "inline-thunderbird": CLIENTS["thunderbird-it"],
    "inline-apple": CLIENTS["apple-it"],
}
REQUESTERS = (
    *("outlook-en", "outlook-it", "outlook-da", "outlook-web-da", "outlook-da-html-only", "outlook-plain-it"),
    *("gmail-da", "gmail-it", "apple-it", "iphone-da", "thunderbird-it", "thunderbird-da", "mutt-bottom"),
)
NAMES = (*CLIENTS, *INSIDE)


def requester(name: str) -> Person:
    return Person(f"Carla {name}", f"{name}@customer.example")


@dataclass
class Came:
    """What came of the replies by one program."""

    notice: Sent
    wanted: str = ""
    back: str = ""  # what the requester wrote
    to_requester: list[Sent] = field(default_factory=list)
    to_agent: list[Sent] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)  # the ticket after the agent's reply


class Desk:
    """The daemon between its mailbox and the sink."""

    def __init__(self, mailbox: Account, sink: Sink) -> None:
        self.mailbox, self.sink, self.count = mailbox, sink, 0

    def sent(self, who: Person) -> list[Sent]:
        return [read(m) for m in list(self.sink.mails) if m.recipients == (who.address,)]

    def takes(self, raws: list[bytes]) -> None:
        """Half of the mails come by a delivery agent, half by LMTP; until all are filed and nothing waits to go out."""
        for number, raw in enumerate(raws):
            if number % 2:
                self.mailbox.lmtp(raw, "sender@mx.example")
            else:
                self.mailbox.deliver(raw)
        self.count += len(raws)
        until(lambda: Incoming.select().where(Incoming.done_at.is_null(False)).count() == self.count, 60)
        until(lambda: not Outgoing.select().where(Outgoing.state == "waiting").count(), 60)


@pytest.fixture(scope="module")
def came(dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Came]]:
    """1. each requester asks; 2. the agent answers each with another program; 3. some requesters answer back."""
    mailbox = dovecot.account("support")
    with Sink() as sink:
        folder = configure(tmp_path_factory.mktemp("clients"), mailbox, sink)
        settings = config.load(folder)
        daemon, desk = Daemon(settings), Desk(mailbox, sink)
        daemon.start()
        try:
            desk.takes([letters.new(requester(n), f"VPN {n}.", ASKED, to=mailbox.address) for n in NAMES])
            notices = {re.findall(r"VPN (\S+)\.", m.subject)[0]: m for m in desk.sent(ADA)}
            found = {name: Came(notices[name]) for name in NAMES}

            desk.takes([_agents(name, one) for name, one in found.items()])
            for name, one in found.items():
                one.to_requester = desk.sent(requester(name))
                one.told = story.as_json(tickets.by_key(_key(one.notice)), settings, daemon.clock())

            desk.takes([_back(name, found[name]) for name in REQUESTERS])
            for name, one in found.items():
                one.to_agent = [m for m in desk.sent(ADA) if _key(m) == _key(one.notice)]
                assert len(desk.sent(requester(name))) == len(one.to_requester), name
        finally:
            daemon.stop()
            db.close()
    yield found


def _key(mail: Sent) -> str:
    return mail.subject.partition("]")[0].strip("[")


def _agents(name: str, one: Came) -> bytes:
    if name in INSIDE:
        one.wanted = between(INSIDE[name])
        return INSIDE[name].between(ADA, one.notice, BETWEEN, ORDER)
    reply = CLIENTS[name].reply(ADA, one.notice, ANSWER, ORDER)
    one.wanted = reply.text
    return reply.raw


def _back(name: str, one: Came) -> bytes:
    reply = CLIENTS[name].reply(requester(name), one.to_requester[-1], BACK)
    one.back = reply.text
    return reply.raw


def between(program: Program) -> str:
    """Answers between the lines keep the requester's words above them, and nothing of our frame."""
    mark = ">>" if program.flowed else "> >"
    above = (ASKED.partition("need?")[0] + "need?", "!close\n\nIs it the same at home?")
    quoted = ["\n".join(f"{mark} {x}".rstrip() for x in part.split("\n")) for part in above]
    return "\n\n".join(x for pair in zip(quoted, BETWEEN.values(), strict=True) for x in pair)


@pytest.mark.parametrize("name", NAMES)
def test_the_requester_gets_exactly_what_the_agent_wrote(came: dict[str, Came], name: str) -> None:
    """B33, B53, and no more than one mail for it."""
    one = came[name]
    acknowledged, answer = one.to_requester
    assert acknowledged["Auto-Submitted"] == "auto-replied"
    top, _, rest = answer.text.partition("\n\n")
    assert re.fullmatch("##-.*-##", top)
    files = "- image001.png (70 B)\n\n" if name in CLIENTS and CLIENTS[name].logo else ""
    signed = "" if files else "Ada Rossi\n"  # who signed by hand is not named again
    rest = re.sub(r" \u00b7 r\d+\]\n*\Z", "]\n", rest)  # of the revision
    assert rest.rstrip("\n") == f"{one.wanted}\n\n{files}{signed}Example Desk\n\n[{_key(answer)} · {answer.token}]"
    assert one.told["messages"][-1]["text"] == one.wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_agents_order_is_done_and_nothing_that_is_quoted(came: dict[str, Came], name: str) -> None:
    """B33: the requester had written orders of his own, which every one of these replies quotes."""
    told = came[name].told
    assert (told["priority"], told["status"], told["assignee"]) == ("high", "open", "ada")
    receipt = came[name].to_agent[1]
    assert ORDER in receipt.text
    assert not any(x in receipt.text for x in ("!close", "!priority critical"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_agents_own_mail_reaches_the_requester(came: dict[str, Came], name: str) -> None:
    """M9: neither the key of the agent's notice nor what it says for staff alone."""
    for mail in came[name].to_requester:
        assert came[name].notice.token.encode() not in mail.raw
        assert not any(mail.has(x) for x in (ORDER, "Interno", "!take", "L1", "IT Support\n+39", "aka.ms"))


@pytest.mark.parametrize("name", REQUESTERS)
def test_the_agent_gets_exactly_what_the_requester_answered(came: dict[str, Came], name: str) -> None:
    notice = came[name].to_agent[2]
    quoted = "\n".join(f"> {x}".rstrip() for x in came[name].back.split("\n"))
    assert f"\n\n{quoted}\n\n" in re.sub(r"(?m)^>[ \t]+$", ">", notice.text)


# -- a mail whose writer took our delimiter away -----------------------------------------------------------------------

SETTINGS = ReadSettings(instance="desk.example.org")


@pytest.mark.parametrize("name", CLIENTS)
def test_without_our_delimiter_the_new_text_is_the_same(came: dict[str, Came], name: str) -> None:
    one = came[name]
    reply = CLIENTS[name].reply(ADA, one.notice, ANSWER, cut=True)
    assert reading.read(reply.raw, SETTINGS).mail.reply == reply.text


@pytest.mark.parametrize("name", INSIDE)
def test_answers_in_a_quote_without_our_delimiter_take_nothing_of_our_frame_along(
    came: dict[str, Came], name: str
) -> None:
    """M9."""
    raw = INSIDE[name].between(ADA, came[name].notice, BETWEEN, ORDER, cut=True)
    new = reading.read(raw, SETTINGS).mail.reply
    assert _said(new) == _said(f"{came[name].wanted}\n\n{ORDER}")


def _said(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip("> ")]


SECRET = "the director has approved it"


@on_one_database
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("name", INSIDE)
def test_an_answer_below_a_quoted_note_goes_out_and_the_note_stays(desk: Conversation, name: str, *, cut: bool) -> None:
    """M9, B29: whoever takes a ticket over reads the notes in its story, and answers between the lines."""
    opened = desk.says(CARLA, "Blue", "My laptop shows a blue screen since this morning.")
    desk.answers(ADA, opened.to(ADA), f"!note\nok\n\nPlease replace it, {SECRET}, see https://wiki.example.org/x.")
    told = desk.answers(ADA, opened.to(ADA), "!escalate").to(CLEO)
    answers = {"shows a blue screen": "I believe you.", SECRET: "You get a new one."}
    answer = desk.takes(INSIDE[name].between(CLEO, told, answers, ORDER, cut=cut)).to(CARLA)
    assert not any(answer.has(x) for x in (SECRET, "wiki.example", told.token, ORDER))
    text = _said(answer.text.partition("\n\n")[2].partition("\n\nCleo Jensen")[0])
    mark = ">>" if INSIDE[name].flowed else "> >"
    quoted = f"{mark} My laptop shows a blue screen since this morning."
    assert text == [quoted, "I believe you.", "> [\u2026]", "You get a new one."]
