"""Counterseal's own contracts: promises that are kept at run time."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library


def _clause(clause: str, /, **roles: int | str | tuple[int | str, ...]) -> Api:
    return Api("contract-clause", roles, fixed={"clause": clause}, returns=f"counterseal.{clause}")


_IDENTITY = "counterseal.enforce.identity"
_FRESH = Api("random-strong", gives=("random:strong",))
_HASH = Api("password-hash", {"password": (0, "password")}, gives=("hash:password",), fixed={"scheme": "argon2"})
_VERIFY = Api("password-verify", {"password": (0, "password"), "hash": (1, "stored")}, true=("password",))

LIBRARY = Library(
    name="counterseal",
    calls={
        "counterseal.contract": Api("contract"),
        "counterseal.auth": _clause("auth", role=(0, "role"), permission="permission", any_of="any_of"),
        "counterseal.public": _clause("public", reason=(0, "reason")),
        "counterseal.validates": _clause("validates", what=(0, "model"), source="source", into="into"),
        "counterseal.owns": _clause("owns", what=(0, "what"), into="into"),
        "counterseal.scoped": _clause("scoped", what=(0, "what"), into=(1, "into")),
        "counterseal.rate_limit": _clause("rate_limit", name=(0, "name"), limit_value=(1, "rate"), key="per"),
        "counterseal.audit_log": _clause("audit_log", action=(0, "action")),
        "counterseal.returns": _clause("returns", what=(0, "model")),
        "counterseal.csrf": _clause("csrf"),
        "counterseal.rule": _clause("rule"),
        "counterseal.invariant": _clause("invariant"),
        "counterseal.retry": _clause("retry"),
        # What identities hand out is new each time; passwords are verified in the same time for people who do not exist.
        f"{_IDENTITY}.Passwords.hash": _HASH,
        f"{_IDENTITY}.Passwords.hash.aio": _HASH,
        f"{_IDENTITY}.Passwords.verify": _VERIFY,
        f"{_IDENTITY}.Passwords.verify.aio": _VERIFY,
        **{
            f"{_IDENTITY}.{name}{form}": _FRESH
            for name in ("AccessTokens.issue", "RefreshTokens.issue", "OneTimeTokens.issue", "ApiKeys.issue", "Sessions.sign_in")
            for form in ("", ".aio")
        },
    },
    aliases={
        "counterseal.enforce.api.contract": "counterseal.contract",
    },
)
"""A contract holds because `counterseal.seal` refuses to start without it, and because the bare function does not run."""
