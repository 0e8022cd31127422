"""Action layer: what can be done, whether a request asks for it or a command. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from counterseal import Call, Denied, Principal, acting_as, auth, contract, public, rule, validates
from users import parts, repository, services
from users.models import User
from users.repository import ENTRANCE
from users.schemas import PageOf, ProfileUpdate, SignUp

STRANGER = public(reason="nobody has an identity before signing in")


def _own_or_admin(call: Call) -> bool:
    return call.caller.id == str(call.arguments["user"].id) or "admin" in call.caller.roles


def _own(call: Call) -> bool:
    return call.caller.id == str(call.arguments["user"].id)


@contract(STRANGER, validates(SignUp), layer="action")
def sign_up(wanted: SignUp) -> None:
    """Write to an address that wants an account. Does the same, and as long, for one that has an account already."""
    given = {"name": wanted.name, "password_hash": parts.passwords().hash(wanted.password)}
    token = parts.confirmations().issue(wanted.email, given)
    with acting_as(ENTRANCE):
        taken = repository.by_email(wanted.email) is not None
    if taken:
        parts.outbox().send(wanted.email, "Somebody tried to sign up with your address. You have an account already.")
    else:
        parts.outbox().send(wanted.email, "Confirm your address", token)


@contract(STRANGER, layer="action")
def confirm(token: str) -> User:
    """Make the account of an address whose owner has answered."""
    found = parts.confirmations().redeem(token)
    if found is None:
        raise Denied(400, "invalid-token", "the token is unknown, was used, or has expired")
    with acting_as(ENTRANCE):
        user = repository.add(found.subject, found.data["name"], found.data["password_hash"])
    if user is None:
        raise Denied(400, "invalid-token", "the address has got an account meanwhile")
    return user


@contract(STRANGER, layer="action")
def sign_in(email: str, password: str) -> User:
    """Who somebody is. An unknown address, a wrong password and a locked account get one and the same answer."""
    with acting_as(ENTRANCE):
        user = services.recognise(email, password)
    if user is None:
        raise Denied(401, "not-authenticated", "address or password is wrong")
    return user


@contract(STRANGER, layer="action")
def renew(refresh_token: str) -> tuple[User, str]:
    """Whose a refresh token is, with the role of now, and the token that takes its place."""
    rotated = parts.refresh().rotate(refresh_token)
    with acting_as(ENTRANCE):
        user = repository.by_id(rotated.principal_id)
    if user is None or not user.active:
        raise Denied(401, "not-authenticated", "the account is locked or gone")
    return user, rotated.token


@contract(STRANGER, layer="action")
def ask_for_reset(email: str) -> None:
    """Write to somebody who has forgotten a password. Where there is nobody, a token is made for nobody: it takes as long."""
    with acting_as(ENTRANCE):
        user = repository.by_email(email)
    token = parts.resets().issue(str(uuid4() if user is None else user.id))
    if user is not None and user.active:
        parts.outbox().send(email, "Choose another password", token)


@contract(STRANGER, layer="action")
def reset(token: str, password: str) -> User:
    """Give an account another password, because its owner reads the mail to its address. Everything signed in before ends."""
    found = parts.resets().redeem(token)
    if found is None:
        raise Denied(400, "invalid-token", "the token is unknown, was used, or has expired")
    with acting_as(ENTRANCE):
        user = repository.by_id(found.subject)
    if user is None or not user.active:
        raise Denied(400, "invalid-token", "the account is locked or gone")
    with acting_as(Principal(id=str(user.id), scheme="reset")):
        services.set_password(user, password)
    return user


@contract(auth(), layer="action")
def sign_out(call: Call) -> None:
    """End the session or the token that the caller came with, for good."""
    here = call.caller.session or ""
    parts.sessions().revoke(here)
    parts.revocations().revoke(here, until=call.caller.expires_at)


@contract(
    requires=[auth(), rule("people change themselves, administrators anybody", _own_or_admin), validates(ProfileUpdate)],
    layer="action",
)
def update_profile(user: User, changes: ProfileUpdate) -> User:
    """Change what people may change about themselves."""
    return repository.change(user, changes.model_dump(exclude_none=True))


@contract(requires=[auth(), rule("people change their own password only", _own)], layer="action")
def change_password(user: User, current: str, password: str) -> None:
    """Change one's own password; all other sessions end."""
    if not parts.passwords().verify(current, user.password_hash):
        raise Denied(403, "wrong-password", "the current password is wrong")
    services.set_password(user, password)


@contract(requires=[auth("admin"), validates(PageOf)], layer="action")
def list_users(wanted: PageOf) -> Sequence[User]:
    """A page of all accounts."""
    return repository.page(wanted.after, wanted.limit)


@contract(requires=[auth("admin")], layer="action")
def change_role(user: User, role: str) -> User:
    """Make somebody an administrator, or a user again. Takes effect with the next request."""
    return services.set_role(user, role)


@contract(requires=[auth("admin")], layer="action")
def deactivate(user: User) -> User:
    """Lock an account. Takes effect with the next request."""
    return services.deactivate(user)


@contract(requires=[auth("admin")], layer="action")
def delete(user: User) -> None:
    """Delete an account."""
    services.delete(user)
