"""Small Django projects, one for each way of registering views."""

from __future__ import annotations

from textwrap import dedent

SETTINGS = """
SECRET_KEY = "x" * 50
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"]
ROOT_URLCONF = "urls"
USE_I18N = True
LANGUAGE_CODE = "en"
REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
"""
VIEWS = """
from django.http import HttpResponse
from django.views import View
from django.views.generic import TemplateView
from django.contrib.auth.decorators import login_required
from django.utils.decorators import method_decorator

def home(request):
    return HttpResponse("home")

def show(request, pk=None, **kwargs):
    return HttpResponse("one")

class Page(TemplateView):
    template_name = "page.html"

class Form(View):
    def get(self, request):
        return HttpResponse("form")
    def post(self, request):
        return HttpResponse("sent")

class Narrow(Form):
    http_method_names = ["post"]

@method_decorator(login_required, name="dispatch")
class Inside(Form):
    pass
"""
API = """
from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.response import Response
from rest_framework.views import APIView
from django.contrib.auth.models import User

@api_view(["GET", "POST"])
def table(request):
    return Response([])

class Status(APIView):
    def get(self, request):
        return Response("up")
    def delete(self, request):
        return Response("down")

class Users(viewsets.ModelViewSet):
    queryset = User.objects.all()

    @action(detail=True, methods=["post"])
    def lock(self, request, pk=None):
        return Response("locked")

    @action(detail=False, url_path="by-name/(?P<name>[^/.]+)")
    def by_name(self, request, name=None):
        return Response(name)

    @action(detail=True)
    def notes(self, request, pk=None):
        return Response([])

    @notes.mapping.delete
    def clear_notes(self, request, pk=None):
        return Response([])

class Readers(viewsets.ReadOnlyModelViewSet):
    queryset = User.objects.all()
    lookup_field = "username"
    lookup_value_regex = "[a-z]+"

class Makers(mixins.CreateModelMixin, viewsets.GenericViewSet):
    queryset = User.objects.all()

class UserList(generics.ListCreateAPIView):
    queryset = User.objects.all()

class OneUser(generics.RetrieveUpdateDestroyAPIView):
    queryset = User.objects.all()
    http_method_names = ["get", "patch", "delete"]
"""


def project(urls: str, **more: str) -> dict[str, str]:
    """The files of a project around its root URL configuration."""
    files = {"settings.py": SETTINGS, "urls.py": urls, "views.py": VIEWS, "api.py": API}
    files |= {name.replace("__", "/") + ".py": text for name, text in more.items()}
    return {name: dedent(text) for name, text in files.items()}


SAMPLES: dict[str, dict[str, str]] = {
    "functions and classes": project(
        """
        from django.urls import path, re_path
        import views
        from django.contrib.auth.decorators import login_required

        urlpatterns = [
            path("", views.home),
            path("users/<int:pk>/", views.show, name="user"),
            re_path(r"^old/(?P<pk>[0-9]{1,4})/(?:page-(?P<page>\\d+)/)?$", views.show),
            re_path(r"^free/([a-z]+)/$", views.show),
            path("page/", views.Page.as_view()),
            path("form/", views.Form.as_view()),
            path("narrow/", views.Narrow.as_view()),
            path("inside/", views.Inside.as_view()),
            path("closed/", login_required(views.Form.as_view())),
        ]
        """
    ),
    "lists that grow": project(
        """
        from django.urls import path
        from views import Form, home

        first = [path("a/", home)]
        urlpatterns = first + [path("b/", home)]
        urlpatterns += [path(f"{name}/", home) for name in ("c", "d")]
        urlpatterns.append(path("e/", Form.as_view()))
        urlpatterns.extend([path("f/", home), *[path("g/", home)]])
        for name in ("h", "i"):
            urlpatterns.append(path(name + "/", home))
        """
    ),
    "included twice, and in each other": project(
        """
        from django.urls import include, path, re_path
        import shop.urls

        inner = [path("x/", include([path("y/", shop.urls.home)]))]
        urlpatterns = [
            path("shop/", include("shop.urls")),
            re_path(r"^v2/", include(("shop.urls", "shop"), namespace="second")),
            path("inner/", include((inner, "inner"))),
            path("module/", include(shop.urls)),
        ]
        """,
        shop__urls="""
        from django.urls import path
        from views import Form, home

        app_name = "shop"
        urlpatterns = [path("", home), path("form/", Form.as_view())]
        """,
    ),
    "conditions": project(
        """
        from django.conf import settings
        from django.conf.urls.static import static
        from django.urls import path
        from views import home

        urlpatterns = [path("a/", home)]
        if not settings.DEBUG:
            urlpatterns += [path("b/", home)]
        urlpatterns = urlpatterns + static("/media/", document_root="/tmp")
        """
    ),
    "routers": project(
        """
        from django.urls import include, path
        from rest_framework.routers import DefaultRouter, SimpleRouter
        import api

        router = DefaultRouter()
        router.register("users", api.Users)
        router.register(r"readers", api.Readers, basename="reader")
        plain = SimpleRouter(trailing_slash=False)
        plain.register("makers", api.Makers, basename="maker")
        plain.register("teams/(?P<team>[0-9]+)/users", api.Users, basename="team-user")

        urlpatterns = [
            path("api/", include(router.urls)),
            path("plain/", include((plain.urls, "plain"))),
            path("table/", api.table),
            path("status/", api.Status.as_view()),
            path("list/", api.UserList.as_view()),
            path("list/<int:pk>/", api.OneUser.as_view()),
            path("by-hand/", api.Users.as_view({"get": "list", "delete": "destroy"})),
        ]
        urlpatterns += plain.urls
        """
    ),
    "a router of the program's own": project(
        """
        from django.urls import path
        from rest_framework import routers
        import api

        class Router(routers.SimpleRouter):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                self.trailing_slash = ""

        router = Router()
        router.register("users", api.Users)
        other = routers.SimpleRouter()
        other.register("makers", api.Makers, basename="maker")
        router.registry.extend(other.registry)
        urlpatterns = router.urls
        """
    ),
}
