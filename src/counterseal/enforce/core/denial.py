"""A refusal: what the caller is told, and what only operators and developers are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the input. Holds no submitted value."""

    path: str
    """Where in the input, as in ``lines.0.amount``."""
    code: str
    """A stable word, pydantic's error type: ``extra_forbidden``."""
    message: str


class Denied(Exception):  # noqa: N818  the name says what happened
    """The call is refused. Clauses raise it; adapters turn it into an answer (RFC 9457).

    ``reason`` is for logs, the ledger and developers: callers see it in development only.
    """

    def __init__(
        self,
        status: int,
        code: str,
        reason: str = "",
        *,
        clause: str = "",
        headers: Mapping[str, str] = _NO_HEADERS,
        fields: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(f"{status} {code}: {reason}" if reason else f"{status} {code}")
        self.status = status
        """HTTP status: 400, 401, 403, 404, 413, 415, 422, 429 or 503; 500 when a clause failed in a way nobody foresaw."""
        self.code = code
        """A stable word for machines: ``not-authenticated``, ``not-owner``, ``limit-exceeded``."""
        self.reason = reason
        self.clause = clause
        """The clause that refused, in its own words."""
        self.headers = dict(headers)
        self.fields = tuple(fields)

    @property
    def challenge(self) -> bool:
        """Whether signing in could help."""
        return self.status == HTTPStatus.UNAUTHORIZED

    def problem(self, *, request_id: str = "", explain: bool = False) -> dict[str, Any]:
        """The body of the answer as RFC 9457 (``application/problem+json``) has it."""
        document: dict[str, Any] = {
            "type": f"urn:counterseal:denial:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
        }
        if request_id:
            document["request_id"] = request_id
        if self.fields:
            document["errors"] = [{"path": item.path, "code": item.code, "message": item.message} for item in self.fields]
        if explain:
            document |= {"detail": self.reason, "clause": self.clause}
        return document
