"""Cases of what comes back. The only ones in which bodies run."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from counterseal.enforce.clauses.base import Phase
from counterseal.enforce.clauses.csrf import SAFE
from counterseal.enforce.clauses.returns import Returns
from counterseal.enforce.clauses.scoped import Scoped
from counterseal.enforce.testing.case import Failed
from counterseal.enforce.testing.inputs import good
from counterseal.enforce.testing.kind import Kind
from counterseal.enforce.testing.route import Route
from counterseal.enforce.testing.stage import Seen, Stage
from counterseal.enforce.testing.unknown import Unknown

_SHOWN = 8


def kinds(route: Route, *, run_all: bool) -> Iterator[Kind]:
    """The cases of a route."""
    runs = run_all or route.entry.method in SAFE
    for clause in route.guard.spec.clauses:
        if isinstance(clause, Returns):
            yield Kind("undeclared output", clause.describe(), functools.partial(_shaped, clause, runs), last=True)
        elif isinstance(clause, Scoped):
            yield Kind("others' objects in the list", clause.describe(), functools.partial(_scoped, runs), last=True)


def _run(stage: Stage, runs: bool) -> Seen:
    if stage.route.is_socket:
        raise Unknown("messages of a socket are not made up: test them with your framework's client")
    if not runs:
        raise Unknown('the body has to run once for this, and may change something: allow it with bodies="all"')
    attempt = good(stage.route)
    stage.control(attempt, Phase.RULE)
    seen = stage.fresh(replace(attempt, let_run=True))
    if seen.status >= 400 or seen.status == 0:
        came = f"{seen.status} {seen.denial.code!r}" if seen.denial is not None else str(seen.status)
        raise Unknown(f"the body answers {came}: give this route a sample with which it works")
    return seen


def _shaped(clause: Returns, runs: bool, stage: Stage) -> None:
    from pydantic import TypeAdapter

    seen = _run(stage, runs)
    body = b"" if seen.answer is None else seen.answer.body
    if not body:
        return
    schema = TypeAdapter(clause.model).json_schema(mode="serialization", by_alias=True)
    documents = body.splitlines() if clause.stream else [body]
    try:
        extra = [path for text in documents for path in undeclared(json.loads(text), schema, schema.get("$defs", {}))]
    except ValueError:
        raise Failed("expected JSON of the declared shape; the answer is no JSON") from None
    if extra:
        names = ", ".join(dict.fromkeys(extra[:_SHOWN]))
        raise Failed(f"the answer holds what is not declared: {names}")


def _scoped(runs: bool, stage: Stage) -> None:
    hidden = stage.route.sample.hidden
    if not hidden:
        raise Unknown("nobody says what belongs to others: give hidden=[...], texts that the answer to the owner may not hold")
    seen = _run(stage, runs)
    text = b"" if seen.answer is None else seen.answer.body
    shown = [item for item in hidden if item.encode() in text]
    if shown:
        raise Failed(f"the answer holds what belongs to others: {', '.join(map(repr, shown))}")


def undeclared(value: Any, schema: Mapping[str, Any], known: Mapping[str, Any], path: str = "") -> list[str]:
    """The paths of members that a schema does not declare."""
    choices = list(_choices(schema, known))
    if not choices:
        return []
    return min((_in(value, choice, known, path) for choice in choices), key=len)


def _choices(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "$ref" in schema:
        yield from _choices(known[schema["$ref"].rpartition("/")[2]], known)
        return
    nested = [item for word in ("anyOf", "oneOf", "allOf") for item in schema.get(word, ())]
    if not nested:
        yield schema
    for item in nested:
        yield from _choices(item, known)


def _in(value: Any, schema: Mapping[str, Any], known: Mapping[str, Any], path: str) -> list[str]:
    if isinstance(value, list):
        items = schema.get("items")
        if not isinstance(items, Mapping):
            return []
        return [name for item in value for name in undeclared(item, items, known, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    declared = schema.get("properties", {})
    rest = schema.get("additionalProperties", "properties" not in schema)
    found: list[str] = []
    for name, item in value.items():
        here = f"{path}.{name}".lstrip(".")
        if name in declared:
            found += undeclared(item, declared[name], known, here)
        elif isinstance(rest, Mapping):
            found += undeclared(item, rest, known, here)
        elif rest is not True:
            found.append(here)
    return found
