"""A sealed application behind a real server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

APPLICATION = """
from fastapi import APIRouter, FastAPI, WebSocket
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import WebSocketRoute

from counterseal import auth, contract, public, seal
from tests.sealing.parts import security

app = FastAPI(openapi_url=None)
router = APIRouter()


@app.get("/public")
@contract(public(reason="the front page"))
async def front() -> str:
    return "front"


@router.get("/private/{number}")
@contract(auth())
async def private(number: int) -> int:
    return number


@app.websocket("/ws")
@contract(auth())
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


class Talk(WebSocketEndpoint):
    encoding = "text"

    @contract(auth())
    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.accept()

    @contract(auth())
    async def on_receive(self, websocket: WebSocket, data: str) -> None:
        await websocket.send_text(data)


app.router.routes.append(WebSocketRoute("/ws-class", Talk))
app.include_router(router, prefix="/in")
app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
seal(app, security())


@app.get("/between")
@contract(auth())
async def between() -> str:
    return "between"


@app.get("/grow")
async def nobody() -> str:
    return "nobody"


app.router.routes.pop()


@app.post("/between/grow")
@contract(auth())
async def grow() -> str:
    app.add_api_route("/late", nobody)
    router.add_api_route("/late", nobody)
    app.add_api_websocket_route("/late-ws", talk)
    return "grown"
"""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start(folder: Path, repository: Path, text: str, port: int) -> subprocess.Popen[str]:
    (folder / "served.py").write_text(text, encoding="utf-8")
    paths = os.pathsep.join([str(folder), str(repository / "src"), str(repository)])
    command = [sys.executable, "-m", "uvicorn", "served:app", "--port", str(port), "--log-level", "info"]
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[int]:
    port = _free_port()
    process = start(tmp_path_factory.mktemp("served"), repository, APPLICATION, port)
    try:
        _wait(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _wait(process: subprocess.Popen[str], port: int) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_routes_of_before_and_between(server: int) -> None:
    assert ask(server, "/public") == (200, '"front"')
    assert ask(server, "/in/private/3")[0] == 401
    assert ask(server, "/in/private/3", x_user="alice") == (200, "3")
    assert ask(server, "/between", x_user="alice") == (200, '"between"')
    assert ask(server, "/none")[0] == 404
    assert ask(server, "/public", "DELETE")[0] == 405


@pytest.mark.parametrize("host", ["x/public?", "x/public#", "testserver/public", "x:80/public?a=", "public"])
def test_the_host_header_decides_nothing(server: int, host: str) -> None:
    # CVE-2026-48710: a URL that is put together from the Host header has another path than the one that was matched.
    assert ask(server, "/in/private/3", Host=host)[0] in (400, 401)
    assert ask(server, "/none", Host=host)[0] in (400, 404)


def test_late_routes(server: int) -> None:
    assert ask(server, "/between/grow", "POST", x_user="alice")[0] == 200
    status, body = ask(server, "/late", x_user="alice")
    assert (status, json.loads(body)["code"]) == (503, "unsealed-route")
    assert ask(server, "/in/late", x_user="alice")[0] in (404, 503)
    assert ask(server, "/late", x_user="alice", Host="x/public?")[0] in (400, 503)
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{server}/late-ws", additional_headers={"x-user": "alice"}).close()
    assert caught.value.response.status_code == 503
    assert ask(server, "/in/private/3", x_user="alice") == (200, "3")


@pytest.mark.parametrize("path", ["/ws", "/ws-class"])
def test_sockets(server: int, path: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{server}{path}").close()
    assert caught.value.response.status_code == 401
    with connect(f"ws://127.0.0.1:{server}{path}", additional_headers={"x-user": "alice"}) as talk:
        talk.send("hello")
        assert talk.recv() == "hello"


def test_a_server_does_not_start_with_what_came_in_between(tmp_path: Path, repository: Path) -> None:
    text = APPLICATION.replace("app.router.routes.pop()", "")
    process = start(tmp_path, repository, text, _free_port())
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "GET /grow: nobody has no contract" in errors
    assert "Application startup failed" in errors
