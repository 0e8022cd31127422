"""What a child process must not take over from its parent: held locks, open connections."""

from __future__ import annotations

import os
from collections.abc import Callable
from weakref import WeakMethod


def after_fork(renew: Callable[[], None]) -> None:
    """Call a bound method in every child process, before anything else runs there. Keeps its object from nothing."""
    reference = WeakMethod(renew)

    def call() -> None:
        method = reference()
        if method is not None:
            method()

    os.register_at_fork(after_in_child=call)
