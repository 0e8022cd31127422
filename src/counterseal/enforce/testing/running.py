"""Whether this process runs tests: what lets a caller in without credentials exists nowhere else."""

from __future__ import annotations

import os
import sys


def under_pytest() -> bool:
    """Whether pytest itself runs in this process.

    The variable is pytest's own, set for as long as a run lasts. A server that a test has started inherits it, but has not
    loaded pytest; a program that has loaded pytest by accident does not have the variable.
    """
    return "PYTEST_VERSION" in os.environ and "_pytest.config" in sys.modules


def require_pytest() -> None:
    """Refuse to be loaded by anything but pytest.

    Raises:
        ImportError: pytest does not run in this process.
    """
    if not under_pytest():
        raise ImportError("counterseal.testing lets callers in without credentials: only pytest (8.2 or later) can load it")
