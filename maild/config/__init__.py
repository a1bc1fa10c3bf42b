"""YAML to frozen, typed, documented settings; every problem with file, line and column."""

from __future__ import annotations

from maild.config.check import check, checked, warnings
from maild.config.load import load
from maild.config.machine import Account, Imap, Limits, Retention, Sending, Smtp
from maild.config.problems import ConfigError, Problem
from maild.config.schema import schema
from maild.config.secrets import Secret, SecretPlace
from maild.config.settings import Category, Closing, Desk, Line, Listener, Log, Person, Settings
from maild.config.starter import init
from maild.config.values import Quota

__all__ = [
    "Account",
    "Category",
    "Closing",
    "ConfigError",
    "Desk",
    "Imap",
    "Limits",
    "Line",
    "Listener",
    "Log",
    "Person",
    "Problem",
    "Quota",
    "Retention",
    "Secret",
    "SecretPlace",
    "Sending",
    "Settings",
    "Smtp",
    "check",
    "checked",
    "init",
    "load",
    "schema",
    "warnings",
]
