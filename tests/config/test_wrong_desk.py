"""Every problem of categories, services, VIPs and languages by domain is told at its place, in words for a person."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from maild import config
from maild.config import Settings
from tests.config.conftest import Folder

VPN = '  network/vpn: {line: L2, service: vpn, questions: {en: ["Which network?"], it: ["Da quale rete?"]}}\n'
TOP = "priority:\n  default"  # new keys of the file go before it; it is on line 19


def with_keys(text: str) -> tuple[str, str]:
    return TOP, f"{text}\n{TOP}"


def category(text: str) -> tuple[str, str]:
    """The one category, written anew: it begins on line 18."""
    return VPN, text + "\n"


WRONG = [
    # categories
    (category("  network/vpn: {line: L4}"), ["desk.yaml:18:23: there is no line `L4`; known are L1, L2, L3"]),
    (
        category("  network/vpn: {parent: netwrk}\n  network: {}"),
        ["desk.yaml:18:25: there is no category `netwrk`; did you mean `network`?"],
    ),
    (
        category("  network/vpn: {parent: network/vpn}"),
        ["desk.yaml:18:25: `network/vpn` would take from itself: network/vpn -> network/vpn"],
    ),
    (
        category("  network: {parent: network/vpn}\n  network/vpn: {}"),
        ["desk.yaml:18:21: `network` would take from itself: network -> network/vpn -> network"],
    ),
    (
        category("  network/vpn: {parent: c}\n  b: {parent: network/vpn}\n  c: {parent: b}\n  d: {parent: c}"),
        [
            "desk.yaml:18:25: `network/vpn` would take from itself: network/vpn -> c -> b -> network/vpn",
            "desk.yaml:19:15: `b` would take from itself: b -> network/vpn -> c -> b",
            "desk.yaml:20:15: `c` would take from itself: c -> b -> network/vpn -> c",
        ],
    ),
    (category("  network/vpn: {parent: /vpn}"), ["desk.yaml:18:25: a path such as network/vpn is wanted here"]),
    (
        category("  network/vpn: {impact: huge}"),
        ["desk.yaml:18:25: `huge` is not known here; it is one of high, medium, low"],
    ),
    (
        category("  network/vpn: {urgency: hihg}"),
        ["desk.yaml:18:26: `hihg` is not known here; did you mean `high`?"],
    ),
    (
        category("  network/vpn: {sla: standart}"),
        ["desk.yaml:18:22: there is no service level `standart`; did you mean `standard`?"],
    ),
    (
        category("  network/vpn: {reply: reboot}"),
        ["desk.yaml:18:24: there is no reply `reboot`"],
    ),
    (
        category("  network/vpn: {reply: rebot}\nreplies: {reboot: {en: Restart it.}}"),
        ["desk.yaml:18:24: there is no reply `rebot`; did you mean `reboot`?"],
    ),
    (
        category('  network/vpn: {questions: {en: ["A?", "B?"], it: ["A?"]}}'),
        ["desk.yaml:18:47: there is 1 question in `it`, but 2 in `en`"],
    ),
    (
        category('  network/vpn: {questions: {en: ["A?"], it: ["A?", "B?", "C?"], da: []}}'),
        [
            "desk.yaml:18:41: there are 3 questions in `it`, but 1 in `en`",
            "desk.yaml:18:65: there are no questions in `da`, but 1 in `en`",
        ],
    ),
    (
        category('  network/vpn: {questions: {en: ["A?"]}, asks: [what, who]}'),
        ["desk.yaml:18:48: `asks` says of 2 questions what is asked for, but there is 1 question"],
    ),
    (
        category("  network/vpn: {asks: [what]}"),
        ["desk.yaml:18:23: `asks` says of 1 question what is asked for, but there are no questions"],
    ),
    (
        category('  network/vpn: {questions: {en: ["A?"]}, asks: [when]}'),
        ["desk.yaml:18:49: `when` is not known here; it is one of symptoms, since, who, what, other"],
    ),
    (
        category('  network/vpn: {questions: {de: ["A?"]}}'),
        ["desk.yaml:18:33: there is no language `de`; known are en, it, da"],
    ),
    (
        category('  network/vpn: {checklist: {de: ["A?"]}}'),
        ["desk.yaml:18:33: there is no language `de`; known are en, it, da"],
    ),
    (
        category('  network/vpn: {checklist: ["A?"]}'),
        ["desk.yaml:18:28: keys and values are wanted here, not a list"],
    ),
    (
        category('  network/vpn: {checklist: {en: [""]}}'),
        ["desk.yaml:18:34: a text is wanted here, and it is empty"],
    ),
    (
        category("  network/vpn: {question: {}}"),
        ["desk.yaml:18:17: unknown key `question`; did you mean `questions`?"],
    ),
    # services
    (
        with_keys("services: {erp: {business: high}}"),
        ["desk.yaml:18:36: there is no service `vpn`; known are erp"],
    ),
    (
        with_keys("services: {vpm: {}}"),
        ["desk.yaml:18:36: there is no service `vpn`; did you mean `vpm`?"],
    ),
    (
        with_keys("services: {vpn: {business: critical}}"),
        ["desk.yaml:19:28: `critical` is not known here; it is one of high, medium, low"],
    ),
    (
        with_keys("services: {vpn: {line: L7}}"),
        ["desk.yaml:19:24: there is no line `L7`; known are L1, L2, L3"],
    ),
    (
        with_keys("services: {vpn: high}"),
        ["desk.yaml:19:17: keys and values are wanted here, not the text `high`"],
    ),
    (
        with_keys("services: [vpn]"),
        ["desk.yaml:19:11: keys and values are wanted here, not a list"],
    ),
    (
        with_keys("services: {vpn: {impact: high}}"),
        ["desk.yaml:19:18: unknown key `impact`; known are business, line"],
    ),
    (
        ("    pause: [pending]\n", "    pause: [pending]\n    when: {service: erp}\nservices: {vpn: {}}\n"),
        [
            'desk.yaml:37:5: no service level matches everything: the last, "standard", must have no `when`',
            "desk.yaml:37:21: there is no service `erp`; known are vpn",
        ],
    ),
    # vips
    (
        with_keys("vips: [{business: high}]"),
        ["desk.yaml:19:8: say whose tickets: one of `address` and `domain` is wanted here"],
    ),
    (
        with_keys("vips: [{address: a@b.example, domain: b.example}]"),
        ["desk.yaml:19:8: say whose tickets: one of `address` and `domain` is wanted here"],
    ),
    (
        with_keys("vips: [{address: ceo}]"),
        ["desk.yaml:19:18: `ceo` is not an address; write it as support@example.org, without a name or brackets"],
    ),
    (
        with_keys('vips: [{domain: "@board.example"}]'),
        ["desk.yaml:19:17: a domain such as customer.example is wanted here"],
    ),
    (
        with_keys("vips: [{domain: board.example, business: hi}]"),
        ["desk.yaml:19:42: `hi` is not known here; did you mean `high`?"],
    ),
    (
        with_keys("vips: [{address: A@b.example}, {address: a@B.example}]"),
        ["desk.yaml:19:32: a@B.example stands here twice"],
    ),
    (
        with_keys("vips: ceo@customer.example"),
        ["desk.yaml:19:7: a list is wanted here, such as [ceo@customer.example], not the text `ceo@customer.example`"],
    ),
    # languages by domain
    (
        with_keys("languages_by_domain: {customer.dk: dk}"),
        ["desk.yaml:19:36: there is no language `dk`; known are en, it, da"],
    ),
    (
        with_keys("languages_by_domain: {customer.dk: Danish}"),
        ["desk.yaml:19:36: the code of a language, such as en, it or da, is wanted here"],
    ),
    (
        with_keys("languages_by_domain: {customer.dk: da, Customer.DK: en}"),
        ["desk.yaml:19:40: the domain Customer.DK stands here twice"],
    ),
    (
        with_keys('languages_by_domain: {"*.dk": da}'),
        ["desk.yaml:19:23: a domain such as customer.dk, or the end of one such as it, is wanted here"],
    ),
    (
        with_keys("languages_by_domain: [da]"),
        ["desk.yaml:19:22: keys and values are wanted here, not a list"],
    ),
]


@pytest.mark.parametrize(("change", "told"), WRONG)
def test_a_wrong_key_is_told_with_its_place(
    change: tuple[str, str], told: list[str], problems: Callable[..., list[str]]
) -> None:
    assert problems("desk.yaml", *change) == told


def _loaded(folder: Folder, *change: str) -> Settings:
    return config.load(folder("desk.yaml", *change))


TREE = """\
  network: {line: L2, sla: standard, urgency: high, checklist: {en: ["Look."]}}
  network/vpn: {service: vpn, impact: low, questions: {en: ["A?", "B?"]}, asks: [who]}
  network/vpn/home: {line: L3, questions: {en: ["C?"]}}
  network/lan/floor: {urgency: low}
  other: {parent: network/vpn, service: wifi}
  quiet: {parent: network/vpn, questions: {en: []}}
