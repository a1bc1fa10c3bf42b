"""The commands. Errors are one line of plain words on stderr; exit codes as interface.md has them."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import structlog

from maild import __version__
from maild.errors import MaildError

EX_NOT_WELL, EX_USAGE, EX_TEMPFAIL, EX_CONFIG = 1, 2, 75, 78

F = TypeVar("F", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True)
@click.version_option(__version__, prog_name="maild")
@click.option("--config", "folder", type=click.Path(path_type=Path), help="The configuration folder.")
@click.pass_context
def cli(context: click.Context, folder: Path | None) -> None:
    """A service desk that lives in a mailbox.

    Begin with `maild demo` to see it at work, or with `maild init DIR` to set it up. Completion for your shell:
    eval "$(_MAILD_COMPLETE=bash_source maild)"

    Example: maild --config /etc/maild check
    """
    context.obj = folder
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def with_folder(function: F) -> F:
    """Give a command its folder: --config before or after its name, MAILD_CONFIG, ./config, /etc/maild."""

    @click.option("--config", "folder", type=click.Path(path_type=Path), help="The configuration folder.")
    @click.pass_context
    @wraps(function)
    def command(context: click.Context, /, folder: Path | None, **more: Any) -> Any:
        chosen = folder or context.find_root().obj or os.environ.get("MAILD_CONFIG")
        if chosen is None:
            chosen = next((p for p in (Path("config"), Path("/etc/maild")) if (p / "maild.yaml").exists()), "config")
        return function(folder=Path(chosen), **more)

    return command  # type: ignore[return-value]  # the wrapper takes one option more


def main() -> NoReturn:
    """Run a command. What a user can cause ends in one line, not in a traceback."""
    from maild.config import ConfigError

    # `schedule` counts in naive local time, so a change to summer time would stop it for an hour
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        cli(prog_name="maild", standalone_mode=False)
    except ConfigError as e:
        for problem in e.problems:
            click.echo(str(problem), err=True)
        sys.exit(EX_CONFIG)
    except MaildError as e:
        click.echo(f"maild: {e}", err=True)
        sys.exit(EX_NOT_WELL if e.permanent else EX_TEMPFAIL)
    except click.exceptions.NoArgsIsHelpError as e:  # a group without a command: its help is the answer
        click.echo(e.format_message(), err=True)
        sys.exit(EX_USAGE)
    except click.ClickException as e:
        click.echo(f"maild: {e.format_message()}", err=True)
        if isinstance(e, click.UsageError) and e.ctx is not None:
            click.echo(f"See: {e.ctx.command_path} --help", err=True)
        sys.exit(e.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as e:
        click.echo(f"maild: {f'{e.filename}: ' if e.filename else ''}{e.strerror or e}", err=True)
        sys.exit(EX_NOT_WELL)
    sys.exit(0)


def set_up_logging(level: str, as_json: bool) -> None:
    """Structured lines on stderr: JSON for machines, words for people. Line breaks in values are shown as \\n (M8)."""
    numeric = getattr(logging, level.upper())
    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _without_control,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def _without_control(logger: Any, name: str, event: Any) -> Any:
    """What a mail says must not make a log line of its own, nor move the cursor of who reads it."""
    return {key: _visible(value) for key, value in event.items()}


def _visible(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)


_COMMANDS = "checking doctor levels looking reporting ruling running templating tokens waiting"
for _file in _COMMANDS.split():  # each adds its commands as it is imported
    importlib.import_module(f"maild.cli.{_file}")
