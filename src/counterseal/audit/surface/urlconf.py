"""From settings over URL configurations to every pattern, with the view behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from counterseal.audit.findings import Place
from counterseal.audit.result import NotChecked
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.program import Module
from counterseal.audit.surface.router import Mounted, text_of
from counterseal.audit.surface.settings import named, setting_values
from counterseal.audit.surface.url_calls import DEVELOPMENT
from counterseal.audit.surface.url_middleware import middleware_of
from counterseal.audit.surface.url_patterns import regex_path
from counterseal.audit.surface.url_routers import router_patterns
from counterseal.audit.surface.values import UNKNOWN, Value, const
from counterseal.audit.surface.values import replace as changed

_ROOT, _PATTERNS = "ROOT_URLCONF", "urlpatterns"


@dataclass(frozen=True, slots=True)
class Site:
    """One root URL configuration: an application."""

    module: str
    made: Registration


@dataclass(frozen=True, slots=True)
class Below:
    """What patterns inherit from the ones above them."""

    prefix: str
    site: Site
    place: Place
    hooks: tuple[Registration, ...]
    development: bool = False
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """Patterns that a library defines, or that could not be followed."""

    prefix: str
    name: str
    registration: Registration
    known: bool
    """It is known what they belong to: a library's own patterns."""


Found = Mounted | Unfollowed


def sites(m: Machine) -> list[Site]:
    """The root URL configurations that settings name; without settings, the configurations that no other includes."""
    out: list[Site] = []
    for module, value in setting_values(m, _ROOT):
        target = named(m, module, value.const) if isinstance(value.const, str) else UNKNOWN
        if target.kind == "mod" and all(site.module != target.ref for site in out):
            out.append(_site(m, target.ref, Place(m.program.path(module), 1)))
    return out or [_site(m, name, Place(m.program.path(name), 1)) for name in _loose(m)]


def _site(m: Machine, module: str, place: Place) -> Site:
    owner = Value(kind="inst", ref="django.urls", items={}, extra="app", site=f"urls:{module}", name=module)
    made = Registration("made", owner, place, name="django.urls")
    m.registrations.append(made)
    return Site(module, made)


def _loose(m: Machine) -> list[str]:
    """Modules with patterns that no other module includes."""
    having = [name for name, info in m.program.own_modules() if _PATTERNS in info.names and _uses_patterns(m, name)]
    included = {text for name in having for text in _included(m, m.variables(name).get(_PATTERNS) or UNKNOWN, name)}
    return [name for name in having if name not in included]


def _uses_patterns(m: Machine, name: str) -> bool:
    return any(m.know.framework(target) == "django" for _, target, _, _ in m.program.modules[name].facts.imports)


def _included(m: Machine, value: Value, module: str) -> Iterator[str]:
    for item in value.items if isinstance(value.items, list) else ():
        handler = item.extra.handler if isinstance(item.extra, Registration) else item
        child = handler.extra if handler is not None and handler.kind == "url-include" else handler
        if child is not None and child.kind == "mod":
            yield child.ref
        elif child is not None and isinstance(child.const, str):
            found = named(m, module, child.const)
            if found.kind == "mod":
                yield found.ref


def site_patterns(m: Machine, site: Site) -> Iterator[Found]:
    """Every pattern of an application."""
    hooks = middleware_of(m, site.made)
    below = Below("/", site, site.made.place, hooks)
    yield from _of_module(m, site.module, below)


def _of_module(m: Machine, module: str, below: Below) -> Iterator[Found]:
    if below.seen.count(module) > 1:
        return
    value = m.variables(module).get(_PATTERNS)
    if value is None:
        found = m.program.lookup(module, _PATTERNS)
        value = m.definition(found, _PATTERNS) if found is not None else None
    if value is None:
        yield _lost(below, f"{module} has no {_PATTERNS}")
        return
    yield from _walk(m, value, replace(below, seen=(*below.seen, module)))


