"""A ticket climbs by time alone, from the first line to the manager, in Danish from the first mail to the last (P7).

`MAILD_SHOW_CLIMB=FILE` writes all of its mails into a file, to be read by eye.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from maild.mail import language
from tests import cast
from tests.databases import on_one_database
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CLEO, DINO, MIA, SOREN, Sent

pytestmark = on_one_database

HELP = "Ingen på lageret kan logge ind på vagtplanen siden i morges. Tyve mand står og venter. Kan I hjælpe os hurtigt?"
NOTE = "Jeg har genstartet tjenesten, men den går ned igen med det samme. Loggen siger, at certifikatet er udløbet."
ANSWER = "Hej Søren\n\nCertifikatet på vagtplanen var udløbet. Jeg er i gang med at forny det.\n\nVenlig hilsen\nDino"
SOLVED = "Certifikatet er fornyet, og I kan logge ind igen."
LADDERS = """\
escalation:
  first_response:
    - {at: 50%, notify: [owner]}
    - {at: 100%, notify: [lead, requester], tag: forsinket}
  line:
    - {at: 75%, notify: [owner]}
    - {at: 100%, notify: [lead], raise: true}
  resolution:
    - {at: 75%, notify: [owner, lead]}
    - {at: 100%, notify: [owner, lead, manager, requester]}
    - {at: 100% + 2h, notify: [manager], priority: critical}
"""
# Words of the templates in other languages; none of them is a Danish word, nor anything that these people write
FOREIGN = re.compile(
    r"\b(the|you|your|has|have|been|was|with|will|hello|within|answer|overdue|deadline|opened|closed|"
    r"il|della|scadenza|buongiorno|abbiamo|aspetta|stato|first_response|next_response|resolution|pending|open|new|due|"
    r"breached|None)\b",
    re.IGNORECASE,
)


@pytest.fixture
def danish(desk: Conversation, tmp_path: Path) -> Conversation:
    """The cast's desk, where everybody speaks Danish, and only the clocks see to it that a ticket climbs."""
    ladders = cast.DESK.partition("escalation:\n")[2].partition("closing:")[0]
    there = cast.settings(
        tmp_path,
        ("name: Example Desk", "name: Servicedesken"),
        ("languages: [en, it, da]", "languages: [da, en, it]"),
        ("also: [ada@home.example], language: it}", "language: da}"),
        ("address: cleo@example.org, language: en}", "address: cleo@example.org, language: da}"),
        ("address: dino@example.org, language: it}", "address: dino@example.org, language: da}"),
        ("address: mia@example.org, language: en}", "address: mia@example.org, language: da}"),
        (
            "  always: {zone: UTC",
            "  kontor: {zone: Europe/Copenhagen, hours: {mon-fri: ['08:00-16:00']}}\n  always: {zone: UTC",
        ),
        ("    pause: [pending]", "    lines: {L1: 3h, L2: 4h}\n    pause: [pending]"),
        ("escalation:\n" + ladders, LADDERS),
        ("default: {impact: medium, urgency: medium}", "default: {impact: high, urgency: medium}"),
    )
    settings = there.desk
    desk.configure(**{name: getattr(settings, name) for name in ("name", "languages", "people", "levels", "priority")})
    return desk


