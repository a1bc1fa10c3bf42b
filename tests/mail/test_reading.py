"""B51 to B59: any bytes become a Mail that says what they say."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maild.mail import reading
from maild.mail.reading import ReadSettings
from tests.mail.letters import LETTERS, SETTINGS, letter, mail, raw, squeezed


def test_a_plain_mail_is_read() -> None:
    one = letter("plain")
    assert one.sender is not None
    assert (one.sender.name, one.sender.address) == ("Carla Bruni", "carla@customer.example")
    assert one.subject == "VPN is down"
    assert one.text == "Nothing works since Monday.\nPlease help.\n"
    assert one.reply == "Nothing works since Monday.\nPlease help."
    assert one.date == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert (one.kind, one.answerable, one.truncated, one.defects, one.language) == ("human", True, False, (), "en")
    assert [to.address for to in one.to] == ["support@example.org"]


@pytest.mark.parametrize("name", sorted(path.stem for path in LETTERS.glob("*.eml")))
def test_every_letter_can_be_stored_and_printed(name: str) -> None:
    found = reading.read(raw(name), SETTINGS)
    text = json.dumps(reading.as_json(found, name), ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    assert squeezed(found.mail.reply + found.mail.elided) != "" or not found.mail.text.strip()
    assert pickle.loads(pickle.dumps(found)) == found


def test_the_json_has_the_keys_of_the_contract() -> None:
    found = reading.as_json(reading.read(raw("bounce-failed"), SETTINGS), "x")
    assert list(found) == [
        *("source", "message_id", "in_reply_to", "references", "date", "from", "reply_to", "to", "cc", "subject"),
        *("text", "reply", "elided", "language", "kind", "bounce", "attachments", "authentication", "truncated"),
        "defects",
    ]
    assert set(found["bounce"]) == {"action", "status", "recipients", "original_message_id", "diagnostic"}
    assert found["authentication"] == {"from_ok": True, "why": "one mailbox"}
    assert set(found["attachments"][0]) == {"name", "type", "size", "sha256", "content_id", "inline"}


def test_what_is_missing_stops_nothing() -> None:
    one = letter("no-from-no-subject-no-date-no-message-id")
    assert (one.sender, one.subject, one.date, one.message_id) == (None, "", None, None)
    assert one.text == "It is broken again.\n"
    assert letter("empty-body").text == ""
    assert "printer is broken" in letter("no-header-at-all").text


def test_a_from_that_shows_somebody_else_is_refused_but_shown() -> None:
    one = letter("from-names-the-agent-in-front")
    assert (one.sender, one.from_ok) == (None, False)
    assert one.claimed is not None
    assert one.claimed.address == "mallory@evil.example"
    assert letter("two-from-fields").from_ok is False


@pytest.mark.parametrize("name", ["cr-only-line-ends", "lf-only-line-ends"])
def test_line_ends_are_what_they_are(name: str) -> None:
    assert letter(name).text == "One.\nTwo.\n"


def test_charsets_of_the_body_and_of_raw_headers() -> None:
    one = letter("latin-1-in-raw-headers")
    assert one.subject == "Fakturaen mangler momslængden"
    assert one.sender is not None
    assert one.sender.name == "Søren Kjær"
    assert one.text == "Blåbærgrød\n"
    assert letter("windows-1252-called-latin-1").text == "“Perchè” costa 5 €\n"
    unknown = letter("unknown-charset")
    assert unknown.text == "È rotto\n"
    assert any("unknown charset" in what for what in unknown.defects)
    assert letter("utf-16-text").text == "Hej, årsabonnement\n"
    assert letter("iso-2022-jp-with-microsofts-letters").text == "①日本\n"
    assert letter("nul-and-bom-in-the-body").text == "a\ufffdb\n"
    assert letter("subject-word-split-inside-a-letter").subject == "Årsag: blå"


def test_bidi_and_invisible_characters_are_shown_in_names_subjects_and_files() -> None:
    one = letter("bidi-in-name-subject-and-file")
    assert one.subject == "invoice<U+202E>fdp.exe"
    assert one.sender is not None
    assert one.sender.name == "Ad<U+200B>a"
    assert one.attachments[0].name == "photo<U+202E>gnp.exe"


def test_names_of_attachments_are_names() -> None:
    assert letter("attachment-name-in-rfc2231-pieces").attachments[0].name == "faktura ;æøå.pdf"
    assert letter("attachment-name-is-a-path").attachments[0].name == "passwd"
    assert letter("winmail-dat").attachments[0].type == "application/ms-tnef"
    one = letter("uuencoded-inside-the-text")
    assert [(file.name, file.size) for file in one.attachments] == [("cat.txt", 3)]
    assert "0V%T" not in one.text
    assert "Thanks" in one.text
    alone = letter("attachment-and-no-text")
    assert (alone.text, [file.name for file in alone.attachments]) == ("", ["scan.pdf"])


def test_files_are_handed_on_up_to_their_limit() -> None:
    name = "attachment-name-in-rfc2231-pieces"
    assert [file.data for file in reading.read(raw(name), SETTINGS).files] == [b"%PDF-"]
    assert reading.read(raw(name), ReadSettings(files_total=3)).files == ()


def test_html_becomes_what_a_reader_would_see() -> None:
    text = letter("only-html").text
    assert "Ciao, è rotto." in text
    assert "https://bank.example <https://evil.example/login>" in text
    assert "uno" in text
    for hidden in ("alert", "color", "preheader"):
        assert hidden not in text
    assert "charged twice" in letter("plain-part-says-it-is-html").text


def test_the_quote_of_an_html_reply_is_found() -> None:
    one = letter("gmail-reply-in-html")
    assert one.reply == "It works now, thank you."
    assert "> Did you restart it?" in one.elided
    assert letter("outlook-reply-in-html").reply == "Det virker nu, tak."


def test_broken_mime_loses_no_text() -> None:
    assert letter("unclosed-multipart").text == "hello\n\nsecond\n"
    assert "a multipart that is not closed" in letter("unclosed-multipart").defects
    assert letter("bad-base64").text.startswith("Hello there, all is l")
    assert "bad base64" in letter("bad-base64").defects


def test_flowed_lines_are_joined_but_signature_and_quote_stay_apart() -> None:
    assert letter("format-flowed").text == "This is one paragraph.\n\n> quoted text\n-- \nCarla\n"


def test_our_own_header_fields_count_for_nothing_in_foreign_mail() -> None:
    one = letter("x-maild-headers-of-a-forger")
    assert one.instance_marks == ("desk.example.org",)
    assert one.kind == "loop"


def test_what_is_sealed_is_said() -> None:
    assert letter("encrypted-by-pgp").sealed == "pgp"
    assert mail("Subject: x", body="-----BEGIN PGP MESSAGE-----\r\nxx\r\n").sealed == "pgp"
    assert letter("plain").sealed is None


def test_recipients_and_the_envelope() -> None:
    one = mail(
        "Return-Path: <>", "Delivered-To: support@example.org", "X-Original-To: desk@example.org", "Cc: a@x.example"
    )
    assert (one.return_path, one.delivered_to) == ("", ("support@example.org", "desk@example.org"))
    assert letter("plain").return_path is None


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (b"x" * 1_001, "mail over 1000 bytes"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 10, "more than 5 parts"),
        (b"X: y\n" * 12, "more than 10 header fields"),
        (b"X: " + b"y" * 300 + b"\n", "x over 200 bytes"),
    ],
)
def test_above_a_limit_the_header_alone_is_read(data: bytes, limit: str) -> None:
    small = ReadSettings(size=1_000, parts=5, headers=10, header=200)
    found = reading.read(b"From: carla@customer.example\nSubject: hello\n" + data + b"\n\nx", small).mail
    assert found.truncated
    assert any(limit in what for what in found.defects)
    assert (found.subject, found.text) == ("hello", "")


def test_too_deep_is_a_limit_too() -> None:
    nested = b"From: a@b.example\n"
    for level in range(30):
        nested += b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
    assert "parts more than 20 deep" in reading.read(nested + b"\nx", SETTINGS).mail.defects


def test_long_text_is_cut_and_said_so() -> None:
    found = reading.read(b"From: a@b.example\n\n" + b"word " * 1_000, ReadSettings(text=100)).mail
    assert (len(found.text), found.truncated) == (100, True)


def test_a_header_only_reading_says_why() -> None:
    found = reading.read_header(raw("plain"), SETTINGS, "the reader took longer than 20 s").mail
    assert (found.subject, found.text, found.truncated) == ("VPN is down", "", True)
    assert "the reader took longer than 20 s" in found.defects


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n", b"Subject: =?utf-8?q?"]),
)
def test_no_bytes_raise(data: bytes, front: bytes) -> None:
    found = reading.read(b"From: a@b.example\n" + front + data, SETTINGS)
    json.dumps(reading.as_json(found, "x"), ensure_ascii=False).encode()
    assert sorted(squeezed(found.mail.text)) == sorted(squeezed(found.mail.reply + found.mail.elided))
