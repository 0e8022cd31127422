"""Whether what was audited is a back end, and whether all of its ways in were seen.

No route is the worst outcome an audit can have, because it looks like the best. So where code that belongs to a web framework
yields none, or belongs to a framework that is not read, that is put on record as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from counterseal.audit.errors import AuditError
from counterseal.audit.facts.python.ir import Facts
from counterseal.audit.result import NotChecked, RouteKind
from counterseal.audit.surface.model import Surface, Unread

_FRAMEWORKS: Mapping[str, str] = {
    "aiohttp.web": "aiohttp",
    "ariadne": "Ariadne",
    "aws_lambda_powertools.event_handler": "Powertools",
    "azure.functions": "Azure Functions",
    "blacksheep": "BlackSheep",
    "bottle": "Bottle",
    "chalice": "Chalice",
    "cherrypy": "CherryPy",
    "connexion": "Connexion",
    "django.urls": "Django",
    "django.http": "Django",
    "django.views": "Django",
    "django.conf.urls": "Django",
    "emmett": "Emmett",
    "falcon": "Falcon",
    "faststream": "FastStream",
    "functions_framework": "Functions Framework",
    "fastapi": "FastAPI",
    "flask": "Flask",
    "gradio": "Gradio",
    "graphene": "Graphene",
    "hug": "Hug",
    "jsonrpcserver": "jsonrpcserver",
    "klein": "Klein",
    "litestar": "Litestar",
    "mcp.server": "MCP",
    "fastmcp": "MCP",
    "nicegui": "NiceGUI",
    "ninja": "Django Ninja",
    "pyramid": "Pyramid",
    "quart": "Quart",
    "rest_framework": "Django REST framework",
    "responder": "Responder",
    "robyn": "Robyn",
    "sanic": "Sanic",
    "socketio": "Socket.IO",
    "flask_socketio": "Socket.IO",
    "spyne": "Spyne",
    "starlette": "Starlette",
    "strawberry": "Strawberry",
    "tornado.web": "Tornado",
    "tornado.websocket": "Tornado",
    "twisted.web": "Twisted",
    "websockets.server": "websockets",
    "websockets.asyncio.server": "websockets",
}
"""Modules that serve requests, with the name of what they belong to."""
_TOP_LEVEL: Mapping[str, str] = {module.partition(".")[0]: name for module, name in _FRAMEWORKS.items()}
"""The same by the first part of the module's name."""
_READ = frozenset(
    {"FastAPI", "Flask", "Starlette", "Litestar", "Connexion", "Quart", "aiohttp", "Django", "Django REST framework"}
)
"""Those whose routes the surface knows how to find."""
_SERVERS: Mapping[str, str] = {
    "http.server": "http.server",
    "socketserver": "socketserver",
    "wsgiref": "wsgiref",
    "xmlrpc.server": "xmlrpc",
}
"""The same for the standard library. Scripts use these beside a real back end, so there they are no reason to doubt it."""
_SERVED_BY: Mapping[str, str] = {module.partition(".")[0]: name for module, name in _SERVERS.items()}
_OWN = (RouteKind.HTTP, RouteKind.WEBSOCKET)


def doubts(surface: Surface, facts: Mapping[str, Facts], problems: Iterable[NotChecked]) -> list[NotChecked]:
    """What keeps the table of routes from being complete. ``problems``: what could not be read.

    Raises:
        AuditError: nothing here is a back end.
    """
    imported = _imported(facts, {**_FRAMEWORKS, **_SERVERS})
    unread = [
        NotChecked(name, f"the code uses {name}, whose routes this version does not read", path, line)
        for name, (path, line) in imported.items()
        if name in _FRAMEWORKS.values() and name not in _READ and name.lower() not in surface.frameworks
    ]
    unread += _unknown(surface, {item.what for item in unread}, facts)
    if any(route.kind in _OWN for route in surface.routes):
        return unread
    if not imported and not surface.frameworks and not unread and not any(item.incomplete for item in problems):
        raise AuditError(
            "this is not a back end that Counterseal knows: no file imports a web framework",
            "name the folder of the application (FastAPI, Starlette, Litestar, aiohttp, Flask, Quart or Django)",
        )
    names = " and ".join(sorted({*imported, *surface.frameworks} - {name.lower() for name in imported}))
    claim = f"the code uses {names}, but" if names else _without_framework(unread)
    return [NotChecked("the routes", f"no routes found: {claim} nothing registers one", incomplete=True), *unread]


def _without_framework(unread: Iterable[NotChecked]) -> str:
    return "what answers requests here is not read, and" if any(unread) else "some of the code could not be read, and"


def _unknown(surface: Surface, named: Set[str], facts: Mapping[str, Facts]) -> Iterator[NotChecked]:
    """What has the shape of a handler and belongs to none of the frameworks that are ``named`` already: once for each library."""
    found: dict[str, list[Unread]] = {}
    for item in surface.unread:
        # What cannot be told to belong to a library belongs to the one that its file imports.
        used = _names(item.library, _TOP_LEVEL) if item.library else _imported({"": facts[item.place.file]}, _FRAMEWORKS)
        if not named & set(used):
            found.setdefault(next(_names(item.library, _SERVED_BY), item.library), []).append(item)
    for library, items in sorted(found.items()):
        first = min(items, key=lambda item: (item.place.file, item.place.line))
        more = f" and {len(items) - 1} more" if len(items) > 1 else ""
        owner = f"{library}, which this version does not read" if library else "no framework that this version reads"
        why = f"{first.what}{more}: this answers requests or messages, and belongs to {owner}"
        yield NotChecked(library or "handlers", why, first.place.file, first.place.line)


def _imported(facts: Mapping[str, Facts], known: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Names of the frameworks that the code imports, each with the first place that does."""
    found: dict[str, tuple[str, int]] = {}
    for path in sorted(facts):
        for _, target, line, _ in sorted(facts[path].imports, key=lambda each: each[2]):
            for name in _names(target, known):
                found.setdefault(name, (path, line))
    return dict(sorted(found.items()))


def _names(target: str, known: Mapping[str, str]) -> Iterator[str]:
    """The framework that a dotted name belongs to: that of its longest known beginning."""
    while target:
        if target in known:
            yield known[target]
            return
        target = target.rpartition(".")[0]
