"""Real mails that nobody here wrote: none stops the reading, and what others read in them is read here."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any

import pytest

from maild.mail import reading
from tests.mail.letters import CORPORA, SETTINGS, corpus


def test_no_mail_of_any_set_is_left_unread() -> None:
    corpus()
    paths = [p for p in CORPORA.rglob("*") if p.suffix in {".eml", ".txt"}]
    for path in paths:
        found = reading.read(path.read_bytes(), SETTINGS)
        json.dumps(reading.as_json(found, path.name), ensure_ascii=False).encode()
        assert not any("could not be read" in what for what in found.mail.defects), path


def _value(part: dict[str, Any], name: str) -> Any:
    return next((h["value"] for h in part["headers"] if h["name"] == name), None)


def test_the_full_parses_of_stalwart_agree() -> None:
    folder = corpus("stalwart-mail-parser", "resources", "eml")
    total = subjects = texts = attachments = 0
    for path in sorted(folder.glob("*/*.eml")):
        wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found = reading.read(path.read_bytes(), SETTINGS).mail
        root = wanted["parts"][0]
        total += 1
        subject = (_value(root, "subject") or {}).get("Text") or ""
        subjects += "\ufffd" in subject or subject.split() == found.subject.split()
        bodies = [wanted["parts"][i]["body"].get("Text", "") for i in wanted["text_body"]]
        texts += all(word in found.text for word in "".join(bodies)[:300].split() if "\ufffd" not in word)
        attachments += len(wanted["attachments"]) == len(found.attachments)
    assert total > 50
    assert subjects == total
    assert texts / total > 0.9
    assert attachments / total > 0.85


@pytest.mark.parametrize("folder", ["mime_emails", "attachment_emails", "multi_charset", "plain_emails", "rfc6532"])
def test_the_standard_library_sees_the_same_attachments_in_sound_mails(folder: str) -> None:
    total = same = 0
    for path in sorted(corpus("mikel-mail", "spec", "fixtures").rglob(f"{folder}/*.eml")):
        raw = path.read_bytes()
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        wanted = {part.get_filename() for part in message.walk() if part.get_content_disposition() == "attachment"}
        found = {one.name for one in reading.read(raw, SETTINGS).mail.attachments}
        total += 1
        same += len(found) >= len(wanted - {None})
    assert same == total
