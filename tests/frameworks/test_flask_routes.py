"""What ways a Flask application has in, and that one that came later does not run."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.views import MethodView, View
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Rule

from counterseal import auth, contract
from counterseal.enforce.contract.guard import MARK
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks import detect
from counterseal.enforce.frameworks.flask import ADAPTER
from tests.frameworks.parts import bearer, security


class Items(MethodView):
    @contract(auth())
    def get(self, item: int | None = None) -> str:
        return "items"

    def put(self, item: int) -> str:
        return "put"


class Plain(View):
    methods = ["GET", "POST"]  # noqa: RUF012  as Flask wants it

    @contract(auth())
    def dispatch_request(self) -> str:
        return "plain"


class Whole(MethodView):
    decorators = [contract(auth())]  # noqa: RUF012

    def get(self) -> str:
        return "whole"


@contract(auth())
def function() -> str:
    return "function"


def build() -> Flask:
    app = Flask("tests.frameworks")
    ADAPTER.bind(app, security())
    app.add_url_rule("/function", view_func=function, methods=["GET", "DELETE"])
    items = Items.as_view("items")
    app.add_url_rule("/items/", view_func=items, methods=["GET"])
    app.add_url_rule("/items/<int:item>", view_func=items)
    app.add_url_rule("/plain", view_func=Plain.as_view("plain"))
    app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
    app.url_map.add(Rule("/nothing", endpoint="nothing", methods=["GET"]))
    app.url_map.add(Rule("/old", endpoint="old", redirect_to="/function"))
    blueprint = Blueprint("files", "tests.frameworks", static_folder="data", url_prefix="/files")
    app.register_blueprint(blueprint)

    @app.get("/bare")
    def bare() -> str:
        return "bare"

    return app


def listed(app: Flask) -> dict[tuple[str, str], tuple[str, bool]]:
    return {(entry.method, entry.path): (entry.what, hasattr(entry.endpoint, MARK)) for entry in ADAPTER.entries(app)}


def test_every_rule_is_listed_with_what_carries_its_contract() -> None:
    assert listed(build()) == {
        ("GET", "/static/<path:filename>"): ("static", False),
        ("GET", "/files/data/<path:filename>"): ("static", False),
        ("GET", "/function"): ("route", True),
        ("DELETE", "/function"): ("route", True),
        ("GET", "/items/"): ("route", True),
        ("GET", "/items/<int:item>"): ("route", True),
        ("PUT", "/items/<int:item>"): ("route", False),
        ("GET", "/plain"): ("route", True),
        ("POST", "/plain"): ("route", True),
        ("GET", "/whole"): ("route", True),
        ("GET", "/nothing"): ("opaque", False),
        ("*", "/old"): ("generated", False),
        ("GET", "/bare"): ("route", False),
    }


def test_what_is_listed_is_what_the_router_matches() -> None:
    app = build()
    seen = {(entry.method, entry.path) for entry in ADAPTER.entries(app)}
    adapter = app.url_map.bind("localhost")
    for path in ("/function", "/items/", "/items/3", "/plain", "/whole", "/nothing", "/bare", "/static/x", "/files/data/y"):
        for method in adapter.allowed_methods(path):
            rule, _ = adapter.match(path, method, return_rule=True)
            assert method in ("HEAD", "OPTIONS") or (method, rule.rule) in seen


def test_a_static_route_is_one_by_its_function_and_not_by_its_name() -> None:
    app = Flask("tests.frameworks", static_folder=None)

    @app.get("/files")
    def static() -> str:
        return "no file"

    assert listed(app) == {("GET", "/files"): ("route", False)}


def foreign(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return [b"foreign"]


def test_what_is_mounted_beside_and_before_an_application_is_listed() -> None:
    app, mounted = build(), Flask("mounted", static_folder=None)

    @mounted.get("/inside")
    def inside() -> str:
        return "inside"

    before = len(ADAPTER.entries(app))
    app.wsgi_app = ProxyFix(DispatcherMiddleware(app.wsgi_app, {"/m": mounted, "/f": foreign}))  # type: ignore[method-assign]
    app.wsgi_app = SharedDataMiddleware(app.wsgi_app, {"/shared": "/tmp"})  # type: ignore[method-assign]
    found = ADAPTER.entries(app)
    assert len(found) == before + 3
    assert {(entry.method, entry.path, entry.what) for entry in found[-3:]} | {
        (entry.method, entry.path, entry.what) for entry in found
    } >= {("GET", "/m/inside", "route"), ("*", "/f/<path:path>", "opaque"), ("GET", "/shared/<path:path>", "static")}

    class Middleware:
        def __init__(self, app: Any) -> None:
            self.app = app

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.app(environ, start_response)

    app.wsgi_app = Middleware(app.wsgi_app)  # type: ignore[method-assign]
    assert Entry("*", "/<path:path>", None, "opaque") in ADAPTER.entries(app)


def test_an_application_mounted_in_itself_is_no_table() -> None:
    app = build()
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/again": app})  # type: ignore[method-assign]
    with pytest.raises(ContractError, match="mounted in itself"):
        ADAPTER.entries(app)


def test_routes_that_come_after_sealing_do_not_run() -> None:
    app, mounted, ran = build(), Flask("mounted", static_folder=None), []
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/m": mounted})  # type: ignore[method-assign]
    ADAPTER.bind(app, security())

    @mounted.get("/inside")
    @contract(auth())
    def inside() -> str:
        return "inside"

    known, refused = set(ADAPTER.entries(app)), []

    def admits(entry: Entry) -> bool:
        if entry not in known:
            refused.append(entry)
        return entry in known

    ADAPTER.enclose(app, admits)

    @app.get("/late")
    @contract(auth())
    def late() -> str:
        ran.append("late")
        return "late"

    @mounted.get("/late")
    def late_too() -> str:
        ran.append("late too")
        return "late too"

    client = app.test_client()
    for path in ("/late", "/m/late"):
        answer = client.get(path, headers=bearer())
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert client.options(path).status_code == 503
    assert client.get("/function", headers=bearer()).text == "function"
    assert client.head("/function", headers=bearer()).status_code == 200
    assert client.options("/function").status_code == 200
    assert client.post("/function").status_code == 405
    assert client.get("/nowhere").status_code == 404
    assert client.get("/items/3", headers=bearer()).text == "items"
    assert client.get("/m/inside", headers=bearer()).text == "inside"
    app.view_functions["function"] = late
    assert client.get("/function", headers=bearer()).status_code == 503
    assert ran == []
    assert {entry.path for entry in refused} == {"/late", "/m/late", "/function"}


def test_the_adapter_is_found_and_knows_its_own() -> None:
    assert ADAPTER in detect()
    assert ADAPTER.recognises(build())
    assert not ADAPTER.recognises(foreign)
    ADAPTER.document(build(), lambda endpoint: None)
