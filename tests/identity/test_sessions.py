"""Sessions: fixation, rotation, idle and absolute expiry, revocation, a stolen store."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.identity import Identity
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.account import Account
from counterseal.enforce.identity.revocation import Revocations
from counterseal.enforce.identity.sessions import Sessions, SignedIn
from counterseal.enforce.identity.stores.memory import MemoryStore
from tests.identity.calls import Call, now, on_a_loop, recognised, refused

COOKIE = "__Host-session"


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


def with_cookie(token: str | SignedIn) -> Call:
    return Call(cookies={COOKIE: token.token if isinstance(token, SignedIn) else token})


def test_signing_in_and_out(store: Any) -> None:
    sessions = Sessions(store)
    assert isinstance(sessions, Identity)
    signed_in = sessions.sign_in(None, "ann", roles=["user"], permissions=["read"], attributes={"tenant": "acme"})
    call = with_cookie(signed_in)
    principal = recognised(sessions, call)
    assert (principal.id, principal.scheme, principal.session) == ("ann", "session", signed_in.session)
    assert principal.roles == {"user"}
    assert principal.permissions == {"read"}
    assert principal.get("tenant") == "acme"
    assert principal.ambient is True
    assert now(sessions.still_valid(principal)) is True
    removal = sessions.sign_out(call)
    assert removal == "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
    refused(sessions, call)
    assert now(sessions.still_valid(principal)) is False


def test_the_cookie_is_safe() -> None:
    signed_in = Sessions(MemoryStore(), absolute=3600).sign_in(None, "ann")
    expected = f"__Host-session={signed_in.token}; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"
    assert signed_in.set_cookie == expected
    assert re.fullmatch(r"[\w-]{43}", signed_in.token)
    strict = Sessions(MemoryStore(), same_site="Strict", cookie="__Host-id").sign_in(None, "ann")
    assert strict.set_cookie.startswith("__Host-id=")
    assert strict.set_cookie.endswith("SameSite=Strict")
    local = Sessions(MemoryStore(), insecure_for_development=True).sign_in(None, "ann")
    assert local.set_cookie.startswith("session=")
    assert "Secure" not in local.set_cookie


@pytest.mark.parametrize(
    "settings",
    [
        {"cookie": "session"},
        {"cookie": "__Secure-session"},
        {"cookie": "__host-session"},
        {"cookie": "__Host-a; Domain=evil.test"},
        {"cookie": "__Host-a\r\nX: y"},
        {"cookie": ""},
        {"same_site": "no"},
        {"same_site": "none", "insecure_for_development": True},
        {"idle": 0},
        {"idle": 100, "absolute": 50},
        {"absolute": float("inf")},
        {"idle": 60, "touch_every": 60},
    ],
    ids=str,
)
def test_settings_that_would_leave_a_hole(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Sessions(MemoryStore(), **settings)


def test_without_a_cookie_nobody_is_known(store: Any) -> None:
    assert Sessions(store).authenticate(Call()) is None
    assert Sessions(store).authenticate(Call(cookies={"session": "x", COOKIE: ""})) is None


@pytest.mark.parametrize("token", ["x", "0" * 43, "é" * 43, "\udcff", "a" * 100_000, "' OR 1=1 --", "null", "\0"])
def test_invented_tokens_are_refused(store: Any, token: str) -> None:
    sessions = Sessions(store)
    signed_in = sessions.sign_in(None, "ann")
    refused(sessions, with_cookie(token))
    for changed in (signed_in.token + "a", signed_in.token[:-1], signed_in.token.swapcase(), signed_in.session):
        refused(sessions, with_cookie(changed))


def test_a_planted_session_gains_nothing(store: Any) -> None:
    sessions = Sessions(store)
    planted = sessions.sign_in(None, "mallory")
    signed_in = sessions.sign_in(with_cookie(planted), "ann")
    assert signed_in.token != planted.token
    refused(sessions, with_cookie(planted))
    assert recognised(sessions, with_cookie(signed_in)).id == "ann"
    invented = "A" * 43
    assert sessions.sign_in(with_cookie(invented), "ann").token != invented
    refused(sessions, with_cookie(invented))


def test_signing_in_again_changes_the_token(store: Any) -> None:
    sessions = Sessions(store)
    first = sessions.sign_in(None, "ann")
    second = sessions.sign_in(with_cookie(first), "ann", roles=["admin"])
    refused(sessions, with_cookie(first))
    assert recognised(sessions, with_cookie(second)).roles == {"admin"}


def test_a_session_ends_when_it_is_idle(store: Any, moved: Time) -> None:
    sessions = Sessions(store, idle=100, absolute=1000, touch_every=10)
    call = with_cookie(sessions.sign_in(None, "ann"))
    principal = recognised(sessions, call)
    for _ in range(5):
        moved.now += 89
        principal = recognised(sessions, call)
    moved.now += 101
    assert now(sessions.still_valid(principal)) is False
    refused(sessions, call)


def test_a_session_ends_in_any_case(store: Any, moved: Time) -> None:
    sessions = Sessions(store, idle=100, absolute=450)
    call = with_cookie(sessions.sign_in(None, "ann"))
    principal = recognised(sessions, call)
    for _ in range(5):
        moved.now += 89
        principal = recognised(sessions, call)
    assert principal.expires_at == pytest.approx(moved.now + 5)
    moved.now += 6
    refused(sessions, call)


def test_shorter_bounds_hold_for_sessions_that_exist(store: Any, moved: Time) -> None:
    call = with_cookie(Sessions(store, idle=1000, absolute=1000).sign_in(None, "ann"))
    moved.now += 100
    recognised(Sessions(store, idle=200, absolute=200), call)
    moved.now += 60
    recognised(Sessions(store, idle=200, absolute=200), call)
    moved.now += 30
    refused(Sessions(store, idle=20, absolute=200), call)
    refused(Sessions(store, idle=150, absolute=150), call)


def test_the_last_request_s_time_is_written_now_and_then_only(moved: Time) -> None:
    class Counting(MemoryStore):
        writes = 0

        def swap(self, *arguments: Any) -> bool:
            self.writes += 1
            return super().swap(*arguments)

    store = Counting()
    sessions = Sessions(store, touch_every=60)
    call = with_cookie(sessions.sign_in(None, "ann"))
    for _ in range(200):
        moved.now += 1
        recognised(sessions, call)
    assert store.writes == 3


def test_a_changed_password_ends_all_other_sessions(store: Any) -> None:
    sessions = Sessions(store)
    here, *others = (sessions.sign_in(None, "ann") for _ in range(4))
    stranger = sessions.sign_in(None, "bob")
    principal = recognised(sessions, with_cookie(here))
    assert {one.session for one in sessions.sessions_of("ann")} == {here.session, *(other.session for other in others)}
    assert sessions.revoke_all("ann", except_session=principal.session) == 3
    for other in others:
        refused(sessions, with_cookie(other))
    assert recognised(sessions, with_cookie(here)).id == "ann"
    assert recognised(sessions, with_cookie(stranger)).id == "bob"
    assert sessions.revoke_all("ann") == 1
    refused(sessions, with_cookie(here))


def test_one_session_is_revoked_by_its_name(store: Any) -> None:
    sessions = Sessions(store)
    one, other = sessions.sign_in(None, "ann"), sessions.sign_in(None, "ann")
    assert sessions.revoke(one.session) is True
    assert sessions.revoke(one.session) is False
    refused(sessions, with_cookie(one))
    recognised(sessions, with_cookie(other))


def test_a_role_change_takes_effect_at_once(store: Any) -> None:
    roles = {"ann": ["admin"]}
    sessions = Sessions(store, load=lambda name: Account(roles[name], attributes={"plan": "pro"}) if name in roles else None)
    call = with_cookie(sessions.sign_in(None, "ann", roles=["ignored"]))
    principal = recognised(sessions, call)
    assert principal.roles == {"admin"}
    assert principal.get("plan") == "pro"
    assert now(sessions.still_valid(principal)) is True
    roles["ann"] = ["user"]
    assert now(sessions.still_valid(principal)) is False
    assert recognised(sessions, call).roles == {"user"}
    del roles["ann"]
    refused(sessions, call)


def test_roles_are_changed_in_all_sessions_without_load(store: Any) -> None:
    sessions = Sessions(store)
    calls = [with_cookie(sessions.sign_in(None, "ann", roles=["admin"])) for _ in range(3)]
    assert sessions.refresh("ann", roles=["user"]) == 3
    assert [recognised(sessions, call).roles for call in calls] == [{"user"}] * 3
    assert sessions.refresh("nobody", roles=["admin"]) == 0


def test_a_role_change_is_not_lost_to_requests_meanwhile(store: Any) -> None:
    sessions = Sessions(store, touch_every=0)
    call = with_cookie(sessions.sign_in(None, "ann", roles=["admin"]))
    with ThreadPoolExecutor(4) as pool:
        requests = [pool.submit(recognised, sessions, call) for _ in range(100)]
        sessions.refresh("ann", roles=["user"])
        for request in requests:
            request.result()
    assert recognised(sessions, call).roles == {"user"}


@pytest.mark.parametrize("answer", [True, ["admin"], "admin", Principal(id="ann")], ids=str)
def test_a_loader_that_answers_something_else_lets_nobody_in(answer: Any) -> None:
    sessions = Sessions(MemoryStore(), load=lambda _: answer)
    with pytest.raises(ConfigurationError, match="Account or None"):
        sessions.authenticate(with_cookie(sessions.sign_in(None, "ann")))


def test_one_text_is_no_set_of_roles() -> None:
    for call in (lambda: Account("admin"), lambda: Sessions(MemoryStore()).sign_in(None, "ann", roles="admin")):
        with pytest.raises(TypeError):
            call()


def test_a_loader_that_fails_lets_nobody_in() -> None:
    def load(_principal_id: str) -> Account:
        raise OSError("postgres://app:hunter2@db")

    sessions = Sessions(MemoryStore(), load=load)
    with pytest.raises(Unavailable) as caught:
        sessions.authenticate(with_cookie(sessions.sign_in(None, "ann")))
    assert "hunter2" not in str(caught.value)


def test_sessions_end_with_everything_else_of_a_principal(store: Any, moved: Time) -> None:
    revocations = Revocations(store)
    sessions = Sessions(store, revoked=revocations)
    old, kept = sessions.sign_in(None, "ann"), sessions.sign_in(None, "ann")
    revocations.revoke_principal("ann", except_session=kept.session)
    refused(sessions, with_cookie(old))
    recognised(sessions, with_cookie(kept))
    moved.now += 0.001
    recognised(sessions, with_cookie(sessions.sign_in(None, "ann")))


def test_whoever_reads_the_store_cannot_sign_in(make_store: Callable[[str], Any], tmp_path: Path) -> None:
    store = make_store("sqlite")
    sessions = Sessions(store)
    signed_in = sessions.sign_in(None, "ann")
    store.close()
    stolen = b"".join(path.read_bytes() for path in tmp_path.glob("rows.db*"))
    assert signed_in.session.encode() in stolen
    assert signed_in.token.encode() not in stolen
    assert signed_in.token not in repr(signed_in)
    refused(sessions, with_cookie(signed_in.session))


def test_a_store_that_is_down_lets_nobody_in() -> None:
    class Down(MemoryStore):
        def fetch(self, kind: str, keys: Any) -> Any:
            raise Unavailable("down")

    sessions = Sessions(Down())
    with pytest.raises(Unavailable):
        sessions.authenticate(with_cookie(sessions.sign_in(None, "ann")))


@pytest.mark.parametrize("kind", ["memory", "sqlite", "sqlalchemy", "postgresql", "redis", "redis.asyncio"])
def test_on_an_event_loop(make_store: Callable[[str], Any], kind: str) -> None:
    async def load(_principal_id: str) -> Account:
        await asyncio.sleep(0)
        return Account(["user"])

    async def main() -> None:
        sessions = Sessions(make_store(kind), load=load)

        async def ask(call: Call) -> Any:
            answer: Any = sessions.authenticate(call)
            return await answer if hasattr(answer, "__await__") else answer

        signed_in = await sessions.sign_in.aio(None, "ann")
        principal = await ask(with_cookie(signed_in))
        assert principal.roles == {"user"}
        valid: Any = sessions.still_valid(principal)
        assert await valid is True
        if kind != "memory":
            with pytest.raises(ConfigurationError, match="aio"):
                sessions.sign_in(None, "ann")
        assert await sessions.revoke_all.aio("ann") >= 1
        with pytest.raises(Denied):
            await ask(with_cookie(signed_in))
        if kind == "redis.asyncio":
            await sessions._store._client.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())


def test_its_description() -> None:
    sessions = Sessions(MemoryStore())
    assert sessions.openapi() == {"type": "apiKey", "in": "cookie", "name": COOKIE}
    assert (sessions.scheme, sessions.challenge) == ("session", None)
    assert "WWW-Authenticate" not in refused(sessions, with_cookie("x")).headers


def test_principals_of_others_are_not_still_valid() -> None:
    sessions = Sessions(MemoryStore())
    signed_in = sessions.sign_in(None, "ann")
    for other in (Principal(id="ann", scheme="bearer", session=signed_in.session), Principal(id="ann", scheme="session")):
        assert sessions.still_valid(other) is False
    assert on_a_loop(lambda: sessions.still_valid(Principal(id="bob", scheme="session", session=signed_in.session))) is False
