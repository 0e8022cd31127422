"""Decisions as OpenTelemetry and the log have them, with the real SDK."""

from __future__ import annotations

import builtins
import logging
import re
from typing import Any

import pytest
from litestar import Litestar, get, post
from litestar.testing import TestClient
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from counterseal import (
    Call,
    ConfigurationError,
    Denied,
    OpenTelemetry,
    Principal,
    audit_log,
    auth,
    contract,
    owns,
    rule,
    validates,
)
from counterseal.enforce.contract.acting import acting_as
from counterseal.enforce.frameworks.litestar import ADAPTER
from tests.frameworks.asgi_support import PEOPLE, security
from tests.frameworks.scenarios import Note, NoteIn, load_note, whoami

ALICE = {"authorization": "Bearer alice"}


@get("/notes/{note_id:int}")
@contract(requires=[auth("user"), owns(load_note, "note_id", by="owner", into="note")], ensures=[audit_log("note_read")])
async def read(note: Note, principal: Principal) -> dict[str, str]:
    return {"service": await whoami()}


@post("/notes")
@contract(requires=[auth("user"), validates(NoteIn)])
async def create(data: NoteIn) -> dict[str, str]:
    return {}


class Gauge:
    """The SDK with its exporters in memory."""

    def __init__(self, **settings: Any) -> None:
        self.reader = InMemoryMetricReader()
        self.spans = InMemorySpanExporter()
        tracing = TracerProvider()
        tracing.add_span_processor(SimpleSpanProcessor(self.spans))
        self.tracer = tracing.get_tracer("tests")
        self.observer = OpenTelemetry(meter_provider=MeterProvider([self.reader]), **settings)

    def counts(self) -> list[tuple[dict[str, Any], int]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        assert metric.name == "counterseal.decisions"
        return [(dict(point.attributes or {}), int(point.value)) for point in metric.data.data_points]  # type: ignore[union-attr]

    def middleware(self, app: Any) -> Any:
        async def traced(scope: Any, receive: Any, send: Any) -> None:
            with self.tracer.start_as_current_span("request"):
                await app(scope, receive, send)

        return traced

    def client(self) -> TestClient[Litestar]:
        # Litestar's own configuration would take the handlers away that the tests look through.
        app = Litestar([read, create], middleware=[self.middleware], logging_config=None)
        ADAPTER.bind(app, security(observers=[self.observer]))
        return TestClient(app)


def test_decisions_are_counted_by_what_was_decided_and_never_by_whom() -> None:
    gauge = Gauge()
    with gauge.client() as client:
        for number in (1, 1, 2, 77, 78):
            client.get(f"/notes/{number}", headers=ALICE)
        client.get("/notes/1")
        client.post("/notes", headers=ALICE, json={"title": "s3cret", "stars": "s3cret"})
    counted = gauge.counts()
    by = {
        (item["counterseal.action"], item["counterseal.outcome"], item.get("counterseal.denial.code")): count
        for item, count in counted
    }
    assert by["note_read", "succeeded", None] == 2
    assert by["note_read", "denied", "not-found"] == 3
    assert by["note_read", "denied", "not-authenticated"] == 1
    assert by["create", "denied", "invalid-input"] == 1
    # The service function inside the two that succeeded.
    assert by["whoami", "succeeded", None] == 2
    written = repr(counted)
    assert all(word not in written for word in ("alice", "s3cret", "77", "127.0.0.1"))
    refused = next(item for item, _ in counted if item.get("counterseal.denial.code") == "not-found")
    assert refused["http.route"] == "/notes/{note_id}"
    assert refused["http.request.method"] == "GET"
    assert refused["counterseal.clause"] == "the load_note named by note_id is the caller's own"


def test_the_span_of_a_request_has_its_decisions() -> None:
    gauge = Gauge()
    with gauge.client() as client:
        answer = client.get("/notes/2", headers=ALICE)
    (span,) = gauge.spans.get_finished_spans()
    (event,) = span.events
    attributes = dict(event.attributes or {})
    assert event.name == "counterseal.decision"
    assert attributes["counterseal.denial.code"] == "not-found"
    assert attributes["counterseal.request_id"] == answer.json()["request_id"]
    assert "alice" not in repr(attributes)


def test_series_have_a_bound() -> None:
    gauge = Gauge(most_series=3)

    def refuses(call: Call) -> bool:
        raise Denied(409, f"conflict-{len(seen)}")

    seen: list[int] = []

    @contract(auth("user"), rule("it conflicts", refuses), layer="business")
    def work() -> None: ...

    with acting_as(PEOPLE["alice"], security(observers=[gauge.observer])):
        for number in range(20):
            with pytest.raises(Denied):
                work()
            seen.append(number)
    counted = gauge.counts()
    assert len(counted) == 4
    assert ({"otel.metric.overflow": True}, 17) in counted


def test_a_method_that_nobody_knows_is_no_series_of_its_own() -> None:
    gauge = Gauge()
    call = Call("work", security(), None, {})

    class Strange:
        route, method = "/any", "HACK7"

    call.exchange = Strange()  # type: ignore[assignment]
    gauge.observer(call, "denied", None)
    ((attributes, count),) = gauge.counts()
    assert (attributes["http.request.method"], count) == ("_OTHER", 1)


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigurationError, match=r"counterseal\[otel\]"):
        OpenTelemetry()


