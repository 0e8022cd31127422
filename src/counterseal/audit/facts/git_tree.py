"""What git knows of the folder under audit: where its repository is, and which ignored paths it tracks all the same.

Read without running git: a repository's own configuration can make git run programs, and the code under audit is not trusted.

Source: gitrepository-layout(5); gitformat-index(5), versions 2 to 4.
"""

# Plain strings, not Path objects: the walk visits thousands.
# ruff: noqa: PTH112, PTH113, PTH118, PTH120, PTH123, PTH202
from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

_MAX_INDEX = 256 << 20
_FIXED = 62
"""Bytes of an index entry before its path: ten 32-bit fields, a SHA-1, and the flags."""


@dataclass(frozen=True)
class GitTree:
    """A work tree: ``top`` is its folder, ``directory`` its git directory, ``common`` the one shared by all its work trees."""

    top: str
    directory: str
    common: str

    @property
    def exclude_file(self) -> str:
        """Path of the repository's private ignore file."""
        return os.path.join(self.common, "info", "exclude")

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Paths in the index, relative to ``top``, and every folder above them. Empty when the index cannot be read."""
        paths = _read_index(os.path.join(self.directory, "index"))
        known: set[str] = set(paths)
        for path in paths:
            while (cut := path.rfind("/")) > 0:
                path = path[:cut]
                if path in known:
                    break
                known.add(path)
        return frozenset(known)


def find_git_tree(start: str) -> GitTree | None:
    """The work tree that holds the folder ``start``; ``None`` when there is none."""
    folder = start
    while True:
        marker = os.path.join(folder, ".git")
        if os.path.isdir(marker):
            return GitTree(folder, marker, marker)
        if os.path.isfile(marker):
            return _linked(folder, marker)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _linked(folder: str, marker: str) -> GitTree | None:
    """A linked work tree or submodule: its ``.git`` is a file that names the git directory."""
    content = _small_text(marker)
    if content is None or not content.startswith("gitdir:"):
        return None
    directory = os.path.join(folder, content.removeprefix("gitdir:").strip())
    shared = _small_text(os.path.join(directory, "commondir"))
    common = directory if shared is None else os.path.join(directory, shared.strip())
    return GitTree(folder, directory, common)


def _small_text(path: str) -> str | None:
    try:
        with open(path, "rb") as stream:
            return os.fsdecode(stream.read(4096))
    except OSError:
        return None


def _read_index(path: str) -> list[str]:
    """Paths of the index. A damaged index gives what was read before the damage: paths only ever *widen* what is audited."""
    try:
        if os.path.getsize(path) > _MAX_INDEX:
            return []
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError:
        return []
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        return []
    paths, position, previous = [], 12, b""
    for _ in range(int.from_bytes(data[8:12], "big")):
        extended = version >= 3 and data[position + 60 : position + 61] >= b"\x40" and bool(data[position + 60] & 0x40)
        start = position + _FIXED + 2 * extended
        if version == 4:
            drop, start = _offset(data, start)
            previous = previous[: len(previous) - drop]
        end = data.find(b"\0", start)
        if end < 0:
            break
        name = (previous if version == 4 else b"") + data[start:end]
        previous = name
        position = end + 1 if version == 4 else position + ((end - position) // 8 + 1) * 8
        paths.append(os.fsdecode(name))
    return paths


def _offset(data: bytes, position: int) -> tuple[int, int]:
    """A variable-width number (as in pack files' offset deltas) and the position after it."""
    value, more, first = 0, True, True
    while more and position < len(data):
        byte = data[position]
        value = byte & 0x7F if first else ((value + 1) << 7) | (byte & 0x7F)
        more, first = bool(byte & 0x80), False
        position += 1
    return value, position
