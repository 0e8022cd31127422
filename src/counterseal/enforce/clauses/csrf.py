"""`csrf`: a request that a browser sends with a cookie was meant by the application's own pages."""

from __future__ import annotations

from dataclasses import dataclass

from counterseal.enforce.clauses.base import Bound, Clause, Phase, Target
from counterseal.enforce.core.call import Call
from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange
from counterseal.enforce.core.security import Security

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""


@dataclass(frozen=True, slots=True, repr=False)
class Csrf(Clause):
    """See `csrf`."""

    always: bool

    phase = Phase.ORIGIN

    def bind(self, target: Target) -> Bound:
        return Bound(before=self._step)

    def _step(self, call: Call) -> None:
        exchange = call.exchange
        # Within another call the request has been judged already.
        if exchange is None or call.parent is not None:
            return
        if not self.always and (call.principal is None or not call.principal.ambient):
            return
        if exchange.kind == "http" and exchange.method in SAFE:
            return
        if not own_pages(exchange, call.security):
            raise Denied(403, "cross-site", "another site's page may have sent this request", clause=self.describe())

    def describe(self) -> str:
        return "a request with a cookie comes from the application's own pages"


def own_pages(exchange: Exchange, security: Security) -> bool:
    """Whether a browser says that the application's own pages, or those of an allowed origin, sent the request.

    Fetch metadata (``Sec-Fetch-Site``), which pages cannot set, decides; where a browser does not send it, ``Origin`` must name
    the host that was asked. Silence on both refuses: whoever calls with a cookie is a browser, and browsers say one of them.
    Source: OWASP CSRF prevention cheat sheet, "Fetch Metadata headers"; W3C Fetch Metadata.
    """
    origin = exchange.header("origin")
    if origin is not None and origin in security.origins:
        return True
    sites = exchange.headers("sec-fetch-site")
    if sites:
        # "none": the person typed the address; only a navigation can say so.
        return len(sites) == 1 and sites[0] in ("same-origin", "none")
    host = exchange.header("host")
    if origin is None or not host:
        return False
    return origin.partition("://")[2] == host


IMPLIED = Csrf(always=False)
"""Part of every contract: it acts only when the identity is a cookie."""


def csrf() -> Clause:
    """The request comes from the application's own pages, also where no identity is known yet, as in a sign-in form.

    Contracts check this by themselves whenever the caller's identity is a cookie: this clause is for the other cases.
    """
    return Csrf(always=True)
