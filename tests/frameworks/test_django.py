"""Every clause on views of Django, through its own handler."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.generic import ListView
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from counterseal import (
    ContractError,
    Denied,
    Principal,
    audit_log,
    auth,
    carry,
    contract,
    csrf,
    owns,
    public,
    rate_limit,
    returns,
    scoped,
    validates,
)
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.django import ADAPTER
from tests.frameworks.django_project import Invoice, get_wsgi_application, routes, table
from tests.frameworks.parts import InvoiceIn, InvoiceOut, LaterToken, Trail, bearer, security

SAME = {"Sec-Fetch-Site": "same-origin"}
FULL = {"id": 1, "amount": 2, "secret": "s3cret"}
KEPT = {"id": 1, "amount": 2}


@pytest.fixture
def trail() -> Iterator[Trail]:
    made = Trail()
    with override_settings(COUNTERSEAL=security(made)):
        yield made


@pytest.fixture
def invoices(trail: Trail) -> list[Invoice]:
    table()
    return [Invoice.objects.create(owner_id=owner, amount=owner * 10) for owner in (1, 2)]


@contract(auth("user"), owns(Invoice, "invoice_id", by="owner_id"), returns(InvoiceOut), audit_log("read"))
def read(request: HttpRequest, invoice: Invoice) -> Any:
    return invoice


@contract(auth("user"), owns(Invoice, "invoice_id", by="owner_id"), returns(InvoiceOut), audit_log("read later"))
async def read_later(invoice: Invoice) -> Any:
    return invoice


@contract(auth("user"), scoped(Invoice, "invoices", by="owner_id"), returns(list[InvoiceOut]))
def listed(request: HttpRequest, invoices: Any) -> Any:
    return list(invoices)


@contract(auth("user"), validates(InvoiceIn, max_bytes=1000), returns(InvoiceOut), audit_log("create"))
def create(request: HttpRequest, data: InvoiceIn) -> HttpResponse:
    # What was read can be read again.
    assert str(data.amount).encode() in request.body
    answer = JsonResponse({"id": 3, "amount": data.amount, "secret": "s3cret"}, status=201)
    answer.set_cookie("seen", "1")
    answer["X-Own"] = "1"
    return answer


@contract(auth("admin"), audit_log("administer", privileged=True))
def administer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("yes")


@contract(auth("user"), rate_limit("limited", "2/minute"))
def limited(request: HttpRequest) -> HttpResponse:
    return HttpResponse("yes")


@contract(public(reason="signing in"), csrf(), validates(InvoiceIn, source="form"))
def sign_in(request: HttpRequest, data: InvoiceIn) -> HttpResponse:
    assert request.method != "POST" or request.POST["amount"] == str(data.amount)
    return HttpResponse(data.note)


@contract(auth("user"))
def change(request: HttpRequest) -> HttpResponse:
    return HttpResponse("changed")


PATTERNS = [
    path("invoices/<int:invoice_id>/", read),
    path("later/<int:invoice_id>/", read_later),
    path("text/<invoice_id>/", read),
    path("invoices/", listed),
    path("create/", create),
    path("admin/", administer),
    path("limited/", limited),
    path("sign-in/", sign_in),
    path("change/", change),
]


@pytest.fixture
def client(invoices: list[Invoice]) -> Iterator[Client]:
    with routes(PATTERNS):
        yield Client(raise_request_exception=False)


def test_an_owner_gets_what_is_declared_and_no_more(client: Client, trail: Trail, invoices: list[Invoice]) -> None:
    own, other = invoices
    for start, action_name in (("/invoices", "read"), ("/later", "read later")):
        answer = client.get(f"{start}/{own.pk}/", headers=bearer("1"))
        assert (answer.status_code, answer.json()) == (200, {"id": own.pk, "amount": 10})
        assert client.get(f"{start}/{other.pk}/", headers=bearer("1")).status_code == 404
        records = [record for record in trail.records if record.action == action_name]
        assert [(record.outcome, record.object_id) for record in records] == [
            (Outcome.SUCCEEDED, str(own.pk)),
            (Outcome.DENIED, str(other.pk)),
        ]
        assert records[0].route == f"GET {start}/<int:invoice_id>/"
    assert client.get("/invoices/", headers=bearer("1")).json() == [{"id": own.pk, "amount": 10}]
    assert client.get("/invoices/", headers=bearer("nobody")).json() == []


@pytest.mark.parametrize("key", ["x", "1e3", "9" * 40, "-1", "\u0661", "1;--"])
def test_keys_that_nothing_can_have_find_nothing(client: Client, key: str) -> None:
    assert client.get(f"/text/{key}/", headers=bearer("1")).status_code == 404


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "status"),
    [
        ("GET", "/invoices/", {}, b"", 401),
        ("GET", "/invoices/", bearer("forged"), b"", 401),
        ("GET", "/admin/", bearer("1"), b"", 403),
        ("HEAD", "/admin/", bearer("1"), b"", 403),
        ("OPTIONS", "/admin/", bearer("1"), b"", 403),
        ("POST", "/create/", {}, b"{", 401),
        ("POST", "/create/", bearer("1"), b"{", 400),
        ("POST", "/create/", bearer("1"), b'{"amount":1,"amount":2}', 400),
        ("POST", "/create/", bearer("1"), b'{"amount":NaN}', 400),
        ("POST", "/create/", bearer("1"), b'{"amount":"1"}', 422),
        ("POST", "/create/", bearer("1"), b'{"amount":1,"role":"admin"}', 422),
        ("POST", "/create/", bearer("1"), b" " * 1001, 413),
        ("POST", "/create/", bearer("1"), b'{"amount":1}', 201),
    ],
)
@override_settings(MIDDLEWARE=[])
def test_requests_are_refused_for_what_is_wrong_first(
    client: Client, method: str, target: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = client.generic(method, target, body, "application/json", headers=headers)
    assert answer.status_code == status
    assert b"s3cret" not in answer.content
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_a_response_keeps_its_status_headers_and_cookies(client: Client, trail: Trail) -> None:
    answer = client.post("/create/", b'{"amount":7}', "application/json", headers=bearer("1"))
    assert (answer.status_code, answer.json()) == (201, {"id": 3, "amount": 7})
    assert (answer["X-Own"], answer.cookies["seen"].value) == ("1", "1")
    assert [(record.status, record.changes) for record in trail.records] == [(201, {"amount": 7})]


def test_a_wrong_content_type_is_refused(client: Client) -> None:
    assert client.post("/create/", b'{"amount":7}', "text/plain", headers=bearer("1")).status_code == 415


def test_a_ledger_that_is_down_denies(client: Client, trail: Trail) -> None:
    assert client.get("/admin/", headers=bearer("9", "admin")).status_code == 200
    assert [record.outcome for record in trail.records] == [Outcome.INTENT, Outcome.SUCCEEDED]
    trail.down = True
    assert client.get("/admin/", headers=bearer("9", "admin")).status_code == 503


def test_limits_count_by_caller(client: Client) -> None:
    assert [client.get("/limited/", headers=bearer("1")).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/limited/", headers=bearer("2")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), (SAME, 200), ({"Origin": "http://a", "Host": "a"}, 200)],
)
def test_a_cookie_counts_only_from_own_pages(client: Client, headers: dict[str, str], status: int) -> None:
    client.cookies["session"] = "1"
    assert client.post("/change/", headers=headers).status_code == status


def test_the_frameworks_own_check_stays(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["session"] = "1"
    answer = strict.post("/change/", headers=SAME)
    assert answer.status_code == 403
    assert b"CSRF verification failed" in answer.content


@pytest.mark.parametrize("checks", [False, True])
def test_forms_are_read_whichever_way_they_are_encoded(client: Client, checks: bool) -> None:
    asked = Client(enforce_csrf_checks=checks)
    token = "a" * 32
    asked.cookies["csrftoken"] = token
    # Django's own check has read the form before the contract does.
    headers = {**SAME, "Origin": "http://testserver", **({"X-CSRFToken": token} if checks else {})}
    assert asked.post("/sign-in/", {"amount": "1", "note": "a"}, headers=headers).content == b"a"
    encoded = asked.post("/sign-in/", b"amount=1&note=b", "application/x-www-form-urlencoded", headers=headers)
    assert encoded.content == b"b"
    put = asked.put("/sign-in/", b"amount=1&note=c", "application/x-www-form-urlencoded", headers=headers)
    assert put.content == b"c"


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"amount=1&amount=2", "application/x-www-form-urlencoded", 400),
        (b"amount=1&role=admin", "application/x-www-form-urlencoded", 422),
        (b"amount=1&note=\xff", "application/x-www-form-urlencoded", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"amount=1", "multipart/form-data", 400),
        (b"note=" + b"a" * (2 << 20), "application/x-www-form-urlencoded", 413),
        (b"a=1&" * 2000, "application/x-www-form-urlencoded", 413),
    ],
)
@override_settings(MIDDLEWARE=[])
def test_broken_and_large_forms_are_refused(client: Client, body: bytes, media: str, status: int) -> None:
    assert client.post("/sign-in/", body, media, headers=SAME).status_code == status


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100, MIDDLEWARE=[])
def test_djangos_own_limit_holds_too(client: Client) -> None:
    body = b'{"amount":1,"note":"' + b"a" * 200 + b'"}'
    assert client.post("/create/", body, "application/json", headers=bearer("1")).status_code == 413


def test_a_form_that_django_would_take_for_an_empty_one_is_read(trail: Trail) -> None:
    def touched(request: HttpRequest) -> HttpResponse:
        assert not request.POST
        answer: HttpResponse = sign_in(request)
        return answer

    with routes([path("", functools.wraps(sign_in)(touched))]):
        answer = Client().put("/", b"amount=1&note=c", "application/x-www-form-urlencoded", headers=SAME)
        assert (answer.status_code, answer.content) == (200, b"c")


def test_a_file_where_a_text_is_declared_is_refused(client: Client) -> None:
    files = {"amount": "1", "note": SimpleUploadedFile("note.txt", b"x")}
    assert client.post("/sign-in/", files, headers=SAME).status_code == 422


def test_a_browser_without_identity_goes_to_sign_in(invoices: list[Invoice]) -> None:
    with override_settings(COUNTERSEAL=security(sign_in="/sign-in")), routes(PATTERNS):
        answer = Client().get("/change/?a=1", headers={"Accept": "text/html"})
        assert (answer.status_code, answer["Location"]) == (303, "/sign-in?next=/change/%3Fa%3D1")


def test_a_contract_on_what_only_looks_like_a_view_is_refused_at_import() -> None:
    with pytest.raises(ContractError, match="by position only"):

        @method_decorator(contract(auth()), name="dispatch")
        class Wrapped(View):
            def get(self, request: HttpRequest) -> HttpResponse:
                return HttpResponse("body")

    with pytest.raises(ContractError, match="by position only"):

        @contract(auth())
        @api_view(["GET"])
        def above(request: Any) -> Response:
            return Response("body")


def test_a_bare_function_in_the_table_does_not_run(trail: Trail) -> None:
    ran = []

    def bare(request: HttpRequest) -> HttpResponse:
        ran.append(1)
        return HttpResponse("body")

    patterns = [path("wrong/", bare)]
    contract(auth())(bare)
    with routes(patterns):
        answer = Client(raise_request_exception=False).get("/wrong/", headers=bearer("1"))
    assert (answer.status_code, ran) == (500, [])


class Methods(View):
    @contract(auth("user"), returns(InvoiceOut))
    def get(self, request: HttpRequest, number: int) -> Any:
        return {**FULL, "id": number}

    @contract(auth("admin"))
    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        return HttpResponse(status=204)


class AsyncMethods(View):
    @contract(auth("user"), returns(InvoiceOut))
    async def get(self, request: HttpRequest) -> Any:
        return FULL


class Dispatched(View):
    @contract(auth("admin"))
    def dispatch(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().dispatch(request, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("dispatched")


class Unfinished(Dispatched):
    async def get(self, request: HttpRequest) -> HttpResponse:
        ran.append(1)
        return HttpResponse("unfinished")


ran: list[int] = []


class Own(ListView):
    @contract(auth("user"))
    def get_queryset(self) -> Any:
        return Invoice.objects.none()

    def render_to_response(self, context: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("listed")


def test_methods_of_classes(trail: Trail) -> None:
    table()
    patterns = [
        path("methods/<int:number>/", Methods.as_view()),
        path("async/", AsyncMethods.as_view()),
        path("dispatched/", Dispatched.as_view()),
        path("unfinished/", Unfinished.as_view()),
        path("own/", Own.as_view()),
    ]
    with routes(patterns):
        client = Client(raise_request_exception=False)
        assert client.get("/methods/4/").status_code == 401
        assert client.get("/methods/4/", headers=bearer("1")).json() == {"id": 4, "amount": 2}
        assert client.head("/methods/4/", headers=bearer("1")).status_code == 200
        assert client.post("/methods/4/", headers=bearer("1")).status_code == 403
        assert client.post("/methods/4/", headers=bearer("1", "admin")).status_code == 204
        assert client.get("/async/").status_code == 401
        assert client.get("/async/", headers=bearer("1")).json() == KEPT
        assert client.get("/dispatched/", headers=bearer("1")).status_code == 403
        assert client.get("/dispatched/", headers=bearer("1", "admin")).content == b"dispatched"
        # Its async method would run after its contract has ended.
        assert client.get("/unfinished/", headers=bearer("1", "admin")).status_code == 500
        assert ran == []
        # A method that is no handler refuses by raising: 403 where no application is bound to say it better.
        assert client.get("/own/").status_code == 403
        assert client.get("/own/", headers=bearer("1")).content == b"listed"


class Rest(APIView):
    @contract(auth("user"), returns(InvoiceOut))
    def get(self, request: Any) -> Any:
        return Response(FULL, status=202, headers={"X-Own": "1"})

    @contract(auth("user"), validates(InvoiceIn), returns(InvoiceOut))
    def post(self, request: Any, data: InvoiceIn) -> Any:
        assert request.data["amount"] == data.amount
        return {"id": 1, "amount": data.amount, "secret": "s3cret"}


class Set(ViewSet):
    @contract(auth("user"), returns(list[InvoiceOut]))
    def list(self, request: Any) -> Any:
        return Response([FULL])

    @contract(auth("user"), owns(Invoice, "pk", by="owner_id"), returns(InvoiceOut))
    def retrieve(self, request: Any, invoice: Invoice) -> Any:
        return invoice

    @contract(auth("admin"))
    def destroy(self, request: Any, pk: str) -> Any:
        return Response(status=204)

    @action(detail=True, methods=["post"])
    @contract(auth("user"), returns(InvoiceOut))
    def pay(self, request: Any, pk: str) -> Any:
        return Response({"detail": "no", "secret": "s3cret"}, status=409)


@api_view(["GET"])
@contract(auth("user"), returns(InvoiceOut))
def api(request: Any) -> Any:
    return FULL


def test_views_of_the_rest_framework(trail: Trail, invoices: list[Invoice]) -> None:
    router = DefaultRouter()
    router.register("sets", Set, basename="set")
    own, other = invoices
    with routes([path("rest/", Rest.as_view()), path("api/", api), *router.urls]):
        client = Client(raise_request_exception=False)
        for target in ("/rest/", "/api/", "/sets/", f"/sets/{own.pk}/"):
            assert client.get(target).status_code == 401
        answer = client.get("/rest/", headers=bearer("1"))
        assert (answer.status_code, answer.json(), answer["X-Own"]) == (202, KEPT, "1")
        body = client.post("/rest/", b'{"amount":5}', "application/json", headers=bearer("1"))
        assert body.json() == {"id": 1, "amount": 5}
        assert client.post("/rest/", b"{", "application/json").status_code == 401
        assert client.post("/rest/", b"{", "application/json", headers=bearer("1")).status_code == 400
        assert client.get("/api/", headers=bearer("1")).json() == KEPT
        assert client.get("/sets/", headers=bearer("1")).json() == [KEPT]
        assert client.get(f"/sets/{own.pk}/", headers=bearer("1")).json() == {"id": own.pk, "amount": 10}
        assert client.get(f"/sets/{other.pk}/", headers=bearer("1")).status_code == 404
        assert client.delete(f"/sets/{own.pk}/", headers=bearer("1")).status_code == 403
        assert client.delete(f"/sets/{own.pk}/", headers=bearer("1", "admin")).status_code == 204
        paid = client.post(f"/sets/{own.pk}/pay/", headers=bearer("1"))
        assert (paid.status_code, paid.json()) == (409, {"detail": "no"})


@contract(auth("admin"), layer="business")
def purge(target: str, by: Principal) -> str:
    return f"{target} by {by.id}"


@contract(auth("admin"))
def guarded(request: HttpRequest) -> str:
    return "guarded"


def test_service_functions_and_threads(trail: Trail) -> None:
    seen: list[Any] = []

    def in_thread(function: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                seen.append(function())
            except Denied as denial:
                seen.append(denial.status)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    @contract(auth("user"))
    def view(request: HttpRequest) -> HttpResponse:
        in_thread(lambda: purge("x"))
        in_thread(carry(lambda: purge("y")))
        return HttpResponse(purge("z"))

    @contract(auth("user"))
    async def view_later(request: HttpRequest) -> HttpResponse:
        return HttpResponse(purge("z"))

    def uncontracted(request: HttpRequest) -> HttpResponse:
        seen.append(guarded(request))
        return HttpResponse("let in")

    with routes([path("", view), path("later/", view_later), path("bare/", uncontracted)]):
        client = Client(raise_request_exception=False)
        for target in ("/", "/later/"):
            assert client.get(target, headers=bearer("1")).status_code == 403
            assert client.get(target, headers=bearer("9", "admin")).content == b"z by 9"
        assert seen == [401, "y by 9"] or seen == [401, 403, 401, "y by 9"]
        seen.clear()
        assert client.get("/bare/", headers=bearer("1")).status_code == 403
        assert seen == []
        assert client.get("/bare/", headers=bearer("9", "admin")).content == b"let in"

        app = get_wsgi_application()
        ADAPTER.bind(app, security())
        with override_settings(COUNTERSEAL=security()):
            statuses: list[str] = []
            environ = client._base_environ(PATH_INFO="/bare/")
            app(environ, lambda status, headers: statuses.append(status))
            assert statuses == ["401 Unauthorized"]


def test_an_identity_that_has_to_be_awaited_works_in_plain_views() -> None:
    with override_settings(COUNTERSEAL=security(identities=[LaterToken()])), routes(PATTERNS):
        client = Client()
        assert client.get("/change/").status_code == 401
        assert client.get("/change/", headers=bearer("1")).status_code == 200


def test_queries_and_declared_proxies() -> None:
    trail = Trail()

    @contract(public(reason="a page"), validates(InvoiceIn, source="query"), audit_log("read"))
    def index(request: HttpRequest, data: InvoiceIn) -> HttpResponse:
        return HttpResponse(str(data.amount))

    with override_settings(COUNTERSEAL=security(trail)), routes([path("", index)]):
        queries = ["amount=1", "amount=1&amount=2", "amount=1&role=admin", "amount=x", "a=1&" * 1001]
        assert [Client().get(f"/?{query}").status_code for query in queries] == [200, 400, 422, 422, 400]
        Client().get("/?amount=1", headers={"X-Forwarded-For": "10.1.2.3"})
        assert trail.records[-1].client == "127.0.0.1"
    with override_settings(COUNTERSEAL=security(trail, trusted_proxies=["127.0.0.0/8"])), routes([path("", index)]):
        Client().get("/?amount=1", headers={"X-Forwarded-For": "6.6.6.6, 10.1.2.3"})
        assert trail.records[-1].client == "10.1.2.3"


def test_settings_by_name_and_settings_that_are_none() -> None:
    with routes(PATTERNS):
        with override_settings(COUNTERSEAL="tests.frameworks.test_django.NAMED"):
            assert Client().get("/change/", headers=bearer("1")).status_code == 200
        with override_settings(COUNTERSEAL={"identities": []}):
            assert Client(raise_request_exception=False).get("/change/", headers=bearer("1")).status_code == 500


NAMED = security()
