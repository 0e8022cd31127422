"""Frameworks in which application, routers, controllers and handlers are layers: each may bring guards, dependencies and options.

A request meets them from the outermost to the innermost; what a layer says about a name replaces what an outer one says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from counterseal.audit.facts.python import ir
from counterseal.audit.surface.core import Registration
from counterseal.audit.surface.hooks import incoming_request, run_hooks
from counterseal.audit.surface.inject import Machine, Request
from counterseal.audit.surface.library_call import is_true
from counterseal.audit.surface.listed import sequence
from counterseal.audit.surface.program import Cls
from counterseal.audit.surface.router import Mounted
from counterseal.audit.surface.state import State
from counterseal.audit.surface.values import COMPLETE, UNKNOWN, Value, const, replace

_EXCLUDE = ("exclude", "exclude_path_pattern")
_OPT_KEY = ("exclude_opt_key", "exclude_from_auth_key")
_NESTED = re.compile(r"[*+}]\)*[*+{]|\([^)]*[*+][^)]*\)[*+{]")
"""Patterns that take exponential time on some texts: those of somebody else's code are not run."""
_LONGEST_PATTERN = 300
_PARAM = re.compile(r"\{\w+(?::(\w+))?\}")
_SAMPLES = {"int": "1", "float": "1.5", "uuid": "00000000-0000-0000-0000-000000000000"}
_DECIDED = ("auth", "claimed", "role", "limit", "csrf")


def run_layered(
    m: Machine, mounted: Mounted, path: str, handler: Value, holder: Value | None, st: State, request: Request
) -> None:
    """Everything that a request meets, in order: middleware, guards, the hook before the handler, dependencies, the handler."""
    line = mounted.registration.place.line
    layers = (*mounted.layers, mounted.registration.options)
    for hook in mounted.hooks:
        st = _run_unless_excluded(m, hook, layers, path, st, request)
        if st.dead:
            return
    st = _run_guards(m, layers, st, line)
    if st.dead:
        return
    request.named = _dependencies(layers)
    request.sources = _reserved(mounted.registration.options)
    target = (
        replace(handler, items=holder, site=handler.site or str(handler.ref)) if holder and handler.kind == "func" else handler
    )
    m.inject(target, request, st, line)


def _run_guards(m: Machine, layers: Sequence[Mapping[str, Value]], st: State, line: int) -> State:
    connection = incoming_request()
    about = Value(kind="inst", items={"opt": Value(kind="dict", items=_options(layers), extra=COMPLETE)}, name="route_handler")
    for guard in (guard for layer in layers for guard in sequence(layer.get("guards"))):
        if guard.kind in ("unknown", "ext", "member-of"):
            m.establish(
                st, frozenset({"opaque-guard"}), line, f"{guard.name or 'a guard'} stands before it; what it checks is not known"
            )
            continue
        m.call(guard, [connection, about], {}, st, line)
        if st.dead:
            return st
    before = next((layer["before_request"] for layer in reversed(layers) if "before_request" in layer), None)
    if before is not None and before.kind == "func":
        given = m.parameters(before.ref, [connection], {}, st)
        m.enter_function(before, given, st, line, select=lambda v: v.is_const and v.const is None)
    return st


def _run_unless_excluded(
    m: Machine, hook: Registration, layers: Sequence[Mapping[str, Value]], path: str, st: State, request: Request
) -> State:
    skipped = _excluded(m, hook, layers, path, request.method)
    if skipped:
        return st
    before = st.facts
    after = run_hooks(m, (hook,), st, request)
    if skipped is None and not after.dead:
        decided = {fact for fact in after.facts - before if fact.partition(":")[0] in _DECIDED}
        if decided:
            after.facts -= decided
            why = "whether this route is excluded from it could not be decided"
            m.establish(after, frozenset({"opaque-guard"}), hook.place.line, why)
    return after


