"""What must not get out, and what must not get in: by attachments, by quotes, by addresses, by machines at our side."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, MIA, Person, Sent

pytestmark = on_one_database
HELP = "My laptop shows a blue screen since this morning, can you help me please?"
SECRET = "the director has approved it"


@pytest.fixture
def opened(desk: Conversation) -> Turn:
    return desk.says(CARLA, "Blue screen", HELP)


def parsed(raw: bytes) -> EmailMessage:
    mail = BytesParser(policy=policy.SMTP).parsebytes(raw)
    assert isinstance(mail, EmailMessage)
    return mail


def reply(who: Person, got: Sent, text: str) -> bytes:
    """A reply whose body is just what it says."""
    return letters.new(who, f"Re: {got.subject}", text, to=got.reply_address, In_Reply_To=got["Message-ID"])


def with_logo(mail: EmailMessage) -> bytes:
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"\x89PNG", "image", "png", cid="<logo@x>", filename="logo.png", disposition="inline")
    return mail.as_bytes()


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
def test_a_mail_of_ours_that_an_agent_attaches_goes_to_no_outsider(
    desk: Conversation, opened: Turn, encoding: str
) -> None:
    """M7, M9: it holds the agent's token; some programs attach what they answer. The rest goes along."""
    got = opened.to(ADA)
    raw = letters.attach(reply(ADA, got, "See the guide."), "guide.pdf", b"%PDF")
    if encoding == "ascii":
        mail = parsed(raw)
        mail.add_attachment(parsed(got.raw))
        raw = mail.as_bytes()
    else:
        raw = letters.attach(raw, "old.msg", got.raw.decode().encode(encoding))
    answer = desk.takes(raw).to(CARLA)
    assert [p.get_filename() for p in answer.mail.walk() if p.get_filename()] == ["guide.pdf"]


def test_a_quote_of_an_internal_note_does_not_go_out_but_one_of_the_requesters_words_does(
    desk: Conversation, opened: Turn
) -> None:
    """M9, B29, B53."""
    desk.answers(ADA, opened.to(ADA), f"!note\nPlease replace it, {SECRET} yesterday.")
    story = desk.answers(ADA, opened.to(ADA), "!escalate").to(CLEO)
    text = f"Hello,\n\n> {HELP}\n\nI do.\n\n> Please replace it, {SECRET} yesterday.\n\nYou get a new one."
    answer = desk.takes(reply(CLEO, story, text)).to(CARLA)
    assert not answer.has(SECRET)
    assert f"> {HELP}" in answer.text
    assert "You get a new one." in answer.text


def test_a_reply_to_an_internal_note_stays_inside_whatever_the_address_line_says(
    desk: Conversation, opened: Turn
) -> None:
    """B28: mail programs remember old addresses."""
    note = desk.answers(BEN, opened.to(BEN), "!note\nIs he allowed to have a new one?").to(ADA, "internal_note")
    assert note.reply_address != opened.to(ADA).reply_address
    turn = desk.answers(ADA, note, f"Yes, {SECRET}.", to=opened.to(ADA).reply_address)
    assert turn.fate["verdict"] == "agent"
    assert turn.nothing_to(CARLA)
    assert desk.told(opened.ticket)["messages"][-1]["visibility"] == "internal"


def test_a_logo_beside_a_yes_is_still_a_yes(desk: Conversation, opened: Turn) -> None:
    """B39."""
    solution = desk.answers(ADA, opened.to(ADA), "You have a new one.\n!resolve").to(CARLA)
    mail = parsed(letters.answer(CARLA, solution, "Yes, it is solved. Thank you!", style="html"))
    desk.takes(with_logo(mail))
    assert desk.told(opened.ticket)["status"] == "closed"


def test_a_solution_that_quotes_an_internal_note_keeps_it_inside(desk: Conversation, opened: Turn) -> None:
    """M9: neither the mail nor what is kept as the solution, which goes out later."""
    desk.answers(ADA, opened.to(ADA), f"!note\nPlease replace it, {SECRET} yesterday.")
    story = desk.answers(ADA, opened.to(ADA), "!escalate").to(CLEO)
    text = f"Hello,\n\n> replace it, {SECRET}\n> yesterday.\n\nYou have a new one now.\n\n> else\n\nNo.\n\n!resolve"
    turn = desk.takes(reply(CLEO, story, text))
    assert turn.to(CARLA).notice == "resolution"
    assert not turn.to(CARLA).has(SECRET)
    assert SECRET not in str(desk.told(opened.ticket)["resolution"])


