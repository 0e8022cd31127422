"""Numbers that rules compare with. Each default names its source; where a standard has a hard minimum, so has the policy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from counterseal.policy.values import Section

_Count = Annotated[StrictInt, Field(ge=1, le=10**12)]


class Thresholds(Section):
    """Limits that the rules use."""

    max_page_size: _Count = Field(
        default=100,
        description="Most items of one page of a list. Source: ours; OWASP API4:2023 and ASVS v5.0.0-15.2.2 ask for a bound.",
    )
    max_body_bytes: _Count = Field(
        default=1_048_576,
        description="Largest request body without files, in bytes. Source: 1 MiB is the default of nginx; OWASP API4:2023.",
    )
    max_upload_bytes: _Count = Field(
        default=10_485_760,
        description="Largest uploaded file, in bytes. Source: 10 MiB is ours; ASVS v5.0.0-5.2.1 asks for a bound.",
    )
    min_password_length: StrictInt = Field(
        default=8,
        ge=8,
        le=64,
        description="Fewest characters of a password. Source: ASVS v5.0.0-6.2.1 (8 at least, better 15), NIST SP 800-63B; "
        "passwords of 64 characters must stay possible (ASVS v5.0.0-6.2.9).",
    )
    min_bcrypt_rounds: StrictInt = Field(
        default=10,
        ge=4,
        le=31,
        description="Lowest work factor of bcrypt. Source: OWASP Password Storage Cheat Sheet; ASVS v5.0.0-11.4.2.",
    )
    min_pbkdf2_iterations: _Count = Field(
        default=600_000,
        description="Fewest iterations of PBKDF2-HMAC-SHA-256. Source: OWASP Password Storage Cheat Sheet; ASVS v5.0.0-11.4.2.",
    )
    min_jwt_key_bits: StrictInt = Field(
        default=256,
        ge=256,
        le=4096,
        description="Shortest HMAC key that signs tokens, in bits. Source: RFC 7518 §3.2 (as long as the hash of HS256).",
    )
    min_rsa_key_bits: StrictInt = Field(
        default=2048,
        ge=2048,
        le=16_384,
        description="Shortest RSA key, in bits. Source: RFC 7518 §3.3 and §4.2.",
    )
    min_token_bits: StrictInt = Field(
        default=128,
        ge=64,
        le=4096,
        description="Least randomness of a session, reset or invitation token, in bits. "
        "Source: ASVS v5.0.0-7.2.3 and v5.0.0-11.5.1.",
    )
    access_token_max_minutes: _Count = Field(
        default=1440,
        description="Longest life of an access token, in minutes. Source: one day, the longest time between two sign-ins that "
        "NIST SP 800-63B-4 §2.2.3 recommends at AAL2; ASVS v5.0.0-7.3.2 asks for a bound.",
    )
    refresh_token_max_days: _Count = Field(
        default=30,
        description="Longest life of a refresh token, in days. "
        "Source: NIST SP 800-63B §4.1.3 (a new sign-in at least every 30 days at AAL1).",
    )
    one_time_code_max_minutes: _Count = Field(
        default=10,
        description="Longest life of a one-time code, in minutes. Source: ASVS v5.0.0-6.5.5.",
    )
