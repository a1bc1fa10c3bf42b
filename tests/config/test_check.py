"""The rules' own tests, and what this version cannot do, are told before the daemon runs."""

from __future__ import annotations

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
        ("subject: VPN is down", "kind: robot", "rules.yaml:8:52: `robot` is not known here; it is one of human"),
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


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("acknowledge: never", "group_by: subject", "rules.yaml:12:62: the action `group_by` is not in this version"),
        ("kind: human", "in_hours: office", "rules.yaml:4:17: the condition `in_hours` is not in this version"),
        ("kind: human", "header: {name: X-A}", "rules.yaml:4:15: the condition `header` is not in this version"),
    ],
)
def test_what_this_version_cannot_do_loads_and_is_told(old: str, new: str, problem: str, folder: Folder) -> None:
    assert any(text.startswith(problem) for text in said(folder("rules.yaml", old, new)))


def test_oauth2_loads_and_is_told(folder: Folder) -> None:
    at = folder("maild.yaml", "password: {credential: imap}", "oauth2: {tenant: x}")
    assert said(at) == ["maild.yaml:8:85: oauth2 is not in this version; use a password"]


# -- warnings ----------------------------------------------------------------------------------------------------------


def warned(at: object) -> list[str]:
    return [str(warning) for warning in config.warnings(config.load(at))]  # type: ignore[arg-type]  # a folder


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
