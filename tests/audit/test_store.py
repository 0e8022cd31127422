"""Results survive being written and read: exactly, or not at all."""

from __future__ import annotations

import pytest

from counterseal.audit import store
from counterseal.audit.result import AuditResult
from tests.report import factory


@pytest.mark.parametrize(
    "result",
    [factory.result(), factory.clean_result(), factory.empty_result(), factory.hostile_result()],
    ids=["usual", "clean", "empty", "hostile"],
)
def test_what_is_read_is_what_was_written(result: AuditResult) -> None:
    assert store.load(store.dump(result), factory.RULES) == result


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"stats": [1]}', b"\x80\x04.", b"\xff"])
def test_anything_else_is_no_result(data: bytes) -> None:
    assert store.load(data, factory.RULES) is None


def test_a_rule_that_is_no_more_makes_it_no_result() -> None:
    assert store.load(store.dump(factory.result()), ()) is None
