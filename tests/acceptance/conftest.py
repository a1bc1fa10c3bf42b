"""Fixtures of the acceptance tests: a desk on either database, by the door of the stories."""

from __future__ import annotations

from tests.databases import desk as story  # noqa: F401 - fixtures
from tests.databases import empty_postgres, empty_sqlite, loaded, settings, tools  # noqa: F401 - fixtures as well
