"""Guards of Litestar by what they do, on every layer: each good one beside a twin that does not guard."""

from __future__ import annotations

from textwrap import dedent

import pytest

from counterseal.audit.result import RouteKind
from counterseal.guarantees import Guarantee, State
from tests.surface.apps import authorized, guarded, surface, table

HEAD = """
import os
import secrets
import jwt
from typing import Annotated, Any
from litestar import Controller, Litestar, Request, Router, get, post, websocket, WebSocket
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, ASGIMiddleware, AuthenticationResult, DefineMiddleware
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import Parameter
from litestar.security.jwt import JWTAuth, Token
from litestar.security.session_auth import SessionAuth
from litestar.middleware.session.server_side import ServerSideSessionConfig, ServerSideSessionBackend
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String)
    role = Column(String)

SECRET = os.environ["SECRET"]

def claims_of(connection: ASGIConnection) -> dict:
    token = connection.headers.get("Authorization", "")
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise NotAuthorizedException("who are you?")

def must_sign_in(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    claims_of(connection)

def looks_like_a_guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    jwt.decode(connection.headers.get("Authorization", ""), options={"verify_signature": False})

def says_no_to_nobody(connection: ASGIConnection, handler: BaseRouteHandler) -> bool:
    try:
        jwt.decode(connection.headers.get("Authorization", ""), SECRET, algorithms=["HS256"])
        return True
    except jwt.PyJWTError:
        return False

class Auth(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:
        claims = claims_of(connection)
        return AuthenticationResult(user=claims["sub"], auth=claims)

class Everyone(AbstractAuthenticationMiddleware):
    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:
        token = connection.headers.get("Authorization")
        if not token:
            return AuthenticationResult(user=None, auth=None)
        return AuthenticationResult(user=claims_of(connection), auth=token)

async def find_user(token: Token, connection: ASGIConnection) -> User | None:
    return Session().get(User, token.sub)
"""
X = """
@get("/x")
async def x() -> str:
    return "x"
"""
APP = "app = Litestar([x], openapi_config=None, {})"


def made(*options: str) -> str:
    """An application of one route with these options."""
    return X + APP.format(", ".join(options))


def handler(*options: str) -> str:
    """An application of one route that has these options itself."""
    return X.replace('"/x"', ", ".join(('"/x"', *options))) + "app = Litestar([x], openapi_config=None)"


def controller(attribute: str) -> str:
    """An application of one controller with this attribute."""
    return f"""
class Views(Controller):
    {attribute}

    @get("/x")
    async def x(self) -> str:
        return "x"

app = Litestar([Router("/", route_handlers=[Views])], openapi_config=None)
"""


