"""What counts as a way into the application, told apart: sockets, generated pages, documents, code that is no route."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from counterseal.audit.facts.discover import discover
from counterseal.audit.facts.python import ir
from counterseal.audit.facts.python.extract import extract
from counterseal.audit.result import RouteKind
from counterseal.audit.surface.build import build
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy
from tests.surface.apps import surface, surface_of, table

CONNEXION = {
    "main.py": """
        import connexion

        app = connexion.FlaskApp(__name__, specification_dir=".")
        app.add_api("openapi.yaml")
        """,
    "shop/__init__.py": "",
    "shop/orders.py": """
        from flask import abort, request

        def listed():
            if request.headers.get("X-Key") != __import__("os").environ["KEY"]:
                abort(401)
            return []

        def removed(order_id):
            return {}
        """,
}
DOCUMENT = """
    openapi: 3.0.3
    info: {title: Shop, version: "1"}
    servers:
      - url: /v1
    paths:
      /orders:
        get:
          operationId: shop.orders.listed
          responses: {"200": {description: ok}}
      /orders/{order_id}:
        delete:
          operationId: removed
          x-openapi-router-controller: shop.orders
          responses: {"200": {description: ok}}
        parameters:
          - {name: order_id, in: path, required: true, schema: {type: integer}}
      /gone:
        get:
          operationId: shop.orders.gone
          responses: {"200": {description: ok}}
    """


def test_sockets_are_routes_of_their_own() -> None:
    found = surface(
        """
        from fastapi import FastAPI, WebSocket

        app = FastAPI()

        @app.websocket("/ws")
        async def ws(websocket: WebSocket):
            await websocket.accept()
            await websocket.send_text("x")
        """
    )
    route = table(found)["WEBSOCKET /ws"]

    assert route.kind is RouteKind.WEBSOCKET
    assert not route.holds(Guarantee.AUTHENTICATED)


def test_generated_and_static_routes_are_shown_as_such() -> None:
    found = surface(
        """
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles

        app = FastAPI()
        app.mount("/static", StaticFiles(directory="static"))
        """
    )
    kinds = {r.path: r.kind for r in found.routes}

    assert kinds["/docs"] is RouteKind.GENERATED
    assert kinds["/openapi.json"] is RouteKind.GENERATED
    assert kinds["/static/{path:path}"] is RouteKind.STATIC
    assert all(cell.state is State.NOT_REQUIRED for r in found.routes for cell in r.cells.values())


def test_routes_that_stand_in_a_document_only() -> None:
    found = surface_of(CONNEXION, {"openapi.yaml": DOCUMENT})
    routes = table(found)

    assert set(routes) == {"GET /v1/orders", "DELETE /v1/orders/{order_id}", "GET /v1/gone"}
    assert routes["GET /v1/orders"].handler == "shop.orders.listed"
    assert routes["GET /v1/orders"].holds(Guarantee.AUTHENTICATED)
    assert not routes["DELETE /v1/orders/{order_id}"].holds(Guarantee.AUTHENTICATED)
    assert [n.what for n in found.not_checked] == ["GET /v1/gone"]


def test_a_document_that_cannot_be_read_is_on_record() -> None:
    found = surface_of(CONNEXION, {"openapi.yaml": "paths: ["})

    assert [(n.what, n.incomplete) for n in found.not_checked] == [("openapi.yaml", True)]


def test_a_path_that_is_not_constant_is_on_record() -> None:
    found = surface(
        """
        import sys
        from flask import Flask

        app = Flask(__name__)

        @app.get(sys.argv[1])
        def x():
            return "x"
        """
    )

    assert [(n.what, n.file, n.line) for n in found.not_checked] == [("route", "main.py", 7)]


def test_a_table_of_routes_that_is_not_known_is_on_record() -> None:
    found = surface(
        """
        from starlette.applications import Starlette
        from somewhere import routes

        app = Starlette(routes=routes)
        """
    )

    assert [n.what for n in found.not_checked] == ["routes of the application"]


def test_code_that_no_request_reaches_is_no_route() -> None:
    found = surface(
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            await warm_up()
            yield

        async def warm_up():
            return None

        app = FastAPI(lifespan=lifespan, openapi_url=None)

        @app.on_event("startup")
        async def started():
            return None
        """
    )

    assert found.routes == ()


