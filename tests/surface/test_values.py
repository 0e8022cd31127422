"""Constants through modules, settings and templates; what is not constant is not taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pytest

from counterseal.audit.surface.flow import Call
from counterseal.audit.surface.values import Value
from tests.surface.apps import surface_of

ROUTE = """

    from flask import Flask, request
    import requests

    @app.get("/x")
    def x():
        requests.get({expression})
        return "x"
    """


def seen(files: Mapping[str, str]) -> Value:
    """What reaches ``requests.get`` in the only route."""
    found = surface_of({path: dedent(text) for path, text in files.items()})
    calls = [e for r in found.routes for e in r.flow.events if isinstance(e, Call) and e.name == "requests.get"]
    assert len(calls) == 1
    return calls[0].args[0]


def value_of(head: str, expression: str, others: Mapping[str, str] | None = None) -> Value:
    """The value of an expression in a route of an application."""
    source = "from flask import Flask\napp = Flask(__name__)\n" + dedent(head) + dedent(ROUTE.format(expression=expression))
    return seen({"main.py": source, **(others or {})})


@pytest.mark.parametrize(
    ("head", "expression", "expected"),
    [
        ("A = 'a'", "A", "a"),
        ("A = 'a'\nB = A", "B", "a"),
        ("A = 'a'", "A + '/b'", "a/b"),
        ("A = 'a'", "f'{A}/b'", "a/b"),
        ("A = 'a'", "'%s/%s' % (A, 'b')", "a/b"),
        ("A = 'a'", "'{}/{}'.format(A, 'b')", "a/b"),
        ("A = 'a'", "'{x}/b'.format(x=A)", "a/b"),
        ("A = 'a'", "'/'.join([A, 'b'])", "a/b"),
        ("A = 'a'", "A.upper()", "A"),
        ("A = {'k': 'a'}", "A['k']", "a"),
        ("A = {'k': 'a'}", "A.get('k')", "a"),
        ("A = ['z', 'a']", "A[1]", "a"),
        ("N = 60 * 60", "N", 3600),
        ("N = -1", "N", -1),
        ("A, B = 'a', 'b'", "B", "b"),
        ("class C:\n    A = 'a'", "C.A", "a"),
        ("class C:\n    A = 'a'\nclass D(C):\n    pass", "D.A", "a"),
        ("class C:\n    A = 'a'\n    B = A + 'b'", "C.B", "ab"),
        ("def f(x='a'):\n    return x", "f()", "a"),
        ("A = 'a' if True else 'b'", "A", "a"),
        ("app.config['A'] = 'a'", "app.config['A']", "a"),
        ("app.config.update(A='a')", "app.config['A']", "a"),
        ("app.config.update({'A': 'a'})", "app.config.get('A')", "a"),
        ("app.config.from_mapping(A='a')", "app.config['A']", "a"),
        ("class C:\n    A = 'a'\napp.config.from_object(C)", "app.config['A']", "a"),
        ("app.config.setdefault('A', 'a')", "app.config['A']", "a"),
        ("from flask import current_app\napp.config['A'] = 'a'", "app.config['A']", "a"),
    ],
)
def test_constants_are_followed(head: str, expression: str, expected: object) -> None:
    assert value_of(head, expression).const == expected


def test_constants_of_other_modules() -> None:
    others = {
        "conf/__init__.py": "from conf.base import *\nfrom .extra import NAME as OTHER\n",
        "conf/base.py": "HOST = 'a'\n",
        "conf/extra.py": "from . import base\nNAME = base.HOST + 'b'\n",
    }

    assert value_of("import conf", "conf.OTHER + conf.HOST", others).const == "aba"


def test_settings_classes() -> None:
    others = {
        "settings.py": """
            from functools import lru_cache
            from pydantic_settings import BaseSettings

            class Settings(BaseSettings):
                url: str = "a"
                secret: str

            @lru_cache
            def get_settings():
                return Settings()
            """
    }
    url = value_of("from settings import get_settings", "get_settings().url", others)
    secret = value_of("from settings import get_settings", "get_settings().secret", others)

    assert url.const == "a"
    assert "env:url" in url.may
    assert not secret.is_const


@pytest.mark.parametrize(
    ("expression", "fallback"),
    [
        ("os.getenv('KEY', 'dev')", "dev"),
        ("os.environ.get('KEY', 'dev')", "dev"),
        ("os.environ.get('KEY') or 'dev'", "dev"),
        ("os.getenv('KEY', default='dev')", "dev"),
    ],
)
def test_fallbacks_of_the_environment_are_known(expression: str, fallback: str) -> None:
    value = value_of("import os", expression)

    assert value.const == fallback
    assert "env:KEY" in value.may


@pytest.mark.parametrize("expression", ["os.getenv('KEY')", "os.environ['KEY']", "os.environ.get('KEY')"])
def test_what_the_environment_must_hold_is_no_constant(expression: str) -> None:
    value = value_of("import os", expression)

    assert not value.is_const
    assert "env:KEY" in value.may


@pytest.mark.parametrize(
    ("head", "expression"),
    [
        ("A = 'a'\ndef change(x):\n    global A\n    A = x", "A"),
        ("import sys\nA = 'a' if sys.argv else 'b'", "A"),
        ("A = open('x').read()", "A"),
        ("def f(x):\n    return x", "f(request.args['q'])"),
        ("A = 'a'", "A + request.args['q']"),
        ("A = {'k': 'a', 'l': 'b'}", "A[request.args['q']]"),
    ],
)
def test_what_is_not_constant_is_not_taken_for_one(head: str, expression: str) -> None:
    assert not value_of(head, expression).is_const


def test_templates_carry_the_labels_of_what_fills_them() -> None:
    for expression in ("f'a/{request.args[\"q\"]}'", "'a/%s' % request.args['q']", "'a/{}'.format(request.args['q'])"):
        value = value_of("", expression)
        assert value.kind == "text"
        assert "in:query:q" in value.may
        assert value.items[0] == "a/"


def test_the_sources_of_requests() -> None:
    expected = {
        "request.args.get('n')": "in:query:n",
        "request.args['n']": "in:query:n",
        "request.form.get('n')": "in:form:n",
        "request.json['n']": "in:body:n",
        "request.get_json()['n']": "in:body:n",
        "request.headers.get('N')": "in:header:N",
        "request.cookies['n']": "in:cookie:n",
        "request.values.get('n')": "in:query:n",
    }
    for expression, label in expected.items():
        assert label in value_of("", expression).may or label.lower() in value_of("", expression).may, expression
