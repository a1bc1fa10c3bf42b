"""Where the files that maild ships lie: the starter configuration and the templates."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal


def folder(name: Literal["templates", "config"]) -> Path:
    """The folder in the installed package, or of the checkout where maild runs from one (an editable install)."""
    package = Path(str(resources.files("maild")))
    inside = package / "_data" / name
    return inside if inside.is_dir() else package.parent / name
