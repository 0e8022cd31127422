"""Keep secrets out of what the audit says: messages, source lines, reasons.

A report travels further than the code it is about, into tickets, mails and build logs. So a secret that the audit has found is
shown as its first characters and an ellipsis: enough to recognise it, not enough to use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

ELLIPSIS = "…"
_WORD = (
    r"(?:secret|passw(?:or)?d|passwd|pwd|passphrase|token|api_?key|access_?key|private_?key|signing_?key|encryption_?key"
    r"|credentials?|pepper|dsn)(?:_?(?:key|value|default)|s|\d+)?"
)
_STRING = r"""(?P<quote>\"\"\"|'''|"|')(?P<value>(?:\\.|(?!(?P=quote)).)*)(?P=quote)"""
_BOUND = re.compile(
    rf"""(?P<before>{_WORD}["']?\s*\]?\s*(?::[^=,"'()]*)?(?:[=!]=|=|:)\s*[rbfu]{{0,2}}"""
    rf"""|(?:env|get|config|setdefault|pop)\(\s*["'][^"']*{_WORD}["']\s*,\s*(?:default\s*=\s*)?[rbfu]{{0,2}}){_STRING}""",
    re.IGNORECASE,
)
"""A string literal that a telling name is given or compared with, or that stands in for a missing setting of such a name."""
_LITERAL = re.compile(
    rf"""(?P<name>(?:env|get|config|setdefault|pop)\(\s*(?:"[A-Za-z_]+"|'[A-Za-z_]+')\s*,|(?:"[A-Za-z_]+"|'[A-Za-z_]+')\s*[\]:])"""
    rf"""|(?P<before>){_STRING}"""
)
"""A string literal, or one that is the name of a setting or key and stays."""
_SHAPES = re.compile(
    r"""(?P<url>(?<=://)[^\s:/@"']*:[^\s/@"']+(?=@))"""  # user:password in an address
    r"""|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"""  # JSON Web Token, RFC 7519
    r"""|\b(?:sk|pk|rk)_(?:live|test)_\w{8,}|\bAKIA[0-9A-Z]{12,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[\w-]{8,}"""
    r"""|\bsk-[\w-]{20,}|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bglpat-[\w-]{16,}"""
    r"""|(?P<blob>(?<![\w+])(?=[A-Za-z+]*\d)(?=[\d+]*[A-Za-z])[A-Za-z0-9+]{32,}={0,2}(?![\w+]))"""  # hexadecimal or base64
)
_NAME = re.compile(r"(?=(?:\D*\d){1,3}\D*\Z).*[a-z]{6}", re.DOTALL)
"""Few digits and whole words: a long name, not a key."""
_MIN_ANYWHERE = 12
"""Shorter secrets are ordinary words too often ("admin") to be replaced wherever they occur."""


def redact(secret: str) -> str:
    """The first characters of a secret and an ellipsis; never more than a quarter of it.

    >>> redact("correct horse battery")
    'co…'
    """
    return secret[: min(2, len(secret) // 4)] + ELLIPSIS


class Redactor:
    """Removes given secrets, and whatever has the shape of one, from texts and source lines."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets``: values found in the code. A secret of several lines is looked for line by line too."""
        whole = set(secrets)
        known = whole.union(*(secret.splitlines() for secret in whole))
        self._long = _any_of(secret for secret in known if len(secret) >= _MIN_ANYWHERE)
        self._short = _any_of(secret for secret in known if 0 < len(secret) < _MIN_ANYWHERE)

    def text(self, text: str) -> str:
        """A message without secrets."""
        if self._long is not None:
            text = self._long.sub(lambda found: redact(found[0]), text)
        return _SHAPES.sub(_shape, text)

    def secret_text(self, text: str) -> str:
        """A message about a secret: short ones are removed too, where they stand in quotes."""
        if self._short is not None:
            quoted = rf"(?P<before>)(?P<quote>[\"'`])(?P<value>{self._short.pattern})(?P=quote)"
            text = re.sub(quoted, _string, text)
        return self.text(text)

    def line(self, line: str) -> str:
        """A line of source code without secrets: also what is given to a telling name, or compared with one."""
        return self.text(_BOUND.sub(_string, line))

    def secret_line(self, line: str) -> str:
        """A line that a finding about a secret points at: no string literal of it stays."""
        shown = _LITERAL.sub(lambda found: found["name"] or _string(found), line)
        return self.text(shown if shown != line else _opened(line))


def _any_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    return re.compile("|".join(re.escape(secret) for secret in longest_first)) if longest_first else None


def _string(found: re.Match[str]) -> str:
    return f"{found['before']}{found['quote']}{redact(found['value']) if found['value'] else ''}{found['quote']}"


def _shape(found: re.Match[str]) -> str:
    if found["url"]:
        user, _, password = found[0].partition(":")
        return f"{user}:{redact(password)}"
    return found[0] if found["blob"] and _NAME.match(found[0]) else redact(found[0])


def _opened(line: str) -> str:
    """A line without a complete literal; what follows the start of one that runs over several lines goes."""
    for quotes in ('"""', "'''"):
        before, found, value = line.partition(quotes)
        if found:
            return f"{before}{found}{redact(value) if value else ''}"
    return line
