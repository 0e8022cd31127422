"""Python that the interpreter refuses: what is read of it, and that the rest is said to be lost."""

from __future__ import annotations

import ast
import random
import sysconfig
import textwrap
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from counterseal.audit.facts.python.tolerant import UNREADABLE, LostRange, Parsed, parse
from counterseal.audit.facts.python.tolerant.grammar import parse_concretely

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))


def read(source: str) -> Parsed:
    return parse(textwrap.dedent(source).lstrip("\n").encode())


def shown(parsed: Parsed) -> str:
    return ast.unparse(parsed.tree)


def lost_lines(parsed: Parsed) -> list[tuple[int, int]]:
    return [(each.line, each.end_line) for each in parsed.lost]


def same(parsed: Parsed, expected: str) -> bool:
    return shown(parsed) == ast.unparse(ast.parse(textwrap.dedent(expected)))


# The converter, held against the interpreter's own parser.


def stdlib_sample(step: int) -> list[Path]:
    files = [*STANDARD_LIBRARY.glob("*.py"), *STANDARD_LIBRARY.glob("asyncio/*.py"), *STANDARD_LIBRARY.glob("test/test_*.py")]
    return sorted(path for path in files if path.stat().st_size < 40_000)[::step]


def comparable(tree: ast.AST) -> str:
    for node in ast.walk(tree):
        if getattr(node, "type_params", None):
            node.type_params = []  # type: ignore[attr-defined]
    return ast.dump(tree)


def positions(tree: ast.AST) -> list[tuple[object, ...]]:
    """All positions, but not those within f-strings: interpreters differ there."""
    found: list[tuple[object, ...]] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        if hasattr(node, "lineno"):
            found.append((type(node).__name__, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))  # type: ignore[attr-defined]
        if not isinstance(node, ast.JoinedStr):
            pending.extend(ast.iter_child_nodes(node))
    return found


