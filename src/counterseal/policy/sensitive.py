"""Names of fields whose values must not leave the application."""

from __future__ import annotations

import re

DEFAULTS = frozenset(
    {
        # Passwords and what is stored of them
        "password", "passwd", "pwd", "passphrase", "password_hash", "password_digest", "password_salt",
        "hashed_password", "encrypted_password", "pass_hash", "salt",
        # Keys and tokens. What a sign-in hands out on purpose (access_token, refresh_token) is not here.
        "secret", "secret_key", "client_secret", "private_key", "api_key", "apikey", "api_secret", "signing_key",
        "token", "session_token", "reset_token", "password_reset_token", "verification_token", "confirmation_token",
        "activation_token", "invite_token", "remember_token",
        # Second factors and recovery
        "otp", "otp_secret", "totp_secret", "mfa_secret", "two_factor_secret", "pin", "pin_code",
        "recovery_code", "recovery_codes", "backup_codes", "security_answer",
        # Identity and payment
        "ssn", "social_security_number", "national_id", "tax_id", "passport_number",
        "card_number", "credit_card", "credit_card_number", "pan", "cvv", "cvc", "card_cvv",
        "bank_account", "account_number", "iban",
    }
)  # fmt: skip
"""Field names in snake case that the policy treats as sensitive unless ``not_sensitive`` names them."""

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def normal(name: str) -> str:
    """The snake case of a field name: ``passwordHash``, ``Password-Hash`` and ``password_hash`` are one field."""
    return re.sub(r"[\s\-_.]+", "_", _WORD_START.sub("_", name.strip())).strip("_").lower()
