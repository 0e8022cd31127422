"""Sets a Django project up and prints the URL patterns that Django has resolved: ``django_oracle.py FOLDER``."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

VERBS = ("get", "post", "put", "patch", "delete")


def methods(view: Any) -> list[str]:
    """What a view answers: ``*`` for functions, which answer everything."""
    actions = getattr(view, "actions", None)
    if actions:
        return [verb.upper() for verb in actions]
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:
        return ["*"]
    return [verb.upper() for verb in VERBS if verb in cls.http_method_names and hasattr(cls, verb)]


def patterns(entries: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Every pattern below some entries, without those that only add a format to others."""
    from django.contrib.admindocs.views import simplify_regex
    from django.urls.resolvers import RegexPattern

    for entry in entries:
        text = str(entry.pattern)
        if "format" in text:
            continue
        if isinstance(entry.pattern, RegexPattern):
            text = simplify_regex(text).lstrip("/")
        path = prefix + text
        if hasattr(entry, "url_patterns"):
            yield from patterns(entry.url_patterns, path)
        else:
            for method in methods(entry.callback):
                yield method, re.sub(r"<\w+:", "<", "/" + path)


def main() -> None:
    """Print the patterns of the project in the folder that is given."""
    sys.path.insert(0, sys.argv[1])
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django
    from django.urls import get_resolver

    django.setup()
    json.dump(sorted(set(patterns(get_resolver().url_patterns, ""))), sys.stdout)


if __name__ == "__main__":
    main()
