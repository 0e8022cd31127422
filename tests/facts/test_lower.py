"""What is kept of a Python file: every kind of statement and expression, marshalled and read back."""

from __future__ import annotations

import ast
import sys
from textwrap import dedent

import pytest

from counterseal.audit.facts.python import expressions, ir, lower
from counterseal.audit.facts.python.extract import extract


def facts(source: str, path: str = "main.py") -> ir.Facts:
    return ir.load(extract(path, dedent(source).encode()))


def body(source: str) -> tuple[ir.Node, ...]:
    return ir.body_of(facts(source).body)


def value(source: str) -> ir.Node:
    """The expression of a one-line program."""
    (statement,) = body(source)
    assert statement[0] == ir.EXPR
    node: ir.Node = statement[2]
    return node


def test_every_kind_of_statement_and_expression_is_covered() -> None:
    statements = {t for t in vars(ast).values() if isinstance(t, type) and issubclass(t, ast.stmt)} - {ast.stmt}
    kinds = {t for t in vars(ast).values() if isinstance(t, type) and issubclass(t, ast.expr)} - {ast.expr}
    old = {getattr(ast, n) for n in ("Num", "Str", "Bytes", "NameConstant", "Ellipsis") if n in vars(ast)}

    assert statements <= set(lower._STMT)
    assert kinds - old <= set(expressions._EXPR)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", (ir.CONST, 1, 1)),
        ("None", (ir.CONST, 1, None)),
        ("a", (ir.NAME, 1, "a")),
        ("a.b", (ir.ATTR, 1, (ir.NAME, 1, "a"), "b")),
        ("a[1]", (ir.SUB, 1, (ir.NAME, 1, "a"), (ir.CONST, 1, 1))),
        ("a + 1", (ir.BIN, 1, "+", (ir.NAME, 1, "a"), (ir.CONST, 1, 1))),
        ("not a", (ir.NOT, 1, (ir.NAME, 1, "a"))),
        ("-a", (ir.UN, 1, "-", (ir.NAME, 1, "a"))),
        ("a and b", (ir.BOOL, 1, "and", ((ir.NAME, 1, "a"), (ir.NAME, 1, "b")))),
        ("a < b != 1", (ir.CMP, 1, (ir.NAME, 1, "a"), (("<", (ir.NAME, 1, "b")), ("!=", (ir.CONST, 1, 1))))),
        ("{'k': 1, **a}", (ir.DICT, 1, ((ir.CONST, 1, "k"), None), ((ir.CONST, 1, 1), (ir.NAME, 1, "a")))),
        ("[1, *a]", (ir.SEQ, 1, "list", ((ir.CONST, 1, 1), (ir.STAR, 1, (ir.NAME, 1, "a"))))),
        ("f'x{a}'", (ir.FSTR, 1, ((ir.CONST, 1, "x"), (ir.NAME, 1, "a")))),
        ("a if b else c", (ir.IFEXP, 1, (ir.NAME, 1, "b"), (ir.NAME, 1, "a"), (ir.NAME, 1, "c"))),
        ("(a := 1)", (ir.WALRUS, 1, "a", (ir.CONST, 1, 1))),
    ],
)
def test_expressions(source: str, expected: ir.Node) -> None:
    assert value(source) == expected


def test_calls_keep_names_stars_and_the_last_line() -> None:
    node = value("f(1, *a, k=2,\n **b)")

    assert node[0] == ir.CALL
    assert node[3] == ((ir.CONST, 1, 1), (ir.STAR, 1, (ir.NAME, 1, "a")))
    assert node[4] == (("k", (ir.CONST, 1, 2)), (None, (ir.NAME, 2, "b")))
    assert (node[1], node[5]) == (1, 2)


def test_await_is_transparent() -> None:
    (statement,) = ir.body_of(facts("async def f():\n    return await g()\n").functions[0].body)

    assert statement[2][0] == ir.CALL