AUTHENTICATED: dict[str, tuple[str, str]] = {
    "guard of the application": (made("guards=[must_sign_in]"), made("guards=[looks_like_a_guard]")),
    "guard of a router": (
        X + "app = Litestar([Router('/', route_handlers=[x], guards=[must_sign_in])], openapi_config=None)",
        X + "app = Litestar([Router('/', route_handlers=[x], guards=[says_no_to_nobody])], openapi_config=None)",
    ),
    "guard of a controller": (controller("guards = [must_sign_in]"), controller("guards = [says_no_to_nobody]")),
    "guard of a handler": (handler("guards=[must_sign_in]"), handler("guards=[looks_like_a_guard]")),
    "guard that an option of the route switches off": (
        """
def unless_public(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    if handler.opt.get("public"):
        return
    claims_of(connection)
"""
        + handler("guards=[unless_public]"),
        """
def unless_public(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    if handler.opt.get("public"):
        return
    claims_of(connection)
"""
        + handler("guards=[unless_public]", "public=True"),
    ),
    "guard factory": (
        """
def need(kind):
    def guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
        claims_of(connection)
    return guard
"""
        + handler("guards=[need('x')]"),
        """
def need(kind):
    def guard(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
        print(kind)
    return guard
"""
        + handler("guards=[need('x')]"),
    ),
    "middleware of the application": (made("middleware=[Auth]"), made("middleware=[Everyone]")),
    "middleware and a pattern": (
        made('middleware=[DefineMiddleware(Auth, exclude=["^/login"])]'),
        made('middleware=[DefineMiddleware(Auth, exclude=["^/login", "/x"])]'),
    ),
    "middleware and a pattern that is found anywhere": (
        made('middleware=[DefineMiddleware(Auth, exclude="^/$")]'),
        made('middleware=[DefineMiddleware(Auth, exclude="/")]'),
    ),
    "middleware and a pattern that is not known": (
        made('middleware=[DefineMiddleware(Auth, exclude=["/login"])]'),
        made('middleware=[DefineMiddleware(Auth, exclude=os.environ["OPEN"])]'),
    ),
    "middleware and an option of the route": (
        made("middleware=[Auth]"),
        handler("exclude_from_auth=True").replace("[x],", "[x], middleware=[Auth],"),
    ),
    "middleware and an option in words of its own": (
        handler("exclude_from_auth=True").replace(
            "[x],", "[x], middleware=[DefineMiddleware(Auth, exclude_from_auth_key='open')],"
        ),
        handler("opt={'open': True}").replace("[x],", "[x], middleware=[DefineMiddleware(Auth, exclude_from_auth_key='open')],"),
    ),
    "middleware and an option of the controller": (
        controller("opt = {'other': True}").replace("[Router", "middleware=[Auth], route_handlers=[Router"),
        controller("opt = {'exclude_from_auth': True}").replace("[Router", "middleware=[Auth], route_handlers=[Router"),
    ),
    "middleware that hands its options to its base": (
        "class Mine(Auth):\n    def __init__(self, app):\n        super().__init__(app, exclude=['^/login'])\n"
        + made("middleware=[Mine]"),
        "class Mine(Auth):\n    def __init__(self, app):\n        super().__init__(app, exclude=['^/x'])\n"
        + made("middleware=[Mine]"),
    ),
    "middleware that leaves methods out": (
        made("middleware=[DefineMiddleware(Auth, exclude_http_methods=['OPTIONS'])]"),
        made("middleware=[DefineMiddleware(Auth, exclude_http_methods=['GET', 'OPTIONS'])]"),
    ),
    "middleware of the newer kind": (
        """
class Check(ASGIMiddleware):
    async def handle(self, scope, receive, send, next_app):
        claims_of(Request(scope))
        await next_app(scope, receive, send)
"""
        + made("middleware=[Check()]").replace("Check()", "Check"),
        """
class Check(ASGIMiddleware):
    exclude_path_pattern = ("/x",)

    async def handle(self, scope, receive, send, next_app):
        claims_of(Request(scope))
        await next_app(scope, receive, send)
"""
        + made("middleware=[Check]"),
    ),
    "middleware that is a function": (
        """
def check(app):
    async def inner(scope, receive, send):
        claims_of(Request(scope))
        await app(scope, receive, send)
    return inner
"""
        + made("middleware=[check]"),
        """
def check(app):
    async def inner(scope, receive, send):
        print(Request(scope))
        await app(scope, receive, send)
    return inner
"""
        + made("middleware=[check]"),
    ),
    "ready-made tokens": (
        "auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET, exclude=['^/login'])\n"
        + made("on_app_init=[auth.on_app_init]"),
        "auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET, exclude=['/x'])\n"
        + made("on_app_init=[auth.on_app_init]"),
    ),
    "ready-made tokens that nothing uses": (
        "auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET)\n" + made("middleware=[auth.middleware]"),
        "auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET)\n" + made("middleware=[]"),
    ),
    "ready-made sessions": (
        "auth = SessionAuth[User, ServerSideSessionBackend](retrieve_user_handler=find_user,"
        " session_backend_config=ServerSideSessionConfig())\n" + made("on_app_init=[auth.on_app_init]"),
        "auth = SessionAuth[User, ServerSideSessionBackend](retrieve_user_handler=find_user, exclude='x',"
        " session_backend_config=ServerSideSessionConfig())\n" + made("on_app_init=[auth.on_app_init]"),
    ),
    "the hook before the handler": (
        "async def before(request: Request) -> None:\n    claims_of(request)\n" + made("before_request=before"),
        "async def before(request: Request) -> None:\n    claims_of(request)\n"
        "async def nothing(request: Request) -> None:\n    return None\n"
        + handler("before_request=nothing").replace("[x],", "[x], before_request=before,"),
    ),
    "a dependency by name": (
        """
async def user_of(request: Request) -> dict:
    return claims_of(request)

@get("/x")
async def x(user: dict) -> str:
    return user["sub"]

app = Litestar([x], dependencies={"user": Provide(user_of)}, openapi_config=None)
""",
        """
async def user_of(request: Request) -> dict:
    return claims_of(request)

@get("/x")
async def x() -> str:
    return "x"

app = Litestar([x], dependencies={"user": Provide(user_of)}, openapi_config=None)
""",
    ),
    "a dependency that an inner layer replaces": (
        """
async def user_of(request: Request) -> dict:
    return claims_of(request)

async def active(user: dict) -> dict:
    return user

@get("/x", dependencies={"who": active})
async def x(who: dict) -> str:
    return "x"

app = Litestar([x], dependencies={"user": Provide(user_of), "who": Provide(lambda: {})}, openapi_config=None)
""",
        """
async def user_of(request: Request) -> dict:
    return claims_of(request)

@get("/x", dependencies={"user": Provide(lambda: {})})
async def x(user: dict) -> str:
    return "x"

app = Litestar([x], dependencies={"user": Provide(user_of)}, openapi_config=None)
""",
    ),
    "a check in the handler": (
        """
@get("/x")
async def x(request: Request[User, Token, State]) -> str:
    claims_of(request)
    return "x"

app = Litestar([x], openapi_config=None)
""",
        """
@get("/x")
async def x(request: Request[User, Token, State]) -> str:
    print(request.headers)
    return "x"

app = Litestar([x], openapi_config=None)
""",
    ),
    "a key in a header": (
        """
def check(key: Annotated[str, Parameter(header="X-API-Key")]) -> None:
    if not secrets.compare_digest(key, os.environ["API_KEY"]):
        raise NotAuthorizedException()

@get("/x", dependencies={"key_ok": Provide(check)})
async def x(key_ok: None) -> str:
    return "x"

app = Litestar([x], openapi_config=None)
""",
        """
def check(key: Annotated[str, Parameter(header="X-API-Key")]) -> None:
    if not key:
        raise NotAuthorizedException()

@get("/x", dependencies={"key_ok": Provide(check)})
async def x(key_ok: None) -> str:
    return "x"

app = Litestar([x], openapi_config=None)
""",
    ),
    "a socket": (
        """
@websocket("/x", guards=[must_sign_in])
async def x(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("x")

app = Litestar([x], openapi_config=None)
""",
        """
@websocket("/x", guards=[says_no_to_nobody])
async def x(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("x")

app = Litestar([x], openapi_config=None)
""",
    ),
}
ROLES: dict[str, tuple[str, str]] = {
    "guard of the loaded user": (
        """
auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET)

def admins(connection: ASGIConnection, handler: BaseRouteHandler) -> None:
    if connection.user.role != "admin":
        raise PermissionDeniedException()
"""
        + handler("guards=[admins]").replace("[x],", "[x], on_app_init=[auth.on_app_init],"),
        """
auth = JWTAuth[User](retrieve_user_handler=find_user, token_secret=SECRET)

def admins(connection: ASGIConnection, handler: BaseRouteHandler) -> bool:
    return connection.user.role == "admin"
"""
        + handler("guards=[admins]").replace("[x],", "[x], on_app_init=[auth.on_app_init],"),
    ),
}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_authentication_is_what_it_does(name: str) -> None:
    good, bad = AUTHENTICATED[name]

    assert guarded(HEAD + dedent(good)) == {"/x": True}
    assert guarded(HEAD + dedent(bad)) == {"/x": False}


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_checked_where_it_decides(name: str) -> None:
    good, bad = ROLES[name]

    assert authorized(HEAD + dedent(good)) == {"/x": True}
    assert authorized(HEAD + dedent(bad)) == {"/x": False}


