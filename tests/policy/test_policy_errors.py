"""What is wrong inside of a policy: each error says where, what, and what to do; all of them at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from counterseal.policy import Policy, PolicyError, PolicyProblem, explain, load_policy

RULE = "[[routes]]\nmatch = '/x'\n"
RESOURCE = "[resources.invoice]\n"


def problems(tmp_path: Path, text: str, name: str = "counterseal.toml") -> list[PolicyProblem]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path)
    return caught.value.problems


CASES = {
    # unknown keys
    "top": ("rolse = []", 1, "rolse: unknown key", "did you mean 'roles'?"),
    "route key": (RULE + "roel = 'a'", 3, "routes[0].roel: unknown key", "did you mean 'role'?"),
    "resource key": (
        RESOURCE + "model = 'I'\nowner = 'o'\nprinciple = 'id'",
        4,
        "resources.invoice.principle: unknown key",
        "did you mean 'principal'?",
    ),
    "role key": ("[[roles]]\nname = 'a'\nrank = 1", 3, "roles[0].rank: unknown key", "known: description, name"),
    "owes key": ("[owes]\n\nsignin = []", 3, "owes.signin: unknown key", "did you mean 'sign_in'?"),
    "rule key": ("[rules.x]\nenable = true", 2, "rules.x.enable: unknown key", "did you mean 'enabled'?"),
    "threshold key": ("[thresholds]\nmax_pages = 5", 2, "thresholds.max_pages: unknown key", "did you mean 'max_page_size'?"),
    "quoted key": ("\n'strange key' = 1", 2, "'strange key': unknown key", "known: exclude"),
    # types
    "not a list": ("[routes]\nmatch = '/x'", 1, "routes: must be a list, not a table", "write […]; a list of tables"),
    "not a table": ("thresholds = 5", 1, "thresholds: must be a table, not a whole number", "write { key = … }"),
    "not a string": ("origins = [5]", 1, "origins[0]: must be a string, not a whole number", "quotes"),
    "not a number": ("[thresholds]\nmax_page_size = '5'", 2, "must be a whole number, not a string", "without quotes"),
    "not whole": ("[thresholds]\nmax_page_size = 5.0", 2, "must be a whole number, not a number", "without a point"),
    "true is no number": ("[thresholds]\nmax_page_size = true", 2, "must be a whole number, not a boolean", ""),
    "not a boolean": (
        RULE + "sensitive = 'yes'",
        3,
        "routes[0].sensitive: must be true or false, not a string",
        "without quotes",
    ),
    "a date": ("origins = 2024-01-01", 1, "origins: must be a list, not a date", ""),
    # reasons
    "empty reason": (RULE + "public = ''", 3, "routes[0].public: is empty", "say why anyone may"),
    "blank reason": (RULE + "public = '  '", 3, "routes[0].public: is empty", "say why anyone may"),
    "no reason": (RULE + "public = true", 3, "routes[0].public: must be a string, not a boolean", "say why anyone may"),
    "empty excuse": (RULE + "not_required = { owned = '' }", 3, "routes[0].not_required.owned: is empty", "few words"),
    "public read": (
        RESOURCE + "model = 'I'\nowner = 'o'\npublic_read = true",
        4,
        "resources.invoice.public_read: must be a string",
        "say why anyone may",
    ),
    "control character": (RULE + 'public = "a\\u001b[2J"', 3, "contains a line break or a control character", "one line"),
    # guarantees and kinds
    "guarantee": (
        RULE + "requires = ['authentcated']",
        3,
        "routes[0].requires[0]: 'authentcated' is not known",
        "'authenticated'",
    ),
    "excused guarantee": (RULE + "not_required = { ownd = 'x' }", 3, "'ownd' is not known", "did you mean 'owned'?"),
    "owed guarantee": ("[owes]\nwrite = ['auth']", 2, "owes.write[0]: 'auth' is not known", ""),
    "severity": (
        "[rules.x]\nseverity = 'urgent'",
        2,
        "rules.x.severity: 'urgent' is not known",
        "known: critical, high, low, medium",
    ),
    "rule id": ("[rules.'Bad Id']\nenabled = true", 1, "is not written as it must be", "lower-case"),
    # patterns
    "no match": ("[[routes]]\npublic = 'x'", 1, "routes[0].match: is missing", 'match = "POST /invoices/*"'),
    "empty pattern": ("[[routes]]\nmatch = ' '\nrole='a'", 2, "routes[0].match: is empty", ""),
    "no slash": ("[[routes]]\nmatch = 'admin/*'\npublic = 'x'", 2, "the path does not start with '/'", 'write "/admin/*"'),
    "only a method": ("[[routes]]\nmatch = 'POST'\npublic = 'x'", 2, "a method and no path", 'write "POST /**"'),
    "bad method": ("[[routes]]\nmatch = 'GTE /x'\npublic = 'x'", 2, "'GTE' is not a method", "known:"),
    "missing method": ("[[routes]]\nmatch = 'GET| /x'\npublic = 'x'", 2, "a method is missing beside '|'", "GET|POST"),
    "url": ("[[routes]]\nmatch = 'https://a/x'\npublic = 'x'", 2, "the pattern is a URL", "leave out scheme and host"),
    "double slash": ("[[routes]]\nmatch = '/a//b'\npublic = 'x'", 2, "empty segment", "write one '/'"),
    "glued stars": ("[[routes]]\nmatch = '/a**'\npublic = 'x'", 2, "'**' must be a whole segment", "'/**/'"),
    "query": ("[[routes]]\nmatch = '/a?b=1'\npublic = 'x'", 2, "the path contains '?'", "leave out the query string"),
    "brace": ("[[routes]]\nmatch = '/a/{id'\npublic = 'x'", 2, "the path contains '{'", "a parameter is written {name}"),
    "blank": ("[[routes]]\nmatch = 'GET /a b'\npublic = 'x'", 2, "the path contains ' '", "only one blank is allowed"),
    "class": ("[[routes]]\nmatch = '/[ab]'\npublic = 'x'", 2, "the path contains '['", "the wildcards are"),
    "dots": ("[[routes]]\nmatch = '/a/../b'\npublic = 'x'", 2, "a segment '..'", "as the framework registers it"),
    # limits
    "limit": (RULE + "limit = 'often'", 3, "routes[0].limit: 'often' is not a rate limit", 'write "5/minute"'),
    "unit": (RULE + "limit = '5/min'", 3, "'min' is not a unit of time", 'write "5/minute"'),
    "no calls": (RULE + "limit = '0/minute'", 3, "'0/minute' never allows the operation", ""),
    "second limit": (RULE + "limit = '5/minute; x'", 3, "' x' is not a rate limit", ""),
    # networks and origins
    "network": (
        "trusted_proxies = ['10.0.0.0/8',\n 'proxy.example.com']",
        2,
        "trusted_proxies[1]: 'proxy.example.com' is not a network",
        "",
    ),
    "host bits": ("trusted_proxies = ['10.1.2.3/8']", 1, "is not a network", "write '10.0.0.0/8' if you mean all of it"),
    "everyone": ("trusted_proxies = ['0.0.0.0/0']", 1, "trusts every address", "name only your proxies"),
    "number network": ("trusted_proxies = [167772160]", 1, "a network must be a string", "10.0.0.0/8"),
    "star origin": ("origins = ['*']", 1, "'*' lets foreign pages in", "name each origin"),
    "null origin": ("origins = ['null']", 1, "'null' lets foreign pages in", "name each origin"),
    "wildcard origin": ("origins = ['https://*.example.com']", 1, "lets foreign pages in", "name each origin"),
    "origin path": ("origins = ['https://a.example/']", 1, "is more than an origin", "leave out the path: 'https://a.example'"),
    "no scheme": ("origins = ['app.example.com']", 1, "is not an origin", "scheme, host and port"),
    "credentials": ("origins = ['https://a:b@example.com']", 1, "is not an origin", ""),
    "bad port": ("origins = ['https://example.com:99999']", 1, "is not an origin", ""),
    # roles
    "unknown role": (
        "roles = ['user', 'admin']\n" + RULE + "role = 'admn'",
        4,
        "role 'admn' is not declared in 'roles'",
        "'admin'",
    ),
    "no roles": (RULE + "role = 'admin'", 3, "role 'admin' is not declared in 'roles'", 'roles = ["user", "admin"]'),
    "unknown also": (
        "roles = ['user']\n" + RESOURCE + "model = 'I'\nowner = 'o'\nalso = ['user', 'boss']",
        5,
        "resources.invoice.also[1]: role 'boss' is not declared",
        "known: user",
    ),
    "role twice": (
        "roles = [\n 'a',\n 'b',\n 'a',\n]",
        4,
        "roles[2]: role 'a' is declared twice",
        "the order of roles is their rank",
    ),
    # resources
    "no owner": (RESOURCE + "model = 'Invoice'", 1, "resources.invoice.owner: is missing", 'owner = "user_id"'),
    "no model": (RESOURCE + "owner = 'user_id'", 1, "resources.invoice.model: is missing", 'model = "Invoice"'),
    "bad model": (RESOURCE + "owner = 'o'\nmodel = 'app models'", 3, "'app models' is not a name", "app.models.Invoice"),
    "model twice": (
        "[resources.a]\nmodel = 'I'\nowner = 'o'\n[resources.b]\nmodel = 'I'\nowner = 'p'",
        5,
        "resources.b.model: 'b' and 'a' both describe the model I",
        "keep one",
    ),
    # rules that contradict themselves or each other
    "says nothing": (RULE, 1, "routes[0]: the rule says nothing about its routes", "add what you know"),
    "public and role": (
        "roles = ['a']\n" + RULE + "public = 'x'\nrole = 'a'",
        4,
        "routes[0].public: the rule is public and asks",
        "remove",
    ),
    "asked and excused": (
        RULE + "limit = '5/day'\nnot_required = { limited = 'x' }",
        4,
        "routes[0].not_required.limited: the rule both asks for 'limited' and excuses it",
        "remove one",
    ),
    "audited false": (RULE + "audited = false", 3, "routes[0].audited: audited = false says nothing", "not_required = { audited"),
    "duplicate": (
        "[[routes]]\nmatch = 'GET /u/{id}'\npublic = 'x'\n[[routes]]\nmatch = 'GET /u/<int:user>/'\npublic = 'y'",
        5,
        "routes[1].match: 'GET /u/<int:user>/' and 'GET /u/{id}' (routes[0]) are about GET of the same routes",
        "join the two rules",
    ),
    "same routes": (
        "[[routes]]\nmatch = '/a/*/**'\npublic = 'x'\n[[routes]]\nmatch = '/a/**/*'\npublic = 'y'",
        5,
        "are about the same routes",
        "join the two rules",
    ),
    "overlap": (
        "[[routes]]\nmatch = 'GET|POST /a'\npublic = 'x'\n[[routes]]\nmatch = 'POST|PUT /a'\npublic = 'y'",
        5,
        "are about POST of the same routes",
        "its own methods",
    ),
    # sensitive fields, globs, thresholds
    "not sensitive": ("not_sensitive = ['passwrd']", 1, "'passwrd' is not among the default sensitive fields", "'password'"),
    "harmless": (
        "not_sensitive = ['colour']",
        1,
        "not_sensitive[0]: 'colour' is not among",
        "it is not counted as sensitive anyway",
    ),
    "both": ("sensitive_fields = ['taxNumber']\nnot_sensitive = ['tax_number']", 2, "is also in sensitive_fields", "remove it"),
    "glob": ("exclude = ['ok/', '!']", 1, "exclude[1]: '!' is not a path pattern", ".gitignore"),
    "short password": (
        "[thresholds]\nmin_password_length = 4",
        2,
        "thresholds.min_password_length: is too small",
        "the least is 8",
    ),
    "weak key": ("[thresholds]\nmin_jwt_key_bits = 128", 2, "thresholds.min_jwt_key_bits: is too small", "the least is 256"),
    "zero": ("[thresholds]\nmax_page_size = 0", 2, "is too small", "the least is 1"),
    "huge": ("[thresholds]\nmax_body_bytes = 99999999999999", 2, "is too large", "the most is"),
    # other ways of writing the same
    "inline list": (
        "routes = [\n  { match = '/a', public = 'x' },\n  { match = '/b', rol = 'x', public = 'y' },\n]",
        3,
        "routes[1].rol",
        "'role'",
    ),
    "dotted keys": ("owes.write = []\nowes.wriet = []", 2, "owes.wriet: unknown key", "'write'"),
    "tables in tables": (
        "[[routes]]\nmatch = '/a'\n[routes.not_required]\nlimited = ''",
        4,
        "routes[0].not_required.limited: is empty",
        "",
    ),
    "second of the list": (RULE + "public = 'x'\n" + "[[routes]]\nmatch = 'y'\npublic = 'x'", 5, "routes[1].match:", ""),
}


@pytest.mark.parametrize(("text", "line", "message", "hint"), CASES.values(), ids=CASES.keys())
def test_an_error_says_where_what_and_what_to_do(tmp_path: Path, text: str, line: int, message: str, hint: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1, [str(item) for item in found]
    assert (found[0].where, found[0].line) == ("counterseal.toml", line)
    assert message in found[0].message
    assert hint in found[0].hint
    assert found[0].hint or not hint


def test_all_problems_are_reported_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = """\
roles = ["user"]
origins = ["*"]
colour = "red"

