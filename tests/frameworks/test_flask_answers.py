"""What views of Flask return: data, tuples, responses, streams; and what goes on record of it."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Response, jsonify, make_response, redirect, request, send_file, stream_with_context

from counterseal import Principal, audit_log, auth, contract, owns, public, returns, validates
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.flask import ADAPTER
from tests.frameworks.parts import InvoiceIn, InvoiceOut, Trail, bearer, security, served

FULL = {"id": 1, "amount": 2, "secret": "s3cret"}
KEPT = {"id": 1, "amount": 2}


@dataclass
class Row:
    id: int = 1
    amount: int = 2
    secret: str = "s3cret"


def response_with_cookie() -> Response:
    answer = make_response(jsonify(FULL), 202)
    answer.set_cookie("seen", "1")
    answer.headers["X-Own"] = "1"
    answer.set_etag("of what does not leave")
    return answer


def bound(trail: Trail) -> Flask:
    app = Flask("tests.frameworks")
    ADAPTER.bind(app, security(trail))
    return app


def answered(value: Callable[[], Any], model: Any = InvoiceOut, **more: Any) -> tuple[Any, Trail]:
    trail = Trail()
    app = bound(trail)

    @app.get("/")
    @contract(auth(), returns(model, **more), audit_log("read"))
    def view() -> Any:
        return value()

    return app.test_client().get("/", headers=bearer()), trail


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (lambda: FULL, 200),
        (Row, 200),
        (lambda: jsonify(FULL), 200),
        (lambda: (FULL, 201), 201),
        (lambda: (Row(), 201), 201),
        (lambda: (FULL, "202 ACCEPTED"), 202),
        (lambda: (FULL, {"X-Own": "1"}), 200),
        (lambda: (FULL, 203, [("X-Own", "1")]), 203),
        (lambda: (jsonify(FULL), 206, {"X-Own": "1"}), 206),
        (response_with_cookie, 202),
    ],
)
def test_whatever_a_view_returns_is_filtered(value: Callable[[], Any], status: int) -> None:
    answer, trail = answered(value)
    assert (answer.status_code, answer.json, answer.mimetype) == (status, KEPT, "application/json")
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert [(record.outcome, record.status) for record in trail.records] == [(Outcome.SUCCEEDED, status)]


def test_headers_and_cookies_of_a_response_stay() -> None:
    answer, _ = answered(response_with_cookie)
    assert (answer.headers["X-Own"], answer.headers["Set-Cookie"]) == ("1", "seen=1; Path=/")
    assert "ETag" not in answer.headers


def test_lists_are_filtered() -> None:
    answer, _ = answered(lambda: [FULL, Row()], list[InvoiceOut])
    assert answer.json == [KEPT, KEPT]


@pytest.mark.parametrize(
    "value",
    [
        lambda: "s3cret",
        lambda: {"id": 1, "secret": "s3cret"},
        lambda: (item for item in ["s3cret"]),
        lambda: Response(item for item in ["s3cret"]),
        lambda: stream_with_context(item for item in ["s3cret"]),
        lambda: ((item for item in ["s3cret"]), 200),
        lambda: Response("s3cret", mimetype="text/html"),
        lambda: send_file(__file__),
    ],
)
def test_what_lacks_the_shape_does_not_leave(value: Callable[[], Any]) -> None:
    answer, trail = answered(value)
    assert (answer.status_code, answer.json["code"]) == (500, "unshaped-answer")
    assert "s3cret" not in answer.text
    assert [record.outcome for record in trail.records] == [Outcome.FAILED]


@pytest.mark.parametrize(
    ("value", "status", "text"),
    [
        (lambda: ("", 204), 204, ""),
        (lambda: Response(status=204), 204, ""),
        (lambda: ({"error": "gone", "secret": "s3cret"}, 410), 410, '{"error":"gone"}'),
        (lambda: ("s3cret", 404), 404, "{}"),
        (lambda: make_response(jsonify(error="no", secret="s3cret"), 409), 409, '{"error":"no"}'),
    ],
)
def test_answers_without_a_body_and_errors(value: Callable[[], Any], status: int, text: str) -> None:
    answer, trail = answered(value)
    assert (answer.status_code, answer.text) == (status, text)
    assert [record.outcome for record in trail.records] == [Outcome.FAILED if status >= 400 else Outcome.SUCCEEDED]


def test_redirects_pass() -> None:
    answer, _ = answered(lambda: redirect("/elsewhere"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")


def test_declared_streams_from_generators_plain_and_async() -> None:
    trail = Trail()
    app = bound(trail)

    @app.get("/plain")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("plain"))
    def plain() -> Iterator[Any]:
        for number in range(3):
            yield {"id": number, "amount": int(request.args["amount"]), "secret": "s3cret"}

    @app.get("/later")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("later"))
    async def later() -> AsyncIterator[Any]:
        for number in range(3):
            yield {"id": number, "amount": 7, "secret": "s3cret"}

    @app.get("/made")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("made"))
    def made() -> Any:
        return ({"id": number, "amount": 7, "secret": "s3cret"} for number in range(3))

    with served(app) as port:
        for path in ("/plain?amount=7", "/later", "/made"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path, headers=bearer())
            answer = connection.getresponse()
            lines = answer.read().decode().splitlines()
            assert (answer.status, answer.getheader("Content-Type")) == (200, "application/x-ndjson")
            assert lines == [f'{{"id":{number},"amount":7}}' for number in range(3)]
            connection.close()
        _until(lambda: len(trail.records) == 3)
    assert {record.outcome for record in trail.records} == {Outcome.SUCCEEDED}


def test_a_stream_that_fails_after_its_first_piece_is_on_record_as_failed() -> None:
    trail = Trail()
    app = bound(trail)

    @app.get("/declared")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("declared"))
    def declared() -> Iterator[Any]:
        yield FULL
        raise OSError("disk")

    @app.get("/bare")
    @contract(auth(), audit_log("bare"))
    def bare() -> Any:
        def pieces() -> Iterator[str]:
            yield "first"
            raise OSError("disk")

        return pieces(), 200

    @app.get("/unshaped")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("unshaped"))
    def unshaped() -> Iterator[Any]:
        yield FULL
        yield {"secret": "s3cret"}

    with served(app) as port:
        for path in ("/declared", "/bare", "/unshaped"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", path, headers=bearer())
            answer = connection.getresponse()
            with pytest.raises(http.client.IncompleteRead) as broken:
                answer.read()
            assert answer.status == 200
            assert broken.value.partial
            assert b"s3cret" not in broken.value.partial
            connection.close()
        _until(lambda: len(trail.records) == 3)
    assert [(record.action, record.outcome, record.reason) for record in trail.records] == [
        ("declared", Outcome.FAILED, "OSError"),
        ("bare", Outcome.FAILED, "OSError"),
        ("unshaped", Outcome.FAILED, "ValidationError"),
    ]


def test_a_client_that_hangs_up_is_on_record() -> None:
    trail, left = Trail(), threading.Event()
    app = bound(trail)

    @app.get("/")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("stream"))
    def endless() -> Iterator[Any]:
        try:
            while True:
                yield FULL
        finally:
            left.set()

    with served(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/", headers=bearer())
        connection.getresponse().read(100)
        connection.close()
        assert left.wait(10)
        _until(lambda: bool(trail.records))
    assert [(record.outcome, record.reason) for record in trail.records] == [(Outcome.FAILED, "BrokenOffError")]


def test_work_after_the_answer_has_the_caller_and_its_failure_is_on_record() -> None:
    trail, seen = Trail(), []
    app = bound(trail)

    @contract(auth("user"), layer="business")
    def notify(by: Principal) -> None:
        seen.append(by.id)

    def fail() -> None:
        raise OSError("mail")

    for path, work in (("/good", notify), ("/bad", fail)):

        def view(work: Any = work) -> Response:
            answer = Response("done")
            answer.call_on_close(work)
            return answer

        view.__name__ = path.strip("/")
        app.get(path)(contract(auth(), audit_log(path))(view))

    client = app.test_client()
    client.get("/good", headers=bearer()).close()
    assert seen == ["alice"]
    with pytest.raises(OSError, match="mail"):
        client.get("/bad", headers=bearer()).close()
    assert [(record.action, record.outcome) for record in trail.records] == [
        ("/good", Outcome.SUCCEEDED),
        ("/bad", Outcome.FAILED),
    ]


def test_head_of_a_stream_is_no_failure() -> None:
    trail = Trail()
    app = bound(trail)

    @app.get("/")
    @contract(auth(), returns(InvoiceOut, stream=True), audit_log("stream"))
    def stream() -> Iterator[Any]:
        yield FULL

    app.test_client().head("/", headers=bearer()).close()
    assert [record.outcome for record in trail.records] == [Outcome.SUCCEEDED]


def test_files_are_sent_as_they_are() -> None:
    trail = Trail()
    app = bound(trail)

    @app.get("/")
    @contract(auth(), audit_log("file"))
    def file() -> Response:
        return send_file(__file__)

    answer = app.test_client().get("/", headers=bearer())
    assert b"test_files_are_sent_as_they_are" in answer.data
    answer.close()
    assert [record.outcome for record in trail.records] == [Outcome.SUCCEEDED]


def test_two_requests_at_once_have_their_own_callers() -> None:
    trail = Trail()
    app = bound(trail)
    both = threading.Barrier(2, timeout=10)

    @contract(auth(), layer="business")
    def who(by: Principal) -> str:
        both.wait()
        return by.id

    @app.get("/plain")
    @contract(auth())
    def plain(by: Principal) -> str:
        both.wait()
        return f"{by.id} {who()}"

    @app.get("/later")
    @contract(auth())
    async def later(by: Principal) -> str:
        both.wait()
        return f"{by.id} {who()}"

    found: dict[str, str] = {}

    def ask(port: int, path: str, name: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", path, headers=bearer(name))
        found[name] = connection.getresponse().read().decode()
        connection.close()

    with served(app) as port:
        for path in ("/plain", "/later"):
            threads = [threading.Thread(target=ask, args=(port, path, name)) for name in ("alice", "bob")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            assert found == {"alice": "alice alice", "bob": "bob bob"}


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_are_not_read(chunked: bool) -> None:
    app = bound(Trail())

    @app.post("/")
    @contract(public(reason="anyone"), validates(InvoiceIn, max_bytes=10_000))
    def view(data: InvoiceIn) -> str:
        return str(data.amount)

    with served(app) as port:
        assert _post(port, [b'{"amount":', b"1}"], chunked=chunked) == (200, b"1")
        assert _post(port, [b" " * 6000, b" " * 6000], chunked=chunked)[0] == 413


def test_a_body_of_fifty_megabytes_is_refused_by_what_it_says_of_itself() -> None:
    app = bound(Trail())

    @app.post("/")
    @contract(auth(), validates(InvoiceIn))
    def view(data: InvoiceIn) -> str:
        return "no"

    with served(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("POST", "/")
        for name, value in {**bearer(), "Content-Type": "application/json", "Content-Length": str(50 << 20)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_a_body_that_breaks_off_is_refused() -> None:
    app = bound(Trail())

    @app.post("/")
    @contract(auth(), validates(InvoiceIn))
    def view(data: InvoiceIn) -> str:
        return "no"

    with served(app) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        head = "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice:user\r\nContent-Type: application/json\r\n"
        client.sendall(f'{head}Content-Length: 100\r\n\r\n{{"amount":1}}'.encode())
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"incomplete-body" in answer


def test_the_id_of_an_object_is_on_record_whether_it_was_touched_or_not() -> None:
    trail = Trail()
    app = bound(trail)

    @app.delete("/rows/<row_id>")
    @contract(
        auth(), owns(lambda row_id: {"id": row_id, "owner": "alice"}, "row_id", by="owner", into="row"), audit_log("delete")
    )
    def delete(row: dict[str, str]) -> tuple[str, int]:
        return "", 204

    client = app.test_client()
    assert client.delete("/rows/7", headers=bearer("bob")).status_code == 404
    assert client.delete("/rows/7", headers=bearer()).status_code == 204
    assert [(record.outcome, record.object_id) for record in trail.records] == [
        (Outcome.DENIED, "7"),
        (Outcome.SUCCEEDED, "7"),
    ]


def _post(port: int, pieces: list[bytes], *, chunked: bool) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body: Any = iter(pieces) if chunked else b"".join(pieces)
    connection.request("POST", "/", body, {"Content-Type": "application/json"}, encode_chunked=chunked)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def _until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)
