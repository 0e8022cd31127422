"""Which names hold secrets, and which texts can be secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum, auto
from functools import lru_cache

from counterseal.audit.surface.model import Literal, Surface
from counterseal.audit.surface.vocabulary import snake


class Kind(StrEnum):
    """What a secret opens."""

    PASSWORD = auto()
    """Signs in somewhere."""
    KEY = auto()
    """Signs, encrypts, or identifies this application to others."""
    TOKEN = auto()
    """Given out by somebody else, to be shown."""


_HEADS = {
    **dict.fromkeys(("password", "passwd", "pwd", "passphrase", "passcode", "pass"), Kind.PASSWORD),
    **dict.fromkeys(("secret", "secrets", "apikey", "secretkey", "pepper"), Kind.KEY),
    **dict.fromkeys(("token", "credential", "credentials"), Kind.TOKEN),
}
_KEY_OF = re.compile(
    "secret|api|private|signing|sign|encryption|encrypt|jwt|auth|master|aes|fernet|hmac|crypto|cipher|webhook|stripe|openai"
    "|anthropic|aws|sendgrid|twilio|mailgun|github|access|service|admin|app|flask|csrf|account|storage|subscription|license|shared"
)
"""What a key is the key of when it is a secret; other keys name columns, cache entries and the like."""
_PUBLIC = {"public", "publishable", "pub", "site", "primary", "foreign", "cache", "sort", "partition", "idempotency"}
_SUFFIX = re.compile(
    r"value|default|fallback|str|string|bytes|hex|base64|b64|old|new|prod|production|dev|live|test|local|main|hmac|\d+"
)
_MENTION = re.compile(
    "reset|forgot|confirm|hash|hashed|type|expires|expire|lifetime|algorithm|header|prefix|cookie|url|field|label"
)
"""Words that make a name speak about a password or token: ``forgot_password``."""

KNOWN_SHAPES = (
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})\b")),
    ("a GitLab token", re.compile(r"\bglpat-[\w-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[\w-]{20,}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/services/T\w+/B\w+/\w{16,}")),
    ("a Stripe key", re.compile(r"\b(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{16,}")),
    ("a Stripe webhook secret", re.compile(r"\bwhsec_[0-9A-Za-z]{24,}")),
    ("a Google API key", re.compile(r"\bAIza[\w-]{35}\b")),
    ("a SendGrid key", re.compile(r"\bSG\.[\w-]{16,}\.[\w-]{16,}")),
    ("an OpenAI or Anthropic key", re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{24,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----")),
)
CREDENTIALS_IN_URL = re.compile(
    r"^[a-z][a-z0-9+.-]*://(?P<user>[^\s:/@]*):(?P<password>[^\s/@]+)@(?P<host>[^\s/:?]+)", re.IGNORECASE
)
_LOCAL_HOSTS = {
    "localhost",
    "127.0.0.1",
    "::1",
    "0.0.0.0",  # noqa: S104
    "host.docker.internal",
    "db",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "database",
    "rabbitmq",
}
_FAKE = re.compile(r"example|demo|dummy|fake|placeholder|your[-_ ]|x{5,}|\.\.\.|<[^>]*>|\*{3,}|0{12,}|1234567890", re.IGNORECASE)
_TEMPLATE = re.compile(r"^\s*$|[{}]|%\(|\$\{|^%s$")
_HEADER = re.compile(r"^[Xx]-[\w-]+$|^Authorization$|^Bearer\b", re.IGNORECASE)
NOTHING = {"none", "null", "true", "false", "str", "string"}
_WORDS = re.compile(r"^[A-Za-z]+(?:[_\-. :/][A-Za-z]+)*$")


@lru_cache(maxsize=100_000)
def secret_kind(name: str) -> Kind | None:
    """What kind of secret a name is for, or ``None``: what a name *ends* in is what it holds, so ``token_url`` holds none."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", snake(name).lower()) if word]
    words = [re.sub(r"\d+$", "", word) or word for word in words]
    while len(words) > 1 and _SUFFIX.fullmatch(words[-1]):
        words.pop()
    if not words or set(words) & _PUBLIC:
        return None
    head = words[-1]
    if head == "key":
        return Kind.KEY if len(words) > 1 and _KEY_OF.fullmatch(words[-2]) else None
    if head == "salt":
        return Kind.KEY if len(words) > 1 and words[-2] in ("password", "security", "secret", "hash") else None
    if any(_MENTION.fullmatch(word) for word in words[:-1]) and _HEADS.get(head) is not Kind.KEY:
        return None
    if head == "pass":
        return Kind.PASSWORD if len(words) > 1 else None
    return _HEADS.get(head)


