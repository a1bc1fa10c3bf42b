"""P1, P3, P4 and P6 in Italian and in Danish, by mail alone, through Dovecot and an SMTP sink: the starter's own desk.

What a user reports is categorised and asked about; the answers reach the agent beside the facts; the priority follows
from what the service means to the business, and from the agent's word; the next one like it comes with what solved the
first; and what is only asked for is a request, with words and times of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild import shipped
from maild.desk import story, tickets
from maild.desk.models import Ticket
from tests import cast
from tests.servers.dovecot import Account
from tests.servers.sink import Sink
from tests.stories import letters
from tests.stories.letters import ADA, CLEO, GIULIA, SOREN, Person, Sent
from tests.stories.test_real_servers import Start, configure, mailbox, start, to  # noqa: F401 - fixtures

REQUESTS = """\
  - name: something new
    when: {subject: {contains: [portatile, computer]}}
    then: {type: request}
    why: nothing is broken, something is wanted
"""


@dataclass(frozen=True)
class Words:
    """What is said in one language, and what must be read in it."""

    language: str
    user: Person
    other: Person
    fault: tuple[str, str]
    acknowledged: str
    question: str
    answers: str
    kept: tuple[str, str, str]
    labels: tuple[str, str, str]
    checklist: str
    high: str
    solved: str
    again: tuple[str, str]
    wish: tuple[str, str]
    wished: str


IT = Words(
    language="it",
    user=GIULIA,
    other=Person("Luca Bruni", "luca@customer.example"),
    fault=("VPN non funziona", "Buongiorno, da stamattina la VPN non si collega più e non riesco a lavorare."),
    acknowledged="La segnalazione è registrata",
    question="Da quale rete si collega?",
    answers="1. Dalla rete di casa, con la fibra\n2. Errore 809\n3. Anche i colleghi del terzo piano",
    kept=("Dalla rete di casa, con la fibra", "Errore 809", "Anche i colleghi del terzo piano"),
    labels=("Che cosa è coinvolto", "Sintomi", "Chi è coinvolto"),
    checklist="Riguarda una persona sola o un piano intero?",
    high="alta",
    solved="Il certificato del gateway era scaduto: ora è nuovo.",
    again=("La VPN cade", "Buongiorno, la VPN cade dopo un minuto: il certificato del gateway sembra scaduto."),
    wish=("Nuovo portatile", "Buongiorno, vorrei chiedere un portatile nuovo per la collega che arriva lunedì."),
    wished="Abbiamo preso in carico la richiesta",
)
DA = Words(
    language="da",
    user=SOREN,
    other=Person("Mette Lund", "mette@customer.example"),
    fault=("VPN virker ikke", "Hej, siden i morges kan jeg ikke komme på VPN, og jeg kan slet ikke arbejde hjemmefra."),
    acknowledged="sagsnummer",
    question="Hvilket netværk er du på?",
    answers="1) Mit eget net derhjemme\n2) Den skriver fejl 809\n3) Også mine kolleger på tredje sal",
    kept=("Mit eget net derhjemme", "Den skriver fejl 809", "Også mine kolleger på tredje sal"),
    labels=("Hvad det rammer", "Symptomer", "Hvem det rammer"),
    checklist="Gælder det én bruger eller en hel etage?",
    high="høj",
    solved="Gatewayens certifikat var udløbet; nu har den et nyt.",
    again=("VPN falder ud", "Hej, VPN falder ud efter et minut; det ligner gatewayens certifikat, der er udløbet."),
    wish=("Ny computer", "Hej, jeg vil gerne bede om en ny computer til den kollega, der begynder på mandag."),
    wished="Tak for din anmodning",
)


def told(folder: Path, number: int) -> dict[str, Any]:
    """The ticket of that number as JSON, as soon as it is there."""
    from maild import config

    row = Ticket.get_by_id(number)
    return story.as_json(tickets.by_key(row.key), config.load(folder), datetime.now(UTC))


def configured(folder: Path, mailbox: Account, sink: Sink, language: str) -> Path:  # noqa: F811 - the fixture's value
    """The desk and the rules that `maild init` writes, every agent in one language."""
    configure(folder, mailbox, sink)
    source = shipped.folder("config")
    desk = (source / "desk.yaml").read_text("utf-8").replace("language: da}", f"language: {language}}}")
    (folder / "desk.yaml").write_text(desk.replace("language: it", f"language: {language}"), "utf-8")
    rules = (source / "rules.yaml").read_text("utf-8")
    (folder / "rules.yaml").write_text(rules + REQUESTS, "utf-8")
    assert cast.INSTANCE in (folder / "maild.yaml").read_text("utf-8")
    return folder


def said(mail: Sent) -> str:
    return " ".join(mail.text.split())


@pytest.mark.parametrize("words", [IT, DA], ids=["it", "da"])
def test_a_fault_is_asked_about_weighed_solved_and_found_again(
    tmp_path: Path,
    mailbox: Account,  # noqa: F811 - the fixture
    sink: Sink,
    start: Start,  # noqa: F811 - the fixture
    words: Words,
) -> None:
    folder = configured(tmp_path, mailbox, sink, words.language)
    start(folder)
    address = mailbox.address

    # P6, P3: acknowledged with the questions of its category; the agent sees category, checklist and priority
    mailbox.deliver(letters.new(words.user, *words.fault, to=address))
    (acknowledgement,) = to(sink, words.user)
    assert acknowledgement["Content-Language"] == words.language
    assert words.acknowledged in said(acknowledgement)
    assert words.question in said(acknowledgement)
    (new,) = to(sink, CLEO)
    assert new["Content-Language"] == words.language
    assert "network/vpn" in new.text
    assert words.checklist in said(new)
    assert words.high in new.text  # P4: urgency high by the rule

    # the answers are kept, and stand in the agent's next mail under the names of what was asked
    mailbox.deliver(letters.answer(words.user, acknowledgement, words.answers, "gmail"))
    reply = to(sink, CLEO, 2)[1]
    for label, answer in zip(words.labels, words.kept, strict=True):
        assert answer in said(reply)
        assert label.casefold() in said(reply).casefold()
    kept = {row["field"]: row["answer"] for row in told(folder, 1)["answers"]}
    assert kept == dict(zip(("what", "symptoms", "who"), words.kept, strict=True))

    # P4: the agent's word moves the priority by the matrix, and the history says why
    mailbox.deliver(letters.answer(CLEO, reply, "!business high\n!note", "gmail"))
    to(sink, CLEO, 3)
    ticket = told(folder, 1)
    assert (ticket["impact"], ticket["business"], ticket["urgency"]) == ("medium", "high", "high")
    assert ticket["priority"] == "critical"
    moved = [event for event in ticket["events"] if event["kind"] == "priority"]
    assert [(event["from"], event["to"]) for event in moved] == [("high", "critical")]
    assert "high" in moved[0]["why"]

    # P9, P3: solved; the next one like it is told with what solved the first
    mailbox.deliver(letters.answer(CLEO, reply, f"{words.solved}\n!resolve", "gmail"))
    assert words.solved in said(to(sink, words.user, 2)[1])
    mailbox.deliver(letters.new(words.other, *words.again, to=address))
    similar = next(mail for mail in reversed(to(sink, CLEO, 5)) if "[INC-2]" in mail.subject)
    assert "INC-1" in similar.text
    assert words.solved in said(similar)

    # P1: what is asked for is a request, by a rule with its reason; an agent may see it otherwise
    mailbox.deliver(letters.new(words.user, *words.wish, to=address))
    wished = next(mail for mail in reversed(to(sink, words.user, 3)) if "[INC-3]" in mail.subject)
    assert words.wished in said(wished)
    request = told(folder, 3)
    assert (request["type"], request["sla"]) == ("request", "requests")
    assert request["events"][0]["why"] == 'rule "something new": nothing is broken, something is wanted'
    (asked,) = to(sink, ADA)
    mailbox.deliver(letters.answer(ADA, asked, "!type incident", "gmail"))
    to(sink, ADA, 2)
    assert (told(folder, 3)["type"], told(folder, 3)["sla"]) == ("incident", "standard")
