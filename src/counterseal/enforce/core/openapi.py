"""Adding to an OpenAPI 3.1 document what contracts promise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_COMPONENTS = "components"


def add(document: dict[str, Any], path: str, method: str, said: Mapping[str, Any]) -> None:
    """Add to one operation. What the document says itself stays, except where only the contract can know it.

    Args:
        document: the OpenAPI document; it is changed.
        path: the operation's path, as the document has it.
        method: its HTTP method.
        said: what is to be added, as `Adapter.document` is told. Its ``components`` go to the document's own.
    """
    operation = document.get("paths", {}).get(path, {}).get(method.lower())
    if operation is None:
        return
    for group, items in said.get(_COMPONENTS, {}).items():
        document.setdefault(_COMPONENTS, {}).setdefault(group, {}).update(items)
    for name, value in said.items():
        if name == "responses":
            _responses(operation.setdefault("responses", {}), value)
        elif name != _COMPONENTS:
            operation[name] = value


def _responses(own: dict[str, Any], said: Mapping[str, Any]) -> None:
    # "2XX" stands for the status of success, which the framework knows and the contract does not.
    success = next((status for status in own if str(status).startswith("2")), "200")
    for status, response in said.items():
        key = success if status == "2XX" else status
        own[key] = {**own.get(key, {}), **response}
