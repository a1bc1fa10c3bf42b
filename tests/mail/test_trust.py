"""M7: whose word about the sender is believed."""

from __future__ import annotations

import pytest

from maild.mail import trust

MX = "mx.example.org"


@pytest.mark.parametrize(
    "value",
    [
        "mx.example.org; dmarc=pass (p=reject) header.from=customer.example",
        "mx.example.org 1; dmarc=pass header.from=customer.example",
        "MX.Example.ORG; spf=fail smtp.mailfrom=x.example; dmarc=pass header.from=Customer.example",
        "mx.example.org; dkim=pass header.d=customer.example header.s=k1",
        "mx.example.org; dkim=pass (2048-bit key) header.i=@mail.customer.example",
        "mx.example.org; dkim=fail header.d=customer.example; dkim=pass header.d=customer.example",
        "mx.example.org; spf=pass smtp.mailfrom=bounce@customer.example",
        'mx.example.org; dkim=pass reason="good; signature" header.d=customer.example',
    ],
)
def test_an_aligned_pass_of_the_pinned_server_counts(value: str) -> None:
    assert trust.authenticated([value], MX, "customer.example")[0] is True


@pytest.mark.parametrize(
    "value",
    [
        "evil.example; dmarc=pass header.from=customer.example",
        "mx.example.org.evil.example; dmarc=pass header.from=customer.example",
        "mx.example.org evil; dmarc=pass header.from=customer.example",
        "mx.example.org; none",
        "mx.example.org; dmarc=fail header.from=customer.example; spf=pass smtp.mailfrom=customer.example",
        "mx.example.org; dmarc=pass header.from=evil.example",
        "mx.example.org; dkim=pass header.d=evil.example",
        "mx.example.org; spf=pass smtp.mailfrom=x@evil.example",
        "mx.example.org; spf=softfail smtp.mailfrom=x@customer.example",
        "mx.example.org; spf=pass smtp.helo=customer.example",
        "mx.example.org; x=y (dmarc=pass header.from=customer.example)",
        'mx.example.org; x=y reason="; dmarc=pass header.from=customer.example"',
        'mx.example.org; x=y reason="; dmarc=pass header.from=customer.example',
        "mx.example.org; x=y ((; dmarc=pass header.from=customer.example",
        'mx.example.org; spf=pass smtp.mailfrom="a(b"@evil.example; x="); dmarc=pass header.from=customer.example"',
        'mx.example.org; spf=pass smtp.mailfrom="a\\"; dmarc=pass header.from=customer.example; b"@evil.example',
        'mx.example.org; dkim=pass reason="header.d=customer.example" header.d=evil.example',
        "dmarc=pass header.from=customer.example",
        "",
    ],
)
def test_anything_else_does_not(value: str) -> None:
    found, why = trust.authenticated([value], MX, "customer.example")
    assert found is False
    assert why


def test_only_the_topmost_block_counts() -> None:
    good, bad = f"{MX}; dmarc=pass header.from=customer.example", f"{MX}; dmarc=fail header.from=customer.example"
    assert trust.authenticated([good, bad], MX, "customer.example")[0] is True
    assert trust.authenticated([bad, good], MX, "customer.example")[0] is False
    assert trust.authenticated(["other.example; dmarc=fail", good], MX, "customer.example")[0] is False


def test_without_a_pinned_server_nobody_is_believed() -> None:
    good = f"{MX}; dmarc=pass header.from=customer.example"
    assert trust.authenticated([good], None, "customer.example")[0] is False
    assert trust.authenticated([good], "", "customer.example")[0] is False
    assert trust.authenticated([], MX, "customer.example")[0] is False
    assert trust.authenticated([good], MX, "")[0] is False


@pytest.mark.parametrize(
    "address",
    [
        '"ada@customer.example"@evil.example',
        '"a\\"@customer.example"@evil.example',
        f"{'a' * 388}@customer.example.evil.example",
        f"{'a' * 9000}@customer.example.evil.example",
    ],
)
@pytest.mark.parametrize("result", ["spf=pass smtp.mailfrom=", "dkim=pass header.i="])
def test_a_local_part_that_looks_like_an_address_vouches_for_nobody(result: str, address: str) -> None:
    """RFC 5321, 4.1.2: a local part may be quoted and hold anything; its domain is what stands at the very end."""
    assert trust.authenticated([f"{MX}; {result}{address}"], MX, "customer.example")[0] is False


def test_results_that_are_too_long_to_be_read_whole_are_not_believed() -> None:
    start = f"{MX}; {'dkim=none; ' * 725}"
    good = "spf=pass smtp.mailfrom=a@customer.example"
    padded = start + " " * (8_000 - len(start) - len(good)) + good + ".evil.example"
    assert trust.authenticated([padded], MX, "customer.example")[0] is False


def test_microsoft_names_no_server() -> None:
    value = (
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=customer.example; dkim=pass (signature was verified) "
        "header.d=customer.example;dmarc=pass action=none header.from=customer.example;compauth=pass reason=100"
    )
    assert trust.authenticated([value], trust.MICROSOFT, "customer.example")[0] is True
    assert trust.authenticated([value], MX, "customer.example")[0] is False
    assert trust.authenticated([f"{MX}; dmarc=pass"], trust.MICROSOFT, "customer.example")[0] is False


def test_alignment_is_up_and_down_but_never_sideways() -> None:
    assert trust.same_organisation("mail.customer.example", "customer.example")
    assert trust.same_organisation("customer.example", "mail.customer.example")
    assert not trust.same_organisation("customer.example", "another.example")
    assert not trust.same_organisation("x.onmicrosoft.com", "y.onmicrosoft.com")
    assert not trust.same_organisation("evilcustomer.example", "customer.example")
    assert not trust.same_organisation("co.uk", "customer.co.uk")
    assert not trust.same_organisation("example", "customer.example")
    assert not trust.same_organisation("", "")


@pytest.mark.parametrize(
    ("value", "authserv", "forged"),
    [
        (f"{MX}; dmarc=fail header.from=customer.example", MX, True),
        (f"{MX}; dmarc=pass header.from=evil.example; dmarc=fail header.from=customer.example", MX, True),
        ("spf=none; dmarc=fail action=none header.from=customer.example", trust.MICROSOFT, True),
        (f"{MX}; dmarc=pass header.from=customer.example", MX, False),
        (f"{MX}; dmarc=none", MX, False),
        ("other.example; dmarc=fail", MX, False),
        (f"{MX}; x=y (dmarc=fail)", MX, False),
        (f"{MX}; dmarc=fail", None, False),
        (f"{MX}; dmarc=fail", " ", False),
        # what the sender chose makes it unreadable: then the word alone is enough
        (f'{MX}; spf=pass smtp.mailfrom="a@evil.example; dmarc=fail header.from=customer.example', MX, True),
        (f"{MX}; spf=pass smtp.mailfrom=a(b@evil.example; dmarc=fail header.from=customer.example", MX, True),
        (f"{MX}; spf=pass smtp.mailfrom={'a' * 9_000}@evil.example; dmarc=fail", MX, True),
        (f"spf=pass smtp.mailfrom={'a' * 9_000}@evil.example; dmarc=fail", trust.MICROSOFT, True),
        (f"other.example; x=({'a' * 9_000}; dmarc=fail", MX, False),
    ],
)
def test_a_from_that_the_server_calls_forged_is_known(value: str, authserv: str | None, forged: bool) -> None:
    assert trust.refuted([value], authserv) is forged
