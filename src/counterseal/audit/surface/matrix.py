"""The cells of the matrix: what each route guarantees, with the evidence."""

from __future__ import annotations

import re
from dataclasses import replace

from counterseal.audit.result import RouteKind
from counterseal.audit.surface.contracts import CONTRACT
from counterseal.audit.surface.flow import Access, Branch, Call, Event, Flow, Store
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import object_accesses
from counterseal.audit.surface.traits import ENTRY_KINDS, kinds_of
from counterseal.audit.surface.unjudged import unjudged_guard, unjudged_role
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import snake
from counterseal.guarantees import Cell, Evidence, Guarantee, State
from counterseal.policy import Kind, Policy

_REFUSAL = re.compile(
    r"error|unauthori[sz]ed|denied|forbidden|log ?in|sign ?in|invalid|not allowed|required|expired|missing|wrong|fail|not found",
    re.IGNORECASE,
)
_AUDIT_MODELS = ("audit", "log", "history", "event", "activity", "trail")


def with_cells(route: Route, surface: Surface, policy: Policy) -> Route:
    """The route with its kinds and the state of every guarantee."""
    if route.kind in (RouteKind.GENERATED, RouteKind.STATIC):
        cell = Cell(State.NOT_REQUIRED, (Evidence(route.place.file, route.place.line, "added by the framework"),))
        return replace(route, cells=dict.fromkeys(Guarantee, cell))
    kinds = kinds_of(route, surface.models, policy)
    route = replace(route, kinds=kinds)
    if route.flow.failed:
        return replace(route, cells=undecided(route, "; ".join(route.flow.gave_up)))
    required = policy.required(route.method, route.path, map(Kind, kinds))
    rule = policy.route_rule(route.method, route.path)
    cells: dict[Guarantee, Cell] = {}
    for guarantee, find in _FINDERS.items():
        found = enforced(route, guarantee) or find(route, surface)
        cell = found or Cell(State.NOT_REQUIRED)
        if found is None:
            if guarantee in required:
                cell = Cell(
                    State.MISSING, (Evidence(route.place.file, route.place.line, "required here, and not seen in the code"),)
                )
            else:
                cell = Cell(State.NOT_REQUIRED)
        if cell.state is State.MISSING and guarantee in rule.excuses:
            cell = Cell(State.NOT_REQUIRED, (Evidence(route.place.file, route.place.line, f"policy: {rule.excuses[guarantee]}"),))
        cells[guarantee] = cell
    return replace(route, cells=cells)


def undecided(route: Route, why: str) -> dict[Guarantee, Cell]:
    """The cells of a route whose analysis broke off."""
    return dict.fromkeys(Guarantee, Cell(State.UNKNOWN, (Evidence(route.place.file, route.place.line, why),)))


def reached(flow: Flow, websocket: bool = False) -> list[Event]:
    """The points at which the route has done its work: answers that do not refuse, and changes of data."""
    returns: list[Event] = [r for r in flow.returns() if not r.refuses]
    if websocket:
        work = [e for e in flow.of(Call) if e.name.rpartition(".")[2].startswith(("receive", "iter_", "send"))]
        return list(work) or returns
    return returns


def fact_holds(route: Route, fact: str) -> bool:
    """Whether a fact holds whenever the route has done its work."""
    points = reached(route.flow, route.kind is RouteKind.WEBSOCKET)
    if not points:
        last = route.flow.events[-1] if route.flow.events else None
        return last is not None and fact in last.facts
    lacking = [p for p in points if fact not in p.facts]
    if not lacking:
        return True
    if len(lacking) == len(points):
        return False
    # Some ways out lack it: it still holds when those say no (with whatever status) and nothing was changed without it.
    harmless = all(_says_no(getattr(p, "value", None)) for p in lacking)
    changes = [e for e in route.flow.among(Access, Store) if _changes(e)]
    return harmless and all(fact in c.facts for c in changes)


def _changes(event: Event) -> bool:
    if isinstance(event, Access):
        return event.verb in ("create", "update", "delete")
    return isinstance(event, Store) and event.target.kind == "obj" and any(x.startswith("obj:") for x in event.target.may)


