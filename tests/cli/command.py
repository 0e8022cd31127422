"""Run the command line as users do: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

COMMAND = (sys.executable, "-m", "counterseal")


def environment(**changes: str) -> dict[str, str]:
    """The environment of the tests, without what would steer colours or sizes."""
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "TERM", "COUNTERSEAL_CACHE"}}
    return kept | changes


def counterseal(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = COMMAND,
) -> subprocess.CompletedProcess[str]:
    """Run one command and return what it said and its exit code."""
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment(**(env or {})),
        timeout=120,
    )


def one_line(text: str) -> str:
    """The single line that an error is, without its line end."""
    assert text.endswith("\n"), text
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.rstrip("\n")
