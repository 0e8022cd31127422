"""How the rules about a route add up, and what it owes in the end."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.guarantees import Guarantee
from counterseal.policy import Kind, Limit, Owes, Policy, load_policy, parse_limits

A, Z, OWNED, V, L, AUDITED = (
    Guarantee.AUTHENTICATED,
    Guarantee.AUTHORIZED,
    Guarantee.OWNED,
    Guarantee.VALIDATED,
    Guarantee.LIMITED,
    Guarantee.AUDITED,
)


def policy(tmp_path: Path, text: str) -> Policy:
    (tmp_path / "counterseal.toml").write_text(text, encoding="utf-8")
    return load_policy(tmp_path).policy


# -- how rules add up ---------------------------------------------------------------------------------------------

CASCADE = """
roles = ["user", "support", "admin"]

[[routes]]
match = "/admin/**"
role = "admin"
audited = true
sensitive = true

[[routes]]
match = "POST /admin/users"
limit = "5/minute"

[[routes]]
match = "/admin/stats"
role = "support"
sensitive = false

[[routes]]
match = "/admin/login"
public = "This is where administrators sign in"
limit = "5/minute; 20 per hour"

[[routes]]
match = "/docs/**"
public = "For everyone"

[[routes]]
match = "/docs/internal"
permission = "docs:internal"

[[routes]]
match = "/admin/ping"
not_required = { authorized = "Any administrator's monitor", audited = "Called each second" }

[[routes]]
match = "/shared/**"
not_required = { limited = "Cheap", owned = "Everyone shares them" }

