"""The pytest plugin. Loaded in every project that has both installed: it imports nothing but pytest until a fixture is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from counterseal.enforce.testing.clients import Clients
    from counterseal.enforce.testing.moving import MovableClock
    from counterseal.enforce.testing.people import AsPrincipal


@pytest.fixture
def clock() -> Iterator[MovableClock]:
    """The clock by which identities, sessions, limits and records go. It runs on until it is moved or frozen."""
    from counterseal.enforce.testing.moving import moved_clock

    with moved_clock() as made:
        yield made


@pytest.fixture
def as_principal(request: pytest.FixtureRequest) -> AsPrincipal:
    """What makes requests a principal's: see `counterseal.testing.as_principal`. The application is the fixture ``app``'s."""
    from counterseal.enforce.testing.people import bound_to

    def application() -> object:
        try:
            return request.getfixturevalue("app")
        except pytest.FixtureLookupError:
            return None

    return bound_to(application)


@pytest.fixture(scope="module")
def counterseal_clients() -> Iterator[Clients]:
    """The clients of a module's contract matrices: an application is started once for all of its cases."""
    from counterseal.enforce.testing.clients import Clients

    with Clients() as made:
        yield made
