"""Cookies that say who somebody is."""

from __future__ import annotations

import re

from counterseal.audit.rules.usage import Use

_IDENTITY = re.compile(
    r"(^|[_.-])(sid|sess|session\w*|token|jwt|auth\w*|access|refresh|remember\w*|login|user|uid|user_?id|identity|bearer|sso|credentials?)([_.-]|$)",
    re.IGNORECASE,
)
_FOR_SCRIPTS = re.compile(r"csrf|xsrf|theme|lang|locale|consent|flash", re.IGNORECASE)
_PROOFS = ("random:strong", "random:weak", "who", "signed")


def cookie_name(use: Use) -> str:
    """The name of a cookie, empty when it is not a constant."""
    key = use.value("key")
    return key if isinstance(key, str) else ""


def is_identity(use: Use) -> bool:
    """Whether a cookie that is set says who somebody is: by its name, or because its value is a token."""
    name = cookie_name(use)
    if _FOR_SCRIPTS.search(name):
        return False
    value = use.roles.get("value")
    if value is not None and value.is_const:
        return False  # what everyone knows says nothing about anyone; an empty value deletes the cookie
    if use.value("max_age") == 0 or use.value("expires") == 0:
        return False
    if name and _IDENTITY.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)):
        return True
    return not name and value is not None and any(label in value.may for label in _PROOFS)
