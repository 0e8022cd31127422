"""What keeps an application from being sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterseal.enforce.core.errors import ContractError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is missing or wrong."""

    code: str
    """A stable word: ``no-contract``, ``decorator-order``, ``inner-layer``, ``cannot-be-kept``, ``policy``, ``opening`` or
    ``table``."""
    route: str
    """``PATCH /users/{user_id}``; empty when it is about the whole application."""
    message: str
    """What is wrong."""
    where: str = ""
    """``app/main.py:31``."""
    fix: str = ""
    """What to write."""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        fix = f"\n    {self.fix}" if self.fix else ""
        return f"{f'{self.route}: ' if self.route else ''}{self.message}{place}{fix}"


class SealError(ContractError):
    """The application cannot be sealed: it must not start. Holds everything that is missing, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"not sealed: {count} problem{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))
