"""What the caller gets: the body's result in its declared shape, or a refusal that says no more than it must."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from counterseal.enforce.clauses.returns import Shaper
from counterseal.enforce.core.adapter import Adapter, Reply
from counterseal.enforce.core.call import Call, current
from counterseal.enforce.core.clock import now
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.principal import Principal

log = logging.getLogger("counterseal")
_WORD = re.compile(r"[A-Za-z0-9._-]+").fullmatch
_ERROR_MEMBERS = frozenset({"detail", "message", "error", "errors", "title", "status", "type", "code", "msg", "instance"})


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a call meets a framework."""

    adapter: Adapter
    exchange: Exchange
    answers: bool
    """Whether what the function returns is the answer itself."""


def shape(shaper: Shaper, call: Call, edge: Edge | None, result: Any) -> Any:
    """The result as the contract lets it out.

    Raises:
        Denied: 500, it does not have the declared shape.
    """
    if edge is not None and edge.exchange.kind == "websocket" and _unanswered(edge, result):
        # What a socket sends is shaped message by message.
        return result
    from pydantic import ValidationError

    try:
        return shaper.value(result) if edge is None or not edge.answers else _answer(shaper, call, edge, result)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) or "the whole" for item in error.errors(include_input=False)[:5])
        raise _unshaped(shaper, f"it lacks the declared shape at: {places}") from None


def _unanswered(edge: Edge, result: Any) -> bool:
    reply = edge.adapter.read(result)
    return reply is None or reply.empty


def _answer(shaper: Shaper, call: Call, edge: Edge, result: Any) -> Any:
    # Some frameworks take an iterator for a response; here it is the declared items.
    items = shaper.stream and isinstance(result, (Iterator, AsyncIterator))
    reply = None if items else edge.adapter.read(result)
    if reply is None:
        if shaper.stream:
            return edge.adapter.stream(edge.exchange, _pieces(shaper, call, result), shaper.media_type, call.headers)
        return edge.adapter.respond(edge.exchange, shaper.json(result), call.status, call.headers, None)
    if reply.empty:
        return result
    if reply.streams:
        raise _unshaped(shaper, "the body built a stream by itself: yield items, and declare returns(Model, stream=True)")
    if reply.unrendered:
        return edge.adapter.respond(edge.exchange, shaper.json(reply.data), reply.status, call.headers, result)
    if reply.json is None:
        raise _unshaped(shaper, "the body built a response that is not JSON")
    return edge.adapter.respond(edge.exchange, _filtered(shaper, reply), reply.status, call.headers, result)


def _filtered(shaper: Shaper, reply: Reply) -> bytes:
    document = reply.json or b"null"
    if reply.status < 400:
        return shaper.filtered(document)
    # An error that the body words itself keeps what errors consist of, and nothing else.
    value = json.loads(document)
    kept = {name: item for name, item in value.items() if name in _ERROR_MEMBERS} if isinstance(value, dict) else {}
    return json.dumps(kept, separators=(",", ":")).encode()


def _unshaped(shaper: Shaper, reason: str) -> Denied:
    return Denied(500, "unshaped-answer", reason, clause=shaper.clause)


def _pieces(shaper: Shaper, call: Call, items: Any) -> Any:
    """The items of a stream, each in its shape; the caller's identity is asked again before each."""
    return _pieces_async(shaper, call, items) if hasattr(items, "__aiter__") else _pieces_sync(shaper, call, items)


def _pieces_sync(shaper: Shaper, call: Call, items: Any) -> Iterator[bytes]:
    for item in items:
        if still_valid(call) is not True:
            raise Denied(401, "not-authenticated", "the identity ended while the stream lived")
        yield shaper.piece(item)


async def _pieces_async(shaper: Shaper, call: Call, items: Any) -> AsyncIterator[bytes]:
    async for item in items:
        valid = still_valid(call)
        if (valid if isinstance(valid, bool) else await valid) is not True:
            raise Denied(401, "not-authenticated", "the identity ended while the stream lived")
        yield shaper.piece(item)


def still_valid(call: Call) -> Any:
    """Whether the caller would be recognised now too: a bool, or an awaitable of one."""
    principal = call.principal
    if principal is None:
        return True
    if not _unexpired(principal):
        return False
    identity = call.security.by_scheme.get(principal.scheme)
    return True if identity is None else identity.still_valid(principal)


def _unexpired(principal: Principal) -> bool:
    return principal.expires_at is None or now() < principal.expires_at


def around(call: Call) -> Any:
    """What a stream's pieces and background work run in: the caller goes along, for as long as the identity lives."""

    @contextmanager
    def within() -> Iterator[None]:
        if call.principal is not None and not _unexpired(call.principal):
            raise Denied(401, "not-authenticated", "the identity ended while the stream lived")
        token = current.set(call)
        try:
            yield
        finally:
            current.reset(token)

    return within


def refuse(call: Call, edge: Edge, denial: Denied) -> Any:
    """The framework's response for a denial; raised where the function's result is not the answer."""
    status, body, headers = rendered(call, edge.exchange, denial)
    if edge.answers:
        return edge.adapter.problem(edge.exchange, status, body, headers)
    raise edge.adapter.refusal(edge.exchange, status, body, headers) from None


def rendered(call: Call, exchange: Exchange, denial: Denied) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of a denial."""
    sign_in = call.security.sign_in
    if denial.challenge and sign_in is not None and _navigates(exchange):
        return 303, b"", {"Location": f"{sign_in}?next={_back(exchange.target)}", "Cache-Control": "no-store"}
    asks = {"WWW-Authenticate": call.security.challenges} if denial.challenge and call.security.challenges else {}
    document = denial.problem(request_id=call.request_id, explain=call.security.explains)
    return denial.status, json.dumps(document).encode(), {"Cache-Control": "no-store", **asks, **denial.headers}


def _navigates(exchange: Exchange) -> bool:
    """Whether a person's browser asks for a page, rather than a script for data."""
    if exchange.kind != "http" or exchange.method not in ("GET", "HEAD"):
        return False
    mode = exchange.header("sec-fetch-mode")
    return mode == "navigate" if mode is not None else "text/html" in (exchange.header("accept") or "")


def _back(target: str) -> str:
    """Where to return to: a path of this very application, or its start."""
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return quote(target if local else "/", safe="/")


def note(call: Call, denial: Denied) -> None:
    """One log line for a denial. Values are quoted: what a client sent cannot forge a second line, or a field."""
    log.info(
        "denied status=%d code=%s action=%s route=%s actor=%s client=%s request=%s clause=%s reason=%s",
        denial.status,
        denial.code if _WORD(denial.code) else json.dumps(denial.code),
        json.dumps(call.action),
        json.dumps(call.place),
        json.dumps(None if call.principal is None else call.principal.id),
        json.dumps(call.client),
        call.request_id,
        json.dumps(denial.clause),
        json.dumps(denial.reason),
    )
