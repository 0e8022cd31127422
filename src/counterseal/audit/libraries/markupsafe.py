"""MarkupSafe: escaping of HTML."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="markupsafe",
    calls={
        "markupsafe.escape": Api("convert", passes=True, fixed={"escapes": "html", "type": "str"}),
        "markupsafe.Markup": Api("convert", passes=True, fixed={"type": "str"}),
    },
)
