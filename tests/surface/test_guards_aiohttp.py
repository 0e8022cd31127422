"""Guards of aiohttp by what they do: each good one beside a twin that does not guard."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.surface.apps import authorized, guarded

HEAD = """
import functools
import os
import jwt
from aiohttp import web
from aiohttp_security import authorized_userid, check_authorized, check_permission
from aiohttp_session import get_session

SECRET = os.environ["SECRET"]

def claims_of(request):
    try:
        return jwt.decode(request.headers.get("Authorization", ""), SECRET, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise web.HTTPUnauthorized(text="who are you?")
"""
SERVED = """
async def x(request):
    return web.json_response({})

app = web.Application(middlewares=[check])
app.router.add_get("/x", x)
"""
BARE = """
app = web.Application()
app.router.add_get("/x", x)
"""

AUTHENTICATED: dict[str, tuple[str, str]] = {
    "middleware": (
        """
        @web.middleware
        async def check(request, handler):
            claims_of(request)
            return await handler(request)
        """
        + SERVED.replace("\n", "\n        "),
        """
        @web.middleware
        async def check(request, handler):
            print(request.headers.get("Authorization"))
            return await handler(request)
        """
        + SERVED.replace("\n", "\n        "),
    ),
    "middleware with a list of paths": (
        """
        @web.middleware
        async def check(request, handler):
            if request.path not in ("/login", "/health"):
                claims_of(request)
            return await handler(request)
        """
        + SERVED.replace("\n", "\n        "),
        """
        @web.middleware
        async def check(request, handler):
            if request.path not in ("/login", "/x"):
                claims_of(request)
            return await handler(request)
        """
        + SERVED.replace("\n", "\n        "),
    ),
    "middleware from a factory": (
        """
        def make(key):
            @web.middleware
            async def check(request, handler):
                jwt.decode(request.headers["Authorization"], key, algorithms=["HS256"])
                return await handler(request)
            return check

        check = make(SECRET)
        """
        + SERVED.replace("\n", "\n        "),
        """
        def make(key):
            @web.middleware
            async def check(request, handler):
                jwt.decode(request.headers["Authorization"], options={"verify_signature": False})
                return await handler(request)
            return check

        check = make(SECRET)
        """
        + SERVED.replace("\n", "\n        "),
    ),
    "middleware that is attached later": (
        """
        @web.middleware
        async def check(request, handler):
            claims_of(request)
            return await handler(request)

        async def x(request):
            return web.json_response({})

        app = web.Application()
        app.middlewares.append(check)
        app.router.add_get("/x", x)
        """,
        """
        @web.middleware
        async def check(request, handler):
            claims_of(request)
            return await handler(request)

        async def x(request):
            return web.json_response({})

        app = web.Application()
        app.router.add_get("/x", x)
        """,
    ),
    "what a middleware leaves in the request": (
        """
        @web.middleware
        async def check(request, handler):
            request["user"] = None
            try:
                request["user"] = jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except jwt.PyJWTError:
                pass
            return await handler(request)

        async def x(request):
            if request["user"] is None:
                raise web.HTTPUnauthorized()
            return web.json_response({})

        app = web.Application(middlewares=[check])
        app.router.add_get("/x", x)
        """,
        """
        @web.middleware
        async def check(request, handler):
            request["user"] = None
            try:
                request["user"] = jwt.decode(request.headers["Authorization"], SECRET, algorithms=["HS256"])
            except jwt.PyJWTError:
                pass
            return await handler(request)

        async def x(request):
            return web.json_response({"user": request["user"]})

        app = web.Application(middlewares=[check])
        app.router.add_get("/x", x)
        """,
    ),
    "outer application": (
        """
        @web.middleware
        async def check(request, handler):
            claims_of(request)
            return await handler(request)

        async def x(request):
            return web.json_response({})

        inner = web.Application()
        inner.router.add_get("/x", x)
        app = web.Application(middlewares=[check])
        app.add_subapp("/", inner)
        """,
        """
        @web.middleware
        async def check(request, handler):
            claims_of(request)
            return await handler(request)

        async def x(request):
            return web.json_response({})

        inner = web.Application()
        inner.router.add_get("/y", x)
        other = web.Application(middlewares=[check])
        app = web.Application()
        app.router.add_get("/x", x)
        """,
    ),
    "decorator": (
        """
        def signed_in(f):
            @functools.wraps(f)
            async def inner(request):
                claims_of(request)
                return await f(request)
            return inner

        @signed_in
        async def x(request):
            return web.json_response({})
        """
        + BARE.replace("\n", "\n        "),
        """
        def signed_in(f):
            @functools.wraps(f)
            async def inner(request):
                return await f(request)
            return inner

        @signed_in
        async def x(request):
            return web.json_response({})
        """
        + BARE.replace("\n", "\n        "),
    ),
    "class of a view": (
        """
        class X(web.View):
            async def get(self):
                claims_of(self.request)
                return web.json_response({})

        app = web.Application()
        app.router.add_view("/x", X)
        """,
        """
        class X(web.View):
            async def get(self):
                print(self.request)
                return web.json_response({})

        app = web.Application()
        app.router.add_view("/x", X)
        """,
    ),
    "aiohttp-security": (
        """
        async def x(request):
            await check_authorized(request)
            return web.json_response({})
        """
        + BARE.replace("\n", "\n        "),
        """
        async def x(request):
            await authorized_userid(request)
            return web.json_response({})
        """
        + BARE.replace("\n", "\n        "),
    ),
    "aiohttp-session": (
        """
        async def x(request):
            session = await get_session(request)
            if "user_id" not in session:
                raise web.HTTPFound("/login")
            return web.json_response({})
        """
        + BARE.replace("\n", "\n        "),
        """
        async def x(request):
            session = await get_session(request)
            return web.json_response({"seen": session.get("seen")})
        """
        + BARE.replace("\n", "\n        "),
    ),
}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_authentication_is_what_it_does(name: str) -> None:
    good, bad = AUTHENTICATED[name]

    assert guarded(HEAD + dedent(good))["/x"]
    assert not guarded(HEAD + dedent(bad))["/x"]


def test_a_permission_is_a_role() -> None:
    good = "async def x(request):\n    await check_permission(request, 'admin')\n    return web.json_response({})\n"

    assert authorized(HEAD + good + BARE) == {"/x": True}
    assert authorized(HEAD + good.replace("check_permission", "print") + BARE) == {"/x": False}