def test_what_cannot_be_decided_is_unknown() -> None:
    unknown = {
        "an exclusion": made('middleware=[DefineMiddleware(Auth, exclude=os.environ["OPEN"])]'),
        "an expensive pattern": made('middleware=[DefineMiddleware(Auth, exclude="^(a+)+$")]'),
        "a guard of a library": "from somewhere import guard\n" + handler("guards=[guard]"),
    }
    for name, source in unknown.items():
        (route,) = table(surface(HEAD + source)).values()
        assert route.cells[Guarantee.AUTHENTICATED].state is State.UNKNOWN, name


def test_a_limit_and_the_routes_that_it_leaves_out() -> None:
    found = surface(
        HEAD
        + dedent(
            """
            limits = RateLimitConfig(rate_limit=("minute", 10), exclude=["^/open"])

            @post("/login")
            async def login() -> str:
                return "x"

            @post("/open")
            async def opened() -> str:
                return "x"

            app = Litestar([login, opened], middleware=[limits.middleware], openapi_config=None)
            """
        )
    )
    assert {r.path: "limit" in r.flow.events[-1].facts for r in table(found).values()} == {"/login": True, "/open": False}


def test_inputs_are_where_the_framework_finds_them() -> None:
    found = surface(
        """
        from dataclasses import dataclass
        from litestar import Litestar, post
        from litestar.params import Parameter

        @dataclass
        class Order:
            name: str

        @post("/orders/{shop_id:int}")
        async def made(
            shop_id: int, data: Order, page: int, key: str = Parameter(header="X-Key"), sid: str = Parameter(cookie="sid")
        ) -> Order:
            return data

        app = Litestar([made], openapi_config=None)
        """
    )
    (route,) = table(found).values()

    assert {(i.name, i.source, i.type) for i in route.inputs} == {
        ("shop_id", "path", "int"),
        ("data", "body", "Order"),
        ("page", "query", "int"),
        ("X-Key", "header", "str"),
        ("sid", "cookie", "str"),
    }
    assert route.cells[Guarantee.VALIDATED].state is State.FOUND
    assert route.response_model == "main.Order"


