"""The JSON Schema for editors and the commented example."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import counterseal.policy
from counterseal.policy import PolicyError, explain, load_policy, schema

FOLDER = Path(counterseal.policy.__file__).parent
SCRIPT = Path(__file__).parents[2] / "scripts" / "generate_policy_schema.py"
EXAMPLE = (FOLDER / "example.toml").read_text(encoding="utf-8")


def valid(document: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema()).is_valid(document))


def loads(tmp_path: Path, text: str) -> bool:
    (tmp_path / "counterseal.toml").write_text(text, encoding="utf-8")
    try:
        load_policy(tmp_path)
    except PolicyError:
        return False
    return True


def test_the_schema_is_a_schema_of_the_dialect_it_names() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_committed_schema_is_current() -> None:
    assert json.loads((FOLDER / "counterseal.schema.json").read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))
    run = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_every_key_has_a_description() -> None:
    def undescribed(node: Any, path: str) -> list[str]:
        found = []
        for key, item in node.get("properties", {}).items():
            if "description" not in item and "description" not in json.dumps(item):
                found.append(f"{path}.{key}")
        for name, item in node.get("$defs", {}).items():
            found += undescribed(item, name)
        return found

    assert undescribed(schema(), "") == []


def test_every_example_in_the_schema_is_valid() -> None:
    root = schema()
    checked = 0

    def check(node: Any) -> None:
        nonlocal checked
        if isinstance(node, dict):
            for example in node.get("examples", []) if isinstance(node.get("examples"), list) else []:
                jsonschema.Draft202012Validator({**node, "$defs": root["$defs"]}).validate(example)
                checked += 1
        for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            check(item)

    check(root)
    assert checked > 20


def test_the_example_is_valid_and_loads(tmp_path: Path) -> None:
    assert valid(tomllib.loads(EXAMPLE))
    assert loads(tmp_path, EXAMPLE)


def test_the_example_uses_every_section_and_every_key_of_a_route_rule(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text(EXAMPLE, encoding="utf-8")
    policy = load_policy(tmp_path).policy
    assert policy.model_fields_set == set(type(policy).model_fields)
    assert set().union(*(rule.model_fields_set for rule in policy.routes)) == set(type(policy.routes[0]).model_fields)
    assert policy.required("POST", "/auth/login", {counterseal.policy.Kind.SIGN_IN}) == {"limited", "audited"}


BROKEN = [
    "rolse = []",
    "[[routes]]\nmatch = '/x'\npublik = 'x'",
    "[[routes]]\npublic = 'x'",
    "[[routes]]\nmatch = '/x'\npublic = true",
    "[[routes]]\nmatch = '/x'\npublic = ''",
    "[[routes]]\nmatch = '/x'\naudited = false",
    "[[routes]]\nmatch = '/x'\nnot_required = { ownd = 'x' }",
    "[routes]\nmatch = '/x'",
    "[resources.a]\nmodel = 'A'",
    "[resources.a]\nmodel = 'A'\nowner = 'o'\nextra = 1",
    "[[roles]]\nname = 'a'\nrank = 1",
    "roles = [5]",
    "[owes]\nsignin = []",
    "[owes]\nwrite = ['auth']",
    "[rules.x]\nseverity = 'urgent'",
    "[rules.'Bad Id']\nenabled = true",
    "[thresholds]\nmax_page_size = '5'",
    "[thresholds]\nmin_jwt_key_bits = 128",
    "trusted_proxies = [5]",
]


@pytest.mark.parametrize("text", BROKEN)
def test_the_schema_refuses_what_the_loader_refuses(tmp_path: Path, text: str) -> None:
    assert not valid(tomllib.loads(text))
    assert not loads(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["", "roles = ['a', { name = 'b' }]", "[rules.x]", "trusted_proxies = ['10.0.0.0/8']", "[thresholds]"]
)
def test_the_schema_takes_what_the_loader_takes(tmp_path: Path, text: str) -> None:
    assert valid(tomllib.loads(text))
    assert loads(tmp_path, text)


def test_the_explanation_of_the_example_says_all_that_matters(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text(EXAMPLE, encoding="utf-8")
    said = explain(load_policy(tmp_path).policy)
    for line in (
        "  2. support: Answers customers; sees their invoices",
        "  invoice (Invoice): belongs to the caller whose 'id' equals its 'customer_id'.",
        "    Also support and admin may touch it, whoever owns it.",
        "    Anyone may read it: Articles are published for everyone",
        "  /admin/**: role admin or higher; each call on record.",
        "  POST /auth/login: public (This is where people sign in); at most 5/minute; 50/day; each call on record.",
        "  GET /account/**: must be authenticated.",
        "  a route that writes: authenticated and validated",
        "  a route for some roles only: authenticated, authorized and audited (changed here)",
        "  Not counted here: pin.",
        "  X-Forwarded-For is believed from 10.0.0.0/8 and 192.0.2.7/32.",
        "  jwt-audience-unchecked: off (One issuer, one application: there is no other audience)",
        "  max_page_size = 200 (default 100)",
    ):
        assert line in said.splitlines()


def test_the_explanation_of_the_defaults_says_what_is_not_said(tmp_path: Path) -> None:
    said = explain(load_policy(tmp_path).policy)
    for line in (
        "  None declared: no route rule can ask for a role.",
        "  None declared: the audit guesses from the code whose an object is.",
        "  No rules: each route owes what its kind owes.",
        "  a route that reads: nothing by itself",
        '  No audit trail is asked for; to ask for it, add "audited" to owes.privileged.',
        "  None: no page of another origin may call with the user's identity.",
        "  None: the address of the connection is the client's address.",
    ):
        assert line in said.splitlines()


def test_importing_counterseal_does_not_import_pydantic() -> None:
    code = "import counterseal, sys; sys.exit('pydantic' in sys.modules or 'counterseal.policy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
