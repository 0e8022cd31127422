"""Checkpoints: what ties records to one another, and to a key.

The leaf of a record is SHA-256 of its place, a colon, and its line. A checkpoint is a statement (one line of JSON) about a run
of records: from where to where, how many, SHA-256 over their leaves in order, and the head before it. Its own head is SHA-256 of
the statement. So every head stands for all records up to it, in their order, and one signature proves them all. It does not prove
that nothing came after it: for that, heads are kept elsewhere (`anchors`).

The leaves are kept beside the statement, so that a change can be traced to its record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.ledger.keys import Signer

VERSION = 1
LEAF = 32
"""Bytes of a leaf."""
UNSIGNED = "none"
GENESIS = ""
"""The head before the first checkpoint."""

Row = tuple[int, int, bytes]
"""A stored record: the key by which records are ordered and sealed, its number, and what its leaf is made of."""
Place = tuple[int, int]
"""Where a record stands: its key and its number."""
MOST = (1 << 63) - 1


def end_of(key: int) -> Place:
    """The place after all records of a key."""
    return key, MOST


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint as it is stored."""

    number: int
    body: bytes
    """The statement."""
    leaves: bytes
    """The leaves of its records, in order; empty when it is about none."""
    signature: bytes
    """Empty when no key was configured."""

    @cached_property
    def head(self) -> str:
        """What the next checkpoint builds on."""
        return sha256(self.body).hexdigest()

    @cached_property
    def statement(self) -> dict[str, Any]:
        """What it says.

        Raises:
            ValueError: it is no statement.
        """
        return parse_statement(self.body)

    @property
    def upto(self) -> int:
        """The key of its last record; that of the checkpoint before when it is about none."""
        upto: int = self.statement["upto"]
        return upto


_TYPES: dict[str, type] = {
    "v": int, "ledger": str, "number": int, "kind": str, "after": int, "upto": int, "first": int, "last": int, "count": int,
    "total": int, "leaves": str, "previous": str, "at": int, "algorithm": str, "key": str,
}  # fmt: skip
_REMOVED_TYPES: dict[str, type] = {"number": int, "upto": int, "count": int, "total": int, "head": str, "before": int}


def parse_statement(body: bytes) -> dict[str, Any]:
    """A checkpoint's statement, its fields of the right types.

    Raises:
        ValueError: it is none.
    """
    try:
        value = json.loads(body)
    except RecursionError as error:
        raise ValueError("not the statement of a checkpoint") from error
    right = _has(value, _TYPES) and (
        value["kind"] == "seal" or (value["kind"] == "prune" and _has(value.get("removed"), _REMOVED_TYPES))
    )
    if not right:
        raise ValueError("not the statement of a checkpoint")
    statement: dict[str, Any] = value
    return statement


def _has(value: Any, types: dict[str, type]) -> bool:
    """Whether a value is an object with such fields. Numbers are such as databases take."""
    return isinstance(value, dict) and all(_is(value.get(name), kind) for name, kind in types.items())


def _is(value: Any, kind: type) -> bool:
    return type(value) is kind and (not isinstance(value, int) or 0 <= value <= MOST)


def leaves_of(rows: Iterable[Row]) -> bytes:
    """The leaves of rows, one after the other."""
    return b"".join([sha256(row[2]).digest() for row in rows])


class Sealer:
    """Makes the checkpoints of one ledger."""

    def __init__(self, ledger: str, signer: Signer | None) -> None:
        self._ledger = ledger
        self._signer = signer

    def check(self, last: Checkpoint | None) -> None:
        """Refuse to go on without a key where there was one: that is what somebody without the key would do.

        Raises:
            ConfigurationError: the ledger's last checkpoint is signed, and there is no key to sign the next one with.
        """
        if last is not None and last.signature and self._signer is None:
            key = last.statement["key"]
            raise ConfigurationError(
                f"this ledger is signed (key {key}), and no key is configured", "Set COUNTERSEAL_LEDGER_KEY_FILE, or pass key="
            )

    def seal(self, last: Checkpoint | None, rows: Sequence[Row], at: float) -> Checkpoint:
        """The next checkpoint, about rows that follow those of the last one."""
        leaves = leaves_of(rows)
        facts = {"upto": rows[-1][0], "first": rows[0][1], "last": rows[-1][1], "count": len(rows)}
        return self._checkpoint(last, "seal", facts, leaves, at)

    def tombstone(self, last: Checkpoint, removed: dict[str, Any], at: float) -> Checkpoint:
        """The next checkpoint, about records that have been removed on purpose."""
        facts = {"upto": last.upto, "first": 0, "last": 0, "count": 0, "removed": removed}
        return self._checkpoint(last, "prune", facts, b"", at)

    def _checkpoint(self, last: Checkpoint | None, kind: str, facts: dict[str, Any], leaves: bytes, at: float) -> Checkpoint:
        self.check(last)
        before = last.statement if last is not None else {"upto": 0, "total": 0}
        number = 1 if last is None else last.number + 1
        statement = {
            "v": VERSION,
            "ledger": self._ledger,
            "number": number,
            "kind": kind,
            "after": before["upto"],
            **facts,
            "total": before["total"] + facts["count"],
            "leaves": sha256(leaves).hexdigest(),
            "previous": GENESIS if last is None else last.head,
            "at": round(at * 1_000_000),
            "algorithm": self._signer.algorithm if self._signer else UNSIGNED,
            "key": self._signer.id if self._signer else "",
        }
        body = json.dumps(statement, separators=(",", ":")).encode("ascii")
        return Checkpoint(number, body, leaves, self._signer.sign(body) if self._signer else b"")
