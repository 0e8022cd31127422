"""Revocation of tokens, sessions and keys, one by one and all of a principal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.bearer import BearerTokens
from counterseal.enforce.identity.revocation import Revocations
from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.identity.tokens import AccessTokens
from tests.identity.calls import AUDIENCE, ISSUER, SECRET, bearer, now, recognised, refused, token

ISSUING = AccessTokens(algorithm="HS256", key=SECRET, issuer=ISSUER, audience=AUDIENCE)


class Time:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moved() -> Iterator[Time]:
    source = Time()
    with clock.running_on(source):
        yield source


def accepting(revoked: Revocations) -> BearerTokens:
    return BearerTokens(algorithms=["HS256"], key=SECRET, issuer=ISSUER, audience=AUDIENCE, revoked=revoked)


def test_one_token_is_revoked_at_once(store: Any) -> None:
    revocations = Revocations(store)
    identity = accepting(revocations)
    one, other = bearer(ISSUING.issue("ann")), bearer(ISSUING.issue("ann"))
    principal = recognised(identity, one)
    assert principal.session is not None
    revocations.revoke(principal.session, until=principal.expires_at)
    refused(identity, one)
    assert now(identity.still_valid(principal)) is False
    recognised(identity, other)


def test_everything_of_a_principal_until_now(store: Any) -> None:
    revocations = Revocations(store)
    identity = accepting(revocations)
    before = [bearer(ISSUING.issue("ann")) for _ in range(3)]
    stranger = bearer(ISSUING.issue("bob"))
    here = recognised(identity, before[0])
    revocations.revoke_principal("ann", except_session=here.session)
    recognised(identity, before[0])
    for call in before[1:]:
        refused(identity, call)
    recognised(identity, stranger)
    recognised(identity, bearer(ISSUING.issue("ann")))  # in the same second, but later
    revocations.revoke_principal("ann")
    refused(identity, before[0])


def test_tokens_without_a_time_of_issue_count_as_old(store: Any) -> None:
    revocations = Revocations(store)
    identity = accepting(revocations)
    timeless = bearer(token(iat=...))
    recognised(identity, timeless)
    revocations.revoke_principal("ann")
    refused(identity, timeless)
    refused(identity, bearer(token(iat=int(time.time()))))


def test_a_revocation_outlives_the_token(store: Any, moved: Time) -> None:
    revocations = Revocations(store)
    identity = accepting(revocations)
    call = bearer(ISSUING.issue("ann"))
    principal = recognised(identity, call)
    assert principal.session is not None
    assert principal.expires_at is not None
    revocations.revoke(principal.session, until=principal.expires_at)
    moved.now = principal.expires_at + 9  # within the leeway
    refused(identity, call)


def test_answers_that_are_kept_are_kept_for_the_stated_bound(make_store: Callable[[str], Any], moved: Time) -> None:
    here, elsewhere = Revocations(make_store("sqlite"), stale_for=5), Revocations(make_store("sqlite"))
    identity = accepting(here)
    call = bearer(ISSUING.issue("ann"))
    recognised(identity, call)
    elsewhere.revoke_principal("ann")
    moved.now += 4.9
    recognised(identity, call)
    moved.now += 0.2
    refused(identity, call)
    other = bearer(ISSUING.issue("bob"))
    recognised(identity, other)
    here.revoke_principal("bob")
    refused(identity, other)
    third = bearer(ISSUING.issue("cem"))
    here.revoke(recognised(identity, third).session or "")
    refused(identity, third)


def test_scopes_are_apart(store: Any) -> None:
    staff, customers = Revocations(store, scope="staff"), Revocations(store, scope="customers")
    principal = Principal(id="1", issued_at=1.0)
    staff.revoke_principal("1")
    assert staff(principal) is True
    assert customers(principal) is False


def test_on_an_event_loop(make_store: Callable[[str], Any]) -> None:
    async def main() -> None:
        store = make_store("redis.asyncio")
        revocations = Revocations(store)
        identity = accepting(revocations)
        call = bearer(ISSUING.issue("ann"))
        for _ in range(2):
            answer: Any = identity.authenticate(call)
            assert (await answer).id == "ann"
        await revocations.revoke_principal.aio("ann")
        with pytest.raises(Exception, match="revoked"):
            await identity.authenticate(call)  # type: ignore[misc]
        with pytest.raises(ConfigurationError, match="aio"):
            revocations.revoke("x")
        await store._client.aclose()

    asyncio.run(main())


def test_a_full_memory_refuses_to_forget() -> None:
    revocations = Revocations(MemoryStore(limit=2))
    revocations.revoke_principal("a")
    revocations.revoke_principal("b")
    with pytest.raises(Unavailable):
        revocations.revoke_principal("c")
    assert revocations(Principal(id="a")) is True


def test_what_has_no_name_is_not_revoked() -> None:
    with pytest.raises(ValueError, match="names"):
        Revocations(MemoryStore()).revoke("")
    with pytest.raises(ConfigurationError):
        Revocations(MemoryStore(), stale_for=-1)
