"""The routing table of a Flask application, walked: rules, views, their methods, and what is mounted beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask
from flask.views import MethodView, View
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Rule

from counterseal.enforce.contract.guard import MARK
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.wrapped import steps

ANY = "*"
_BELOW = "/<path:path>"
_MAX_DEPTH = 32
_TRANSPARENT = (LintMiddleware, ProfilerMiddleware, ProxyFix)
"""What stands in front of applications and answers nothing by itself."""
_DOCUMENTATION = frozenset({"flasgger", "flask_openapi3", "flask_restx", "flask_smorest"})
"""Packages whose own views show an application's documentation."""


def entries(app: Flask) -> list[Entry]:
    """See `Adapter.entries`."""
    found: list[Entry] = []
    for inner, prefix in standing(app):
        if isinstance(inner, Flask):
            for rule in inner.url_map.iter_rules():
                found.extend(of_rule(inner, rule, prefix))
        elif isinstance(inner, SharedDataMiddleware):
            found.extend(Entry("GET", f"{prefix}{path.rstrip('/')}{_BELOW}", None, "static") for path, _ in inner.exports)
        else:
            found.append(Entry(ANY, prefix + _BELOW, None, "opaque"))
    return found


def standing(app: Flask, prefix: str = "", depth: int = 0) -> Iterator[tuple[Any, str]]:
    """An application, those mounted beside it, and whatever stands in front of it and may answer by itself; with prefixes.

    Raises:
        ContractError: they are mounted in each other.
    """
    if depth > _MAX_DEPTH:
        raise ContractError(f"{prefix}: an application is mounted in itself", "mount it once")
    yield app, prefix
    front: Any = app.wsgi_app
    while getattr(front, "__func__", None) is not Flask.wsgi_app:
        if isinstance(front, DispatcherMiddleware):
            for at, inner in front.mounts.items():
                if isinstance(inner, Flask):
                    yield from standing(inner, prefix + at, depth + 1)
                else:
                    yield inner, prefix + at
        elif type(front) not in _TRANSPARENT:
            yield front, prefix
        front = getattr(front, "app", None) or getattr(front, "_app", None)
        if front is None:
            return


def of_rule(app: Flask, rule: Rule, prefix: str) -> Iterator[Entry]:
    """The ways in that one rule opens. HEAD is what GET does; Flask answers OPTIONS by itself unless a view does."""
    if rule.build_only:
        return
    path = prefix + rule.rule
    methods = sorted(rule.methods) if rule.methods is not None else [ANY]
    own = [name for name in methods if not _automatic(rule, name)]
    if rule.redirect_to is not None or not own:
        yield from (Entry(name, path, None, "generated") for name in methods)
        return
    view = app.view_functions.get(rule.endpoint)
    for name in ["WEBSOCKET"] if rule.websocket else own:
        endpoint = None if view is None else _endpoint(view, name)
        yield Entry(name, path, endpoint, "opaque" if endpoint is None else _what(view))


def method_of(rule: Rule, method: str) -> str | None:
    """The method under which `of_rule` lists what runs for a request; ``None``: no view runs."""
    if rule.websocket:
        return "WEBSOCKET"
    if rule.methods is None:
        return ANY
    if method == "HEAD" and _automatic(rule, "HEAD"):
        return "GET"
    return None if _automatic(rule, method) else method


def leads_to(view: Any, method: str, function: Any) -> bool:
    """Whether what a function returns is what a view answers: it is the view, or the innermost of its decorators' functions.

    Only what decorators say of themselves counts (``__wrapped__``): a function that a view merely calls has to refuse by raising.
    """
    return any(step is function for step in steps(view)) or any(
        step is function for handler in _methods(view, method) for step in steps(handler)
    )


def _automatic(rule: Rule, method: str) -> bool:
    methods = rule.methods or frozenset[str]()
    if method == "HEAD":
        return "GET" in methods
    return method == "OPTIONS" and bool(getattr(rule, "provide_automatic_options", False))


def _endpoint(view: Any, method: str) -> Any:
    """What carries the contract: the view, or the method of its class that runs."""
    if hasattr(view, MARK):
        return view
    return next(_methods(view, method), view)


def _methods(view: Any, method: str) -> Iterator[Any]:
    """The functions of a view's class that may answer."""
    cls = next((kept for step in steps(view) if (kept := getattr(step, "view_class", None)) is not None), None)
    if not isinstance(cls, type) or not issubclass(cls, View):
        return
    if cls.dispatch_request is not MethodView.dispatch_request and hasattr(cls.dispatch_request, MARK):
        yield cls.dispatch_request
    handler = getattr(cls, method.lower(), None) if issubclass(cls, MethodView) else cls.dispatch_request
    if handler is None and method == "HEAD":
        handler = getattr(cls, "get", None)
    if handler is not None:
        yield handler


def _what(view: Any) -> str:
    module = getattr(view, "__module__", None) or ""
    name = getattr(view, "__qualname__", "")
    if getattr(view, "__func__", None) in (Blueprint.send_static_file, Flask.send_static_file):
        return "static"
    if (module, name) == ("flask.app", "Flask.__init__.<locals>.<lambda>"):
        return "static"
    return "generated" if module.partition(".")[0] in _DOCUMENTATION else "route"
