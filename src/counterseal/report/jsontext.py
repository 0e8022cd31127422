"""Write JSON that keeps audited text exact and is still safe to print and to parse."""

from __future__ import annotations

import json
from typing import Any

from counterseal.report.clean import encodable


def dump(document: Any) -> str:
    """Return ``document`` as indented JSON in ASCII.

    Everything else is escaped the JSON way, so that control and bidirectional characters of audited code stay exact for programs
    and cannot act on a terminal. Lone surrogates (undecodable bytes of file names), which strict
    parsers refuse, become visible text.
    """
    return json.dumps(_exact(document), indent=2) + "\n"


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value, "utf-8")
    if isinstance(value, dict):
        return {_exact(key): _exact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value
