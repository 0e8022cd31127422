"""What tests of asynchronous frameworks share: identities, a limiter and a trail by the core's protocols, and real servers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import httpx
import uvicorn
from aiohttp import web

from counterseal import Denied, Principal, Security
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.limiter import Verdict
from counterseal.enforce.core.record import Outcome, Record

PEOPLE = {
    "alice": Principal(id="alice", roles=frozenset({"user"}), scheme="token"),
    "bob": Principal(id="bob", roles=frozenset({"user"}), scheme="token"),
    "root": Principal(id="root", roles=frozenset({"admin"}), scheme="token"),
}


class Tokens:
    """Bearer tokens that are names. Asynchronous, as a look-up in a database is."""

    scheme = "token"
    challenge = 'Bearer realm="tests"'

    def __init__(self) -> None:
        self.revoked: set[str] = set()

    def authenticate(self, exchange: Exchange) -> Awaitable[Principal | None] | None:
        given = exchange.header("authorization")
        return None if given is None else self._later(given.removeprefix("Bearer "))

    async def _later(self, token: str) -> Principal:
        await asyncio.sleep(0)
        if token.startswith("user-"):
            return Principal(id=token, roles=frozenset({"user"}), scheme="token")
        if token not in PEOPLE or token in self.revoked:
            raise Denied(401, "invalid-token", "no such token", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return PEOPLE[token]

    def still_valid(self, principal: Principal) -> bool:
        return principal.id not in self.revoked

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class Cookies:
    """Sessions that are names, in a cookie."""

    scheme = "session"
    challenge = None

    def authenticate(self, exchange: Exchange) -> Principal | None:
        name = exchange.cookie("session")
        return None if name is None else Principal(id=name, roles=frozenset({"user"}), scheme="session", ambient=True)

    def still_valid(self, principal: Principal) -> bool:
        return True

    def openapi(self) -> Mapping[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "session"}


class Counter:
    """Counts hits for ever."""

    def __init__(self) -> None:
        self.hits: dict[tuple[str, str], int] = {}

    def meter(self, name: str, rate: str) -> Any:
        return _Meter(self, name, int(rate.partition("/")[0]))


class _Meter:
    def __init__(self, counter: Counter, name: str, most: int) -> None:
        self.counter, self.name, self.most = counter, name, most

    def hit(self, key: str, cost: int) -> Verdict:
        hits = self.counter.hits
        allowed = hits.get((self.name, key), 0) + cost <= self.most
        hits[self.name, key] = hits.get((self.name, key), 0) + (cost if allowed else 0)
        return Verdict(allowed, self.most, self.most - hits[self.name, key], 30.0)

    hit_async = hit


class Notebook:
    """A trail in memory."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._lock = threading.Lock()

    def append(self, record: Record) -> None:
        with self._lock:
            self.records.append(record)

    async def append_async(self, record: Record) -> None:
        await asyncio.sleep(0)
        self.append(record)

    def write_in(self, connection: Any, record: Record) -> None:
        raise NotImplementedError

    def of(self, action: str) -> list[Record]:
        return [record for record in self.records if record.action == action]

    def outcome(self, action: str, outcome: Outcome, timeout: float = 5.0, actor: str | None = None) -> Record:
        """The record of an outcome, which may come after the answer."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for record in self.of(action):
                if record.outcome is outcome and actor in (None, record.actor):
                    return record
            time.sleep(0.01)
        raise AssertionError(f"no {outcome} of {action} in {self.of(action)}")


def security(**settings: Any) -> Security:
    given: dict[str, Any] = {
        "identities": [Tokens(), Cookies()],
        "ledger": Notebook(),
        "limits": Counter(),
        "roles": ("user", "admin"),
        "max_body": 2000,
        "sign_in": "/sign-in",
    }
    return Security(**{**given, **settings})


class Site:
    """A running server, and what the application in it rests on."""

    def __init__(self, port: int, settings: Security) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.security = settings
        # Each request on a connection of its own: a failure after the answer ends the connection.
        self.client = httpx.Client(base_url=self.url, timeout=20.0, limits=httpx.Limits(max_keepalive_connections=0))
        assert isinstance(settings.ledger, Notebook)
        self.trail: Notebook = settings.ledger

    def request(self, method: str, path: str, who: str | None = None, **given: Any) -> httpx.Response:
        headers = dict(given.pop("headers", {}))
        if who is not None:
            headers["authorization"] = f"Bearer {who}"
        return self.client.request(method, path, headers=headers, **given)

    def get(self, path: str, who: str | None = None, **given: Any) -> httpx.Response:
        return self.request("GET", path, who, **given)

    def post(self, path: str, who: str | None = None, **given: Any) -> httpx.Response:
        return self.request("POST", path, who, **given)


@contextlib.contextmanager
def uvicorn_site(app: Any, settings: Security) -> Iterator[Site]:
    """An ASGI application under uvicorn on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    _wait_until(lambda: server.started, thread)
    try:
        yield Site(listener.getsockname()[1], settings)
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def aiohttp_site(app: web.Application, settings: Security) -> Iterator[Site]:
    """An application of aiohttp under its own server on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    # Without the access log; what goes wrong in a handler is the tests' business.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    run(runner.setup())
    run(web.SockSite(runner, listener).start())
    try:
        yield Site(listener.getsockname()[1], settings)
    finally:
        run(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _wait_until(started: Callable[[], bool], thread: threading.Thread) -> None:
    deadline = time.monotonic() + 10
    while not started():
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
