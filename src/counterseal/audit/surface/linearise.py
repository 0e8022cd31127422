"""The order in which Python looks attributes up in a class and its bases."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def linearised(lines: list[list[T]]) -> list[T]:
    """Bases merged in Python's way (C3); where that is not possible, since some base is not known, depth first."""
    out: list[T] = []
    rest = [list(dict.fromkeys(line)) for line in lines]
    while any(rest):
        heads = [line[0] for line in rest if line]
        free = next((head for head in heads if not any(head in line[1:] for line in rest)), heads[0])
        out.append(free)
        rest = [[item for item in line if item != free] for line in rest]
    return out
