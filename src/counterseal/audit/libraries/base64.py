"""base64: encodings, which hide nothing."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_ENCODE = (
    "b64encode",
    "urlsafe_b64encode",
    "standard_b64encode",
    "b32encode",
    "b16encode",
    "encodebytes",
    "b85encode",
    "a85encode",
)
_DECODE = (
    "b64decode",
    "urlsafe_b64decode",
    "standard_b64decode",
    "b32decode",
    "b16decode",
    "decodebytes",
    "b85decode",
    "a85decode",
)

LIBRARY = Library(
    name="base64",
    calls={
        **{f"base64.{name}": Api("serialize", {"data": 0}, passes=True) for name in _ENCODE},
        **{f"base64.{name}": Api("json-load", {"data": 0}, passes=True) for name in _DECODE},
        "binascii.hexlify": Api("serialize", {"data": 0}, passes=True),
        "binascii.unhexlify": Api("json-load", {"data": 0}, passes=True),
    },
)
