"""Flask-Talisman: security headers and HTTPS."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_OPTIONS: dict[str, int | str | tuple[int | str, ...]] = {
    "app": (0, "app"),
    "force_https": "force_https",
    "csp": "content_security_policy",
    "secure": "session_cookie_secure",
    "httponly": "session_cookie_http_only",
    "samesite": "session_cookie_samesite",
    "hsts": "strict_transport_security",
}

LIBRARY = Library(
    name="flask_talisman",
    calls={
        "flask_talisman.Talisman": Api("security-headers", _OPTIONS),
        "flask_talisman.Talisman.init_app": Api("security-headers", _OPTIONS),
    },
    aliases={"flask_talisman.talisman.Talisman": "flask_talisman.Talisman"},
)