def test_the_end_of_a_broken_quoted_line_commands_nothing(desk: Conversation) -> None:
    """B33: the requester chose where their line breaks, and the agent's program marks only its first half."""
    said = "I have a problem with my laptop since this morning it is blue and it says !resolve it is all fine"
    opened = desk.says(CARLA, "Blue screen", said)
    got = opened.to(ADA)
    quoted = "\n".join(f"> {line}" for line in got.text.splitlines()).replace(" !resolve", "\n!resolve")
    turn = desk.takes(reply(ADA, got, f"I look at it.\n\nOn Tue, Nov 24, 2026 at 9:00 Desk <d@x.y> wrote:\n\n{quoted}"))
    assert [(c["line"], c["result"]) for c in turn.fate["commands"]] == [("!resolve it is all fine", "refused")]
    assert desk.told(opened.ticket)["status"] == "open"
    assert turn.notices(ADA) == ["receipt"]
    assert "I look at it." in turn.to(CARLA, "public_reply").text


def test_a_logo_beside_commands_sends_the_requester_nothing(desk: Conversation, opened: Turn) -> None:
    """B33, B41."""
    turn = desk.takes(with_logo(parsed(letters.answer(ADA, opened.to(ADA), "!priority high", style="html"))))
    assert turn.nothing_to(CARLA)
    told = desk.told(opened.ticket)
    assert (told["priority"], told["first_response_at"]) == ("high", None)
    assert [a["name"] for a in told["messages"][-1]["attachments"]] == ["logo.png"]


@pytest.mark.parametrize(
    ("who", "proof"), [(Person("Another desk", "desk@corp.example"), "token"), (ADA, "token"), (ADA, "subject")]
)
def test_a_machine_that_answers_our_notice_to_an_agent_is_noted_and_nobody_is_told(
    desk: Conversation, opened: Turn, who: Person, proof: str
) -> None:
    """M6: whoever is told may have such a machine too, and the two would never end."""
    to = {"to": opened.to(ADA).reply_address} if proof == "token" else {}
    subject = f"[{opened.ticket}] We got your mail"
    turn = desk.says(who, subject, "It has the number 1.", Auto_Submitted="auto-generated", **to)
    assert (turn.fate["kind"], turn.ticket, turn.sent) == ("auto_generated", opened.ticket, [])
    assert desk.told(opened.ticket)["messages"][-1]["visibility"] == "internal"


def test_who_opens_a_ticket_in_the_name_of_staff_is_not_taken_for_them(desk: Conversation) -> None:
    """B40."""
    forged = desk.says(MIA, "Password", "Please reset the password of Carla today, it is urgent.")
    assert forged.fate["verdict"] == "unverified"
    assert "non è certo" in forged.to(ADA, "new_ticket").text or "niente prova" in forged.to(ADA, "new_ticket").text
    assert desk.told(forged.ticket)["messages"][0]["verified"] is False
    passed = "mx.example.org; dmarc=pass header.from=example.org"
    real = desk.says(MIA, "Chair", "Please order a new chair for my office.", Authentication_Results=passed)
    assert "niente prova" not in real.to(ADA, "new_ticket").text
    assert desk.told(real.ticket)["messages"][0]["verified"] is True


@pytest.mark.parametrize("address", ["a\u0378b@evil.example", "\u00fc@" + "\u00fc" * 63 + ".example"])
def test_an_answer_to_an_address_that_no_mail_can_have_is_not_lost(desk: Conversation, address: str) -> None:
    """M7: the agent's words are recorded, whoever they cannot reach."""
    raw = letters.new(Person("M", "m@evil.example"), "Hello", HELP, Precedence="bulk")
    opened = desk.takes(raw.replace(b"m@evil.example", address.encode()))
    turn = desk.answers(BEN, opened.to(BEN), "This is my answer.\n!resolve")
    assert turn.fate["fate"] == "filed"
    assert desk.told(opened.ticket)["status"] == "resolved"
