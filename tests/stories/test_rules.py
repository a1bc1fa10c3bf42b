"""What the administrator's rules do to a real desk: on opening and later mails, when time passes or promises break."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from maild.desk import db, forget, inbox, tickets
from maild.desk.models import Incoming
from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, CLEO, MALLORY, Person

HELP = "Since this morning nothing works any more in our office, please help us as soon as you can."
PROVED = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
NAGIOS = Person("Nagios", "nagios@monitor.example.org")
DAN, MIA = Person("Dan", "dan@example.org"), Person("Mia", "mia@example.org")
SUPPLIER = Person("Supplier", "help@supplier.example")
REPLIES = (
    "data_protection: [dan]",
    "data_protection: [dan]\nreplies:\n  mailserver: {en: The mail server is being mended., it: Il server è fermo.}",
)


def on_opening(then: str, when: str = "{subject: {contains: press}}", more: str = "") -> str:
    return f"rules:\n  - name: the press\n    when: {when}\n    then: {then}\n{more}"


def test_a_rule_sets_what_a_ticket_is_and_says_why(desk: Conversation) -> None:
    desk.writes(
        on_opening(
            "{type: request, impact: high, urgency: high, line: L2, tags: [press], subject: 'Press {asset}',"
            " language: it}",
            r"{subject: {regex: '(?i)press (?P<asset>\w+)'}}",
            "    why: the presses {asset} cost a fortune an hour\n",
        )
    )
    turn = desk.says(CARLA, "Help: press P17 stands", HELP)
    told = desk.told(turn.ticket)
    assert (told["type"], told["priority"], told["line"], told["tags"]) == ("request", "critical", "L2", ["press"])
    assert (told["subject"], told["language"]) == ("Press P17", "it")
    assert told["events"][0]["why"] == 'rule "the press": the presses P17 cost a fortune an hour'
    assert turn.notices(CLEO) == ["new_ticket"]
    assert turn.nothing_to(ADA)
    assert "Buongiorno" in turn.to(CARLA).text


@on_one_database
def test_a_capture_is_data_whatever_it_holds(desk: Conversation) -> None:
    desk.writes(on_opening("{note: 'It says: {what}', tags: ['{what}']}", r"{subject: {regex: 'press (?P<what>.+)'}}"))
    turn = desk.says(CARLA, "press {{ 7*7 }} {what} %s !resolve <b>x</b>", HELP)
    told = desk.told(turn.ticket)
    note = told["messages"][1]
    assert (note["visibility"], note["text"]) == ("internal", "It says: {{ 7*7 }} {what} %s !resolve <b>x</b>")
    assert ("recorded", 'rule "the press"') in [(event["kind"], event["why"]) for event in told["events"]]
    assert note["attachments"] == []
    assert told["status"] == "new"
    assert told["tags"] == ["7-7-what-s-resolve-b-x-b"]
    assert "49" not in turn.to(ADA).text


def test_what_a_rule_made_of_a_mails_words_is_forgotten_with_them(desk: Conversation) -> None:
    """GDPR, article 17: a tag may hold a name. Tags that the administrator wrote out stay."""
    tags = "{tags: ['{what}', press], subject: 'Press {what}', note: '{what}'}"
    why = "    why: '{what} is known for it'\n"
    desk.writes(on_opening(tags, r"{subject: {regex: 'press of (?P<what>\w+)'}}", why))
    turn = desk.says(CARLA, "The press of Zebrowska stands", HELP)
    assert desk.told(turn.ticket)["tags"] == ["Zebrowska", "press"]
    desk.answers(ADA, turn.to(ADA), "!tag later\n!note")
    with db.transaction():
        forget.erase(tickets.lock(desk.ticket(turn.ticket).id), desk.now)
    told = desk.told(turn.ticket)
    assert told["tags"] == ["later", "press"]
    assert "Zebrowska" not in str(told)
    assert tickets.rebuild(desk.events(turn.ticket))["tags"] == told["tags"]


def test_who_is_notified_and_what_is_answered_and_passed_on(desk: Conversation) -> None:
    desk.writes(
        on_opening(
            "{notify: [lead, manager, oncall@elsewhere.example], reply: mailserver, forward: help@supplier.example,"
            " acknowledge: {template: mailserver}}"
        ),
        REPLIES,
    )
    raw = letters.attach(letters.new(CARLA, "The press stands", HELP), "log.txt", b"E42")
    turn = desk.takes(raw)
    assert turn.notices(MIA) == ["rule_notice"]
    assert "the press" in turn.to(MIA).text
    assert HELP in turn.to(MIA).text.replace("\n> ", " ")
    assert turn.notices(Person("", "oncall@elsewhere.example")) == ["rule_notice"]
    assert turn.notices(CARLA) == ["acknowledgement", "rule_reply"]
    assert "The mail server is being mended." in turn.to(CARLA, "acknowledgement").text
    assert "The mail server is being mended." in turn.to(CARLA, "rule_reply").text
    passed = turn.to(SUPPLIER)
    assert passed.notice == "forwarded"
    assert HELP in passed.text.replace("\n> ", " ")
    assert b"log.txt" in passed.raw
    assert passed.token == ""  # nobody else may answer in its name
    history = [(event.kind, event.why) for event in desk.events(turn.ticket)]
    assert ("forwarded", 'help@supplier.example, rule "the press"') in history
    assert ("rule_reply", 'mailserver, rule "the press"') in history
    assert desk.told(turn.ticket)["first_response_at"] is None  # a machine's text answers nothing (B41)


@on_one_database
def test_who_hears_of_the_new_ticket_anyway_is_told_the_rules_reason_there(desk: Conversation) -> None:
    more = "    why: the press has a contract of its own\n"
    desk.writes(on_opening("{notify: [line, manager, oncall@elsewhere.example]}", more=more))
    turn = desk.says(CARLA, "The press stands", HELP)
    assert turn.notices(ADA) == turn.notices(BEN) == ["new_ticket"]
    assert "the press has a contract of its own" in turn.to(ADA).text
    assert turn.notices(MIA) == ["rule_notice"]
    outside = turn.to(Person("", "oncall@elsewhere.example"))
    assert "!note" not in outside.text


@on_one_database
def test_a_machines_mail_with_a_code_is_passed_on_to_nobody(desk: Conversation) -> None:
    """B26."""
    desk.writes(on_opening("{forward: help@supplier.example}", "{}"))
    raw = letters.new(Person("Shop", "no-reply@shop.example"), "Your code", "Your verification code is 482913.")
    turn = desk.takes(raw)
    assert turn.nothing_to(SUPPLIER)
    assert "not_forwarded" in [event.kind for event in desk.events(turn.ticket)]


def test_mails_of_a_monitor_are_gathered_on_one_ticket_until_it_is_solved(desk: Conversation) -> None:
    desk.writes(
        on_opening(
            "{group_by: '{host}', acknowledge: never}",
            r"{from: {domain: monitor.example.org}, subject: {regex: 'on (?P<host>\w+)'}}",
        )
    )
    first = desk.says(NAGIOS, "CRITICAL: disk full on web1", "Disk 95 %")
    assert first.notices(ADA) == ["new_ticket"]
    again = desk.says(NAGIOS, "CRITICAL: disk fuller on web1", "Disk 99 %")
    assert (again.fate["fate"], again.ticket, again.fate["created"]) == ("filed", first.ticket, False)
    assert again.sent == []
    assert ("gathered", 'rule "the press"') in [(event.kind, event.why) for event in desk.events(first.ticket)]
    assert [m["text"] for m in desk.told(first.ticket)["messages"]] == ["Disk 95 %\n", "Disk 99 %\n"]
    other = desk.says(NAGIOS, "CRITICAL: disk full on web2", "Disk 96 %")
    assert other.ticket != first.ticket
    desk.answers(ADA, first.to(ADA), "!resolve more disk")
    anew = desk.says(NAGIOS, "CRITICAL: disk full on web1", "Disk 95 %, again")
    assert anew.ticket not in (first.ticket, other.ticket)
    assert desk.says(MALLORY, "CRITICAL: disk full on web1", "me too").ticket != anew.ticket


def test_a_rule_holds_a_mail_until_somebody_lets_it_in(desk: Conversation) -> None:
    desk.writes(on_opening("{hold: 'the press is confidential'}"))
    turn = desk.says(CARLA, "The press stands", HELP)
    assert (turn.fate["fate"], turn.fate["reason"]) == ("held", "the press is confidential")
    assert desk.count() == 0
    assert [(mail.recipient, mail.notice) for mail in turn.sent] == [(ADA.address, "held_new")]
    number = Incoming.get().id
    assert "the press is confidential" in turn.to(ADA).text
    assert f"!accept {number}" in unquote(turn.to(ADA).html)

    other = desk.says(CARLA, "Another press stands", HELP)
    assert other.fate["fate"] == "held"
    dropped = desk.says(ADA, "maild", f"!drop {number + 1}", **PROVED)
    assert [c["result"] for c in dropped.fate["commands"]] == ["done"]
    let_in = desk.says(ADA, "maild", f"!accept {number}", **PROVED)
    assert [c["result"] for c in let_in.fate["commands"]] == ["done"]
    assert let_in.notices(CARLA) == ["acknowledgement"]
    assert desk.count() == 1
    row = Incoming.get_by_id(number)
    assert (row.fate, row.created) == ("filed", True)
    assert [r.fate for r in Incoming.select().order_by(Incoming.id)][:2] == ["filed", "ignored"]
    again = desk.says(ADA, "maild", f"!accept {number}", **PROVED)
    assert [c["result"] for c in again.fate["commands"]] == ["refused"]
    assert inbox.balance()[0]["well"]


@on_one_database
def test_a_wave_of_mails_that_a_rule_holds_buries_nobody(desk: Conversation) -> None:
    desk.writes(on_opening("{hold: 'the press is confidential'}"))
    raws = [letters.new(CARLA, f"The press stands, {n}", f"{HELP} {n}") for n in range(60)]
    turns = desk.takes_all(raws)
    assert {turn.fate["fate"] for turn in turns} == {"held"}
    assert turns[-1].notices(ADA).count("held_new") == 20
    assert turns[-1].notices(MIA) == ["alarm"]
    assert "maild held list" in turns[-1].to(MIA).text


@on_one_database
def test_a_rule_drops_with_its_reason(desk: Conversation) -> None:
    desk.writes(on_opening("{drop: no presses here}"))
    turn = desk.says(CARLA, "The press stands", HELP)
    assert (turn.fate["fate"], turn.fate["reason"], turn.sent) == ("ignored", "no presses here", [])


LATER = """\
rules:
  - name: gold customers
    on: replied
    when: {from: {domain: customer.example}, text: {contains: [lawyer]}}
    then: {priority: critical, tags: [legal], notify: manager, line: L2}
    why: their lawyer is on the phone
  - name: watched priorities
    on: changed
    when: {changed: priority, priority: critical}
    then: {notify: [data_protection], note: somebody made this critical}
  - name: broken promise
    on: breached
    when: {clock: first_response}
    then: {tags: [late], urgency: high}
  - name: rests
    on: idle 2d
    when: {status: [open, pending]}
    then: {notify: data_protection, tags: [rests]}
