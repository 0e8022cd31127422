"""What answers requests without a reader: recognised by its shape, said with its place, and never a clean bill."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from counterseal.audit.engine import audit
from counterseal.audit.errors import AuditError
from counterseal.audit.result import NotChecked
from counterseal.policy import Policy

READ = """
from fastapi import FastAPI

app = FastAPI()

@app.get("/ok")
def ok():
    return {}
"""
# name -> (source, what is named, the line)
UNREAD: dict[str, tuple[str, str, int]] = {
    "Pyramid": (
        """
        from pyramid.view import view_config

        @view_config(route_name="x")
        def x(request):
            return {}
        """,
        "Pyramid",
        1,
    ),
    "BlackSheep": (
        """
        from blacksheep import Application, get

        app = Application()

        @get("/")
        def x():
            return 1
        """,
        "BlackSheep",
        1,
    ),
    "Strawberry": (
        """
        import strawberry

        @strawberry.type
        class Query:
            @strawberry.field
            def x(self) -> int:
                return 1
        """,
        "Strawberry",
        1,
    ),
    "Socket.IO": (
        """
        import socketio

        sio = socketio.AsyncServer()

        @sio.event
        async def connect(sid, environ):
            return True
        """,
        "Socket.IO",
        1,
    ),
    "an MCP server": (
        """
        from mcp.server.fastmcp import FastMCP

        mcp = FastMCP("x")

        @mcp.tool()
        def a(x: int) -> int:
            return x
        """,
        "MCP",
        1,
    ),
    "a gRPC servicer": (
        """
        from . import shop_pb2_grpc

        class Shop(shop_pb2_grpc.ShopServicer):
            def Order(self, request, context):
                return None
        """,
        "shop_pb2_grpc",
        3,
    ),
    "Celery": (
        """
        from celery import Celery, shared_task

        queue = Celery("x")

        @queue.task
        def a():
            return 1

        @shared_task
        def b():
            return 1
        """,
        "celery",
        5,
    ),
    "RQ": ("from rq.decorators import job\n\n@job('default')\ndef a():\n    return 1\n", "rq", 3),
    "Dramatiq": ("import dramatiq\n\n@dramatiq.actor\ndef a():\n    return 1\n", "dramatiq", 3),
    "http.server": (
        """
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.wfile.write(b"x")
        """,
        "http.server",
        3,
    ),
    "a WSGI callable": ("def application(environ, start_response):\n    return [b'']\n", "handlers", 1),
    "an ASGI callable": ("async def app(scope, receive, send):\n    await send({})\n", "handlers", 1),
    "an ASGI class": (
        """
        class App:
            async def __call__(self, scope, receive, send):
                await send({})

        app = App()
        """,
        "handlers",
        2,
    ),
    "a function handler": ("def lambda_handler(event, context):\n    return {}\n", "handlers", 1),
    "a server of sockets": (
        """
        import asyncio

        async def main():
            await asyncio.start_server(print, "0.0.0.0", 80)
        """,
        "asyncio",
        4,
    ),
    "websockets": (
        """
        import websockets

        async def main(handler):
            async with websockets.serve(handler, "0.0.0.0", 80):
                pass
        """,
        "websockets",
        4,
    ),
    "an invented framework": (
        """
        from quickserve import Server

        srv = Server()

        @srv.get("/x")
        def x(request):
            return 1

        srv.serve(port=80)
        """,
        "quickserve",
        5,
    ),
    "an invented framework in a factory": (
        """
        def make(srv):
            @srv.endpoint("/x")
            def x(request):
                return 1
        """,
        "handlers",
        2,
    ),
    "an invented framework with events": (
        """
        import quickserve

        srv = quickserve.Server()

        @srv.on_message
        def x(request):
            return 1

        srv.serve(port=80)
        """,
        "quickserve",
        9,
    ),
    "an invented table": (
        """
        import quickserve

        def x(request):
            return 1

        srv = quickserve.Server([("/x", x)])
        """,
        "handlers",
        6,
    ),
    "an invented registration": (
        """
        import quickserve

        def x(request):
            return 1

        srv = quickserve.Server()
        srv.add_route("/y", x)
        """,
        "quickserve",
        7,
    ),
    "invented views": (
        """
        from quickserve import RequestHandler

        class Order(RequestHandler):
            def get(self, order_id):
                return 1
        """,
        "quickserve",
        3,
    ),
}
HARMLESS: dict[str, str] = {
    "a client": "import requests\n\nprint(requests.get('/x'), print)\n",
    "middleware": """
        class Middleware:
            def __init__(self, app):
                self.app = app

            async def __call__(self, scope, receive, send):
                await self.app(scope, receive, send)
        """,
    "a queue that is only filled": "from celery import Celery\n\nCelery('x').send_task('a')\n",
    "a cache": "cache = {}\n\ndef x():\n    return cache.get('/x', x)\n",
    "a server of a known application": "import waitress\nfrom main import app\n\nwaitress.serve(app, port=80)\n",
}


def not_checked(folder: Path, **files: str) -> list[NotChecked]:
    """What an audit of these files leaves open."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text).lstrip(), encoding="utf-8")
    return list(audit(folder, policy=Policy(), cache_dir=False, debug=True).not_checked)


@pytest.mark.parametrize("name", UNREAD)
def test_what_has_no_reader_is_said(name: str, tmp_path: Path) -> None:
    source, what, line = UNREAD[name]
    routes, *others = not_checked(tmp_path, other=source)

    assert (routes.what, routes.incomplete) == ("the routes", True)
    assert [(n.what, n.file, n.line, n.incomplete) for n in others] == [(what, "other.py", line, True)]


@pytest.mark.parametrize("name", UNREAD)
def test_beside_a_framework_that_is_read_it_is_said_too(name: str, tmp_path: Path) -> None:
    source, what, line = UNREAD[name]

    found = not_checked(tmp_path, main=READ, other=source)
    assert [(n.what, n.file, n.line, n.incomplete) for n in found] == [(what, "other.py", line, True)]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_answers_nobody_is_no_doubt(name: str, tmp_path: Path) -> None:
    assert not_checked(tmp_path, main=READ, other=HARMLESS[name]) == []


def test_what_answers_nobody_is_no_back_end(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="not a back end"):
        not_checked(tmp_path, other=HARMLESS["middleware"])
