"""What an operation of an OpenAPI document says of its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from counterseal.enforce.clauses.audit_log import AuditLog
from counterseal.enforce.clauses.base import Clause
from counterseal.enforce.clauses.owns import Owns
from counterseal.enforce.clauses.rate_limit import RateLimit
from counterseal.enforce.clauses.returns import Returns
from counterseal.enforce.clauses.rule import Rule
from counterseal.enforce.clauses.validates import Validates
from counterseal.enforce.contract.guard import Guard
from counterseal.enforce.core.security import Security
from counterseal.enforce.sealing.place import find

_MEDIA = {"json": ("application/json",), "form": ("application/x-www-form-urlencoded", "multipart/form-data")}
_PROBLEM = "CountersealProblem"
_SCHEMAS = "#/components/schemas/"
_MEANINGS = {
    "400": "The request cannot be read.",
    "401": "The caller is not known.",
    "403": "The caller may not do this.",
    "404": "There is no such object, or it is not the caller's.",
    "409": "The state of the object does not allow this.",
    "413": "The body is too large.",
    "415": "The body is of a type that is not taken.",
    "422": "The input does not have the declared shape.",
    "429": "Too many requests.",
    "503": "Something that the decision rests on does not answer.",
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "required": ["type", "title", "status", "code"],
}


def describer(security: Security) -> Callable[[Any], Mapping[str, Any] | None]:
    """What `Adapter.document` asks."""
    schemes = {identity.scheme: dict(identity.openapi()) for identity in security.identities}

    def describe(endpoint: Any) -> Mapping[str, Any] | None:
        guard = find(endpoint).guard
        return None if guard is None else _operation(guard, schemes)

    return describe


def _operation(guard: Guard, schemes: Mapping[str, Any]) -> dict[str, Any]:
    spec = guard.spec
    schemas: dict[str, Any] = {_PROBLEM: _PROBLEM_SCHEMA}
    said: dict[str, Any] = {
        # One of them is enough, which is how contracts ask their identities.
        "security": [] if spec.is_public else [{name: []} for name in schemes],
        "responses": {
            status: {
                "description": _MEANINGS[status],
                "content": {"application/problem+json": {"schema": {"$ref": f"{_SCHEMAS}{_PROBLEM}"}}},
            }
            for status in _statuses(guard)
        },
        "x-counterseal": {"contract": spec.describe().splitlines(), "guarantees": sorted(map(str, spec.guarantees))},
    }
    taken = spec.only(Validates)
    if taken is not None and taken.source in _MEDIA:
        schema = _schema(taken.model, "validation", schemas)
        said["requestBody"] = {"required": True, "content": {media: {"schema": schema} for media in _MEDIA[taken.source]}}
    given = spec.only(Returns)
    if given is not None:
        media = "application/x-ndjson" if given.stream else "application/json"
        content = {media: {"schema": _schema(given.model, "serialization", schemas)}}
        said["responses"]["2XX"] = {"description": "Successful Response", "content": content}
    said["components"] = {"schemas": schemas, **({"securitySchemes": dict(schemes)} if schemes else {})}
    return said


def _statuses(guard: Guard) -> list[str]:
    spec = guard.spec
    found = {"503"} if any(isinstance(clause, (AuditLog, RateLimit)) for clause in spec.clauses) else set()
    found |= set() if spec.is_public else {"401", "403", "503"}
    for clause in spec.clauses:
        found |= _of(clause)
    return sorted(found)


def _of(clause: Clause) -> set[str]:
    if isinstance(clause, Validates):
        return {"400", "413", "415", "422"} if clause.source != "query" else {"400", "422"}
    if isinstance(clause, (Owns, Rule)):
        return {str(clause.status)}
    return {"429"} if isinstance(clause, RateLimit) else set()


def _schema(model: Any, mode: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to the schema of a model; a schema in place for any other type."""
    from pydantic import TypeAdapter

    made = TypeAdapter(model).json_schema(mode=mode, ref_template=f"{_SCHEMAS}{{model}}")
    schemas.update(made.pop("$defs", {}))
    title = made.get("title")
    if title is None or made.get("type") != "object":
        return made
    schemas[title] = made
    return {"$ref": f"{_SCHEMAS}{title}"}
