"""Sockets of aiohttp under contract, through its own server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from counterseal import Principal, audit_log, auth, contract, returns, validates
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.aiohttp import ADAPTER
from tests.frameworks.asgi_support import Site, Tokens, aiohttp_site, security
from tests.frameworks.scenarios import Filters, NoteIn, NoteOut, admins_only

ALICE = {"Authorization": "Bearer alice"}
NOTE = json.dumps({"title": "t", "stars": 1})


@contract(requires=[auth("user"), validates(NoteIn)], ensures=[audit_log("echo"), returns(NoteOut)])
async def echo(request: web.Request, principal: Principal) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    async for message in socket:
        note = json.loads(message.data)
        out = {"id": note["stars"], "title": principal.id, "password_hash": "hunter2"}
        if note["title"] == "admin":
            await admins_only()
        elif note["title"] == "misshapen":
            await socket.send_json({"password_hash": "hunter2"})
        elif note["title"] == "frame":
            await socket.send_frame(json.dumps(out).encode(), WSMsgType.TEXT)
        elif note["title"] == "pieces":
            await socket.send_frame(b"hunter2", WSMsgType.CONTINUATION)
        elif note["title"] == "bytes":
            await socket.send_bytes(json.dumps(out).encode())
        else:
            await socket.send_json(out)
    return socket


@contract(requires=[auth("user")])
async def unsaid(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("hunter2")
    return socket


@contract(requires=[auth("user"), validates(Filters, source="query")])
async def asks(request: web.Request, filters: Filters) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str(str(filters.page))
    await socket.close()
    return socket


@contract(requires=[auth("user")], ensures=[returns(NoteOut)])
async def answers_instead(request: web.Request) -> web.WebSocketResponse:
    made: Any = web.json_response({"id": 1, "title": "t", "password_hash": "hunter2"})
    return made  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    app, settings = web.Application(), security()
    for function in (echo, unsaid, asks, answers_instead):
        app.router.add_get(f"/{function.__name__}", function)
    ADAPTER.bind(app, settings)
    with aiohttp_site(app, settings) as running:
        yield running


def talk(site: Site, headers: dict[str, str], path: str = "/echo") -> Any:
    return connect(f"ws://127.0.0.1:{site.port}{path}", additional_headers=headers)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer forged"}])
def test_nobody_connects_unknown(site: Site, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(site, headers):
        pass
    assert refused.value.response.status_code == 401


def test_a_cookie_of_another_site_s_page_does_not_connect(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(site, {"Cookie": "session=carol", "Origin": "https://evil.example"}):
        pass
    assert refused.value.response.status_code == 403
    with talk(site, {"Cookie": "session=carol", "Origin": f"http://127.0.0.1:{site.port}"}) as socket:
        socket.send(NOTE)
        assert json.loads(socket.recv(timeout=5))["title"] == "carol"


@pytest.mark.parametrize("title", ["t", "frame", "bytes"])
def test_messages_are_judged_in_both_directions(site: Site, title: str) -> None:
    site.trail.records.clear()
    with talk(site, ALICE) as socket:
        socket.send(json.dumps({"title": title, "stars": 1}))
        assert json.loads(socket.recv(timeout=5)) == {"id": 1, "title": "alice"}
    assert site.trail.outcome("echo", Outcome.SUCCEEDED, actor="alice").status == 101


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('{"title":"t","stars":1,"role":"admin"}', 1007),
        ('{"title":"t","title":"u","stars":1}', 1007),
        ("{", 1007),
        ('{"title":"' + "x" * 3000 + '","stars":1}', 1009),
        ('{"title":"misshapen","stars":1}', 1011),
        ('{"title":"pieces","stars":1}', 1011),
        ('{"title":"admin","stars":1}', 1008),
    ],
)
def test_a_message_that_is_not_as_declared_closes_the_socket(site: Site, message: str, code: int) -> None:
    with talk(site, ALICE) as socket:
        socket.send(message)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        assert socket.close_code == code


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


def test_a_function_that_opens_a_socket_says_so(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refused, talk(site, ALICE, "/unsaid"):
        pass
    assert refused.value.response.status_code == 500


def test_what_stands_in_the_address_of_a_socket_is_judged_when_it_is_opened(site: Site) -> None:
    with talk(site, ALICE, "/asks?page=3") as socket:
        assert socket.recv(timeout=5) == "3"
    with pytest.raises(InvalidStatus) as refused, talk(site, ALICE, "/asks?page=3&page=4"):
        pass
    assert refused.value.response.status_code == 400


def test_an_answer_in_the_place_of_a_socket_is_shaped(site: Site) -> None:
    answer = site.get("/answers_instead", "alice")
    assert answer.json() == {"id": 1, "title": "t"}
