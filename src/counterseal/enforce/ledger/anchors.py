"""Heads of checkpoints, kept where whoever could change the ledger cannot change them too.

A signature shows that a checkpoint was made with the key, not that no later one was cut off; and somebody who has the key can
make the whole ledger anew. Both show when an older head is known elsewhere: on another host, in write-once storage, in a mailbox.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from counterseal.enforce.core.errors import ConfigurationError
from counterseal.enforce.ledger.seals import Checkpoint
from counterseal.enforce.ledger.store import Store

# A head stands for all before it, so the last ones of a file say everything; more of them tell since when something is wrong.
_KEPT = 1000
_LONGEST_LINE = 4096
_HINT = "Write anchors with: counterseal ledger export --anchors"


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is kept of a checkpoint elsewhere."""

    ledger: str
    number: int
    head: str
    total: int
    """Records sealed up to there, from the beginning."""
    at: int
    """When, in microseconds since the epoch."""

    def line(self) -> str:
        """As one line of JSON."""
        fields = {"ledger": self.ledger, "number": self.number, "head": self.head, "total": self.total, "at": self.at}
        return json.dumps(fields, separators=(",", ":")) + "\n"


def anchor_of(checkpoint: Checkpoint) -> Anchor:
    """What to keep of a checkpoint."""
    statement = checkpoint.statement
    return Anchor(statement["ledger"], checkpoint.number, checkpoint.head, statement["total"], statement["at"])


def anchor_lines(store: Store) -> Iterator[str]:
    """The anchors of all checkpoints, one JSON object a line.

    Raises:
        ConfigurationError: a checkpoint is not as a ledger writes it, so nothing should rest on it.
    """
    for checkpoint in store.checkpoints():
        try:
            yield anchor_of(checkpoint).line()
        except ValueError as error:
            message = f"checkpoint {checkpoint.number} cannot be read"
            raise ConfigurationError(message, "See: counterseal ledger verify") from error


class AnchorFile:
    """Appends anchors to a file: one on a share of another host, or one that is shipped like a log."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    def __call__(self, checkpoint: Checkpoint) -> None:
        """Append a checkpoint's anchor. Raises OSError: it cannot be written."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, anchor_of(checkpoint).line().encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_anchors(path: str | os.PathLike[str]) -> list[Anchor]:
    """The last anchors of a file, in its order. A last line without an end, which a crash leaves, does not count.

    Raises:
        ConfigurationError: it cannot be read, holds something else, or holds nothing.
    """
    try:
        with Path(path).open("rb") as stream:
            anchors = _parse(iter(lambda: stream.readline(_LONGEST_LINE), b""), Path(path))
    except OSError as error:
        raise ConfigurationError(f"cannot read the anchors in {path}: {error.strerror}", "Check the path") from error
    if not anchors:
        raise ConfigurationError(f"{path} holds no anchor", "An empty file proves nothing")
    return list(anchors)


def _parse(lines: Iterable[bytes], path: Path) -> deque[Anchor]:
    anchors: deque[Anchor] = deque(maxlen=_KEPT)
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
            break
        try:
            anchors.append(_anchor(json.loads(line)))
        except ValueError as error:
            raise ConfigurationError(f"line {number} of {path} is no anchor", _HINT) from error
    return anchors


def _anchor(fields: Any) -> Anchor:
    types = {"ledger": str, "number": int, "head": str, "total": int, "at": int}
    if not isinstance(fields, dict) or any(type(fields.get(name)) is not kind for name, kind in types.items()):
        raise ValueError("not an anchor")
    return Anchor(**{name: fields[name] for name in types})
