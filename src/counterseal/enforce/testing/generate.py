"""Valid input, made up from a JSON Schema: the smallest thing that fits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from counterseal.enforce.testing.unknown import Unknown

_FORMATS = {
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "counterseal@example.org",
    "idn-email": "counterseal@example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000001",
}
_TEXTS = (
    "counterseal",
    "Counterseal-1",
    "a",
    "abc",
    "1",
    "12345",
    "A1",
    "AB",
    "USD",
    "en",
    "en-GB",
    "2026-01-02",
    "+15555550100",
)
_DEPTH = 12


def example(schema: Mapping[str, Any]) -> Any:
    """A value that fits a schema, with required members only.

    Raises:
        Unknown: none can be made up.
    """
    return _value(schema, schema.get("$defs", {}), 0)


def _value(schema: Mapping[str, Any], known: Mapping[str, Any], depth: int) -> Any:
    if depth > _DEPTH:
        raise Unknown("the input's model refers to itself without an end")
    if "$ref" in schema:
        return _value(known[schema["$ref"].rpartition("/")[2]], known, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            return _first(schema[word], known, depth)
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("allOf"):
        return _value(
            {**schema["allOf"][0], **{name: item for name, item in schema.items() if name != "allOf"}}, known, depth + 1
        )
    kind = schema.get("type")
    if kind == "object":
        required = schema.get("required", ())
        members = schema.get("properties", {})
        return {name: _value(members[name], known, depth + 1) for name in required}
    if kind == "array":
        return _items(schema, known, depth)
    return _plain(schema, kind)


def _first(choices: Sequence[Mapping[str, Any]], known: Mapping[str, Any], depth: int) -> Any:
    reason = Unknown("no choice fits")
    for choice in sorted(choices, key=lambda item: item.get("type") == "null"):
        try:
            return _value(choice, known, depth + 1)
        except Unknown as error:
            reason = error
    raise reason


def _items(schema: Mapping[str, Any], known: Mapping[str, Any], depth: int) -> list[Any]:
    fixed = [_value(item, known, depth + 1) for item in schema.get("prefixItems", ())]
    missing = schema.get("minItems", 0) - len(fixed)
    if missing > 1 and schema.get("uniqueItems"):
        raise Unknown("a list of several different items is wanted")
    return fixed + [_value(schema.get("items", {}), known, depth + 1) for _ in range(missing)]


def _plain(schema: Mapping[str, Any], kind: Any) -> Any:
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return "counterseal"


def _text(schema: Mapping[str, Any]) -> str:
    low, high, pattern = schema.get("minLength", 0), schema.get("maxLength"), schema.get("pattern")
    if "format" in schema:
        return _FORMATS.get(schema["format"], _TEXTS[0])
    for text in (*_TEXTS, _TEXTS[0] * (low // len(_TEXTS[0]) + 1)):
        fitted = text[:high] if high is not None else text
        if len(fitted) >= low and (pattern is None or re.search(pattern, fitted)):
            return fitted
    raise Unknown(f"no text can be made up for the pattern {pattern!r}")


def _number(schema: Mapping[str, Any], *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or 1
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    start = 1 if low is None else low
    if high is not None and start > high:
        start = high
    number = (start // step) * step
    for value in (
        number,
        number + step,
        number + 2 * step,
        number - step,
        (low + high) / 2 if low is not None and high is not None else 1,
    ):
        if _within(value, schema):
            return int(value) if whole else value
    raise Unknown("no number within the bounds can be made up")


def _within(value: float, schema: Mapping[str, Any]) -> bool:
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )
