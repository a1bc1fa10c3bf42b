"""The package as a whole: what it ships, what it depends on, how it is run as a service, and its house rules."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from maild import __version__, cli

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
UNIT = (ROOT / "systemd" / "maild.service").read_text("utf-8")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def name_of(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def imported() -> set[str]:
    """The top packages that maild imports."""
    found = set()
    for path in (ROOT / "maild").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"maild"}


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    core = {name_of(r) for r in PROJECT["project"]["dependencies"]}
    runtime = core | {name_of(r) for extra in ("demo", "postgres") for r in extras[extra]}
    of_module = importlib.metadata.packages_distributions()
    used = {name_of(d) for module in imported() for d in of_module.get(module, [module])}
    assert used <= runtime
    # read by zoneinfo; called as a program; loaded by peewee
    assert core - used == {"tzdata"}


def test_the_lock_holds_every_dependency_and_no_address() -> None:
    locked = {name_of(line) for line in LOCK.splitlines() if "==" in line}
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = {name_of(r) for group in (PROJECT["project"]["dependencies"], *extras) for r in group}
    assert wanted <= locked
    assert "://" not in LOCK
    assert "--" not in LOCK


def test_the_version_is_one_and_the_changelog_tells_of_it() -> None:
    assert PROJECT["project"]["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_top_of_the_project_holds_what_was_agreed() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    top = {line.partition("/")[0] for line in done.stdout.splitlines()}
    files = {"pyproject.toml", "README.md", "requirements.lock", "CHANGELOG.md", "LICENSE"}
    assert {name for name in top if not name.startswith(".")} <= files | {
        *("maild", "templates", "config", "systemd", "tests")
    }


def test_no_file_is_longer_than_400_lines() -> None:
    paths = [*(ROOT / "maild").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    long = {str(p.relative_to(ROOT)): n for p in paths if (n := len(p.read_text("utf-8").splitlines())) > 400}
    assert not {name for name in long if name.startswith("maild/")}, long


def test_the_wheel_ships_templates_and_configuration(tmp_path: Path) -> None:
    builder = pytest.importorskip("hatchling.builders.wheel")
    (wheel,) = builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True
    ).stdout
    for name in ("templates/layout.html.j2", "templates/da/words.json", "config/maild.yaml", "config/desk.yaml"):
        assert f"maild/_data/{name}" in listed
    assert "maild/desk/migrations/0001_initial.py" in listed
    assert "tests/" not in listed


# -- systemd ----------------------------------------------------------------------------------------------------------


def test_the_unit_agrees_with_the_program() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line and not line.startswith("#"))
    assert settings["Type"] == "notify"
    assert settings["ExecStart"].endswith("/maild --config /etc/maild run")
    assert int(settings["RestartPreventExitStatus"]) == cli.EX_CONFIG
    assert settings["Environment"] == "TZ=UTC"
    starter = (ROOT / "config" / "maild.yaml").read_text("utf-8")
    for name in re.findall(r"^LoadCredential=(\w+):", UNIT, re.MULTILINE):
        assert f"{{credential: {name}}}" in starter
    user = (ROOT / "systemd" / "sysusers.d" / "maild.conf").read_text("utf-8")
    assert f"u {settings['User']} " in user


def test_the_unit_is_well_formed_and_little_exposed() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = str(ROOT / "systemd" / "maild.service")
    verified = subprocess.run([program, "verify", unit], capture_output=True, text=True, check=False).stderr
    assert not [line for line in verified.splitlines() if "is not executable" not in line]
    command = [program, "security", "--offline=yes", "--threshold=20", unit]
    rated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-300:]  # 2.0 of 10
