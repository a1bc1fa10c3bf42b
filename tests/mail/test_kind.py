"""B14 to B22: a person, a robot, a list, a report."""

from __future__ import annotations

import pytest

from tests.mail.letters import letter, mail


@pytest.mark.parametrize("value", ["no", "No", "no (human)", "NO;x=y", "(a (nested) comment) no"])
def test_auto_submitted_no_is_a_person(value: str) -> None:
    assert mail(f"Auto-Submitted: {value}").kind == "human"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("auto-replied", "auto_reply"),
        ("Auto-Replied; owner-email=x", "auto_reply"),
        ("auto-replied (vacation)", "auto_reply"),
        ("(robot) AUTO-REPLIED", "auto_reply"),
        ("auto-generated", "auto_generated"),
        ("auto-generated (failure)", "auto_generated"),
        ("auto-notified", "auto_generated"),
        ("yes", "auto_generated"),
    ],
)
def test_any_other_value_is_automatic(value: str, kind: str) -> None:
    one = mail(f"Auto-Submitted: {value}")
    assert (one.kind, one.answerable) == (kind, False)


def test_of_several_fields_one_is_enough() -> None:
    assert mail("Auto-Submitted: no", "Auto-Submitted: auto-replied").kind == "auto_reply"


def test_a_mail_that_a_rule_forwarded_opens_a_ticket_without_an_answer() -> None:
    one = letter("rule-forwarded-by-exchange")
    assert (one.kind, one.answerable) == ("auto_generated", False)


@pytest.mark.parametrize(
    "field",
    [
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "List-Id: <users.lists.example>",
        "Precedence: list",
        "Precedence: bulk",
        "List-Unsubscribe: <mailto:x@lists.example>",
    ],
)
def test_a_hint_alone_only_forbids_answers(field: str) -> None:
    one = mail(field, "Subject: The printer")
    assert (one.kind, one.answerable) == ("human", False)
    assert one.kind_why


def test_a_mailing_list_is_one_when_its_signs_agree() -> None:
    one = mail(
        "List-Id: <users.lists.example>",
        "List-Post: <mailto:users@lists.example>",
        "List-Unsubscribe: <mailto:x@lists.example>",
        "Precedence: list",
        "Return-Path: <users-bounces@lists.example>",
    )
    assert (one.kind, one.answerable) == ("list", False)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: VPN",
        "Risposta automatica: [INC-7] VPN",
        "Autosvar: VPN",
        "Automatisk svar: VPN",
        "Automatische Antwort: VPN",
        "Réponse automatique : VPN",
        "Respuesta automática: VPN",
        "Automatisch antwoord: VPN",
        "Fuori sede: Re: VPN",
        "Ikke til stede: VPN",
        "Out of Office: VPN",
        "Abwesenheitsnotiz: VPN",
        "=?utf-8?q?R=C3=A9ponse_automatique?=: VPN",
    ],
)
def test_the_subjects_of_automatic_replies_are_known(subject: str) -> None:
    assert mail(f"Subject: {subject}").kind == "auto_reply"


def test_somebody_who_is_away_needs_another_sign_where_no_colon_stands() -> None:
    assert mail("Subject: Out of office until Monday", "X-Auto-Response-Suppress: All").kind == "auto_reply"
    assert mail("Subject: Fuori sede fino a lunedì", "Precedence: bulk").kind == "auto_reply"
    assert mail("Subject: Out of office assistant does not work").kind == "human"
    assert mail("Subject: Re: Automatic reply: VPN").kind == "human"
    assert mail("Subject: Automatic replies are broken").kind == "human"


@pytest.mark.parametrize(
    "field", ["Precedence: auto_reply", "X-Autoreply: yes", "X-Autorespond: x", "X-POST-MessageClass: 9; Autoresponder"]
)
def test_fields_of_answering_machines(field: str) -> None:
    assert mail(field).kind == "auto_reply"


def test_the_null_sender_wants_no_answer() -> None:
    assert mail("Return-Path: <>").answerable is False


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@x.example",
        "noreply@x.example",
        "DoNotReply@x.example",
        "mailer-daemon@x.example",
        "shop-noreply@x.example",
        "non-rispondere@x.example",
    ],
)
def test_addresses_that_take_no_answers(sender: str) -> None:
    assert mail("Subject: Your code", sender=f"Shop <{sender}>").answerable is False


def test_reports_receipts_and_answers_to_invitations() -> None:
    assert letter("bounce-failed").kind == "dsn_failed"
    assert letter("bounce-delayed").kind == "dsn_delayed"
    assert letter("bounce-delivered").kind == "mdn"
    assert letter("read-receipt").kind == "mdn"
    assert letter("invitation-accepted").kind == "calendar_reply"
    for name in ("bounce-failed", "bounce-delayed", "read-receipt", "invitation-accepted"):
        assert letter(name).answerable is False


def test_an_invitation_is_a_persons_mail() -> None:
    body = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    assert mail("Content-Type: text/calendar; method=REQUEST", body=body).kind == "human"


def test_our_own_marks_are_a_loop() -> None:
    assert mail("X-Maild-Instance: desk.example.org").kind == "loop"
    assert mail("Message-ID: <acknowledgement.0123456789ab@Desk.Example.Org>").kind == "loop"
    assert mail(f"Message-ID: <{'a2' * 22}.0123456789ab@desk.example.org>").kind == "loop"
    assert mail("Message-ID: <20261124090000.4XyZ12@desk.example.org>").kind == "human"  # a relay on our host
    assert mail("Message-ID: <3f2a-4c1b-0123456789ab@desk.example.org>").kind == "human"  # a mail program of ours
    assert mail("X-Maild-Instance: other.example.org").kind == "human"
    assert mail("In-Reply-To: <abc@desk.example.org>").kind == "human"
