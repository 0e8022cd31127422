"""A record as the ledger keeps it: one line of JSON (RFC 8259), always the same for the same record.

The line is the record. It is what is hashed, shown and exported; nothing of it is kept a second time beside it, so there is
nothing with which it could disagree. Fields stand in a fixed order, absent ones are left out, every character beyond ASCII is
escaped: the bytes are the same in every database, encoding and version of Python.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from json.encoder import encode_basestring_ascii
from typing import Any

from counterseal.enforce.core.record import Outcome, Record
from counterseal.enforce.core.redaction import Redactor, shortened

MICROSECONDS = 1_000_000
MAX_TEXT = 1000
"""Characters of one text field; what is longer is cut, and says so."""
MAX_OBJECT = 16_384
"""Characters that ``changes`` or ``details`` may take as JSON; of a larger one only the field names are kept."""
# Where a text field is too long for its bound, the whole line is longer than that.
_CERTAINLY_SHORT = MAX_TEXT

OPTIONAL_TEXTS = (
    "actor",
    "on_behalf_of",
    "scheme",
    "object_type",
    "object_id",
    "route",
    "client",
    "request_id",
    "reason",
)
OBJECTS = ("changes", "details")
FIELDS = ("at", "action", "outcome", *OPTIONAL_TEXTS, "status", *OBJECTS)
"""The fields of a record in the order in which they are written."""

_LATEST_SECOND = 253_402_300_800
"""The year 10000: what is later is given in another unit by mistake."""

quoted = encode_basestring_ascii
"""A text as JSON has it, in quotes."""
_object_json = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


class Encoder:
    """Makes lines of records."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def encode(self, record: Record) -> str:
        """The record's line; sensitive values replaced, everything bounded in size.

        Raises:
            ValueError: the record's time is not a number of seconds since the epoch.
        """
        if not 0 <= record.at < _LATEST_SECOND:
            raise ValueError(f"a record's time is in seconds since the epoch, not {record.at}")
        try:
            line = self._line(record)
        except TypeError:  # an identifier that is no text: a number, a UUID
            return self._line(_bounded(record))
        return line if len(line) <= _CERTAINLY_SHORT else self._line(_bounded(record))

    def _line(self, record: Record) -> str:
        # Spelled out field by field: a loop over the names costs twice as much, and this runs for every audited request.
        line = f'{{"at":{round(record.at * MICROSECONDS)},"action":{quoted(record.action)},"outcome":{quoted(record.outcome)}'
        if record.actor is not None:
            line += f',"actor":{quoted(record.actor)}'
        if record.on_behalf_of is not None:
            line += f',"on_behalf_of":{quoted(record.on_behalf_of)}'
        if record.scheme is not None:
            line += f',"scheme":{quoted(record.scheme)}'
        if record.object_type is not None:
            line += f',"object_type":{quoted(record.object_type)}'
        if record.object_id is not None:
            line += f',"object_id":{quoted(record.object_id)}'
        if record.route is not None:
            line += f',"route":{quoted(record.route)}'
        if record.client is not None:
            line += f',"client":{quoted(record.client)}'
        if record.request_id is not None:
            line += f',"request_id":{quoted(record.request_id)}'
        if record.reason is not None:
            line += f',"reason":{quoted(record.reason)}'
        if record.status is not None:
            line += f',"status":{int(record.status)}'
        if record.changes:
            line += f',"changes":{self._object(record.changes)}'
        if record.details:
            line += f',"details":{self._object(record.details)}'
        return line + "}"

    def _object(self, value: Mapping[str, Any]) -> str:
        clean = self._redactor.clean(value)
        text = _object_json(clean)
        if len(text) <= MAX_OBJECT:
            return text
        return _object_json({"[too large]": sorted(clean)[:50]})


def _bounded(record: Record) -> Record:
    """The record with every text as a text and no longer than allowed."""
    texts = {name: value for name in ("action", *OPTIONAL_TEXTS) if (value := getattr(record, name)) is not None}
    shorter: dict[str, Any] = {name: shortened(str(value), MAX_TEXT) for name, value in texts.items()}
    return replace(record, **shorter)


def decode(line: bytes | str) -> Record:
    """The record of a line.

    Raises:
        ValueError: it is not the line of a record.
    """
    try:
        fields = json.loads(line)
    except RecursionError as error:
        raise ValueError("not the line of a record") from error
    if not isinstance(fields, dict) or not {"at", "action", "outcome"} <= fields.keys() <= _TYPES.keys():
        raise ValueError("not the line of a record")
    if not all(type(value) is _TYPES[name] for name, value in fields.items()) or not 0 <= fields["at"] <= _LATEST:
        raise ValueError("not the line of a record")
    return Record(**(fields | {"at": fields["at"] / MICROSECONDS, "outcome": Outcome(fields["outcome"])}))


_TYPES: dict[str, type] = (
    dict.fromkeys(("at", "status"), int)
    | dict.fromkeys(("action", "outcome", *OPTIONAL_TEXTS), str)
    | dict.fromkeys(OBJECTS, dict)
)
_LATEST = (1 << 63) - 1
