"""The line to add: what an endpoint without a contract, or with too little of one, has to say."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.security import Security
from counterseal.enforce.sealing.kinds import kinds_of, object_parameter
from counterseal.enforce.sealing.place import Found
from counterseal.guarantees import Guarantee

if TYPE_CHECKING:
    from counterseal.policy import Policy

_WORD = re.compile(r"[^a-z0-9]+")


def whole(entry: Entry, found: Found, security: Security | None) -> str:
    """The contract for an endpoint that has none: what the policy asks for; without one, that the caller is known."""
    policy = None if security is None else security.policy
    ensures: list[str] = []
    if policy is None:
        requires = [_auth(security, None)]
    else:
        requires, ensures = _asked(entry, found, security, policy)
    parts = [f"requires=[{', '.join(requires)}]"] if requires else []
    parts += [f"ensures=[{', '.join(ensures)}]"] if ensures else []
    return f"@contract({', '.join(parts)})  # directly above '{found.head}' {found.where}".rstrip()


def _asked(entry: Entry, found: Found, security: Security | None, policy: Policy) -> tuple[list[str], list[str]]:
    kinds = kinds_of(entry, found.name, None, policy)
    rule = policy.route_rule(entry.method, entry.path)
    entries = {"sign_in", "sign_up", "reset"} & {kind.value for kind in kinds}
    owed = set(policy.required(entry.method, entry.path, kinds))
    if rule.public or (entries and Guarantee.AUTHENTICATED not in owed):
        reason = rule.public or "who signs in, signs up or recovers an account has no identity yet"
        requires = [f'public(reason="{reason}")']
    else:
        requires = [_auth(security, rule.role)]
        if object_parameter(entry) and rule.role is None and Guarantee.OWNED not in rule.excuses:
            owed.add(Guarantee.OWNED)
    order = (Guarantee.VALIDATED, Guarantee.OWNED, Guarantee.LIMITED)
    requires += [clause(item, entry, found, policy) for item in order if item in owed]
    ensures = [clause(item, entry, found, policy) for item in (Guarantee.AUDITED, Guarantee.SHAPED) if item in owed]
    return requires, ensures


def clauses(missing: Collection[Guarantee], entry: Entry, found: Found, security: Security) -> str:
    """The clauses that a contract lacks, and where they go."""
    written = ", ".join(_lacking(missing, entry, found, security))
    return f"add {written} to the contract of '{found.head}' {found.where}".rstrip()


def _lacking(missing: Collection[Guarantee], entry: Entry, found: Found, security: Security) -> Iterator[str]:
    for item in Guarantee:
        if item not in missing:
            continue
        if item is Guarantee.AUTHENTICATED and Guarantee.AUTHORIZED in missing:
            continue
        if security.policy is not None:
            yield _auth(security, None) if item is Guarantee.AUTHENTICATED else clause(item, entry, found, security.policy)


def clause(item: Guarantee, entry: Entry, found: Found, policy: Policy) -> str:
    """The clause that gives a guarantee on an endpoint, with the names that are to be seen there."""
    rule = policy.route_rule(entry.method, entry.path)
    plain = _WORD.sub("_", found.name.rpartition(".")[2].lower()).strip("_")
    if item is Guarantee.VALIDATED:
        return f"validates({_model(found, entry) or 'Model'})"
    if item is Guarantee.OWNED:
        parameter = object_parameter(entry) or "id"
        return f'owns({_resource(entry, parameter, policy)}, "{parameter}")'
    if item is Guarantee.LIMITED:
        per = "" if Guarantee.AUTHENTICATED in policy.required(entry.method, entry.path, ()) else ', per="client"'
        return f'rate_limit("{plain}", "{rule.limit or "5/minute"}"{per})'
    if item is Guarantee.AUDITED:
        return f'audit_log("{plain}")'
    if item is Guarantee.SHAPED:
        return "returns(Model)"
    role = rule.role or (policy.roles[-1].name if policy.roles else "admin")
    return f'auth(permission="{rule.permission}")' if rule.permission and not rule.role else f'auth("{role}")'


def _auth(security: Security | None, role: str | None) -> str:
    lowest = security.roles[0] if security is not None and security.roles else None
    named = role or lowest
    return f'auth("{named}")' if named else "auth()"


def _model(found: Found, entry: Entry) -> str | None:
    """The name of the model that the endpoint takes, where it takes one."""
    function = found.guard.body if found.guard is not None else entry.endpoint
    known = getattr(function, "__globals__", {})
    for hint in getattr(function, "__annotations__", {}).values():
        # With postponed evaluation an annotation is a text, most often a plain name.
        kind = known.get(hint) if isinstance(hint, str) else hint
        if isinstance(kind, type) and hasattr(kind, "model_fields"):
            return kind.__name__
    return None


def _resource(entry: Entry, parameter: str, policy: Policy) -> str:
    """The class of the object: the policy's word for it, or what the path calls it."""
    before = entry.path.split(f"{{{parameter}")[0].rstrip("/").rpartition("/")[2]
    word = parameter.rpartition("_")[0] or before.removesuffix("s")
    named = "".join(part.capitalize() for part in _WORD.split(word.lower()) if part) or "Model"
    known = policy.resource_for(named)
    return known[1].model.rpartition(".")[2] if known is not None else named
