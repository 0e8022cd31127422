"""`assert_denied`: a refusal, and the right one."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from counterseal.enforce.core.denial import Denied

_REFUSALS = frozenset({303, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503})
_SHOWN = 300


def assert_denied(what: Any, status: int | None = None, code: str | None = None) -> Denied | Mapping[str, Any]:
    """Check that a response is a refusal by a contract, or that a call is refused.

    Args:
        what: the response of a test client, or a function (plain or async) that is called without arguments.
        status: the status that it has to have; ``None``: any refusal.
        code: the code that it has to have, as in ``not-owner``; ``None``: any.

    Returns:
        The `Denied` of a call; the problem document (RFC 9457) of a response.

    Raises:
        AssertionError: it is not refused, or otherwise. Says what was expected and what came.
    """
    __tracebackhide__ = True
    wanted = f"a refusal{f' with status {status}' if status else ''}{f' and code {code!r}' if code else ''}"
    if callable(what) and not _is_response(what):
        denial = _called(what, wanted)
        _compare(wanted, status, code, denial.status, denial.code, _of_denial(denial))
        return denial
    given = _status(what)
    document = _document(what)
    came = f"{given} {_words(document) or _text(what)}"
    if given not in _REFUSALS:
        raise AssertionError(f"expected {wanted}; nothing refused: {came}")
    if not str(document.get("type", "")).startswith("urn:counterseal:denial:") and given != 303:
        raise AssertionError(f"expected {wanted} by a contract; the answer is none of a contract's: {came}")
    _compare(wanted, status, code, given, document.get("code"), came)
    return document


def _compare(wanted: str, status: int | None, code: str | None, given: int, found: Any, came: str) -> None:
    __tracebackhide__ = True
    if (status is not None and given != status) or (code is not None and found != code):
        raise AssertionError(f"expected {wanted}; came {came}")


def _called(function: Callable[[], Any], wanted: str) -> Denied:
    __tracebackhide__ = True
    try:
        result = function()
        if inspect.iscoroutine(result):
            result = _awaited(result)
    except Denied as denial:
        return denial
    name = getattr(function, "__qualname__", repr(function))
    raise AssertionError(f"expected {wanted}; {name} ran and returned {type(result).__name__}")


def _awaited(pending: Coroutine[Any, Any, Any]) -> Any:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(pending)
    pending.close()
    raise TypeError("an event loop runs here: write `with pytest.raises(Denied): await ...`")


def _is_response(what: Any) -> bool:
    return hasattr(what, "status_code") or hasattr(what, "status")


def _status(response: Any) -> int:
    for name in ("status_code", "status"):
        value = getattr(response, name, None)
        if isinstance(value, int):
            return value
    raise TypeError(f"assert_denied() takes a response or a function, not {type(response).__name__}")


def _body(response: Any) -> bytes:
    for name in ("content", "data", "body"):
        value = getattr(response, name, None)
        if isinstance(value, bytes):
            return value
    return b""


def _document(response: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(_body(response) or b"null")
    except ValueError:
        return {}
    if isinstance(found, dict) and isinstance(found.get("detail"), dict):
        # A refusal inside a dependency of FastAPI: the framework words the answer around it.
        found = found["detail"]
    return found if isinstance(found, dict) else {}


def _words(document: Mapping[str, Any]) -> str:
    if "code" not in document:
        return ""
    parts = [repr(document["code"])]
    parts += [f"by the clause {document['clause']!r}"] if document.get("clause") else []
    parts += [f"because {document['detail']}"] if document.get("detail") else []
    parts += [f"at {', '.join(item['path'] for item in document['errors'])}"] if document.get("errors") else []
    if "clause" not in document:
        parts.append('(with Security(environment="development") it would say which clause refused, and why)')
    return " ".join(parts)


def _of_denial(denial: Denied) -> str:
    by = f" by the clause {denial.clause!r}" if denial.clause else ""
    return f"{denial.status} {denial.code!r}{by}{f': {denial.reason}' if denial.reason else ''}"


def _text(response: Any) -> str:
    body = _body(response)
    return body[:_SHOWN].decode("utf-8", "replace")
