"""Fixtures of the stories: a desk on either database."""

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
