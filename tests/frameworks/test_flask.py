"""Every clause on views of Flask, through real requests."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import flask_restful
import flask_smorest
import pytest
from flask import Blueprint, Flask, Response, jsonify, request
from flask.testing import FlaskClient
from flask.views import MethodView

from counterseal import (
    Denied,
    Principal,
    acting_as,
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
    validates,
)
from counterseal.enforce.core.record import Outcome
from counterseal.enforce.frameworks.flask import ADAPTER
from tests.frameworks.parts import InvoiceIn, InvoiceOut, LaterToken, Trail, bearer, security

SAME = {"Sec-Fetch-Site": "same-origin"}
PART = b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n%s\r\n--x--\r\n'


class Invoice:
    def __init__(self, id: int, owner_id: str, amount: int) -> None:  # noqa: A002
        self.id, self.owner_id, self.amount, self.secret = id, owner_id, amount, "s3cret"


INVOICES = {1: Invoice(1, "alice", 10), 2: Invoice(2, "bob", 20)}


def load(invoice_id: int) -> Invoice | None:
    return INVOICES.get(invoice_id)


def bound(trail: Trail | None = None, **more: Any) -> Flask:
    app = Flask("tests.frameworks")
    ADAPTER.bind(app, security(trail, **more))
    return app


@pytest.fixture
def trail() -> Trail:
    return Trail()


@pytest.fixture
def app(trail: Trail) -> Flask:
    made = bound(trail)

    @made.get("/invoices/<int:invoice_id>")
    @contract(auth("user"), owns(load, "invoice_id", by="owner_id", into="invoice"), returns(InvoiceOut), audit_log("read"))
    def read(invoice: Invoice) -> Any:
        return invoice

    @made.post("/invoices")
    @contract(auth("user"), validates(InvoiceIn, max_bytes=1000), returns(InvoiceOut), audit_log("create"))
    def create(data: InvoiceIn) -> tuple[dict[str, Any], int]:
        # What was read can be read again.
        assert request.get_json()["amount"] == data.amount
        return {"id": 3, "amount": data.amount, "secret": "s3cret"}, 201

    @made.post("/later/<int:invoice_id>")
    @contract(auth("user"), owns(load, "invoice_id", by="owner_id", into="invoice"), validates(InvoiceIn), returns(InvoiceOut))
    async def later(invoice: Invoice, data: InvoiceIn) -> dict[str, Any]:
        return {"id": invoice.id, "amount": data.amount, "secret": "s3cret"}

    @made.get("/admin")
    @contract(auth("admin"), audit_log("administer", privileged=True))
    def administer() -> str:
        return "yes"

    @made.get("/limited")
    @contract(auth("user"), rate_limit("limited", "2/minute"))
    def limited() -> str:
        return "yes"

    @made.post("/sign-in")
    @contract(public(reason="signing in"), csrf(), validates(InvoiceIn, source="form"))
    def sign_in(data: InvoiceIn) -> str:
        return data.note

    @made.post("/change")
    @contract(auth("user"))
    def change() -> Response:
        answer = jsonify(ok=True)
        answer.set_cookie("seen", "1")
        return answer

    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_an_owner_gets_what_is_declared_and_no_more(client: FlaskClient, trail: Trail) -> None:
    answer = client.get("/invoices/1", headers=bearer())
    assert (answer.status_code, answer.json) == (200, {"id": 1, "amount": 10})
    assert [(r.action, r.outcome, r.actor, r.route, r.object_id, r.client) for r in trail.records] == [
        ("read", Outcome.SUCCEEDED, "alice", "GET /invoices/<int:invoice_id>", "1", "127.0.0.1")
    ]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/invoices/1", {}, None, 401),
        ("GET", "/invoices/1", bearer("forged"), None, 401),
        ("GET", "/invoices/1", bearer("bob"), None, 404),
        ("GET", "/invoices/9", bearer(), None, 404),
        ("HEAD", "/invoices/1", bearer("bob"), None, 404),
        ("HEAD", "/admin", bearer(), None, 403),
        ("GET", "/admin", bearer(), None, 403),
        ("POST", "/invoices", {}, b"{", 401),
        ("POST", "/invoices", bearer(), b"{", 400),
        ("POST", "/invoices", bearer(), b'{"amount":1,"amount":2}', 400),
        ("POST", "/invoices", bearer(), b'{"amount":NaN}', 400),
        ("POST", "/invoices", bearer(), b'{"amount":"1"}', 422),
        ("POST", "/invoices", bearer(), b'{"amount":1,"role":"admin"}', 422),
        ("POST", "/invoices", bearer(), b"[" * 200_000, 413),
        ("POST", "/later/1", bearer(), b"[" * 200_000, 400),
        ("POST", "/later/1", {}, b"{", 401),
        ("POST", "/later/2", bearer(), b'{"amount":1}', 404),
        ("POST", "/later/1", bearer(), b'{"amount":1}', 200),
    ],
)
def test_requests_are_refused_for_what_is_wrong_first(
    client: FlaskClient, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    answer = client.open(path, method=method, headers=headers, data=body, content_type="application/json")
    assert answer.status_code == status
    assert "s3cret" not in answer.text
    if status >= 400:
        assert answer.mimetype == "application/problem+json"
        assert method == "HEAD" or (answer.json or {})["status"] == status
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)


def test_a_wrong_content_type_is_refused(client: FlaskClient) -> None:
    answer = client.post("/invoices", headers=bearer(), data=b'{"amount":1}', content_type="text/plain")
    assert answer.status_code == 415


def test_a_tuple_keeps_its_status_and_is_filtered(client: FlaskClient, trail: Trail) -> None:
    answer = client.post("/invoices", headers=bearer(), json={"amount": 7})
    assert (answer.status_code, answer.json) == (201, {"id": 3, "amount": 7})
    assert [(record.status, record.changes) for record in trail.records] == [(201, {"amount": 7})]


def test_async_views_run(client: FlaskClient) -> None:
    answer = client.post("/later/1", headers=bearer(), json={"amount": 5})
    assert (answer.status_code, answer.json) == (200, {"id": 1, "amount": 5})


def test_an_admin_leaves_an_intent_first(client: FlaskClient, trail: Trail) -> None:
    assert client.get("/admin", headers=bearer("root", "admin")).status_code == 200
    assert [record.outcome for record in trail.records] == [Outcome.INTENT, Outcome.SUCCEEDED]


def test_a_ledger_that_is_down_denies(client: FlaskClient, trail: Trail) -> None:
    trail.down = True
    assert client.get("/admin", headers=bearer("root", "admin")).status_code == 503


def test_limits_count_by_caller(client: FlaskClient) -> None:
    assert [client.get("/limited", headers=bearer()).status_code for _ in range(3)] == [200, 200, 429]
    assert "Retry-After" in client.get("/limited", headers=bearer()).headers
    assert client.get("/limited", headers=bearer("bob")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost"}, 200),
    ],
)
def test_a_cookie_counts_only_from_own_pages(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    client.set_cookie("session", "alice")
    answer = client.post("/change", headers=headers)
    assert answer.status_code == status
    assert (answer.headers.get("Set-Cookie") == "seen=1; Path=/") is (status == 200)


def test_forms_are_read_whichever_way_they_are_encoded(client: FlaskClient) -> None:
    own = SAME
    assert client.post("/sign-in", headers=own, data={"amount": "1", "note": "a"}).text == "a"
    multipart = client.post("/sign-in", headers=own, data={"amount": "1", "note": "b"}, content_type="multipart/form-data")
    assert multipart.text == "b"
    assert client.post("/sign-in", data={"amount": "1"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"amount=1&amount=2", "application/x-www-form-urlencoded", 400),
        (b"amount=1&role=admin", "application/x-www-form-urlencoded", 422),
        (b"amount=1&note=\xff", "application/x-www-form-urlencoded", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"amount=1", "multipart/form-data", 400),
        (b"note=" + b"a" * (2 << 20), "application/x-www-form-urlencoded", 413),
        (
            PART % (b"a" * 600_000),
            "multipart/form-data; boundary=x",
            413,
        ),
    ],
)
def test_broken_and_large_forms_are_refused(client: FlaskClient, body: bytes, media: str, status: int) -> None:
    answer = client.post("/sign-in", headers=SAME, data=body, content_type=media)
    assert answer.status_code == status


def test_a_file_where_a_text_is_declared_is_refused(client: FlaskClient) -> None:
    files = {"amount": "1", "note": (BytesIO(b"x"), "note.txt")}
    assert client.post("/sign-in", headers=SAME, data=files).status_code == 422


def test_a_browser_without_identity_goes_to_sign_in(trail: Trail) -> None:
    app = bound(trail, sign_in="/sign-in")

    @app.get("/page")
    @contract(auth())
    def page() -> str:
        return "page"

    client = app.test_client()
    answer = client.get("/page?a=1", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/page%3Fa%3D1")
    assert client.get("/page", headers={"Accept": "application/json"}).status_code == 401


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_contract_above_the_route_never_lets_the_body_run(kind: str) -> None:
    app, ran = bound(), []
    app.testing = False

    if kind == "def":

        @contract(auth())
        @app.get("/wrong")
        def wrong() -> str:
            ran.append(1)
            return "body"
    else:

        @contract(auth())
        @app.get("/wrong")
        async def wrong_too() -> str:
            ran.append(1)
            return "body"

    answer = app.test_client().get("/wrong", headers=bearer())
    assert (answer.status_code, ran) == (500, [])
    assert "body" not in answer.text


class Methods(MethodView):
    @contract(auth("user"), returns(InvoiceOut))
    def get(self, invoice_id: int) -> dict[str, Any]:
        return {"id": invoice_id, "amount": 1, "secret": "s3cret"}

    @contract(auth("admin"))
    async def post(self, invoice_id: int) -> tuple[str, int]:
        return "", 204


class Whole(MethodView):
    decorators = [contract(auth("admin"))]  # noqa: RUF012  as Flask wants it

    def get(self) -> str:
        return "whole"


def test_methods_of_classes_and_nested_blueprints() -> None:
    app = bound()
    outer, inner = Blueprint("outer", __name__, url_prefix="/o"), Blueprint("inner", __name__, url_prefix="/i")
    inner.add_url_rule("/<int:invoice_id>", view_func=Methods.as_view("methods"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    client = app.test_client()
    assert client.get("/o/i/4").status_code == 401
    assert client.get("/o/i/4", headers=bearer()).json == {"id": 4, "amount": 1}
    assert client.head("/o/i/4", headers=bearer()).status_code == 200
    assert client.post("/o/i/4", headers=bearer()).status_code == 403
    assert client.post("/o/i/4", headers=bearer("root", "admin")).status_code == 204
    assert client.get("/whole", headers=bearer()).status_code == 403
    assert client.get("/whole", headers=bearer("root", "admin")).text == "whole"


@contract(auth("admin"), layer="business")
def purge(target: str, by: Principal) -> str:
    return f"{target} by {by.id}"


def test_service_functions_within_a_request_know_its_caller() -> None:
    app = bound()

    @app.get("/purge/<name>")
    @contract(auth("user"))
    def view(name: str) -> str:
        return purge(name)

    @app.get("/purge-async/<name>")
    @contract(auth("user"))
    async def view_async(name: str) -> str:
        return purge(target=name)

    @app.get("/as-system")
    @contract(auth("user"))
    def as_system() -> str:
        with acting_as(Principal(id="system", roles=frozenset({"admin"}))):
            return purge("x")

    client = app.test_client()
    assert client.get("/purge/x", headers=bearer()).status_code == 403
    assert client.get("/purge/x", headers=bearer("root", "admin")).text == "x by root"
    assert client.get("/purge-async/x", headers=bearer("root", "admin")).text == "x by root"
    assert client.get("/as-system", headers=bearer()).text == "x by system"


def test_a_view_without_contract_is_refused_by_what_it_calls() -> None:
    app, ran = bound(), []

    @contract(auth("admin"), returns(InvoiceOut))
    def helper() -> dict[str, int]:
        return {"id": 1, "amount": 2, "secret": 3}

    @contract(auth("user"), owns(load, "invoice_id", by="owner_id"))
    def touch(invoice_id: int) -> int:
        return invoice_id

    @app.get("/bare")
    def bare() -> dict[str, Any]:
        found: Any = helper()
        ran.append(found)
        return {"amount": found.amount}

    @app.get("/touch/<int:invoice_id>/<int:other>")
    def touching(invoice_id: int, other: int) -> str:
        return str(touch(other))

    @app.get("/inner")
    def inner() -> str:
        return purge("x")

    app.testing = False
    client = app.test_client()
    assert client.get("/bare").status_code == 401
    assert client.get("/bare", headers=bearer()).status_code == 403
    assert ran == []
    assert client.get("/bare", headers=bearer("root", "admin")).json == {"amount": 2}
    # What is checked is the id that the function is called with, not another one of the same name in the path.
    assert client.get("/touch/1/2", headers=bearer()).status_code == 404
    assert client.get("/touch/2/1", headers=bearer()).text == "1"
    assert client.get("/inner", headers=bearer("root", "admin")).status_code == 401


def test_a_test_that_acts_as_somebody_does_not_lend_that_to_requests(app: Flask) -> None:
    with acting_as(Principal(id="root", roles=frozenset({"admin"})), security()):
        assert app.test_client().get("/admin").status_code == 401


def test_a_function_before_requests_refuses() -> None:
    app = bound()

    @app.before_request
    @contract(auth("admin"))
    def gate() -> None:
        return None

    @app.get("/")
    def index() -> str:
        return "index"

    client = app.test_client()
    assert client.get("/").status_code == 401
    assert client.get("/", headers=bearer()).status_code == 403
    assert client.get("/nowhere", headers=bearer()).status_code == 403
    assert client.get("/", headers=bearer("root", "admin")).text == "index"


def test_queries_and_declared_proxies() -> None:
    trail = Trail()
    app = bound(trail, trusted_proxies=["127.0.0.0/8"])

    @app.get("/")
    @contract(public(reason="a page"), validates(InvoiceIn, source="query"), audit_log("read"))
    def index(data: InvoiceIn) -> str:
        return str(data.amount)

    client = app.test_client()
    found = [
        client.get(f"/?{query}").status_code for query in ("amount=1", "amount=1&amount=2", "amount=1&role=admin", "amount=x")
    ]
    assert found == [200, 400, 422, 422]
    client.get("/?amount=1", headers={"X-Forwarded-For": "6.6.6.6, 10.1.2.3"})
    assert trail.records[-1].client == "10.1.2.3"


def test_the_id_that_the_body_gets_is_the_id_that_was_checked() -> None:
    app = bound()

    def swapped(function: Any) -> Any:
        @functools.wraps(function)
        def swap(**kwargs: Any) -> Any:
            return function(**{**kwargs, "invoice_id": 2})

        return swap

    @app.get("/invoices/<int:invoice_id>")
    @swapped
    @contract(auth("user"), owns(load, "invoice_id", by="owner_id"))
    def read(invoice_id: int) -> str:
        return str(invoice_id)

    assert app.test_client().get("/invoices/1", headers=bearer("alice")).status_code == 404
    assert app.test_client().get("/invoices/1", headers=bearer("bob")).text == "2"


def test_views_of_flask_restful_and_flask_smorest() -> None:
    app = bound()
    restful = flask_restful.Api(app)

    class Resource(flask_restful.Resource):  # type: ignore[misc]
        @contract(auth("user"), returns(InvoiceOut))
        def get(self) -> Any:
            return {"id": 1, "amount": 2, "secret": "s3cret"}, 202

    restful.add_resource(Resource, "/restful")
    app.config.update(API_TITLE="t", API_VERSION="1", OPENAPI_VERSION="3.0.2")
    smorest = flask_smorest.Api(app)
    blueprint = flask_smorest.Blueprint("b", __name__, url_prefix="/smorest")

    @blueprint.route("/")
    class View(MethodView):
        @blueprint.response(200)  # type: ignore[untyped-decorator]
        @contract(auth("user"), returns(InvoiceOut))
        def get(self) -> Any:
            return {"id": 1, "amount": 2, "secret": "s3cret"}

    smorest.register_blueprint(blueprint)
    client = app.test_client()
    for path, status in (("/restful", 202), ("/smorest/", 200)):
        assert client.get(path).status_code == 401
        answer = client.get(path, headers=bearer())
        assert (answer.status_code, answer.json) == (status, {"id": 1, "amount": 2})


def test_error_handlers_do_not_turn_a_refusal_into_an_answer() -> None:
    app = bound()

    @app.errorhandler(Exception)
    def handle(error: Exception) -> tuple[str, int]:
        return "all is well", 200

    @contract(auth("admin"))
    def helper() -> None:
        return None

    @app.get("/")
    def index() -> str:
        helper()
        return "index"

    assert app.test_client().get("/").status_code == 401


def test_threads_have_no_caller_unless_it_is_carried() -> None:
    app, seen = bound(), []

    def in_thread(function: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                seen.append(function())
            except Denied as denial:
                seen.append(denial.status)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    @app.get("/")
    @contract(auth("user"))
    def index() -> str:
        in_thread(lambda: purge("x"))
        in_thread(carry(lambda: purge("y")))
        return "done"

    assert app.test_client().get("/", headers=bearer("root", "admin")).text == "done"
    assert seen == [401, "y by root"]


def test_an_identity_that_has_to_be_awaited_works_in_plain_views() -> None:
    app = bound(identities=[LaterToken()])

    @app.get("/plain")
    @contract(auth("user"))
    def plain() -> str:
        return "plain"

    @app.get("/async")
    @contract(auth("user"))
    async def later() -> str:
        return "async"

    client = app.test_client()
    assert [client.get(path).status_code for path in ("/plain", "/async")] == [401, 401]
    assert [client.get(path, headers=bearer()).text for path in ("/plain", "/async")] == ["plain", "async"]


def test_an_address_in_a_header_is_nobodys() -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    trail = Trail()
    app = bound(trail)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]

    @app.get("/")
    @contract(public(reason="a page"), audit_log("read"), rate_limit("page", "1/minute", per="client"))
    def index() -> str:
        return "index"

    client = app.test_client()
    forged = [client.get("/", headers={"X-Forwarded-For": f"10.0.0.{number}"}).status_code for number in range(3)]
    assert forged == [200, 429, 429]
    assert {record.client for record in trail.records} == {"127.0.0.1"}


def test_an_application_that_nobody_configured_knows_no_one() -> None:
    app = Flask("tests.frameworks")

    @app.get("/")
    @contract(auth(), rule("never", lambda call: False))
    def index() -> str:
        return "index"

    assert app.test_client().get("/", headers=bearer()).status_code == 401