def _walk(m: Machine, value: Value, below: Below) -> Iterator[Found]:
    """What a list of patterns, an included module, a router or a site holds."""
    if value.kind == "route-item" and isinstance(value.extra, Registration):
        yield from _pattern(m, value.extra, below)
    elif value.kind == "url-include":
        yield from _walk(m, value.extra, below)
    elif value.kind == "mod":
        yield from _of_module(m, value.ref, below)
    elif isinstance(value.const, str):
        yield from _of_name(m, value.const, below)
    elif value.extra == "url-router":
        for pattern in router_patterns(m, value):
            yield from _pattern(m, pattern, below)
    elif value.kind == "seq" and isinstance(value.items, list):
        named_space = len(value.items) > 1 and not any(_is_patterns(item) for item in value.items[1:])
        for item in value.items[:1] if named_space else value.items:
            yield from _walk(m, item, below)
    elif value.kind == "ext":
        yield from _of_library(m, value, below)
    elif not (value.kind == "const" and value.const is None):
        yield _lost(below, "a part of the URL patterns could not be followed")


def _of_library(m: Machine, value: Value, below: Below) -> Iterator[Found]:
    """What a library puts there: its patterns where its file says them."""
    owner = value.extra if isinstance(value.extra, Value) else UNKNOWN
    api = m.know.api(str(owner.ref)) if owner.kind == "inst" else None
    patterns = api.fixed.get("patterns") if api is not None else None
    if patterns is not None and patterns in m.program.modules:
        yield from _of_module(m, patterns, below)
    else:
        yield _unfollowed(below, owner.name or str(value.ref), known=True)


def _is_patterns(value: Value) -> bool:
    """Whether a member of a list may be patterns, rather than the name space of the first member."""
    return not (value.is_const and (value.const is None or isinstance(value.const, str)))


def _of_name(m: Machine, name: str, below: Below) -> Iterator[Found]:
    importing = below.seen[-1] if below.seen else below.site.module
    found = m.program.dotted(m.program.absolute(m.program.modules[importing], name))
    if isinstance(found, Module):
        yield from _of_module(m, found.name, below)
    else:
        yield _unfollowed(below, name, known=name.partition(".")[0] not in {p.partition(".")[0] for p in m.program.packages})


def _pattern(m: Machine, r: Registration, below: Below) -> Iterator[Found]:
    if r.place.file not in m.program.by_path:
        r = changed(r, place=below.place)  # a library's own pattern stands where it is included
    text = text_of(r.path)
    syntax = r.options.get("fixed:syntax")
    known = r.path is not None and (r.path.kind == "text" or isinstance(r.path.const, str))
    if not known:
        text = text_of(_translated(r.path)) or "{unknown}"
    path = below.prefix + (regex_path(text) if syntax is not None else text)
    here = replace(below, prefix=path, place=r.place, development=below.development or DEVELOPMENT in r.options)
    handler = r.handler or UNKNOWN
    if _leads_on(handler):
        yield from _walk(m, handler, here)
        return
    yield Mounted(
        changed(r, path=const(re.sub(r"//+", "/", path))), "", (), below.hooks, below.site.made.owner, "", here.development
    )


def _translated(path: Value | None) -> Value:
    """The pattern inside ``gettext_lazy("users/")``."""
    return path.item("0") or UNKNOWN if path is not None and isinstance(path.items, dict) else UNKNOWN


def _leads_on(handler: Value) -> bool:
    if handler.kind in ("url-include", "mod") or (handler.kind == "seq" and isinstance(handler.items, list)):
        return True
    return handler.kind == "ext" and str(handler.ref).endswith(".urls")


def _unfollowed(below: Below, name: str, known: bool) -> Unfollowed:
    r = Registration("include", below.site.made.owner, below.place, name="django.urls")
    return Unfollowed(below.prefix, name, r, known)


def _lost(below: Below, why: str) -> Unfollowed:
    return _unfollowed(below, why, known=False)


def not_followed(item: Unfollowed) -> NotChecked:
    """What the report says about patterns that could not be followed."""
    place = item.registration.place
    return NotChecked(f"routes below {item.prefix}", item.name, place.file, place.line)
