"""The cache: never a wrong answer, whatever happens to its files, and never a reason to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from counterseal.audit.facts import cache as cache_module
from counterseal.audit.facts.cache import MAX_AGE, MAX_RESULTS, Cache, content_digest
from counterseal.audit.facts.cache_key import default_directory, open_cache, tool_key

ONE, TWO = content_digest("a.py", b"x = 1"), content_digest("b.py", b"x = 1")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def filled(directory: Path, key: str = "k", **extra: bytes) -> None:
    cache = Cache(directory, key)
    cache.put(ONE, b"facts of one" * 1000)
    cache.put(TWO, b"facts of two")
    for name, facts in extra.items():
        cache.put(content_digest(name, b""), facts)
    cache.save()
    assert cache.notices == []


def the_pack(directory: Path) -> Path:
    (pack,) = directory.glob("*.pack")
    return pack


def test_facts_come_back(directory: Path) -> None:
    filled(directory)
    cache = Cache(directory, "k")
    assert (cache.get(ONE), cache.get(TWO)) == (b"facts of one" * 1000, b"facts of two")
    assert cache.get(content_digest("c.py", b"x = 1")) is None


def test_the_same_content_under_another_path_is_another_entry() -> None:
    assert ONE != TWO
    assert content_digest("a.p", b"y") != content_digest("a.py", b"")


def test_another_key_or_code_base_sees_nothing(directory: Path) -> None:
    filled(directory)
    assert Cache(directory, "other").get(ONE) is None
    assert Cache(directory, "k", "elsewhere").get(ONE) is None
    filled(directory, "other")
    assert Cache(directory, "k").get(ONE) is None, "one code base has one file: the last key wins"


def test_private(directory: Path) -> None:
    filled(directory)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert the_pack(directory).stat().st_mode & 0o777 == 0o600


def test_every_cut_and_every_flipped_bit_is_a_miss_at_worst(directory: Path) -> None:
    filled(directory)
    pack = the_pack(directory)
    whole = pack.read_bytes()
    right: tuple[bytes | None, ...] = (b"facts of one" * 1000, b"facts of two")
    damaged = [whole[:length] for length in [*range(0, 260, 7), len(whole) // 2, len(whole) - 1]]
    damaged += [whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :] for at in [*range(0, 260, 3), 5000, len(whole) - 1]]
    for content in damaged:
        pack.write_bytes(content)
        cache = Cache(directory, "k")
        found = cache.get(ONE), cache.get(TWO)
        assert all(got in (None, expected) for got, expected in zip(found, right, strict=True))
        assert found != right
        cache.close()
    filled(directory)
    assert Cache(directory, "k").get(ONE) == right[0]


def test_a_lying_index_cannot_make_it_read_the_world(directory: Path) -> None:
    filled(directory)
    pack = the_pack(directory)
    content = bytearray(pack.read_bytes())
    content[72:76] = b"\xff\xff\xff\xff"
    pack.write_bytes(content)
    assert Cache(directory, "k").get(ONE) is None


def test_nothing_new_writes_nothing(directory: Path) -> None:
    filled(directory)
    before = the_pack(directory).stat()
    cache = Cache(directory, "k")
    assert cache.get(ONE)
    cache.save()
    after = the_pack(directory).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_is_not_used_for_long_is_dropped(directory: Path) -> None:
    filled(directory)
    for run in range(MAX_AGE + 1):
        cache = Cache(directory, "k")
        assert cache.get(TWO) == b"facts of two"
        cache.put(content_digest("new.py", str(run).encode()), b"new")
        cache.save()
        assert (Cache(directory, "k").get(ONE) is None) == (run == MAX_AGE)


def test_the_pack_is_bounded(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(directory)
    monkeypatch.setattr(cache_module, "MAX_PACK_BYTES", 5000)
    cache = Cache(directory, "k")
    assert cache.get(TWO)
    cache.put(content_digest("c.py", b""), b"new" * 1000)
    cache.save()
    again = Cache(directory, "k")
    assert (again.get(ONE), again.get(TWO)) == (None, b"facts of two")


def test_all_code_bases_together_are_bounded_and_leftovers_go(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        other = Cache(directory, "k", f"base{number}")
        other.put(ONE, b"x" * 10_000)
        other.save()
    old = next(path for path in directory.glob("*.pack"))
    os.utime(old, (1, 1))
    leftover = directory / f"{old.name}.abcdef0123456789.tmp"
    leftover.write_bytes(b"half")
    os.utime(leftover, (time.time() - 7200,) * 2)
    fresh = directory / f"{old.name}.0000000000000000.tmp"
    fresh.write_bytes(b"someone writes this now")
    (directory / "mine.txt").write_text("not ours")
    filled(directory)
    assert not old.exists()
    assert not leftover.exists()
    assert fresh.exists()
    assert (directory / "mine.txt").exists()
    monkeypatch.setattr(cache_module, "MAX_TOTAL_BYTES", 25_000)
    filled(directory, c=b"new")
    assert len(list(directory.glob("*.pack"))) == 2
    assert Cache(directory, "k").get(ONE)


def test_whole_results(directory: Path) -> None:
    cache = Cache(directory, "k")
    assert cache.get_result(b"m1") is None
    cache.put_result(b"m1", b"result one")
    cache.put_result(b"m2", b"result two")
    again = Cache(directory, "k")
    assert (again.get_result(b"m1"), again.get_result(b"m2"), again.get_result(b"m3")) == (b"result one", b"result two", None)
    assert Cache(directory, "other").get_result(b"m1") is None
    assert Cache(directory, "k", "elsewhere").get_result(b"m1") is None
    for path in directory.glob("*.result"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert Cache(directory, "k").get_result(b"m1") is None
    for number in range(MAX_RESULTS + 3):
        cache.put_result(b"n%d" % number, b"x")
    assert len(list(directory.glob("*.result"))) == MAX_RESULTS
    assert cache.get_result(b"n%d" % (MAX_RESULTS + 2)) == b"x"


def notice_of(cache: Cache) -> str:
    (notice,) = cache.notices
    assert not notice.incomplete
    assert notice.what == "cache"
    return notice.why


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache", "k")
    cache.put(ONE, b"x")
    cache.save()
    cache.put_result(b"m", b"x")
    assert cache.get_result(b"m") is None
    assert notice_of(cache) == "the run goes on without the cache: its folder cannot be made: Not a directory"


def test_a_folder_that_others_may_write_is_not_trusted(directory: Path) -> None:
    filled(directory)
    directory.chmod(0o777)
    cache = Cache(directory, "k")
    assert cache.get(ONE) is None
    assert "COUNTERSEAL_CACHE" in notice_of(cache)
    directory.chmod(0o700)
    the_pack(directory).chmod(0o666)
    cache = Cache(directory, "k")
    assert cache.get(ONE) is None
    assert "someone else" in notice_of(cache)


def test_a_link_in_place_of_the_pack_is_neither_read_nor_written_through(directory: Path, tmp_path: Path) -> None:
    filled(directory)
    pack = the_pack(directory)
    victim = tmp_path / "victim"
    pack.replace(victim)
    content = victim.read_bytes()
    pack.symlink_to(victim)
    cache = Cache(directory, "k")
    assert cache.get(ONE) is None
    cache.put(ONE, b"new")
    cache.save()
    assert victim.read_bytes() == content
    assert not pack.is_symlink()


def run_child(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


PREAMBLE = """
import os, sys, resource
from pathlib import Path
from counterseal.audit.facts.cache import Cache, content_digest
directory = Path(sys.argv[1])
"""


def test_a_full_disk_keeps_the_old_pack(directory: Path) -> None:
    filled(directory)
    before = the_pack(directory).read_bytes()
    program = PREAMBLE + (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "cache = Cache(directory, 'k'); cache.put(content_digest('c.py', b''), b'x' * 1_000_000); cache.save()\n"
        "cache.put_result(b'm', b'x' * 1_000_000)\n"
        "print([notice.why for notice in cache.notices])"
    )
    out, err = run_child(program, str(directory)).communicate(timeout=30)
    assert out.strip() == "['the run goes on without the cache: it cannot be written: File too large']", err
    assert the_pack(directory).read_bytes() == before
    assert [path.name for path in directory.iterdir()] == [the_pack(directory).name]


@pytest.mark.skipif(os.geteuid() != 0, reason="drops privileges to be refused")
def test_a_folder_that_may_not_be_written_still_serves(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    for parent in (directory.parent, *list(directory.parents)[1:4]):
        parent.chmod(0o755)
    os.chown(directory, 65534, 65534)
    child = "os.setgid(65534); os.setuid(65534)\n"
    store = "cache = Cache(directory, 'k'); cache.put(b'd' * 32, b'facts'); cache.save(); print(cache.notices)\n"
    out, err = run_child(PREAMBLE + child + store, str(directory)).communicate(timeout=30)
    assert out == "[]\n", err
    directory.chmod(0o500)
    again = "cache = Cache(directory, 'k'); print(cache.get(b'd' * 32)); cache.put(b'e' * 32, b'x'); cache.save()\n"
    again += "print(cache.notices[0].why)\n"
    out, err = run_child(PREAMBLE + child + again, str(directory)).communicate(timeout=30)
    assert out == "b'facts'\nthe run goes on without the cache: it cannot be written: Permission denied\n", err
    assert "own it" in notice_of(Cache(directory, "k")), "a folder of another user is not used, also by root"


def test_killed_at_any_moment_it_leaves_a_whole_pack(directory: Path) -> None:
    filled(directory)
    program = PREAMBLE + (
        "for run in range(10_000):\n"
        "    cache = Cache(directory, 'k')\n"
        "    if cache.get(b'r' * 32) is None: print('bad', run, flush=True)\n"
        "    cache.put(b'r' * 32, b'%d ' % run * 700_000); cache.save()\n"
        "    if run == 0: print('ready', flush=True)\n"
    )
    first = Cache(directory, "k")
    first.put(b"r" * 32, b"start")
    first.save()
    for delay in (0.0, 0.003, 0.007, 0.012, 0.02, 0.031, 0.045, 0.06):
        child = run_child(program, str(directory))
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        out, _ = child.communicate(timeout=30)
        assert "bad" not in out
        facts = Cache(directory, "k").get(b"r" * 32)
        assert facts is not None
        assert facts == (facts.split()[0] + b" ") * 700_000


def test_two_runs_at_once_both_finish_and_never_see_a_half(directory: Path) -> None:
    program = PREAMBLE + (
        "who = sys.argv[2].encode()\n"
        "for run in range(60):\n"
        "    cache = Cache(directory, 'k')\n"
        "    for number in range(20):\n"
        "        found = cache.get(b'%032d' % number)\n"
        "        if found is not None and len(set(found.split())) != 1: print('mixed')\n"
        "        cache.put(b'%032d' % number, (who + b'%d ' % run) * 2000)\n"
        "    cache.save(); cache.put_result(b'm', who * 1000)\n"
        "    if cache.get_result(b'm') not in (b'a' * 1000, b'b' * 1000): print('bad result')\n"
        "    if cache.notices: print(cache.notices)\n"
        "print('done')"
    )
    children = [run_child(program, str(directory), name) for name in "ab"]
    outputs = [child.communicate(timeout=60) for child in children]
    assert [out for out, _ in outputs] == ["done\n", "done\n"], outputs
    assert Cache(directory, "k").get(b"%032d" % 7) is not None
    assert not list(directory.glob("*.tmp"))


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".cache" / "counterseal"
    assert default_directory({}) == home
    assert default_directory({"XDG_CACHE_HOME": "relative"}) == home
    assert default_directory({"XDG_CACHE_HOME": "/x"}) == Path("/x/counterseal")
    assert default_directory({"XDG_CACHE_HOME": "/x", "COUNTERSEAL_CACHE": "/y"}) == Path("/y")
    assert default_directory({"COUNTERSEAL_CACHE": ""}) == home


def test_the_configuration_and_the_root_are_part_of_the_key(tmp_path: Path) -> None:
    environ = {"COUNTERSEAL_CACHE": str(tmp_path / "c")}

    def opened(root: str, configuration: str) -> Cache:
        cache = open_cache(tmp_path / root, configuration, environ)
        assert cache is not None
        return cache

    cache = opened("one", "x")
    cache.put(ONE, b"facts")
    cache.save()
    assert opened("one", "x").get(ONE) == b"facts"
    assert opened("one", "y").get(ONE) is None
    assert opened("two", "x").get(ONE) is None


def test_a_change_of_the_tool_changes_the_key(tmp_path: Path) -> None:
    source = Path(cache_module.__file__).parents[3]
    program = "from counterseal.audit.facts.cache_key import tool_key; print(tool_key())"
    copy = tmp_path / "src"
    subprocess.run(["cp", "-r", str(source), str(copy)], check=True)

    def key() -> str:
        environ = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environ
        ).stdout.strip()

    first = key()
    assert first == tool_key()
    with (copy / "counterseal" / "audit" / "facts" / "classify.py").open("a") as stream:
        stream.write("\n")
    assert key() != first