def test_an_observer_that_fails_decides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(call: Call, outcome: str, denial: Denied | None) -> None:
        raise RuntimeError("hunter2")

    with acting_as(PEOPLE["alice"], security(observers=[broken])):

        @contract(auth("user"), layer="business")
        def work() -> int:
            return 3

        assert work() == 3
    assert "an observer failed: RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


_TEXT = r'(?:null|"(?:[^"\\]|\\.)*")'
LINE = re.compile(
    rf"denied status=(?P<status>\d+) code=(?P<code>\S+) action={_TEXT} route={_TEXT} actor={_TEXT} "
    rf"client=(?P<client>{_TEXT}) request=(?P<request>[0-9a-f]{{24}}) clause={_TEXT} reason={_TEXT}"
)


@pytest.mark.parametrize(
    "forged",
    [
        "%0Adenied status=200 code=ok actor=%22root%22",
        "x%22 client=%22192.0.2.1",
        "%0D%0A%1B[2J",
        "%E2%80%A8denied",
        "x%5C%22 y",
    ],
)
def test_a_client_cannot_forge_a_line(caplog: pytest.LogCaptureFixture, forged: str) -> None:
    caplog.set_level(logging.INFO, "counterseal")
    with Gauge().client() as client:
        # The cookie's identity takes its name from the client: the worst that an identity can do.
        answer = client.get("/notes/2", headers={"cookie": f"session={forged}", "sec-fetch-site": "same-origin"})
    assert answer.status_code == 404
    (line,) = [record.getMessage() for record in caplog.records if record.name == "counterseal"]
    assert line.isprintable()
    assert line.isascii()
    found = LINE.fullmatch(line)
    assert found is not None, line
    assert (found["status"], found["code"], found["client"]) == ("404", "not-found", '"testclient"')
    assert found["request"] == answer.json()["request_id"]


def test_a_code_that_the_application_makes_up_is_quoted_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "counterseal")

    def refuses(call: Call) -> bool:
        raise Denied(409, "x\ndenied status=200", "why\nnot")

    @contract(auth("user"), rule("it conflicts", refuses), layer="business")
    def work() -> None: ...

    with acting_as(PEOPLE["alice"], security()), pytest.raises(Denied):
        work()
    (line,) = [record.getMessage() for record in caplog.records if record.name == "counterseal"]
    assert "\n" not in line
    assert 'code="x\\ndenied status=200"' in line
