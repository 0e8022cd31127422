"""`retry`: an idempotent body is run again when a passing failure stopped it."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.clauses.given import is_count
from counterseal.enforce.core.errors import ContractError


@dataclass(frozen=True, slots=True, repr=False)
class Retry(Clause):
    """See `retry`."""

    times: int
    on: tuple[type[Exception], ...]
    delay: float

    phase = Phase.BODY

    def bind(self, target: Target) -> Bound:
        if target.streams:
            raise target.error("a stream cannot be retried: part of it is with the caller already")
        return Bound()

    def describe(self) -> str:
        names = ", ".join(item.__name__ for item in self.on)
        return f"run again up to {self.times} times on {names}"


def retry(times: int, *, on: tuple[type[Exception], ...], idempotent: bool, delay: float = 0.0) -> Clause:
    """Run the body again after a passing failure, in a new unit of work with the object loaded anew. Limits count one call.

    Args:
        times: how many more times, 1 to 10.
        on: the exceptions that are worth another try.
        idempotent: the author's word that running the body twice does the same as running it once.
        delay: seconds before each new try, up to 5.

    Raises:
        ContractError: the body is not declared idempotent, or a number is out of range.
    """
    if idempotent is not True:
        raise ContractError("retry() is for idempotent bodies only", "declare it with idempotent=True, if it is so")
    if not is_count(times, 1, 10):
        raise ContractError("retry(times=...) is a number from 1 to 10")
    if not on or not all(_is_exception(item) for item in on):
        raise ContractError("retry(on=...) names the exceptions that are worth another try")
    if not 0 <= delay <= 5:
        raise ContractError("retry(delay=...) is 0 to 5 seconds")
    return Retry(times, tuple(on), delay)


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)
