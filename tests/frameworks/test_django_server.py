"""Django under real servers: event loops, streams, large bodies, transactions, callers at the same time."""

from __future__ import annotations

import asyncio
import http.client
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from django.db import IntegrityError, connections, transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from counterseal import Principal, audit_log, auth, contract, owns, public, returns, validates
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.django import ADAPTER
from tests.frameworks.django_project import Invoice, get_asgi_application, get_wsgi_application, routes, table
from tests.frameworks.parts import InvoiceIn, InvoiceOut, Trail, security, served

FULL = {"id": 1, "amount": 2, "secret": "s3cret"}


@contextmanager
def asgi_served(app: Any) -> Iterator[int]:
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=2)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def running(kind: str, patterns: list[Any], trail: Trail, **more: Any) -> Iterator[int]:
    with routes(patterns), override_settings(MIDDLEWARE=[], COUNTERSEAL=None):
        app = get_wsgi_application() if kind == "wsgi" else get_asgi_application()
        ADAPTER.bind(app, security(trail, **more))
        with (served if kind == "wsgi" else asgi_served)(app) as port:
            yield port


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)


def ask(port: int, target: str, method: str = "GET", name: str = "1", body: Any = None, **more: Any) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, target, body, {"Authorization": f"Bearer {name}", "Content-Type": "application/json"}, **more)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    except http.client.IncompleteRead as error:
        return answer.status, error.partial
    finally:
        connection.close()


KINDS = pytest.mark.parametrize("kind", ["wsgi", "asgi"])


@contract(auth(), returns(InvoiceOut, stream=True), audit_log("plain"))
def plain(request: HttpRequest, by: Principal) -> Iterator[Any]:
    for number in range(3):
        yield {"id": number, "amount": int(by.id), "secret": "s3cret"}


@contract(auth(), returns(InvoiceOut, stream=True), audit_log("later"))
async def later(request: HttpRequest, by: Principal) -> AsyncIterator[Any]:
    for number in range(3):
        await asyncio.sleep(0)
        yield {"id": number, "amount": int(by.id), "secret": "s3cret"}


@contract(auth(), returns(InvoiceOut, stream=True), audit_log("failing"))
def failing(request: HttpRequest) -> Iterator[Any]:
    yield FULL
    raise OSError("disk")


@contract(auth(), returns(InvoiceOut, stream=True), audit_log("failing later"))
async def failing_later(request: HttpRequest) -> AsyncIterator[Any]:
    yield FULL
    raise OSError("disk")


