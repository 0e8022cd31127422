"""The Django project of all tests of a process: a model, and a URL table that each test fills."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

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
