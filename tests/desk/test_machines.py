"""Several daemons on one database: one of a machine, and none decides by what another has changed meanwhile."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from maild import stage
from maild.config import Settings
from maild.desk import db
from maild.desk.models import Ticket
from maild.errors import Unavailable
from tests.faults.live import until
from tests.stories.conversation import Conversation
from tests.stories.letters import CARLA

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


def test_a_database_that_is_not_there_cannot_be_had_now(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        db.hold("postgresql://postgres@127.0.0.1:1/none", "maild here")


@on_postgresql
def test_a_reply_is_decided_by_the_ticket_as_it_is_when_it_is_held(desk: Conversation) -> None:
    """Another machine resolves it between the look and the lock: then the reply reopens it."""
    opened = desk.says(CARLA, "Screen", HELP)
    changed, go_on = threading.Event(), threading.Event()

    def resolve() -> None:
        with db.transaction():
            Ticket.update(status="resolved", resolved_at=desk.now).execute()
            changed.set()
            assert go_on.wait(20)
        db.close()

    def waits() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(db.database.execute_sql(query).fetchone()[0])

    def answer() -> None:
        desk.answers(CARLA, opened.to(CARLA), "It is still black, and now it smells.")
        db.close()

    other, here = threading.Thread(target=resolve), threading.Thread(target=answer)
    other.start()
    assert changed.wait(20)
    here.start()
    until(waits, 20)
    go_on.set()
    other.join(20)
    here.join(20)
    assert desk.told(opened.ticket)["status"] == "open"
    assert [e.kind for e in desk.events(opened.ticket) if e.kind == "status"] == ["status"]
