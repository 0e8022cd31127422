"""Litestar's routing table, and functions that Litestar must not be given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from litestar import Controller, Litestar, Response, Router, asgi, get, post, websocket, websocket_listener, websocket_stream
from litestar.connection import WebSocket
from litestar.di import NamedDependency, Provide
from litestar.dto import DataclassDTO
from litestar.exceptions import ImproperlyConfiguredException, WebSocketDisconnect
from litestar.static_files import create_static_files_router
from litestar.testing import TestClient

from counterseal import ContractError, Principal, audit_log, auth, contract, public, returns
from counterseal.enforce.contract.acting import configure
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.call import current
from counterseal.enforce.frameworks.litestar import ADAPTER
from tests.frameworks import fastapi_app
from tests.frameworks.asgi_support import security
from tests.frameworks.scenarios import NoteOut

ALICE = {"authorization": "Bearer alice"}


def guarded() -> Any:
    """A function under contract, anew for each application."""

    @contract(auth("user"))
    async def read(principal: Principal) -> dict[str, str]:
        return {"id": principal.id}

    return read


def bound(*handlers: Any, **settings: Any) -> Litestar:
    app = Litestar(list(handlers), **settings)
    ADAPTER.bind(app, security())
    return app


def test_every_way_in_is_seen(tmp_path: Path) -> None:
    endpoint = guarded()

    class Users(Controller):
        path = "/users"

        @get(["/", "/{user_id:int}"])
        @contract(auth("user"))
        async def read(self) -> dict[str, str]:
            return {}

    @websocket("/live")
    async def live(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    @asgi("/other", is_mount=True)
    async def other(scope: Any, receive: Any, send: Any) -> None: ...

    app = Litestar(
        [
            Router(
                "/api", route_handlers=[Router("/v1", route_handlers=[get("/read")(endpoint), post("/read")(guarded())]), Users]
            ),
            live,
            other,
            create_static_files_router("/files", [tmp_path]),
        ]
    )
    found = {(item.method, item.path, item.what) for item in ADAPTER.entries(app)}
    assert found >= {
        ("GET", "/api/v1/read", "route"),
        ("POST", "/api/v1/read", "route"),
        ("GET", "/api/users", "route"),
        ("GET", "/api/users/{user_id}", "route"),
        ("WEBSOCKET", "/live", "route"),
        ("*", "/other", "opaque"),
        ("GET", "/files/{file_path}", "static"),
        ("HEAD", "/files/{file_path}", "static"),
        ("GET", "/schema", "generated"),
        ("GET", "/schema/openapi.json", "generated"),
    }
    assert not [item for item in found if item[0] == "OPTIONS"]
    routes = [item for item in ADAPTER.entries(app) if item.what == "route"]
    assert next(item for item in routes if (item.method, item.path) == ("GET", "/api/v1/read")).endpoint is endpoint
    assert next(item for item in routes if item.path == "/api/users").endpoint is Users.read.fn
    assert len(routes) == 5


def test_a_table_that_routes_were_taken_out_of_is_not_believed() -> None:
    app = Litestar([get("/hidden")(guarded())])
    app.routes.clear()
    with pytest.raises(ContractError, match="in none of the application's routes"):
        ADAPTER.entries(app)


def test_a_route_that_appears_later_answers_503() -> None:
    @websocket("/late-socket")
    async def late_socket(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    app = bound(get("/known")(guarded()), get("/both")(guarded()))
    known = {(item.method, item.path) for item in ADAPTER.entries(app)}

    def admits(entry: Entry) -> bool:
        return (entry.method, entry.path) in known

    ADAPTER.enclose(app, admits)
    app.register(get("/late/{number:int}")(guarded()))
    app.register(post("/both", operation_id="late")(guarded()))
    app.register(late_socket)
    with TestClient(app) as client:
        assert client.get("/known", headers=ALICE).json() == {"id": "alice"}
        assert client.get("/both", headers=ALICE).status_code == 200
        assert client.get("/schema/openapi.json").status_code == 200
        assert client.options("/known").status_code == 204
        for answer in (client.get("/late/1", headers=ALICE), client.post("/both", headers=ALICE)):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/late-socket"):
            pass


def test_the_document_says_what_contracts_promise() -> None:
    endpoint = guarded()
    app = Litestar([get("/read/{number:int}")(endpoint), get("/other")(guarded())])

    def describe(function: Any) -> dict[str, Any] | None:
        if function is not endpoint:
            return None
        return {"x-counterseal": ["authenticated"], "responses": {"401": {"description": "who?"}}, "security": [{"token": []}]}

    ADAPTER.document(app, describe)
    with TestClient(app) as client:
        paths = client.get("/schema/openapi.json").json()["paths"]
    operation = paths["/read/{number}"]["get"]
    assert operation["x-counterseal"] == ["authenticated"]
    assert {"200", "401"} <= operation["responses"].keys()
    assert "x-counterseal" not in paths["/other"]["get"]
    assert "request" not in json.dumps(operation.get("parameters", []))


def test_an_application_without_a_document_has_none() -> None:
    ADAPTER.document(Litestar([get("/read")(guarded())], openapi_config=None), lambda function: {})


def test_the_contract_stands_below_the_route() -> None:
    with pytest.raises(ContractError, match="directly above 'def'"):

        @contract(auth("user"))
        @get("/wrong")
        async def wrong() -> None: ...


def test_a_bare_function_that_was_registered_all_the_same_does_not_run() -> None:
    ran: list[int] = []

    async def bare() -> None:
        ran.append(1)

    contract(auth("user"))(bare)
    with pytest.raises(ImproperlyConfiguredException):
        Litestar([get("/bare")(bare)])
    with pytest.raises(ContractError, match="the bare function was called"):
        asyncio.run(bare())
    assert not ran


def test_answers_are_not_kept_in_a_cache() -> None:
    with pytest.raises(ContractError, match="cache"):
        bound(get("/cached", cache=60)(guarded()))
    app = Litestar([get("/cached", cache=60)(guarded())])
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.get("/cached", headers=ALICE).status_code == 500


def test_listeners_are_refused() -> None:
    with pytest.raises(ContractError, match="websocket_listener"):

        @contract(auth("user"))
        async def with_socket(data: str, socket: WebSocket[Any, Any, Any]) -> str:
            return data

    with pytest.raises(ImproperlyConfiguredException):

        @websocket_listener("/listens")
        @contract(auth("user"))
        async def without_socket(data: str) -> str:
            return data


def test_a_socket_made_from_a_generator_is_refused() -> None:
    @websocket_stream("/ticks")
    @contract(auth("user"), returns(NoteOut, stream=True))
    async def ticks(socket: WebSocket[Any, Any, Any]) -> AsyncGenerator[dict[str, Any], None]:
        yield {"id": 1, "title": "tick"}

    with pytest.raises(ImproperlyConfiguredException, match="AsyncGenerator"):
        bound(ticks)


@pytest.fixture
def unsealed() -> Iterator[None]:
    configure(security())
    yield
    configure(security(identities=[]))


@pytest.mark.usefixtures("unsealed")
def test_an_application_that_nobody_sealed_is_kept_to_its_contracts() -> None:
    with TestClient(Litestar([get("/read")(guarded())])) as client:
        assert client.get("/read").status_code == 401
        assert client.get("/read").headers["content-type"] == "application/problem+json"
        assert client.get("/read", headers=ALICE).json() == {"id": "alice"}


def test_an_application_that_nobody_configured_knows_nobody() -> None:
    configure(security(identities=[]))
    with TestClient(Litestar([get("/read")(guarded())])) as client:
        assert client.get("/read", headers=ALICE).status_code == 401


@pytest.mark.usefixtures("unsealed")
def test_a_plain_function_on_the_event_loop_that_would_have_to_wait_is_refused() -> None:
    @get("/plain", sync_to_thread=False)
    @contract(auth("user"))
    def plain() -> dict[str, str]:
        return {"secret": "hunter2"}

    with TestClient(Litestar([plain])) as client:
        answer = client.get("/plain", headers=ALICE)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_a_dependency_under_contract_refuses_the_request() -> None:
    @contract(auth("admin"))
    async def provide_report() -> str:
        return "figures"

    @get("/report", dependencies={"report": Provide(provide_report)})
    @contract(public(reason="its dependency decides"))
    async def report(report: NamedDependency[str]) -> str:
        return report

    with TestClient(bound(report)) as client:
        assert client.get("/report").status_code == 401
        assert "WWW-Authenticate" in client.get("/report").headers
        answer = client.get("/report", headers=ALICE)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("/report", headers={"authorization": "Bearer root"}).text == "figures"


@dataclass
class Row:
    id: int
    secret: str = "hunter2"


def test_a_route_with_a_transfer_object_refuses_as_all_do() -> None:
    @get("/row", return_dto=DataclassDTO[Row])
    @contract(auth("user"))
    async def row() -> Row:
        return Row(1)

    app = bound(row)
    with TestClient(app) as client:
        answer = client.get("/row")
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
        assert client.get("/row", headers=ALICE).json() == {"id": 1, "secret": "hunter2"}
    configure(security())
    with TestClient(Litestar([get("/row", return_dto=DataclassDTO[Row])(row.fn)])) as client:
        assert client.get("/row").status_code == 401
    configure(security(identities=[]))


def test_two_frameworks_in_one_process_each_get_the_signature_that_they_understand() -> None:
    api = fastapi_app.client()

    @get("/read/{number:int}")
    @contract(auth("user"))
    async def read_too(number: int, principal: Principal) -> dict[str, Any]:
        return {"id": principal.id, "number": number}

    expected = {"id": "alice", "number": 3}
    assert api.get("/read/3", headers=ALICE).json() == expected
    assert api.get("/read/x").status_code == 401
    with TestClient(bound(read_too)) as client:
        assert client.get("/read/3", headers=ALICE).json() == expected


def test_parameters_are_shown_as_litestar_reads_them() -> None:
    @get("/search")
    @contract(auth("user"), audit_log("searched"), returns(NoteOut))
    async def search(
        page: Annotated[int, "anything"], scope: Any, principal: Principal, tag: str = "none", **rest: Any
    ) -> dict[str, Any]:
        return {"id": page, "title": f"{tag} {scope['method']} {principal.id}"}

    with TestClient(bound(search)) as client:
        assert client.get("/search?page=4", headers=ALICE).json() == {"id": 4, "title": "none GET alice"}
        assert client.get("/search", headers=ALICE).status_code == 400
        assert client.get("/search").status_code == 401
    assert current.get() is None


def test_a_response_class_of_an_own_kind_is_filtered_too() -> None:
    class Wrapped(Response[Any]):
        pass

    @get("/wrapped")
    @contract(auth("user"), returns(NoteOut))
    async def wrapped() -> Wrapped:
        return Wrapped({"id": 1, "title": "t", "password_hash": "hunter2"}, media_type="application/vnd.note+json")

    with TestClient(bound(wrapped)) as client:
        assert client.get("/wrapped", headers=ALICE).json() == {"id": 1, "title": "t"}
