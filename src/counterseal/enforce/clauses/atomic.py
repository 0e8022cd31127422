"""Django's transactions as the unit of work, in plain code and on event loops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from counterseal.enforce.core.security import Security

_MODULE = "django.db.transaction"
_one_at_a_time: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


def ambient(security: Security) -> bool:
    """Whether the unit of work is Django's. Models find that transaction by themselves: whatever a body does stands in it."""
    if security.ambient_unit is None:
        factory = security.unit_of_work
        security.ambient_unit = factory is not None and _is_atomic(factory())
    return security.ambient_unit


def adapted(manager: Any, *, on_loop: bool) -> Any:
    """A unit of work as it can be entered here, whose value is the connection where it is Django's."""
    if not _is_atomic(manager):
        return manager
    return _OnLoop(manager) if on_loop else _Plain(manager)


def in_its_thread(unit: Any, function: Callable[..., Any], *, on_loop: bool) -> Callable[..., Any]:
    """A function that uses the unit's connection, as it can be called here: Django's belongs to one thread."""
    if not on_loop or not type(unit).__module__.startswith("django.db."):
        return function
    from asgiref.sync import sync_to_async

    return sync_to_async(function)


def _is_atomic(manager: Any) -> bool:
    return type(manager).__module__ == _MODULE


class _Plain:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __enter__(self) -> Any:
        from django.db import transaction

        self._inner.__enter__()
        return transaction.get_connection(self._inner.using)

    def __exit__(self, *given: Any) -> None:
        self._inner.__exit__(*given)


class _OnLoop:
    """Enters and leaves in the thread in which Django runs its models for this request."""

    def __init__(self, inner: Any) -> None:
        self._inner = _Plain(inner)
        self._lock: asyncio.Lock | None = None

    async def __aenter__(self) -> Any:
        from asgiref.sync import SyncToAsync, sync_to_async

        if SyncToAsync.thread_sensitive_context.get(None) is None:
            # Under Django's ASGI handler each request has a thread of its own. Elsewhere they share one, with one connection:
            # two transactions at once would be one.
            self._lock = _one_at_a_time.setdefault(asyncio.get_running_loop(), asyncio.Lock())
            await self._lock.acquire()
        try:
            return await sync_to_async(self._inner.__enter__)()
        except BaseException:
            self._release()
            raise

    async def __aexit__(self, *given: Any) -> None:
        from asgiref.sync import sync_to_async

        try:
            await sync_to_async(self._inner.__exit__)(*given)
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
