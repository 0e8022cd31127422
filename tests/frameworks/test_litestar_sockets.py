"""Sockets of Litestar under contract, through a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, websocket
from litestar.connection import WebSocket
from litestar.exceptions import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from counterseal import Principal, audit_log, auth, contract, returns, validates
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.litestar import ADAPTER
from tests.frameworks.asgi_support import Site, Tokens, security, uvicorn_site
from tests.frameworks.scenarios import NoteIn, NoteOut, admins_only

Socket = WebSocket[Any, Any, Any]
ALICE = {"Authorization": "Bearer alice"}
NOTE = json.dumps({"title": "t", "stars": 1})


@websocket("/echo")
@contract(requires=[auth("user"), validates(NoteIn)], ensures=[audit_log("echo"), returns(NoteOut)])
async def echo(socket: Socket, principal: Principal) -> None:
    await socket.accept()
    try:
        while True:
            note = await socket.receive_json()
            if note["title"] == "admin":
                await admins_only()
            if note["title"] == "misshapen":
                await socket.send_json({"password_hash": "hunter2"})
            await socket.send_json({"id": note["stars"], "title": principal.id, "password_hash": "hunter2"})
    except WebSocketDisconnect:
        return


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    app, settings = Litestar([echo]), security()
    ADAPTER.bind(app, settings)
    with uvicorn_site(app, settings) as running:
        yield running


def talk(site: Site, headers: dict[str, str]) -> Any:
    return connect(f"ws://127.0.0.1:{site.port}/echo", additional_headers=headers)


def closed(site: Site, *messages: str) -> tuple[int, str]:
    with talk(site, ALICE) as socket:
        for message in messages:
            socket.send(message)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        return socket.close_code or 0, socket.close_reason or ""


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer forged"}])
def test_nobody_connects_unknown(site: Site, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(site, headers):
        pass
    assert refused.value.response.status_code == 403
    assert site.trail.outcome("echo", Outcome.DENIED).reason in ("not-authenticated", "invalid-token")


def test_a_cookie_of_another_site_s_page_does_not_connect(site: Site) -> None:
    with pytest.raises(InvalidStatus), talk(site, {"Cookie": "session=carol", "Origin": "https://evil.example"}):
        pass
    with talk(site, {"Cookie": "session=carol", "Origin": f"http://127.0.0.1:{site.port}"}) as socket:
        socket.send(NOTE)
        assert json.loads(socket.recv(timeout=5))["title"] == "carol"


def test_messages_are_judged_in_both_directions(site: Site) -> None:
    site.trail.records.clear()
    with talk(site, ALICE) as socket:
        for _ in range(2):
            socket.send(NOTE)
            assert json.loads(socket.recv(timeout=5)) == {"id": 1, "title": "alice"}
    site.trail.outcome("echo", Outcome.SUCCEEDED, actor="alice")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('{"title":"t","stars":1,"role":"admin"}', 1007),
        ('{"title":"t","title":"u","stars":1}', 1007),
        ("{", 1007),
        ('{"title":"' + "x" * 3000 + '","stars":1}', 1009),
        ('{"title":"misshapen","stars":1}', 1011),
        ('{"title":"admin","stars":1}', 1008),
    ],
)
def test_a_message_that_is_not_as_declared_closes_the_socket(site: Site, message: str, code: int) -> None:
    assert closed(site, message)[0] == code


def test_an_identity_that_ends_ends_the_socket(site: Site) -> None:
    tokens = site.security.identities[0]
    assert isinstance(tokens, Tokens)
    with talk(site, ALICE) as socket:
        socket.send(NOTE)
        socket.recv(timeout=5)
        tokens.revoked.add("alice")
        try:
            socket.send(NOTE)
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=5)
        finally:
            tokens.revoked.clear()
        assert (socket.close_code, socket.close_reason) == (1008, "not-authenticated")
