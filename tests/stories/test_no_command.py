"""Where command lines are text: quoted, forwarded, signed, attached, hidden, automatic. And the same mail twice."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from maild.desk.models import Ticket
from maild.policy import commands, orders
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, Sent

assert commands
pytestmark = on_one_database
HELP = "My laptop shows a blue screen since this morning, can you help me please?"
WORDS = {"assign": "ben", "line": "L2", "status": "closed", "priority": "critical", "impact": "high", "urgency": "high"}
ALL = "\n".join(
    f"!{verb} {WORDS.get(verb, 'network/vpn' if verb == 'category' else 'x@customer.example')}"
    for verb in sorted(orders.COMMANDS)
    if verb != "stop"  # it would end the others
)
HEADER = (
    "From: Carla Webb <carla@customer.example>\nSent: Tuesday, November 24, 2026 9:00 AM\nTo: Example Desk\nSubject: x"
)
TEXT = "Have you restarted it?"


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Blue screen", HELP)


def row(key: str) -> dict[str, Any]:
    """The ticket, but for what any answer of an agent changes."""
    data = dict(Ticket.get_by_id(int(key.partition("-")[2])).__data__)
    for name in ("revision", "touched_at", "status", "assignee", "first_response_at"):
        data.pop(name)
    return data


def plain(got: Sent, text: str) -> EmailMessage:
    """A reply of Ada's whose body is just what it says."""
    raw = letters.new(ADA, f"Re: {got.subject}", text, to=got.reply_address, In_Reply_To=got["Message-ID"])
    mail = BytesParser(policy=policy.SMTP).parsebytes(raw)
    assert isinstance(mail, EmailMessage)
    return mail


def quoted(got: Sent) -> EmailMessage:
    lines = "\n".join(f"> {line}" for line in ALL.splitlines())
    return plain(got, f"{TEXT}\n\nOn Tue, Nov 24, 2026 at 9:00 AM Carla <carla@customer.example> wrote:\n\n{lines}\n")


def interleaved(got: Sent) -> EmailMessage:
    return plain(got, "\n".join(f"> {line}" for line in ALL.splitlines()) + f"\n\n{TEXT}\n")


