"""A configuration as interface.md shows it, to be changed by the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maild import config

MAILD = """\
instance: desk.example.org
secret: {file: secret}
database: sqlite:///var/lib/maild/maild.db
accounts:
  - name: support
    address: support@example.org
    aliases: [helpdesk@example.org]
    imap: {host: mail.example.org, port: 993, tls: implicit, user: support, password: {credential: imap}}
    folder: INBOX
    processed: Processed
    failed: Failed
    poll: 60s
    plus_addressing: true
    authserv: mx.example.org
sending:
  from: Example Desk <support@example.org>
  smtp: {host: mail.example.org, port: 465, tls: implicit, user: support, password: {credential: smtp}}
listener: null
limits: {size: 25MB, parts: 100, acknowledgements_per_sender: 3/day}
retention: {raw: 365d, closed: null}
"""

DESK = """\
name: Example Desk
prefix: INC
languages: [en, it, da]
people:
  ada: {name: Ada Rossi, address: ada@example.org, also: [ada@home.example], language: it}
  ben: {name: Ben Holm, address: ben@example.org, language: da, away: [2026-12-21..2027-01-02]}
  cleo: {name: Cleo Jensen, address: cleo@example.org}
  dino: {name: Dino Conti, address: dino@example.org}
  mia: {name: Mia Berg, address: mia@example.org}
  dan: {name: Dan Fox, address: dan@example.org}
lines:
  L1: {agents: [ada, ben], lead: ada}
  L2: {agents: [cleo], lead: cleo}
  L3: {agents: [dino], lead: dino}
manager: mia
data_protection: [dan]
categories:
  network/vpn: {line: L2, service: vpn, questions: {en: ["Which network?"], it: ["Da quale rete?"]}}
priority:
  default: {impact: medium, urgency: medium}
  matrix:
    high:   {high: critical, medium: high,   low: medium}
    medium: {high: high,     medium: medium, low: low}
    low:    {high: medium,   medium: low,    low: low}
calendars:
  office: {zone: Europe/Rome, hours: {mon-fri: ["09:00-13:00", "14:00-18:00"]}, holidays: IT, closed: [2026-12-24]}
  always: {zone: UTC, hours: {mon-sun: ["00:00-24:00"]}}
sla:
  - name: standard
    targets:
      critical: {first_response: 1h,   resolution: 8h,  calendar: always}
      high:     {first_response: 1h30, resolution: 16h, calendar: always}
      medium:   {first_response: 2h,   resolution: 24h, calendar: office}
      low:      {first_response: 3h,   resolution: 24h, calendar: office}
    next_response: 4h
    pause: [pending]
escalation:
  first_response: [{at: 50%, notify: [line]}, {at: 100%, notify: [lead, manager], raise: true}]
  resolution:     [{at: 75%, notify: [assignee]}, {at: 100% + 4h, notify: [manager]}]
closing: {after_resolved: 3d, reopen_within: 7d, satisfaction: true}
"""

RULES = """\
rules:
  - name: vpn trouble
    when:
      kind: human
      subject: {contains: [vpn, tunnel]}
    then: {category: network/vpn, urgency: high, tags: [vpn]}
    tests:
      - mail: {from: carla@customer.example, subject: VPN is down, text: "Nothing works"}
        expect: {category: network/vpn, priority: high}
  - name: monitoring
    when: {from: {address: "*@monitor.example.org"}}
    then: {type: incident, impact: high, line: L2, acknowledge: never}
    stop: true
"""

FILES = {"maild.yaml": MAILD, "desk.yaml": DESK, "rules.yaml": RULES}
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes the three files, with `file=(old, new)` changed in one, and returns their folder."""

    def write(file: str = "", old: str = "", new: str = "") -> Path:
        for name, text in FILES.items():
            if name == file:
                assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
                text = text.replace(old, new)
            (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    return write


@pytest.fixture
def problems(folder: Folder) -> Callable[..., list[str]]:
    """What `load` says of the changed files."""

    def say(file: str = "", old: str = "", new: str = "") -> list[str]:
        with pytest.raises(config.ConfigError) as caught:
            config.load(folder(file, old, new))
        return [str(problem) for problem in caught.value.problems]

    return say