def test_it_climbs_to_the_manager_and_every_mail_of_it_is_danish(danish: Conversation) -> None:
    sent: list[Sent] = []

    def passing(**time: float) -> Turn:
        turn = danish.wait(**time)
        sent.extend(turn.sent)
        return turn

    opened = danish.says(SOREN, "Vagtplanen virker ikke", HELP)
    sent += opened.sent
    assert opened.notices(SOREN) == ["acknowledgement"]
    assert "inden for **" not in opened.to(SOREN).text
    assert "1 time og 30 minutter." in opened.to(SOREN).text  # counted round the clock: no word of opening hours
    key = opened.ticket
    told = danish.told(key)
    assert (told["line"], told["priority"], told["language"]) == ("L1", "high", "da")

    # 11 minutes in, somebody of L1 looks at it, writes down what was tried, and then forgets it
    danish.now += timedelta(minutes=10)
    sent += danish.answers(BEN, opened.to(BEN), f"!take\n!note\n{NOTE}").sent
    assert passing(minutes=34).summary() == [("sla_warning", BEN.address)]
    late = passing(minutes=45)
    assert late.summary() == [("sla_breach", ADA.address), ("delayed", SOREN.address)]
    assert "13 timer" not in late.to(SOREN).text
    assert "inden for 14 timer" in late.to(SOREN).text  # what is left of the 16 to the solution
    assert "åbningstid" not in late.to(SOREN).text
    assert danish.told(key)["tags"] == ["forsinket"]

    # the time that L1 may have it
    assert passing(minutes=45).notices(BEN) == ["sla_warning"]
    second = passing(minutes=45)
    assert second.summary() == [
        ("sla_breach", ADA.address),
        ("escalation_line", CLEO.address),
        ("escalation_requester", SOREN.address),
    ]
    whole = second.to(CLEO).subject + second.to(CLEO).text
    assert [
        word for word in ("Vagtplanen virker ikke", "Søren Krag", "Tyve mand", NOTE[:40]) if word not in whole
    ] == []
    assert "har ventet i 3 timer" in whole
    assert "påvirkning høj" in whole
    assert "Ben Holm" in whole
    assert "inden for 13 timer" in second.to(SOREN).text

    # L2 does nothing either
    assert passing(hours=3).notices(CLEO) == ["sla_warning"]
    third = passing(hours=1)
    assert third.notices(DINO) == ["escalation_line"]
    assert third.notices(SOREN) == ["escalation_requester"]
    assert danish.told(key)["line"] == "L3"

    # and the manager, when it should be solved
    assert passing(hours=5).summary() == [("sla_warning", DINO.address)]
    over = passing(hours=4)
    assert over.notices(MIA) == ["sla_breach"]
    assert over.notices(SOREN) == ["delayed"]
    assert "så snart der er nyt" in over.to(SOREN).text  # nothing is left to promise
    assert passing(hours=2).summary() == [("sla_breach", MIA.address)]
    told = danish.told(key)
    assert (told["priority"], told["line"]) == ("critical", "L3")
    assert danish.clock(key, "resolution")["breached_at"] is not None

    # answered, resolved, confirmed
    sent += danish.answers(DINO, third.to(DINO), f"!take\n{ANSWER}", "outlook-da").sent
    assert sent[-1].recipient == DINO.address
    solved = danish.answers(DINO, third.to(DINO), f"{SOLVED}\n!resolve", "outlook-da")
    sent += solved.sent
    confirmed = danish.answers(SOREN, solved.to(SOREN), "Ja, det er løst. Tak!")
    sent += confirmed.sent
    assert danish.told(key)["status"] == "closed"
    sent += danish.answers(DINO, third.to(DINO), "!why").sent
    assert passing(days=10).sent == []

    if os.environ.get("MAILD_SHOW_CLIMB"):
        Path(os.environ["MAILD_SHOW_CLIMB"]).write_text("\n".join(map(_shown, sent)), "utf-8")
    assert {m.recipient for m in sent} == {p.address for p in (SOREN, ADA, BEN, CLEO, DINO, MIA)}
    for mail in sent:
        assert language.detect(mail.text, ("en", "it", "da")) == "da", _shown(mail)
        for text in (
            mail.subject,
            _ours(mail.text),
            _ours(re.sub(r"<style.*?</style>|<[^>]*>", " ", mail.html, flags=re.S)),
        ):
            assert not FOREIGN.search(text), f"{FOREIGN.search(text)} in {_shown(mail)}"


def _ours(text: str) -> str:
    """Without addresses, keys and what names a command or an agreement."""
    return re.sub(r"\S+@\S+|![a-z]+|»\w+«|INC-\d+", " ", text)


def _shown(mail: Sent) -> str:
    return f"{'=' * 100}\nTil: {mail.recipient} ({mail.notice})\nEmne: {mail.subject}\n\n{mail.text}"