def _says_no(value: Value | None) -> bool:
    """Whether an answer gives nothing away and refuses: a redirect, a page, an error message."""
    if value is None or any(label.startswith(("db:", "obj:")) for label in value.may):
        return False
    if value.kind == "response":
        return value.name in ("redirect", "template") or _says_no(value.item("body"))
    if value.kind == "seq":
        return isinstance(value.items, list) and bool(value.items) and _says_no(value.items[0])
    if value.kind == "dict" and isinstance(value.items, dict):
        return any(_member_says_no(k, v) for k, v in value.items.items())
    return value.is_const and (value.const is None or (isinstance(value.const, str) and bool(_REFUSAL.search(value.const))))


def _member_says_no(key: str, value: object) -> bool:
    if not isinstance(value, Value):
        return False
    if key.lower() in ("error", "errors"):
        return not value.is_const or bool(value.const)
    if key.lower() in ("success", "ok", "authenticated"):
        return value.is_const and value.const is False
    return isinstance(value.const, str) and bool(_REFUSAL.search(value.const))


def evidence_of(flow: Flow, fact: str) -> tuple[Evidence, ...]:
    """Where a fact was established."""
    return tuple(dict.fromkeys(where for name, where in flow.log if name == fact))[:3]


def enforced(route: Route, guarantee: Guarantee) -> Cell | None:
    """The cell of a guarantee that a contract keeps. That one declares a route public does not excuse it: only a policy does."""
    fact = f"{CONTRACT}{guarantee.value}"
    return Cell(State.ENFORCED, evidence_of(route.flow, fact)) if fact_holds(route, fact) else None


def _authenticated(route: Route, surface: Surface) -> Cell | None:
    if fact_holds(route, "auth"):
        return Cell(State.FOUND, evidence_of(route.flow, "auth"))
    for fact in ("opaque-auth", "opaque-guard"):
        # A plug-in or an unknown library decides: whether it checks anything cannot be read here.
        if fact_holds(route, fact):
            return Cell(State.UNKNOWN, evidence_of(route.flow, fact))
    if fact_holds(route, "claimed") or route.kinds & ENTRY_KINDS:
        return None  # forged identities are let in, or there is none yet
    return _unjudged(unjudged_guard(route))


def _authorized(route: Route, surface: Surface) -> Cell | None:
    if fact_holds(route, "role"):
        return Cell(State.FOUND, evidence_of(route.flow, "role"))
    if "privileged" in route.kinds and fact_holds(route, "opaque-guard"):
        return Cell(State.UNKNOWN, evidence_of(route.flow, "opaque-guard"))
    return _unjudged(unjudged_role(route)) if "privileged" in route.kinds else None


def _unjudged(refusal: Event | None) -> Cell | None:
    if refusal is None:
        return None
    why = f"{refusal.function.rpartition('.')[2]} refuses some callers; for what reason could not be judged"
    return Cell(State.UNKNOWN, (Evidence(refusal.place.file, refusal.place.line, why),))


def _owned(route: Route, surface: Surface) -> Cell | None:
    accesses = [a for a in object_accesses(route.flow, surface.models) if a.model is not None and a.model.owner]
    if "object" not in route.kinds:
        return None
    lacking = [a for a in accesses if not a.owned]
    if lacking and fact_holds(route, "opaque-guard"):
        return Cell(State.UNKNOWN, evidence_of(route.flow, "opaque-guard"))
    shown = lacking or accesses
    evidence = tuple(Evidence(a.access.place.file, a.access.place.line, a.why) for a in shown[:4])
    return Cell(State.MISSING if lacking else State.FOUND, evidence)


def _validated(route: Route, surface: Surface) -> Cell | None:
    schemas = [i for i in route.inputs if i.source in ("body", "form") and i.model]
    if schemas:
        return Cell(
            State.FOUND, (Evidence(route.place.file, route.place.line, f"declared as {', '.join(i.type for i in schemas)}"),)
        )
    raw = _raw_body(route.flow)
    if raw is None:
        open_inputs = [i for i in route.inputs if i.source in ("body", "form", "file") or not (i.type or i.bounded)]
        if "write" in route.kinds and not open_inputs:
            return Cell(
                State.NOT_REQUIRED, (Evidence(route.place.file, route.place.line, "takes no body, and its parameters are typed"),)
            )
        return None
    for event in route.flow.among(Call, Branch):
        if isinstance(event, Call) and event.kind == "validate":
            return Cell(State.FOUND, (Evidence(event.place.file, event.place.line, f"{event.name} checks the input"),))
        if isinstance(event, Branch) and event.refused and any(x.startswith(("in:body", "in:form")) for x in event.value.may):
            return Cell(State.FOUND, (Evidence(event.place.file, event.place.line, "checked by hand"),))
    return Cell(State.MISSING, (Evidence(raw.place.file, raw.place.line, "the body is used as it comes"),))