[[routes]]
match = "/admin/**"
role = "admin"

[[routes]]
match = "no slash"
public = ""

[[routes]]
match = "/x"
public = "x"

[[routes]]
match = "/x/"
public = "y"

[resources.invoice]
model = "Invoice"
"""
    found = problems(tmp_path, text)
    assert [(item.line, item.message.split(":")[0]) for item in found] == [
        (2, "origins[0]"),
        (3, "colour"),
        (7, "routes[0].role"),
        (10, "routes[1].match"),
        (11, "routes[1].public"),
        (18, "routes[3].match"),
        (21, "resources.invoice.owner"),
    ]


def test_a_broken_role_section_is_not_blamed_on_the_rules(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "roles = 'admin'\n" + RULE + "role = 'admin'")
    assert found.message == "roles: must be a list, not a string"


def test_keys_and_lines_in_pyproject_are_those_of_the_file(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[tool.other]\nroutes = 1\n[[tool.counterseal.routes]]\nmatch = '/x'\nrol = 'a'\npublic = 'x'\n"
    (found,) = problems(tmp_path, text, "pyproject.toml")
    assert str(found) == "pyproject.toml:7: tool.counterseal.routes[0].rol: unknown key; did you mean 'role'?"


def test_a_section_in_pyproject_that_is_no_table(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "[tool]\ncounterseal = 'yes'", "pyproject.toml")
    assert str(found) == "pyproject.toml:2: tool.counterseal: must be a table, not a string; write { key = … }"


@pytest.mark.parametrize(
    "text", ["origins = ['SECRETVALUE1']", "[thresholds]\nmax_page_size = 'SECRETVALUE1'", "unknown = 'SECRETVALUE1'"]
)
def test_values_of_the_wrong_type_or_of_unknown_keys_are_not_repeated(tmp_path: Path, text: str) -> None:
    shown = "\n".join(str(item) for item in problems(tmp_path, text))
    assert ("SECRETVALUE1" in shown) == text.startswith("origins")


def test_long_values_and_control_characters_are_not_printed(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, f'origins = ["{"x" * 500}"]\n')
    assert len(found.message) < 150
    (found,) = problems(tmp_path, '"a\\u001b[31m" = 1')
    assert found.message == r"'a\x1b[31m': unknown key"


def test_the_error_itself_reads_as_the_list(tmp_path: Path) -> None:
    (tmp_path / "counterseal.toml").write_text("b = 1\na = 1\n", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"(?s)^counterseal.toml:1: b: unknown key; .*\ncounterseal.toml:2: a: unknown key; "):
        load_policy(tmp_path)


def test_a_policy_made_in_code_is_checked_as_well() -> None:
    with pytest.raises(ValueError, match="role 'admin' is not declared"):
        Policy.model_validate({"routes": [{"match": "/x", "role": "admin"}]})


def test_a_policy_cannot_be_changed() -> None:
    policy = Policy()
    with pytest.raises(ValueError, match="frozen"):
        policy.origins = ("https://evil.example",)


KEYS = st.sampled_from(
    [
        "roles",
        "resources",
        "routes",
        "origins",
        "owes",
        "rules",
        "thresholds",
        "trusted_proxies",
        "not_sensitive",
        "exclude",
        "match",
        "public",
        "role",
        "limit",
        "audited",
        "requires",
        "not_required",
        "name",
        "model",
        "owner",
        "also",
        "write",
        "severity",
        "max_page_size",
        "x",
        '"y z"',
        '""',
    ]
)
STRINGS = st.sampled_from(
    ["", " ", "/a", "GET /a/*", "/a/**", "user", "owned", "5/minute", "10.0.0.0/8", "https://a.example", "high", "a.b"]
)
SCALARS = st.one_of(STRINGS.map(repr), st.sampled_from(["1", "-1", "1.5", "nan", "true", "1979-05-27", "99999999999999999999"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=4).map(lambda table: "{" + ", ".join(f"{k} = {v}" for k, v in table.items()) + "}"),
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
@example({"routes": "[{match = '/x', role = 'a', requires = []}]", "roles": "[{name = 'a'}, 'a', 5]"})
def test_any_toml_is_a_policy_or_is_refused_in_words(tmp_path: Path, table: dict[str, str]) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in table.items())
    tomllib.loads(text)
    (tmp_path / "counterseal.toml").write_text(text, encoding="utf-8")
    found: list[PolicyProblem] = []
    try:
        assert explain(load_policy(tmp_path).policy).endswith("\n")
    except PolicyError as error:
        found = error.problems
        said = str(error)
        shown = [str(problem) for problem in found]
    else:
        said, shown = "", []
    assert said == "\n".join(shown)
    assert all(problem.message and problem.line >= 1 for problem in found)
