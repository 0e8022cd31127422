"""hashlib: digests, and the key derivations among them."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_FAST = (
    "md4",
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
    "blake2b",
    "blake2s",
    "shake_128",
    "shake_256",
    "sha",
    "ripemd160",
)
_DATA: dict[str, int | str | tuple[int | str, ...]] = {
    "data": (0, "string", "data"),
    "for_security": "usedforsecurity",
    "key": "key",
}

LIBRARY = Library(
    name="hashlib",
    calls={
        **{f"hashlib.{name}": Api("hash-fast", _DATA, gives=("hash:fast",)) for name in _FAST},
        "hashlib.new": Api(
            "hash-fast",
            {"algorithm": (0, "name"), "data": (1, "string", "data"), "for_security": "usedforsecurity"},
            gives=("hash:fast",),
        ),
        "hashlib.file_digest": Api("hash-fast", {"algorithm": (1, "digest")}, gives=("hash:fast",)),
        "hashlib.pbkdf2_hmac": Api(
            "password-hash",
            {"algorithm": (0, "hash_name"), "password": (1, "password"), "salt": (2, "salt"), "iterations": (3, "iterations")},
            gives=("hash:password",),
            fixed={"scheme": "pbkdf2"},
        ),
        "hashlib.scrypt": Api(
            "password-hash",
            {"password": (0, "password"), "salt": "salt", "cost": "n"},
            gives=("hash:password",),
            fixed={"scheme": "scrypt"},
        ),
        "crypt.crypt": Api("hash-slow", {"password": (0, "word"), "salt": (1, "salt")}, gives=("hash:password",)),
        "zlib.crc32": Api("hash-fast", {"data": 0}, gives=("hash:fast",)),
    },
    aliases={"_hashlib": "hashlib", "md5": "hashlib", "sha": "hashlib"},
)