def test_generated_and_static_routes_are_shown_as_such() -> None:
    found = surface(
        """
        from litestar import Litestar, Router
        from litestar.openapi import OpenAPIConfig
        from litestar.static_files import create_static_files_router

        app = Litestar(
            [create_static_files_router(path="/files", directories=["static"])],
            openapi_config=OpenAPIConfig(title="x", version="1", path="/docs"),
        )
        """
    )
    kinds = {r.path: r.kind for r in found.routes}

    assert kinds["/files/{path:path}"] is RouteKind.STATIC
    assert kinds["/docs"] is kinds["/docs/openapi.json"] is RouteKind.GENERATED


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("[routes_of_a_plugin]", "a route handler of the application: routes_of_a_plugin"),
        ("[], on_app_init=[configure]", "on_app_init of the application: configure"),
        ("[], guards=all_guards", "guards of the application"),
        ("handlers", "routes of the application"),
    ],
)
def test_what_could_not_be_followed_is_on_record(given: str, what: str) -> None:
    source = "from litestar import Litestar\nfrom plugin import all_guards, configure, handlers, routes_of_a_plugin\n"
    found = surface(f"{source}app = Litestar({given}, openapi_config=None)")

    assert [(n.what, n.line, n.incomplete) for n in found.not_checked] == [(what, 3, True)]
