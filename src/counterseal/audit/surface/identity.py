"""Library calls about who is calling: tokens, sessions, passwords."""

from __future__ import annotations

from counterseal.audit.surface.answers import AnswerCalls
from counterseal.audit.surface.compare import compared, is_credential
from counterseal.audit.surface.library_call import LibraryCall, is_true, unverified
from counterseal.audit.surface.values import UNKNOWN, Value, union


class IdentityCalls(AnswerCalls):
    """What calls about identity do to the state."""

    def _decode(self, c: LibraryCall) -> Value:
        token = c.roles.get("token") or (c.args[0] if c.args else UNKNOWN)
        if unverified(c.roles) and not ("auth" in c.st.facts and is_credential(token)):
            self.weak_checks.append(
                (self.frame.qualname, self.place(c.line), f"{c.full} reads the token without verifying its signature")
            )
            if is_credential(token):
                self.establish(c.st, frozenset({"claimed"}), c.line, f"{c.full} only demands a well-formed token")
            # Claims that anyone can write: they name a caller, but prove nothing.
            return Value(may=frozenset({"who", "self", "forgeable"}), must=frozenset({"who", "self"}), name="claims")
        presented = is_credential(token) or (self.context.websocket and bool(token.inputs())) or not token.inputs()
        if not presented:
            # A signed token in a body or path (password reset, invitation) is a capability, not the caller's identity.
            return Value(may=token.may | {"signed"}, must=frozenset({"signed"}), name="claims")
        labels = frozenset({"who", "self"})
        self.establish(c.st, frozenset({"auth"}), c.line, f"{c.full} verifies the token and raises otherwise")
        return Value(may=labels, must=labels, name="claims")

    def _current_user(self, c: LibraryCall) -> Value:
        labels = frozenset({"who", "self"}) | frozenset(c.api.gives)
        if c.api.fixed.get("dependency") == "yes":
            facts = {"auth"} if not is_true(c.roles.get("optional")) else set()
            if is_true(c.roles.get("superuser")):
                facts |= {"role", "role:superuser"}
            user = Value(may=labels, must=labels, null=not facts, name="user")
            return Value(
                kind="wrapped",
                extra=(
                    Value(kind="constant", extra=user),
                    frozenset(facts),
                    self.place(c.line),
                    f"{c.full} loads and checks the user",
                ),
            )
        return Value(may=labels, must=labels, name="user", null=c.api.null)

    def _password_verify(self, c: LibraryCall) -> Value:
        parts = [*c.args, *c.kwargs.values()]
        # HTTP Basic: the password came with the request's own credential.
        true = {"password"} | ({"auth"} if any(is_credential(p) for p in parts) else set())
        return Value(may=union(parts).may, null=True, true=frozenset(true), type="bool", name="verified")

    def _compare_digest(self, c: LibraryCall) -> Value:
        if len(c.args) < 2:
            return UNKNOWN
        return compared("==", c.args[0], c.args[1], False)
