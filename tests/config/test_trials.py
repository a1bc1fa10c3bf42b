"""A rule's own tests: what they may say of a mail and a ticket, and that all rules decide as the daemon does."""

# ruff: noqa: E501 - a rule with its test as its administrator would write them, a row a line

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild.config import Settings, samples, trialform, trials
from tests.config.conftest import DESK, RULES, Folder

HEAD = "rules:\n"
VPN = """\
  - name: vpn
    when: {kind: human, subject: {contains: vpn}}
    then: {category: network/vpn, urgency: high, tags: [vpn]}
"""


@pytest.fixture
def tried(folder: Folder) -> Any:
    """Runs the tests of rules given as YAML; what fails, in words."""

    def run(rules: str, desk: tuple[str, str] = ("", "")) -> list[str]:
        return [str(failure.problem) for one in trials.tried(loaded(folder, rules, desk)) for failure in one.failures]

    return run


def loaded(folder: Folder, rules: str, desk: tuple[str, str] = ("", "")) -> Settings:
    at: Path = folder()
    (at / "rules.yaml").write_text(rules)
    (at / "desk.yaml").write_text(DESK.replace(*desk) if desk[0] else DESK)
    return config.load(at)


def with_test(test: str, rule: str = VPN) -> str:
    return f"{HEAD}{rule}    tests:\n      - {test}\n"


# -- what holds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "test"),
    [
        (VPN, "{mail: {subject: VPN}, expect: {category: network/vpn, line: L2, service: vpn, priority: high}}"),
        (VPN, "{mail: {subject: VPN}, expect: {type: incident, status: new, assignee: null, sla: null}}"),
        (VPN, "{mail: {subject: VPN}, expect: {tags: vpn, applies: true, rule: vpn, rules: [vpn], nothing: false}}"),
        (VPN, "{mail: {subject: other}, expect: {applies: false, nothing: true, rules: [], tags: []}}"),
        (VPN, "{mail: {subject: VPN, language: it}, expect: {language: it}}"),
        (VPN, "{mail: {subject: VPN, language: pt}, expect: {language: en, subject: VPN}}"),
        (VPN, "{mail: {subject: VPN}, expect: {confidential: false, group: false, drop: false, hold: false}}"),
        (VPN, "{mail: {subject: VPN}, expect: {notify: [], forward: null, reply: null, note: false}}"),
        (VPN, "{mail: {subject: VPN, kind: auto_reply}, expect: {applies: false}}"),  # no rule is asked of such a mail
        (VPN, "{mail: {subject: VPN, verdict: agent}, expect: {applies: true}}"),
    ],
)
def test_a_mail_that_opens_a_ticket(rule: str, test: str, tried: Any) -> None:
    assert tried(with_test(test, rule)) == []


@pytest.mark.parametrize(
    ("when", "then", "test"),
    [
        ("{header: {name: X-Priority, equals: '1'}}", "{urgency: high}", "{mail: {header: {x-priority: '1'}}, expect: {urgency: high}}"),
        ("{header: {name: X-A, equals: b}}", "{urgency: high}", "{mail: {header: {X-A: [a, b]}}, expect: {applies: true}}"),
        ("{in_hours: office}", "{tags: x}", "{mail: {subject: a}, expect: {tags: x}}"),
        ("{in_hours: office}", "{tags: x}", "{mail: {at: 2026-11-27T16:00}, expect: {applies: true}}"),
        ("{in_hours: office}", "{tags: x}", "{mail: {at: 2026-11-27T18:30}, expect: {applies: false}}"),
        ("{in_hours: office}", "{tags: x}", "{mail: {at: '2026-11-27T16:30Z'}, expect: {applies: true}}"),
        ("{in_hours: office}", "{tags: x}", "{mail: {at: '2026-11-27 17:00Z'}, expect: {applies: false}}"),
        ("{attachment: {name: '*.pdf', size: 2MB}}", "{tags: x}", "{mail: {attachments: [{name: a.PDF, size: 3MB}]}, expect: {applies: true}}"),
        ("{attachment: {type: image/*}}", "{tags: x}", "{mail: {attachments: [{type: image/png, size: 10}]}, expect: {applies: true}}"),
        ("{requester_tickets: {open: 3}}", "{tags: x}", "{mail: {requester_tickets: 3}, expect: {applies: true}}"),
        ("{requester_tickets: {open: 3}}", "{tags: x}", "{mail: {requester_tickets: 2}, expect: {applies: false}}"),
        ("{from: {name: ann}, cc: {domain: b.example}}", "{tags: x}", "{mail: {from: Ann <a@a.example>, cc: [x@b.example]}, expect: {tags: x}}"),
        ("{}", "{drop: noise}", "{mail: {}, expect: {drop: true}}"),
        ("{}", "{drop: noise}", "{mail: {}, expect: {drop: noise, hold: false}}"),
        ("{}", "{hold: look first}", "{mail: {}, expect: {hold: look first}}"),
        ("{}", "{notify: [lead, x@example.org], forward: y@example.org}", "{mail: {}, expect: {notify: lead, forward: [y@example.org]}}"),
        ("{}", "{note: see the wiki, confidential: true}", "{mail: {}, expect: {note: see the wiki, confidential: true}}"),
        ("{}", "{business: high, sla: standard, language: da}", "{mail: {}, expect: {business: high, sla: standard, language: da, priority: high}}"),
        ("{}", "{acknowledge: never}", "{mail: {}, expect: {acknowledge: never}}"),
        ("{}", "{acknowledge: {how: always}}", "{mail: {}, expect: {acknowledge: {how: always, template: null}}}"),
        ("{}", "{group_by: subject}", "{mail: {subject: disk full}, expect: {group: true}}"),
        ("{}", "{group_by: subject}", "{mail: {subject: disk full, verdict: unverified}, expect: {group: false}}"),
    ],
)  # fmt: skip  # a row a line
def test_what_a_test_may_say_of_its_mail_and_expect(when: str, then: str, test: str, tried: Any) -> None:
    assert tried(with_test(test, f"  - name: a\n    when: {when}\n    then: {then}\n")) == []