"""


def test_a_reply_sets_off_the_rules_for_replies(desk: Conversation) -> None:
    desk.writes(LATER)
    opened = desk.says(CARLA, "The screen is black", HELP)
    assert desk.told(opened.ticket)["priority"] == "medium"
    turn = desk.answers(CARLA, opened.to(CARLA), "Our lawyer will hear of this, it still does not work at all.")
    told = desk.told(opened.ticket)
    assert (told["priority"], told["line"], told["tags"]) == ("critical", "L2", ["legal"])
    why = 'rule "gold customers": their lawyer is on the phone'
    assert {(e["kind"], e["by"]) for e in told["events"] if e["why"] == why} >= {("priority", "rule"), ("line", "rule")}
    assert "rule_notice" in turn.notices(MIA)
    assert "their lawyer is on the phone" in turn.to(MIA).text
    assert "escalation_line" in turn.notices(CLEO)
    assert turn.nothing_to(DAN)  # what a rule changed sets no rule off


def test_a_command_sets_off_the_rules_for_changes_and_is_stronger_than_they(desk: Conversation) -> None:
    desk.writes(LATER.replace("note: somebody made this critical", "note: hm, priority: low"))
    opened = desk.says(CARLA, "The screen is black", HELP)
    turn = desk.answers(ADA, opened.to(ADA), "!priority critical")
    assert turn.notices(DAN) == ["rule_notice"]
    assert desk.told(opened.ticket)["priority"] == "critical"
    assert desk.told(opened.ticket)["messages"][-1]["text"] == "hm"


def test_a_broken_promise_sets_off_its_rule_once(desk: Conversation) -> None:
    desk.writes(LATER)
    opened = desk.says(CARLA, "The screen is black", HELP)
    desk.wait(hours=2, minutes=1)
    told = desk.told(opened.ticket)
    assert (told["tags"], told["urgency"], told["priority"]) == (["late"], "high", "high")
    tagged = [e for e in told["events"] if e["kind"] == "tagged"]
    desk.wait(hours=3)
    assert [e for e in desk.told(opened.ticket)["events"] if e["kind"] == "tagged"] == tagged


def test_a_ticket_that_rests_is_seen_once_each_time(desk: Conversation) -> None:
    desk.writes(LATER)
    opened = desk.says(CARLA, "The screen is black", HELP)
    desk.wait(minutes=1)  # the rule is in force from now on
    taken = desk.answers(BEN, opened.to(BEN), "I am looking at it, please wait for us a little.")
    assert desk.wait(days=1, hours=23).notices(DAN).count("rule_notice") == 0
    first = desk.wait(hours=2)
    assert first.notices(DAN).count("rule_notice") == 1
    assert "rests" in desk.told(opened.ticket)["tags"]
    assert ("rule_notice", 'data_protection, rule "rests"') in [(e.kind, e.why) for e in desk.events(opened.ticket)]
    assert desk.wait(days=3).notices(DAN).count("rule_notice") == 0
    desk.answers(CARLA, taken.to(CARLA), "Is there any news about the black screen on my desk?")
    assert desk.wait(days=2, minutes=1).notices(DAN).count("rule_notice") == 1


@on_one_database
def test_a_rule_for_resting_tickets_leaves_those_that_rested_before_it_came(desk: Conversation) -> None:
    opened = desk.says(CARLA, "The screen is black", HELP)
    desk.answers(BEN, opened.to(BEN), "I am looking at it, please wait for us a little.")
    desk.wait(days=5)
    desk.writes(LATER)
    assert desk.wait(days=5).notices(DAN).count("rule_notice") == 0


@on_one_database
def test_a_rule_that_was_switched_off_for_long_brings_no_storm(desk: Conversation) -> None:
    desk.writes(LATER)
    desk.wait(minutes=1)
    opened = desk.says(CARLA, "The screen is black", HELP)
    desk.answers(BEN, opened.to(BEN), "I am looking at it, please wait for us a little.")
    desk.writes(LATER.replace("- name: rests\n", "- name: rests\n    enabled: false\n"))
    desk.wait(days=30)
    desk.writes(LATER)
    assert desk.wait(minutes=1).notices(DAN).count("rule_notice") == 0


@on_one_database
def test_nothing_that_a_machine_sends_sets_off_a_rule_on_a_ticket(desk: Conversation) -> None:
    """M6."""
    desk.writes(LATER)
    opened = desk.says(CARLA, "The screen is black", HELP)
    raw = letters.answer(CARLA, opened.to(CARLA), "I am away, ask my lawyer.", **{"Auto-Submitted": "auto-replied"})
    turn = desk.takes(raw)
    assert desk.told(opened.ticket)["priority"] == "medium"
    assert turn.nothing_to(MIA)


CONFIDENTIAL = on_opening("{confidential: true, notify: data_protection}", "{subject: {contains: [leak]}}")


def test_a_confidential_ticket_is_seen_by_few(desk: Conversation) -> None:
    desk.writes(CONFIDENTIAL)
    turn = desk.says(CARLA, "A leak of customer data", "Somebody has published the salaries of our colleagues.")
    assert desk.told(turn.ticket)["confidential"] is True
    for who in (ADA, BEN, CLEO, MIA):
        assert turn.nothing_to(who)
    assert turn.notices(DAN) == ["new_ticket"]
    asked = desk.says(ADA, "maild", f"!show {turn.ticket}")
    assert "salaries" not in "".join(mail.text for mail in asked.sent)
    assert turn.ticket not in "".join(mail.text for mail in desk.says(ADA, "maild", "!list line").sent)
    late = desk.wait(hours=3)
    assert {mail.recipient for mail in late.sent} <= {DAN.address, CARLA.address}


@on_one_database
def test_an_agent_outside_cannot_write_to_a_confidential_ticket(desk: Conversation) -> None:
    desk.writes(CONFIDENTIAL)
    turn = desk.says(CARLA, "A leak of customer data", "Somebody has published the salaries of our colleagues.")
    wrote = desk.says(BEN, f"Re: [{turn.ticket}] A leak", f"!on {turn.ticket}\nWhat is this about?")
    assert desk.told(turn.ticket)["assignee"] is None
    assert all(m["visibility"] == "internal" for m in desk.told(turn.ticket)["messages"][1:])
    assert "salaries" not in "".join(mail.text for mail in wrote.sent if mail.recipient == BEN.address)
    assert wrote.nothing_to(CARLA)


@pytest.mark.parametrize("say", ["URGENT!!! CRITICAL! top priority", "!priority critical"])
@on_one_database
def test_no_word_of_a_requester_sets_the_priority(desk: Conversation, say: str) -> None:
    """P4."""
    raw = letters.new(CARLA, say, f"{say}\n{HELP}", **{"X-Priority": "1", "Importance": "high"})
    assert desk.told(desk.takes(raw).ticket)["priority"] == "medium"
