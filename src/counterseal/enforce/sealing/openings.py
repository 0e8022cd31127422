"""Entries that need no contract, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterseal.enforce.clauses.given import is_text
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.core.errors import ContractError
from counterseal.enforce.sealing.problems import Problem

_BELOW = "/*"
_REST = "/{path:path}"


class Openings:
    """What `seal` was told to leave open.

    ``/docs`` opens the entries with this very template; ``/static/*`` everything below, but only what has no function of the
    application behind it: files, generated pages, applications of another kind. A method may stand before the path.

    Raises:
        ContractError: an opening has no reason, or no path.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._reasons: dict[str, str] = {}
        self._used: set[str] = set()
        self._idle: set[str] = set()
        for pattern, reason in given.items():
            if not is_text(pattern) or not _path(pattern).startswith("/"):
                raise ContractError(f"open={{{pattern!r}: ...}} names no path", 'write open={"/docs": "reason"}')
            if not is_text(reason):
                raise ContractError(f"the opening of {pattern} has no reason", f'write open={{{pattern!r}: "why anyone may"}}')
            self._reasons[pattern] = " ".join(reason.split())

    def reason(self, entry: Entry) -> str | None:
        """Why an entry is open; ``None``: it is not."""
        found = None
        for pattern, reason in self._reasons.items():
            if _fits(pattern, entry):
                self._used.add(pattern)
                found = found or reason
        return found

    def note_contract(self, entry: Entry) -> None:
        """An entry needs no opening: it has a contract."""
        self._idle.update(pattern for pattern in self._reasons if _fits(pattern, entry))

    def rotten(self) -> Iterator[Problem]:
        """Openings that open nothing: what they were for is gone, and something else may come in its place."""
        for pattern in self._reasons:
            if pattern in self._used:
                continue
            why = "every route there has a contract" if pattern in self._idle else "there is no such entry"
            yield Problem("opening", "", f"the opening {pattern!r} opens nothing: {why}", fix="take it out of open={...}")


def _path(pattern: str) -> str:
    return pattern.rpartition(" ")[2]


def _fits(pattern: str, entry: Entry) -> bool:
    method, _, path = pattern.rpartition(" ")
    if method and entry.method not in ("*", *method.upper().split("|")):
        return False
    if entry.path == path:
        return True
    if entry.what == "route":
        return False
    base = path.removesuffix(_BELOW).rstrip("/")
    at = entry.path.removesuffix(_REST)
    return at == base or (path.endswith(_BELOW) and entry.path.startswith(f"{base}/"))
