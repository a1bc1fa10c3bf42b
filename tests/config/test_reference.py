"""The reference of all keys is made of what `load` goes by, and the one in the repository is that of today."""

from __future__ import annotations

import json
import re

import pytest

from maild import config, shipped
from maild.config import reference
from maild.config.load import FILES


def test_the_reference_in_the_repository_is_that_of_this_version() -> None:
    written = (shipped.folder("config") / "REFERENCE.md").read_text("utf-8")
    assert written == reference.markdown(FILES), "write it anew: maild schema --text > config/REFERENCE.md"


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_the_schema_has_a_row_with_what_it_is(file: str) -> None:
    text = reference.markdown([file])
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \| .+ \| .* \| .* \|$", text, re.MULTILINE)
    told = {path.rpartition(".")[2].removesuffix("[]") for path, _ in rows}
    keys = set()

    def gather(node: object) -> None:
        if isinstance(node, dict):
            for key, each in node.items():
                if key == "properties":
                    keys.update(each)
                for inner in each.values() if key in ("properties", "$defs") else [each]:
                    gather(inner)
        elif isinstance(node, list):
            for each in node:
                gather(each)

    gather(config.schema(file))
    assert keys - told == set()
    assert [path for path, what in rows if not what.strip()] == []
    assert len({path for path, _ in rows}) == len(rows)


def test_a_row_says_what_is_needed_what_holds_without_it_and_an_example() -> None:
    text = reference.markdown(["maild.yaml"])
    example = "| text such as `desk.example.org` | it is needed | `desk.example.org` |"
    assert example in text
    assert "| `limits.size` | The largest mail that is read in full; else its header alone. " in text
    assert "| `accounts[].imap.tls` | " in text
    assert "| `implicit`, `starttls` or `none` | `implicit` | `implicit` |" in text
    assert "| as `secret` or `null` | `null` |  |" in text


def test_a_rule_that_holds_rules_is_told_once() -> None:
    text = reference.markdown(["rules.yaml"])
    assert "| `rules[].when.not` | These do not all hold. | as `rules[].when` |" in text
    assert len(re.findall(r"`rules\[\]\.when\.(?:not|any|all)[.\[]", text)) == 0


def test_the_schema_keeps_a_key_that_is_called_default() -> None:
    assert "default" in json.dumps(config.schema("desk.yaml")["$defs"]["PrioritySection"]["properties"])