"""


def test_a_category_takes_what_it_does_not_say_from_the_one_above(folder: Folder) -> None:
    found = _loaded(folder, VPN, TREE).desk.categories
    vpn, home, floor, other = (
        found[path] for path in ("network/vpn", "network/vpn/home", "network/lan/floor", "other")
    )
    assert (vpn.line, vpn.service, vpn.impact, vpn.urgency, vpn.sla) == ("L2", "vpn", "low", "high", "standard")
    assert (home.line, home.service, home.impact, home.questions["en"], home.asks) == ("L3", "vpn", "low", ("C?",), ())
    assert (floor.line, floor.service, floor.urgency, floor.checklist["en"]) == ("L2", None, "low", ("Look.",))
    assert (other.line, other.service, other.asks) == ("L2", "wifi", ("who",))
    assert other.questions["en"] == ("A?", "B?")
    assert not found["quiet"].questions["en"]


def test_without_a_list_of_services_categories_name_them_as_they_like(folder: Folder) -> None:
    assert config.load(folder()).desk.categories["network/vpn"].service == "vpn"


def test_vips_and_languages_are_found_by_address(folder: Folder) -> None:
    keys = (
        "vips: [{address: CEO@Customer.example}, {domain: customer.example, business: low}]\n"
        "languages_by_domain: {example: en, customer.example: it, dk: da}"
    )
    desk = _loaded(folder, *with_keys(keys)).desk
    assert desk.business_of("ceo@customer.example") == "high"
    assert desk.business_of("other@mail.customer.example") == "low"
    assert desk.business_of("ceo@notcustomer.example") is None
    assert desk.language_of("x@mail.customer.example") == "it"
    assert desk.language_of("x@other.example") == "en"
    assert desk.language_of("x@dk.org") is None
    assert desk.language_of("") is None
