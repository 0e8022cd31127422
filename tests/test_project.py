"""The package itself: light to import, complete when built, pinned, and honest about its version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMPORT_BUDGET = 0.060  # seconds
ANALYSIS = {"click", "rich", "jinja2", "pydantic", "pathspec", "tree_sitter", "yaml", "ast", "counterseal.audit"}
CORE_ONLY = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); "  # for python -S -I: no installed package is in sight


def _python(code: str, *flags: str) -> str:
    return subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_the_core_is_fast() -> None:
    timed = "import time; start = time.perf_counter(); import counterseal; print(time.perf_counter() - start)"
    best = min(float(_python(timed)) for _ in range(5))
    assert best < IMPORT_BUDGET, f"import counterseal took {best * 1000:.0f} ms"


def test_importing_the_core_pulls_in_no_analysis() -> None:
    loaded = set(_python(CORE_ONLY + "import counterseal; print(*sys.modules)", "-S", "-I").split())
    assert "counterseal" in loaded
    assert loaded.isdisjoint(ANALYSIS), f"import counterseal pulls in {sorted(loaded.intersection(ANALYSIS))}"


def test_the_core_needs_no_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []


def test_the_command_says_what_to_install_when_the_analysis_is_missing() -> None:
    code = CORE_ONLY + "sys.argv[1:] = ['rules']; from counterseal.cli.main import main; sys.exit(main())"
    run = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 2
    assert "counterseal[audit]" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that users get, built from this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    source = ROOT / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "counterseal").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "counterseal/py.typed" in expected
    assert expected <= names, f"missing from the wheel: {sorted(expected - names)}"
    outside = {name for name in names if not name.startswith(("counterseal/", "counterseal-"))}
    assert not outside, f"in the wheel, but not of the package: {sorted(outside)}"


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
        entry_points = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("/entry_points.txt"))
    assert "\nName: counterseal\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "counterseal = counterseal.cli.main:main" in entry_points


def test_the_version_is_in_the_changelog() -> None:
    version = _python("import counterseal; print(counterseal.__version__)").strip()
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda lock: lock.name)
def test_locks_pin_with_hashes_and_name_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"://|^--|^-e|@ ", text, re.MULTILINE)
    pinned = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(pinned) > 5
    for requirement in pinned:
        assert re.match(r"[a-z0-9._-]+==[\w.]+ ", requirement), requirement.splitlines()[0]
        assert "--hash=sha256:" in requirement, requirement.splitlines()[0]


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra, wanted in project["optional-dependencies"].items():
        own = ROOT / "requirements" / f"{extra}.txt"
        # What applications choose at run time has no lock of its own: the tests need all of it.
        lock = (own if own.exists() else ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
        names = {re.split(r"[><=\[ ]", requirement)[0] for requirement in wanted}
        locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
        assert names <= locked, f"{extra}: not in its lock: {sorted(names - locked)}"
