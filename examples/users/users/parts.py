"""What the application is made of. Each part is made once, when it is first asked for; `application` asks for all of them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from counterseal import Principal, Security, open_ledger, open_limits
from counterseal.enforce.identity import (
    AccessTokens,
    BearerTokens,
    OneTimeTokens,
    Passwords,
    RedisStore,
    RefreshTokens,
    Revocations,
    Sessions,
    SqliteStore,
    Store,
)
from counterseal.enforce.identity import Account as Rights
from counterseal.policy import load_policy
from users.database import for_reading, make_engine
from users.models import User
from users.outbox import Outbox
from users.settings import Settings, from_environment

ISSUER = "users-example"
POLICY = Path(__file__).resolve().parent.parent


@cache
def settings() -> Settings:
    """What the environment says."""
    return from_environment(os.environ)


@cache
def engine() -> Engine:
    """The database."""
    return make_engine(settings().database_url)


@cache
def store() -> Store:
    """Where sessions, revocations and tokens are: Redis, or a file beside the SQLite database."""
    url = settings().redis_url
    if url is None:
        return SqliteStore(_beside("sessions"))
    from redis import Redis

    return RedisStore(Redis.from_url(url, socket_timeout=1.0))


@cache
def outbox() -> Outbox:
    """Mail."""
    return Outbox(settings().outbox)


@cache
def passwords() -> Passwords:
    """Argon2id; people who do not exist take as long as those who do."""
    return Passwords()


@cache
def sessions() -> Sessions:
    """Callers with a cookie. Roles are looked up for every request, so that a change or a lock takes effect at once."""
    return Sessions(store(), load=rights, insecure_for_development=settings().development)


@cache
def bearer() -> BearerTokens:
    """Callers with a token."""
    return BearerTokens(
        algorithms=["HS256"], key=settings().token_secret, issuer=ISSUER, audience=ISSUER, token_type="at+jwt", revoked=outdated
    )


@cache
def access() -> AccessTokens:
    """Gives out the tokens that `bearer` accepts."""
    return AccessTokens(algorithm="HS256", key=settings().token_secret, issuer=ISSUER, audience=ISSUER, lifetime=900)


@cache
def refresh() -> RefreshTokens:
    """Tokens to get new access tokens with; each is good once."""
    return RefreshTokens(store(), revoked=revocations())


@cache
def revocations() -> Revocations:
    """Tokens that no longer count, although they have not expired."""
    return Revocations(store())


@cache
def confirmations() -> OneTimeTokens:
    """Mailed to whoever signs up."""
    return OneTimeTokens(store(), "sign-up", lifetime=3600)


@cache
def resets() -> OneTimeTokens:
    """Mailed to whoever has forgotten a password."""
    return OneTimeTokens(store(), "password-reset", lifetime=1800)


@cache
def security() -> Security:
    """How this application recognises callers, counts, records and answers."""
    given = settings()
    return Security(
        identities=[sessions(), bearer()],
        ledger=open_ledger(given.database_url),
        limits=open_limits(given.redis_url or f"sqlite:///{_beside('limits')}"),
        policy=load_policy(POLICY).policy,
        unit_of_work=sessionmaker(engine()).begin,
        record_in_transaction=True,
        environment="development" if given.development else "production",
    )


def rights(user_id: str) -> Rights | None:
    """What somebody may do now; ``None``: the account is locked or gone, and nobody gets in with it."""
    with Session(for_reading(engine())) as session:
        user = session.get(User, UUID(user_id))
        return Rights(roles=[user.role]) if user is not None and user.active else None


def outdated(principal: Principal) -> bool:
    """Whether a token no longer counts: its owner is locked or gone, has another role by now, or had it revoked."""
    now = rights(principal.id)
    return now is None or now.roles != principal.roles or revocations()(principal) is not False


def _beside(name: str) -> Path:
    database = engine().url.database
    return Path(database or "users.db").resolve().with_suffix(f".{name}.db")
