"""The URL table of Django, walked: every pattern of every resolver, whatever includes it and however often."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admindocs.utils import (
    remove_non_capturing_groups,
    replace_metacharacters,
    replace_named_groups,
    replace_unnamed_groups,
)
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.functional import Promise
from django.utils.translation import override

from counterseal.enforce.contract.guard import MARK
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.frameworks.django import rest
from counterseal.enforce.frameworks.wrapped import steps

ANY = "*"
_MAX_DEPTH = 32
_GENERATED = ("rest_framework.routers", "rest_framework.schemas", "drf_spectacular.", "drf_yasg.")
"""Modules whose views show an application's documentation."""
_STATIC = frozenset({("django.views.static", "serve"), ("django.contrib.staticfiles.views", "serve")})
_REGEX = re.compile(r"\(\?P<|[\^$]")


@dataclass(frozen=True, slots=True)
class Row:
    """One pattern of the table."""

    route: str
    """As a match of it says: the patterns of everything that includes it, and its own."""
    callback: Callable[..., Any]

    @property
    def path(self) -> str:
        """The template for people and policies."""
        return path_of(self.route)


def rows() -> list[Row]:
    """Every pattern.

    Raises:
        ContractError: the table has a form that is not known, or no end.
    """
    resolver = get_resolver()
    found = dict.fromkeys(_walk(resolver, "", 0))
    if settings.USE_I18N and _translates(resolver):
        # Paths in the reader's language: each language has its own.
        for language, _ in settings.LANGUAGES:
            with override(language):
                found.update(dict.fromkeys(_walk(resolver, "", 0)))
    return list(found)


def entries() -> list[Entry]:
    """See `Adapter.entries`."""
    return [entry for row in rows() for entry in of_row(row)]


def of_row(row: Row) -> Iterator[Entry]:
    """The ways in that one pattern opens. A function decides by itself which methods it takes."""
    callback, path = row.callback, row.path
    what = _what(callback)
    cls = _class(callback)
    if cls is None or hasattr(callback, MARK) or what == "opaque":
        yield Entry(ANY, path, callback, what)
        return
    actions = getattr(callback, "actions", None)
    methods = {name: str(value) for name, value in actions.items()} if actions else {name: name for name in cls.http_method_names}
    none = True
    for method, name in methods.items():
        if method == "options" and name == "options":
            continue
        if method == "head" and name == methods.get("get"):
            # Added by the framework: HEAD is what GET does.
            continue
        if hasattr(cls, name):
            none = False
            yield Entry(method.upper(), path, _carrier(cls, name), what)
    options = getattr(cls, "options", None)
    if options is not None and "options" in cls.http_method_names:
        own = hasattr(options, MARK) or not options.__module__.startswith(("django.", "rest_framework."))
        yield Entry("OPTIONS", path, _carrier(cls, "options"), what if own else "generated")
    if none:
        yield Entry(ANY, path, callback, "opaque")


def method_of(row: Row, method: str) -> str:
    """The method under which `of_row` lists what runs for a request."""
    cls = _class(row.callback)
    if method == "HEAD" and cls is not None and not any(entry.method == "HEAD" for entry in of_row(row)):
        return "GET"
    return method


def leads_to(callback: Any, method: str, function: Any) -> bool:
    """Whether what a function returns is what a view answers: it is the view, or the innermost of its decorators' functions.

    Only what decorators say of themselves counts (``__wrapped__``): a function that a view merely calls has to refuse by raising.
    """
    if any(step is function for step in steps(callback)):
        return True
    cls = _class(callback)
    if cls is None:
        return False
    actions = getattr(callback, "actions", None) or {}
    names = [actions.get(method.lower(), method.lower()), "dispatch"]
    if method == "HEAD":
        names.append(actions.get("get", "get"))
    handlers = [rest.function_of(getattr(cls, name, None)) for name in names]
    return any(step is function for handler in handlers for step in steps(handler))


def path_of(route: str) -> str:
    """A route as Django writes it, readable: ``/users/<int:user_id>/``, ``/users/<pk>/``."""
    path = route
    if _REGEX.search(route):
        plain = replace_unnamed_groups(replace_named_groups(remove_non_capturing_groups(route)))
        path = replace_metacharacters(plain).replace("\\", "")
    return path if path.startswith("/") else f"/{path}"


def _carrier(cls: Any, name: str) -> Any:
    """What carries the contract: the whole class's dispatch, or the method that runs."""
    return cls.dispatch if hasattr(cls.dispatch, MARK) else rest.function_of(getattr(cls, name))


def _class(callback: Any) -> Any:
    for step in steps(callback):
        cls = getattr(step, "view_class", None) or getattr(step, "cls", None)
        if isinstance(cls, type) and hasattr(cls, "http_method_names"):
            return cls
    return None


def _what(callback: Any) -> str:
    names = [(getattr(step, "__module__", "") or "", getattr(step, "__qualname__", "")) for step in steps(callback)]
    if any(map(_administers, steps(callback))):
        # Django's administration has its own identity and roles: it can be allowed as a whole, not put under contract.
        return "opaque"
    if not _STATIC.isdisjoint(names):
        return "static"
    cls = _class(callback)
    module = "" if cls is None else cls.__module__
    return "generated" if module.startswith(_GENERATED) else "route"


def _administers(step: Any) -> bool:
    owner = type(getattr(step, "__self__", None))
    return (
        hasattr(step, "admin_site")
        or hasattr(step, "model_admin")
        or any(base.__module__.startswith("django.contrib.admin.") for base in owner.__mro__)
    )


def _walk(resolver: Any, above: str, depth: int) -> Iterator[Row]:
    if depth > _MAX_DEPTH:
        raise ContractError(f"/{above}: the URL table includes itself", "include each module once")
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, (URLPattern, URLResolver)) or not isinstance(
            pattern.pattern, (RoutePattern, RegexPattern, LocalePrefixPattern)
        ):
            raise ContractError(f"/{above}: {type(pattern).__qualname__} is no pattern that is known", "use path() or re_path()")
        route = _joined(above, str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route, depth + 1)
        else:
            yield Row(route, pattern.callback)


def _joined(above: str, own: str) -> str:
    """As Django puts the parts of a match together."""
    return above + own.removeprefix("^") if above else own


def _translates(resolver: Any) -> bool:
    for item in resolver.url_patterns:
        own = getattr(item.pattern, "_route", None) or getattr(item.pattern, "_regex", None)
        if isinstance(item.pattern, LocalePrefixPattern) or isinstance(own, Promise):
            return True
        if isinstance(item, URLResolver) and _translates(item):
            return True
    return False
