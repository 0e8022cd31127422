"""Testing applications under contract: what a test imports. Only pytest can load it."""

from __future__ import annotations

from counterseal.enforce.testing.running import require_pytest

require_pytest()

from counterseal.enforce.contract.acting import acting_as  # noqa: E402  nothing else is loaded outside tests
from counterseal.enforce.testing.clients import Answer, Client, Sent  # noqa: E402
from counterseal.enforce.testing.denied import assert_denied  # noqa: E402
from counterseal.enforce.testing.matrix import contract_matrix  # noqa: E402
from counterseal.enforce.testing.moving import MovableClock, moved_clock  # noqa: E402
from counterseal.enforce.testing.people import as_principal  # noqa: E402
from counterseal.enforce.testing.samples import Sample  # noqa: E402

__all__ = [
    "Answer",
    "Client",
    "MovableClock",
    "Sample",
    "Sent",
    "acting_as",
    "as_principal",
    "assert_denied",
    "contract_matrix",
    "moved_clock",
]
