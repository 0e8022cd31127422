"""One Django project for all tests of a process: settings, models, and a URL table that each test fills."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from django.conf import settings

# Removed when the process ends.
_FOLDER = tempfile.TemporaryDirectory(prefix="counterseal-django-")

if not settings.configured:
    _FILE = Path(_FOLDER.name) / "tests.sqlite3"
    settings.configure(
        SECRET_KEY="only for tests",
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
        ROOT_URLCONF="tests_frameworks_urls",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django.contrib.admin",
            "rest_framework",
        ],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(_FILE),
                # A writer waits for the other's transaction from its first statement on.
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
        LOGGING_CONFIG=None,
    )
    sys.modules["tests_frameworks_urls"] = ModuleType("tests_frameworks_urls")
    sys.modules["tests_frameworks_urls"].urlpatterns = []  # type: ignore[attr-defined]
    django.setup()

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.test import Client
from django.urls import clear_url_caches


class Invoice(models.Model):
    owner_id = models.IntegerField()
    amount = models.IntegerField()
    secret = models.CharField(max_length=20, default="s3cret")

    class Meta:
        app_label = "tests_frameworks"


def table() -> None:
    """An empty table of invoices."""
    if Invoice._meta.db_table in connection.introspection.table_names():
        Invoice.objects.all().delete()
        return
    with connection.schema_editor() as editor:
        editor.create_model(Invoice)


@contextmanager
def routes(patterns: Sequence[Any]) -> Iterator[None]:
    """The URL table, for as long as the block runs."""
    module: Any = sys.modules["tests_frameworks_urls"]
    before, module.urlpatterns = module.urlpatterns, list(patterns)
    clear_url_caches()
    try:
        yield
    finally:
        module.urlpatterns = before
        clear_url_caches()


__all__ = ["Client", "Invoice", "connection", "get_asgi_application", "get_wsgi_application", "routes", "table"]
