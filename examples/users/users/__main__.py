"""The commands: start the server, and make the first administrator."""

from __future__ import annotations

import argparse
import os
import secrets

from counterseal import Call, Denied, Principal, acting_as, audit_log, auth, contract
from users import actions, parts, repository
from users.repository import ENTRANCE

OPERATOR = Principal(id="operator", roles=frozenset({"admin"}), scheme="command")
"""Whoever may run commands on the server's own machine."""


@contract(auth("admin"), audit_log("role_change", privileged=True), layer="presentation")
def make_administrator(email: str, call: Call) -> None:
    """Make somebody an administrator."""
    with acting_as(ENTRANCE):
        user = repository.by_email(email)
    if user is None:
        raise Denied(404, "not-found", "there is no such account")
    call.details["user"] = str(user.id)
    actions.change_role(user, "admin")


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m users")
    parser.add_argument("--development", action="store_true", help="plain http, explained denials, a secret that ends with it")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--make-admin", metavar="EMAIL", help="make somebody an administrator, and end")
    given = parser.parse_args()
    if given.development:
        os.environ["USERS_DEVELOPMENT"] = "1"
        os.environ["TOKEN_SECRET"] = secrets.token_urlsafe(48)
    if given.make_admin:
        with acting_as(OPERATOR, parts.security()):
            make_administrator(given.make_admin)
        return
    import uvicorn

    # The address that a connection comes from, and no header, says who the client is: see trusted_proxies.
    uvicorn.run("users.application:application", factory=True, host="127.0.0.1", port=given.port, proxy_headers=False)


if __name__ == "__main__":
    main()
