"""Audit results as a real audit would give them, small and large, friendly and hostile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from counterseal.audit.findings import (
    Confidence,
    Exposure,
    Finding,
    Hit,
    Place,
    Related,
    Rule,
    RuleDoc,
    Severity,
)
from counterseal.audit.result import AuditResult, NotChecked, RouteKind, RouteReport, Stats
from counterseal.guarantees import Cell, Evidence, Guarantee, State

if TYPE_CHECKING:
    from counterseal.audit.surface.model import Surface
    from counterseal.policy import Policy


def no_hits(surface: Surface, policy: Policy) -> Iterable[Hit]:
    return ()


def rule(rule_id: str, title: str, cwe: int, severity: Severity, confidence: Confidence = Confidence.HIGH, *owasp: str) -> Rule:
    return Rule(rule_id, title, (cwe, 284), severity, confidence, "0.1.0", no_hits, owasp, ("v5.0.0-8.2.2",))


RULES = (
    rule("missing-authentication", "missing authentication", 306, Severity.CRITICAL, Confidence.HIGH, "A07:2025", "API2:2023"),
    rule("missing-ownership", "missing ownership check", 639, Severity.HIGH, Confidence.MEDIUM, "A01:2025", "API1:2023"),
    rule("mass-assignment", "mass assignment", 915, Severity.HIGH, Confidence.HIGH, "A08:2025", "API3:2023"),
    rule("missing-rate-limit", "missing rate limit", 307, Severity.MEDIUM, Confidence.HIGH, "API4:2023"),
    rule("cross-site-scripting", "cross-site scripting", 79, Severity.MEDIUM, Confidence.LOW, "A05:2025"),
    rule("weak-random", "predictable random number", 338, Severity.LOW, Confidence.LOW),
)
BY_ID = {known.id: known for known in RULES}

RULE_DOCS = {
    known.id: RuleDoc(
        rule_id=known.id,
        summary=f"Reports {known.title}.",
        why="Whoever finds the address can use it.",
        remedy="Add the check before the work is done.",
        bad="@app.get('/me')\ndef me(): ...",
        good="@app.get('/me')\ndef me(user: User = Depends(current_user)): ...",
        markdown=f"# {known.title}\n\nWhoever finds the address can use it.\n\n```python\n@app.get('/me')\n```\n",
    )
    for known in RULES
}

MESSAGES = {
    "missing-authentication": (
        "{route} changes data and nothing on the way to it checks who is calling",
        "Anyone on the internet sends this request and changes the record of any customer",
        "Add `user: User = Depends(current_user)` to the parameters of `{handler}`, as the other routes of this file do",
    ),
    "missing-ownership": (
        "The row is chosen by an id from the request and never compared with the caller",
        "A signed-in user counts the id up and reads everybody else's rows",
        "Select with `.where(Invoice.owner_id == user.id)`, and answer 404 when nothing is left",
    ),
    "mass-assignment": (
        "Every field of the body is copied onto the model, `is_admin` and `balance` among them",
        'A user adds "is_admin": true to the profile form and is an administrator',
        "Take a `ProfileUpdate` model with just `name` and `email` in place of `dict`",
    ),
    "missing-rate-limit": (
        "Sign-in can be tried without bound",
        "A list of leaked passwords is tried at thousands per minute until some fit",
        'Put `@limiter.limit("5/minute")` on `{handler}`',
    ),
    "cross-site-scripting": (
        "The search term reaches the page without escaping",
        "A link makes the victim's browser run the attacker's script in your origin",
        "Return the template's own escaping: drop the `|safe`",
    ),
    "weak-random": (
        "The invitation code comes from `random`, which can be predicted from earlier codes",
        "An attacker who was invited once works out the codes of others",
        "Use `secrets.token_urlsafe(32)`",
    ),
}

RESOURCES = ("users", "invoices", "projects", "comments", "orders", "payments", "webhooks", "files", "teams", "sessions")
ACTIONS = (
    ("GET", ""),
    ("POST", ""),
    ("GET", "/{id}"),
    ("PATCH", "/{id}"),
    ("DELETE", "/{id}"),
    ("POST", "/{id}/archive"),
    ("GET", "/{id}/members/{member_id}"),
    ("PUT", "/{id}/members/{member_id}"),
)
SIGNS = dict(zip("*#+~.?x!", State, strict=True))


def states(signs: str) -> tuple[State, ...]:
    return tuple(SIGNS[sign] for sign in signs)


MIX = tuple(map(states, ("+.x+.x++", "++++++++", "x..+x.++", "#######+", "***#*+#*", "??.+?.?+", "+~!x~.x!", "+.++..++")))
"""Rows of the matrix: authenticated, authorized, owned, validated, limited, audited, shaped, contained."""
WHY = {
    State.PROVED: "sent without a credential, with another user's and with an expired one: refused each time",
    State.ENFORCED: "the contract on the handler requires it",
    State.FOUND: "every path to a normal return goes through this check",
    State.WAIVED: "waived by m.ferrari until 2027-01-31: internal network only",
    State.NOT_REQUIRED: "the policy does not ask for it on this kind of route",
    State.UNKNOWN: "the guard lives in a package that was not read",
    State.MISSING: "nothing on the way from the router to the handler does this",
    State.BROKEN: "asked for invoice 17 as the owner of invoice 4: answered 200 with the row",
}


def _names() -> Iterator[tuple[str, str, str, int]]:
    """Method, path, file and line of ever more routes."""
    generation = 1
    while True:
        prefix = "/api" if generation == 1 else f"/api/v{generation}"
        for resource in RESOURCES:
            for number, (method, tail) in enumerate(ACTIONS):
                singular = resource.rstrip("s")
                path = f"{prefix}/{resource}{tail}".replace("{id}", f"{{{singular}_id}}")
                yield method, path, f"app/routes/{resource}.py", 20 + 30 * number + 300 * (generation - 1)
        generation += 1


def route(method: str, path: str, file: str, line: int, states: Iterable[State], kind: RouteKind = RouteKind.HTTP) -> RouteReport:
    name = f"{method.lower()}_{path.strip('/').split('/')[1] if path.count('/') > 1 else 'root'}"
    cells = {
        guarantee: Cell(state, () if state is State.NOT_REQUIRED else (Evidence(file, line + 1, WHY[state]),))
        for guarantee, state in zip(Guarantee, states, strict=True)
    }
    return RouteReport(method, path, f"app.routes.{name}", file, line, kind, "fastapi", cells)


def finding(of: RouteReport, rule_id: str, priority: int, number: int, exposure: Exposure = Exposure.USER) -> Finding:
    known = BY_ID[rule_id]
    message, attack, fix = (text.replace("{route}", of.name).replace("{handler}", of.handler) for text in MESSAGES[rule_id])
    return Finding(
        rule=known.id,
        title=known.title,
        cwe=known.cwe,
        owasp=known.owasp,
        asvs=known.asvs,
        place=Place(of.file, of.line, of.line + 2),
        message=message,
        attack=attack,
        fix=fix,
        subject=of.name,
        route=of.name,
        severity=known.severity,
        confidence=known.confidence,
        exposure=exposure,
        priority=priority,
        fingerprint=f"{number:016x}",
        related=(Related(Place("app/auth.py", 12), "the guard that the sibling routes use"),) if number % 3 == 0 else (),
    )


def source(routes: Iterable[RouteReport]) -> dict[str, dict[int, str]]:
    kept: dict[str, dict[int, str]] = {}
    for one in routes:
        lines = kept.setdefault(one.file, {})
        lines[one.line - 1] = ""
        lines[one.line] = f'@router.{one.method.lower()}("{one.path}")'
        lines[one.line + 1] = f"async def {one.handler.rsplit('.', 1)[-1]}(session: Session, body: dict[str, Any]) -> Any:"
        lines[one.line + 2] = '\trow = session.get(Model, body["id"])  # Grüße, 世界'
    return kept


def findings_for(routes: tuple[RouteReport, ...], wanted: int) -> tuple[Finding, ...]:
    ids = tuple(MESSAGES)
    exposures = tuple(Exposure)
    made = []
    for number in range(wanted):
        rule_id = ids[(number * 7 + number // 5 + number // 30) % len(ids)]
        priority = min(5, 1 + ids.index(rule_id) - (number % 4 == 0 and rule_id != ids[0]))
        made.append(finding(routes[(number * 3) % len(routes)], rule_id, priority, number, exposures[number % len(exposures)]))
    return tuple(sorted(made, key=lambda one: (one.priority, one.place.file, one.place.line)))


GUARD = {"app/auth.py": {11: "", 12: "def current_user(token: str = Depends(scheme)) -> User:", 13: "    ..."}}
NOT_CHECKED = (
    NotChecked("app/legacy/reports.py", "cut off in the middle: read as far as line 212", "app/legacy/reports.py", 212),
    NotChecked("rule missing-ownership", "it crashed on app/routes/files.py; please report this", "app/routes/files.py", 41),
    NotChecked("migrations/", "the policy leaves it out", incomplete=False),
)


def result(
    routes: int = 30,
    findings: int = 14,
    *,
    not_checked: tuple[NotChecked, ...] = NOT_CHECKED,
    policy: str | None = "counterseal.toml",
) -> AuditResult:
    """Return an audit of the wanted size, with every state in it."""
    table = tuple(
        route(method, path, file, line, MIX[(number * 5 + number // 7) % len(MIX)])
        for number, (method, path, file, line) in enumerate(islice(_names(), routes))
    )
    if routes >= 3:
        docs = states("........")
        table = (
            *table[:-2],
            route("WEBSOCKET", "/ws/notifications", "app/realtime.py", 9, MIX[2], RouteKind.WEBSOCKET),
            route("GET", "/docs", "app/main.py", 14, docs, RouteKind.GENERATED),
        )
    return AuditResult(
        root="shop-api",
        routes=table,
        findings=findings_for(table, findings),
        not_checked=not_checked,
        rules=RULES,
        policy_source=policy,
        stats=Stats(files=routes + 12, lines=routes * 131, cached_files=3, seconds=1.24, frameworks=("fastapi",)),
        snippets=source(table) | GUARD,
    )


def clean_result() -> AuditResult:
    """Return an audit that has nothing to say."""
    table = (route("GET", "/api/users", "app/routes/users.py", 20, MIX[1]),)
    return AuditResult("shop-api", table, (), (), RULES, "counterseal.toml", Stats(3, 90, 0, 0.1, ("flask",)), source(table))


def empty_result() -> AuditResult:
    """Return an audit that found no route at all."""
    return AuditResult("not-a-back-end", (), (), (), RULES, None, Stats(2, 11, 0, 0.1, ()), {})


HOSTILE = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "</script><script>window.pwned=1</script>",
    "{{7*7}}{% for x in y %}",
    "`code` ```fence``` |cell| @everyone #1 [link](javascript:alert(1)) ![i](http://evil.example/x.png)",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred",
    "user\u202etxt.exe\u2066 \u200b\ufeff",
    "bad bytes \udc80\udcff\ud800",
    "[bold red]markup[/bold red] :boom:",
    "line one\nline two\r\nline three\x00",
    "Grüße 世界 🦊 e\u0301",
    "</style></title></textarea><!-- --> ]]>",
)


def hostile_result() -> AuditResult:
    """Return an audit of code whose every name and line attacks the report."""
    table = tuple(
        RouteReport(
            "GET",
            f"/x/{text}",
            f"handler_{text}",
            f"app/{text}.py",
            5,
            RouteKind.HTTP,
            f"framework {text}",
            {g: Cell(State.MISSING, (Evidence(f"app/{text}.py", 5, f"because {text}"),)) for g in Guarantee},
        )
        for text in HOSTILE
    )
    findings = tuple(
        Finding(
            "missing-authentication",
            f"title {text}",
            (306,),
            ("A07:2025",),
            (),
            Place(f"app/{text}.py", 5),
            f"message {text}",
            f"attack {text}",
            f"fix {text}",
            f"subject {text}",
            f"GET /x/{text}",
            Severity.HIGH,
            Confidence.HIGH,
            Exposure.ANYONE,
            1,
            f"{number:016x}",
            (Related(Place(f"app/{text}.py", 6), f"related {text}"),),
        )
        for number, text in enumerate(HOSTILE)
    )
    return AuditResult(
        root=f"root {HOSTILE[0]}",
        routes=table,
        findings=findings,
        not_checked=tuple(NotChecked(f"what {text}", f"why {text}", f"app/{text}.py", 5) for text in HOSTILE),
        rules=RULES,
        policy_source=f"policy {HOSTILE[0]}.toml",
        stats=Stats(1, 1, 0, 0.1, (HOSTILE[0],)),
        snippets={f"app/{text}.py": {4: text, 5: text, 6: text} for text in HOSTILE},
    )
