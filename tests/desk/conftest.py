"""Fixtures of the desk's tests: its database, of both makes."""

from __future__ import annotations

from tests.databases import (  # noqa: F401 - fixtures
    desk,
    empty_postgres,
    empty_sqlite,
    loaded,
    plain_log,
    settings,
    tools,
)