LATER = """\
  - name: again
    on: replied
    when: {status: open, category: network}
    then: {urgency: high, notify: lead}
"""


@pytest.mark.parametrize(
    ("rule", "test"),
    [
        # the reply takes it out of pending before the rules are asked, as the daemon does it
        (LATER, "{ticket: {status: pending, category: network/vpn}, mail: {text: still}, expect: {status: open, priority: high, notify: lead}}"),
        (LATER.replace("urgency: high, notify: lead", "status: pending"),
         "{ticket: {status: pending, category: network/vpn}, mail: {text: still}, expect: {status: pending}}"),
        (LATER, "{ticket: {category: network/vpn}, mail: {text: still}, expect: {applies: true, line: L2}}"),
        (LATER, "{ticket: {category: network/vpn, urgency: high}, mail: {text: still}, expect: {applies: true, priority: high}}"),
        (LATER, "{ticket: {category: null}, mail: {text: still}, expect: {applies: false, urgency: medium}}"),
        (LATER, "{ticket: {category: network/vpn}, mail: {verdict: stranger}, expect: {nothing: true}}"),
        (LATER, "{ticket: {category: network/vpn}, mail: {kind: auto_reply}, expect: {nothing: true}}"),
        # what the agent's mail commands is stronger
        (LATER, "{ticket: {category: network/vpn}, mail: {text: '!urgency low', verdict: agent}, expect: {urgency: low}}"),
        (LATER, "{ticket: {category: network/vpn, status: resolved}, mail: {text: thank you}, expect: {status: resolved, urgency: medium}}"),
        (LATER.replace("replied", "changed").replace("status: open, category: network", "changed: status"),
         "{on: changed, ticket: {status: pending}, mail: {text: here}, expect: {applies: true}}"),
        (LATER.replace("replied", "changed").replace("status: open, category: network", "changed: status"),
         "{ticket: {status: closed, changed: [status]}, expect: {applies: true}}"),
        (LATER.replace("replied", "breached").replace("status: open, category: network", "clock: resolution"),
         "{on: breached, ticket: {clock: resolution, impact: high}, expect: {priority: critical}}"),
        (LATER.replace("replied", "breached").replace("status: open, category: network", "clock: resolution"),
         "{on: breached, ticket: {clock: line}, expect: {applies: false}}"),
        ("  - name: rests\n    on: idle 2d\n    when: {status: pending}\n    then: {status: resolved, tags: [rests]}\n",
         "{on: idle, ticket: {status: pending, tags: [old], requester: ann@a.example}, expect: {status: resolved, tags: [old, rests]}}"),
        # without `on` it is what its own rule waits for
        ("  - name: rests\n    on: idle 2d\n    when: {status: pending}\n    then: {status: resolved}\n",
         "{ticket: {status: pending}, expect: {status: resolved}}"),
        (LATER.replace("replied", "breached").replace("status: open, category: network", "clock: resolution"),
         "{ticket: {clock: resolution, impact: high}, expect: {priority: critical}}"),
    ],
)  # fmt: skip  # a row a line
def test_a_ticket_that_is_there(rule: str, test: str, tried: Any) -> None:
    assert tried(with_test(test, rule)) == []


def test_the_language_is_that_of_the_domain_where_the_mail_does_not_tell(tried: Any) -> None:
    desk = ("manager: mia", "manager: mia\nlanguages_by_domain: {dk: da}")
    for mail, language in (("from: a@b.dk", "da"), ("from: a@b.dk, language: it", "it"), ("from: a@b.example", "en")):
        assert tried(with_test(f"{{mail: {{{mail}}}, expect: {{language: {language}}}}}"), desk) == []


