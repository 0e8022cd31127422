"""Keys that rotate: a JWK Set in a file, a JWK Set on a server."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from counterseal.enforce.core import clock
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.errors import ConfigurationError, Unavailable
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.bearer import BearerTokens
from counterseal.enforce.identity.fetch import FetchFailed, checked_url, fetch
from counterseal.enforce.identity.jwks import JwksFile, JwksUrl
from tests.identity.calls import AUDIENCE, ISSUER, bearer, on_a_loop, recognised, refused, token

KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("one", "two", "three")}
MINIMUM: dict[str, Any] = {"algorithms": ["ES256"], "issuer": ISSUER, "audience": AUDIENCE}


def jwks(*names: str, **extra: Any) -> str:
    library = jwt.get_algorithm_by_name("ES256")
    return json.dumps({"keys": [library.to_jwk(KEYS[name].public_key(), as_dict=True) | {"kid": name} | extra for name in names]})


def call(name: str) -> Any:
    return bearer(token(KEYS[name], "ES256", {"kid": name}))


class Time:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


@pytest.fixture
def moved() -> Iterator[Time]:
    source = Time()
    with clock.running_on(source):
        yield source


class KeyServer(ThreadingHTTPServer):
    """A server on this machine whose answer a test chooses."""

    daemon_threads = True
    answer: str | bytes = ""
    status = 200
    delay = 0.0
    location = ""
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/jwks.json"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, KeyServer)
        server.asked += 1
        time.sleep(server.delay)
        body = server.answer.encode() if isinstance(server.answer, str) else server.answer
        self.send_response(server.status)
        if server.location:
            self.send_header("Location", server.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Nothing."""


@pytest.fixture
def server() -> Iterator[KeyServer]:
    made = KeyServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def by_url(server: KeyServer, **bounds: Any) -> BearerTokens:
    return BearerTokens(jwks_url=JwksUrl(server.url, **bounds), **MINIMUM)


def eventually(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.01)


def accepted(identity: BearerTokens, name: str) -> bool:
    try:
        recognised(identity, call(name))
    except Denied:
        return False
    return True


