"""Adapters: one web framework, one file. Only those whose framework the process has imported are loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from counterseal.enforce.core.adapter import Adapter

# The framework's own module, and the adapter's. FastAPI is Starlette with a look at signatures: one adapter serves both.
_KNOWN = {
    "starlette.requests": "starlette",
    "flask": "flask",
    "django.http": "django",
    "litestar": "litestar",
    "aiohttp.web": "aiohttp",
}
_loaded: dict[str, Adapter] = {}


def detect() -> Sequence[Adapter]:
    """The adapters of the frameworks that have been imported so far."""
    for module, name in _KNOWN.items():
        if name not in _loaded and module in sys.modules:
            _loaded[name] = import_module(f"{__name__}.{name}").ADAPTER
    return tuple(_loaded[name] for name in _KNOWN.values() if name in _loaded)
