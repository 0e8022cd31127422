"""Putting a report on disk: all of it or nothing, with real full disks, closed directories and pipes."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterseal.report import ReportError, write

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def in_child(work: Callable[[], None]) -> str:
    """Run ``work`` in a forked process, whose limits and user may change, and return its error message."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
            os.write(writing, b"no error")
        except ReportError as error:
            os.write(writing, str(error).encode())
        except (KeyboardInterrupt, OSError) as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        message = stream.read()
    os.waitpid(child, 0)
    return message


def test_writes_all_of_it(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write(target, "Grüße 世界\n")
    assert target.read_bytes() == "Grüße 世界\n".encode()
    assert names(tmp_path) == ["report.html"]
    write(str(target), "shorter")
    assert target.read_text("utf-8") == "shorter"


def test_a_new_file_follows_the_umask_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "new", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write(tmp_path / "new", "y")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old", "utf-8")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text("utf-8") == "new"


def test_devices_and_pipes_are_written_to_not_replaced(tmp_path: Path) -> None:
    write("/dev/null", "gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(pipe.read_text("utf-8")))
    reader.start()
    write(pipe, "through")
    reader.join(10)
    assert seen == ["through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing/report.html", "its directory does not exist. Create it first"),
        ("folder", "it is a directory. Give the path of a file"),
        ("file/report.html", "a part of the path is a file"),
        ("n" * 300, "the name is too long"),
        ("loop", "its links lead in a circle"),
    ],
)
def test_a_bad_path_is_explained(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("", "utf-8")
    (tmp_path / "loop").symlink_to("loop")
    before = names(tmp_path)
    with pytest.raises(ReportError, match=f"cannot write the report .*{path[:20]}.*: {words}"):
        write(tmp_path / path, "x")
    assert names(tmp_path) == before


def test_a_full_device_is_explained() -> None:
    with pytest.raises(ReportError, match=r"cannot write the report /dev/full: the disk is full\. Free some space"):
        write("/dev/full", "x")


def test_a_file_size_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old", "utf-8")

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        write(target, "x" * 10_000)

    assert "larger than this process may write" in in_child(work)
    assert names(tmp_path) == ["report.json"]
    assert target.read_text("utf-8") == "old"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "tiny"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this sandbox does not allow mounts")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@needs_root
def test_a_full_disk_leaves_the_old_report_and_nothing_else(tiny_disk: Path) -> None:
    target = tiny_disk / "report.json"
    target.write_text("old", "utf-8")
    with pytest.raises(ReportError, match="the disk is full"):
        write(target, "x" * 100_000)
    assert names(tiny_disk) == ["report.json"]
    assert target.read_text("utf-8") == "old"


@needs_root
def test_a_read_only_disk_is_explained(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(ReportError, match="the file system is read-only"):
        write(tiny_disk / "report.json", "x")


def as_nobody() -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_a_closed_directory_is_explained(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o555)

    def work() -> None:
        as_nobody()
        write(closed / "report.json", "x")

    assert "you may not write there. Give a path in a directory that you own" in in_child(work)
    assert names(closed) == []


def test_a_read_only_report_is_not_replaced_behind_its_owners_back(open_folder: Path) -> None:
    shared = open_folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "report.json").write_text("theirs", "utf-8")
    (shared / "report.json").chmod(0o444)

    def work() -> None:
        as_nobody()
        write(shared / "report.json", "x")

    assert "you may not write there" in in_child(work)
    assert (shared / "report.json").read_text("utf-8") == "theirs"
    assert names(shared) == ["report.json"]


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"

    def work() -> None:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        while True:
            write(target, "x" * 3_000_000)

    assert in_child(work) == "KeyboardInterrupt()"
    assert [name for name in names(tmp_path) if name != "report.json"] == []
    if target.exists():
        assert target.stat().st_size == 3_000_000
