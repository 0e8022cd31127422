"""What is checked when an application starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette


def at_start(app: Starlette, check: Callable[[], None]) -> None:
    """Run ``check`` once the application's own start-up is done: that may have added routes too."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def checked(given: Any) -> AsyncIterator[Any]:
        async with inner(given) as state:
            check()
            yield state

    app.router.lifespan_context = checked
