"""Bytes of a source file to text, as the interpreter would do it, and on where it would stop.

Source: PEP 263 (source code encodings); the Python language reference, section 2.1.
"""

from __future__ import annotations

import codecs
import io
import re
import tokenize
from dataclasses import dataclass

from counterseal.audit.facts.python.tolerant.model import LostRange

_NEWLINES = re.compile("\\r\\n?")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with line feeds as its only line ends, and the lines that are not what the author wrote."""

    text: str
    lost: tuple[LostRange, ...]


def decode(source: bytes) -> Decoded:
    """Decode a source file. Bytes that are no text in its encoding become U+FFFD. Their lines count as lost, as do null bytes."""
    encoding, problem = _encoding(source)
    text = _decode_with(source.removeprefix(codecs.BOM_UTF8), encoding)
    text = _NEWLINES.sub("\n", text)
    lost = [LostRange(1, 1, problem)] if problem else []
    if "\ufffd" in text and "\ufffd" not in _strict(source, encoding):
        lost += _lines_with(text, "\ufffd", f"bytes that are not {encoding}")
    if "\0" in text:
        lost += _lines_with(text, "\0", "null bytes")
        text = text.replace("\0", " ")
    return Decoded(text, tuple(lost))


def _encoding(source: bytes) -> tuple[str, str | None]:
    """The encoding that the file declares, and what is wrong with the declaration."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        "a".encode(encoding)
        return encoding, None
    except (LookupError, UnicodeError):
        return "utf-8", "the declared encoding is not one of text"
    except SyntaxError as error:
        if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", "the file is UTF-16, which Python does not read"
        undecodable = "invalid or missing encoding declaration" in str(error)
        return "utf-8", None if undecodable else f"the declared encoding is not usable: {error}"


def _decode_with(source: bytes, encoding: str) -> str:
    try:
        return source.decode(encoding, "replace")
    except (LookupError, UnicodeError, ValueError):  # not a text encoding, or one without replacement
        return source.decode("utf-8", "replace")


def _strict(source: bytes, encoding: str) -> str:
    """The text if every byte of it is valid, else nothing: tells a written U+FFFD from a replacement."""
    try:
        return source.decode(encoding)
    except (LookupError, UnicodeError, ValueError):
        return ""


def _lines_with(text: str, mark: str, why: str) -> list[LostRange]:
    found: list[LostRange] = []
    for number, line in enumerate(text.split("\n"), 1):
        if mark in line:
            if found and found[-1].end_line == number - 1:
                found[-1] = LostRange(found[-1].line, number, why)
            else:
                found.append(LostRange(number, number, why))
    return found
