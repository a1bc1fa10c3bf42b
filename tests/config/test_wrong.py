"""Every problem of a configuration is told at its place, in words for a person (M10)."""

# ruff: noqa: E501 - a message stands here as it is said, on one line

from __future__ import annotations

from collections.abc import Callable

import pytest

WRONG = [
    (
        "maild.yaml",
        "database:",
        "databse:",
        [
            "maild.yaml:1:1: the key `database` is missing",
            "maild.yaml:3:1: unknown key `databse`; did you mean `database`?",
        ],
    ),
    (
        "maild.yaml",
        "poll: 60s",
        "poll: 60",
        ["maild.yaml:12:11: a time needs a unit: 60s (seconds), 60m (minutes), 60h (hours) or 60d (days)?"],
    ),
    (
        "maild.yaml",
        "poll: 60s",
        "poll: soon",
        ["maild.yaml:12:11: `soon` is not a time; write it as 60s, 5m, 1h30 or 3d"],
    ),
    ("maild.yaml", "poll: 60s", "poll: 0s", ["maild.yaml:12:11: a time longer than nothing is wanted here"]),
    ("maild.yaml", "port: 993", "port: 99333", ["maild.yaml:8:42: a port is wanted here, a number from 1 to 65535"]),
    ("maild.yaml", "port: 993", "port: true", ["maild.yaml:8:42: a port is wanted here, a number from 1 to 65535"]),
    (
        "maild.yaml",
        "port: 465, tls: implicit",
        "port: 465, tls: none",
        [
            "maild.yaml:17:50: without TLS anybody on the way to mail.example.org can read the password and the mails; use implicit or starttls"
        ],
    ),
    (
        "maild.yaml",
        "port: 993, tls: implicit",
        "port: 993, tls: ssl",
        ["maild.yaml:8:52: `ssl` is not known here; it is one of implicit, starttls, none"],
    ),
    (
        "maild.yaml",
        "{credential: imap}",
        "hunter2",
        [
            "maild.yaml:8:87: a secret must not stand in YAML; say where it is: {file: PATH}, {credential: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
        ],
    ),
    (
        "maild.yaml",
        "{credential: imap}",
        "{credental: imap}",
        [
            "maild.yaml:8:87: the place of a secret is one of {file: PATH}, {credential: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
        ],
    ),
    ("maild.yaml", ", password: {credential: imap}", "", ["maild.yaml:8:5: the key `password` is missing in `imap`"]),
    (
        "maild.yaml",
        "{file: secret}",
        "{file: [a]}",
        [
            "maild.yaml:2:9: the place of a secret is one of {file: PATH}, {credential: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
        ],
    ),
    (
        "maild.yaml",
        "sqlite:///var/lib/maild/maild.db",
        "mysql://x",
        [
            "maild.yaml:3:11: this is not a database that maild knows; write sqlite:///var/lib/maild/maild.db, sqlite:maild.db (in this folder) or postgresql://user@host/name"
        ],
    ),
    (
        "maild.yaml",
        "sqlite:///var/lib/maild/maild.db",
        "postgresql://maild:hunter2@db.example.org/maild",
        [
            "maild.yaml:3:11: a secret must not stand in YAML; put the password into ~/.pgpass (or PGPASSFILE, PGPASSWORD)"
        ],
    ),
    ("maild.yaml", "size: 25MB", "size: 25", ["maild.yaml:19:16: a size needs a unit: 25B, 25kB or 25MB?"]),
    (
        "maild.yaml",
        "3/day",
        "three a day",
        [
            "maild.yaml:19:63: `three a day` is not a number in a period; write it as 3/day, or with minute, hour or week"
        ],
    ),
    ("maild.yaml", "parts: 100", "parts: 0", ["maild.yaml:19:29: a whole number from 1 is wanted here"]),
    (
        "maild.yaml",
        "Example Desk <support@example.org>",
        "Example Desk",
        ["maild.yaml:16:9: `Example Desk` is not a sender; write it as Example Desk <support@example.org>"],
    ),
    (
        "maild.yaml",
        "    address: support@example.org",
        "    address: Support <support@example.org>",
        [
            "maild.yaml:6:14: `Support <support@example.org>` is not an address; write it as support@example.org, without a name or brackets"
        ],
    ),
    (
        "maild.yaml",
        "aliases: [helpdesk@example.org]",
        "aliases: helpdesk@example.org",
        ["maild.yaml:7:14: a list is wanted here, such as [helpdesk@example.org], not the text `helpdesk@example.org`"],
    ),
    (
        "maild.yaml",
        "listener: null",
        'listener: {lmtp: "127.0.0.1:8024", account: suport}',
        ["maild.yaml:18:45: there is no account `suport`; did you mean `support`?"],
    ),
    ("maild.yaml", "listener: null", "listener: {}", ["maild.yaml:18:1: one of `lmtp` and `smtp` is wanted here"]),
    (
        "maild.yaml",
        "listener: null",
        "listener: {smtp: 8025}",
        ['maild.yaml:18:18: an address and a port such as "127.0.0.1:8024" is wanted here, in quotes'],
    ),
    (
        "maild.yaml",
        "processed: Processed",
        "processed: INBOX",
        ["maild.yaml:10:16: mail cannot be moved to where it is; null leaves it in place"],
    ),
    (
        "maild.yaml",
        "instance: desk.example.org",
        "instance: Desk",
        ["maild.yaml:1:11: a name like that of a machine is wanted here, in small letters, such as desk.example.org"],
    ),
    (
        "maild.yaml",
        "plus_addressing: true",
        "plus_addressing: perhaps",
        ["maild.yaml:13:22: true or false is wanted here, not the text `perhaps`"],
    ),
    (
        "maild.yaml",
        "sending:\n",
        "sending:\nsecret: {file: other}\n",
        [
            "maild.yaml:16:1: the key `secret` stands here twice; the first is on line 2",
            "maild.yaml:17:3: not valid YAML: expected <block end>, but found '<block mapping start>' (is the line indented like those that it belongs to?)",
        ],
    ),
    ("maild.yaml", "instance: desk.example.org\n", "", ["maild.yaml:1:1: the key `instance` is missing"]),
    (
        "maild.yaml",
        "name: support",
        "name: !x support",
        ["maild.yaml:5:11: tags such as !x are not allowed; write the plain value"],
    ),
    (
        "maild.yaml",
        "name: support",
        "name: &a support",
        [
            "maild.yaml:5:11: anchors, aliases and merge keys (&, *, <<) are not allowed; write the value out (a text that begins with & or * needs quotes)"
        ],
    ),
    (
        "maild.yaml",
        "listener: null",
        "---\nlistener: null",
        ["maild.yaml:18:1: only one YAML document is allowed in a file; take out the line `---`"],
    ),
    (
        "maild.yaml",
        "folder: INBOX",
        "folder: [INBOX",
        ["maild.yaml:9:13: not valid YAML: the [ that is opened here is not closed before line 10"],
    ),
    (
        "maild.yaml",
        "folder: INBOX",
        "folder: 12",
        ['maild.yaml:9:13: a text is wanted here, not the number 12; put it in quotes: "12"'],
    ),
    (
        "desk.yaml",
        "priority:\n",
        "prioritty:\n",
        [
            "desk.yaml:1:1: the key `priority` is missing",
            "desk.yaml:19:1: unknown key `prioritty`; did you mean `priority`?",
        ],
    ),
    (
        "desk.yaml",
        "impact: medium, urgency",
        "impct: medium, urgency",
        ["desk.yaml:20:13: unknown key `impct`; did you mean `impact`?"],
    ),
    (
        "desk.yaml",
        "agents: [ada, ben]",
        "agents: [ada, bent]",
        ["desk.yaml:12:22: there is no person `bent`; did you mean `ben`?"],
    ),
    (
        "desk.yaml",
        "agents: [cleo]",
        "agents: []",
        ["desk.yaml:13:16: the line `L2` has no agents; somebody must get its tickets"],
    ),
    ("desk.yaml", "manager: mia", "manager: maia", ["desk.yaml:15:10: there is no person `maia`; did you mean `mia`?"]),
    (
        "desk.yaml",
        "data_protection: [dan]",
        "data_protection: [don]",
        ["desk.yaml:16:19: there is no person `don`; did you mean `dan`?"],
    ),
    (
        "desk.yaml",
        "line: L2, service",
        "line: L4, service",
        ["desk.yaml:18:23: there is no line `L4`; known are L1, L2, L3"],
    ),
    (
        "desk.yaml",
        "    low:    {high: medium,   medium: low,    low: low}\n",
        "",
        ["desk.yaml:21:3: the matrix has no row for the impact `low`"],
    ),
    (
        "desk.yaml",
        "low: medium}",
        "}",
        ["desk.yaml:22:5: the row `high` of the matrix has no priority for the urgency `low`"],
    ),
    (
        "desk.yaml",
        "high: critical",
        "high: urgent",
        ["desk.yaml:22:20: `urgent` is not known here; it is one of critical, high, medium, low"],
    ),
    (
        "desk.yaml",
        "resolution: 8h,  calendar: always",
        "resolution: 8h, calendar: allways",
        ["desk.yaml:31:66: there is no calendar `allways`; did you mean `always`?"],
    ),
    (
        "desk.yaml",
        '{mon-sun: ["00:00-24:00"]}',
        "{}",
        ["desk.yaml:27:30: the calendar `always` has no hours; no time could be promised by it"],
    ),
    (
        "desk.yaml",
        "Europe/Rome",
        "Europe/Roma",
        ["desk.yaml:26:18: there is no time zone `Europe/Roma`; did you mean `Europe/Rome`?"],
    ),
    (
        "desk.yaml",
        "holidays: IT",
        "holidays: XX",
        [
            'desk.yaml:26:91: no holidays are known for "XX"; use a country such as IT or DK, or a part of one such as IT-BZ'
        ],
    ),
    (
        "desk.yaml",
        "mon-fri",
        "mon-fry",
        ["desk.yaml:26:39: a day or a range of days is wanted here, such as mon-fri or sat"],
    ),
    ("desk.yaml", '"14:00-18:00"', '"12:00-18:00"', ["desk.yaml:26:48: these opening times overlap"]),
    (
        "desk.yaml",
        '"14:00-18:00"',
        '"18:00-14:00"',
        [
            "desk.yaml:26:64: `18:00-14:00` ends before it begins; past midnight, write 22:00-24:00 here and 00:00-06:00 on the next day"
        ],
    ),
    (
        "desk.yaml",
        "00:00-24:00",
        "00:00-24:30",
        ["desk.yaml:27:41: `00:00-24:30` is not a time of day; write it as 09:00-13:00 (a day ends at 24:00)"],
    ),
    (
        "desk.yaml",
        "      low:      {first_response: 3h,   resolution: 24h, calendar: office}\n",
        "",
        ["desk.yaml:30:5: there is no target for the priority `low`"],
    ),
    (
        "desk.yaml",
        "pause: [pending]",
        "pause: [waiting]",
        ["desk.yaml:36:13: `waiting` is not known here; it is one of new, open, pending"],
    ),
    (
        "desk.yaml",
        "pause: [pending]",
        "pause: [resolved]",
        ["desk.yaml:36:13: `resolved` is not known here; it is one of new, open, pending"],
    ),
    (
        "desk.yaml",
        "also: [ada@home.example]",
        "also: [ben@example.org]",
        ["desk.yaml:6:34: ben@example.org is already an address of `ada`"],
    ),
    (
        "desk.yaml",
        "dan@example.org",
        "helpdesk@example.org",
        ["desk.yaml:10:33: helpdesk@example.org is an address of the desk itself (`support` in maild.yaml)"],
    ),
    (
        "desk.yaml",
        "at: 75%",
        "at: 75",
        ["desk.yaml:39:25: a part of the target such as 50% or 100% + 4h is wanted here, in quotes"],
    ),
    (
        "desk.yaml",
        "notify: [assignee]",
        "notify: [asignee]",
        ["desk.yaml:39:39: `asignee` is not known here; did you mean `assignee`?"],
    ),
    (
        "desk.yaml",
        "closed: [2026-12-24]",
        "closed: [2026-02-30]",
        ["desk.yaml:26:104: `2026-02-30` is not a date; write it as 2026-12-24"],
    ),
    (
        "desk.yaml",
        "2026-12-21..2027-01-02",
        "2027-01-02..2026-12-21",
        ["desk.yaml:6:72: `2027-01-02..2026-12-21` ends before it begins"],
    ),
    ("desk.yaml", "language: it", "language: fr", ["desk.yaml:5:88: there is no language `fr`; known are en, it, da"]),
    (
        "desk.yaml",
        "prefix: INC",
        "prefix: inc",
        ["desk.yaml:2:9: a short word of capital letters, such as INC, is wanted here"],
    ),
    (
        "desk.yaml",
        "languages: [en, it, da]",
        "languages: []",
        [
            "desk.yaml:3:12: at least one language is wanted here",
            "desk.yaml:5:88: there is no language `it`",
            "desk.yaml:6:61: there is no language `da`",
            "desk.yaml:18:57: there is no language `en`",
            "desk.yaml:18:81: there is no language `it`",
        ],
    ),
    ("desk.yaml", "  L3: {", "  L1: {", ["desk.yaml:14:3: the key `L1` stands here twice; the first is on line 12"]),
    (
        "desk.yaml",
        'questions: {en: ["Which network?"]',
        'questions: {de: ["Welches?"]',
        ["desk.yaml:18:57: there is no language `de`; known are en, it, da"],
    ),
    (
        "desk.yaml",
        "first_response: 1h,",
        "first_response: 1h30x,",
        ["desk.yaml:31:34: `1h30x` is not a time; write it as 60s, 5m, 1h30 or 3d"],
    ),
    (
        "desk.yaml",
        "name: Example Desk\n",
        "name: 42\n",
        ['desk.yaml:1:7: a text is wanted here, not the number 42; put it in quotes: "42"'],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, trust: tokn}",
        ["desk.yaml:5:99: `tokn` is not known here; did you mean `token`?"],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, trust: spf}",
        ["desk.yaml:5:99: `spf` is not known here; it is one of either, token, dmarc, token+dmarc, from"],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, trust: [token, dmarc]}",
        ["desk.yaml:5:99: one word is wanted here; it is one of either, token, dmarc, token+dmarc, from"],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, receipts: none}",
        ["desk.yaml:5:102: `none` is not known here; it is one of all, failures"],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, zone: Europe/Roma}",
        ["desk.yaml:5:98: there is no time zone `Europe/Roma`; did you mean `Europe/Rome`?"],
    ),
    (
        "desk.yaml",
        "language: it}",
        "language: it, zone: ../../etc/passwd}",
        ["desk.yaml:5:98: there is no time zone `../../etc/passwd`; write it as Europe/Rome"],
    ),
    (
        "desk.yaml",
        "language: it}",
        'language: it, zone: ""}',
        ["desk.yaml:5:98: a text is wanted here, and it is empty"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\nstrangers: drop",
        ["desk.yaml:16:12: `drop` is not known here; it is one of new, hold"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies: {acme: {domains: []}}",
        ["desk.yaml:16:29: the company `acme` has no domains; nobody would belong to it"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies: {acme: {domains: customer.example}}",
        ["desk.yaml:16:29: a list is wanted here, such as [customer.example], not the text `customer.example`"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies: {acme: {domain: [customer.example]}}",
        [
            "desk.yaml:16:13: the key `domains` is missing in `acme`",
            "desk.yaml:16:20: unknown key `domain`; did you mean `domains`?",
        ],
    ),
    (
        "desk.yaml",
        "manager: mia",
        'manager: mia\ncompanies: {acme: {domains: ["*.customer.example", x@customer.example, example]}}',
        [
            "desk.yaml:16:30: a domain such as customer.example is wanted here",
            "desk.yaml:16:52: a domain such as customer.example is wanted here",
            "desk.yaml:16:72: a domain such as customer.example is wanted here",
        ],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies: {acme: {domains: [co.uk]}}",
        ["desk.yaml:16:30: `co.uk` belongs to many companies; write customer.co.uk"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies:\n  acme: {domains: [customer.example]}\n  beta: {domains: [beta.example, Customer.Example]}",
        ["desk.yaml:18:34: the domain Customer.Example belongs already to the company `acme`"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\ncompanies: {acme: {domains: [customer.example, customer.example]}}",
        ["desk.yaml:16:48: the domain `customer.example` stands here twice"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\nreplies: {reboot: {}}",
        ["desk.yaml:16:19: the reply `reboot` has no text in any language"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\nreplies: {reboot: {en: Please restart it., de: Bitte neu starten.}}",
        ["desk.yaml:16:48: there is no language `de`; known are en, it, da"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\nreplies: {re boot: {en: Please restart it.}}",
        ["desk.yaml:16:11: a short name of letters, digits, dots and hyphens is wanted here"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        "manager: mia\nreplies: {reboot: Please restart it.}",
        ["desk.yaml:16:19: keys and values are wanted here, not the text `Please restart it.`"],
    ),
    (
        "desk.yaml",
        "manager: mia",
        'manager: mia\nreplies: {reboot: {en: ""}}',
        ["desk.yaml:16:24: a text is wanted here, and it is empty"],
    ),
    (
        "rules.yaml",
        "subject: {contains: [vpn, tunnel]}",
        "subject: vpn",
        ["rules.yaml:5:16: say how it is compared, such as subject: {contains: vpn}"],
    ),
    ("rules.yaml", "contains:", "contain:", ["rules.yaml:5:17: unknown key `contain`; did you mean `contains`?"]),
    ("rules.yaml", "kind: human", "kind: humn", ["rules.yaml:4:13: `humn` is not known here; did you mean `human`?"]),
    (
        "rules.yaml",
        "category: network/vpn, urgency",
        "category: network/vpm, urgency",
        ["rules.yaml:6:22: there is no category `network/vpm`; did you mean `network/vpn`?"],
    ),
    ("rules.yaml", "line: L2", "line: L9", ["rules.yaml:12:48: there is no line `L9`; known are L1, L2, L3"]),
    (
        "rules.yaml",
        "urgency: high",
        "urgency: critical",
        ["rules.yaml:6:44: `critical` is not known here; known are high, medium, low"],
    ),
    (
        "rules.yaml",
        "name: monitoring",
        "name: vpn trouble",
        ['rules.yaml:10:11: a rule "vpn trouble" stands already on line 2; each needs a name of its own'],
    ),
    (
        "rules.yaml",
        "urgency: high",
        "confidential: secret",
        ["rules.yaml:6:49: true or false is wanted here"],
    ),
    (
        "rules.yaml",
        "urgency: high",
        "urgncy: high",
        ["rules.yaml:6:35: unknown action `urgncy`; did you mean `urgency`?"],
    ),
    ("rules.yaml", "stop: true", "stop: maybe", ["rules.yaml:13:11: true or false is wanted here"]),
    (
        "rules.yaml",
        '{address: "*@monitor.example.org"}',
        '"*@monitor.example.org"',
        ['rules.yaml:11:18: say what of it, such as from: {address: "*@monitor.example.org"}'],
    ),
    (
        "rules.yaml",
        "contains: [vpn, tunnel]",
        'regex: "(vpn"',
        ["rules.yaml:5:24: not a regular expression: missing ) at position 4"],
    ),
    (
        "rules.yaml",
        '    when: {from: {address: "*@monitor.example.org"}}\n',
        "",
        ["rules.yaml:10:5: the key `when` is missing in this rule"],
    ),
    (
        "rules.yaml",
        "kind: human",
        "any: {kind: human}",
        ["rules.yaml:4:12: a list of conditions is wanted here, such as any: [{kind: human}, {new: true}]"],
    ),
    ("rules.yaml", "kind: human", "headr: x", ["rules.yaml:4:7: unknown condition `headr`; did you mean `header`?"]),
    (
        "rules.yaml",
        '- mail: {from: carla@customer.example, subject: VPN is down, text: "Nothing works"}',
        "- male: {}",
        ["rules.yaml:8:9: a test is {mail: {from: ..., subject: ...}, expect: {category: ...}}"],
    ),
    ("rules.yaml", "rules:\n", "rule:\n", ["rules.yaml:1:1: unknown key `rule`; did you mean `rules`?"]),
    (
        "rules.yaml",
        "tags: [vpn]",
        "priority: 1",
        ["rules.yaml:6:60: `1` is not known here; it is one of critical, high, medium, low"],
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"), WRONG, ids=[f"{i}-{row[2][:30]}" for i, row in enumerate(WRONG)]
)
def test_a_wrong_line_is_told_with_its_place(
    file: str, old: str, new: str, said: list[str], problems: Callable[..., list[str]]
) -> None:
    assert problems(file, old, new) == said
