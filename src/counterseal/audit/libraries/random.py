"""random: a generator whose next values follow from its last ones."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_NAMES = (
    "random",
    "randint",
    "randrange",
    "choice",
    "choices",
    "sample",
    "shuffle",
    "getrandbits",
    "uniform",
    "randbytes",
    "triangular",
    "gauss",
    "betavariate",
    "normalvariate",
)

LIBRARY = Library(
    name="random",
    calls={
        **{f"random.{name}": Api("random-weak", {"range": 0, "size": "k"}, gives=("random:weak",)) for name in _NAMES},
        **{f"random.Random.{name}": Api("random-weak", {"range": 0, "size": "k"}, gives=("random:weak",)) for name in _NAMES},
        **{
            f"numpy.random.{name}": Api("random-weak", {"range": 0}, gives=("random:weak",))
            for name in ("randint", "rand", "random", "choice", "bytes")
        },
    },
    aliases={"random.SystemRandom": "secrets.SystemRandom"},
)
