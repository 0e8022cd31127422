"""Django: requests, responses, urlconfs, settings."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library, Settings

_REQUEST = "django.http.HttpRequest"
_RESPONSE: dict[str, int | str | tuple[int | str, ...]] = {
    "content": (0, "content"),
    "status": ("status", "status_code"),
    "media_type": ("content_type", 1),
}
_STATUSES = {
    "HttpResponseBadRequest": "400",
    "HttpResponseForbidden": "403",
    "HttpResponseNotFound": "404",
    "HttpResponseNotAllowed": "405",
    "HttpResponseGone": "410",
    "HttpResponseServerError": "500",
    "HttpResponseNotModified": "304",
}
_ERRORS = {
    "django.core.exceptions.PermissionDenied": "403",
    "django.core.exceptions.SuspiciousOperation": "400",
    "django.core.exceptions.BadRequest": "400",
    "django.http.Http404": "404",
}
_USERS = (f"{_REQUEST}.user", "django.contrib.auth.models.AbstractUser", "django.contrib.auth.models.AbstractBaseUser")


def _users() -> dict[str, Api]:
    """Methods of the caller's user."""
    out = {
        f"{user}.{name}": Api("role-check", {"role": (0, "perm", "perm_list", "app_label")}, true=("auth", "role"))
        for user in _USERS
        for name in ("has_perm", "has_perms", "has_module_perms")
    }
    out |= {f"{user}.check_password": Api("password-verify", {"password": (0, "raw_password")}) for user in _USERS}
    out |= {f"{user}.set_password": Api("password-hash", {"password": (0, "raw_password")}) for user in _USERS}
    return out


