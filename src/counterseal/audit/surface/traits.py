"""What a route does, in the policy's words, read from its flow."""

from __future__ import annotations

import re
from collections.abc import Mapping

from counterseal.audit.surface.flow import Access, Call, Compare, Flow, Store
from counterseal.audit.surface.model import DataModel, Route
from counterseal.audit.surface.ownership import is_principal, object_accesses
from counterseal.audit.surface.values import Value
from counterseal.audit.surface.vocabulary import PASSWORD_LIKE
from counterseal.policy import Policy

ENTRY_KINDS = frozenset({"sign_in", "sign_up", "reset"})
"""Routes for callers who have no identity yet."""
_RESET = re.compile(r"(reset|forgot|recover|lost)[-_/]?.*(pass|pin|pwd|code|account)?", re.IGNORECASE)
_CODE = re.compile(
    r"(^|[-_/\s])(otp|totp|2fa|mfa|pin|verify|verification|one[-_]?time|confirm|activate)([-_/\s]|$)", re.IGNORECASE
)
_CODE_FIELD = re.compile(r"(^|_)(otp|totp|pin|code|verification_code|reset_pin|passcode|one_time.*)($|_)", re.IGNORECASE)
_ADMIN = re.compile(r"(^|[-_/])(admin|administrator|superuser|internal|management|backoffice|root)([-_/]|$)", re.IGNORECASE)
_ISSUES = ("token-encode", "sign-in-session", "session-start", "signer-dump")
_READS = ("get", "list", "count")
_COSTLY = ("mail", "sms", "llm")


def kinds_of(route: Route, models: Mapping[str, DataModel], policy: Policy) -> frozenset[str]:
    """The kinds of a route."""
    flow = route.flow
    kinds: set[str] = {"write" if is_write(route) else "read"}
    checks = checks_password(flow)
    known = bool(_entry_facts(flow) & {"auth", "claimed", "opaque-auth"})
    if checks and not known and issues_identity(flow):
        kinds.add("sign_in")
    if not known and "sign_in" not in kinds and _signs_up(flow, models):
        kinds.add("sign_up")
    words = f"{route.path} {route.handler.rpartition('.')[2]}"
    if not known and _RESET.search(words) and route.method != "GET":
        kinds.add("reset")
    entry = kinds & {"sign_in", "sign_up", "reset"}
    if not entry and any(a.model is not None and a.model.owner for a in object_accesses(flow, models)):
        kinds.add("object")
    if _compares_code(flow) and (_CODE.search(words) or "reset" in kinds):
        kinds.add("one_time_code")
    if any(True for _ in flow.calls(*_COSTLY)):
        kinds.add("costly")
    if _role_checked(route) or _ADMIN.search(route.path) or policy.route_rule(route.method, route.path).role:
        kinds.add("privileged")
    return frozenset(kinds)


def is_write(route: Route) -> bool:
    """Whether the route changes something."""
    if route.method in ("PUT", "PATCH", "DELETE"):
        return True
    if any(True for _ in route.flow.accesses("create", "update", "delete")):
        return True
    return (
        any(e.target.kind == "obj" and any(x.startswith("obj:") for x in e.target.may) for e in route.flow.of(Store))
        or route.method == "POST"
    )


def checks_password(flow: Flow) -> bool:
    """Whether a password that the caller sends is compared with a stored one."""
    for event in flow.among(Call, Compare, Access):
        if isinstance(event, Call) and event.kind == "password-verify":
            return True
        if (
            isinstance(event, Compare)
            and any(_sent_password(v) for v in (event.left, event.right))
            and any(_stored(v) for v in (event.left, event.right))
        ):
            return True
        if (
            isinstance(event, Access)
            and event.verb in _READS
            and any(PASSWORD_LIKE.search(c.column) and c.value.inputs() for c in event.conditions)
        ):
            return True
    return False


def issues_identity(flow: Flow) -> bool:
    """Whether a token or session for the caller is made."""
    for event in flow.among(Call, Store):
        if isinstance(event, Call) and (event.kind in _ISSUES or (event.kind == "set-cookie" and event.roles)):
            return True
        if isinstance(event, Store) and "session" in event.target.may:
            return True
    return False


def _sent_password(v: Value) -> bool:
    return bool(v.inputs()) and (
        bool(PASSWORD_LIKE.search(v.name or ""))
        or any(PASSWORD_LIKE.search(x.rpartition(":")[2]) for x in v.inputs())
        or "hash:fast" in v.may
    )


def _stored(v: Value) -> bool:
    return any(x.startswith("db:") for x in v.may)


def _signs_up(flow: Flow, models: Mapping[str, DataModel]) -> bool:
    """Whether a user is created from what the caller sends."""
    for access in flow.accesses("create"):
        if access.models and is_principal(models.get(access.models[0]), access.models[0]):
            sent = [x for _, v in access.values for x in v.may]
            stores = [e for e in flow.of(Store) if access.label in e.target.may]
            sent += [x for e in stores for x in e.value.may]
            if any(x.startswith(("in:body", "in:form", "in:query")) for x in sent):
                return True
    return False


def _compares_code(flow: Flow) -> bool:
    for event in flow.among(Call, Compare, Access):
        if isinstance(event, Compare) and any(_CODE_FIELD.search(v.name or "") and _stored(v) for v in (event.left, event.right)):
            return True
        if isinstance(event, Access) and any(_CODE_FIELD.search(c.column) and c.value.inputs() for c in event.conditions):
            return True
        if (
            isinstance(event, Call)
            and event.kind in ("password-verify", "compare-digest")
            and any(_CODE_FIELD.search(v.name or "") for v in event.args)
        ):
            return True
    return False


def _entry_facts(flow: Flow) -> frozenset[str]:
    """Facts that hold throughout the handler's own code, whichever branch is taken."""
    own = [event.facts for event in flow.events if event.function == flow.function]
    return frozenset.intersection(*own) if own else frozenset()


def _role_checked(route: Route) -> bool:
    return any("role" in r.facts for r in route.flow.returns() if not r.refuses)
