"""Put a report on disk: all of it or nothing."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path


class ReportError(Exception):
    """A report could not be made or written. The message says whose fault it is and what to do."""


def write(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path`` so that no reader ever sees half of it.

    The text goes to a new file beside the target, which then takes the target's place. A link is followed; an existing file keeps
    its mode. What is not a regular file (a pipe, a terminal, ``/dev/null``) is written to directly: it must not be replaced.

    Raises:
        ReportError: the directory is missing or closed to us, the disk is full, the target is a directory, ...

    """
    target = Path(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        target = target.resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            _write_through(target, data)
        else:
            _write_beside(target, data)
    except (OSError, RuntimeError) as error:  # RuntimeError: how Path.resolve reports a loop of links before Python 3.13
        raise ReportError(_explain(Path(path), error)) from error


def _write_through(target: Path, data: bytes) -> None:
    with target.open("wb", buffering=0) as stream:
        _write_all(stream.fileno(), data)


def _write_beside(target: Path, data: bytes) -> None:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))  # renaming over it would get round its mode
    part = target.with_name(f".counterseal-{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            if mode is not None:
                os.fchmod(descriptor, mode)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


_CAUSES = {
    errno.ENOSPC: "the disk is full. Free some space or give a path on another disk",
    errno.EDQUOT: "your disk quota is used up. Free some space or give a path on another disk",
    errno.EFBIG: "the file would be larger than this process may write (ulimit -f). Raise the limit",
    errno.EACCES: "you may not write there. Give a path in a directory that you own, or change its permissions",
    errno.EPERM: "you may not write there. Give a path in a directory that you own, or change its permissions",
    errno.EROFS: "the file system is read-only. Give a path on another one",
    errno.ENOENT: "its directory does not exist. Create it first, or give another path",
    errno.ENOTDIR: "a part of the path is a file, not a directory. Give another path",
    errno.EISDIR: "it is a directory. Give the path of a file",
    errno.ENAMETOOLONG: "the name is too long. Give a shorter one",
    errno.ELOOP: "its links lead in a circle. Give another path",
    errno.EPIPE: "the program that reads it stopped reading",
}


def _explain(path: Path, error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else errno.ELOOP
    cause = _CAUSES.get(number or 0, str(error))
    return f"cannot write the report {path}: {cause}."