def known_shape(value: str) -> str | None:
    """What a text is by its own shape, whatever it is called; ``None`` for examples and for other texts."""
    if _FAKE.search(value):
        return None
    return next((what for what, shape in KNOWN_SHAPES if shape.search(value)), None)


def url_password(value: str) -> str | None:
    """The host that a text with a password in an address leads to; ``None`` when it holds none."""
    found = CREDENTIALS_IN_URL.match(value)
    return None if found is None or _TEMPLATE.search(found["password"]) else found["host"]


def fallback_literals(surface: Surface) -> Iterator[Literal]:
    """Texts that are given to a name which otherwise comes from the environment: ``if not KEY: KEY = "dev"``."""
    replaced = {(s.place.file, s.name) for s in surface.settings if any(label.startswith("env:") for label in s.value.may)}
    for literal in surface.literals:
        if (literal.place.file, literal.name) in replaced:
            yield literal


def is_local(host: str) -> bool:
    """Whether an address is one that only the machine itself, or a container beside it, can reach."""
    return host.lower() in _LOCAL_HOSTS


def live_secret(name: str, value: str, *, fallback: bool = False) -> Kind | None:
    """Whether a constant or setting of this name with this value is a secret in use; placeholders in use are secrets.

    ``fallback``: the value stands in for a missing variable, so it is not the name of anything.
    """
    kind = secret_kind(name)
    if kind is None or not _possible(value) or "fake" in value.lower() or (not fallback and _names_itself(name, value)):
        return None
    if kind is Kind.TOKEN:
        return kind if _random_looking(value, 12) else None
    if kind is Kind.PASSWORD and re.search(r"\s", value):
        return None
    return kind


def embedded_secret(name: str, value: str) -> Kind | None:
    """Whether a keyword, key or variable of this name with this value is a secret: it must look like one."""
    kind = live_secret(name, value)
    if kind is None or _FAKE.search(value) or re.search(r"\s", value):
        return None
    if kind is Kind.PASSWORD:
        return kind if re.search(r"[A-Za-z]", value) and re.search(r"[\d!@#$%^&*]", value) and len(value) >= 6 else None
    return kind if _random_looking(value, 8) else None


def _possible(value: str) -> bool:
    if len(value) < 3 or _TEMPLATE.search(value) or _HEADER.match(value):
        return False
    return not value.startswith(("http://", "https://", "/", "./")) and value.lower() not in NOTHING


def _names_itself(name: str, value: str) -> bool:
    """Whether a constant maps a name to itself (``API_KEY = "api_key"``): it is the name of a header, column or variable."""
    return re.sub(r"[^a-z0-9]", "", value.lower()) == re.sub(r"[^a-z0-9]", "", snake(name).lower())


def _random_looking(value: str, least: int) -> bool:
    """Whether a text is not made of words: letters and digits mixed, or many different characters."""
    if len(value) < least or _WORDS.match(value):
        return False
    mixed = bool(re.search(r"[A-Za-z]", value)) and bool(re.search(r"\d", value))
    return mixed or entropy(value) >= 3.5


def entropy(value: str) -> float:
    """Shannon entropy of a text in bits per character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) if value else 0.0
