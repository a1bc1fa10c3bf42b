"""The slips of an administrator's afternoon: each is told at its place, and with what to write instead (M10)."""

# ruff: noqa: E501 - a message stands here as it is said, on one line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maild import config
from tests.config.conftest import Folder

TIME = "is not a time; write it as 60s, 5m, 1h30 or 3d"
ZONE = "desk.yaml:26:18: there is no time zone"
PEOPLE = "known are ada, ben, cleo, dino, mia, dan"
INDENTED = "(is the line indented like those that it belongs to?)"

SLIPS = [
    # -- times, sizes, parts
    ("maild.yaml", "poll: 60s", "poll: 1 h", [f"maild.yaml:12:11: `1 h` {TIME}"]),
    ("maild.yaml", "poll: 60s", "poll: 1.5h", [f"maild.yaml:12:11: `1.5h` {TIME}"]),
    ("maild.yaml", "poll: 60s", "poll: 60 seconds", [f"maild.yaml:12:11: `60 seconds` {TIME}"]),
    ("maild.yaml", "poll: 60s", "poll: -5m", [f"maild.yaml:12:11: `-5m` {TIME}"]),
    ("maild.yaml", "poll: 60s", 'poll: "90"', [f"maild.yaml:12:11: `90` {TIME}"]),
    ("maild.yaml", "poll: 60s", "poll:", ["maild.yaml:12:5: a time such as 60s, 5m, 1h30 or 3d is wanted here"]),
    ("maild.yaml", "raw: 365d", "raw: 1y", [f"maild.yaml:20:18: `1y` {TIME}"]),
    ("maild.yaml", "size: 25MB", "size: 25MiB", ["maild.yaml:19:16: `25MiB` is not a size; write it as 25MB or 100kB"]),
    ("maild.yaml", "3/day", "3", ["maild.yaml:19:63: a number in a period, such as 3/day is wanted here, in quotes"]),
    ("desk.yaml", "at: 50%", "at: 50", ["desk.yaml:38:25: a part of the target such as 50% or 100% + 4h is wanted here, in quotes"]),
    ("desk.yaml", "at: 50%", "at: half", ["desk.yaml:38:25: `half` is not a part of the target; write it as 50% or 100% + 4h"]),
    ("desk.yaml", "at: 100% + 4h", "at: 100 + 4h", ["desk.yaml:39:56: `100 + 4h` is not a part of the target; write it as 50% or 100% + 4h"]),
    ("desk.yaml", "at: 100% + 4h", "at: 100% + 4", [f"desk.yaml:39:56: `4` {TIME}"]),
    ("desk.yaml", "after_resolved: 3d", "after_resolved: 3 days", [f"desk.yaml:40:27: `3 days` {TIME}"]),
    ("desk.yaml", "next_response: 4h", "next_response: 0h", ["desk.yaml:35:20: a time longer than nothing is wanted here"]),
    # -- dates and hours
    ("desk.yaml", "closed: [2026-12-24]", "closed: [24.12.2026]", ["desk.yaml:26:104: `24.12.2026` is not a date; write it as 2026-12-24"]),
    ("desk.yaml", "closed: [2026-12-24]", "closed: 2026-12-24", ["desk.yaml:26:103: a list is wanted here, such as [2026-12-24], not the text `2026-12-24`"]),
    ("desk.yaml", "2026-12-21..2027-01-02", "2026-13-21..2027-01-02", ["desk.yaml:6:72: `2026-13-21` is not a date; write it as 2026-12-24"]),
    ("desk.yaml", "2026-12-21..2027-01-02", "2026-12-21 - 2027-01-02", ["desk.yaml:6:72: `2026-12-21 - 2027-01-02` is not a date; write it as 2026-12-24"]),
    ("desk.yaml", '["09:00-13:00", "14:00-18:00"]', "[9-13]", ["desk.yaml:26:49: `9-13` is not a time of day; write it as 09:00-13:00 (a day ends at 24:00)"]),
    ("desk.yaml", '["09:00-13:00", "14:00-18:00"]', '"09:00-13:00"', ["desk.yaml:26:48: a list is wanted here, such as [09:00-13:00], not the text `09:00-13:00`"]),
    ("desk.yaml", "mon-fri:", "Monday:", ["desk.yaml:26:39: a day or a range of days is wanted here, such as mon-fri or sat"]),
    ("desk.yaml", "zone: Europe/Rome", "zone: Rome", [f"{ZONE} `Rome`; write it as Europe/Rome"]),
    ("desk.yaml", "zone: Europe/Rome", "zone: europe/rome", [f"{ZONE} `europe/rome`; did you mean `Europe/Rome`?"]),
    ("desk.yaml", "zone: Europe/Rome", "zone: +01:00", [f"{ZONE} `+01:00`; write it as Europe/Rome"]),
    # -- yes and no
    ("maild.yaml", "plus_addressing: true", "plus_addressing: no", ["maild.yaml:13:22: true or false is wanted here, not the text `no`; write false"]),
    ("maild.yaml", "plus_addressing: true", "plus_addressing: off", ["maild.yaml:13:22: true or false is wanted here, not the text `off`; write false"]),
    ("maild.yaml", "plus_addressing: true", "plus_addressing: 1", ["maild.yaml:13:22: true or false is wanted here, not the number 1; write true"]),
    ("maild.yaml", "plus_addressing: true", "plus_addressing:", ["maild.yaml:13:5: true or false is wanted here, not nothing"]),
    ("desk.yaml", "satisfaction: true", "satisfaction: Yes", ["desk.yaml:40:64: true or false is wanted here, not the text `Yes`; write true"]),
    ("desk.yaml", "raise: true", "raise: L2", ["desk.yaml:38:90: true or false is wanted here, not the text `L2`"]),
    # -- lists, keys and values in one another
    ("maild.yaml", "accounts:\n  - name: support", "accounts:\n    name: support", ["maild.yaml:5:5: a list is wanted here, such as [one, two], not keys and values"]),
    ("maild.yaml", "{raw: 365d, closed: null}", "365d", ["maild.yaml:20:12: keys and values are wanted here, not the text `365d`"]),
    ("maild.yaml", "listener: null", "listener: [lmtp]", ["maild.yaml:18:11: keys and values are wanted here, not a list"]),
    ("desk.yaml", "agents: [ada, ben]", "agents: [[ada, ben]]", ["desk.yaml:12:17: a text is wanted here, not a list"]),
    ("desk.yaml", "agents: [ada, ben]", "agents: ada", ["desk.yaml:12:16: a list is wanted here, such as [ada], not the text `ada`"]),
    ("desk.yaml", "{agents: [ada, ben], lead: ada}", "[ada, ben]", ["desk.yaml:12:7: keys and values are wanted here, not a list"]),
    ("desk.yaml", "languages: [en, it, da]", "languages: en, it, da", ["desk.yaml:3:12: a list is wanted here, such as [en, it, da], not the text `en, it, da`"]),
    ("desk.yaml", "notify: [assignee]", "notify: assignee", ["desk.yaml:39:38: a list is wanted here, such as [assignee], not the text `assignee`"]),
    ("rules.yaml", "contains: [vpn, tunnel]", "contains: [[vpn]]", ["rules.yaml:5:28: a text is wanted here"]),
    ("rules.yaml", "contains: [vpn, tunnel]", "contains: []", ["rules.yaml:5:27: the list is empty"]),
    ("rules.yaml", "kind: human", "not: [kind: human]", ["rules.yaml:4:12: conditions are wanted here, such as {subject: {contains: vpn}}"]),
    # -- names that are nobody and nothing
    ("desk.yaml", "manager: mia", "manager: Mia Berg", [f"desk.yaml:15:10: there is no person `Mia Berg`; {PEOPLE}"]),
    ("desk.yaml", "lead: ada}", "lead: adda}", ["desk.yaml:12:34: there is no person `adda`; did you mean `ada`?"]),
    ("desk.yaml", "agents: [ada, ben]", "agents: [ada, ada]", ["desk.yaml:12:22: the person `ada` stands here twice"]),
    ("desk.yaml", "agents: [ada, ben]", "agents: []", ["desk.yaml:12:16: the line `L1` has no agents; somebody must get its tickets"]),
    ("desk.yaml", "{agents: [ada, ben], lead: ada}", "{lead: ada}", ["desk.yaml:12:3: the key `agents` is missing in `L1`"]),
    ("desk.yaml", "line: L2, service", "line: l2, service", ["desk.yaml:18:23: there is no line `l2`; known are L1, L2, L3"]),
    ("desk.yaml", "{line: L2, service", "{parent: network/vpn, line: L2, service", ["desk.yaml:18:25: `network/vpn` would take from itself: network/vpn -> network/vpn"]),
    (
        "desk.yaml",
        "categories:\n",
        "categories:\n  a: {parent: b}\n  b: {parent: a}\n",
        ["desk.yaml:18:15: `a` would take from itself: a -> b -> a", "desk.yaml:19:15: `b` would take from itself: b -> a -> b"],
    ),
    ("desk.yaml", "{line: L2, service", "{parent: netwrk, line: L2, service", ["desk.yaml:18:25: there is no category `netwrk`; did you mean `network/vpn`?"]),
    ("rules.yaml", "category: network/vpn, urgency", "assignee: mia, urgency", ["rules.yaml:6:22: there is no agent `mia`; known are ada, ben, cleo, dino"]),
    ("rules.yaml", "type: incident", "type: incidnt", ["rules.yaml:12:18: `incidnt` is not known here; did you mean `incident`?"]),
    ("rules.yaml", "urgency: high", "subject: '{asset}'", ["rules.yaml:6:44: no condition of this rule captures `{asset}`; a regex with (?P<asset>...) would catch it"]),
    ("rules.yaml", "contains: [vpn, tunnel]", 'regex: "(a+)+$"', ["rules.yaml:5:24: this pattern takes too long on some texts; make its repetitions more exact"]),
    ("rules.yaml", "stop: true", "stop: no", ["rules.yaml:13:11: true or false is wanted here, not the text `no`; write false"]),
    # -- what would silently never match
    ("rules.yaml", '{address: "*@monitor.example.org"}', '{domain: "*.example.org"}', ["rules.yaml:11:27: no domain is `*.example.org`; `example.org` holds of all below it as well"]),
    ("rules.yaml", '{address: "*@monitor.example.org"}', "{address: monitor.example.org}", ['rules.yaml:11:28: no address is just `monitor.example.org`; write "*@monitor.example.org", or domain: monitor.example.org']),
    ("rules.yaml", "contains: [vpn, tunnel]", 'contains: "*vpn*"', ['rules.yaml:5:27: `contains` asks for whole words, and takes `*` as it is; write vpn, or glob: "*vpn*"']),
    # -- what YAML makes of regular expressions and colons
    ("rules.yaml", "contains: [vpn, tunnel]", r'regex: "PC-\d+"', ["rules.yaml:5:29: not valid YAML: found unknown escape character 'd' (within double quotes a backslash begins an escape; a regular expression stands best in single quotes)"]),
    ("rules.yaml", "contains: [vpn, tunnel]", "contains: fw: vpn", ["rules.yaml:5:29: not valid YAML: expected ',' or '}', but got ':' (a text with a colon needs quotes)"]),
    ("rules.yaml", "stop: true", "stp: true", ["rules.yaml:13:5: unknown key `stp`; did you mean `stop`?"]),
    # -- what is no address, no machine, no secret
    ("maild.yaml", "listener: null", "administrator: Ada", ["maild.yaml:18:16: `Ada` is not an address; write it as support@example.org, without a name or brackets"]),
    ("desk.yaml", "address: dan@example.org", "address: dan(at)example.org", ["desk.yaml:10:33: `dan(at)example.org` is not an address; write it as support@example.org, without a name or brackets"]),
    (
        "desk.yaml",
        "address: dan@example.org",
        "adress: dan@example.org",
        ["desk.yaml:10:3: the key `address` is missing in `dan`", "desk.yaml:10:24: unknown key `adress`; did you mean `address`?"],
    ),
    ("maild.yaml", "imap: {host: mail", 'imap: {host: "imaps://mail', ["maild.yaml:8:18: not valid YAML: the quote that is opened here is not closed"]),
    ("maild.yaml", "imap: {host: mail.example.org", 'imap: {host: "mail.example.org:993"', ["maild.yaml:8:18: `mail.example.org:993` is not the name of a machine; write it as mail.example.org, without a port or a protocol"]),
    ("maild.yaml", "{file: secret}", "{command: pass imap}", ["maild.yaml:2:9: a command is a list of words, such as {command: [pass, show, imap]}"]),
    ("maild.yaml", "{file: secret}", "{credential: ../imap}", ["maild.yaml:2:9: a credential has a plain name, without a path"]),
    # -- YAML itself
    ("maild.yaml", "    folder: INBOX", "\tfolder: INBOX", ["maild.yaml:9:1: not valid YAML: found character '\\t' that cannot start any token (indent with blanks, not with tabs)"]),
    ("maild.yaml", "    folder: INBOX", "   folder: INBOX", [f"maild.yaml:9:4: not valid YAML: expected <block end>, but found '<block mapping start>' {INDENTED}"]),
    ("maild.yaml", "folder: INBOX", "folder:INBOX", ["maild.yaml:9:5: not valid YAML: a key ends with a colon and a blank, such as `name: value`; one of them is missing here"]),
    ("desk.yaml", "agents: [cleo]", "agents: [cleo", ["desk.yaml:13:16: not valid YAML: the [ that is opened here is not closed before }"]),
    ("desk.yaml", "languages: [en, it, da]", "languages: [en, it, da", ["desk.yaml:3:12: not valid YAML: the [ that is opened here is not closed before line 4"]),
    ("desk.yaml", "name: Example Desk\n", 'name: "Example Desk\n', ["desk.yaml:1:7: not valid YAML: the quote that is opened here is closed only on line 18; is one missing?"]),
    ("rules.yaml", "  - name: monitoring", "  name: monitoring", [f"rules.yaml:10:3: not valid YAML: expected <block end>, but found '?' {INDENTED}"]),
    ("rules.yaml", '"*@monitor.example.org"', "*@monitor.example.org", ["rules.yaml:11:28: anchors, aliases and merge keys (&, *, <<) are not allowed; write the value out (a text that begins with & or * needs quotes)"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "said"), SLIPS, ids=[f"{i}-{row[2][:30]}" for i, row in enumerate(SLIPS)]
)
def test_a_slip_is_told_with_its_place(
    file: str, old: str, new: str, said: list[str], problems: Callable[..., list[str]]
) -> None:
    assert problems(file, old, new) == said


def test_what_stands_there_twice_does_not_hide_what_else_is_wrong(problems: Callable[..., list[str]]) -> None:
    assert problems("desk.yaml", "prefix: INC\n", "prefix: INC\nprefix: inc\nmanagr: mia\n") == [
        "desk.yaml:3:1: the key `prefix` stands here twice; the first is on line 2",
        "desk.yaml:4:1: unknown key `managr`; did you mean `manager`?",
    ]


@pytest.mark.parametrize("name", ["maild.yaml", "desk.yaml", "rules.yaml"])
def test_a_folder_or_far_too_much_in_place_of_a_file_is_told(name: str, folder: Folder) -> None:
    at = folder()
    (at / name).unlink()
    (at / name).mkdir()
    with pytest.raises(config.ConfigError, match=f"{name}:1:1: a folder is here in place of the file"):
        config.load(at)
    (at / name).rmdir()
    (at / name).write_bytes(b"#" * 3_000_000)
    with pytest.raises(config.ConfigError, match=f"{name}:1:1: the file is larger than 2 MB"):
        config.load(at)


def test_windows_writes_the_same_configuration(folder: Folder) -> None:
    at = folder()
    first = config.load(at)
    for file in at.glob("*.yaml"):
        Path(file).write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    second = config.load(at)
    assert second.desk.people == first.desk.people
    assert second.accounts == first.accounts
