"""The cast and their desk: the configuration that stories, desk and acceptance tests share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from maild import config
from maild.config import Settings

INSTANCE = "desk.example.org"

MAILD = """\
instance: desk.example.org
secret: {file: secret}
database: sqlite:maild.db
accounts:
  - name: support
    address: support@example.org
    aliases: [helpdesk@example.org]
    imap: {host: 127.0.0.1, port: 143, tls: none, user: support, password: {file: secret}}
    poll: 60s
    authserv: mx.example.org
sending:
  from: Example Desk <support@example.org>
  smtp: {host: 127.0.0.1, port: 25, tls: none}
limits: {size: 25MB, parts: 100, acknowledgements_per_sender: 3/day}
"""

DESK = """\
name: Example Desk
prefix: INC
languages: [en, it, da]
people:
  ada: {name: Ada Rossi, address: ada@example.org, also: [ada@home.example], language: it}
  ben: {name: Ben Holm, address: ben@example.org, language: da, away: [2026-12-21..2027-01-02]}
  cleo: {name: Cleo Jensen, address: cleo@example.org, language: en}
  dino: {name: Dino Conti, address: dino@example.org, language: it}
  mia: {name: Mia Berg, address: mia@example.org, language: en}
  dan: {name: Dan Fox, address: dan@example.org, language: en}
lines:
  L1: {agents: [ada, ben], lead: ada}
  L2: {agents: [cleo], lead: cleo}
  L3: {agents: [dino], lead: dino}
manager: mia
data_protection: [dan]
categories:
  network/vpn:
    line: L1
    service: vpn
    questions:
      en: ["Which network are you on?"]
      it: ["Da quale rete ti colleghi?"]
      da: ["Hvilket netværk er du på?"]
priority:
  default: {impact: medium, urgency: medium}
  matrix:
    high:   {high: critical, medium: high,   low: medium}
    medium: {high: high,     medium: medium, low: low}
    low:    {high: medium,   medium: low,    low: low}
calendars:
  always: {zone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
sla:
  - name: standard
    targets:
      critical: {first_response: 1h,   resolution: 8h,  calendar: always}
      high:     {first_response: 1h30, resolution: 16h, calendar: always}
      medium:   {first_response: 2h,   resolution: 24h, calendar: always}
      low:      {first_response: 3h,   resolution: 24h, calendar: always}
    pause: [pending]
escalation:
  first_response: [{at: 50%, notify: [line]}, {at: 80%, notify: [assignee, lead]}, {at: 100%, notify: [lead, manager], raise: true}]
  resolution:     [{at: 75%, notify: [assignee]}, {at: 100%, notify: [lead, requester], raise: true}, {at: 100% + 4h, notify: [manager]}]
closing: {after_resolved: 3d, reopen_within: 7d, satisfaction: true}
reports: {weekly: false}
"""  # noqa: E501 - a ladder stands on one line, as administrators write it

RULES = """\
rules:
  - name: vpn trouble
    when: {kind: human, subject: {contains: [vpn]}}
    then: {category: network/vpn, tags: [vpn]}
"""

SECRET = "a secret of the tests, and long enough"


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the three files and the secret into a folder, with each (old, new) changed where it stands once."""
    texts = {"maild.yaml": MAILD, "desk.yaml": DESK, "rules.yaml": RULES}
    for old, new in changes:
        places = [name for name, text in texts.items() if text.count(old) == 1]
        assert len(places) == 1, f"{old!r} does not stand once in one file"
        texts[places[0]] = texts[places[0]].replace(old, new)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    return folder


def settings(folder: Path, *changes: tuple[str, str], **values: Any) -> Settings:
    """The settings of the cast's desk."""
    return replace(config.load(write(folder, *changes)), **values)
