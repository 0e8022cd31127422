"""What a route does, as far as its method, its path and its contract tell.

The audit knows more, because it reads the body. What cannot be known is left out: a demand that nobody can explain is switched
off for good by the first person who meets it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterseal.enforce.clauses.auth import Auth
from counterseal.enforce.contract.spec import Spec
from counterseal.enforce.core.adapter import Entry

if TYPE_CHECKING:
    from counterseal.policy import Kind, Policy

_READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "WEBSOCKET"})
_IN = re.compile(r"(^|[-_/\s])(log[-_]?in|sign[-_]?in|authenticate|token|sessions?)([-_/\s]|$)", re.IGNORECASE)
_UP = re.compile(r"(^|[-_/\s])(register|registration|sign[-_]?up|create[-_]?account)([-_/\s]|$)", re.IGNORECASE)
_RESET = re.compile(r"(reset|forgot|recover|lost)[-_/]?.*(pass|pin|pwd|code|account)?", re.IGNORECASE)
_CODE = re.compile(
    r"(^|[-_/\s])(otp|totp|2fa|mfa|pin|verify|verification|one[-_]?time|confirm|activate)([-_/\s]|$)", re.IGNORECASE
)
_ADMIN = re.compile(r"(^|[-_/])(admin|administrator|superuser|internal|management|backoffice|root)([-_/]|$)", re.IGNORECASE)
_ENTRIES = (("sign_in", _IN), ("sign_up", _UP), ("reset", _RESET))
_ID = re.compile(r"{((?:[a-z][a-z0-9_]*_)?(?:id|uuid|guid|pk))(?::(?!path)[a-z]+)?}", re.IGNORECASE)


def is_write(entry: Entry) -> bool:
    """Whether a route of this method may change something."""
    return entry.method not in _READS


def object_parameter(entry: Entry) -> str | None:
    """The path parameter by which a caller chooses an object; ``None``: there is none."""
    found = _ID.findall(entry.path)
    return found[-1] if found else None


def kinds_of(entry: Entry, name: str, contract: Spec | None, policy: Policy) -> frozenset[Kind]:
    """The kinds of a route. Without a contract nobody is known there.

    Args:
        entry: the route.
        name: its function's name, which tells as much as the path does.
        contract: what is on it.
        policy: whose rules may make it privileged.
    """
    from counterseal.policy import Kind

    words = f"{entry.path} {name}"
    writes = is_write(entry)
    found = {Kind.WRITE if writes else Kind.READ}
    known = contract is not None and not contract.is_public
    if writes and not known:
        found |= {
            kind for kind, pattern in ((Kind.SIGN_IN, _IN), (Kind.SIGN_UP, _UP), (Kind.RESET, _RESET)) if pattern.search(words)
        }
    if writes and _CODE.search(words):
        found.add(Kind.ONE_TIME_CODE)
    privileged = _is_privileged(entry, contract, policy)
    if privileged:
        found.add(Kind.PRIVILEGED)
    # Whoever has a privilege for the operation needs not own what it is done to; the public owns nothing.
    if known and not privileged and object_parameter(entry) is not None:
        found.add(Kind.OBJECT)
    return frozenset(found)


def _is_privileged(entry: Entry, contract: Spec | None, policy: Policy) -> bool:
    rule = policy.route_rule(entry.method, entry.path)
    lowest = policy.roles[0].name if policy.roles else None
    asked = [clause for clause in contract.clauses if isinstance(clause, Auth)] if contract is not None else []
    return (
        _ADMIN.search(entry.path) is not None
        or rule.permission is not None
        or (rule.role is not None and rule.role != lowest)
        or any(_above(clause, lowest) for clause in asked)
    )


def _above(clause: Auth, lowest: str | None) -> bool:
    """Whether a clause asks for more than everybody who is known has."""
    return bool(clause.permission or clause.any_of or (clause.role is not None and clause.role != lowest))