def test_the_tolerant_grammar_gives_the_interpreters_own_tree() -> None:
    compared, different, misplaced = 0, [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in stdlib_sample(step=2):
            source = path.read_bytes()
            try:
                expected = ast.parse(source)
                text = source.decode()
            except (SyntaxError, ValueError):
                continue
            compared += 1
            converted = parse_concretely(text.replace("\r\n", "\n"))
            if converted is None or comparable(converted) != comparable(expected):
                different.append(path.name)
            elif positions(converted) != positions(expected):
                misplaced.append(path.name)
    assert compared > 60  # distributions leave out the library's own tests
    assert len(different) <= compared * 0.005 + 2, (
        different
    )  # + 2: print >>f, x means what it means in Python 2; PEP 695 is dropped
    assert misplaced == []


# Newer and older syntax: understood in full, nothing lost.


@pytest.mark.parametrize(
    ("source", "meaning"),
    [
        ("try:\n    a()\nexcept A, B:\n    b()\n", "try:\n    a()\nexcept (A, B):\n    b()\n"),
        ("def f[T: int, *Ts, **P](x: T) -> T:\n    return x\n", "def f(x: T) -> T:\n    return x\n"),
        ("def f[T: int = str](x: T) -> T:\n    return x\n", "def f(x: T) -> T:\n    return x\n"),
        ("class A[T](B[T], metaclass=M):\n    x: T = 1\n", "class A(B[T], metaclass=M):\n    x: T = 1\n"),
        ("type X = list[int] | None\n", "X = list[int] | None\n"),
        ("type X[T] = list[T]\n", "X = list[T]\n"),
        ("x = f'{d['a']}'\n", "x = f\"{d['a']}\"\n"),
        ("x = f'{f'{f'{1}'}'}'\n", None),
        ("x = f'{'\\n'.join(a)}'\n", None),
        ("x = t'select {a!r:>{w}}'\n", "x = f'select {a!r:>{w}}'\n"),
        ("lazy import json\nlazy from a import b\nx = 1\n", "import json\nfrom a import b\nx = 1\n"),
        ("x = [*y for y in z]\n", None),
        ("print 'a', b\nprint\nprint >>f, x\n", "print('a', b)\nprint\nprint(x, file=f)\n"),
        ("exec 'a' in b\nraise E, 'm'\n", "exec('a', b)\nraise E('m')\n"),
        ("x = 0777L\ny = a <> `b`\nz = ur'c'\n", "x = 511\ny = a != repr(b)\nz = 'c'\n"),
        ("if x:\n\ty = 1\n        z = 2\n", "if x:\n    y = 1\n    z = 2\n"),
    ],
)
def test_other_versions_of_python(source: str, meaning: str | None) -> None:
    parsed = parse(source.encode())
    assert parsed.lost == ()
    if meaning is not None and "type_params" not in ast.FunctionDef._fields:
        assert same(parsed, meaning)
    assert parsed.tree.body[0].lineno == 1


def test_a_mix_of_new_syntax_keeps_every_place() -> None:
    parsed = read("""
        import os

        @app.get("/x")
        async def handler[T](item: T) -> T:
            try:
                return f"{item["id"]}"
            except KeyError, TypeError:
                raise Denied from None
    """)
    assert parsed.lost == ()
    handler = parsed.tree.body[1]
    assert isinstance(handler, ast.AsyncFunctionDef)
    assert (handler.lineno, handler.end_lineno, handler.col_offset) == (4, 8, 0)
    assert [ast.unparse(each) for each in handler.decorator_list] == ["app.get('/x')"]
    assert handler.decorator_list[0].lineno == 3
    caught = handler.body[0]
    assert isinstance(caught, ast.Try)
    assert (caught.handlers[0].lineno, ast.unparse(caught.handlers[0].type or ast.Constant(0))) == (7, "(KeyError, TypeError)")
    compile(parsed.tree, "x", "exec")


# Damage: it stays where it is, and is said.


def test_output_that_was_cut_off() -> None:
    parsed = read("""
        from fastapi import FastAPI
        app = FastAPI()

        @app.post("/users")
        @limited(5)
        async def create(user: User, db=Depends(get_db)):
            check(user)
            if user.admin:
                note(user)
                return save(db, user,
    """)
    assert parsed.lost == (LostRange(10, 10, "a bracket or a string is never closed"),)
    assert same(
        parsed,
        """
        from fastapi import FastAPI
        app = FastAPI()
        @app.post("/users")
        @limited(5)
        async def create(user: User, db=Depends(get_db)):
            check(user)
            if user.admin:
                note(user)
        """,
    )
    function = parsed.tree.body[2]
    assert isinstance(function, ast.AsyncFunctionDef)
    assert (function.lineno, function.body[0].lineno, function.body[0].col_offset, function.end_lineno) == (6, 7, 4, 10)


@pytest.mark.parametrize(
    ("source", "lost", "kept"),
    [
        ("def f(a):\n    b = 1\n    c = = 2\n    return b\n", [(3, 3)], "def f(a):\n    b = 1\n    return b\n"),
        (
            "def f(a):\n    b = g(1,\n    return b\n\ndef h():\n    return 1\n",
            [(2, 2)],
            "def f(a):\n    return b\n\ndef h():\n    return 1\n",
        ),
        ("def f(a):\n", [(1, 1)], "def f(a):\n    pass\n"),
        ("def f(a)\n    return a\n", [(1, 1)], "def f(a):\n    return a\n"),
        ("def f(a, b=:\n    return a\n", [(1, 1)], "def f():\n    return a\n"),
        ("class A(B:\n    x = 1\n    def m(self): return 1\n", [(1, 1)], "class A:\n    x = 1\n    def m(self): return 1\n"),
        ("x = 1\n    y = 2\nz = 3\n", [], "x = 1\ny = 2\nz = 3\n"),
        ("@a\n@b(((\n@c\ndef f(): return 1\n", [(2, 2)], f"@a\n@{UNREADABLE}\n@c\ndef f(): return 1\n"),
        ("x = 1\n@a\n", [(2, 2)], "x = 1\n"),
        ("if a(:\n    x = 1\nelse:\n    y = 2\n", [(1, 1)], f"if {UNREADABLE}:\n    x = 1\nelse:\n    y = 2\n"),
        (
            "if a:\n    x = 1\nelif b(:\n    y = 2\nelse: z = 3\n",
            [(3, 3)],
            f"if a: x = 1\nelif {UNREADABLE}: y = 2\nelse: z = 3\n",
        ),
        ("while a(:\n    x = 1\n", [(1, 1)], f"while {UNREADABLE}: x = 1\n"),
        ("for a in b(:\n    x = 1\n", [(1, 1)], f"for {UNREADABLE} in {UNREADABLE}: x = 1\n"),
        ("with a(:\n    x = 1\n", [(1, 1)], f"with {UNREADABLE}: x = 1\n"),
        ("try:\n    x = 1\nexcept A as (:\n    y = 2\n", [(3, 3)], f"try: x = 1\nexcept {UNREADABLE}: y = 2\n"),
        ("try:\n    x = 1\ny = 2\n", [(1, 1)], None),
        ("try:\n    x = (\n    y = 1\nfinally:\n    z = 1\n", [(2, 3)], "try: pass\nfinally: z = 1\n"),
        (
            "match a:\n    case 1: x = 1\n    case (2:\n        y = 2\n",
            [(3, 3)],
            f"match a:\n case 1: x = 1\n case _ if {UNREADABLE}: y = 2\n",
        ),
        ('def f():\n    """cut off\n    more\n', [(2, 3)], "def f(): pass\n"),
        ('def f():\n    x = """\n    return x\n\ndef g():\n    """Doc."""\n    return 1\n', [(2, 2)], None),
        ("{% if a %}\nx = 1\n{% endif %}\n", [(1, 1), (3, 3)], "x = 1\n"),
        ("<html>\n<body>a b</body>\n</html>\n", [(1, 3)], ""),
        ("    x = 1\n    y = = 1\n    z = 3\n", [(2, 2)], "x = 1\nz = 3\n"),
        ("x = 1\n)\ny = 2\n", [(2, 2)], "x = 1\ny = 2\n"),
    ],
)
def test_damage_stays_where_it_is(source: str, lost: list[tuple[int, int]], kept: str | None) -> None:
    parsed = parse(source.encode())
    assert lost_lines(parsed) == lost
    if kept is not None:
        assert same(parsed, kept)
    else:
        assert len(parsed.tree.body) >= 2
    compile(parsed.tree, "x", "exec")


def test_an_unresolved_merge_conflict_is_read_on_both_sides() -> None:
    parsed = parse(
        b"a = 1\n<<<<<<< ours\ndef f():\n    return 1\n||||||| base\ndef f(\n=======\ndef g():\n    return 2\n>>>>>>> theirs\n"
        b"b = 2\ns = '''\n=======\n'''\n"
    )
    assert parsed.lost == (LostRange(2, 10, "an unresolved merge conflict: both sides are read"),)
    assert same(parsed, "a = 1\ndef f():\n    return 1\ndef g():\n    return 2\nb = 2\ns = '''\n=======\n'''\n")
    assert parsed.tree.body[2].lineno == 8


def test_code_between_fences_with_prose_around_it() -> None:
    code = "import os\n\ndef f():\n    '''Use:\n```\n    '''\n    return os\n"
    parsed = parse(f"Here's the server you've asked for:\n\n```python\n{code}```\n\nThat's it.\n".encode())
    assert [(each.line, each.end_line, each.why) for each in parsed.lost] == [
        (1, 2, "text around the code"),
        (3, 3, "a Markdown fence"),
        (11, 11, "a Markdown fence"),
        (12, 14, "text around the code"),
    ]
    assert same(parsed, code)


def test_too_much_damage_ends_the_attempt() -> None:
    started = time.process_time()
    parsed = parse(b"this is no python\n" * 20_000 + b"x = 1\n")
    assert time.process_time() - started < 10
    assert {each.why for each in parsed.lost} == {"not valid Python", "too much of the file is not valid Python"}
    assert lost_lines(parsed)[-1][1] >= 20_000


# Encodings.


@pytest.mark.parametrize(
    ("source", "lost", "kept"),
    [
        (b"", [], ""),
        (b"\xef\xbb\xbfx = '\xc3\xa9'\n", [], "x = 'é'"),
        (b"# coding: latin-1\nx = '\xe9'\n", [], "x = 'é'"),
        (b"# coding: latin-1\nx = '\xe9'\ny = = 1\n", [(3, 3, "not valid Python")], "x = 'é'"),
        (b"# coding: utf-8\nx = 1\ny = '\xe9'\n", [(3, 3, "bytes that are not utf-8")], "x = 1\ny = '\ufffd'"),
        (b"x = '\xe9'\n", [(1, 1, "bytes that are not utf-8")], "x = '\ufffd'"),
        (b"# coding: nonsense\nx = 1\n", [(1, 1, "the declared encoding is not usable: unknown encoding: nonsense")], "x = 1"),
        (b"# coding: rot13\nx = 1\n", [(1, 1, "the declared encoding is not one of text")], "x = 1"),
        (b"x = 1\n\0y = 2\n", [(2, 2, "null bytes")], "x = 1\ny = 2"),
        ("x = 1\n".encode("utf-16"), [(1, 1, "the file is UTF-16, which Python does not read")], "x = 1"),
        (b"x = 1\ry = 2\r\nz = 3", [], "x = 1\ny = 2\nz = 3"),
        (b"x = 1\ry = = 2\r\nz = 3", [(2, 2, "not valid Python")], "x = 1\nz = 3"),
        (b"x = 1\n\x0cy = 2\n", [], "x = 1\ny = 2"),
        (b"x = 1\n\x0cdef f():\n    y = = 2\n    z = 3\n", [(3, 3, "not valid Python")], "x = 1\n\ndef f():\n    z = 3"),
        (b"\x00\x01\x02\x03\xff\xfe", None, None),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 20, None, None),
    ],
)
def test_encodings(source: bytes, lost: list[tuple[int, int, str]] | None, kept: str | None) -> None:
    parsed = parse(source)
    if lost is None:
        assert parsed.lost
    else:
        assert [(each.line, each.end_line, each.why) for each in parsed.lost] == lost
        assert shown(parsed) == kept


