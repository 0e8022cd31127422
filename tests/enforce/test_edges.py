"""Where a call meets a framework: what runs on the event loop, and whose request it stays."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from counterseal import Call, Principal, acting_as, audit_log, auth, contract, returns
from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.frameworks.starlette import ADAPTER
from tests.frameworks.parts import InvoiceOut, Trail, bearer, security


class Watched(Trail):
    """Notes in which way it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.ways: list[str] = []

    def append(self, record: Record) -> None:
        self.ways.append("blocking")
        self.records.append(record)

    async def append_async(self, record: Record) -> None:
        self.ways.append("on the loop")
        self.records.append(record)


def client(trail: Trail, *routes: Route) -> TestClient:
    app = Starlette(routes=list(routes))
    ADAPTER.bind(app, security(trail))
    return TestClient(app, headers=bearer())


def test_a_plain_generator_stays_a_plain_function() -> None:
    threads = []

    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("stream"))
    def items(request: Request) -> Iterator[Any]:
        threads.append(threading.current_thread())
        yield {"id": 1, "amount": 2, "secret": 3}

    assert not inspect.iscoroutinefunction(items)
    trail = Watched()
    with client(trail, Route("/", items)) as asked:
        assert asked.get("/").text == '{"id":1,"amount":2}\n'
    assert (trail.ways, [record.outcome for record in trail.records]) == (["on the loop"], [Outcome.SUCCEEDED])


def test_the_end_of_background_work_never_blocks_the_loop() -> None:
    trail = Watched()

    @contract(auth(), audit_log("work"))
    def work(request: Request) -> PlainTextResponse:
        return PlainTextResponse("done", background=BackgroundTask(lambda: None))

    assert client(trail, Route("/", work)).get("/").text == "done"
    assert trail.ways == ["on the loop"]


def test_acting_as_somebody_else_stays_in_the_request() -> None:
    trail = Trail()

    @contract(auth("admin"), audit_log("inner"), layer="business")
    def inner(call: Call) -> str:
        return f"{call.client}"

    @contract(auth(), audit_log("outer"))
    def outer(request: Request) -> PlainTextResponse:
        with acting_as(Principal(id="system", roles=frozenset({"admin"}))):
            return PlainTextResponse(inner())

    assert client(trail, Route("/", outer)).get("/").text == "testclient"
    first, second = trail.records
    assert (first.actor, second.actor) == ("system", "alice")
    assert (first.request_id, first.client) == (second.request_id, second.client)
