"""Sets Django up, once for a process, before anything of its packages is imported that asks for settings."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType

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
