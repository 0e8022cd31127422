"""What a route pattern matches, and which of several wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.policy import Policy


def of(*patterns: str) -> Policy:
    return Policy.model_validate({"routes": [{"match": pattern, "public": pattern} for pattern in patterns]})


def matches(pattern: str, method: str, path: str) -> bool:
    return bool(of(pattern).route_rules(method, path))


# -- what a pattern matches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/b", "/a/b/"),
        ("/a/b/", "/a/b"),
        ("/a/*", "/a/b"),
        ("/a/*", "/a/{id}"),
        ("/a/{id}", "/a/<int:pk>"),
        ("/a/<int:pk>", "/a/{whatever}"),
        ("/a/{id:int}", "/a/{pk}"),
        ("/a/:id", "/a/<pk>"),
        ("/a/{id}", "/a/b"),
        ("/a/**", "/a"),
        ("/a/**", "/a/b/{c}/d"),
        ("/**", "/"),
        ("/**/x", "/x"),
        ("/**/x", "/a/b/x"),
        ("/a/**/z", "/a/z/y/z"),
        ("/files/**", "/files/{rest:path}"),
        ("/files/{a:path}", "/files/<path:b>"),
        ("/files/<path:b>", "/files/x/y"),
        ("/{tenant}/{rest:path}", "/<slug>/<path:p>"),
        ("/r/*.json", "/r/data.json"),
        ("/r/*.json", "/r/{name}.json"),
        ("/r/{name}.json", "/r/data.json"),
        ("/r/{a}-{b}", "/r/1-2"),
        ("/x/{a}{b}", "/x/<c>"),
        ("/x/<regex('[a-z]{2}/x'):code>", "/x/{code}"),
    ],
)
def test_a_pattern_is_about_these_routes(pattern: str, path: str) -> None:
    assert matches(pattern, "GET", path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/", "/a"),
        ("/a", "/A"),
        ("/a/b", "/a/{id}"),
        ("/a/*", "/a"),
        ("/a/*", "/a/b/c"),
        ("/a/*", "/a/{rest:path}"),
        ("/a/*", "/ab"),
        ("/a/**", "/ab"),
        ("/a/**/z", "/a/z/y"),
        ("/x/{a}{b}", "/x/1/2"),
        ("/x/*", "/x/{a:path}{b}"),
        ("/r/*.json", "/r/.json"),
        ("/r/*.json", "/r/data.jsonx"),
        ("/r/a.json", "/r/{name}.json"),
        ("/r/x*", "/r/{rest:path}"),
    ],
)
def test_and_not_about_these(pattern: str, path: str) -> None:
    assert not matches(pattern, "GET", path)


def test_methods() -> None:
    assert matches("GET|post /a", "POST", "/a")
    assert matches("GET /a", "get", "/a")
    assert not matches("GET|POST /a", "PUT", "/a")
    assert matches("/a", "PATCH", "/a")
    assert matches("GET /a", "HEAD", "/a"), "HEAD answers what GET answers"
    assert not matches("POST /a", "HEAD", "/a")
    assert not matches("HEAD /a", "GET", "/a")
    assert matches("WEBSOCKET /ws", "WS", "/ws")
    assert matches("WS /ws", "websocket", "/ws")


def test_a_route_that_takes_any_method_is_not_covered_by_a_rule_about_one() -> None:
    assert not matches("GET /a", "ANY", "/a")
    assert matches("/a", "ANY", "/a")


def test_named_operations_are_not_paths() -> None:
    assert matches("MUTATION createUser", "MUTATION", "createUser")
    assert matches("MUTATION delete*", "MUTATION", "deletePaste")
    assert not matches("MUTATION createUser", "QUERY", "createUser")
    assert not matches("/me", "QUERY", "me")
    assert not matches("QUERY me", "QUERY", "/me")
    assert matches("/**", "QUERY", "me"), "a rule about everything is about operations too"


def test_matching_takes_no_exponential_time() -> None:
    assert not matches("/**/a" * 15 + "/z", "GET", "/a" * 300)


# -- which one wins -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("best", "others", "path"),
    [
        ("/users/me", ["/users/*", "/users/**", "/**"], "/users/me"),
        ("/users/*", ["/users/**", "/**", "/*/me"], "/users/me"),
        ("/users/**", ["/**", "/*/me", "/*/*"], "/users/me"),
        ("/a/b/**", ["/a/*/c", "/**/c"], "/a/b/c"),
        ("/a/*/c", ["/a/**/c", "/a/*/*"], "/a/b/c"),
        ("/admin/**", ["/*/health", "/**/health"], "/admin/health"),
        ("/r/*.json", ["/r/*", "/r/**"], "/r/a.json"),
        ("/r/a*.json", ["/r/*.json"], "/r/ab.json"),
        ("/*/b/*", ["/*/*/c"], "/a/b/c"),
        ("/**/a/b", ["/**/b", "/**/*/b"], "/x/a/b"),
    ],
)
def test_the_more_specific_wins_in_whatever_order(best: str, others: list[str], path: str) -> None:
    for patterns in ([best, *others], [*others, best], [*others[::-1], best]):
        rules = of(*patterns).route_rules("GET", path)
        assert len(rules) == len(patterns)
        assert rules[0].match == best
        assert of(*patterns).route_rule("GET", path).public == best


def test_a_named_method_wins_over_none_and_few_over_many() -> None:
    rules = of("/a", "GET|POST /a", "GET|PUT|DELETE|PATCH|OPTIONS /a", "GET /a").route_rules("GET", "/a")
    assert [rule.match for rule in rules] == ["GET /a", "GET|POST /a", "GET|PUT|DELETE|PATCH|OPTIONS /a", "/a"]


def test_a_rule_about_head_wins_over_one_about_get_for_head() -> None:
    both = of("GET /a", "HEAD|POST /a", "/a")
    assert [rule.match for rule in both.route_rules("HEAD", "/a")] == ["HEAD|POST /a", "GET /a", "/a"]
    assert [rule.match for rule in both.route_rules("GET", "/a")] == ["GET /a", "/a"]


SEGMENTS = st.sampled_from(["a", "b", "a.b", "*", "**", "*.b", "a*"])
METHODS = st.sampled_from(["", "GET ", "POST ", "GET|POST ", "GET|PUT "])
PATTERNS = st.builds(lambda method, parts: method + "/" + "/".join(parts), METHODS, st.lists(SEGMENTS, max_size=4))
PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "c.b", "ac", "{x}"]), max_size=5).map(lambda parts: "/" + "/".join(parts))


def unambiguous(patterns: list[str]) -> list[str]:
    """Those of the patterns that a policy accepts together."""
    kept: list[str] = []
    for pattern in patterns:
        try:
            of(*kept, pattern)
        except ValueError:
            continue
        kept.append(pattern)
    return kept


@given(st.lists(PATTERNS, max_size=8).map(unambiguous), st.data())
def test_the_order_of_the_rules_never_matters(patterns: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(patterns))
    path = data.draw(PATHS)
    for method in ("GET", "POST", "HEAD", "WS"):
        assert of(*patterns).route_rule(method, path) == of(*shuffled).route_rule(method, path)
        assert of(*patterns).route_rules(method, path) == of(*shuffled).route_rules(method, path)


ALL_PATHS = [""] + [
    "/" + "/".join(parts)
    for parts in (
        [[x] for x in ("a", "b", "q", "a.b", "q.b", "aq", "aq.b")]
        + [[x, y] for x in ("a", "b", "q", "aq.b") for y in ("a", "b", "q", "q.b", "aq")]
        + [[x, y, z] for x in ("a", "b", "q") for y in ("a", "b", "q") for z in ("a", "b", "q", "aq.b")]
        + [[w, x, y, z] for w in "abq" for x in "abq" for y in "abq" for z in "abq"]
        + [[v, w, x, y, z] for v in "aq" for w in "bq" for x in "aq" for y in "bq" for z in "aq"]
        + [[u, "q", w, x, y, z, "q"] for u in "aq" for w in "bq" for x in "aq" for y in "bq" for z in "abq"]
    )
]


@given(st.lists(SEGMENTS, max_size=4), st.lists(SEGMENTS, max_size=4))
def test_a_pattern_that_matches_only_a_part_of_another_is_the_more_specific(one: list[str], other: list[str]) -> None:
    small, large = "/" + "/".join(one), "/" + "/".join(other)
    matched = {pattern: {path for path in ALL_PATHS if of(pattern).route_rules("GET", path or "/")} for pattern in (small, large)}
    if matched[small] < matched[large] and matched[small]:
        both = of(small, large)
        path = min(matched[small])
        assert both.route_rules("GET", path or "/")[0].match == small


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_is_refused_in_words(text: str) -> None:
    try:
        rules = of(text)
    except ValueError as error:
        assert "routes.0.match" in str(error)  # noqa: PT017
    else:
        assert rules.routes[0].pattern.segments is not None


@given(PATTERNS)
def test_every_pattern_matches_itself_read_as_a_route(pattern: str) -> None:
    method, _, path = pattern.rpartition(" ")
    assert matches(pattern, method.split("|")[0] or "GET", path)
