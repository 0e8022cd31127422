"""What seal says: everything that is missing, where, and the line to write."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from counterseal import (
    ContractError,
    SealError,
    Security,
    audit_log,
    auth,
    configure,
    contract,
    public,
    rate_limit,
    rule,
    seal,
    validates,
)
from tests.sealing.parts import DOCS, Changes, Header, codes, known, line_of, security

HERE = "tests/sealing/test_problems.py"


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch, repository: Any) -> None:
    monkeypatch.chdir(repository)


def fails(app: Any, settings: Security | None = None, **opened: Any) -> SealError:
    with pytest.raises(SealError) as caught:
        seal(app, settings, **opened)
    return caught.value


async def update_profile(request: Request) -> Response:
    return PlainTextResponse("open")


@functools.lru_cache  # a decorator line, so that 'def' is not the first line of the function
def sign_in(request: Request) -> Response:
    return PlainTextResponse("open")


def test_the_message_word_by_word() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.add_api_route("/profile", update_profile, methods=["PATCH"])
    line = line_of(update_profile)
    error = fails(app, Security(identities=[Header()], roles=["user", "admin"]))
    assert str(error) == "\n".join(
        [
            "not sealed: 2 problems",
            "  GET /openapi.json: the framework's own page is open to anyone",
            '    open={"/openapi.json": "reason"}, or switch it off',
            f"  PATCH /profile: update_profile has no contract ({HERE}:{line})",
            f"    @contract(requires=[auth(\"user\")])  # directly above 'async def update_profile' {HERE}:{line}",
        ]
    )
    assert isinstance(error, ContractError)


def test_without_settings_any_known_caller_is_proposed() -> None:
    error = fails(Starlette(routes=[Route("/profile", update_profile)]))
    assert error.problems[0].fix.startswith("@contract(requires=[auth()])  # directly above 'async def update_profile' ")


def test_everything_at_once() -> None:
    app = Starlette(routes=[Route(f"/{n}", update_profile) for n in range(30)])
    assert len(fails(app, security()).problems) == 30


def test_the_contract_stands_above_the_route_decorator() -> None:
    app = FastAPI(openapi_url=None)

    @contract(requires=[auth()])
    @app.get("/x")
    async def handler() -> int:
        return 1

    (problem,) = fails(app, security()).problems
    assert (problem.code, problem.route) == ("decorator-order", "GET /x")
    assert problem.fix == "put @contract below the route decorator, directly above 'def'"
    line = next(n for n, text in enumerate(open(__file__, encoding="utf-8"), 1) if "async def handler()" in text)  # noqa: PTH123, SIM115
    assert problem.where == f"{HERE}:{line}"


def test_a_body_that_no_clause_checks_is_the_frameworks_to_read() -> None:
    app = FastAPI(openapi_url=None)

    @app.post("/x")
    @contract(auth())
    async def handler(changes: Changes) -> int:
        return 1

    @app.post("/y")
    @contract(auth(), validates(Changes))
    async def checked(changes: Changes) -> int:
        return 1

    (problem,) = fails(app, security()).problems
    assert (problem.code, problem.route) == ("cannot-be-kept", "POST /x")
    assert "validates(Model)" in problem.fix


def test_a_decorator_around_the_contract_could_answer_in_its_place() -> None:
    def cached(function: Callable[..., Any]) -> Callable[..., Any]:
        kept: list[Any] = []

        @functools.wraps(function)
        async def answer(*args: Any, **kwargs: Any) -> Any:
            if not kept:
                kept.append(await function(*args, **kwargs))
            return kept[0]

        return answer

    app = FastAPI(openapi_url=None)

    @app.get("/x")
    @cached
    @known
    async def handler() -> int:
        return 1

    assert codes(fails(app, security())) == [("decorator-order", "GET /x")]


def test_a_contract_around_a_decorator_is_fine() -> None:
    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def counting(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return counting

    app = FastAPI(openapi_url=None)

    @app.get("/x")
    @known
    @counted
    async def handler(n: int) -> int:
        return n

    assert seal(app, security()).contracts == 1


def test_a_function_of_an_inner_layer() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/x")
    @contract(requires=[rule("fine", lambda call: True)], layer="business")
    async def service() -> int:
        return 1

    (problem,) = fails(app, security()).problems
    assert problem.code == "inner-layer"
    assert "business layer" in problem.message


def test_a_promise_that_the_settings_cannot_keep() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/x")
    @contract(auth("user"), rate_limit("x", "5/minute"), audit_log("x"))
    async def limited() -> int:
        return 1

    found = fails(app, Security()).problems
    assert {problem.code for problem in found} == {"cannot-be-kept"}
    assert sorted(problem.message.partition("no ")[2] for problem in found) == [
        "identity is configured",
        "ledger is configured",
        "limiter is configured",
    ]


def test_what_configure_was_given_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterseal.enforce.contract.acting._default", None)
    app = Starlette(routes=[Route("/x", known(_same))])
    assert seal(app).contracts == 1
    configure(Security())
    assert codes(fails(app)) == [("cannot-be-kept", "GET /x")]


def _same(request: Request) -> Response:
    return PlainTextResponse("x")


# -- openings ----------------------------------------------------------------------------------------------------------


def test_an_opening_needs_a_reason() -> None:
    for reason in ("", "  ", None, 3):
        with pytest.raises(ContractError, match="has no reason"):
            seal(Starlette(), open={"/x": reason})  # type: ignore[dict-item]


@pytest.mark.parametrize("pattern", ["", "docs", "GET docs", "*"])
def test_an_opening_names_a_path(pattern: str) -> None:
    with pytest.raises(ContractError, match="names no path"):
        seal(Starlette(), open={pattern: "reason"})


def test_an_opening_that_opens_nothing_any_more() -> None:
    app = Starlette(routes=[Route("/x", known(_x)), Mount("/m", routes=[])])
    error = fails(app, security(), open={"/gone": "was there once", "/x": "had no contract"})
    assert [(problem.code, problem.message) for problem in error.problems] == [
        ("opening", "the opening '/gone' opens nothing: there is no such entry"),
        ("opening", "the opening '/x' opens nothing: every route there has a contract"),
    ]


def _x(request: Request) -> Response:
    return PlainTextResponse("x")


def test_an_opening_for_one_method() -> None:
    app = Starlette(routes=[Route("/x", update_profile, methods=["GET", "POST"])])
    assert codes(fails(app, security(), open={"GET /x": "a page"})) == [("no-contract", "POST /x")]
    assert len(seal(app, security(), open={"GET|POST /x": "a form"}).rows) == 2


def test_a_wildcard_opens_no_function_of_the_application() -> None:
    # Whatever is written under that path next year would be open too.
    app = FastAPI()
    app.add_api_route("/docs/secret", update_profile)
    error = fails(app, security(), open={"/*": "everything"})
    assert codes(error) == [("no-contract", "GET /docs/secret")]
    assert len(seal(app, security(), open={"/*": "everything", "/docs/secret": "not one"}).rows) == 5


# -- the policy --------------------------------------------------------------------------------------------------------

POLICY = {
    "roles": ["user", "support", "admin"],
    "resources": {"invoice": {"model": "Invoice", "owner": "user_id"}},
    "routes": [
        {"match": "/admin/**", "role": "admin", "audited": True},
        {"match": "POST /send", "limit": "5/minute"},
        {"match": "/catalogue/**", "public": "everybody may look"},
        {"match": "/export", "permission": "data:export"},
    ],
}


def app_with(path: str, method: str, *clauses: Any, model: Any = None) -> FastAPI:
    app = FastAPI(openapi_url=None)

    async def handler() -> int:
        return 1

    async def with_id(item_id: int) -> int:
        return item_id

    async def with_input(body: Changes) -> int:
        return 1

    body = with_input if model else with_id if "{" in path else handler
    app.add_api_route(path, contract(*clauses)(body), methods=[method])
    return app


def test_a_route_without_a_contract_is_told_all_that_the_policy_asks() -> None:
    app = FastAPI(openapi_url=None)

    @app.patch("/admin/invoices/{invoice_id}")
    async def change_invoice(invoice_id: int, changes: Changes) -> int:
        return 1

    @app.patch("/invoices/{invoice_id}")
    async def change_own(invoice_id: int, changes: Changes) -> int:
        return 1

    @app.post("/sign-in")
    async def start(changes: Changes) -> int:
        return 1

    fixes = [problem.fix.partition("  #")[0] for problem in fails(app, security(POLICY)).problems]
    assert fixes == [
        '@contract(requires=[auth("admin"), validates(Changes)], ensures=[audit_log("change_invoice")])',
        '@contract(requires=[auth("user"), validates(Changes), owns(Invoice, "invoice_id")])',
        (
            '@contract(requires=[public(reason="who signs in, signs up or recovers an account has no identity yet"), '
            'validates(Changes), rate_limit("start", "5/minute", per="client")])'
        ),
    ]


@pytest.mark.parametrize(
    ("path", "method", "clauses", "said"),
    [
        ("/admin/x", "GET", [auth("user"), audit_log("x")], "the policy asks for the role admin, the contract for less"),
        ("/admin/x", "GET", [auth(any_of=("support", "admin")), audit_log("x")], "asks for the role admin"),
        ("/admin/x", "GET", [auth("admin")], "gives: audited"),
        ("/admin/x", "GET", [public(reason="why not"), audit_log("x")], "gives: authenticated, authorized"),
        ("/export", "GET", [auth("admin")], "asks for the permission data:export"),
        ("/send", "POST", [auth("user")], "gives: limited"),
        ("/send", "POST", [auth("user"), rate_limit("s", "6/minute")], "limits it to 5/minute, the contract to 6/minute"),
        ("/send", "POST", [auth("user"), rate_limit("s", "1/second")], "limits it to 5/minute"),
        ("/items/{item_id}", "GET", [auth("user")], "gives: owned"),
        ("/profile", "PUT", [public(reason="why not")], "gives: authenticated"),
        ("/login", "POST", [public(reason="sign-in")], "gives: limited"),
        ("/password/reset", "POST", [public(reason="lost")], "gives: limited"),
        ("/verify", "POST", [auth("user")], "gives: limited"),
    ],
)
def test_a_contract_that_gives_less_than_the_policy_asks(path: str, method: str, clauses: Any, said: str) -> None:
    error = fails(app_with(path, method, *clauses), security(POLICY))
    assert [problem.code for problem in error.problems] == ["policy"]
    assert said in error.problems[0].message
    assert error.problems[0].fix


@pytest.mark.parametrize(
    ("path", "method", "clauses"),
    [
        ("/admin/x", "GET", [auth("admin"), audit_log("x")]),
        ("/admin/items/{item_id}", "GET", [auth(any_of=("admin",)), audit_log("x")]),
        ("/export", "GET", [auth(permission="data:export")]),
        ("/send", "POST", [auth("user"), rate_limit("s", "5/minute")]),
        ("/send", "POST", [auth("user"), rate_limit("s", "1/10 minutes")]),
        ("/catalogue/{item_id}", "GET", [public(reason="everybody may look")]),
        ("/profile", "DELETE", [auth("user")]),
        ("/login", "POST", [public(reason="sign-in"), rate_limit("login", "5/minute", per="client")]),
        ("/verify", "GET", [auth("user")]),
    ],
)
def test_a_contract_that_gives_what_the_policy_asks(path: str, method: str, clauses: Any) -> None:
    assert seal(app_with(path, method, *clauses), security(POLICY)).contracts == 1


def test_input_that_nobody_validates() -> None:
    error = fails(app_with("/profile", "POST", auth("user"), model=Changes), security(POLICY))
    assert error.problems[0].message.endswith("gives: validated")
    assert error.problems[0].fix.startswith("add validates(Changes) to the contract of 'async def with_input' ")
    assert seal(app_with("/profile", "POST", auth("user"), validates(Changes), model=Changes), security(POLICY)).contracts == 1


def test_the_policy_closes_an_opening() -> None:
    app = Starlette(routes=[Route("/admin/x", update_profile)])
    error = fails(app, security(POLICY), open={"/admin/x": "nobody knows the address"})
    assert "it is open, and the policy asks for: audited, authenticated, authorized" in str(error)


def test_documentation_is_opened_one_by_one() -> None:
    app = FastAPI()
    assert len(fails(app, security()).problems) == 4
    assert len(fails(app, security(), open={"/docs": "for developers"}).problems) == 3
    assert len(seal(app, security(), open={"/docs/*": "d", **DOCS}).rows) == 4
