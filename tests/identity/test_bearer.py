"""Bearer tokens that hold, and everything that attackers do to them."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.bearer import BearerTokens
from counterseal.enforce.identity.claims import unchecked
from tests.identity.calls import (
    AUDIENCE,
    ISSUER,
    SECRET,
    Call,
    b64,
    bearer,
    claims,
    now,
    on_a_loop,
    raw_token,
    recognised,
    refused,
    token,
)

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PUBLIC = RSA_KEY.public_key()
PEM = RSA_PUBLIC.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DER = RSA_PUBLIC.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
SSH = RSA_PUBLIC.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
HEADER = {"alg": "HS256", "typ": "JWT"}


def tokens(**settings: Any) -> BearerTokens:
    return BearerTokens(**({"algorithms": ["HS256"], "key": SECRET, "issuer": ISSUER, "audience": AUDIENCE} | settings))


@contextmanager
def at(offset: float) -> Iterator[None]:
    """The clock shows another time."""
    with clock.running_on(lambda: time.time() + offset):
        yield


class TestWhatHolds:
    def test_a_good_token_names_its_principal(self) -> None:
        identity = tokens(attributes=["tenant", "profile"])
        assert isinstance(identity, Identity)
        call = bearer(token(scope="read write", tenant="acme", profile={"teams": ["a"]}, other=1))
        for _ in range(3):  # verified, then remembered
            principal = recognised(identity, call)
            assert (principal.id, principal.scheme, principal.session) == ("ann", "bearer", "t1")
            assert principal.roles == {"user"}
            assert principal.permissions == {"read", "write"}
            assert dict(principal.attributes) == {"tenant": "acme", "profile": {"teams": ("a",)}}
            assert principal.ambient is False
            assert identity.still_valid(principal) is True

    def test_what_is_remembered_cannot_be_changed(self) -> None:
        principal = recognised(tokens(attributes=["profile"]), bearer(token(profile={"teams": ["a"]})))
        with pytest.raises(TypeError):
            principal.attributes["profile"]["teams"] = ("root",)
        with pytest.raises(TypeError):
            principal.attributes["profile"] = {}  # type: ignore[index]

    @pytest.mark.parametrize("call", [Call(), Call(("Authorization", "Basic YTpi")), Call(("authorization", "Bearertoken"))])
    def test_other_credentials_are_not_its_business(self, call: Call) -> None:
        assert tokens().authenticate(call) is None

    def test_the_scheme_is_read_in_any_case(self) -> None:
        assert recognised(tokens(), Call(("authorization", f"bEARER {token()}"))).id == "ann"

    @pytest.mark.parametrize(
        ("changed", "roles"),
        [({"roles": ...}, set()), ({"roles": "admin"}, {"admin"}), ({"roles": ["a", "b"]}, {"a", "b"}), ({"roles": []}, set())],
    )
    def test_roles_are_a_list_or_one_text(self, changed: dict[str, Any], roles: set[str]) -> None:
        assert recognised(tokens(), bearer(token(**changed))).roles == roles

    def test_roles_and_permissions_are_found_inside_other_claims(self) -> None:
        identity = tokens(roles_claim=("realm_access", "roles"), permissions_claim="https://x.test/may")
        call = bearer(jwt.encode(claims(realm_access={"roles": ["admin"]}) | {"https://x.test/may": ["read:all"]}, SECRET))
        assert recognised(identity, call).roles == {"admin"}
        assert recognised(identity, call).permissions == {"read:all"}
        assert recognised(identity, bearer(token(realm_access=["admin"]))).roles == set()

    def test_one_of_several_issuers_and_audiences_is_enough(self) -> None:
        identity = tokens(issuer=["https://other.test", ISSUER], audience=["x", AUDIENCE])
        assert recognised(identity, bearer(token(aud=["y", AUDIENCE]))).id == "ann"

    def test_issuer_and_audience_are_left_unchecked_with_a_reason_only(self) -> None:
        identity = tokens(issuer=unchecked("one secret per issuer"), audience=unchecked("one secret per audience"))
        assert recognised(identity, bearer(token(iss=..., aud="whatever"))).id == "ann"
        with pytest.raises(ConfigurationError, match="without a reason"):
            unchecked(" ")

    @pytest.mark.parametrize(
        ("algorithm", "private"),
        [
            ("RS256", RSA_KEY),
            ("PS512", RSA_KEY),
            ("ES256", ec.generate_private_key(ec.SECP256R1())),
            ("ES384", ec.generate_private_key(ec.SECP384R1())),
            ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_public_keys_as_object_pem_and_jwk(self, algorithm: str, private: Any) -> None:
        public = private.public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        jwk = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
        call = bearer(token(private, algorithm))
        for key in (public, pem, pem.decode(), jwk):
            assert recognised(tokens(algorithms=[algorithm], key=key), call).id == "ann"
        refused(tokens(algorithms=[algorithm], key=pem), bearer(call.headers("authorization")[0][7:-8] + "AAAAAAAA"))

    def test_keys_by_id(self) -> None:
        other = SECRET[::-1]
        identity = tokens(key=None, keys={"old": SECRET, "new": other})
        assert recognised(identity, bearer(token(headers={"kid": "old"}))).id == "ann"
        assert recognised(identity, bearer(token(other, headers={"kid": "new"}))).id == "ann"
        refused(identity, bearer(token(headers={"kid": "new"})))
        refused(identity, bearer(token()))

    def test_a_secret_as_jwk(self) -> None:
        assert recognised(tokens(key={"kty": "oct", "k": b64(SECRET)}), bearer(token())).id == "ann"
        with pytest.raises(ConfigurationError, match="5 bytes"):
            tokens(key={"kty": "oct", "k": b64("short")})
        for wrong in ({"kty": "oct"}, {"kty": "oct", "k": 1}, {"kty": "oct", "k": b64(SECRET), "alg": "HS512"}, {}):
            with pytest.raises(ConfigurationError, match="JWK"):
                tokens(key=wrong)

    def test_its_description(self) -> None:
        identity = tokens()
        assert identity.openapi() == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        assert (identity.scheme, identity.challenge) == ("bearer", "Bearer")


class TestTime:
    def test_a_remembered_token_expires(self) -> None:
        identity, call = tokens(leeway=10), bearer(token())
        principal = recognised(identity, call)
        with at(605):
            assert recognised(identity, call) == principal
            assert identity.still_valid(principal) is True
        with at(611):
            assert "expired" in refused(identity, call).reason
            assert identity.still_valid(principal) is False

    def test_a_remembered_token_is_not_valid_before_its_time(self) -> None:
        identity, call = tokens(), bearer(token())
        recognised(identity, call)
        with at(-60):
            assert "not valid yet" in refused(identity, call).reason

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"exp": ...}, "exp is missing"),
            ({"exp": None}, "exp is not a time"),
            ({"exp": True}, "exp is not a time"),
            ({"exp": "9999999999"}, "exp is not a time"),
            ({"exp": 10**400}, "exp is not a time"),
            ({"exp": -1}, "exp is not a time"),
            ({"exp": time.time() - 11}, "expired"),
            ({"exp": time.time() + 86_400 * 365}, "longer than max_lifetime"),
            ({"exp": time.time() + 90_000, "iat": ...}, "longer than max_lifetime"),
            ({"nbf": time.time() + 60}, "not valid yet"),
            ({"nbf": "soon"}, "nbf is not a time"),
            ({"iat": time.time() + 60}, "not valid yet"),
            ({"iat": []}, "iat is not a time"),
        ],
    )
    def test_times_that_are_refused(self, changed: dict[str, Any], reason: str) -> None:
        payload = claims(**changed)
        assert reason in refused(tokens(), bearer(raw_token(HEADER, payload))).reason

    def test_infinity_is_no_time(self) -> None:
        for number in ("Infinity", "NaN", "1e999"):
            payload = json.dumps(claims(exp=0)).replace('"exp": 0', f'"exp": {number}')
            refused(tokens(), bearer(raw_token(HEADER, payload)))


class TestForgeries:
    @pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
    def test_unsigned(self, name: str) -> None:
        unsigned = f"{b64(json.dumps({'alg': name}))}.{b64(json.dumps(claims(roles=['admin'])))}."
        refused(tokens(), bearer(unsigned))
        refused(tokens(algorithms=["RS256"], key=PEM), bearer(unsigned))

    @pytest.mark.parametrize(
        "secret", [PEM, PEM.rstrip(), DER, SSH, b'{"kty": "RSA"}'], ids=["pem", "stripped", "der", "ssh", "jwk"]
    )
    def test_a_public_key_is_not_taken_for_a_secret(self, secret: bytes) -> None:
        forged = raw_token(HEADER, claims(roles=["admin"]), secret)
        refused(tokens(algorithms=["RS256"], key=PEM), bearer(forged))
        refused(tokens(algorithms=["RS256"], key=None, keys={"a": PEM}), bearer(forged))

    def test_tampered_claims(self) -> None:
        header, _, signature = token().split(".")
        refused(tokens(), bearer(f"{header}.{b64(json.dumps(claims(roles=['admin'])))}.{signature}"))

    def test_another_algorithm_of_the_same_family(self) -> None:
        long = SECRET * 2
        refused(tokens(key=long), bearer(token(long, "HS512")))
        refused(tokens(algorithms=["RS256"], key=PEM), bearer(token(RSA_KEY, "PS256")))

    def test_algorithms_are_bound_to_their_keys(self) -> None:
        curve = ec.generate_private_key(ec.SECP256R1())
        identity = tokens(algorithms=["RS256", "ES256"], key=None, keys={"r": PEM, "e": curve.public_key()})
        assert recognised(identity, bearer(token(RSA_KEY, "RS256", {"kid": "r"}))).id == "ann"
        refused(identity, bearer(token(RSA_KEY, "RS256", {"kid": "e"})))
        refused(identity, bearer(token(curve, "ES256", {"kid": "r"})))

    @pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
    def test_a_key_that_comes_with_the_token_is_not_used(self, member: str) -> None:
        mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        jwk = jwt.get_algorithm_by_name("RS256").to_jwk(mine.public_key(), as_dict=True)
        value = {"jwk": jwk, "x5c": ["AAAA"]}.get(member, "http://127.0.0.1:9/keys.json")
        refused(tokens(algorithms=["RS256"], key=PEM), bearer(token(mine, "RS256", {member: value})))

    @pytest.mark.parametrize(
        "key_id",
        [
            "../../../../dev/null",
            "x' UNION SELECT 'secret",
            ["a"],
            {"a": 1},
            0,
            None,
            True,
            "a\x00",
            "A",
            "",
            "k" * 300,
            "__class__",
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_key_ids_are_looked_up_and_nothing_else(self, key_id: Any) -> None:
        identity = tokens(key=None, keys={"a": SECRET, "b": SECRET[::-1]})
        for key in (SECRET, "", b"\0"):
            refused(identity, bearer(raw_token(HEADER | {"kid": key_id}, claims(), key)))

    def test_oversized_tokens_are_not_looked_at(self) -> None:
        huge = raw_token(HEADER | {"kid": "k" * 1_000_000}, claims())
        start = time.perf_counter()
        assert "too long" in refused(tokens(), bearer(huge)).reason
        assert time.perf_counter() - start < 0.01
        assert recognised(tokens(max_bytes=2_000_000), bearer(token(pad="x" * 9000))).id == "ann"

    @pytest.mark.parametrize(
        ("header", "payload"),
        [
            ('{"alg":"HS256","alg":"HS256"}', json.dumps(claims())),
            (json.dumps(HEADER), json.dumps(claims())[:-1] + ',"roles":["admin"]}'),
            (json.dumps(HEADER), json.dumps(claims(sub="ann"))[:-1] + ',"sub":"root"}'),
            (json.dumps(HEADER), json.dumps(claims())[:-1] + ',"a":{"b":1,"b":2}}'),
            (json.dumps(HEADER), "[]"),
            (json.dumps(HEADER), "null"),
            (json.dumps(HEADER), "[" * 3000),
            (json.dumps(HEADER), "1" * 5000),
            ("[]", json.dumps(claims())),
            ("{}", json.dumps(claims())),
            ('{"alg":["HS256"]}', json.dumps(claims())),
            ('{"alg":"HS256","crit":["exp"]}', json.dumps(claims())),
            ('{"alg":"HS256","b64":false,"crit":["b64"]}', json.dumps(claims())),
            ('{"alg":"HS256","typ":1}', json.dumps(claims())),
            ("\ufeff" + json.dumps(HEADER), json.dumps(claims())),
        ],
        ids=itertools.count(),  # the claims have another time each run
    )
    def test_ambiguous_or_malformed_content(self, header: str, payload: str) -> None:
        refused(tokens(), bearer(raw_token(header, payload)))

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"iss": ...}, "iss"),
            ({"iss": "https://evil.test"}, "iss"),
            ({"iss": [ISSUER]}, "iss"),
            ({"aud": ...}, "aud"),
            ({"aud": "payroll"}, "aud"),
            ({"aud": []}, "aud"),
            ({"aud": [AUDIENCE, 1]}, "aud"),
            ({"aud": {AUDIENCE: 1}}, "aud"),
            ({"sub": ...}, "sub"),
            ({"sub": ""}, "sub"),
            ({"sub": "  "}, "sub"),
            ({"sub": 1}, "sub"),
            ({"sub": "ann\nroot"}, "sub"),
            ({"jti": 1}, "jti"),
            ({"roles": [1]}, "roles"),
            ({"roles": {"admin": True}}, "roles"),
            ({"roles": None}, "roles"),
            ({"roles": ["user", None]}, "roles"),
            ({"scope": 5}, "roles or permissions"),
        ],
        ids=str,
    )
    def test_claims_that_are_refused(self, changed: dict[str, Any], reason: str) -> None:
        denied = refused(tokens(), bearer(raw_token(HEADER, claims(**changed))))
        assert reason in denied.reason
        assert denied.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    @pytest.mark.parametrize("text", ["", "a", "a.b", "..", "a.b.c.d", "a b.c.d", "\xe9.a.b", "a=.b=.c=", "{} x", "{},{}"])
    def test_what_is_no_token(self, text: str) -> None:
        refused(tokens(), Call(("authorization", f"Bearer {text.format(token(), token())}")))

    @pytest.mark.parametrize("first", ["Bearer x", "Basic YTpi", ""])
    def test_several_headers(self, first: str) -> None:
        good = ("authorization", f"Bearer {token()}")
        refused(tokens(), Call(("authorization", first), good))
        refused(tokens(), Call(good, ("authorization", first)))
        refused(tokens(), Call(good, good))

    def test_tokens_of_another_type(self) -> None:
        identity = tokens(token_type="at+jwt")
        refused(identity, bearer(token()))
        refused(identity, bearer(token(headers={"typ": None})))
        for name in ("at+jwt", "application/at+JWT"):
            assert recognised(identity, bearer(token(headers={"typ": name}))).id == "ann"

    @pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
    @pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 256, 1000])
    def test_signatures_of_any_length(self, algorithm: str, size: int) -> None:
        key: Any = {"ES256": ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate()}.get(
            algorithm, RSA_KEY
        )
        identity = tokens(algorithms=[algorithm], key=key.public_key())
        signed = token(key, algorithm).rpartition(".")[0]
        for signature in (b"\0" * size, b"\xff" * size):
            refused(identity, bearer(f"{signed}.{b64(signature)}"))

    def test_a_signature_has_one_spelling(self) -> None:
        good = token()
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        spare = letters[letters.index(good[-1]) ^ 1]  # another last letter for the same bytes
        for changed in (good[:-1] + spare, good + "=", good + "!", good[:-3] + "!" + good[-3:], good[:-3] + "\n" + good[-3:]):
            refused(tokens(), bearer(changed))

    def test_numbers_that_are_none(self) -> None:
        for number in ("NaN", "Infinity", "-Infinity"):
            refused(tokens(), bearer(raw_token(HEADER, json.dumps(claims())[:-1] + f', "limit": {number}}}')))

    GOOD = token(exp=time.time() + 80_000)

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(
        place=st.integers(0, len(GOOD) - 1),
        new=st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x85\xa0"), max_size=3),
        width=st.integers(0, 3),
    )
    def test_no_changed_token_is_accepted(self, place: int, new: str, width: int) -> None:
        changed = self.GOOD[:place] + new + self.GOOD[place + width :]
        identity = tokens()
        recognised(identity, bearer(self.GOOD))
        if changed != self.GOOD:
            refused(identity, bearer(changed))


class TestConfiguration:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"algorithms": []}, "no algorithm"),
            ({"algorithms": "HS256"}, "one text"),
            ({"algorithms": ["none"]}, "none"),
            ({"algorithms": ["HS256", "None"]}, "none"),
            ({"algorithms": ["HS1"]}, "unknown algorithm"),
            ({"algorithms": ["HS256", "RS256"]}, "together"),
            ({"key": "secret"}, "6 bytes"),
            ({"key": b"\x8f\x12\x99\xab\x01\x77"}, "6 bytes"),
            ({"key": SECRET, "algorithms": ["HS256", "HS512"]}, "64 are needed"),
            ({"key": "a" * 64}, "placeholder"),
            ({"key": "abab" * 16}, "placeholder"),
            ({"key": "your-256-bit-secret-your-256-bit-secret"}, "placeholder"),
            ({"key": "changeme-changeme-changeme-changeme"}, "placeholder"),
            ({"key": "super-secret-key-change-me-in-production"}, "placeholder"),
            ({"key": "my-secret-key-for-development-and-testing"}, "placeholder"),
            ({"key": "01234567890123456789012345678901"}, "placeholder"),
            ({"key": PEM}, "public key"),
            ({"key": PEM.decode()}, "public key"),
            ({"key": "".join(PEM.decode().splitlines()[1:-1])}, "public key"),
            ({"key": DER}, "public key"),
            ({"key": SSH}, "public key"),
            ({"key": RSA_PUBLIC}, "text or bytes"),
            ({"key": json.dumps(jwt.get_algorithm_by_name("RS256").to_jwk(RSA_PUBLIC, as_dict=True))}, "public key"),
            ({"key": jwt.get_algorithm_by_name("RS256").to_jwk(RSA_PUBLIC, as_dict=True)}, "fits none"),
            ({"key": 5}, "text or bytes"),
            ({"key": None}, "0 are given"),
            ({"keys": {"a": SECRET}}, "2 are given"),
            ({"key": None, "keys": {}}, "keys is empty"),
            ({"key": None, "keys": {1: SECRET}}, "key id"),
            ({"key": None, "keys": {"a": "short"}}, "5 bytes"),
            ({"algorithms": ["RS256"], "key": SECRET}, "fits none"),
            ({"algorithms": ["ES256"], "key": PEM}, "fits none"),
            ({"algorithms": ["ES256"], "key": ec.generate_private_key(ec.SECP384R1()).public_key()}, "fits none"),
            ({"algorithms": ["RS256"], "key": RSA_KEY}, "private key"),
            ({"algorithms": ["RS256"], "key": rsa.generate_private_key(65537, 1024).public_key()}, "1024 bits"),  # noqa: S505
            ({"issuer": None}, "no issuer"),
            ({"issuer": ""}, "no issuer"),
            ({"audience": []}, "no audience"),
            ({"audience": [None]}, "no audience"),
            ({"leeway": -1}, "leeway"),
            ({"leeway": 3600}, "leeway"),
            ({"max_lifetime": 0}, "max_lifetime"),
            ({"max_lifetime": float("inf")}, "max_lifetime"),
            ({"key": None, "jwks_url": "https://issuer.test/jwks"}, "publish the secret"),
            ({"key": None, "algorithms": ["RS256"], "jwks_url": "http://issuer.test/jwks"}, "not https"),
            ({"key": None, "algorithms": ["RS256"], "jwks_url": "https://u:p@issuer.test/jwks"}, "no user"),
            ({"key": None, "algorithms": ["RS256"], "jwks_url": "file:///etc/passwd"}, "needs a host"),
            ({"key": None, "jwks_file": "/nowhere/keys.json"}, "cannot be used"),
        ],
        ids=lambda value: "-".join(value) if isinstance(value, dict) else "",  # keys are other ones each time
    )
    def test_settings_that_would_leave_a_hole(self, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError, match=message) as caught:
            tokens(**settings)
        key = settings.get("key")
        if isinstance(key, str) and len(key) > 6:
            assert key not in str(caught.value)

    def test_random_secrets_are_accepted(self) -> None:
        import secrets

        for make in (secrets.token_urlsafe, secrets.token_hex, secrets.token_bytes):
            for _ in range(50):
                tokens(key=make(32))

    def test_nothing_secret_in_what_is_printed(self) -> None:
        identity = tokens()
        seen = f"{identity!r} {vars(identity)!r} {identity._source!r}"
        assert SECRET not in seen


class TestRevocation:
    def test_a_revoked_token_is_refused_though_remembered(self) -> None:
        gone: set[str | None] = set()
        identity = tokens(revoked=lambda principal: principal.session in gone)
        call = bearer(token())
        principal = recognised(identity, call)
        recognised(identity, call)
        gone.add("t1")
        assert "revoked" in refused(identity, call).reason
        assert identity.still_valid(principal) is False
        assert recognised(identity, bearer(token(jti="t2"))).session == "t2"

    def test_an_asynchronous_check(self) -> None:
        gone: set[str | None] = set()

        async def revoked(principal: Principal) -> bool:
            return principal.session in gone

        identity = tokens(revoked=revoked)
        call = bearer(token())
        principal: Any = None
        for _ in range(2):
            principal = on_a_loop(lambda: identity.authenticate(call))
            assert isinstance(principal, Principal)
        assert on_a_loop(lambda: identity.still_valid(principal)) is True
        gone.add("t1")
        with pytest.raises(Exception, match="revoked"):
            on_a_loop(lambda: identity.authenticate(call))
        assert on_a_loop(lambda: identity.still_valid(principal)) is False

    @pytest.mark.parametrize("answer", [None, 0, "", "no"])
    def test_an_answer_that_is_none_lets_nobody_in(self, answer: Any) -> None:
        with pytest.raises(ConfigurationError, match="True or False"):
            tokens(revoked=lambda _: answer).authenticate(bearer(token()))

    def test_a_check_that_fails_lets_nobody_in(self) -> None:
        def broken(_principal: Principal) -> bool:
            raise OSError("connection to redis://:hunter2@db refused")

        identity = tokens(revoked=broken)
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                identity.authenticate(bearer(token()))
            assert "hunter2" not in str(caught.value)

    def test_a_token_without_id_is_named_by_what_is_signed(self) -> None:
        session = recognised(tokens(), bearer(token(jti=...))).session
        assert session is not None
        assert re.fullmatch("sha256:[0-9a-f]{64}", session)


def test_the_cache_is_bounded_and_holds_no_token() -> None:
    identity = tokens(cache=10)
    for number in range(100):
        recognised(identity, bearer(token(jti=str(number))))
    assert identity._cache is not None
    assert 10 <= len(identity._cache) <= 20
    assert all(len(key) == 32 for key in identity._cache._new)
    without, call = tokens(cache=False), bearer(token())
    assert recognised(without, call) == recognised(without, call)


def test_many_threads_get_their_own_principals() -> None:
    identity = tokens(cache=8)
    calls = [(str(number), bearer(token(sub=str(number)))) for number in range(40)]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(20):
            wrong.extend(name for name, call in calls if now(identity.authenticate(call)).id != name)  # type: ignore[union-attr]

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
