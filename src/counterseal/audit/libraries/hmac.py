"""hmac: keyed digests and comparison in constant time."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_SIGN = Api("signer-dump", {"key": (0, "key"), "payload": (1, "msg"), "algorithm": (2, "digestmod", "digest")}, gives=("secret",))

LIBRARY = Library(
    name="hmac",
    calls={
        "hmac.new": _SIGN,
        "hmac.digest": _SIGN,
        "hmac.HMAC": _SIGN,
        "hmac.compare_digest": Api("compare-digest", {"left": (0, "a"), "right": (1, "b")}),
    },
)
