"""The examples in docs/identity.md run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from counterseal.enforce import identity
from tests.identity.calls import SECRET

PAGE = "docs/identity.md"
_EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_examples_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = _EXAMPLE.findall((repository / PAGE).read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN_SECRET", SECRET)
    names: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, PAGE, "exec"), names)  # noqa: S102  our own documentation
    assert len(examples) >= 6
    assert re.fullmatch(r"acme_live_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}", names["show_once"])
    assert not names["verdict"]
    assert names["rotated"].principal_id == names["redeemed"].subject == "ann"


def test_every_name_is_there_and_on_the_page(repository: Path) -> None:
    page = (repository / PAGE).read_text(encoding="utf-8")
    internal = {"IssuedKey", "Redeemed", "Rotated", "Row", "SignedIn", "Verdict", "JwksFile"}
    for name in identity.__all__:
        assert getattr(identity, name).__name__ == name
        assert name in page or name in internal
    assert dir(identity) == identity.__all__
    with pytest.raises(AttributeError, match="nothing"):
        identity.nothing  # noqa: B018
