"""Jinja2, used directly."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

LIBRARY = Library(
    name="jinja2",
    calls={
        "jinja2.Template": Api(
            "template-string", {"source": (0, "source"), "autoescape": "autoescape"}, returns="jinja2.Template"
        ),
        "jinja2.Environment.from_string": Api("template-string", {"source": (0, "source")}, returns="jinja2.Template"),
        "jinja2.Environment.get_template": Api("wait", {"name": (0, "name")}, returns="jinja2.Template"),
    },
)
