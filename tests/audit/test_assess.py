"""From hits to findings: severity, exposure, priority, identity, order; and rules that fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from counterseal.audit import priority
from counterseal.audit.assess import Assessment, assess, configured
from counterseal.audit.engine import read
from counterseal.audit.findings import Confidence, Exposure, Hit, Place, Related, Rule, Severity
from counterseal.audit.surface.model import Surface
from counterseal.policy import Policy
from tests.audit.apps import FASTAPI, write

SECRET = "a-hard-coded-signing-key-of-ours"


@pytest.fixture(scope="module")
def surface(tmp_path_factory: pytest.TempPathFactory) -> Surface:
    root = write(tmp_path_factory.mktemp("app"), {"app.py": FASTAPI})
    return read(root, policy=Policy(), jobs=1, cache_dir=False).surface


def rule(
    check: Callable[[Surface, Policy], Iterable[Hit]], rule_id: str = "some-flaw", cwe: tuple[int, ...] = (284, 285)
) -> Rule:
    return Rule(rule_id, "some flaw", cwe, Severity.HIGH, Confidence.HIGH, "0.1.0", check, ("A01:2025",))


def hit(line: int = 5, subject: str = "thing", **more: object) -> Hit:
    return Hit(Place("app.py", line), "it is wrong", "someone uses it", "change it", subject, **more)  # type: ignore[arg-type]


def run(surface: Surface, *hits: Hit, policy: Policy | None = None, cwe: tuple[int, ...] = (284, 285)) -> Assessment:
    return assess(surface, policy or Policy(), [rule(lambda *_: hits, cwe=cwe)])


@pytest.mark.parametrize(
    ("route", "exposure", "first"),
    [
        ("GET /open", Exposure.ANYONE, 1),
        ("GET /mine", Exposure.USER, 2),
        ("GET /all", Exposure.ADMIN, 3),
        (None, Exposure.OPERATOR, 2),
        ("GET /that/no/one/knows", Exposure.ANYONE, 1),
    ],
)
def test_exposure_follows_from_the_guarantees_of_the_route(
    surface: Surface, route: str | None, exposure: Exposure, first: int
) -> None:
    (finding,) = run(surface, hit(route=route)).findings
    assert (finding.exposure, finding.priority) == (exposure, first)


def test_what_the_rule_knows_better_counts(surface: Surface) -> None:
    known = hit(route="GET /open", exposure=Exposure.ADMIN, severity=Severity.LOW, confidence=Confidence.LOW, cwe=639)
    (finding,) = run(surface, known).findings
    assert (finding.exposure, finding.severity, finding.confidence) == (Exposure.ADMIN, Severity.LOW, Confidence.LOW)
    assert finding.cwe == (639, 284, 285)
    assert finding.priority == 5


def test_the_policy_sets_severity_and_switches_rules_off(surface: Surface) -> None:
    policy = Policy.model_validate({"rules": {"some-flaw": {"severity": "low"}}})
    (finding,) = run(surface, hit(severity=Severity.CRITICAL), policy=policy).findings
    assert finding.severity is Severity.LOW
    off = Policy.model_validate({"rules": {"some-flaw": {"enabled": False, "reason": "we know"}}})
    assert configured([rule(lambda *_: ())], off) == ()


def test_a_route_that_the_policy_calls_sensitive_comes_earlier(surface: Surface) -> None:
    policy = Policy.model_validate({"routes": [{"match": "/mine", "sensitive": True}]})
    (finding,) = run(surface, hit(route="GET /mine"), policy=policy).findings
    assert finding.priority == 1


def test_the_table_is_the_one_that_is_documented() -> None:
    assert priority.table() in (priority.__doc__ or "")
    every = [priority.priority(s, c, e) for s in Severity for c in Confidence for e in Exposure]
    assert set(every) <= set(range(priority.FIRST, priority.LAST + 1))
    for severity in Severity:
        for exposure in Exposure:
            sure, unsure = (priority.priority(severity, c, exposure) for c in (Confidence.HIGH, Confidence.LOW))
            assert unsure == min(5, sure + 1)


def test_equal_hits_are_one_finding_and_the_worst_counts(surface: Surface) -> None:
    findings = run(
        surface, hit(), hit(severity=Severity.LOW), hit(severity=Severity.CRITICAL), hit(subject="another"), hit(line=9)
    ).findings
    assert [(f.place.line, f.subject, f.severity) for f in findings] == [
        (5, "thing", Severity.CRITICAL),
        (5, "another", Severity.HIGH),
        (9, "thing", Severity.HIGH),
    ]


def test_the_order_does_not_depend_on_the_order_of_hits(surface: Surface) -> None:
    hits = [
        hit(line, subject, route=route) for line in (3, 1, 2) for subject in "ba" for route in ("GET /open", "GET /all", None)
    ]
    assert run(surface, *hits).findings == run(surface, *reversed(hits)).findings


def test_fingerprints_do_not_move_with_the_lines(surface: Surface) -> None:
    here = run(surface, hit(5), hit(9), hit(9, "another")).findings
    below = run(surface, hit(105), hit(209), hit(209, "another")).findings
    assert [f.fingerprint for f in here] == [f.fingerprint for f in below]
    assert len({f.fingerprint for f in here}) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", f.fingerprint) for f in here)


def test_a_rule_that_fails_is_not_checked_and_stops_no_other(surface: Surface) -> None:
    def broken(*_: object) -> Iterator[Hit]:
        yield hit()
        raise KeyError(SECRET, 123456)

    outcome = assess(surface, Policy(), [rule(broken, "broken-rule"), rule(lambda *_: [hit()])])
    assert [finding.rule for finding in outcome.findings] == ["some-flaw"]
    (item,) = outcome.not_checked
    assert item.what == "rule broken-rule"
    assert item.incomplete
    assert "KeyError" in item.why
    assert f"{Path(__file__).name}:" in item.why
    assert SECRET not in item.why
    assert "123456" not in item.why


def test_debug_lets_the_failure_of_a_rule_through(surface: Surface) -> None:
    def broken(*_: object) -> Iterable[Hit]:
        raise KeyError("x")

    with pytest.raises(KeyError):
        assess(surface, Policy(), [rule(broken)], debug=True)


def test_no_message_shows_a_secret(surface: Surface) -> None:
    line = next(item.place.line for item in surface.literals if item.value == SECRET)
    said = f"the key '{SECRET}' stands in the code"
    leaking = Hit(Place("app.py", line), said, said, said, SECRET, related=(Related(Place("app.py", 1), said),))
    for cwe in ((798,), (284,)):
        outcome = assess(surface, Policy(), [rule(lambda *_: [leaking], cwe=cwe), rule(lambda *_: [leaking], "other", (321,))])
        assert outcome.findings
        for finding in outcome.findings:
            texts = (finding.message, finding.attack, finding.fix, finding.subject, finding.related[0].why)
            assert all(SECRET not in text and "a-…" in text for text in texts)


def test_progress_is_told_rule_by_rule(surface: Surface) -> None:
    seen: list[tuple[int, int]] = []
    assess(surface, Policy(), [rule(lambda *_: ()), rule(lambda *_: (), "other")], progress=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]
