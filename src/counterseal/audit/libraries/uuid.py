"""uuid."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="uuid",
    calls={
        "uuid.uuid4": Api("random-strong", gives=("random:strong",)),
        # Address of the machine and time of the call (RFC 9562, 6.12: not to be used where guessing must be hard).
        "uuid.uuid1": Api("uuid-weak", gives=("random:weak", "time")),
        "uuid.uuid6": Api("uuid-weak", gives=("random:weak", "time")),
        "uuid.uuid7": Api("random-strong", gives=("random:strong", "time")),
        "uuid.uuid3": Api("convert", {"data": (1, "name")}, passes=True),
        "uuid.uuid5": Api("convert", {"data": (1, "name")}, passes=True),
        "uuid.getnode": Api("uuid-weak", gives=("random:weak",)),
        "uuid.UUID": Api("convert", {"data": (0, "hex")}, passes=True, fixed={"type": "uuid"}),
    },
)
