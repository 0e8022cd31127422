"""What all tests share: where things stand, and what a skip is worth.

With ``CI=true`` a skipped test is a failed one: a check that did not run must not look like one that passed. The only
exception is a test marked ``needs_shared`` where ``../shared`` (labelled applications, official schemas) is absent.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers"]

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
_NOBODY = 65534
_SHARED_ABSENT = "../shared is not beside this checkout"

# No deadline: how long one example takes depends on what else the machine does. In CI the same examples every time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)


def _skips_fail() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_configure() -> None:
    """Choose how property tests run, and see that processes which tests start can be interrupted.

    A shell that runs its jobs in the background has them ignore the interrupt, and a process hands that on to those it starts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("ci" if _skips_fail() else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that read ``../shared`` where it is absent."""
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("needs_shared"):
            item.add_marker(pytest.mark.skip(reason=_SHARED_ABSENT))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one in CI."""
    report = yield
    excused = hasattr(report, "wasxfail") or (item.get_closest_marker("needs_shared") and not SHARED.is_dir())
    if report.skipped and _skips_fail() and not excused:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed in CI: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a module that skips itself while it is collected into a failed one in CI."""
    report = yield
    if report.skipped and _skips_fail():
        reason = _reason(report)
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed in CI: {reason}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """``../shared``; for tests marked ``needs_shared``."""
    return SHARED


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """The test runs as someone whom permissions stop: root, whom none stops, becomes nobody for as long as it takes."""
    if os.geteuid() != 0:
        yield
        return
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and folder.is_relative_to(tempfile.gettempdir()):
            folder.chmod(folder.stat().st_mode | 0o011)
    os.chown(tmp_path, _NOBODY, _NOBODY)
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(autouse=True)
def _no_user_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests neither read the settings of the person who runs them nor touch that person's cache."""
    monkeypatch.setenv("COUNTERSEAL_CACHE", str(tmp_path_factory.getbasetemp() / "counterseal-cache"))
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_settings_left_behind() -> Iterator[None]:
    """What one test configured for the process is not there for the next."""
    yield
    acting = sys.modules.get("counterseal.enforce.contract.acting")
    if acting is not None:
        vars(acting)["_default"] = None
