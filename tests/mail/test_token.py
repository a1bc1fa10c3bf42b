"""Reply tokens (B2, B3): bound to ticket, person, visibility and instance; found wherever a provider left them."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.mail import token
from maild.mail.token import Mint

TODAY = date(2026, 11, 24)
MINT = Mint("desk.example.org", b"a secret of sixteen bytes or more")
TOKEN = MINT.sign(7, 3, internal=False, today=TODAY)


def test_a_token_says_what_it_was_made_for() -> None:
    assert MINT.read(TOKEN, TODAY) == token.Token(7, 3, False, TODAY)
    inside = MINT.sign(2**32 - 1, 2**32 - 1, internal=True, today=TODAY)
    assert MINT.read(inside, TODAY) == token.Token(2**32 - 1, 2**32 - 1, True, TODAY)


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize(("given", "read"), [(0, 0), (1, 1), (127, 127), (128, 0), (300, 44)])
def test_a_token_says_of_which_generation_it_is(given: int, read: int, internal: bool) -> None:
    """A person's generation is counted up when their tokens are revoked (B2)."""
    found = MINT.read(MINT.sign(7, 3, internal=internal, today=TODAY, generation=given), TODAY)
    assert found == token.Token(7, 3, internal, TODAY, read)


def test_no_bit_of_the_flags_can_be_turned() -> None:
    """Neither the visibility nor the generation is anybody's to choose."""
    raw = bytearray(base64.b32decode(TOKEN.upper() + "===="))
    for bit in range(8):
        raw[8] ^= 1 << bit
        assert MINT.read(base64.b32encode(raw).decode().rstrip("=").lower(), TODAY) is None
        raw[8] ^= 1 << bit
    assert MINT.read(base64.b32encode(raw).decode().rstrip("=").lower(), TODAY) is not None


def test_a_token_fits_into_a_local_part_in_any_case() -> None:
    """RFC 5321, 4.5.3.1.1: 64 characters; some servers fold the case."""
    assert len(TOKEN) == token.LENGTH
    assert len(f"support+{TOKEN}") <= 64
    assert TOKEN.lower() == TOKEN
    assert MINT.find(TOKEN.upper(), TODAY) == MINT.read(TOKEN, TODAY)


@pytest.mark.parametrize(
    "other",
    [
        Mint("other.example.org", b"a secret of sixteen bytes or more"),
        Mint("desk.example.org", b"another secret of 16"),
    ],
)
def test_another_instance_or_secret_reads_none_of_it(other: Mint) -> None:
    assert other.read(TOKEN, TODAY) is None


def test_each_bit_counts() -> None:
    """But for the last letter's that base32 does not use: no token is another person's by a change of letters."""
    for i in range(len(TOKEN) - 1):
        for letter in "a7":
            changed = TOKEN[:i] + letter + TOKEN[i + 1 :]
            if changed != TOKEN:
                assert MINT.read(changed, TODAY) is None


def test_a_token_expires() -> None:
    assert MINT.read(TOKEN, TODAY + token.LIFETIME) is not None
    assert MINT.read(TOKEN, TODAY + token.LIFETIME + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "text",
    [
        f"support+{TOKEN}@example.org",
        f"mailto:support%2B{TOKEN.upper()}%40example.org",
        f"<{TOKEN}.abcdef@desk.example.org>",
        f"[INC-7 · {TOKEN}]",
        f"> [INC-7 · {TOKEN}]",
        f"{'a' * 44} {TOKEN}",
        TOKEN,
    ],
)
def test_a_token_is_found_wherever_it_stands(text: str) -> None:
    found = MINT.find(text, TODAY)
    assert found is not None
    assert found.ticket == 7


@pytest.mark.parametrize("text", ["", "a" * 44, f"a{TOKEN}", f"{TOKEN}b", TOKEN[:-1], TOKEN[:20] + "\n" + TOKEN[20:]])
def test_what_is_no_token_is_not_found(text: str) -> None:
    assert MINT.find(text, TODAY) is None


def test_a_text_can_be_freed_of_tokens_and_of_nothing_else() -> None:
    other = "a" * 44
    assert MINT.blank(f"x {TOKEN} y {TOKEN.upper()} {other}", TODAY) == f"x … y … {other}"
    assert MINT.blank("nothing here", TODAY) == "nothing here"


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    assert MINT.read(text, TODAY) is None
    assert MINT.find(text, TODAY) is None


# -- guesses ---------------------------------------------------------------------------------------------------------

GUESSES = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def test_nobody_guesses_a_token(record_property: Callable[[str, object], None]) -> None:
    """Random letters, random proofs under a genuine beginning, and one bit turned of a genuine token.

    At the rate that is printed, without any network between, 2^128 proofs take longer than there is time.
    """
    dice = random.Random(7)
    guesses = ["".join(dice.choices(_LETTERS, k=token.LENGTH)) for _ in range(GUESSES)]
    guesses += [TOKEN[:18] + "".join(dice.choices(_LETTERS, k=token.LENGTH - 18)) for _ in range(GUESSES)]
    begun = time.perf_counter()
    assert not any(MINT.read(guess, TODAY) for guess in guesses if guess != TOKEN)
    rate = len(guesses) / (time.perf_counter() - begun)
    raw = base64.b32decode(TOKEN.upper() + "====")
    for bit in range(len(raw) * 8):
        turned = bytearray(raw)
        turned[bit // 8] ^= 1 << bit % 8
        assert MINT.read(base64.b32encode(turned).decode().rstrip("=").lower(), TODAY) is None
    record_property("guesses a second", round(rate))
    print(f"{rate:,.0f} guesses a second on one core")
