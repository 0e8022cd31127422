"""What ways a Django project has in, and that one that came later does not run."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import URLPattern, include, path, re_path, resolve
from django.urls.resolvers import CheckURLMixin
from django.views import View
from django.views.static import serve
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.viewsets import ViewSet

from counterseal import ContractError, auth, contract
from counterseal.enforce.contract.guard import MARK
from counterseal.enforce.core.adapter import Entry
from counterseal.enforce.frameworks import detect
from counterseal.enforce.frameworks.django import ADAPTER
from counterseal.enforce.frameworks.django.table import path_of
from tests.frameworks.django_project import get_asgi_application, get_wsgi_application, routes
from tests.frameworks.parts import security


@contract(auth())
def function(request: HttpRequest) -> HttpResponse:
    return HttpResponse("function")


def bare(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse("bare")


class Methods(View):
    @contract(auth())
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("get")

    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("post")


class Headed(View):
    def head(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("head")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("options")


class Dispatched(View):
    @contract(auth())
    def dispatch(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().dispatch(request, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("dispatched")


class Set(ViewSet):
    @contract(auth())
    def list(self, request: Any) -> Any:
        return Response([])

    @action(detail=True, methods=["post", "delete"])
    @contract(auth())
    def pay(self, request: Any, pk: str) -> Any:
        return Response()


@api_view(["GET", "PUT"])
@contract(auth())
def api(request: Any) -> Any:
    return Response()


inner = ([path("in/<slug:name>/", bare), path("function/", function)], "inner")


def patterns() -> list[Any]:
    router = DefaultRouter(use_regex_path=True)
    router.include_format_suffixes = False
    router.register("sets", Set, basename="set")
    return [
        path("", function),
        path("a/", include(inner, namespace="first")),
        path("b/<int:number>/", include(inner, namespace="second")),
        re_path(r"^old/(?P<year>[0-9]{4})/(?:x/)?$", bare),
        path("methods/", Methods.as_view()),
        path("headed/", Headed.as_view()),
        path("dispatched/", Dispatched.as_view()),
        path("api/", api),
        path("rest/", include(router.urls)),
        path("files/<path:path>", serve, {"document_root": "/tmp"}),
    ]


def listed() -> dict[tuple[str, str], tuple[str, bool]]:
    return {(entry.method, entry.path): (entry.what, hasattr(entry.endpoint, MARK)) for entry in ADAPTER.entries(None)}


EXPECTED = {
    ("*", "/"): ("route", True),
    ("*", "/a/in/<slug:name>/"): ("route", False),
    ("*", "/a/function/"): ("route", True),
    ("*", "/b/<int:number>/in/<slug:name>/"): ("route", False),
    ("*", "/b/<int:number>/function/"): ("route", True),
    ("*", "/old/<year>/"): ("route", False),
    ("GET", "/methods/"): ("route", True),
    ("POST", "/methods/"): ("route", False),
    ("OPTIONS", "/methods/"): ("generated", False),
    ("HEAD", "/headed/"): ("route", False),
    ("OPTIONS", "/headed/"): ("route", False),
    ("*", "/dispatched/"): ("route", True),
    ("GET", "/api/"): ("route", True),
    ("PUT", "/api/"): ("route", True),
    ("OPTIONS", "/api/"): ("generated", False),
    ("GET", "/rest/"): ("generated", False),
    ("OPTIONS", "/rest/"): ("generated", False),
    ("GET", "/rest/sets/"): ("route", True),
    ("OPTIONS", "/rest/sets/"): ("generated", False),
    ("POST", "/rest/sets/<pk>/pay/"): ("route", True),
    ("DELETE", "/rest/sets/<pk>/pay/"): ("route", True),
    ("OPTIONS", "/rest/sets/<pk>/pay/"): ("generated", False),
    ("*", "/files/<path:path>"): ("static", False),
}


def test_every_pattern_is_listed_with_what_carries_its_contract() -> None:
    with routes(patterns()):
        assert listed() == EXPECTED


def test_what_is_listed_is_what_the_resolver_matches() -> None:
    with routes(patterns()):
        table = {entry.path for entry in ADAPTER.entries(None)}
        asked = ["", "a/in/x/", "b/3/in/x/", "b/3/function/", "old/2020/", "old/2020/x/", "methods/"]
        asked += ["rest/", "rest/sets/7/pay/", "files/a/b"]
        for target in asked:
            assert path_of(resolve(f"/{target}").route) in table


def test_the_administration_is_not_looked_into() -> None:
    with routes([path("admin/", admin.site.urls)]):
        found = ADAPTER.entries(None)
        assert {"/admin/", "/admin/login/", "/admin/auth/user/<id>/password/"} <= {entry.path for entry in found}
        assert {entry.what for entry in found} == {"opaque"}
        assert len(found) > 10


def test_a_table_that_is_not_known_or_endless_is_no_table() -> None:
    class Strange(CheckURLMixin):
        pass

    with routes([URLPattern(Strange(), bare)]), pytest.raises(ContractError, match="no pattern that is known"):
        ADAPTER.entries(None)
    endless: list[Any] = []
    endless.append(path("again/", include((endless, "endless"))))
    with routes(endless), pytest.raises(ContractError, match="includes itself"):
        ADAPTER.entries(None)


@override_settings(USE_I18N=True, LANGUAGES=[("en", "English"), ("de", "Deutsch")])
def test_each_language_has_its_own_paths() -> None:
    from django.conf.urls.i18n import i18n_patterns

    with routes(i18n_patterns(path("page/", function))):
        assert {("*", "/en/page/"), ("*", "/de/page/")} <= set(listed())


def ask(app: Any, target: str, method: str = "GET", name: str | None = "1") -> tuple[int, bytes]:
    seen: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": target,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "REMOTE_ADDR": "127.0.0.1",
    }
    if name is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {name}:user"
    body = b"".join(app(environ, lambda status, headers: seen.append(status)))
    return int(seen[0].split()[0]), body


def test_routes_that_come_after_sealing_do_not_run() -> None:
    ran, refused = [], []

    def late(request: HttpRequest) -> HttpResponse:
        ran.append(1)
        return HttpResponse("late")

    with routes(patterns()), override_settings(MIDDLEWARE=[], COUNTERSEAL=None):
        app = get_wsgi_application()
        ADAPTER.bind(app, security())
        known = set(ADAPTER.entries(app))

        def admits(entry: Entry) -> bool:
            if entry not in known:
                refused.append(entry)
            return entry in known

        ADAPTER.enclose(app, admits)
        sys.modules["tests_frameworks_urls"].urlpatterns.append(path("late/", late))
        status, body = ask(app, "/late/")
        assert (status, ran) == (503, [])
        assert b"unsealed-route" in body
        assert ask(app, "/")[1] == b"function"
        assert ask(app, "/a/function/", name=None)[0] == 401
        assert ask(app, "/b/3/in/x/")[1] == b"bare"
        assert ask(app, "/methods/", "HEAD")[0] == 200
        assert ask(app, "/methods/", "DELETE")[0] == 405
        assert ask(app, "/methods/", "OPTIONS")[0] == 200
        assert ask(app, "/rest/sets/")[0] == 200
        assert ask(app, "/rest/sets/", "HEAD")[0] == 200
        assert ask(app, "/rest/sets/7/pay/", "POST")[0] == 200
        assert ask(app, "/old/2020/x/")[0] == 200
        assert ask(app, "/nowhere/")[0] == 404
        assert {entry.path for entry in refused} == {"/late/"}


def test_the_adapter_is_found_and_knows_its_own() -> None:
    assert ADAPTER in detect()
    assert ADAPTER.recognises(get_wsgi_application())
    assert ADAPTER.recognises(get_asgi_application())
    assert not ADAPTER.recognises(bare)
    with pytest.raises(ContractError, match="_view_middleware"):
        ADAPTER.enclose(bare, lambda entry: True)
    ADAPTER.document(None, lambda endpoint: None)
