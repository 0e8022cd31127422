"""Tokens that we issue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.identity.bearer import BearerTokens
from counterseal.enforce.identity.revocation import Revocations
from counterseal.enforce.identity.stores.memory import MemoryStore
from counterseal.enforce.identity.tokens import AccessTokens, OneTimeTokens, RefreshTokens
from tests.identity.calls import AUDIENCE, ISSUER, SECRET, bearer, recognised

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = RSA_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


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


class TestAccessTokens:
    @pytest.mark.parametrize(
        ("algorithm", "private", "public"),
        [("HS256", SECRET, SECRET), ("RS256", RSA_PEM, PUBLIC_PEM), ("PS256", RSA_KEY, RSA_KEY.public_key())],
        ids=["HS256", "RS256", "PS256"],
    )
    def test_what_is_issued_is_accepted(self, algorithm: str, private: Any, public: Any) -> None:
        issuing = AccessTokens(algorithm=algorithm, key=private, issuer=ISSUER, audience=AUDIENCE, key_id="k1")
        issued = issuing.issue("ann", roles=["user"], permissions=["read", "write"], claims={"tenant": "acme"})
        identity = BearerTokens(
            algorithms=[algorithm],
            keys={"k1": public},
            issuer=ISSUER,
            audience=AUDIENCE,
            token_type="at+jwt",
            attributes=["tenant"],
            max_lifetime=900,
        )
        principal = recognised(identity, bearer(issued))
        assert principal.id == "ann"
        assert principal.roles == {"user"}
        assert principal.permissions == {"read", "write"}
        assert principal.get("tenant") == "acme"
        claims = jwt.decode(issued, options={"verify_signature": False})
        assert {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} <= set(claims)
        assert claims["exp"] - claims["iat"] == pytest.approx(900)

    @pytest.mark.parametrize(
        "settings",
        [
            {"algorithm": "none"},
            {"key": "secret"},
            {"key": PUBLIC_PEM},
            {"key": RSA_PEM},
            {"algorithm": "RS256"},
            {"algorithm": "RS256", "key": PUBLIC_PEM},
            {"algorithm": "RS256", "key": ec.generate_private_key(ec.SECP256R1())},
            {"algorithm": "RS256", "key": rsa.generate_private_key(65537, 1024)},  # noqa: S505
            {"lifetime": 0},
            {"lifetime": 90_000},
            {"issuer": ""},
            {"audience": ""},
        ],
        ids="-".join,
    )
    def test_settings_that_would_leave_a_hole(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            AccessTokens(**({"algorithm": "HS256", "key": SECRET, "issuer": ISSUER, "audience": AUDIENCE} | settings))
        assert "PRIVATE" not in str(caught.value)

    def test_what_is_set_here_cannot_be_overridden(self) -> None:
        issuing = AccessTokens(algorithm="HS256", key=SECRET, issuer=ISSUER, audience=AUDIENCE)
        with pytest.raises(ValueError, match="exp"):
            issuing.issue("ann", claims={"exp": 1})
        with pytest.raises(ValueError, match="space"):
            issuing.issue("ann", permissions=["read admin"])
        with pytest.raises(ValueError, match="id"):
            issuing.issue(" ")


class TestRefreshTokens:
    def test_each_is_good_once(self, store: Any) -> None:
        refresh = RefreshTokens(store)
        first = refresh.issue("ann")
        second = refresh.rotate(first)
        third = refresh.rotate(second.token)
        assert (second.principal_id, third.principal_id) == ("ann", "ann")
        assert second.token not in repr(second)

    def test_using_one_again_ends_the_chain(self, store: Any) -> None:
        refresh = RefreshTokens(store)
        first, other = refresh.issue("ann"), refresh.issue("ann")
        second = refresh.rotate(first).token
        with pytest.raises(Denied, match="used before"):
            refresh.rotate(first)
        with pytest.raises(Denied):
            refresh.rotate(second)
        assert refresh.rotate(other).principal_id == "ann"

    def test_two_at_once_end_the_chain(self, store: Any) -> None:
        refresh = RefreshTokens(store)
        token = refresh.issue("ann")

        def attempt(_: int) -> str | None:
            try:
                return refresh.rotate(token).token
            except Denied:
                return None

        with ThreadPoolExecutor(8) as pool:
            got = [found for found in pool.map(attempt, range(8)) if found]
        assert len(got) == 1
        with pytest.raises(Denied):
            refresh.rotate(got[0])

    def test_they_end(self, store: Any, moved: Time) -> None:
        refresh = RefreshTokens(store, idle=100, absolute=250)
        token = refresh.issue("ann")
        for _ in range(2):
            moved.now += 90
            token = refresh.rotate(token).token
        moved.now += 75
        with pytest.raises(Denied):
            refresh.rotate(token)
        shorter = refresh.issue("ann")
        moved.now += 60
        with pytest.raises(Denied):
            RefreshTokens(store, idle=50, absolute=50).rotate(shorter)
        idle = refresh.issue("ann")
        moved.now += 101
        with pytest.raises(Denied):
            refresh.rotate(idle)

    def test_signing_out_and_revoking_everything(self, store: Any) -> None:
        refresh = RefreshTokens(store)
        one, two, three = (refresh.issue("ann") for _ in range(3))
        refresh.revoke(one)
        with pytest.raises(Denied):
            refresh.rotate(one)
        two = refresh.rotate(two).token
        assert refresh.revoke_all("ann") == 2
        for token in (two, three):
            with pytest.raises(Denied):
                refresh.rotate(token)

    def test_they_end_with_everything_else_of_a_principal(self, store: Any) -> None:
        revocations = Revocations(store)
        refresh = RefreshTokens(store, revoked=revocations)
        token = refresh.issue("ann")
        revocations.revoke_principal("ann")
        with pytest.raises(Denied, match="revoked"):
            refresh.rotate(token)

    @pytest.mark.parametrize("token", ["", ".", "x", "x.y", "é.é", "\ud800.\0", "a" * 100_000])
    def test_invented_ones(self, store: Any, token: str) -> None:
        with pytest.raises(Denied) as caught:
            RefreshTokens(store).rotate(token)
        assert caught.value.status == 401

    def test_the_store_does_not_give_them_away(self, make_store: Callable[[str], Any], tmp_path: Path) -> None:
        store = make_store("sqlite")
        chain, secret = RefreshTokens(store).issue("ann").split(".")
        once = OneTimeTokens(store, "reset").issue("ann")
        store.close()
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("rows.db*"))
        assert b"ann" in kept
        assert not any(text.encode() in kept for text in (chain, secret, once))

    def test_on_an_event_loop(self, make_store: Callable[[str], Any]) -> None:
        async def main() -> None:
            store = make_store("redis.asyncio")
            refresh = RefreshTokens(store)
            first = await refresh.issue.aio("ann")
            second = await refresh.rotate.aio(first)
            with pytest.raises(Denied):
                await refresh.rotate.aio(first)
            with pytest.raises(Denied):
                await refresh.rotate.aio(second.token)
            await store._client.aclose()

        asyncio.run(main())

    def test_bounds(self) -> None:
        with pytest.raises(ConfigurationError):
            RefreshTokens(MemoryStore(), idle=10, absolute=5)


class TestOneTimeTokens:
    def test_one_use(self, store: Any) -> None:
        resets = OneTimeTokens(store, "reset")
        token = resets.issue("ann", {"email": "ann@x.test"})
        found = resets.redeem(token)
        assert found is not None
        assert (found.subject, dict(found.data)) == ("ann", {"email": "ann@x.test"})
        assert resets.redeem(token) is None

    def test_of_many_at_once_one_succeeds(self, store: Any) -> None:
        resets = OneTimeTokens(store, "reset")
        token = resets.issue("ann")
        with ThreadPoolExecutor(8) as pool:
            assert sum(found is not None for found in pool.map(lambda _: resets.redeem(token), range(16))) == 1

    def test_they_expire(self, store: Any, moved: Time) -> None:
        resets = OneTimeTokens(store, "reset", lifetime=60)
        token = resets.issue("ann")
        moved.now += 60
        assert resets.redeem(token) is None

    def test_purposes_are_apart(self, store: Any) -> None:
        token = OneTimeTokens(store, "invite").issue("ann")
        assert OneTimeTokens(store, "reset").redeem(token) is None

    def test_a_new_one_ends_those_before(self, store: Any) -> None:
        resets, invites = OneTimeTokens(store, "reset"), OneTimeTokens(store, "invite", several=True)
        old, new = resets.issue("ann"), resets.issue("ann")
        assert resets.redeem(old) is None
        assert resets.redeem(new) is not None
        assert all(invites.redeem(token) for token in [invites.issue("ann"), invites.issue("ann")])
        last = resets.issue("ann")
        assert resets.revoke_all("ann") == 1
        assert resets.redeem(last) is None

    @pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "a" * 100_000])
    def test_invented_ones(self, store: Any, token: str) -> None:
        assert OneTimeTokens(store, "reset").redeem(token) is None

    def test_settings(self) -> None:
        wrong: list[dict[str, Any]] = [{"purpose": ""}, {"purpose": "x", "lifetime": 0}]
        for settings in wrong:
            with pytest.raises(ConfigurationError):
                OneTimeTokens(MemoryStore(), **settings)
