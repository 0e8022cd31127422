"""Presentation layer: how requests reach the actions. Who may come, how often, with what, and what leaves."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from counterseal import Call, audit_log, auth, contract, csrf, owns, public, rate_limit, returns, validates
from users import actions, parts
from users.models import User
from users.schemas import (
    Account,
    Address,
    Confirmation,
    Credentials,
    Message,
    PageOf,
    PasswordChange,
    PasswordReset,
    Profile,
    ProfileUpdate,
    Refresh,
    RoleChange,
    SignUp,
    Tokens,
)

router = APIRouter()


def account(call: Call) -> str:
    """The account that is tried, whether it exists or not."""
    return str(call.input.email)


OWN = owns(User, "user_id", by="id")
OWN_OR_ADMIN = owns(User, "user_id", by="id", also=("admin",))


@router.get("/health")
@contract(public(reason="the load balancer asks"), returns(Message), layer="presentation")
def health() -> Message:
    """Whether the application answers."""
    return Message(message="ok")


@router.post("/sign-up", status_code=202)
@contract(
    requires=[
        public(reason="who signs up has no account yet"),
        validates(SignUp),
        rate_limit("sign_up", "10/hour", per="client"),
        rate_limit("sign_up_account", "3/hour", per=account),
    ],
    ensures=[returns(Message), audit_log("sign_up")],
    layer="presentation",
)
def sign_up(wanted: SignUp) -> Message:
    """Ask for an account; the answer is the same when there is one."""
    actions.sign_up(wanted)
    return Message(message="We have written to this address.")


@router.post("/sign-up/confirm", status_code=201)
@contract(
    requires=[
        public(reason="the token from the mail is the proof"),
        validates(Confirmation),
        rate_limit("confirm", "20/hour", per="client"),
    ],
    ensures=[returns(Profile), audit_log("sign_up_confirmed", changes=False)],
    layer="presentation",
)
def confirm(given: Confirmation, call: Call) -> User:
    """Make the account."""
    user = actions.confirm(given.token)
    call.details["user"] = str(user.id)
    return user


@router.post("/sign-in")
@contract(
    requires=[
        public(reason="who signs in is not known yet"),
        csrf(),
        validates(Credentials),
        rate_limit("sign_in", "20/minute", per="client"),
        rate_limit("sign_in_account", "5/minute; 30/hour", per=account),
    ],
    ensures=[returns(Profile), audit_log("sign_in", changes=False)],
    layer="presentation",
)
def sign_in(given: Credentials, call: Call) -> User:
    """Begin a session: a cookie for browsers. The one that the request came with ends."""
    user = actions.sign_in(given.email, given.password)
    call.details["user"] = str(user.id)
    call.headers["Set-Cookie"] = parts.sessions().sign_in(call.exchange, str(user.id)).set_cookie
    return user


@router.post("/tokens")
@contract(
    requires=[
        public(reason="who asks for a token is not known yet"),
        validates(Credentials),
        rate_limit("sign_in", "20/minute", per="client"),
        rate_limit("sign_in_account", "5/minute; 30/hour", per=account),
    ],
    ensures=[returns(Tokens), audit_log("tokens_issued", changes=False)],
    layer="presentation",
)
def give_tokens(given: Credentials, call: Call) -> Tokens:
    """Sign a program in: an access token for a quarter of an hour, and a refresh token."""
    user = actions.sign_in(given.email, given.password)
    owner = call.details["user"] = str(user.id)
    return Tokens(access_token=parts.access().issue(owner, roles=[user.role]), refresh_token=parts.refresh().issue(owner))


@router.post("/tokens/refresh")
@contract(
    requires=[
        public(reason="the refresh token is the proof"),
        validates(Refresh),
        rate_limit("refresh", "60/minute", per="client"),
    ],
    ensures=[returns(Tokens), audit_log("tokens_renewed", changes=False)],
    layer="presentation",
)
def renew(given: Refresh, call: Call) -> Tokens:
    """Exchange a refresh token, once. A copy that comes later ends the chain."""
    user, following = actions.renew(given.refresh_token)
    owner = call.details["user"] = str(user.id)
    return Tokens(access_token=parts.access().issue(owner, roles=[user.role]), refresh_token=following)


@router.post("/sign-out")
@contract(
    requires=[auth(), rate_limit("sign_out", "60/minute")],
    ensures=[returns(Message), audit_log("sign_out")],
    layer="presentation",
)
def sign_out(call: Call) -> Message:
    """End the caller's session, or access token."""
    actions.sign_out()
    if call.exchange is not None:
        call.headers["Set-Cookie"] = parts.sessions().sign_out(call.exchange)
    return Message(message="Signed out.")


