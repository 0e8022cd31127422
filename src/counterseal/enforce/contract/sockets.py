"""A WebSocket under contract: the identity is asked again, and the shapes hold, for each message."""

from __future__ import annotations

from counterseal.enforce.clauses import strict_json
from counterseal.enforce.clauses.shapes import adapter, field_errors, says
from counterseal.enforce.clauses.validates import Validates
from counterseal.enforce.contract.answers import still_valid
from counterseal.enforce.contract.plan import Plan
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied


class Watcher:
    """Judges the messages of one socket."""

    def __init__(self, plan: Plan, call: Call) -> None:
        self._call = call
        self._shaper = plan.shaper
        clause = plan.spec.only(Validates)
        if clause is not None and clause.source == "query":
            # What stands in the address was judged when the socket was opened.
            clause = None
        self._clause = clause
        self._schema = None if clause is None else adapter(clause.model, plan.target, clause.describe())

    async def received(self, message: str | bytes) -> None:
        """See `SocketWatcher`."""
        valid = still_valid(self._call)
        if (valid if isinstance(valid, bool) else await valid) is not True:
            raise Denied(401, "not-authenticated", "the identity ended while the socket lived")
        body = message.encode() if isinstance(message, str) else message
        limit = self._call.security.max_body
        if self._clause is not None and self._clause.max_bytes is not None:
            limit = self._clause.max_bytes
        if len(body) > limit:
            raise Denied(413, "too-large", f"a message of more than {limit} bytes")
        if self._clause is not None and self._schema is not None:
            self._check(body)

    def _check(self, body: bytes) -> None:
        from pydantic import ValidationError

        clause = self._clause
        strict_json.check(body)
        try:
            self._call.input = self._schema.validate_json(  # type: ignore[union-attr]
                body,
                strict=None if says(clause.model, "strict") else True,  # type: ignore[union-attr]
                extra=None if says(clause.model, "extra") else "forbid",  # type: ignore[union-attr]
            )
        except ValidationError as error:
            found = field_errors(error)
            raise Denied(422, "invalid-input", "; ".join(item.path for item in found[:5]), fields=found) from None

    def sent(self, message: str | bytes) -> str | bytes:
        """See `SocketWatcher`."""
        if self._shaper is None:
            return message
        from pydantic import ValidationError

        try:
            filtered = self._shaper.filtered(message.encode() if isinstance(message, str) else message)
        except ValidationError:
            raise Denied(500, "unshaped-answer", "a message lacks the declared shape", clause=self._shaper.clause) from None
        return filtered.decode() if isinstance(message, str) else filtered