def _raw_body(flow: Flow) -> Event | None:
    for event in flow.among(Store, Call, Access):
        values = (
            [event.value]
            if isinstance(event, Store)
            else list(event.args)
            if isinstance(event, Call)
            else [v for _, v in event.values]
            if isinstance(event, Access)
            else []
        )
        if any(x.startswith(("in:body", "in:form")) for v in values for x in v.may):
            return event
    return None


def _limited(route: Route, surface: Surface) -> Cell | None:
    if fact_holds(route, "limit"):
        return Cell(State.FOUND, evidence_of(route.flow, "limit"))
    for app in surface.applications:
        if app.name == route.app:
            for name, options, place in app.middleware:
                if "default_limits" in options or "application_limits" in options:
                    return Cell(State.FOUND, (Evidence(place.file, place.line, f"{name} limits every route"),))
    return None


def _audited(route: Route, surface: Surface) -> Cell | None:
    for event in route.flow.among(Call, Access):
        if isinstance(event, Call) and event.kind == "audit-log":
            return Cell(State.FOUND, (Evidence(event.place.file, event.place.line, f"{event.name} records it"),))
        if isinstance(event, Call) and event.kind == "log" and any("who" in v.may for v in [*event.args, *event.kwargs.values()]):
            return Cell(State.FOUND, (Evidence(event.place.file, event.place.line, "logged with the caller's identity"),))
        if (
            isinstance(event, Access)
            and event.verb == "create"
            and any(part in _AUDIT_MODELS for part in snake(event.models[0] if event.models else "").split("_"))
        ):
            return Cell(State.FOUND, (Evidence(event.place.file, event.place.line, f"a {event.models[0]} record is written"),))
    return None


def _shaped(route: Route, surface: Surface) -> Cell | None:
    if route.response_model:
        return Cell(
            State.FOUND, (Evidence(route.place.file, route.place.line, f"declared as {route.response_model.rpartition('.')[2]}"),)
        )
    returns = [r for r in route.flow.returns() if not r.refuses]
    if not returns:
        return None
    if all(_explicit(r.value) for r in returns):
        return Cell(
            State.FOUND, (Evidence(returns[0].place.file, returns[0].place.line, "every field of the answer is written out"),)
        )
    worst = next(r for r in returns if not _explicit(r.value))
    return Cell(State.UNKNOWN, (Evidence(worst.place.file, worst.place.line, "the shape of the answer is not declared"),))


def _explicit(value: Value, depth: int = 0) -> bool:
    body = value.item("body") if value.kind == "response" else value
    if body is None or depth > 4:
        return True
    if body.kind == "dict":
        return body.extra != "open" and all(_explicit(v, depth + 1) for v in (body.items or {}).values() if isinstance(v, Value))
    if body.kind == "seq":
        parts = body.items if isinstance(body.items, list) else [body.extra] if isinstance(body.extra, Value) else []
        return all(_explicit(v, depth + 1) for v in parts)
    return body.kind not in ("obj", "row", "result", "query")


def _contained(route: Route, surface: Surface) -> Cell | None:
    return Cell(
        State.UNKNOWN, (Evidence(route.place.file, route.place.line, "this release does not follow data to dangerous sinks"),)
    )


_FINDERS = {
    Guarantee.AUTHENTICATED: _authenticated,
    Guarantee.AUTHORIZED: _authorized,
    Guarantee.OWNED: _owned,
    Guarantee.VALIDATED: _validated,
    Guarantee.LIMITED: _limited,
    Guarantee.AUDITED: _audited,
    Guarantee.SHAPED: _shaped,
    Guarantee.CONTAINED: _contained,
}
