"""Cases of what is sent: too much, too little, twice, of another type, too large."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from counterseal.enforce.clauses.base import Phase
from counterseal.enforce.clauses.validates import Validates
from counterseal.enforce.testing.case import Expected, refuses
from counterseal.enforce.testing.generate import example
from counterseal.enforce.testing.kind import Kind
from counterseal.enforce.testing.route import Attempt, Body, Route, new_address
from counterseal.enforce.testing.samples import Sample, encoded
from counterseal.enforce.testing.stage import Stage
from counterseal.enforce.testing.unknown import Unknown

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_EXTRA = "counterseal_extra"
_LARGEST = 64 << 20


def good(route: Route) -> Attempt:
    """A request with which everything is right.

    Raises:
        Unknown: something about it cannot be made up.
    """
    sample = route.sample
    clause = route.guard.spec.only(Validates)
    if clause is None or route.is_socket:
        return route.attempt(sample, _free(sample))
    value = _valid(clause, sample)
    if clause.source == "query":
        return route.attempt(sample, None, encoded(_flat(value)))
    return route.attempt(sample, _rendered(clause, value))


def kinds(route: Route) -> Iterator[Kind]:
    """The cases of a route."""
    clause = route.guard.spec.only(Validates)
    if clause is None:
        return
    words = clause.describe()
    if route.is_socket:
        yield Kind("messages", words, _messages)
        return
    schema = _schema(clause)
    if schema.get("type") == "object" and not _open(clause.model):
        yield Kind("extra field", words, functools.partial(_refused, clause, _extra, 422, "invalid-input"))
    if schema.get("required"):
        yield Kind("missing field", words, functools.partial(_refused, clause, _missing, 422, "invalid-input"))
    if clause.source == "json":
        yield Kind("duplicate JSON key", words, functools.partial(_refused, clause, _twice, 400, "malformed-json"))
    elif schema.get("required"):
        yield Kind("repeated field", words, functools.partial(_refused, clause, _repeated, 400, "repeated-field"))
    if clause.source != "query":
        yield Kind("wrong content type", words, functools.partial(_refused, clause, _typed, 415, "unsupported-media-type"))
        yield Kind("too large", words, functools.partial(_refused, clause, _large, 413, "too-large"))


def _refused(clause: Validates, change: Any, status: int, code: str, stage: Stage) -> None:
    attempt = good(stage.route)
    stage.control(attempt, Phase.INPUT)
    changed: Attempt = change(stage.route, clause, attempt)
    refuses(stage, replace(changed, client=new_address()), Expected(Phase.INPUT, status, (code,), clause.describe()))


def _messages(stage: Stage) -> None:
    raise Unknown("messages of a socket are not made up: test them with your framework's client")


# What is right


def _free(sample: Sample) -> Body | None:
    """The body for a contract that does not validate one."""
    return (JSON, _json(sample.body)) if sample.has_body else None


def _valid(clause: Validates, sample: Sample) -> Any:
    if sample.has_body:
        return sample.body() if callable(sample.body) else sample.body
    if clause.source == "query" and sample.query:
        return sample.query
    return example(_schema(clause))


def _schema(clause: Validates) -> Mapping[str, Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticInvalidForJsonSchema

    try:
        found = TypeAdapter(clause.model).json_schema()
    except PydanticInvalidForJsonSchema:
        return {}
    if "$ref" in found:
        return {**found["$defs"][found["$ref"].rpartition("/")[2]], "$defs": found["$defs"]}
    return found


def _open(model: Any) -> bool:
    """Whether the model itself takes fields that it does not declare."""
    return getattr(model, "model_config", {}).get("extra") in ("allow", "ignore")


def _rendered(clause: Validates, value: Any) -> Body:
    return (JSON, _json(value)) if clause.source == "json" else (FORM, urlencode(_flat(value), doseq=True).encode())


def _json(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def _flat(value: Any) -> Mapping[str, Any]:
    """As forms and queries know it: texts."""
    if not isinstance(value, Mapping):
        raise Unknown("a form or a query has fields: give a mapping as its sample")
    return {name: _text(item) for name, item in value.items()}


def _text(item: Any) -> Any:
    return str(item).lower() if isinstance(item, bool) else item


# What is wrong


def _pairs(clause: Validates, attempt: Attempt) -> list[tuple[str, str]]:
    text = attempt.query if clause.source == "query" else attempt.body.decode()
    return parse_qsl(text, keep_blank_values=True)


def _of_pairs(clause: Validates, attempt: Attempt, pairs: list[tuple[str, str]]) -> Attempt:
    text = urlencode(pairs)
    return replace(attempt, query=text) if clause.source == "query" else replace(attempt, body=text.encode())


def _object(attempt: Attempt) -> dict[str, Any]:
    found = json.loads(attempt.body)
    if not isinstance(found, dict):
        raise Unknown("the input is no object")
    return found


def _extra(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    if clause.source == "json":
        return replace(attempt, body=_json({**_object(attempt), _EXTRA: "1"}))
    return _of_pairs(clause, attempt, [*_pairs(clause, attempt), (_EXTRA, "1")])


def _missing(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    name = _schema(clause)["required"][0]
    if clause.source == "json":
        return replace(attempt, body=_json({key: item for key, item in _object(attempt).items() if key != name}))
    return _of_pairs(clause, attempt, [pair for pair in _pairs(clause, attempt) if pair[0] != name])


def _twice(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    found = json.loads(attempt.body)
    members = list(found.items()) if isinstance(found, dict) and found else [(_EXTRA, 1)]
    first, *rest = [f"{json.dumps(name)}: {json.dumps(item)}" for name, item in members]
    return replace(attempt, body=f"{{{', '.join((first, first, *rest))}}}".encode())


def _repeated(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    pairs = _pairs(clause, attempt)
    properties = _schema(clause).get("properties", {})
    single = [pair for pair in pairs if properties.get(pair[0], {}).get("type") != "array"]
    if not single:
        raise Unknown("every field may come several times")
    return _of_pairs(clause, attempt, [*pairs, single[0]])


def _typed(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    return attempt.having(content_type="text/plain")


def _large(route: Route, clause: Validates, attempt: Attempt) -> Attempt:
    limit = clause.max_bytes or route.security.max_body
    if limit > _LARGEST:
        raise Unknown(f"the contract takes {limit} bytes, more than a test should send")
    missing = limit + 1 - len(attempt.body)
    if clause.source == "json":
        # Blanks change nothing about what the document says.
        return replace(attempt, body=attempt.body + b" " * missing)
    return replace(attempt, body=attempt.body + f"&{quote(_EXTRA)}={'x' * missing}".encode())
