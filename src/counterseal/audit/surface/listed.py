"""What applications and routers are given in lists when they are made: routes, groups of routes, middleware."""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Place
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.library_call import fixed_values, pick_roles
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.values import Value, replace


def sequence(value: Value | None) -> tuple[Value, ...]:
    """The elements of a list that is known."""
    return tuple(v for v in value.items if isinstance(v, Value)) if value is not None and isinstance(value.items, list) else ()


def listed_children(routes: Value | None) -> Iterator[str]:
    """Sites of the applications and routers that a table of routes holds."""
    for item in sequence(routes):
        if isinstance(item.extra, Registration):
            if item.extra.child is not None:
                yield item.extra.child.site
            yield from listed_children(item.extra.options.get("routes"))
        elif item.kind in ("inst", "obj") and item.extra in ("app", "router"):
            yield item.site


def listed_middleware(made: Registration) -> tuple[Registration, ...]:
    """Middleware given to the constructor: as it is, or wrapped together with its options (``Middleware(Check, key=...)``)."""
    out = []
    for item in (*sequence(made.options.get("middleware")), *sequence(made.options.get("on_app_init"))):
        options = item.items if isinstance(item.items, dict) and item.kind == "inst" else {}
        if "fixed:middleware" in made.options and item.kind in ("func", "wrapped"):
            when = {"fixed:when": made.options["fixed:middleware"]}
            out.append(Registration("hook", made.owner, made.place, handler=item, options=when, name=made.name))
            continue
        handler = options.get("0") or options.get("cls") or options.get("middleware")
        name = str(item.ref)
        if handler is None and item.kind in ("cls", "ext", "func") and "fixed:layers" in made.options:
            handler, options = item, {}
        if handler is not None:
            out.append(Registration("middleware", made.owner, made.place, handler=handler, options=options, name=name))
    return tuple(out)


def listed_group(m: Machine, made: Registration, item: Value) -> list[Registration]:
    """A router or a class of handlers in a table of routes."""
    if item.extra in ("app", "router"):
        return [Registration("include", made.owner, made.place, child=item)]
    group = class_group(m, item)
    if group is not None:
        return [Registration("include", made.owner, made.place, child=item)]
    return _socket_class(m, made, item)


def unfollowed(m: Machine, made: Registration) -> Iterator[str]:
    """What an application is given that may hold routes or change them, and that says nothing here."""
    if made.kind == "include" and "fixed:listed" in made.options and not _is_table(made.child):
        yield "routes of the application"
    if made.kind != "made" or "fixed:layers" not in made.options:
        return
    for item in sequence(made.options.get("routes")):
        known = isinstance(item.extra, Registration) or item.extra in ("app", "router", "static")
        if not known and class_group(m, item) is None and not _socket_class(m, made, item):
            yield f"a route handler of the application: {item.name or 'not known'}"
    for name in ("on_app_init", "middleware", "guards"):
        given = made.options.get(name)
        if given is not None and not isinstance(given.items, list) and not given.is_const:
            yield f"{name} of the application"
    for item in sequence(made.options.get("on_app_init")):
        if item.kind != "ext" or m.know.api(str(item.ref)) is None:
            yield f"on_app_init of the application: {item.name or 'not known'}"
    for item in sequence(made.options.get("plugins")):
        if item.kind in ("obj", "cls"):
            yield f"a plug-in of the application: {item.name or 'not known'}"


def _is_table(child: Value | None) -> bool:
    """Whether it is known which routes a table holds."""
    if child is None or child.extra == "router":
        return child is not None
    return isinstance(child.items, list) and all(isinstance(v.extra, Registration) for v in sequence(child))


def class_group(m: Machine, item: Value) -> Registration | None:
    """A class whose attributes are handlers, as the router that it is."""
    if item.kind != "cls" or not isinstance(item.ref, Cls):
        return None
    full = next((base for base in m.program.external_bases(item.ref) if (api := m.know.api(base)) and api.kind == "router"), "")
    api = m.know.api(full)
    if api is None:
        return None
    attributes = _attributes(m, item.ref)
    holder = Value(kind="obj", ref=item.ref, items={})
    routes = [
        replace(value, extra=replace(value.extra, options={**value.extra.options, "holder": holder}))
        for value in attributes.values()
        if value.kind == "route-item" and isinstance(value.extra, Registration)
    ]
    owner = replace(item, site=f"class:{item.ref.module}:{item.ref.index}", extra="router")
    options = {**pick_roles(api, [], attributes), **fixed_values(api), "routes": Value(kind="seq", items=routes)}
    place = Place(m.program.path(item.ref.module), m.program.cls(item.ref).line)
    return Registration("made", owner, place, options=options, name=full)


def _socket_class(m: Machine, made: Registration, item: Value) -> list[Registration]:
    """A class that answers a socket, and says at which path."""
    if item.kind != "cls" or not any(m.know.view(base) for base in m.program.external_bases(item.ref)):
        return []
    attributes = _attributes(m, item.ref)
    place = Place(m.program.path(item.ref.module), m.program.cls(item.ref).line)
    options = {**attributes, **{k: v for k, v in made.options.items() if k == "fixed:layers"}}
    return [Registration("websocket", made.owner, place, attributes.get("path"), ("WEBSOCKET",), item, None, options, made.name)]


def _attributes(m: Machine, ref: Cls) -> dict[str, Value]:
    out: dict[str, Value] = {}
    for cls in reversed([c for c in m.program.mro(ref) if isinstance(c, Cls)]):
        out.update(m.class_attrs(cls))
    return out
