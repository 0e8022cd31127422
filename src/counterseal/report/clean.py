"""Make text from audited code safe to show.

Paths, names, source lines and messages come from code that nobody trusts yet. Characters that move the cursor, change colours,
reverse the reading direction (Trojan Source, CVE-2021-42574) or are invisible are replaced by their visible escapes.
"""

from __future__ import annotations

import re


def visible(text: str) -> str:
    r"""Return ``text`` with every unprintable character as ``\x1b`` or ``\u202e``. Line ends count as unprintable."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def one_line(text: str) -> str:
    """Return ``text`` as one line: white space runs become one space, everything else unprintable becomes visible."""
    return visible(" ".join(text.split()))


def source_line(text: str) -> str:
    """Return a line of source code for display: tabs expanded, line end dropped, everything else unprintable made visible."""
    return visible(text.rstrip("\r\n").expandtabs(4))


def lines(text: str) -> list[str]:
    """Return a text that may be several lines of code, as a fix may, line by line; a single line has its white space tidied."""
    parts = text.strip("\r\n").splitlines()
    return [source_line(part) for part in parts] if len(parts) > 1 else [one_line(text)]


def code_spans(text: str) -> list[tuple[bool, str]]:
    """Split ``text`` at pairs of single backticks, which rules put round code: pairs of (is it code, the part)."""
    parts = re.split(r"(?<!`)`([^`]+)`(?!`)", text)
    return [(number % 2 == 1, part) for number, part in enumerate(parts) if part]


def encodable(text: str, encoding: str) -> str:
    r"""Return ``text`` with what ``encoding`` cannot express as visible escapes (``\u2717``)."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python smuggles undecodable bytes of a file name through a string (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
