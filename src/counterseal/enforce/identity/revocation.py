"""Ending what is out of our hands: tokens that were issued (ASVS v5.0.0-7.4.1 to 7.4.5)."""

from __future__ import annotations

from collections.abc import Awaitable

from counterseal.enforce.core import clock
from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.core.principal import Principal
from counterseal.enforce.identity.cache import RecentlyUsed
from counterseal.enforce.identity.steps import Steps, operation, run
from counterseal.enforce.identity.stores.store import Row, Store, text

_KIND = "revocation"
_ONE = "credential:"
_ALL = "principal:"
_LONGER_THAN_ANY_LEEWAY = 3600.0


class Revocations:
    """Which tokens, sessions and keys no longer count. Give it to identities as ``revoked=``.

    It names single credentials by what `Principal.session` has (a token's ``jti``), and everything that a principal had
    before a moment: after a change of password or role, a ban, a deletion, and when an identifier is given to somebody else.

    Methods such as `revoke_principal` block; on an event loop write ``await revocations.revoke_principal.aio(…)``.

    Args:
        store: where they are kept. All processes that accept the tokens have to share it.
        stale_for: for how long an answer "not revoked" may be used again, in seconds. 0 asks the store every time:
            revocations take effect at once. This is the bound within which they do otherwise, in other processes than the
            one that revokes.
        scope: tells apart the principals of several identities with separate identifiers in one store.
    """

    def __init__(self, store: Store, *, stale_for: float = 0.0, scope: str = "") -> None:
        if not 0 <= stale_for < float("inf"):
            raise ConfigurationError("stale_for is a number of seconds, 0 or more")
        self._store = store
        self._stale_for = stale_for
        self._kind = f"{_KIND}:{scope}" if scope else _KIND
        self._asked: RecentlyUsed[tuple[str, str], float] = RecentlyUsed(4096)

    def __call__(self, principal: Principal) -> bool | Awaitable[bool]:
        """Whether a principal is revoked.

        Raises:
            Unavailable: the store does not respond.
        """
        if self._stale_for:
            asked = self._asked.get((principal.id, principal.session or ""))
            if asked is not None and 0 <= clock.now() - asked < self._stale_for:
                return False
        return run(self._ask(principal))

    @operation
    def revoke(self, session: str, *, until: float | None = None) -> Steps[None]:
        """Revoke one token, session or key.

        Args:
            session: what `Principal.session` has: a token's ``jti``.
            until: when it ends anyway (`Principal.expires_at`), in seconds since the epoch: an hour later this entry is no
                longer needed. ``None``: it is kept.

        Raises:
            ValueError: it has no name.
            Unavailable: the store does not respond, so that it is *not* revoked.
        """
        if not session:
            raise ValueError("a revocation names what it revokes")
        end = None if until is None else until + _LONGER_THAN_ANY_LEEWAY
        yield self._store.put(self._kind, Row(_ONE + session, "", "{}", end))
        self._asked = RecentlyUsed(4096)

    @operation
    def revoke_principal(self, principal_id: str, *, except_session: str | None = None) -> Steps[None]:
        """Revoke everything that a principal has been issued so far.

        What is issued later counts. A token that gives its time of issue in whole seconds, and was issued within this very
        second, is taken for an earlier one.

        Args:
            principal_id: whose.
            except_session: one that goes on, as `Principal.session` names it: the one in which the password was changed.

        Raises:
            Unavailable: the store does not respond, so that nothing is revoked.
        """
        content = text({"before": clock.now(), "except": except_session})
        yield self._store.put(self._kind, Row(_ALL + principal_id, principal_id, content))
        self._asked = RecentlyUsed(4096)

    def _ask(self, principal: Principal) -> Steps[bool]:
        asked, kept = clock.now(), self._asked
        keys = [_ALL + principal.id, *([_ONE + principal.session] if principal.session else [])]
        everything, *single = yield self._store.fetch(self._kind, keys)
        if any(single) or (everything is not None and _covers(everything, principal)):
            return True
        if self._stale_for:
            # Into what was kept before asking: a revocation meanwhile has put another in its place.
            kept.put((principal.id, principal.session or ""), asked)
        return False


def _covers(row: Row, principal: Principal) -> bool:
    content = row.content()
    if principal.session is not None and content["except"] == principal.session:
        return False
    # Without a time of issue it might be an old one.
    return principal.issued_at is None or principal.issued_at <= content["before"]
