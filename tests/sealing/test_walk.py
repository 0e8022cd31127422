"""Every way into an application is found, wherever it hangs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Match, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from counterseal import ContractError, SealError, auth, contract, seal
from tests.sealing.parts import ALICE, DOCS, codes, known, security


def bare(request: Request) -> Response:
    return PlainTextResponse("reached")


@known
def guarded(request: Request) -> Response:
    return PlainTextResponse("reached")


async def bare_socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def problems(app: Any, **opened: Any) -> list[tuple[str, str]]:
    with pytest.raises(SealError) as caught:
        seal(app, security(), **opened)
    return codes(caught.value)


def plain_fastapi() -> FastAPI:
    return FastAPI(openapi_url=None)


def test_routers_included_in_routers_included_in_routers() -> None:
    app, inner, middle, outer = plain_fastapi(), APIRouter(prefix="/c"), APIRouter(prefix="/b"), APIRouter()

    @inner.get("/open/{item_id}")
    async def left_open(item_id: int) -> int:
        return item_id

    @inner.get("/kept")
    @known
    async def kept() -> int:
        return 1

    middle.include_router(inner)
    outer.include_router(middle, prefix="/a")
    app.include_router(outer, prefix="/v1")
    assert TestClient(app).get("/v1/a/b/c/open/3").json() == 3
    assert problems(app) == [("no-contract", "GET /v1/a/b/c/open/{item_id}")]


def test_a_router_that_is_included_twice_is_two_ways_in() -> None:
    app, router = plain_fastapi(), APIRouter()
    router.add_api_route("/x", bare, methods=["POST"])
    app.include_router(router, prefix="/one")
    app.include_router(router, prefix="/two")
    assert problems(app) == [("no-contract", "POST /one/x"), ("no-contract", "POST /two/x")]


def test_mounts_in_mounts() -> None:
    sub = plain_fastapi()
    sub.add_api_route("/deep/{name}", bare)
    app = Starlette(routes=[Mount("/a", routes=[Mount("/b/{tenant:int}", app=Router(routes=[Mount("/c", app=sub)]))])])
    assert problems(app) == [("no-contract", "GET /a/b/{tenant:int}/c/deep/{name}")]


def test_what_is_mounted_in_an_included_router() -> None:
    app, router, sub = plain_fastapi(), APIRouter(), Starlette(routes=[Route("/x", bare)])
    router.mount("/m", sub)
    app.include_router(router, prefix="/p")
    client = TestClient(app)
    # Whether FastAPI serves it depends on its version: the walk has to say what the application does.
    if client.get("/p/m/x").text == "reached":
        assert problems(app) == [("no-contract", "GET /p/m/x")]
    else:
        assert seal(app, security()).rows == ()


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "POST", "OPTIONS", "HEAD"])
def test_every_method(method: str) -> None:
    app = Starlette(routes=[Route("/x", guarded), Route("/x", bare, methods=[method])])
    assert problems(app) == [("no-contract", f"{method} /x")]


def test_hosts() -> None:
    app = Starlette(routes=[Host("{sub}.example.org", app=Router(routes=[Route("/x", bare)])), Route("/y", guarded)])
    assert problems(app) == [("no-contract", "GET /x")]


def test_sockets() -> None:
    app = plain_fastapi()

    @app.websocket("/fast")
    async def fast(websocket: WebSocket) -> None:
        await websocket.close()

    app.router.routes.append(WebSocketRoute("/plain", bare_socket))
    assert problems(app) == [("no-contract", "WEBSOCKET /fast"), ("no-contract", "WEBSOCKET /plain")]


class Views(HTTPEndpoint):
    @known
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("reached")

    async def delete(self, request: Request) -> Response:
        return PlainTextResponse("gone")


class Talk(WebSocketEndpoint):
    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(data)


def test_each_method_of_a_class() -> None:
    assert problems(Starlette(routes=[Route("/v", Views)])) == [("no-contract", "DELETE /v")]


def test_a_class_serves_the_methods_that_its_route_names() -> None:
    app = Starlette(routes=[Route("/v", Views, methods=["GET"])])
    assert [(row.method, row.path) for row in seal(app, security()).rows] == [("GET", "/v")]
    client = TestClient(app)
    assert client.get("/v").status_code == 401
    assert client.get("/v", headers=ALICE).text == "reached"
    assert client.delete("/v").status_code == 405


def test_a_socket_class_decides_who_may_connect() -> None:
    # The framework's own on_connect lets everybody in.
    assert problems(Starlette(routes=[WebSocketRoute("/t", Talk)])) == [("no-contract", "WEBSOCKET /t")] * 2


class KeptTalk(WebSocketEndpoint):
    encoding = "text"

    @known
    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.accept()

    @known
    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(f"said {data}")


def test_a_socket_class_under_contract() -> None:
    app = Starlette(routes=[WebSocketRoute("/t", KeptTalk)])
    assert seal(app, security()).contracts == 2
    client = TestClient(app)
    with client.websocket_connect("/t", headers=ALICE) as talk:
        talk.send_text("hello")
        assert talk.receive_text() == "said hello"


def test_generated_pages() -> None:
    app = FastAPI()
    app.add_api_route("/x", guarded)
    assert [route for _, route in problems(app)] == [f"GET {path}" for path in app_docs()]
    assert {row.what for row in seal(app, security(), open=DOCS).rows} == {"generated", "route"}


def app_docs() -> list[str]:
    return ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"]


def test_static_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("file")
    app = Starlette(routes=[Mount("/static", app=StaticFiles(directory=tmp_path))])
    assert problems(app) == [("no-contract", "GET /static/{path:path}")]
    assert seal(app, security(), open={"/static/*": "only what the pages need"}).rows[0].what == "static"
    assert TestClient(app).get("/static/a.txt").text == "file"


def test_a_frontend(tmp_path: Path) -> None:
    app = plain_fastapi()
    if not hasattr(app, "frontend"):
        pytest.skip("this FastAPI has no frontends")
    (tmp_path / "index.html").write_text("page")
    app.frontend("/ui", directory=tmp_path)
    assert problems(app) == [("no-contract", "GET /ui/{path:path}")]
    seal(app, security(), open={"/ui/*": "the pages themselves"})
    assert TestClient(app).get("/ui/").text == "page"


def test_a_frontend_of_an_included_router_that_was_served_before(tmp_path: Path) -> None:
    app, router = plain_fastapi(), APIRouter()
    if not hasattr(router, "frontend"):
        pytest.skip("this FastAPI has no frontends")
    (tmp_path / "index.html").write_text("page")
    router.frontend("/ui", directory=tmp_path)
    app.include_router(router, prefix="/p")
    client = TestClient(app)
    assert client.get("/p/ui/").text == "page"
    seal(app, security(), open={"/p/ui/*": "the pages themselves"})
    assert client.get("/p/ui/").text == "page"
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "index.html").write_text("late")
    router.frontend("/late", directory=tmp_path / "late")
    assert client.get("/p/late/").status_code == 503


async def anything(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("anything")(scope, receive, send)


class Own:
    """ASGI middleware of the application's own."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.mark.parametrize(
    ("route", "at"),
    [
        (Mount("/other", app=anything), "* /other/{path:path}"),
        (Mount("/other", app=Own(Router(routes=[Route("/x", bare)]))), "* /other/{path:path}"),
        (Route("/one", Own(anything)), "* /one"),
    ],
)
def test_what_cannot_be_looked_into(route: BaseRoute, at: str) -> None:
    app = Starlette(routes=[route])
    assert problems(app) == [("no-contract", at)]
    path = at.split()[1].removesuffix("/{path:path}")
    assert seal(app, security(), open={f"{path}/*": "guards itself"}).rows[0].what == "opaque"
    assert TestClient(app).get(f"{path}/x" if "other" in path else path).status_code == 200


