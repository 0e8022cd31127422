"""Identities of one's own: whatever they do wrong lets nobody in."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.custom import Custom
from tests.identity.calls import Call, on_a_loop, recognised

CALL = Call(("x-user", "ann"))


def by_header(exchange: Exchange) -> Principal | None:
    name = exchange.header("x-user")
    return Principal(id=name, roles=frozenset({"user"})) if name else None


async def by_header_later(exchange: Exchange) -> Principal | None:
    return by_header(exchange)


def _raise(problem: Exception) -> Callable[[Any], Principal]:
    def function(_call: Any) -> Principal:
        raise problem

    return function


def test_a_plain_function() -> None:
    identity = Custom(by_header, scheme="gateway", challenge="Gateway", ambient=False)
    assert isinstance(identity, Identity)
    principal = recognised(identity, CALL)
    assert (principal.id, principal.scheme, principal.ambient) == ("ann", "gateway", False)
    assert identity.authenticate(Call()) is None
    assert identity.challenge == "Gateway"
    assert identity.still_valid(principal) is True


def test_an_asynchronous_function() -> None:
    identity = Custom(by_header_later)
    principal = on_a_loop(lambda: identity.authenticate(CALL))
    assert principal is not None
    assert principal.id == "ann"
    assert on_a_loop(lambda: identity.authenticate(Call())) is None


def test_browsers_are_taken_to_send_it_unasked_unless_said_otherwise() -> None:
    assert recognised(Custom(by_header), CALL).ambient is True
    assert recognised(Custom(by_header, ambient=False), CALL).ambient is False


def test_the_framework_s_own_request() -> None:
    identity = Custom(lambda request: Principal(id=dict(request["headers"])["x-user"]), native=True)
    assert recognised(identity, CALL).id == "ann"


@pytest.mark.parametrize("answer", [True, "ann", {"id": "root"}, 1, object()])
def test_what_is_no_principal_lets_nobody_in(answer: Any) -> None:
    async def later(_exchange: Exchange) -> Any:
        return answer

    with pytest.raises(ConfigurationError, match="Principal or None"):
        Custom(lambda _: answer).authenticate(CALL)
    with pytest.raises(ConfigurationError, match="Principal or None"):
        on_a_loop(lambda: Custom(later).authenticate(CALL))


def test_what_it_raises_lets_nobody_in_and_is_not_told() -> None:
    async def later(_exchange: Exchange) -> Principal:
        raise KeyError("password=hunter2")

    for call in (
        lambda: Custom(_raise(ValueError("password=hunter2"))).authenticate(CALL),
        lambda: Custom(later).authenticate(CALL),
        lambda: Custom(lambda _: Principal(id="")).authenticate(CALL),
    ):
        with pytest.raises(Unavailable) as caught:
            on_a_loop(call)
        assert "hunter2" not in str(caught.value)


def test_its_own_refusal_is_kept() -> None:
    with pytest.raises(Denied, match="401 locked"):
        Custom(_raise(Denied(401, "locked"))).authenticate(CALL)


def test_an_expired_principal_is_refused() -> None:
    end = time.time() + 60
    identity = Custom(lambda _: Principal(id="ann", expires_at=end), challenge="Gateway")
    principal = recognised(identity, CALL)
    with clock.running_on(lambda: end):
        with pytest.raises(Denied) as caught:
            identity.authenticate(CALL)
        assert caught.value.headers == {"WWW-Authenticate": "Gateway"}
        assert identity.still_valid(principal) is False


def test_a_principal_is_checked_again() -> None:
    banned: set[str] = set()

    async def later(principal: Principal) -> bool:
        return principal.id not in banned

    identity, slow = Custom(by_header, recheck=lambda who: who.id not in banned), Custom(by_header, recheck=later)
    principal = recognised(identity, CALL)
    assert identity.still_valid(principal) is True
    assert on_a_loop(lambda: slow.still_valid(principal)) is True
    banned.add("ann")
    assert identity.still_valid(principal) is False
    assert on_a_loop(lambda: slow.still_valid(principal)) is False
    assert identity.still_valid(Principal(id="bob", scheme="bearer")) is False


def test_a_check_that_fails_is_no_yes() -> None:
    def broken(_principal: Principal) -> bool | Awaitable[bool]:
        raise OSError("down")

    identity = Custom(by_header, recheck=broken)
    with pytest.raises(Unavailable):
        identity.still_valid(recognised(identity, CALL))
    forgetful: Any = Custom(by_header, recheck=lambda _: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ConfigurationError):
        forgetful.still_valid(recognised(identity, CALL))


def test_something_that_is_no_function() -> None:
    with pytest.raises(ConfigurationError, match="function"):
        Custom("by_header")  # type: ignore[arg-type]
