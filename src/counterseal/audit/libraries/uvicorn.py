"""Servers that run an application: Uvicorn, Hypercorn, Gunicorn, Waitress."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_RUN: dict[str, int | str | tuple[int | str, ...]] = {
    "app": (0, "app"),
    "host": "host",
    "port": "port",
    "reload": "reload",
    "debug": "debug",
    "ssl": "ssl_certfile",
    "log_level": "log_level",
    "proxy_headers": "proxy_headers",
    "forwarded_allow_ips": "forwarded_allow_ips",
}

LIBRARY = Library(
    name="uvicorn",
    calls={
        "uvicorn.run": Api("server-run", _RUN),
        "uvicorn.Config": Api("server-run", _RUN, returns="uvicorn.Config"),
        "waitress.serve": Api("server-run", {"app": (0, "app"), "host": "host", "port": "port"}),
        "gevent.pywsgi.WSGIServer": Api(
            "server-run", {"host": (0, "listener"), "app": (1, "application")}, returns="gevent.pywsgi.WSGIServer"
        ),
        "wsgiref.simple_server.make_server": Api("server-run", {"host": (0, "host"), "port": (1, "port"), "app": (2, "app")}),
        "flask_socketio.SocketIO.run": Api(
            "server-run", {"app": (0, "app"), "host": (1, "host"), "port": (2, "port"), "debug": "debug"}
        ),
    },
)
