"""What time it is. One source for every expiry, so that a test can move it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_source: Callable[[], float] = time.time


def now() -> float:
    """Seconds since the epoch."""
    return _source()


@contextmanager
def running_on(source: Callable[[], float]) -> Iterator[None]:
    """Take the time from ``source`` for as long as the block runs. For tests: it holds for the whole process."""
    global _source  # noqa: PLW0603  one clock for the process is the point
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
