"""The libraries that maild runs on, and the versions of them that a known hole forbids."""

from __future__ import annotations

import platform
import re
import ssl
from collections.abc import Iterator, Mapping
from importlib import metadata
from types import MappingProxyType

from maild.doctor.finding import Finding, ok, problem

# The first version without the hole, and what it is.
HOLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "aiosmtpd": ("1.4.6", "CVE-2024-34083 (commands before STARTTLS), CVE-2024-27305 (smuggled mails)"),
        "jinja2": ("3.1.6", "CVE-2025-27516 (a template leaves the sandbox)"),
        "lxml": ("4.9.1", "CVE-2022-2309 (a mail can end the process)"),
        "pydantic": ("2.4.0", "CVE-2024-3772 (a long address takes for ever)"),
    }
)


def installed() -> Iterator[Finding]:
    """One line for all that is well, and one for each that is not."""
    versions = _versions()
    yield ok("libraries", f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}, {_list(versions)}")
    for name, version in versions.items():
        fixed, hole = HOLES.get(name, ("0", ""))
        if _number(version) < _number(fixed):
            yield problem("libraries", f"{name} {version}: {hole}", f"pip install -U '{name}>={fixed}'")


def _versions() -> dict[str, str]:
    """What maild itself asks for, where it is installed."""
    found = {}
    for wanted in metadata.requires("maild") or ():
        name = re.split(r"[^\w.-]", wanted, maxsplit=1)[0].lower()
        if "extra ==" in wanted and "postgres" not in wanted:
            continue
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that was not asked for
    return dict(sorted(found.items()))


def _list(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
