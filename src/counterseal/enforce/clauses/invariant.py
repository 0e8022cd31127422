"""`invariant`: what holds before the body still holds after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_function, is_text
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError


@dataclass(frozen=True, slots=True, repr=False)
class Invariant(Clause):
    """See `invariant`."""

    description: str
    condition: Callable[..., object]
    keep: Callable[[Call], Any] | None

    phase = Phase.RULE

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._keep if self.keep is not None else self._before, after=self._after)

    def _before(self, call: Call) -> Awaitable[None] | None:
        return self._judge(self.condition(call), 409, "it does not hold before the operation")

    def _keep(self, call: Call) -> Awaitable[None] | None:
        kept = self.keep(call) if self.keep is not None else None
        if isinstance(kept, Awaitable):
            return self._keep_later(call, kept)
        self._put(call, kept)
        return None

    async def _keep_later(self, call: Call, kept: Awaitable[Any]) -> None:
        self._put(call, await kept)

    def _put(self, call: Call, kept: Any) -> None:
        if call.before is None:
            call.before = {}
        call.before[self] = kept

    def _after(self, call: Call) -> Awaitable[None] | None:
        held = self.condition(call) if self.keep is None else self.condition(call, (call.before or {})[self])
        return self._judge(held, 500, "the operation broke it")

    def _judge(self, held: object, status: int, reason: str) -> Awaitable[None] | None:
        if isinstance(held, Awaitable):
            return self._judge_later(held, status, reason)
        if held is not True:
            raise Denied(status, "invariant-broken", f"{self.description}: {reason}", clause=self.describe())
        return None

    async def _judge_later(self, held: Awaitable[object], status: int, reason: str) -> None:
        self._judge(await held, status, reason)

    def describe(self) -> str:
        return f"always: {self.description}"


def invariant(description: str, check: Callable[..., object], *, keep: Callable[[Call], Any] | None = None) -> Clause:
    """Something that no operation may break. If it is broken after the body, the answer is withheld and, in a unit of work,
    the change is undone.

    Args:
        description: the invariant as a sentence: ``the balance is never negative``.
        check: given the call, returns ``True`` while it holds; run before and after the body. With ``keep``, run after the
            body only, and given the kept value too. May be async.
        keep: what to remember from before the body. May be async.

    Raises:
        ContractError: no description or no check.
    """
    if not is_text(description):
        raise ContractError("invariant() needs a description", 'write invariant("the balance is never negative", check)')
    if not is_function(check) or not (keep is None or is_function(keep)):
        raise ContractError(f"invariant({description!r}) needs a function that checks it")
    return Invariant(description.strip(), check, keep)
