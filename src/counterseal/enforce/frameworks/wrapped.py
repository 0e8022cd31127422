"""What the decorators of a view say that they wrap."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any


def steps(view: Any) -> Iterator[Any]:
    """A function, and what it says of itself that it wraps: by ``__wrapped__``, as a partial, as a bound method."""
    seen: list[int] = []
    while view is not None and id(view) not in seen:
        seen.append(id(view))
        yield view
        inner = view.func if isinstance(view, partial) else getattr(view, "__wrapped__", None)
        view = inner or getattr(view, "__func__", None)
