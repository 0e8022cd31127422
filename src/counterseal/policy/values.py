"""The kinds of value that a policy is made of: each one checks itself and says what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from counterseal.policy.patterns import MAX_LENGTH, PatternError, parse_pattern

MAX_TEXT = 2000
"""Longest text of one value in characters."""


class Section(BaseModel):
    """A table of the policy: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def refuse(message: str, hint: str) -> NoReturn:
    """Refuse a value. Both texts are shown to the person who wrote the policy.

    Raises:
        PydanticCustomError: always.
    """
    raise PydanticCustomError("policy", "{message}", {"message": message, "hint": hint})


def quoted(value: str) -> str:
    """A text from a policy as an error shows it: shortened, and with control characters spelt out."""
    return repr(value if len(value) <= 80 else value[:77] + "...")


# -- limits -----------------------------------------------------------------------------------------------------

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 2_592_000, "year": 31_104_000}
"""Seconds of each unit; month and year are 30 and 360 days, as in the library `limits`."""
_LIMIT = re.compile(r"\s*(\d{1,9})(?:\s*/\s*|\s+per\s+)(?:(\d{1,6})\s*)?([A-Za-z]+)\s*")
_LIMIT_HINT = 'write "5/minute", "100 per hour", "10/5 minutes", or several: "5/minute; 100/day"'


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` times in ``seconds``."""

    count: int
    seconds: int


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Read a rate limit in the notation of the library `limits`: ``count/[n ]unit``, several joined by ``;``, ``,`` or ``|``.

    Raises:
        ValueError: when the text is not a limit.
    """
    return tuple(_parse_limit(part) for part in re.split(r"[;,|]", text))


def _parse_limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(f"{quoted(text)} is not a rate limit")
    count, multiple, unit = int(match[1]), int(match[2] or 1), match[3].lower()
    seconds = _UNITS.get(unit.removesuffix("s"))
    if seconds is None:
        raise ValueError(f"{quoted(match[3])} is not a unit of time (known: {', '.join(_UNITS)})")
    if not count or not multiple:
        raise ValueError(f"{quoted(text)} never allows the operation")
    return Limit(count, multiple * seconds)


def _check_limit(text: str) -> str:
    try:
        parse_limits(text)
    except ValueError as error:
        refuse(str(error), _LIMIT_HINT)
    return text


# -- the other values -------------------------------------------------------------------------------------------


def _check_pattern(text: str) -> str:
    try:
        parse_pattern(text)
    except PatternError as error:
        refuse(error.message, error.hint)
    return text


def _check_dotted(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        refuse(f"{quoted(text)} is not a name", "write a name of the code, for example Invoice or app.models.Invoice")
    return text


def _check_origin(text: str) -> str:
    if "*" in text or text == "null":
        refuse(f"{quoted(text)} lets foreign pages in", 'name each origin: "https://app.example.com"')
    try:
        parts = urlsplit(text)
        plain = f"{parts.scheme}://{parts.netloc}"
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        plain, usable = "", False
    if not usable or re.search(r"[\s\\]", text):
        refuse(f"{quoted(text)} is not an origin", 'write scheme, host and port only: "https://app.example.com"')
    if text.lower() != plain.lower():
        refuse(f"{quoted(text)} is more than an origin", f"leave out the path: {quoted(plain)}")
    return text.lower()


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str):
        refuse("a network must be a string", 'write "10.0.0.0/8" or "192.0.2.7"')
    try:
        network = ip_network(value.strip())
    except ValueError:
        refuse(f"{quoted(value)} is not a network", _network_hint(value.strip()))
    if network.prefixlen == 0:
        refuse(f"{quoted(value)} trusts every address", "name only your proxies: otherwise any client can claim any address")
    return network


def _network_hint(text: str) -> str:
    try:
        return f"the address is inside of a network: write {quoted(str(ip_network(text, strict=False)))} if you mean all of it"
    except ValueError:
        return 'write an address or a network: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32"'


def _check_glob(text: str) -> str:
    if text in ("!", "/") or text.endswith("\\") or "\0" in text:
        refuse(f"{quoted(text)} is not a path pattern", 'write it as in .gitignore: "migrations/", "**/generated_*.py"')
    return text


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, line breaks and marks that reverse the direction of text: a report shows them as something else."""


def _check_plain(text: str) -> str:
    if _CONTROL.search(text):
        refuse("contains a line break or a control character", "write plain text on one line")
    return text


PlainText = AfterValidator(_check_plain)
_Text = Annotated[StrictStr, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), PlainText]

Reason = Annotated[_Text, Field(description="Why, in a few words. It is shown in reports.", pattern=r"\S")]
Name = Annotated[_Text, StringConstraints(max_length=200)]
Pattern = Annotated[_Text, AfterValidator(_check_pattern), Field(max_length=MAX_LENGTH)]
LimitText = Annotated[_Text, AfterValidator(_check_limit)]
Dotted = Annotated[_Text, AfterValidator(_check_dotted)]
Origin = Annotated[_Text, AfterValidator(_check_origin)]
Glob = Annotated[_Text, AfterValidator(_check_glob)]
Network = Annotated[
    IPv4Network | IPv6Network,
    PlainValidator(_network),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 2, "examples": ["10.0.0.0/8", "192.0.2.7"]}),
]