# Adversaries.


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 10_000 + ")" * 10_000,
        "(" * 10_000,
        "+".join("a" * 50_000),
        "not " * 20_000 + "a",
        "a" + ".b" * 20_000,
        "a" + "()" * 20_000,
        "a" + "[0]" * 20_000,
        "-" * 100_000 + "1",
        "lambda: " * 5_000 + "1",
        "{1:" * 5_000 + "1" + "}" * 5_000,
        "a if b else " * 20_000 + "c",
        "await " * 20_000 + "a",
        "a ** " * 20_000 + "b",
        "f'{" * 300 + "1" + "}'" * 300,
        "[" * 99 + "1 2" + "]" * 99,
        "a < " * 20_000 + "b",
        "'a' " * 50_000,
        "9" * 5_000,
        "'" + "a" * 1_000_000 + "'",
        '"""' + "a\n" * 100_000,
        "\\" * 10_000,
    ],
)
def test_nothing_brings_it_down(expression: str) -> None:
    started = time.process_time()
    parsed = parse(f"before = 1\nx = {expression}\ndef after():\n    return 1\n".encode())
    assert time.process_time() - started < 5
    assert shown(Parsed(ast.Module(parsed.tree.body[:1], []), ())) == "before = 1"
    names = {node.name for node in parsed.tree.body if isinstance(node, ast.FunctionDef)}
    assert names == {"after"} or any(each.line <= 3 <= each.end_line for each in parsed.lost)
    values = [node for node in parsed.tree.body if isinstance(node, ast.Assign)]
    assert len(values) == 2 or any(each.line <= 2 <= each.end_line for each in parsed.lost)


