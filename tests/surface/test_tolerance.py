"""Code that is cut off, broken or hostile: what can be read is read, the rest is on record, and nothing is taken for good."""

from __future__ import annotations

import random
from textwrap import dedent

import pytest

from counterseal.audit.surface import factories, matrix, routes
from counterseal.audit.surface.build import build
from counterseal.audit.surface.inject import Machine
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee, State
from counterseal.policy import Policy
from tests.surface.apps import facts_of, surface, surface_of, table

GUARDED = dedent(
    """
    import os
    from flask import Flask, abort, request

    app = Flask(__name__)

    @app.before_request
    def check():
        if request.headers.get("X-Key") != os.environ["KEY"]:
            abort(401)

    @app.get("/a")
    def a():
        return "a"

    @app.get("/b")
    def b():
        return "b"
    """
)


def lenient(source: str) -> Surface:
    """The surface as an audit without ``--debug`` builds it."""
    return build(facts_of({"main.py": source}), {}, frozenset(), Policy())


@pytest.mark.parametrize(
    "rest",
    [
        "@app.post('/c')\ndef c(:\n    return 'c'\n",
        "def broken(\n",
        "x = 'never closed\n",
        "@app.get('/c')\ndef c():\n    return {'a': [1, 2\n",
        "def f():\n  return 1\n    return 2\n",
        "print 'python 2'\n",
        "\x00\n",
    ],
)
def test_routes_and_guards_before_the_damage_stay_readable(rest: str) -> None:
    found = surface_of({"main.py": GUARDED + rest})

    for name in ("GET /a", "GET /b"):
        assert table(found)[name].cells[Guarantee.AUTHENTICATED].state is State.FOUND


def test_routes_after_the_damage_stay_readable() -> None:
    found = surface_of({"main.py": GUARDED.replace("@app.get", "def broken(:\n    pass\n\n@app.get", 1)})

    assert {"GET /a", "GET /b"} <= set(table(found))


def test_a_guard_that_is_cut_off_does_not_guard() -> None:
    found = surface_of({"main.py": GUARDED.replace('os.environ["KEY"]:\n        abort(401)', "")})

    assert not any(r.cells[Guarantee.AUTHENTICATED].state is State.FOUND for r in table(found).values())


def test_code_that_is_nested_too_deeply_is_on_record() -> None:
    deep = "not " * 400 + "x"
    found = lenient(GUARDED + f"@app.get('/deep')\ndef deep(x=1):\n    return {deep}\n")

    assert table(found)["GET /a"].holds(Guarantee.AUTHENTICATED)
    if "GET /deep" in table(found):
        cell = table(found)["GET /deep"].cells[Guarantee.AUTHENTICATED]
        assert cell.state in (State.FOUND, State.UNKNOWN)
        assert cell.state is State.FOUND or any(n.what == "GET /deep" for n in found.not_checked)


def test_recursion_in_a_flow_ends_that_flow_only(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = routes._run_request

    def failing(m: Machine, mounted: object, path: str, *rest: object) -> None:
        if path == "/a":
            raise RecursionError
        inner(m, mounted, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(routes, "_run_request", failing)
    found = surface(GUARDED)

    assert {c.state for c in table(found)["GET /a"].cells.values()} == {State.UNKNOWN}
    assert table(found)["GET /a"].flow.gave_up == ("the code is nested too deeply",)
    assert table(found)["GET /b"].holds(Guarantee.AUTHENTICATED)
    assert [(n.what, n.incomplete) for n in found.not_checked] == [("GET /a", True)]


def test_an_unexpected_failure_is_on_record_and_goes_through_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*rest: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(routes, "_run_request", failing)
    found = lenient(GUARDED)

    assert {n.what for n in found.not_checked} == {"GET /a", "GET /b"}
    assert all("ZeroDivisionError" in n.why and n.file == "main.py" for n in found.not_checked)
    assert all(c.state is State.UNKNOWN for r in table(found).values() for c in r.cells.values())
    with pytest.raises(ZeroDivisionError):
        surface(GUARDED)


def test_a_failure_of_the_matrix_leaves_the_row_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(route: Route, surface: Surface) -> None:
        raise KeyError(route.path)

    monkeypatch.setitem(matrix._FINDERS, Guarantee.LIMITED, failing)
    found = lenient(GUARDED)

    assert {c.state for c in table(found)["GET /a"].cells.values()} == {State.UNKNOWN}
    assert {n.what for n in found.not_checked} >= {"GET /a", "GET /b"}


def test_a_module_that_fails_keeps_its_other_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Machine.run_block

    def failing(self: Machine, statements: object, st: object) -> object:
        if any(s[0] == "assign" and s[3] == ("const", s[1], "boom") for s in statements):  # type: ignore[attr-defined]
            raise IndexError
        return inner(self, statements, st)  # type: ignore[arg-type]

    monkeypatch.setattr(Machine, "run_block", failing)
    found = lenient(GUARDED.replace("app = Flask", "x = 'boom'\napp = Flask"))

    assert set(table(found)) == {"GET /a", "GET /b"}
    assert [(n.what, n.line) for n in found.not_checked] == [("module main", 5)]


def test_a_function_that_fails_on_its_own_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*rest: object) -> None:
        raise LookupError

    monkeypatch.setattr(factories, "_holder", failing)
    found = lenient("import jwt\n\ndef helper(token):\n    return jwt.decode(token, 'k')\n")

    assert [n.what for n in found.not_checked] == ["main.helper"]


def test_endless_work_is_bounded() -> None:
    nested = "".join(f"{'    ' * (i + 1)}for x{i} in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]:\n" for i in range(6))
    found = lenient(GUARDED + f"@app.get('/busy')\ndef busy():\n{nested}{'    ' * 7}y = 1\n    return 'x'\n")

    assert any(n.what == "GET /busy" for n in found.not_checked)


def test_functions_that_call_one_another_end() -> None:
    source = GUARDED + dedent(
        """
        def f(n):
            return g(n) if n else f(n - 1)

        def g(n):
            return f(n)

        class Loop(Loop):
            x = Loop.x

        @app.get("/loop")
        def loop():
            return f(3)
        """
    )

    assert table(surface(source))["GET /loop"].holds(Guarantee.AUTHENTICATED)


@pytest.mark.parametrize("seed", range(12))
def test_damaged_sources_never_stop_the_audit(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice of damage
    lines = GUARDED.splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        where = chance.randrange(len(lines))
        lines[where] = chance.choice(
            ["", "(\n", "    )\n", lines[where].upper(), lines[where][: len(lines[where]) // 2], "break\n"]
        )

    assert isinstance(surface("".join(lines)), Surface)
