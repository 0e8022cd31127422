"""Whether what was audited is a back end, and whether all of its ways in were seen.

No route is the worst outcome an audit can have, because it looks like the best. So where code that belongs to a web framework
yields none, or belongs to a framework that is not read, that is put on record as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from counterseal.audit.errors import AuditError
from counterseal.audit.facts.python.ir import Facts
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.model import Surface

_FRAMEWORKS: Mapping[str, str] = {
    "aiohttp.web": "aiohttp",
    "ariadne": "Ariadne",
    "blacksheep": "BlackSheep",
    "bottle": "Bottle",
    "cherrypy": "CherryPy",
    "connexion": "Connexion",
    "django.urls": "Django",
    "django.http": "Django",
    "django.views": "Django",
    "django.conf.urls": "Django",
    "emmett": "Emmett",
    "falcon": "Falcon",
    "fastapi": "FastAPI",
    "flask": "Flask",
    "graphene": "Graphene",
    "grpc": "gRPC",
    "litestar": "Litestar",
    "ninja": "Django Ninja",
    "pyramid": "Pyramid",
    "quart": "Quart",
    "rest_framework": "Django REST framework",
    "robyn": "Robyn",
    "sanic": "Sanic",
    "socketio": "Socket.IO",
    "flask_socketio": "Socket.IO",
    "starlette": "Starlette",
    "strawberry": "Strawberry",
    "tornado.web": "Tornado",
    "tornado.websocket": "Tornado",
    "websockets.server": "websockets",
}
"""Modules that serve requests, with the name of what they belong to."""
_READ = frozenset({"FastAPI", "Flask", "Starlette", "Connexion", "Django", "Django REST framework"})
"""Those whose routes the surface knows how to find."""
_SERVERS: Mapping[str, str] = {
    "http.server": "http.server",
    "socketserver": "socketserver",
    "wsgiref": "wsgiref",
    "xmlrpc.server": "xmlrpc",
}
"""The same for the standard library. Scripts use these beside a real back end, so there they are no reason to doubt it."""
_OWN = (RouteKind.HTTP, RouteKind.WEBSOCKET)


def doubts(surface: Surface, facts: Mapping[str, Facts], problems: Iterable[NotChecked]) -> list[NotChecked]:
    """What keeps the table of routes from being complete. ``problems``: what could not be read.

    Raises:
        AuditError: nothing here is a back end.
    """
    imported = _imported(facts, {**_FRAMEWORKS, **_SERVERS})
    unread = [
        NotChecked(name, f"the code uses {name}, whose routes this version does not read", path)
        for name, path in imported.items()
        if name in _FRAMEWORKS.values() and name not in _READ and name.lower() not in surface.frameworks
    ]
    if any(route.kind in _OWN for route in surface.routes):
        return unread
    if not imported and not surface.frameworks and not any(item.incomplete for item in problems):
        raise AuditError(
            "this is not a back end that Counterseal knows: no file imports a web framework",
            "name the folder of the application (FastAPI, Starlette, Flask or Django)",
        )
    names = " and ".join(sorted({*imported, *surface.frameworks} - {name.lower() for name in imported}))
    claim = f"the code uses {names}, but" if names else "some of the code could not be read, and"
    return [NotChecked("the routes", f"no routes found: {claim} nothing registers one", incomplete=True), *unread]


def _imported(facts: Mapping[str, Facts], known: Mapping[str, str]) -> dict[str, str]:
    """Names of the frameworks that the code imports, each with the first file that does."""
    found: dict[str, str] = {}
    for path in sorted(facts):
        for target in {target for _, target, _, _ in facts[path].imports}:
            for name in _names(target, known):
                found.setdefault(name, path)
    return dict(sorted(found.items()))


def _names(target: str, known: Mapping[str, str]) -> Iterator[str]:
    """The framework that a dotted name belongs to: that of its longest known beginning."""
    while target:
        if target in known:
            yield known[target]
            return
        target = target.rpartition(".")[0]
