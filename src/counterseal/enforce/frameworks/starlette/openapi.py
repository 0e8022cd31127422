"""The OpenAPI document of FastAPI, with what contracts promise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from counterseal.enforce.core.openapi import add
from counterseal.enforce.frameworks.starlette.table import Branch

_WRAPPED = "__counterseal_documented__"
Describe = Callable[[Any], Mapping[str, Any] | None]


def documented(root: Branch, describe: Describe) -> None:
    """Have every FastAPI application of a table say what contracts promise."""
    for branch in root.walk():
        if branch.app is not None and hasattr(branch.app, "openapi"):
            _wrap(branch.app, branch, describe)


def _wrap(app: Any, branch: Branch, describe: Describe) -> None:
    # Sealed a second time, an application starts from its own document again.
    own = getattr(app.openapi, _WRAPPED, None) or app.openapi
    made: dict[int, dict[str, Any]] = {}
    sources: list[Any] = []

    def openapi() -> dict[str, Any]:
        source = own()
        # FastAPI keeps its document and gives the same one each time.
        if not sources or sources[0] is not source:
            sources[:] = [source]
            made.clear()
            made[0] = _said(copy.deepcopy(source), branch, describe)
        return made[0]

    setattr(openapi, _WRAPPED, own)
    app.openapi = openapi


def _said(document: dict[str, Any], branch: Branch, describe: Describe) -> dict[str, Any]:
    for leaf in branch.leaves:
        for _, path, method in leaf.keys:
            said = describe(leaf.kept)
            if said is not None:
                add(document, path, method, said)
    return document