def _excluded(m: Machine, hook: Registration, layers: Sequence[Mapping[str, Value]], path: str, method: str) -> bool | None:
    """Whether a middleware leaves a route out; ``None``: that cannot be decided."""
    given, key = _settings(m, hook)
    opted = _options(layers).get(key) if key else None
    if is_true(opted):
        return True
    methods = given.get("exclude_http_methods")
    if any(v.const == method for v in sequence(methods)):
        return True
    patterns = next((given[name] for name in _EXCLUDE if name in given), None)
    if patterns is None or (patterns.is_const and not patterns.const):
        return None if opted is not None and not opted.is_const else False
    listed = sequence(patterns) or (patterns,)
    texts = [v.const for v in listed if isinstance(v.const, str)]
    if any(_matches(text, path) for text in texts):
        return True
    decided = len(texts) == len(listed) and all(_matches(text, path) is not None for text in texts)
    return False if decided else None


def _settings(m: Machine, hook: Registration) -> tuple[Mapping[str, Value], str]:
    """The options of a middleware, and the option of a route that leaves it out."""
    target = hook.handler or UNKNOWN
    given: dict[str, Value] = {}
    name = str(target.ref) if target.kind == "ext" else hook.name
    if target.kind == "cls" and isinstance(target.ref, Cls):
        for cls in reversed([c for c in m.program.mro(target.ref) if isinstance(c, Cls)]):
            given.update(m.class_attrs(cls))
        name = next((base for base in m.program.external_bases(target.ref) if m.know.api(base)), name)
        given.update(_handed_to_base(m, target.ref))
    elif isinstance(target.extra, Value) and isinstance(target.extra.items, dict):
        given.update({k: v for k, v in target.extra.items.items() if isinstance(v, Value)})
    given.update(hook.options)
    api = m.know.api(name)
    chosen = next((given[key].const for key in _OPT_KEY if key in given and given[key].is_const), None)
    return given, str(chosen or (api.fixed.get("opt", "") if api is not None else ""))


def _handed_to_base(m: Machine, ref: Cls) -> dict[str, Value]:
    """Options that a class hands to its base class when it is made (``super().__init__(app, exclude=...)``)."""
    init = m.program.method(ref, "__init__")
    statements = m.program.body(init) if init is not None else ()
    calls = [s[2] for s in statements if s[0] == ir.EXPR and s[2][0] == ir.CALL and s[2][2][0] == ir.ATTR]
    return {
        key: m.in_module(ref.module, lambda node=value: m.evaluate(node, State({})))  # type: ignore[misc]
        for call in calls
        if call[2][3] == "__init__"
        for key, value in call[4]
        if key in (*_EXCLUDE, *_OPT_KEY, "exclude_http_methods")
    }


def _matches(pattern: str, path: str) -> bool | None:
    """Whether a pattern is found in a path; ``None`` where it cannot be tried."""
    if len(pattern) > _LONGEST_PATTERN or _NESTED.search(pattern):
        return None
    try:
        return re.search(pattern, _PARAM.sub(lambda found: _SAMPLES.get(found.group(1) or "", "sample"), path)) is not None
    except re.error:
        return None


def _options(layers: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """What the layers say about a route in words of their own."""
    out: dict[str, Value] = {}
    for layer in layers:
        given = layer.get("opt")
        if given is not None and isinstance(given.items, dict):
            out.update({k: v for k, v in given.items.items() if isinstance(v, Value)})
        out.update({name[4:]: value for name, value in layer.items() if name.startswith("opt:")})
    return out


def _dependencies(layers: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    out: dict[str, Value] = {}
    for layer in layers:
        given = layer.get("dependencies")
        if given is not None and isinstance(given.items, dict):
            for name, provider in given.items.items():
                if isinstance(provider, Value):
                    out[name] = provider if provider.kind == "depends" else Value(kind="depends", extra=provider, items={})
    return out


def _reserved(options: Mapping[str, Value]) -> dict[str, str]:
    """Parameters whose name says which part of the request they are."""
    words = str(options.get("fixed:reserved", const("")).const).split()
    return dict(word.split(":", 1) for word in words)
