"""The words by which programs name security matters. Names are hints, never proof.

Each is used only together with where a value comes from.
"""

from __future__ import annotations

import re
from functools import lru_cache

ROLE = re.compile(
    r"(^|_)(is_?)?(admin|administrator|superuser|super_user|staff|moderator|manager|editor|roles?|role_?names?|role_?id|permissions?|perms?|privileges?|scopes?|"
    r"groups?|access_?level|user_?type|account_?type|user_?role|is_owner|authority|authorities|capabilities|rights|rank)($|_)",
    re.IGNORECASE,
)
ROLE_CALL = re.compile(
    r"^(has|check|require|can|is|verify|get)_?(any_|all_)?(admin|role|roles|perm|perms|permission|permissions|scope|scopes|access|superuser|staff|allowed|owner)?$",
    re.IGNORECASE,
)
IDENTITY_KEY = re.compile(
    r"(^|_)(user|uid|userid|account|login|logged|loggedin|auth|authenticated|email|admin|role|member|identity|sub|principal|username|token|customer|person|employee|profile|id)($|_)",
    re.IGNORECASE,
)
IDENTIFIER_COLUMN = re.compile(
    r"^(id|pk|_?id|.*_id|uid|user|username|user_name|login|email|e_?mail|mail|name|phone.*|role|is_.*|status|type|tenant.*|org.*)$",
    re.IGNORECASE,
)
SECRET_COLUMN = re.compile(r"(token|api_?key|key|secret|session|sid|hash|digest|code|otp|nonce|jti|uuid|guid)", re.IGNORECASE)
PASSWORD = re.compile(r"(^|_)(pass(word|wd|phrase)?|pwd|pin|passcode)(\d|$|_)", re.IGNORECASE)
PASSWORD_LIKE = re.compile(r"pass(word|wd|phrase|code)|(^|_)(pwd|pin|passwd|pw)($|_)", re.IGNORECASE)
SECRET_NAME = re.compile(
    r"(secret|passw|pwd|api_?key|apikey|access_?key|private_?key|signing_?key|encryption_?key|jwt_?key|auth_?key|token|credential|client_?secret|hmac|salt|pepper)",
    re.IGNORECASE,
)
PRINCIPAL_MODEL = re.compile(
    r"^(.*_)?(auth_?)?(users?|accounts?|members?|customers?|people|persons?|principals?|employees?|admins?|clients?|patients?|authors?|profiles?)$",
    re.IGNORECASE,
)
OWNER_FIELD = re.compile(
    r"^(owner|user|author|creator|created_by|customer|account|member|uploader|uploaded_by|sender|requester|employee|patient|client|buyer|seller|author_user|posted_by|"
    r"assignee|tenant|organi[sz]ation|org|team|company|workspace|merchant|username|user_name|owner_name)(_?(id|uuid|pk|username|user_id|email))?$",
    re.IGNORECASE,
)
ORDINARY_ROLE = re.compile(
    r"^(users?|customers?|members?|clients?|patients?|students?|buyers?|guests?|basic|subscribers?|normal|regular|default|authenticated|is_active|active)$",
    re.IGNORECASE,
)
GUARD_NAME = re.compile(
    r"auth|login|logged|signed_?in|jwt|token|session|protect|require|permission|role|admin|allow|restrict|secure|guard",
    re.IGNORECASE,
)
"""Names of decorators that decide who may call."""
NOT_PRODUCTION = re.compile(r"^(dev|develop|development|local|localhost|test|testing|debug)$", re.IGNORECASE)
TOKEN_NAME = re.compile(
    r"(token|secret|nonce|otp|code|pin|key|session|sid|csrf|salt|password|passwd|reset|verification|invite|activation|voucher|coupon|cvv|card)",
    re.IGNORECASE,
)


@lru_cache(maxsize=100_000)
def snake(name: str) -> str:
    """``UserAccount`` -> ``user_account``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
