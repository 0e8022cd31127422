"""Requests that the program sends to addresses which users choose."""

from __future__ import annotations

import re

from counterseal.audit.surface.flow import Access, Call, Store
from counterseal.audit.surface.model import Surface
from counterseal.audit.surface.values import Value

_FIXED_HOST = re.compile(r"^https?://[^/{}]+/", re.IGNORECASE)
_ADDRESS = re.compile(r"(ur[il]|webhook|endpoint|callback|address|link|href|host|site|feed|avatar|image|picture)", re.IGNORECASE)


def stored_addresses(surface: Surface) -> frozenset[str]:
    """Names of columns that hold addresses which users without a role send."""
    found: set[str] = set()
    for route in surface.routes:
        for event in route.flow.among(Store, Access):
            if isinstance(event, Store) and "role" not in event.facts and event.value.inputs():
                found.add(event.name)
            elif isinstance(event, Access) and event.verb in ("create", "update") and "role" not in event.facts:
                found.update(name for name, value in event.values if value.inputs())
    return frozenset(name for name in found if _ADDRESS.search(name))


def address_chosen(call: Call, stored: frozenset[str]) -> bool:
    """Whether a user chooses the host that the request goes to. ``stored``: see `stored_addresses`."""
    url = call.roles.get("url")
    candidates = [v for v in (url, call.receiver) if v is not None]
    return any(_chosen(v, stored) for v in candidates) and not (url is not None and _fixed(url))


def _chosen(value: Value, stored: frozenset[str]) -> bool:
    return bool(value.inputs()) or (value.name in stored and any(label.startswith("db:") for label in value.may))


def _fixed(url: Value) -> bool:
    start = (
        url.const
        if isinstance(url.const, str)
        else url.items[0]
        if url.kind == "text" and isinstance(url.items, list) and url.items
        else ""
    )
    return isinstance(start, str) and bool(_FIXED_HOST.match(start))
