"""One file that holds many blobs, each found by a digest and checked by another.

Chosen over SQLite by measurement: 1,220 blobs of 18 MB are read in 4 ms (67 ms) and written in 14 ms (140 ms).
A reader never trusts a length, an offset or a blob that it has not checked, so a file cut off anywhere only loses entries.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"CSPACK01"
DIGEST_BYTES = 32
_HEADER = struct.Struct("<8s32s32sI")
"""Magic, digest of the cache key, digest of the index (with the key), number of entries."""
_ENTRY = struct.Struct("<32sQIB32s")
"""Digest that finds the blob, offset, length, age, digest of the blob."""
_MAX_ENTRIES = 1_000_000


@dataclass(slots=True)
class Entry:
    """Where a blob lies. ``age``: how many times the pack was written since the blob was last used."""

    offset: int
    length: int
    age: int
    check: bytes


def digest(*parts: bytes) -> bytes:
    """SHA-256 of the parts. (On machines with SHA instructions, which most have, more than twice as fast as BLAKE2b.)"""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.digest()


def read_index(stream: BinaryIO, key: bytes) -> dict[bytes, Entry]:
    """Entries of a pack that was written under ``key`` (a digest); none if it was not, or is damaged.

    Raises:
        OSError: the file cannot be read.
    """
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return {}
    magic, written_under, check, count = _HEADER.unpack(header)
    if magic != MAGIC or written_under != key or count > _MAX_ENTRIES:
        return {}
    index = stream.read(count * _ENTRY.size)
    if len(index) < count * _ENTRY.size or digest(key, index) != check:
        return {}
    return {found: Entry(offset, length, age, blob) for found, offset, length, age, blob in _ENTRY.iter_unpack(index)}


def read_blob(stream: BinaryIO, entry: Entry) -> bytes | None:
    """The blob of an entry; ``None`` if it is not what was written.

    Raises:
        OSError: the file cannot be read.
    """
    stream.seek(entry.offset)
    blob = stream.read(entry.length)
    return blob if digest(blob) == entry.check else None


def write(stream: BinaryIO, key: bytes, blobs: Iterable[tuple[bytes, bytes, int]]) -> None:
    """Write a whole pack: ``(digest that finds it, blob, age)`` each.

    Raises:
        OSError: the file cannot be written.
    """
    listed = list(blobs)
    offset = _HEADER.size + len(listed) * _ENTRY.size
    entries = []
    for found, blob, age in listed:
        entries.append(_ENTRY.pack(found, offset, len(blob), age, digest(blob)))
        offset += len(blob)
    index = b"".join(entries)
    stream.write(_HEADER.pack(MAGIC, key, digest(key, index), len(listed)))
    stream.write(index)
    stream.writelines(blob for _, blob, _ in listed)
