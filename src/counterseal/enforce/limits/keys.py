"""Keys hold what clients send. Here they get a bounded length and cannot be made to look like another key."""

from __future__ import annotations

from hashlib import blake2b

LONGEST_KEY = 64
"""Characters up to which a key in memory is kept as it is: every address and most identifiers. Longer ones are hashed."""

_DIGEST = 16  # bytes: nobody finds two keys with the same 128 bits by trying


def bounded(key: str) -> str | bytes:
    """The key itself, or its digest when it is long. A digest is of another type, so no key can pose as one."""
    return key if len(key) <= LONGEST_KEY else blake2b(_encoded(key), digest_size=_DIGEST).digest()


class Namespace:
    """Digests of keys that differ from those of every other limit and every other application in the same store."""

    __slots__ = ("_base",)

    def __init__(self, *parts: str) -> None:
        self._base = blake2b(digest_size=_DIGEST)
        for part in parts:
            encoded = _encoded(part)
            # With its length, so that no part runs into the next one: ("a", "bc") is not ("ab", "c").
            self._base.update(len(encoded).to_bytes(4, "big") + encoded)

    def digest(self, key: str) -> bytes:
        """16 bytes."""
        state = self._base.copy()
        state.update(_encoded(key))
        return state.digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what servers decode leniently must not fail here
