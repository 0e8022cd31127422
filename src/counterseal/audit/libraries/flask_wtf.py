"""Flask-WTF: forms, and protection against cross-site request forgery."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_C = "flask_wtf.csrf.CSRFProtect"

LIBRARY = Library(
    name="flask_wtf",
    calls={
        _C: Api("csrf-protect", {"app": (0, "app")}),
        f"{_C}.init_app": Api("middleware", {"app": (0, "app")}, fixed={"attach": "yes"}),
        f"{_C}.exempt": Api("csrf-exempt", {"view": (0, "view")}),
        f"{_C}.protect": Api("validate", facts=("csrf",)),
        "flask_wtf.csrf.validate_csrf": Api("validate", {"data": (0, "data")}, facts=("csrf",)),
        "flask_wtf.csrf.generate_csrf": Api("random-strong"),
        "flask_wtf.FlaskForm.validate_on_submit": Api("validate", true=("csrf",)),
        "flask_wtf.FlaskForm.validate": Api("validate", true=("csrf",)),
    },
    sources={"flask_wtf.FlaskForm.data": ("in:form",)},
    aliases={
        "flask_wtf.CSRFProtect": _C,
        "flask_wtf.CsrfProtect": _C,
        "flask_wtf.csrf.CsrfProtect": _C,
        "flask_wtf.Form": "flask_wtf.FlaskForm",
        "flask_wtf.form.FlaskForm": "flask_wtf.FlaskForm",
        "flask_seasurf.SeaSurf": _C,
        "flask.ext.wtf": "flask_wtf",
    },
    bases={"flask_wtf.FlaskForm": "schema", "wtforms.Form": "schema"},
    weak_defaults={"WTF_CSRF_ENABLED": "forms are protected against cross-site request forgery unless it is set to False"},
)
