"""The line of each key, compared with what `tomllib` reads from the same text."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import counterseal.policy
from counterseal.policy.positions import line_of, positions

TRICKY = '''\
# [not.a.table]
a = "x # no comment ] } ="   # comment
"b c".'d.e' . f = 1
multi = """
[fake]
key = 1
\\""" quoted ""\\
"""
literal = \'\'\'
it's [[fake]] \'\'\'\'
empty = ""
date = 1979-05-27 07:32:00Z
list = [ # comment ]
  1, [2,
  3],
  { x = 1, y.z = "}" }, # }
]
[table]
k = {}
[table.sub]  # after
k = true
[[many]]
n = 1
  [many.in]
  m = 1
  [[many.deep]]
  o = 1
  [[many.deep]]
  o = 2
[[many]]
n = 2
[many.in]
m = 2
'''


def paths(value: object, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found |= paths(item, (*path, key))
    return found


def test_lines_of_a_tricky_document() -> None:
    known = positions(TRICKY)
    assert paths(tomllib.loads(TRICKY)) == set(known)
    lines = {
        ("a",): 2,
        ("b c", "d.e", "f"): 3,
        ("multi",): 4,
        ("literal",): 9,
        ("empty",): 11,
        ("date",): 12,
        ("list",): 13,
        ("list", 0): 14,
        ("list", 1): 14,
        ("list", 1, 1): 15,
        ("list", 2, "y", "z"): 16,
        ("table", "k"): 19,
        ("table", "sub"): 20,
        ("many",): 22,
        ("many", 0, "in", "m"): 25,
        ("many", 0, "deep", 1, "o"): 29,
        ("many", 1): 30,
        ("many", 1, "in", "m"): 33,
    }
    assert {path: known[path] for path in lines} == lines


def test_the_nearest_key_around_one_that_is_missing() -> None:
    known = positions("[a]\nb = 1\n")
    assert line_of(known, ("a", "c", 0)) == 1
    assert line_of(known, ("z",)) == 0


SCALARS = st.sampled_from(
    [
        "1",
        "-0.5e3",
        "true",
        "inf",
        "1979-05-27",
        "07:32:00",
        '""',
        "''",
        '"a\\"]}#"',
        "'a\\'",
        '"""\n]"}\n\\"\\""""',
        "'''\n['''",
        "''''x'''''",
    ]
)
KEYS = st.sampled_from(["a", "b", "c-1", '"q.k"', "'l k'", '"\\u00e9"', '""'])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.tuples(st.lists(inner, max_size=3), st.sampled_from([", ", ",\n# ] } \n", " ,"])).map(
            lambda pair: "[\n" + pair[1].join(pair[0]) + "]"
        ),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{ " + ", ".join(f"{k} = {v}" for k, v in table.items()) + " }"
        ),
    ),
    max_leaves=6,
)
DOTTED = st.lists(KEYS, min_size=1, max_size=3).map(" . ".join)
LINES = st.one_of(
    st.builds("{} = {}".format, DOTTED, VALUES),
    DOTTED.map("[{}]".format),
    DOTTED.map("[[ {} ]] # x".format),
    st.just(""),
    st.just("  # a = ["),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_every_key_of_any_valid_document_has_a_line(text: str) -> None:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    known = positions(text)
    assert set(known) == paths(table)
    assert all(1 <= line <= text.count("\n") + 1 for line in known.values())


@pytest.mark.parametrize("name", ["example.toml"])
def test_the_example_has_a_line_for_every_key(name: str) -> None:
    text = (Path(counterseal.policy.__file__).parent / name).read_text(encoding="utf-8")
    assert set(positions(text)) == paths(tomllib.loads(text))
