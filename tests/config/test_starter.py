"""What `maild init` writes is a working configuration, and its documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from maild import config, shipped
from maild.config.load import FILES
from maild.errors import MaildError, UnknownThing


def test_the_starter_loads_and_checks_clean(tmp_path: Path) -> None:
    config.init(tmp_path / "desk")
    found = config.load(tmp_path / "desk")
    assert config.check(found) == []
    assert len(found.secret.reveal()) == 64
    assert found.database == f"sqlite://{tmp_path}/desk/maild.db"
    assert sum(len(rule.tests) for rule in found.rules) >= 2


def test_the_secret_is_fresh_and_for_its_owner_alone(tmp_path: Path) -> None:
    secrets = []
    for name in ("one", "two"):
        files = config.init(tmp_path / name)
        assert [file.name for file in files] == [*FILES, "secret"]
        assert files[-1].stat().st_mode & 0o777 == 0o600
        secrets.append(files[-1].read_text())
    assert secrets[0] != secrets[1]


@pytest.mark.parametrize("name", [*FILES, "secret"])
def test_init_overwrites_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(MaildError, match=f"already has {name}; nothing was written"):
        config.init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_init_says_why_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MaildError, match="cannot write the configuration"):
        config.init(tmp_path / "file" / "desk")


def test_the_starter_can_be_read_by_yaml_1_1_too() -> None:
    """People's scripts change it with PyYAML: what that reads and writes must mean the same."""
    text = (shipped.folder("config") / "maild.yaml").read_text()
    assert not re.search(r":\s+(yes|no|on|off)\s*$", text, re.MULTILINE)


@pytest.mark.parametrize("name", FILES)
def test_every_line_of_the_starter_fits_the_screen(name: str) -> None:
    for line in (shipped.folder("config") / name).read_text().splitlines():
        assert len(line) <= 120, line


# -- the schema -------------------------------------------------------------------------------------------------------


def _keys(schema: dict[str, Any], node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(node, list):
        for each in node:
            found += _keys(schema, each, path)
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "properties":
                found += [(f"{path}.{name}", each) for name, each in value.items()]
            found += _keys(schema, value, f"{path}.{key}" if key != "properties" else path)
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_key_has_its_text_in_the_schema(name: str) -> None:
    schema = config.schema(name)
    keys = _keys(schema, schema)
    assert len(keys) > 10
    defs = schema["$defs"]
    texts = {
        path: each.get("description") or defs[each["$ref"].rpartition("/")[2]]["description"] for path, each in keys
    }
    assert [path for path, text in texts.items() if not text] == []


@pytest.mark.parametrize("name", ["maild.yaml", "desk.yaml"])
def test_every_key_of_the_schema_stands_in_the_starter(name: str) -> None:
    text = (shipped.folder("config") / name).read_text()
    schema = config.schema(name)
    ways_to_a_secret = {"file", "env", "command", "credential", "oauth2", "default"}
    names = {path.rpartition(".")[2] for path, _ in _keys(schema, schema)} - ways_to_a_secret
    assert sorted(key for key in names if not re.search(rf"\b{key}\b", text)) == []


def test_the_rules_of_the_starter_tell_every_condition_and_action() -> None:
    text = (shipped.folder("config") / "rules.yaml").read_text()
    schema = config.schema("rules.yaml")["$defs"]
    names = {*schema["when"]["properties"], *schema["then"]["properties"]}
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", text)) == []


def test_defaults_stand_in_the_schema_as_yaml_writes_them() -> None:
    schema = config.schema("maild.yaml")["$defs"]
    assert schema["Account"]["properties"]["poll"]["default"] == "1m"
    assert schema["Limits"]["properties"]["acknowledgements_per_sender"]["default"] == "3/day"


def test_there_is_no_schema_of_another_file() -> None:
    with pytest.raises(UnknownThing):
        config.schema("secret")
