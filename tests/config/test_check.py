"""The rules' own tests, and what this version cannot do, are told before the daemon runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild import config
from tests.config.conftest import Folder


def said(at: object) -> list[str]:
    return [str(problem) for problem in config.check(config.load(at))]  # type: ignore[arg-type]


def test_a_configuration_that_is_right_has_no_problems(folder: Folder) -> None:
    assert said(folder()) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "priority: high}",
            "priority: low}",
            'rules.yaml:9:51: the test of the rule "vpn trouble" fails: priority is high, not low; these',
        ),
        (
            "subject: VPN is down",
            "subject: My vpnclient is down",
            "is null, not network/vpn; the rule does not apply, because of subject: {contains: [vpn, tunnel]}",
        ),
        (
            "subject: VPN is down",
            "sbject: VPN",
            "rules.yaml:8:54: unknown key `sbject` in a test; did you mean `subject`?",
        ),
        (
            "priority: high}",
            "prority: high}",
            "rules.yaml:9:50: unknown key `prority` in a test; did you mean `priority`?",
        ),
        (
            "carla@customer.example",
            "carla",
            "rules.yaml:8:22: an address is wanted here, such as carla@customer.example",
        ),
        ("subject: VPN is down", "subject: 12", 'rules.yaml:8:55: a text is wanted here; put it in quotes: "12"'),
        ("subject: VPN is down", "kind: robot", "rules.yaml:8:52: `robot` is not known here"),
        ("subject: VPN is down", "account: sales", "rules.yaml:8:55: there is no account `sales`"),
        (
            "stop: true",
            "tests: [{mail: {from: a@monitor.example.org}, expect: {drop: true}}]",
            "drop is null, not true",
        ),
    ],
)
def test_a_test_that_fails_is_told_at_what_it_expected(old: str, new: str, problem: str, folder: Folder) -> None:
    found = said(folder("rules.yaml", old, new))
    assert found
    assert problem in found[0]


@pytest.mark.parametrize(
    "expect",
    [
        "{line: L2, service: vpn, impact: medium, urgency: high, type: incident, status: new, priority: high}",
        "{tags: [vpn]}",
        "{tags: vpn}",
        "{acknowledge: default, drop: false, assignee: null}",
    ],
)
def test_an_expectation_sees_what_the_whole_desk_makes_of_it(expect: str, folder: Folder) -> None:
    assert said(folder("rules.yaml", "{category: network/vpn, priority: high}", expect)) == []


def test_oauth2_loads_and_is_told(folder: Folder) -> None:
    at = folder("maild.yaml", "password: {credential: imap}", "oauth2: {tenant: x}")
    assert said(at) == ["maild.yaml:8:85: oauth2 is not in this version; use a password"]


# -- warnings ----------------------------------------------------------------------------------------------------------


def warned(at: Path) -> list[str]:
    desk = at / "desk.yaml"  # which asks no question in Danish
    desk.write_text(desk.read_text().replace('it: ["Da quale rete?"]', 'it: ["Da quale rete?"], da: ["Hvilket net?"]'))
    return [str(warning) for warning in config.warnings(config.load(at))]


def test_a_text_that_some_would_read_in_another_language_is_warned_of(folder: Folder) -> None:
    at = folder("desk.yaml", "manager: mia", "manager: mia\nreplies: {reboot: {it: Riavvii., en: Restart.}}")
    found = [str(warning) for warning in config.warnings(config.load(at))]
    assert found == [
        "desk.yaml:16:19: no text in da; whoever reads that gets en",
        "desk.yaml:19:52: no text in da; whoever reads that gets en",
    ]


def test_a_configuration_that_is_right_has_no_warnings(folder: Folder) -> None:
    assert warned(folder()) == []
    assert warned(folder("desk.yaml", "language: it}", "language: it, trust: token+dmarc}")) == []


def test_from_alone_is_warned_of_and_is_no_problem(folder: Folder) -> None:
    at = folder("desk.yaml", "language: it}", "language: it, trust: from}")
    assert warned(at) == ["desk.yaml:5:99: anybody can write a From, and with it do all that `ada` may"]
    assert said(at) == []


@pytest.mark.parametrize("trust", ["dmarc", "token+dmarc"])
def test_who_must_be_vouched_for_is_told_where_no_server_can(trust: str, folder: Folder) -> None:
    at = folder("maild.yaml", "    authserv: mx.example.org\n", "")
    desk = at / "desk.yaml"
    desk.write_text(desk.read_text().replace("language: it}", f"language: it, trust: {trust}}}"))
    assert warned(at) == [
        "desk.yaml:5:99: no mail to the account `support` can prove to be of `ada`: it has no `authserv`"
    ]


@pytest.mark.parametrize("domain", ["gmail.com", "Outlook.com", "libero.it", "yahoo.co.uk"])
def test_a_company_where_anybody_has_a_mailbox_is_warned_of(domain: str, folder: Folder) -> None:
    companies = f"companies: {{acme: {{domains: [{domain}]}}}}"
    found = warned(folder("desk.yaml", "manager: mia", f"manager: mia\n{companies}"))
    words = f"anybody can have an address at {domain.lower()}, and so join the tickets of `acme`"
    assert found == [f"desk.yaml:16:29: {words}"]


def test_a_company_that_no_server_can_vouch_for_is_warned_of(folder: Folder) -> None:
    at = folder("maild.yaml", "    authserv: mx.example.org\n", "")
    desk = at / "desk.yaml"
    desk.write_text(
        desk.read_text().replace("manager: mia", "manager: mia\ncompanies: {acme: {domains: [customer.example]}}")
    )
    assert warned(at) == [
        "desk.yaml:16:19: nobody of `acme` can join by a mail to the account `support`: it has no `authserv`"
    ]


def test_what_stands_in_rules_and_is_surely_not_meant_is_warned_of_and_is_no_problem(folder: Folder) -> None:
    more = """\
  - name: never
    when: {new: false}
    then: {tags: x}
  - name: second
    when: {from: {address: a@monitor.example.org}}
    then: {line: L1}
  - name: all
    when: {}
    then: {priority: high, impact: low}
    stop: true
  - name: last
    when: {kind: human}
    then: {line: L3}
"""
    at = folder()
    (at / "rules.yaml").write_text((at / "rules.yaml").read_text() + more)
    assert said(at) == []
    matrix = "the matrix is not asked, and the priority stays as it says"
    assert warned(at) == [
        'rules.yaml:15:11: the rule "never" never matches: `new: false`, and it is asked on: opened',
        f'rules.yaml:22:22: the rule "all" sets the priority itself besides impact: {matrix}',
        'rules.yaml:24:11: the rule "last" is never reached: "all" on line 20 says stop, whatever comes',
    ]