def test_functions_know_their_place_their_class_and_what_they_call() -> None:
    found = facts(
        """
        class A:
            @property
            @cache
            def b(self, x: int, *args, y=1, **kw) -> str:
                def inner():
                    yield jwt.decode(x)
                return self.c(), get().d()
        """
    )
    b, inner = found.functions

    assert (b.name, b.qualname, b.line, b.first_line, b.class_index, b.parent) == ("b", "A.b", 5, 3, 0, -1)
    assert [(p[0], p[3]) for p in b.params] == [
        ("self", ir.POSITIONAL),
        ("x", ir.POSITIONAL),
        ("args", ir.VAR_POSITIONAL),
        ("y", ir.KEYWORD_ONLY),
        ("kw", ir.VAR_KEYWORD),
    ]
    assert set(b.calls) == {"self.c", "get", ".d"}
    assert not b.is_generator
    assert (inner.qualname, inner.parent, inner.class_index, inner.is_generator) == ("A.b.inner", 0, -1, True)
    assert inner.calls == ("jwt.decode",)
    assert found.classes[0].methods == (("b", 0),)


def test_imports_keep_their_targets() -> None:
    found = facts(
        """
        import a.b
        import c.d as e
        from . import f
        from ..g import h as i
        from j import *
        def k():
            from l import m
        """
    )

    assert {(local, target, top) for local, target, _line, top in found.imports} == {
        ("a", "a", True),
        ("a.b", "a.b", True),
        ("e", "c.d", True),
        ("f", ".f", True),
        ("i", "..g.h", True),
        ("*", "j", True),
        ("m", "l.m", False),
    }


def test_strings_are_kept_with_the_name_that_they_are_bound_to() -> None:
    found = facts("A = 'a'\nb.c = 'd'\ne['f'] = 'g'\nh(i='j')\nk = {'l': 'm'}\nn: str = 'o'\ndef p(q='r'): pass\n")

    assert {(name, text) for _line, name, text in found.strings} == {
        ("A", "a"),
        ("c", "d"),
        ("f", "g"),
        ("i", "j"),
        ("l", "m"),
        ("n", "o"),
        ("q", "r"),
    }


def test_names_that_a_function_binds_anew_are_known() -> None:
    assert facts("A = 1\ndef f():\n    global A\n    A = 2\n").rebound == ("A",)


def test_match_statements_keep_values_names_and_guards() -> None:
    (statement,) = body("match x:\n    case 'a' | 1 if y: pass\n    case {'k': v, **r}: pass\n    case _: pass\n")
    first, second, third = statement[3]

    assert [v[2] for v in first[0]] == ["a", 1]
    assert first[2] == (ir.NAME, 2, "y")
    assert set(second[1]) == {"v", "r"}
    assert third[:3] == ((), (), None)


def test_long_sums_do_not_exhaust_the_stack() -> None:
    found = facts("x = " + " + ".join(["'a'"] * 800))

    assert not found.lost
    assert ir.body_of(found.body)[0][0] == ir.ASSIGN


def test_what_is_nested_too_deeply_is_left_out_alone() -> None:
    deep = "x = " + "-" * (sys.getrecursionlimit() * 3) + "1\n"
    found = facts(f"a = 1\n{deep}def f():\n    return 1\n")

    assert [name for f in found.functions for name in (f.name,)] == ["f"]
    assert [s[0] for s in ir.body_of(found.body)] in ([ir.ASSIGN, ir.DEF], [ir.ASSIGN, ir.ASSIGN, ir.DEF])
    if len(ir.body_of(found.body)) == 2:
        assert [(a, b) for a, b, _ in found.lost] == [(2, 2)]


def test_facts_are_the_same_every_time() -> None:
    source = "import a\nclass B:\n    c = {'d': [1, 2.5, 3j, b'e', None, ...]}\n    def f(self): return a.g()\n"

    assert extract("m.py", source.encode()) == extract("m.py", source.encode())


def test_an_empty_file_has_empty_facts() -> None:
    found = facts("")

    assert (found.functions, found.classes, found.imports, found.lost) == ((), (), (), ())


def test_lines_count_from_one_and_end_with_the_file() -> None:
    assert facts("a = 1\nb = 2\n").lines == 3
    assert [s[1] for s in body("a = 1\n\nb = 2\n")] == [1, 3]


def test_dotted_names() -> None:
    assert ir.dotted(value("a.b.c")) == "a.b.c"
    assert ir.dotted(value("a().b")) is None
    assert ir.dotted(None) is None