LIBRARY = Library(
    name="django",
    framework="django",
    calls={
        "django.urls.path": Api("url-path", {"path": (0, "route"), "handler": (1, "view"), "name": (3, "name")}),
        "django.urls.re_path": Api(
            "url-path", {"path": (0, "route"), "handler": (1, "view"), "name": (3, "name")}, fixed={"syntax": "regex"}
        ),
        "django.conf.urls.url": Api(
            "url-path", {"path": (0, "regex"), "handler": (1, "view"), "name": (3, "name")}, fixed={"syntax": "regex"}
        ),
        "django.urls.include": Api("url-include", {"child": (0, "arg")}),
        "django.conf.urls.i18n.i18n_patterns": Api(
            "url-prefix", {"default": "prefix_default_language"}, fixed={"prefix": "<language>/"}
        ),
        "django.conf.urls.static.static": Api("url-prefix", {"path": (0, "prefix")}, fixed={"serves": "files"}),
        "django.contrib.staticfiles.urls.staticfiles_urlpatterns": Api("url-prefix", fixed={"serves": "files"}),
        "django.contrib.admin.AdminSite": Api(
            "url-site",
            {"name": (0, "name")},
            returns="django.contrib.admin.AdminSite",
            fixed={"patterns": "django.contrib.admin.views.patterns"},
        ),
        "django.http.HttpResponse": Api("response", _RESPONSE),
        "django.http.StreamingHttpResponse": Api("response", _RESPONSE),
        "django.http.FileResponse": Api("file-response", {"path": (0, "streaming_content")}),
        "django.http.JsonResponse": Api("json-response", {"content": (0, "data"), "status": "status"}),
        **{f"django.http.{n}": Api("response", {"content": (0, "content")}, fixed={"status": s}) for n, s in _STATUSES.items()},
        **{n: Api("http-error", {"message": 0}, fixed={"status": s}) for n, s in _ERRORS.items()},
        "django.http.HttpResponseRedirect": Api("redirect", {"url": (0, "redirect_to")}),
        "django.http.HttpResponsePermanentRedirect": Api("redirect", {"url": (0, "redirect_to")}),
        "django.shortcuts.redirect": Api("redirect", {"url": (0, "to")}),
        "django.shortcuts.render": Api("template", {"name": (1, "template_name"), "context": (2, "context")}),
        "django.template.loader.render_to_string": Api("template", {"name": (0, "template_name")}),
        "django.template.Template": Api("template-string", {"source": (0, "template_string")}),
        "django.utils.safestring.mark_safe": Api("convert", passes=True),
        "django.utils.html.escape": Api("convert", passes=True),
        "django.http.HttpResponse.set_cookie": Api(
            "set-cookie",
            {
                "key": (0, "key"),
                "value": (1, "value"),
                "max_age": (2, "max_age"),
                "expires": (3, "expires"),
                "path": (4, "path"),
                "domain": (5, "domain"),
                "secure": (6, "secure"),
                "httponly": (7, "httponly"),
                "samesite": (8, "samesite"),
            },
        ),
        "django.contrib.auth.login": Api("sign-in-session", {"user": (1, "user")}),
        "django.contrib.auth.logout": Api("sign-out"),
        "django.contrib.auth.authenticate": Api("password-verify", {"password": "password", "user": "username"}, null=True),
        "django.contrib.auth.hashers.make_password": Api("password-hash", {"password": (0, "password")}),
        "django.contrib.auth.hashers.check_password": Api(
            "password-verify", {"password": (0, "password"), "hash": (1, "encoded")}
        ),
        "django.core.mail.send_mail": Api("mail"),
        "django.core.mail.EmailMessage.send": Api("mail"),
        "django.core.mail.EmailMultiAlternatives.send": Api("mail"),
        "django.utils.crypto.constant_time_compare": Api("compare-digest", {"left": (0, "val1"), "right": (1, "val2")}),
        "django.utils.crypto.get_random_string": Api("random-strong", {"length": (0, "length")}),
        "django.core.signing.loads": Api("signer-load", {"token": (0, "s"), "key": (1, "key"), "max_age": "max_age"}),
        "django.core.signing.dumps": Api("signer-dump", {"data": (0, "obj"), "key": (1, "key")}),
        **_users(),
    },
    sources={
        f"{_REQUEST}.GET": ("in:query",),
        f"{_REQUEST}.POST": ("in:form",),
        f"{_REQUEST}.FILES": ("in:file",),
        f"{_REQUEST}.COOKIES": ("in:cookie",),
        f"{_REQUEST}.META": ("in:header",),
        f"{_REQUEST}.headers": ("in:header",),
        f"{_REQUEST}.body": ("in:body",),
        f"{_REQUEST}.path": ("in:path",),
        f"{_REQUEST}.path_info": ("in:path",),
        f"{_REQUEST}.session": ("session",),
        # Anonymous callers have a user too.
        f"{_REQUEST}.user": ("who", "self", "anonymous?"),
    },
    aliases={
        "django.conf.urls.include": "django.urls.include",
        "django.conf.urls.re_path": "django.urls.re_path",
        "django.urls.conf": "django.urls",
        "django.http.request.HttpRequest": _REQUEST,
        "django.http.response": "django.http",
        "django.core.handlers.wsgi.WSGIRequest": _REQUEST,
        "django.core.handlers.asgi.ASGIRequest": _REQUEST,
        "django.contrib.admin.sites": "django.contrib.admin",
        "django.contrib.gis.admin.site": "django.contrib.admin.site",
        "django.template.base.Template": "django.template.Template",
        "django.contrib.auth.base_user.AbstractBaseUser": "django.contrib.auth.models.AbstractBaseUser",
        "django.conf.LazySettings": "django.conf.settings",
    },
    types={
        "django.contrib.admin.site": "django.contrib.admin.AdminSite",
        f"{_REQUEST}.session": "django.contrib.sessions.SessionBase",
    },
    settings={"django.conf.settings": Settings(defaults={"DEBUG": False, "LOGIN_URL": "/accounts/login/"})},
)
"""``settings`` reads the settings modules of the program; ``django.contrib.auth.decorators`` and views are in their own files."""