def test_blocks_that_are_nested_too_deeply_are_lost_not_fatal() -> None:
    for depth in (90, 150, 400, 1_000):
        source = "".join(" " * level + "if x:\n" for level in range(depth)) + " " * depth + "y = = 1\n"
        parsed = parse(("before = 1\n" + source).encode())
        assert parsed.lost
    assert parse(("if a: b\n" + "elif a: b\n" * 3_000).encode()).tree.body


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name
            yield from definitions(node, prefix + node.name + ".")
        else:
            yield from definitions(node, prefix)


def damaged(draw: random.Random, lines: list[bytes]) -> list[bytes]:
    at = draw.randrange(len(lines))
    line = lines[at]
    margin = line[: len(line) - len(line.lstrip())]
    change = draw.choice(["garbage", "open", "close", "quote", "colon", "insert", "delete", "cut"])
    if change == "cut":
        return [*lines[:at], line[: draw.randrange(len(line) + 1)]]
    if change == "delete":
        return lines[:at] + lines[at + 1 :]
    changed = {
        "garbage": margin + b"this is = not ( python",
        "open": line + b"(",
        "close": line + b")",
        "quote": line + b"'",
        "colon": line.replace(b":", b"", 1),
        "insert": line + bytes(draw.choices(b"()[]{}:,.='\"#\\ ab1@", k=6)),
    }
    return [*lines[:at], changed[change], *lines[at + 1 :]]


def test_random_damage_costs_little() -> None:
    draw = random.Random(20)  # noqa: S311 (no secret)
    sources = [path.read_bytes() for path in stdlib_sample(step=9) if 1_000 < path.stat().st_size < 40_000]
    expected = kept = 0
    for _ in range(120):
        source = draw.choice(sources)
        try:
            whole = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        lines = damaged(draw, source.split(b"\n"))
        parsed = parse(b"\n".join(lines))
        last = len(lines) + 1
        assert all(1 <= each.line <= each.end_line <= last for each in parsed.lost)
        for node in ast.walk(parsed.tree):
            if isinstance(node, ast.stmt | ast.expr):
                assert 1 <= node.lineno <= (node.end_lineno or 0) <= last
        ast.unparse(parsed.tree)
        cut = len(lines) < source.count(b"\n")
        if not cut:
            found = set(definitions(parsed.tree))
            names = list(definitions(whole))
            expected += len(names)
            kept += sum(name in found for name in names)
    assert expected > 1_000
    assert kept / expected > 0.95
