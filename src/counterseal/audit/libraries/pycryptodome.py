"""PyCryptodome, and PyCrypto before it."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_NEW: dict[str, int | str | tuple[int | str, ...]] = {"key": (0, "key"), "mode": (1, "mode"), "iv": ("iv", "IV", "nonce", 2)}
_WEAK = ("DES", "DES3", "ARC2", "ARC4", "Blowfish", "CAST", "XOR")
_HASHES = ("MD2", "MD4", "MD5", "SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "RIPEMD", "RIPEMD160")

LIBRARY = Library(
    name="Crypto",
    calls={
        "Crypto.Cipher.AES.new": Api("cipher", _NEW, returns="Crypto.Cipher.AES.Cipher"),
        **{
            f"Crypto.Cipher.{name}.new": Api("cipher", _NEW, fixed={"weak": "algorithm"}, returns=f"Crypto.Cipher.{name}.Cipher")
            for name in _WEAK
        },
        **{f"Crypto.Hash.{name}.new": Api("hash-fast", {"data": (0, "data")}, gives=("hash:fast",)) for name in _HASHES},
        "Crypto.Random.get_random_bytes": Api("random-strong", {"bytes": (0, "n")}, gives=("random:strong",)),
        "Crypto.PublicKey.RSA.generate": Api("cipher", {"bits": (0, "bits")}, fixed={"key": "rsa"}),
        "Crypto.PublicKey.DSA.generate": Api("cipher", {"bits": (0, "bits")}, fixed={"key": "dsa"}),
        "Crypto.Protocol.KDF.PBKDF2": Api(
            "password-hash",
            {"password": (0, "password"), "salt": (1, "salt"), "iterations": (3, "count")},
            gives=("hash:password",),
            fixed={"scheme": "pbkdf2"},
        ),
        "Crypto.Protocol.KDF.scrypt": Api(
            "password-hash", {"password": (0, "password"), "salt": (1, "salt")}, gives=("hash:password",)
        ),
    },
    aliases={"Cryptodome": "Crypto"},
)
