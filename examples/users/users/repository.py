"""Data layer: how accounts are found and kept. Nothing here answers unless somebody is established as the caller.

The session is the unit of work's. Contracts hand it over, so that whatever a request does is done in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counterseal import Call, Principal, auth, contract, rule
from users.models import User

ENTRANCE = Principal(id="entrance", permissions=frozenset({"accounts:enter"}), scheme="program")
"""Acts while nobody is known yet: when people sign up, sign in, or have forgotten a password."""
_FIXED = {"id", "email"}


def _fixed(call: Call) -> bool:
    return _FIXED.isdisjoint(call.arguments["changes"])


@contract(requires=[auth(permission="accounts:enter")], layer="data")
def by_email(email: str, session: Session) -> User | None:
    """The account of an address."""
    return session.scalars(select(User).where(User.email == email)).one_or_none()


@contract(requires=[auth(permission="accounts:enter")], layer="data")
def by_id(user_id: str, session: Session) -> User | None:
    """The account of an id; it stays as it is until the transaction ends."""
    return session.get(User, UUID(user_id), with_for_update=True)


@contract(requires=[auth(permission="accounts:enter")], layer="data")
def lock(user: User, session: Session) -> User:
    """The account as it is now; it stays so until the transaction ends."""
    session.refresh(user, with_for_update=True)
    return user


@contract(requires=[auth(permission="accounts:enter")], layer="data")
def add(email: str, name: str, password_hash: str, session: Session) -> User | None:
    """A new account, which is nobody's but a user's; ``None``: the address has one."""
    user = User(email=email, name=name, password_hash=password_hash)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        return None
    return user


@contract(requires=[auth(), rule("an account's id and address stay", _fixed)], layer="data")
def change(user: User, changes: Mapping[str, object], session: Session) -> User:
    """Write some fields of an account."""
    for name, value in changes.items():
        setattr(user, name, value)
    session.flush()
    return user


@contract(requires=[auth("admin")], layer="data")
def remove(user: User, session: Session) -> None:
    """Delete an account."""
    session.delete(user)
    session.flush()


@contract(requires=[auth("admin")], layer="data")
def page(after: UUID | None, limit: int, session: Session) -> Sequence[User]:
    """Accounts in the order of their ids."""
    query = select(User).order_by(User.id).limit(limit)
    return session.scalars(query if after is None else query.where(User.id > after)).all()


@contract(requires=[auth("admin")], layer="data")
def administrators(session: Session) -> int:
    """How many can administer. They stay so until the transaction ends: two who demote each other wait for one another."""
    query = select(User.id).where(User.role == "admin", User.active).with_for_update()
    return len(session.scalars(query).all())