def forwarded_by_outlook(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n________________________________\n{HEADER}\n\n{ALL}\n")


def forwarded_with_dashes(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n-----Original Message-----\n{HEADER}\n\n{ALL}\n")


def forwarded_by_gmail(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n---------- Forwarded message ---------\n{HEADER.replace('Sent', 'Date')}\n\n{ALL}\n")


def below_our_delimiter(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n{got.text}\n{ALL}\n")


def in_the_signature(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n-- \nAda Rossi\n{ALL}\n")


def in_a_signature_without_its_blank(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT}\n\n--\nAda Rossi\n{ALL}\n")


def in_an_attached_text(got: Sent) -> EmailMessage:
    mail = plain(got, TEXT)
    mail.add_attachment(ALL, filename="orders.txt")
    return mail


def in_an_attached_mail(got: Sent) -> EmailMessage:
    mail = plain(got, TEXT)
    mail.add_attachment(plain(got, ALL))
    return mail


def in_the_subject(got: Sent) -> EmailMessage:
    mail = plain(got, TEXT)
    mail.replace_header("Subject", "!close !take !priority critical")
    return mail


def _html(got: Sent, hidden: str) -> EmailMessage:
    mail = plain(got, TEXT)
    mail.clear_content()
    mail.set_content(f"<html><body><p>{TEXT}</p>{hidden}</body></html>", subtype="html")
    return mail


def in_a_comment_of_html(got: Sent) -> EmailMessage:
    return _html(got, f"<!--\n{ALL}\n-->")


def in_invisible_html(got: Sent) -> EmailMessage:
    lines = "<br>".join(ALL.splitlines())
    return _html(got, f'<div style="display:none">{lines}</div><p hidden>{lines}</p>')


def in_a_blockquote(got: Sent) -> EmailMessage:
    return _html(got, f'<blockquote type="cite">{"<br>".join(ALL.splitlines())}</blockquote>')


def in_script_and_style(got: Sent) -> EmailMessage:
    return _html(got, f"<script>\n{ALL}\n</script><style>\n{ALL}\n</style>")


def inside_a_sentence(got: Sent) -> EmailMessage:
    return plain(got, f"{TEXT} Otherwise write: {' or '.join(ALL.splitlines())}.")


PLACES = (
    *(quoted, interleaved, forwarded_by_outlook, forwarded_with_dashes, forwarded_by_gmail, below_our_delimiter),
    *(in_the_signature, in_a_signature_without_its_blank, in_an_attached_text, in_an_attached_mail, in_the_subject),
    *(in_a_comment_of_html, in_invisible_html, in_a_blockquote, in_script_and_style, inside_a_sentence),
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_commands_there_do_nothing(desk: Conversation, opened: Turn, place: Any) -> None:
    """B33: the answer goes out, and that is all."""
    before, last = row(opened.ticket), len(desk.events(opened.ticket))
    turn = desk.takes(place(opened.to(ADA)).as_bytes())
    assert (turn.fate["verdict"], turn.fate["commands"]) == ("agent", [])
    assert turn.summary() == [("public_reply", CARLA.address)]
    assert TEXT in turn.to(CARLA).text
    assert row(opened.ticket) == before
    kinds = [event.kind for event in desk.events(opened.ticket)[last:]]
    assert kinds == ["recorded", "first_response", "status", "assignee"]


def test_commands_in_an_agents_out_of_office_do_nothing(desk: Conversation, opened: Turn) -> None:
    """B17, B33."""
    looked = {"revision": 0, "touched_at": None}  # a mail more
    before = Ticket.get_by_id(1).__data__ | looked
    mail = plain(opened.to(BEN), f"Jeg er ikke til stede.\n{ALL}")
    mail.replace_header("From", BEN.mailbox)
    mail["Auto-Submitted"] = "auto-replied"
    turn = desk.takes(mail.as_bytes())
    assert turn.fate["commands"] == []
    assert Ticket.get_by_id(1).__data__ | looked == before
    assert turn.nothing_to(CARLA)


def test_a_requesters_commands_do_nothing_wherever_they_stand(desk: Conversation, opened: Turn) -> None:
    """B39."""
    before = row(opened.ticket)
    turn = desk.answers(CARLA, opened.to(CARLA), f"{ALL}\nIt is still broken.")
    assert turn.fate["commands"] == []
    assert row(opened.ticket) == before


# -- the same mail twice (B36) ----------------------------------------------------------------------------------------

TWICE = "I look into it.\n!take\n!priority high\n!tag hardware\n!priority huge"


@pytest.mark.parametrize("mid", ["<same@x>", "<other@x>"])
def test_the_same_command_mail_twice_has_one_effect_and_one_receipt(desk: Conversation, opened: Turn, mid: str) -> None:
    """Under its own Message-ID it is a copy and nobody hears of it; under another its writer gets the same receipt."""
    got = opened.to(ADA)
    first = desk.takes(letters.answer(ADA, got, TWICE, mid="<same@x>"))
    before, events = Ticket.get_by_id(1).__data__, len(desk.events(opened.ticket))
    second = desk.takes(letters.answer(ADA, got, TWICE, mid=mid))
    assert second.fate["fate"] == "duplicate"
    assert Ticket.get_by_id(1).__data__ == before
    assert len(desk.events(opened.ticket)) == events
    assert first.notices(CARLA) == ["public_reply"]
    assert second.nothing_to(CARLA)
    if mid == "<other@x>":
        assert second.summary() == [("receipt", ADA.address)]
        assert second.to(ADA).raw == first.to(ADA).raw
    else:
        assert second.sent == []


def test_two_copies_in_one_batch_have_one_effect(desk: Conversation, opened: Turn) -> None:
    got = opened.to(ADA)
    raws = [letters.answer(ADA, got, TWICE, mid=mid) for mid in ("<a@x>", "<a@x>", "<b@x>")]
    turns = desk.takes_all(raws)
    assert [turn.fate["fate"] for turn in turns] == ["filed", "duplicate", "duplicate"]
    assert turns[-1].notices(CARLA) == ["public_reply"]
    assert turns[-1].notices(ADA) == ["receipt", "receipt"]


def test_what_is_asked_again_is_answered_again(desk: Conversation, opened: Turn) -> None:
    got = opened.to(ADA)
    first = desk.answers(ADA, got, "!show\n!list")
    assert desk.answers(ADA, got, "!show\n!list").summary() == first.summary()
    assert first.notices(ADA) == ["shown", "tickets", "receipt"]


def test_the_same_words_of_two_agents_are_two_mails(desk: Conversation, opened: Turn) -> None:
    desk.answers(ADA, opened.to(ADA), "!take")
    assert desk.answers(BEN, opened.to(BEN), "!take").fate["fate"] == "filed"
    assert desk.told(opened.ticket)["assignee"] == "ben"


def test_the_same_words_a_day_later_are_meant(desk: Conversation, opened: Turn) -> None:
    desk.answers(ADA, opened.to(ADA), "!take")
    desk.answers(BEN, opened.to(BEN), "!take")
    desk.wait(hours=24)
    assert desk.answers(ADA, opened.to(ADA), "!take").fate["fate"] == "filed"
    assert desk.told(opened.ticket)["assignee"] == "ada"


def test_a_ticket_that_an_agent_opens_for_somebody_is_opened_once_however_often_it_is_sent(desk: Conversation) -> None:
    """B36: who presses the button twice means it once."""
    says = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
    first = desk.says(ADA, "Mouse", "!new for carla@customer.example\nHer mouse is broken.", **says)
    assert first.fate["created"]
    again = desk.says(ADA, "Mouse", "!new for carla@customer.example\nHer mouse is broken.", **says)
    assert (again.fate["fate"], again.ticket, desk.count()) == ("duplicate", first.ticket, 1)
    assert again.summary() == [("receipt", ADA.address)]
