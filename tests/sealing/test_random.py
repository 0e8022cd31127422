"""Random trees of routers, mounts and routes: seal finds exactly what answers without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from counterseal import SealError, seal
from tests.sealing.parts import ALICE, known, security

_METHODS = ("GET", "POST", "DELETE", "PATCH")


@dataclass
class Built:
    """An application, and what was put into it."""

    app: Starlette
    inner: list[tuple[Any, str]]
    """Every router in it, with the path that leads there."""
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Endpoint -> method and concrete path."""
    open: set[str] = field(default_factory=set)
    """The endpoints without a contract."""
    templates: dict[tuple[str, str], str] = field(default_factory=dict)
    """Method and template -> endpoint."""
    ran: list[str] = field(default_factory=list)


Leaf = tuple[str, bool, bool, str]
Node = tuple[str, list[Leaf], list[Any]]

leaves = st.tuples(st.sampled_from(["plain", "partial-path", "class"]), st.booleans(), st.booleans(), st.sampled_from(_METHODS))
nodes: st.SearchStrategy[Node] = st.recursive(
    st.tuples(
        st.sampled_from(["include", "mount-app", "mount-starlette", "mount-router"]), st.lists(leaves, max_size=3), st.just([])
    ),
    lambda children: st.tuples(
        st.sampled_from(["include", "mount-app", "mount-starlette", "mount-router"]),
        st.lists(leaves, max_size=3),
        st.lists(children, max_size=3),
    ),
    max_leaves=8,
)


def endpoint(built: Built, name: str, is_open: bool, is_class: bool, method: str) -> Any:
    async def run(request: Request) -> Response:
        built.ran.append(name)
        return PlainTextResponse(name)

    run.__qualname__ = run.__name__ = name
    made = run if is_open else known(run)
    if not is_class:
        return made

    async def handle(self: Any, request: Request) -> Response:
        built.ran.append(name)
        return PlainTextResponse(name)

    handle.__qualname__ = handle.__name__ = name
    return type("View", (HTTPEndpoint,), {method.lower(): handle if is_open else known(handle)})


def put(built: Built, owner: Any, at: str, concrete: str, node: Node, names: Iterator[int]) -> None:
    """Fill a router or application with a node's leaves and children."""
    _, own, children = node
    built.inner.append((owner, concrete))
    table = owner.router if isinstance(owner, Starlette) else owner
    for shape, is_open, with_parameter, method in own:
        name = f"e{next(names)}"
        path, real = f"/{name}", f"/{name}"
        if with_parameter:
            path, real = f"{path}/{{value:int}}", f"{real}/7"
        made = endpoint(built, name, is_open, shape == "class", method)
        if shape == "class" or not isinstance(owner, (APIRouter, FastAPI)):
            table.routes.append(Route(path, made, methods=None if shape == "class" else [method]))
        else:
            owner.add_api_route(path, made, methods=[method])
        built.asked[name] = (method, concrete + real)
        built.templates[method, at + path] = name
        if is_open:
            built.open.add(name)
    for child in children:
        prefix = f"/p{next(names)}"
        _hang(built, owner, prefix, at, concrete, child, names)


def _hang(built: Built, owner: Any, prefix: str, at: str, concrete: str, child: Node, names: Iterator[int]) -> None:
    kind = child[0]
    if kind == "include" and isinstance(owner, (APIRouter, FastAPI)):
        router = APIRouter()
        put(built, router, at + prefix, concrete + prefix, child, names)
        owner.include_router(router, prefix=prefix)
        return
    with_parameter = prefix + "/{where}"
    apps: dict[str, Any] = {"mount-app": lambda: FastAPI(openapi_url=None), "mount-starlette": Starlette}
    sub = apps.get(kind, Router)()
    put(built, sub, at + with_parameter, f"{concrete}{prefix}/here", child, names)
    table = owner.router if isinstance(owner, Starlette) else owner
    table.routes.append(Mount(with_parameter, app=sub))


def build(node: Node) -> Built:
    app = FastAPI(openapi_url=None) if node[0] != "mount-starlette" else Starlette()
    built = Built(app, [])
    put(built, app, "", "", node, count())
    return built


def reached(built: Built, headers: dict[str, str] | None = None) -> dict[str, int]:
    """The oracle: a real request to every endpoint that was put in; which ran, and what the others answered."""
    client = TestClient(built.app, raise_server_exceptions=False)
    built.ran.clear()
    return {name: client.request(method, path, headers=headers).status_code for name, (method, path) in built.asked.items()}


@settings(max_examples=60)
@given(nodes)
def test_seal_finds_exactly_what_answers_without_credentials(node: Node) -> None:
    built = build(node)
    before = reached(built)
    ran = set(built.ran)
    if not ran:
        seal(built.app, security())
    else:
        with pytest.raises(SealError) as caught:
            seal(built.app, security())
        found = [problem.route.split() for problem in caught.value.problems]
        assert {problem.code for problem in caught.value.problems} == {"no-contract"}
        assert {built.templates[method, path] for method, path in found} == ran
        assert len(found) == len(ran)
        seal(built.app, security(), open={problem.route: "shown by the test" for problem in caught.value.problems})
    after = reached(built)
    assert set(built.ran) == ran
    assert {name: after[name] for name in ran} == {name: before[name] for name in ran}
    assert {after[name] for name in set(after) - ran if before[name] != 404} <= {401}
    whole = reached(built, ALICE)
    assert all(whole[name] in (200, 404) for name in whole)
    assert {name for name, status in whole.items() if status == 404} == {name for name, status in before.items() if status == 404}


@settings(max_examples=40)
@given(nodes, st.data())
def test_whatever_is_added_later_and_anywhere_never_runs(node: Node, data: st.DataObject) -> None:
    built = build(node)
    try:
        seal(built.app, security())
    except SealError as error:
        seal(built.app, security(), open={problem.route: "shown by the test" for problem in error.problems})
    before = reached(built, ALICE)
    owner, concrete = data.draw(st.sampled_from(built.inner))

    async def late(request: Request) -> Response:
        built.ran.append("late")
        return PlainTextResponse("late")

    table = owner.router if isinstance(owner, Starlette) else owner
    if data.draw(st.booleans()) and isinstance(owner, (APIRouter, FastAPI)):
        owner.add_api_route("/late", late)
    else:
        table.routes.insert(data.draw(st.integers(0, len(table.routes))), Mount("/late", routes=[Route("/", late)]))
    client = TestClient(built.app, raise_server_exceptions=False)
    assert client.get(f"{concrete}/late").status_code in (404, 503)
    assert client.get(f"{concrete}/late/").status_code in (404, 503)
    assert reached(built, ALICE) == before
    assert "late" not in built.ran
