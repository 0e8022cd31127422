"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from counterseal.cli.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])


def _debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Session).debug = True


debug_option = click.option(
    "--debug", is_flag=True, is_eager=True, expose_value=False, callback=_debug, help="Show a traceback when something fails."
)
path_argument = click.argument("path", default=".", type=click.Path(path_type=Path, readable=False))
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Only what needs attention; no progress bar.")


def reading_options(command: Command) -> Command:
    """The options of every command that reads code."""
    for option in (
        debug_option,
        click.option(
            "--no-cache",
            is_flag=True,
            help="Read everything anew, and keep nothing. (The cache lies in the folder that COUNTERSEAL_CACHE names, "
            "else in your cache folder. It holds what the code says: do not share it.)",
        ),
        click.option(
            "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that read files. Default: one a core."
        ),
        click.option(
            "--policy",
            "policy_file",
            type=click.Path(path_type=Path, readable=False),
            metavar="FILE",
            help="The security model. Default: counterseal.toml in PATH, else [tool.counterseal] in its pyproject.toml, "
            "else the built-in defaults.",
        ),
    ):
        command = option(command)
    return command


def split(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Values given one by one or joined by commas."""
    return tuple(part.strip() for item in value for part in item.split(",") if part.strip())
