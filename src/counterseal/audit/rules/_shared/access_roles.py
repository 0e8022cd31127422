"""Why a route should be for some roles only."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.audit.findings import Confidence, Place, Severity
from counterseal.audit.rules._shared.access_models import model_of, owner_path
from counterseal.audit.rules._shared.access_needs import is_shell
from counterseal.audit.rules._shared.access_ownership import unnarrowed_lists
from counterseal.audit.rules._shared.access_routes import (
    changes,
    demanded,
    first_segment,
    handler_name,
    judged,
    model_changed,
    neighbours,
    privileged,
    role_checked,
    role_names,
    role_unjudged,
)
from counterseal.audit.rules._shared.access_schemas import body_schemas, privileged_fields
from counterseal.audit.rules._shared.access_words import ADMIN_WORD, PRIVILEGE_FIELD
from counterseal.audit.surface.flow import Access, Event, Store
from counterseal.audit.surface.matrix import evidence_of
from counterseal.audit.surface.model import Route, Surface
from counterseal.audit.surface.ownership import is_principal
from counterseal.audit.surface.vocabulary import snake
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy

_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a route should be for some roles only."""

    what: str
    gain: str
    severity: Severity
    confidence: Confidence
    model: str = ""
    """The model that is concerned."""
    shown: tuple[tuple[Place, str], ...] = ()
    role: str = ""
    """The role that neighbours ask for."""


def role_reason(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    """Why the route should check a role and does not; ``None`` when it checks one, or needs none."""
    known = surface.derived.setdefault("role reasons", {})
    key = (route.name, route.handler, route.app)
    if isinstance(known, dict):
        if key not in known:
            known[key] = _role_reason(route, surface, policy)
        found = known[key]
        return found if isinstance(found, Reason) else None
    return _role_reason(route, surface, policy)


def _role_reason(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    if role_checked(route, policy) or "sign_in" in route.kinds:
        return None
    if demanded(route, policy, Guarantee.AUTHORIZED):
        wanted = policy.route_rule(route.method, route.path).role or "another role"
        return Reason(
            f"is for {wanted}, says the policy", f"does what only {wanted} may do", Severity.HIGH, Confidence.HIGH, role=wanted
        )
    if is_shell(route) or role_unjudged(route):
        return None
    return (
        _administrative(route, policy)
        or _grants(route, surface, policy)
        or _like_siblings(route, surface, policy)
        or _in_guarded_file(route, surface, policy)
        or _lists_people(route, surface, policy)
    )


def _administrative(route: Route, policy: Policy) -> Reason | None:
    if not ADMIN_WORD.search(route.path) and not ADMIN_WORD.search(handler_name(route)):
        return None
    done = [event for event in changes(route) if not privileged(event.facts, policy)]
    what = "changes" if done else "shows"
    model = model_changed(done[0]) if done else ""
    place = ((done[0].place, "what it does"),) if done else ()
    return Reason(
        f"{what} what belongs to administrators",
        "does what only administrators may do",
        Severity.HIGH,
        Confidence.HIGH,
        model,
        place,
    )


def _grants(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    """Roles and permissions that the request names are written to an account."""
    for event in route.flow.among(Access, Store):
        field = _granted(event, route, surface)
        if field and not privileged(event.facts, policy):
            return Reason(
                f"writes {field} as the request says",
                "gives themselves, or a friend, every right",
                Severity.CRITICAL,
                Confidence.HIGH,
                model_changed(event),
                ((event.place, "where the right is given"),),
            )
    return None


def _granted(event: Event, route: Route, surface: Surface) -> str:
    model = model_changed(event)
    if not model or not is_principal(model_of(model, surface), model):
        return ""
    if isinstance(event, Access) and event.verb == "update":
        return next((name for name, value in event.values if PRIVILEGE_FIELD.match(name) and value.inputs()), "")
    if not isinstance(event, Store) or "new" in event.target.may or not event.value.inputs():
        return ""
    if PRIVILEGE_FIELD.match(event.name):
        return event.name
    if event.name == "*":
        # A loop over the fields of a schema that consists of nothing but whom and which right: giving rights is its purpose.
        for schema in body_schemas(route, surface):
            rights = [name for name in privileged_fields(schema) if PRIVILEGE_FIELD.match(name)]
            if rights and not schema.extra_allowed and len(schema.fields) <= len(rights) + 1:
                return rights[0]
    return ""


def _like_siblings(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    """Other writes on the same records ask for a role."""
    for event in changes(route):
        name = model_changed(event)
        if privileged(event.facts, policy) or not _deliberate(event):
            continue
        model = model_of(name, surface)
        if model is not None and (model.is_principal or owner_path(model, surface, policy)):
            continue
        guarded = [each for each in _writers(name, route, surface) if role_checked(each, policy)]
        if guarded:
            other = guarded[0]
            roles = ", ".join(sorted(role_names(_facts(other)) - {"role"}))
            where = evidence_of(other.flow, "role")
            places = [(event.place, "the change")]
            places += [(Place(each.file, each.line), f"the check that guards {other.name}") for each in where[:1]]
            noun = snake(name).replace("_", " ")
            verb = "deletes" if isinstance(event, Access) and event.verb == "delete" else "changes"
            return Reason(
                f"{verb} {noun} records for any signed-in user, while {other.name} asks for a role",
                f"{verb} any {noun}",
                Severity.HIGH,
                Confidence.HIGH,
                name,
                tuple(places),
                roles,
            )
    return None


def _deliberate(event: Event) -> bool:
    """Whether the change is what the request asks for, not a consequence of something else (stock that an order takes)."""
    if isinstance(event, Access):
        if event.verb == "delete":
            return True
        return any(value.inputs() for _, value in event.values)
    return isinstance(event, Store) and bool(event.value.inputs())


def _writers(model: str, route: Route, surface: Surface) -> list[Route]:
    """The other routes of the same path that change records of the model."""
    known = surface.derived.get("writers")
    if not isinstance(known, dict):
        writers: dict[str, list[Route]] = {}
        for each in judged(surface):
            for name in {model_changed(event) for event in changes(each)}:
                writers.setdefault(name, []).append(each)
        known = surface.derived["writers"] = writers
    first = first_segment(route.path)
    return [each for each in known.get(model, ()) if each is not route and first_segment(each.path) == first]


def _facts(route: Route) -> frozenset[str]:
    points = [event for event in route.flow.returns() if not event.refuses]
    return points[0].facts if points else frozenset()


def _in_guarded_file(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    """Every other route of the file asks for a role."""
    near = [each for each in neighbours(route, surface) if first_segment(each.path) == first_segment(route.path)]
    if len(near) < _ENOUGH or not all(role_checked(each, policy) for each in near):
        return None
    if any("who" in c.value.may for access in route.flow.accesses() for c in access.conditions if access.verb != "get"):
        return None
    return Reason(
        f"serves any signed-in user, while all {len(near)} routes beside it ask for a role",
        "does what only some roles may do",
        Severity.HIGH,
        Confidence.MEDIUM,
    )


def _lists_people(route: Route, surface: Surface, policy: Policy) -> Reason | None:
    for access, model, _, private in unnarrowed_lists(route, surface, policy):
        if model.is_principal and private:
            return Reason(
                f"lists every {snake(model.name).replace('_', ' ')} with {', '.join(private[:3])}",
                "downloads the list of all accounts",
                Severity.HIGH,
                Confidence.MEDIUM,
                model.name,
                ((access.place, "the list"),),
            )
    return None
