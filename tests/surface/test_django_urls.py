"""Every way of registering a view with Django: the patterns that Django itself resolves say what is right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from counterseal.audit.result import RouteKind
from counterseal.audit.surface.model import Surface
from tests.surface.apps import surface_of
from tests.surface.django_samples import SAMPLES, SETTINGS, VIEWS, project

ORACLE = Path(__file__).with_name("django_oracle.py")


def resolved(files: dict[str, str], folder: Path) -> set[tuple[str, str]]:
    """What Django makes of a project."""
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, str(ORACLE), str(folder)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {(method, path) for method, path in json.loads(done.stdout)}


def served(found: Surface) -> set[tuple[str, str]]:
    return {(r.method, re.sub(r"<\w+:", "<", r.path)) for r in found.routes}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_patterns_are_djangos_own(name: str, tmp_path: Path) -> None:
    found = surface_of(SAMPLES[name])
    expected = resolved(SAMPLES[name], tmp_path)
    functions = {path for method, path in expected if method == "*"}
    table = served(found)

    assert {(method, path) for method, path in table if path not in functions} == {e for e in expected if e[0] != "*"}
    assert functions <= {path for _, path in table}
    assert not found.not_checked


def test_a_function_answers_what_it_asks_for() -> None:
    files = project(
        """
        from django.http import HttpResponse
        from django.urls import path
        from django.views.decorators.http import require_http_methods, require_POST

        def form(request):
            if request.method == "POST":
                return HttpResponse(request.POST["a"])
            return HttpResponse("form")

        @require_POST
        def send(request):
            return HttpResponse("sent")

        @require_http_methods(["GET", "PUT"])
        def either(request):
            return HttpResponse("sent")

        def hook(request):
            return HttpResponse(request.body)

        urlpatterns = [path("form/", form), path("send/", send), path("either/", either), path("hook/", hook)]
        """
    )
    assert served(surface_of(files)) == {
        ("GET", "/form/"),
        ("POST", "/form/"),
        ("POST", "/send/"),
        ("GET", "/either/"),
        ("PUT", "/either/"),
        ("POST", "/hook/"),
    }


def test_patterns_for_development_are_marked() -> None:
    files = project(
        """
        from django.conf import settings
        from django.urls import path
        from views import home

        urlpatterns = [path("a/", home)]
        if settings.DEBUG:
            urlpatterns.append(path("debug/", home))
        """
    )
    assert {r.path for r in surface_of(files).routes if "development" in r.tags} == {"/debug/"}


def test_what_libraries_put_there_is_generated() -> None:
    files = project(
        """
        from django.contrib import admin
        from django.urls import include, path

        urlpatterns = [path("admin/", admin.site.urls), path("o/", include("oauth2_provider.urls", namespace="o"))]
        """
    )
    routes = surface_of(files).routes
    assert {(r.method, r.path, r.kind) for r in routes} == {
        ("GET", "/admin/", RouteKind.GENERATED),
        ("POST", "/admin/login/", RouteKind.GENERATED),
        ("GET", "/o/", RouteKind.GENERATED),
    }
    assert {r.place.file for r in routes} == {"urls.py"}


@pytest.mark.parametrize(
    "urls",
    [
        "from views import home\nimport plugins\nurlpatterns = [*plugins.patterns()]\n",
        "from django.urls import path\nfrom views import home\nurlpatterns = [path('', home)] + make()\n",
        "from django.urls import include, path\nurlpatterns = [path('x/', include('nowhere.urls'))]\n",
    ],
)
def test_what_cannot_be_followed_is_on_record(urls: str) -> None:
    files = {"settings.py": SETTINGS, "views.py": VIEWS, "urls.py": dedent(urls), "nowhere/__init__.py": ""}
    assert [item.what for item in surface_of(files).not_checked]


def test_without_settings_the_outermost_configurations_are_served() -> None:
    files = {
        "views.py": VIEWS,
        "urls.py": "from django.urls import include, path\nurlpatterns = [path('in/', include('inner'))]\n",
        "inner.py": "from django.urls import path\nfrom views import home\nurlpatterns = [path('home/', home)]\n",
    }
    assert served(surface_of(files)) == {("GET", "/in/home/")}
