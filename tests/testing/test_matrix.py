from __future__ import annotations

import pytest

from tests.testing.shop import APP, TESTS

pytest_plugins = "pytester"


def run(pytester: pytest.Pytester, sabotage: str = "", app: str = APP, tests: str = TESTS, *args: str) -> pytest.RunResult:
    pytester.makepyfile(shop=app)
    pytester.makepyfile(test_shop=tests.format(sabotage=sabotage))
    return pytester.runpytest_subprocess("-p", "counterseal.enforce.testing.plugin", "-q", "-rA", *args)


def test_a_correct_application_passes(pytester: pytest.Pytester) -> None:
    result = run(pytester)
    assert result.parseoutcomes().keys() == {"passed"}