def test_the_frameworks_own_middleware_is_looked_through() -> None:
    inner = Starlette(routes=[Route("/x", bare)])
    by_hand = Mount("/a", app=GZipMiddleware(inner))
    declared = Mount("/b", routes=[Route("/y", bare)], middleware=[Middleware(GZipMiddleware)])
    assert problems(Starlette(routes=[by_hand, declared])) == [("no-contract", "GET /a/x"), ("no-contract", "GET /b/y")]


def test_a_routers_default_is_a_way_in() -> None:
    app = Starlette(routes=[Mount("/m", app=Router(routes=[], default=anything))])
    assert TestClient(app).get("/m/whatever").text == "anything"
    assert problems(app) == [("no-contract", "* /m/{path:path}")]


class Strange(BaseRoute):
    """A route of a kind of its own."""

    path = "/strange"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL, {}) if scope["path"] == "/strange" else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("strange")(scope, receive, send)


def test_a_route_of_an_unknown_kind_is_never_passed_over() -> None:
    app = Starlette(routes=[Strange()])
    assert problems(app) == [("no-contract", "* /strange")]
    seal(app, security(), open={"/strange": "reviewed by hand"})
    assert TestClient(app).get("/strange").text == "strange"


def test_an_application_that_is_mounted_in_itself() -> None:
    app = Starlette()
    app.mount("/again", app)
    assert problems(app) == [("table", "")]


