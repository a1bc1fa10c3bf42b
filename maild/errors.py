"""The errors that maild raises, one tree.

Each says in plain words what happened and, by `permanent`, whether trying again can help. Expected results are values
(see `outcome`); an exception is for what should not have happened.
"""

from __future__ import annotations


class MaildError(Exception):
    """Something went wrong that maild knows by name."""

    permanent = True  # trying the same thing again cannot help


class Unavailable(MaildError):
    """A server, a database or a disk does not answer now; trying again later can help."""

    permanent = False


class UnknownThing(MaildError):
    """What was asked for by name does not exist."""


class Unreadable(MaildError):
    """The bytes of a mail cannot be read within the limits."""