@router.post("/password-reset", status_code=202)
@contract(
    requires=[
        public(reason="who has forgotten a password cannot sign in"),
        validates(Address),
        rate_limit("password_reset", "10/hour", per="client"),
        rate_limit("password_reset_account", "3/hour", per=account),
    ],
    ensures=[returns(Message), audit_log("password_reset_asked")],
    layer="presentation",
)
def ask_for_reset(given: Address) -> Message:
    """Ask for a mail with a token; the answer is the same when there is no account."""
    actions.ask_for_reset(given.email)
    return Message(message="If there is an account, we have written to its address.")


@router.post("/password-reset/confirm")
@contract(
    requires=[
        public(reason="the token from the mail is the proof"),
        validates(PasswordReset),
        rate_limit("password_reset_confirm", "20/hour", per="client"),
    ],
    ensures=[returns(Message), audit_log("password_reset", privileged=True, changes=False)],
    layer="presentation",
)
def reset(given: PasswordReset, call: Call) -> Message:
    """Choose another password with the token from the mail."""
    user = actions.reset(given.token, given.password)
    call.details["user"] = str(user.id)
    return Message(message="The password is changed.")


@router.get("/users/{user_id}")
@contract(
    requires=[auth("user"), OWN_OR_ADMIN, rate_limit("read_profile", "120/minute")],
    ensures=[returns(Profile), audit_log("profile_read")],
    layer="presentation",
)
def read_profile(user: User) -> User:
    """A profile: one's own, or for administrators anybody's."""
    return user


@router.patch("/users/{user_id}")
@contract(
    requires=[auth("user"), OWN_OR_ADMIN, validates(ProfileUpdate), rate_limit("update_profile", "20/minute")],
    ensures=[returns(Profile), audit_log("profile_update")],
    layer="presentation",
)
def update_profile(user: User, changes: ProfileUpdate) -> User:
    """Change a profile."""
    return actions.update_profile(user, changes)


@router.put("/users/{user_id}/password")
@contract(
    requires=[auth("user"), OWN, validates(PasswordChange), rate_limit("change_password", "5/minute; 20/hour")],
    ensures=[returns(Message), audit_log("password_change", privileged=True, changes=False)],
    layer="presentation",
)
def change_password(user: User, given: PasswordChange) -> Message:
    """Change one's own password; all other sessions and tokens end."""
    actions.change_password(user, given.current, given.password)
    return Message(message="The password is changed.")


@router.get("/admin/users")
@contract(
    requires=[auth("admin"), validates(PageOf, source="query"), rate_limit("list_users", "60/minute")],
    ensures=[returns(list[Account]), audit_log("users_listed")],
    layer="presentation",
)
def list_users(wanted: PageOf) -> Sequence[User]:
    """A page of all accounts."""
    return actions.list_users(wanted)


@router.put("/admin/users/{user_id}/role")
@contract(
    requires=[auth("admin"), OWN_OR_ADMIN, validates(RoleChange), rate_limit("administration", "60/minute")],
    ensures=[returns(Account), audit_log("role_change", privileged=True)],
    layer="presentation",
)
def change_role(user: User, given: RoleChange) -> User:
    """Make somebody an administrator, or a user again."""
    return actions.change_role(user, given.role)


@router.post("/admin/users/{user_id}/deactivate")
@contract(
    requires=[auth("admin"), OWN_OR_ADMIN, rate_limit("administration", "60/minute")],
    ensures=[returns(Account), audit_log("user_deactivated", privileged=True)],
    layer="presentation",
)
def deactivate(user: User) -> User:
    """Lock an account."""
    return actions.deactivate(user)


@router.delete("/admin/users/{user_id}")
@contract(
    requires=[auth("admin"), OWN_OR_ADMIN, rate_limit("administration", "60/minute")],
    ensures=[returns(Message), audit_log("user_deleted", privileged=True)],
    layer="presentation",
)
def delete(user: User) -> Message:
    """Delete an account."""
    actions.delete(user)
    return Message(message="Deleted.")
