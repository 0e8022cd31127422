"""API keys."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.identity.account import Account
from counterseal.enforce.identity.api_keys import ApiKey, ApiKeys, _checksum
from counterseal.enforce.identity.revocation import Revocations
from counterseal.enforce.identity.stores.memory import MemoryStore
from tests.identity.calls import Call, now, on_a_loop, recognised, refused


def with_key(key: str) -> Call:
    return Call(("x-api-key", key))


def test_a_key_names_its_principal(store: Any) -> None:
    keys = ApiKeys(store, prefix="acme_live")
    assert isinstance(keys, Identity)
    issued = keys.issue("service-1", name="reports", permissions=["read"], lifetime=60)
    principal = recognised(keys, with_key(issued.key))
    assert (principal.id, principal.scheme, principal.session) == ("service-1", "api-key", issued.stored.id)
    assert principal.permissions == {"read"}
    assert principal.roles == set()
    assert principal.ambient is False
    assert now(keys.still_valid(principal)) is True
    assert keys.authenticate(Call()) is None
    assert issued.key.startswith(f"acme_live_{issued.stored.id}_")
    assert [key.name for key in keys.keys_of("service-1")] == ["reports"]


def test_in_the_authorization_header() -> None:
    keys = ApiKeys(MemoryStore(), header="Authorization")
    key = keys.issue("service-1").key
    assert recognised(keys, Call(("authorization", f"ApiKey {key}"))).id == "service-1"
    assert keys.authenticate(Call(("authorization", f"Bearer {key}"))) is None
    assert keys.authenticate(with_key(key)) is None


def test_every_changed_key_is_refused(store: Any) -> None:
    keys = ApiKeys(store)
    key = keys.issue("service-1").key
    for place in range(len(key)):
        changed = key[:place] + ("x" if key[place] != "x" else "y") + key[place + 1 :]
        denied = refused(keys, with_key(changed))
        assert denied.headers == {"WWW-Authenticate": "ApiKey"}
        body = changed[:-6]
        if body != key[:-6]:  # with a checksum that is right
            refused(keys, with_key(body + _checksum(body)))


@pytest.mark.parametrize("key", ["", "x", "key_", "key__", "é" * 70, "key_" + "\0" * 16 + "_" + "A" * 43, "a" * 1_000_000])
def test_what_is_no_key(store: Any, key: str) -> None:
    keys = ApiKeys(store)
    refused(keys, with_key(key))
    refused(keys, with_key(key + _checksum(key)))


def test_several_headers_are_refused() -> None:
    keys = ApiKeys(MemoryStore())
    good = ("x-api-key", keys.issue("service-1").key)
    refused(keys, Call(good, good))
    refused(keys, Call(("x-api-key", ""), good))


def test_a_key_ends(store: Any) -> None:
    keys = ApiKeys(store)
    one, two, other = keys.issue("a", lifetime=60), keys.issue("a"), keys.issue("b")
    principal = recognised(keys, with_key(one.key))
    with clock.running_on(lambda: time.time() + 61):
        refused(keys, with_key(one.key))
        assert now(keys.still_valid(principal)) is False
        recognised(keys, with_key(two.key))
    assert keys.revoke(two.stored.id) is True
    refused(keys, with_key(two.key))
    assert keys.revoke_all("a") == 1
    refused(keys, with_key(one.key))
    recognised(keys, with_key(other.key))


def test_a_key_has_no_more_rights_than_its_principal(store: Any) -> None:
    accounts = {"ann": Account(["user", "admin"], ["read", "write"])}
    keys = ApiKeys(store, load=accounts.get)
    key = keys.issue("ann", permissions=["read", "delete"], roles=["admin"]).key
    principal = recognised(keys, with_key(key))
    assert principal.roles == {"admin"}
    assert principal.permissions == {"read"}
    accounts["ann"] = Account(["user"], ["read"])
    assert now(keys.still_valid(principal)) is False
    assert recognised(keys, with_key(key)).roles == set()
    del accounts["ann"]
    refused(keys, with_key(key))


def test_keys_end_with_everything_else_of_a_principal(store: Any) -> None:
    revocations = Revocations(store)
    keys = ApiKeys(store, revoked=revocations)
    key = keys.issue("ann").key
    revocations.revoke_principal("ann")
    refused(keys, with_key(key))


def test_the_key_itself_is_not_kept(make_store: Callable[[str], Any], tmp_path: Path) -> None:
    store = make_store("sqlite")
    issued = ApiKeys(store).issue("ann")
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("rows.db*"))
    assert issued.stored.digest.encode() in kept
    assert issued.key[-49:].encode() not in kept
    assert issued.key not in repr(issued)


def test_a_table_of_one_s_own() -> None:
    table: dict[str, ApiKey] = {}

    async def later(key_id: str) -> ApiKey | None:
        return table.get(key_id)

    keys, slow = ApiKeys(table.get), ApiKeys(later)
    issued = keys.issue("ann", permissions=["read"])
    refused(keys, with_key(issued.key))
    table[issued.stored.id] = issued.stored
    assert recognised(keys, with_key(issued.key)).permissions == {"read"}
    assert on_a_loop(lambda: slow.authenticate(with_key(issued.key))) is not None
    with pytest.raises(ConfigurationError, match="revoked there"):
        keys.revoke(issued.stored.id)
    careless: Any = lambda _: {"digest": issued.stored.digest}  # noqa: E731
    with pytest.raises(ConfigurationError, match="ApiKey or None"):
        ApiKeys(careless).authenticate(with_key(issued.key))


def test_the_last_use_is_noted_now_and_then(store: Any) -> None:
    keys = ApiKeys(store, note_use_every=60)
    key = keys.issue("ann").key
    recognised(keys, with_key(key))
    (first,) = keys.keys_of("ann")
    recognised(keys, with_key(key))
    assert keys.keys_of("ann") == [first]
    with clock.running_on(lambda: time.time() + 61):
        recognised(keys, with_key(key))
    assert (keys.keys_of("ann")[0].used_at or 0) > (first.used_at or 0) > 0


@pytest.mark.parametrize(
    "settings", [{"prefix": "Key"}, {"prefix": "a_b_c"}, {"prefix": ""}, {"header": "Cookie"}, {"header": "X Key"}]
)
def test_settings_that_cannot_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ApiKeys(MemoryStore(), **settings)


def test_an_unknown_key_costs_as_much_as_a_wrong_one() -> None:
    keys = ApiKeys(MemoryStore())
    key = keys.issue("ann").key
    known, unknown = key[:-49] + "A" * 43, "key_" + "A" * 16 + "_" + "A" * 43

    def cost(body: str) -> float:
        call = with_key(body + _checksum(body))
        start = time.perf_counter()
        with pytest.raises(Denied):
            keys.authenticate(call)
        return time.perf_counter() - start

    pairs = [(cost(known), cost(unknown)) for _ in range(400)]
    ratio = statistics.median(one for one, _ in pairs) / statistics.median(other for _, other in pairs)
    assert 0.5 < ratio < 2


def test_its_description() -> None:
    keys = ApiKeys(MemoryStore(), header="X-Key")
    assert keys.openapi() == {"type": "apiKey", "in": "header", "name": "X-Key"}
    assert (keys.scheme, keys.challenge) == ("api-key", "ApiKey")
