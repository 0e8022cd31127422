"""The JSON Schema of `counterseal.toml`, for editors."""

from __future__ import annotations

from typing import Any

from counterseal.policy.model import Policy

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:counterseal:policy"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a policy, with descriptions and examples.

    It checks shapes, not what the parts say about each other (whether a role is declared): `load_policy` does both.
    """
    derived = _tidy(Policy.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, "$id": IDENTIFIER, "title": "Counterseal policy", **derived}


def _tidy(node: Any) -> Any:
    """Leave out the titles that pydantic makes of attribute names (they only repeat the keys), and close what it leaves open:
    a table whose keys must fit a pattern takes no other keys.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(item) for key, item in node.items() if not (key == "title" and isinstance(item, str))}
    return {"additionalProperties": False, **tidy} if "patternProperties" in tidy else tidy
