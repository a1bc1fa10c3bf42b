"""GDPR, article 17: after `!forget` nothing is left of what was said and who said it; what must hold still holds."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from maild.desk import db, forget, inbox, search, tickets
from maild.desk.models import (
    ALL,
    Event,
    Incoming,
    Message,
    Outgoing,
    Participant,
    Person,
    RawMail,
    Reminder,
    Term,
    Thread,
    Ticket,
)
from maild.policy.changes import Change, Changed, Joined, Noted, Recorded, TicketField
from tests.stories import letters
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, BEN, CARLA, GIULIA, MALLORY, SOREN

MARKS = ("zebrasubject", "zebratext", "zebrafile", "zebraanswer", "zebracure", "zebranote", "zebradiagnosis")
CARLAS = ("Carla", "carla@")
_TABLES: tuple[Any, ...] = ALL  # Any: its stubs forget that a row of `dicts` is one


def everything() -> Iterator[tuple[str, str]]:
    """All that the database holds, as text: table and value. Mails are unpacked."""
    for model in _TABLES:
        for row in model.select().dicts():
            for name, value in row.items():
                if isinstance(value, (bytes, memoryview)):
                    data = zlib.decompress(value) if model is RawMail else bytes(value)
                    yield f"{model.__name__}.{name}", data.decode("latin-1")
                else:
                    yield f"{model.__name__}.{name}", str(value)


def places(*words: str) -> set[str]:
    """Where one of these words still stands."""
    return {place for place, text in everything() for word in words if word.casefold() in text.casefold()}


def erase(desk: Conversation, key: str) -> None:
    with db.transaction():
        forget.erase(tickets.lock(desk.ticket(key).id), desk.now)


def holds(desk: Conversation, key: str) -> None:
    """M1 and M4: the balance is well, and the row is what its events tell."""
    assert all(day["well"] for day in inbox.balance())
    ticket = desk.ticket(key)
    told = tickets.rebuild(desk.events(key))
    row = {name: getattr(ticket, name) for name in told}
    parent = ticket.parent.key if ticket.parent is not None else None
    assert told == {**row, "requester": ticket.requester.address, "parent": parent}


def tale(desk: Conversation) -> str:
    """A ticket with all that one may hold; closed in the end."""
    raw = letters.new(CARLA, "zebrasubject does not start", "Hello, zebratext stopped this morning. Carla")
    opened = desk.takes(letters.attach(raw, "zebrafile.txt", b"zebratext inside"))
    ada, carla = opened.to(ADA), opened.to(CARLA)
    desk.answers(ADA, ada, "!take\n!note\nzebranote: Carla always says that")
    asked = desk.answers(ADA, ada, "zebraanswer: have you restarted it?\n!pending")
    desk.takes(letters.bounce(asked.to(CARLA)).replace(b"no such user", b"zebradiagnosis carla@customer.example"))
    said = desk.answers(CARLA, asked.to(CARLA), "Yes, zebratext is still down.", subject="Re: zebrasubject 2")
    desk.answers(ADA, said.to(ADA), "!resolve zebracure of the fuse, Carla is happy")
    desk.answers(CARLA, carla, "5")
    desk.wait(days=4)
    ticket = desk.ticket(opened.ticket)
    with db.transaction():
        search.remember(ticket)
        Reminder.create(ticket=ticket, person=desk.stage.staff["ada"].id, at=desk.now, text="call Carla, zebratext")
    return opened.ticket


def test_no_word_and_no_name_is_left_in_any_table(desk: Conversation) -> None:
    key = tale(desk)
    assert {"Message.text", "Term.word", "Reminder.text", "RawMail.data", "Person.address"} <= places(*MARKS, *CARLAS)
    erase(desk, key)
    assert places(*MARKS, *CARLAS) == set()
    holds(desk, key)


def test_the_bare_facts_stay(desk: Conversation) -> None:
    key = tale(desk)
    before, mails = desk.told(key), list(Incoming.select().order_by(Incoming.id))
    erase(desk, key)
    after = desk.told(key)
    same = ("type", "status", "priority", "line", "assignee", "tags", "satisfaction", "clocks", "language")
    times = ("opened_at", "first_response_at", "resolved_at", "closed_at")
    assert {name: after[name] for name in (*same, *times)} == {name: before[name] for name in (*same, *times)}
    assert (after["subject"], after["resolution"]) == (forget.MARK, forget.MARK)
    person = Person.get(Person.address.startswith("forgotten-"))
    assert after["requester"] == {"name": "", "address": f"forgotten-{person.id}@invalid"}
    for name in ("kind", "at", "mail"):
        assert [event[name] for event in after["events"]] == [event[name] for event in before["events"]]
    assert [e["by"] for e in after["events"] if e["kind"] == "assignee"] == ["ada"]
    assert {(m["author"], m["text"]) for m in after["messages"]} == {
        ("ada", forget.MARK),
        (person.address, forget.MARK),
        *{(m["author"], forget.MARK) for m in after["messages"] if m["author"] == "unknown"},
    }
    kept = ("message_id", "content_digest", "fate", "kind", "verdict", "created", "done_at", "source")
    for old in mails:
        new = Incoming.get_by_id(old.id)
        assert {name: getattr(new, name) for name in kept} == {name: getattr(old, name) for name in kept}
        assert new.__data__["digest"] == old.__data__["digest"]
        assert new.__data__["ticket"] == old.__data__["ticket"]
        assert RawMail.get_by_id(new.__data__["digest"]).size == 0
    assert Thread.select().where(Thread.ticket == desk.ticket(key)).exists()
    done = [one["line"] for row in Incoming.select() for one in row.commands or ()]
    assert "!resolve" in done
    assert "!take" in done


def test_doing_it_twice_changes_nothing_more(desk: Conversation) -> None:
    key = tale(desk)
    erase(desk, key)
    once = sorted(everything())
    erase(desk, key)
    assert sorted(everything()) == once


def test_the_person_is_a_number_whose_tokens_are_void_and_to_whom_nothing_is_written(desk: Conversation) -> None:
    key = tale(desk)
    old = Person.get(address=CARLA.address)
    erase(desk, key)
    new = Person.get_by_id(old.id)
    assert (new.address, new.name, new.language) == (f"forgotten-{old.id}@invalid", "", None)
    assert (new.proved, new.generation) == (False, old.generation + 1)
    assert new.bounced_until > datetime(9000, 1, 1, tzinfo=UTC)
    assert desk.wait(days=30).sent == []


def test_a_late_reply_is_no_error_and_brings_nothing_back(desk: Conversation) -> None:
    opened = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning. Please help me.")
    desk.answers(ADA, opened.to(ADA), "!close")
    erase(desk, opened.ticket)
    late = desk.answers(CARLA, opened.to(CARLA), "It does not work, I am still waiting for somebody to call me.")
    assert late.fate["fate"] in ("filed", "held")
    assert late.fate["verdict"] in ("stranger", "requester")
    told = desk.told(opened.ticket)
    assert (told["subject"], told["requester"]["name"]) == (forget.MARK, "")
    assert all(day["well"] for day in inbox.balance())


def test_the_same_mail_that_comes_again_is_still_known(desk: Conversation) -> None:
    raw = letters.new(CARLA, "zebrasubject", "My zebratext does not start since this morning.")
    key = desk.takes(raw).ticket
    erase(desk, key)
    again = desk.takes(raw)
    assert (again.fate["fate"], again.ticket) == ("duplicate", key)
    erase(desk, key)  # its bytes were kept anew
    assert places("zebratext", *CARLAS) == set()


def test_what_waits_to_be_sent_is_cancelled_and_nothing_can_be_sent_again(desk: Conversation) -> None:
    opened = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning. Please help me.")
    rows = list(Outgoing.select())
    Outgoing.update(state="sent", answer="250 ok carla@customer.example").where(Outgoing.id == rows[0].id).execute()
    Outgoing.update(state="failed", answer="550 carla@customer.example").where(Outgoing.id == rows[1].id).execute()
    erase(desk, opened.ticket)
    states = [row.state for row in Outgoing.select().order_by(Outgoing.id)]
    assert states == ["sent", *["cancelled"] * (len(rows) - 1)]
    assert all(bytes(row.data) == b"" and row.answer is None for row in Outgoing.select())
    assert {row.recipient for row in Outgoing.select()} >= {ADA.address, BEN.address}
    assert places(*CARLAS) == set()


def test_who_has_another_ticket_stays_known(desk: Conversation) -> None:
    first = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning. Please help me.")
    other = desk.says(CARLA, "Another thing", "The lamp in my office is broken, please send somebody.")
    erase(desk, first.ticket)
    assert places("zebra") == set()
    person = Person.get(address=CARLA.address)
    assert (person.name, person.generation) == ("Carla Webb", 0)
    assert desk.told(other.ticket)["messages"][0]["text"].startswith("The lamp")
    assert desk.told(first.ticket)["requester"]["address"] == CARLA.address
    holds(desk, first.ticket)
    holds(desk, other.ticket)
    erase(desk, other.ticket)  # still the requester of the first one
    assert desk.told(first.ticket)["requester"]["address"] == CARLA.address


def test_participants_go_and_those_who_are_on_another_ticket_stay_known_there(desk: Conversation) -> None:
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    lamp = desk.says(SOREN, "Lamp", "The lamp in my office is broken, please send somebody.").ticket
    with db.transaction():
        for who in (SOREN, GIULIA):
            act = desk.stage.act(desk.now)
            changes = [Joined(who.address, who.name, "command", "ada")]
            tickets.apply(tickets.lock(desk.ticket(key).id), changes, act)
    erase(desk, key)
    assert desk.told(key)["participants"] == []
    assert Participant.select().count() == 0
    assert places("giulia", "Neri") == set()
    assert SOREN.address not in str(desk.told(key))
    assert desk.told(lamp)["requester"]["address"] == SOREN.address
    holds(desk, key)


def test_staff_are_never_forgotten(desk: Conversation) -> None:
    raw = letters.new(
        ADA, "zebrasubject", "My own zebratext is broken.", Authentication_Results="mx.example.org; dmarc=pass"
    )
    key = desk.takes(raw).ticket
    erase(desk, key)
    person = Person.get(staff="ada")
    assert (person.address, person.name, person.generation) == (ADA.address, ADA.name, 0)
    assert places("zebra") == set()
    holds(desk, key)


def test_another_requester_and_subject_leave_the_first_ones_nowhere(desk: Conversation) -> None:
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    with db.transaction():
        act = desk.stage.act(desk.now)
        changes = [
            Changed("requester", GIULIA.address, "command", "ada"),
            Changed("subject", "zebrasubject two", "command", "ada"),
        ]
        tickets.apply(tickets.lock(desk.ticket(key).id), changes, act)
    erase(desk, key)
    assert places("zebra", "giulia", *CARLAS) == set()
    holds(desk, key)


def test_what_was_held_is_settled_and_a_mail_that_is_being_handled_brings_nothing_back(desk: Conversation) -> None:
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    other = desk.says(MALLORY, "Something else", "Let me in, I am a friend of zebratext, really.")
    mail = Incoming.select().order_by(Incoming.id.desc()).get()
    for values in ({"fate": "held"}, {"fate": None, "done_at": None, "owner": "me", "lease_until": desk.now}):
        Incoming.update(ticket=desk.ticket(key), **values).where(Incoming.id == mail.id).execute()
        erase(desk, key)
        now = Incoming.get_by_id(mail.id)
        assert (now.fate, now.done_at is not None, now.owner) == ("ignored", True, None)
        assert (now.sender, now.reason) == (f"forgotten-{Person.get(address=MALLORY.address).id}@invalid", forget.MARK)
    assert all(day["well"] for day in inbox.balance())
    assert other.ticket != key


def test_bytes_that_another_tickets_mail_shares_stay(desk: Conversation) -> None:
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    mail = Incoming.get(ticket=desk.ticket(key))
    lamp = desk.says(SOREN, "Lamp", "The lamp in my office is broken, please send somebody.").ticket
    Incoming.update(digest=mail.__data__["digest"]).where(Incoming.ticket == desk.ticket(lamp)).execute()
    erase(desk, key)
    assert RawMail.get_by_id(mail.__data__["digest"]).size > 0
    erase(desk, lamp)
    assert RawMail.get_by_id(mail.__data__["digest"]).size == 0


def test_the_mail_that_demands_it_loses_its_bytes_too(desk: Conversation) -> None:
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    lamp = desk.says(SOREN, "Lamp", "> My zebratext does not start", mid="<quoting@example.org>")
    mail = Incoming.get(ticket=desk.ticket(lamp.ticket))
    with db.transaction():
        forget.erase(tickets.lock(desk.ticket(key).id), desk.now, mail.id)
    assert RawMail.get_by_id(mail.__data__["digest"]).size == 0
    assert Incoming.get_by_id(mail.id).sender == SOREN.address  # what becomes of it is for its handler to write


def test_what_its_mails_left_with_another_ticket_is_told_without_names(desk: Conversation) -> None:
    """A mail of a stranger that refers to a ticket opens one of its own, and is noted on the first."""
    lamp = desk.says(SOREN, "Lamp", "The lamp in my office is broken, please send somebody.")
    key = desk.says(CARLA, "zebrasubject", "My zebratext does not start since this morning.").ticket
    mail = Incoming.get(ticket=desk.ticket(key))
    with db.transaction():
        act = desk.stage.act(desk.now, incoming=mail.id)
        there: list[Change] = [
            Noted("referred", f"a mail of {CARLA.address} that refers to it became {key}", "maild"),
            Recorded("ada", "", f"{key}: zebrasubject of Carla Webb", "internal", desk.now),
        ]
        tickets.apply(tickets.lock(desk.ticket(lamp.ticket).id), there, act)
    erase(desk, key)
    assert places("zebra", *CARLAS) == set()
    noted = [event.why for event in desk.events(lamp.ticket) if event.kind == "referred"]
    assert noted == [f"a mail of {Person.get(Person.name == '').address} that refers to it became {key}"]
    assert desk.told(lamp.ticket)["messages"][0]["text"].startswith("The lamp")
    holds(desk, lamp.ticket)


def test_other_tickets_are_untouched(desk: Conversation) -> None:
    lamp = desk.says(SOREN, "Lamp", "The lamp in my office is broken, please send somebody.")
    desk.answers(ADA, lamp.to(ADA), "!take\n!resolve New bulb")
    key = tale(desk)
    before = _rows(desk.ticket(lamp.ticket))
    erase(desk, key)
    assert _rows(desk.ticket(lamp.ticket)) == before


def _rows(ticket: Ticket) -> list[Any]:
    tables: tuple[Any, ...] = (Message, Event, Term, Thread, Incoming)
    found = [list(m.select().where(m.ticket == ticket).order_by(m.id).dicts()) for m in tables]
    sent = [(o.state, bytes(o.data), o.recipient) for o in Outgoing.select().where(Outgoing.ticket == ticket)]
    raws = [RawMail.get_by_id(row["digest"]).size for row in found[-1]]
    return [found, sent, raws, ticket.subject]


@pytest.mark.parametrize("field", [*get_args(TicketField), "tagged", "untagged"])
def test_every_field_of_a_ticket_is_known_as_plain_or_as_words(field: str) -> None:
    """A new field must be looked at: what it holds may be somebody's words."""
    assert field in forget._PLAIN


def test_what_was_merged_into_it_is_forgotten_with_it(desk: Conversation) -> None:
    """B6: nothing leads to a merged ticket any more, so nobody could have it forgotten by itself."""
    raw = letters.new(CARLA, "zebrasubject does not start", "Hello, zebratext stopped this morning. Carla")
    child = desk.takes(raw)
    parent = desk.says(GIULIA, "Network", "The network has stopped. Please help me.")
    desk.answers(ADA, child.to(ADA), f"zebraanswer: we know of it\n!merge {parent.ticket}")
    desk.answers(ADA, parent.to(ADA), "!close")
    forgotten = desk.answers(ADA, parent.to(ADA), f"!forget {parent.ticket}")
    assert [c["result"] for c in forgotten.fate["commands"]] == ["done"]
    assert places(*MARKS, *CARLAS, "Giulia") == set()
    for key in (child.ticket, parent.ticket):
        assert [e.kind for e in desk.events(key)].count("forgotten") == 1
        holds(desk, key)
