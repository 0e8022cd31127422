"""passlib."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_HASH = Api("password-hash", {"password": (0, "secret"), "scheme": (1, "scheme")}, gives=("hash:password",))
_VERIFY = Api("password-verify", {"password": (0, "secret"), "hash": (1, "hash")}, true=("password",))
_SLOW = (
    "bcrypt",
    "bcrypt_sha256",
    "argon2",
    "scrypt",
    "pbkdf2_sha256",
    "pbkdf2_sha512",
    "pbkdf2_sha1",
    "sha512_crypt",
    "sha256_crypt",
    "django_pbkdf2_sha256",
    "django_bcrypt",
)
_FAST = (
    "md5_crypt",
    "apr_md5_crypt",
    "des_crypt",
    "bsdi_crypt",
    "bigcrypt",
    "crypt16",
    "sha1_crypt",
    "plaintext",
    "unix_disabled",
    "ldap_md5",
    "ldap_sha1",
    "ldap_salted_md5",
    "ldap_salted_sha1",
    "ldap_plaintext",
    "hex_md4",
    "hex_md5",
    "hex_sha1",
    "hex_sha256",
    "hex_sha512",
    "nthash",
    "lmhash",
    "mysql323",
    "mysql41",
    "postgres_md5",
    "oracle10",
    "mssql2000",
    "django_salted_md5",
    "django_salted_sha1",
)


def _handlers() -> dict[str, Api]:
    out: dict[str, Api] = {}
    for name in _SLOW:
        out |= {f"passlib.hash.{name}.{method}": _HASH for method in ("hash", "encrypt", "using")}
        out[f"passlib.hash.{name}.verify"] = _VERIFY
    for name in _FAST:
        out |= {
            f"passlib.hash.{name}.{method}": Api("hash-fast", {"data": (0, "secret")}, gives=("hash:fast",))
            for method in ("hash", "encrypt")
        }
        out[f"passlib.hash.{name}.verify"] = _VERIFY
    return out


LIBRARY = Library(
    name="passlib",
    calls={
        "passlib.context.CryptContext.hash": _HASH,
        "passlib.context.CryptContext.encrypt": _HASH,
        "passlib.context.CryptContext.verify": _VERIFY,
        "passlib.context.CryptContext.verify_and_update": _VERIFY,
        **_handlers(),
        "passlib.pwd.genword": Api("random-strong", gives=("random:strong",)),
        "passlib.pwd.genphrase": Api("random-strong", gives=("random:strong",)),
        "passlib.utils.consteq": Api("compare-digest", {"left": 0, "right": 1}),
    },
    aliases={
        "passlib.apps.custom_app_context": "passlib.context.CryptContext",
        "passlib.context.LazyCryptContext": "passlib.context.CryptContext",
    },
)
