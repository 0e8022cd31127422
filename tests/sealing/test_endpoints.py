"""Endpoints that are not plain functions refuse as plain functions do."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from counterseal import auth, contract


@contract(requires=[auth()])
def function(request: Request) -> Response:
    return PlainTextResponse("reached")


class Service:
    @contract(requires=[auth()])
    async def method(self, request: Request) -> Response:
        return PlainTextResponse("reached")


@pytest.mark.parametrize(
    "endpoint",
    [function, Service().method, functools.partial(function), functools.partial(functools.partial(Service().method))],
    ids=["function", "bound method", "partial", "partial of a partial"],
)
def test_a_refusal_is_the_answer(endpoint: Any) -> None:
    answer = TestClient(Starlette(routes=[Route("/x", endpoint)])).get("/x")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
