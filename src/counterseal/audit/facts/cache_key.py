"""Where the cache lies, and what makes an earlier run's work worthless."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Mapping
from pathlib import Path

import counterseal
from counterseal.audit.facts.cache import Cache


def default_directory(environ: Mapping[str, str]) -> Path | None:
    """``COUNTERSEAL_CACHE``, else ``counterseal`` in the user's cache folder; ``None`` when the user has no home.

    Source: XDG Base Directory Specification 0.8 (a relative ``XDG_CACHE_HOME`` is invalid and ignored).
    """
    chosen = environ.get("COUNTERSEAL_CACHE")
    if chosen:
        return Path(chosen).absolute()
    shared = Path(environ.get("XDG_CACHE_HOME") or "")
    if shared.is_absolute():
        return shared / "counterseal"
    try:
        return Path.home() / ".cache" / "counterseal"
    except RuntimeError:
        return None


def open_cache(root: Path, configuration: str, environ: Mapping[str, str]) -> Cache | None:
    """The cache of the code base at ``root``; ``None`` when there is no place for one.

    ``configuration``: what else results depend on (chosen options). A cache that cannot be used says so in its notices.
    """
    directory = default_directory(environ)
    key = tool_key()
    if directory is None or key is None:
        return None
    return Cache(directory, f"{key}\n{configuration}", str(root.absolute()))


def tool_key() -> str | None:
    """A digest of the tool's own sources, the interpreter and the grammar; ``None`` when the sources cannot be read."""
    package = Path(counterseal.__file__).parent
    hasher = hashlib.sha256()
    sources = sorted(package.rglob("*.py"))
    try:
        for source in sources:
            hasher.update(source.relative_to(package).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    except OSError:
        return None
    if not sources:
        return None
    grammar = importlib.util.find_spec("tree_sitter_python")
    origin = "" if grammar is None or grammar.origin is None else grammar.origin
    parts = (
        sys.version,
        sys.implementation.name,
        str(marshal.version),
        origin,
        _stamp(Path(origin).with_name("_binding.abi3.so")),
    )
    hasher.update("\0".join(parts).encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "none"
    return f"{status.st_size}:{status.st_mtime_ns}"
