"""SlowAPI: Flask-Limiter for Starlette and FastAPI."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_L = "slowapi.Limiter"
_LIMIT: dict[str, int | str | tuple[int | str, ...]] = {
    "limit": (0, "limit_value"),
    "key": (1, "key_func"),
    "methods": "methods",
    "exempt_when": "exempt_when",
}

LIBRARY = Library(
    name="slowapi",
    calls={
        _L: Api(
            "limiter",
            {
                "key": (0, "key_func"),
                "default_limits": (1, "default_limits"),
                "application_limits": "application_limits",
                "enabled": "enabled",
            },
        ),
        f"{_L}.limit": Api("limit-decorator", _LIMIT, facts=("limit",)),
        f"{_L}.shared_limit": Api("limit-decorator", {**_LIMIT, "scope": (1, "scope"), "key": (2, "key_func")}, facts=("limit",)),
        f"{_L}.exempt": Api("limit-decorator", fixed={"exempt": "yes"}),
        # Believes the first address of X-Forwarded-For, which the caller writes.
        "slowapi.util.get_ipaddr": Api("wait", gives=("in:header:x-forwarded-for",)),
    },
    aliases={"slowapi.extension.Limiter": _L},
)
