"""Flask-Limiter."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_L = "flask_limiter.Limiter"
_LIMIT: dict[str, int | str | tuple[int | str, ...]] = {
    "limit": (0, "limit_value"),
    "key": (1, "key_func"),
    "methods": "methods",
    "exempt_when": "exempt_when",
    "deduct_when": "deduct_when",
}

LIBRARY = Library(
    name="flask_limiter",
    calls={
        # The first argument was the application before version 3, and is the key function since.
        _L: Api(
            "limiter",
            {
                "app": ("app", 0),
                "key": ("key_func", 0, 1),
                "default_limits": "default_limits",
                "application_limits": "application_limits",
                "enabled": "enabled",
            },
        ),
        f"{_L}.init_app": Api("middleware", {"app": (0, "app")}, fixed={"attach": "yes"}),
        f"{_L}.limit": Api("limit-decorator", _LIMIT, facts=("limit",)),
        f"{_L}.shared_limit": Api("limit-decorator", {**_LIMIT, "scope": (1, "scope")}, facts=("limit",)),
        f"{_L}.exempt": Api("limit-decorator", fixed={"exempt": "yes"}),
        f"{_L}.check": Api("limit-hit", facts=("limit",)),
        f"{_L}.request_filter": Api("hook", fixed={"when": "limit-exempt"}),
    },
    aliases={
        "flask_limiter.extension.Limiter": _L,
        "flask_limiter._extension.Limiter": _L,
        "flask_limiter.util.get_ipaddr": "slowapi.util.get_ipaddr",
    },
)
