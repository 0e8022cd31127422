"""aiohttp's routing table, and what holds for all of an application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from counterseal import ContractError, Principal, auth, contract, public
from counterseal.enforce.contract.acting import configure
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.frameworks.aiohttp import ADAPTER
from tests.frameworks.asgi_support import aiohttp_site, security

ALICE = {"authorization": "Bearer alice"}


@contract(auth("user"))
async def who(request: web.Request, principal: Principal) -> web.Response:
    return web.json_response({"id": principal.id})


class Users:
    """Handlers as methods of a plain object."""

    greeting = "hello"

    @contract(auth("user"))
    async def greet(self, request: web.Request, principal: Principal) -> web.Response:
        return web.json_response({"id": f"{self.greeting} {principal.id}"})


class Page(web.View):
    @contract(auth("user"))
    async def get(self) -> web.Response:
        return web.Response()

    @contract(auth("admin"))
    async def delete(self) -> web.Response:
        return web.Response()


def build(tmp_path: Path) -> web.Application:
    inner = web.Application()
    inner.router.add_get("/deep/{number:\\d+}", who)
    middle = web.Application()
    middle.add_subapp("/inner", inner)
    middle.router.add_post("/who", who)
    elsewhere = web.Application()
    elsewhere.router.add_get("/domain", who)
    app = web.Application()
    app.router.add_get("/greet", Users().greet)
    app.router.add_view("/page", Page)
    app.router.add_route("*", "/any", who)
    app.router.add_static("/files", tmp_path)
    app.add_subapp("/middle", middle)
    app.add_domain("elsewhere.example", elsewhere)
    return app


def test_every_way_in_is_seen(tmp_path: Path) -> None:
    found = ADAPTER.entries(build(tmp_path))
    assert {(item.method, item.path, item.what) for item in found} == {
        ("GET", "/greet", "route"),
        ("HEAD", "/greet", "route"),
        ("GET", "/page", "route"),
        ("DELETE", "/page", "route"),
        ("*", "/any", "route"),
        ("GET", "/files", "static"),
        ("HEAD", "/files", "static"),
        ("GET", "/middle/inner/deep/{number}", "route"),
        ("HEAD", "/middle/inner/deep/{number}", "route"),
        ("POST", "/middle/who", "route"),
        ("GET", "/domain", "route"),
        ("HEAD", "/domain", "route"),
    }
    by_path = {(item.method, item.path): item.endpoint for item in found}
    assert by_path["GET", "/greet"] is Users.greet
    assert by_path["DELETE", "/page"] is Page.delete
    assert by_path["*", "/any"] is who


def test_a_router_of_another_kind_is_not_believed() -> None:
    class Own(web.UrlDispatcher):
        async def resolve(self, request: Any) -> Any:
            return await super().resolve(request)

    with pytest.warns(DeprecationWarning, match="router"):
        app = web.Application(router=Own())
    with pytest.raises(ContractError, match="not known"):
        ADAPTER.entries(app)


def test_a_route_that_was_added_later_answers_503(tmp_path: Path) -> None:
    app, settings = build(tmp_path), security()
    (tmp_path / "a.txt").write_text("a")
    ADAPTER.bind(app, settings)
    known = {(item.method, item.path) for item in ADAPTER.entries(app)}

    def admits(entry: Entry) -> bool:
        return (entry.method, entry.path) in known

    ADAPTER.enclose(app, admits)
    app.router.add_get("/late", who)
    app.router.add_view("/late-page", Page)
    with aiohttp_site(app, settings) as site:
        for path in ("/late", "/late-page"):
            answer = site.get(path, "alice")
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
        for path in ("/greet", "/page", "/any", "/middle/inner/deep/7", "/files/a.txt"):
            assert site.get(path, "alice").status_code == 200, path
        assert site.get("/page").status_code == 401
        assert site.request("DELETE", "/page", "alice").status_code == 403
        assert site.request("PUT", "/page", "alice").status_code == 405
        assert site.get("/absent").status_code == 404
        assert site.get("/domain", "alice", headers={"host": "elsewhere.example"}).status_code == 200
        with pytest.raises(ContractError, match="runs already"):
            ADAPTER.enclose(app, admits)


def test_settings_of_a_parent_hold_for_what_is_in_it() -> None:
    inner, app = web.Application(), web.Application()
    inner.router.add_get("/who", who)
    app.add_subapp("/inner", inner)
    settings = security()
    ADAPTER.bind(app, settings)
    with aiohttp_site(app, settings) as site:
        assert site.get("/inner/who", "alice").json() == {"id": "alice"}


def test_settings_of_its_own_hold_for_an_application_inside_another() -> None:
    inner, app = web.Application(), web.Application()
    inner.router.add_get("/who", who)
    app.add_subapp("/inner", inner)
    ADAPTER.bind(app, security())
    ADAPTER.bind(inner, security(identities=[]))
    with aiohttp_site(app, security()) as site:
        assert site.get("/inner/who", "alice").status_code == 401


def test_an_application_that_nobody_bound_has_the_settings_of_the_process_or_knows_nobody() -> None:
    app = web.Application()
    app.router.add_get("/who", who)
    with aiohttp_site(app, security()) as site:
        configure(security(identities=[]))
        assert site.get("/who", "alice").status_code == 401
        configure(security())
        assert site.get("/who", "alice").status_code == 200
        configure(security(identities=[]))


def test_a_middleware_s_word_on_who_calls_is_not_believed() -> None:
    @web.middleware
    async def forwarded(request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request.clone(remote=request.headers.get("x-forwarded-for", "?")))
        return answer

    @contract(public(reason="says who calls"))
    async def client(request: web.Request) -> web.Response:
        from counterseal.enforce.core.call import current

        call = current.get()
        return web.json_response([request.remote, None if call is None else call.client])

    app = web.Application(middlewares=[forwarded])
    app.router.add_get("/client", client)
    with aiohttp_site(app, security()) as site:
        assert site.get("/client", headers={"x-forwarded-for": "6.6.6.6"}).json() == ["6.6.6.6", "127.0.0.1"]


def test_middlewares_see_the_refusal() -> None:
    seen: list[int] = []

    @web.middleware
    async def watching(request: web.Request, handler: Any) -> web.StreamResponse:
        answer: web.StreamResponse = await handler(request)
        seen.append(answer.status)
        return answer

    app, settings = web.Application(middlewares=[watching]), security()
    app.router.add_get("/who", who)
    ADAPTER.bind(app, settings)
    with aiohttp_site(app, settings) as site:
        assert httpx.get(f"{site.url}/who").status_code == 401
    assert seen == [401]


def test_the_contract_stands_below_the_route() -> None:
    table = web.RouteTableDef()

    @table.get("/wrong")
    async def wrong(request: web.Request) -> web.Response:
        return web.Response(text="hunter2")

    contract(auth("user"))(wrong)
    app, settings = web.Application(), security()
    app.add_routes(table)
    ADAPTER.bind(app, settings)
    with aiohttp_site(app, settings) as site:
        answer = site.get("/wrong", "root")
        assert answer.status_code == 500
        assert "hunter2" not in answer.text


def test_a_document_is_not_made() -> None:
    ADAPTER.document(web.Application(), lambda function: {"x-counterseal": []})
    assert ADAPTER.recognises(web.Application())
    assert not ADAPTER.recognises(object())
