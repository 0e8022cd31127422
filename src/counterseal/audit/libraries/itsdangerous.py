"""ItsDangerous: signed values."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_SERIALIZERS = (
    "Serializer",
    "TimedSerializer",
    "URLSafeSerializer",
    "URLSafeTimedSerializer",
    "JSONWebSignatureSerializer",
    "TimedJSONWebSignatureSerializer",
)
_SIGNERS = ("Signer", "TimestampSigner")
_LOAD = Api(
    "signer-load",
    {"token": (0, "s", "signed_value"), "max_age": (1, "max_age"), "salt": "salt"},
    gives=("who", "self"),
    facts=("auth",),
)
_DUMP = Api("signer-dump", {"payload": (0, "obj", "value"), "salt": (1, "salt")})
_UNSAFE = Api("token-peek", {"token": (0, "s")}, gives=("unverified",), passes=True)


def _calls() -> dict[str, Api]:
    out: dict[str, Api] = {}
    for name in _SERIALIZERS:
        out |= {
            f"itsdangerous.{name}.loads": _LOAD,
            f"itsdangerous.{name}.load": _LOAD,
            f"itsdangerous.{name}.dumps": _DUMP,
            f"itsdangerous.{name}.loads_unsafe": _UNSAFE,
        }
    for name in _SIGNERS:
        out |= {
            f"itsdangerous.{name}.unsign": _LOAD,
            f"itsdangerous.{name}.sign": _DUMP,
            f"itsdangerous.{name}.validate": Api("validate", true=("signature",)),
        }
    return out


LIBRARY = Library(
    name="itsdangerous",
    calls=_calls(),
    aliases={
        "itsdangerous.serializer": "itsdangerous",
        "itsdangerous.timed": "itsdangerous",
        "itsdangerous.url_safe": "itsdangerous",
        "itsdangerous.signer": "itsdangerous",
        "itsdangerous.jws": "itsdangerous",
    },
)
