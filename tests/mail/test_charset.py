"""B51, B57: bytes to text, and text to one clean line."""

from __future__ import annotations

import pytest

from maild.mail import charset


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        ("blåbærgrød".encode(), "utf-8", "blåbærgrød"),
        ("blåbærgrød".encode("latin-1"), "iso-8859-1", "blåbærgrød"),
        (b"\x93Perch\xe9\x94 \x80", "iso-8859-1", "“Perché” €"),
        ("镕".encode("gb18030"), "gb2312", "镕"),
        ("똠방각하".encode("cp949"), "ks_c_5601-1987", "똠방각하"),
        ("①".encode("cp932"), "shift_jis", "①"),
        (b"\x1b$B-!F|K\\\x1b(B", "iso-2022-jp", "①日本"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("€".encode("iso-8859-15"), "ISO-8859-15", "€"),
    ],
)
def test_the_declared_charset_counts_then_what_is_meant_by_it(data: bytes, declared: str, text: str) -> None:
    assert charset.decode(data, declared) == (text, None)


def test_a_declaration_that_fits_is_not_overruled() -> None:
    assert charset.decode("Ã©".encode("cp1252"), "windows-1252")[0] == "Ã©"


@pytest.mark.parametrize(
    "declared", [None, "us-ascii", "x-unknown-8bit", "unicode_escape", "rot13", "\0", "a" * 5_000, "idna"]
)
def test_without_a_useful_declaration_utf_8_is_tried_then_windows_1252(declared: str | None) -> None:
    assert charset.decode("però".encode(), declared)[0] == "però"
    assert charset.decode("però".encode("cp1252"), declared)[0] == "però"


def test_one_broken_letter_does_not_turn_utf_8_into_something_else() -> None:
    data = "Søren spørger på dansk om æbler".encode()
    assert charset.decode(data[:-4] + b"\xc3", "utf-8")[0].startswith("Søren spørger på dansk")


def test_what_comes_out_can_be_stored() -> None:
    text, _ = charset.decode(b"a\0b\xed\xa0\x80c", "utf-8")
    assert "\0" not in text
    assert charset.clean("a\udcffb\ud83d\ude00") == "a\ufffdb😀"
    text.encode()


@pytest.mark.parametrize(
    "mark", [b"\xef\xbb\xbf" + "è".encode(), "\ufeffè".encode("utf-16"), "\ufeffè".encode("utf-16-be")]
)
def test_a_byte_order_mark_is_read_and_taken_away(mark: bytes) -> None:
    assert charset.decode(mark)[0] == "è"


def test_bidi_and_invisible_characters_are_shown_as_what_they_are() -> None:
    assert charset.line("photo\u202egnp.exe") == "photo<U+202E>gnp.exe"
    assert charset.line("A\u200bda\u00ad\x07") == "A<U+200B>da<U+00AD><U+0007>"
    assert charset.line("  two\r\n\tlines ") == "two lines"


def test_emoji_and_scripts_that_need_joiners_stay_whole() -> None:
    for text in ("❤️ love", "👩‍💻 works", "می‌خواهم"):
        assert charset.line(text) == text