[[routes]]
match = "/shared/export"
limit = "1/hour"
requires = ["contained"]
"""


def test_no_rule_says_nothing(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("GET", "/elsewhere")
    assert not rule.says_something
    assert (rule.demands, dict(rule.excuses), rule.limits) == (frozenset(), {}, ())


def test_what_a_more_specific_rule_does_not_speak_of_stays(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("POST", "/admin/users")
    assert (rule.match, rule.role, rule.limit, rule.audited) == ("POST /admin/users", "admin", "5/minute", True)
    assert rule.demands == {A, Z, L, AUDITED}


def test_a_more_specific_role_replaces_the_other(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("GET", "/admin/stats")
    assert (rule.role, rule.audited, rule.sensitive) == ("support", True, False)


def test_public_withdraws_the_role_but_not_the_audit_trail(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("POST", "/admin/login")
    assert rule.role is None
    assert rule.demands == {L, AUDITED}
    assert set(rule.excuses) == {A, Z, OWNED}
    assert rule.excuses[A] == "public: This is where administrators sign in"
    assert rule.limits == (Limit(5, 60), Limit(20, 3600))


def test_a_permission_withdraws_public(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("GET", "/docs/internal")
    assert (rule.public, rule.permission) == (None, "docs:internal")
    assert rule.demands == {A, Z}


def test_an_excuse_withdraws_what_it_excuses(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("GET", "/admin/ping")
    assert rule.demands == frozenset()
    assert dict(rule.excuses) == {Z: "Any administrator's monitor", AUDITED: "Called each second"}


def test_a_demand_withdraws_an_excuse(tmp_path: Path) -> None:
    rule = policy(tmp_path, CASCADE).route_rule("GET", "/shared/export")
    assert rule.demands == {L, Guarantee.CONTAINED}
    assert dict(rule.excuses) == {OWNED: "Everyone shares them"}


RULES = st.fixed_dictionaries(
    {},
    optional={
        "public": st.just("why"),
        "role": st.sampled_from(["user", "admin"]),
        "permission": st.just("p"),
        "limit": st.just("1/day"),
        "audited": st.just(True),
        "requires": st.lists(st.sampled_from(list(Guarantee)), max_size=2),
        "not_required": st.dictionaries(st.sampled_from(list(Guarantee)), st.just("why"), max_size=2),
    },
)


@given(st.lists(RULES, max_size=4))
def test_a_merged_rule_never_demands_what_it_excuses(rules: list[dict[str, object]]) -> None:
    routes = []
    for depth, rule in enumerate(rules):
        try:
            Policy.model_validate({"roles": ["user", "admin"], "routes": [{"match": "/x", **rule}]})
        except ValueError:
            continue
        routes.append({"match": "/a" * depth + "/**", **rule})
    merged = Policy.model_validate({"roles": ["user", "admin"], "routes": routes}).route_rule("GET", "/a/a/a/a/a")
    assert not merged.demands & set(merged.excuses)
    if routes:
        last = Policy.model_validate({"roles": ["user", "admin"], "routes": routes[-1:]}).routes[0]
        assert last.demands <= merged.demands, "the most specific rule keeps all it asks for"
        assert set(last.excuses) <= set(merged.excuses), "and all it excuses"


# -- what a route owes --------------------------------------------------------------------------------------------


def test_the_defaults_of_each_kind() -> None:
    owed = {kind: set(Policy().owed(kind)) for kind in Kind}
    assert owed == {
        Kind.READ: set(),
        Kind.WRITE: {A, V},
        Kind.OBJECT: {OWNED},
        Kind.SIGN_IN: {L},
        Kind.SIGN_UP: {L},
        Kind.RESET: {L},
        Kind.ONE_TIME_CODE: {L},
        Kind.COSTLY: {L},
        Kind.PRIVILEGED: {A, Z},
    }


def test_every_kind_can_be_set() -> None:
    assert set(Owes.model_fields) == {kind.value for kind in Kind}


def test_naming_a_kind_replaces_its_default_and_no_other(tmp_path: Path) -> None:
    changed = policy(tmp_path, '[owes]\nprivileged = ["authenticated", "authorized", "audited"]\nread = ["authenticated"]\n')
    assert changed.owed("privileged") == {A, Z, AUDITED}
    assert changed.owed(Kind.READ) == {A}
    assert changed.owed("write") == {A, V}
    with pytest.raises(ValueError, match="no_such_kind"):
        changed.owed("no_such_kind")


def test_a_route_owes_by_its_kinds_and_its_rules(tmp_path: Path) -> None:
    model = policy(tmp_path, CASCADE)
    assert model.required("DELETE", "/notes/{id}", {Kind.WRITE, Kind.OBJECT}) == {A, V, OWNED}
    assert model.required("POST", "/admin/users", {Kind.WRITE}) == {A, Z, V, L, AUDITED}
    assert model.required("POST", "/admin/login", {Kind.WRITE, Kind.SIGN_IN}) == {V, L, AUDITED}
    assert model.required("GET", "/shared/{id}", {Kind.READ, Kind.OBJECT, Kind.COSTLY}) == frozenset()
    assert model.required("GET", "/elsewhere", ()) == frozenset()


def test_who_signs_in_has_no_identity_yet_but_privileged_work_needs_one() -> None:
    assert Policy().required("POST", "/login", {Kind.WRITE, Kind.SIGN_IN}) == {V, L}
    assert Policy().required("POST", "/admin/reset", {Kind.WRITE, Kind.RESET, Kind.PRIVILEGED}) == {A, Z, V, L}
    assert Policy().required("POST", "/verify", {Kind.WRITE, Kind.ONE_TIME_CODE}) == {A, V, L}


# -- roles, resources, fields -------------------------------------------------------------------------------------


def test_roles_rank_by_their_order(tmp_path: Path) -> None:
    model = policy(tmp_path, '[[roles]]\nname = "user"\n[[roles]]\nname = "admin"\ndescription = "Runs it"\n')
    assert [role.name for role in model.roles] == ["user", "admin"]
    assert model.role_rank("user") < model.role_rank("admin")
    with pytest.raises(LookupError, match="no role 'boss'"):
        model.role_rank("boss")


def test_names_and_tables_may_be_mixed(tmp_path: Path) -> None:
    model = policy(tmp_path, 'roles = ["user", { name = "admin", description = "Runs it" }]\n')
    assert [(role.name, role.description) for role in model.roles] == [("user", None), ("admin", "Runs it")]


def test_a_resource_is_found_by_its_model(tmp_path: Path) -> None:
    model = policy(
        tmp_path,
        '[resources.invoice]\nmodel = "Invoice"\nowner = "user_id"\n'
        '[resources.old_invoice]\nmodel = "legacy.Invoice"\nowner = "account.owner_id"\nprincipal = "account_id"\n',
    )
    found = {name: model.resource_for(name) for name in ("Invoice", "app.models.Invoice", "app.legacy.Invoice", "PaidInvoice")}
    assert {name: pair[0] if pair else None for name, pair in found.items()} == {
        "Invoice": "old_invoice",
        "app.models.Invoice": "invoice",
        "app.legacy.Invoice": "old_invoice",
        "PaidInvoice": None,
    }
    assert model.resources["invoice"].principal == "id"


@pytest.mark.parametrize(
    "name", ["password", "passwordHash", "Password-Hash", "hashed_password", "APIKey", "apiKey", "cardNumber", "CVV", "ssn"]
)
def test_default_sensitive_fields_in_any_case(name: str) -> None:
    assert Policy().is_sensitive(name)


@pytest.mark.parametrize("name", ["name", "passwords_changed", "token_type", "access_token", "spin", ""])
def test_other_fields_are_not(name: str) -> None:
    assert not Policy().is_sensitive(name)


def test_sensitive_fields_can_be_added_and_removed(tmp_path: Path) -> None:
    model = policy(tmp_path, 'sensitive_fields = ["netSalary"]\nnot_sensitive = ["PIN"]\n')
    assert model.is_sensitive("net_salary")
    assert not model.is_sensitive("pin")
    assert model.is_sensitive("password")
    assert "net_salary" in model.sensitive


def test_a_policy_survives_being_taken_apart_and_sent_to_another_process(tmp_path: Path) -> None:
    model = policy(tmp_path, CASCADE + '[thresholds]\nmax_page_size = 5\n[owes]\nread = ["authenticated"]\n')
    proxies = policy(tmp_path, 'trusted_proxies = ["10.0.0.0/8", "2001:db8::/32"]\n')
    for original in (model, proxies):
        assert Policy.model_validate(original.model_dump()) == original
        assert Policy.model_validate_json(original.model_dump_json()) == original
        assert pickle.loads(pickle.dumps(original)) == original  # noqa: S301


def test_settings_of_rules(tmp_path: Path) -> None:
    model = policy(tmp_path, '[rules.open-docs]\nenabled = false\nreason = "Meant"\n[rules.csrf]\nseverity = "critical"\n')
    assert (model.rule_setting("open-docs").enabled, model.rule_setting("open-docs").severity) == (False, None)
    assert (model.rule_setting("csrf").enabled, model.rule_setting("csrf").severity) == (True, "critical")
    assert model.rule_setting("any-other").enabled


def test_networks_and_origins_are_normal(tmp_path: Path) -> None:
    model = policy(
        tmp_path,
        'trusted_proxies = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]\norigins = ["HTTPS://App.Example.com:8443", "http://[::1]:3000"]\n',
    )
    assert [str(network) for network in model.trusted_proxies] == ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]
    assert model.origins == ("https://app.example.com:8443", "http://[::1]:3000")


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("5/minute", (Limit(5, 60),)),
        ("5 per minute", (Limit(5, 60),)),
        ("10/5 minutes", (Limit(10, 300),)),
        ("1 / second", (Limit(1, 1),)),
        ("100/Hour, 1000/day", (Limit(100, 3600), Limit(1000, 86_400))),
        ("2/month|3/year", (Limit(2, 2_592_000), Limit(3, 31_104_000))),
    ],
)
def test_limits(text: str, limits: tuple[Limit, ...]) -> None:
    assert parse_limits(text) == limits