class Service:
    @known
    async def show(self, request: Request) -> Response:
        return PlainTextResponse("shown")

    async def leak(self, request: Request) -> Response:
        return PlainTextResponse("leaked")


@pytest.mark.parametrize(
    ("wrap", "name"),
    [(lambda f: f, "bound"), (functools.partial, "partial"), (lambda f: functools.partial(functools.partial(f)), "two")],
)
def test_bound_methods_and_partials(wrap: Callable[[Any], Any], name: str) -> None:
    service = Service()
    app = Starlette(routes=[Route("/show", wrap(service.show)), Route("/leak", wrap(service.leak))])
    assert problems(app) == [("no-contract", "GET /leak")], name
    fine = Starlette(routes=[Route("/show", wrap(guarded))])
    seal(fine, security())
    assert TestClient(fine).get("/show").status_code == 401


def test_paths_whose_parameters_nobody_can_guess() -> None:
    class Odd(Convertor[str]):
        regex = "zz[0-9]{7}"

        def convert(self, value: str) -> str:
            return value

        def to_string(self, value: str) -> str:
            return value

    register_url_convertor("odd", Odd())
    app = Starlette(routes=[Route("/x/{code:odd}", bare), Route("/y/{code:odd}", guarded)])
    assert problems(app) == [("no-contract", "GET /x/{code:odd}")]
    app.router.routes.pop(0)
    seal(app, security())
    assert TestClient(app).get("/y/zz1234567", headers=ALICE).text == "reached"


def test_something_that_is_no_application() -> None:
    with pytest.raises(ContractError, match="does not know what"):
        seal(object())


def test_what_is_mounted_has_the_settings_too() -> None:
    sub = plain_fastapi()
    sub.add_api_route("/x", guarded)
    app = plain_fastapi()
    app.mount("/sub", sub)
    seal(app, security())
    client = TestClient(app)
    assert client.get("/sub/x").status_code == 401
    assert client.get("/sub/x", headers=ALICE).text == "reached"


def test_the_report() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/x")
    @contract(auth("user"))
    async def change() -> int:
        return 1

    report = seal(app, security(), open={"/openapi.json": "clients  are generated from it"})
    assert report.contracts == 1
    assert str(report).splitlines() == [
        "GET   /openapi.json  open: clients are generated from it",
        "POST  /x             authenticated, authorized",
        "sealed: 2 entries, 1 under contract",
    ]