def test_test_code_is_not_part_of_the_surface(tmp_path: Path) -> None:
    source = dedent(
        """
        from flask import Flask

        app = Flask(__name__)

        @app.get("/{name}")
        def x():
            return "x"
        """
    )
    for path, name in (
        ("shop/app.py", "real"),
        ("tests/test_app.py", "fake"),
        ("shop/test_more.py", "fake2"),
        ("conftest.py", "c"),
    ):
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(source.replace("{name}", name), encoding="utf-8")
    files = [f for f in discover(tmp_path).files if f.kind == "python" and not f.test]
    facts = {f.path: ir.load(extract(f.path, f.absolute.read_bytes())) for f in files}
    found = build(facts, {}, frozenset(), Policy(), strict=True)

    assert list(table(found)) == ["GET /real"]


def test_several_applications_of_one_tree() -> None:
    source = """
        from flask import Flask

        app = Flask(__name__)

        @app.get("/health")
        def health():
            return "x"
        """
    found = surface_of({"services/a/main.py": source, "services/b/main.py": source})

    assert sorted((r.place.file, r.path) for r in found.routes if r.kind is RouteKind.HTTP) == [
        ("services/a/main.py", "/health"),
        ("services/b/main.py", "/health"),
    ]


def test_src_layout_and_namespace_packages() -> None:
    found = surface_of(
        {
            "src/shop/app.py": """
                from fastapi import FastAPI
                from shop.routers.orders import router

                app = FastAPI(openapi_url=None)
                app.include_router(router, prefix="/api")
                """,
            "src/shop/routers/orders.py": """
                from fastapi import APIRouter

                router = APIRouter()

                @router.get("/orders")
                def orders():
                    return []
                """,
        }
    )

    assert list(table(found)) == ["GET /api/orders"]
    assert table(found)["GET /api/orders"].handler == "shop.routers.orders.orders"


def test_restx_namespaces() -> None:
    found = surface(
        """
        from flask import Flask
        from flask_restx import Api, Namespace, Resource

        app = Flask(__name__, static_folder=None)
        api = Api(app, prefix="/api", doc=False)
        ns = Namespace("orders", path="/orders")

        @ns.route("/", "/all")
        class Orders(Resource):
            def get(self):
                return []

            def post(self):
                return {}

        @ns.route("/<int:order_id>")
        class Order(Resource):
            def delete(self, order_id):
                return {}

        api.add_namespace(ns)
        """
    )

    assert set(table(found)) == {
        "GET /api/orders/",
        "POST /api/orders/",
        "GET /api/orders/all",
        "POST /api/orders/all",
        "DELETE /api/orders/<int:order_id>",
    }


def test_the_place_of_a_route_runs_from_its_decorator_to_its_signature() -> None:
    route = table(
        surface(
            """
            from flask import Flask
            app = Flask(__name__)

            @app.get("/x")
            @app.get(
                "/y"
            )
            def x():
                return "x"
            """
        )
    )["GET /x"]

    assert (route.place.file, route.place.line, route.place.end_line) == ("main.py", 5, 9)


def test_a_table_of_aiohttp_that_is_not_known_is_on_record() -> None:
    found = surface(
        """
        from aiohttp import web
        from somewhere import handler, routes

        app = web.Application()
        app.add_routes(routes)
        app.add_routes([web.get("/x", handler)])
        """
    )

    assert [(n.what, n.line) for n in found.not_checked] == [("routes of the application", 6)]
    assert "GET /x" in table(found)
