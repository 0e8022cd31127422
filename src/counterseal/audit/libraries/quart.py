"""Quart: Flask for event loops. What its names do stands in ``flask``."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_SOCKET: dict[str, int | str | tuple[int | str, ...]] = {"path": (0, "rule")}


def _sockets(cls: str) -> dict[str, Api]:
    return {
        f"{cls}.websocket": Api("websocket-decorator", _SOCKET, fixed={"methods": "WEBSOCKET"}),
        f"{cls}.add_websocket": Api("route", {**_SOCKET, "handler": (2, "view_func")}, fixed={"methods": "WEBSOCKET"}),
        f"{cls}.before_websocket": Api("hook", fixed={"when": "before", "for": "websocket"}),
        f"{cls}.after_websocket": Api("hook", fixed={"when": "after"}),
        f"{cls}.before_serving": Api("hook", fixed={"when": "lifespan"}),
        f"{cls}.after_serving": Api("hook", fixed={"when": "lifespan"}),
        f"{cls}.while_serving": Api("hook", fixed={"when": "lifespan"}),
    }


LIBRARY = Library(
    name="quart",
    calls={
        **_sockets("flask.Flask"),
        **_sockets("flask.Blueprint"),
        "flask.websocket.receive": Api("wait", gives=("in:body",)),
        "flask.websocket.receive_json": Api("json-load", gives=("in:body",)),
        "flask.websocket.send": Api("response", {"content": (0, "data")}),
        "flask.websocket.send_json": Api("response", {"content": (0, "data")}),
        "quart_auth.login_required": Api("login-required", facts=("auth",)),
        "quart_auth.login_user": Api("sign-in-session", {"identity": (0, "user")}),
        "quart_auth.logout_user": Api("sign-out"),
        "quart_cors.cors": Api(
            "cors",
            {"app": (0, "app_or_blueprint"), "origins": "allow_origin", "credentials": "allow_credentials"},
        ),
        "quart_rate_limiter.rate_limit": Api("limit-decorator", {"limit": (0, "limit")}, facts=("limit",)),
    },
    sources={
        "flask.websocket.headers": ("in:header",),
        "flask.websocket.cookies": ("in:cookie",),
        "flask.websocket.args": ("in:query",),
        "flask.websocket.authorization": ("cred", "in:header:authorization"),
        "quart_auth.current_user": ("who", "self", "anonymous?"),
    },
    aliases={
        "quart": "flask",
        "quart.Quart": "flask.Flask",
        "quart.app.Quart": "flask.Flask",
        "quart.utils": "flask",
        "quart_auth.Unauthorized": "werkzeug.exceptions.Unauthorized",
    },
)
