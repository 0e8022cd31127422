"""Guards of FastAPI and Starlette by what they do: each good one beside a twin that does not guard."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.surface.apps import authorized, guarded

HEAD = """
import os
import secrets
import jwt
from typing import Annotated, Optional
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBasicCredentials, HTTPBearer, OAuth2PasswordBearer, SecurityScopes
from sqlalchemy import Column, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

Base = declarative_base()

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String)
    password_hash = Column(String)
    role = Column(String)
    is_admin = Column(Integer)
    api_key = Column(String)

SECRET = os.environ["SECRET"]
API_KEY = os.environ["API_KEY"]
oauth2 = OAuth2PasswordBearer(tokenUrl="token")
optional = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)
bearer = HTTPBearer()
key_header = APIKeyHeader(name="X-API-Key")
app = FastAPI(openapi_url=None)

def get_db():
    yield Session()

def current_user(token: str = Depends(oauth2), db: Session = Depends(get_db)):
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(status_code=401)
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(status_code=401)
    return user
"""

AUTHENTICATED: dict[str, tuple[str, str]] = {
    "dependency": (
        """
        @app.get("/x")
        def x(user: User = Depends(current_user)):
            return user.email
        """,
        """
        def current_user_name(token: str = Depends(oauth2)):
            return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_signature": False})

        @app.get("/x")
        def x(user=Depends(current_user_name)):
            return user
        """,
    ),
    "nested dependency": (
        """
        def active(user: User = Depends(current_user)):
            return user

        def more_active(user: User = Depends(active)):
            return user

        @app.get("/x")
        def x(user: User = Depends(more_active)):
            return user.email
        """,
        """
        def settings(page: int = 1):
            return page

        def active(page: int = Depends(settings)):
            return page

        @app.get("/x")
        def x(page: int = Depends(active)):
            return page
        """,
    ),
    "annotated alias": (
        """
        CurrentUser = Annotated[User, Depends(current_user)]

        @app.get("/x")
        def x(user: CurrentUser):
            return user.email
        """,
        """
        SessionDep = Annotated[Session, Depends(get_db)]

        @app.get("/x")
        def x(db: SessionDep):
            return 1
        """,
    ),
    "dependency factory": (
        """
        def require(kind):
            def check(token: str = Depends(oauth2)):
                try:
                    return jwt.decode(token, SECRET, algorithms=["HS256"])
                except jwt.PyJWTError:
                    raise HTTPException(status_code=401)
            return check

        @app.get("/x", dependencies=[Depends(require("access"))])
        def x():
            return 1
        """,
        """
        def require(kind):
            def check(token: str = Depends(oauth2)):
                return kind
            return check

        @app.get("/x", dependencies=[Depends(require("access"))])
        def x():
            return 1
        """,
    ),
    "callable class": (
        """
        class Guard:
            def __init__(self, scheme):
                self.scheme = scheme

            def __call__(self, token: str = Depends(oauth2)):
                return jwt.decode(token, SECRET, algorithms=["HS256"])

        guard = Guard("access")

        @app.get("/x")
        def x(user=Depends(guard)):
            return 1
        """,
        """
        class Guard:
            def __init__(self, scheme):
                jwt.decode("x", SECRET, algorithms=["HS256"])
                self.scheme = scheme

            def __call__(self, token: str = Depends(oauth2)):
                return self.scheme

        guard = Guard("access")

        @app.get("/x")
        def x(user=Depends(guard)):
            return 1
        """,
    ),
    "subclass of a scheme": (
        """
        class JWTBearer(HTTPBearer):
            async def __call__(self, request: Request):
                credentials = await super().__call__(request)
                try:
                    return jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
                except jwt.PyJWTError:
                    raise HTTPException(status_code=403)

        @app.get("/x", dependencies=[Depends(JWTBearer())])
        def x():
            return 1
        """,
        """
        class JWTBearer(HTTPBearer):
            async def __call__(self, request: Request):
                credentials = await super().__call__(request)
                return credentials.credentials

        @app.get("/x", dependencies=[Depends(JWTBearer())])
        def x():
            return 1
        """,
    ),
    "on the router": (
        """
        router = APIRouter(dependencies=[Depends(current_user)])

        @router.get("/x")
        def x():
            return 1

        app.include_router(router)
        """,
        """
        router = APIRouter()
        unused = APIRouter(dependencies=[Depends(current_user)])

        @router.get("/x")
        def x():
            return 1

        app.include_router(router)
        """,
    ),
    "on the include": (
        """
        router = APIRouter()

        @router.get("/x")
        def x():
            return 1

        app.include_router(router, dependencies=[Depends(current_user)])
        """,
        """
        router = APIRouter()

        @router.get("/x")
        def x():
            return 1

        app.include_router(router, dependencies=[Depends(get_db)])
        """,
    ),
    "on the application": (
        """
        guarded_app = FastAPI(openapi_url=None, dependencies=[Depends(current_user)])

        @guarded_app.get("/x")
        def x():
            return 1
        """,
        """
        guarded_app = FastAPI(openapi_url=None, dependencies=[Depends(oauth2)])

        @guarded_app.get("/x")
        def x():
            return 1
        """,
    ),
    "optional scheme": (
        """
        @app.get("/x")
        def x(token: Optional[str] = Depends(optional)):
            if not token:
                raise HTTPException(status_code=401)
            return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
        """,
        """
        @app.get("/x")
        def x(token: Optional[str] = Depends(optional)):
            if token:
                return jwt.decode(token, SECRET, algorithms=["HS256"])["sub"]
            return "guest"
        """,
    ),
    "failure of the check": (
        """
        def check(token: str = Depends(oauth2)):
            try:
                return jwt.decode(token, SECRET, algorithms=["HS256"])
            except jwt.PyJWTError as error:
                raise HTTPException(status_code=401) from error

        @app.get("/x")
        def x(user=Depends(check)):
            return 1
        """,
        """
        def check(token: str = Depends(oauth2)):
            try:
                return jwt.decode(token, SECRET, algorithms=["HS256"])
            except jwt.PyJWTError:
                return None

        @app.get("/x")
        def x(user=Depends(check)):
            return 1
        """,
    ),
    "raise against return": (
        """
        def check(token: str = Header()):
            if not secrets.compare_digest(token, API_KEY):
                raise HTTPException(status_code=401)

        @app.get("/x", dependencies=[Depends(check)])
        def x():
            return 1
        """,
        """
        def check(token: str = Header()):
            if not secrets.compare_digest(token, API_KEY):
                return HTTPException(status_code=401)

        @app.get("/x", dependencies=[Depends(check)])
        def x():
            return 1
        """,
    ),
    "key compared with a setting": (
        """
        @app.get("/x")
        def x(key: str = Security(key_header)):
            if key != API_KEY:
                raise HTTPException(status_code=403)
            return 1
        """,
        """
        @app.get("/x")
        def x(key: str = Security(key_header)):
            if key != "letmein":
                raise HTTPException(status_code=403)
            return 1
        """,
    ),
    "key looked up": (
        """
        @app.get("/x")
        def x(key: str = Security(key_header), db: Session = Depends(get_db)):
            user = db.query(User).filter(User.api_key == key).first()
            if user is None:
                raise HTTPException(status_code=401)
            return 1
        """,
        """
        @app.get("/x")
        def x(key: str = Security(key_header), db: Session = Depends(get_db)):
            user = db.query(User).filter(User.api_key == key).first()
            return 1
        """,
    ),
    "basic credentials": (
        """
        def check(credentials: HTTPBasicCredentials = Depends(HTTPBasic())):
            if not secrets.compare_digest(credentials.password, os.environ["PASSWORD"]):
                raise HTTPException(status_code=401)
            return credentials.username

        @app.get("/x")
        def x(name=Depends(check)):
            return 1
        """,
        """
        def check(credentials: HTTPBasicCredentials = Depends(HTTPBasic())):
            if not credentials.password:
                raise HTTPException(status_code=401)
            return credentials.username

        @app.get("/x")
        def x(name=Depends(check)):
            return 1
        """,
    ),
    "inline check": (
        """
        @app.get("/x")
        def x(request: Request):
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            try:
                claims = jwt.decode(token, SECRET, algorithms=["HS256"])
            except jwt.InvalidTokenError:
                raise HTTPException(401)
            return claims["sub"]
        """,
        """
        @app.get("/x")
        def x(request: Request):
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not token:
                raise HTTPException(401)
            return token
        """,
    ),
    "http middleware": (
        """
        @app.middleware("http")
        async def check(request: Request, call_next):
            try:
                jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except Exception:
                return Response(status_code=401)
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
        """
        @app.middleware("http")
        async def check(request: Request, call_next):
            try:
                jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except Exception:
                print("refused")
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "middleware class": (
        """
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if request.headers.get("X-Key") != API_KEY:
                    return Response(status_code=401)
                return await call_next(request)

        app.add_middleware(Check)

        @app.get("/x")
        def x():
            return 1
        """,
        """
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if request.headers.get("X-Key") != API_KEY:
                    return Response(status_code=401)
                return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "exclude list of a middleware": (
        """
        OPEN = {"/login", "/health"}

        @app.middleware("http")
        async def check(request: Request, call_next):
            if request.url.path in OPEN:
                return await call_next(request)
            if request.headers.get("X-Key") != API_KEY:
                return Response(status_code=401)
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
        """
        OPEN = {"/login", "/x"}

        @app.middleware("http")
        async def check(request: Request, call_next):
            if request.url.path in OPEN:
                return await call_next(request)
            if request.headers.get("X-Key") != API_KEY:
                return Response(status_code=401)
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "prefixes excluded from a middleware": (
        """
        @app.middleware("http")
        async def check(request: Request, call_next):
            if request.url.path.startswith("/public"):
                return await call_next(request)
            if request.headers.get("X-Key") != API_KEY:
                return Response(status_code=401)
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
        """
        @app.middleware("http")
        async def check(request: Request, call_next):
            if not request.url.path.startswith("/api"):
                return await call_next(request)
            if request.headers.get("X-Key") != API_KEY:
                return Response(status_code=401)
            return await call_next(request)

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "options of a middleware": (
        """
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            def __init__(self, app, open_paths=()):
                super().__init__(app)
                self.open_paths = open_paths

            async def dispatch(self, request, call_next):
                if request.url.path not in self.open_paths and request.headers.get("X-Key") != API_KEY:
                    return Response(status_code=401)
                return await call_next(request)

        app.add_middleware(Check, open_paths=["/health"])

        @app.get("/x")
        def x():
            return 1
        """,
        """
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            def __init__(self, app, open_paths=()):
                super().__init__(app)
                self.open_paths = open_paths

            async def dispatch(self, request, call_next):
                if request.url.path not in self.open_paths and request.headers.get("X-Key") != API_KEY:
                    return Response(status_code=401)
                return await call_next(request)

        app.add_middleware(Check, open_paths=["/health", "/x"])

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "plain ASGI middleware": (
        """
        class Check:
            def __init__(self, app):
                self.app = app

            async def __call__(self, scope, receive, send):
                if scope["type"] == "http" and scope["path"] not in ("/health", "/login"):
                    headers = dict(scope["headers"])
                    if headers.get(b"x-key", b"").decode() != API_KEY:
                        await Response(status_code=401)(scope, receive, send)
                        return
                await self.app(scope, receive, send)

        app.add_middleware(Check)

        @app.get("/x")
        def x():
            return 1
        """,
        """
        class Check:
            def __init__(self, app):
                self.app = app

            async def __call__(self, scope, receive, send):
                if scope["type"] == "http" and scope["path"] not in ("/health", "/x"):
                    headers = dict(scope["headers"])
                    if headers.get(b"x-key", b"").decode() != API_KEY:
                        await Response(status_code=401)(scope, receive, send)
                        return
                await self.app(scope, receive, send)

        app.add_middleware(Check)

        @app.get("/x")
        def x():
            return 1
        """,
    ),
    "middleware in the constructor": (
        """
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if request.headers.get("X-Key") != API_KEY:
                    return Response(status_code=401)
                return await call_next(request)

        checked = FastAPI(openapi_url=None, middleware=[Middleware(Check)])

        @checked.get("/x")
        def x():
            return 1
        """,
        """
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware

        class Check(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                if request.headers.get("X-Key") != API_KEY:
                    request.state.refused = True
                return await call_next(request)

        checked = FastAPI(openapi_url=None, middleware=[Middleware(Check)])

        @checked.get("/x")
        def x():
            return 1
        """,
    ),
    "user set by a middleware": (
        """
        @app.middleware("http")
        async def identify(request: Request, call_next):
            request.state.user = None
            try:
                request.state.user = jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except Exception:
                pass
            return await call_next(request)

        @app.get("/x")
        def x(request: Request):
            if request.state.user is None:
                raise HTTPException(status_code=401)
            return 1
        """,
        """
        @app.middleware("http")
        async def identify(request: Request, call_next):
            request.state.user = None
            try:
                request.state.user = jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except Exception:
                pass
            return await call_next(request)

        @app.get("/x")
        def x(request: Request):
            return request.state.user
        """,
    ),
    "session": (
        """
        @app.get("/x")
        def x(request: Request):
            user_id = request.session.get("user_id")
            if not user_id:
                raise HTTPException(status_code=401)
            return user_id
        """,
        """
        @app.get("/x")
        def x(request: Request):
            theme = request.session.get("theme")
            if not theme:
                raise HTTPException(status_code=401)
            return theme
        """,
    ),
}

AUTHORIZED: dict[str, tuple[str, str]] = {
    "role of the record": (
        """
        def admin(user: User = Depends(current_user)):
            if user.role != "admin":
                raise HTTPException(status_code=403)
            return user

        @app.get("/x")
        def x(user: User = Depends(admin)):
            return 1
        """,
        """
        def admin(user: User = Depends(current_user)):
            if user.role != "admin":
                print("no administrator")
            return user

        @app.get("/x")
        def x(user: User = Depends(admin)):
            return 1
        """,
    ),
    "role factory": (
        """
        def require_role(*roles):
            def check(user: User = Depends(current_user)):
                if user.role not in roles:
                    raise HTTPException(status_code=403)
                return user
            return check

        @app.get("/x", dependencies=[Depends(require_role("admin", "owner"))])
        def x():
            return 1
        """,
        """
        def require_role(*roles):
            def check(user: User = Depends(current_user)):
                return user
            return check

        @app.get("/x", dependencies=[Depends(require_role("admin", "owner"))])
        def x():
            return 1
        """,
    ),
    "callable class with roles": (
        """
        class RoleChecker:
            def __init__(self, allowed):
                self.allowed = allowed

            def __call__(self, user: User = Depends(current_user)):
                if user.role not in self.allowed:
                    raise HTTPException(status_code=403)

        @app.get("/x", dependencies=[Depends(RoleChecker(["admin"]))])
        def x():
            return 1
        """,
        """
        class RoleChecker:
            def __init__(self, allowed):
                self.allowed = allowed

            def __call__(self, user: User = Depends(current_user)):
                return self.allowed

        @app.get("/x", dependencies=[Depends(RoleChecker(["admin"]))])
        def x():
            return 1
        """,
    ),
    "flag": (
        """
        @app.get("/x")
        def x(user: User = Depends(current_user)):
            if not user.is_admin:
                raise HTTPException(status_code=403)
            return 1
        """,
        """
        @app.get("/x")
        def x(is_admin: bool = False, user: User = Depends(current_user)):
            if not is_admin:
                raise HTTPException(status_code=403)
            return 1
        """,
    ),
    "role in the claims": (
        """
        def claims(token: str = Depends(oauth2)):
            return jwt.decode(token, SECRET, algorithms=["HS256"])

        @app.get("/x")
        def x(payload: dict = Depends(claims)):
            if payload.get("role") != "admin":
                raise HTTPException(status_code=403)
            return 1
        """,
        """
        def claims(token: str = Depends(oauth2)):
            return jwt.decode(token, SECRET, algorithms=["HS256"])

        @app.get("/x")
        def x(payload: dict = Depends(claims)):
            if payload.get("sub") is None:
                raise HTTPException(status_code=403)
            return 1
        """,
    ),
    "rank": (
        """
        RANK = {"user": 1, "editor": 2, "admin": 3}

        def at_least(name):
            def check(user: User = Depends(current_user)):
                if RANK[user.role] < RANK[name]:
                    raise HTTPException(status_code=403)
                return user
            return check

        @app.get("/x", dependencies=[Depends(at_least("editor"))])
        def x():
            return 1
        """,
        """
        RANK = {"user": 1, "editor": 2, "admin": 3}

        def at_least(name):
            def check(user: User = Depends(current_user)):
                if RANK["admin"] < RANK[name]:
                    raise HTTPException(status_code=403)
                return user
            return check

        @app.get("/x", dependencies=[Depends(at_least("editor"))])
        def x():
            return 1
        """,
    ),
    "scopes": (
        """
        def scoped(scopes: SecurityScopes, token: str = Depends(oauth2)):
            claims = jwt.decode(token, SECRET, algorithms=["HS256"])
            for scope in scopes.scopes:
                if scope not in claims["scopes"]:
                    raise HTTPException(status_code=403)
            return claims

        @app.get("/x")
        def x(user=Security(scoped, scopes=["admin"])):
            return 1
        """,
        """
        def scoped(scopes: SecurityScopes, token: str = Depends(oauth2)):
            return jwt.decode(token, SECRET, algorithms=["HS256"])

        @app.get("/x")
        def x(user=Security(scoped, scopes=["admin"])):
            return 1
        """,
    ),
}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_a_guard_that_checks_the_credential_authenticates(name: str) -> None:
    assert guarded(_with_head(AUTHENTICATED[name][0])) == {"/x": True}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_its_twin_does_not(name: str) -> None:
    assert guarded(_with_head(AUTHENTICATED[name][1])) == {"/x": False}


@pytest.mark.parametrize("name", AUTHORIZED)
def test_a_check_of_the_role_authorizes(name: str) -> None:
    source = _with_head(AUTHORIZED[name][0])
    assert authorized(source) == {"/x": True}
    assert guarded(source) == {"/x": True}


@pytest.mark.parametrize("name", AUTHORIZED)
def test_its_twin_only_authenticates(name: str) -> None:
    source = _with_head(AUTHORIZED[name][1])
    assert authorized(source) == {"/x": False}
    assert guarded(source) == {"/x": True}


def _with_head(source: str) -> str:
    return HEAD + dedent(source)
