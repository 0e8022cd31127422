"""The names of modules."""

from __future__ import annotations

from collections.abc import Iterable


def module_names(files: Iterable[str]) -> dict[str, str]:
    """Module names by path.

    The name of a module is its path below the folder that its imports are relative to. Folders without ``__init__.py``
    are namespace packages; a ``src`` folder at the top is not part of the name.
    """
    out: dict[str, str] = {}
    for path in files:
        parts = path[:-3].split("/")
        if parts[0] == "src" and len(parts) > 1:
            parts = parts[1:]
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        out[path] = ".".join(parts)
    return out
