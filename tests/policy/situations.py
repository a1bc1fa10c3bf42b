"""Stories of tickets, as an administrator would ask about them, and the times that were worked out by hand.

All times are of the calendar's own wall clock. What is not worked out by hand is counted minute by minute (`minutes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.policy.minutes import Wall

CALENDARS = """\
calendars:
  office:
    zone: Europe/Rome
    hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}
    holidays: IT
    closed: [2026-12-24]
    special: {2026-12-08: ["10:00-12:00"], 2026-12-20: ["09:00-12:00"], 2026-12-31: ["09:00-13:00"]}
  kontor: {zone: Europe/Copenhagen, hours: {mon-fri: ["09:00-17:00"]}, holidays: DK}
  split:
    zone: Europe/Copenhagen
    hours: {mon-thu: ["08:00-10:00", "10:30-12:00", "13:00-24:00"], fri: ["08:00-12:00"], sat: ["10:00-14:00"]}
  night: {zone: America/New_York, hours: {mon-sun: ["00:00-06:00", "22:00-24:00"]}}
  plant: {zone: America/New_York, hours: {mon-sat: ["06:00-22:00"]}}
  isle: {zone: Australia/Lord_Howe, hours: {mon-sun: ["00:00-24:00"]}, closed: [2000-01-01]}
  quay: {zone: Australia/Lord_Howe, hours: {mon-fri: ["08:00-20:00"]}}
  roma: {zone: Europe/Rome, hours: {mon-sun: ["00:00-24:00"]}, closed: [2000-01-01]}
  always: {zone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
"""
SLA = """\
sla:
  - name: standard
    targets:
      critical: {first_response: 1h,   resolution: 8h,  calendar: always}
      high:     {first_response: 1h30, resolution: 16h, calendar: always}
      medium:   {first_response: 2h,   resolution: 24h, calendar: office}
      low:      {first_response: 3h,   resolution: 24h, calendar: kontor}
    next_response: 4h
    pause: [pending]
"""
PROMISES = {"critical": (60, 480, "always"), "high": (90, 960, "always"), "medium": (120, 1440, "office"),
            "low": (180, 1440, "kontor")}  # fmt: skip  # the same, in minutes

_DANISH = (
    "2024-01-01 2024-03-28 2024-03-29 2024-03-31 2024-04-01 2024-05-09 2024-05-19 2024-05-20 2024-12-25 2024-12-26 "
    "2026-01-01 2026-04-02 2026-04-03 2026-04-05 2026-04-06 2026-05-14 2026-05-24 2026-05-25 2026-12-25 2026-12-26 "
    "2027-01-01 2027-03-25 2027-03-26 2027-03-28 2027-03-29 2027-05-06 2027-05-16 2027-05-17"
)
_ITALIAN = (
    "2026-01-01 2026-01-06 2026-04-05 2026-04-06 2026-04-25 2026-05-01 2026-06-02 2026-08-15 2026-10-04 2026-11-01 "
    "2026-12-08 2026-12-25 2026-12-26 2027-01-01 2027-01-06 2027-03-28 2027-03-29"
)
_ALL = "mon tue wed thu fri sat sun"
_WORK = "mon tue wed thu fri"
WALLS: Mapping[str, Wall] = {
    "office": Wall(
        "Europe/Rome",
        {_WORK: "09:00-13:00 14:00-18:00"},
        f"{_ITALIAN} 2026-12-24",
        {"2026-12-08": "10:00-12:00", "2026-12-20": "09:00-12:00", "2026-12-31": "09:00-13:00"},
    ),
    "kontor": Wall("Europe/Copenhagen", {_WORK: "09:00-17:00"}, _DANISH),
    "split": Wall(
        "Europe/Copenhagen",
        {"mon tue wed thu": "08:00-10:00 10:30-12:00 13:00-24:00", "fri": "08:00-12:00", "sat": "10:00-14:00"},
    ),
    "night": Wall("America/New_York", {_ALL: "00:00-06:00 22:00-24:00"}),
    "plant": Wall("America/New_York", {"mon tue wed thu fri sat": "06:00-22:00"}),
    "isle": Wall("Australia/Lord_Howe", {_ALL: "00:00-24:00"}),
    "quay": Wall("Australia/Lord_Howe", {_WORK: "08:00-20:00"}),
    "roma": Wall("Europe/Rome", {_ALL: "00:00-24:00"}),
    "always": Wall("UTC", {_ALL: "00:00-24:00"}),
}


@dataclass(frozen=True)
class Story:
    """One situation. `calendar` None: those of the targets, read on the wall clock of `zone`."""

    name: str
    priority: str
    calendar: str | None
    opened: str
    hand: Mapping[str, str] = field(default_factory=dict)  # "resolution": due; "resolution!": breached
    pauses: Sequence[str] = ()
    priorities: Sequence[str] = ()
    replies: Sequence[str] = ()
    writes: Sequence[str] = ()
    resolved: Sequence[str] = ()
    reopened: Sequence[str] = ()
    now: str | None = None

    def words(self) -> list[str]:
        """As it is asked on the command line."""
        found = ["--priority", self.priority, "--opened", self.opened]
        found += ["--calendar", self.calendar] if self.calendar else []
        found += ["--now", self.now] if self.now else []
        for option, values in (
            ("--pause", self.pauses), ("--priority-at", self.priorities), ("--reply-at", self.replies),
            ("--write-at", self.writes), ("--resolve-at", self.resolved), ("--reopen-at", self.reopened),
        ):  # fmt: skip
            found += [word for value in values for word in (option, value)]
        return found

    def zone(self) -> ZoneInfo:
        return ZoneInfo(WALLS[self.calendar or PROMISES[self.priority][2]].zone)

    def at(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=self.zone()).astimezone(UTC)


def first(due: str, resolution: str = "") -> dict[str, str]:
    """Due times by hand."""
    return {"first_response": due, **({"resolution": resolution} if resolution else {})}


S = Story
STORIES: tuple[Story, ...] = (
    # -- opened in and out of hours --------------------------------------------------------------------------------
    S("in the morning", "medium", "kontor", "2026-06-08 09:00", first("2026-06-08 11:00", "2026-06-10 17:00")),
    S("before hours", "medium", "kontor", "2026-06-08 05:00", first("2026-06-08 11:00", "2026-06-10 17:00")),
    S("after hours", "medium", "kontor", "2026-06-08 22:00", first("2026-06-09 11:00", "2026-06-11 17:00")),
    S("at the very opening", "low", "kontor", "2026-06-08 09:00", first("2026-06-08 12:00")),
    S("at the very closing", "low", "kontor", "2026-06-08 17:00", first("2026-06-09 12:00")),
    S("in the last minute", "medium", "kontor", "2026-06-08 16:59", first("2026-06-09 10:59")),
    S("due as the day ends", "medium", "kontor", "2026-06-08 15:00", first("2026-06-08 17:00")),
    S("on a Saturday", "medium", "kontor", "2026-06-06 12:00", first("2026-06-08 11:00", "2026-06-10 17:00")),
    S("on a Sunday night", "high", "kontor", "2026-06-07 23:59", first("2026-06-08 10:30", "2026-06-09 17:00")),
    S("on a Friday evening", "low", "office", "2026-06-12 18:00", first("2026-06-15 12:00")),
    S("around the clock", "high", None, "2026-03-28 20:00", first("2026-03-28 21:30", "2026-03-29 12:00")),
    S("around the clock at New Year", "critical", None, "2026-12-31 23:30", first("2027-01-01 00:30")),
    # -- split days ------------------------------------------------------------------------------------------------
    S("over lunch", "medium", "office", "2026-06-09 12:30", first("2026-06-09 15:30", "2026-06-12 12:30")),
    S("in the lunch break", "medium", "office", "2026-06-09 13:30", first("2026-06-09 16:00")),
    S("due as lunch begins", "medium", "office", "2026-06-09 11:00", first("2026-06-09 13:00")),
    S("three pieces a day", "medium", "split", "2026-06-08 09:30", first("2026-06-08 12:00", "2026-06-09 20:30")),
    S("over midnight, which ends a day", "medium", "split", "2026-06-11 23:30", first("2026-06-12 09:30")),
    S("from a short Friday into Saturday", "low", "split", "2026-06-12 11:30", first("2026-06-13 12:30")),
    S("from Saturday into Monday", "low", "split", "2026-06-13 13:00", first("2026-06-15 10:00")),
    S("due at 24:00", "medium", "night", "2026-03-07 21:00", first("2026-03-08 00:00", "2026-03-10 23:00")),
    # -- both nights of change, in four zones ----------------------------------------------------------------------
    S("as summer begins", "medium", "kontor", "2026-03-27 16:00", first("2026-03-30 10:00", "2026-04-01 16:00")),
    S("as it ends", "medium", "kontor", "2026-10-23 16:30", first("2026-10-26 10:30")),
    S("a day of 23 hours in Rome", "medium", "roma", "2026-03-28 12:00", first("2026-03-28 14:00", "2026-03-29 13:00")),
    S("a day of 25 hours in Rome", "medium", "roma", "2026-10-24 12:00", first("2026-10-24 14:00", "2026-10-25 11:00")),
    S("opened in the hour before the change", "medium", "roma", "2026-03-29 01:30", first("2026-03-29 04:30")),
    S("opened before an hour shows twice", "low", "roma", "2026-10-25 01:30", first("2026-10-25 03:30")),
    S("a night shift of 7 hours", "low", "night", "2026-03-07 21:00", first("2026-03-08 01:00", "2026-03-10 23:00")),
    S("a night shift of 9 hours", "medium", "night", "2026-10-31 21:00", first("2026-11-01 00:00", "2026-11-03 05:00")),
    S("New York, spring, by day", "medium", "plant", "2026-03-07 21:00", first("2026-03-09 07:00", "2026-03-10 13:00")),
    S("New York, autumn, by day", "medium", "plant", "2026-10-31 21:00", first("2026-11-02 07:00", "2026-11-03 13:00")),
    S("Lord Howe, autumn", "medium", "isle", "2026-04-04 12:00", first("2026-04-04 14:00", "2026-04-05 11:30")),
    S("Lord Howe, spring", "medium", "isle", "2026-10-03 12:00", first("2026-10-03 14:00", "2026-10-04 12:30")),
    S("Lord Howe, by day", "medium", "quay", "2026-04-03 19:30", first("2026-04-06 09:30", "2026-04-07 19:30")),
    # -- holidays, closed days, half days --------------------------------------------------------------------------
    S("Easter in Denmark", "medium", "kontor", "2026-04-01 16:00", first("2026-04-07 10:00", "2026-04-09 16:00")),
    S("on Good Friday", "low", "kontor", "2026-04-03 12:00", first("2026-04-07 12:00", "2026-04-09 17:00")),
    S("Easter in Denmark in 2027", "medium", "kontor", "2027-03-24 16:30", first("2027-03-30 10:30")),
    S("Easter in Denmark in 2024", "medium", "kontor", "2024-03-27 15:30", first("2024-04-02 09:30")),
    S("Easter in Italy", "medium", "office", "2026-04-03 17:30", first("2026-04-07 10:30")),
    S("Ascension Day", "low", "kontor", "2026-05-13 15:00", first("2026-05-15 10:00")),
    S("a closed day before Christmas", "medium", "office", "2026-12-23 17:00", first("2026-12-28 10:00")),
    S("a holiday with hours of its own", "low", "office", "2026-12-07 17:00", first("2026-12-08 12:00")),
    S("a Sunday with hours of its own", "low", "office", "2026-12-18 17:00", first("2026-12-20 11:00")),
    S("New Year, a half day", "medium", "office", "2026-12-30 17:00", first("2026-12-31 10:00", "2027-01-07 12:00")),
    S("New Year in Denmark", "medium", "kontor", "2026-12-31 16:00", first("2027-01-04 10:00")),
    S("Christmas in Denmark", "low", "kontor", "2026-12-24 15:00", first("2026-12-28 10:00")),
    S("a leap day", "medium", "kontor", "2028-02-28 16:00", first("2028-02-29 10:00", "2028-03-02 16:00")),
    S("on a leap day", "medium", "kontor", "2024-02-29 16:30", first("2024-03-01 10:30")),
    S("no leap day", "medium", "kontor", "2027-02-26 16:00", first("2027-03-01 10:00")),
    # -- pauses ----------------------------------------------------------------------------------------------------
    S("over a weekend", "medium", "kontor", "2026-06-12 10:00", first("2026-06-12 12:00", "2026-06-17 14:00"),
      pauses=["2026-06-12 15:00..2026-06-15 11:00"]),
    S("in the weekend alone", "medium", "kontor", "2026-06-12 10:00", first("2026-06-12 12:00", "2026-06-17 10:00"),
      pauses=["2026-06-13 10:00..2026-06-14 20:00"]),
    S("over Easter", "medium", "kontor", "2026-03-31 09:00", {"resolution": "2026-04-09 12:00"},
      pauses=["2026-04-01 09:00..2026-04-07 12:00"]),
    S("over the night summer begins", "medium", "roma", "2026-03-28 12:00", {"resolution": "2026-03-29 16:00"},
      pauses=["2026-03-29 01:00..2026-03-29 05:00"]),
    S("over the night it ends", "medium", "roma", "2026-10-24 12:00", {"resolution": "2026-10-25 16:00"},
      pauses=["2026-10-25 00:00..2026-10-25 04:00"]),
    S("twice a day", "high", "office", "2026-06-09 09:00", pauses=["2026-06-09 10:15..2026-06-09 11:40",
      "2026-06-09 12:50..2026-06-09 14:10"]),
    S("paused a minute before it is due", "critical", "kontor", "2026-06-08 09:00",
      {"resolution": "2026-06-10 10:01"}, pauses=["2026-06-08 16:59..2026-06-10 10:00"], now="2026-06-10 10:00"),
    S("paused when it was late already", "critical", "kontor", "2026-06-08 09:00",
      {"resolution!": "2026-06-08 17:00"}, pauses=["2026-06-09 10:00..2026-06-11 10:00"]),
    S("paused and not gone on", "medium", "kontor", "2026-06-08 09:00", {"resolution": "2026-06-11 11:00"},
      pauses=["2026-06-08 16:00.."], now="2026-06-09 10:00"),
    S("answered while it is paused", "medium", "kontor", "2026-06-08 09:00", {"first_response!": "2026-06-08 11:00"},
      pauses=["2026-06-08 09:30..2026-06-08 15:00"], replies=["2026-06-08 14:00"]),
    S("resolved while it is paused", "critical", "kontor", "2026-06-08 09:00", {"resolution": "2026-06-09 17:00"},
      pauses=["2026-06-08 10:00..2026-06-10 10:00"], resolved=["2026-06-09 10:00"], now="2026-06-12 10:00"),
    # -- priority --------------------------------------------------------------------------------------------------
    S("raised and lowered twice", "medium", "kontor", "2026-06-08 09:00",
      {"resolution": "2026-06-10 17:00", "resolution!": "2026-06-08 17:00"},
      priorities=["2026-06-08 11:00=high", "2026-06-08 13:00=medium", "2026-06-09 10:00=critical",
                  "2026-06-09 11:00=low"], replies=["2026-06-08 10:30"]),
    S("raised and lowered in time", "medium", "kontor", "2026-06-08 09:00", {"resolution": "2026-06-09 17:00"},
      priorities=["2026-06-08 11:00=high", "2026-06-08 14:00=critical", "2026-06-08 15:00=medium",
                  "2026-06-09 09:30=high"]),
    S("raised, which makes it late", "medium", "kontor", "2026-06-08 09:00",
      {"first_response": "2026-06-08 10:00", "first_response!": "2026-06-08 10:00"},
      priorities=["2026-06-08 10:30=critical"], now="2026-06-08 10:30"),
    S("lowered when it was late already", "critical", "kontor", "2026-06-08 09:00",
      {"first_response": "2026-06-08 12:00", "first_response!": "2026-06-08 10:00"},
      priorities=["2026-06-08 10:30=low"], replies=["2026-06-08 11:00"]),
    S("raised into another calendar", "medium", None, "2026-06-12 17:00",
      {"resolution": "2026-06-13 09:00", "resolution!": "2026-06-13 09:00"},
      priorities=["2026-06-13 10:00=high"], replies=["2026-06-12 17:30"]),
    S("raised over a pause and a weekend", "low", "kontor", "2026-06-11 10:00",
      pauses=["2026-06-11 12:00..2026-06-15 10:00"], priorities=["2026-06-15 12:00=high", "2026-06-16 12:00=critical"]),
    S("raised while it is paused", "low", "office", "2026-06-11 10:00",
      pauses=["2026-06-11 12:00..2026-06-15 10:00"], priorities=["2026-06-12 11:00=high"], now="2026-06-17 18:00"),
    S("raised in another calendar over a pause", "low", None, "2026-06-11 10:00",
      pauses=["2026-06-11 12:00..2026-06-15 10:00"], priorities=["2026-06-15 12:00=critical"]),
    # -- answers ---------------------------------------------------------------------------------------------------
    S("answered in time", "medium", "office", "2026-06-09 12:30", replies=["2026-06-09 15:30"]),
    S("answered a minute late", "medium", "office", "2026-06-09 12:30", {"first_response!": "2026-06-09 15:30"},
      replies=["2026-06-09 15:31"]),
    S("answered on Sunday, due on Friday", "medium", "kontor", "2026-06-12 15:00",
      {"first_response!": "2026-06-12 17:00"}, replies=["2026-06-14 12:00"]),
    S("the second answer changes nothing", "medium", "kontor", "2026-06-08 09:00",
      replies=["2026-06-08 10:00", "2026-06-09 10:00"]),
    S("the oldest mail waits", "medium", "kontor", "2026-06-08 09:00", {"next_response": "2026-06-09 10:00"},
      replies=["2026-06-08 10:00"], writes=["2026-06-08 14:00", "2026-06-08 16:00"]),
    S("an answer answers all", "medium", "kontor", "2026-06-08 09:00",
      {"next_response": "2026-06-09 10:00", "next_response!": "2026-06-09 10:00"},
      replies=["2026-06-08 10:00", "2026-06-09 11:00"], writes=["2026-06-08 14:00", "2026-06-08 16:00"]),
    S("a mail on a Saturday waits from Monday", "low", "kontor", "2026-06-12 09:00",
      {"next_response": "2026-06-15 13:00"}, replies=["2026-06-12 10:00"], writes=["2026-06-13 14:00"]),
    # -- resolved and reopened -------------------------------------------------------------------------------------
    S("resolved in time", "medium", "kontor", "2026-06-08 09:00", resolved=["2026-06-10 17:00"]),
    S("resolved late", "medium", "kontor", "2026-06-08 09:00", {"resolution!": "2026-06-10 17:00"},
      resolved=["2026-06-11 09:01"]),
    S("reopened after three days", "medium", "kontor", "2026-06-08 09:00", {"resolution": "2026-06-15 17:00"},
      resolved=["2026-06-08 15:00"], reopened=["2026-06-11 15:00"]),
    S("reopened after a weekend", "high", "office", "2026-06-12 09:00", replies=["2026-06-12 10:00"],
      resolved=["2026-06-12 17:00"], reopened=["2026-06-15 10:00"], now="2026-06-20 10:00"),
    S("reopened, paused, resolved", "medium", "office", "2026-12-22 15:00", replies=["2026-12-22 15:30"],
      resolved=["2026-12-22 17:00", "2027-01-08 12:00"], reopened=["2026-12-23 10:00"],
      pauses=["2026-12-23 12:00..2026-12-31 10:00"]),
    S("late, resolved and reopened", "critical", "kontor", "2026-06-08 09:00", {"resolution!": "2026-06-08 17:00"},
      resolved=["2026-06-09 10:00"], reopened=["2026-06-12 10:00"]),
    S("reopened twice over the night of 25 hours", "low", "roma", "2026-10-24 10:00",
      resolved=["2026-10-24 20:00", "2026-10-25 06:00"], reopened=["2026-10-25 00:30", "2026-10-25 23:00"]),
)  # fmt: skip  # a table: one story a line or two
