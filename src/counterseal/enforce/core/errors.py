"""What a developer or an operator did wrong. What a caller did wrong is a `Denied`."""

from __future__ import annotations


class ContractError(Exception):
    """A contract, or what it is put on, cannot be enforced as it is written. Raised at import or start-up, never per request."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}. {hint}" if hint else message)
        self.message = message
        """What is wrong."""
        self.hint = hint
        """What to do about it."""


class ConfigurationError(ContractError):
    """A setting that would leave a hole, or that cannot work."""


class Unavailable(Exception):  # noqa: N818  the name says what happened
    """Something that a decision rests on (the ledger, the limits' store, a key server) does not answer. Callers get 503."""
