"""Guards of Django and Django REST framework by what they do: each good one beside a twin that does not guard."""

from __future__ import annotations

from textwrap import dedent

import pytest

from counterseal.guarantees import Guarantee, State
from tests.surface.apps import surface_of

SETTINGS = """
ROOT_URLCONF = "urls"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
"""
HEAD = """
from functools import wraps
import os
import jwt
from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin, UserPassesTestMixin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.generic import ListView, TemplateView
from rest_framework import generics, permissions, viewsets
from rest_framework.authentication import BaseAuthentication, TokenAuthentication
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
"""


def _view(decorator: str) -> str:
    return f"""
        {decorator}
        def x(request):
            return HttpResponse("x")
        urlpatterns = [path("x", x)]
        """


def _api(body: str, bases: str = "APIView") -> str:
    return f"""
        class X({bases}):
            {body}
            def get(self, request):
                return Response("x")
        urlpatterns = [path("x", X.as_view())]
        """


AUTHENTICATED: dict[str, tuple[str, str]] = {
    "login_required": (_view("@login_required"), _view("")),
    "login_required with options": (_view("@login_required(login_url='/in')"), _view("@wraps(login_required)")),
    "a test of the user": (
        _view("@user_passes_test(lambda u: u.is_authenticated)"),
        _view("@user_passes_test(lambda u: not u.is_authenticated)"),
    ),
    "a test of the role": (_view("@user_passes_test(lambda u: u.is_staff)"), _view("@user_passes_test(lambda u: u.name)")),
    "a permission": (_view("@permission_required('app.view')"), _view("@user_passes_test(lambda u: True)")),
    "in the URL configuration": (
        """
        def x(request):
            return HttpResponse("x")
        urlpatterns = [path("x", login_required(x))]
        """,
        """
        def x(request):
            return HttpResponse("x")
        login_required(x)
        urlpatterns = [path("x", x)]
        """,
    ),
    "inline": (
        """
        def x(request):
            if not request.user.is_authenticated:
                return HttpResponseRedirect("/in")
            return HttpResponse("x")
        urlpatterns = [path("x", x)]
        """,
        """
        def x(request):
            if not request.user.is_authenticated:
                print("somebody")
            return HttpResponse("x")
        urlpatterns = [path("x", x)]
        """,
    ),
    "a decorator of the program's own": (
        """
        def only_users(view):
            @wraps(view)
            def inner(request, *args, **kwargs):
                if request.user.is_anonymous:
                    raise PermissionDenied
                if not request.user.is_authenticated:
                    raise PermissionDenied
                return view(request, *args, **kwargs)
            return inner
        @only_users
        def x(request):
            return HttpResponse("x")
        urlpatterns = [path("x", x)]
        """,
        """
        def only_users(view):
            @wraps(view)
            def inner(request, *args, **kwargs):
                if request.user.is_authenticated:
                    request.known = True
                return view(request, *args, **kwargs)
            return inner
        @only_users
        def x(request):
            return HttpResponse("x")
        urlpatterns = [path("x", x)]
        """,
    ),
    "a mixin before the view": (
        """
        class X(LoginRequiredMixin, TemplateView):
            pass
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class X(TemplateView, LoginRequiredMixin):
            pass
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "a mixin by way of another": (
        """
        class Members(LoginRequiredMixin):
            pass
        class X(Members, ListView):
            model = User
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class Members:
            login_url = "/in"
        class X(Members, ListView):
            model = User
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "a test mixin": (
        """
        class X(UserPassesTestMixin, TemplateView):
            def test_func(self):
                return self.request.user.is_superuser
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class X(UserPassesTestMixin, TemplateView):
            def test_func(self):
                return True
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "a permission mixin": (
        """
        class X(PermissionRequiredMixin, TemplateView):
            permission_required = "app.view"
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class X(TemplateView):
            permission_required = "app.view"
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "dispatch": (
        """
        class X(View):
            def dispatch(self, request, *args, **kwargs):
                if not request.user.is_authenticated:
                    return HttpResponseRedirect("/in")
                return super().dispatch(request, *args, **kwargs)
            def get(self, request):
                return HttpResponse("x")
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class X(View):
            def dispatch(self, request, *args, **kwargs):
                return super().dispatch(request, *args, **kwargs)
            def get(self, request):
                return HttpResponse("x")
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "method_decorator on a class": (
        """
        @method_decorator(login_required, name="dispatch")
        class X(TemplateView):
            pass
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        @method_decorator(login_required, name="post")
        class X(View):
            def get(self, request):
                return HttpResponse("x")
            def post(self, request):
                return HttpResponse("x")
            http_method_names = ["get"]
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "method_decorator on a method": (
        """
        class X(View):
            @method_decorator(login_required)
            def get(self, request):
                return HttpResponse("x")
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class X(View):
            @method_decorator(login_required)
            def post(self, request):
                return HttpResponse("x")
            def get(self, request):
                return HttpResponse("x")
            http_method_names = ["get"]
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "permission classes": (
        _api("permission_classes = [IsAuthenticated]"),
        _api("permission_classes = [AllowAny]"),
    ),
    "permissions by method": (
        _api("def get_permissions(self):\n                return [IsAuthenticated()]"),
        _api("def get_permissions(self):\n                return []"),
    ),
    "permissions joined by and": (
        _api("permission_classes = [AllowAny & IsAdminUser]"),
        _api("permission_classes = [AllowAny | IsAdminUser]"),
    ),
    "not anonymous": (
        _api("permission_classes = [IsAuthenticated | IsAdminUser]"),
        _api("permission_classes = [IsAuthenticatedOrReadOnly]"),
    ),
    "a permission class of the program's own": (
        """
        class Known(BasePermission):
            def has_permission(self, request, view):
                return request.user.is_authenticated
        class X(APIView):
            permission_classes = [Known]
            def get(self, request):
                return Response("x")
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class Known(BasePermission):
            def has_permission(self, request, view):
                return request.method == "GET" or request.user.is_authenticated
        class X(APIView):
            permission_classes = [Known]
            def get(self, request):
                return Response("x")
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
    "a decorated function": (
        """
        @api_view(["GET"])
        @permission_classes([IsAuthenticated])
        def x(request):
            return Response("x")
        urlpatterns = [path("x", x)]
        """,
        """
        @permission_classes([IsAuthenticated])
        @api_view(["GET"])
        def x(request):
            return Response("x")
        urlpatterns = [path("x", x)]
        """,
    ),
    "per action": (
        """
        class X(viewsets.ViewSet):
            def get_permissions(self):
                if self.action == "list":
                    return [IsAuthenticated()]
                return [AllowAny()]
            def list(self, request):
                return Response([])
        router = SimpleRouter(trailing_slash=False)
        router.register("x", X, basename="x")
        urlpatterns = router.urls
        """,
        """
        class X(viewsets.ViewSet):
            def get_permissions(self):
                if self.action == "create":
                    return [IsAuthenticated()]
                return [AllowAny()]
            def list(self, request):
                return Response([])
        router = SimpleRouter(trailing_slash=False)
        router.register("x", X, basename="x")
        urlpatterns = router.urls
        """,
    ),
    "a table of permissions": (
        """
        class X(viewsets.ViewSet):
            by_action = {"list": [IsAuthenticated], "create": [AllowAny]}
            def get_permissions(self):
                return [each() for each in self.by_action[self.action]]
            def list(self, request):
                return Response([])
        urlpatterns = [path("x", X.as_view({"get": "list"}))]
        """,
        """
        class X(viewsets.ViewSet):
            by_action = {"list": [AllowAny], "create": [IsAuthenticated]}
            def get_permissions(self):
                return [each() for each in self.by_action[self.action]]
            def list(self, request):
                return Response([])
        urlpatterns = [path("x", X.as_view({"get": "list"}))]
        """,
    ),
    "an authenticator of the program's own": (
        """
        class ByToken(BaseAuthentication):
            def authenticate(self, request):
                token = request.headers.get("Authorization")
                if not token:
                    return None
                claims = jwt.decode(token, os.environ["SECRET_KEY"], algorithms=["HS256"])
                return User.objects.get(pk=claims["id"]), token
        class X(APIView):
            authentication_classes = [ByToken]
            permission_classes = [IsAuthenticated]
            def get(self, request):
                return Response("x")
        urlpatterns = [path("x", X.as_view())]
        """,
        """
        class ByName(BaseAuthentication):
            def authenticate(self, request):
                return User.objects.get(username=request.headers.get("X-User")), None
        class X(APIView):
            authentication_classes = [ByName]
            permission_classes = [IsAuthenticated]
            def get(self, request):
                return Response("x")
        urlpatterns = [path("x", X.as_view())]
        """,
    ),
}


def guarded(source: str, settings: str = SETTINGS) -> bool:
    found = surface_of({"settings.py": settings, "urls.py": HEAD + dedent(source)})
    (route,) = [r for r in found.routes if r.path == "/x"]
    return route.holds(Guarantee.AUTHENTICATED)


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_a_guard_counts(name: str) -> None:
    assert guarded(AUTHENTICATED[name][0])


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_what_does_not_guard_does_not_count(name: str) -> None:
    assert not guarded(AUTHENTICATED[name][1])


BY_DEFAULT = SETTINGS + 'REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}\n'
EVERYWHERE = SETTINGS.replace("]", ', "django.contrib.auth.middleware.LoginRequiredMiddleware"]')


@pytest.mark.parametrize(
    ("source", "settings", "expected"),
    [
        (_api(""), BY_DEFAULT, True),
        (_api(""), SETTINGS, False),
        (_api("permission_classes = []"), BY_DEFAULT, False),
        (_view(""), BY_DEFAULT, False),
        (_view(""), EVERYWHERE, True),
        (
            "from django.contrib.auth.decorators import login_not_required\n" + dedent(_view("@login_not_required")),
            EVERYWHERE,
            False,
        ),
    ],
)
def test_settings_guard_by_default(source: str, settings: str, expected: bool) -> None:
    assert guarded(source, settings) is expected


def test_middleware_that_only_some_deployments_have_takes_nothing_away_and_is_on_record() -> None:
    found = surface_of(
        {
            "settings.py": SETTINGS.replace("]", ', "proxy.HeaderMiddleware"]'),
            "proxy.py": """
            import os
            from django.contrib import auth
            from django.core.exceptions import MiddlewareNotUsed

            class HeaderMiddleware:
                def __init__(self, get_response):
                    if not os.getenv("REMOTE_USER_HEADER"):
                        raise MiddlewareNotUsed()
                    self.get_response = get_response

                def __call__(self, request):
                    request.user = auth.authenticate(request, name=request.META.get("HTTP_X_USER"))
                    return self.get_response(request)
            """,
            "urls.py": HEAD + dedent(_view("@login_required")),
        }
    )
    (route,) = found.routes
    assert route.cells[Guarantee.AUTHENTICATED].state is State.FOUND
    assert [item.what for item in found.not_checked] == ["the middleware proxy.HeaderMiddleware"]


def test_middleware_of_the_program_is_run() -> None:
    settings = 'ROOT_URLCONF = "urls"\nMIDDLEWARE = ["gate.{0}"]\n'
    gate = """
class Gate:
    def __init__(self, get_response):
        self.get_response = get_response
    def __call__(self, request):
        if not request.user.is_authenticated:
            return HttpResponseRedirect("/in")
        return self.get_response(request)

class Open(Gate):
    def __call__(self, request):
        return self.get_response(request)

def gate(get_response):
    def middleware(request):
        if not request.user.is_authenticated:
            return HttpResponseRedirect("/in")
        return get_response(request)
    return middleware
"""
    for name, expected in (("Gate", True), ("Open", False), ("gate", True)):
        files = {"settings.py": settings.format(name), "gate.py": HEAD + gate, "urls.py": HEAD + dedent(_view(""))}
        (route,) = surface_of(files).routes
        assert route.holds(Guarantee.AUTHENTICATED) is expected, name


@pytest.mark.parametrize(("narrowing", "state"), [("filter", State.FOUND), ("exclude", State.MISSING)])
def test_a_query_that_leaves_out_the_callers_own_is_not_theirs(narrowing: str, state: State) -> None:
    source = f"""
        from django.db import models
        class Note(models.Model):
            user = models.ForeignKey(User, on_delete=models.CASCADE)
            text = models.TextField()
        @login_required
        def x(request, pk):
            return HttpResponse(Note.objects.{narrowing}(user=request.user).get(pk=pk).text)
        urlpatterns = [path("x/<int:pk>", x)]
        """
    files = {"settings.py": SETTINGS, "urls.py": HEAD + dedent(source)}
    (route,) = surface_of(files).routes
    assert route.cells[Guarantee.OWNED].state is state


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("rest_framework.authentication.TokenAuthentication", State.FOUND),
        ("knox.auth.TokenAuthentication", State.FOUND),
        ("somebody.auth.HeaderAuthentication", State.UNKNOWN),
    ],
)
def test_an_authenticator_that_nobody_vouches_for_is_unknown(name: str, state: State) -> None:
    module, _, made = name.rpartition(".")
    source = f"""
        from {module} import {made} as Chosen

        class X(APIView):
            authentication_classes = [Chosen]
            permission_classes = [IsAuthenticated]

            def post(self, request):
                return Response("x")

        urlpatterns = [path("x", X.as_view())]
        """
    (route,) = surface_of({"settings.py": SETTINGS, "urls.py": HEAD + dedent(source)}).routes
    assert route.cells[Guarantee.AUTHENTICATED].state is state
