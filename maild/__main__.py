"""`maild`, and `python -m maild`."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """The program. Imported only here: the child that reads mails runs this module again, and needs none of it."""
    from maild.cli import main as run

    run()


if __name__ == "__main__":
    main()
