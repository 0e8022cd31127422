"""`rule`: a condition of the business, checked before the body runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_function, is_text
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ContractError

Check = Callable[[Call], object]
_STATUSES = frozenset({403, 404, 409, 422})


@dataclass(frozen=True, slots=True, repr=False)
class Rule(Clause):
    """See `rule`."""

    description: str
    condition: Check
    status: int

    phase = Phase.RULE

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._step)

    def _step(self, call: Call) -> Awaitable[None] | None:
        held = self.condition(call)
        if isinstance(held, Awaitable):
            return self._later(held)
        self._judge(held)
        return None

    async def _later(self, held: Awaitable[object]) -> None:
        self._judge(await held)

    def _judge(self, held: object) -> None:
        # Only True passes: a check that forgot to return must not.
        if held is not True:
            raise Denied(self.status, "rule-not-met", self.description, clause=self.describe())

    def describe(self) -> str:
        return self.description


def rule(description: str, check: Check, *, status: int = 403) -> Clause:
    """A business rule.

    Args:
        description: the rule as a sentence: ``an invoice is sent once``.
        check: given the call, returns ``True`` if the rule is met. Anything else refuses. May be async.
        status: what a refusal answers: 403, 404, 409 or 422.

    Raises:
        ContractError: no description, no check, another status.
    """
    if not is_text(description):
        raise ContractError("rule() needs a description", 'write rule("an invoice is sent once", check)')
    if not is_function(check):
        raise ContractError(f"rule({description!r}) needs a function that checks it")
    if status not in _STATUSES:
        raise ContractError(f"rule(status={status}) is none of {', '.join(map(str, sorted(_STATUSES)))}")
    return Rule(description.strip(), check, status)
