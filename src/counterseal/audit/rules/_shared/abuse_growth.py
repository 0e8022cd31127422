"""What users can fill: tables, texts, files, bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from counterseal.audit.result import RouteKind
from counterseal.audit.surface.flow import Branch, Call, Compare, Flow
from counterseal.audit.surface.model import Application, DataModel, Route, Surface
from counterseal.audit.surface.values import Labels, Value

_FREE_TEXT = re.compile(
    r"(^|_)(body|text|content|description|message|notes?|comment|bio|summary|details|html|markdown|md|payload|data|about|remarks?|"
    r"review|feedback|reason|answer|question|transcript|image_base64|attachments?)($|_)",
    re.IGNORECASE,
)
_SAVING = frozenset({"save", "write", "write_bytes", "copyfileobj", "upload_fileobj", "put_object", "writelines"})
_LIMITING = re.compile(
    r"(limit|max).*(size|body|content|upload|payload|request)|(size|body|content|upload|payload).*(limit|max)", re.IGNORECASE
)
_ORDERS = ("<", "<=", ">", ">=")


def fillable_tables(surface: Surface) -> frozenset[str]:
    """Tables in which callers without a role create records."""
    return frozenset(
        access.models[0]
        for route in surface.routes
        for access in route.flow.accesses("create")
        if access.models and "role" not in access.facts
    )


def free_texts(model: DataModel | None) -> list[str]:
    """Columns that hold text of any length, by their names."""
    if model is None:
        return []
    return [
        f.name
        for f in model.fields.values()
        if f.type in ("str", "text", "bytes", "") and not f.foreign and _FREE_TEXT.search(f.name)
    ]


def own_routes(surface: Surface) -> Iterator[Route]:
    """HTTP routes that the program's own code answers in operation; ``HEAD`` and ``OPTIONS`` come with others."""
    for route in surface.routes:
        development = "development" in route.tags
        if route.kind is RouteKind.HTTP and route.method not in ("HEAD", "OPTIONS") and route.flow.events and not development:
            yield route


def body_limited(surface: Surface, app: Application | None) -> bool:
    """Whether the application refuses bodies beyond some size before it reads them."""
    if any(s.name.upper() == "MAX_CONTENT_LENGTH" and not (s.value.is_const and s.value.const is None) for s in surface.settings):
        return True
    if app is not None and any(_LIMITING.search(name) for name, _, _ in app.middleware):
        return True
    return any(_length_checked(event) for flow in surface.all_flows() for event in flow.of(Branch))


def _length_checked(event: Branch) -> bool:
    return event.refused and any("content-length" in x.lower() or "content_length" in x for x in event.value.may)


def application_of(surface: Surface, route: Route) -> Application | None:
    """The application that a route belongs to."""
    return next((app for app in surface.applications if app.name == route.app), next(iter(surface.applications), None))


def uploads(flow: Flow) -> bool:
    """Whether the flow takes a file."""
    return any(_of_file(value.may) for call in flow.of(Call) for value in _values(call) if value.may)


@lru_cache(maxsize=100_000)
def _of_file(labels: Labels) -> bool:
    return any(label.startswith("in:file") for label in labels)


def saves_upload(flow: Flow) -> Call | None:
    """Where something of an uploaded file is stored."""
    for call in flow.calls():
        if call.name.rpartition(".")[2] in _SAVING or call.kind == "file-save":
            values = [*call.args, *call.kwargs.values(), *([call.receiver] if call.receiver is not None else [])]
            if any(label.startswith("in:file") for v in values for label in v.may):
                return call
    return None


def size_checked(flow: Flow) -> bool:
    """Whether something is refused by comparing the size of an uploaded file."""
    return any(
        e.op in _ORDERS and any(label.startswith("in:file") for v in (e.left, e.right) for label in v.may)
        for e in flow.of(Compare)
    )


def _values(call: Call) -> list[Value]:
    return [call.result, *call.args, *call.kwargs.values(), *([call.receiver] if call.receiver is not None else [])]
