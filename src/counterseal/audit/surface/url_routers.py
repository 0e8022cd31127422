"""Routers of view sets: the patterns that one makes of what was registered on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterseal.audit.surface.core import Frame, Registration
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.listed import sequence
from counterseal.audit.surface.marks import marked
from counterseal.audit.surface.program import Cls, Func
from counterseal.audit.surface.router import text_of
from counterseal.audit.surface.settings import named
from counterseal.audit.surface.state import State
from counterseal.audit.surface.url_patterns import regex_path
from counterseal.audit.surface.values import UNKNOWN, Value, const, replace

_LIST = {"get": "list", "post": "create"}
_DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
_VERBS = ("get", "post", "put", "patch", "delete")


def router_patterns(m: Machine, router: Value) -> Iterator[Registration]:
    """Every pattern of a router, with the view that it makes for it."""
    slash = _slash(router)
    prefix = _parent_prefix(router)
    registry = router.item("registry")
    root = router.item("fixed:root")
    registered = [item.extra for item in sequence(registry) if isinstance(item.extra, Registration)]
    if root is not None and not prefix and registered:
        yield _made(m, registered[0], "", named(m, "", str(root.const)), None)
    for r in registered:
        view = r.handler or UNKNOWN
        path = "/".join(part for part in (prefix, regex_path(text_of(r.path))) if part)
        if view.kind == "cls" and isinstance(view.ref, Cls):
            yield from _of_view(m, r, path, view, slash)
        else:
            yield replace(r, path=const(f"{path}{slash}"), handler=view)


def _of_view(m: Machine, r: Registration, path: str, view: Value, slash: str) -> Iterator[Registration]:
    ref: Cls = view.ref
    key = _lookup(m, ref)
    extra = list(_extra_actions(m, ref))
    yield from _served(m, r, f"{path}{slash}", view, _LIST)
    for detail in (False, True):
        below = f"{path}/{key}" if detail else path
        if detail:
            yield from _served(m, r, f"{below}{slash}", view, _DETAIL)
        for url, of_one, actions in extra:
            if of_one == detail:
                yield _made(m, r, f"{below}/{url}{slash}", view, actions)


def _served(m: Machine, r: Registration, path: str, view: Value, actions: dict[str, str]) -> Iterator[Registration]:
    there = {verb: action for verb, action in actions.items() if m.program.method(view.ref, action) is not None}
    if there:
        yield _made(m, r, path, view, there)


def _made(m: Machine, r: Registration, path: str, view: Value, actions: dict[str, str] | None) -> Registration:
    given = [Value(kind="dict", items={k: const(v) for k, v in actions.items()})] if actions is not None else []
    module = m.program.by_path.get(r.place.file, "") or next(iter(m.program.modules))
    m.frames.append(Frame(module, None, f"{module}.<module>", line=r.place.line))
    handler = m.call(m.attribute(view, "as_view", State({}), r.place.line), given, {}, State({}), r.place.line)
    m.frames.pop()
    return replace(r, path=const(path if path.strip("/") else ""), handler=handler)


def _slash(router: Value) -> str:
    given = router.item("trailing_slash") or router.item("slash")
    if given is None or not given.is_const:
        return "/"
    return "/" if given.const is True or (isinstance(given.const, str) and "/" in given.const) else ""


def _parent_prefix(router: Value) -> str:
    """The path of one object of the parent router: ``domains/<domain_pk>``."""
    parent, prefix = router.item("parent"), text_of(router.item("prefix"))
    if parent is None:
        return ""
    name = text_of(router.item("lookup")) or "parent"
    return "/".join(part for part in (_parent_prefix(parent), f"{prefix}/<{name}_pk>") if part)


def _lookup(m: Machine, ref: Cls) -> str:
    name = _text(m, ref, "lookup_url_kwarg") or _text(m, ref, "lookup_field") or "pk"
    digits = re.fullmatch(r"\\d\+|\[0-9\]\+", _text(m, ref, "lookup_value_regex"))
    return f"<int:{name}>" if digits else f"<{name}>"


def _text(m: Machine, ref: Cls, name: str) -> str:
    for cls in m.program.mro(ref):
        value = m.class_attrs(cls).get(name) if isinstance(cls, Cls) else None
        if value is not None:
            return value.const if isinstance(value.const, str) else ""
    return ""


def _extra_actions(m: Machine, ref: Cls) -> Iterator[tuple[str, bool, dict[str, str]]]:
    """(path, whether it concerns one object, action by verb) of every method that is marked as an action."""
    seen: set[str] = set()
    for cls in m.program.mro(ref):
        if not isinstance(cls, Cls):
            continue
        for name, index in m.program.cls(cls).methods:
            if name in seen or not m.program.function(Func(cls.module, index)).decorators:
                continue
            value = m.class_attrs(cls).get(name)
            mapping = marked(value, "mapping") if value is not None else None
            if value is None or mapping is None:
                continue
            seen.add(name)
            url = marked(value, "url_path")
            detail = marked(value, "detail")
            path = url.const if url is not None and isinstance(url.const, str) else name
            yield regex_path(path), bool(detail is not None and detail.const), _verbs(mapping, name)


def _verbs(mapping: Value, name: str) -> dict[str, str]:
    listed = mapping.item("methods")
    verbs = {str(v.const).lower(): name for v in sequence(listed) if v.is_const}
    for verb in _VERBS:
        other = mapping.item(verb.upper())
        if other is not None:
            verbs[verb] = other.name
    return verbs
