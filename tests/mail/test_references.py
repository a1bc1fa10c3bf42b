"""B10, B11: which mail this is and which it answers."""

from __future__ import annotations

import pytest

from maild.mail import reading, references
from tests.mail.letters import SETTINGS, letter, mail, raw


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x> <b@x>", ("a@x", "b@x")),
        ("<a@x>,<b@x>", ("a@x", "b@x")),
        ("<a@x>\r\n\t<b@x>", ("a@x", "b@x")),
        ("a@x b@x", ("a@x", "b@x")),
        ("<a@x", ("a@x",)),
        ("<a\r\n b@x>", ("ab@x",)),
        ("<a@x> <a@x>", ("a@x",)),
        ("Your message of Monday <a@x>", ("a@x",)),
        ("nothing", ()),
        ("<>", ()),
    ],
)
def test_ids_survive_what_senders_do_to_them(value: str, ids: tuple[str, ...]) -> None:
    assert references.message_ids(value) == ids


def test_long_threads_keep_their_beginning_and_their_end() -> None:
    ids = references.message_ids(" ".join(f"<{i}@x>" for i in range(100)))
    assert ids == tuple(f"{i}@x" for i in (*range(4), *range(80, 100)))


def test_a_mail_without_id_gets_the_same_one_each_time() -> None:
    one = letter("no-from-no-subject-no-date-no-message-id")
    assert one.message_id is None
    assert one.derived_id == letter("no-from-no-subject-no-date-no-message-id").derived_id
    assert one.derived_id != mail(body="something else").derived_id


def test_a_list_copy_says_the_same_as_a_direct_copy() -> None:
    direct = raw("plain")
    footer = b"\r\n_______________________________________________\r\nUsers mailing list\r\nhttps://lists.example/listinfo/users\r\n"
    copy = b"Received: from lists.example\r\nList-Id: <users.lists.example>\r\n" + direct + footer
    copy = copy.replace(b"Subject: VPN", b"Subject: [Users] VPN")
    one, two = (reading.read(data, SETTINGS).mail for data in (direct, copy))
    assert one.content_digest == two.content_digest
    other = reading.read(direct.replace(b"Monday", b"Friday"), SETTINGS).mail
    assert other.content_digest != one.content_digest


def test_the_attachments_count_too() -> None:
    one = raw("attachment-name-in-rfc2231-pieces")
    two = one.replace(b"JVBERi0=", b"JVBERi0x")
    assert reading.read(one, SETTINGS).mail.content_digest != reading.read(two, SETTINGS).mail.content_digest
