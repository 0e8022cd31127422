"""Business layer: what has to be true of accounts, whoever asks and however."""

from __future__ import annotations

from counterseal import Call, auth, contract, invariant, rule
from users import parts, repository
from users.models import User


def _another(call: Call) -> bool:
    return str(call.arguments["user"].id) != call.caller.id


def _count(call: Call) -> int:
    return repository.administrators()


def _remains(call: Call, before: int) -> bool:
    return before == 0 or repository.administrators() > 0


def _unlike_owner(call: Call) -> bool:
    user, password = call.arguments["user"], call.arguments["password"].lower()
    return password not in {user.email, user.name.lower()}


ANOTHER = rule("nobody does this to their own account", _another, status=409)
REMAINS = invariant("an administrator remains", _remains, keep=_count)


@contract(requires=[auth(permission="accounts:enter")], layer="business")
def recognise(email: str, password: str) -> User | None:
    """The account of whoever knows its password. Takes as long when there is none.

    The account is locked once the password is right, and looked at again: a password that is changed meanwhile, and ends all
    sessions, does not miss the one that begins here.
    """
    user = repository.by_email(email)
    stored = None if user is None else user.password_hash
    verdict = parts.passwords().verify(password, stored)
    if user is None or not verdict or not user.active:
        return None
    user = repository.lock(user)
    if user.password_hash != stored or not user.active:
        return None
    if verdict.new_hash is not None:
        repository.change(user, {"password_hash": verdict.new_hash})
    return user


@contract(requires=[auth(), rule("a password is not its owner's name or address", _unlike_owner, status=422)], layer="business")
def set_password(user: User, password: str, call: Call) -> None:
    """Give an account another password. Everything that was signed in with the old one ends, but for the caller's own session."""
    owner, here = str(user.id), call.caller.session
    repository.change(user, {"password_hash": parts.passwords().hash(password)})
    # Before the change is committed: if one of these fails, nothing has changed.
    parts.sessions().revoke_all(owner, except_session=here)
    parts.revocations().revoke_principal(owner, except_session=here)
    parts.resets().revoke_all(owner)


@contract(requires=[auth("admin"), ANOTHER], invariants=[REMAINS], layer="business")
def set_role(user: User, role: str) -> User:
    """Make somebody an administrator, or a user again."""
    return repository.change(user, {"role": role})


@contract(requires=[auth("admin"), ANOTHER], invariants=[REMAINS], layer="business")
def deactivate(user: User) -> User:
    """Lock an account. Its sessions and tokens end with it."""
    return repository.change(user, {"active": False})


@contract(requires=[auth("admin"), ANOTHER], invariants=[REMAINS], layer="business")
def delete(user: User) -> None:
    """Delete an account, and everything by which somebody could come back as its owner."""
    owner = str(user.id)
    repository.remove(user)
    parts.sessions().revoke_all(owner)
    parts.refresh().revoke_all(owner)
    parts.resets().revoke_all(owner)
