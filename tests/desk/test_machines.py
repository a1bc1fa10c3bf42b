"""Several daemons on one database: one of a machine, and none decides by what another has changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from maild import stage
from maild.config import Settings
from maild.desk import db
from maild.desk.models import Participant, Ticket
from maild.errors import Unavailable
from tests.faults.live import until
from tests.stories.conversation import Conversation
from tests.stories.letters import ADA, CARLA, GIULIA

HELP = "My screen is black since this morning. Please help me, I cannot work."
on_postgresql = pytest.mark.parametrize("settings", ["postgres"], indirect=True)


def test_one_daemon_of_a_machine_has_the_database(settings: Settings) -> None:
    """Else the second would take what the first is sending for left over by a crash (M3)."""
    release = stage.claim_database(settings)
    with pytest.raises(Unavailable, match="another maild"):
        stage.claim_database(settings)
    release()
    stage.claim_database(settings)()


@on_postgresql
def test_another_machine_may_have_it_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    release = stage.claim_database(settings)
    monkeypatch.setattr(stage.socket, "gethostname", lambda: "another")
    stage.claim_database(settings)()
    release()


@on_postgresql
def test_two_daemons_of_one_host_are_two_machines_by_their_names(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = stage.claim_database(settings)
    monkeypatch.setenv("MAILD_MACHINE", "Second: of this host")
    assert stage.owner(".feed1").partition(":")[0] == "second--of-this-host.feed1"
    again = stage.claim_database(settings)
    with pytest.raises(Unavailable, match="another maild"):
        stage.claim_database(settings)
    again()
    release()


def test_a_database_that_is_not_there_cannot_be_had_now(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        db.hold("postgresql://postgres@127.0.0.1:1/none", "maild here")


def meanwhile(change: Callable[[], object], act: Callable[[], object]) -> None:
    """Another machine has changed something and not committed it yet, when this one comes and must wait for it."""
    changed, go_on = threading.Event(), threading.Event()

    def there() -> None:
        with db.transaction():
            change()
            changed.set()
            assert go_on.wait(20)
        db.close()

    def waits() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(db.database.execute_sql(query).fetchone()[0])

    def here() -> None:
        act()
        db.close()

    first, second = threading.Thread(target=there), threading.Thread(target=here)
    first.start()
    assert changed.wait(20)
    second.start()
    until(waits, 20)
    go_on.set()
    first.join(20)
    second.join(20)


@on_postgresql
def test_a_reply_is_decided_by_the_ticket_as_it_is_when_it_is_held(desk: Conversation) -> None:
    """Another machine resolves it between the look and the lock: then the reply reopens it."""
    opened = desk.says(CARLA, "Screen", HELP)
    meanwhile(
        lambda: Ticket.update(status="resolved", resolved_at=desk.now).execute(),
        lambda: desk.answers(CARLA, opened.to(CARLA), "It is still black, and now it smells."),
    )
    assert desk.told(opened.ticket)["status"] == "open"
    assert [e.kind for e in desk.events(opened.ticket) if e.kind == "status"] == ["status"]


@on_postgresql
def test_a_reply_follows_its_ticket_that_is_merged_meanwhile(desk: Conversation) -> None:
    """B6: nobody reads what stands on a ticket that is over."""
    opened, other = desk.says(CARLA, "Screen", HELP), desk.says(GIULIA, "Monitor", HELP)
    child, parent = desk.ticket(opened.ticket), desk.ticket(other.ticket)

    def merge() -> None:
        Ticket.update(status="merged", parent=parent).where(Ticket.id == child.id).execute()
        Participant.create(ticket=parent, person=child.requester)

    meanwhile(merge, lambda: desk.answers(CARLA, opened.to(CARLA), "It is still black, and now it smells."))
    assert len(desk.told(opened.ticket)["messages"]) == 1
    assert len(desk.told(other.ticket)["messages"]) == 2


@on_postgresql
def test_nothing_is_merged_into_what_is_closed_meanwhile(desk: Conversation) -> None:
    opened, other = desk.says(CARLA, "Screen", HELP), desk.says(GIULIA, "Monitor", HELP)
    number = int(other.ticket.partition("-")[2])
    meanwhile(
        lambda: Ticket.update(status="closed", closed_at=desk.now).where(Ticket.id == number).execute(),
        lambda: desk.answers(ADA, opened.to(ADA), f"!merge {other.ticket}"),
    )
    assert desk.told(opened.ticket)["status"] == "new"
    assert desk.told(other.ticket)["participants"] == []
