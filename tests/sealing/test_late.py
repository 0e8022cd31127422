"""What comes after sealing does not run, and everything else answers as before."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from counterseal import SealError, auth, contract, seal
from tests.sealing.parts import ALICE, known, security

ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def late(request: Request) -> Response:
    ran.append("late")
    return PlainTextResponse("late")


@known
def guarded(request: Request) -> Response:
    return PlainTextResponse("reached")


async def late_socket(websocket: WebSocket) -> None:
    ran.append("socket")
    await websocket.accept()
    await websocket.close()


def sealed_fastapi() -> tuple[FastAPI, APIRouter, APIRouter]:
    app, inner, outer = FastAPI(openapi_url=None), APIRouter(prefix="/in"), APIRouter(prefix="/out")
    for router in (app, inner, outer):
        router.add_api_route("/kept", guarded)
    outer.include_router(inner)
    app.include_router(outer, prefix="/api")
    seal(app, security())
    return app, outer, inner


def refused(app: Any, path: str, method: str = "GET") -> None:
    answer = TestClient(app).request(method, path, headers=ALICE)
    assert (answer.status_code, ran) == (503, [])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unsealed-route"


def test_a_route_on_the_application() -> None:
    app, _, _ = sealed_fastapi()
    app.add_api_route("/late", late)
    refused(app, "/late")


@pytest.mark.parametrize("depth", [1, 2])
def test_a_route_on_a_router_that_is_included_already(depth: int) -> None:
    app, *routers = sealed_fastapi()
    client = TestClient(app)
    assert client.get("/api/out/in/kept", headers=ALICE).text == "reached"
    routers[depth - 1].add_api_route("/late", late)
    path = "/api/out" + ("/in" if depth == 2 else "") + "/late"
    # FastAPI before 0.137 copied routes when a router was included, so that later ones do not exist.
    answer = client.get(path)
    assert answer.status_code in (404, 503)
    assert ran == []
    assert client.get("/api/out/in/kept", headers=ALICE).text == "reached"
    if hasattr(__import__("fastapi.routing").routing, "_IncludedRouter"):
        refused(app, path)


def test_a_router_that_is_included_later() -> None:
    app, outer, _ = sealed_fastapi()
    router = APIRouter()
    router.add_api_route("/late", late)
    app.include_router(router, prefix="/x")
    refused(app, "/x/late")
    outer.include_router(router, prefix="/y")
    assert TestClient(app).get("/api/out/y/late").status_code in (404, 503)
    assert ran == []


def test_a_known_endpoint_at_another_path_or_by_another_method() -> None:
    app, _, inner = sealed_fastapi()
    app.add_api_route("/elsewhere", guarded)
    refused(app, "/elsewhere")
    app.add_api_route("/kept", guarded, methods=["DELETE"])
    refused(app, "/kept", "DELETE")
    app.include_router(inner, prefix="/again")
    refused(app, "/again/in/kept")
    assert TestClient(app).get("/kept", headers=ALICE).status_code == 200


def test_a_contract_is_not_enough_for_a_late_route() -> None:
    app, _, _ = sealed_fastapi()

    @app.get("/late")
    @contract(auth())
    async def with_contract() -> int:
        ran.append("late")
        return 1

    refused(app, "/late")


@pytest.mark.parametrize(
    "route",
    [
        Mount("/m", app=Starlette(routes=[Route("/late", late)])),
        Mount("/m", routes=[Route("/late", late)]),
        Host("testserver", app=Router(routes=[Route("/m/late", late)])),
        Route("/m/{rest:path}", late),
    ],
)
def test_whatever_is_appended_to_the_table(route: BaseRoute) -> None:
    app = Starlette(routes=[Route("/kept", guarded)])
    seal(app, security())
    app.router.routes.append(route)
    refused(app, "/m/late")
    assert TestClient(app).get("/kept", headers=ALICE).text == "reached"


def test_a_table_that_is_replaced() -> None:
    app = Starlette(routes=[Route("/kept", guarded), Mount("/sub", routes=[Route("/kept", guarded)])])
    seal(app, security())
    app.router.routes = [Route("/late", late), *app.router.routes]
    mounted = app.router.routes[2]
    assert isinstance(mounted, Mount)
    assert isinstance(mounted.app, Router)
    mounted.app.routes.insert(0, Route("/late", late))
    refused(app, "/late")
    refused(app, "/sub/late")
    assert TestClient(app).get("/sub/kept", headers=ALICE).text == "reached"


def test_a_class_of_routes_that_is_defined_later() -> None:
    app = Starlette(routes=[Route("/kept", guarded)])
    seal(app, security())

    class Strange(BaseRoute):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return Match.FULL, {}

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            ran.append("strange")

    app.router.routes.insert(0, Strange())
    refused(app, "/whatever")


def test_a_late_socket() -> None:
    app = Starlette(routes=[Route("/kept", guarded)])
    seal(app, security())
    app.router.routes.append(WebSocketRoute("/ws", late_socket))
    with pytest.raises(Exception) as caught, TestClient(app).websocket_connect("/ws"):  # noqa: PT011
        pass
    assert ran == []
    answer = getattr(caught.value, "status_code", None) or getattr(caught.value, "code", None)
    assert isinstance(caught.value, WebSocketDisconnect) or answer == 503


def test_it_is_logged_once_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    app, _, _ = sealed_fastapi()
    app.add_api_route("/late", late)
    with caplog.at_level(logging.ERROR, "counterseal"):
        for _ in range(3):
            refused(app, "/late")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("not sealed: GET /late came after seal() and answers 503: late ")
    assert f"test_late.py:{late.__code__.co_firstlineno}" in line


def test_404_405_redirects_head_and_options_stay_as_they_are() -> None:
    def table() -> Starlette:
        return Starlette(
            routes=[
                Route("/one", guarded),
                Route("/two/", guarded, methods=["POST"]),
                Mount("/m", routes=[Route("/x", guarded), Route("/y/", guarded)]),
            ]
        )

    before, after = table(), table()
    seal(after, security())
    asked = [
        (method, path)
        for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "BREW")
        for path in ("/", "/one", "/one/", "/two", "/two/", "/m", "/m/", "/m/x", "/m/x/", "/m/y", "/none")
    ]
    for method, path in asked:
        was = TestClient(before).request(method, path, follow_redirects=False)
        now = TestClient(after).request(method, path, headers=ALICE, follow_redirects=False)
        was_status = 200 if was.status_code == 401 else was.status_code  # the unsealed one knows nobody
        assert (now.status_code, now.headers.get("location")) == (was_status, was.headers.get("location")), (method, path)
        assert set(now.headers.get("allow", "").split(", ")) == set(was.headers.get("allow", "").split(", "))


def test_a_late_routes_405_is_the_frameworks() -> None:
    app = Starlette(routes=[Route("/kept", guarded)])
    seal(app, security())
    app.router.routes.append(Route("/late", late, methods=["POST"]))
    assert TestClient(app).get("/late").status_code == 405
    refused(app, "/late", "POST")


def test_an_application_that_is_not_sealed_is_left_alone() -> None:
    sealed, free = Starlette(routes=[Route("/kept", guarded)]), Starlette(routes=[])
    seal(sealed, security())
    free.router.routes.append(Route("/late", late))
    assert TestClient(free).get("/late").text == "late"


def test_an_application_that_is_sealed_by_itself_and_mounted_in_one_that_is_not() -> None:
    inner = Starlette(routes=[Route("/kept", guarded)])
    seal(inner, security())
    outer = Starlette(routes=[Mount("/in", app=inner), Route("/free", late)])
    inner.router.routes.append(Route("/late", late))
    client = TestClient(outer)
    assert client.get("/in/kept", headers=ALICE).text == "reached"
    refused(outer, "/in/late")
    assert client.get("/free").text == "late"


def test_what_is_open_unseen_keeps_its_own_seal() -> None:
    class Own:
        def __init__(self, app: Any) -> None:
            self._inner = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self._inner(scope, receive, send)

    inner = Starlette(routes=[Route("/kept", guarded)])
    seal(inner, security())
    free = Router(routes=[Route("/free", late)])
    deep = Router(routes=[Mount("/free", app=Own(free))])
    outer = Starlette(routes=[Mount("/in", app=Own(inner)), Mount("/free", app=Own(free)), Mount("/deep", app=deep)])
    opened = {"/in/*": "sealed by itself", "/free/*": "nothing in it", "/deep/free/*": "nothing in it"}
    seal(outer, security(), open=opened)
    inner.router.routes.append(Route("/late", late))
    client = TestClient(outer)
    assert client.get("/in/kept", headers=ALICE).text == "reached"
    refused(outer, "/in/late")
    assert client.get("/free/free").text == "late"
    assert client.get("/deep/free/free").text == "late"


def test_sealing_twice() -> None:
    app, _, _ = sealed_fastapi()
    app.add_api_route("/more", guarded)
    refused(app, "/more")
    seal(app, security())
    assert TestClient(app).get("/more", headers=ALICE).text == "reached"


def test_what_is_added_before_the_start_is_checked_at_the_start() -> None:
    app, router, _ = sealed_fastapi()
    app.add_api_route("/more", guarded)
    router.add_api_route("/more", guarded)
    with TestClient(app) as client:
        assert client.get("/more", headers=ALICE).text == "reached"
        assert client.get("/api/out/more", headers=ALICE).status_code in (200, 404)
    app.add_api_route("/open", late)
    with pytest.raises(SealError, match="GET /open: late has no contract"), TestClient(app):
        pass
    assert ran == []


def test_what_the_applications_own_start_adds_is_checked_too() -> None:
    from collections.abc import AsyncIterator
    from contextlib import asynccontextmanager

    ended = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, int]]:
        app.add_api_route("/open", late)
        yield {"kept": 1}
        ended.append(True)

    app = FastAPI(openapi_url=None, lifespan=lifespan)
    app.add_api_route("/kept", guarded)
    seal(app, security())
    with pytest.raises(SealError, match="GET /open"), TestClient(app):
        pass


def test_an_error_in_the_body_is_still_the_applications() -> None:
    app = Starlette(routes=[Route("/teapot", _teapot)])
    seal(app, security(), open={"/teapot": "brews for anyone"})
    assert TestClient(app).get("/teapot").status_code == 418


def _teapot(request: Request) -> Response:
    raise HTTPException(418)
