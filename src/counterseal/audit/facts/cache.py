"""What earlier runs found out, kept in one file a code base: facts by content, and whole results by everything they rest on.

A cache must never change what an audit says. So an entry is found by the digest of the path and the content (never by time or
size), the key holds the tool's own sources, every blob is checked before use, and whatever is damaged or unreadable is simply not
there. What is stored may be given to `marshal.loads`, which a crafted blob can crash: a folder that others may write is not used.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from counterseal.audit.facts import pack
from counterseal.audit.result import NotChecked

MAX_AGE = 4
"""A blob that this many written runs in a row did not use is dropped."""
MAX_PACK_BYTES = 512 << 20
MAX_TOTAL_BYTES = 1 << 30
MAX_DAYS = 60
MAX_RESULTS = 6
"""Whole results kept for one code base."""

_OURS = re.compile(r"[0-9a-f]{32}(?:\.[0-9a-f]{32})?\.(?:pack|result)(\.\w+\.tmp)?\Z")
_ABANDONED_SECONDS = 3600


def content_digest(path: str, source: bytes) -> bytes:
    """What the facts of one file are found by: facts name their file, so its path is part of it."""
    return pack.digest(path.encode("utf-8", "surrogateescape"), b"\0", source)


class Cache:
    """The cache of one code base. Not for use by several threads. Several processes may use it at once: the last to save wins.

    Nothing here raises for a cache that cannot be read or written; ``notices`` then says so, once.
    """

    def __init__(self, directory: Path, key: str, base: str = "") -> None:
        """``key``: everything besides the files that results depend on. ``base``: names the code base (its absolute path)."""
        self.notices: list[NotChecked] = []
        self._directory = directory
        self._key = pack.digest(key.encode("utf-8", "surrogateescape"))
        self._name = pack.digest(base.encode("utf-8", "surrogateescape")).hex()[:32]
        self._new: dict[bytes, bytes] = {}
        self._used: set[bytes] = set()
        self._stream: BinaryIO | None = None
        self._entries: dict[bytes, pack.Entry] = {}
        self._usable = self._prepare()
        self._load()

    def get(self, found_by: bytes) -> bytes | None:
        """The facts stored under a `content_digest`; ``None`` if there are none, or they are damaged."""
        new = self._new.get(found_by)
        if new is not None:
            return new
        entry = self._entries.get(found_by)
        if entry is None or self._stream is None:
            return None
        try:
            blob = pack.read_blob(self._stream, entry)
        except OSError as error:
            self._say(f"it cannot be read: {error.strerror}")
            blob = None
        if blob is None:
            del self._entries[found_by]
        else:
            self._used.add(found_by)
        return blob

    def put(self, found_by: bytes, facts: bytes) -> None:
        """Keep facts for later runs, once `save` is called."""
        self._new[found_by] = facts

    def save(self) -> None:
        """Write what is new, and drop what has not been used for long. To be called last: the cache is closed by it."""
        if not self._new or not self._usable:
            self.close()
            return
        try:
            blobs = list(self._blobs())
            self.close()  # some systems do not replace a file that is open
            self._replace(f"{self._name}.pack", lambda stream: pack.write(stream, self._key, blobs))
            self._tidy()
        except OSError as error:
            self._say(f"it cannot be written: {error.strerror or error}")

    def close(self) -> None:
        """Let go of the file. The cache is empty from then on."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._entries = {}

    def get_result(self, manifest: bytes) -> bytes | None:
        """The result of an earlier run that rested on the same ``manifest`` (a digest of every input), if there is one."""
        if not self._usable:
            return None
        stream = self._open(self._result_name(manifest))
        if stream is None:
            return None
        with stream:
            try:
                key = pack.digest(self._key, manifest)
                entry = pack.read_index(stream, key).get(key)
                return None if entry is None else pack.read_blob(stream, entry)
            except OSError as error:
                self._say(f"it cannot be read: {error.strerror}")
                return None

    def put_result(self, manifest: bytes, result: bytes) -> None:
        """Keep the result of a whole run."""
        if not self._usable:
            return
        key = pack.digest(self._key, manifest)
        try:
            self._replace(self._result_name(manifest), lambda stream: pack.write(stream, key, [(key, result, 0)]))
            self._drop_old_results()
        except OSError as error:
            self._say(f"it cannot be written: {error.strerror or error}")

    def _result_name(self, manifest: bytes) -> str:
        return f"{self._name}.{pack.digest(self._key, manifest).hex()[:32]}.result"

    def _prepare(self) -> bool:
        """Make the folder, and refuse one that someone else could have filled."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self._directory.stat()
        except OSError as error:
            self._say(f"its folder cannot be made: {error.strerror}")
            return False
        if not stat.S_ISDIR(status.st_mode) or not _only_mine(status):
            self._say("others may write to its folder, or own it; set COUNTERSEAL_CACHE to a folder of your own")
            return False
        return True

    def _load(self) -> None:
        if not self._usable:
            return
        self._stream = self._open(f"{self._name}.pack")
        if self._stream is None:
            return
        try:
            self._entries = pack.read_index(self._stream, self._key)
        except OSError as error:
            self._say(f"it cannot be read: {error.strerror}")

    def _open(self, name: str) -> BinaryIO | None:
        path = self._directory / name
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._say(f"it cannot be read: {error.strerror}")
            return None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not _only_mine(status):
            os.close(descriptor)
            self._say("a file in it belongs to someone else")
            return None
        if time.time() - status.st_mtime > 86400:  # in use: not to be tidied away as old
            with contextlib.suppress(OSError):
                os.utime(path)
        return open(descriptor, "rb", buffering=0)  # noqa: PTH123 (a descriptor)

    def _blobs(self) -> Iterator[tuple[bytes, bytes, int]]:
        """What the next pack holds: what is new or was used, then what was not, youngest first, up to the size bound."""
        total = 0
        for found_by, facts in self._new.items():
            total += len(facts)
            yield found_by, facts, 0
        kept = [
            (0 if each in self._used else self._entries[each].age + 1, each) for each in self._entries if each not in self._new
        ]
        for age, found_by in sorted(kept):
            entry = self._entries[found_by]
            total += entry.length
            if age > MAX_AGE or total > MAX_PACK_BYTES or self._stream is None:
                break
            blob = pack.read_blob(self._stream, entry)
            if blob is not None:
                yield found_by, blob, age

    def _replace(self, name: str, write: Callable[[BinaryIO], None]) -> None:
        """Write beside, then rename: whoever reads sees the old file or the new one, also after a crash."""
        target = self._directory / name
        temporary = self._directory / f"{name}.{secrets.token_hex(8)}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            with open(os.open(temporary, flags, 0o600), "wb") as stream:  # noqa: PTH123 (a descriptor)
                write(stream)
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise

    def _drop_old_results(self) -> None:
        results = [each for each in self._ours() if each.name.startswith(self._name) and each.name.endswith(".result")]
        for stale in sorted(results, key=_modified, reverse=True)[MAX_RESULTS:]:
            stale.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Remove what crashed runs left, what nobody used for long, and what is too much."""
        now, total = time.time(), 0
        for path in sorted(self._ours(), key=_modified, reverse=True):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            age = now - status.st_mtime
            total += status.st_size
            abandoned = path.name.endswith(".tmp") and age > _ABANDONED_SECONDS
            if abandoned or age > MAX_DAYS * 86400 or (total > MAX_TOTAL_BYTES and not path.name.startswith(self._name)):
                path.unlink(missing_ok=True)

    def _ours(self) -> list[Path]:
        return [each for each in self._directory.iterdir() if _OURS.match(each.name)]

    def _say(self, why: str) -> None:
        if not self.notices:
            self.notices.append(NotChecked("cache", f"the run goes on without the cache: {why}", incomplete=False))


def _only_mine(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
