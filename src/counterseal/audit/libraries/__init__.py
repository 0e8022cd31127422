"""What is known about third-party libraries: data, one file each. `load_libraries` reads the folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from counterseal.audit.libraries.model import Library

_NOT_LIBRARIES = {"model", "knowledge"}


class LibraryDefinitionError(Exception):
    """A file in ``audit/libraries`` does not define a `Library`: a fault of Counterseal or of a plug-in, not of the user."""


@cache
def load_libraries() -> tuple[Library, ...]:
    """Every library file of the folder, by name.

    Raises:
        LibraryDefinitionError: a file has no ``LIBRARY``.
    """
    out = []
    for info in pkgutil.iter_modules(__path__):
        if info.name in _NOT_LIBRARIES:
            continue
        library = getattr(importlib.import_module(f"{__name__}.{info.name}"), "LIBRARY", None)
        if not isinstance(library, Library):
            raise LibraryDefinitionError(f"audit/libraries/{info.name}.py must define LIBRARY = Library(...)")
        out.append(library)
    return tuple(out)