class TestFile:
    def test_a_rotation_is_followed_also_for_remembered_tokens(self, tmp_path: Path, moved: Time) -> None:
        path = tmp_path / "jwks.json"
        path.write_text(jwks("one"))
        identity = BearerTokens(jwks_file=path, **MINIMUM)
        first = call("one")
        recognised(identity, first)
        path.write_text(jwks("two", "three"))
        moved.offset = 1.1
        refused(identity, first)
        assert accepted(identity, "two")
        assert accepted(identity, "three")

    def test_a_broken_file_serves_its_last_content_for_a_while(self, tmp_path: Path, moved: Time) -> None:
        path = tmp_path / "jwks.json"
        path.write_text(jwks("one"))
        identity = BearerTokens(jwks_file=JwksFile(path, max_stale=60), **MINIMUM)
        path.write_text('{"keys": [')
        moved.offset = 30
        assert accepted(identity, "one")
        path.unlink()
        moved.offset = 62
        with pytest.raises(Unavailable):
            identity.authenticate(call("one"))
        path.write_text(jwks("one"))
        moved.offset = 64
        assert accepted(identity, "one")

    def test_after_a_quiet_time_nobody_is_turned_away(self, tmp_path: Path, moved: Time) -> None:
        path = tmp_path / "jwks.json"
        path.write_text(jwks("one"))
        identity = BearerTokens(jwks_file=path, cache=False, **MINIMUM)
        for number in range(1, 20):
            moved.offset = number * 3600
            good = bearer(token(KEYS["one"], "ES256", {"kid": "one"}, iat=clock.now(), exp=clock.now() + 60))
            with ThreadPoolExecutor(8) as pool:
                assert len(list(pool.map(lambda _, good=good: recognised(identity, good), range(16)))) == 16

    @pytest.mark.parametrize(
        "content",
        ["", "[]", "{}", '{"keys": 1}', '{"keys": []}', '{"keys": [1, {"kid": 5}]}', '{"keys": [], "keys": []}', "x" * 300_000],
        ids=lambda content: content[:30],
    )
    def test_content_without_keys_is_refused_at_start(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "jwks.json"
        path.write_text(content)
        with pytest.raises(ConfigurationError, match="cannot be used"):
            BearerTokens(jwks_file=path, **MINIMUM)

    @pytest.mark.parametrize("extra", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": 1}, {"alg": "ES384"}, {"kty": "oct"}])
    def test_keys_for_something_else_are_passed_over(self, tmp_path: Path, extra: dict[str, Any]) -> None:
        path = tmp_path / "jwks.json"
        both = json.loads(jwks("one"))["keys"] + json.loads(jwks("two", **extra))["keys"]
        path.write_text(json.dumps({"keys": both}))
        identity = BearerTokens(jwks_file=path, **MINIMUM)
        assert accepted(identity, "one")
        assert not accepted(identity, "two")

    def test_private_keys_are_not_used(self, tmp_path: Path) -> None:
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps({"keys": [jwt.get_algorithm_by_name("ES256").to_jwk(KEYS["one"], as_dict=True)]}))
        with pytest.raises(ConfigurationError):
            BearerTokens(jwks_file=path, **MINIMUM)


class TestServer:
    def test_keys_are_fetched_once_for_all(self, server: KeyServer) -> None:
        server.answer, server.delay = jwks("one", "two"), 0.1
        identity = by_url(server)
        assert server.asked == 0
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda _: accepted(identity, "one"), range(32)))
        assert all(found)
        assert server.asked == 1

    def test_on_a_loop_nothing_blocks(self, server: KeyServer) -> None:
        server.answer, server.delay = jwks("one"), 0.3
        identity = by_url(server)

        async def main() -> tuple[list[Principal | None], float]:
            longest = 0.0

            async def tick() -> None:
                nonlocal longest
                while True:
                    before = time.perf_counter()
                    await asyncio.sleep(0.005)
                    longest = max(longest, time.perf_counter() - before)

            async def ask() -> Principal | None:
                answer: Any = identity.authenticate(call("one"))
                found: Principal | None = await answer if hasattr(answer, "__await__") else answer
                return found

            ticking = asyncio.create_task(tick())
            found = list(await asyncio.gather(*(ask() for _ in range(8))))
            ticking.cancel()
            return found, longest

        found, longest = asyncio.run(main())
        assert [principal.id for principal in found if principal] == ["ann"] * 8
        assert server.asked == 1
        assert longest < 0.2

    def test_somebody_who_stops_waiting_does_not_stop_the_others(self, server: KeyServer) -> None:
        server.answer, server.delay = jwks("one"), 0.2
        identity = by_url(server)

        async def ask() -> Any:
            answer: Any = identity.authenticate(call("one"))
            return await answer

        async def main() -> Any:
            impatient, patient = asyncio.create_task(ask()), asyncio.create_task(ask())
            await asyncio.sleep(0.05)
            impatient.cancel()
            return await patient

        assert asyncio.run(main()).id == "ann"

    def test_a_removed_key_stops_being_accepted_within_the_bound(self, server: KeyServer, moved: Time) -> None:
        server.answer = jwks("one", "two")
        identity = by_url(server, refresh=300, max_stale=900)
        first = call("one")
        recognised(identity, first)
        server.answer = jwks("two")
        moved.offset = 299
        recognised(identity, first)
        assert server.asked == 1
        moved.offset = 301  # served with the keys at hand, fetched behind the scenes
        recognised(identity, call("two"))
        eventually(lambda: server.asked == 2 and not accepted(identity, "one"))
        refused(identity, first)

    def test_keys_that_are_too_old_are_never_used(self, server: KeyServer, moved: Time) -> None:
        server.answer = jwks("one")
        identity = by_url(server, refresh=300, max_stale=900)
        first = call("one")
        recognised(identity, first)
        server.status = 500
        moved.offset = 500
        recognised(identity, first)
        moved.offset = 590
        recognised(identity, first)
        late = bearer(token(KEYS["one"], "ES256", {"kid": "one"}, exp=time.time() + 3000))
        moved.offset = 901
        with pytest.raises(Unavailable):
            identity.authenticate(late)
        server.status = 200
        moved.offset = 903
        recognised(identity, late)

    def test_an_unchanged_set_leaves_remembered_tokens_alone(self, server: KeyServer, moved: Time) -> None:
        server.answer = jwks("one")
        identity = by_url(server)
        first = call("one")
        before = recognised(identity, first)
        moved.offset = 301
        recognised(identity, first)
        eventually(lambda: server.asked == 2)
        time.sleep(0.05)
        assert recognised(identity, first) is before

    def test_invented_key_ids_cost_one_request_per_interval(self, server: KeyServer, moved: Time) -> None:
        server.answer = jwks("one")
        identity = by_url(server, min_interval=30)
        assert accepted(identity, "one")
        moved.offset = 31
        for number in range(50):
            refused(identity, bearer(token(KEYS["two"], "ES256", {"kid": f"x{number}"})))
        assert server.asked == 2
        moved.offset = 62
        refused(identity, bearer(token(KEYS["two"], "ES256", {"kid": "x"})))
        assert server.asked == 3

    def test_a_new_key_is_fetched_when_it_is_first_used(self, server: KeyServer, moved: Time) -> None:
        server.answer = jwks("one")
        identity = by_url(server, min_interval=30)
        assert accepted(identity, "one")
        server.answer = jwks("one", "two")
        moved.offset = 31
        assert accepted(identity, "two")
        server.answer = jwks("one", "two", "three")
        moved.offset = 62
        principal = on_a_loop(lambda: identity.authenticate(call("three")))
        assert principal is not None

    @pytest.mark.parametrize(
        "answer",
        [b"", b"[]", b"{}", b'{"keys": []}', b"\xff\xfe", b"<html>", b" " * 300_000, b'{"keys":' + b"[" * 100_000],
        ids=lambda answer: str(answer[:12]),
    )
    def test_answers_without_keys(self, server: KeyServer, answer: bytes) -> None:
        server.answer = answer
        identity = by_url(server)
        for _ in range(3):
            with pytest.raises(Unavailable):
                identity.authenticate(call("one"))
        assert server.asked == 1  # not once per request

    @pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 500, 204])
    def test_redirects_and_errors_are_not_followed(self, server: KeyServer, status: int) -> None:
        server.status, server.location, server.answer = status, "/other.json", jwks("one")
        with pytest.raises(Unavailable, match=str(status)):
            by_url(server).authenticate(call("one"))
        assert server.asked == 1

    def test_a_slow_server_does_not_hold_callers_for_long(self, server: KeyServer) -> None:
        server.answer, server.delay = jwks("one"), 1.5
        identity = by_url(server, timeout=0.2)
        start = time.monotonic()
        with pytest.raises(Unavailable):
            identity.authenticate(call("one"))
        with pytest.raises(Unavailable):
            on_a_loop(lambda: identity.authenticate(call("one")))
        assert time.monotonic() - start < 1.2

    def test_no_more_is_read_than_allowed(self, server: KeyServer) -> None:
        server.answer = b"x" * 50_000
        with pytest.raises(FetchFailed, match="too large"):
            fetch(checked_url(server.url), timeout=1, limit=49_999)
        assert len(fetch(checked_url(server.url), timeout=1, limit=50_000)) == 50_000

    def test_a_server_that_is_not_there(self, server: KeyServer) -> None:
        identity = BearerTokens(jwks_url=f"http://127.0.0.1:{_unused_port()}/jwks", **MINIMUM)
        with pytest.raises(Unavailable) as caught:
            identity.authenticate(call("one"))
        assert "127.0.0.1" not in str(caught.value)

    def test_malformed_tokens_ask_no_server(self, server: KeyServer) -> None:
        server.answer = jwks("one")
        identity = by_url(server)
        refused(identity, bearer("a.b.c"))
        assert server.asked == 0

    def test_a_forked_worker_fetches_for_itself(self, server: KeyServer) -> None:
        server.answer = jwks("one")
        identity = by_url(server)
        recognised(identity, call("one"))
        child = os.fork()
        if child == 0:
            os._exit(0 if accepted(identity, "one") else 1)
        assert os.waitpid(child, 0)[1] == 0


def _unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("bounds", [{"refresh": 0}, {"refresh": 10, "max_stale": 5}])
def test_bounds_that_contradict_each_other(bounds: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        JwksUrl("https://issuer.test/jwks", **bounds)
