"""secrets: randomness fit for security."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_STRONG = ("token_bytes", "token_hex", "token_urlsafe")
_OTHER = ("choice", "randbelow", "randbits")

LIBRARY = Library(
    name="secrets",
    calls={
        **{f"secrets.{name}": Api("random-strong", {"bytes": (0, "nbytes")}, gives=("random:strong",)) for name in _STRONG},
        **{f"secrets.{name}": Api("random-strong", {"range": 0}, gives=("random:strong",)) for name in _OTHER},
        **{
            f"secrets.SystemRandom.{name}": Api("random-strong", {"range": 0}, gives=("random:strong",))
            for name in ("choice", "choices", "randint", "randrange", "random", "sample", "getrandbits", "uniform")
        },
        "secrets.compare_digest": Api("compare-digest", {"left": (0, "a"), "right": (1, "b")}),
    },
)
