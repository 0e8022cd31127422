"""Reading a ledger: entries that fit a filter, from the start, from the end, or as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from counterseal.enforce.core.record import Record
from counterseal.enforce.ledger.encoding import decode
from counterseal.enforce.ledger.query import Filter
from counterseal.enforce.ledger.seals import Place
from counterseal.enforce.ledger.store import Store

_PAGE = 1000
_EVERYTHING = Filter()
_START: Place = (-(1 << 63), 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place."""

    place: Place
    line: str
    """As it is stored."""
    record: Record | None
    """``None``: the line is not one that a ledger writes. Somebody changed it; `verify` says more."""

    @property
    def number(self) -> int:
        """The record's number."""
        return self.place[1]


def entries(
    store: Store, wanted: Filter = _EVERYTHING, *, after: Place | None = None, upto: int | None = None, newest: bool = False
) -> Iterator[Entry]:
    """What fits, in the order of the ledger, or backwards. Lines that cannot be read fit everything: they must not hide.

    Args:
        store: an open one.
        wanted: what to look for.
        after: the place after which to begin.
        upto: the key at which to end.
        newest: from the end to the start.
    """
    where = wanted.where()
    while page := store.lines(where, after, upto, limit=_PAGE, newest=newest):
        for key, number, line in page:
            entry = _entry(key, number, line)
            if entry.record is None or wanted.fits(entry.record):
                yield entry
        after = page[-1][:2]


def latest(store: Store, wanted: Filter, limit: int) -> list[Entry]:
    """The newest entries that fit, oldest first."""
    found: list[Entry] = []
    if limit > 0:
        for entry in entries(store, wanted, newest=True):
            found.append(entry)
            if len(found) == limit:
                break
    return found[::-1]


def follow(store: Store, wanted: Filter, after: Place | None, *, interval: float, stop: Callable[[], bool]) -> Iterator[Entry]:
    """What is added after a place, as it comes; for ever, or until ``stop`` says so after one of the looks.

    In PostgreSQL a record appears once every transaction that began before its own has ended: so none is passed over.

    Args:
        store: an open one.
        wanted: what to look for.
        after: the place after which to begin; ``None``: the start.
        interval: seconds between looks.
        stop: asked after each look.
    """
    position = after or _START
    while True:
        upto = store.settled()
        for entry in entries(store, _EVERYTHING, after=position, upto=upto):
            position = entry.place
            if entry.record is None or wanted.fits(entry.record):
                yield entry
        if stop():
            return
        time.sleep(interval)


def last_place(store: Store) -> Place | None:
    """Where the newest record stands that is sure to have no unseen one before it."""
    page = store.lines(_EVERYTHING.where(), None, store.settled(), limit=1, newest=True)
    return page[0][:2] if page else None


def _entry(key: int, number: int, line: bytes) -> Entry:
    try:
        record = decode(line)
    except ValueError:
        record = None
    return Entry((key, number), line.decode("utf-8", "backslashreplace"), record)
