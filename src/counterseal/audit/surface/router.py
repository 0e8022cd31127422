"""From applications over includes and mounts to every registered route."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.listed import class_group, listed_children, listed_group, listed_middleware, sequence
from counterseal.audit.surface.values import UNKNOWN, Value, const, replace


@dataclass(frozen=True, slots=True)
class Above:
    """What a router inherits from those above it."""

    prefix: str
    app: Value
    dependencies: tuple[Value, ...] = ()
    hooks: tuple[Registration, ...] = ()
    development: bool = False
    """It is attached only where a setting says that this is no production."""
    seen: frozenset[str] = frozenset()
    layers: tuple[Mapping[str, Value], ...] = ()
    """What each of those above it was made with, outermost first."""

    def below(self, r: Registration, prefix: str) -> Above:
        """The same for what a registration puts below it."""
        deps = self.dependencies + sequence(r.options.get("dependencies"))
        return replace(self, prefix=prefix, dependencies=deps, development=self.development or DEVELOPMENT in r.options)


DEVELOPMENT = "development"
"""Option of registrations that are made only in development."""


@dataclass(frozen=True, slots=True)
class Mounted:
    """One registration with everything that it inherits from the routers above it."""

    registration: Registration
    prefix: str
    dependencies: tuple[Value, ...]
    hooks: tuple[Registration, ...]
    app: Value
    blueprint: str = ""
    """Name of the Flask blueprint that it is registered on."""
    development: bool = False
    """It is registered only where a setting says that this is no production."""
    layers: tuple[Mapping[str, Value], ...] = ()
    """What each of the routers above it was made with, outermost first."""


class Router:
    """Walks from the applications over includes and mounts to every route."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        self.by_owner: dict[str, list[Registration]] = {}
        self.made: dict[str, Registration] = {}
        self.prefixes: dict[str, list[str]] = {}
        for r in machine.registrations:
            if r.kind == "made":
                self.made.setdefault(r.owner.site, r)
            else:
                self.by_owner.setdefault(r.owner.site, []).append(r)

    def roots(self) -> list[Registration]:
        """Applications that are not mounted into others; routers when there is no application at all."""
        mounted = {
            r.child.site for rs in self.by_owner.values() for r in rs if r.kind in ("mount", "include") and r.child is not None
        }
        for made in self.made.values():
            mounted |= set(listed_children(made.options.get("routes")))
        apps = [r for r in self.made.values() if r.owner.extra in ("app", "openapi-app") and r.owner.site not in mounted]
        return apps or [r for r in self.made.values() if r.owner.extra == "router" and r.owner.site not in mounted]

    def walk(self, root: Registration, prefixes: dict[str, list[str]]) -> Iterator[Mounted]:
        """Every route registration below an application; ``prefixes`` learns where applications are mounted."""
        self.prefixes = prefixes
        yield from self._walk(root, Above("", root.owner))

    def _walk(self, made: Registration, above: Above) -> Iterator[Mounted]:
        site = made.owner.site
        if site in above.seen:
            return
        self.prefixes.setdefault(site, []).append(above.prefix)
        own = [*self.by_owner.get(site, []), *self._listed(made)]
        if made.owner.extra == "app" and not above.prefix:
            # What was attached to something that is not known is attached to the application.
            own += [r for s, rs in self.by_owner.items() if not s or s.startswith("param:") for r in rs]
        hooks = (
            above.hooks
            + tuple(r for r in own if r.kind in ("hook", "middleware"))
            + listed_middleware(made)
            + self._attached_hooks(site)
        )
        here = replace(
            above.below(made, above.prefix), hooks=hooks, seen=above.seen | {site}, layers=(*above.layers, made.options)
        )
        blueprint = text_of(made.options.get("name")) if made.owner.extra == "router" else ""
        for r in own:
            if r.kind in ("route", "websocket", "resource"):
                yield _mounted(r, here, blueprint)
            elif r.kind in ("include", "mount") and r.child is not None:
                yield from self._child(r, here)
        for attach in self._extensions(site):
            yield from self._walk(attach, replace(here, prefix=join_paths(above.prefix, own_prefix(attach))))

    def _child(self, r: Registration, above: Above) -> Iterator[Mounted]:
        child = self.made.get(r.child.site) if r.child is not None else None
        if child is None and r.child is not None and (group := class_group(self.m, r.child)) is not None:
            child = group
        given = text_of(r.options.get("prefix") or r.path)
        if child is None:
            listed = (r.child,) if r.child is not None and isinstance(r.child.extra, Registration) else sequence(r.child)
            for item in (*listed, *sequence(r.options.get("routes"))):
                if isinstance(item.extra, Registration):
                    yield from self._item(item.extra, replace(above, prefix=join_paths(above.prefix, given)))
            return
        own = own_prefix(child)
        replaces = r.options.get("fixed:prefix")
        path = join_paths(above.prefix, (given or own) if replaces is not None else join_paths(given, own))
        yield from self._walk(child, above.below(r, path))

    def _item(self, r: Registration, above: Above) -> Iterator[Mounted]:
        if r.kind in ("route", "websocket"):
            yield _mounted(r, above, "")
        elif r.kind == "mount":
            if r.child is not None and r.child.site in self.made:
                yield from self._child(r, above)
            else:
                below = replace(above, prefix=join_paths(above.prefix, text_of(r.path)))
                for item in sequence(r.options.get("routes")):
                    if isinstance(item.extra, Registration):
                        yield from self._item(item.extra, below)

    def _listed(self, made: Registration) -> list[Registration]:
        """Routes given to the constructor (``Starlette(routes=[...])``), mounts flattened."""
        out: list[Registration] = []
        for item in sequence(made.options.get("routes")):
            if item.kind in ("inst", "obj", "cls") and not isinstance(item.extra, Registration):
                out += listed_group(self.m, made, item)
                continue
            r = item.extra
            if isinstance(r, Registration):
                if r.kind == "mount" and (r.child is None or r.child.site not in self.made):
                    out += [
                        replace(m.registration, path=const(join_paths(m.prefix, text_of(m.registration.path))))
                        for m in self._item(r, Above("", UNKNOWN))
                    ]
                else:
                    out.append(r)
        return out

    def _extensions(self, site: str) -> list[Registration]:
        """Extensions that hold routes of their own and are attached to this application (``Api(app)``)."""
        made = self.made.get(site)
        sites = {site, ""} if made is not None and made.owner.extra == "app" else {site}
        attached = [r for rs in self.by_owner.values() for r in rs if r.kind == "attach" and r.child is not None]
        return [
            self.made[r.owner.site]
            for r in attached
            if r.child is not None and r.child.site in sites and r.owner.extra in ("router", "app") and r.owner.site in self.made
        ]

    def _attached_hooks(self, site: str) -> tuple[Registration, ...]:
        return tuple(
            r for rs in self.by_owner.values() for r in rs if r.kind == "attach" and r.child is not None and r.child.site == site
        )


def _mounted(r: Registration, above: Above, blueprint: str) -> Mounted:
    deps = above.dependencies + sequence(r.options.get("dependencies"))
    hooks = above.hooks + (listed_middleware(r) if "fixed:layers" in r.options else ())
    here = above.development or DEVELOPMENT in r.options
    return Mounted(r, above.prefix, deps, hooks, above.app, blueprint, here, above.layers)


def own_prefix(made: Registration) -> str:
    """The prefix with which a router was made; some libraries take its name when none is given."""
    if "prefix" not in made.options and "fixed:default_prefix" in made.options:
        return "/" + text_of(made.options.get("name"))
    return text_of(made.options.get("prefix"))


def text_of(value: Value | None) -> str:
    """A constant string; holes of a template become ``{unknown}``."""
    if value is None:
        return ""
    if isinstance(value.const, str):
        return value.const
    if value.kind == "text" and isinstance(value.items, list):
        return "".join(p if isinstance(p, str) else str(p.const) if p.is_const else "{unknown}" for p in value.items)
    return ""


def join_paths(a: str, b: str) -> str:
    """Two URL path parts with exactly one slash between them."""
    if not a or not b:
        return a or b
    return f"{a.rstrip('/')}/{b.lstrip('/')}" if b != "" else a
