"""Contracts on a real FastAPI application."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Query, Request, Response, WebSocket
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from counterseal import (
    Call,
    ContractError,
    Denied,
    Principal,
    Security,
    audit_log,
    auth,
    carry,
    contract,
    csrf,
    owns,
    public,
    rate_limit,
    returns,
    rule,
    seal,
    validates,
)
from tests.contracts.kit import CountingLimiter, HeaderIdentity, Kept, as_


@dataclass
class User:
    id: int
    name: str
    owner: str
    password_hash: str = "argon2 of the password"


class UserUpdate(BaseModel):
    name: str
    age: int = 1


class UserOut(BaseModel):
    id: int
    name: str


@dataclass
class World:
    app: FastAPI
    client: TestClient
    trail: Kept
    limiter: CountingLimiter
    identity: HeaderIdentity
    users: dict[int, User]


@pytest.fixture
def world() -> Iterator[World]:
    app = FastAPI()
    trail, limiter, identity = Kept(), CountingLimiter(), HeaderIdentity()
    app.state.counterseal = Security(identities=[identity], ledger=trail, limits=limiter, roles=("user", "admin"))
    users = {1: User(1, "ann", "ann"), 2: User(2, "bob", "bob")}
    with TestClient(app, raise_server_exceptions=False) as client:
        yield World(app, client, trail, limiter, identity, users)


def _patch(world: World) -> None:
    def load_user(user_id: int) -> User | None:
        return world.users.get(user_id)

    @world.app.patch("/users/{user_id}", status_code=202)
    @contract(
        requires=[
            owns(load_user, "user_id", by="owner", into="user"),
            rate_limit("update_profile", "5/minute"),
            validates(UserUpdate),
            auth("user"),
        ],
        ensures=[returns(UserOut), audit_log("profile_update")],
    )
    async def update_profile(user: User, changes: UserUpdate) -> User:
        user.name = changes.name
        return user


def test_a_call_that_fulfils_everything(world: World) -> None:
    _patch(world)
    answer = world.client.patch("/users/1", json={"name": "anna"}, headers=as_("ann:user"))
    assert (answer.status_code, answer.json()) == (202, {"id": 1, "name": "anna"})
    assert answer.headers["content-type"] == "application/json"
    record = world.trail.records[0]
    assert (record.action, record.outcome, record.actor, record.object_id) == ("profile_update", "succeeded", "ann", "1")
    assert record.route == "PATCH /users/{user_id}"


@pytest.mark.parametrize(
    ("headers", "body", "path", "status", "code"),
    [
        ({}, b"{not json", "/users/1", 401, "not-authenticated"),
        (as_("bad"), b"{not json", "/users/1", 401, "not-authenticated"),
        (as_("down"), b"{not json", "/users/1", 503, "unavailable"),
        (as_("ann"), b"{not json", "/users/1", 403, "not-authorized"),
        (as_("ann:user"), b"{not json", "/users/1", 400, "malformed-json"),
        (as_("ann:user"), b'{"name": "a", "name": "b"}', "/users/1", 400, "malformed-json"),
        (as_("ann:user"), b'{"name": "a", "age": NaN}', "/users/1", 400, "malformed-json"),
        (as_("ann:user"), b"\xff\xfe", "/users/1", 400, "malformed-json"),
        (as_("ann:user"), b"[" * 200_000, "/users/1", 400, "malformed-json"),
        (as_("ann:user"), b'{"name": "a", "age": "7"}', "/users/1", 422, "invalid-input"),
        (as_("ann:user"), b'{"name": "a", "is_admin": true}', "/users/1", 422, "invalid-input"),
        (as_("ann:user"), b'{"name": "a"}' + b" " * 2_000_000, "/users/1", 413, "too-large"),
        (as_("ann:user"), b'{"name": "a"}', "/users/2", 404, "not-found"),
        (as_("ann:user"), b'{"name": "a"}', "/users/77", 404, "not-found"),
        (as_("ann:user"), b'{"name": "a"}', "/users/x", 404, "not-found"),
    ],
)
def test_refusals_in_their_order(world: World, headers: dict[str, str], body: bytes, path: str, status: int, code: str) -> None:
    _patch(world)
    answer = world.client.patch(path, content=body, headers={**headers, "content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.users[1].name == "ann"
    assert world.trail.records[-1].outcome == ("failed" if status == 500 else "denied")


def test_no_credentials_are_told_how_to_show_some(world: World) -> None:
    _patch(world)
    assert world.client.patch("/users/1").headers["www-authenticate"] == "Test"


def test_another_content_type_is_not_taken(world: World) -> None:
    _patch(world)
    for given in ("text/plain", "application/json, text/plain", ""):
        answer = world.client.patch("/users/1", content=b'{"name":"x"}', headers={**as_("ann:user"), "content-type": given})
        assert answer.status_code == 415


def test_the_limit_counts_the_caller_and_says_when_to_come_back(world: World) -> None:
    _patch(world)
    for _ in range(5):
        assert world.client.patch("/users/1", json={"name": "a"}, headers=as_("ann:user")).status_code == 202
    answer = world.client.patch("/users/1", json={"name": "a"}, headers=as_("ann:user"))
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "13"
    assert world.client.patch("/users/2", json={"name": "b"}, headers=as_("bob:user")).status_code == 202


def test_errors_in_the_input_never_echo_it(world: World) -> None:
    _patch(world)
    answer = world.client.patch("/users/1", json={"name": ["hunter2"], "age": "hunter2"}, headers=as_("ann:user"))
    assert answer.status_code == 422
    assert {item["path"] for item in answer.json()["errors"]} == {"name", "age"}
    assert "hunter2" not in answer.text
    assert world.trail.records[0].object_id == "1"  # what was asked for is on record, though it was not looked at


def test_production_does_not_say_why_and_development_does(world: World) -> None:
    _patch(world)
    assert "detail" not in world.client.patch("/users/2", json={"name": "a"}, headers=as_("ann:user")).json()
    world.app.state.counterseal = Security(
        identities=[world.identity], ledger=world.trail, limits=world.limiter, environment="development"
    )
    told = world.client.patch("/users/2", json={"name": "a"}, headers=as_("ann:user")).json()
    assert told["detail"] == "the object is not the caller's"
    assert "caller's own" in told["clause"]


def test_an_application_without_settings_refuses(world: World) -> None:
    _patch(world)
    del world.app.state.counterseal
    assert world.client.patch("/users/1", json={"name": "a"}, headers=as_("ann:user")).status_code in (401, 503)
    assert world.users[1].name == "ann"


def test_the_ledger_down_refuses(world: World) -> None:
    _patch(world)
    world.trail.down = True
    assert world.client.patch("/users/1", json={"name": "a"}, headers=as_("ann:user")).status_code == 503


def test_the_limiter_down_refuses(world: World) -> None:
    _patch(world)
    world.limiter.down = True
    assert world.client.patch("/users/1", json={"name": "a"}, headers=as_("ann:user")).status_code == 503
    assert world.users[1].name == "ann"


def test_a_contract_above_the_route_decorator_cannot_be_switched_off(world: World) -> None:
    ran: list[int] = []

    @contract(auth())
    @world.app.get("/wrong")
    async def wrong() -> dict[str, int]:
        ran.append(1)
        return {}

    assert world.client.get("/wrong").status_code == 500
    assert world.client.get("/wrong", headers=as_("ann")).status_code == 500
    assert ran == []


def test_nobody_can_hand_in_a_principal_or_an_object(world: World) -> None:
    @world.app.get("/me")
    @contract(auth(), returns(dict[str, str]))
    async def me(principal: Principal) -> dict[str, str]:
        return {"id": principal.id}

    answer = world.client.get("/me?principal=admin&counterseal_request=1", headers=as_("ann"))
    assert answer.json() == {"id": "ann"}


def test_parameters_are_judged_after_the_caller(world: World) -> None:
    @world.app.get("/search/{number}")
    @contract(auth(), returns(dict[str, Any]))
    def search(number: int, limit: Annotated[int, Query(le=10)] = 5) -> dict[str, Any]:
        return {"number": number, "limit": limit}

    assert world.client.get("/search/x?limit=99").status_code == 401
    assert world.client.get("/search/x", headers=as_("ann")).status_code == 422
    assert world.client.get("/search/4?limit=7", headers=as_("ann")).json() == {"number": 4, "limit": 7}


def test_the_order_holds_on_included_routers_too(world: World) -> None:
    router = APIRouter(prefix="/inner")

    @router.get("/{number}")
    @contract(auth(), audit_log("look"), returns(dict[str, int]))
    async def look(number: int) -> dict[str, int]:
        return {"number": number}

    outer = APIRouter(prefix="/outer")
    outer.include_router(router)
    world.app.include_router(outer)
    assert world.client.get("/outer/inner/x").status_code == 401
    assert world.client.get("/outer/inner/3", headers=as_("ann")).json() == {"number": 3}
    assert world.trail.records[-1].route == "GET /outer/inner/{number}"


class Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str


def test_a_model_that_speaks_of_extra_fields_itself_is_heard(world: World) -> None:
    @world.app.post("/loose")
    @contract(auth(), validates(Loose), returns(Loose))
    async def loose(given: Loose) -> Loose:
        return given

    assert world.client.post("/loose", json={"name": "a", "x": 1}, headers=as_("ann")).json() == {"name": "a"}


def test_forms_and_queries_are_validated_too(world: World) -> None:
    class Page(BaseModel):
        size: int = 10
        tag: list[str] = []

    @world.app.get("/page")
    @contract(auth(), validates(Page, source="query"), returns(Page))
    async def page(given: Page) -> Page:
        return given

    @world.app.post("/form")
    @contract(auth(), validates(UserUpdate, source="form"), returns(UserUpdate))
    async def form(given: UserUpdate) -> UserUpdate:
        return given

    client, ann = world.client, as_("ann")
    assert client.get("/page?size=3&tag=a&tag=b", headers=ann).json() == {"size": 3, "tag": ["a", "b"]}
    assert client.get("/page?size=3&size=4", headers=ann).status_code == 400
    assert client.get("/page?other=1", headers=ann).status_code == 422
    assert client.post("/form", data={"name": "x", "age": "4"}, headers=ann).json() == {"name": "x", "age": 4}
    assert client.post("/form", data={"name": "x", "role": "admin"}, headers=ann).status_code == 422
    assert client.post("/form", json={"name": "x"}, headers=ann).status_code == 415


SECRET = "argon2 of the password"


@pytest.mark.parametrize("kind", ["object", "dict", "json", "list", "page", "model"])
def test_what_leaves_has_the_declared_fields_only(world: World, kind: str) -> None:
    class Page(BaseModel):
        items: list[UserOut]
        total: int

    class Everything(UserOut):
        password_hash: str

    user = User(1, "ann", "ann")
    fields = {"id": 1, "name": "ann", "password_hash": SECRET}
    made: dict[str, tuple[Any, Any]] = {
        "object": (UserOut, user),
        "dict": (UserOut, fields),
        "json": (UserOut, JSONResponse(fields, headers={"x-own": "1"})),
        "list": (list[UserOut], [user, fields]),
        "page": (Page, {"items": [user, fields], "total": 2, "debug": SECRET}),
        "model": (UserOut, Everything(id=1, name="ann", password_hash=SECRET)),
    }
    shape, value = made[kind]

    @world.app.get("/out")
    @contract(public(reason="for the test of what leaves"), returns(shape))
    async def out() -> Any:
        return value

    answer = world.client.get("/out")
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert "ann" in answer.text
    assert answer.headers.get("x-own") == ("1" if kind == "json" else None)
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("value", [PlainTextResponse(SECRET), StreamingResponse(iter([SECRET])), {"id": "no"}, None, SECRET])
def test_what_cannot_be_shaped_does_not_leave(world: World, value: object) -> None:
    @world.app.get("/out")
    @contract(public(reason="for the test of what leaves"), returns(UserOut))
    async def out() -> object:
        return value

    answer = world.client.get("/out")
    assert answer.status_code == 500
    assert SECRET not in answer.text


def test_an_error_that_the_body_words_keeps_only_what_errors_consist_of(world: World) -> None:
    @world.app.get("/out")
    @contract(public(reason="for the test of what leaves"), returns(UserOut))
    async def out() -> object:
        return JSONResponse({"detail": "gone", "user": SECRET}, 410)

    answer = world.client.get("/out")
    assert (answer.status_code, answer.json()) == (410, {"detail": "gone"})


def test_a_framework_exception_keeps_its_status_and_goes_on_record(world: World) -> None:
    @world.app.get("/gone")
    @contract(auth(), audit_log("look"))
    async def gone() -> None:
        raise HTTPException(410, "gone")

    assert world.client.get("/gone", headers=as_("ann")).status_code == 410
    assert world.trail.outcomes == ["look:failed"]


def test_a_declared_stream_is_filtered_item_by_item_and_its_end_goes_on_record(world: World) -> None:
    @world.app.get("/stream")
    @contract(auth(), returns(UserOut, stream=True), audit_log("export"))
    async def stream() -> AsyncIterator[User]:
        for number in range(3):
            yield User(number, "ann", "ann")

    @world.app.get("/broken")
    @contract(auth(), returns(UserOut, stream=True), audit_log("export"))
    async def broken() -> AsyncIterator[object]:
        yield User(1, "ann", "ann")
        raise RuntimeError(SECRET)

    @world.app.get("/plain")
    @contract(auth(), returns(UserOut, stream=True), audit_log("export"))
    def plain() -> Iterator[User]:
        yield User(1, "ann", "ann")

    answer = world.client.get("/stream", headers=as_("ann"))
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"id": n, "name": "ann"} for n in range(3)]
    assert world.trail.outcomes == ["export:succeeded"]
    assert SECRET not in world.client.get("/broken", headers=as_("ann")).text
    assert world.trail.outcomes == ["export:succeeded", "export:failed"]
    assert world.client.get("/plain", headers=as_("ann")).json() == {"id": 1, "name": "ann"}
    assert world.client.get("/plain").status_code == 401


def test_a_stream_ends_when_the_identity_does(world: World) -> None:
    @world.app.get("/stream")
    @contract(auth(), returns(int, stream=True), audit_log("export"))
    async def stream() -> AsyncIterator[int]:
        yield 1
        world.identity.revoked.add("ann")
        yield 2

    assert world.client.get("/stream", headers=as_("ann")).text == "1\n"
    assert world.trail.outcomes == ["export:failed"]


def test_background_work_has_the_caller_and_its_end_goes_on_record(world: World) -> None:
    @contract(layer="business")
    def send(principal: Principal) -> str:
        seen.append(principal.id)
        return principal.id

    def fails() -> None:
        raise RuntimeError(SECRET)

    seen: list[str] = []

    @world.app.post("/send")
    @contract(auth(), audit_log("send"), returns(dict[str, str]))
    async def post(tasks: BackgroundTasks, response: Response) -> dict[str, str]:
        tasks.add_task(send)
        response.set_cookie("a", "b")
        response.headers["x-own"] = "1"
        return {}

    @world.app.post("/fail")
    @contract(auth(), audit_log("send"), returns(dict[str, str]))
    async def fail(tasks: BackgroundTasks) -> dict[str, str]:
        tasks.add_task(fails)
        return {}

    answer = world.client.post("/send", headers=as_("ann"))
    assert (answer.status_code, answer.cookies["a"], answer.headers["x-own"]) == (200, "b", "1")
    assert seen == ["ann"]
    assert world.trail.outcomes == ["send:succeeded"]
    world.client.post("/fail", headers=as_("ann"))
    assert world.trail.outcomes == ["send:succeeded", "send:failed"]


def test_a_dependency_under_contract_refuses_too(world: World) -> None:
    @contract(auth("admin"))
    async def admin(principal: Principal) -> str:
        return principal.id

    @world.app.get("/dep")
    async def dep(who: str = Depends(admin)) -> dict[str, str]:
        return {"who": who}

    assert world.client.get("/dep").status_code == 401
    assert world.client.get("/dep", headers=as_("ann:user")).status_code == 403
    assert world.client.get("/dep", headers=as_("eve:admin")).json() == {"who": "eve"}


def test_a_sealed_application_tells_a_dependencys_refusal_in_full() -> None:
    app = FastAPI(openapi_url=None)

    @contract(auth("admin"))
    async def admin(principal: Principal) -> str:
        return principal.id

    @app.get("/dep")
    @contract(auth(), returns(dict[str, str]))
    async def dep(who: str = Depends(admin)) -> dict[str, str]:
        return {"who": who}

    seal(app, Security(identities=[HeaderIdentity()]))
    answer = TestClient(app).get("/dep", headers=as_("ann:user"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not-authorized")
    assert answer.headers["content-type"] == "application/problem+json"


def test_server_sent_events_are_filtered_too(world: World) -> None:
    @world.app.get("/events")
    @contract(auth(), returns(UserOut, stream="events"), audit_log("watch"))
    async def events() -> AsyncIterator[User]:
        yield User(1, "a\nb", "ann")

    answer = world.client.get("/events", headers=as_("ann"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == 'data: {"id":1,"name":"a\\nb"}\n\n'
    assert world.trail.outcomes == ["watch:succeeded"]


def test_class_based_views(world: World) -> None:
    class View(HTTPEndpoint):
        @contract(auth(), returns(dict[str, str]))
        async def get(self, request: Request, principal: Principal) -> dict[str, str]:
            return {"id": principal.id, "method": request.method}

    world.app.router.routes.append(Route("/view", View))
    assert world.client.get("/view").status_code == 401
    assert world.client.get("/view", headers=as_("ann")).json() == {"id": "ann", "method": "GET"}


@contract(auth("admin"))
async def only_admins(request: Request) -> str:
    return "an administrator"


def test_what_a_class_or_a_middleware_calls_is_stopped_though_nobody_looks_at_its_result(world: World) -> None:
    """A refusal that is a return value would be one that a careless caller goes past."""
    ran: list[str] = []

    class View(HTTPEndpoint):
        async def get(self, request: Request) -> JSONResponse:
            await only_admins(request)
            ran.append("view")
            return JSONResponse({})

    async def gate(request: Request, call_next: Any) -> Any:
        if request.url.path == "/gated":
            await only_admins(request)
            ran.append("middleware")
        return await call_next(request)

    app = FastAPI()
    app.state.counterseal = world.app.state.counterseal
    app.router.routes.append(Route("/view", View))
    app.add_middleware(BaseHTTPMiddleware, dispatch=gate)

    @app.get("/gated")
    async def gated() -> None:
        ran.append("endpoint")

    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/view", "/gated"):
        assert client.get(path).status_code in (401, 500)
        assert client.get(path, headers=as_("ann:user")).status_code in (403, 500)
    assert ran == []
    assert client.get("/view", headers=as_("eve:admin")).status_code == 200
    assert ran == ["view"]


def test_a_stream_does_not_outlive_the_session_that_it_was_given() -> None:
    async def rows(session: Session) -> AsyncIterator[int]:
        yield 1

    with pytest.raises(ContractError, match="ends before the first item"):
        contract(auth(), returns(int, stream=True))(rows)


def test_inner_layers_take_the_callers_identity_and_none_of_their_own(world: World) -> None:
    @contract(auth("admin"), layer="business")
    async def wipe(principal: Principal) -> str:
        return principal.id

    @world.app.post("/wipe")
    @contract(auth(), returns(dict[str, str]))
    async def post() -> dict[str, str]:
        return {"by": await wipe()}

    world.app.post("/direct")(wipe)
    assert world.client.post("/wipe", headers=as_("ann:user")).status_code == 403
    assert world.client.post("/wipe", headers=as_("eve:admin")).json() == {"by": "eve"}
    assert world.client.post("/direct", headers=as_("eve:admin")).status_code == 401


def test_a_thread_pool_gets_the_caller_only_when_told(world: World) -> None:
    @contract(layer="data")
    def who(principal: Principal) -> str:
        return principal.id

    def ask() -> str:
        try:
            return str(who())
        except Denied as denial:
            return str(denial.status)

    @world.app.get("/threads")
    @contract(auth(), returns(list[str]))
    async def threads() -> list[str]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            bare = await loop.run_in_executor(pool, ask)
            carried = await loop.run_in_executor(pool, carry(ask))
        return [bare, carried, await asyncio.to_thread(ask)]

    assert world.client.get("/threads", headers=as_("ann")).json() == ["401", "ann", "ann"]


def test_callers_at_the_same_time_are_not_mixed_up(world: World) -> None:
    @contract(layer="business")
    async def who(principal: Principal) -> str:
        await asyncio.sleep(0.001)
        return principal.id

    @world.app.get("/who")
    @contract(auth(), returns(dict[str, str]))
    async def get(principal: Principal) -> dict[str, str]:
        return {"outer": principal.id, "inner": await who()}

    wrong: list[object] = []

    def ask(name: str) -> None:
        for _ in range(10):
            answer = world.client.get("/who", headers=as_(name)).json()
            if answer != {"outer": name, "inner": name}:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(f"user{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_cookie_needs_the_applications_own_pages(world: World) -> None:
    world.app.state.counterseal = Security(identities=[HeaderIdentity(ambient=True)], origins=["https://app.example"])

    @world.app.post("/pay")
    @contract(auth(), returns(dict[str, str]))
    async def pay() -> dict[str, str]:
        return {}

    @world.app.post("/login")
    @contract(public(reason="who signs in has no identity yet"), csrf(), returns(dict[str, str]))
    async def login() -> dict[str, str]:
        return {}

    client = world.client
    client.cookies.set("test", "ann")
    for path in ("/pay", "/login"):
        assert client.post(path).status_code == 403
        assert client.post(path, headers={"sec-fetch-site": "cross-site"}).status_code == 403
        assert client.post(path, headers={"sec-fetch-site": "same-site"}).status_code == 403
        assert client.post(path, headers={"origin": "https://evil.example"}).status_code == 403
        assert client.post(path, headers={"origin": "null"}).status_code == 403
        assert client.post(path, headers={"sec-fetch-site": "same-origin"}).status_code == 200
        assert client.post(path, headers={"origin": "http://testserver"}).status_code == 200
        assert client.post(path, headers={"origin": "https://app.example", "sec-fetch-site": "cross-site"}).status_code == 200


def test_a_browser_that_navigates_is_sent_to_sign_in(world: World) -> None:
    world.app.state.counterseal = Security(identities=[world.identity], sign_in="/sign-in")

    @world.app.get("/page")
    @contract(auth())
    async def page() -> None: ...

    asks = {"accept": "text/html,*/*"}
    answer = world.client.get("/page?a=1&b=//evil", headers=asks, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/page%3Fa%3D1%26b%3D//evil")
    assert world.client.get("/page", headers={"accept": "application/json"}).status_code == 401
    assert world.client.get("/page", headers={**asks, "sec-fetch-mode": "cors"}).status_code == 401


def test_public_means_anyone(world: World) -> None:
    @world.app.get("/news")
    @contract(public(reason="news are for everybody"), rate_limit("news", "5/minute", per="client"), returns(dict[str, Any]))
    async def news(principal: Principal | None) -> dict[str, Any]:
        return {"for": principal and principal.id}

    assert world.client.get("/news").json() == {"for": None}
    assert world.client.get("/news", headers=as_("bad")).json() == {"for": None}
    assert world.client.get("/news", headers=as_("ann")).json() == {"for": "ann"}
    assert world.client.get("/news", headers=as_("down")).status_code == 503
    world.client.get("/news")
    assert world.client.get("/news").status_code == 429


def test_a_limit_on_what_is_in_the_input(world: World) -> None:
    class SignIn(BaseModel):
        email: str

    def account(call: Call) -> str:
        return str(call.input.email).lower()

    @world.app.post("/sign-in")
    @contract(
        public(reason="who signs in has no identity yet"), validates(SignIn), rate_limit("sign_in", "5/minute", per=account)
    )
    async def sign_in(given: SignIn) -> None: ...

    for number in range(5):
        assert world.client.post("/sign-in", json={"email": "ann@x" if number % 2 else "Ann@x"}).status_code == 200
    assert world.client.post("/sign-in", json={"email": "ANN@x"}).status_code == 429
    assert world.client.post("/sign-in", json={"email": "bob@x"}).status_code == 200


@pytest.mark.parametrize("verdict", [None, 1, "yes", False])
def test_a_rule_passes_on_true_only(world: World, verdict: object) -> None:
    @world.app.get("/rule")
    @contract(auth(), rule("a thing is so", lambda call: verdict, status=409))
    async def get() -> None: ...

    assert world.client.get("/rule", headers=as_("ann")).status_code == 409


def test_sockets_are_guarded_at_the_door_and_for_every_message(world: World) -> None:
    class Message(BaseModel):
        text: str

    @world.app.websocket("/chat")
    @contract(auth(), validates(Message), returns(Message), audit_log("chat"))
    async def chat(websocket: WebSocket, principal: Principal) -> None:
        await websocket.accept()
        async for message in websocket.iter_json():
            await websocket.send_json({**message, "password_hash": SECRET})

    client = world.client
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/chat"):
        pass
    with client.websocket_connect("/chat", headers=as_("ann")) as socket:
        socket.send_json({"text": "hi"})
        assert socket.receive_json() == {"text": "hi"}
        socket.send_json({"text": "hi", "admin": True})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1007
    with client.websocket_connect("/chat", headers=as_("ann")) as socket:
        socket.send_json({"text": "hi"})
        socket.receive_json()
        world.identity.revoked.add("ann")
        socket.send_json({"text": "still here"})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1008
    assert world.trail.outcomes[0] == "chat:denied"


def test_a_socket_with_a_cookie_is_not_open_to_other_sites(world: World) -> None:
    world.app.state.counterseal = Security(identities=[HeaderIdentity(ambient=True)])

    @world.app.websocket("/chat")
    @contract(auth())
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("in")
        await websocket.close()

    cookie = {"cookie": "test=ann"}
    with (
        pytest.raises(WebSocketDisconnect),
        world.client.websocket_connect("/chat", headers={**cookie, "origin": "https://evil"}),
    ):
        pass
    own = {**cookie, "origin": "http://testserver"}
    with world.client.websocket_connect("/chat", headers=own) as socket:
        assert socket.receive_text() == "in"


@pytest.mark.parametrize(
    ("clauses", "message"),
    [
        ([], "neither auth"),
        ([auth(), public(reason="because of both")], "both auth"),
        ([auth(), validates(UserOut), validates(UserUpdate)], "one validates"),
        ([auth(), "admin"], "is no clause"),
        ([public(reason="a public one"), owns(User, "id", by="owner")], "no caller who could own"),
    ],
)
def test_contradictions_are_errors_at_import(clauses: list[object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        contract(*clauses)


def test_contracts_combine_and_only_tighten() -> None:
    both = contract(auth("user")) + contract(auth("admin"), returns(UserOut), layer="action")
    assert {clause.describe() for clause in both.clauses} >= {"the caller has the role user", "the caller has the role admin"}
    with pytest.raises(ContractError):
        contract(auth()) + contract(public(reason="this one is open"))
    with pytest.raises(ContractError):
        contract(layer="data") + contract(layer="business")
    assert both.describe().splitlines()[0].startswith("1. the caller has the role")


def test_no_secret_of_the_input_goes_on_record(world: World) -> None:
    class NewPassword(BaseModel):
        new_password: str
        profile: dict[str, str]

    @world.app.post("/password")
    @contract(auth(), validates(NewPassword), audit_log("password_change"), returns(dict[str, bool]))
    async def change(given: NewPassword) -> dict[str, bool]:
        return {}

    body = {"new_password": "hunter2", "profile": {"city": "Vienna", "apiToken": "hunter2"}}
    assert world.client.post("/password", json=body, headers=as_("ann")).status_code == 200
    (record,) = world.trail.records
    assert record.changes == {"new_password": "[redacted]", "profile": {"city": "Vienna", "apiToken": "[redacted]"}}
