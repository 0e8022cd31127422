"""Reading credentials from a request, and refusing them."""

from __future__ import annotations

from http import HTTPStatus

from counterseal.enforce.core.denial import Denied
from counterseal.enforce.core.exchange import Exchange


def authorization(exchange: Exchange, scheme: str) -> str | None:
    """What follows ``scheme`` (lower case) in the Authorization header; ``None`` when the header is absent or of another scheme.

    Raises:
        Denied: 401, several such headers: which one counts would differ between a proxy and us.
    """
    values = exchange.headers("authorization")
    if not values:
        return None
    if len(values) > 1:
        if any(_of(value, scheme) is not None for value in values):
            raise refusal("more than one Authorization header", scheme.capitalize())
        return None
    return _of(values[0], scheme)


def _of(value: str, scheme: str) -> str | None:
    size = len(scheme)
    if value[:size].lower() != scheme or value[size : size + 1] not in {" ", ""}:
        return None
    return value[size:].strip(" ")


def refusal(reason: str, challenge: str | None, code: str = "invalid-credentials") -> Denied:
    """The one answer to credentials that do not hold. Callers learn no more than that; ``reason`` is for logs.

    Args:
        reason: what is wrong, without any part of the credential.
        challenge: the value of WWW-Authenticate (RFC 9110 section 11.6.1), if the scheme has one.
        code: the stable word for machines.
    """
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Denied(HTTPStatus.UNAUTHORIZED, code, reason, headers=headers)