# -- what does not -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("{mail: {subject: VPN}, expect: {type: request}}", "type is incident, not request; these rules apply: vpn"),
        ("{mail: {subject: x}, expect: {applies: true}}", "because of subject: {contains: vpn}"),
        ("{mail: {subject: VPN, kind: mdn}, expect: {applies: true}}", "rules are not asked here: "),
        ("{mail: {subject: VPN}, expect: {tags: [vpn, b]}}", "tags is [vpn], not [vpn, b]"),
        ("{mail: {subject: VPN}, expect: {rules: []}}", "rules is [vpn], not []"),
        ("{mail: {subject: VPN}, expect: {nothing: true}}", "nothing is false, not true"),
        ("{mail: {subject: VPN}, expect: {drop: true}}", "drop is null, not true"),
        ("{mail: {subject: VPN}, expect: {notify: lead}}", "notify is [], not lead"),
        ("{mail: {subject: VPN}, expect: {acknowledge: {how: never}}}", "not {how: never}"),
    ],
)
def test_what_comes_out_otherwise_is_told_with_the_reason(test: str, said: str, tried: Any) -> None:
    (message,) = tried(with_test(test))
    assert message.startswith("rules.yaml:6:")
    assert said in message


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("{mail: {subjct: VPN}, expect: {}}", "unknown key `subjct` in a test; did you mean `subject`?"),
        ("{mail: {}, expect: {prority: high}}", "unknown key `prority` in a test; did you mean `priority`?"),
        ("{mail: {}, expect: {priority: hihg}}", "`hihg` is not known here; did you mean `high`?"),
        ("{mail: {}, expect: {line: L9}}", "there is no line `L9`; known are L1, L2, L3"),
        ("{mail: {}, expect: {category: network/vnp}}", "there is no category `network/vnp`"),
        ("{mail: {}, expect: {applies: 'yes'}}", "true or false is wanted here"),
        ("{mail: {}, expect: {rule: vnp}}", "there is no rule `vnp`; did you mean `vpn`?"),
        ("{mail: {at: noon}, expect: {}}", "a time is wanted here, such as 2026-11-27T16:00"),
        ("{mail: {header: X-A}, expect: {}}", "fields of the header are wanted here"),
        ("{mail: {header: {X-A: 1}}, expect: {}}", "fields of the header are wanted here"),
        ("{mail: {requester_tickets: many}, expect: {}}", "a whole number is wanted here"),
        ("{mail: {kind: [human, list]}, expect: {}}", "one word is wanted here"),
        ("{mail: {from: a@b.example, verdict: agent}, expect: {}}", "the address of nobody in desk.yaml"),
        ("{mail: {attachments: a.pdf}, expect: {}}", "a list of attachments is wanted here"),
        ("{mail: {attachments: [{nam: a}]}, expect: {}}", "unknown key `nam` in a test; did you mean `name`?"),
        ("{mail: {attachments: [{size: big}]}, expect: {}}", "the least size is wanted here"),
        ("{mail: {}, ticket: {staus: open}, expect: {}}", "unknown key `staus` in a test; did you mean `status`?"),
        ("{mail: {}, ticket: {status: opn}, expect: {}}", "`opn` is not known here; did you mean `open`?"),
        ("{mail: {}, ticket: {requester: ann}, expect: {}}", "an address is wanted here"),
        ("{ticket: {changed: staus}, expect: {}}", "`staus` is not known here; did you mean `status`?"),
        ("{mail: {text: 5}, expect: {}}", 'a text is wanted here; put it in quotes: "5"'),
    ],
)
def test_a_test_that_cannot_be_read_is_told(test: str, said: str, tried: Any) -> None:
    found = tried(with_test(test))
    assert any(said in message for message in found), found
    assert all(message.startswith("rules.yaml:6:") for message in found)


def test_the_failure_holds_what_was_expected_and_what_came(folder: Folder) -> None:
    settings = loaded(folder, with_test("{mail: {subject: VPN}, expect: {type: request, line: L2}}"))
    (one,) = trials.tried(settings)
    (failure,) = one.failures
    assert (one.rule, one.number, one.about, one.place.line) == ("vpn", 1, "VPN", 6)
    assert (failure.key, failure.expected, failure.got, failure.compared) == ("type", "request", "incident", True)


def test_the_tests_of_some_rules_alone_can_be_run(folder: Folder) -> None:
    settings = loaded(folder, RULES + "    tests: [{mail: {}, expect: {}}]\n")
    assert [one.rule for one in trials.tried(settings)] == ["vpn trouble", "monitoring"]
    assert [one.rule for one in trials.tried(settings, ["monitoring"])] == ["monitoring"]


def test_a_rule_that_is_switched_off_fails_its_test(tried: Any) -> None:
    (message,) = tried(with_test("{mail: {subject: VPN}, expect: {tags: vpn}}", f"{VPN}    enabled: false\n"))
    assert "because of it is switched off" in message


def test_the_schema_names_what_a_test_may_say_and_no_other_key() -> None:
    parts = trialform.schema()["properties"]
    for name, keys in (("mail", samples.MAIL), ("ticket", samples.TICKET), ("expect", trials.EXPECT)):
        assert set(parts[name]["properties"]) == set(keys), name
        assert all(each.get("description") for each in parts[name]["properties"].values()), name
