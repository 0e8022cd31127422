"""Routes as values: made in one place, put into a table in another."""

from __future__ import annotations

from collections.abc import Mapping

from counterseal.audit.findings import Place
from counterseal.audit.libraries.model import Api
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.library_call import fixed_values, methods_of
from counterseal.audit.surface.values import UNKNOWN, Labels, Value


def route_item(
    api: Api, full: str, roles: Mapping[str, Value], place: Place, facts: Labels, subject: Value | None = None
) -> Value:
    """A route that is not attached to anything yet. ``subject``: the function that a decorator stands on."""
    mounts = subject is not None and subject.kind == "inst" and subject.extra == "app"
    kind = "websocket" if api.fixed.get("methods") == "WEBSOCKET" else "mount" if mounts else api.kind.removesuffix("-decorator")
    path = roles.get("path")
    options = {**roles, **fixed_values(api)}
    if path is not None and path.kind == "seq":
        options["paths"] = path
    made = Registration(
        kind,
        UNKNOWN,
        place,
        path,
        methods_of(api, roles),
        subject or roles.get("handler"),
        subject if mounts else roles.get("child"),
        options,
        full,
        facts,
    )
    name = subject.name if subject is not None else ""
    return Value(
        kind="route-item",
        ref=subject.ref if subject is not None else None,
        extra=made,
        name=name,
        site=f"{place.file}:{place.line}",
    )


def parameter(api: Api, roles: Mapping[str, Value]) -> Value:
    """The declaration of a parameter. One that names a header or cookie is read from there."""
    source = next((name for name in ("header", "cookie") if name in roles), api.fixed.get("source", "query"))
    items = dict(roles)
    if source in roles:
        items["alias"] = roles[source]
    return Value(kind="param", ref=source, items=items)
