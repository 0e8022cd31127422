"""The walk tests itself: a walk that saw something else than the framework matches does not pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from counterseal import ContractError
from counterseal.enforce.frameworks.starlette.probe import check
from counterseal.enforce.frameworks.starlette.table import Branch, walked

ran: list[str] = []


async def one(request: Request) -> Response:
    ran.append("one")
    return PlainTextResponse("one")


async def two(request: Request) -> Response:
    ran.append("two")
    return PlainTextResponse("two")


async def talk(websocket: WebSocket) -> None:
    ran.append("talk")


def application() -> FastAPI:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.add_api_route("/{name}", one)
    router.add_api_route("/me", two)
    app.include_router(router, prefix="/users")
    app.router.routes.append(Mount("/{tenant}", routes=[Route("/{name}", one), Route("/me", two), WebSocketRoute("/ws", talk)]))
    app.router.routes.append(Mount("/acme", app=Starlette(routes=[Route("/me", two)])))
    return app


def test_a_right_walk_passes_and_nothing_runs() -> None:
    check(walked(application()))
    assert ran == []


def lose_a_route(root: Branch) -> None:
    del root.leaves[0]


def lose_a_mounted_route(root: Branch) -> None:
    assert root.mounts[0].branch is not None
    del root.mounts[0].branch.leaves[0]


def lose_a_mount(root: Branch) -> None:
    del root.mounts[0]


def take_it_for_another(root: Branch) -> None:
    root.leaves[0] = dataclasses.replace(root.leaves[0], keys=root.leaves[1].keys)


def take_a_socket_for_another_route(root: Branch) -> None:
    assert root.mounts[0].branch is not None
    leaves = root.mounts[0].branch.leaves
    leaves[2] = dataclasses.replace(leaves[2], view=Route("/elsewhere", one))


@pytest.mark.parametrize(
    "spoil",
    [lose_a_route, lose_a_mounted_route, lose_a_mount, take_it_for_another, take_a_socket_for_another_route],
)
def test_a_wrong_walk_does_not(spoil: Callable[[Branch], None]) -> None:
    root = walked(application())
    spoil(root)
    with pytest.raises(ContractError, match="not known to Counterseal"):
        check(root)
    assert ran == []
