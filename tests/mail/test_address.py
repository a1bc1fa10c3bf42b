"""M7, B57: From is judged strictly, the rest is read as well as it goes."""

from __future__ import annotations

import pytest

from maild.mail import address
from maild.mail.message import Address


@pytest.mark.parametrize(
    ("value", "name", "spec"),
    [
        ("carla@customer.example", "", "carla@customer.example"),
        ("<carla@customer.example>", "", "carla@customer.example"),
        ("Carla Bruni <carla@customer.example>", "Carla Bruni", "carla@customer.example"),
        ('"Bruni, Carla" <carla@customer.example>', "Bruni, Carla", "carla@customer.example"),
        ("=?utf-8?q?S=C3=B8ren?= Kj <s@c.example>", "Søren Kj", "s@c.example"),
        ("Søren <s@c.example>", "Søren", "s@c.example"),
        ("J. R. Smith <j@c.example>", "J. R. Smith", "j@c.example"),
        ("carla@customer.example (Carla)", "Carla", "carla@customer.example"),
        ('"carla@customer.example" <carla@customer.example>', "carla@customer.example", "carla@customer.example"),
        ("O'Brien <o'brien+x@c.example>", "O'Brien", "o'brien+x@c.example"),
        ("root <root@localhost>", "root", "root@localhost"),
    ],
)
def test_one_mailbox_is_accepted(value: str, name: str, spec: str) -> None:
    assert address.strict([value.encode()])[0] == Address(name, spec)


@pytest.mark.parametrize(
    "value",
    [
        "ada@example.org <mallory@evil.example>",
        '"ada@example.org" <mallory@evil.example>',
        '"Ada <ada@example.org>" <mallory@evil.example>',
        "=?utf-8?q?ada=40example=2Eorg?= <mallory@evil.example>",
        "ada＠example.org <mallory@evil.example>",
        "ada @ example.org <mallory@evil.example>",
        "a\u200bda@example.org <mallory@evil.example>",
        "<ada@example.org> <mallory@evil.example>",
        "<mallory@evil.example> ada@example.org",
        "ada@example.org, mallory@evil.example",
        "ada@example.org: mallory@evil.example;",
        "agents: ada@example.org;",
        "<@example.org:mallory@evil.example>",
        "<ada@example.org:mallory@evil.example>",
        "ada@example.org@evil.example",
        "mallory@evil.example (ada@example.org)",
        "ada@example.org (<mallory@evil.example>)",
        "Ada (x (y)) <mallory@evil.example>",
        "ada(@evil.example)@example.org",
        '"ada@example.org"@evil.example',
        "ada@[192.0.2.1]",
        "<ada@example.org",
        'Ada" <ada@example.org>',
        "=?utf-8?q?ada=40example.org?=",
        "<=?utf-8?q?ada?=@example.org>",
        "ada@example.org\0@evil.example",
        "ada@exam ple.org",
        "ada@example..org",
        "Ada",
        "<>",
        "",
        "ada@example.org\u202e",
        "x" * 3_000 + "@example.org",
    ],
)
def test_what_two_programs_could_read_in_two_ways_is_refused(value: str) -> None:
    found, why = address.strict([value.encode()])
    assert found is None
    assert len(why) > 8


def test_two_fields_and_none_are_refused() -> None:
    assert address.strict([b"ada@example.org", b"ada@example.org"])[1] == "there are 2 From fields"
    assert address.strict([])[0] is None


def test_the_canonical_form_folds_case_and_idna_but_no_look_alikes() -> None:
    assert address.canonical(" Carla@Customer.EXAMPLE ") == "carla@customer.example"
    assert address.canonical("a@BLÅBÆR.example") == address.canonical("a@xn--blbr-roah.example")
    assert address.canonical("mike@x.example") != address.canonical("mıke@x.example")
    assert address.canonical("\u212aim@x.example") != address.canonical("kim@x.example")
    assert address.canonical("a@straße.example") != address.canonical("a@strasse.example")
    assert address.canonical("jose\u0301@x.example") == address.canonical("José@x.example")
    assert address.domain("a@X.Example") == "x.example"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@x.example, B <b@x.example>", [("", "a@x.example"), ("B", "b@x.example")]),
        ('"B, C" <b@x.example>; d@x.example', [("B, C", "b@x.example"), ("", "d@x.example")]),
        (
            "team: a@x.example, B <b@x.example>;, c@x.example",
            [("", "a@x.example"), ("B", "b@x.example"), ("", "c@x.example")],
        ),
        ("undisclosed-recipients:;", []),
        ("a@x.example (Ann)", [("Ann", "a@x.example")]),
        ("=?utf-8?q?A=2C_B?= <a@x.example>", [("A, B", "a@x.example")]),
        ("<@r.example:a@x.example>", [("", "a@x.example")]),
        ('"open <a@x.example>', [('" open', "a@x.example")]),
        ("Ann <a@x.example", [("Ann", "a@x.example")]),
        ("just words", []),
    ],
)
def test_lists_are_read_as_well_as_they_can_be(value: str, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in address.parse_list(value)] == found
