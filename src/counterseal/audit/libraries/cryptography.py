"""cryptography (pyca)."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_C = "cryptography.hazmat.primitives.ciphers"
_WEAK_CIPHERS = ("ARC4", "TripleDES", "Blowfish", "IDEA", "CAST5", "SEED", "RC2")
_H = "cryptography.hazmat.primitives.hashes"
_KDF = "cryptography.hazmat.primitives.kdf"
_ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"

LIBRARY = Library(
    name="cryptography",
    calls={
        f"{_C}.Cipher": Api("cipher", {"algorithm": (0, "algorithm"), "mode": (1, "mode")}, returns=f"{_C}.Cipher"),
        f"{_C}.modes.ECB": Api("cipher", fixed={"weak": "mode"}, returns=f"{_C}.modes.ECB"),
        **{
            f"{_C}.algorithms.{name}": Api(
                "cipher", {"key": (0, "key")}, fixed={"weak": "algorithm"}, returns=f"{_C}.algorithms.{name}"
            )
            for name in _WEAK_CIPHERS
        },
        f"{_C}.algorithms.AES": Api("cipher", {"key": (0, "key")}, returns=f"{_C}.algorithms.AES"),
        "cryptography.fernet.Fernet": Api("cipher", {"key": (0, "key")}, returns="cryptography.fernet.Fernet"),
        "cryptography.fernet.Fernet.generate_key": Api("random-strong", gives=("random:strong",)),
        "cryptography.fernet.Fernet.encrypt": Api("cipher", {"data": (0, "data")}),
        "cryptography.fernet.Fernet.decrypt": Api(
            "signer-load", {"token": (0, "token"), "max_age": (1, "ttl")}, gives=("who", "self"), facts=("auth",)
        ),
        **{
            f"{_H}.{name}": Api("hash-fast", gives=("hash:fast",), returns=f"{_H}.{name}")
            for name in ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
        },
        f"{_KDF}.pbkdf2.PBKDF2HMAC": Api(
            "password-hash",
            {"algorithm": (0, "algorithm"), "salt": (2, "salt"), "iterations": (3, "iterations")},
            returns=f"{_KDF}.pbkdf2.PBKDF2HMAC",
            fixed={"scheme": "pbkdf2"},
        ),
        f"{_KDF}.pbkdf2.PBKDF2HMAC.derive": Api("password-hash", {"password": (0, "key_material")}, gives=("hash:password",)),
        f"{_KDF}.scrypt.Scrypt.derive": Api("password-hash", {"password": (0, "key_material")}, gives=("hash:password",)),
        f"{_ASYMMETRIC}.rsa.generate_private_key": Api("cipher", {"bits": ("key_size", 1)}, fixed={"key": "rsa"}),
        f"{_ASYMMETRIC}.dsa.generate_private_key": Api("cipher", {"bits": ("key_size", 0)}, fixed={"key": "dsa"}),
        "cryptography.hazmat.primitives.constant_time.bytes_eq": Api("compare-digest", {"left": 0, "right": 1}),
    },
    aliases={
        f"{_C}.base.Cipher": f"{_C}.Cipher",
        "cryptography.hazmat.decrepit.ciphers.algorithms": f"{_C}.algorithms",
        "cryptography.fernet.MultiFernet": "cryptography.fernet.Fernet",
    },
)
