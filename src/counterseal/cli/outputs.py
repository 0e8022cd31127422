"""Which report goes where, and putting it there."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import click

from counterseal.report.output import ReportError, write

STANDARD_OUTPUT = "-"
_ORDER = f"{__name__}.order"
_SUFFIXES = {".txt": "text", ".json": "json", ".sarif": "sarif", ".html": "html", ".htm": "html", ".md": "markdown"}


class OrderedCommand(click.Command):
    """A command that knows in which order its options were given: an output belongs to the format before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, and keep the order of the options."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class Output:
    """One report: its format, and the file that it goes to (``-``: standard output)."""

    format: str
    path: str

    @property
    def to_stdout(self) -> bool:
        """Whether it goes to standard output."""
        return self.path == STANDARD_OUTPUT


def pair(context: click.Context, formats: Sequence[str], paths: Sequence[str]) -> list[Output]:
    """The outputs that the options ``--format`` and ``-o`` ask for.

    As many of one as of the other are paired in order. Otherwise each ``-o`` belongs to the ``--format`` right before it, and a
    format without one goes to standard output. A file alone has the format that its name says.

    Raises:
        click.UsageError: when they do not fit together.
    """
    if not formats:
        named = [Output(_SUFFIXES.get(PurePath(path).suffix.lower(), "text"), path) for path in paths]
        outputs = named or [Output("text", STANDARD_OUTPUT)]
    elif len(formats) == len(paths):
        outputs = [Output(*each) for each in zip(formats, paths, strict=True)]
    else:
        outputs = _by_order(context.meta.get(_ORDER, []), iter_formats=iter(formats), iter_paths=iter(paths))
    targets = [output.path for output in outputs]
    for target in targets:
        if targets.count(target) > 1:
            place = "standard output" if target == STANDARD_OUTPUT else target
            raise click.UsageError(f"two reports go to {place}: give each --format its own -o")
    return outputs


def _by_order(order: Sequence[str], *, iter_formats: Any, iter_paths: Any) -> list[Output]:
    outputs: list[Output] = []
    before = ""
    for option in (name for name in order if name in ("formats", "outputs")):
        if option == "formats":
            outputs.append(Output(next(iter_formats), STANDARD_OUTPUT))
        elif before == "formats":
            outputs[-1] = Output(outputs[-1].format, next(iter_paths))
        else:
            raise click.UsageError(f"-o {next(iter_paths)} has no --format of its own: put one before it")
        before = option
    return outputs


def put(output: Output, text: str, encoding: str = "utf-8") -> None:
    """Write a report to where it goes.

    Raises:
        ReportError: it cannot be written there.
    """
    if not output.to_stdout:
        write(output.path, text)
        return
    try:
        sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: that is not a failure, and the exit code still counts
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        cause = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise ReportError(f"cannot write to standard output: {cause}") from error


def stdout_encoding() -> str:
    """What standard output can show."""
    return sys.stdout.encoding or "utf-8"
