"""The session cookie's header (RFC 6265bis; ASVS v5.0.0-3.3.1 to 3.3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from counterseal.enforce.core.errors import ConfigurationError

HOST_PREFIX = "__Host-"
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SAME_SITE = ("strict", "lax", "none")


@dataclass(frozen=True, slots=True)
class CookieRules:
    """How the cookie is set. With the prefix ``__Host-`` browsers take it from this host over TLS only: no subdomain can
    plant another.
    """

    name: str
    same_site: str
    secure: bool

    def header(self, value: str, max_age: int) -> str:
        """The value of ``Set-Cookie``; ``max_age`` in seconds."""
        secure = "; Secure" if self.secure else ""
        return f"{self.name}={value}; Path=/; Max-Age={max_age}; HttpOnly{secure}; SameSite={self.same_site.capitalize()}"

    def removal(self) -> str:
        """The value of ``Set-Cookie`` that takes the cookie away."""
        return self.header("", 0)


def cookie_rules(name: str, same_site: str, *, insecure: bool) -> CookieRules:
    """Check how a cookie is to be set.

    Raises:
        ConfigurationError: others could plant, read or send it.
    """
    same_site = same_site.lower()
    if not _TOKEN.fullmatch(name):
        raise ConfigurationError("the cookie's name is not a token (RFC 6265 section 4.1.1)")
    if same_site not in _SAME_SITE:
        raise ConfigurationError("same_site is none of strict, lax, none")
    if insecure:
        if same_site == "none":
            raise ConfigurationError("browsers refuse SameSite=None without Secure")
        return CookieRules(name.removeprefix(HOST_PREFIX), same_site, secure=False)
    if not name.startswith(HOST_PREFIX):
        raise ConfigurationError(
            f"the cookie {name!r} can be planted by any subdomain", f'Call it "{HOST_PREFIX}{name}"; it needs https.'
        )
    return CookieRules(name, same_site, secure=True)