@contract(auth(), audit_log("bare"))
def bare(request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[str]:
        yield "first"
        raise OSError("disk")

    return StreamingHttpResponse(pieces())


@contract(auth(), returns(InvoiceOut), audit_log("undeclared"))
def undeclared(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter(["s3cret"]))


STREAMS = [path(f"{view.__name__}/", view) for view in (plain, later, failing, failing_later, bare, undeclared)]


@KINDS
def test_streams_and_their_ends(kind: str) -> None:
    trail = Trail()
    with running(kind, STREAMS, trail) as port:
        for target in ("/plain/", "/later/"):
            status, body = ask(port, target)
            assert (status, body.decode().splitlines()) == (200, [f'{{"id":{number},"amount":1}}' for number in range(3)])
        for target in ("/failing/", "/failing_later/", "/bare/"):
            status, body = ask(port, target)
            assert (status, b"s3cret" in body) == (200, False)
        status, body = ask(port, "/undeclared/")
        assert (status, b"s3cret" in body) == (500, False)
        until(lambda: len(trail.records) == 6)
    assert {record.action: (record.outcome, record.reason) for record in trail.records} == {
        "plain": (Outcome.SUCCEEDED, None),
        "later": (Outcome.SUCCEEDED, None),
        "failing": (Outcome.FAILED, "OSError"),
        "failing later": (Outcome.FAILED, "OSError"),
        "bare": (Outcome.FAILED, "OSError"),
        "undeclared": (Outcome.FAILED, "unshaped-answer"),
    }


@KINDS
def test_two_requests_at_once_have_their_own_callers(kind: str) -> None:
    both = threading.Barrier(2, timeout=10)
    arrived: list[str] = []

    @contract(auth(), layer="business")
    def who(by: Principal) -> str:
        return by.id

    @contract(auth())
    def sync_view(request: HttpRequest, by: Principal) -> HttpResponse:
        both.wait()
        return HttpResponse(f"{by.id} {who()}")

    @contract(auth())
    async def async_view(request: HttpRequest, by: Principal) -> HttpResponse:
        arrived.append(by.id)
        await asyncio.to_thread(until, lambda: len(arrived) == 2)
        return HttpResponse(f"{by.id} {who()}")

    with running(kind, [path("sync/", sync_view), path("async/", async_view)], Trail()) as port:
        for target in ("/sync/", "/async/"):
            found: dict[str, bytes] = {}

            def go(name: str, target: str = target, found: dict[str, bytes] = found) -> None:
                found[name] = ask(port, target, name=name)[1]

            threads = [threading.Thread(target=go, args=(name,)) for name in ("1", "2")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            assert found == {"1": b"1 1", "2": b"2 2"}


@pytest.mark.parametrize(("kind", "chunked"), [("wsgi", False), ("asgi", False), ("asgi", True)])
def test_large_bodies_are_refused(kind: str, chunked: bool) -> None:
    @contract(public(reason="anyone"), validates(InvoiceIn, max_bytes=10_000))
    def view(request: HttpRequest, data: InvoiceIn) -> HttpResponse:
        return HttpResponse(str(data.amount))

    def pieces(*given: bytes) -> Any:
        return iter(given) if chunked else b"".join(given)

    with running(kind, [path("", view)], Trail()) as port:
        assert ask(port, "/", "POST", body=pieces(b'{"amount":', b"1}"), encode_chunked=chunked) == (200, b"1")
        assert ask(port, "/", "POST", body=pieces(b" " * 6000, b" " * 6000), encode_chunked=chunked)[0] == 413


@contract(auth(), owns(Invoice, "pk", by="owner_id"), validates(InvoiceIn), returns(InvoiceOut), audit_log("change"))
def change(request: HttpRequest, invoice: Invoice, data: InvoiceIn) -> Any:
    seen.append(transaction.get_connection().in_atomic_block)
    invoice.amount = data.amount
    invoice.save()
    return {"id": invoice.pk} if data.note == "unshaped" else invoice


@contract(auth(), owns(Invoice, "pk", by="owner_id"), validates(InvoiceIn), returns(InvoiceOut), audit_log("change"))
async def change_later(request: HttpRequest, invoice: Invoice, data: InvoiceIn) -> Any:
    invoice.amount = data.amount
    await invoice.asave()
    if data.note == "raises":
        raise IntegrityError("no")
    return {"id": invoice.pk} if data.note == "unshaped" else invoice


@contract(auth(), validates(InvoiceIn), returns(InvoiceOut))
def create(request: HttpRequest, data: InvoiceIn, by: Principal) -> Any:
    made = Invoice.objects.create(owner_id=int(by.id), amount=data.amount)
    return {"id": made.pk} if data.note == "unshaped" else made


@contract(auth(), owns(Invoice, "pk", by="owner_id"), returns(InvoiceOut))
async def increase(request: HttpRequest, invoice: Invoice) -> Any:
    await asyncio.sleep(0.02)
    invoice.amount += 1
    await invoice.asave()
    return invoice


seen: list[bool] = []
ROWS = [
    path("change/<int:pk>/", change),
    path("later/<int:pk>/", change_later),
    path("create/", create),
    path("increase/<int:pk>/", increase),
]


@KINDS
def test_object_body_and_output_stand_in_one_transaction(kind: str) -> None:
    table()
    invoice = Invoice.objects.create(owner_id=1, amount=10)
    seen.clear()
    with running(kind, ROWS, Trail(), unit_of_work=transaction.atomic) as port:
        for target in (f"/change/{invoice.pk}/", f"/later/{invoice.pk}/"):
            assert ask(port, target, "POST", body=b'{"amount":11}')[0] == 200
            assert ask(port, target, "POST", body=b'{"amount":12,"note":"unshaped"}')[0] == 500
            assert ask(port, target, "POST", name="2", body=b'{"amount":13}')[0] == 404
            invoice.refresh_from_db()
            assert invoice.amount == 11
        assert ask(port, f"/later/{invoice.pk}/", "POST", body=b'{"amount":14,"note":"raises"}')[0] == 500
        invoice.refresh_from_db()
        assert invoice.amount == 11
        before = Invoice.objects.count()
        assert ask(port, "/create/", "POST", body=b'{"amount":1,"note":"unshaped"}')[0] == 500
        assert Invoice.objects.count() == before
        assert ask(port, "/create/", "POST", body=b'{"amount":1}')[0] == 200
        assert Invoice.objects.count() == before + 1
    assert seen == [True, True]


@KINDS
def test_an_object_does_not_change_between_check_and_use(kind: str) -> None:
    table()
    invoice = Invoice.objects.create(owner_id=1, amount=0)
    with running(kind, ROWS, Trail(), unit_of_work=transaction.atomic) as port:
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(ask(port, f"/increase/{invoice.pk}/", "POST")[0])) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    invoice.refresh_from_db()
    assert (statuses, invoice.amount) == ([200] * 8, 8)


@contract(auth("admin"))
def guarded(request: HttpRequest) -> str:
    return "guarded"


def uncontracted(request: HttpRequest) -> HttpResponse:
    return HttpResponse(guarded(request))


@KINDS
def test_late_routes_and_raised_refusals_under_both_kinds_of_server(kind: str) -> None:
    with routes([path("bare/", uncontracted), path("plain/", plain)]), override_settings(MIDDLEWARE=[], COUNTERSEAL=None):
        app = get_wsgi_application() if kind == "wsgi" else get_asgi_application()
        ADAPTER.bind(app, security(Trail()))
        known = set(ADAPTER.entries(app))
        ADAPTER.enclose(app, lambda entry: entry in known)
        sys.modules["tests_frameworks_urls"].urlpatterns.append(path("late/", uncontracted))
        with (served if kind == "wsgi" else asgi_served)(app) as port:
            assert ask(port, "/late/")[0] == 503
            assert ask(port, "/bare/", name="forged")[0] == 401
            assert ask(port, "/bare/")[0] == 403
            assert ask(port, "/bare/", name="9:admin")[0] == 200
            assert ask(port, "/plain/")[0] == 200


class OwnTransaction(Trail):
    """Writes into the application's own transaction."""

    def write_in(self, connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tests_frameworks_invoice (owner_id, amount, secret) VALUES (%s, 99, 'record')", [record.actor]
            )


@KINDS
def test_a_record_can_stand_in_the_same_transaction(kind: str) -> None:
    table()
    invoice = Invoice.objects.create(owner_id=1, amount=10)
    more = {"unit_of_work": lambda: transaction.atomic(using="default"), "record_in_transaction": True}
    with running(kind, ROWS, OwnTransaction(), **more) as port:
        for target in (f"/change/{invoice.pk}/", f"/later/{invoice.pk}/"):
            assert ask(port, target, "POST", body=b'{"amount":11}')[0] == 200
            assert ask(port, target, "POST", body=b'{"amount":12,"note":"unshaped"}')[0] == 500
    assert Invoice.objects.filter(secret="record").count() == 2


def test_transactions_of_one_loop_never_mix_where_requests_share_a_thread() -> None:
    from counterseal.enforce.clauses.atomic import adapted

    table()
    inside: list[int] = []

    async def one(number: int) -> None:
        async with adapted(transaction.atomic(), on_loop=True):
            inside.append(number)
            await Invoice.objects.acreate(owner_id=number, amount=1)
            await asyncio.sleep(0.01)
            inside.append(number)
            if number == 2:
                raise IntegrityError("no")

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(one(number) for number in range(4)), return_exceptions=True)

    found = asyncio.run(all_at_once())
    assert [type(item) for item in found] == [type(None), type(None), IntegrityError, type(None)]
    assert inside == [0, 0, 1, 1, 2, 2, 3, 3]
    assert sorted(Invoice.objects.values_list("owner_id", flat=True)) == [0, 1, 3]


def test_a_refusal_rolls_back_a_transaction_of_djangos_own() -> None:
    table()
    settings = connections["default"].settings_dict
    before, settings["ATOMIC_REQUESTS"] = settings["ATOMIC_REQUESTS"], True
    try:
        with running("wsgi", ROWS, Trail()) as port:
            assert ask(port, "/create/", "POST", body=b'{"amount":1,"note":"unshaped"}')[0] == 500
            assert Invoice.objects.count() == 0
            assert ask(port, "/create/", "POST", body=b'{"amount":1}')[0] == 200
            assert Invoice.objects.count() == 1
    finally:
        settings["ATOMIC_REQUESTS"] = before
